# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: a guest that was saved before its definition was patched is restored as it was

# The NIC leaves the host, but is not the guest's: a guest with a card cannot be saved.
profile saved '[guest]' 'hide-kvm = yes' 'vendor-id = ourvendorid1' '[device nic]' "address = $nic" \
	'hostdev = no'
features="<hyperv><relaxed state='on'/></hyperv>" domain_define saved no
domain_start saved
guest_report saved
check 'the NIC has left the host' has_driver "$nic" vfio-pci
virsh -q save saved /vm/guest/saved.state
handoff 0 patch saved --apply
: >/vm/steps.log
virsh -q restore /vm/guest/saved.state
domain_pid saved pid
mapfile -d '' -t arguments <"/proc/$pid/cmdline"
[[ ${arguments[*]} != *kvm=off* ]] || fail 'the restored guest has got another CPU'
steps_text
# shellcheck disable=SC2154 # set by steps_text
check 'the hook says what a saved guest cannot get' has_text "$steps" \
	"cannot get <kvm><hidden state='on'/></kvm>" ourvendorid1
check 'the NIC has left the host again' has_driver "$nic" vfio-pci
virsh -q shutdown saved
must_come 30 'the guest goes on: it answers to the power button' 'domain_is_off saved'
expect_host_same

domain_start saved
guest_report saved
check 'from the next start it has what was patched' has_text "$guest_text" \
	'cpuid 40000000 "ourvendorid1"' 'cpuid has no KVM'
domain_stop saved
expect_host_same
