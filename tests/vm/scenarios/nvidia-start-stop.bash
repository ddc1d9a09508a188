# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: nvidia
# deadline: 300
# what: NVIDIA's modules are taken off before the card is handed over, and come back as they were loaded

modules=(nvidia_uvm nvidia_drm nvidia_modeset nvidia)

all_are() {
	local module
	for module in "${modules[@]}"; do
		module_is "$module" "$1" || return 1
	done
}

as_loaded() {
	all_are loaded && has_driver "$gpu" nvidia && [[ -d /sys/bus/pci/devices/$gpu/drm/card0 ]] &&
		parameter_is nvidia NVreg_PreserveVideoMemoryAllocations 1 &&
		parameter_is nvidia NVreg_ResmanDebugLevel 5 && parameter_is nvidia_drm fbdev Y &&
		grep -q '^EnableGpuFirmware: 0$' /proc/driver/nvidia/params
}

# waits VARIABLE: how often nvidia's remove() had to wait, in this boot
waits() {
	local -n waits_out=$1
	waits_out=$(dmesg | grep -c 'non-zero usage count') || :
}

waits waits_before
profile_for nvidia "$gpu"
domain_define nvidia yes "$gpu" "$sound"
set_parameter nvidia NVreg_ResmanDebugLevel 5
check 'all is loaded' as_loaded

for round in 1 2; do
	note "round $round"
	rm -f /vm/guest/nvidia.serial
	domain_start nvidia
	check 'the modules are gone' all_are gone
	check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
	guest_has nvidia "$gpu_id" "$sound_id"
	domain_stop nvidia
	check 'all is loaded as it was' as_loaded
	check 'the console works' console_works
	expect_host_same
done

note 'an open node refuses the start, and nothing is taken off'
for node in nvidia0 nvidiactl nvidia-uvm nvidia-modeset dri/card0; do
	hold "/dev/$node"
	domain_refused nvidia "$holder" hold "/dev/$node"
	check 'all is loaded' as_loaded
	check 'the holder was left alone' kill -0 "$holder"
	expect_host_same
	drop_holders
done
waits waits_after
check 'the kernel never waited' test "$waits_before" = "$waits_after"
