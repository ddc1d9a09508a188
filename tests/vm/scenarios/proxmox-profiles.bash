# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# what: profiles of the cluster file system, mappings, contradictions, containers, VMs that are none of ours

quiet() {
	exec_hook 0 "$@"
	check 'it says nothing' test -z "$hook_text"
}

note 'a profile of the cluster file system'
mkdir -m 755 /etc/pve/vfio-handoff
pve_file /etc/pve/vfio-handoff/100.ini '[host]' 'timeout = 20s'
read -r mode owner < <(stat -c '%a %U:%G' /etc/pve/vfio-handoff/100.ini)
check "it is Proxmox's kind of file: $mode $owner" test "$mode $owner" = '640 root:www-data'
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'
handoff 0 profile check 100
exec_hook 0 100 pre-start
check 'the GPU is on vfio-pci' has_driver "$gpu" vfio-pci
exec_hook 0 100 post-stop
expect_host_same

note 'the profile of this node comes before it'
profile 100 '[device card]' "adress = $testdev"
exec_hook 2 100 pre-start
check 'file and line are named' has_text "$hook_text" 100.ini:2: adress
expect_host_same 'nothing was touched' 0

note 'profile and hostpci differ'
profile_for 100 "$testdev"
exec_hook 1 100 pre-start
check 'both are shown' has_text "$hook_text" "$testdev" "$gpu"
expect_host_same 'nothing was touched' 0

note 'profile and hostpci agree'
vm_config 100 "$hooked" "hostpci0: $testdev"
exec_hook 0 100 pre-start
check 'the device is on vfio-pci' has_driver "$testdev" vfio-pci
exec_hook 0 100 post-stop
expect_host_same

note 'a mapping'
profile 101 '[host]' 'timeout = 20s'
pve_file /etc/pve/mapping/pci.cfg 'other' $'\tmap id=8086:293e,node=vm,path='"$sound" '' 'card' \
	$'\tdescription the card of this node, and of another' \
	$'\tmap id=1234:1111,iommugroup=1,node=elsewhere,path='"$gpu" \
	$'\tmap id=1b36:0005,iommugroup=6,node=vm,path='"$testdev"
vm_config 101 "$hooked" 'hostpci0: mapping=card,pcie=1'
qm start 101
check 'the device is on vfio-pci' has_driver "$testdev" vfio-pci
guest_has 101 "$testdev_id"
qm stop 101
expect_host_same

note 'a container, and VMs that are none of ours'
vm_config 102 "$hooked" 'hostpci0: 0000:01:00'
profile 200 '[host]' 'timeout = 20s'
pve_file /etc/pve/nodes/vm/lxc/200.conf "$hooked" 'arch: amd64'
for phase in pre-start post-start pre-stop post-stop; do
	exec_hook 0 200 "$phase"
	quiet 102 "$phase"
	quiet 999 "$phase"
done
expect_host_same 'nothing was touched' 0
