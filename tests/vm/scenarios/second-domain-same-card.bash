# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: a second domain wants the same card: refused, and the first does not notice

profile_for owner "$gpu"
profile_for rival "$gpu"
domain_define owner no "$gpu" "$sound"
domain_define rival no "$gpu" "$sound"
domain_start owner
guest_has owner "$gpu_id" "$sound_id"
domain_pid owner before
domain_refused rival owner "$gpu"
domain_pid owner after
check 'the first still runs' test "$before" = "$after"
check 'and is not paused' test "$(virsh domstate owner)" = running
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
domain_stop owner
expect_host_same
domain_start rival
guest_has rival "$gpu_id" "$sound_id"
domain_stop rival
expect_host_same 'the second had its turn, and the host is as before'
