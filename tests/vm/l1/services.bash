# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# OpenRC and runit, as Debian has them, in a host that runs neither systemd nor anything else for
# its services. For the scenarios that say so; they leave none of it behind.

# is_open NODE: a process "hold" has it open
is_open() {
	local pid file
	for pid in $(pidof hold || :); do
		for file in /proc/"$pid"/fd/*; do
			[[ ! $file -ef $1 ]] || return 0
		done
	done
	return 1
}

# install_packages NAME: the files that prepare has got
install_packages() {
	cp -a "/vm/control/in/packages/$1/root/." /
}

# openrc_new: OpenRC without a service
openrc_new() {
	rm -rf /run/runit*
	install_packages openrc
	find /etc/init.d -type f ! -name cgroups -delete
}

# openrc_up: as at boot, with the services that are there by now
openrc_up() {
	openrc sysinit
	openrc default
}

# openrc_service NAME LINE...
openrc_service() {
	printf '%s\n' '#!/sbin/openrc-run' "${@:2}" >"/etc/init.d/$1"
	chmod 755 "/etc/init.d/$1"
}

# openrc_is NAME STATE
openrc_is() {
	[[ $(rc-service "$1" status 2>&1) == *"status: $2" ]]
}

openrc_down() {
	local link
	for link in /run/openrc/started/*; do
		[[ ! -L $link ]] || rc-service "${link##*/}" stop
	done
	rm -rf /run/openrc /etc/init.d/*
}

# runit_up: as its stages leave it, but below our own first process
runit_up() {
	rm -rf /run/openrc
	install_packages runit
	runit_folder=/etc/runit/runsvdir/default
	rm -rf "$runit_folder" /etc/sv/*
	mkdir -p "$runit_folder" /run/runit/supervise
	ln -sfn default /etc/runit/runsvdir/current
	: >/run/runit.stopit
	background runsvdir -P /etc/service 'log: ............'
	runit_pid=$last_pid
}

# runit_service NAME LINE...: runs when this returns
runit_service() {
	mkdir -p "/etc/sv/$1"
	printf '%s\n' '#!/bin/sh' "${@:2}" >"/etc/sv/$1/run"
	chmod 755 "/etc/sv/$1/run"
	ln -s "/etc/sv/$1" "$runit_folder/"
	must_come 20 "runit runs $1" "runit_is $1 run"
}

# runit_is NAME STATE
runit_is() {
	[[ $(sv status "/etc/service/$1") == "$2: "* ]]
}

# SIGHUP makes runsvdir end what it has started
runit_down() {
	local pid
	kill -HUP "$runit_pid"
	must_come 20 'runit has ended' "[[ ! -e /proc/$runit_pid ]] || grep -q '^State:.Z' /proc/$runit_pid/status"
	wait "$runit_pid" || :
	rm -f "/vm/pids/$runit_pid"
	for pid in $(pidof runsv || :); do
		must_come 20 "process $pid has ended" "[[ ! -e /proc/$pid ]]"
	done
	rm -rf /run/runit* /etc/sv/*
}
