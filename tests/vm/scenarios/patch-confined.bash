# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: apparmor
# what: libvirtd confined by AppArmor: the hook can look at the definition, and patch warns of a ROM

rom=/vm/guest/card.rom
printf '\x55\xaa\x01h' >"$rom"
profile looked '[guest]' 'hide-kvm = yes' "rom = $rom" '[device gpu]' "address = $gpu"
domain_define looked no
# shellcheck disable=SC2154 # set by handoff
{
	handoff 1 patch looked --check
	check 'qemu.conf gives QEMU no profile, and patch says nothing of one' test "${handoff_text#*AppArmor}" = "$handoff_text"
}
cp /etc/libvirt/qemu.conf /vm/qemu.conf
grep -v '^security_driver' /vm/qemu.conf >/etc/libvirt/qemu.conf
handoff 1 patch looked --check
cp /vm/qemu.conf /etc/libvirt/qemu.conf
check 'patch says that QEMU may not be let read the ROM' has_text "$handoff_text" AppArmor "$rom"
: >/vm/steps.log
domain_start looked
steps_text
# shellcheck disable=SC2154 # set by steps_text
check 'the hook has said what is missing' has_text "$steps" "missing in its definition: <kvm><hidden state='on'/></kvm>" \
	"missing in its definition: <hostdev> of $gpu"
domain_stop looked
handoff 0 patch looked --apply
: >/vm/steps.log
domain_start looked
guest_has looked "$gpu_id" "$sound_id"
steps_text
[[ $steps != *'missing in its'* ]] || fail "the hook misses something: ${steps##*missing in its}"
domain_stop looked
expect_host_same
