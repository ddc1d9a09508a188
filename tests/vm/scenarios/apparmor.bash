# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: apparmor
# what: libvirtd confined by Debian's AppArmor profile can run the hook

read -r pid </run/libvirtd.pid || :
read -r confinement <"/proc/$pid/attr/current"
check "libvirtd is confined: $confinement" test "$confinement" = 'libvirtd (enforce)'
profile_for confined "$gpu"
domain_define confined no "$gpu" "$sound"
domain_start confined
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
guest_has confined "$gpu_id" "$sound_id"
steps_text
check 'the second stage may run, too' test "${steps#*was not checked}" = "$steps"
domain_stop confined
expect_host_same
