#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# vu-scan on the machine's own libraries, and the request by which a session lists patched files.

load helpers/common

SCAN=$VU_BUILD/lib/vu/vu-scan

setup()
{
	[ -x "$SCAN" ] || skip "built without vu-scan"
	vu_setup
}

# library NAME: the file of a library that this shell's own programs use.
library()
{
	local file
	file=$(ldd /bin/sh | sed -n "s|.*[ \t]\(/[^ ]*$1[^ ]*\).*|\1|p" | head -n 1)
	[ -n "$file" ] || skip "no $1 on this machine"
	readlink -f "$file"
}

# share FILE: per cent of the calls that may be virtual that are patched.
share()
{
	"$SCAN" --list "$1" | sed -n '$s/.*(\([0-9]*\)\..*/\1/p'
}

# assert_sites FILE NAME...: each call of that name in FILE is patched, and there is one.
assert_sites()
{
	local file=$1 name rows
	shift
	for name in "$@"; do
		rows=$("$SCAN" --list "$file" | grep -E " [0-9]+ $name +[-+] ") || fail "no $name in $file"
		! grep -v ' + ' <<<"$rows" || fail "$name in $file is not patched"
	done
}

@test "libc: nearly all, and all that matter most" {
	libc=$(library libc.so)
	assert_sites "$libc" execve vfork clone openat newfstatat
	[ "$(share "$libc")" -ge 95 ] || fail "only $(share "$libc")%"
}

@test "ld.so: all that matter most" {
	ld=$(library ld-linux)
	assert_sites "$ld" openat newfstatat access mmap
	[ "$(share "$ld")" -ge 95 ] || fail "only $(share "$ld")%"
}

@test "the places that are patched are instructions, as objdump reads them" {
	need objdump
	libc=$(library libc.so)
	"$SCAN" --list "$libc" | awk '/ \+ /{ print $1 }' | sort >sites
	objdump -d "$libc" | awk '/\tsyscall/{ sub(":", "", $1); print $1 }' | sort >instructions
	[ "$(wc -l <sites)" -gt 100 ] || fail "only $(wc -l <sites) sites"
	run comm -23 sites instructions
	assert_output ""
}

@test "static programs: glibc, musl, Go" {
	cat >p.c <<-'END'
		#include <fcntl.h>
		#include <stdlib.h>
		#include <sys/stat.h>
		int main(void)
		{
			struct stat st;
			return open("/", O_RDONLY) < 0 || stat("/", &st) < 0 || system("true");
		}
	END
	gcc -O2 -static p.c -o glibc
	assert_sites glibc openat execve
	[ "$(share glibc)" -ge 90 ] || fail "glibc: only $(share glibc)%"
	if command -v musl-gcc >/dev/null; then
		musl-gcc -O2 -static p.c -o musl
		assert_sites musl mmap execve
		strip -o musl-stripped musl
		[ "$(share musl-stripped)" -gt 0 ] || fail "musl, stripped: $(share musl-stripped)%"
	fi
	if command -v go >/dev/null; then
		printf '%s\n' 'package main' 'import "os"' 'func main() { os.Open("/") }' >p.go
		go build -o gone p.go
		[ "$(share gone)" -ge 85 ] || fail "Go: only $(share gone)%"
		# A large one, mostly stripped: by Go's own table.
		gone=$(go env GOROOT)/bin/go
		[ ! -x "$gone" ] || [ "$(share "$gone")" -ge 85 ] || fail "$gone: only $(share "$gone")%"
	fi
}

@test "what is no program has no sites" {
	echo "#!/bin/sh" >script
	run "$SCAN" --list script
	assert_failure 1
	assert_output -p "script: no ELF file"
	"$SCAN" <script >list
	[ "$(stat -c %s list)" -eq 56 ] || fail "not an empty list"
	run "$SCAN" --list missing
	assert_failure 1
	assert_output -p "missing: No such file"
}

