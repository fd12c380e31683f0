#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Everyday work in mounted images: what programs see there is what they see in a folder of the host's.

# shellcheck disable=SC2016 # scripts in quotes expand in the session

load helpers/common

ORACLE=$BATS_TEST_DIRNAME/helpers/work_oracle.sh

# works_in COMMAND...: runs the oracle natively, and by COMMAND... in a folder that is mounted.
works_in()
{
	mkdir native
	(cd native && bash "$ORACLE") >native.txt
	"$@" >mounted.txt || fail "status $?, after:" "$(tail -n 20 mounted.txt)"
	diff native.txt mounted.txt
	# It has come to its end, and had all it needs.
	grep -q '^== what is left' mounted.txt
	! grep -i 'command not found' native.txt
}

# In an image, without what mkfs has put there.
IN_MNT='cd mnt && rm -rf lost+found && exec bash "$1"'

@test "ext2: shell, cp, tar, git, gcc, sqlite, locks, mmap, sockets, inotify" {
	need git gcc sqlite3 python3
	mkdir t mnt
	make_ext2 disk.img 64M t
	works_in with_mount disk.img mnt sh -c "$IN_MNT" sh "$ORACLE"
	assert_clean disk.img
}

@test "ext4 in an image in an image, on a new mount point, by mount(8) as fake root" {
	need git gcc sqlite3 python3
	mkdir t t2
	EXT=ext4 make_ext2 t2/inner.img 64M t
	make_ext2 disk.img 80M t2
	# The ids that the oracle prints, and that git wants to see, are the user's.
	works_in in_session --module unrealuidgid sh -ec '
		vusu -c "mount -t vufuseext2 disk.img outer && mount -t vufuseext4 outer/inner.img mnt"
		'"$IN_MNT" sh "$ORACLE"
	assert_clean disk.img
	debugfs -R "dump /inner.img inner.img" disk.img 2>/dev/null
	assert_clean inner.img
}

@test "a full image: ENOSPC, and nothing is damaged" {
	mkdir t mnt
	make_ext2 disk.img 2M t
	run with_mount disk.img mnt sh -c 'head -c 8M /dev/zero >mnt/big; rm mnt/big; echo fits >mnt/small; cat mnt/small'
	assert_success
	assert_line -p "No space left on device"
	assert_line fits
	assert_clean disk.img
}

@test "programs and scripts from an image: dynamic, with libraries beside them, interpreters in it" {
	need gcc
	mkdir t mnt
	printf 'int f(void)\n{\n\treturn 5;\n}\n' >lib.c
	printf 'int f(void);\nint main(void)\n{\n\treturn f();\n}\n' >use.c
	gcc -shared -fPIC -o t/lib.so lib.c
	gcc -o t/use use.c -Lt -l:lib.so -Wl,-rpath,'$ORIGIN'
	cp /bin/sh t/shell
	printf '#!%s/mnt/shell\necho "by $(readlink /proc/$$/exe), as $0"\n' "$WORK" >t/script
	chmod 755 t/script
	make_squashfs x.sqfs t
	run in_session -m vufusesquashfs:x.sqfs:mnt sh -c 'mnt/use; echo $?; mnt/script; cd mnt; ./script; PATH=$PWD:$PATH script
		LD_LIBRARY_PATH=$PWD ./use; echo $?'
	assert_success
	assert_output "5
by $WORK/mnt/shell, as mnt/script
by $WORK/mnt/shell, as ./script
by $WORK/mnt/shell, as $WORK/mnt/script
5"
}

@test "many at once: writers, readers and lookups in one mount" {
	mkdir t mnt
	make_ext2 disk.img 64M t
	run with_mount disk.img mnt sh -c '
		for i in 1 2 3 4; do
			(mkdir mnt/$i && seq 1 20000 >mnt/$i/n && cp -r mnt/$i mnt/$i/copy 2>/dev/null
			for k in 1 2 3; do tar -C mnt/$i -cf - n | tar -C mnt/$i -xf - ; done; cksum <mnt/$i/n) 2>/dev/null &
		done
		wait'
	assert_success
	assert_equal "${#lines[@]} $(sort -u <<<"$output" | wc -l)" "4 1"
	assert_clean disk.img
}
