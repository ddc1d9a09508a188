# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: two-gpus
# what: the GPU with the console leaves although there is a second one; the console comes back to it

profile_for first "$gpu"
domain_define first yes "$gpu" "$sound"
check 'the console works' console_works
domain_start first
check 'the second GPU keeps its driver' has_driver "$gpu2" bochs-drm
guest_has first "$gpu_id" "$sound_id"
domain_stop first
expect_host_same
