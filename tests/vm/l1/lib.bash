# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scenarios are written in. Runs in the throw-away VM, where a fork costs 50 ms: builtins
# where possible, and never a sleep of fixed length, but wait_for.

gpu=0000:01:00.0
sound=0000:01:00.1
gpu2=0000:02:00.0
nvme=0000:03:00.0
nic=0000:04:00.0
usb=0000:05:00.0
gpu_id=1234:1111
sound_id=8086:293e
nvme_id=1b36:0010
nic_id=8086:10d3
usb_id=1b36:000d

domains=/vm/domains
virsh_error=/vm/virsh.error

# fail REASON: ends the scenario
fail() {
	trap - ERR
	printf '%s\n' "${1%%$'\n'*}" >/vm/reason
	printf 'FAILED: %s\n' "$*"
	exit 1
}

unexpected() {
	fail "${3##*/} line $1: '$2' failed"
}

note() {
	printf -- '--- %s\n' "$*"
}

# check WHAT COMMAND...: fails, saying WHAT, unless the command succeeds
check() {
	local what=$1
	shift
	"$@" || fail "$what"
	printf 'ok: %s\n' "$what"
}

# wait_for SECONDS CONDITION: evaluates CONDITION until it is true or the time is over
wait_for() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000)) pause
	exec {pause}<>/vm/never
	until eval "$2"; do
		if ((${EPOCHREALTIME/./} > end)); then
			exec {pause}<&-
			return 1
		fi
		read -rt 0.05 -u "$pause" || :
	done
	exec {pause}<&-
}

# must_come SECONDS WHAT CONDITION
must_come() {
	wait_for "$1" "$3" || fail "not within $1 s: $2"
	printf 'ok: %s\n' "$2"
}

has_text() {
	local text=$1 part
	for part in "${@:2}"; do
		[[ $text == *"$part"* ]] || {
			printf 'missing in the text below: %s\n%s\n' "$part" "$text"
			return 1
		}
	done
}

# file_text FILE VARIABLE
file_text() {
	local -n text_out=$2
	text_out=
	[[ ! -e $1 ]] || IFS= read -r -d '' text_out <"$1" || :
}

# --- the host

host_snapshot() {
	/vm/tools/host-snapshot
}

# Equal to what it was when the scenario began; what the kernel finishes in its own time may take SECONDS.
expect_host_same() {
	local what=${1:-the host is as before} difference
	difference=$(/vm/tools/host-snapshot --until-equal /vm/before "${2:-5}") || {
		printf '%s\n' "$difference"
		fail "not so: $what: ${difference//$'\n'/; }"
	}
	printf 'ok: %s\n' "$what"
}

# expect_host_same_but PATTERN...: only lines that contain a PATTERN (with * as in globs) may differ
expect_host_same_but() {
	local line pattern known
	while IFS= read -r line; do
		known=
		for pattern; do
			# shellcheck disable=SC2053 # it is a pattern
			[[ $line != *$pattern* ]] || known=1
		done
		[[ $known ]] || fail "the host differs: $line"
		printf 'as expected: %s\n' "$line"
	done < <(/vm/tools/host-snapshot --until-equal /vm/before 0 || :)
	printf 'ok: all else on the host is as before\n'
}

# has_driver ADDRESS DRIVER: by builtins only
has_driver() {
	[[ /sys/bus/pci/devices/$1/driver -ef /sys/bus/pci/drivers/$2 ]]
}

# The text console is on a framebuffer and what is written on it reaches the screen.
console_works() {
	local name bind file
	[[ -c /dev/fb0 ]] || return 1
	for file in /sys/class/vtconsole/*/; do
		read -r name <"$file/name"
		read -r bind <"$file/bind"
		[[ $name == *'frame buffer device'* && $bind == 1 ]] || continue
		/vm/tools/console-check
		return
	done
	return 1
}

# nvme_node VARIABLE: the block device of the NVMe, whatever its number is now
nvme_node() {
	local -n node_out=$1
	local found=("/sys/bus/pci/devices/$nvme"/nvme/nvme*/nvme*n1)
	node_out=/dev/${found[0]##*/}
	[[ -b $node_out ]] || fail "no block device for $nvme"
}

