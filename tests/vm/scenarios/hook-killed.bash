# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 500
# what: the hook is killed between two writes; release or 'recover' brings the host back

profile_for struck "$gpu"
domain_define struck no "$gpu" "$sound"

# Killed in prepare: libvirt calls release, and that is enough.
for record in 1 2 4 7 11; do
	note "killed in prepare at record $record"
	at_record "$record" kill
	if virsh -q start --domain struck 2>"$virsh_error"; then
		fail "the start was not struck at record $record"
	fi
	[[ -s /vm/struck ]] || fail "no hook was killed: $(<"$virsh_error")"
	drop_holders
	expect_host_same "release undid what the killed prepare had done by record $record"
done

# Killed in prepare and again in release: nobody is left but us.
for records in 2,1 5,2 9,3; do
	note "killed in prepare and in release at records $records"
	at_record "$records" kill
	if virsh -q start --domain struck 2>"$virsh_error"; then
		fail "the start was not struck at record $records"
	fi
	drop_holders
	handoff 0 recover
	expect_host_same "recover undid what was left at records $records"
	handoff 0 recover
	expect_host_same 'a second recover changes nothing'
done

# Killed in the release of a domain that ran.
for record in 1 3; do
	note "killed in release at record $record"
	domain_start struck
	at_record "$record" kill
	domain_stop struck
	[[ -s /vm/struck ]] || fail 'no hook was killed'
	drop_holders
	handoff 0 recover
	expect_host_same "recover finished the release killed at record $record"
done

domain_start struck
guest_has struck "$gpu_id" "$sound_id"
domain_stop struck
expect_host_same 'the next start and stop work as ever'
