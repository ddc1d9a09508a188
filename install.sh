#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs, shows, tests and removes vfio-handoff. `./install.sh --help` says how.

set -euo pipefail

root=
if [[ -n ${DESTDIR:-} ]]; then
	root=$(realpath -m -- "$DESTDIR")
	root=${root%/}
fi

cd "$(dirname "${BASH_SOURCE[0]}")"
exec </dev/null # nothing here ever asks

# shellcheck source=hooks/proxmox.bash
source hooks/proxmox.bash

build_packages=(build-essential cmake ninja-build pkg-config libinih-dev libjson-c-dev libmd-dev libpci-dev
	libvirt-dev libxml2-dev)
test_packages=(libcmocka-dev clang libclang-rt-dev clang-format clang-tidy cppcheck shellcheck
	codespell valgrind mandoc lintian bash-completion zsh fish chromium)

release=build/release
staged=$PWD/build/staged
package_folder=$PWD/build/package
vm_stage=$PWD/build/vm-stage
vm_cache=$PWD/build/vm

profiles=/etc/vfio-handoff
hooks=/etc/libvirt/hooks
hook_link=$hooks/qemu.d/50-vfio-handoff
hook_program=/usr/sbin/vfio-handoff-hook
state=/run/vfio-handoff
kept=/var/lib/vfio-handoff
units=/usr/lib/systemd/system
watcher=vfio-handoff-recover
manifest=/usr/share/vfio-handoff/manifest

usage() {
	cat <<-'EOT'
		usage: ./install.sh [install]            builds and installs on this host (root)
		       ./install.sh uninstall [--purge]  removes it; --purge removes your profiles, too, and
		                                         the definitions that 'patch --undo' needs
		       ./install.sh package              builds a Debian package in build/package
		       ./install.sh demo                 hands a GPU to a VM and back, in a throw-away VM (root)
		       ./install.sh test                 runs every test of the project (root)

		Dependencies come from Debian's packages through apt-get, and only those that are missing.
		With DESTDIR=DIR in the environment, install and uninstall touch nothing outside DIR and of
		this machine: no packages, no daemon.
	EOT
}

say() { # LINE...
	printf '%s\n' "$@"
}

refuse() {
	printf 'install.sh: %s\n' "$@" >&2
	exit 1
}

need_root() {
	((EUID == 0)) || refuse "$1 needs root: sudo ./install.sh $1"
}

# --- packages -----------------------------------------------------------------------------------

is_installed() {
	[[ $(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null) == ?i* ]]
}

