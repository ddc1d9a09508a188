# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the scenarios capture-*: the host as collect.sh sees it, held against the host itself.

# agree TREE COMMAND...: says the same of the capture as of the host, and exits with the same status
agree() {
	local tree=$1 status=0 captured=0 name
	shift
	name=${*//[^A-Za-z0-9-]/_}
	vfio-handoff "$@" >"/vm/live.$name" 2>&1 || status=$?
	vfio-handoff --root "$tree" "$@" >"/vm/captured.$name" 2>&1 || captured=$?
	differ "$name" "/vm/live.$name" "/vm/captured.$name"
	((status == captured)) || fail "'$*' exits $status on the host and $captured on the capture"
	printf 'ok: %s\n' "$*"
}

differ() {
	diff -u "$2" "$3" >"/vm/diff.$1" && return
	cp "/vm/diff.$1" "/vm/control/out/$scenario.$1.diff"
	cat "/vm/diff.$1"
	fail "'$1' says something else of the capture"
}

# What only the running host can tell, by the id of the check: who watches is a process; the nodes
# of devices are not opened.
beyond=(records.watcher)

# findings FILE: of doctor's JSON a line for each: id, verdict, subject, title
findings() {
	local line id='' text='' skipped
	while IFS= read -r line; do
		case $line in
		*'"id": '*)
			id=${line#*: \"}
			id=${id%\",}
			;;
		*'"verdict": '* | *'"subject": '* | *'"title": '*)
			text+=" ${line#*: }"
			[[ $line == *'"title": '* ]] || continue
			skipped=
			[[ " ${beyond[*]} " != *" $id "* ]] || skipped=1
			[[ $skipped ]] || printf '%s%s\n' "$id" "$text"
			text=
			;;
		esac
	done <"$1"
}

# agree_doctor TREE [VM]
agree_doctor() {
	local tree=$1
	shift
	vfio-handoff doctor --all --json "$@" >/vm/live.json 2>/vm/live.error || :
	vfio-handoff --root "$tree" doctor --all --json "$@" >/vm/captured.json 2>/vm/captured.error || :
	findings /vm/live.json >/vm/live.findings
	findings /vm/captured.json >/vm/captured.findings
	check 'there are findings' test -s /vm/live.findings
	differ "doctor $*" /vm/live.findings /vm/captured.findings
	printf 'ok: doctor %s\n' "$*"
}

# capture VM: takes one and compares what every command says of it that only reads
capture() {
	local vm=$1 tree=/vm/captured
	rm -rf "$tree"
	/vm/control/in/collect.sh "/vm/control/out/$scenario.host" || fail 'collect.sh fails'
	/vm/tools/unpack-host "/vm/control/out/$scenario.host" "$tree" || fail 'the capture is in no order'
	agree "$tree" groups --json
	agree "$tree" profile check
	agree "$tree" profile show "$vm"
	agree "$tree" plan "$vm" detach
	agree "$tree" plan "$vm" reattach
	agree "$tree" status --json
	agree "$tree" patch "$vm" --check
	agree "$tree" setup
	agree_doctor "$tree"
	agree_doctor "$tree" "$vm"
}

not_in_capture() {
	local text
	file_text "/vm/control/out/$scenario.host" text
	[[ $text == *'<domain '* && $text != *"$1"* ]]
}
