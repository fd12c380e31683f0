#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs whose call sites are patched: looked at, and traced while they run.

load helpers/common

# In a session, in the background: a program that makes calls and counts, until the file "stop" is there.
begin_busy()
{
	cat >busy.py <<-'END'
	import os
	import time

	n = 0
	while not os.path.exists("stop"):
	    n += 1
	    os.access("/no/such/file", os.R_OK)
	    with open("count.new", "w", encoding="ascii") as f:
	        f.write(str(n))
	    os.rename("count.new", "count")
	    time.sleep(0.002)
	END
	cat >busy.sh <<-'END'
	goes_on() { # until it has counted on by ten
		local end=$(($(cat count) + 10))
		until [ $(cat count) -gt $end ]; do sleep 0.01; done
	}
	python3 busy.py &
	pid=$!
	until [ -e count ]; do sleep 0.01; done
	goes_on
	END
}

@test "code in memory differs from the file's at call sites only; not at all with VU_AGENT=trap" {
	need python3
	local text=$VU_SOURCE/test/system/programs/text.py
	run in_session env VU_AGENT=trap python3 "$text"
	assert_success
	assert_output 0
	# glibc has some 500 of them, of at most 9 bytes each.
	run in_session python3 "$text"
	assert_success
	[ "$output" -gt 500 ] && [ "$output" -lt 9000 ] || fail "$output bytes differ"
}

@test "strace -p of a program that runs: its calls are seen; afterwards it goes on" {
	need strace python3
	begin_busy
	cat >>busy.sh <<-'END'
	: >log
	strace -qq -o log -p $pid & strace=$!
	until [ $(grep -cE 'access.*"/no/such/file", R_OK\) += -1 ENOENT' log) -gt 5 ]; do sleep 0.01; done
	grep -qE '^rename\("count.new", "count"\) += 0$' log || echo "no rename"
	! grep -q SIGSYS log || echo "SIGSYS"
	kill -INT $strace
	wait $strace
	goes_on
	touch stop
	wait $pid && echo "ended well"
	END
	VU_TIMEOUT=30 run in_session bash busy.sh
	assert_output "ended well"
}

@test "gdb attaches to a program that runs: breakpoint, backtrace, steps through a call; it goes on" {
	need gdb python3
	begin_busy
	cat >>busy.sh <<-'END'
	export DEBUGINFOD_URLS=
	timeout 30 gdb -nx -q -batch -iex 'set debuginfod enabled off' -p $pid -ex 'break access' \
		-ex continue -ex 'bt 1' -ex 'stepi 30' -ex 'info symbol $pc' -ex delete \
		-ex 'call (int)access("/etc/passwd", 4)' -ex 'call (int)access("/none", 4)' -ex detach >gdb.out 2>&1
	grep -cE '^#0 .*access' gdb.out
	grep -E '^\$' gdb.out
	goes_on
	touch stop
	wait $pid && echo "ended well"
	END
	run in_session bash busy.sh
	assert_output $'1\n$1 = 0\n$2 = -1\nended well'
}

@test "a signal at each step of the agent's: its handler finds the program, and each call has its result once" {
	need gcc
	gcc -O2 -o steps "$VU_SOURCE/test/system/programs/signal_steps.c"
	make_ext2 d.img 4M
	mkdir mnt
	all_by_gate() { # what has just been made is not patched yet
		"$LEASH" -t 60 ./steps umvu -N -m "vufuseext2:$PWD/d.img:$PWD/mnt" ./steps guest >said
		grep 'trapped: 0$' said
	}
	wait_until 30 all_by_gate
	assert_equal "$(sed 's/[0-9]\{3,4\},/MANY,/' said)" "signals: MANY, wrong: 0, trapped: 0" # and no complaints
}

# Where cpuid is a trap to a hypervisor, what the ELF interpreter asks is a large part of a program's start.
@test "a program's start: the ELF interpreter need not ask the processor, and knows the same" {
	need gcc
	gcc -O2 -o count "$VU_SOURCE/test/system/programs/count_cpuid.c"
	start=(sh -c 'echo $$; read -r _; exec /bin/true')
	native=$("$LEASH" -t 60 ./count "${start[@]}")
	[ "$native" -ge 10 ] || skip "an ELF interpreter that asks $native times only"
	here=$("$LEASH" -t 60 ./count umvu -N "${start[@]}")
	[ "$here" -le $((native / 2)) ] || fail "$here times, natively $native"
	assert_equal "$("$LEASH" -t 60 ./count umvu -N env VU_AGENT=trap "${start[@]}")" "$native"

	ld=$(sed -n 's|^[^/]*r-xp [^/]*\(/.*/ld-linux[^/]*\)$|\1|p' /proc/self/maps)
	# Of that word eight bits are the number of the processor.
	cat >ask <<-END
		$ld --list-diagnostics | grep '^x86.cpu_features' | grep -vF 'features[0x0].cpuid[0x1]='
	END
	sh ask >native
	[ -s native ] || skip "$ld does not tell what it knows"
	in_session sh ask >said
	diff native said
}

@test "a program that is linked to the agent's addresses is refused before execve's point of no return" {
	need gcc
	for base in 0x7e000000 0x7e200000; do
		gcc -no-pie "-Wl,-Ttext-segment=$base" -o there -x c - <<<'int main(void) { return 7; }'
		run in_session perl -e 'exec { "./there" } "there" or print "refused: $!\n"'
		assert_success
		assert_output "refused: Cannot allocate memory"
	done
	gcc -no-pie "-Wl,-Ttext-segment=0x7d000000" -o below -x c - <<<'int main(void) { return 7; }'
	run in_session ./below
	assert_failure 7
}

# The state of a process of the session as the host's kernel has it.
filters_of()
{
	sed -n 's/^Seccomp:\t//p' "/proc/$1/status"
}

@test "programs whose calls are all known run without a filter; others, and their children, have one" {
	need python3
	cat >wait.py <<-'END'
	import mmap, os, sys
	if len(sys.argv) > 1:
	    code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
	    if os.fork(): os.wait(); sys.exit()
	print(os.getpid(), flush=True)
	sys.stdin.read()
	END
	cat >filters.sh <<-'END'
	start() {
		coproc "$@"
		read -r pid <&"${COPROC[0]}"
	}
	seen() { # when the test has looked
		echo $pid >pid.new
		mv pid.new pid
		until [ ! -e pid ]; do sleep 0.01; done
		exec {COPROC[1]}>&-
		wait
	}
	start python3 wait.py
	seen
	start python3 wait.py code
	seen
	start env VU_AGENT=trap python3 wait.py
	seen
	start bash -c 'echo $$; read -r'
	seen
	END
	in_session bash filters.sh &
	local session=$! want
	for want in 0 2 2 0; do
		until [ -e pid ]; do sleep 0.01; done
		assert_equal "$(filters_of "$(cat pid)")" $want
		rm pid
	done
	wait $session
}