install_packages() { # PACKAGE...
	local package
	local -a missing=()
	if ! command -v apt-get >/dev/null; then
		say "No apt-get here. The build needs what Debian calls: $*"
		return
	fi
	for package; do
		is_installed "$package" || missing+=("$package")
	done
	if ((${#missing[@]} == 0)); then
		return
	fi
	say "Installing from Debian's packages: ${missing[*]}"
	refresh_package_lists
	apt_get install -y --no-install-recommends "${missing[@]}"
}

refresh_package_lists() {
	if [[ -z ${lists_are_fresh:-} ]]; then
		# One repository that fails, such as Proxmox's own without a subscription, is not all of them.
		(apt_get update) || say 'Going on with the package lists that are there'
		lists_are_fresh=1
	fi
}

apt_get() {
	local log
	log=$(mktemp)
	if ! DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
		-o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		rm -f "$log"
		refuse "apt-get $1 failed"
	fi
	rm -f "$log"
}

# --- build --------------------------------------------------------------------------------------

build() { # PRESET [CMAKE-ARGUMENT...]
	cmake --preset "$@" && cmake --build --preset "$1"
}

build_release() {
	local log=build/release.log
	mkdir -p build
	say "Building ($log)"
	if ! build release -DCMAKE_INSTALL_PREFIX=/usr >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		refuse "the build failed; all of its output is in $log"
	fi
}

copy_to() { # DIRECTORY: everything that is ours, as below /
	DESTDIR=$1 cmake --install "$release" >build/install.log || refuse "cmake --install failed"
}

# --- package ------------------------------------------------------------------------------------

package_command() {
	umask 022
	if ((EUID == 0)); then
		install_packages "${build_packages[@]}"
	fi
	build_release
	rm -rf "$package_folder"
	cpack --config "$release/CPackConfig.cmake" -B "$package_folder" >build/package.log 2>&1 || {
		tail -n 40 build/package.log >&2
		refuse "cpack failed"
	}
	rm -rf "$package_folder/_CPack_Packages"
	say "Built $(find "$package_folder" -name '*.deb')"
}

# --- install ------------------------------------------------------------------------------------

is_there() { # PATH, maybe a link that leads nowhere
	[[ -e $root$1 || -L $root$1 ]]
}

is_our_link() { # PATH
	[[ -L $root$1 && $(readlink "$root$1") == "$hook_program" ]]
}

# Before anything is changed, packages included.
check_links() { # PATH...
	local link
	for link; do
		if is_there "$link" && ! is_our_link "$link"; then
			refuse "$root$link exists and is not ours: nothing was installed." \
				"Move it away, or give it another name, and run this again."
		fi
	done
}

in_manifest() { # PATH
	[[ -f $root$manifest ]] && grep -qxF -e "file $1" -e "link $1" -e "directory $1" "$root$manifest"
}

same_file() { # A B
	if [[ -L $1 || -L $2 ]]; then
		[[ -L $1 && -L $2 && $(readlink "$1") == "$(readlink "$2")" ]]
	else
		cmp -s "$1" "$2"
	fi
}

# What is in the place of one of our files was put there by this script, or is left alone.
check_conflicts() {
	local path
	while read -r path; do
		if is_there "$path" && ! in_manifest "$path" &&
			! same_file "$root$path" "$staged$path"; then
			refuse "$root$path exists and was not installed by this script: nothing was installed." \
				"Move it away and run this again."
		fi
	done < <(find "$staged" \( -type f -o -type l \) -printf '/%P\n')
}

name_other_hooks() {
	local entry
	for entry in "$root$hooks/qemu" "$root$hooks"/qemu.d/*; do
		if [[ -e $entry && $entry != "$root$hook_link" ]]; then
			say "Left alone: $entry (libvirt runs it as before, beside ours)"
		fi
	done
}

# What is about to be installed, and the directories that it is the first to need. It is written
# before the files are, so that half an installation can be removed, too.
write_manifest() {
	local new=$staged.manifest path
	{
		find "$staged" -type f -printf 'file /%P\n'
		find "$staged" -type l -printf 'link /%P\n'
		kept_snippet_links
		echo "file $manifest"
		{
			find "$staged" -mindepth 1 -type d -printf '/%P\n'
			dirname "$manifest"
		} | while read -r path; do
			if [[ ! -d $root$path ]] || in_manifest "$path"; then
				echo "directory $path"
			fi
		done
	} | sort -u >"$new"
	mkdir -p "$(dirname "$root$manifest")"
	remove_leftovers "$new"
	install -m 644 "$new" "$root$manifest"
}

# Files of an earlier version that the new one does not have.
remove_leftovers() { # NEW-MANIFEST
	local path
	[[ -f $root$manifest ]] || return 0
	while read -r path; do
		rm -f -- "$root$path"
	done < <(comm -23 "$root$manifest" "$1" | sed -nE 's/^(file|link) //p')
}

has_systemd() {
	[[ -z $root && -d /run/systemd/system ]]
}

# Restarted, so that it is the new version that watches; what is handed over stays as it is.
start_watcher() {
	has_systemd || return 0
	if ! systemctl daemon-reload || ! systemctl --quiet enable --now "$watcher.path" ||
		! systemctl try-restart "$watcher.service"; then
		say "$watcher.path does not run ('systemctl status' with its name tells why). Until it does, only" \
			"'vfio-handoff recover' and the next VM make up for events that never come, and 'linger' is off."
	fi
}

stop_watcher() {
	if has_systemd && [[ -e $units/$watcher.path ]]; then
		systemctl --quiet disable --now "$watcher.path" || :
		systemctl stop "$watcher.service" || :
	fi
}

reload_daemon() {
	local unit
	has_systemd || return 0
	# The first hook of a host is not seen by a daemon that is running already.
	for unit in libvirtd.service virtqemud.service; do
		if systemctl is-active --quiet "$unit"; then
			say "Reloading $unit, so that it sees the hook; running VMs do not notice"
			systemctl try-reload-or-restart "$unit" ||
				say "That failed: run 'systemctl restart $unit' before you start a VM"
		fi
	done
}

say_what_next() {
	cat <<-EOT

		vfio-handoff is installed. It does nothing until a VM has a profile. Next:

		  1. vfio-handoff groups               find the address of the device
		  2. write $profiles/<vm>.ini with two lines, <vm> being libvirt's name of the VM:
		       [device gpu]
		       address = 0000:01:00.0
		  3. vfio-handoff profile check <vm>   is it right?
		  4. vfio-handoff plan <vm> detach     every step that a start would take; touches nothing
		  5. vfio-handoff patch <vm>           what its definition lacks; --apply adds it
		  6. virsh start <vm>

		./install.sh uninstall removes it again.
	EOT
}

# dpkg would not know of a newer version under its files.
check_not_packaged() {
	if [[ -z $root ]] && is_installed vfio-handoff; then
		refuse "the Debian package vfio-handoff is installed: nothing was changed." \
			"Remove it first, or build a newer one: ./install.sh package"
	fi
}

install_command() {
	umask 022
	check_not_packaged
	find_snippet_links
	check_links "$hook_link" "${snippet_links[@]}"
	if [[ -z $root ]]; then
		need_root install
		install_packages "${build_packages[@]}"
	fi
	build_release
	rm -rf "$staged"
	copy_to "$staged"
	put_snippet_links "$staged"
	check_conflicts
	name_other_hooks
	write_manifest
	copy_to "$root"
	put_snippet_links "$root"
	start_watcher
	reload_daemon
	say_proxmox
	if [[ -n $root ]]; then
		say "Installed below $root"
	elif is_proxmox; then
		say_what_next_on_proxmox
	else
		say_what_next
	fi
}

# --- uninstall ----------------------------------------------------------------------------------

check_nothing_handed_over() {
	local journal vm
	for journal in "$root$state"/vm/*/journal; do
		if [[ -e $journal ]]; then
			vm=$(basename "$(dirname "$journal")")
			printf -v vm '%b' "${vm//%/\\x}" # the folder's name is the VM's, with %XX (vh_escape)
			refuse "VM '$vm' has devices of this host ($journal): nothing was removed." \
				"Stop the VM, or run: vfio-handoff reattach ${vm@Q}. Then run this again."
		fi
	done
}

remove_files() {
	local kind path
	while read -r kind path; do
		case $kind in
		file) rm -f -- "$root$path" ;;
		link)
			if is_our_link "$path"; then
				rm -f -- "$root$path"
			elif is_there "$path"; then
				say "Left alone: $root$path is not ours any more"
			fi
			;;
		esac
	done <<<"$1"
}

remove_empty_directories() {
	local path
	sed -n 's/^directory //p' <<<"$1" | sort -r | while read -r path; do
		if [[ -d $root$path ]]; then
			rmdir --ignore-fail-on-non-empty -- "$root$path"
		fi
	done
}

remove_profiles() { # [--purge]
	if [[ ! -d $root$profiles ]]; then
		return
	fi
	if [[ ${1:-} == --purge ]]; then
		rm -rf -- "${root:?}$profiles"
	elif ! rmdir -- "$root$profiles" 2>/dev/null; then
		say "Kept: your profiles in $root$profiles (uninstall --purge removes them)"
	fi
}

# What guests and the host's files were before the first 'patch --apply' and 'setup --apply': nobody
# else has it. It may hold passwords.
remove_kept() { # [--purge]
	if [[ ! -d $root$kept ]]; then
		return
	fi
	if [[ -e $root$kept/setup/record ]]; then
		say "The host's own files stay as 'vfio-handoff setup --apply' has made them"
	fi
	if [[ ${1:-} == --purge ]]; then
		rm -rf -- "${root:?}$kept"
		return
	fi
	rmdir -- "$root$kept/guest" "$root$kept/setup" 2>/dev/null || :
	if [[ -d $root$kept/guest ]]; then
		say "Kept: what guests were before 'vfio-handoff patch', maybe with passwords, for root alone, in" \
			"$root$kept/guest (uninstall --purge removes it)"
	fi
	if [[ -d $root$kept/setup ]]; then
		say "Kept: what they were before, in $root$kept/setup (uninstall --purge removes it)"
	fi
	rmdir -- "$root$kept" 2>/dev/null || :
}

uninstall_command() {
	local purge=${1:-} installed=''
	[[ -z $purge || $purge == --purge ]] || refuse "uninstall: unknown argument '$purge'"
	[[ -n $root ]] || need_root uninstall
	check_nothing_handed_over
	if [[ -f $root$manifest ]]; then
		check_no_guest_uses_hook
		installed=$(<"$root$manifest")
	else
		say "Nothing to remove: there is no $root$manifest"
	fi
	stop_watcher
	remove_files "$installed"
	! has_systemd || systemctl daemon-reload
	remove_profiles "$purge"
	remove_kept "$purge"
	rm -rf -- "$root$state"
	remove_empty_directories "$installed"
	say "vfio-handoff is removed; hooks, profiles and VMs of others are as they were"
}

# --- demo ---------------------------------------------------------------------------------------

# The throw-away VM boots Debian's newest kernel; it is downloaded, never installed.
install_vm_packages() {
	local -a packages
	mapfile -t packages < <(grep -v '^#' tests/vm/packages)
	install_packages "$@" "${packages[@]}"
	if [[ ! -e $vm_cache/kernel/done ]]; then
		refresh_package_lists
	fi
}

stage_release() {
	rm -rf "$vm_stage"
	DESTDIR=$vm_stage ./install.sh install
}

demo_command() {
	need_root demo
	install_vm_packages "${build_packages[@]}"
	stage_release
	exec tests/vm/demo --stage "$vm_stage" --cache "$vm_cache"
}

# --- test ---------------------------------------------------------------------------------------

c_files() {
	find lib hooks cli tests -name '*.[ch]' | sort
}

shell_files() {
	grep -lrE --exclude='*.md' --exclude-dir=.git --exclude-dir=build \
		'^#!.*\b(ba|da)?sh\b|^# shellcheck shell=' . | sort
}

check_format() {
	c_files | xargs clang-format --dry-run -Werror
}

check_tidy() {
	run-clang-tidy -quiet -j "$(nproc)" -p build/dev "^$PWD/(lib|hooks|cli)/"
}

check_cppcheck() {
	cppcheck --quiet -j "$(nproc)" --error-exitcode=1 --inline-suppr --std=c11 \
		--enable=warning,performance,portability --suppress=missingIncludeSystem \
		-D_GNU_SOURCE -I . lib hooks cli
}

check_shell() {
	shell_files | xargs shellcheck -x
}

check_package() {
	./install.sh package && lintian --allow-root --fail-on error,warning "$package_folder"/*.deb
}

check_man_pages() {
	find docs -name '*.[1578]' -print0 | xargs -0r mandoc -Tlint -W warning
}

# step TITLE COMMAND...: the output is shown only if it fails
step() {
	local title=$1 log=build/step.log start=$SECONDS
	shift
	printf '%-44s ' "$title"
	if ! "$@" >"$log" 2>&1; then
		say FAILED
		tail -n 200 "$log"
		refuse "failed: $title"
	fi
	say "ok, $((SECONDS - start)) s"
}

# loud_step TITLE COMMAND...: the output is shown as it comes
loud_step() {
	local title=$1
	shift
	say "--- $title"
	"$@" || refuse "failed: $title"
}

passed=0

count_ctest() { # JUNIT-FILE
	local tests skipped
	tests=$(junit_number tests "$1")
	skipped=$(junit_number skipped "$1")
	((tests > skipped)) || refuse "$1: no test was run"
	if ((skipped > 0)); then
		say "$skipped skipped:" && grep -B 1 '<skipped' "$1" | sed -n 's/.*testcase name="\([^"]*\)".*/  \1/p'
	fi
	passed=$((passed + tests - skipped))
}

junit_number() { # ATTRIBUTE JUNIT-FILE
	sed -nE "1,/<testcase/s/^[[:space:]]*$1=\"([0-9]+)\".*/\1/p" "$2"
}

run_ctest() { # PRESET
	local junit=$PWD/build/ctest-$1.xml
	rm -f "$junit"
	loud_step "tests ($1)" ctest --preset "$1" --output-junit "$junit"
	count_ctest "$junit"
}

run_vm_scenarios() {
	local log=build/vm.log count
	loud_step 'scenarios on a real kernel' vm_scenarios "$log"
	count=$(sed -nE '$s/^([0-9]+) passed, 0 failed$/\1/p' "$log")
	[[ -n $count ]] || refuse "tests/vm/run did not say how many scenarios passed"
	passed=$((passed + count))
}

vm_scenarios() { # LOG
	tests/vm/run --stage "$vm_stage" --deb "$package_folder"/*.deb --cache "$vm_cache" 2>&1 | tee "$1"
}

test_command() {
	need_root test
	install_vm_packages "${build_packages[@]}" "${test_packages[@]}"
	mkdir -p build

	step 'format' check_format
	step 'shellcheck' check_shell
	step 'spelling' codespell
	step 'man pages' check_man_pages
	step 'build with sanitizers, warnings are errors' build dev
	run_ctest dev
	step 'build with clang, and fuzzers' build fuzz
	run_ctest fuzz
	step 'clang-tidy' check_tidy
	step 'cppcheck' check_cppcheck
	step 'gcc -fanalyzer' build analyzer
	step 'release build' build release-test
	run_ctest release-test
	step 'staging' stage_release
	step 'Debian package, lintian' check_package
	run_vm_scenarios
	say "$passed passed, 0 failed"
}

# ------------------------------------------------------------------------------------------------

main() {
	local command=${1:-install}
	shift || true
	case $command in
	install) install_command ;;
	uninstall) uninstall_command "$@" ;;
	package) package_command ;;
	demo) demo_command ;;
	test) test_command ;;
	-h | --help | help) usage ;;
	*)
		usage >&2
		exit 2
		;;
	esac
}

main "$@"
