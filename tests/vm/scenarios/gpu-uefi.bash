# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: uefi
# what: GPU and sound to a guest and back, on a host booted by UEFI

profile_for uefi "$gpu"
domain_define uefi no "$gpu" "$sound"
check 'the console works' console_works
check 'the GPU has its native driver' has_driver "$gpu" bochs-drm
domain_start uefi
guest_has uefi "$gpu_id" "$sound_id"
domain_stop uefi
expect_host_same
check 'the console works again' console_works
