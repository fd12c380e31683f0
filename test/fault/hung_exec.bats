#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest that hangs in its execve(2), because a daemon does not let it close a file. As long as it does, the kernel lets
# nobody read what it has mapped, and whoever tries waits, too: ps, say. Hence no other test runs beside these.

load helpers/fault

setup()
{
	vu_setup
	[ -x "$VU_BUILD/test/badfs" ] || skip "no libfuse 3 to build badfs with"
	need python3
	mkdir -p "$HOME/.config/vu" mnt
	printf '[vufusebad]\nprogram = %s\nargs = {source} {target}\n' \
		"$VU_BUILD/test/badfs" >"$HOME/.config/vu/vufuse.conf"
}

# A session with such a guest. Its server is noted before: pgrep waits, too.
begin_hung()
{
	VU_TIMEOUT=20 begin --module vufuse "$@" <<-'END'
	vumount -t vufusebad no-close mnt
	until test -e hang; do sleep 0.05; done
	python3 -c 'import os; os.open("mnt/file", os.O_RDONLY); os.execv("/bin/true", ["true"])' &
	while timeout 0.3 cat /proc/$!/maps >maps; do sleep 0.05; done
	test -e /proc/$! && touch ready
	until test -e stop; do sleep 0.05; done
	exit 5
	END
	wait_until 10 there_is server
	victims server >server.pid
	touch hang
	reached ready
}

@test "others unmount and end their sessions" {
	begin_hung --kill-on-exit
	SECONDS=0
	run session_script --module vufuse --kill-on-exit <<-'END'
	sleep 60 &
	mkdir other && vumount -t vufusebad serve other
	cat other/file
	vuumount other
	END
	((SECONDS < 8)) || fail "it took $SECONDS s"
	assert_success
	assert_output data
	touch stop
	finish
	assert_failure 5
}

@test "its own session ends: --kill-on-exit" {
	begin_hung --kill-on-exit
	touch stop
	finish
	assert_failure 5
	assert_line -p "mounts are aborted"
}

@test "its own session ends: the server is killed" {
	begin_hung
	kill -KILL "$(cat server.pid)"
	finish
	assert_failure 125
}
