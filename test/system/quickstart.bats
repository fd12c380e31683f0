#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the README promises first, with the system's own commands, as an ordinary user.

load helpers/common

# The host's own table, whatever view the caller is in.
host_mounts()
{
	cat /proc/self/mountinfo
}

@test "the quick start, typed at a terminal" {
	need python3 fuse2fs cc
	run "$LEASH" -t 100 python3 "$VU_SOURCE/tools/demo.py"
	assert_success
	assert_line "demo: all commands did what they should"
}

@test "the quick start with a shell that reads its commands" {
	make_ext2 disk.img
	echo copied >file
	cat >root <<-'END'
		set -e
		id -u
		mount -t vufuseext2 ./disk.img mnt/
		ls mnt
		cp file mnt/copy
		mnt/hello
		cd mnt
		df . | tail -1 | sed 's/  *[0-9 ]*% / ... /'
		findmnt -no SOURCE,FSTYPE "$PWD"
		sync
		cd ..
		umount mnt
		ls -A mnt
	END
	run session_script <<-'END'
		vu_insmod vufuse unrealuidgid
		mkdir mnt/
		vusu -p -s /usr/bin/sh <root
		vu_lsmod | grep -o '^vufuse'
		vu_rmmod vufuse
		! vu_lsmod | grep vufuse
		id -u
	END
	assert_success
	assert_output "0
dir
empty
file
hello
link
lost+found
script
hello from mnt/hello
$WORK/disk.img ... $WORK/mnt
$WORK/disk.img vufuseext2
vufuse
$(id -u)"
	assert_clean disk.img
	assert_equal "$(debugfs -R 'cat /copy' disk.img 2>/dev/null)" copied
}

@test "without fake root, and without loading the module, mount(8) works the same" {
	make_ext2 disk.img
	run session_script <<-'END'
		mkdir mnt
		mount -t vufuseext4 disk.img mnt
		cat mnt/file
		vu_lsmod | grep -o '^vufuse'
		umount mnt
	END
	assert_success
	assert_output $'one\nvufuse'
}

@test "the project's own commands guess the type" {
	make_ext2 disk.img
	make_squashfs x.sqfs
	run session_script <<-'END'
		mkdir mnt
		vumount -v disk.img mnt
		cat mnt/file
		vumount -v x.sqfs mnt/empty
		cat "mnt/empty/dir/file two"
		vumount
		vuumount -v -a
		vumount
	END
	assert_success
	assert_output "vumount: 'disk.img' is ext2: using -t vufuseext2
vumount: $WORK/disk.img mounted on mnt
one
vumount: 'x.sqfs' is squashfs: using -t vufusesquashfs
vumount: $WORK/x.sqfs mounted on mnt/empty
two
$WORK/disk.img $WORK/mnt vufuseext2 $(fuse_options rw),default_permissions 0 0
$WORK/x.sqfs $WORK/mnt/empty vufusesquashfs $(fuse_options ro) 0 0
vuumount: $WORK/mnt/empty unmounted
vuumount: $WORK/mnt unmounted"
}

@test "outside, and in other sessions, nothing of it is seen" {
	make_ext2 disk.img
	mkdir mnt
	echo below >mnt/below
	host_mounts >before
	hold_session <<-'END'
		vumount disk.img mnt
		vumount -t vufuse.rawfuse mnt/file nowhere
		test -e mnt/file -a -e nowhere/data
	END
	host_mounts | diff before -
	run ls -A mnt
	assert_output below
	refute_file nowhere
	run in_session sh -c 'ls -A mnt; vumount; vu_lsmod | grep vufuse; findmnt -n mnt'
	assert_output below
	# Those who look at the guests see the host's table.
	run grep -c "$WORK/mnt" "/proc/$HOLDER/mounts"
	assert_output 0
	release_session
	assert_clean disk.img
}

@test "one line" {
	make_ext2 disk.img
	mkdir mnt
	run in_session -m vufuseext2,ro:disk.img:mnt tar -C mnt -cf all.tar file dir
	assert_success
	run tar -tf all.tar
	assert_line file
	assert_line dir/numbers
	run in_session --root -m vufuseext2:disk.img:mnt sh -c 'id -u; echo more >mnt/more; mnt/script'
	assert_success
	assert_output $'0\nhello from mnt/script'
	assert_clean disk.img
	run in_session -m vufuseext2:nothere.img:mnt true
	assert_failure 125
	assert_line -p "nothere.img': No such file or directory"
}

@test "a module that a mount uses stays" {
	make_ext2 disk.img
	mkdir mnt
	run session_script <<-'END'
		vumount disk.img mnt
		vu_rmmod vufuse && exit 9
		vu_lsmod | grep -c '^vufuse'
		vuumount mnt
		vu_rmmod vufuse
	END
	assert_success
	assert_line "vu_rmmod: module 'vufuse' is in use by the mount on $WORK/mnt"
	assert_line 1
}
