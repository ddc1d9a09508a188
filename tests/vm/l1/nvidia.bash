# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The host whose card is driven by modules that behave as NVIDIA's do (tests/vm/modules).

# nvidia_node: they are found by modprobe, and have options
nvidia_node() {
	local version
	read -r _ _ version _ </proc/version
	cp -R /vm/control/in/modules /vm/
	mount -t overlay -o "lowerdir=/vm/modules:/vm/kernel/lib/modules/$version" modules \
		"/lib/modules/$version" || give_up 'no place for the modules'
	printf '%s\n' 'options nvidia NVreg_PreserveVideoMemoryAllocations=1 NVreg_EnableGpuFirmware=0' \
		'options nvidia_drm modeset=1 fbdev=1' >/etc/modprobe.d/nvidia.conf
}

# module_is NAME loaded|gone
module_is() {
	if [[ $2 == loaded ]]; then
		[[ -d /sys/module/$1/holders ]]
	else
		[[ ! -e /sys/module/$1 ]]
	fi
}

# parameter_is MODULE NAME VALUE
parameter_is() {
	[[ $(<"/sys/module/$1/parameters/$2") == "$3" ]]
}

# uses_are MODULE COUNT
uses_are() {
	[[ $(<"/sys/module/$1/refcnt") == "$2" ]]
}

# console_bind 0|1: take the text console off the frame buffer, or put it on
console_bind() {
	local name folder
	for folder in /sys/class/vtconsole/*/; do
		name=$(<"$folder/name")
		[[ $name == *'frame buffer device'* ]] || continue
		echo "$1" >"$folder/bind"
	done
}

# set_parameter MODULE NAME VALUE
set_parameter() {
	echo "$3" >"/sys/module/$1/parameters/$2"
}

# become_unload MODULE: as the product does, never waiting and never with force; the status is the errno
become_unload() {
	# shellcheck disable=SC2016 # the dollars are perl's
	exec perl -e 'exit(syscall(176, $ARGV[0], 2048) == 0 ? 0 : $!)' "$1"
}

unload() {
	(become_unload "$1")
}

# not_unloaded MODULE: refused, with the errno that says "in use"
not_unloaded() {
	local status=0
	unload "$1" || status=$?
	((status == 11))
}

nvidia_gone() {
	local module
	console_bind 0
	for module in nvidia_uvm nvidia_drm nvidia_modeset nvidia; do
		unload "$module" || fail "$module is not unloaded"
	done
}

nvidia_back() {
	modprobe -a nvidia_drm nvidia_uvm
}

# nvidia_unstick: without its faults, nothing waits for them
nvidia_unstick() {
	rm -f /etc/modprobe.d/nvidia-*.conf
	[[ ! -e /sys/module/nvidia ]] || set_parameter nvidia leak 0
}
