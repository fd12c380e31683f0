#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Files of read-only mounts are opened and closed without a word to the driver.
#
# Most tests have countfs for a driver, which writes down what it is asked, and complains (BAD) of handles that
# are not used as the kernel would. Mounts are made with ./log as source.

# shellcheck disable=SC2016 # scripts in quotes expand in the session

load helpers/common

setup()
{
	vu_setup
	[ -x "$VU_BUILD/test/countfs" ] || skip "no libfuse 3 to build countfs with"
	mkdir -p "$HOME/.config/vu" mnt
	conf lazy
}

# The driver is one that is told of opens, or not.
conf()
{
	printf '[vufusecount]\nprogram = %s\nopens = %s\nargs = -o{options} {source} {target}\nro = ro\n' \
		"$VU_BUILD/test/countfs" "$1" >"$HOME/.config/vu/vufuse.conf"
}

# with_count OPTIONS: the commands on stdin in a session with the mount, which is taken out again by a command that
# is not to fail.
with_count()
{
	{
		echo "vumount -t vufusecount -o '$1' '$PWD/log' mnt"
		cat
		echo vuumount mnt
	} >commands
	run session_script <commands
	assert_success
	[ "$(grep -c BAD log)" -eq 0 ] || fail "$(grep BAD log)"
	# It has ended by itself.
	assert_equal "$(tail -1 log)" "END of the service"
}

# How many lines of the log match.
count()
{
	grep -cxE "$1" log || true
}

# opened N: how often the driver was told of an open, or of a close.
opened()
{
	assert_equal "$(count 'OPEN .*')" "$1"
	assert_equal "$(count 'RELEASE .*')" "$1"
}

@test "1000 opens cause no message, and one handle serves all reads" {
	with_count ro <<-'END'
		python3 - <<-'EOF'
			import os
			for i in range(1000):
			    os.close(os.open("mnt/1", os.O_RDONLY))
			for i in range(10):
			    with open("mnt/2") as f:
			        assert f.read() == "2\n" * 5000
		EOF
		[ "$(grep -c 'OPEN\|RELEASE\|FLUSH' log)" -eq 1 ]
	END
	opened 1
	assert_equal "$(count 'OPEN 2')" 1
	assert_equal "$(count 'READ 1')" 0
	# 15 pages: what is read again is remembered.
	[ "$(count 'READ 2')" -le 2 ]
}

@test "the driver is told where it wants to, where the user wants it to, and where it may write" {
	local options
	for options in ro,vuopen rw; do
		rm -f log
		with_count $options <<<'cat mnt/1 mnt/1 >/dev/null'
		opened 2
	done
	conf told
	rm -f log
	with_count ro <<<'cat mnt/1 mnt/1 >/dev/null'
	opened 2
}

@test "a driver that the library cannot be loaded into works as before" {
	printf '[vufuseraw]\nprogram = %s\nopens = lazy\nargs = -f -o{options} {source} {target}\nro = ro\n' \
		"$VU_BUILD/test/rawfuse" >"$HOME/.config/vu/vufuse.conf"
	echo text >source
	run in_session sh -ec 'vumount -t vufuseraw -o ro $PWD/source mnt; cat mnt/data; vuumount mnt'
	assert_success
	assert_output text
}

@test "programs that the driver starts do not get the library" {
	LD_PRELOAD=libc.so.6 with_count ro <<<'cat mnt/1 >/dev/null'
	assert_equal "$(count LD_PRELOAD=libc.so.6)" 1
	opened 1
	rm log
	with_count ro <<<true
	assert_equal "$(count LD_PRELOAD=)" 1
}

@test "more files than handles, read by several at once" {
	local options
	for options in ro ro,single,async ro,async,clone ro,async,splice; do
		rm -f log
		with_count $options <<-'END'
			for i in 1 2 3; do
				python3 - $i <<-'EOF' &
					import sys
					for i in range(int(sys.argv[1]), 600, 5):
					    with open(f"mnt/{i}") as f:
					        assert f.read() == f"{i}\n" * 5000
				EOF
				pids="$pids $!"
			done
			for pid in $pids; do wait $pid; done
			for i in 1 2 3; do cat mnt/$i; done >/dev/null
			ls -U mnt | wc -l >files
			[ $(ls mnt | wc -l) -eq $(cat files) ]
		END
		assert_file files 603
		[ "$(count 'OPEN .*')" -ge 360 ]
		assert_equal "$(count 'OPEN .*')" "$(count 'RELEASE .*')"
		assert_equal "$(count 'OPENDIR /')" 1
		assert_equal "$(count 'RELEASEDIR /')" 1
	done
}

@test "what is forgotten is closed before" {
	with_count ro <<-'END'
		for i in 1 2 3; do
			cat mnt/7 >/dev/null
			! test -e mnt/forget-7
			while [ "$(grep -c "FORGET 7" log)" -lt $i ]; do sleep 0.01; done
		done
		cat mnt/7 mnt/8 >/dev/null
	END
	assert_equal "$(count 'OPEN 7')" 4
	assert_equal "$(count 'RELEASE 7')" 4
	assert_equal "$(grep -xE '(RELEASE|FORGET) 7' log | head -2 | xargs)" "RELEASE 7 FORGET 7"
}

@test "a file that the driver refuses to open cannot be read" {
	with_count ro <<-'END'
		exec 5<mnt/secret
		! cat <&5 2>error
		exec 5<&-
		! mnt/secret 2>>error
		cat mnt/1 >/dev/null
	END
	assert_equal "$(grep -c 'Permission denied' error)" 2
}

