# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: Ctrl-C in the middle of a detach by hand: all undone; in the middle of the way back: it is finished

profile_for hand "$gpu"
for record in 3 8 14 20; do
	at_record "$record" interrupt
	handoff 1 detach hand
	[[ -s /vm/struck ]] || fail "nothing was interrupted at record $record"
	check 'the interruption is named' has_text "$handoff_text" 'interrupted by a signal'
	drop_holders
	expect_host_same "what was done by record $record is undone" 0
	check 'the console works' console_works
done

handoff 0 detach hand
at_record 2 interrupt
handoff 0 reattach hand
[[ -s /vm/struck ]] || fail 'the way back was not interrupted'
drop_holders
expect_host_same 'a way back is never cut short' 0
check 'the console works' console_works
