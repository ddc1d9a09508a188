# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: the hook run by a plain user, as a session daemon does

as_user() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs "$@"
}

domain_define session no "$gpu" "$sound"
output=$(as_user /usr/sbin/vfio-handoff-hook session prepare begin - <"$domains/session.xml" 2>&1) ||
	fail "without a profile: exit $?: $output"
check 'without a profile: silent' test -z "$output"
profile_for session "$gpu"
status=0
output=$(as_user /usr/sbin/vfio-handoff-hook session prepare begin - <"$domains/session.xml" 2>&1) || status=$?
printf '%s\n' "$output"
check "with a profile: refused (exit $status)" test "$status" -eq 1
check 'with the reason' has_text "$output" root
output=$(as_user /usr/sbin/vfio-handoff-hook session release end - <"$domains/session.xml" 2>&1) || :
expect_host_same 'nothing was touched' 0
