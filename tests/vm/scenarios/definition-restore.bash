# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 240
# what: a guest saved before its profile was written is restored, and the log says what it does not get

image=/vm/saved.image

domain_define saved yes
domain_start saved
guest_report saved
check 'it is saved' virsh -q save --domain saved "$image"

note 'libvirt takes no other machine for it: this is why the hook does not apply the whole set'
virsh save-image-dumpxml "$image" --security-info >/vm/saved.xml
file_text /vm/saved.xml xml
for part in "</features>|<kvm><hidden state='on'/></kvm></features>|State of feature 'kvm' differs" \
	"</features>|<hyperv><vendor_id state='on' value='randomid'/></hyperv></features>|State of feature 'hyperv' differs" \
	"</features>|<ioapic driver='kvm'/></features>|State of feature 'ioapic' differs" \
	"</devices>|<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='4' slot='0' function='0'/></source><address type='pci' domain='0' bus='0' slot='0x1e' function='0'/></hostdev></devices>|host device count 1 does not match source 0"; do
	IFS='|' read -r from to reason <<<"$part"
	printf '%s\n' "${xml/"$from"/"$to"}" >/vm/changed.xml
	if virsh -q restore "$image" --xml /vm/changed.xml >/dev/null 2>"$virsh_error"; then
		fail "libvirt restored a guest that was saved without $to"
	fi
	file_text "$virsh_error" error
	check "refused: $reason" has_text "$error" "$reason"
done

note 'with the hook, and a profile that asks for all of it'
profile_for saved "$nic" "rom = /usr/share/vgabios/nic.rom" '[guest]' 'hide-kvm = yes' 'vendor-id = randomid'
: >/vm/steps.log
check 'it is restored' virsh -q restore "$image"
check 'and runs' test "$(virsh domstate saved)" = running
must_come 5 'the log says what it does not get' \
	'steps_text; has_text "$steps" "saved: a guest that runs or is saved cannot get " "(hide-kvm)" "(vendor-id)" \
		"$nic" "next full start" EVENT=restore >/dev/null'
check 'the device left the host for it all the same' has_driver "$nic" vfio-pci
live=$(virsh dumpxml saved)
check 'the guest is as it was' test "${live#*hidden}" = "$live"
domain_stop saved
expect_host_same

note 'what comes out where the card is there: libvirt takes it for a definition'
domain_define saved yes "$nic"
definition saved /vm/with-card.xml
for operation in restore migrate; do
	/usr/sbin/vfio-handoff-hook saved "$operation" begin - </vm/with-card.xml >/vm/filtered.xml
	file_text /vm/filtered.xml filtered
	check "$operation: the ROM file is in it" has_text "$filtered" "file='/usr/share/vgabios/nic.rom'"
	check "$operation: nothing else is" test "${filtered#*hidden}" = "$filtered"
	check "$operation: libvirt takes it" virsh -q define --validate /vm/filtered.xml
	/usr/sbin/vfio-handoff-hook saved "$operation" begin - </vm/filtered.xml >/vm/again.xml
	check "$operation: done once, nothing comes out" test ! -s /vm/again.xml
done
expect_host_same 'and nothing was touched' 0
