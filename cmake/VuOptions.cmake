# SPDX-License-Identifier: LGPL-2.1-or-later
# Options, warnings and the layout of the build tree, which is the same as the installed one:
# umvu finds its files in <folder of umvu>/../lib/vu.

set(werror OFF)
if("$ENV{CI}" STREQUAL "true")
	set(werror ON)
endif()
option(VU_WERROR "Treat warnings as errors (default: on where the environment has CI=true)" ${werror})
option(VU_SANITIZE "Build umvu, the commands and the modules with ASan and UBSan" OFF)

if(NOT CMAKE_BUILD_TYPE)
	set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Kind of build" FORCE)
endif()
# Assertions stay in all builds: no -DNDEBUG.
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2")

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set_property(GLOBAL PROPERTY TARGET_MESSAGES OFF)

add_compile_options($<$<COMPILE_LANGUAGE:C>:-Wall>
	$<$<COMPILE_LANGUAGE:C>:-Wextra>
	$<$<COMPILE_LANGUAGE:C>:-Wshadow>
	$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes>
	$<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
	$<$<COMPILE_LANGUAGE:C>:-Wswitch-enum>
	$<$<COMPILE_LANGUAGE:C>:-Wvla>)
if(VU_WERROR)
	add_compile_options($<$<COMPILE_LANGUAGE:C>:-Werror>)
endif()

# Empty values: a file may still say "#define _GNU_SOURCE" itself.
add_compile_definitions(VU_VERSION="${PROJECT_VERSION}" _GNU_SOURCE=)

set(VU_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)

set(VU_LIB_DIR lib/vu)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/archive)
set(VU_BUILD_LIB_DIR ${PROJECT_BINARY_DIR}/${VU_LIB_DIR})
file(MAKE_DIRECTORY ${VU_BUILD_LIB_DIR}/modules)
