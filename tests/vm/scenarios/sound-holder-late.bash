# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: the holder appears after the first check: seen before the write that would block, all undone

profile_for late "$gpu" '[host]' 'timeout = 3s'
domain_define late no "$gpu" "$sound"
at_record 1 hold /dev/snd/controlC0
holder=$last_pid
domain_refused late "$sound" "$holder" at-record 'exit status 1'
check 'the holder came after the first check' test -s /vm/struck
check 'libvirtd answers' libvirtd_alive
expect_host_same
check 'the console works' console_works
drop_holders
