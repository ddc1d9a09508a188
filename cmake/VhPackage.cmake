# SPDX-License-Identifier: GPL-2.0-or-later
#
# The Debian package: `cpack` in a build with the prefix /usr; `./install.sh package` does all of it.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME vfio-handoff)
# Who builds it answers for it.
if(DEFINED ENV{DEBEMAIL})
	set(CPACK_PACKAGE_CONTACT "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
else()
	set(CPACK_PACKAGE_CONTACT "vfio-handoff maintainers <maintainers@vfio-handoff.example>")
endif()
set(CPACK_PACKAGE_VENDOR vfio-handoff)
set(CPACK_STRIP_FILES ON)
# What is installed below /etc has an absolute destination.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.52), kmod")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libvirt-daemon-system | qemu-server, pci.ids")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, graphviz")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "hands PCI devices to virtual machines and brings them back")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"The devices that a profile names, above all the GPU, leave the host when a
virtual machine of libvirt or Proxmox VE starts, and come back when it stops.

Each step is recorded before it is taken and verified after it: a hand-over
that fails or is killed half-way is undone, or what could not be undone is
told by name. The command vfio-handoff shows every step beforehand, prepares
the host and the machine's definition, and finds out why a passthrough does
not work.")

set(vh_debian ${PROJECT_SOURCE_DIR}/cmake/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
	${vh_debian}/preinst ${vh_debian}/postinst ${vh_debian}/prerm ${vh_debian}/postrm)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/DebianFiles.cmake)

include(CPack)
