# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: a USB controller with a device on it to a guest and back

profile_for usb "$usb"
domain_define usb no "$usb"
domain_start usb
check 'the controller is on vfio-pci' has_driver "$usb" vfio-pci
guest_has usb "$usb_id"
domain_stop usb
expect_host_same 'the controller and the tablet on it are back' 15
