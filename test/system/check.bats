#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# umvu --check: what it says of this machine, and of one on which something is really missing.

load helpers/common

# without_userns CMD...: CMD in a user namespace in which no further ones may be made.
without_userns()
{
	# shellcheck disable=SC2016 # expands when it runs
	unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"' sh "$@"
}

# need_userns: skips the test where user namespaces cannot be made anyway.
need_userns()
{
	unshare -Ur true 2>/dev/null || skip "no user namespaces on this machine"
}

@test "each line has a status, an item and what was found" {
	run umvu --check
	[ "$status" -le 1 ]
	for line in "${lines[@]}"; do
		matches -e "$line" '^(ok   |warn |FAIL ) [^:]+: .+' || fail "odd line: $line"
	done
	assert_line -p "seccomp trap: "
	assert_line -p "vu-loader: "
	assert_line -p "driver sshfs: "
}

@test "the exit status tells whether something needed fails" {
	run umvu --check
	if grep -q '^FAIL' <<<"$output"; then
		assert_failure 1
	else
		assert_success
	fi
}

@test "--json is valid and tells the same" {
	run umvu --check
	local text=$output
	umvu --check --json >check.json || true
	python3 -m json.tool check.json
	run python3 - check.json <<-'END'
	import json, sys
	for row in json.load(open(sys.argv[1])):
	    assert sorted(row) == ["detail", "item", "status"], row
	    assert row["status"] in ("ok", "warn", "fail"), row
	    status = "FAIL" if row["status"] == "fail" else row["status"]
	    print(f"{status:5} {row['item']}: {row['detail']}")
	END
	assert_success
	assert_equal "$output" "$text"
}

@test "no user namespaces: the sysctl is named" {
	need_userns
	run without_userns umvu --check
	assert_failure 1
	assert_line -e '^FAIL  user namespace: .*user\.max_user_namespaces is 0'
	assert_line -e '^FAIL  FUSE mount in a user namespace: '
	assert_line -e '^FAIL  tmpfs in a user namespace: '
	assert_line -e '^ok    seccomp trap: '
}

@test "a missing driver is a warning that names the package" {
	run env PATH= "$VU_BUILD/bin/umvu" --check
	assert_line "warn  driver fuse2fs: not installed (Debian package fuse2fs)"
	assert_line "warn  driver sshfs: not installed (Debian package sshfs)"
}

@test "a missing loader is told with its place" {
	mkdir -p else/bin
	cp "$VU_BUILD/bin/umvu" else/bin/
	run else/bin/umvu --check
	rm -r else
	assert_failure 1
	assert_line "FAIL  vu-loader: $PWD/else/lib/vu/vu-loader: No such file or directory"
}

@test "a call that kills does not end the check" {
	need_userns
	cat >kill.py <<-'END'
	# A filter that kills whoever calls process_vm_readv (310 on x86_64), then the command.
	import ctypes, os, struct, sys
	code = [(0x20, 0, 0, 0), (0x15, 0, 1, 310), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7fff0000)]
	filt = b"".join(struct.pack("HBBI", *c) for c in code)
	buf = ctypes.create_string_buffer(filt, len(filt))
	prog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(buf)))
	libc = ctypes.CDLL(None)
	assert libc.prctl(38, 1, 0, 0, 0) == 0
	assert libc.prctl(22, 2, prog, 0, 0) == 0
	os.execvp(sys.argv[1], sys.argv[1:])
	END
	run python3 kill.py umvu --check
	assert_failure 1
	assert_line -e '^FAIL  process_vm_readv: .*killed by a signal: Bad system call'
	assert_line -e '^ok    memfd_create: '
	assert_line -e '^ok    user namespace: '
	run without_userns python3 kill.py umvu --check
	assert_line -e '^FAIL  user namespace: .*; a seccomp filter is on this process'
}
