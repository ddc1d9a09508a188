# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the scenarios with a desktop on the card are written in, besides lib.bash. The display manager,
# the X server and the compositor are Debian's own, their units, too; the clients are tools/*-window.

user=alice
user_id=4001
greeter_id=890
greeter_colour=804020
declare -A desktop_colour=([greeter]=$greeter_colour [x11]=205080 [wayland]=206040)
pictures=/vm/control/out
sound_holder=sound-holder.service
compositor=compositor.service
i2c_holder=i2c-holder@

# file PATH LINE...: the whole file, with its folder
file() {
	mkdir -p "${1%/*}"
	printf '%s\n' "${@:2}" >"$1"
}

add_users() {
	local name group
	grep -q '^messagebus:' /etc/passwd || fail 'the package dbus is missing'
	printf '%s\n' "$user:x:$user_id:$user_id::/home/$user:/bin/bash" \
		"lightdm:x:$greeter_id:$greeter_id::/var/lib/lightdm:/bin/false" >>/etc/passwd
	for name in "$user:x:$user_id:" "lightdm:x:$greeter_id:"; do
		printf '%s\n' "$name" >>/etc/group
	done
	# so that a user unit can open the sound whoever is logged in
	for group in audio i2c; do
		grep -q "^$group:" /etc/group || printf '%s:x:4100:\n' "$group" >>/etc/group
		sed -i "s/^$group:\([^:]*:[^:]*\):.*/$group:\1:$user/" /etc/group
	done
	mkdir -p "/home/$user" /var/lib/lightdm/data /vm/desk
	mkfifo /vm/desk/{terminal,never}
	chown -R "$user_id:$user_id" "/home/$user" /vm/desk
	chown -R "$greeter_id:$greeter_id" /var/lib/lightdm
}

configure_pam() {
	local service lines
	for service in login lightdm lightdm-autologin lightdm-greeter systemd-user remote; do
		lines=('auth required pam_permit.so' 'account required pam_permit.so')
		lines+=('session required pam_permit.so')
		case $service in
		remote) lines+=('session required pam_systemd.so class=user type=tty') ;;
		*) lines+=('session required pam_systemd.so') ;;
		esac
		file "/etc/pam.d/$service" "${lines[@]}"
	done
}

configure_display() {
	rm -rf /etc/lightdm /usr/share/lightdm/lightdm.conf.d /etc/X11/xorg.conf.d /usr/share/X11/xorg.conf.d
	file /etc/X11/xorg.conf 'Section "Module"' 'Disable "glx"' 'EndSection' \
		'Section "Device"' 'Identifier "card"' 'Driver "modesetting"' \
		'Option "AccelMethod" "none"' 'EndSection' \
		'Section "InputClass"' 'Identifier "all"' 'MatchDevicePath "/dev/input/event*"' \
		'Driver "libinput"' 'EndSection'
	file /usr/share/xgreeters/window.desktop '[Desktop Entry]' 'Name=window' \
		"Exec=/vm/tools/x-window $greeter_colour login" 'Type=Application'
	file /usr/share/xsessions/x11.desktop '[Desktop Entry]' 'Name=x11' \
		'Exec=x11' 'Type=Application'
	file /usr/share/wayland-sessions/wayland.desktop '[Desktop Entry]' 'Name=wayland' \
		'Exec=wayland' 'Type=Application'
}

configure_units() {
	local options=(--backend=drm-backend.so --use-pixman --shell=kiosk-shell.so --socket=wayland-0
		--idle-time=0 --modules=systemd-notify.so --log=/vm/desk/weston.log)
	ln -s /lib/systemd/system/lightdm.service /etc/systemd/system/display-manager.service
	file "/etc/systemd/user/$compositor" '[Service]' 'Type=notify' \
		"ExecStart=/usr/bin/weston ${options[*]}"
	file /etc/systemd/user/window.service '[Unit]' "BindsTo=$compositor" "After=$compositor" \
		'[Service]' 'Environment=WAYLAND_DISPLAY=wayland-0' 'StandardError=append:/vm/desk/window.log' \
		"ExecStart=/vm/tools/wayland-window ${desktop_colour[wayland]} /vm/desk/shown"
	file "/etc/systemd/user/$sound_holder" '[Service]' 'Restart=on-failure' \
		'ExecStart=/vm/tools/hold /dev/snd/controlC0 /vm/desk/sound'
	file "/etc/systemd/system/$i2c_holder.service" '[Service]' \
		'ExecStart=/vm/tools/hold /dev/%i /vm/desk/i2c'
	systemctl daemon-reload
}

