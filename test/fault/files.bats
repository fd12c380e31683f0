#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# The process behind control files is killed or hangs: only who uses the files notices, and they can be had again.

load helpers/fault

setup()
{
	vu_setup
	export DRIVER=vu-files # who "victims driver" are
	printf 'x\n' >prog.one
	chmod 755 prog.one
}

# A session with control files on "ctl" and a format; when it is struck, "go" has it go on with then.sh.
begin_files()
{
	begin --module vubinfmt "$@" <<-'END'
	mkdir ctl
	mount -t vubinfmt none ctl
	echo ':one:E::one::/bin/echo:' >ctl/register
	touch ready
	until test -e go; do sleep 0.05; done
	. ./then.sh
	END
	reached ready
}

nobody()
{
	! there_is driver
}

@test "killed: the files are gone, the formats are not; mounted again, all is there" {
	cat >then.sh <<-'END'
		cat ctl/status 2>&1 || true
		./prog.one by format
		vuumount ctl
		mount -t vubinfmt none ctl
		cat ctl/status
		ls ctl
		./prog.one again
	END
	begin_files
	strike driver
	wait_until 10 nobody
	touch go
	finish
	assert_success
	assert_line -e 'ctl/status: (Transport endpoint is not connected|Software caused connection abort)$'
	assert_line "./prog.one by format"
	assert_line enabled
	assert_line one
	assert_line "./prog.one again"
}

@test "stopped: who reads waits, nobody else; vuumount -f frees it" {
	cat >then.sh <<-'END'
		cat ctl/status 2>err & reader=$!
		until grep -q '^State:.[SD]' /proc/$reader/status; do sleep 0.05; done
		sleep 0.2
		./prog.one by format
		vu_lsmod -n
		mkdir other
		mount -t vubinfmt none other
		cat other/status
		vuumount -f ctl
		wait $reader || echo "the reader ends: $?"
		umount other
	END
	begin_files
	strike driver STOP
	touch go
	finish
	assert_success
	assert_line "./prog.one by format"
	assert_line enabled
	assert_line "the reader ends: 1"
}

@test "stopped, and the session ends: nothing is left" {
	echo 'cat ctl/status & sleep 0.3' >then.sh
	begin_files --kill-on-exit
	strike driver STOP
	touch go
	finish
	assert_nothing_left 20
}

@test "a program for flag F that hangs when it is opened: other files answer" {
	[ -x "$VU_BUILD/test/badfs" ] || skip "no libfuse 3 to build badfs with"
	mkdir -p "$HOME/.config/vu" mnt
	printf '[vufusebad]\nprogram = %s\nargs = {source} {target}\n' "$VU_BUILD/test/badfs" \
		>"$HOME/.config/vu/vufuse.conf"
	cat >then.sh <<-'END'
		vu_insmod vufuse
		vumount -t vufusebad serve mnt
		sh -c "echo :h:E::h::$PWD/mnt/hang:F >ctl/register" 2>/dev/null & writer=$!
		until grep -q '^State:.[SD]' /proc/$writer/status; do sleep 0.05; done
		sleep 0.2
		cat ctl/status
		ls ctl
		vuumount -f mnt
		wait $writer || echo "refused: $?"
		ls ctl | wc -l
	END
	begin_files
	touch go
	finish
	assert_success
	assert_line enabled
	assert_line -e 'refused: [1-9]'
	assert_line 3
}
