#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# An interactive user at a terminal: keys, job control, window size, hang-up. What can be is done by a plain
# command, in a session, and in five nested ones, and has to be the same for the user.

load helpers/common

setup()
{
	vu_setup
	need python3
	export PYTHONPATH=$VU_SOURCE/test/system/helpers PYTHONDONTWRITEBYTECODE=1
}

# in_each_depth: the Python program on stdin with U as the prefix of commands, natively first.
in_each_depth()
{
	local prefix program=$BATS_TEST_TMPDIR/user.py
	cat >"$program"
	for prefix in "env" "umvu -N" "umvu -N umvu -N umvu -N umvu -N umvu -N"; do
		U=$prefix "$LEASH" -t 60 python3 "$program" || fail "with: $prefix"
	done
}

# A program that says when it waits, so that a key does not come before it is there.
waiting='sh -c "trap : USR1; echo \"re\"ady; exec sleep 99"'

@test "keys: Ctrl-C, Ctrl-backslash, Ctrl-Z, fg, jobs" {
	W=$waiting in_each_depth <<-'END'
	import os
	from terminal import BASH, Terminal

	u, w = os.environ["U"], os.environ["W"]
	with Terminal(*BASH) as t:

	    def stop(command, key):
	        t.line(command)
	        t.wait("ready\n")
	        t.key(key)
	        return t.run("(exit $?)")[1]

	    assert stop(f"{u} {w}", "^C") == 130
	    assert stop(f"{u} {w}", "^\\") == 131
	    assert stop(f"{u} {w}", "^Z") == 148
	    assert "Stopped" in t.run("jobs")[0]
	    t.line("fg")
	    t.wait("^" + u)
	    t.until_runs("sleep")
	    t.key("^Z")
	    t.wait("Stopped")
	    t.run("bg")
	    assert "Running" in t.run("jobs")[0]
	    t.line("fg")
	    t.wait("^" + u)
	    t.until_runs("sleep")
	    t.key("^C")
	    assert t.run("(exit $?)")[1] == 130
	    assert t.run("jobs")[0] == ""
	END
}

@test "a shell inside: its jobs, suspend, window size, exit status" {
	in_each_depth <<-'END'
	import os
	from terminal import BASH, Terminal

	u = os.environ["U"]
	with Terminal(*BASH) as t:
	    t.line(f"PS1='in> ' {u} {' '.join(BASH)}")
	    t.line("sleep 99")
	    t.until_runs("sleep")
	    t.key("^C")
	    assert t.run("(exit $?)")[1] == 130
	    t.line("sleep 99")
	    t.until_runs("sleep")
	    t.key("^Z")
	    t.wait("Stopped")
	    t.line("suspend")
	    t.wait(rf"Stopped.*{' '.join(BASH)}\n")
	    assert "24 200" in t.run("stty size")[0]
	    t.resize(50, 132)
	    t.line("fg")
	    t.wait("^PS1=.*\n")
	    assert "Stopped" in t.run("jobs")[0]
	    assert "50 132" in t.run("stty size")[0]
	    t.line("sh -c 'trap \"stty size; exit 7\" WINCH; echo re\"\"ady; while :; do sleep 0.02; done'")
	    t.wait("ready\n")
	    t.resize(31, 99)
	    t.wait("^31 99\n")
	    assert t.run("(exit $?)")[1] == 7
	    t.run("kill %1; while kill -0 %1; do sleep 0.02; done 2>/dev/null")
	    t.run("cat >/dev/null & :")
	    t.wait_for(lambda: "tty input" in t.run("jobs -l")[0])
	    t.run("kill -9 %?cat; while kill -0 %?cat; do sleep 0.02; done 2>/dev/null")
	    t.line("exit 5")
	    assert t.run("(exit $?)")[1] == 5
	    t.line("exit 6")
	    assert t.end() == 6
	END
}

@test "in the background: reading stops it, signals reach the command" {
	in_each_depth <<-'END'
	import os
	from terminal import BASH, Terminal

	u = os.environ["U"]
	with Terminal(*BASH) as t:
	    t.line(f"{u} cat &")
	    t.wait_for(lambda: "tty input" in t.run("jobs -l")[0])
	    t.line("fg")
	    t.wait("^" + u)
	    t.type("line\n")
	    t.wait("^line\nline\n")
	    t.key("^D")
	    assert t.run("(exit $?)")[1] == 0
	    t.line(f"stty tostop; {u} echo output &")
	    t.wait_for(lambda: "tty output" in t.run("jobs -l")[0])
	    t.line("stty -tostop; fg")
	    t.wait("^output\n")
	    t.line(f"{u} sh -c 'trap \"exit 9\" TERM; echo re\"\"ady; while :; do sleep 0.05; done' &")
	    t.wait("ready\n")
	    assert t.run("kill $!; wait $!")[1] == 9
	    t.line(f"{u} sh -c 'kill -STOP $$; exit 3'")
	    t.wait("Stopped")
	    t.line("fg")
	    assert t.run("(exit $?)")[1] == 3
	END
}

@test "hang-up: the session ends" {
	in_each_depth <<-'END'
	import os
	from terminal import BASH, Terminal

	with Terminal(*os.environ["U"].split(), "sh", "-c", "echo re''ady; exec sleep 99") as t:
	    t.wait("ready\n")
	    t.hang_up()
	    assert t.end() == -1
	with Terminal(*os.environ["U"].split(), *BASH) as t:
	    t.hang_up()
	    t.end()
	END
}

@test "umvu without a command: the shell of SHELL; quick start at the prompt" {
	make_ext2 disk.img
	mkdir mnt
	"$LEASH" -t 60 python3 - <<-'END'
	from terminal import Terminal

	with Terminal("umvu", "-N", env={"SHELL": "/bin/sh"}) as t:
	    assert t.run("vu_insmod vufuse unrealuidgid") == ("", 0)
	    t.line("env -u PS1 vusu -p -s /usr/bin/sh")
	    assert t.run("id -u") == ("0", 0)
	    assert t.run("mount -t vufuseext2 ./disk.img mnt/") == ("", 0)
	    assert t.run("cat mnt/file") == ("one", 0)
	    assert t.run("umount mnt") == ("", 0)
	    t.line("exit")
	    t.wait("exit")
	    assert "vufuse" in t.run("vu_lsmod; vu_rmmod vufuse")[0]
	    t.line("exit 4")
	    assert t.end() == 4
	END
}

@test "a user who waits for what a command has left is told, and Ctrl-C ends it" {
	"$LEASH" -t 60 python3 - <<-'END'
	from terminal import Terminal

	with Terminal("umvu", "-N", "sh", "-c", "sleep 99 & exit 3") as t:
	    t.wait(r"^umvu: waiting for the processes of the session to end: \d+\n")
	    t.key("^C")
	    assert t.end() == 3
	END
}
