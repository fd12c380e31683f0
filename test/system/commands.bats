#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What holds for all commands: help, version, wrong usage, outside a session; their lists as JSON; bash's
# completion; vuname and vusu. (vumount and vuumount at work: the other files.)

# shellcheck disable=SC2013,SC2016,SC2086 # scripts in quotes expand in the session; words are wanted
load helpers/common

COMMANDS=(vu_insmod vu_rmmod vu_lsmod vumount vuumount vusu vuname)

@test "--help and --version work anywhere, and the man page is there" {
	for cmd in umvu "${COMMANDS[@]}"; do
		run "$cmd" --help
		assert_success
		assert_equal "${lines[0]%% [-MD\[]*}" "Usage: $cmd"
		# Every option that the help shows is in the man page too.
		for option in $(grep -oE '^ +(-., +)?--[a-z-]+' <<<"$output" | grep -oE -- '--[a-z-]+'); do
			grep -qE "Fl -${option#--}( |$)" "$VU_SOURCE/man/$cmd.1" || fail "$cmd.1 lacks $option"
		done
		run "$cmd" --version
		assert_success
		assert_output -e "^$cmd [0-9]+\.[0-9]+\.[0-9]+$"
		run man -l "$VU_SOURCE/man/$cmd.1"
		assert_success
		assert_output -p "EXIT STATUS"
	done
}

@test "outside a session: one line, exit status 1, nothing on stdout" {
	for cmd in "vu_insmod vufuse" "vu_rmmod vufuse" vu_lsmod "vu_lsmod --json" vumount "vumount --json" \
		"vumount img dir" "vuumount dir" "vuumount -a" vusu "vusu -c id" vuname "vuname -U x" "vuname --json"; do
		run sh -c "$cmd 2>&1 >out"
		assert_failure 1
		assert_output "${cmd%% *}: not in a View OS session"
		assert_equal "$(wc -c <out)" 0
	done
}

@test "wrong usage: a message that names it, exit status 1" {
	for cmd in "${COMMANDS[@]}"; do
		run in_session "$cmd" --no-such-option
		assert_failure 1
		assert_equal "${lines[0]}" "$cmd: unknown option '--no-such-option'"
		assert_equal "${lines[1]}" "Try '$cmd --help' for more information."
		assert_equal "${#lines[@]}" 2
	done
	for cmd in "vu_insmod" "vu_rmmod" "vu_lsmod x" "vumount x" "vuumount" "vuumount -a x" "vuname x" "vusu -c" \
		"vuname -U a b" "vumount --json x y"; do
		run in_session $cmd
		assert_failure 1
		assert_line "Try '${cmd%% *} --help' for more information."
	done
	run umvu --no-such-option
	assert_failure 125
}

@test "the lists are tables, or JSON that says the same" {
	make_ext2 disk.img
	mkdir 'a dir'
	run session_script <<-'END'
	vumount -o ro disk.img 'a dir'
	vumount
	vu_lsmod
	vu_lsmod -n
	vumount --json >mounts.json
	vumount --all --json >all.json
	vu_lsmod --json >modules.json
	vuname -U 'a "name"'
	vuname -U
	vuname --json >names.json
	umvu -N sh -c 'vumount -J; vu_lsmod -J' >nested.json
	END
	assert_success
	assert_equal "${lines[0]%% nosuid*}" "$PWD/disk.img $PWD/a\\040dir vufuseext2 ro,${lines[0]#*vufuseext2 ro,}"
	python3 - "$PWD" <<-'END'
	import json, os, sys
	load = lambda name: json.load(open(name))
	mount, = load("mounts.json")["filesystems"]
	assert mount["target"] == sys.argv[1] + "/a dir" and mount["source"] == sys.argv[1] + "/disk.img"
	assert mount["fstype"] == "vufuseext2" and mount["options"].startswith("ro,"), mount
	mounts = load("all.json")["filesystems"]
	assert mount in mounts and any(m["target"] == "/" for m in mounts), mounts
	module, = load("modules.json")["modules"]
	assert module["name"] == "vufuse" and module["uses"] == 1 and os.path.isabs(module["path"]), module
	names = load("names.json")
	assert names["view"]["name"] == 'a "name"' and names["nodename"] == os.uname().nodename, names
	END
}

@test "vuname: as uname(1), and the name of the view" {
	for options in "" -a -s -n -r -v -m -p -i -o -srm "--nodename --machine"; do
		assert_equal "$(in_session vuname $options)" "$(uname $options)"
	done
	run in_session -V first sh -c 'vuname -U; echo "$VU_NAME"; vuname -U second; vuname -U; umvu -N vuname -U; umvu -N -V x vuname -U'
	assert_output $'first\nfirst\nsecond\n\nx'
	run in_session vuname -U "$(printf '%064d' 0)"
	assert_failure 1
	assert_output -p "too long"
	run umvu -V "$(printf '%064d' 0)" true
	assert_failure 125
}

