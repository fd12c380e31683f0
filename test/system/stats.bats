#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# umvu --stats: it counts what it says; and nearly all calls of everyday programs come from patched sites, and none
# of them makes a request to umvu once their files are known.

load helpers/common

# counted CMD...: (words in one line) the counters of CMD in "stats", by a view of its own in a session in which CMD has run before, with
# a mounted image and unrealuidgid.
counted()
{
	make_ext2 d.img 4M
	mkdir -p mnt
	export STATS=$PWD/stats
	session_script --module unrealuidgid -m "vufuseext2:$PWD/d.img:$PWD/mnt" <<-END
	$(declare -f quietly)
	set -- $(printf '%q ' "$@")
	quietly "\$@"
	quietly "\$@"
	umvu -N --stats --json sh -c '"\$@" >/dev/null 2>&1' sh "\$@" 2>"\$STATS"
	END
}

quietly()
{
	"$@" >/dev/null 2>&1
}

# stats EXPR [FILE]: the value of a Python expression of `s`, the counters of FILE (stats), and calls(NAME), one call's.
stats()
{
	python3 - "$1" "${2:-stats}" <<-'END'
	import json, sys
	s = json.load(open(sys.argv[2]))
	kinds = ("quick", "full", "trapped", "rpcs")
	def calls(name):
	    found = [c for c in s["calls"] if c["call"] == name]
	    return [found[0][k] for k in kinds] if found else [0, 0, 0, 0]
	print(eval("(" + sys.argv[1] + ")"))
	END
}

# assert_patched MIN: at least MIN virtualisable calls were seen, 99.9% of them from patched sites; no requests.
assert_patched()
{
	assert_equal "$(stats "s['virtualisable'] >= $1")" True
	assert_equal "$(stats "s['patched'] / s['virtualisable'] >= 0.999 or s")" True
	assert_equal "$(stats "s['total']['rpcs'] == 0 or s")" True
}

@test "the table: a line a call, the total, the share; the command's status; without --stats there is none" {
	run in_session --stats sh -c 'true | true; env true; exit 3'
	assert_failure 3
	assert_equal "$(tr -s ' ' <<<"${lines[0]}")" " quick full trapped rpcs call"
	assert_line -e '^( +[0-9]+){4}  execve$'
	assert_line -e '^( +[0-9]+){4}  total$'
	assert_line -e '^[0-9]+ of [0-9]+ virtualisable calls \([0-9]+\.[0-9]{3}%\) by patched sites$'
	run in_session sh -c 'exit 3'
	assert_failure 3
	assert_output ""
}

@test "JSON: the lines add up, the most frequent call is first" {
	in_session --stats --json find /usr/include 2>stats >/dev/null
	assert_equal "$(stats "all(s['total'][k] == sum(c[k] for c in s['calls']) for k in kinds)")" True
	assert_equal "$(stats "[sum(c[k] for k in kinds[:3]) for c in s['calls']] ==
		sorted((sum(c[k] for k in kinds[:3]) for c in s['calls']), reverse=True)")" True
	assert_equal "$(stats "0 < s['patched'] <= s['virtualisable'] <=
		sum(s['total'][k] for k in kinds[:3])")" True
}

@test "each call is counted once, of processes at once and over fork and exec" {
	touch file
	cat >p.py <<-'END'
	import os, sys
	if len(sys.argv) < 2:
	    for i in range(4):
	        if not os.fork():
	            os.execv(sys.executable, [sys.executable, sys.argv[0], "child"])
	    while True:
	        try: os.wait()
	        except ChildProcessError: break
	for i in range(1000):
	    os.chmod("file", 0o644)
	END
	in_session --stats --json python3 p.py 2>stats
	assert_equal "$(stats "sum(calls('chmod')[:3])")" 5000
	assert_equal "$(stats "calls('chmod')[2]")" 0
}

@test "calls from code that is made at run time are counted as trapped, and lower the share" {
	cat >p.py <<-'END'
	import ctypes, mmap
	code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
	code.write(bytes.fromhex("b83f0000000f05c3"))  # mov $63,%eax; syscall; ret
	at = ctypes.addressof(ctypes.c_char.from_buffer(code))
	call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_char_p)(at)
	buf = ctypes.create_string_buffer(400)
	assert all(call(buf) == 0 for i in range(700))
	END
	in_session --stats --json python3 p.py 2>stats
	assert_equal "$(stats "calls('uname')[2]")" 700
	assert_equal "$(stats "s['virtualisable'] - s['patched'] >= 700")" True
}

