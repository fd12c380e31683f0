#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Drivers that do not answer, or fail while they mount: who waits for them can be freed, nobody else waits,
# and the end of a session is the end of all.

load helpers/fault

# badfs.c is what fails.
setup()
{
	vu_setup
	[ -x "$VU_BUILD/test/badfs" ] || skip "no libfuse 3 to build badfs with"
	export DRIVER=badfs # who "victims driver" are
	GONE='(Transport endpoint is not connected|Software caused connection abort)$'
	mkdir -p "$HOME/.config/vu" mnt
	printf '[vufusebad]\nprogram = %s\nargs = {source} {target}\nexit.3 = EINVAL\n' \
		"$VU_BUILD/test/badfs" >"$HOME/.config/vu/vufuse.conf"
}

# A session in which three guests wait for the driver for ever: for a name, a page, and to write.
begin_stuck()
{
	begin --module vufuse "$@" <<-'END'
	vumount -t vufusebad serve mnt
	cat mnt/pit 2>pit & pit=$!
	dd if=script.sh of=mnt/sink status=none 2>sink & sink=$!
	sleep 0.2 # a lookup that hangs keeps others in the same folder waiting
	ls mnt/hang 2>hang & hang=$!
	# It has begun, and waits.
	until test "$(cat /proc/$hang/comm)" = ls && grep -q '^State:.[SD]' /proc/$hang/status; do sleep 0.05; done
	sleep 0.2
	touch ready
	until test -e stop; do sleep 0.05; done
	test ! -e force || vuumount -f mnt || exit
	test -e force || exit 5
	for pid in $pit $sink $hang; do ! wait $pid || exit; done
	END
	reached ready
}

@test "a driver that refuses: its words, its status, nothing mounted" {
	run session_script --module vufuse <<-'END'
	! vumount -t vufusebad refuse mnt || exit
	echo "after $(findmnt -n mnt | wc -l)"
	mount -t vufusebad refuse mnt
	END
	assert_failure 32
	assert_line "umvu: badfs: no superblock"
	assert_line "umvu: badfs: giving up"
	assert_line "vumount: 'mnt': Invalid argument"
	assert_line "after 0"
	run in_session -m vufusebad:refuse:mnt true
	assert_failure 125
	assert_line "umvu: mount: 'mnt': Invalid argument"
}

@test "a driver that fails after it has mounted" {
	run session_script --module vufuse <<-'END'
	for mode in quit crash; do
		! vumount -t vufusebad $mode mnt || exit
	done
	vumount -t vufusebad serve mnt
	cat mnt/file
	END
	assert_success
	assert_line "umvu: badfs: cannot serve, although it is mounted"
	assert_line -e "badfs was killed by signal 11"
	assert_line data
}

@test "a driver that hangs while it is being mounted: the mount can be interrupted" {
	local mode signal
	for mode in no-init no-root; do
		for signal in INT TERM; do
			begin --module vufuse <<-END
			# A job in the background ignores SIGINT.
			env --default-signal=INT vumount -t vufusebad $mode mnt & pid=\$!
			echo \$pid >mount.pid
			wait \$pid; echo "status \$?"
			findmnt -n mnt || echo none
			END
			wait_until 10 there_is driver
			sleep 0.2 # so that it has mounted
			strike mount $signal
			finish
			assert_success
			assert_line "status $((128 + $(kill -l $signal)))"
			assert_line none
			assert_nothing_left
		done
	done
}

@test "a driver that is given up leaves nothing behind, whatever it has started and heeds" {
	cat >driver <<-'END'
	#!/bin/sh
	trap '' TERM
	setsid sleep 1000 >/dev/null 2>&1 &
	touch started
	exec sleep 1000
	END
	chmod +x driver
	printf '[vufusedeaf]\nprogram = %s\nargs = {source} {target}\n' "$PWD/driver" >"$HOME/.config/vu/vufuse.conf"
	VU_GRACE=0.1 run session_script --module vufuse <<-'END'
	vumount -t vufusedeaf any mnt & mount=$!
	until test -e started; do sleep 0.05; done
	kill -TERM $mount
	wait $mount || echo "status $?"
	END
	assert_success
	assert_line "status 143"
}

