# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 400
# what: collect.sh captures a node, and every command says of the capture what it says of the node

# shellcheck source=../l1/capture.bash
source /vm/control/in/l1/capture.bash
profile 100 '[host]' 'timeout = 20s'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00,pcie=1' 'balloon: 512' 'memory: 2048'
capture 100
expect_host_same
