# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 300
# what: services under OpenRC that have the card open, a display manager among them, go and come back

# shellcheck source=../l1/services.bash
source /vm/control/in/l1/services.bash

# daemon NAME NODE LINE...: a service that holds NODE
daemon() {
	openrc_service "$1" "supervisor=supervise-daemon" 'command=/vm/tools/hold' \
		"command_args=\"$2 /vm/held.$1\"" "${@:3}"
}

openrc_new
daemon lightdm /dev/dri/card0
daemon music /dev/snd/controlC0
openrc_service theme 'depend() { need lightdm; }' 'start() { :; }' 'stop() { :; }'
openrc_up
check 'OpenRC runs here' test -e /run/openrc/softlevel
rc-service theme start
rc-service music start
check 'the display manager runs' openrc_is lightdm started
must_come 10 'and has the card open' 'is_open /dev/dri/card0'
must_come 10 'the other has the sound open' 'is_open /dev/snd/controlC0'
host_snapshot >/vm/before

note 'a service that the profile does not name refuses the start'
domain_define openrc yes "$gpu" "$sound"
profile openrc '[host]' 'timeout = 20s' '[device one]' "address = $gpu"
domain_refused openrc music
check 'nothing was stopped' openrc_is lightdm started
expect_host_same

note 'one that it names is stopped, and the display manager, with what needs it'
profile openrc '[host]' 'timeout = 20s' 'services = music' '[device one]' "address = $gpu"
domain_start openrc
check 'the display manager is stopped' openrc_is lightdm stopped
check 'what needs it, too' openrc_is theme stopped
check 'and the service' openrc_is music stopped
guest_has openrc "$gpu_id" "$sound_id"
domain_stop openrc
check 'the display manager runs again' openrc_is lightdm started
check 'what needs it, too, though nobody named it' openrc_is theme started
check 'and the service' openrc_is music started
must_come 10 'the card is open again' 'is_open /dev/dri/card0 && is_open /dev/snd/controlC0'
expect_host_same

note 'what needs another is named before it'
profile openrc '[host]' 'timeout = 20s' 'display-manager = none' 'services = theme lightdm music' \
	'[device one]' "address = $gpu"
domain_start openrc
check 'all are stopped' eval 'openrc_is music stopped && openrc_is lightdm stopped && openrc_is theme stopped'
domain_stop openrc
check 'all run again' eval 'openrc_is music started && openrc_is lightdm started && openrc_is theme started'

note 'what did not run is not started'
rc-service music stop
domain_start openrc
domain_stop openrc
check 'it is not started' openrc_is music stopped
check 'the display manager is' openrc_is lightdm started

note 'one that does not stop refuses the start'
daemon music /dev/snd/controlC0 'stop() { return 1; }'
rc-service music start
domain_refused openrc music
check 'all runs as before' eval 'openrc_is music started && openrc_is lightdm started && openrc_is theme started'
daemon music /dev/snd/controlC0
openrc_down
must_come 10 'nobody has the card open' '! is_open /dev/dri/card0 && ! is_open /dev/snd/controlC0'