# Weston ends with its session. That of Plasma does not, and is what users have: so Weston is not told.
keep_compositor() {
	file /etc/dbus-1/system.d/keep-compositor.conf '<busconfig>' "<policy user='$user'>" \
		'<deny receive_interface="org.freedesktop.login1.Manager" receive_member="SessionRemoved"/>' \
		'</policy>' '</busconfig>'
}

# desktop_node: makes this host one that can have a desktop, for good
desktop_node() {
	add_users
	configure_pam
	configure_display
	configure_units
	keep_compositor
	stty -F /dev/ttyS2 115200 raw -echo
	monitor qmp_capabilities || return
	systemctl start systemd-udevd.service dbus.service systemd-logind.service
}

# --- libvirtd, as a service of systemd's

libvirtd_start() {
	systemctl start libvirtd.service && libvirtd_alive 30
}

libvirtd_stop() {
	systemctl stop libvirtd.service
}

# --- QEMU's monitor, from inside

# monitor COMMAND [ARGUMENTS]: what it answers is in monitor_text
monitor() {
	local line id=$BASHPID.$RANDOM port
	exec {port}<>/dev/ttyS2
	flock "$port"
	# the first byte ends what the monitor took of an echo or a half command
	printf '\xff\n{"execute": "%s", "id": "%s", "arguments": {%s}}\n' "$1" "$id" "${2:-}" >&"$port"
	while read -rt 20 -u "$port" line; do
		if [[ $line == *'"id": "'"$id"'"'* ]]; then
			exec {port}>&-
			monitor_text=$line
			[[ $line == *'{"return"'* || $line == *'"return": '* ]]
			return
		fi
	done
	exec {port}>&-
	monitor_text='no answer from the monitor'
	return 1
}

# screenshot NAME: what the card shows; the .png is for people, and kept when the scenario fails
screenshot() {
	local base=out/$scenario.$1
	if ! monitor screendump "\"filename\": \"$base.ppm\"" ||
		! monitor screendump "\"filename\": \"$base.png\", \"format\": \"png\""; then
		fail "no screenshot '$1': $monitor_text"
	fi
}

# same_picture NAME NAME [PIXELS]: at most so many pixels may differ, as a cursor's
same_picture() {
	local text
	if text=$(/vm/tools/picture differ "$pictures/$scenario."{"$1","$2"}.ppm); then
		((${text%% *} > ${3:-0})) || return 0
	fi
	printf 'the screenshots %s and %s differ: %s\n' "$1" "$2" "$text"
	return 1
}

# picture_has NAME RRGGBB PERCENT: at least so much of it has the colour
picture_has() {
	local share
	share=$(/vm/tools/picture share "$pictures/$scenario.$1.ppm" "$2")
	((share >= $3))
}

# --- sessions

# sessions VARIABLE: lines "ID USER CLASS TYPE SEAT STATE", with - for what is empty
sessions() {
	local -n sessions_out=$1
	local ids id line rest=() wanted=(--property={Name,Class,Type,Seat,State})
	sessions_out=
	mapfile -t ids < <(loginctl --no-legend --no-pager list-sessions)
	for id in "${ids[@]}"; do
		read -r id _ <<<"$id"
		declare -A field=([Name]=- [Class]=- [Type]=- [Seat]=- [State]=-)
		while IFS= read -r line; do
			field[${line%%=*}]=${line#*=}
		done < <(loginctl show-session "$id" "${wanted[@]}")
		for line in Name Class Type Seat State; do
			rest+=("${field[$line]:--}")
		done
		sessions_out+="$id ${rest[*]}"$'\n'
		rest=()
	done
}

# has_session USER CLASS TYPE SEAT STATE: each a pattern
has_session() {
	local text id name class type seat state
	sessions text
	while read -r id name class type seat state; do
		# shellcheck disable=SC2053 # they are patterns
		[[ $id && $name == $1 && $class == $2 && $type == $3 && $seat == $4 && $state == $5 ]] && return
	done <<<"$text"
	return 1
}

# session_is_there KIND
session_is_there() {
	case $1 in
	greeter) has_session lightdm greeter x11 seat0 active ;;
	*) has_session "$user" user "$1" seat0 active ;;
	esac
}

