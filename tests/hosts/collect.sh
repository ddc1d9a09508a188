#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Captures what vfio-handoff reads of this machine as one text file:
#
#	collect.sh [FILE]
#
# It changes nothing and needs no root; with root it sees more (IOMMU tables, the definitions of
# the VMs, who has a device open). It wants bash and the coreutils; perl, if it is there, asks which
# frame buffer the text console is on. Devices that sleep are not woken: what only a woken one tells
# is left out.
#
# Read the file through before you give it to somebody. MAC addresses and UUIDs are replaced by
# made-up ones, values behind "password", "token" and the like by MASKED. What is left are names: of
# VMs, of users, of files and of this machine in logs and Proxmox's configuration.
#
# The language of the file: tests/hosts/README.md. "unpack-host FILE DIR" makes a directory of it for
# "vfio-handoff --root DIR".

set -uo pipefail
export LC_ALL=C
shopt -s nullglob extglob

readonly text_max=$((64 << 10)) log_lines=400 binary_max=$((1 << 20))

case ${1:-} in
-h | --help)
	sed -n '/^#	collect/,/^# VMs, of/s/^#[	 ]\{0,1\}//p' "${BASH_SOURCE[0]}"
	exit 0
	;;
-*)
	printf 'collect.sh: unknown option %s\n' "$1" >&2
	exit 2
	;;
esac
if [[ ${1:-} ]]; then
	umask 077
	exec >"$1" || exit 1
fi

# --- words -----------------------------------------------------------------------------------------

