# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: QEMU is killed

profile_for killed "$gpu"
domain_define killed no "$gpu" "$sound"
domain_start killed
guest_has killed "$gpu_id" "$sound_id"
domain_pid killed pid
kill -KILL "$pid"
must_come 30 'the domain is off' 'domain_is_off killed'
expect_host_same
check 'the console works again' console_works
