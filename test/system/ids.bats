#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# User and group ids under unrealuidgid, seen through real tools. What each call does in detail is
# compared with the kernel's own in test/unit/ids_test.c; the programs of test/guest run here too.

load helpers/common

# with_ids CMD...: CMD as the ordinary user, in a session where ids are virtual.
with_ids()
{
	in_session --module unrealuidgid "$@"
}

# as_root CMD...: CMD as fake root.
as_root()
{
	in_session --root "$@"
}

# py CODE: makes p.py, with some helpers before CODE, of which a leading tab is taken off each line.
py()
{
	cat >p.py <<-END
	import ctypes, os, subprocess, threading
	libc = ctypes.CDLL(None, use_errno=True)
	def status(*keys):
	    lines = dict(l.split(":", 1) for l in open("/proc/thread-self/status") if ":" in l)
	    return [lines[k].split() for k in keys]
	def show(*what):
	    print(*what, flush=True)
	def attempt(call, *args):
	    try:
	        return call(*args)
	    except OSError as e:
	        return "errno %d" % e.errno
	END
	printf '%s\n' "${1//$'\n\t'/$'\n'}" >>p.py
}

bounding_set()
{
	sed -n 's/^CapBnd:\t//p' /proc/self/status
}

@test "the module alone changes nothing that the user sees" {
	local want
	want=$(id; grep -E '^(Uid|Gid|Groups|Cap...):' /proc/self/status)
	run with_ids sh -c 'id; grep -E "^(Uid|Gid|Groups|Cap...):" /proc/self/status'
	assert_success
	assert_output "$want"
}

@test "without the module an ordinary user cannot become root" {
	need python3
	py 'show(attempt(os.setuid, 0), attempt(os.setgroups, []), os.getresuid() == (os.getuid(),) * 3)'
	run in_session python3 p.py
	assert_success
	assert_output "errno 1 errno 1 True"
}

@test "fake root: id, whoami, status and the auxiliary vector agree" {
	run as_root id
	assert_success
	assert_output -p "uid=0(root) gid=0(root)"
	refute_output -p "euid"
	run as_root whoami
	assert_output "root"
	run as_root id -ru
	assert_output "0"
	run as_root grep -E '^(Uid|Gid):' /proc/self/status
	assert_output $'Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0'
	run as_root grep -E '^Cap(Prm|Eff|Bnd):' /proc/self/status
	assert_output "$(printf 'CapPrm:\t%s\nCapEff:\t%s\nCapBnd:\t%s' \
		"$(bounding_set)" "$(bounding_set)" "$(bounding_set)")"
	run as_root env LD_SHOW_AUXV=1 /bin/true
	assert_line -e '^AT_UID: +0$'
	assert_line -e '^AT_EUID: +0$'
	assert_line -e '^AT_GID: +0$'
	assert_line -e '^AT_EGID: +0$'
	assert_line -e '^AT_SECURE: +0$'
}

@test "a script, its children and their children are root too" {
	printf '#!/bin/sh\nid -u\nsh -c "id -u; (id -g)"\n' >script
	chmod 755 script
	run as_root ./script
	assert_success
	assert_output $'0\n0\n0'
}

@test "outside nothing of it is seen: files belong to the user" {
	run as_root sh -c 'id -u >file'
	assert_success
	assert_file file 0
	assert_equal "$(stat -c %u file)" "$(id -u)"
}

@test "an ordinary user becomes root and comes back, more than once" {
	need python3
	py '
	me = os.getuid()
	for i in range(2):
	    os.setresuid(0, 0, 0)
	    os.setgroups([])
	    os.setresgid(0, 0, 0)
	    show(os.getresuid(), os.getresgid(), os.getgroups(), *status("Uid", "Gid"))
	    show(status("CapEff") == status("CapBnd"), status("CapPrm") == status("CapBnd"))
	    os.setresuid(me, me, me)
	    show(os.getresuid() == (me, me, me), *status("CapPrm", "CapEff"))
	'
	run with_ids python3 p.py
	assert_success
	local round="(0, 0, 0) (0, 0, 0) [] ['0', '0', '0', '0'] ['0', '0', '0', '0']
True True
True ['0000000000000000'] ['0000000000000000']"
	assert_output "$round"$'\n'"$round"
}