@test "files are mapped, run, sought in and locked" {
	with_count ro <<-'END'
		mnt/hello
		python3 - <<-'EOF'
			import errno, fcntl, mmap, os
			with open("mnt/3", "rb") as f, open("mnt/3", "rb") as g:
			    text = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ)
			    assert text[:] == b"3\n" * 5000
			    size = len(text)
			    assert os.lseek(f.fileno(), 100, os.SEEK_DATA) == 100
			    assert os.lseek(f.fileno(), 0, os.SEEK_HOLE) == size
			    try:
			        os.lseek(f.fileno(), size, os.SEEK_DATA)
			        raise SystemExit("no error")
			    except OSError as error:
			        assert error.errno == errno.ENXIO
			    fcntl.flock(f, fcntl.LOCK_EX)
			    try:
			        fcntl.flock(g, fcntl.LOCK_EX | fcntl.LOCK_NB)
			        raise SystemExit("no error")
			    except BlockingIOError:
			        pass
			    os.fsync(f.fileno())
			    assert os.fstat(f.fileno()).st_size == size
			try:
			    open("mnt/3", "r+")
			    raise SystemExit("no error")
			except OSError as error:
			    assert error.errno == errno.EROFS
		EOF
	END
	assert_output "hello from mnt/hello"
	assert_equal "$(count 'OPEN 3')" 1
}

@test "a driver that wants files past the cache is told of in the log" {
	cat >script <<-'END'
		vumount -t vufusecount -o ro "$PWD/log" mnt
		cat mnt/stream >/dev/null
		vuumount mnt
	END
	run in_session -d driver sh -e script
	assert_success
	assert_output -p "mnt: vu-fuse-lazy: the driver wants"
	run in_session -d driver sh -ec 'vumount -t vufusecount -o ro "$PWD/log" mnt; cat mnt/1 >/dev/null'
	refute_output -p "vu-fuse-lazy"
}

@test "a driver that is killed: no file can be opened and read any more" {
	run session_script <<-'END'
		vumount -t vufusecount -o ro "$PWD/log" mnt
		cat mnt/1 >/dev/null
		exec 5<mnt/2
		kill -9 $(sed -n 's/^PID //p' log)
		cat <&5 2>error && echo read
		cat mnt/3 2>>error && echo read
		exec 5<&-
		vuumount mnt
	END
	assert_success
	refute_output -p read
	assert_equal "$(grep -cE 'not connected|connection abort' error)" 2
}

@test "a driver that is told to end: what it does after that is its own" {
	run session_script <<-'END'
		vumount -t vufusecount -o ro "$PWD/log" mnt
		cat mnt/1 mnt/2 >/dev/null
		pid=$(sed -n 's/^PID //p' log)
		kill -TERM $pid
		while kill -0 $pid 2>/dev/null; do sleep 0.01; done
		vuumount mnt 2>/dev/null || true
	END
	assert_success
	assert_equal "$(tail -1 log)" "END of the service"
}

# The same content by each driver as natively, however it comes into the page cache.
same_content()
{
	run session_script -d driver <<-END
		vumount -t $1 -o ro $2 mnt
		diff -r --no-dereference -x lost+found tree mnt
		(cd mnt; find . -type f -size +0 -print0 | xargs -0 -n 3 -P 4 sha256sum) | sort -k 2 >have
		for i in 1 2 3 4; do ls -U mnt/names >names.\$i & done
		wait
		for i in 1 2 3 4; do sort names.\$i | diff - names; done
		mnt/hello
		vuumount mnt
		vumount -t $1 -o ro $2 mnt
		exec 5<mnt/dir/numbers
		vumount
		cmp - tree/dir/numbers <&5
		exec 5<&-
		vuumount mnt
	END
	assert_success
	refute_output -p "vu-fuse-lazy"
	assert_line "hello from mnt/hello"
	diff want have
}

@test "drivers of images: the content is the same" {
	make_tree tree
	mkdir tree/many tree/names
	touch tree/names/{1..200}
	for i in $(seq 30); do
		seq "$i" $((i * 3)) >"tree/many/$i"
	done
	printf '%s\n' {1..200} | sort >names
	(cd tree && find . -type f -size +0 -print0 | xargs -0 sha256sum) | sort -k 2 >want
	make_ext2 x.ext2 16M tree
	same_content vufuseext2 x.ext2
	if command -v mksquashfs squashfuse >/dev/null; then
		make_squashfs x.sqfs tree
		same_content vufusesquashfs x.sqfs
	fi
	if command -v fuseiso >/dev/null; then
		make_iso x.iso tree
		same_content vufuseiso x.iso
	fi
	if command -v archivemount >/dev/null; then
		tar -C tree -cf x.tar .
		same_content vufusetar x.tar
	fi
	rm tree/link
	fat fusefat mkfs.vfat vufusevfat rw+
	fat mount.exfat-fuse mkfs.exfat vufuseexfat rw
	fat lowntfs-3g "mkntfs -F -q" vufusentfs rw
}

# fat DRIVER MKFS TYPE OPTION: the same with an image that is filled in a session.
fat()
{
	command -v "$1" "${2%% *}" >/dev/null || return 0
	truncate -s 32M x.fat
	$2 x.fat >mkfs.log 2>&1
	in_session sh -ec 'vumount -t "$1" -o "$2" x.fat mnt; cp -r tree/. mnt; vuumount mnt' sh "$3" "$4"
	same_content "$3" x.fat
	rm x.fat
}
