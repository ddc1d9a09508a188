# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: a network card to a guest and back

profile_for net "$nic"
domain_define net yes "$nic"
domain_start net
check 'the NIC is on vfio-pci' has_driver "$nic" vfio-pci
guest_has net "$nic_id"
domain_stop net
expect_host_same
