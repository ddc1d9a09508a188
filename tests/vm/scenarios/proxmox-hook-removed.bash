# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# what: the hookscript is removed while the VM runs: no stop is told, the watcher sees it

profile 100 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'
qm start 100
phases_came 0 100 pre-start post-start
watcher_start
vm_config 100 'hostpci0: 0000:01:00'
guest_has 100 "$gpu_id" "$sound_id"
check 'the watcher leaves a running VM alone' has_driver "$gpu" vfio-pci
qm stop 100
phases_came 0 100
expect_host_same 'the watcher brought the host back' 45
watcher_ends 10
check 'the console works' console_works
