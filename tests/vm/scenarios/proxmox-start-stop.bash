# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# what: GPU and sound of the hostpci line to a VM and back; the guest powers off; QEMU is killed

profile 100 '[host]' 'timeout = 20s'
vm_config 100 'name: desk' "$hooked" 'hostpci0: 0000:01:00,x-vga=1' '' '[before]' "hostpci0: $nvme" "hostpci1: $usb"

check 'the console works' console_works
qm start 100
phases_came 0 100 pre-start post-start
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
guest_has 100 "$gpu_id" "$sound_id"
handoff 0 status
vm_pid 100 pid
# shellcheck disable=SC2154 # set by vm_pid
check 'status says who has what' has_text "$handoff_text" '100 (desk): running' "$pid" "$gpu" "$sound"
vm_config 100 'name: desk' "$hooked" 'hostpci0: 0000:01:00,x-vga=1' '' '[PENDING]' "hostpci0: $nic" '' \
	'[before]' "hostpci0: $nvme" "hostpci1: $usb"
exec_hook 0 100 pre-stop
check 'a stop that does not come about changes nothing' has_driver "$gpu" vfio-pci
qm stop 100
phases_came 0 100 pre-stop post-stop
expect_host_same
check 'the console works again' console_works

note 'the guest powers off'
vm_config 100 "$hooked" 'hostpci0: 01:00.0;01:00.1,driver=keep' 'args: -append off'
qm start 100
phases_came 60 100 pre-start post-start post-stop
expect_host_same
check 'the console works again' console_works

note 'QEMU is killed'
vm_config 100 "$hooked" 'hostpci0: host=0000:01:00.0' 'hostpci1: host=0000:01:00.1,pcie=0'
qm start 100
guest_has 100 "$gpu_id" "$sound_id"
vm_kill 100
phases_came 60 100 pre-start post-start post-stop
expect_host_same
check 'the console works again' console_works