# A path as a word of the language; fails for one that cannot be said.
word() {
	local path=${1#/}
	word=$path
	[[ $path != *[[:cntrl:]\"]* && $path ]] || return 1
	[[ $path != *[[:blank:]\#]* ]] || word="\"$path\""
}

declare -A said_macs=() said_uuids=()
readonly mac='([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}'
readonly uuid='[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}'
readonly secret='^(.*(passw(or)?d|passphrase|secret|token|psk|sshkeys|serial(number)?)[a-z_-]*["'\'']?[[:space:]]*[=:][[:space:]]*)("[^"]*"|'\''[^'\'']*'\''|[^[:space:]"'\'',>]+)(.*)$'

# Replaces what must not leave this machine in $line.
mask() {
	local rest=$line out='' found
	if [[ $line =~ $mac ]]; then
		while [[ $rest =~ $mac ]]; do
			found=${BASH_REMATCH[0]}
			if [[ ! ${said_macs[$found]:-} ]]; then
				printf -v "said_macs[$found]" '02:00:00:00:00:%02x' "$((${#said_macs[@]} + 1))"
			fi
			out+=${rest%%"$found"*}${said_macs[$found]}
			rest=${rest#*"$found"}
		done
		line=$out$rest
	fi
	rest=$line out=''
	if [[ $line =~ $uuid ]]; then
		while [[ $rest =~ $uuid ]]; do
			found=${BASH_REMATCH[0]}
			if [[ ! ${said_uuids[$found]:-} ]]; then
				printf -v "said_uuids[$found]" '00000000-0000-4000-8000-%012x' \
					"$((${#said_uuids[@]} + 1))"
			fi
			out+=${rest%%"$found"*}${said_uuids[$found]}
			rest=${rest#*"$found"}
		done
		line=$out$rest
	fi
	shopt -s nocasematch
	rest=$line out=''
	while [[ $rest =~ $secret ]]; do
		found=${BASH_REMATCH[5]}
		case $found in
		[\'\"]*) found=${found:0:1}MASKED${found:0:1} ;;
		*) found=MASKED ;;
		esac
		out=$found${BASH_REMATCH[6]}$out
		rest=${BASH_REMATCH[1]}
	done
	line=$rest$out
	shopt -u nocasematch
}

# lines_of PATH: stdin as the content of PATH; without any it is not there
lines_of() {
	local line ended=1 begun=
	while IFS= read -r line || { [[ $line ]] && ended=; }; do
		if [[ ! $begun ]]; then
			word "$1" || return 0
			printf 'text %s\n' "$word"
			begun=1
		fi
		mask
		printf '|%s\n' "$line"
	done
	[[ $ended ]] || { word "$1" && printf 'chop %s\n' "$word"; }
}

# value PATH TEXT: a file of one line
value() {
	local line=$2
	word "$1" || return 0
	mask
	if [[ $line == [[:blank:]]* || $line == *\\n* ]]; then
		lines_of "$1" <<<"$line"
	else
		printf 'file %s %s\n' "$word" "$line"
	fi
}

empty() { # PATH MODE
	word "$1" && printf 'hex %s\nstat %s %s\n' "$word" "$word" "$2"
}

# --- files -----------------------------------------------------------------------------------------

# attributes DIR NAME...: short files of sysfs whose show function waits for nothing
attributes() {
	local dir=$1 name text
	shift
	for name; do
		[[ -f $dir/$name && -r $dir/$name ]] || continue
		text=
		IFS= read -r -d '' text 2>/dev/null <"$dir/$name"
		# Nothing at all: the kernel refused.
		[[ $text ]] || continue
		text=${text%$'\n'}
		if [[ $text == *$'\n'* ]]; then
			lines_of "$dir/$name" <<<"$text"
		else
			value "$dir/$name" "$text"
		fi
	done
}

# slow DIR NAME...: the same for those that wait for a lock of the device
slow() {
	local dir=$1 name text
	shift
	for name; do
		[[ -f $dir/$name && -r $dir/$name ]] || continue
		text=$(timeout 2 cat -- "$dir/$name" 2>/dev/null) || continue
		if [[ $text ]]; then
			value "$dir/$name" "$text"
		else
			empty "$dir/$name" 644
		fi
	done
}

link() { # PATH...
	local path target
	for path; do
		[[ -L $path ]] || continue
		target=$(readlink -- "$path") || continue
		word "$target" || continue
		# word() takes the slash of an absolute one
		[[ $target != /* ]] || word=${word/"${target#/}"/"$target"}
		target=$word
		word "$path" && printf 'link %s %s\n' "$word" "$target"
	done
}

directory() {
	local path
	for path; do
		[[ -d $path ]] && word "$path" && printf 'dir %s\n' "$word"
	done
}

# Files whose presence is the answer.
there() { # MODE PATH...
	local mode=$1 path
	shift
	for path; do
		[[ -e $path ]] && empty "$path" "$mode"
	done
}

bytes() { # PATH
	local count byte
	word "$1" || return 0
	printf 'hex %s' "$word"
	while read -r count byte; do
		if ((count > 1)); then
			printf ' %s*%s' "$byte" "$count"
		else
			printf ' %s' "$byte"
		fi
	done < <(timeout 10 head -c "$binary_max" -- "$1" 2>/dev/null | od -An -v -tx1 -w1 | uniq -c)
	printf '\n'
}

whose() { # PATH...: owner, mode and age
	local path said
	for path; do
		[[ ! -L $path ]] || continue
		said=$(stat -c '%a %u %g %Y' -- "$path" 2>/dev/null) || continue
		word "$path" && printf 'stat %s %s\n' "$word" "$said"
	done
}

is_secret() {
	case ${1##*/} in
	*.key | *.pem | *shadow* | *.p12 | *.keytab | *secret* | *passw* | priv) return 0 ;;
	esac
	return 1
}

# A file of text as it is; a binary one only where bytes() is asked for.
content() { # PATH...
	local path part
	for path; do
		if [[ -L $path ]]; then
			link "$path"
			continue
		fi
		[[ -f $path && -r $path ]] || continue
		is_secret "$path" && continue
		part=
		IFS= read -r -n 1 part 2>/dev/null <"$path"
		if [[ $(timeout 5 head -c "$text_max" -- "$path" 2>/dev/null | tr -d '\0' | wc -c) != \
			"$(timeout 5 head -c "$text_max" -- "$path" 2>/dev/null | wc -c)" ]]; then
			continue
		fi
		if [[ -s $path || $part ]]; then
			lines_of "$path" < <(timeout 5 head -c "$text_max" -- "$path" 2>/dev/null)
		else
			empty "$path" 644
		fi
		whose "$path"
	done
}

# tree DIR DEPTH: all text below; links are not followed
tree() {
	local dir=$1 depth=$2 entry
	[[ -d $dir && ! -L $dir ]] || {
		content "$dir"
		return
	}
	directory "$dir"
	for entry in "$dir"/*; do
		if [[ -d $entry && ! -L $entry ]]; then
			if ((depth > 0)) && ! is_secret "$entry"; then
				tree "$entry" $((depth - 1))
			fi
		else
			content "$entry"
		fi
	done
	whose "$dir"
}

# Programs: that they are there, whose they are, and where their names lead.
programs() {
	local path target links
	for path; do
		for ((links = 0; links < 5; links++)); do
			[[ -L $path ]] || break
			link "$path"
			target=$(readlink -- "$path") || break
			[[ $target == /* ]] || target=${path%/*}/$target
			path=$target
		done
		[[ -f $path && -x $path ]] || continue
		word "$path" && printf 'program %s\n' "$word"
		whose "$path"
	done
}

# Scripts can be read, too.
scripts() {
	local path start
	for path; do
		programs "$path"
		start=
		[[ -L $path ]] || IFS= read -r -n 2 start 2>/dev/null <"$path"
		[[ $start != '#!' ]] || content "$path"
	done
}

answer() { # NAME COMMAND...: what a program says
	local name=$1 text
	shift
	type -P "$1" >/dev/null || return 0
	text=$(timeout 10 "$@" 2>/dev/null) || return 0
	lines_of "/captured/$name" <<<"$text"
}

nodes() {
	local path kind numbers
	for path; do
		[[ ! -L $path ]] || continue
		if [[ -c $path ]]; then
			kind=c
		elif [[ -b $path ]]; then
			kind=b
		else
			continue
		fi
		numbers=$(stat -c '0x%t 0x%T' -- "$path" 2>/dev/null) || continue
		word "$path" || continue
		printf 'node %s %s %d:%d\n' "$word" "$kind" "${numbers% *}" "${numbers#* }"
		whose "$path"
	done
}

# --- PCI -------------------------------------------------------------------------------------------

# below DIR DEPTH: the class devices that a driver made there
below() {
	local dir=$1 depth=$2 entry
	directory "$dir"
	attributes "$dir" dev name status enabled operstate type modes partition removable size id
	link "$dir/subsystem" "$dir/device" "$dir/master"
	((depth > 0)) || return 0
	for entry in "$dir"/*; do
		if [[ -L $entry ]]; then
			[[ ${entry##*/} != upper_* && ${entry##*/} != lower_* ]] || link "$entry"
			continue
		fi
		case ${entry##*/} in
		power | input* | queues | statistics | hwmon* | integrity | mq | queue | trace | wakeup* | ptp | phy*) ;;
		holders | slaves)
			directory "$entry"
			link "$entry"/*
			;;
		*) [[ ! -d $entry ]] || below "$entry" $((depth - 1)) ;;
		esac
	done
}

function_of_pci() {
	local at=$1 dir entry bar
	link "$at"
	dir=$(readlink -f -- "$at") || return 0
	directory "$dir"
	attributes "$dir" vendor device subsystem_vendor subsystem_device class revision modalias irq \
		enable boot_vga numa_node local_cpulist d3cold_allowed resource msi_bus \
		ari_enabled sriov_totalvfs sriov_numvfs sriov_drivers_autoprobe max_link_speed \
		max_link_width dma_mask_bits consistent_dma_mask_bits power_state label
	attributes "$dir" power/control power/runtime_status power/autosuspend_delay_ms
	slow "$dir" driver_override reset_method
	entry=
	[[ ! -r $dir/power/runtime_status ]] || read -r entry <"$dir/power/runtime_status"
	if [[ $entry == suspended ]]; then
		printf '# it sleeps: what only a woken device tells was not read\n'
	else
		slow "$dir" current_link_speed current_link_width resource{0..5}_resize
		bytes "$dir/config"
	fi
	for bar in "$dir"/resource{0..5} "$dir"/resource{0..5}_wc; do
		[[ ! -e $bar ]] || empty "$bar" 600
	done
	there 200 "$dir"/{reset,remove,rescan,reset_subordinate}
	there 600 "$dir/rom"
	link "$dir"/{driver,iommu,iommu_group,subsystem,physfn,firmware_node} "$dir"/virtfn*
	for entry in "$dir"/{drm,sound,graphics,net,nvme,vfio-dev,usb*,i2c-*,ata*,host*,virtio*,mdev_supported_types}; do
		[[ ! -d $entry ]] || below "$entry" 7
	done
}

driver_of_pci() {
	local dir=$1 entry
	directory "$dir"
	link "$dir/module"
	for entry in "$dir"/*:*; do
		link "$entry"
	done
	there 200 "$dir"/{bind,unbind,new_id,remove_id}
}

pci() {
	local at group
	for at in /sys/bus/pci/devices/*; do
		function_of_pci "$at"
	done
	for at in /sys/bus/pci/drivers/*; do
		case ${at##*/} in
		vfio* | nvidia* | nouveau | amdgpu | radeon | i915 | xe | snd_hda_intel | xhci_hcd | nvme) driver_of_pci "$at" ;;
		*) [[ ! $(echo "$at"/*:*) ]] || driver_of_pci "$at" ;;
		esac
	done
	there 200 /sys/bus/pci/{rescan,drivers_probe}
	for at in /sys/bus/pci/slots/*; do
		attributes "$at" address
	done
	directory /sys/kernel/iommu_groups
	for group in /sys/kernel/iommu_groups/*; do
		directory "$group/devices"
		attributes "$group" type reserved_regions name
		link "$group"/devices/*
	done
	directory /sys/class/iommu
	for at in /sys/class/iommu/*; do
		link "$at"
		directory "$(readlink -f -- "$at")/devices"
		attributes "$(readlink -f -- "$at")" intel-iommu/{cap,ecap,version} amd-iommu/{cap,features}
		link "$(readlink -f -- "$at")"/devices/*
	done
}

platform() {
	local at driver
	directory /sys/bus/platform/devices
	for at in /sys/bus/platform/devices/*; do
		case ${at##*/} in
		*framebuffer* | vesafb* | simple* | efifb*) ;;
		*) continue ;;
		esac
		link "$at"
		directory "$(readlink -f -- "$at")"
		link "$(readlink -f -- "$at")"/{driver,subsystem}
		driver=$(readlink -f -- "$at/driver") || continue
		there 200 "$driver"/{bind,unbind}
		link "$driver/${at##*/}"
	done
}

classes() {
	local class at real
	for class in block net graphics drm sound nvme vfio vfio-dev vtconsole; do
		directory "/sys/class/$class"
		for at in "/sys/class/$class"/*; do
			[[ ${at##*/} != loop* && ${at##*/} != ram* ]] || continue
			link "$at"
			real=$(readlink -f -- "$at") || continue
			# Those of a PCI function are there already.
			[[ $real == /sys/devices/pci* ]] || below "$real" 1
			[[ $class != vtconsole ]] || attributes "$real" bind name
			[[ ! -d $real/dm ]] || attributes "$real" dm/name
			[[ ! -d $real/bridge ]] || directory "$real/bridge"
		done
	done
	for at in /sys/class/vc/vcs[0-9]*; do
		link "$at"
	done
	attributes /sys/class/tty/tty0 active
	attributes /sys/class/dmi/id sys_vendor product_name product_version board_vendor board_name \
		bios_vendor bios_version bios_date chassis_type
}

modules() {
	local at name entries
	for at in /sys/module/*; do
		name=${at##*/}
		case $name in
		vfio* | kvm* | nvidia* | nouveau | amdgpu | radeon | i915 | xe | snd_hda_intel | apparmor | \
			vendor_reset | pcie_acs_override | irqbypass | iommu* | intel_iommu | amd_iommu | zfs)
			directory "$at"
			attributes "$at" initstate refcnt version
			entries=("$at"/parameters/*)
			slow "$at/parameters" "${entries[@]##*/}"
			;;
		*)
			[[ -e $at/initstate ]] || continue
			directory "$at"
			attributes "$at" initstate refcnt
			;;
		esac
		[[ ! -d $at/holders ]] || directory "$at/holders"
		link "$at"/holders/* "$at"/drivers/*
	done
}

# --- the rest of the kernel ---------------------------------------------------------------------------

kernel() {
	local at line
	there 400 /sys/firmware/acpi/tables/[A-Z]*
	directory /sys/firmware/efi
	at=/sys/firmware/efi/efivars/LoaderInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f
	[[ ! -r $at ]] || bytes "$at"
	for at in /sys/kernel/mm/hugepages/* /sys/devices/system/node/node*/hugepages/*; do
		attributes "$at" nr_hugepages free_hugepages
	done
	attributes /sys/kernel/mm/transparent_hugepage enabled
	for at in /sys/devices/system/node/node*; do
		attributes "$at" cpulist
	done
	attributes /sys/devices/system/cpu online present possible isolated nohz_full smt/active
	for at in /sys/devices/system/cpu/cpu[0-9]*; do
		attributes "$at" cpufreq/scaling_governor cpufreq/scaling_driver \
			topology/{core_id,physical_package_id,thread_siblings_list}
	done
	attributes /sys/fs/selinux enforce booleans/virt_hooks_unconfined
	lines_of /proc/spl/kstat/zfs/arcstats < <(while IFS= read -r line; do
		[[ ! $line =~ ^(size|c_max|c_min|c)[[:blank:]] ]] || printf '%s\n' "$line"
	done 2>/dev/null </proc/spl/kstat/zfs/arcstats)
	attributes /sys/kernel/security lsm lockdown
	[[ ! -r /sys/kernel/security/apparmor/profiles ]] || content /sys/kernel/security/apparmor/profiles
	content /proc/{cmdline,modules,swaps,version,meminfo,iomem,locks}
	attributes /proc/sys/kernel osrelease modprobe random/boot_id
	attributes /proc/sys/vm nr_hugepages
	lines_of /proc/cpuinfo < <(one_processor)
	lines_of /proc/interrupts < <(interrupts)
	lines_of /proc/stat < <(while IFS= read -r line; do
		[[ $line != btime* ]] || printf '%s\n' "$line"
	done </proc/stat)
	for at in self 1; do
		[[ ! -r /proc/$at/mountinfo ]] || lines_of "/proc/$at/mountinfo" < <(while IFS= read -r line; do
			[[ $line == */docker/* || $line == */snap/* ]] || printf '%s\n' "$line"
		done 2>/dev/null <"/proc/$at/mountinfo")
	done
	content /proc/self/net/route /proc/self/net/ipv6_route
	lines_of /proc/self/net/if_inet6 < <(while read -r _ line; do
		printf '20010db8000000000000000000000001 %s\n' "$line"
	done 2>/dev/null </proc/self/net/if_inet6)
	content /proc/driver/nvidia/version /proc/driver/nvidia/gpus/*/information
}

