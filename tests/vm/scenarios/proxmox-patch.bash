# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 300
# what: patch makes a VM of the guide start: shown, run by hand, run by --apply, pending, undone, locked

conf=$vm_configs/100.conf
printf '%s\n' '#!/bin/bash' 'exec bash /vm/control/in/l1/qm "$@"' >/usr/sbin/qm
chmod 755 /usr/sbin/qm

# conf_has LINE...: each is a line of the current part
conf_has() {
	local line text
	file_text "$conf" text
	text=${text%%'['*}
	for line; do
		[[ $'\n'$text == *$'\n'"$line"$'\n'* ]] || {
			printf 'no line "%s" in:\n%s' "$line" "$text"
			return 1
		}
	done
}

# apply_printed ARGUMENT...: what patch prints is run as a person does, by a shell
apply_printed() {
	vfio-handoff patch 100 "$@" 2>/dev/null >/vm/command
	printf '$ %s' "$(</vm/command)"
	bash /vm/command
}

note "the guide's VM: two lines for one card, arguments that QEMU does not take"
profile 100 '[host]' 'timeout = 20s' '[guest]' 'hide-kvm = yes' 'vendor-id = randomid' 'cpu = host-passthrough'
vm_config 100 'args: -cpu nosuch -boot menu=off' 'cpu: host,flags=+pcid' "$hooked" \
	'hostpci0: 01:00,x-vga=1' 'hostpci1: 01:00.1' 'name: desk' \
	'ostype: win10' '' '[before]' "hostpci0: $nvme"
cp -p "$conf" /vm/conf.before
run_qm start 100
check 'it does not start' test "$qm_status" -ne 0
: >/vm/phases
expect_host_same

note 'shown, and nothing is changed'
handoff 0 patch 100
check 'it is explained' has_text "$handoff_text" 'qm set 100 --digest' 'hostpci1: folded into hostpci0' \
	"'-cpu nosuch'" --fix-args
check 'the file is as it was' cmp -s "$conf" /vm/conf.before
handoff 1 patch 100 --check
check 'it lists what is missing' has_text "$handoff_text" 'cpu: hidden=1' 'args: without -cpu'

note 'the command that is printed, run by hand'
apply_printed --fix-args
check 'what was asked for is there' conf_has 'args: -boot menu=off' 'cpu: host,flags=+pcid,hidden=1,hv-vendor-id=randomid' \
	'hostpci0: 01:00,x-vga=1' 'name: desk'
handoff 0 patch 100 --check
cp -p /vm/conf.before "$conf"

note 'applied, and the VM starts with the card'
handoff 0 patch 100 --apply --fix-args
handoff 0 patch 100 --check
qm start 100
guest_has 100 "$gpu_id" "$sound_id"
phases_came 0 100 pre-start post-start
# shellcheck disable=SC2154 # set by guest_has
check 'the guest finds no KVM' has_text "$guest_text" 'guest: cpuid has no KVM'
[[ ! -c /dev/kvm ]] ||
	check 'the vendor id is ours' has_text "$guest_text" 'guest: cpuid 40000000 "randomid"'

note 'changed while it runs: it holds from the next start'
profile 100 '[host]' 'timeout = 20s' '[guest]' 'hide-kvm = yes' 'vendor-id = randomid' 'cpu = host-passthrough' \
	'balloon = none' 'x-vga = yes' 'video = none'
handoff 0 patch 100 --apply
check 'the user is told' has_text "$handoff_text" 'is running: this holds from its next start'
check 'it is pending' has_text "$(<"$conf")" $'[PENDING]\nballoon: 0\nvga: none\n'
handoff 0 patch 100 --apply
check 'a second time there is nothing to do' has_text "$handoff_text" 'nothing for qm to change'
qm stop 100
phases_came 0 100 pre-stop post-stop
expect_host_same
check 'it has come' conf_has 'balloon: 0' 'vga: none'

note 'somebody else'
run_qm set 100 --vga std
handoff 1 patch 100 --undo
check 'the values are named' has_text "$handoff_text" "vga: it is 'std'; patch made it 'none'"
run_qm set 100 --vga none
run_qm set 100 --digest 0000000000000000000000000000000000000000 --balloon 1
check 'qm itself knows by the digest' has_text "$qm_text" 'file changed by other user'

note 'a lock'
cp -p "$conf" /vm/conf.patched
printf 'lock: backup\n' | cat - /vm/conf.patched >"$conf"
handoff 1 patch 100 --undo
check 'the lock is named' has_text "$handoff_text" 'VM 100 is locked (backup)'
cp -p /vm/conf.patched "$conf"

note 'undone'
handoff 0 patch 100 --undo
check 'every byte is as before' cmp -s "$conf" /vm/conf.before
check 'nothing is kept' test ! -e /var/lib/vfio-handoff/guest/100
handoff 0 patch 100 --undo
check 'there is nothing to undo' has_text "$handoff_text" 'nothing to undo'
rm -f /usr/sbin/qm /vm/command /vm/conf.before /vm/conf.patched
expect_host_same 'nothing was touched' 0
