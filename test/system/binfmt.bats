#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# vubinfmt: the control files of binfmt_misc in a view, and what execve makes of its formats.

# shellcheck disable=SC2016 # scripts in quotes expand in the session

load helpers/common

BINFMT=/proc/sys/fs/binfmt_misc

# with_formats CMD...: in a session that has the control files mounted.
with_formats()
{
	in_session --module vubinfmt -m "vubinfmt:none:$BINFMT" "$@"
}

# formats_script <<'END': the commands on stdin in such a session, with $B the folder of control files.
formats_script()
{
	local script
	script=$(mktemp "$BATS_TEST_TMPDIR/script.XXXXXX")
	cat >"$script"
	B=$BINFMT with_formats sh -e "$script"
}

# as_kernel HELPER: it prints the same in a view and with the kernel's own binfmt_misc, which namespaces have since
# Linux 6.7.
as_kernel()
{
	mkdir run
	unshare -Urm sh -c 'mount -t binfmt_misc none "$1" && cd run && exec python3 "$2" "$1"' sh \
		$BINFMT "$VU_SOURCE/test/system/helpers/$1" >kernel 2>&1 ||
		skip "this kernel has no binfmt_misc for user namespaces: $(tail -n 1 kernel)"
	rm -rf run
	mkdir run
	with_formats sh -c 'cd run && exec python3 "$2" "$1"' sh $BINFMT "$VU_SOURCE/test/system/helpers/$1" \
		>view 2>&1
	[ "$(wc -l <kernel)" -gt 100 ] || fail "nothing is compared"
	diff -u kernel view
}

@test "lines good and bad, commands, what cannot be done: all as the kernel" {
	need python3
	as_kernel binfmt_lines.py
}

@test "execve: arguments, flags, chains, errors, descriptors: all as the kernel" {
	need python3
	as_kernel binfmt_exec.py
}

@test "the control files by ordinary tools" {
	run session_script <<-'END'
		vu_insmod vubinfmt
		mount -t vubinfmt none /proc/sys/fs/binfmt_misc
		cd /proc/sys/fs/binfmt_misc
		stat -c '%A %h %s %n' . *
		cat status
		echo ':one:E::one::/bin/echo:P' >register
		printf ':two:M:1:\\x41B:\\xff\\x0f:/bin/cat:\n' | tee register
		ls -1
		cat one two
		dd if=one bs=1 skip=8 count=11 2>/dev/null; echo
		head -c 7 two; echo
		wc -c <one
		echo 0 >one; head -n 1 one
		echo 1 >>one; head -n 1 one
		echo 0 | tee status
		find . -type f | sort
		grep -H . status
		echo -1 >two
		tar cf - one 2>/dev/null | tar tvf - | cut -c1-10
		awk '$3 == "vubinfmt"' /proc/mounts | cut -d, -f1-4
		findmnt -n -o FSTYPE,SOURCE "$PWD"
	END
	assert_success
	assert_output "drwxr-xr-x 2 0 .
--w------- 1 0 register
-rw-r--r-- 1 0 status
enabled
:two:M:1:\\x41B:\\xff\\x0f:/bin/cat:
one
register
status
two
enabled
interpreter /bin/echo
flags: P
extension .one
enabled
interpreter /bin/cat
flags: 
offset 1
magic 4142
mask ff0f
interpreter
enabled
54
disabled
enabled
0
./one
./register
./status
./two
status:disabled
-rw-r--r--
none $BINFMT vubinfmt rw,nosuid,nodev,relatime
vubinfmt none"
}

@test "register is not for reading; errors reach the shell; a read-only mount" {
	run formats_script <<-'END'
		cat $B/register 2>&1 || true
		sh -c 'echo :a:X::a::/b: >$B/register' 2>&1 || true
		sh -c 'echo 7 >$B/status' 2>&1 || true
		sh -c 'echo 7 >$B/none' 2>&1 || true
		sh -c 'echo :status:E::a::/b: >$B/register' 2>&1 || true
		sh -c 'echo :f:E::a::/none/there:F >$B/register' 2>&1 || true
		ls $B
		mkdir ro
		mount -t vubinfmt -o ro none ro
		sh -c 'echo 0 >ro/status' 2>&1 || true
		mount -t vubinfmt -o what=ever none ro 2>&1 || echo $?
		touch file
		mount -t vubinfmt none file 2>&1 || echo $?
		umount ro
	END
	assert_success
	assert_line -p "register: Permission denied"
	assert_line -e "echo: I/O error|write error: Invalid argument"
	assert_line -p "$BINFMT/none: Permission denied"
	assert_line -p "ro/status: Read-only file system"
	assert_line "umvu: vubinfmt: unknown option 'what=ever'"
	assert_output -p "
register
status
"
}

@test "formats stay when the files are unmounted; they go with the module" {
	printf 'x\n' >prog.one
	chmod 755 prog.one
	run session_script <<-'END'
		B=/proc/sys/fs/binfmt_misc
		vu_insmod vubinfmt
		mkdir elsewhere
		mount -t vubinfmt none elsewhere
		echo ':one:E::one::/bin/echo:' >elsewhere/register
		vu_rmmod vubinfmt 2>&1 || echo busy
		umount elsewhere
		./prog.one still
		mount -t vubinfmt none $B
		ls $B
		(cd $B; umount $B 2>&1 || echo in use)
		umount $B
		vu_rmmod vubinfmt
		./prog.one 2>/dev/null || echo gone
		vu_insmod vubinfmt
		mount -t vubinfmt none $B
		ls $B
	END
	assert_success
	assert_line -p "module 'vubinfmt' is in use by the mount on $WORK/elsewhere"
	assert_line "./prog.one still"
	assert_line "in use"
	assert_line gone
	assert_equal "$(tail -n 2 <<<"$output")" "register
status"
}

