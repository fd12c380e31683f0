#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that speaks to umvu's socket by itself, and badly: the session goes on as if nothing had been.

load helpers/fault

# hostile NAME: the session's server is troubled by that function of rpc_hostile.py, then used as always.
hostile()
{
	need python3
	make_ext2 img
	mkdir mnt
	HOSTILE=$VU_SOURCE/test/fault/helpers/rpc_hostile.py run session_script <<-END
	vumount -t vufuseext2 img mnt # what comes with the first mount stays
	vuumount mnt
	python3 "\$HOSTILE" $1
	vumount -t vufuseext2 img mnt
	cat mnt/file
	vuumount mnt
	vuname -U
	END
	assert_success
	assert_line "$1: done"
	assert_line one
	assert_clean img
}

@test "garbage, wrong heads, truncated and oversized messages" {
	hostile garbage
}

@test "well-formed requests with odd contents" {
	hostile odd
}

@test "descriptors where none belong" {
	hostile descriptors
}

@test "a client that never reads its reply, and one that goes before it" {
	hostile unread
}

@test "a thousand connections at a time" {
	hostile crowd
}

@test "operations of a front, asked for by a guest" {
	hostile front
}

@test "the limit of descriptors is reached by open connections" {
	run bash -c "ulimit -n 64 && exec \"$LEASH\" -t 60 umvu -N sh -e" <<-END
	python3 "$VU_SOURCE/test/fault/helpers/rpc_hostile.py" crowd
	vuname -U
	END
	assert_success
	assert_line "crowd: done"
}
