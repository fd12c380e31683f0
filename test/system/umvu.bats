#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# umvu itself: exit status and signals, rc files, options, waiting for guests, nested views, two sessions.
# Terminals: terminal.bats.

# shellcheck disable=SC2016,SC2086 # scripts in quotes expand in the session; a prefix is several words
bats_require_minimum_version 1.5.0
load helpers/common

# A prefix of five views in each other.
NESTED="umvu -N umvu -N umvu -N umvu -N umvu -N"

# status_of PREFIX SCRIPT: the wait status of "PREFIX sh -c SCRIPT" as Python tells it: -N for a signal.
status_of()
{
	python3 - "$@" <<-'END'
	import resource, subprocess, sys
	resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
	print(subprocess.run(sys.argv[1].split() + ["sh", "-c", sys.argv[2]], stderr=subprocess.DEVNULL).returncode)
	END
}

@test "exit status and death by a signal are exactly the command's, at any depth" {
	need python3
	for script in true false 'exit 7' 'exit 255' 'exit 300' 'kill -TERM $$' 'kill -KILL $$' 'kill -SEGV $$' \
		'kill -PIPE $$' 'kill -USR1 $$' 'kill -34 $$' 'kill -HUP $$' 'kill -INT $$'; do
		for prefix in "umvu -N" "$NESTED"; do
			assert_equal "$prefix $script: $(status_of "$prefix" "$script")" \
				"$prefix $script: $(status_of env "$script")"
		done
	done
}

@test "125, 126, 127: umvu's own failure, a command that cannot be run, or is not there" {
	echo text >text
	chmod 644 text
	for prefix in "in_session" "in_session $NESTED"; do
		run -127 $prefix ./nonexistent
		assert_failure 127
		assert_output "umvu: './nonexistent': No such file or directory"
		run -127 $prefix no-such-command
		assert_failure 127
		assert_output "umvu: 'no-such-command': No such file or directory"
		for file in ./text /; do
			run $prefix $file
			assert_failure 126
			assert_output "umvu: '$file': Permission denied"
		done
		run $prefix umvu --no-such-option
		assert_failure 125
	done
	for wrong in "--rc ./none" "-m nosuch:text:/" "-m x:y" "-m ::" "--module nosuch" "-d nosuch" "-d mount:nosuch" \
		"--json" "-f" "-f /" "-m vufuseext2:text:$WORK" "-m vufuseext2:$WORK/none:$WORK"; do
		run umvu $wrong sh -c 'echo ran'
		assert_failure 125
		refute_output -p "ran"
		[ -n "$output" ] || fail "no message for $wrong"
	done
}

@test "no command: the shell of SHELL, or /bin/sh" {
	SHELL=/bin/bash run in_session <<<'echo "$0 ${BASH_VERSION:+bash}"; exit 5'
	assert_failure 5
	assert_output "/bin/bash bash"
	run env -u SHELL "$LEASH" -t 60 umvu -N <<<'echo "$0"'
	assert_output "/bin/sh"
	SHELL=/nonexistent run -127 in_session
	assert_failure 127
}

@test "signals that are sent to umvu reach the command; ignored ones stay so" {
	for prefix in "umvu -N" "$NESTED"; do
		for sig in TERM HUP USR1 USR2 ALRM; do # INT and QUIT are ignored in a script's background
			rm -f ready
			"$LEASH" -t 30 $prefix bash -c 'trap "echo $1; exit 9" $1; : >ready; while :; do sleep 0.02; done' sh $sig >out &
			wait_until 20 test -e ready
			kill -$sig "$(pgrep -P $! -x umvu)"
			wait $! && fail "no status"
			assert_equal "$(cat out)" $sig
		done
	done
	(trap '' HUP USR1 && in_session sh -c 'kill -HUP $$; kill -USR1 $$; grep SigIgn /proc/self/status' >ignored)
	(trap '' HUP USR1 && grep SigIgn /proc/self/status >native)
	assert_equal "$(cat ignored)" "$(cat native)"
}

