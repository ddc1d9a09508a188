# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What install.sh knows of Proxmox VE: where its guests find a hookscript, and who uses ours. Sourced
# by install.sh, whose variables and functions it uses. /etc/pve is only read.
# Source: pve-storage src/PVE/Storage/{Plugin,DirPlugin}.pm; pve-common src/PVE/SectionConfig.pm

# shellcheck disable=SC2154 # root, manifest, profiles and hook_program are install.sh's

pve=/etc/pve
snippet=vfio-handoff

storages=()               # in the order of the file
declare -A storage_dir    # ID: the directory of its snippets
declare -A storage_state  # ID: ready; no-snippets: may be told to take some; else why it is left out
declare -A storage_content
snippet_links=()

is_proxmox() {
	is_pve_mounted || [[ -e $root/usr/sbin/qm ]]
}

is_pve_mounted() {
	[[ -L $root$pve/local ]]
}

pve_node() {
	basename "$(readlink "$root$pve/local")"
}

other_nodes() {
	local folder node
	node=$(pve_node)
	for folder in "$root$pve"/nodes/*/; do
		folder=$(basename "$folder")
		[[ $folder == "$node" ]] || echo "$folder"
	done
}

# --- storages -----------------------------------------------------------------------------------

is_true() {
	[[ ${1,,} =~ ^(1|on|yes|true)$ ]]
}

is_false() {
	[[ ${1,,} =~ ^(0|off|no|false)$ ]]
}

in_list() { # WORD LIST
	[[ " ${2//[,;[:space:]]/ } " == *" $1 "* ]]
}

is_mounted() { # PATH
	local path
	path=$(realpath -e -- "$root$1" 2>/dev/null) || return 1
	[[ -r $root/proc/mounts ]] && grep -qxF -- "${path#"$root"}" <(cut -d ' ' -f 2 "$root/proc/mounts")
}

# The functions below read the array section: the keys of the storage that is being read.

is_storage_there() {
	local mount=${section[is_mountpoint]:-no}
	if is_true "$mount"; then
		mount=${section[path]}
	fi
	[[ -d $root${section[path]} ]] && { is_false "$mount" || is_mounted "$mount"; }
}

state_of_storage() { # ID
	if [[ ! ${section[type]} =~ ^(dir|btrfs)$ ]]; then
		echo 'not a local directory'
	elif is_true "${section[disable]:-0}"; then
		echo disabled
	elif [[ ${section[nodes]:-} && $1 != local ]] && ! in_list "$(pve_node)" "${section[nodes]}"; then
		echo 'not for this node'
	elif is_true "${section[shared]:-0}"; then
		echo 'shared between nodes'
	elif ! is_storage_there; then
		echo 'not mounted'
	elif in_list snippets "${section[content]:-}"; then
		echo ready
	else
		echo no-snippets
	fi
}

# What Proxmox puts in the place of a 'local' that is missing, or is not the directory /var/lib/vz.
use_default_local() {
	section=([type]=dir [path]=/var/lib/vz [content-dirs]=''
		[content]='backup images iso rootdir snippets vztmpl')
}

end_of_storage() { # ID
	local id=$1 override subdir=snippets
	if [[ $id == local && (${section[type]} != dir || ${section[path]:-} != /var/lib/vz) ]]; then
		use_default_local
	fi
	: "${section[path]:=/mnt/pve/$id}" # where network storages are mounted
	[[ ${section[path]} =~ ^/[-/a-zA-Z0-9_.@]+$ ]] || return 0
	for override in ${section[content-dirs]//[,;]/ }; do
		[[ $override != snippets=* ]] || subdir=${override#snippets=}
	done
	[[ ${storage_dir[$id]:-} ]] || storages+=("$id")
	storage_dir[$id]=${section[path]%/}/$subdir
	storage_content[$id]=${section[content]:=images,rootdir}
	storage_state[$id]=$(state_of_storage "$id")
}

# A section is a line 'TYPE: ID' and indented lines 'KEY VALUE', and ends at an empty line.
read_storages() {
	local id='' line key value
	local -A section=()
	while IFS= read -r line; do
		if [[ $line =~ ^[[:space:]]*# ]]; then
			continue
		elif [[ ! $line ]]; then
			[[ ! $id ]] || end_of_storage "$id"
			id=''
		elif [[ ! $id && $line =~ ^([^[:space:]]+):[[:space:]]*([A-Za-z][-A-Za-z0-9_.]*[A-Za-z0-9])[[:space:]]*$ ]]; then
			id=${BASH_REMATCH[2]}
			section=([type]=${BASH_REMATCH[1],,} [content-dirs]='')
		elif [[ $id && $line =~ ^[[:space:]]+([a-z_-]+)([[:space:]]+(.*[^[:space:]]))?[[:space:]]*$ ]]; then
			key=${BASH_REMATCH[1]}
			value=${BASH_REMATCH[3]:-1} # a key alone is a switch
			: "${section[$key]:=$value}"
		fi
	done < <(cat "$root$pve/storage.cfg" 2>/dev/null && echo)
	[[ ! $id ]] || end_of_storage "$id"
	if [[ ! ${storage_dir[local]:-} ]]; then
		use_default_local
		end_of_storage local
	fi
}

# --- the link -----------------------------------------------------------------------------------

find_snippet_links() {
	local id
	is_pve_mounted || return 0
	read_storages
	for id in "${storages[@]}"; do
		[[ ${storage_state[$id]} != ready ]] || snippet_links+=("${storage_dir[$id]}/$snippet")
	done
}

put_snippet_links() { # ROOT
	local link
	for link in "${snippet_links[@]}"; do
		{ mkdir -p "$(dirname "$1$link")" && ln -sfn "$hook_program" "$1$link"; } ||
			say "Could not make the link $1$link"
	done
}

# For the manifest. A storage that an earlier run put a link into may be off now, and a VM may still
# be using the link.
kept_snippet_links() {
	local link
	[[ -f $root$manifest ]] || return 0
	sed -n "s|^link \(.*/$snippet\)\$|\1|p" "$root$manifest" | while read -r link; do
		echo "link $link"
		! in_manifest "$(dirname "$link")" || echo "directory $(dirname "$link")"
	done
}

