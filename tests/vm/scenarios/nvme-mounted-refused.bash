# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: an NVMe with a mounted filesystem is refused

profile_for disk "$nvme"
domain_define disk no "$nvme"
nvme_node node
mkdir -p /vm/mnt
mount -t ext4 "$node" /vm/mnt
echo precious >/vm/mnt/file
domain_refused disk "$nvme" /vm/mnt
check 'the file can be read' grep -q precious /vm/mnt/file
umount /vm/mnt
expect_host_same
