# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 180
# what: QEMU does not start, and no event follows: brought back by the watcher, another VM, recover, or the next start

fail_to_start() {
	note "$1"
	qm_fails 'start 100' 'start failed: QEMU exited'
	phases_came 0 100 pre-start
	check 'the GPU was left on vfio-pci' has_driver "$gpu" vfio-pci
}

profile 100 '[host]' 'timeout = 20s'
profile 101 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00' 'args: -no-such-option'
vm_config 101 "$hooked" "hostpci0: $testdev"

fail_to_start 'the watcher'
watcher_start
expect_host_same 'the watcher brought the host back' 45
watcher_ends 10
check 'the console works' console_works

fail_to_start 'another VM starts'
exec_hook 0 101 pre-start
check 'the GPU is back' has_driver "$gpu" bochs-drm
check 'the sound is back' has_driver "$sound" snd_hda_intel
exec_hook 0 101 post-stop
expect_host_same 'the event of another VM brought the host back'
check 'the console works' console_works

fail_to_start 'recover'
handoff 0 recover
expect_host_same 'recover brought the host back'

note 'the hook is killed'
at_record 8 kill
qm_fails 'start 100' 'exit code 137'
drop_holders
phases_came 0 100 pre-start=137
handoff 0 recover
expect_host_same 'recover undid what the killed hook had done'

fail_to_start 'the next start, of a VM that has another device by now'
vm_config 100 "$hooked" "hostpci0: $testdev"
exec_hook 0 100 pre-start
check 'the GPU is back' has_driver "$gpu" bochs-drm
check 'the sound is back' has_driver "$sound" snd_hda_intel
check 'the other device is on vfio-pci' has_driver "$testdev" vfio-pci
exec_hook 0 100 post-stop
expect_host_same

vm_config 100 "$hooked" 'hostpci0: 0000:01:00' 'args: -no-such-option'
fail_to_start 'the next start'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'
qm start 100
guest_has 100 "$gpu_id" "$sound_id"
qm stop 100
phases_came 0 100 pre-start post-start pre-stop post-stop
expect_host_same
check 'the console works' console_works