# --- guests that use it -------------------------------------------------------------------------

leads_to_hook() { # FILE, without the root
	local file=$1 target i
	for ((i = 0; i < 8; i++)); do
		[[ $file != "$hook_program" ]] || return 0
		target=$(readlink -- "$root$file") || return 1
		[[ $target == /* ]] || target=$(dirname "$file")/$target
		file=$(realpath -ms -- "$target")
	done
	return 1
}

hookscript_of() { # FILE: of the current part; snapshots and pending changes follow it
	sed -nE '/^\[/q; s/^hookscript:[[:space:]]*(.*[^[:space:]])[[:space:]]*$/\1/p' "$1" | tail -n 1
}

uses_hook() { # FILE
	local volume id
	volume=$(hookscript_of "$1")
	id=${volume%%:*}
	[[ $volume == *:snippets/* && ${storage_dir[$id]:-} ]] &&
		leads_to_hook "${storage_dir[$id]}/${volume#*:snippets/}"
}

# The commands that make the guests of this node forget the hook.
forget_commands() {
	local folder conf
	folder=$root$pve/nodes/$(pve_node)
	read_storages
	for conf in "$folder"/qemu-server/*.conf "$folder"/lxc/*.conf; do
		if [[ -f $conf ]] && uses_hook "$conf"; then
			case $conf in
			*/lxc/*) echo "pct set $(basename "$conf" .conf) --delete hookscript" ;;
			*) echo "qm set $(basename "$conf" .conf) --delete hookscript" ;;
			esac
		fi
	done
}

check_no_guest_uses_hook() {
	local commands
	is_proxmox || return 0
	is_pve_mounted ||
		refuse "$pve is not mounted, so the VMs that call the hook cannot be seen: nothing was removed." \
			'Start pve-cluster.service and run this again.'
	commands=$(forget_commands)
	if [[ $commands ]]; then
		refuse 'guests of this node call the hook and would not start without it: nothing was removed.' \
			"Run this, and then uninstall again:"$'\n'"$commands"
	fi
}

# --- what the user is told ----------------------------------------------------------------------

hookscript_volume() { # nothing if there is none
	local id
	for id in "${storages[@]}"; do
		if [[ ${storage_state[$id]} == ready ]]; then
			echo "$id:snippets/$snippet"
			return
		fi
	done
}

# pvesm replaces the whole list, so what the storage has goes along.
enable_command() {
	local id choice='' contents
	for id in local "${storages[@]}"; do
		if [[ ! $choice && ${storage_state[$id]} == no-snippets ]]; then
			choice=$id
		fi
	done
	if [[ $choice ]]; then
		read -ra contents <<<"${storage_content[$choice]//[,;]/ }"
		[[ ${contents[*]} != none ]] || contents=()
		contents+=(snippets)
		echo "pvesm set $choice --content $(IFS=, && echo "${contents[*]}")"
	else
		echo 'pvesm add dir snippets --path /var/lib/snippets --content snippets'
	fi
}

say_links() {
	local id
	for id in "${storages[@]}"; do
		if [[ ${storage_state[$id]} == ready ]]; then
			say "Linked: $root${storage_dir[$id]}/$snippet, which VMs call $id:snippets/$snippet"
		elif in_list snippets "${storage_content[$id]}"; then
			say "Left out: storage $id (${storage_state[$id]})"
		fi
	done
	if ((${#snippet_links[@]} == 0)); then
		say "No local storage of this node takes snippets, so VMs cannot find the hook yet." \
			'Run this, and then ./install.sh again:' "  $(enable_command)"
	fi
}

say_nodes() {
	local nodes
	nodes=$(other_nodes)
	if [[ $nodes ]]; then
		say "Other nodes of this cluster: ${nodes//$'\n'/, }" \
			'Run ./install.sh on each where a VM that calls the hook may start: its configuration moves' \
			'with it, the hook does not, and without the hook it does not start.'
	fi
}

say_proxmox() {
	if is_pve_mounted; then
		say_links
		say_nodes
	elif is_proxmox; then
		say "$pve is not mounted, so VMs cannot find the hook yet." \
			'Start pve-cluster.service and run ./install.sh again.'
	fi
}

say_what_next_on_proxmox() {
	local volume
	volume=$(hookscript_volume)
	cat <<-EOT

		vfio-handoff is installed. It does nothing until a VM has a profile and calls the hook. Next,
		with the number of your VM in place of 100:

		  1. qm config 100                 is the device there, as hostpci0? 'vfio-handoff groups' has
		                                   the addresses:  qm set 100 --hostpci0 01:00
		  2. write $profiles/100.ini with two lines; the devices come from the VM's hostpci lines:
		       [host]
		       linger = 15s
		  3. qm set 100 --hookscript ${volume:-STORAGE:snippets/$snippet}
		  4. vfio-handoff plan 100 detach  every step that a start would take; touches nothing
		  5. qm start 100

		./install.sh uninstall removes it again.
	EOT
}
