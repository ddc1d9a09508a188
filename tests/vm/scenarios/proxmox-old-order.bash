# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# what: before qemu-server 9.1.13: post-stop comes late, or is lost by a quick stop and start

: >/run/qemu-server/force-legacy-cleanup
profile 100 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'

qm start 100
qm stop 100
phases_came 60 100 pre-start post-start pre-stop post-stop
expect_host_same 'the late post-stop brought the host back'
check 'the console works' console_works

note 'stopped and started before the cleanup has the lock'
gpu_probes before
mkfifo /vm/cleanup.gate
qm start 100
phases_came 0 100 pre-start post-start
qm stop 100
qm start 100
echo go >/vm/cleanup.gate
must_come 20 'the late cleanup finds the VM running' 'grep -q "vm still running" /vm/out/qmeventd.log'
phases_came 0 100 pre-stop pre-start post-start
rm /vm/cleanup.gate
guest_has 100 "$gpu_id" "$sound_id"
gpu_probes after
check "the host's driver was not bound in between" test "$before" -eq "$after"
handoff 0 status
check 'status says that it runs' has_text "$handoff_text" '100: running'
qm stop 100
phases_came 60 100 pre-stop post-stop
expect_host_same 'the last post-stop brought the host back'
check 'the console works' console_works
