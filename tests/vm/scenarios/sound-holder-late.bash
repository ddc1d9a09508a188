# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 90
# what: the holder appears after the check: the blocked write is abandoned, reported, and healed later

profile_for late "$gpu" '[host]' 'timeout = 3s'
domain_define late no "$gpu" "$sound"
rm -f /vm/striking
: >/vm/struck
background /vm/tools/at-record 1 hold /dev/snd/controlC0 /vm/striking >/vm/struck
holder=$last_pid
must_come 5 'the holder is ready' '[[ -e /vm/striking ]]'
started=$SECONDS
domain_refused late "$sound" "$holder" at-record
check 'the holder came after the check' test -s /vm/struck
check 'it was said within 40 s' test $((SECONDS - started)) -le 40
file_text "$virsh_error" message
check 'exit status 3: not all is undone' has_text "$message" 'exit status 3'
check 'libvirtd answers' libvirtd_alive
handoff 0 status
check 'status names the device' has_text "$handoff_text" "$sound"
drop_holders
must_come 20 'the abandoned write has ended' '! has_driver "$sound" snd_hda_intel'
handoff 0 recover
expect_host_same 'recover brought the host back' 10
check 'the console works' console_works
domain_start late
guest_has late "$gpu_id" "$sound_id"
domain_stop late
expect_host_same 'the next start and stop work as ever'
