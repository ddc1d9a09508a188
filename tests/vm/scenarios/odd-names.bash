# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 300
# what: domain names with spaces, quotes, percent signs and dashes are data, never a path or an option

names=('win 10' "it's \"odd\"" '100%s %n' '-x' '..x')

for name in "${names[@]}"; do
	check "'$name' without a profile: prepare is let through" \
		/usr/sbin/vfio-handoff-hook "$name" prepare begin - </dev/null
done
domain_define '-x' no
domain_start '-x'
domain_stop '-x'
expect_host_same 'a domain without a profile is nothing to us' 0

for name in "${names[@]}"; do
	profile_for "$name" "$nic"
	domain_define "$name" no "$nic"
	domain_start "$name"
	check "'$name': the NIC is on vfio-pci" has_driver "$nic" vfio-pci
	domain_stop "$name"
	expect_host_same "'$name': the host is as before"
done
for name in .. . a/b ''; do
	status=0
	/usr/sbin/vfio-handoff-hook "$name" prepare begin - </dev/null >/dev/null 2>&1 || status=$?
	check "'$name' is no reason to crash (exit $status)" test "$status" -le 3
	expect_host_same "'$name' changed nothing" 0
done
