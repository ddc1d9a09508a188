# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 400
# what: the VM is started from the desktop's own terminal, and from outside; the desktop goes and comes back

# round HOW COMMAND...: starts the VM so, and stops it
round() {
	note "$1"
	desktop_seen
	"${@:2}"
	guest_has desk "$gpu_id" "$sound_id"
	# joeknock90#81: a display manager that is started by itself again takes the card
	desktop_is_gone
	check 'the other login goes on' has_session "$user" user tty - '*'
	check 'the host is kept awake' is_kept_awake
	check 'it is not sent to sleep' suspend_is_refused
	rm -f "/vm/guest/desk.serial"
	domain_stop desk
}

from_terminal() {
	in_desktop 'virsh -c qemu:///system start desk'
	must_come 90 'the VM runs' '[[ $(virsh domstate desk) == running* ]]'
}

profile_for desk "$gpu"
domain_define desk no "$gpu" "$sound"
desktop_up x11
remote_session

# joeknock90#49, #104: black screen after the way back
round 'from the terminal of the desktop' from_terminal
desktop_is_back x11

domain_define desk yes "$gpu" "$sound"
round 'from outside, with managed devices' domain_start desk
desktop_is_back x11

note 'nobody is logged in on the seat'
systemctl stop display-manager.service
desktop_up greeter
round 'from outside, while the login screen is there' domain_start desk
desktop_is_back greeter
check 'nothing is left' vfio-handoff status
desktop_down
check 'the console works' console_works
