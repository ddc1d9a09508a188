# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 300
# what: the desktop does not use what is handed over, and nobody loses a session

profile_for card "$gpu"
profile_for net "$nic"
domain_define net no "$nic"

# joeknock90#63: the display manager was stopped for a card that it did not use
note 'another device leaves'
desktop_up x11
desktop_seen
server=$(pidof Xorg)
domain_start net
guest_has net "$nic_id"
check 'the session is there' session_is_there x11
check 'the X server is the same' test "$(pidof Xorg)" = "$server"
screenshot during
check 'the picture is the same' same_picture before during
domain_stop net
desktop_is_back x11
check 'the X server is the same' test "$(pidof Xorg)" = "$server"

note 'the card leaves, and the display manager has no login on it'
systemctl stop display-manager.service
must_come 20 'nobody is logged in' no_session
file /etc/lightdm/lightdm.conf '[LightDM]' 'start-default-seat=false'
systemctl start display-manager.service
remote_session
show_terminal 1
host_snapshot >/vm/before
handoff 0 detach card
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the display manager runs' unit_is display-manager.service active
check 'the login goes on' has_session "$user" user tty - '*'
handoff 0 reattach card
check 'the display manager runs' unit_is display-manager.service active
check 'the login goes on' has_session "$user" user tty - '*'
expect_host_same
check 'the console works' console_works
