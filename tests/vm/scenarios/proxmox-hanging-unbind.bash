# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# what: a driver's unbind hangs: the write is left behind, and nothing of it holds Proxmox's task

profile 100 '[host]' 'timeout = 3s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'

# The intent is the last thing before the write.
at_record "*unbind*$sound*" hold /dev/snd/controlC0
started=$SECONDS
qm_fails 'start 100' "$sound" "$last_pid"
phases_came 0 100 pre-start=3
check 'the holder came in time' test -s /vm/struck
check 'it was said within 40 s' test $((SECONDS - started)) -le 40
handoff 0 status
check 'status names the device' has_text "$handoff_text" "$sound"
drop_holders
handoff 0 recover
expect_host_same 'recover brought the host back' 10
check 'the console works' console_works
