# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: nvidia
# deadline: 300
# what: nvidia-persistenced, which keeps the card open, is stopped and runs again, whatever ends it

# joeknock90#25: it alone holds the module. kernel/hypeman#17, BigAnteater#35: what the way out stopped
# was forgotten on the way back.

unit=/etc/systemd/system/nvidia-persistenced.service

is_running() {
	[[ $(systemctl show --value --property=ActiveState nvidia-persistenced) == active && -e /vm/held.persistenced ]]
}

is_stopped() {
	[[ $(systemctl show --value --property=ActiveState nvidia-persistenced) == inactive ]]
}

check 'systemd runs here' test "$(</proc/1/comm)" = systemd
printf '%s\n' '[Unit]' 'DefaultDependencies=no' '[Service]' 'ExecStart=/vm/tools/hold /dev/nvidia0 /vm/held.persistenced' \
	'ExecStopPost=/bin/rm -f /vm/held.persistenced' >"$unit"
systemctl daemon-reload
systemctl start nvidia-persistenced
must_come 10 'it has the card open' is_running
profile_for persistenced "$gpu"
domain_define persistenced yes "$gpu" "$sound"

note 'a start and a stop'
domain_start persistenced
check 'it is stopped' is_stopped
check 'the modules are gone' module_is nvidia gone
guest_has persistenced "$gpu_id" "$sound_id"
domain_stop persistenced
check 'nvidia drives the GPU' has_driver "$gpu" nvidia
must_come 10 'it has the card open again' is_running
expect_host_same

note 'a start that fails after the card was handed over'
devices="<disk type='file'><source file='/vm/nothing-there'/><target dev='vda'/></disk>" \
	domain_define persistenced yes "$gpu" "$sound"
domain_refused persistenced nothing-there
check 'nvidia drives the GPU' has_driver "$gpu" nvidia
must_come 10 'it has the card open again' is_running
expect_host_same

note 'what did not run is not started'
systemctl stop nvidia-persistenced
handoff 0 detach persistenced
handoff 0 reattach persistenced
check 'it is not started' is_stopped
expect_host_same
rm "$unit"
systemctl daemon-reload