@test "seteuid away from root and back, as servers do it" {
	need python3
	py '
	os.setegid(7); os.seteuid(33)
	show(os.getresuid(), os.getresgid(), *status("Uid", "CapEff"))
	subprocess.run(["id"])
	os.seteuid(0); os.setegid(0)
	show(os.getresuid(), status("CapEff") == status("CapBnd"))
	'
	run as_root python3 p.py
	assert_success
	assert_line "(0, 33, 0) (0, 7, 0) ['0', '33', '0', '33'] ['0000000000000000']"
	assert_line -p "uid=0(root) gid=0(root) euid=33"
	assert_line "(0, 0, 0) True"
}

@test "apt's way to its sandbox user" {
	need python3
	py '
	os.setgroups([65534])
	os.setresgid(65534, 65534, 65534)
	os.setresuid(42, 42, 42)
	assert os.getgroups() == [65534]
	assert (os.getuid(), os.geteuid(), os.getgid(), os.getegid()) == (42, 42, 65534, 65534)
	os.execvp("sh", ["sh", "-c", "id -u; id -G; grep CapPrm /proc/self/status"])
	'
	run as_root python3 p.py
	assert_success
	assert_output $'42\n65534\nCapPrm:\t0000000000000000'
}

@test "a child that is started under another user" {
	need python3
	py '
	r = subprocess.run(["id", "-u"], user=33, group=34, extra_groups=[7, 9], stdout=subprocess.PIPE)
	show(r.stdout.decode().strip())
	r = subprocess.run(["id", "-G"], user=33, group=34, extra_groups=[7, 9], stdout=subprocess.PIPE)
	show(r.stdout.decode().strip(), os.getuid())
	'
	run as_root python3 p.py
	assert_success
	assert_output $'33\n34 7 9 0'
}

@test "setpriv: ids, groups, ambient capabilities, bounding set" {
	need setpriv
	run as_root setpriv --reuid 65534 --regid 65534 --clear-groups id
	assert_success
	assert_output -e '^uid=65534\([a-z]+\) gid=65534\([a-z]+\) groups=65534'
	run as_root setpriv --reuid 1234 --regid 1234 --groups 9,5,7 sh -c 'id -u; id -G'
	assert_output $'1234\n1234 5 7 9'
	run as_root setpriv --reuid 65534 --inh-caps +net_raw --ambient-caps +net_raw \
		grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status
	assert_success
	assert_output "$(printf 'Cap%s:\t0000000000002000\n' Inh Prm Eff Amb)"
	run as_root setpriv --bounding-set=-all grep -E '^Cap(Prm|Eff|Bnd)' /proc/self/status
	assert_success
	assert_output "$(printf 'Cap%s:\t0000000000000000\n' Prm Eff Bnd)"
}

@test "su and runuser of the system, as root" {
	need su
	run as_root su nobody -s /bin/sh -c 'id -un; id -gn'
	assert_success
	assert_output "nobody"$'\n'"$(id -gn nobody)"
	run as_root su -s /bin/sh -c 'exit 7' nobody
	assert_failure 7
	need runuser
	run as_root runuser -u nobody -- id -un
	assert_success
	assert_output "nobody"
}

@test "perl's \$<, \$>, \$( and \$)" {
	need perl
	# shellcheck disable=SC2016 # perl's variables
	run as_root perl -e '$) = "7 8 9"; $> = 33; print "$< $> ", 0 + $(, " $)\n"; $> = 0; print "$>\n"'
	assert_success
	assert_output $'0 33 0 7 8 9\n0'
}

