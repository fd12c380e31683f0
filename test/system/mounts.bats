#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What mount and umount do beyond the quick start: who may use an image, where it can be mounted, how it
# goes, and what is said when that fails.

# shellcheck disable=SC2016 # scripts in quotes expand in the session

load helpers/common

@test "an image that may only be read is mounted read-only" {
	make_ext2 disk.img
	chmod 444 disk.img
	mkdir mnt
	run session_script <<-'END'
		vumount -o rw disk.img mnt
		findmnt -rno OPTIONS mnt | cut -d, -f1
		(echo x >mnt/file) 2>&1 | sed 's/.*: //'
		rm -f mnt/file 2>&1 | sed 's/.*: //'
		mount -o remount,rw mnt 2>&1 | sed 's/ *$//; 2d'
		cat mnt/file
	END
	assert_success
	assert_line ro
	assert_line -p "one"
	assert_equal "$(grep -c 'Read-only file system' <<<"$output")" 2
	assert_line -e "^mount: .*(write-protected|read-only)"
}

@test "two writers: the second gets EBUSY, whatever the image is called" {
	make_ext2 disk.img
	ln -s disk.img symlink
	ln disk.img hardlink
	mkdir folder mnt second
	ln -s "$WORK" folder/up
	hold_session <<<'vumount disk.img mnt'
	for name in disk.img symlink hardlink ./folder/../disk.img "$WORK/folder/up/disk.img"; do
		for options in rw ro; do
			run in_session vumount -o $options "$name" second
			assert_failure 32
			assert_line -e "^umvu: '.*' is in use by another mount$"
			assert_line "vumount: 'second': Device or resource busy"
		done
	done
	release_session
	run session_script <<-'END'
		vumount disk.img mnt
		mount -t vufuseext2 hardlink second 2>/dev/null || echo refused
		umvu -N vumount symlink second 2>/dev/null || echo refused
		vumount nothing second 2>/dev/null || echo refused
		umount mnt
		mount -t vufuseext2 hardlink second
		umount second
		# Those who read only may share it.
		vumount -r disk.img mnt
		vumount -r symlink second
		vumount hardlink folder 2>/dev/null || echo refused
		cmp mnt/dir/numbers second/dir/numbers && echo shared
	END
	assert_success
	assert_output $'refused\nrefused\nrefused\nrefused\nshared'
	assert_clean disk.img
}

@test "busy: who uses it is named, by umount(8) and by vuumount" {
	make_ext2 disk.img
	mkdir mnt
	run session_script <<-'END'
		vumount disk.img mnt
		sleep 100 <mnt/file &
		user=$!
		umount mnt || echo $?
		echo "user $user"
		kill $user
		(cd mnt/dir && vuumount ../../mnt) || echo $?
		cp mnt/hello mnt/sleeper
		mnt/script >/dev/null
		vuumount mnt
		vumount
	END
	assert_success
	local user
	user=$(sed -n 's/^user //p' <<<"$output")
	assert_line "umvu: $user (sleep)"
	assert_line "umount: $WORK/mnt: target is busy."
	assert_equal "$(grep -cx 32 <<<"$output")" 2
	assert_line "vuumount: '../../mnt': Device or resource busy"
	assert_line -e '^umvu: .*\(vuumount\)'
	assert_line -p "hint: 'vuumount -l'"
	assert_clean disk.img
}

@test "a program that runs from the mount, or maps a file of it, keeps it busy" {
	need python3
	make_ext2 disk.img
	mkdir mnt
	run session_script <<-'END'
		vumount disk.img mnt
		cp /bin/sleep mnt/sleeper
		mnt/sleeper 100 &
		umount mnt 2>/dev/null || echo busy
		kill $!
		wait $! 2>/dev/null || true
		cat >map.py <<-'PY'
			import mmap, os, subprocess
			m = mmap.mmap(os.open("mnt/dir/numbers", os.O_RDONLY), 0, prot=mmap.PROT_READ)
			os.closerange(3, 100) # what the mapping is of stays open as a file, too
			print(subprocess.run(["umount", "mnt"], stderr=subprocess.DEVNULL).returncode, m[:2])
		PY
		python3 map.py
		umount mnt
	END
	assert_success
	assert_output "busy
32 b'1\\n'"
}