@test "descriptors, working directory, umask, limits, environment and arguments are handed on" {
	cat >show.py <<-'END'
	import os, resource, signal, sys
	print(sys.argv[1:], os.getcwd(), [fd for fd in range(50) if os.path.exists("/proc/self/fd/%d" % fd)], oct(os.umask(0)))
	print(resource.getrlimit(resource.RLIMIT_NOFILE), os.nice(0), sorted(os.environ) == sorted(set(os.environ)))
	print({k: v for k, v in os.environ.items() if k not in ("UMVU", "VU_NAME", "_", "SHLVL", "OLDPWD")})
	print(signal.pthread_sigmask(signal.SIG_BLOCK, []), os.getpgrp() == os.getpid())
	END
	show() { (umask 027; ulimit -n 77; cd /usr; exec 7<"$WORK/show.py" 9>/dev/null; "$@" python3 "$WORK/show.py" '' 'a b' $'\n'); }
	show env >native
	show "$LEASH" -t 60 umvu -N >session
	show "$LEASH" -t 60 $NESTED >nested
	diff native session
	diff native nested
	# Closed ones stay closed.
	for fds in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
		eval "ls -l /proc/self/fd 3>native $fds" || true
		run sh -c "umvu -N sh -c 'for fd in 0 1 2; do [ -e /proc/self/fd/\$fd ] || printf \"\$fd \" >>closed; done' $fds"
		case $fds in '<&-') want="0 " ;; '>&-') want="1 " ;; '2>&-') want="2 " ;; *) want="0 1 2 " ;; esac
		assert_equal "$fds $(cat closed)" "$fds $want"
		rm closed
	done
}

@test "rc files: /etc/vurc and ~/.vurc by default, -f in their place, -N none" {
	make_ext2 disk.img
	mkdir dir
	cat >"$HOME/.vurc" <<-'END'
	echo "rc $0 $VU_NAME"
	vumount -r disk.img dir
	END
	run "$LEASH" -t 60 umvu -V name cat dir/file
	assert_success
	assert_line "rc $HOME/.vurc name"
	assert_equal "${lines[-1]}" "one"
	refute_file dir/file
	printf '#!/bin/bash\nvu_insmod unrealuidgid; echo ${BASH_VERSION:+bash}; exit 3\n' >"$HOME/.vurc"
	chmod 755 "$HOME/.vurc"
	run "$LEASH" -t 60 umvu vu_lsmod -n
	assert_success
	assert_line "bash"
	assert_line "umvu: '$HOME/.vurc': exit status 3"
	assert_line -e "^unrealuidgid "
	echo 'echo other' >other
	run "$LEASH" -t 60 umvu --rc other echo command
	assert_output "$(printf '%s\n' other command)"
	run "$LEASH" -t 60 umvu -N echo command
	assert_output "command"
	chmod 000 "$HOME/.vurc"
	run "$LEASH" -t 60 umvu echo command
	assert_failure 125
	assert_output "umvu: rc '$HOME/.vurc': Permission denied"
}

@test "-m, --module, --root and their order" {
	make_ext2 disk.img
	mkdir dir
	run in_session -m vufuseext2,ro:disk.img:dir --root --module example sh -c 'id -u; cat dir/file; uname -n; : >dir/x'
	assert_failure
	assert_equal "${lines[*]:0:3}" "0 one example"
	assert_output -p "Read-only file system"
	run in_session -m auto:disk.img:dir sh -c 'echo new >dir/new; vumount'
	assert_success
	run in_session -m :disk.img:other -m auto:other/dir:x true
	assert_failure 125
	assert_output -p "other/dir"
	run in_session -m ":$PWD/disk.img:new" cat new/new
	assert_output "new"
}

@test "umvu waits for the last guest; --kill-on-exit ends the others" {
	for prefix in "in_session" "in_session $NESTED"; do
		run $prefix sh -c '(sleep 0.2; echo last >out) & setsid -f sh -c "until test -s out; do sleep 0.05; done; echo daemon >>out"; exit 3'
		assert_failure 3
		assert_equal "$(cat out)" $'last\ndaemon'
		rm out
	done
	run "$LEASH" -t 30 umvu -N umvu -N --kill-on-exit sh -c 'sleep 99 & setsid -f sleep 99; (trap "" TERM; sleep 99; sleep 99) & exit 6'
	assert_failure 6
	refute_output -p "left behind"
}

@test "a session without mounts is a server, its guard and the command: no other process is made" {
	need strace
	in_session true # so that the program is known
	run "$LEASH" -t 30 strace -f -o trace -e trace=clone,clone3,fork,vfork umvu -N true
	assert_success
	run grep -cE '(clone3?|v?fork)(\(.*| resumed>.*)\) += [0-9]+$' trace
	[ "$output" -le 3 ] || fail "$(cat trace)"
}

@test "nested views: a mount of the parent is seen, one of the child is the child's" {
	make_ext2 disk.img
	mkdir one two
	run session_script -m auto,ro:disk.img:one -V outer <<-'END'
	umvu -N -V inner sh -ec '
		cat one/file
		vumount -r disk.img two
		cat two/file
		vuumount one
		test ! -e one/file
		vuname -U
		umvu -N umvu -N umvu -N sh -ec "cat two/file; test ! -e one/file; vuname -U; vu_insmod unrealuidgid; vuumount two"
		cat two/file
		vu_lsmod -n | grep unreal || echo "no module of a child"
	'
	test ! -e two/file
	cat one/file
	vuname -U
	umvu -N sh -c 'cd one; echo entered >../entered; until [ -e ../unmounted ]; do sleep 0.02; done; cat file' &
	until [ -e entered ]; do sleep 0.02; done
	vuumount one
	: >unmounted
	wait
	END
	assert_success
	assert_output "$(printf '%s\n' one one inner one '' one "no module of a child" one outer one)"
}

