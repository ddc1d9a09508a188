# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: nvidia
# deadline: 300
# what: nvidia does not take the card back: told plainly, the rest is back, and recover ends it

profile nvidia '[host]' 'timeout = 20s' '[device one]' "address = $gpu"
domain_define nvidia yes "$gpu" "$sound"
domain_start nvidia
echo 'options nvidia fail_probe=1' >/etc/modprobe.d/nvidia-fails.conf
domain_stop nvidia
check 'nothing drives the GPU' test ! -e "/sys/bus/pci/devices/$gpu/driver"
check 'the sound is back' has_driver "$sound" snd_hda_intel
steps_text
# shellcheck disable=SC2154 # set by steps_text
check 'it is told what a person can do' has_text "$steps" "not back: $gpu" 'vfio-handoff recover' \
	'a reboot brings the card back'
handoff 0 status
check 'the status says so' has_text "$handoff_text" 'nvidia: unfinished' "$gpu  driver (none)"
rm /etc/modprobe.d/nvidia-fails.conf
handoff 0 recover
check 'nvidia drives the GPU' has_driver "$gpu" nvidia
check 'the console works' console_works
expect_host_same
