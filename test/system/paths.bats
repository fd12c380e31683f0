#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Names around mount points: as with a real mount, for commands that know nothing of views.

load helpers/common

# make_place FOLDER SOURCE: a folder with a mount point in it, and what is to be mounted there.
make_place()
{
	mkdir -p "$1/mnt" "$1/d" "$2/sub"
	echo hello >"$2/file"
	echo sub >"$2/sub/s"
	ln -s ../d "$2/out"
	ln -s "$1/d/df" "$2/abs"
	# shellcheck disable=SC2016 # for the script
	# shellcheck disable=SC2016 # expands when it runs
	printf '#!/bin/sh\necho "script $0 $*"\n' >"$2/script"
	chmod 755 "$2/script"
	cp "$VU_BUILD/test/hello" "$2/hello"
	echo dfile >"$1/d/df"
	ln -s mnt/sub "$1/link"
	ln -s "$1/mnt/../mnt/sub/s" "$1/alink"
}

# An ext2 image of FOLDER without lost+found.
make_plain_ext2()
{
	make_ext2 "$1" 64M "$2"
	debugfs -w -R 'rmdir lost+found' "$1" 2>/dev/null
}

@test "commands see the same as with a mount of the kernel's" {
	need python3 findmnt debugfs
	unshare -Urm true 2>/dev/null || skip "no user namespaces"
	export TOP=$WORK/top
	local script=$VU_SOURCE/test/system/helpers/paths_oracle.sh

	make_place "$TOP" src
	make_plain_ext2 img src
	# shellcheck disable=SC2016 # expands in there
	unshare -Urm sh -c 'mount --bind src top/mnt && cd top && exec bash "$1"' - "$script" \
		>native.out 2>&1 </dev/null || true
	rm -rf "$TOP" src
	make_place "$TOP" src
	(cd "$TOP" && in_session -m "vufuseext2:$WORK/img:$TOP/mnt" bash "$script") \
		>session.out 2>&1 </dev/null || true
	diff native.out session.out
	assert_clean img
}

@test "a mount point that does not exist on the host" {
	make_ext2 img
	mkdir dir
	run session_script <<-'END'
		vumount -t vufuseext2 img dir/ghost
		ls dir; ls -a dir | grep -c ghost; cat dir/ghost/file
		cd dir/ghost; pwd -P; cat ../ghost/file; cd ..; ls g*/empty; echo dir/*
		! rmdir ghost; ! mkdir ghost; ! mv ghost other; cd ..
		! rmdir dir; ! mv dir dir2
		find dir -maxdepth 1 | sort
		findmnt -n -o TARGET dir/ghost
		umount dir/ghost
		! ls dir/ghost; ls dir | wc -l; rmdir dir
	END
	assert_success
	assert_line ghost
	assert_line one
	assert_line "$WORK/dir/ghost"
	assert_line -p "rmdir: failed to remove 'ghost': Device or resource busy"
	assert_line -p "mkdir: cannot create directory"
	assert_line -p "rmdir: failed to remove 'dir': Directory not empty"
	assert_line -p "cannot access 'dir/ghost': No such file or directory"
	refute_file dir
}

@test "a mount on a mount, and an image from inside a mounted image" {
	make_tree outer
	make_ext2 outer/inner.img 4M
	make_ext2 img 32M outer
	mkdir mnt
	run session_script <<-'END'
		mount -t vufuseext2 img mnt
		mount -t vufuseext2 mnt/inner.img mnt/empty
		echo inner >mnt/empty/new
		cd mnt/empty/dir; pwd -P; cat ../../file ../new; cd ../../..
		cat /proc/self/cwd/mnt/empty/../empty/new
		findmnt -n -l -o TARGET | grep mnt
		! umount mnt
		umount mnt/empty
		ls mnt/empty | wc -l
		umount mnt
	END
	assert_success
	assert_line "$WORK/mnt/empty/dir"
	assert_line one
	assert_line inner
	assert_line -p "$WORK/mnt/empty is mounted"
	assert_clean img
}

@test "an interrupted mount ends, and so does its driver" {
	printf '#!/bin/sh\nexec sleep 60\n' >slow
	chmod 755 slow
	mkdir -p "$HOME/.config/vu" mnt
	printf '[vufuseslow]\nprogram = %s\nargs = {target}\n' "$WORK/slow" >"$HOME/.config/vu/vufuse.conf"
	run session_script <<-'END'
		vu_insmod vufuse
		mount -t vufuseslow x mnt & pid=$!
		sleep 0.5; kill -TERM $pid
		wait $pid || echo "ended by $(kill -l $?)"
	END
	assert_line "ended by TERM"
}
