# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 400
# what: who has the card open, and does not go with the desktop, refuses the start before anybody is ended

# refused TEXT...: the start is, and the desktop has not noticed
refused() {
	domain_refused desk "$@"
	check 'the session is there' session_is_there x11
	check 'the display manager runs' unit_is display-manager.service active
	check 'the X server is the same' test "$(pidof Xorg)" = "$server"
	screenshot after
	check 'the picture is the same' same_picture before after
	expect_host_same
	check 'nobody keeps the host awake' eval '! is_kept_awake'
}

# held_by_unit UNIT NODE: a service that starts by itself again
held_by_unit() {
	rm -f /vm/held
	systemd-run --quiet --unit="$1" --property=Restart=always /vm/tools/hold "$2" /vm/held
	must_come 10 "$2 is held by $1" '[[ -e /vm/held ]]'
}

profile_for desk "$gpu"
domain_define desk no "$gpu" "$sound"
desktop_up x11
remote_session
desktop_seen
server=$(pidof Xorg)
card_node card

# bryansteiner#3, one-deploy#251: whoever it is, it is said by name
note 'a program that has the card open'
hold "$card"
refused "$gpu is in use by hold (pid $holder, $card"
drop_holders
note 'a program that has the sound open'
hold /dev/snd/controlC0
refused "$sound is in use by hold (pid $holder, /dev/snd/controlC0"
drop_holders
note 'a service'
held_by_unit card-user "$card"
refused 'card-user.service'
systemctl stop card-user.service
note 'a unit of the user of another login: it ends with the desktop, so it is no reason'
user_systemctl start "$sound_holder"
must_come 10 'it has the sound open' 'opens hold /dev/snd/controlC0'
handoff 0 plan desk detach
check 'it would be stopped' has_text "$handoff_text" "$sound_holder"
user_systemctl stop "$sound_holder"

note 'the desktop may not be ended'
profile_for desk "$gpu" '[host]' 'display-manager = none'
refused "in use by Xorg (pid $server"
profile_for desk "$gpu" '[host]' 'display-manager = none' 'holders = terminate'
handoff 0 plan desk detach

note 'by hand from a terminal of the desktop'
profile_for desk "$gpu"
in_session vfio-handoff detach desk >/vm/handoff.text 2>&1 && fail 'it ended the session that it runs in'
file_text /vm/handoff.text text
printf '%s\n' "$text"
check 'it says how to do it' has_text "$text" "of $user" 'systemd-run vfio-handoff detach desk'
check 'the X server is the same' test "$(pidof Xorg)" = "$server"
expect_host_same
# it ends the session, and whoever waits in there
in_session systemd-run --quiet --wait vfio-handoff detach desk || :
must_come 60 'it is done' '[[ $(vfio-handoff status) == *"desk: by-hand"* ]]'
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
desktop_is_gone
check 'the other login goes on' has_session "$user" user tty - '*'
handoff 0 reattach desk
desktop_is_back x11
