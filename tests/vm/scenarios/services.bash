# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: proxmox
# deadline: 180
# what: a service that has the card open is stopped and started again; one that is not named, or does not start, is told

unit=/etc/systemd/system/card-user.service

# unit_with LINE...: the service that holds the sound card, with more lines
unit_with() {
	printf '%s\n' '[Unit]' 'DefaultDependencies=no' '[Service]' \
		'ExecStart=/vm/tools/hold /dev/snd/controlC0 /vm/held' "$@" >"$unit"
	systemctl daemon-reload
}

# is STATE: the service
is() {
	[[ $(systemctl show --value --property=ActiveState card-user.service) == "$1" ]]
}

has_opened() {
	is active && [[ -e /vm/held ]]
}

start_unit() {
	rm -f /vm/held
	systemctl start card-user.service
	must_come 10 'the service has the sound card open' has_opened
}

check 'systemd runs here' test "$(</proc/1/comm)" = systemd
unit_with
start_unit
vm_config 100 "$hooked" 'hostpci0: 0000:01:00'

note 'not named, it refuses the start'
profile 100 '[host]' 'timeout = 20s'
qm_fails 'start 100' "$sound" hold /dev/snd/controlC0
check 'the service was left alone' is active
phases_came 0 100 pre-start=1

note 'named, it goes and comes back'
profile 100 '[host]' 'timeout = 20s' 'services = card-user'
rm -f /vm/held
qm start 100
check 'the service is stopped' is inactive
guest_has 100 "$gpu_id" "$sound_id"
qm stop 100
must_come 10 'the service has the sound card open again' has_opened
phases_came 0 100 pre-start post-start pre-stop post-stop

note 'what was not running is not started'
systemctl stop card-user.service
qm start 100
qm stop 100
check 'the service is not started' is inactive
phases_came 0 100 pre-start post-start pre-stop post-stop
expect_host_same

note 'one that does not start again is told, and the card is back'
start_unit
qm start 100
unit_with 'ExecStartPre=/bin/false'
qm stop 100
handoff 0 status
must_come 20 'the GPU is back' 'has_driver "$gpu" bochs-drm'
check 'the service has failed' is failed
phases_came 0 100 pre-start post-start pre-stop post-stop=3
systemctl reset-failed card-user.service

note 'what cannot be stopped'
profile 100 '[host]' 'services = nothing-like-that dbus'
exec_hook 1 100 pre-start
check 'both are named' has_text "$hook_text" "there is no unit 'nothing-like-that.service'" \
	"'dbus.service' cannot be stopped"
rm "$unit"
systemctl daemon-reload
expect_host_same
