# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 180
# what: linger: a reboot does not bounce the console; the time ends it, another VM at once

profile 100 '[host]' 'linger = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'
qm start 100
watcher_start
guest_has 100 "$gpu_id" "$sound_id"
gpu_probes before
vm_pid 100 first
: >/vm/phases
qm reboot 100
phases_came 60 100 pre-stop post-stop pre-start post-start
guest_has 100 "$gpu_id" "$sound_id"
vm_pid 100 second
# shellcheck disable=SC2154 # set by vm_pid
check 'it is a new QEMU' test "$first" != "$second"
gpu_probes after
check "the host's driver was not bound in between" test "$before" -eq "$after"
qm stop 100
handoff 0 status
check 'status says that it lingers' has_text "$handoff_text" '100: lingering'
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
expect_host_same 'when the time was over, the host is as before' 60
watcher_ends 10
check 'the console works' console_works

note 'another VM wants the card'
profile 100 '[host]' 'linger = 10m'
profile 101 '[host]' 'timeout = 20s'
vm_config 101 "$hooked" 'hostpci0: 0000:01:00'
qm start 100
watcher_start
qm stop 100
handoff 0 status
check 'status says that it lingers' has_text "$handoff_text" '100: lingering'
: >/vm/phases
qm start 101
guest_has 101 "$gpu_id" "$sound_id"
handoff 0 status
check 'only the second has it' has_text "$handoff_text" '101: running'
[[ $handoff_text != *100:* ]] || fail 'the first is still on record'
qm stop 101
phases_came 0 101 pre-start post-start pre-stop post-stop
expect_host_same
watcher_ends 10
check 'the console works' console_works

note 'nobody watches'
qm start 100
qm stop 100
expect_host_same 'without a watcher it returns at once'
