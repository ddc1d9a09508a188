# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 400
# what: no display manager: an X server that somebody, or an automatic login, has started on a text terminal

# mateussouzaweb#3, gswitch#9: no display manager, and no error
login=getty@tty1.service

# asks_with [OPTION...]: how the first terminal asks for a login
asks_with() {
	file "/etc/systemd/system/$login.d/login.conf" '[Service]' 'ExecStart=' \
		"ExecStart=-/sbin/agetty $* --noclear %I linux"
	systemctl daemon-reload
}

server_runs() {
	session_is_on_terminal && has_card Xorg && desktop_is_shown x11
}

session_is_on_terminal() {
	has_session "$user" user tty seat0 active
}

# text, of which little is not black
prompt_is_shown() {
	screenshot login
	picture_has login 000000 90 && ! picture_has login 000000 100
}

# as xinit starts it
file "/home/$user/.bash_profile" 'cd /vm/desk' "trap '' TTIN TTOU" 'Xorg :0 vt1 -keeptty -nolisten tcp >x.log 2>&1 &' \
	'until [[ -S /tmp/.X11-unix/X0 || ! -d /proc/$! ]]; do read -rt 0.1 <>never; done' \
	"DISPLAY=:0 exec /vm/tools/x-window ${desktop_colour[x11]} 'by hand' /vm/desk/shown"
profile_for desk "$gpu"
domain_define desk no "$gpu" "$sound"
mkdir -p /tmp/.X11-unix
chmod 1777 /tmp/.X11-unix
show_terminal 1
asks_with --autologin "$user"
systemctl start "$login"
must_come 60 'the X server is there' server_runs
screenshot before
host_snapshot >/vm/before

note 'the login is automatic: it must not come again while the VM runs'
domain_start desk
guest_has desk "$gpu_id" "$sound_id"
desktop_is_gone
check 'nobody logs in there' unit_is "$login" inactive
domain_stop desk
must_come 60 'the X server is there again' server_runs
screenshot after
check 'the picture is the one before' same_picture before after
expect_host_same

note 'the next login is not automatic'
asks_with
handoff 0 detach desk
desktop_is_gone
check 'nobody logs in there' unit_is "$login" inactive
handoff 0 reattach desk
check 'somebody can log in' unit_is "$login" active
read -r front </sys/class/tty/tty0/active
check 'it is the terminal in front' test "$front" = tty1
must_come 20 'the login is on the screen' prompt_is_shown
check 'the console works' console_works
expect_host_same
systemctl stop "$login"
