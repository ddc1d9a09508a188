# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 180
# what: the units: nothing runs at rest, the watcher comes with a hand-over and goes with it

path=vfio-handoff-recover.path
service=vfio-handoff-recover.service

# sub_state UNIT
sub_state() {
	systemctl show --value --property=SubState "$1"
}

none_of_ours_runs() {
	local exe
	for exe in /proc/[0-9]*/exe; do
		[[ ! $exe -ef /usr/bin/vfio-handoff && ! $exe -ef /usr/sbin/vfio-handoff-hook ]] || return 1
	done
}

at_rest() {
	must_come 20 "$service is inactive" '[[ $(systemctl is-active "$service") == inactive ]]'
	must_come 5 "$path waits" '[[ $(sub_state "$path") == waiting ]]'
	check 'no process of ours runs' none_of_ours_runs
}

check 'systemd runs here' test "$(</proc/1/comm)" = systemd
systemctl daemon-reload
systemctl enable --now "$path"
at_rest
profile 100 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'

note 'start and stop'
qm start 100
must_come 10 "$service runs" '[[ $(sub_state "$service") == running ]]'
guest_has 100 "$gpu_id" "$sound_id"
qm stop 100
phases_came 0 100 pre-start post-start pre-stop post-stop
expect_host_same
at_rest

note 'QEMU is killed, and no event follows'
qm start 100
must_come 10 "$service runs" '[[ $(sub_state "$service") == running ]]'
phases_came 0 100 pre-start post-start
vm_config 100 'hostpci0: 0000:01:00'
vm_kill 100
expect_host_same 'the watcher brought the host back' 45
phases_came 0 100
at_rest
check 'the console works' console_works
systemctl disable --now "$path"
