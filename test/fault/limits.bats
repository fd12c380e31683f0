#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Full disks, and limits of the user: errors that name the cause, and nothing is left half done.

load helpers/fault

# umvu_with LIMIT CMD...: umvu with that limit (as of ulimit), ended after 20 s. Exit status as umvu's.
umvu_with()
{
	local limit=$1
	shift
	status=0
	# shellcheck disable=SC2086 # two words
	output=$(exec 2>&1 && ulimit $limit && exec "$LEASH" -t 20 umvu -N "$@") || status=$?
}

# It has worked, or it has failed with a message that has one of the words.
works_or_says()
{
	case $status in
	0) assert_output -p fine ;;
	125 | 126 | 127) assert_output -e "$1" ;;
	*) fail "an odd way to fail:" "$(seen)" ;;
	esac
}

@test "many descriptors of the user's are under way" {
	need python3
	make_ext2 img
	mkdir mnt
	python3 - <<-'END' &
	import os, socket, time
	pairs = [socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(4)]
	for one, _ in pairs:
	    socket.send_fds(one, [b"x"], [0] * 100)
	open("under-way", "w").close()
	while not os.path.exists("over"):
	    time.sleep(0.05)
	END
	wait_until 20 test -e under-way
	umvu_with "-n 100" -m vufuseext2:img:mnt sh -c 'cat mnt/file && echo fine'
	touch over
	wait
	assert_failure 125
	assert_output -p "Too many open files"
	umvu_with "-n 100" -m vufuseext2:img:mnt sh -c 'cat mnt/file && echo fine'
	assert_success
}

@test "the image is full" {
	make_ext2 img 2M
	mkdir mnt
	run with_mount img mnt sh -c '
		dd if=/dev/zero of=mnt/big bs=64k status=none
		mkdir mnt/d && echo x >mnt/d/x
		rm mnt/big && echo small >mnt/small && sync && cat mnt/small'
	assert_success
	assert_line -p "error writing 'mnt/big': No space left on device"
	assert_line small
	assert_clean img
}

@test "the disk that the image lies on is full" {
	unshare -Urm true 2>/dev/null || skip "no user namespaces"
	cat >full.sh <<-'END'
	mount -t tmpfs -o size=6m tmpfs disk && cd disk && mkdir mnt || exit
	truncate -s 64M img
	mke2fs -q -F -t ext2 -E root_owner=$(id -u):$(id -g) img || exit
	"$@" umvu -N -m vufuseext2:img:mnt sh -c '
		echo early >mnt/early && sync && echo synced
		dd if=/dev/urandom of=mnt/big bs=64k count=500 conv=fsync status=none || echo failed
		ls -l mnt >/dev/null && echo listed'
	echo "status $?"
	debugfs -R "cat early" img 2>/dev/null
	END
	mkdir disk
	run unshare -Urm sh full.sh "$LEASH" -t 40
	assert_success
	assert_line synced
	assert_line failed
	assert_line early
}

@test "few descriptors for umvu" {
	local n worked=0
	make_ext2 img
	mkdir mnt
	for n in 4 5 6 7 8 10 12 14 16 20 22 24 26 28 32 48; do
		umvu_with "-n $n" -m vufuseext2:img:mnt sh -c 'cat mnt/file && echo fine'
		works_or_says "Too many open files|Error 24"
		[ "$status" -ne 0 ] || worked=$n
	done
	assert_equal "$worked" 48
	assert_clean img
}

@test "few descriptors for a guest" {
	make_ext2 img
	mkdir mnt
	run session_script --module vufuse <<-'END'
	for n in 4 5 6 7 8 10 16; do
		(ulimit -n $n; vumount -t vufuseext2 img mnt) && { cat mnt/file; vuumount mnt; } || true
	done
	END
	assert_success
	assert_line one
	assert_output -e "Too many open files|Error 24"
	assert_clean img
}

@test "no descriptor left for what umvu gives" {
	need python3
	run in_session python3 - <<-'END'
	import errno, os, resource
	resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
	for room in range(4):
	    held = []
	    try:
	        while True: held.append(os.open("/", os.O_RDONLY))
	    except OSError as e:
	        assert e.errno == errno.EMFILE
	    for _ in range(room): os.close(held.pop())
	    try:
	        os.close(os.open("/dev/fuse", os.O_RDWR)); print(room, "opened")
	    except OSError as e:
	        print(room, errno.errorcode[e.errno])
	    for fd in held: os.close(fd)
	END
	assert_success
	assert_line "0 EMFILE"
	refute_output -p EIO
	assert_line "3 opened"
}

@test "no process may be made" {
	run bash -c 'ulimit -u 1 && exec umvu -N true'
	assert_failure 125
	assert_output -e "^umvu: .*Resource temporarily unavailable"
	run in_session prlimit --nproc=1 sh -c 'ls'
	assert_failure 2
	assert_output -p "fork"
}

@test "little memory" {
	local k
	make_ext2 img
	mkdir mnt
	for k in 3000 4000 6000 8000 10000 15000 20000 100000; do
		umvu_with "-v $k" -m vufuseext2:img:mnt sh -c 'cat mnt/file && echo fine'
		works_or_says "memory|failed to map|Resource temporarily|Input/output"
	done
	assert_output -p fine
	assert_clean img
}

@test "files may not grow" {
	make_ext2 img
	mkdir mnt
	umvu_with "-f 8" true
	assert_failure 125
	assert_output "umvu: no session: File too large"
	# The driver may not write beyond 4 MiB of the image: it gets an error, or is killed.
	umvu_with "-f 4096" -m vufuseext2:img:mnt sh -c '
		dd if=/dev/zero of=mnt/x bs=64k count=128 conv=fsync status=none || echo failed'
	assert_success
	assert_output -p failed
}
