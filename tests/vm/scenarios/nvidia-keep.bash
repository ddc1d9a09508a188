# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: nvidia
# deadline: 300
# what: nvidia with "modules = keep": unbound, refused while it is in use, and an unbind that hangs is told in time

all_stay_loaded() {
	module_is nvidia loaded && module_is nvidia_modeset loaded && module_is nvidia_drm loaded &&
		module_is nvidia_uvm loaded
}

profile keep '[host]' 'modules = keep' 'timeout = 10s' '[device one]' "address = $gpu"
domain_define keep yes "$gpu" "$sound"
cp /vm/before /vm/with-screens

note 'nvidia_drm uses the card for its screens: the unbind would never end'
domain_refused keep 'would never end' 'modules = keep' 'modeset=0'
expect_host_same

note 'without screens it is unbound'
nvidia_gone
modprobe nvidia
modprobe nvidia_drm modeset=0
modprobe nvidia_uvm
host_snapshot >/vm/before
domain_start keep
check 'the modules stay' all_stay_loaded
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
guest_has keep "$gpu_id" "$sound_id"
domain_stop keep
check 'nvidia drives the GPU' has_driver "$gpu" nvidia
expect_host_same

note 'an open node refuses the start'
hold /dev/nvidia0
domain_refused keep "$holder" hold /dev/nvidia0
check 'the holder was left alone' kill -0 "$holder"
drop_holders
expect_host_same

note 'a use that nobody has: the unbind hangs, and is left behind'
set_parameter nvidia leak 1
started=$SECONDS
domain_refused keep "$gpu" 'did not finish the write in time' 'only a reboot helps'
check 'it was said within 60 s' test $((SECONDS - started)) -le 60
check 'libvirtd answers' libvirtd_alive
handoff 0 status
check 'the status says so' has_text "$handoff_text" "$gpu  driver (none), BLOCKED by an abandoned write"
check 'the sound is back' has_driver "$sound" snd_hda_intel
read -r _ blocker _ <"/run/vfio-handoff/stuck/$gpu"
domain_refused keep "$gpu" "an abandoned write (process $blocker) still blocks it"
set_parameter nvidia leak 0
must_come 10 'the unbind has ended' "[[ ! -e /proc/$blocker ]]"
handoff 0 recover
check 'nvidia drives the GPU' has_driver "$gpu" nvidia
expect_host_same
for module in nvidia_uvm nvidia_drm nvidia_modeset nvidia; do
	unload "$module"
done
nvidia_back
cp /vm/with-screens /vm/before
check 'the console works' console_works
expect_host_same 'with its screens the host is as before'
