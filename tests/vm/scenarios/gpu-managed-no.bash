# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: GPU and sound to a guest and back, libvirt's managed='no'

profile_for no "$gpu"
domain_define no no "$gpu" "$sound"
check 'the console works' console_works
domain_start no
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
guest_has no "$gpu_id" "$sound_id"
domain_stop no
expect_host_same
check 'the console works again' console_works
