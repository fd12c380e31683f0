#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What processes remember of names does not outlive its truth: see programs/known.py.

load helpers/common

# Does what is asked, from outside of the session; a line each time, until it says "end".
outside()
{
	local line
	while read -r line <asked && [ "$line" != end ]; do
		$line
		echo answer >answered
	done
}

setup()
{
	vu_setup
	need python3
	make_ext2 img
	make_ext2 image
	mkdir mnt
	echo host >mnt/file
	mkfifo asked answered
	outside 3>&- &
	OUTSIDE=$!
}

teardown()
{
	kill "$OUTSIDE" 2>/dev/null || true
	wait "$OUTSIDE" || true
	rm -f asked answered
	vu_teardown
}

@test "a link, or a mount, is seen by who knew the name as another" {
	run in_session -m "vufuseext2:image:mnt" python3 "$VU_SOURCE/test/system/programs/known.py"
	assert_success
}

@test "... and if calls are trapped" {
	export VU_AGENT=trap
	run in_session -m "vufuseext2:image:mnt" python3 "$VU_SOURCE/test/system/programs/known.py"
	assert_success
}
