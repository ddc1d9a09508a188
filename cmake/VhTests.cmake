# SPDX-License-Identifier: GPL-2.0-or-later
#
# How a test gets into ctest: one line per test, in the CMakeLists.txt of its folder. Exit status 77
# means "cannot run here" and is counted as skipped.

if(BUILD_TESTING)
	pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
endif()

# A failing assert ends the test, but the compiler does not know that.
add_library(vh-test-options INTERFACE)
target_compile_options(vh-test-options INTERFACE -Wno-null-dereference)

# vh_test_program(NAME LABEL [SOURCE...]): a cmocka program made of NAME.c and SOURCE...
function(vh_test_program name label)
	add_executable(${name} ${name}.c ${ARGN})
	target_link_libraries(${name} PRIVATE vh-support vh PkgConfig::CMOCKA vh-options vh-test-options)
	target_compile_definitions(${name} PRIVATE
		VH_SOURCE_DIR="${PROJECT_SOURCE_DIR}" VH_BINARY_DIR="${PROJECT_BINARY_DIR}")
	vh_test_command(${name} ${label} $<TARGET_FILE:${name}>)
endfunction()

# vh_test_command(NAME LABEL COMMAND...): anything that exits 0, 77 or otherwise
function(vh_test_command name label)
	add_test(NAME ${label}/${name} COMMAND ${ARGN} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
	set_tests_properties(${label}/${name} PROPERTIES
		LABELS ${label} TIMEOUT 120 SKIP_RETURN_CODE 77
		ENVIRONMENT "VH_BINARY_DIR=${PROJECT_BINARY_DIR}")
endfunction()

# vh_fuzz_program(NAME [SOURCE...]): fuzz_NAME.c with its corpus in corpus/NAME; with VH_FUZZ a short
# and repeatable run of libFuzzer, everywhere else a program that replays the corpus
function(vh_fuzz_program name)
	set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
	add_executable(fuzz_${name} fuzz_${name}.c ${ARGN})
	target_link_libraries(fuzz_${name} PRIVATE vh-support vh vh-options)
	if(VH_FUZZ)
		target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
		# What it finds goes to the first folder; the second is only read.
		set(found ${CMAKE_CURRENT_BINARY_DIR}/found/${name})
		file(MAKE_DIRECTORY ${found})
		set(arguments -seed=1 -runs=50000 -max_total_time=60 -artifact_prefix=${found}/ ${found} ${corpus})
		if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${name}.dict)
			list(PREPEND arguments -dict=${CMAKE_CURRENT_SOURCE_DIR}/${name}.dict)
		endif()
	else()
		target_sources(fuzz_${name} PRIVATE replay.c)
		set(arguments ${corpus})
	endif()
	vh_test_command(${name} fuzz $<TARGET_FILE:fuzz_${name}> ${arguments})
endfunction()
