# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 300
# what: the desktops of the other scenarios are real: display manager, X server, compositor and session on the card

check 'systemd runs here' test "$(</proc/1/comm)" = systemd
check 'libvirtd is a service' unit_is libvirtd.service active
check 'the console works' console_works

note 'the login screen'
desktop_up greeter
check 'the display manager runs' unit_is display-manager.service active
check 'the X server has the card open' has_card Xorg
screenshot login

note 'an X session'
systemctl stop display-manager.service
desktop_up x11
check 'the X server has the card open' has_card Xorg
screenshot x11
check 'it is another picture' eval '! same_picture login x11'
in_desktop 'cat /proc/self/cgroup'
must_come 20 'a command ran in the session' '[[ -s /vm/desk/status ]]'
check 'it belongs to the session' grep -q '/session-[^/]*\.scope' /vm/desk/terminal.log
user_systemctl start "$sound_holder"
must_come 20 'a user unit has the sound open' 'opens hold /dev/snd/controlC0'

note 'the session again'
systemctl restart display-manager.service
desktop_came x11 60
screenshot again
check 'it is the same picture' same_picture x11 again
check 'the user unit lived on' user_unit_is "$sound_holder" active

note 'a Wayland session, whose compositor outlives it'
systemctl stop display-manager.service
user_lives_on
desktop_up wayland
check 'the compositor has the card open' has_card weston
check 'logind has the card open' has_card systemd-logind
check 'the compositor is a user unit' user_unit_is "$compositor" active
systemctl stop display-manager.service
must_come 20 'nobody is logged in' no_session
check 'the compositor has the card open' has_card weston
check 'the compositor is active' user_unit_is "$compositor" active

note 'one that has no seat'
remote_session
check 'it is the only one' session_count 1

desktop_down
check 'the card is not in use' eval '! has_card weston && ! has_card Xorg'
expect_host_same
check 'the console works' console_works