@test "each thread has its own ids; the C library's calls set those of all" {
	need python3
	py '
	SYS_getuid, SYS_setresuid = 102, 117
	first, second = threading.Barrier(2), threading.Barrier(2)
	def run():
	    libc.syscall(SYS_setresuid, 5, 5, 5)
	    show("thread", libc.syscall(SYS_getuid), status("Uid"))
	    first.wait(); second.wait()
	    show("thread", libc.syscall(SYS_getuid))
	t = threading.Thread(target=run)
	t.start()
	first.wait()
	show("main", libc.syscall(SYS_getuid), status("Uid"))
	os.setresuid(33, 33, 33)
	second.wait()
	t.join()
	show("main", libc.syscall(SYS_getuid))
	'
	run as_root python3 p.py
	assert_success
	assert_output "thread 5 [['5', '5', '5', '5']]
main 0 [['0', '0', '0', '0']]
thread 33
main 33"
}

@test "a child's ids are its own; fork, vfork and exec hand them on" {
	need python3
	py '
	pid = os.fork()
	if not pid:
	    os.setgid(8); os.setuid(9)
	    os.execlp("sh", "sh", "-c", "id -u; id -g; sh -c \"id -u\"")
	os.waitpid(pid, 0)
	show(os.getresuid(), os.getresgid())
	'
	run as_root python3 p.py
	assert_success
	assert_output $'9\n8\n9\n(0, 0, 0) (0, 0, 0)'
}

@test "execve: saved ids follow the effective ones, root regains capabilities" {
	need python3
	py '
	os.setresuid(1000, 0, 1001)
	libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())
	show(os.getresuid(), *status("CapPrm"))
	os.execlp("python3", "python3", "-c",
	    "import os; print(os.getresuid()); print(open(\"/proc/self/status\").read().split(\"CapEff:\")[1].split()[0])")
	'
	run as_root python3 p.py
	assert_success
	assert_output "(1000, 0, 1001) ['0000000000000000']
(1000, 0, 0)
$(bounding_set)"
}

@test "supplementary groups: 256 of them over exec, more is ENOMEM, too many EINVAL" {
	need python3
	py '
	show(attempt(os.setgroups, list(range(257))))
	group = (ctypes.c_uint32 * 65537)()
	show(libc.setgroups(65537, group), ctypes.get_errno())
	os.setgroups(list(range(1256, 1000, -1)))
	show(os.getgroups() == list(range(1001, 1257)))
	show([int(g) for g in status("Groups")[0]] == os.getgroups())
	os.execlp("id", "id", "-G")
	'
	run as_root python3 p.py
	assert_success
	assert_output "errno 12
-1 22
True
True
0 $(seq -s ' ' 1001 1256)"
}

@test "modules loaded in the session take effect at once, in programs that run" {
	need python3
	py '
	show(attempt(os.setuid, 0))
	subprocess.run(["vu_insmod", "unrealuidgid"], check=True)
	show(attempt(os.setuid, 0), os.getuid())
	'
	run in_session python3 p.py
	assert_success
	assert_output $'errno 1\nNone 0'
}

@test "two sessions do not know of each other's ids" {
	as_root sh -c 'echo ready >a; while [ ! -e stop ]; do sleep 0.05; done; id -u >b' 3>&- &
	wait_until 10 test -s a
	run with_ids id -u
	touch stop
	wait
	assert_output "$(id -u)"
	assert_file b 0
}

@test "vusu: root, another user, and the status of the command" {
	run with_ids vusu -s /bin/sh -c 'id -u; id -g'
	assert_success
	assert_output $'0\n0'
	run with_ids vusu -s /bin/sh -c 'id -un' nobody
	assert_success
	assert_output "nobody"
	run with_ids vusu -s /bin/sh -c 'exit 7'
	assert_failure 7
	run with_ids vusu -s /bin/sh -c 'vusu -s /bin/sh -c "id -un; vusu -c whoami" nobody; id -un'
	assert_success
	assert_output $'nobody\nroot\nroot'
}

@test "vusu: a user that does not exist" {
	run with_ids vusu no-such-user
	assert_failure 1
	assert_output -p "no-such-user"
}