@test "vusu: options, environment, arguments and exit status as of su(1)" {
	cat >s.sh <<-'END'
	show() { vusu "$@" || echo "status $?"; }
	show -c 'id -u; exit 7'
	show daemon -s /bin/sh -c 'id -un; echo $HOME $SHELL $USER $LOGNAME $0'
	show -s /bin/sh - daemon -c 'id -un; pwd; echo $HOME $SHELL $USER $LOGNAME $0 ${OTHER-unset} $TERM'
	show -s /bin/sh -c 'echo "$0 $1 $2"' mail a b
	show -p -s /bin/sh -c 'echo $HOME $OTHER' daemon
	show -s /bin/sh -c 'vusu -s /bin/sh -c "id -un; vusu -c \"id -un\"" daemon' mail
	show -u 1234:55 -c 'id -u; id -g; id -G'
	show nosuchuser
	show -u 12x -c id
	show -s /nonexistent
	show -s /etc/passwd
	show -c 'kill -TERM $$'
	echo 'id -u; exit 3' | vusu || echo "status $?"
	id -u
	END
	export OTHER=other TERM=dumb
	run in_session --module unrealuidgid sh s.sh
	assert_success
	assert_output "$(printf '%s\n' 0 "status 7" \
		daemon "/usr/sbin /bin/sh daemon daemon sh" \
		daemon /usr/sbin "/usr/sbin /bin/sh daemon daemon -sh unset dumb" \
		"a b " "$HOME other" daemon root 1234 55 55 \
		"vusu: user 'nosuchuser' does not exist" "status 1" "vusu: '12x': not of the form UID[:GID]" "status 1" \
		"vusu: '/nonexistent': No such file or directory" "status 127" \
		"vusu: '/etc/passwd': Permission denied" "status 126" Terminated "status 143" 0 "status 3" "$(id -u)")"
	run in_session vusu -c id
	assert_failure 1
	assert_output "$(printf '%s\n' "vusu: cannot become 'root': Operation not permitted" "hint: vu_insmod unrealuidgid")"
}

@test "ids are the same wherever a program looks" {
	cat >ids.py <<-'END'
	import ctypes, os, subprocess
	status = dict(line.split(":", 1) for line in open("/proc/self/status"))
	auxv = dict(zip(*[iter((ctypes.c_ulong * 64).from_buffer_copy(open("/proc/self/auxv", "rb").read().ljust(512, b"\0")))] * 2))
	print(os.getresuid(), os.getresgid(), status["Uid"].split(), status["Gid"].split(), sorted(map(int, status["Groups"].split())) == sorted(os.getgroups()))
	print([auxv[n] for n in (11, 12, 13, 14, 23)], subprocess.check_output("id -u; id -g; id -G; stat -c %u /proc/self", shell=True).split())
	END
	run in_session --module unrealuidgid sh -c 'for who in root daemon; do vusu -s /bin/sh -c "python3 ids.py" $who; done
		vusu -c "setpriv --reuid=8 --regid=9 --groups=77,88 python3 ids.py"; vusu -c "setpriv --reuid=mail --regid=mail --init-groups id -un"
		vusu -c "perl -e \"print \\\"\\\$< \\\$> \\\$(\\n\\\"\""; vusu -c "runuser -u daemon -- id -un"; vusu -c "runuser -u mail -- id -un"'
	assert_success
	assert_line "(0, 0, 0) (0, 0, 0) ['0', '0', '0', '0'] ['0', '0', '0', '0'] True"
	assert_line -p "[0, 0, 0, 0, 0] [b'0', b'0', b'0'"
	assert_line "(1, 1, 1) (1, 1, 1) ['1', '1', '1', '1'] ['1', '1', '1', '1'] True"
	assert_line -p "[1, 1, 1, 1, 0] [b'1', b'1', b'1'"
	assert_line "(8, 8, 8) (9, 9, 9) ['8', '8', '8', '8'] ['9', '9', '9', '9'] True"
	assert_line -p "[8, 8, 9, 9, 0] [b'8', b'9', b'9', b'77', b'88'"
	assert_line "0 0 0 0"
	assert_equal "$(grep -c '^mail$' <<<"$output") $(grep -c '^daemon$' <<<"$output")" "2 1"
}

@test "bash completes options, modules, types, mounts, users" {
	make_ext2 disk.img
	mkdir mnt
	cat >user.py <<-'END'
	import os
	from terminal import BASH, Terminal

	def completes(t, typed, want):
	    """After the tabulator key the wanted text stands on the line, or in a list below it."""
	    t.prompt()
	    t.type(typed + "\t")
	    t.wait(want)
	    t.type("\x15\n")  # ^U: away with the line

	with Terminal("umvu", "-N", "--module", "unrealuidgid", "-m", "auto,ro:disk.img:mnt", *BASH[:2], "-i") as t:
	    t.run("bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; bind 'set show-all-if-ambiguous on'")
	    t.run("for f in " + os.environ["VU_SOURCE"] + "/completions/vu* " + os.environ["VU_SOURCE"] + "/completions/umvu; do . $f; done")
	    for typed, want in {
	        "umvu --kill": "umvu --kill-on-exit ", "umvu --module unr": "unrealuidgid ", "umvu -N nohu": "nohup ",
	        "umvu -d driv": "driver", "umvu -f us": "user.py ", "umvu --root -- vu_lsm": "vu_lsmod ",
	        "vu_insmod vuf": "vufuse ", "vu_insmod --he": "--help ", "vu_rmmod unr": "unrealuidgid ", "vu_rmmod --v": "--version ",
	        "vu_lsmod --js": "--json ", "vu_lsmod --noh": "--noheadings ", "vumount -t vufuseext": "vufuseext2 +vufuseext3 +vufuseext4",
	        "vumount -t vufusesq": "vufusesquashfs ", "vumount -t vufusetar": "vufusetar ", "vumount -o off": "offset=", "vumount dis": "disk.img ", "vumount --read": "--read-only ",
	        "vuumount " + os.getcwd() + "/m": "/mnt ", "vuumount --la": "--lazy ", "vusu daem": "daemon ", "vusu -s /bin/ba": "/bin/bash ", "vusu --pres": "--preserve-environment ",
	        "vuname --kernel-n": "--kernel-name ", "vuname --hard": "--hardware-platform ",
	    }.items():
	        completes(t, typed, want)
	    t.line("exit")
	    t.end()
	END
	PYTHONPATH=$VU_SOURCE/test/system/helpers PYTHONDONTWRITEBYTECODE=1 "$LEASH" -t 60 python3 user.py
}
