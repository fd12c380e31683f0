#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# How sessions end: with guests that outlive the command, with a terminal that goes away, within each other.

load helpers/fault

@test "umvu waits for the last guest, and exits as the command did" {
	begin <<-'END'
	(until test -e stop; do sleep 0.05; done; echo last) &
	echo first
	exit 7
	END
	wait_until 10 grep -q first out
	sleep 0.2
	there_is front || fail "umvu has not waited: $(cat out)"
	touch stop
	finish
	assert_failure 7
	assert_line last
}

@test "daemons of the user's that serve a mount are not waited for, and end with it" {
	need squashfuse
	make_squashfs img
	mkdir mnt
	run session_script <<-'END'
	squashfuse img mnt
	cat mnt/file
	END
	assert_success
	assert_line one
}

@test "--kill-on-exit ends what outlives the command, even if it heeds no signal" {
	run in_session --kill-on-exit bash -c '
		trap "" TERM HUP INT
		setsid sleep 61 & nohup sleep 62 >/dev/null 2>&1 & (trap "" TERM; exec sleep 63) &
		sleep 0.2; exit 3'
	assert_failure 3
}

@test "SIGTERM to umvu whose command has ended ends the guests" {
	begin <<-'END'
	echo $$ >command.pid
	sleep 61 &
	touch ready
	END
	reached ready
	has_ended() { ! kill -0 "$1"; }
	wait_until 10 has_ended "$(cat command.pid)"
	strike front TERM
	finish
	assert_success
}

@test "the terminal goes away: the session ends, the image is whole" {
	need python3
	make_ext2 img
	mkdir mnt
	# An interactive shell with a job in the background and one in the foreground.
	cat >on_terminal.py <<-'END'
	import os, pty, sys, time
	pid, fd = pty.fork()
	if not pid:
	    os.execvp(sys.argv[1], sys.argv[1:])
	os.write(fd, b"echo x >mnt/x; sync; sleep 61 & touch ready; cat\n")
	while not os.path.exists("ready"):
	    time.sleep(0.05)
	os.close(fd)
	print(os.waitpid(pid, 0)[1])
	END
	run "$LEASH" -t 40 python3 on_terminal.py umvu -N -m vufuseext2:img:mnt bash --norc -i
	assert_success
	assert_nothing_left
	assert_clean img
	assert_equal "$(debugfs -R 'cat x' img 2>/dev/null)" x
}

# nested DEPTH CMD...: CMD in that many sessions, in the innermost of which the image is mounted.
nested()
{
	local n=$1 words=()
	shift
	for ((; n > 1; n--)); do words+=(umvu -N); done
	echo "${words[*]} umvu -N -m vufuseext2:img:mnt $*"
}

@test "sessions in sessions: any of the fronts, or the server, is killed" {
	local which
	make_ext2 pristine
	mkdir mnt
	for which in 1 2 3 server; do
		cp pristine img
		rm -f ready
		begin <<-END
		$(nested 3 sh -c "'echo x >mnt/x; sync; touch ready; sleep 61'")
		echo "inner \$?"
		END
		reached ready
		if [ $which = server ]; then
			strike server
		else
			kill -KILL "$(marked umvu | sed -n ${which}p)"
		fi
		finish
		echo "$which: $status" "$output"
		case $which in
		server) assert_failure 125 ;;
		1) assert_failure 137 ;;
		*) assert_success && assert_line "inner 137" ;;
		esac
		assert_nothing_left
		assert_clean img
		assert_equal "$(debugfs -R 'cat x' img 2>/dev/null)" x
	done
}

@test "nothing stays in the folders for temporary files" {
	local runtime=$WORK/runtime
	make_ext2 img
	mkdir -m 700 "$runtime" mnt
	ls /dev/shm >shm
	# shellcheck disable=SC2016 # expands in there
	XDG_RUNTIME_DIR=$runtime run with_mount img mnt umvu -N sh -c 'cat mnt/file; vusu -c id; ls "$XDG_RUNTIME_DIR" "$TMPDIR"'
	assert_line one
	assert_equal "$(find "$runtime" "$TMPDIR" -mindepth 1)" ""
	refute_output -p umvu-
	assert_equal "$(ls /dev/shm)" "$(cat shm)"
}
