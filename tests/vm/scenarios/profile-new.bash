# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: a profile that was written for the only card starts a guest with it

handoff 0 profile new fresh
check 'it shows the plan' has_text "$handoff_text" "$gpu: vfio-pci takes it" "$sound: vfio-pci takes it"
check 'nothing was touched' has_driver "$gpu" bochs-drm
check 'everybody may read it' test "$(stat -c '%a %u' /etc/vfio-handoff/fresh.ini)" = '644 0'
handoff 0 profile check fresh
handoff 1 profile new fresh
check 'it is not overwritten' has_text "$handoff_text" 'has a profile already'
expect_host_same 'the host is as before' 0

domain_define fresh no "$gpu" "$sound"
domain_start fresh
guest_has fresh "$gpu_id" "$sound_id"
domain_stop fresh
expect_host_same

note 'the definition says more than the profile has to ask'
rm /etc/vfio-handoff/fresh.ini
handoff 0 profile new fresh --device "$nic" --print
check 'another card by its address' has_text "$handoff_text" "address = $nic" "id      = $nic_id"
domain_define net yes "$nic"
handoff 0 profile new net
check 'the devices of the definition' has_text "$handoff_text" "address = $nic"
