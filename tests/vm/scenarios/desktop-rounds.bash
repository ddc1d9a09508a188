# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 400
# what: ten times away and back: each time the desktop is there again, and all is as before

# QaidVoid#38, joeknock90#11: what is waited for is what has to come, not a time
profile_for desk "$gpu"
desktop_up x11
desktop_seen
for ((round = 1; round <= 10; round++)); do
	note "round $round"
	handoff 0 detach desk
	check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
	check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
	desktop_is_gone
	handoff 0 reattach desk
	desktop_is_back x11
done
desktop_down
check 'the console works' console_works
