# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scenarios of a Proxmox VE node are written in, besides lib.bash. l1/qm plays Proxmox.

hooked='hookscript: local:snippets/vfio-handoff'
vm_configs=/etc/pve/nodes/vm/qemu-server
testdev=0000:06:00.0
nic2=0000:07:00.0
testdev_id=1b36:0005

# proxmox_node: makes this host one, for good
proxmox_node() {
	mkdir -p /etc/pve /run/qemu-server /run/lock/qemu-server /var/lib/vz/snippets /vm/qmeventd
	# as the cluster file system shows its files: root:www-data, none for others
	mount -t tmpfs -o mode=2755,gid=33 pve /etc/pve
	mkdir -p "$vm_configs" /etc/pve/nodes/vm/lxc /etc/pve/mapping
	ln -s nodes/vm /etc/pve/local
	ln -s nodes/vm/qemu-server /etc/pve/qemu-server
	ln -s nodes/vm/lxc /etc/pve/lxc
	ln -sf /usr/sbin/vfio-handoff-hook /var/lib/vz/snippets/vfio-handoff
	: >/vm/phases
}

# pve_file PATH LINE...: a file of the cluster file system
pve_file() {
	local mask
	mask=$(umask)
	umask 027
	printf '%s\n' "${@:2}" >"$1"
	umask "$mask"
}

# vm_config VMID LINE...: the VM's whole configuration
vm_config() {
	pve_file "$vm_configs/$1.conf" "${@:2}"
}

# run_qm ARGUMENT...: sets qm_status and qm_text
run_qm() {
	qm_status=0
	bash /vm/control/in/l1/qm "$@" >/vm/qm.text 2>&1 || qm_status=$?
	file_text /vm/qm.text qm_text
	printf '$ qm %s\n%s(exit %s)\n' "$*" "$qm_text" "$qm_status"
}

qm() {
	run_qm "$@"
	((qm_status == 0)) || fail "'qm $*' failed: ${qm_text//$'\n'/; }"
}

# qm_fails 'ARGUMENT...' TEXT...: it must fail, and say each TEXT
qm_fails() {
	local arguments
	read -ra arguments <<<"$1"
	shift
	run_qm "${arguments[@]}"
	((qm_status != 0)) || fail "'qm ${arguments[*]}' should have failed"
	has_text "$qm_text" "$@" || fail "'qm ${arguments[*]}' does not say: $*"
}

# vm_pid VMID VARIABLE: empty if it does not run
vm_pid() {
	local -n vm_pid_out=$2
	vm_pid_out=
	read -r vm_pid_out 2>/dev/null <"/run/qemu-server/$1.pid" || return 0
	[[ -e /proc/$vm_pid_out/exe ]] || vm_pid_out=
}

vm_runs() {
	local pid
	vm_pid "$1" pid
	[[ $pid ]]
}

vm_kill() {
	local pid
	vm_pid "$1" pid
	kill -KILL "$pid"
	must_come 10 "QEMU of $1 is dead" "[[ ! -e /proc/$pid ]]"
}

# phases_came SECONDS VMID PHASE[=STATUS]...: all that were called since the last look, in order
phases_came() {
	local seconds=$1 vmid=$2 wanted='' phase status
	shift 2
	for phase; do
		status=0
		[[ $phase != *=* ]] || status=${phase#*=}
		wanted+="$vmid ${phase%=*} $status"$'\n'
	done
	wait_for "$seconds" 'file_text /vm/phases phases; [[ $phases == "$wanted" ]]' ||
		fail "not these phases: $*, but: ${phases//$'\n'/; }"
	: >/vm/phases
	printf 'ok: phases: %s\n' "${*:-none}"
}

# exec_hook STATUS VMID PHASE: one call as Proxmox makes it; sets hook_text
exec_hook() {
	local expected=$1 status=0
	shift
	/vm/tools/exec-hook /usr/sbin/vfio-handoff-hook "$@" >/vm/hook.text 2>&1 || status=$?
	file_text /vm/hook.text hook_text
	printf '$ vfio-handoff-hook %s\n%s(exit %s)\n' "$*" "$hook_text" "$status"
	((status == expected)) || fail "the hook's '$*' exits $status, not $expected"
}

# gpu_probes VARIABLE: how often the host's driver has taken the GPU since boot
gpu_probes() {
	local -n probes_out=$1
	probes_out=$(dmesg | grep -c 'Initialized bochs-drm' || :)
}

# give ADDRESS DRIVER: as an administrator does by hand; an empty DRIVER leaves it without
give() {
	[[ ! -e /sys/bus/pci/devices/$1/driver ]] || printf '%s' "$1" >"/sys/bus/pci/devices/$1/driver/unbind"
	[[ ! $2 ]] || printf '%s' "$1" >"/sys/bus/pci/drivers/$2/bind"
}

# no_dynamic_id ID: vfio-pci has no such id of its own
no_dynamic_id() {
	local message
	message=$( (printf '%s' "${1/:/ }" >/sys/bus/pci/drivers/vfio-pci/remove_id) 2>&1) &&
		fail "vfio-pci still had the dynamic id $1"
	has_text "$message" 'No such device'
}

# qmeventd_idle SECONDS: what was started by QEMU's end has ended
qmeventd_idle() {
	wait_for "$1" '! compgen -G "/vm/qmeventd/*" >/dev/null'
}

# The watcher as its unit runs it; that is not enabled but in a scenario of its own.
watcher_start() {
	background vfio-handoff recover --watch >>/vm/watch.log 2>&1
	watcher=$last_pid
}

watcher_ends() {
	local status=0
	must_come "$1" 'the watcher ends by itself' "[[ ! -e /proc/$watcher/exe ]]"
	wait "$watcher" || status=$?
	rm -f "/vm/pids/$watcher"
	check "the watcher's status is 0, not $status" test "$status" -eq 0
}

# proxmox_quiet: nothing of a scenario may run on; what it configured goes
proxmox_quiet() {
	local file
	qmeventd_idle 20 || fail 'a cleanup of qmeventd did not end'
	for file in /run/qemu-server/*.pid; do
		[[ ! -e $file ]] || ! vm_runs "${file//[^0-9]/}" || fail "the scenario left $file running"
	done
	rm -rf "${vm_configs:?}"/* /etc/pve/nodes/vm/lxc/* /etc/pve/mapping/* /etc/pve/vfio-handoff
	rm -rf /run/qemu-server/* /run/lock/qemu-server/* /vm/cleanup.gate
	: >/vm/phases
	: >/vm/out/qmeventd.log
}