@test "two sessions do not see each other" {
	make_ext2 disk.img
	mkdir dir
	in_session -V first --module example -m auto,ro:disk.img:dir sh -c ': >ready; until [ -e finish ]; do sleep 0.02; done; cat dir/file; vumount; vuname -U' >seen &
	wait_until 20 test -e ready
	run in_session sh -c 'ls dir; vumount; vu_lsmod -n; uname -n; vuname -U; grep disk.img /proc/self/mounts'
	assert_output "$(uname -n)"
	run sh -c 'ls dir; grep disk.img /proc/self/mounts'
	assert_output ""
	: >finish
	wait
	assert_equal "$(head -1 seen)" "one"
	assert_equal "$(tail -1 seen)" "first"
}

# first_program PREFIX WORD...: what the command WORD... finds when PREFIX executes it, and its exit status.
first_program()
{
	local prefix=$1 status=0

	shift
	$prefix "$@" </dev/null >out 2>&1 || status=$?
	printf '%s: %d\n' "$*" $status
	grep -Ev '^(env|umvu): ' out || true
}

@test "the first program of a session is found and begun as execvp(3) does it" {
	cat >show.c <<-'END'
	#include <stdio.h>
	#include <sys/auxv.h>
	#include <sys/prctl.h>
	int main(int argc, char **argv)
	{
		char comm[16];
		int sig, i;

		prctl(PR_GET_NAME, comm);
		prctl(PR_GET_PDEATHSIG, &sig);
		printf("%s %s %d %d\n", (char *)getauxval(AT_EXECFN), comm, sig, argc);
		for (i = 0; i < argc; i++)
			printf("%s\n", argv[i]);
		return 7;
	}
	END
	mkdir -p one two three/name
	gcc show.c -o two/name
	gcc -no-pie show.c -o two/fixed
	gcc -static-pie show.c -o two/alone
	cp two/name two/set && chmod 4755 two/set
	cp two/name one/refused && chmod 644 one/refused
	cp two/name two/refused
	printf '#!/bin/sh\nexec two/name "$0" "$@"\n' >two/script
	printf 'exec two/name shell "$@"\n' >two/no_magic
	chmod 755 two/*
	head -c 100 two/name >two/cut && chmod 755 two/cut
	ln -s ../two/name one/link
	ln -s nowhere one/dangling
	for prefix in env "umvu -N" "umvu -N --rc /dev/null" "umvu -N umvu -N"; do
		for path in "$PWD/none:$PWD/one:$PWD/two" "one::two" "$PWD/three:two:$PWD/two"; do
			for words in name "name a b" fixed alone set refused script no_magic cut link dangling nothing \
				two/name ./two/alone two/none/name three/name; do
				PATH=$path:$PATH first_program "$prefix" $words
			done
		done >"first.${prefix//[\/ ]/}"
		diff first.env "first.${prefix//[\/ ]/}" || fail "'$prefix' is different"
	done
}

@test "a program that needs nothing done before it is executed once" {
	in_session --stats true 2>stats
	! grep execve stats || fail "$(cat stats)"
	in_session --stats --module unrealuidgid true 2>stats
	grep -q execve stats
}

@test "a program that is open for writing: Text file busy, as the first one, too" {
	cp /bin/true busy
	exec 9<>busy
	run in_session ./busy
	exec 9>&-
	assert_failure 126
	assert_output "umvu: './busy': Text file busy"
	run in_session ./busy
	assert_success
}

@test "a server that begins late is waited for" {
	need strace
	for call in mkdir listen; do
		run strace -f -o trace -e trace=$call -e inject=$call:delay_enter=500000 umvu -N vuname -U
		assert_success
		run strace -f -o trace -e trace=$call -e inject=$call:delay_enter=500000 umvu -N umvu -N vu_lsmod
		assert_success
	done
}

@test "-d tells what is done, and nothing without it" {
	make_ext2 disk.img
	mkdir dir
	run in_session -d mount,driver -m auto,ro:disk.img:dir true
	assert_success
	assert_line -e '^umvu\[[0-9]+\] [0-9.]+ debug mount: '
	assert_line -e ' debug driver: .* has ended with status 0x0'
	run in_session -m auto,ro:disk.img:dir true
	assert_output ""
}
