# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: two-gpus
# what: ROMs are read with a driver, without one and asleep on vfio-pci; the boot VGA's shadow is refused

# dump_of ADDRESS FILE: it is what QEMU put in there, and the host is as before
dump_of() {
	rm -f /vm/card.rom
	handoff 0 rom dump "$1" /vm/card.rom
	check 'it is the one that QEMU gave the card' cmp -n "$(stat -c %s /vm/card.rom)" /vm/card.rom "$2"
	check 'it is all of it' test "$(stat -c %s /vm/card.rom)" -ge 1024
	check 'everybody may read it' test "$(stat -c %a /vm/card.rom)" = 644
}

nic_rom=/usr/lib/ipxe/qemu/efi-e1000e.rom
vga_rom=/usr/share/seabios/vgabios-stdvga.bin
nic_dir=/sys/bus/pci/devices/$nic

umask 077
note 'while the host has it'
dump_of "$nic" "$nic_rom"
check 'both images are told' has_text "$handoff_text" BIOS 'EFI x86-64' "it is for $nic" "$nic_id"
dump_of "$gpu2" "$vga_rom"
check 'it has no EFI image' has_text "$handoff_text" 'no EFI image'
expect_host_same 'the dumps changed nothing' 0

note 'the card that the machine booted with has a copy in memory only'
rm -f /vm/card.rom
handoff 1 rom dump "$gpu" /vm/card.rom
check 'why is said' has_text "$handoff_text" 'a copy of its ROM in memory'
check 'there is no file' test ! -e /vm/card.rom

note 'without a driver, and its memory switched off'
echo "$nic" >/sys/bus/pci/drivers/e1000e/unbind
printf '\0' | dd of="$nic_dir/config" bs=1 seek=4 conv=notrunc status=none
read -r enabled <"$nic_dir/enable"
dump_of "$nic" "$nic_rom"
check 'it was disabled again' test "$(<"$nic_dir/enable")" = "$enabled"
echo 1 >"$nic_dir/rom"
check 'the file could be read now' test "$(wc -c <"$nic_dir/rom")" -gt 0
echo 0 >"$nic_dir/rom"
dump_of "$nic" "$nic_rom"
! cat "$nic_dir/rom" >/dev/null 2>&1 || fail 'the ROM is still switched on'

note 'asleep on vfio-pci'
modprobe vfio-pci
echo vfio-pci >"$nic_dir/driver_override"
echo "$nic" >/sys/bus/pci/drivers/vfio-pci/bind
must_come 10 'it is asleep' "[[ \$(<$nic_dir/power/runtime_status) == suspended ]]"
dump_of "$nic" "$nic_rom"
check 'it may sleep again' test "$(<"$nic_dir/power/control")" = auto
must_come 10 'it is asleep again' "[[ \$(<$nic_dir/power/runtime_status) == suspended ]]"
echo "$nic" >/sys/bus/pci/drivers/vfio-pci/unbind
echo >"$nic_dir/driver_override"
echo on >"$nic_dir/power/control"
echo "$nic" >/sys/bus/pci/drivers/e1000e/bind

note 'not while a VM has it'
profile_for second "$gpu2"
handoff 0 detach second
handoff 1 rom dump "$gpu2" /vm/other.rom
check 'who has it is said' has_text "$handoff_text" "belongs to the VM 'second'"
handoff 0 reattach second

note 'files'
handoff 0 rom check "$nic_rom" "$nic"
handoff 1 rom check "$nic_rom" "$gpu2"
check 'it is the wrong card' has_text "$handoff_text" "wrong  it is for a $nic_id"
cp "$vga_rom" /vm/closed.rom
chmod 0600 /vm/closed.rom
handoff 1 rom check /vm/closed.rom "$gpu2"
check 'QEMU may not read it' has_text "$handoff_text" 'may not'