# --- processes of a scenario, ended when it is over

background() {
	"$@" &
	last_pid=$!
	: >"/vm/pids/$last_pid"
}

hold() {
	rm -f /vm/held
	background /vm/tools/hold "$1" /vm/held
	holder=$last_pid
	must_come 5 "$1 is held by process $holder" '[[ -e /vm/held ]]'
}

# at_record RECORD ACT...: the act of tools/at-record, ready when this returns; it tells in /vm/struck
at_record() {
	rm -f /vm/striking
	: >/vm/struck
	background /vm/tools/at-record "$@" /vm/striking >/vm/struck
	must_come 5 "set to '${*:2}' at the record '$1'" '[[ -e /vm/striking ]]'
}

drop_holders() {
	local file pid
	for file in /vm/pids/*; do
		[[ -e $file ]] || continue
		pid=${file##*/}
		kill -KILL "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
		rm -f "$file"
	done
}

# --- libvirt

libvirtd_start() {
	libvirtd --daemon --pid-file /run/libvirtd.pid || return
	libvirtd_alive 30
}

libvirtd_stop() {
	local pid
	read -r pid </run/libvirtd.pid || :
	kill "$pid"
	must_come 20 'libvirtd has ended' "[[ ! -e /proc/$pid ]]"
}

libvirtd_alive() {
	timeout "${1:-10}" virsh list >/dev/null
}

# apparmor_parser would spend its time on every other profile
start_apparmor() {
	printf '%s\n' 'security_driver = "none"' >>/etc/libvirt/qemu.conf
	mount -t securityfs securityfs /sys/kernel/security
	apparmor_parser -r /etc/apparmor.d/usr.sbin.libvirtd
}

no_domain_runs() {
	local file
	for file in /run/libvirt/qemu/*.pid; do
		[[ ! -e $file || $file == */driver.pid ]] || return 1
	done
}