# Without the counts of each processor.
interrupts() {
	local label word rest
	while read -r label rest; do
		for word in $rest; do
			[[ $word != +([0-9]) ]] || rest=${rest#*"$word"}
			[[ $word == +([0-9]) ]] || break
		done
		[[ $label != CPU* ]] || rest=
		printf '%s %s\n' "$label" "${rest## }"
	done </proc/interrupts
}

# The features of the first processor are those of all.
one_processor() {
	local line count=0
	while IFS= read -r line; do
		[[ $line != processor* ]] || ((count++))
		case $line in
		flags* | bugs* | 'vmx flags'* | bogomips*) ((count > 1)) || printf '%s\n' "$line" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done </proc/cpuinfo
}

module_files() {
	local release dir display=() at class modalias line glob
	read -r release </proc/sys/kernel/osrelease
	dir=/lib/modules/$release
	lines_of "/boot/config-$release" < <(while IFS= read -r line; do
		case $line in
		*CONFIG_VFIO* | *IOMMU* | *CONFIG_FB_EFI* | *SIMPLEDRM* | *SYSFB* | *CONFIG_FB=* | *CONFIG_DRM=* | *VGA_ARB* | *FRAMEBUFFER_CONSOLE* | *PREEMPT*) printf '%s\n' "$line" ;;
		esac
	done 2>/dev/null <"/boot/config-$release")
	for at in modules.builtin modules.dep; do
		[[ -r $dir/$at ]] || continue
		lines_of "$dir/$at" < <(while IFS= read -r line; do
			case ${line%%:*} in
			*vfio* | */kvm* | *nvidia* | *nouveau* | *amdgpu* | *radeon* | */i915* | */xe.* | *irqbypass* | *vendor-reset*) printf '%s\n' "$line" ;;
			esac
		done <"$dir/$at")
	done
	for at in /sys/bus/pci/devices/*; do
		read -r class <"$at/class"
		[[ $class != 0x03* ]] || read -r "display[${#display[@]}]" <"$at/modalias"
	done
	[[ -r $dir/modules.alias ]] || return 0
	lines_of "$dir/modules.alias" < <(while read -r _ glob line; do
		[[ $glob == pci:* ]] || continue
		for modalias in "${display[@]}"; do
			# shellcheck disable=SC2053 # it is a pattern
			[[ $modalias != $glob ]] || printf 'alias %s %s\n' "$glob" "$line"
		done
	done <"$dir/modules.alias")
}

# --- processes -----------------------------------------------------------------------------------------

is_ours() {
	case $1 in
	libvirtd | virtqemud | qemu* | kvm | CPU* | vfio-handoff | Xorg | Xwayland | gnome-shell | kwin_wayland | \
		systemd-logind | nvidia-persiste | pvedaemon*) return 0 ;;
	esac
	return 1
}

# process DIR: what is asked of one; its arguments only where they say which VM it is
process() {
	local dir=$1 comm=$2 line
	value "$dir/comm" "$comm"
	attributes "$dir" stat cgroup
	lines_of "$dir/status" < <(while IFS= read -r line; do
		case $line in
		Name:* | State:* | Pid:* | PPid:* | Uid:* | Gid:*) printf '%s\n' "$line" ;;
		esac
	done 2>/dev/null <"$dir/status")
	case $comm in
	qemu* | kvm | CPU* | vfio-handoff | libvirtd | virtqemud)
		word "$dir/cmdline" || return 0
		printf 'words %s\n' "$word"
		while IFS= read -r -d '' line; do
			line=${line//$'\n'/ }
			mask
			printf '|%s\n' "$line"
		done 2>/dev/null <"$dir/cmdline"
		;;
	esac
}

holders() {
	local dir comm entry target line found maps
	for dir in /proc/[0-9]*; do
		comm=
		IFS= read -r comm 2>/dev/null <"$dir/comm" || continue
		found=()
		for entry in "$dir"/fd/*; do
			target=$(readlink -- "$entry" 2>/dev/null) || continue
			case ${target% (deleted)} in
			/dev/dri/* | /dev/nvidia* | /dev/snd/* | /dev/fb[0-9]* | /dev/vfio/* | /dev/kfd | /dev/nvme* | \
				/dev/tty[1-9]* | /dev/i2c-*) found+=("link ${entry#/} $target") ;;
			esac
		done
		maps=()
		while IFS= read -r line; do
			case $line in
			*/dev/dri/* | */dev/nvidia*) maps+=("$line") ;;
			esac
		done 2>/dev/null <"$dir/maps"
		((${#found[@]} + ${#maps[@]} > 0)) || [[ $dir == /proc/1 ]] || is_ours "$comm" || continue
		process "$dir" "$comm"
		((${#found[@]} == 0)) || printf '%s\n' "${found[@]}"
		((${#maps[@]} == 0)) || lines_of "$dir/maps" < <(printf '%s\n' "${maps[@]}")
	done
	attributes /proc/self cgroup
}

# --- the system ------------------------------------------------------------------------------------------

configuration() {
	local at
	there 600 "/boot/initrd.img-$(</proc/sys/kernel/osrelease)"
	content /etc/default/libvirt-guests /etc/sysconfig/libvirt-guests
	content /etc/{os-release,modules,dracut.conf,mkinitcpio.conf} /etc/default/grub \
		/etc/kernel/{cmdline,proxmox-boot-uuids,install.conf} /etc/selinux/config
	tree /etc/default/grub.d 0
	for at in /etc/{modprobe.d,modules-load.d,dracut.conf.d,mkinitcpio.conf.d,mkinitcpio.d} /run/modprobe.d \
		/usr/local/lib/modprobe.d /lib/modprobe.d /usr/lib/modules-load.d; do
		tree "$at" 0
	done
	[[ ! -L /lib ]] || tree /usr/lib/modprobe.d 0
	directory /usr/lib/dracut
	content /etc/initramfs-tools/{modules,initramfs.conf}
	tree /etc/initramfs-tools/conf.d 0
	tree /boot/loader 1
	tree /efi/loader 1
	tree /boot/efi/loader 1
	for at in /boot/grub/grub.cfg /boot/grub2/grub.cfg; do
		[[ -e $at ]] || continue
		if [[ -r $at ]]; then
			lines_of "$at" < <(while IFS= read -r line; do
				[[ ! $line =~ ^[[:space:]]*(linux|menuentry|set\ default) ]] || printf '%s\n' "$line"
			done <"$at")
		else
			there 400 "$at"
		fi
	done
	programs /usr/sbin/{update-grub,grub-mkconfig,grub2-mkconfig,update-initramfs,dracut,proxmox-boot-tool,libvirtd,virtqemud,qm,grubby} \
		/usr/bin/{grub-mkconfig,mkinitcpio,dracut,loginctl,systemctl,systemd-inhibit,setpriv,grub-probe,qemu-system-x86_64,virsh,sv} \
		/usr/sbin/{rc-service,vfio-handoff-hook,vfio-handoff-xml} /usr/bin/vfio-handoff /usr/local/{bin,sbin}/vfio-handoff
	lines_of /etc/passwd < <(while IFS= read -r line; do
		IFS=: read -r -a at <<<"$line"
		((${at[2]:-0} >= 1000 || ${at[2]:-0} == 0)) ||
			[[ $line == *qemu* ]] || continue
		printf '%s:x:%s:%s::%s:%s\n' "${at[0]}" "${at[2]}" "${at[3]}" "${at[5]:-}" "${at[6]:-}"
	done </etc/passwd)
	lines_of /etc/group < <(while IFS= read -r line; do
		[[ $line != *qemu* && $line != kvm:* && $line != libvirt* ]] || printf '%s\n' "$line"
	done </etc/group)
}

virtualisation() {
	local at
	tree /etc/vfio-handoff 2
	directory /etc/libvirt
	directory /etc/libvirt/hooks /etc/libvirt/hooks/qemu.d
	scripts /etc/libvirt/hooks/* /etc/libvirt/hooks/qemu.d/*
	whose /etc/libvirt/hooks /etc/libvirt/hooks/qemu.d
	for at in /etc/libvirt/{qemu.conf,libvirtd.conf,virtqemud.conf}; do
		[[ -r $at ]] || continue
		lines_of "$at" < <(while IFS= read -r line; do
			[[ ! $line || $line =~ ^[[:space:]]*# ]] || printf '%s\n' "$line"
		done <"$at")
	done
	content /etc/libvirt/qemu/*.xml
	there 600 /home/*/.config/libvirt/qemu/*.xml
	link /etc/libvirt/qemu/autostart/*
	content /etc/apparmor.d/abstractions/libvirt-qemu /etc/apparmor.d/usr.sbin.{libvirtd,virtqemud}
	tree /etc/apparmor.d/local 1
	tree /etc/apparmor.d/abstractions/libvirt-qemu.d 0
	there 644 /etc/apparmor.d/usr.lib.libvirt.virt-aa-helper
	tree /run/vfio-handoff 3
	tree /var/lib/vfio-handoff 3
	content /run/libvirt/qemu/*.pid
	there 600 /var/lib/libvirt/qemu/save/*.save
	for at in /var/log/libvirt/qemu/*.log; do
		[[ ! -r $at ]] || lines_of "$at" < <(timeout 5 tail -n "$log_lines" -- "$at")
		whose "$at"
	done
	proxmox
	roms
}

proxmox() {
	local at line package logs
	[[ -d /etc/pve ]] || return 0
	directory /etc/pve /etc/pve/nodes
	link /etc/pve/local /etc/pve/qemu-server
	content /etc/pve/.version /etc/pve/nodes/*/qemu-server/*.conf /etc/pve/{datacenter,replication}.cfg \
		/etc/pve/ha/{resources,groups,rules}.cfg /etc/pve/mapping/*.cfg
	tree /etc/pve/vfio-handoff 2
	lines_of /etc/pve/storage.cfg < <(while IFS= read -r line; do
		[[ $line =~ ^[a-z]+:|^[[:space:]]+(path|content|shared|nodes|pool|vgname) ]] && printf '%s\n' "$line"
	done 2>/dev/null </etc/pve/storage.cfg)
	scripts /var/lib/vz/snippets/*
	content /run/qemu-server/*.pid /run/qemu-server/pci-id-reservations
	there 644 /run/lock/qemu-server/* /run/qemu-server/force-legacy-cleanup
	lines_of /var/log/pve/tasks/index < <(timeout 5 tail -n 200 /var/log/pve/tasks/index 2>/dev/null)
	logs=(/var/log/pve/tasks/?/UPID:*:qmst*)
	((${#logs[@]} == 0)) || while IFS= read -r at; do
		lines_of "$at" < <(timeout 5 tail -n "$log_lines" -- "$at")
		whose "$at"
	done < <(timeout 5 ls -t -- "${logs[@]}" 2>/dev/null | head -n 12)
	answer pveversion pveversion
	lines_of /var/lib/dpkg/status < <(package=
		while IFS= read -r line; do
			[[ $line != Package:* ]] || package=${line#Package: }
			case $package:$line in
			qemu-server:* | pve-manager:* | pve-qemu-kvm:*)
				[[ $line && ! $line =~ ^(Package|Status|Version): ]] || printf '%s\n' "$line"
				;;
			esac
		done 2>/dev/null </var/lib/dpkg/status)
}

# Files that a VM is given as ROM.
roms() {
	local at line path
	for at in /etc/libvirt/qemu/*.xml /etc/pve/nodes/*/qemu-server/*.conf /etc/vfio-handoff/*.ini; do
		[[ -r $at ]] || continue
		while IFS= read -r line; do
			path=
			if [[ $line =~ \<rom\ [^\>]*file=[\'\"]([^\'\"]+) ]]; then
				path=${BASH_REMATCH[1]}
			elif [[ $line =~ romfile=([^,[:space:]]+) ]]; then
				path=/usr/share/kvm/${BASH_REMATCH[1]}
			elif [[ $line =~ ^[[:space:]]*rom[[:space:]]*=[[:space:]]*(/[^[:space:]]+) ]]; then
				path=${BASH_REMATCH[1]}
			fi
			[[ $path && -f $path && -r $path ]] || continue
			bytes "$path"
			whose "$path"
		done <"$at"
	done
}

logins() {
	local ids=() id _ at
	directory /run/systemd/{system,seats,sessions} /run/openrc /run/runit
	for at in /run/user/*/systemd/private; do
		there 755 "$at"
	done
	if type -P loginctl >/dev/null; then
		answer loginctl-list-sessions loginctl list-sessions --no-legend --no-pager
		while read -r id _; do
			[[ ! $id ]] || ids+=("$id")
		done < <(timeout 10 loginctl list-sessions --no-legend --no-pager 2>/dev/null)
		((${#ids[@]} == 0)) || answer loginctl-show-session loginctl show-session -p Id -p Name -p User \
			-p Seat -p VTNr -p Type -p Class -p Scope -p Service -p Leader -p Active -p State \
			--no-pager -- "${ids[@]}"
	fi
	type -P systemctl >/dev/null || return 0
	link /etc/systemd/system/display-manager.service /etc/systemd/system/*.wants/vfio-handoff-recover.*
	there 644 /lib/systemd/system/vfio-handoff-recover.*
	for at in libvirtd virtqemud; do
		answer "systemctl-show-$at" systemctl show --timestamp=unix \
			--property=StateChangeTimestamp "$at.service"
	done
	units_of_profiles
}

units_of_profiles() {
	local at line name
	for at in /etc/vfio-handoff/*.ini; do
		while IFS= read -r line; do
			[[ $line =~ ^[[:space:]]*services[[:space:]]*=(.*) ]] || continue
			for name in ${BASH_REMATCH[1]//,/ }; do
				[[ $name == *.* ]] || name+=.service
				unit "$name"
			done
		done 2>/dev/null <"$at"
	done
	at=$(readlink /etc/systemd/system/display-manager.service) && unit "${at##*/}"
}

unit() {
	[[ $1 == [A-Za-z0-9]* && $1 != */* ]] || return 0
	answer "systemctl-show-$1" systemctl show -p \
		Id,LoadState,ActiveState,TriggeredBy,RequiredBy,BoundBy,ConsistsOf,RequisiteOf,UpheldBy -- "$1"
}

logs() {
	answer libvirtd-version /usr/sbin/libvirtd --version
	answer virtqemud-version /usr/sbin/virtqemud --version
	answer qemu-version qemu-system-x86_64 --version
	# No program of the coreutils asks a device which console is on it.
	if type -P perl >/dev/null; then
		# shellcheck disable=SC2016 # they are perl's
		answer con2fb perl -e '
			my $f = (grep { -c } map { "/dev/fb$_" } 0 .. 31)[0] or exit 1;
			open my $d, "<", $f or exit 1;
			for my $c (1 .. 63) {
				my $map = pack "LL", $c, 0;
				my $fb = ioctl($d, 0x460F, $map) ? (unpack "LL", $map)[1] : next;
				print $c, " ", $fb < 32 ? $fb : -1, "\n";
			}'
	fi
	if timeout 10 dmesg >/dev/null 2>&1; then
		lines_of /captured/dmesg < <(timeout 10 dmesg --color=never --time-format=iso | tail -n 3000)
	fi
	answer journalctl-libvirtd journalctl --no-pager --boot --lines="$log_lines" --output=short-iso \
		--unit=libvirtd.service --unit=virtqemud.service
	# Only what the report reads: the rest names the machine.
	answer journalctl-vfio-handoff journalctl --no-pager --lines="$log_lines" --output=json \
		--output-fields=MESSAGE,PRIORITY,VM,EVENT,DEVICE,STEP,SYSLOG_PID,_PID --identifier=vfio-handoff
	[[ ! -d /etc/pve ]] || answer journalctl-qmeventd journalctl --no-pager --boot --lines="$log_lines" \
		--output=short-iso --unit=qmeventd.service
}

# --- all of it -----------------------------------------------------------------------------------------

printf 'static\n# Captured by collect.sh. Read it through before you give it to somebody.\n'
value /captured/time "$(date +%s)"
value /captured/uid "$(id -u)"
# First, since others lead through them.
for merged in /bin /sbin /lib; do
	[[ ! -L $merged ]] || directory "$(readlink -f -- "$merged")"
	link "$merged"
done
pci
platform
classes
modules
kernel
module_files
nodes /dev/dri/* /dev/snd/* /dev/fb[0-9]* /dev/nvidia* /dev/nvidia-caps/* /dev/vfio/* /dev/kvm /dev/kfd \
	/dev/nvme* /dev/sd[a-z]* /dev/tty[0-9] /dev/tty1[0-2] /dev/i2c-*
holders
configuration
virtualisation
logins
logs
