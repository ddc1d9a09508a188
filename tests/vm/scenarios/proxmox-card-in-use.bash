# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 240
# what: a card that another VM has is refused, by our records and by Proxmox's; a stale reservation is not; no dynamic id stays

profile 100 '[host]' 'timeout = 20s'
profile 101 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'
vm_config 101 "$hooked" 'hostpci0: 0000:01:00'

note 'another VM of ours has it'
qm start 100
guest_has 100 "$gpu_id" "$sound_id"
phases_came 0 100 pre-start post-start
vm_pid 100 before
qm_fails 'start 101' 100 "$gpu"
phases_came 0 101 pre-start=1
vm_pid 100 after
# shellcheck disable=SC2154 # set by vm_pid
check 'the first runs on' test "$before" = "$after"
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
qm stop 100
expect_host_same

note 'a reservation of a VM that starts, and one whose time is over'
printf '%s\n' "$gpu 100 time:$((EPOCHSECONDS + 10000))" >/run/qemu-server/pci-id-reservations
exec_hook 1 101 pre-start
check 'the VM and the device are named' has_text "$hook_text" 100 "$gpu"
expect_host_same 'nothing was touched' 0
printf '%s\n' "$gpu 100 time:1" >/run/qemu-server/pci-id-reservations
exec_hook 0 101 pre-start
exec_hook 0 101 post-stop
expect_host_same

note 'a reservation whose process is another one by now'
printf '%s\n' $$ >/run/qemu-server/100.pid
printf '%s\n' "$gpu 100 pid:$$" "$sound 100 pid:$$" >/run/qemu-server/pci-id-reservations
qm start 101
guest_has 101 "$gpu_id" "$sound_id"
qm stop 101
expect_host_same
rm /run/qemu-server/100.pid
: >/vm/phases

note 'a VM without hookscript has it, and Proxmox bound it'
rm /etc/vfio-handoff/100.ini
vm_config 100 'hostpci0: 0000:01:00' "hostpci1: $nic"
qm start 100
guest_has 100 "$gpu_id" "$sound_id" "$nic_id"
vm_config 101 "$hooked" 'hostpci0: 0000:01:00' "hostpci1: $nic"
qm_fails 'start 101' 100 "$gpu"
phases_came 0 101 pre-start=1
check 'the first runs on' vm_runs 100
qm stop 100
check 'Proxmox leaves it on vfio-pci' has_driver "$gpu" vfio-pci

note 'given back to the host by hand, with what Proxmox left in vfio-pci'
give "$sound" snd_hda_intel
give "$gpu" bochs-drm
give "$nic" e1000e
expect_host_same 'the host is as before, but for the dynamic ids'
exec_hook 0 101 pre-start
check 'the NIC is on vfio-pci' has_driver "$nic" vfio-pci
exec_hook 0 101 post-stop
expect_host_same
for id in "$gpu_id" "$sound_id" "$nic_id"; do
	check "vfio-pci has forgotten $id" no_dynamic_id "$id"
done
give "$nic2" ''
printf '%s' "$nic2" >/sys/bus/pci/drivers_probe
check "a second card of the same kind goes to the host's driver" has_driver "$nic2" e1000e
expect_host_same
