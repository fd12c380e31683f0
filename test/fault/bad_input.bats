#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Damaged images, programs and modules: the errors that the man pages name, and nothing changes.

load helpers/fault

# damage FILE: copies of it that are cut, or have random bytes in places, as FILE.0 ...
damage()
{
	python3 - "$1" <<-'END'
	import random, sys
	rnd, data = random.Random(3), open(sys.argv[1], "rb").read()
	cases = [b"", data[:100], data[: len(data) // 2], bytes(len(data)), rnd.randbytes(65536)]
	for spots in (4096, 64):
	    bad = bytearray(data)
	    for _ in range(len(bad) // spots):
	        bad[rnd.randrange(len(bad))] = rnd.randrange(256)
	    cases.append(bytes(bad))
	for i, case in enumerate(cases):
	    open(f"{sys.argv[1]}.{i}", "wb").write(case)
	END
}

# damaged_images TYPE: each is refused with a message or mounted and looked through; nothing hangs or stays.
damaged_images()
{
	local type=$1
	mkdir -p mnt
	damage img
	run session_script --module vufuse <<-END
	for i in 0 1 2 3 4 5 6; do
		if vumount -t $type img.\$i mnt; then
			timeout -s KILL 20 find mnt -type f -exec cat {} + >/dev/null 2>&1 || true
			vuumount mnt || vuumount -f mnt || echo "stays: \$i"
		else
			echo "refused: \$? \$i"
		fi
		findmnt -n mnt && echo "still there: \$i" || true
	done
	vumount -t $type img mnt && ls mnt && vuumount mnt && echo fine
	END
	assert_success
	refute_output -e "stays|still there"
	assert_line "refused: 32 0"
	assert_line "refused: 32 3"
	assert_line fine
}

@test "damaged ext2 images" {
	make_ext2 img 2M
	damaged_images vufuseext2
}

@test "damaged squashfs images" {
	need squashfuse mksquashfs
	make_squashfs img
	damaged_images vufusesquashfs
}

@test "damaged ISO images" {
	need fuseiso
	make_iso img
	damaged_images vufuseiso9660
}

@test "damaged archives" {
	need archivemount
	tar -cf img -C "$(tree_for)" .
	mkdir mnt
	damage img
	run session_script --module vufuse <<-'END'
	for i in 0 1 2 3 4 5 6; do
		vumount -t vufusetar,ro img.$i mnt 2>/dev/null || continue
		timeout -s KILL 20 find mnt -type f -exec cat {} + >/dev/null 2>&1 || true
		vuumount mnt || vuumount -f mnt
	done
	findmnt -n mnt || echo none
	END
	assert_success
	assert_line none
}

@test "programs in a mounted image: damaged, for another machine, in a loop of #!" {
	make_tree tree
	damage tree/hello
	head -c 20 tree/hello >tree/short
	{ head -c 18 tree/hello; printf '\xb7\0'; tail -c +21 tree/hello; } >tree/arm
	printf '#!loop\n' >tree/loop
	printf '#!%s/none\n' "$WORK" >tree/none
	printf '#!\n' >tree/nothing
	chmod 755 tree/*
	make_ext2 img 32M tree
	mkdir mnt
	cat >try.py <<-'END'
	import errno, os
	for name in ["hello", "short", "arm", "loop", "none", "nothing"] + [f"hello.{i}" for i in range(7)]:
	    pid = os.fork()
	    if not pid:
	        try:
	            os.execv("./" + name, [name])
	        except OSError as e:
	            os.write(1, f"{name}: {errno.errorcode[e.errno]}\n".encode())
	        os._exit(0)
	    os.waitpid(pid, 0)
	END
	(cd tree && python3 ../try.py) >native 2>&1
	run with_mount img mnt sh -c 'cd mnt && python3 ../try.py'
	assert_success
	assert_equal "$output" "$(cat native)"
	assert_line "loop: ELOOP"
	assert_line "arm: ENOEXEC"
}

@test "modules that are absent, no module, of another ABI, or crash" {
	need cc
	mkdir modules
	module() { cc -shared -fPIC -I"$VU_SOURCE/include" -o "modules/$1.so" -x c -; }
	echo garbage >modules/text.so
	: >modules/empty.so
	mkdir modules/folder.so
	echo 'int nothing;' | module nosymbol
	module abi <<-'END'
	#include <viewos/module.h>
	const struct viewos_module viewos_module = { .abi = VIEWOS_ABI + 1, .size = sizeof(struct viewos_module), .name = "abi" };
	END
	module small <<-'END'
	#include <viewos/module.h>
	const struct viewos_module viewos_module = { .abi = VIEWOS_ABI, .size = 4, .name = "small" };
	END
	echo 'extern int missing(void); int x(void) { return missing(); }' | module unresolved
	export VU_MODULE_PATH=$WORK/modules
	run session_script <<-'END'
	for name in absent text empty folder nosymbol abi small unresolved ../text /etc/passwd "" "$(printf '%5000s' x)"; do
		! vu_insmod "$name" || echo "LOADED $name"
	done 2>&1 | cut -c 1-300
	vu_lsmod
	vu_insmod unrealuidgid && vu_rmmod unrealuidgid && echo fine
	! vu_rmmod absent
	END
	assert_success
	refute_output -p LOADED
	assert_line fine
	assert_line -e "vu_insmod: .*absent"
	assert_line -e "vu_insmod: .*abi.*"
}
