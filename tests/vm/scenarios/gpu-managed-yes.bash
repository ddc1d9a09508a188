# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: GPU and sound to a guest and back, libvirt's managed='yes'

profile_for yes "$gpu"
domain_define yes yes "$gpu" "$sound"
check 'the console works' console_works
domain_start yes
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
guest_has yes "$gpu_id" "$sound_id"
domain_stop yes
expect_host_same
check 'the console works again' console_works
