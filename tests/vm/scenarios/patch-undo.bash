# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deadline: 180
# what: patch --undo goes back byte for byte but not over others' changes; what is not the patch's stays

# same NAME FILE: the definition is what the file has, byte for byte
same() {
	definition "$1" /vm/now.xml
	cmp "$2" /vm/now.xml || {
		diff "$2" /vm/now.xml
		return 1
	}
}

note "a definition with secrets, metadata and QEMU's own arguments"
features="<hyperv><relaxed state='on'/></hyperv>"
elements="<title>it's &lt;kept&gt; &amp; &#xe4;</title>
<metadata><app:info xmlns:app='urn:app'><app:b one='1'>x &amp; y</app:b><!-- theirs --></app:info></metadata>
<qemu:commandline><qemu:arg value='-fw_cfg'/><qemu:arg value='name=opt/theirs,string=kept'/></qemu:commandline>"
devices="<graphics type='vnc' port='-1' listen='127.0.0.1' passwd='s3cret'/>"
domain_define kept no
definition kept /vm/found.xml
profile kept '[guest]' 'hide-kvm = yes' 'vendor-id = ourvendorid1' 'x-vga = yes' '[device gpu]' "address = $gpu"

handoff 0 patch kept --apply
[[ $handoff_text != *s3cret* ]] || fail 'the diff shows the password'
definition kept /vm/patched.xml
file_text /vm/patched.xml patched
check 'the real driver takes what the patch adds' has_text "$patched" "<hidden state='on'/>" \
	"<vendor_id state='on' value='ourvendorid1'/>" "<ioapic driver='kvm'/>" \
	'<qemu:override>' "name='x-vga'" "bus='0x01' slot='0x00' function='0x1'"
check 'and keeps what was there' has_text "$patched" "passwd='s3cret'" 's &lt;kept&gt; &amp;' \
	'<app:b one="1">x &amp; y</app:b>' 'name=opt/theirs,string=kept' "<relaxed state='on'/>"
lost=$(diff /vm/found.xml /vm/patched.xml | grep '^<') || :
check "all of it: $lost" test -z "$lost"
handoff 0 patch kept --apply
check 'a second patch changes nothing' same kept /vm/patched.xml
handoff 0 patch kept --undo
check 'undo restores what libvirt gave before, byte for byte' same kept /vm/found.xml

note 'somebody else changes the domain'
handoff 0 patch kept --apply
virsh -q desc kept --config theirs
definition kept /vm/theirs.xml
domain_uuid kept uuid
handoff 1 patch kept --undo
check 'both versions are named' has_text "$handoff_text" \
	"/var/lib/vfio-handoff/guest/$uuid/before" "/var/lib/vfio-handoff/guest/$uuid/after"
check 'and their change stays' same kept /vm/theirs.xml

note 'killed when libvirt has the new definition, and the command has no answer yet'
features='' elements='' devices=''
domain_define cut no
definition cut /vm/found.xml
check 'the command was killed' /vm/tools/kill-at /etc/libvirt/qemu/cut.xml \
	vfio-handoff patch cut --hide-kvm --apply
definition cut /vm/patched.xml
file_text /vm/patched.xml patched
check 'after its change was made' has_text "$patched" "<hidden state='on'/>"
handoff 0 patch cut --hide-kvm --check
domain_uuid cut uuid
handoff 1 patch cut --undo
check 'undo cannot know whose the change is, and says the way out' has_text "$handoff_text" \
	'cut short' "virsh -c qemu:///system define /var/lib/vfio-handoff/guest/$uuid/before"
virsh -q -c qemu:///system define "/var/lib/vfio-handoff/guest/$uuid/before"
check 'the way out is one' same cut /vm/found.xml
handoff 0 patch cut --undo
check 'then nothing is kept' test ! -e "/var/lib/vfio-handoff/guest/$uuid"

note 'a domain that runs'
domain_start cut
handoff 0 patch cut --hide-kvm --apply
check 'is told when the change holds' has_text "$handoff_text" 'next start'
[[ $(virsh dumpxml cut) != *'<hidden'* ]] || fail 'the running domain was changed'
check 'the running domain is as it was' domain_pid cut pid
handoff 0 patch cut --hide-kvm --check
domain_stop cut
handoff 0 patch cut --undo
check 'undo restores it' same cut /vm/found.xml

note 'a transient domain'
sed -e 's/<name>cut/<name>passing/' -e '/<uuid>/d' /vm/found.xml >/vm/passing.xml
virsh -q create --paused /vm/passing.xml
handoff 1 patch passing --hide-kvm --apply
check 'is refused' has_text "$handoff_text" transient
check 'and stays transient' has_text "$(virsh dominfo passing)" 'Persistent:     no'
domain_stop passing

note 'no such domain; a plain user'
handoff 1 patch nobody --hide-kvm
check 'the domain is named' has_text "$handoff_text" nobody
status=0
output=$(setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
	vfio-handoff patch cut --hide-kvm --apply 2>&1) || status=$?
printf '%s\n' "$output"
check "a plain user is refused (exit $status)" test "$status" -eq 1
check 'with the reason' has_text "$output" root
check 'and nothing was changed' same cut /vm/found.xml
