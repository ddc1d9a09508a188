# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# what: a process holds the sound: refused by name, all undone, the console back

profile_for music "$gpu"
domain_define music no "$gpu" "$sound"
hold /dev/snd/controlC0
started=$SECONDS
domain_refused music "$holder" hold /dev/snd/controlC0
check 'it was said within 20 s' test $((SECONDS - started)) -le 20
check 'libvirtd answers' libvirtd_alive
expect_host_same
check 'the console works' console_works
check 'the holder was left alone' kill -0 "$holder"
drop_holders
domain_start music
guest_has music "$gpu_id" "$sound_id"
domain_stop music
expect_host_same 'without the holder it works'