# session_count NUMBER
session_count() {
	local ids
	mapfile -t ids < <(loginctl --no-legend --no-pager list-sessions)
	((${#ids[@]} == $1))
}

no_session() {
	session_count 0
}

# --- who has the card open

# card_node VARIABLE: its number may be another one after each probe
card_node() {
	local -n card_out=$1
	local found=("/sys/bus/pci/devices/$gpu"/drm/card*)
	card_out=/dev/dri/${found[0]##*/}
	[[ -c $card_out ]]
}

# opens NAME PATH: a process of that name has the file open
opens() {
	local file name descriptor
	for file in /proc/[0-9]*/comm; do
		{ read -r name <"$file"; } 2>/dev/null || continue
		[[ $name == "$1" ]] || continue
		for descriptor in "${file%comm}fd"/*; do
			[[ ! $descriptor -ef $2 ]] || return 0
		done
	done
	return 1
}

# has_card NAME: a process of that name has the card open
has_card() {
	local node
	card_node node && opens "$1" "$node"
}

# --- the desktop

unit_is() {
	[[ $(systemctl show --value --property=ActiveState "$1") == "$2" ]]
}

# user_run COMMAND...: as the test user, outside of every session
user_run() {
	setpriv --reuid "$user_id" --regid "$user_id" --init-groups env HOME="/home/$user" \
		XDG_RUNTIME_DIR="/run/user/$user_id" "$@"
}

user_systemctl() {
	user_run systemctl --user "$@"
}

# user_lives_on: the test user's units outlive the last session, not for some seconds only
user_lives_on() {
	mkdir -p /var/lib/systemd/linger
	loginctl enable-linger "$user"
}

# user_unit_is UNIT STATE
user_unit_is() {
	[[ $(user_systemctl show --value --property=ActiveState "$1") == "$2" ]]
}

# desktop_up KIND: greeter (nobody is logged in), x11 or wayland
desktop_up() {
	local lines=('[LightDM]' 'greeter-user=lightdm' 'user-authority-in-system-dir=true' '[Seat:*]'
		'greeter-session=window' 'session-wrapper=/vm/control/in/l1/session' 'greeter-hide-users=true')
	[[ $1 == greeter ]] || lines+=("autologin-user=$user" "autologin-session=$1" "user-session=$1")
	file /etc/lightdm/lightdm.conf "${lines[@]}"
	rm -f /vm/desk/{shown,status,*.log}
	systemctl start display-manager.service
	desktop_came "$1" 60
}

# desktop_came KIND SECONDS: the session is there, and the card shows it
desktop_came() {
	must_come "$2" "a session $1 is on the seat" "session_is_there $1"
	must_come "$2" "the card shows it" "desktop_is_shown $1"
}

desktop_is_shown() {
	screenshot now
	picture_has now "${desktop_colour[$1]}" 95
}

# in_desktop COMMAND: as from a terminal of the desktop; goes on at once
in_desktop() {
	rm -f /vm/desk/status
	printf '%s\n' "$1" 1<>/vm/desk/terminal
}

# show_terminal N: as chvt does
show_terminal() {
	local front
	# shellcheck disable=SC2016 # the dollars are perl's
	perl -e 'open(F, "<", "/dev/tty0") && ioctl(F, 0x5606, $ARGV[0] + 0) && ioctl(F, 0x5607, $ARGV[0] + 0)' "$1"
	read -r front </sys/class/tty/tty0/active
	[[ $front == "tty$1" ]] || fail "the terminal $front stays in front"
}

# remote_session: one of the test user's without a seat, as through ssh, until drop_remote
remote_session() {
	systemd-run --quiet --unit=remote --property="User=$user" --property=PAMName=remote \
		bash -c 'read -r <>/vm/desk/never' >/dev/null
	must_come 10 'a session without a seat is there' 'has_session "$user" user tty - "*"'
}

# card_has_i2c VARIABLE: gives the card a bus, as a driver of one with connectors does; its node
card_has_i2c() {
	local -n i2c_out=$1
	local found
	insmod /vm/control/in/modules/updates/gpu_i2c.ko
	modprobe i2c-dev
	found=("/sys/bus/pci/devices/$gpu"/i2c-*/i2c-dev/i2c-*)
	# shellcheck disable=SC2034 # the caller's
	i2c_out=/dev/${found[0]##*/}
	must_come 10 'the card has an i2c bus' '[[ -c $i2c_out ]]'
}

# desktop_logs: what the display manager and the X server said, and a last picture
desktop_logs() {
	local text
	sessions text
	printf -- '--- the sessions:\n%s\n' "$text"
	tail -n 20 /var/log/lightdm/lightdm.log /vm/desk/*.log "/home/$user"/{.xsession-errors,.local/share/xorg/*.log}
	cp /var/log/lightdm/*.log /vm/desk/*.log /vm/control/out/
	(screenshot failed)
	rm -f "$pictures"/*.ppm
}

# desktop_down: as at boot, nobody logged in and nothing of the user's runs
desktop_down() {
	local id
	systemctl stop display-manager.service remote.service "$i2c_holder*" 2>/dev/null || :
	rmmod gpu_i2c i2c_dev 2>/dev/null || :
	while read -r id _; do
		loginctl terminate-session "$id" 2>/dev/null || :
	done < <(loginctl --no-legend --no-pager list-sessions)
	loginctl disable-linger "$user"
	systemctl stop "user@$user_id.service" "user@$greeter_id.service"
	systemctl reset-failed
	wait_for 20 no_session
}

desktop_quiet() {
	desktop_down
	rm -f "$pictures"/*.ppm
}

# --- the card leaves, and comes back

# desktop_seen: what desktop_is_back compares with
desktop_seen() {
	host_snapshot >/vm/before
	screenshot before
	read -r front </sys/class/tty/tty0/active
}

# desktop_is_back KIND: as it was seen, and the host, too
desktop_is_back() {
	local now
	desktop_came "$1" 60
	screenshot after
	check 'the picture is the one before' same_picture before after
	read -r now </sys/class/tty/tty0/active
	check 'the same terminal is in front' test "$now" = "$front"
	expect_host_same
	check 'nobody keeps the host awake' eval '! is_kept_awake'
}

# desktop_is_gone: and stays away
desktop_is_gone() {
	check 'the display manager is stopped' unit_is display-manager.service inactive
	check 'nobody is logged in on the seat' eval '! has_session "*" "*" "*" seat0 "*"'
	check 'no X server runs' eval '! pidof -q Xorg'
	check 'no compositor runs' eval '! pidof -q weston'
}

is_kept_awake() {
	local text
	text=$(systemd-inhibit --list --no-pager --no-legend)
	[[ $text == *vfio-handoff*sleep*block* ]]
}

# suspend_is_refused: as a desktop asks for it
suspend_is_refused() {
	local text
	! text=$(systemctl --check-inhibitors=yes suspend 2>&1) && has_text "$text" inhibited vfio-handoff
}

# in_session COMMAND...: as root, below the user's graphical session, as with sudo in a terminal
in_session() {
	local text id rest scope
	sessions text
	while read -r id rest; do
		[[ $rest != "$user user x11 "* && $rest != "$user user wayland "* ]] ||
			scope=/sys/fs/cgroup/user.slice/user-$user_id.slice/session-$id.scope
	done <<<"$text"
	bash -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$scope" "$@"
}

# logged TEXT...: the product's log has each, since this scenario began
logged() {
	steps_text
	has_text "$steps" "$@"
}
