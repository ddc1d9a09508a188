# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: libvirtd is stopped and started while the domain runs

profile_for restart "$gpu"
domain_define restart no "$gpu" "$sound"
domain_start restart
guest_has restart "$gpu_id" "$sound_id"
domain_pid restart before
libvirtd_stop
check 'QEMU runs without libvirtd' kill -0 "$before"
libvirtd_start
must_come 20 'the domain is running' '[[ $(virsh domstate restart 2>/dev/null) == running* ]]'
domain_pid restart after
check 'it is the same QEMU' test "$before" = "$after"
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
domain_stop restart
expect_host_same
