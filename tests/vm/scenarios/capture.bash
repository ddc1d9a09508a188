# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: bios
# deadline: 400
# what: collect.sh captures the host, and every command says of the capture what it says of the host

# shellcheck source=../l1/capture.bash
source /vm/control/in/l1/capture.bash
profile_for win11 "$gpu"
devices="<graphics type='vnc' passwd='s esame'/>" domain_define win11 yes "$gpu" "$sound"
capture win11
check "no password is in it" not_in_capture esame
expect_host_same
