# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: an NVMe that is not mounted goes to the guest and comes back with its data

profile_for disk2 "$nvme"
domain_define disk2 yes "$nvme"
nvme_node node
mkdir -p /vm/mnt
mount -t ext4 "$node" /vm/mnt
echo kept >/vm/mnt/kept
umount /vm/mnt
domain_start disk2
check 'the NVMe is on vfio-pci' has_driver "$nvme" vfio-pci
guest_has disk2 "$nvme_id"
domain_stop disk2
expect_host_same
nvme_node node
mount -t ext4 "$node" /vm/mnt
check 'its data is there' grep -q kept /vm/mnt/kept
umount /vm/mnt