@test "unmount waits until the daemon has written everything" {
	mkdir mnt
	run session_script <<-'END'
		for unmount in umount vuumount 'fusermount3 -u'; do
			echo old >source
			rawfuse -o slow=300 source mnt
			echo "new: $unmount" >mnt/data
			$unmount mnt
			ls -A mnt
			cat source
		done
		for unmount in 'umount -l' 'fusermount3 -u -z' 'vuumount -l'; do
			echo old >source
			rawfuse -o until=$PWD/go source mnt
			echo "new: $unmount" >mnt/data
			$unmount mnt
			ls -A mnt
			cat source
			touch go
			while [ "$(cat source)" = old ]; do sleep 0.05; done
			rm go
		done
		echo old >source
		vumount -t vufuse.rawfuse -o slow=300 source mnt
		echo "new: driver" >mnt/data
		vuumount mnt
		cat source
		# At the end of the session, too.
		rawfuse -o slow=300 source mnt
		echo "new: end" >mnt/data
	END
	assert_success
	assert_output "new: umount
new: vuumount
new: fusermount3 -u
old
old
old
new: driver"
	assert_file source "new: end"
}

@test "umount -l: gone at once, ended when nobody uses it any more" {
	make_ext2 disk.img
	mkdir mnt second
	run session_script <<-'END'
		vumount disk.img mnt
		exec 7<mnt/dir/numbers 8>mnt/dir/new
		cd mnt/dir
		umount -l "$OLDPWD/mnt"
		ls
		cd "$OLDPWD"
		ls -A mnt
		vumount
		head -c 4 <&7
		echo late >&8
		vumount disk.img second 2>/dev/null || echo in use
		exec 7<&- 8>&-
		until vumount disk.img second 2>/dev/null; do sleep 0.05; done
		cat second/dir/new
	END
	assert_success
	assert_output $'file two\nnew\nnumbers\nsub\n1\n2\nin use\nlate'
	assert_clean disk.img
}

@test "umount -f: a driver that hangs is let go, and those who wait for it" {
	make_ext2 disk.img
	mkdir mnt
	run session_script <<-'END'
		vumount disk.img mnt
		exec 7<mnt/dir/numbers
		kill -STOP $(pgrep -f "^fuse2fs .*$PWD/disk.img ")
		(cat <&7 2>&1 | sed 's/.*: //') &
		umount -f mnt
		wait
		ls -A mnt
		exec 7<&-
		# The image is free again.
		vumount disk.img mnt
		cat mnt/file
		kill -STOP $(pgrep -f "^fuse2fs .*$PWD/disk.img ")
		vuumount -f mnt
		vumount
	END
	assert_success
	assert_line -e '^(Transport endpoint is not connected|Software caused connection abort)$'
	assert_line one
	assert_equal "$(grep -c "$WORK/disk.img" <<<"$output")" 2 # umvu says that it killed them
}

@test "a driver that is killed: ENOTCONN until it is unmounted" {
	make_ext2 disk.img
	mkdir mnt
	run session_script <<-'END'
		vumount disk.img mnt
		echo synced >mnt/new
		sync
		kill -9 $(pgrep -f "^fuse2fs .*$PWD/disk.img ")
		ls mnt 2>&1 | sed 's/.*: //'
		df mnt 2>&1 | sed 's/.*: //'
		findmnt -rno FSTYPE mnt
		mountpoint -q mnt || echo "it is none that can be asked"
		umount mnt
		ls -A mnt
	END
	assert_success
	assert_line "Transport endpoint is not connected"
	assert_line vufuseext2
	assert_line -p "was killed by signal 9"
	run e2fsck -fy disk.img
	assert_equal "$(debugfs -R 'cat /new' disk.img 2>/dev/null)" synced
}

@test "a mount that is interrupted leaves nothing" {
	mkdir mnt
	printf '#!/bin/sh\nexec sleep 100\n' >ssh
	chmod 755 ssh
	need sshfs
	run session_script <<-'END'
		timeout -s INT 0.5 mount -t vufusesshfs -o ssh_command=$PWD/ssh host:/ mnt || echo $?
		vumount
		ls -A mnt
		# It may take a moment to end, longer if it was not ready for SIGTERM.
		for i in $(seq 100); do
			pgrep -f "^sshfs .*ssh_command=$PWD/ssh" >/dev/null || exit 0
			sleep 0.1
		done
		exit 1
	END
	assert_success
	assert_output 124
}

