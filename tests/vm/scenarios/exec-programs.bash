# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 120
# what: [exec]: four programs at their times, with their environment; one that fails or hangs refuses

program=/usr/local/sbin/vm-program
seen=/vm/programs

# Each run leaves a line: its arguments, its whole environment but what bash adds, the GPU's driver.
cat >"$program" <<'END'
#!/bin/bash
driver=$(readlink /sys/bus/pci/devices/0000:01:00.0/driver)
mapfile -d '' -t environment </proc/$$/environ
IFS='|'
printf '%s;%s;%s\n' "$*" "${environment[*]}" "${driver##*/}" >>/vm/programs
echo "out of $1"
printf 'err\tof %s\n' "$1" >&2
case $2 in
fail) exit 3 ;;
hang)
	echo $$ >/vm/program.pid
	read -r _ <>/vm/never
	;;
esac
END
chmod 755 "$program"

# expect_runs LINE...: all that were run since the last look
expect_runs() {
	local wanted='' text line
	for line; do
		wanted+=$line$'\n'
	done
	file_text "$seen" text
	[[ $text == "$wanted" ]] || fail "not these programs: $wanted but: $text"
	: >"$seen"
	printf 'ok: programs: %s\n' "${*:-none}"
}

common='PATH=/usr/sbin:/usr/bin:/sbin:/bin|LC_ALL=C.UTF-8|VM=programs'
there="$common|EVENT=detach|DEVICES=$gpu $sound"
back="$common|EVENT=reattach|DEVICES=$gpu $sound"
: >"$seen"

note 'each at its time'
profile_for programs "$gpu" '[exec]' "before-detach = $program one \"two  words\" \$HOME" \
	"after-detach = $program two" "before-reattach = $program three" \
	"after-reattach = $program four"
domain_define programs no "$gpu" "$sound"
domain_start programs
expect_runs "one|two  words|\$HOME;$there;bochs-drm" "two;$there;vfio-pci"
guest_has programs "$gpu_id" "$sound_id"
domain_stop programs
expect_runs "three;$back;vfio-pci" "four;$back;bochs-drm"
expect_host_same

note 'one that fails refuses'
profile_for programs "$gpu" '[exec]' "before-detach = $program one fail" \
	"after-reattach = $program four fail"
domain_refused programs "$program failed with exit status 3" 'the host is as before'
expect_runs "one|fail;$there;bochs-drm" "four|fail;$back;bochs-drm"
expect_host_same

note 'one that does not end is killed'
profile_for programs "$gpu" '[exec]' "before-detach = $program one hang" 'timeout = 1s'
domain_refused programs 'did not end within 1 s and was killed'
read -r pid </vm/program.pid
# shellcheck disable=SC2154 # set by read
must_come 5 'it is gone' "[[ ! -e /proc/$pid ]]"
: >"$seen"
expect_host_same
check 'libvirtd answers' libvirtd_alive

note 'one that others can write to is not run'
chmod 757 "$program"
domain_refused programs "$program can be written by others"
expect_runs
chmod 755 "$program"

note 'its output is shown'
profile_for programs "$gpu" '[exec]' "after-detach = $program two fail"
handoff 0 detach programs
has_text "$handoff_text" 'after-detach: out of two' 'after-detach: err?of two' \
	'failed with exit status 3; the rest goes on' || fail 'the output of the program is not shown'
handoff 0 reattach programs
expect_host_same
rm "$program"
