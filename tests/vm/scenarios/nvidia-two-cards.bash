# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: nvidia-two
# deadline: 300
# what: one of two cards of the driver nvidia is unbound, and the other works on; both go with their modules

drm_of() {
	local found=("/sys/bus/pci/devices/$1"/drm/card*)
	[[ -d ${found[0]} ]] && drm_node=/dev/dri/${found[0]##*/}
}

node_of() {
	nvidia_node=/dev/nvidia$(sed -n 's/^Device Minor:[^0-9]*//p' "/proc/driver/nvidia/gpus/$1/information")
	[[ -c $nvidia_node ]]
}

profile_for second "$gpu2"
profile both '[device one]' "address = $gpu" '[device two]' "address = $gpu2"
domain_define second no "$gpu2"

note 'nvidia_drm uses both for their screens: the unbind of one would never end'
check 'both are driven' eval 'has_driver "$gpu" nvidia && has_driver "$gpu2" nvidia'
domain_refused second "the unbind of $gpu2 would never end" 'modeset=0'
expect_host_same
check 'the console works' console_works

note 'both together go with their modules'
handoff 0 detach both
check 'the modules are gone' module_is nvidia gone
check 'both are on vfio-pci' eval 'has_driver "$gpu" vfio-pci && has_driver "$gpu2" vfio-pci'
handoff 0 reattach both
check 'the console works' console_works
expect_host_same

note 'without screens one is unbound, while the other is in use'
cp /vm/before /vm/with-screens
nvidia_gone
modprobe nvidia
modprobe nvidia_drm modeset=0
modprobe nvidia_uvm
drm_of "$gpu"
node_of "$gpu"
host_snapshot >/vm/before
hold "$drm_node"
hold "$nvidia_node"
handoff 0 plan second detach
check 'the plan says that the module stays' has_text "$handoff_text" "nvidia stays loaded: it drives $gpu as well"
: >/vm/steps.log
domain_start second
check 'the second card is on vfio-pci' has_driver "$gpu2" vfio-pci
check 'nvidia drives the first' has_driver "$gpu" nvidia
check 'its users were left alone' eval '[[ -c $drm_node && -c $nvidia_node ]] && kill -0 "$holder"'
guest_has second "$gpu_id"
domain_stop second
check 'nvidia drives both' eval 'has_driver "$gpu" nvidia && has_driver "$gpu2" nvidia'
steps_text
# shellcheck disable=SC2154 # set by steps_text
[[ $steps != *vtcon*/bind* && $steps != *sys/module/nvidia* ]] || fail 'the console or a module was touched'
drop_holders
expect_host_same

note 'its own node refuses the start'
node_of "$gpu2"
hold "$nvidia_node"
domain_refused second "$holder" hold "$nvidia_node"
drop_holders
for module in nvidia_uvm nvidia_drm nvidia_modeset nvidia; do
	unload "$module"
done
nvidia_back
cp /vm/with-screens /vm/before
check 'the console works' console_works
expect_host_same
