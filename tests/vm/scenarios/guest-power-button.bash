# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: virsh shutdown presses the power button, the guest obeys

profile_for button "$gpu"
domain_define button yes "$gpu" "$sound"
domain_start button
guest_has button "$gpu_id" "$sound_id"
virsh -q shutdown --domain button
must_come 30 'the domain is off' 'domain_is_off button'
expect_host_same
