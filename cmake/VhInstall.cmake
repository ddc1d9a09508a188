# SPDX-License-Identifier: GPL-2.0-or-later
#
# The list of what is installed. install.sh stages this list, compares it with the host, and keeps a
# copy of it for the uninstallation; tests/install holds it against a checked-in one.

set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
	OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

install(TARGETS vh-hook vh-xml RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(TARGETS vh-cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})

# A link, so that what runs is the file in sbin: AppArmor judges the resolved path.
set(vh_hook_link ${PROJECT_BINARY_DIR}/50-vfio-handoff)
file(CREATE_LINK ${CMAKE_INSTALL_FULL_SBINDIR}/vfio-handoff-hook ${vh_hook_link} SYMBOLIC)
install(FILES ${vh_hook_link} DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/libvirt/hooks/qemu.d)

# Not LIBDIR: systemd looks for units in lib on every architecture.
set(vh_units ${PROJECT_SOURCE_DIR}/hooks/systemd)
set(vh_watcher ${PROJECT_BINARY_DIR}/vfio-handoff-recover.service)
configure_file(${vh_units}/vfio-handoff-recover.service.in ${vh_watcher} @ONLY)
install(FILES ${vh_units}/vfio-handoff-recover.path ${vh_watcher} DESTINATION lib/systemd/system)

install(DIRECTORY DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/vfio-handoff)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/profiles/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/profiles
	FILES_MATCHING PATTERN "*.ini" PATTERN kubevirt EXCLUDE)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/profiles/kubevirt DESTINATION ${CMAKE_INSTALL_DOCDIR}/profiles)

# What a user runs to show us a host on which it does not work.
install(PROGRAMS ${PROJECT_SOURCE_DIR}/tests/hosts/collect.sh
	DESTINATION ${CMAKE_INSTALL_DATADIR}/vfio-handoff)

foreach(document README.md CHANGELOG.md LICENSE docs/architecture.md)
	install(FILES ${PROJECT_SOURCE_DIR}/${document} DESTINATION ${CMAKE_INSTALL_DOCDIR} OPTIONAL)
endforeach()

foreach(section 1 5 7 8)
	file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.${section})
	if(pages)
		install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
	endif()
endforeach()

# Where each shell looks for completions that packages bring.
set(vh_completions ${PROJECT_SOURCE_DIR}/cli/completions)
install(FILES ${vh_completions}/vfio-handoff.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
	RENAME vfio-handoff)
install(FILES ${vh_completions}/_vfio-handoff DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${vh_completions}/vfio-handoff.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
