# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 120
# what: the holder appears at the last moment: the blocked write is abandoned, reported, healed later

profile_for blocked "$gpu" '[host]' 'timeout = 3s'
domain_define blocked no "$gpu" "$sound"

# The intent is the last thing before the write.
at_record "*unbind*$sound*" hold /dev/snd/controlC0
holder=$last_pid
started=$SECONDS
domain_refused blocked "$sound" "$holder" at-record 'exit status 3'
check 'the holder came in time' test -s /vm/struck
check 'it was said within 40 s' test $((SECONDS - started)) -le 40
check 'libvirtd answers' libvirtd_alive
handoff 0 status
check 'status names the device' has_text "$handoff_text" "$sound"
domain_refused blocked "$sound"
check 'libvirtd answers after a second try' libvirtd_alive
drop_holders
handoff 0 recover
expect_host_same 'recover brought the host back' 10
check 'the console works' console_works
domain_start blocked
guest_has blocked "$gpu_id" "$sound_id"
domain_stop blocked
expect_host_same 'the next start and stop work as ever'
