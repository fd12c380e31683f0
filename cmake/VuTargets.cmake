# SPDX-License-Identifier: LGPL-2.1-or-later
# Makers of targets. Each does nothing where there is no source yet.

# Hosted code: sanitized where asked for.
function(vu_hosted target)
	if(VU_SANITIZE)
		target_compile_options(${target} PRIVATE ${VU_SANITIZERS})
		target_link_options(${target} PRIVATE ${VU_SANITIZERS})
	endif()
endfunction()

# vu_static_library(NAME SOURCE...): a library of the hosted side with src/ as include root. Without
# sources it is an empty interface, so that others can link it all the same.
function(vu_static_library name)
	if(ARGN)
		add_library(${name} STATIC ${ARGN})
		target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
		set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
		vu_hosted(${name})
	else()
		add_library(${name} INTERFACE)
		target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR}/src)
	endif()
endfunction()

# vu_executable(NAME SOURCE...): a program of the hosted side.
function(vu_executable name)
	add_executable(${name} ${ARGN})
	set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
	target_link_options(${name} PRIVATE -Wl,-z,relro,-z,now)
	vu_hosted(${name})
endfunction()

# vu_head_comment(FILE KEY VARIABLE): what the line "/* KEY: words */" (or "# KEY: words") among the
# first ten of FILE says, "" if there is none. A change of FILE configures again.
function(vu_head_comment file key variable)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
	set(value "")
	file(STRINGS ${file} lines LIMIT_COUNT 10 LIMIT_INPUT 4096)
	foreach(line IN LISTS lines)
		if(line MATCHES "^(/\\*|//|#) *${key}: *(.*)$")
			string(REGEX REPLACE " *\\*/ *$" "" value "${CMAKE_MATCH_2}")
			break()
		endif()
	endforeach()
	set(${variable} "${value}" PARENT_SCOPE)
endfunction()
