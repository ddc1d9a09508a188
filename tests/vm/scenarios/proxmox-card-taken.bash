# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# what: a late post-stop finds the card with another VM, which has no hook: left alone, and brought back after it

: >/run/qemu-server/force-legacy-cleanup
profile 100 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'
vm_config 101 'hostpci0: 0000:01:00'

qm start 100
watcher_start
mkfifo /vm/cleanup.gate
qm stop 100
qm start 101
echo go >/vm/cleanup.gate
rm /vm/cleanup.gate
phases_came 60 100 pre-start post-start pre-stop post-stop=1
guest_has 101 "$gpu_id" "$sound_id"
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
check 'the second runs on' vm_runs 101
qm stop 101
expect_host_same 'the watcher brought the host back when the second had ended' 60
watcher_ends 10
check 'the console works' console_works