@test "what a driver has started ends with the session" {
	make_fake_ssh
	mv ssh real
	cat >ssh <<-'END'
	#!/bin/sh
	folder=${0%/ssh}
	setsid sh -c 'trap "" HUP INT; touch "$0/started"; exec sleep 1000' "$folder" >/dev/null 2>&1 </dev/null &
	exec "$folder/real" "$@"
	END
	chmod +x ssh
	echo here >file
	VU_GRACE=0.1 run session_script <<-END
	vumount -t vufusesshfs -o $SSHFS host:$PWD mnt
	cat mnt/file
	until test -e started; do sleep 0.05; done
	vuumount mnt
	END
	assert_success
	assert_output here
}

@test "umvu can be interrupted while its mount hangs" {
	begin -m vufusebad:no-root:mnt
	wait_until 10 there_is driver
	strike front TERM
	finish
	assert_failure 143
}

@test "who waits for a driver is freed by vuumount -f; nobody else waits" {
	begin_stuck
	# These are not its callers.
	in_session -m vufusebad:serve:mnt cat mnt/file
	strike driver STOP
	touch force stop
	finish
	assert_success
	assert_file pit "cat: mnt/pit: Transport endpoint is not connected"
	grep -E "mnt/sink'?: $GONE" sink
	grep -E "cannot access 'mnt/hang': $GONE" hang || fail "$(cat hang)"
}

# assert_errors FILE: lines "call ERROR" of lost_mount.py, each of which says that the mount is gone.
assert_errors()
{
	run grep -vE ' (ENOTCONN|ECONNABORTED)$' "$1"
	assert_output ""
}

@test "who uses names in a mount while it is forced off: they are gone, or below it" {
	need python3
	echo below >mnt/file
	for _ in {1..8}; do
		in_session -m vufusebad:serve:mnt python3 "$VU_SOURCE/test/fault/helpers/lost_mount.py" forced >out
		sed '/^below$/d' out >errors
		assert_equal "$(grep -c below out)" 1
		assert_errors errors
	done
}

@test "who uses names in a mount that comes and goes sees no errors" {
	need python3
	echo below >mnt/file
	run in_session -m vufusebad:serve:mnt python3 "$VU_SOURCE/test/fault/helpers/lost_mount.py" often
	assert_success
	assert_output ""
}

@test "who uses names in a mount when the server has died" {
	need python3
	begin --module vufuse <<-'END'
	vumount -t vufusebad serve mnt
	touch ready
	exec python3 "$VU_SOURCE/test/fault/helpers/lost_mount.py" dead >errors
	END
	reached ready
	sleep 0.2
	strike front STOP # or it would kill the guests at once
	strike server
	wait_until 10 test -s errors
	strike front CONT
	finish
	assert_failure 125
	assert_errors errors
}

@test "a session whose guests hang ends all the same: --kill-on-exit" {
	begin_stuck --kill-on-exit
	touch stop
	finish
	assert_failure 5
	assert_line -p "mounts are aborted"
}

@test "a session whose guests hang ends all the same: the front is killed" {
	VU_GRACE=15 begin_stuck
	strike front
	finish
	assert_failure 137
}

@test "a session whose guests hang ends all the same: the server is killed" {
	begin_stuck
	strike server
	finish
	assert_failure 125
}

@test "a mount that hangs is taken away with -l, and the session ends" {
	begin --module vufuse --kill-on-exit <<-'END'
	vumount -t vufusebad serve mnt
	ls mnt/hang &
	sleep 0.2
	vuumount -l mnt
	findmnt -n mnt || echo gone
	END
	finish
	assert_success
	assert_line gone
}

@test "a driver that does not end when it is unmounted is killed by vuumount -f" {
	begin -m vufusebad:no-end:mnt <<-'END'
	cat mnt/file
	vuumount -f mnt
	END
	finish
	assert_success
	assert_line data
}

@test "while drivers are waited for, those of other mounts that get their device's number are let alone" {
	run session_script --module vufuse <<-'END'
	# The kernel takes the lowest free number, which others may come by first.
	for round in 1 2 3 4 5; do
		vumount -t vufusebad helper mnt
		device=$(stat -c %d mnt)
		vuumount -f mnt & force=$!
		for i in 1 2 3 4 5 6 7 8; do
			mkdir -p $i && vumount -t vufusebad serve $i
			test $(stat -c %d $i) != $device || reused=yes
		done
		wait $force
		for i in 1 2 3 4 5 6 7 8; do cat $i/file >>data && vuumount $i; done
		test ! $reused || exit 0
	done
	exit 77
	END
	[ "$status" -ne 77 ] || skip "others have come by the number each time"
	assert_success
	refute_output -p "signal 9"
}
