# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: uefi-nodriver
# what: the console is the firmware's framebuffer: the kernel evicts it for good, and we say so

profile_for efifb "$gpu"
domain_define efifb no "$gpu" "$sound"
check 'the firmware framebuffer is there' test -e /sys/bus/platform/devices/efi-framebuffer.0
check 'the console works' console_works
domain_start efifb
guest_has efifb "$gpu_id" "$sound_id"
domain_stop efifb

# This kernel cannot bring the firmware's framebuffer back; nothing else may differ.
must_come 10 'the sound is back' 'has_driver "$sound" snd_hda_intel && [[ -e /dev/snd/controlC0 ]]'
expect_host_same_but 'efi-framebuffer' '/proc/fb EFI VGA' "vtconsole '(M) frame buffer device'" \
	"graphics * fb" "vtconsole '(*) dummy device'"
steps_text
check 'the start said that the framebuffer leaves for good' has_text "$steps" efi-framebuffer.0
grep 'EVENT=release' /vm/steps.log >/vm/release.steps || :
file_text /vm/release.steps steps
check 'the return names the framebuffer that is not back' has_text "$steps" efi-framebuffer.0
