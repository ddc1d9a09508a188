# SPDX-License-Identifier: GPL-2.0-or-later                                    -*- shell-script -*-
#
# Completion for bash, on top of bash-completion.

# NAME|OPTIONS|OPTION=ARGUMENT ...|WORDS
# Written by VH_TEST_REGENERATE=1 test_described
_vfio_handoff_forms=(
# begin: forms
	'doctor|--all --verbose --connect| --connect=URI|VM'
	'profile check|||VM'
	'profile show|||VM'
	'profile new|--device --print| --device=ADDRESS|VM'
	'plan|||VM detach,reattach'
	'detach|||VM'
	'reattach|||VM'
	'status|||'
	'recover|--watch||VM'
	'wait|--timeout| --timeout=N(s,m)|VM'
	'groups|--dot||'
	'patch|--apply --check --undo --file --new --hypervisor --profile --hide-kvm --vendor-id --rom --fix-args --connect --storage --minimal --memory --vcpus --disk| --file=FILE --new=NAME --hypervisor=libvirt,proxmox --profile=P --vendor-id=ID --rom=FILE --connect=URI --storage=S --memory=MIB --vcpus=N --disk=DISK|VM'
	'setup|--apply --undo --dedicate --clean| --dedicate=ADDRESS|'
	'rom dump|--force||ADDRESS FILE'
	'rom check|||FILE ADDRESS,VM'
	'report|--output --html --connect| --output=FILE --connect=URI|VM'
# end: forms
)

_vfio_handoff_vms() {
	local file
	for file in /etc/vfio-handoff/*.ini /etc/pve/vfio-handoff/*.ini /etc/pve/qemu-server/*.conf \
		/etc/libvirt/qemu/*.xml; do
		if [[ -f $file ]]; then
			file=${file##*/}
			printf '%s\n' "${file%.*}"
		fi
	done 2>/dev/null | sort -u
}

_vfio_handoff_addresses() {
	local directory
	for directory in /sys/bus/pci/devices/*; do
		printf '%s\n' "${directory##*/}"
	done
}

# A word of a call: VM, FILE, or a choice a,b,c
_vfio_handoff_offer() { # KIND
	local kind
	local -a candidates=()
	for kind in ${1//,/ }; do
		case $kind in
		VM) mapfile -t -O "${#candidates[@]}" candidates < <(_vfio_handoff_vms) ;;
		ADDRESS) mapfile -t -O "${#candidates[@]}" candidates < <(_vfio_handoff_addresses) ;;
		FILE | PATH) _filedir ;;
		DIR) _filedir -d ;;
		[a-z]*) candidates+=("$kind") ;;
		esac
	done
	if ((${#candidates[@]} > 0)); then
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(
			IFS=$'\n'
			compgen -W "${candidates[*]}" -- "$cur"
		)
		__ltrim_colon_completions "$cur"
	fi
}

_vfio_handoff() {
	local cur prev words cword form name options takes places word pair i
	local -a typed=() offer=() parts kinds
	local -i n
	_init_completion -n =: || return

	case $prev in
	--root)
		_filedir -d
		return
		;;
	esac
	for ((i = 1; i < cword; i++)); do
		word=${words[i]}
		if [[ $word == --root ]]; then
			i=$((i + 1))
		elif [[ $word != -* ]]; then
			typed+=("$word")
		fi
	done
	for form in "${_vfio_handoff_forms[@]}"; do
		IFS='|' read -r name options takes places <<<"$form"
		read -ra parts <<<"$name"
		read -ra kinds <<<"$places"
		n=${#parts[@]}
		if ((${#typed[@]} < n)); then
			# The words so far are the beginning of this form: its next one is a candidate.
			if [[ "${typed[*]}" == "${parts[*]:0:${#typed[@]}}" ]]; then
				offer+=("${parts[${#typed[@]}]}")
			fi
			continue
		fi
		[[ "${typed[*]:0:n}" == "$name" ]] || continue
		for pair in $takes; do
			if [[ $prev == "${pair%%=*}" ]]; then
				_vfio_handoff_offer "${pair#*=}"
				return
			fi
		done
		if [[ $cur == -* ]]; then
			read -ra parts <<<"$options"
			offer+=("${parts[@]}")
			break
		fi
		# What stands behind an option that takes a value is no word of the call.
		for ((i = 1; i < cword; i++)); do
			for pair in $takes; do
				if [[ ${words[i]} == "${pair%%=*}" && ${words[i + 1]} != -* ]]; then
					unset 'typed[-1]'
				fi
			done
		done
		if ((${#typed[@]} - n < ${#kinds[@]})); then
			_vfio_handoff_offer "${kinds[${#typed[@]} - n]}"
		fi
		return
	done
	if [[ $cur == -* ]]; then
		offer+=(--json --root --help)
		((${#typed[@]} > 0)) || offer+=(--version)
	fi
	mapfile -t COMPREPLY < <(compgen -W "${offer[*]}" -- "$cur" | sort -u)
}

complete -F _vfio_handoff vfio-handoff