xml_text() {
	local text=$1
	text=${text//&/\&amp;}
	text=${text//</\&lt;}
	text=${text//>/\&gt;}
	text=${text//\"/\&quot;}
	printf '%s' "${text//\'/\&apos;}"
}

# domain_key NAME VARIABLE: a file name for a domain of any name
domain_key() {
	local -n key_out=$2
	key_out=${1//[^A-Za-z0-9_-]/_}
}

# domain_uuid NAME VARIABLE: always the same for a name, so that it can be defined again
domain_uuid() {
	local -n uuid_out=$2
	local i code hash=5381
	for ((i = 0; i < ${#1}; i++)); do
		printf -v code %d "'${1:i:1}"
		hash=$(((hash * 33 + code) & 0xffffffff))
	done
	printf -v uuid_out '%08x-0000-4000-8000-%012x' "$hash" "${#1}"
}

# domain_define NAME MANAGED ADDRESS...; the guest powers off after its report if guest=off is set.
# features, elements and devices may hold more XML, for <features>, <domain> and <devices>.
domain_define() {
	local name=$1 managed=$2 address file uuid type=qemu text
	shift 2
	domain_key "$name" file
	domain_uuid "$name" uuid
	mkdir -p "$domains"
	rm -f "/vm/guest/$file.serial"
	[[ -c /dev/kvm ]] && type=kvm
	text="<domain type='$type' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'><name>$(xml_text "$name")</name><uuid>$uuid</uuid><memory unit='MiB'>64</memory>
<vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type>
<kernel>/vm/guest.img</kernel><cmdline>${guest:-wait}</cmdline></os>
<features><acpi/><apic/>${features:-}</features><on_poweroff>destroy</on_poweroff>${elements:-}
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
<serial type='file'><source path='/vm/guest/$file.serial'/></serial>
<controller type='usb' model='none'/><memballoon model='none'/>
<video><model type='none'/></video>${devices:-}"
	for address; do
		text+="
<hostdev mode='subsystem' type='pci' managed='$managed'><driver name='vfio'/><source>
<address domain='0x${address:0:4}' bus='0x${address:5:2}' slot='0x${address:8:2}' function='0x${address:11:1}'/>
</source></hostdev>"
	done
	printf '%s\n</devices></domain>\n' "$text" >"$domains/$file.xml"
	virsh -q define --validate "$domains/$file.xml" >/dev/null
}

# definition NAME FILE: what is kept of the next start, passwords and all
definition() {
	virsh dumpxml --inactive --security-info --domain "$1" >"$2"
}

# domain_start NAME
domain_start() {
	if ! virsh -q start --domain "$1" >/dev/null 2>"$virsh_error"; then
		cat "$virsh_error"
		file_text "$virsh_error" error
		# shellcheck disable=SC2154 # set by file_text
		fail "the domain '$1' does not start: ${error##*exit status }"
	fi
	printf 'ok: domain %s started\n' "$1"
}

# domain_refused NAME TEXT...: the start must fail and the message must contain each TEXT
domain_refused() {
	local name=$1 message
	shift
	if virsh -q start --domain "$name" >/dev/null 2>"$virsh_error"; then
		fail "the domain '$name' started, but should have been refused"
	fi
	file_text "$virsh_error" message
	printf 'virsh: %s\n' "$message"
	has_text "$message" "$@" || fail "the refusal does not say: $*"
	printf 'ok: the start was refused\n'
}

# domain_stop NAME: destroyed; returns when the last hook has run
domain_stop() {
	virsh -q destroy --domain "$1" >/dev/null 2>"$virsh_error" || {
		cat "$virsh_error"
		fail "the domain '$1' cannot be stopped"
	}
	printf 'ok: domain %s stopped\n' "$1"
}

domain_pid() {
	local -n pid_out=$2
	pid_out=
	# the file has no newline at its end
	[[ ! -e /run/libvirt/qemu/$1.pid ]] || read -r pid_out <"/run/libvirt/qemu/$1.pid" || :
}

# Libvirt removes the pid file before its release hook ends: only the daemon knows when all is over.
domain_is_off() {
	[[ $(virsh domstate --domain "$1" 2>/dev/null) == 'shut off'* ]]
}

# guest_report NAME: what the guest says on its serial port, once it has said all
guest_report() {
	local key
	domain_key "$1" key
	guest_text=
	wait_for 60 "file_text /vm/guest/$key.serial guest_text; [[ \$guest_text == *'guest: end'* ]]" ||
		fail "the guest of '$1' did not report within 60 s: '$guest_text'"
	printf '%s\n' "$guest_text"
}

# guest_has NAME ID...: the guest sees each device, and a display's memory works
guest_has() {
	local name=$1 id
	shift
	guest_report "$name"
	for id; do
		[[ $guest_text == *" $id class "* ]] || fail "the guest of '$name' does not see $id"
		if [[ $id == "$gpu_id" ]]; then
			[[ $guest_text == *'keeps what is written'* ]] ||
				fail "the guest of '$name' cannot use the display's memory"
		fi
	done
	printf 'ok: the guest sees %s\n' "$*"
}

# --- the product

# profile NAME LINE...: the whole profile
profile() {
	local name=$1
	shift
	printf '%s\n' "$@" >"/etc/vfio-handoff/$name.ini"
}

# profile_for NAME ADDRESS [LINE...]: the two lines that suffice, and more lines if given
profile_for() {
	profile "$1" '[device one]' "address = $2" "${@:3}"
}

# handoff STATUS ARGUMENT...: runs the command, which must exit with STATUS; its output is in handoff_text
handoff() {
	local expected=$1 status=0
	shift
	vfio-handoff "$@" >/vm/handoff.text 2>&1 || status=$?
	file_text /vm/handoff.text handoff_text
	printf '$ vfio-handoff %s\n%s(exit %s)\n' "$*" "$handoff_text" "$status"
	((status == expected)) || fail "'vfio-handoff $*' exits $status, not $expected"
}

steps_text() {
	file_text /vm/steps.log steps
}
