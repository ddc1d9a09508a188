# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 240
# what: a backup that starts the VM: refused, handed over or left alone; one that stops it goes on

vm_config 100 "$hooked" 'hostpci0: 0000:01:00'

note 'on-backup = refuse, which is the default'
profile 100 '[host]' 'timeout = 20s'
qm_fails 'vzdump 100' on-backup
phases_came 0 100 pre-start=1
expect_host_same 'nothing was touched' 0

note 'on-backup = skip, with a host driver on the card'
profile 100 '[proxmox]' 'on-backup = skip'
qm_fails 'vzdump 100' on-backup
phases_came 0 100 pre-start=1
expect_host_same 'nothing was touched' 0

note 'on-backup = detach'
profile 100 '[proxmox]' 'on-backup = detach'
qm vzdump 100
phases_came 0 100 pre-start post-start pre-stop post-stop
expect_host_same
check 'the console works' console_works

note 'on-backup = skip, with a card that no host driver has, and then on vfio-pci'
profile 100 '[proxmox]' 'on-backup = skip'
for state in driverless on-vfio-pci; do
	vm_config 100 'lock: backup' "$hooked" "hostpci0: $testdev"
	host_snapshot >/vm/skipped
	exec_hook 0 100 pre-start
	/vm/tools/host-snapshot --until-equal /vm/skipped 0 || fail "$state: the hook changed the host"
	vm_config 100 "$hooked" "hostpci0: $testdev"
	qm vzdump 100
	phases_came 0 100 pre-start post-start pre-stop post-stop
	check "$state: Proxmox has it on vfio-pci" has_driver "$testdev" vfio-pci
done
give "$testdev" ''
printf '%s' "${testdev_id/:/ }" >/sys/bus/pci/drivers/vfio-pci/remove_id
expect_host_same 'all that changed was of Proxmox'

note 'mode stop, of a running VM'
profile 100 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'
qm start 100
guest_has 100 "$gpu_id" "$sound_id"
vm_pid 100 before
: >/vm/phases
qm vzdump 100 stop
phases_came 0 100 pre-stop post-stop pre-start post-start
guest_has 100 "$gpu_id" "$sound_id"
vm_pid 100 after
# shellcheck disable=SC2154 # set by vm_pid
check 'it is a new QEMU' test "$before" != "$after"

note 'the same before qemu-server 9.1.13, with post-stop lost'
: >/run/qemu-server/force-legacy-cleanup
rm /run/qemu-server/100.cleanup
watcher_start
mkfifo /vm/cleanup.gate
qm vzdump 100 stop
echo go >/vm/cleanup.gate
phases_came 0 100 pre-stop pre-start post-start
rm /vm/cleanup.gate
guest_has 100 "$gpu_id" "$sound_id"
qm stop 100
phases_came 60 100 pre-stop post-stop
expect_host_same
watcher_ends 10
check 'the console works' console_works
