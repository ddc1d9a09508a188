# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 240
# what: the guest reads CPUID: KVM before the patch, only our vendor id after it; its card in one slot

# reports NAME WHAT TEXT...: what the guest of NAME reads, from start to stop
reports() {
	local name=$1 what=$2
	domain_start "$name"
	guest_report "$name"
	check "$what" has_text "$guest_text" "${@:3}"
	domain_stop "$name"
}

check 'the guests run on KVM' test -c /dev/kvm

note 'options alone, for a guest without <hyperv>'
domain_define plain no
reports plain 'before the patch the guest finds KVM' 'cpuid hypervisor bit 1' \
	'cpuid 40000000 "KVMKVMKVM"' 'cpuid has KVM at 40000000'
handoff 0 patch plain --hide-kvm --vendor-id ourvendorid1 --apply
check 'the vendor id comes with what QEMU wants beside it' has_text "$handoff_text" \
	"+      <relaxed state='on'/>"
handoff 0 patch plain --hide-kvm --vendor-id ourvendorid1 --check
reports plain 'after it only our vendor id' 'cpuid hypervisor bit 1' \
	'cpuid 40000000 "ourvendorid1"' 'cpuid 40000100 ""' 'cpuid has no KVM'

note 'a profile, for a guest with what virt-install gives to Windows'
rom=/vm/guest/card.rom
# no firmware runs it: its checksum is wrong
printf '\x55\xaa\x01h' >"$rom"
lines=('[guest]' 'hide-kvm = yes' 'vendor-id = ourvendorid1' 'cpu = host-passthrough' 'x-vga = yes'
	"rom = $rom" '[device gpu]' "address = $gpu")
profile hidden "${lines[@]}"
features="<hyperv><relaxed state='on'/></hyperv>" domain_define hidden no
definition hidden /vm/found.xml
reports hidden 'before the patch the guest finds KVM behind Hyper-V' 'cpuid hypervisor bit 1' \
	'cpuid 40000000 "Microsoft Hv"' 'cpuid 40000100 "KVMKVMKVM"' 'cpuid has KVM at 40000100'
steps_text
# shellcheck disable=SC2154 # set by steps_text
check 'the hook has said what is missing' has_text "$steps" "missing in its definition: <kvm><hidden state='on'/></kvm>" \
	ourvendorid1

handoff 0 patch hidden
check 'the diff says what is to come' has_text "$handoff_text" "+    <kvm>" \
	"+      <hidden state='on'/>" "+      <vendor_id state='on' value='ourvendorid1'/>" \
	"+    <ioapic driver='kvm'/>" host-passthrough "$rom" x-vga
definition hidden /vm/now.xml
check 'and nothing was changed' cmp /vm/found.xml /vm/now.xml
handoff 1 patch hidden --check
check 'what is missing is listed' has_text "$handoff_text" "<hidden state='on'/>" ourvendorid1 \
	x-vga "$gpu" "$sound" "$rom"
handoff 0 patch hidden --apply
handoff 0 patch hidden --check
definition hidden /vm/patched.xml
handoff 0 patch hidden --apply
definition hidden /vm/now.xml
check 'a second patch changes nothing' cmp /vm/patched.xml /vm/now.xml

: >/vm/steps.log
domain_start hidden
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
check 'the sound is on vfio-pci' has_driver "$sound" vfio-pci
domain_pid hidden pid
mapfile -d '' -t arguments <"/proc/$pid/cmdline"
check 'x-vga has reached QEMU' has_text "${arguments[*]}" '"x-vga":true'
guest_has hidden "$gpu_id" "$sound_id"
check 'the guest finds our vendor id and no KVM' has_text "$guest_text" 'cpuid hypervisor bit 1' \
	'cpuid 40000000 "ourvendorid1"' 'cpuid 40000100 ""' 'cpuid has no KVM'
[[ $guest_text =~ 'guest: '([0-9a-f:]+)'.0 '"$gpu_id" ]] || fail 'the GPU is not function 0'
slot=${BASH_REMATCH[1]}
check "both functions are in slot $slot" has_text "$guest_text" "$slot.1 $sound_id"
check 'the guest has the ROM of the profile' has_text "$guest_text" "$slot.0 rom aa55 6801"
domain_stop hidden
expect_host_same
steps_text
[[ $steps != *'missing in its'* ]] || fail "the hook misses something: ${steps##*missing in its}"

note 'without the hypervisor bit'
profile hidden "${lines[0]}" 'hide-hypervisor = yes' "${lines[@]:1}"
handoff 1 patch hidden --check
check 'only that is missing' test "$(grep -c ' ([a-z-]*)$' /vm/handoff.text)" -eq 1
handoff 0 patch hidden --apply
reports hidden 'the guest finds no hypervisor at all' 'cpuid hypervisor bit 0' \
	'cpuid 40000000 "ourvendorid1"' 'cpuid has no KVM' "$slot.0 $gpu_id" "$slot.1 $sound_id"
expect_host_same

handoff 0 patch hidden --undo
definition hidden /vm/now.xml
check 'undo goes back to what it was before the first patch' cmp /vm/found.xml /vm/now.xml
