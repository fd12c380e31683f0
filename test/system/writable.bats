#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Writable images, whose driver is not told of opens and of whose files the kernel remembers the attributes: all is
# as in a folder of the host's, also of files with several names and of those that are removed while they are open.

# shellcheck disable=SC2016 # scripts in quotes expand in the session

load helpers/common

setup()
{
	vu_setup
	mkdir t mnt
}

# in_image SIZE: the commands on stdin, by "sh -e", in a new image; it is clean afterwards, and nothing of ours in it.
in_image()
{
	make_ext2 disk.img "$1" t
	{
		echo 'cd mnt'
		cat
	} >script
	run with_mount disk.img mnt sh -e "$WORK/script"
	assert_success
	left_clean
}

left_clean()
{
	assert_clean disk.img
	debugfs -R 'rdump / left' disk.img 2>/dev/null || true
	mkdir left
	debugfs -R 'rdump / left' disk.img 2>/dev/null
	[ "$(find left -name '.vu-removed*' -o -name '.fuse_hidden*' | wc -l)" -eq 0 ]
}

@test "names of one file: data, attributes and times are the same by all of them" {
	same_as_native <<-'END'
		see() { stat -c '%h %s %a %Y' "$@"; [ "$(stat -c %i "$@" | sort -u | wc -l)" -eq 1 ] && echo same; }
		mkdir d
		echo 1 >a; ln a b; ln b d/c
		touch -d @1000 a; see a b d/c
		chmod 600 b; see a b d/c
		echo 22 >>d/c; cat a b; stat -c %s a b d/c
		truncate -s 1 b; cat a; stat -c %s d/c
		touch -d @2000 d/c; see a b
		mv b e; touch -d @3000 e; see a e d/c
		rm a; see e d/c; echo 333 >e; cat d/c; touch -d @4000 d/c
		rm -r d; see e; cat e
		ln e f; rm e; ln f e; see e f
		python3 - <<-'EOF'
			import mmap, os
			f = open("e", "r+b")
			m = mmap.mmap(f.fileno(), 0)
			m[0:2] = b"MM"
			print(open("f").read())
			m.close()
			f.close()
			print(open("f").read())
		EOF
	END
}

@test "what is changed by a descriptor is seen by the name, and the other way round" {
	same_as_native <<-'END'
		python3 - <<-'EOF'
			import os
			def see(fd):
			    a, b = os.fstat(fd), os.stat("a")
			    print(a.st_size, a.st_mode, a.st_nlink, a.st_mtime_ns == b.st_mtime_ns,
			          a.st_ctime_ns == b.st_ctime_ns, a.st_size == b.st_size)
			fd = os.open("a", os.O_RDWR | os.O_CREAT, 0o600)
			see(fd)
			os.write(fd, b"x" * 10000); see(fd)
			os.ftruncate(fd, 3); see(fd)
			os.fchmod(fd, 0o640); see(fd)
			os.utime("a", (5, 5)); see(fd)
			os.close(os.open("a", os.O_WRONLY | os.O_TRUNC)); see(fd)
			other = os.open("a", os.O_WRONLY | os.O_APPEND)
			os.write(other, b"abc"); os.pwrite(fd, b"Z", 100); os.write(other, b"def"); see(fd)
			print(os.pread(fd, 200, 0))
			os.rename("a", "b"); os.rename("b", "a"); see(fd)
			os.fsync(fd); os.fsync(os.open(".", os.O_RDONLY))
			try:
			    os.stat("none")
			except FileNotFoundError:
			    open("none", "w").close()
			print(os.path.exists("none"), sorted(os.listdir(".")))
		EOF
	END
}

@test "stat, open and close ask nothing" {
	make_ext2 disk.img 8M t
	run with_mount disk.img mnt sh -ec '
		echo text >mnt/a
		ln mnt/a mnt/b
		export DRIVER=$(pgrep -f "^fuse2fs .*$PWD/mnt")
		python3 - <<-EOF
			import os, re, time
			driver = os.environ["DRIVER"]
			def used():
			    tasks = f"/proc/{driver}/task"
			    return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)",
			               open(f"{tasks}/{t}/status").read(), re.M)[1]) for t in os.listdir(tasks))
			def work():
			    for i in range(500):
			        os.stat("mnt/a"); os.stat("mnt/b")
			        os.close(os.open("mnt/a", os.O_RDONLY)); os.close(os.open("mnt/b", os.O_RDWR))
			        os.path.exists("mnt/none")
			        fd = os.open("mnt/b", os.O_RDONLY)
			        assert os.read(fd, 99) == b"text\n"
			        os.close(fd)
			work()
			time.sleep(2.5)
			before = used()
			work()
			print("asked", used() - before)
		EOF'
	assert_success
	[ "${lines[-1]#asked }" -le 5 ]
}

@test "vuopen: the driver is told of all" {
	make_ext2 disk.img 8M t
	run in_session sh -ec '
		vumount -t vufuseext2 -o vuopen disk.img mnt
		pid=$(pgrep -f "^fuse2fs .*$PWD/mnt")
		grep -c vu-fuse-lazy /proc/$pid/maps || true
		echo text >mnt/a; exec 5<mnt/a; rm mnt/a; cat <&5; ls -A mnt | grep -c fuse_hidden; exec 5<&-
		vuumount mnt
		vumount -t vufuseext2 disk.img mnt
		grep -c vu-fuse-lazy /proc/$(pgrep -f "^fuse2fs .*$PWD/mnt")/maps >/dev/null
		vuumount mnt'
	assert_success
	assert_output "0
text
1"
	assert_clean disk.img
}

