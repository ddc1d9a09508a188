# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: a typing error in the profile: refused with file, line and the nearest key; nothing touched

profile typo '[device gpu]' "adress = $gpu"
domain_define typo no "$gpu" "$sound"
domain_refused typo typo.ini:2: adress address
expect_host_same 'nothing was touched' 0
handoff 2 profile check typo
check 'the command says the same' has_text "$handoff_text" typo.ini:2: adress address
