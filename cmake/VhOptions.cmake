# SPDX-License-Identifier: GPL-2.0-or-later
#
# vh-options carries every flag that our code is compiled and linked with; nothing is set globally.
# Warnings are errors only where a preset says so (CMAKE_COMPILE_WARNING_AS_ERROR), never for packagers.

# The program that the hook runs where a VM has a profile: what needs libxml2 is not linked into it.
set(VH_SECOND_STAGE ${CMAKE_INSTALL_FULL_SBINDIR}/vfio-handoff-xml)

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_library(vh-options INTERFACE)
target_include_directories(vh-options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_features(vh-options INTERFACE c_std_17)
target_compile_definitions(vh-options INTERFACE _GNU_SOURCE VH_VERSION="${PROJECT_VERSION}")

target_compile_options(vh-options INTERFACE
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 -Wundef
	-Wswitch-enum -Wconversion -Wcast-qual -Wnull-dereference -Wimplicit-fallthrough
	$<$<C_COMPILER_ID:Clang>:-Wno-unused-variable> # it takes what only its cleanup reads for unused
	-fstack-protector-strong
	${VH_ANALYZER})

target_link_options(vh-options INTERFACE LINKER:-z,relro LINKER:-z,now LINKER:--as-needed)

if(VH_SANITIZE)
	list(JOIN VH_SANITIZE "," vh_sanitizers)
	target_compile_options(vh-options INTERFACE
		-fsanitize=${vh_sanitizers} -fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(vh-options INTERFACE -fsanitize=${vh_sanitizers})
else()
	# Glibc checks nothing without optimisation, and warns about that.
	target_compile_options(vh-options INTERFACE
		$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE>
		$<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=2>)
endif()

if(VH_FUZZ)
	target_compile_options(vh-options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(VH_TIDY)
	find_program(VH_CLANG_TIDY clang-tidy REQUIRED)
	set(CMAKE_C_CLANG_TIDY ${VH_CLANG_TIDY} --quiet)
endif()