@test "views: a child begins with its parent's formats, and both go their own ways; the host has none" {
	printf 'x\n' >prog.one
	cp prog.one prog.two
	chmod 755 prog.*
	run formats_script <<-'END'
		echo ':one:E::one::/bin/echo:P' >$B/register
		umvu -N sh -ec '
			ls $B
			./prog.one child
			echo -1 >$B/one
			echo ":two:E::two::/bin/echo:" >$B/register
			echo ":three:E::three::/bin/echo:" >$B/register
			ls $B
			./prog.two child
			./prog.one 2>/dev/null || echo child: gone
			umvu -N sh -ec "./prog.two grandchild; echo 0 >$B/status; cat $B/status; ./prog.two || true" 2>/dev/null
			cat $B/status
		'
		ls $B
		head -n 2 $B/one
		./prog.one parent
		./prog.two 2>/dev/null || echo parent: none
		umvu -N sh -ec 'umount $B; ls $B | head -n 1; ./prog.one still'
		ls $B
	END
	assert_success
	assert_output "one
register
status
./prog.one ./prog.one child
register
status
three
two
./prog.two child
child: gone
./prog.two grandchild
disabled
enabled
one
register
status
enabled
interpreter /bin/echo
./prog.one ./prog.one parent
parent: none
./prog.one ./prog.one still
one
register
status"
	if ./prog.one; then
		fail "the host has got a format"
	fi
}

@test "an extension for a kind of scripts, from make, cron-like environments and find" {
	need make awk
	cat >hello.awk <<-'END'
		BEGIN { print "awk says", ARGV[1]; exit }
	END
	cat >run-awk <<-'END'
		#!/bin/sh
		script=$1
		shift
		exec awk -f "$script" -- "$@"
	END
	printf 'all:\n\t@./hello.awk from-make\n' >Makefile
	chmod 755 hello.awk run-awk
	run formats_script <<-'END'
		echo ":awk:E::awk::$PWD/run-awk:" >$B/register
		./hello.awk direct
		make -s
		env -i ./hello.awk no-environment
		find . -name '*.awk' -exec {} from-find \;
		PATH=$PWD:$PATH
		hello.awk by-path
		echo 'system("./hello.awk from-perl")' | perl
		python3 -c 'import subprocess; subprocess.run(["./hello.awk", "from-python"])'
		timeout 10 ./hello.awk from-timeout
	END
	assert_success
	assert_output "awk says direct
awk says from-make
awk says no-environment
awk says from-find
awk says by-path
awk says from-perl
awk says from-python
awk says from-timeout"
}

@test "an interpreter and programs in mounts of the view; ids of the view" {
	make_ext2 one.img 8M
	mkdir mnt
	run in_session --module unrealuidgid --module vubinfmt -m "vubinfmt:none:$BINFMT" \
		-m "auto,rw:one.img:mnt" sh -ec '
		cp /usr/bin/id mnt/myid
		printf "#!%s/mnt/myid -u\n" "$PWD" >mnt/prog.who
		printf x >mnt/prog.fix
		chmod 755 mnt/prog.*
		B=/proc/sys/fs/binfmt_misc
		printf "#!/bin/sh\nshift\nexec %s/mnt/myid \"\$@\"\n" "$PWD" >mnt/interp
		chmod 755 mnt/interp
		echo ":who:E::fix::$PWD/mnt/interp:" >$B/register
		vusu -c "mnt/prog.fix -u; mnt/prog.fix -un"
		echo ":F:E::who::$PWD/mnt/myid:F" >$B/register
		mnt/prog.who 2>&1 | grep -c "no such user"
		vuumount mnt 2>&1 || echo busy
		echo -1 >$B/F
		vuumount mnt && ls mnt | wc -l
		vumount -t vufuseext2 -o rw one.img mnt
		echo ":F:E::who::$PWD/mnt/myid:F" >$B/register'
	assert_success
	assert_line "umvu: an interpreter that is fixed (flag F) lies in it"
	assert_output -p "0
root
1
"
	assert_equal "$(tail -n 2 <<<"$output")" "busy
0"
	assert_clean one.img
}

@test "many formats, many processes at once" {
	run formats_script <<-'END'
		seq 1 1000 | sed 's,.*,:f&:E::f&::/bin/echo:,' | while read -r line; do
			echo "$line" >$B/register
		done
		ls $B | wc -l
		for i in 1 500 1000; do
			printf x >p.f$i
			chmod 755 p.f$i
		done
		for i in $(seq 1 20); do
			(for n in 1 500 1000; do ./p.f$n; done; cat $B/f$i >/dev/null; ls $B >/dev/null) &
		done
		wait
		echo -1 >$B/status
		ls $B
	END
	assert_success
	assert_equal "${lines[0]}" 1002
	assert_equal "$(sort <<<"$output" | uniq -c | sed 's/^ *//' | grep p.f)" "20 ./p.f1
20 ./p.f1000
20 ./p.f500"
}
