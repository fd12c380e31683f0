#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Programs of other machines, by qemu-user and vubinfmt: they do the same as the program built for this one.

# shellcheck disable=SC2016 # scripts in quotes expand in the session

load helpers/common

BINFMT=/proc/sys/fs/binfmt_misc
MACHINES="ppc:powerpc-linux-gnu arm:arm-linux-gnueabihf aarch64:aarch64-linux-gnu riscv64:riscv64-linux-gnu"

setup()
{
	vu_setup
	need gcc
	FOUND=""
	for machine in $MACHINES; do
		if command -v "qemu-${machine%%:*}" "${machine#*:}-gcc" >/dev/null; then
			FOUND="$FOUND $machine"
		fi
	done
	[ -n "$FOUND" ] || skip "no qemu-user, or no compiler for another machine"
}

# build COMPILER OUTPUT [OPTION...]: the program of test/system/programs/foreign.c
build()
{
	local cc=$1 out=$2
	shift 2
	"$cc" -w -O1 -pthread -D_FILE_OFFSET_BITS=64 "$@" -o "$out" "$VU_SOURCE/test/system/programs/foreign.c"
}

# same_as_own LINKING: what the program does, built for each machine, is what it does built for this one.
same_as_own()
{
	local machine triplet
	build gcc own
	for machine in $FOUND; do
		triplet=${machine#*:}
		# shellcheck disable=SC2086 # may be empty
		build "$triplet-gcc" "${machine%%:*}" $1
	done
	# shellcheck disable=SC2086 # a word each
	in_session --module unrealuidgid sh -ec '
		vubinfmt --qemu
		run()
		{
			mkdir here
			(
				cd here
				export V=value QEMU_LD_PREFIX=$2
				cp ../$1 prog
				./prog args files threads processes signals restarts masks sockets ids 2>&1 || echo "status $?"
			) >$1.out
			rm -r here
		}
		run own ""
		for machine; do
			run ${machine%%:*} /usr/${machine#*:}
			diff -u own.out ${machine%%:*}.out || failed=1
		done
		[ -z "$failed" ]' sh $FOUND
	[ "$(wc -l <own.out)" -gt 60 ] || fail "nothing is compared"
}

@test "static programs: arguments, files, threads, processes, signals, sockets, ids" {
	same_as_own -static
}

@test "dynamic programs, their C library by QEMU_LD_PREFIX: the same" {
	same_as_own ""
}

@test "an emulator that is run by its name" {
	local machine
	build gcc own
	for machine in $FOUND; do
		build "${machine#*:}-gcc" "${machine%%:*}" -static
		in_session sh -c './own signals restarts masks sockets' >own.out || true
		in_session sh -c 'qemu-$0 ./$0 signals restarts masks sockets' "${machine%%:*}" >other.out || true
		diff -u own.out other.out
	done
}

@test "32-bit programs of this machine's own kind" {
	need as ld qemu-i386
	cat >prog.s <<-'END'
		.globl _start
		_start: mov $4,%eax; mov $1,%ebx; mov $text,%ecx; mov $8,%edx; int $0x80
		mov $1,%eax; mov $5,%ebx; int $0x80
		.data
		text: .ascii "32 bits\n"
	END
	as --32 -o prog.o prog.s && ld -m elf_i386 -o prog prog.o || skip "no assembler for 32 bits"
	run in_session sh -c './prog 2>&1; echo $?; vubinfmt --qemu i386; ./prog; echo $?'
	assert_success
	assert_line -p "Exec format error"
	assert_equal "$(tail -n 2 <<<"$output")" "32 bits
5"
}

@test "strace sees each call of the emulator once" {
	need strace
	local machine=${FOUND##* }
	build "${machine#*:}-gcc" prog -static
	run in_session sh -c 'vubinfmt --qemu
		strace -f -o trace -e trace=wait4,execve,rt_sigsuspend ./prog restarts signals >/dev/null || true
		grep -Ec "wait4.* = \?|wait4.* = 0$" trace
		grep -Ec "= (61|130)$" trace
		grep -o "rt_sigsuspend.* = ?" trace
		grep -c execve trace'
	assert_success
	assert_line -e '^[1-9][0-9]*$'
	assert_line 0
	assert_line -p "rt_sigsuspend([], 8) "
	assert_equal "$(tail -n 1 <<<"$output")" 1
}

@test "the same without patched call sites" {
	VU_AGENT='trap' same_as_own -static
}

@test "mounts and ids of the view hold for them; scripts with an interpreter of another machine" {
	local machine=${FOUND##* }
	cat >prog.c <<-'END'
		#include <stdio.h>
		#include <string.h>
		#include <unistd.h>
		int main(int argc, char **argv)
		{
			char line[100] = "";
			FILE *f = fopen(argv[argc - 1], "r");

			if (!f || !fgets(line, sizeof(line), f))
				return 9;
			printf("uid %d reads %s", (int)getuid(), line);
			return 0;
		}
	END
	"${machine#*:}-gcc" -static -o prog prog.c
	make_ext2 one.img 16M
	mkdir mnt
	run in_session --module unrealuidgid -m "auto,rw:one.img:mnt" sh -ec '
		vubinfmt --qemu
		cp prog mnt/prog
		./prog mnt/file
		mnt/prog mnt/file
		cd mnt
		vusu -c "./prog file"
		printf "#!%s\nfrom a script\n" "$PWD/prog" >script.x
		chmod 755 script.x
		./script.x
		umvu sh -c "./prog file"'
	assert_success
	assert_output -p "uid $(id -u) reads one
uid $(id -u) reads one
uid 0 reads one
uid $(id -u) reads #!"
	assert_equal "$(tail -n 1 <<<"$output")" "uid $(id -u) reads one"
	assert_clean one.img
}

@test "make runs a tool that it has just built for another machine" {
	need make
	local machine=${FOUND##* }
	cat >gen.c <<-'END'
		#include <stdio.h>
		int main(int argc, char **argv)
		{
			FILE *f = fopen(argv[1], "w");

			fprintf(f, "#define SIZE %d\n", (int)sizeof(long) * argc);
			return fclose(f);
		}
	END
	printf '#include "size.h"\n#include <stdio.h>\nint main(void) { printf("%%d\\n", SIZE); return 0; }\n' >main.c
	cat >Makefile <<-END
		CC = ${machine#*:}-gcc -static
		all: main; ./main
		main: main.c size.h; \$(CC) -o \$@ main.c
		size.h: gen; ./gen \$@
		gen: gen.c; \$(CC) -o \$@ gen.c
	END
	run in_session sh -ec 'vubinfmt --qemu; make -s -j2'
	assert_success
	assert_output 16
}

@test "nothing is registered on the host, nor in another view; without a format it is ENOEXEC" {
	local machine=${FOUND##* }
	build "${machine#*:}-gcc" prog -static
	if ./prog args; then
		skip "the host itself runs such programs"
	fi 2>/dev/null
	run in_session sh -c 'umvu -N sh -c "vubinfmt --qemu; ./prog args >/dev/null; echo \$?"; ./prog args
		env ./prog args 2>&1; python3 -c "
import os
try:
    os.execv(\"./prog\", [\"prog\"])
except OSError as e:
    print(e.errno)"'
	assert_line 7
	assert_line -p "Exec format error"
	assert_line 8
}

@test "vubinfmt: lists, registers, says what is wrong" {
	need python3
	run in_session sh -c '
		vubinfmt --qemu --verbose | sort | head -n 1
		vubinfmt --qemu -v all | grep -c "is registered already"
		vubinfmt -n | grep -c "enabled  POCF"
		echo -1 >'$BINFMT'/status
		vubinfmt --qemu -f PF '"$(for m in $FOUND; do printf '%s ' "${m%%:*}"; done)"'
		vubinfmt --list --noheadings | cut -d" " -f1
		echo ":e x:E::foo::/bin/echo:" >'$BINFMT'/register
		vubinfmt --json | python3 -c "
import json, sys
for f in json.load(sys.stdin)[\"formats\"]:
    print(f[\"name\"], f[\"enabled\"], f[\"flags\"], f[\"extension\"], f[\"offset\"])"
		vubinfmt -n | head -n 1
		vubinfmt --qemu nothing; echo $?
		vubinfmt --qemu x86_64; echo $?
		vubinfmt --qemu -f Z; echo $?
		vubinfmt surplus 2>&1 | head -n 1
		PATH=${PATH%%:*}:/nowhere; vubinfmt --qemu; echo $?; vubinfmt --qemu arm; echo $?'
	assert_success
	local machine
	for machine in $FOUND; do
		assert_line "qemu-${machine%%:*} True PF None 0"
	done
	assert_line "e x True  foo None"
	assert_line -e '^e\\040x +enabled +/bin/echo +\*\.foo$'
	assert_line "vubinfmt: 'nothing': no architecture that is emulated here"
	assert_line "vubinfmt: 'x86_64': no architecture that is emulated here"
	assert_line "vubinfmt: 'Z': flags are some of POCF"
	assert_line "vubinfmt: unexpected operand 'surplus'"
	assert_line "vubinfmt: no emulator qemu-ARCH is installed"
	assert_line "vubinfmt: 'qemu-arm': No such file or directory"
	assert_line "hint: apt install qemu-user"
	run vubinfmt
	assert_failure 1
}
