# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: nvidia
# deadline: 300
# what: nvidia's unload hangs for a use that nobody has: told in time, and well once the use is gone

profile nvidia '[host]' 'timeout = 15s' '[device one]' "address = $gpu"
domain_define nvidia yes "$gpu" "$sound"
set_parameter nvidia leak 1
started=$SECONDS
domain_refused nvidia 'unload the module' 'an abandoned unload (process' 'only a reboot helps'
check 'it was said within 60 s' test $((SECONDS - started)) -le 60
check 'libvirtd answers' libvirtd_alive
check 'the module is stuck' grep -q '^nvidia .* Unloading' /proc/modules
handoff 0 status
check 'the status says so' has_text "$handoff_text" "$gpu  driver (none), BLOCKED by an abandoned unload"
check 'the sound is back' has_driver "$sound" snd_hda_intel
set_parameter nvidia leak 0
must_come 10 'the module is gone' 'module_is nvidia gone'
handoff 0 recover
check 'nvidia drives the GPU' has_driver "$gpu" nvidia
check 'the console works' console_works
check 'the fault is back, too, with the other parameters' parameter_is nvidia leak 1
set_parameter nvidia leak 0
expect_host_same
domain_start nvidia
domain_stop nvidia
expect_host_same
