# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 240
# what: a definition that lacks what its profile asks for starts, and the log names what is missing

profile_for check "$nic" '[guest]' 'hide-kvm = yes' 'vendor-id = randomid'
domain_define check yes "$nic"
definition check /vm/definition.before
domain_start check
check 'the NIC is on vfio-pci' has_driver "$nic" vfio-pci
must_come 5 'the log names the hidden state' \
	'steps_text; has_text "$steps" "check: missing in its definition: " hidden "(hide-kvm)" >/dev/null'
check 'and the rest, each under its key' \
	has_text "$steps" "ioapic" "randomid" "(vendor-id)" 'EVENT=prepare' "'vfio-handoff patch'"
check 'the device is not missing' test "${steps#*missing in its definition: <hostdev>}" = "$steps"
definition check /vm/definition.after
check 'the definition is as it was' cmp /vm/definition.before /vm/definition.after
domain_stop check
expect_host_same

note 'the definition has it all'
: >/vm/steps.log
features="<hyperv mode='custom'><relaxed state='on'/><vendor_id state='on' value='randomid'/></hyperv><kvm><hidden state='on'/></kvm><ioapic driver='kvm'/>" \
	domain_define check yes "$nic"
domain_start check
steps_text
check 'nothing is missing' test "${steps#*missing in}" = "$steps"
check 'and nothing went wrong' test "${steps#*was not checked}" = "$steps"
domain_stop check
expect_host_same

note 'the second stage is not there, or hangs'
mv /usr/sbin/vfio-handoff-xml /vm/second-stage
: >/vm/steps.log
domain_start check
must_come 5 'that is said' 'steps_text; has_text "$steps" "was not checked" "No such file" >/dev/null'
domain_stop check
printf '%s\n' '#!/bin/bash' 'while :; do :; done' >/usr/sbin/vfio-handoff-xml
chmod 755 /usr/sbin/vfio-handoff-xml
: >/vm/steps.log
domain_start check
must_come 5 'that is said, too' 'steps_text; has_text "$steps" "was not checked" "timed out" >/dev/null'
domain_stop check
mv -f /vm/second-stage /usr/sbin/vfio-handoff-xml
expect_host_same
