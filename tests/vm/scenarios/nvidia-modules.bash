# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: nvidia
# deadline: 240
# what: the modules that stand in for NVIDIA's behave as theirs do: uses, order, an unbind that waits

device=/sys/bus/pci/devices/$gpu
driver=/sys/bus/pci/drivers/nvidia

has_nodes() {
	[[ -c /dev/nvidia0 && -c /dev/nvidiactl && -c /dev/nvidia-modeset && -c /dev/nvidia-uvm &&
		-d $device/drm/card0 && -c /dev/dri/card0 ]]
}

connected() {
	[[ $(<"$device/drm/card0/card0-HDMI-A-1/status") == connected ]]
}

# waits WHAT COMMAND...: begun, and when this returns no signal ends it
waits() {
	local what=$1
	shift
	background "$@"
	writer=$last_pid
	must_come 10 "$what waits" "[[ ! -e $device/driver ]]"
	kill -KILL "$writer"
	check "nothing ends it" not_ended
	check 'the device itself can be read' grep -q 0x1234 "$device/vendor"
}

unbind() {
	echo "$gpu" >"$driver/unbind"
}

# one that nobody has waited for yet has no memory
has_ended() {
	local size=0
	[[ ! -e /proc/$writer ]] || read -r size _ <"/proc/$writer/statm" || :
	((size == 0))
}

not_ended() {
	! wait_for 1 has_ended
}

ends() {
	must_come 10 'then it ends' has_ended
	wait "$writer" || :
	rm -f "/vm/pids/$writer"
}

note 'what is there'
check 'nvidia drives the GPU' has_driver "$gpu" nvidia
check 'the nodes are there' has_nodes
check 'its number is told' grep -q '^Device Minor:.* 0$' "/proc/driver/nvidia/gpus/$gpu/information"
check 'the connector can be read' connected
check 'the console is on it' console_works
check 'a parameter that sysfs shows' parameter_is nvidia NVreg_PreserveVideoMemoryAllocations 1
check 'a parameter that sysfs does not show' grep -q '^EnableGpuFirmware: 0$' /proc/driver/nvidia/params

note 'uses and order'
check 'the console uses nvidia_drm' uses_are nvidia_drm 1
check 'so it stays' not_unloaded nvidia_drm
check 'and what it needs' not_unloaded nvidia_modeset
console_bind 0
check 'without the console nothing uses it' uses_are nvidia_drm 0
hold /dev/dri/card0
check 'an open DRM node does' uses_are nvidia_drm 1
check 'so it stays' not_unloaded nvidia_drm
drop_holders
unload nvidia_drm
check 'the DRM device and the frame buffer went with it' test ! -e "$device/drm" -a ! -e /dev/fb0
for node in nvidia-uvm nvidia-modeset nvidia0 nvidiactl; do
	module=${node/-/_}
	module=${module/0/}
	module=${module/ctl/}
	hold "/dev/$node"
	check "$module stays" not_unloaded "$module"
	drop_holders
	[[ $node == nvidia0 ]] || unload "$module"
done
check 'all are gone' test ! -e /sys/module/nvidia -a ! -e /dev/nvidia0 -a ! -e /dev/nvidiactl
check 'nobody drives the GPU' test ! -e "$device/driver"

note 'an unbind waits for an open node'
modprobe nvidia
hold /dev/nvidia0
waits 'the unbind' unbind
kill -KILL "$holder"
ends
check 'the kernel said why' grep -q 'device 0000:01:00.0 with non-zero usage count' <(dmesg)
echo "$gpu" >"$driver/bind"
check 'it binds again' has_driver "$gpu" nvidia

note 'for nvidia_drm, which no process has open'
modprobe nvidia_drm
console_bind 0
waits 'the unbind' unbind
unload nvidia_drm
ends
unload nvidia_modeset
unload nvidia

note 'and for uses that were lost'
modprobe nvidia leak=1
check 'no count shows it' uses_are nvidia 0
waits 'the unbind' unbind
set_parameter nvidia leak 0
ends
echo "$gpu" >"$driver/bind"
set_parameter nvidia leak 1
waits 'the unloading' become_unload nvidia
check 'it is on its way' grep -q '^nvidia .* Unloading' /proc/modules
set_parameter nvidia leak 0
ends
check 'nothing is left' test ! -e /sys/module/nvidia -a ! -e /dev/nvidia0

note 'it cannot be loaded for a device that is not its own'
echo vfio-pci >"$device/driver_override"
check 'loading fails' has_text "$(modprobe nvidia 2>&1)" 'No such device'
check 'nothing is left' test ! -e /sys/module/nvidia -a ! -e /dev/nvidiactl -a ! -e /proc/driver/nvidia
echo >"$device/driver_override"
check 'a probe fails when told' has_text "$(modprobe nvidia fail_probe=1 2>&1)" 'No such device'

note 'ten times'
nvidia_back
for ((round = 1; round <= 10; round++)); do
	nvidia_gone
	nvidia_back
done
check 'the console works again' console_works
check 'with the same parameter' parameter_is nvidia NVreg_PreserveVideoMemoryAllocations 1
check 'and the other' grep -q '^EnableGpuFirmware: 0$' /proc/driver/nvidia/params
expect_host_same
