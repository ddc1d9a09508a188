# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: plan touches nothing; detach, status and reattach by the command

profile_for hand "$gpu"
handoff 0 profile check hand
handoff 0 plan hand detach
check 'the plan names both functions' has_text "$handoff_text" "$gpu" "$sound"
expect_host_same 'the plan touched nothing' 0
handoff 0 detach hand
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
handoff 0 status
check 'status says who has what' has_text "$handoff_text" hand "$gpu"
handoff 0 status --json
check 'status --json names the device' has_text "$handoff_text" "$gpu"
handoff 0 groups
check 'groups lists the card' has_text "$handoff_text" "$gpu"
handoff 0 reattach hand
expect_host_same
check 'the console works again' console_works
