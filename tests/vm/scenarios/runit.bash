# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 300
# what: services under runit that have the card open, a display manager among them, go and come back

# shellcheck source=../l1/services.bash
source /vm/control/in/l1/services.bash

# daemon NAME NODE
daemon() {
	runit_service "$1" "exec /vm/tools/hold $2 /vm/held.$1"
}

runit_up
daemon lightdm /dev/dri/card0
daemon music /dev/snd/controlC0
must_come 10 'both have the card open' 'is_open /dev/dri/card0 && is_open /dev/snd/controlC0'
host_snapshot >/vm/before

note 'a service that the profile does not name refuses the start'
domain_define runit yes "$gpu" "$sound"
profile runit '[host]' 'timeout = 20s' '[device one]' "address = $gpu"
domain_refused runit music
check 'nothing was stopped' runit_is lightdm run
expect_host_same

note 'one that it names is stopped, and so is the display manager'
profile runit '[host]' 'timeout = 20s' 'services = music' '[device one]' "address = $gpu"
domain_start runit
check 'the display manager is stopped' runit_is lightdm down
check 'and the service' runit_is music down
guest_has runit "$gpu_id" "$sound_id"
domain_stop runit
check 'the display manager runs again' runit_is lightdm run
check 'and the service' runit_is music run
must_come 10 'the card is open again' 'is_open /dev/dri/card0 && is_open /dev/snd/controlC0'
expect_host_same

note 'what did not run is not started'
sv down /etc/service/music
must_come 10 'it is down' 'runit_is music down'
domain_start runit
domain_stop runit
check 'it is not started' runit_is music down
check 'the display manager is' runit_is lightdm run

note 'one that does not stop in time refuses the start'
profile runit '[host]' 'timeout = 8s' 'services = music' '[device one]' "address = $gpu"
printf '%s\n' '#!/bin/sh' "trap : TERM" '/vm/tools/hold /dev/snd/controlC0 /vm/held.music & while :; do wait; done' >/etc/sv/music/run
sv up /etc/service/music
must_come 10 'it has the sound open' 'is_open /dev/snd/controlC0'
domain_refused runit music
check 'the display manager runs as before' runit_is lightdm run
sv force-stop /etc/service/music || :
drop=$(pidof hold || :)
runit_down
# shellcheck disable=SC2086 # words
kill -KILL $drop 2>/dev/null || :
must_come 10 'nobody has the card open' '! is_open /dev/dri/card0 && ! is_open /dev/snd/controlC0'
