# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: the fake kernel of the tests answers as the real one does

check 'the console works' console_works
facts=$(/vm/tools/facts)
status=$?
printf '%s\n' "$facts"
check 'no answer differs' test "$status" -eq 0
check 'the console works again' console_works
