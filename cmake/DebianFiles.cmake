# SPDX-License-Identifier: GPL-2.0-or-later
#
# What only the Debian package has: compressed man pages, its own copyright and changelog. Run by cpack
# on the staged files.

file(GLOB_RECURSE pages ${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/*.[1578])
foreach(page ${pages})
	execute_process(COMMAND gzip -9n ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

set(doc ${CPACK_TEMPORARY_DIRECTORY}/usr/share/doc/vfio-handoff)
file(REMOVE ${doc}/LICENSE)
file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/debian/copyright ${doc}/copyright)
file(READ ${CMAKE_CURRENT_LIST_DIR}/debian/changelog.in changelog)
string(REPLACE @VERSION@ ${CPACK_PACKAGE_VERSION} changelog "${changelog}")
string(REPLACE @CONTACT@ ${CPACK_PACKAGE_CONTACT} changelog "${changelog}")
file(WRITE ${doc}/changelog "${changelog}")
execute_process(COMMAND gzip -9n ${doc}/changelog COMMAND_ERROR_IS_FATAL ANY)
file(CHMOD ${doc}/copyright ${doc}/changelog.gz
	PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)

# The second stage of the hook is explained with it.
file(CREATE_LINK ../man7/vfio-handoff-hook.7.gz
	${CPACK_TEMPORARY_DIRECTORY}/usr/share/man/man8/vfio-handoff-xml.8.gz SYMBOLIC)

# Debian's own place for what lintian is told about the package.
file(MAKE_DIRECTORY ${CPACK_TEMPORARY_DIRECTORY}/usr/share/lintian/overrides)
file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/debian/lintian-overrides
	${CPACK_TEMPORARY_DIRECTORY}/usr/share/lintian/overrides/vfio-handoff)
file(GLOB_RECURSE entries LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/usr/share/lintian*)
foreach(entry ${entries} ${CPACK_TEMPORARY_DIRECTORY}/usr/share/lintian)
	if(IS_DIRECTORY ${entry})
		file(CHMOD ${entry} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
			GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
	else()
		file(CHMOD ${entry} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
	endif()
endforeach()