@test "mount points that do not exist on the host" {
	make_ext2 disk.img
	mkdir folder
	run session_script <<-'END'
		mount -t vufuseext2 disk.img ghost
		echo data >source
		vumount -t vufuse.rawfuse -o root=file source folder/file
		ls
		ls -l folder | tail -1 | cut -c1
		stat -c %F ghost folder/file
		cat folder/file ghost/file
		cd ghost/dir
		pwd
		cd ../..
		mkdir ghost 2>&1 | sed 's/.*: //'
		rmdir ghost 2>&1 | sed 's/.*: //'
		mv ghost other 2>&1 | sed 's/.*: //'
		rm folder/file 2>&1 | sed 's/.*: //'
		umount ghost folder/file
		ls -d ghost folder/* 2>&1 | sed 's/.*: //'
		mount -t vufuseext2 disk.img no/such/folder 2>&1 | sed 's/ *$//' | head -1
	END
	assert_success
	assert_output "disk.img
folder
ghost
source
-
directory
regular file
data
one
$WORK/ghost/dir
File exists
Device or resource busy
Device or resource busy
Device or resource busy
No such file or directory
No such file or directory
mount: no/such/folder: mount point does not exist."
	refute_file ghost
	assert_clean disk.img
}

@test "a file system does not fit on a mount point of another kind" {
	make_ext2 disk.img
	mkdir mnt
	echo content >file
	run in_session vumount disk.img file
	assert_failure 32
	assert_line "vumount: 'file': Not a directory"
	run in_session vumount -t vufuse.rawfuse file file
	assert_failure 32
	assert_line "vumount: 'file': Not a directory"
	run in_session vumount -t vufuse.rawfuse -o root=file file mnt
	assert_failure 32
	assert_line "vumount: 'mnt': Not a directory"
	assert_clean disk.img
}

@test "mounts on mounts, and in mounts" {
	make_ext2 one.img
	make_squashfs two.sqfs
	mkdir mnt
	run session_script <<-'END'
		vumount one.img mnt
		echo "in one" >mnt/mark
		vumount two.sqfs mnt
		cat mnt/mark 2>&1 | sed 's/.*: //'
		cat mnt/file
		umount mnt
		cat mnt/mark
		vumount two.sqfs mnt/dir/sub
		cat mnt/dir/sub/file
		umount mnt 2>&1 | sed 's/ *$//'
		mv mnt/dir mnt/moved 2>&1 | sed 's/.*: //'
		vuumount -a
		vumount
	END
	assert_success
	assert_output "No such file or directory
one
in one
one
umvu: $WORK/mnt/dir/sub is mounted in it
umount: $WORK/mnt: target is busy.
Device or resource busy"
}

@test "an image in an image in an image" {
	make_ext2 inner.img 4M
	mkdir t1 t2 mnt
	mv inner.img t1
	make_ext2 middle.img 16M t1
	mv middle.img t2
	EXT=ext4 make_ext2 outer.img 32M t2
	run session_script <<-'END'
		vumount outer.img mnt
		vumount mnt/middle.img m2
		vumount m2/inner.img m3
		echo deep >m3/new
		m3/hello
		findmnt -rno SOURCE m3
		umount mnt 2>/dev/null || echo busy
		umount m3 m2 mnt
		vumount outer.img mnt
		vumount mnt/middle.img mnt
		vumount mnt/inner.img mnt
		cat mnt/new
		findmnt -rno SOURCE mnt | tail -1
	END
	assert_success
	assert_output "hello from m3/hello
$WORK/m2/inner.img
busy
deep
$WORK/mnt/inner.img"
	for img in outer.img:middle.img middle.img:inner.img; do
		assert_clean "${img%:*}"
		debugfs -R "dump /${img#*:} ${img#*:}" "${img%:*}" 2>/dev/null
	done
	assert_clean inner.img
}

@test "the image may lie beneath its own mount point" {
	mkdir mnt
	make_ext2 mnt/disk.img
	run in_session sh -ec 'vumount mnt/disk.img mnt; cat mnt/file; vuumount mnt; ls mnt'
	assert_success
	assert_output $'one\ndisk.img'
	assert_clean mnt/disk.img
}

@test "a mount on / is the root of the view" {
	make_ext2 disk.img
	mkdir mnt
	run in_session sh -ec 'vumount disk.img /; cd /dir; echo *; cat() { while read -r l; do echo "$l"; done; }
		cat </file; /hello; test ! -e /etc'
	assert_success
	assert_output $'file two numbers sub\none\nhello from /hello'
	assert_clean disk.img
}

@test "names with spaces, newlines, commas, backslashes, and what is no text at all" {
	make_ext2 disk.img
	local name
	for name in 'a b' $'a\tb\nc' 'a,b\c' '#a:b' $'\xff\xfe' '-o' 'ünï'; do
		cp disk.img "img $name.img"
		mkdir "./mnt $name"
		run in_session sh -ec 'mount -t vufuseext2 "img $1.img" "mnt $1"
			printf "in %s\\n" "$1" >"mnt $1/new"; cat "mnt $1/new"; umount "mnt $1"; vumount
			vumount "img $1.img" "mnt $1"; vuumount "img $1.img"; vumount' sh "$name"
		assert_success
		assert_output "in $name"
		assert_clean "img $name.img"
	done
}

@test "remount changes the flags, and they are shown and obeyed" {
	make_ext2 disk.img
	mkdir mnt
	run session_script <<-'END'
		vumount disk.img mnt
		for how in ro rw,noexec exec,noatime; do
			mount -o remount,$how mnt
			findmnt -rno VFS-OPTIONS mnt
			(echo $how >mnt/file) 2>/dev/null || echo "not written"
			mnt/hello 2>/dev/null || echo "not run"
		done
		vumount -o remount,ro mnt
		findmnt -rno VFS-OPTIONS mnt
		cat mnt/file
		mount -o remount,ro,bind / 2>/dev/null || echo "not the host's"
	END
	assert_success
	assert_output "ro,nosuid,nodev,relatime
not written
hello from mnt/hello
rw,nosuid,nodev,noexec,relatime
not run
rw,nosuid,nodev,noatime
hello from mnt/hello
ro,nosuid,nodev,relatime
exec,noatime
not the host's"
}

@test "the new mount calls: module types, attributes, the log" {
	need python3
	make_ext2 disk.img
	mkdir mnt
	head -c 100000 /dev/zero >zero.img
	cat >calls.py <<-'END'
		import ctypes, errno, os
		libc = ctypes.CDLL(None, use_errno=True)
		def call(nr, *args):
		    r = libc.syscall(nr, *[a.encode() if isinstance(a, str) else a for a in args])
		    if r < 0:
		        raise OSError(ctypes.get_errno(), "")
		    return r
		def attempt(f, *args):
		    try:
		        return f(*args)
		    except OSError as e:
		        return errno.errorcode[e.errno]
		def log(fd):
		    lines = []
		    while isinstance(line := attempt(os.read, fd, 8192), bytes):
		        assert line
		        lines.append(line.decode())
		    return lines
		def setattr(fd, set, clear):
		    attr = (ctypes.c_uint64 * 4)(set, clear, 0, 0)
		    return call(442, fd, "", 0x1000, attr, 32)
		def options():
		    return [l.split()[3] for l in open("/proc/mounts") if os.getcwd() + "/mnt " in l]
		FLAG, STRING, CREATE, RECONFIGURE = 0, 1, 6, 7
		def mount(type, source, *flags, attr=0):
		    fs = call(430, type, 1)
		    call(431, fs, STRING, "source", source, 0)
		    for f in flags:
		        call(431, fs, FLAG, f, None, 0)
		    call(431, fs, CREATE, None, None, 0)
		    tree = call(432, fs, 1, 0)
		    if attr:
		        setattr(tree, attr, 0)
		    r = attempt(call, 429, tree, "", -100, "mnt", 4)
		    return r, log(fs)
		print(mount("vufuseext2", "disk.img", attr=1 | 8), options(), os.listdir("mnt/dir/sub"))
		pick = call(433, -100, "mnt", 1)
		print(attempt(call, 431, pick, FLAG, "nonsense", None, 0), log(pick))
		print(call(431, pick, STRING, "user_id", str(os.getuid()), 0), log(pick))
		print(attempt(call, 431, pick, STRING, "user_id", "0", 0))
		libc.umount2(b"mnt", 0)
		print(mount("vufuseext2", "disk.img"), options())
		tree = call(428, -100, "mnt", 0)
		pick = call(433, tree, "", 8)
		call(431, pick, FLAG, "ro", None, 0)
		print(call(431, pick, RECONFIGURE, None, None, 0), options())
		print(setattr(tree, 0, 1 | 0x200000), options())
		print(attempt(setattr, tree, 0x200000, 0), attempt(setattr, tree, 0x100000, 0))
		os.close(tree)
		libc.umount2(b"mnt", 0)
		print(mount("vufuseext2", "zero.img"))
		print(mount("vufuseext2", "nothere"))
		print(attempt(call, 430, "vufusenothing", 0), attempt(call, 429, 1, "", -100, "mnt", 4))
	END
	run in_session python3 calls.py
	assert_success
	assert_line "(0, []) ['ro,nosuid,nodev,noexec,relatime,user_id=$(id -u),group_id=$(id -g),default_permissions'] []"
	assert_line "EINVAL ['e of a mount only ro and rw can be changed\\n']"
	assert_line "0 []"
	assert_line "(0, []) ['$(fuse_options rw),default_permissions']"
	assert_line "0 ['$(fuse_options ro),default_permissions']"
	assert_line "0 ['$(fuse_options rw),default_permissions']"
	assert_line -p "('EINVAL', ['e $WORK/zero.img: Bad magic number in super-block.\\n'"
	assert_line -p "('ENOENT', [\"e vufuse: 'nothere': No such file or directory\\n\"])"
	assert_line -e "^ENODEV E[A-Z]+$"
}

@test "what cannot be mounted or unmounted is told, and is the kernel's to refuse" {
	mkdir mnt
	make_ext2 disk.img
	run session_script <<-'END'
		umount mnt || true
		fusermount3 -u mnt || true
		vuumount mnt || true
		vuumount /proc || true
		umount /proc 2>&1 | sed 's/ *$//'
		vumount disk.img mnt
		umount mnt/file || true
		umount nothing || true
		fusermount3 -u "$PWD" || true
		mount --bind mnt mnt/dir 2>&1 | head -1
		mount --move mnt mnt 2>&1 | head -1
		mount -t tmpfs none mnt 2>&1 | head -1
	END
	assert_success
	assert_line "umount: $WORK/mnt: not mounted."
	assert_line "vuumount: 'mnt': not mounted in this view"
	assert_line "vuumount: '/proc': not mounted in this view"
	assert_line -e '^umount: /proc: (must be superuser|.*permission)'
	assert_line "umount: $WORK/mnt/file: not mounted."
	assert_line -e '^umount: nothing: (No such file|no mount point)'
	assert_line "fusermount3: failed to unmount $WORK/mnt: Invalid argument"
	assert_line "fusermount3: failed to unmount $WORK: Invalid argument"
	assert_equal "$(grep -c '^mount: .*\(must be superuser\|permission denied\)' <<<"$output")" 3
}

@test "vuumount: by source, several, -a, and its exit status" {
	make_ext2 one.img
	make_ext2 two.img
	run session_script <<-'END'
		vumount one.img m1
		vumount two.img m2
		vuumount -v one.img "$PWD/two.img"
		vumount one.img m1
		vuumount m1 m1 2>/dev/null || echo $?
		vuumount m1 m2 2>/dev/null || echo $?
		vuumount -a
		vumount one.img m1
		vumount two.img m2
		cd m1
		vuumount -a 2>/dev/null || echo $?
		vumount | cut -d' ' -f2
	END
	assert_success
	assert_output "vuumount: $WORK/m1 unmounted
vuumount: $WORK/m2 unmounted
64
32
64
$WORK/m1"
}
