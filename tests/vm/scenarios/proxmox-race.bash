# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 900
# what: 200 times two VMs want one card at the same moment: one has it, the other is told who

profile 100 '[host]' 'timeout = 20s'
profile 101 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" "hostpci0: $testdev"
vm_config 101 "$hooked" "hostpci0: $testdev"
/vm/tools/race 200 "$testdev"
expect_host_same
