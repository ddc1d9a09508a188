# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: the guest powers itself off

profile_for poweroff "$gpu"
guest=off domain_define poweroff no "$gpu" "$sound"
domain_start poweroff
guest_has poweroff "$gpu_id" "$sound_id"
must_come 30 'the domain is off' 'domain_is_off poweroff'
expect_host_same
check 'the console works again' console_works