@test "the return from a signal handler comes from a patched site" {
	# shellcheck disable=SC2016 # expands when it runs
	in_session --stats --json sh -c 'trap : USR1; kill -USR1 $$; kill -USR1 $$' 2>stats
	assert_equal "$(stats "calls('rt_sigreturn')[0]")" 2
	assert_equal "$(stats "calls('rt_sigreturn')[2]")" 0
	assert_equal "$(stats "s['total']['trapped']")" 0
}

@test "requests are counted for the call that makes them; a program that is new makes some for its code" {
	make_ext2 d.img 4M
	mkdir mnt
	in_session --stats --json mount -t vufuseext2 "$PWD/d.img" "$PWD/mnt" 2>stats
	assert_equal "$(stats "calls('mount')[3] + calls('fsopen')[3] > 0")" True
	assert_equal "$(stats "calls('(code)')[3] > 0")" True
}

@test "a nested view counts for itself, where it is asked to" {
	touch file
	cat >p.py <<-'END'
	import os, sys
	for i in range(int(sys.argv[1])): os.chmod("file", 0o644)
	END
	in_session --stats --json sh -c '
		python3 p.py 10
		umvu -N --stats --json python3 p.py 300 2>inner
		umvu -N python3 p.py 5000' 2>outer
	assert_equal "$(stats "sum(calls('chmod')[:3])" outer)" 10
	assert_equal "$(stats "sum(calls('chmod')[:3])" inner)" 300
}

@test "find: patched" {
	counted find /usr/include
	assert_patched 1000
}

@test "tar: patched" {
	counted tar -C /usr -cf a.tar include
	assert_patched 1000
}

@test "git: patched" {
	need git
	cat >g.sh <<-'END'
	rm -rf r; git init -q r; cd r; seq 200 | split -l 1; git add .
	git -c user.name=n -c user.email=e commit -qm m; git status --short; git log --stat; git gc -q
	END
	counted sh -e g.sh
	assert_patched 1000
}

@test "gcc: patched" {
	need gcc
	printf '#include <%s>\n' stdio.h stdlib.h string.h unistd.h pthread.h sys/socket.h >t.c
	echo 'int main(void) { return 0; }' >>t.c
	counted gcc -O2 -o t t.c
	assert_patched 1000
}

@test "python: patched" {
	cat >p.py <<-'END'
	import os, subprocess, json, sqlite3, threading
	for d, _, names in os.walk("/usr/include"):
	    for n in names: os.stat(os.path.join(d, n))
	t = threading.Thread(target=os.listdir); t.start(); t.join()
	subprocess.run(["true"], check=True); os.system("true")
	END
	counted python3 p.py
	assert_patched 1000
}

@test "node: patched" {
	need node
	# A thread's start traps once: a call in glibc's has no safe form (vu-scan --list). There are ten threads, so
	# only a program that goes on for a while reaches the share.
	cat >n.js <<-'END'
	const fs = require("fs"), path = require("path");
	function walk(d) { for (const e of fs.readdirSync(d, { withFileTypes: true })) {
		const f = path.join(d, e.name); fs.lstatSync(f); if (e.isDirectory()) walk(f); } }
	for (let i = 0; i < 25; i++) walk("/usr/include/linux");
	fs.promises.readFile("/etc/passwd").then(() => require("child_process").execFileSync("true"));
	END
	counted node n.js
	assert_patched 10000
	assert_equal "$(stats "s['virtualisable'] - s['patched'] <= sum(calls('clone3')) + sum(calls('clone')) or s")" True
}

@test "a Go program: patched" {
	need go gofmt
	counted gofmt -l "$(go env GOROOT)/src/encoding" "$(go env GOROOT)/src/net" "$(go env GOROOT)/src/crypto"
	assert_patched 1000
}

@test "names that are not there in a mount are looked up by the quick way" {
	make_ext2 img
	mkdir mnt
	in_session -m "vufuseext2:img:mnt" --stats --json python3 -c 'import os; print(any(os.path.exists("mnt/none") for i in range(3000)))' 2>stats
	# What is known is forgotten after some milliseconds, of which a slow machine needs many.
	assert_equal "$(stats "calls('newfstatat')[0] + calls('stat')[0] > 1500 or s")" True
}
