# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: two-gpus
# what: the second GPU leaves; the console, which is on the first, is never touched

profile_for second "$gpu2"
domain_define second no "$gpu2"
check 'the console works' console_works
domain_start second
check 'the second GPU is on vfio-pci' has_driver "$gpu2" vfio-pci
check 'the first GPU keeps its driver' has_driver "$gpu" bochs-drm
check 'the console works while the guest runs' console_works
guest_has second "$gpu_id"
check 'the console works still' console_works
domain_stop second
expect_host_same
steps_text
[[ $steps != *vtcon*/bind* ]] || fail 'the console was touched, though it is on the other card'
