#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs that look at others: the same natively and in a session.

load helpers/common

@test "ps, pgrep, top, pstree, lsof, fuser, systemd-detect-virt, uname, nproc" {
	need ps pgrep top
	same_as_native -h <<-'END'
	(exec -a oddname sleep 99) & p=$!; until [ "$(cat /proc/$p/comm)" = sleep ]; do sleep 0.01; done
	ps -o stat=,comm=,args=,user= -p $p; pgrep -P $$ -f oddname | grep -qx $p && echo pgrep
	ps -C sleep -o pid= | grep -qw $p && echo found
	top -b -n1 -p $p | tail -1 | awk '{print $2, $NF}'
	readlink /proc/$p/exe /proc/$p/cwd | sed "s,$PWD,here,"
	grep -c . /proc/$p/maps >/dev/null && echo maps
	tr '\0' '\n' </proc/$p/environ | grep -c VU_TEST_MARK; pwdx $p | sed "s,.*$PWD,here,"
	ls -l /proc/$p/fd | awk 'NR > 1 {print $9}' | tr '\n' ' '; kill $p
	for c in 'uname -a' nproc arch hostname 'id -un' 'getconf PAGE_SIZE' 'systemd-detect-virt' 'lscpu -p=CPU' 'cat /proc/version' 'cat /proc/sys/kernel/ostype' 'getent passwd root' 'locale' 'mountpoint /proc'; do $c || echo $?; done
	if command -v lsof >/dev/null; then exec 8>open; lsof -w -a -p $$ -d 8 -Fan | tail -n +2 | sed "s,$PWD,here,"; fi
	if command -v pstree >/dev/null; then pstree -A $$ | head -1 | cut -c1-4; fi
	END
}

@test "gdb: breakpoint, backtrace, stepping, watchpoint, threads, catch, attaching" {
	need gdb gcc
	same_as_native -h <<-'END'
	cp "$VU_SOURCE/test/system/programs/debugged.c" p.c
	gcc -g -O0 -pthread -o p p.c; export DEBUGINFOD_URLS=
	debug() { gdb -nx -q -batch -iex 'set debuginfod enabled off' "$@" 2>&1 | sed 's/0x[0-9a-f]*/ADDR/g; s/process [0-9]*/process N/g; s/LWP [0-9]*/LWP/g' | grep -v 'libthread_db'; }
	debug -ex 'break inner' -ex run -ex bt -ex next -ex next -ex next -ex 'print count' -ex finish -ex step -ex 'info breakpoints' -ex kill ./p
	debug -ex 'break inner if i > 25' -ex run -ex 'bt -frame-arguments all' -ex 'print $_thread > 1' -ex delete -ex continue ./p | grep -E '^#|Inferior|= 1'
	debug -ex 'break main' -ex run -ex 'watch count' -ex 'continue' -ex 'delete' -ex 'set follow-fork-mode child' -ex 'catch exec' -ex 'continue' -ex 'info inferiors' -ex 'continue' ./p | grep -E 'Old|New|count \+=|executing|exited' | sort -u
	debug -ex 'break stat' -ex run -ex finish -ex 'stepi' -ex 'info symbol $pc' -ex kill ./p | tail -3
	debug -ex 'break outer' -ex run -ex 'call (int)access("/etc/passwd", 4)' -ex 'call (int)access("/none", 4)' -ex 'info auxv' -ex 'info proc exe' -ex 'info proc cwd' -ex kill ./p | grep -E '^\$|EXECFN|UID|exe|cwd'
	(exec sleep 99) & p=$!; until [ "$(cat /proc/$p/comm)" = sleep ]; do sleep 0.01; done
	debug -p $p -ex 'print 6 * 7' -ex 'info proc exe' -ex detach | grep -E '^\$1|exe'
	kill $p
	END
}

@test "strace -f, strace -p, ltrace, valgrind" {
	need strace
	VU_TIMEOUT=100 same_as_native -h <<-'END'
	# a file for each process: in one together a call may show in two parts, or in one
	traced() { rm -f log.*; strace -qq -ff -o log "$@" || echo "status $?"; cat $(ls -v log.*) | sed 's/0x[0-9a-f]*/ADDR/g; s/_pid=[0-9]*/_pid=N/g; s/_uid=[0-9]*/_uid=N/g; s/_[us]time=[0-9]*.*}/}/; s/clone(.*/clone/; s/vfork().*/vfork/; s/[0-9]* User/N User/'; }
	traced -e trace=mkdir,rmdir,unlink,unlinkat,fork,clone,vfork,kill -e signal=usr1 sh -c 'mkdir d; (rmdir d); : >f; rm f; rm none' | sort
	traced -e trace=kill -e signal=usr1 bash -c 'trap "echo trapped" USR1; kill -USR1 $$; kill -HUP $$' | sed 's/kill([0-9]*/kill(N/; s/ *= 0$/ = 0/'
	for i in 1 2 3 4 5; do traced -e trace=none -e signal=chld bash -c 'true; (true); echo $(true)' | sort | uniq -c | awk '{print $1, $3}'; done
	traced -e trace=execve,exit_group python3 -c 'import subprocess, sys; sys.exit(subprocess.call(["sh", "-c", "exit 5"]))' | grep -v ENOENT | sed 's/, \[.*/ .../; s/".*\/\([^/"]*\)"/\1/'
	strace -c -o sum true; awk '$NF == "execve" {print $4}' sum
	strace -f -c -o sum make -f /dev/null x || echo $?
	(exec sleep 99) & p=$!; until [ "$(cat /proc/$p/comm)" = sleep ]; do sleep 0.01; done
	: >log; strace -qq -o log -p $p & s=$!; until [ -s log ]; do sleep 0.01; done; kill $p
	wait $s || echo $?; sed 's/si_pid=.*}/}/; s/, {.*}/, {}/' log
	! command -v ltrace >/dev/null || ltrace -e getenv true 2>&1 | tail -1
	command -v valgrind >/dev/null || exit 0; gcc -g -o leak -x c - <<<'#include <stdlib.h>
	int main(void) { char *p = malloc(10); p[10] = 1; return 0; }'; valgrind -q --error-exitcode=9 ./leak 2>&1 | grep -oE 'Invalid write of size 1|at .*: main'; valgrind -q --log-file=/dev/null sh -c 'exec ls -d /'
	gcc -o family -x c - <<<'#include <signal.h>
	#include <sys/wait.h>
	#include <unistd.h>
	static volatile int n; static void on(int sig) { (void)sig; n++; }
	int main(void) { int st = 0, good = 0; signal(SIGCHLD, on); for (int i = 0; i < 80; i++) { if (!fork()) _exit(3); good += wait(&st) > 0 && st == 0x300; } return good == 80 && n ? 0 : 1; }'
	valgrind -q --error-exitcode=9 ./family 2>&1 || echo "status $?"
	valgrind -q --log-file=/dev/null bash -c 'trap "((n++))" USR1; for ((i = 0; i < 20; i++)); do (kill -USR1 $$; exit 3); done; echo $? $n'
	END
}
