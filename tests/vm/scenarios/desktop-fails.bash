# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 600
# what: QEMU fails at once, or the hook is killed, when the desktop was ended: it comes back, and it is said why

# steps_since VARIABLE: what was logged since the last time
steps_since() {
	local -n since_out=$1
	steps_text
	since_out=${steps:${logged_before:-0}}
	logged_before=${#steps}
}

profile_for desk "$gpu"
desktop_up x11
desktop_seen

# BigAnteater#13: it looked as if the hook were broken
note 'QEMU fails at once'
elements="<qemu:commandline><qemu:arg value='-no-such-option'/></qemu:commandline>" \
	domain_define desk no "$gpu" "$sound"
steps_since text
domain_refused desk 'no-such-option'
desktop_is_back x11
steps_since text
check 'the desktop was ended for it' has_text "$text" 'stop the service: lightdm.service: active -> inactive'
check 'it says that it was the VM' has_text "$text" 'the VM failed and not the hand-over' \
	'/var/log/libvirt/qemu/desk.log'

domain_define desk no "$gpu" "$sound"
for record in '*session*' '*unbind*snd*'; do
	note "the hook is killed at the record $record"
	at_record "$record" kill
	if virsh -q start --domain desk 2>"$virsh_error"; then
		fail "the start was not struck at the record $record"
	fi
	[[ -s /vm/struck ]] || fail "no hook was killed: $(<"$virsh_error")"
	cat /vm/struck
	drop_holders
	desktop_is_back x11
done

# killed in release, too: nobody is left but us
for records in 7,3 20,8; do
	note "killed in prepare and in release at the records $records"
	at_record "$records" kill
	if virsh -q start --domain desk 2>"$virsh_error"; then
		fail "the start was not struck at the records $records"
	fi
	cat /vm/struck
	drop_holders
	handoff 0 recover
	desktop_is_back x11
done

note 'and then it works'
domain_start desk
guest_has desk "$gpu_id" "$sound_id"
domain_stop desk
desktop_is_back x11