# In a session: "FILE..." asks for each to be listed; result of each.
request()
{
	cat >request.py <<-'END'
		import array, os, re, socket, struct, sys
		abi = int(re.search(r"define VU_ABI_VERSION\s+(\d+)", open(os.environ["VU_SOURCE"] + "/src/abi/view.h").read())[1])
		for path in sys.argv[1:]:
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		    s.connect("\0viewos")
		    fd = os.open(path, os.O_RDONLY)
		    s.sendmsg([struct.pack("<IHHIIQQQ24x", 0x43505256, abi, 15, 0, 0, 0, 0, 0)],
		              [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
		    print(path, struct.unpack_from("<Ii", s.recv(65536))[1])
	END
	"$LEASH" -t 60 umvu -N --debug=code python3 request.py "$@" 2>&1
}

@test "a session lists a file once, and the next one takes it from the cache" {
	libc=$(library libc.so)
	run request "$libc" "$libc" /dev/null
	assert_success
	assert_line "$libc 0"
	assert_line "/dev/null -22"
	assert_equal "$(grep -c " $libc: [0-9]* of [0-9]* sites in [1-8] runs" <<<"$output")" 1
	# Lists with one site show where they came from.
	cat >forge.py <<-'END'
		import struct, sys
		def fnv(data):
		    total = 0xcbf29ce484222325
		    for byte in data:
		        total = (total ^ byte) * 0x100000001b3 % 2**64
		    return total
		for path in sys.argv[1:]:
		    data = open(path, "rb").read()
		    identity, head, sites = data[:48], data[56:112], data[112:128]
		    head = head[:8] + struct.pack("<I", 1) + head[12:36] + bytes(12)
		    head += struct.pack("<Q", fnv(head) ^ ~fnv(sites) % 2**64)
		    total = fnv(identity) ^ ~fnv(head + sites) % 2**64
		    open(path, "wb").write(identity + struct.pack("<Q", total) + head + sites)
	END
	lists=("$HOME"/.cache/viewos/code/*-*-*-*-*) # not the copies of what is patched
	[ -f "${lists[0]}" ] || fail "nothing in the cache"
	python3 forge.py "${lists[@]}"
	run request "$libc"
	assert_line -e " $libc: 1 of [0-9]* sites in 1 runs"
	# What is damaged is made anew.
	for list in "${lists[@]}"; do truncate -s 60 "$list"; done
	run request "$libc"
	assert_line -e " $libc: [1-9][0-9][0-9]* of [0-9]* sites"
}

@test "sessions share patched copies, which guests do not see; one that was changed is not used" {
	libc=$(library libc.so)
	request "$libc" >/dev/null
	copied()
	{
		[ "$(stat -c %s "$HOME"/.cache/viewos/code/libc*.so*.*)" = "$(stat -c %s "$libc")" ]
	}
	wait_until 20 copied
	cat >maps.sh <<-'END'
		grep -c cache/viewos /proc/self/maps
		sleep 60 & until [ "$(cat /proc/$!/comm)" = sleep ]; do :; done
		grep -c libc /proc/$!/maps >ours; echo $! >pid
		until [ -e looked ]; do sleep 0.02; done
		kill $!
	END
	looked_at_from_outside()
	{
		rm -f pid looked
		in_session sh maps.sh >out 2>&1 &
		session=$!
		wait_until 20 test -s pid
		grep -c "r-xp .*$1" "/proc/$(cat pid)/maps" || true
		touch looked
		wait $session || true
		assert_equal "$(cat out)" 0
	}
	run looked_at_from_outside "cache/viewos/code/libc"
	assert_output 1
	echo x >>"$(echo "$HOME"/.cache/viewos/code/libc*.so*.*)"
	run looked_at_from_outside "cache/viewos/code/libc"
	assert_output 0
	# It is made anew meanwhile.
	wait_until 20 copied
	run looked_at_from_outside "cache/viewos/code/libc"
	assert_output 1
}

@test "a session without a home has no cache, but lists" {
	libc=$(library libc.so)
	HOME=/nonexistent run request "$libc"
	assert_success
	assert_line -e " $libc: [1-9][0-9]* of [0-9]* sites"
}

@test "a file that has just changed is not listed yet" {
	cp /bin/true changed
	touch -d "next year" changed
	run request changed
	assert_line "changed 0"
	refute_output -p "/changed: "
	touch -d "last year" changed
	run request changed
	assert_line "changed 0"
}
