# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boot: desktop
# deadline: 600
# what: the Debian package installs, upgrades under a running VM, is removed and purged

link=/etc/libvirt/hooks/qemu.d/50-vfio-handoff
path=vfio-handoff-recover.path
in=/vm/control/in

# What is anybody's below these, but dpkg's own records and what systemctl links for a moment.
listing() {
	find /etc /usr/bin /usr/sbin /usr/share /usr/lib/systemd /var/lib/vfio-handoff /run/vfio-handoff \
		-newer /vm/before-package \( -type f -o -type l \) ! -path '/etc/mtab' ! -name '.updated' 2>/dev/null |
		grep -vE '^/usr/share/(doc|man|info)/\.|^/etc/ld\.so\.cache$|/icons/|/mime/' || :
}

package() { # EXIT-STATUS ARGUMENT...
	local wanted=$1 status=0
	shift
	said=$(dpkg "$@" 2>&1) || status=$?
	printf '%s\n' "$said"
	if ((wanted == 0)); then
		check "dpkg $*" test "$status" = 0
	else
		check "dpkg $* is refused" test "$status" != 0
	fi
}

# Of a container that the VM's root may come from: it would keep services from starting.
rm -f /usr/sbin/policy-rc.d
# The index of all man pages would be made anew each time.
rm -f /var/lib/man-db/auto-update

note 'not over what install.sh has installed'
package 1 -i "$in/this.deb"
has_text "$said" 'installed by install.sh' || fail 'it does not say why'
check 'the hook is there' test -L "$link"

note 'as uninstall leaves a host'
while read -r kind file; do
	case $kind in
	file | link) rm -f "$file" ;;
	esac
done </usr/share/vfio-handoff/manifest
systemctl disable --now "$path" 2>/dev/null || :
rm -rf /usr/share/vfio-handoff /etc/vfio-handoff
dpkg --purge vfio-handoff >/dev/null 2>&1 || :
: >/vm/before-package

note "not over another's link"
mkdir -p "${link%/*}"
ln -s /usr/bin/true "$link"
package 1 -i "$in/this.deb"
has_text "$said" "$link exists and is not ours" || fail 'it does not say why'
check "the link is as it was" test "$(readlink "$link")" = /usr/bin/true
rm "$link"
dpkg --purge vfio-handoff >/dev/null 2>&1 || :

note 'install'
package 0 -i "$in/this.deb"
check 'the hook is there' test "$(readlink "$link")" = /usr/sbin/vfio-handoff-hook
check 'the watcher is enabled' systemctl is-enabled --quiet "$path"
check 'the watcher waits' systemctl is-active --quiet "$path"
check 'the man page is there' test -e /usr/share/man/man8/vfio-handoff.8.gz
check 'the program runs' vfio-handoff --version
profile_for card "$nic"
domain_define card no "$nic"
domain_start card
guest_has card "$nic_id"

note 'upgrade, and no removal, while a VM has a device'
package 1 -r vfio-handoff
has_text "$said" 'a VM has devices of this host' || fail 'it does not say why'
check 'it is still installed' test -x /usr/sbin/vfio-handoff-hook
package 0 -i "$in/newer.deb"
version=$(dpkg-query -W -f '${Version}' vfio-handoff)
check "it is newer: $version" test "${version%+newer}" != "$version"
check 'the device is still on vfio-pci' has_driver "$nic" vfio-pci
check 'the watcher waits' systemctl is-active --quiet "$path"
domain_stop card
must_come 20 'the device is back' 'has_driver "$nic" e1000e'

note 'remove keeps profiles, purge keeps nothing'
package 0 -r vfio-handoff
check 'the profile is kept' test -e /etc/vfio-handoff/card.ini
check 'the hook is gone' test ! -L "$link"
check 'the watcher is gone' test ! -e /usr/lib/systemd/system/"$path"
package 0 -P vfio-handoff
virsh -q undefine card >/dev/null
left=$(listing | grep -E 'vfio-handoff|50-vfio' || :)
check "nothing is left: $left" test -z "$left"
check 'no profile is left' test ! -e /etc/vfio-handoff

note 'back to what the other scenarios need'
cp -a "$in/stage/." /
systemctl daemon-reload
systemctl enable --now "$path" 2>/dev/null
