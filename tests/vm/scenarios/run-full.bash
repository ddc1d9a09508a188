# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: no room left for the journal: the start is refused and nothing is touched; then there is room

profile_for full "$gpu"
domain_define full no "$gpu" "$sound"
rm -rf /run/vfio-handoff
mkdir -p /run/vfio-handoff
for size in 0 4096 8192 12288; do
	mount -t tmpfs -o "size=64k,nr_inodes=64" full /run/vfio-handoff
	head -c $((65536 - size)) /dev/zero >/run/vfio-handoff/.ballast || :
	if virsh -q start --domain full 2>"$virsh_error"; then
		note "with $size bytes left it starts"
		domain_stop full
	else
		file_text "$virsh_error" message
		# shellcheck disable=SC2154 # set by file_text
		note "with $size bytes left: ${message##*exit status }"
		check 'the full disk is named' has_text "$message" 'No space left on device'
	fi
	umount /run/vfio-handoff
	expect_host_same "with $size bytes left the host is as before"
	check 'the console works' console_works
done
rmdir /run/vfio-handoff
domain_start full
guest_has full "$gpu_id" "$sound_id"
domain_stop full
expect_host_same
