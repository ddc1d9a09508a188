# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 900
# what: 20 times started and stopped, after each the host as before

profile_for rounds "$gpu"
domain_define rounds yes "$gpu" "$sound"
for ((round = 1; round <= 20; round++)); do
	rm -f /vm/guest/rounds.serial
	domain_start rounds
	guest_has rounds "$gpu_id" "$sound_id" >/dev/null
	domain_stop rounds
	expect_host_same "the host is as before after round $round"
done
check 'the console works' console_works
