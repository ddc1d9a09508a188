# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh below a DESTDIR, for the tests in this folder; sourced.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
install_sh=$here/../../install.sh
work=$(mktemp -d "${VH_BINARY_DIR:-/tmp}/install-test.XXXXXX")
root=$work/root
trap 'rm -rf "$work"' EXIT
umask 077 # the modes must not depend on who installs

fail() {
	printf 'FAILED: %s\n' "$@"
	exit 1
}

new_root() {
	rm -rf "$root"
	mkdir "$root"
}

listing() { # type, mode, path, target of a link; and the content, if asked for
	(
		cd "$root"
		find . -mindepth 1 \( -type l -printf 'l --- /%P -> %l\n' \) -o -printf '%y %m /%P\n'
		if [[ ${1:-} == contents ]]; then
			find . -type f -exec sha256sum {} +
		fi
	) | LC_ALL=C sort -k 3
}

run() { # ARGUMENT...: install.sh below the root; its output in $work/output
	DESTDIR=$root "$install_sh" "$@" >"$work/output" 2>&1
}

must_run() {
	if ! run "$@"; then
		cat "$work/output"
		fail "install.sh $* failed"
	fi
}

must_refuse() { # NEEDLE ARGUMENT...: exits non-zero, says NEEDLE, changes nothing
	local needle=$1
	shift
	listing contents >"$work/before"
	if run "$@"; then
		fail "install.sh $* was not refused: $needle"
	fi
	must_say "$needle"
	listing contents | diff "$work/before" - || fail "install.sh $*: refused, and changed something"
}

must_equal() { # FILE-WITH-LISTING WHAT
	listing contents | diff "$1" - || fail "$2"
}

put() { # PATH TEXT [MODE]
	mkdir -p "$(dirname "$root$1")"
	printf '%s\n' "$2" >"$root$1"
	chmod "${3:-644}" "$root$1"
}

must_say() { # NEEDLE: the last run did
	grep -qF -- "$1" "$work/output" || {
		cat "$work/output"
		fail "it is not said: $1"
	}
}

must_not_say() { # NEEDLE
	! grep -F -- "$1" "$work/output" || fail "it is said: $1"
}