@test "removed while open: read, write, map, run, and no links" {
	same_as_native <<-'END'
		echo one >a; exec 5<>a; rm a; ls -A
		stat -L -c '%h %s' /proc/self/fd/5
		cat <&5; echo two >&5; python3 -c 'import os; print(os.pread(5, 99, 0), os.fstat(5).st_nlink)'
		echo other >a; cat a; python3 -c 'import os; os.ftruncate(5, 1); print(os.pread(5, 9, 0))'
		exec 5<&-; ls -A
		cp "$(command -v sleep)" s; ./s 0.5 & pid=$!
		until [ "$(readlink /proc/$pid/exe)" = "$PWD/s" ]; do sleep 0.01; done
		rm s; ls -A; wait $pid; echo $?
		cp "$(command -v echo)" s; exec 6<s; rm s; /proc/self/fd/6 ran; exec 6<&-
		python3 - <<-'EOF'
			import mmap, os
			fd = os.open("m", os.O_RDWR | os.O_CREAT)
			os.write(fd, b"x" * 9000)
			m = mmap.mmap(fd, 9000)
			os.close(fd)
			os.unlink("m")
			m[8000:8002] = b"yz"
			print(m[7999:8003], os.listdir("."))
		EOF
		mkfifo p; exec 7<>p; rm p; stat -L -c '%h %F' /proc/self/fd/7; exec 7<&-
		ls -A
	END
}

@test "a name taken by another file, while the first one is open" {
	same_as_native <<-'END'
		echo 1 >a; echo 2 >b; exec 5<a; mv b a; cat a; cat <&5; stat -L -c %h /proc/self/fd/5
		echo 3 >c; ln c d; exec 6<c; mv a c; cat c d; cat <&6; stat -c %h c d; exec 6<&-
		echo 4 >e; mkdir f; mv -T e f 2>/dev/null || echo no; mv -T f e 2>/dev/null || echo no; cat e
		exec 5<&-; ls -A
		for i in 1 2 3 4 5 6 7 8 9; do echo $i >new; mv new target; exec 5<target; done; cat <&5
		exec 5<&-; ls -A
	END
}

@test "a directory is removed while a file that was in it is open" {
	same_as_native <<-'END'
		mkdir -p d/e; echo 1 >d/e/a; echo 2 >d/b; exec 5<d/e/a 6<>d/b
		rm d/e/a; rmdir d/e; echo $?
		rm -r d; ls -A; cat <&5; echo 3 >&6; python3 -c 'import os; print(os.pread(6, 9, 0))'
		mkdir d d/e; ls -A d; exec 5<&- 6<&-; ls -AR
		mkdir x y; echo 4 >y/a; exec 5<y/a; rm y/a; mv -T x y; echo $?; cat <&5
		exec 5<&-; ls -AR
	END
}

@test "a listing that is read while its files are removed is complete" {
	in_image 16M <<-'END'
		mkdir d; cd d; seq 500 | xargs touch
		python3 - <<-'EOF'
			import os
			held = []
			seen = []
			for e in os.scandir("."):
			    seen.append(e.name)
			    held.append(open(e.name))
			    os.unlink(e.name)
			assert sorted(seen, key=int) == [str(i) for i in range(1, 501)], len(seen)
			assert os.listdir(".") == []
		EOF
		cd ..; rmdir d
	END
}

@test "a full image: what is removed makes room at once" {
	in_image 4M <<-'END'
		for i in 1 2 3 4 5; do
			head -c 9M /dev/zero >big 2>/dev/null && exit 1
			rm big
			head -c 2M /dev/zero >big
			exec 5<big; rm big
			free=$(stat -f -c %f .)
			exec 5<&-
			[ $(stat -f -c %f .) -gt $((free + 1000)) ]
		done
		mkdir d; i=0
		while echo x >d/file-$i 2>/dev/null && [ -s d/file-$i ]; do i=$((i + 1)); done
		rm -rf d
		[ -z "$(ls -A | grep -v lost)" ]
		python3 - <<-'EOF'
			import os
			free = os.statvfs(".").f_bfree
			for i in range(300):
			    fd = os.open("a", os.O_RDWR | os.O_CREAT)
			    os.write(fd, b"x" * 300000)
			    os.unlink("a")
			    os.close(fd)
			    assert os.statvfs(".").f_bfree == free, i
		EOF
	END
}

@test "several at once do the same as in a folder of the host's" {
	local i
	mkdir host
	for i in 1 2 3; do python3 "$BATS_TEST_DIRNAME/helpers/file_work.py" host $i 1500; done >want
	make_ext2 disk.img 32M t
	run with_mount disk.img mnt sh -c '
		for i in 1 2 3; do python3 "$1" mnt $i 1500 & done
		wait' sh "$BATS_TEST_DIRNAME/helpers/file_work.py"
	assert_success
	assert_equal "$(sort <<<"$output")" "$(cat want)"
	left_clean
	rm -rf left/lost+found
	diff -r host left
}

@test "a driver that is killed: the image can be repaired, and has what was closed" {
	make_ext2 disk.img 8M t
	run in_session sh -ec '
		vumount -t vufuseext2 disk.img mnt
		echo text >mnt/a
		exec 5<>mnt/a; echo more >mnt/b; rm mnt/b
		sleep 3
		kill -9 $(pgrep -f "^fuse2fs .*$PWD/mnt")
		! cat mnt/none 2>/dev/null
		exec 5<&-
		vuumount mnt'
	assert_success
	e2fsck -fy disk.img >/dev/null || [ $? -eq 1 ]
	assert_clean disk.img
	assert_equal "$(debugfs -R 'cat /a' disk.img 2>/dev/null)" text
}
