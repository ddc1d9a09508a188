# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 180
# what: libvirtd is killed after prepare and before QEMU: nothing calls us again, 'recover' heals

entry=/etc/libvirt/hooks/qemu.d/60-kill-daemon
profile_for orphan "$gpu"
domain_define orphan no "$gpu" "$sound"

# After the whole of our prepare.
printf '%s\n' '#!/bin/bash' '[[ $2 == prepare ]] && kill -KILL "$PPID"' >"$entry"
chmod 755 "$entry"
virsh -q start --domain orphan 2>"$virsh_error" && fail 'the start survived its daemon'
rm "$entry"
check 'the GPU was left on vfio-pci' has_driver "$gpu" vfio-pci
rm -f /run/libvirtd.pid
libvirtd_start
handoff 0 recover
expect_host_same 'recover brought the host back'

# Half-way, the hook too.
at_record 5 kill-parent
virsh -q start --domain orphan 2>"$virsh_error" && fail 'the start survived its daemon'
drop_holders
rm -f /run/libvirtd.pid
libvirtd_start
handoff 0 recover
expect_host_same 'recover brought the host back'
