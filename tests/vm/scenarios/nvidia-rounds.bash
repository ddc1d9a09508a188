# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: nvidia
# deadline: 300
# what: 10 times handed over and back with the console on nvidia_drm, each time the host and the modules as before

# modules_text VARIABLE: NVIDIA's modules with their uses, and all that can be read of their parameters
modules_text() {
	local -n modules_out=$1
	local file value
	file_text /proc/driver/nvidia/params modules_out
	for file in /sys/module/nvidia{,_modeset,_drm,_uvm}/{refcnt,parameters/*}; do
		[[ ! -f $file ]] || read -r value <"$file" || fail "$file cannot be read"
		[[ ! -f $file ]] || modules_out+="$file $value"$'\n'
	done
}

profile_for rounds "$gpu"
set_parameter nvidia NVreg_ResmanDebugLevel 3
modules_text before
check 'there are counts and parameters' has_text "$before" nvidia_drm/refcnt nvidia_drm/parameters/fbdev \
	'EnableGpuFirmware: 0' 'NVreg_ResmanDebugLevel 3'
for ((round = 1; round <= 10; round++)); do
	note "round $round"
	handoff 0 detach rounds >/dev/null
	check 'the modules are gone' module_is nvidia gone
	check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
	handoff 0 reattach rounds >/dev/null
	modules_text after
	[[ $after == "$before" ]] || fail "not as before: $after"
	check 'the console works' console_works
	expect_host_same "the host is as before after round $round"
done
set_parameter nvidia NVreg_ResmanDebugLevel 0
