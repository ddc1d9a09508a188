# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 150
# what: linger with libvirt, which leaves to us what we have bound: a restart does not bounce the screen

# how often the host's driver has taken the GPU since boot
probes() {
	dmesg | grep -c 'Initialized bochs-drm' || :
}

profile_for guest "$gpu" '[host]' 'linger = 20s'
domain_define guest yes "$gpu" "$sound"
background vfio-handoff recover --watch
watcher=$last_pid
# Without anything handed over it ends by itself, as its unit would: it is started again below.
must_come 10 'nothing is handed over, and nobody watches' "[[ ! -e /proc/$watcher/exe ]]"

domain_start guest
background vfio-handoff recover --watch
watcher=$last_pid
guest_has guest "$gpu_id" "$sound_id"
must_come 10 'somebody watches' '[[ -e /run/vfio-handoff/watch ]]'
before=$(probes)
domain_stop guest
handoff 0 status
has_text "$handoff_text" 'guest: lingering' || fail 'status does not say that it lingers'
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
domain_start guest
check 'the host has not had it in between' test "$(probes)" -eq "$before"
guest_has guest "$gpu_id" "$sound_id"
domain_stop guest
must_come 60 'the watcher brings it back in time, and ends' "[[ ! -e /proc/$watcher/exe ]]"
expect_host_same
check 'the console works' console_works
