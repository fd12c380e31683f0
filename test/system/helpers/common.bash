# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the system and fault tests share. In a *.bats file:
#	load helpers/common			(in test/fault: load ../system/helpers/common)
# Each test starts in an empty folder of its own, with the commands that were built in PATH, an empty
# HOME and no rc files; afterwards nothing of it may be left (assert_nothing_left). A file that has its
# own setup() or teardown() calls vu_setup and vu_teardown from there.
#
# Running:   in_session CMD...     session_script <<'END'     with_mount IMG DIR CMD...
#            hold_session <<'END' ... release_session   a session that stays
# Images:    make_ext2 IMG [SIZE [FOLDER]]   make_squashfs IMG [FOLDER]   make_iso IMG [FOLDER]
#            make_vfat IMG [SIZE]   make_tree FOLDER   make_fake_ssh (for sshfs, without a network)
# Asserting: assert_success  assert_failure [N]  assert_output [-p|-e] TEXT  refute_output [-p|-e] TEXT
#            assert_line [-p|-e] TEXT  assert_equal HAVE WANT  assert_file FILE [TEXT]  refute_file FILE
#            (after "run"; -p part of it, -e extended regular expression)
# Waiting:   wait_until SECONDS CMD...
# Needing:   need CMD...           skips the test where a command is not installed

: "${VU_BUILD:?is the build tree: tests are run by ctest}"
: "${VU_SOURCE:?}"
LEASH=$VU_BUILD/test/leash

setup()
{
	vu_setup
}

teardown()
{
	vu_teardown
}

vu_setup()
{
	PATH=$VU_BUILD/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:$VU_BUILD/test
	export LC_ALL=C.UTF-8
	unset VU_NAME UMVU DEBUGINFOD_URLS
	umask 022
	ulimit -c 0
	WORK=$BATS_TEST_TMPDIR/work
	export HOME=$BATS_TEST_TMPDIR/home TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir -p "$WORK" "$HOME" "$TMPDIR"
	cd "$WORK" || return 1
	# Marks all processes of this test.
	export VU_TEST_MARK=$BATS_TEST_TMPDIR
}

vu_teardown()
{
	cd / || return 1
	assert_nothing_left 5
}

# --- running -------------------------------------------------------------------------------------

# in_session CMD...: CMD in a session without rc files. Ended after VU_TIMEOUT (60) seconds; a process
# that outlives it by VU_GRACE (3) seconds is an error: status 123.
in_session()
{
	"$LEASH" -t "${VU_TIMEOUT:-60}" -g "${VU_GRACE:-3}" umvu -N "$@"
}

# session_script [OPTION...]: the commands on stdin, by "sh -e", in a session with umvu's OPTIONs.
session_script()
{
	local script
	script=$(mktemp "$BATS_TEST_TMPDIR/script.XXXXXX")
	cat >"$script"
	in_session "$@" sh -e "$script"
}

# with_mount IMG DIR CMD...: CMD in a session that has the ext2 image mounted.
with_mount()
{
	local img=$1 dir=$2
	shift 2
	in_session -m "vufuseext2:$img:$dir" "$@"
}

# same_as_native [-h] [OPTION...] <<'END': the commands on stdin, by bash in an empty folder, print the
# same and end the same natively, in a session (with umvu's OPTIONs) that has a mount somewhere else, and
# in one where the folder is in a mounted ext4 image, which is clean afterwards; -h: not in the image.
same_as_native()
{
	local here=$WORK/here script=$BATS_TEST_TMPDIR/same.sh img=$BATS_TEST_TMPDIR/same.img
	local empty=$BATS_TEST_TMPDIR/empty image=true
	if [ "${1:-}" = -h ]; then
		image=false
		shift
	fi
	cat >"$script"
	mkdir -p "$empty" "$here"
	EXT=ext4 make_ext2 "$img" 64M "$empty" >/dev/null
	run_here native "$LEASH" -t "${VU_TIMEOUT:-60}"
	[ "$(wc -l <"$WORK/native")" -gt 1 ] || fail "nothing is printed, so nothing is compared"
	run_here session in_session -m "auto,ro:$img:$WORK/elsewhere" "$@"
	same_output session
	if $image; then
		run_here image in_session -m "auto:$img:$here" "$@"
		same_output image
		assert_clean "$img"
	fi
}

# run_here NAME CMD...: by CMD runs the script in a new folder; NAME gets the output and the status.
run_here()
{
	local to=$WORK/$1 status=0
	shift
	# shellcheck disable=SC2016 # expands when it runs
	"$@" sh -c 'mkdir "$1/run" && cd "$1/run" && exec bash "$2"' sh "$here" "$script" \
		>"$to" 2>&1 </dev/null || status=$?
	echo "status $status" >>"$to"
	# What bash says of a process that a signal has killed.
	sed -Ei 's/(: line [0-9]+:) +[0-9]+ /\1 PID /' "$to"
	chmod -R u+rwX "$here"
	rm -rf "$here/run"
}

same_output()
{
	diff -u "$WORK/native" "$WORK/$1" || fail "native and in the $1 differ"
}

# hold_session [OPTION...]: the commands on stdin in a session that stays in the background when they are
# done, until release_session, which returns the session's status.
hold_session()
{
	rm -f held hold
	mkfifo hold
	{
		cat
		printf '%s\n' 'touch held' 'read -r _ <hold'
	} | session_script "$@" 3>&- &
	HOLDER=$!
	wait_until 30 test -e held
}

release_session()
{
	echo >hold
	rm -f hold
	wait "$HOLDER"
}

# wait_until SECONDS CMD...: until CMD succeeds; fails when the time is up.
wait_until()
{
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || {
			echo "waited in vain for: $*"
			return 1
		}
		sleep 0.05
	done
}

# need CMD...: skips the test where a command is missing.
need()
{
	local cmd
	for cmd in "$@"; do
		command -v "$cmd" >/dev/null || skip "no $cmd on this machine"
	done
}

# --- images --------------------------------------------------------------------------------------

# make_tree FOLDER: a small tree: texts, a link, an empty folder, a program that prints "hello".
make_tree()
{
	mkdir -p "$1/dir/sub" "$1/empty"
	echo "one" >"$1/file"
	echo "two" >"$1/dir/file two"
	seq 1 20000 >"$1/dir/numbers"
	ln -s dir/numbers "$1/link"
	# shellcheck disable=SC2016 # expands when it runs
	printf '#!/bin/sh\necho "hello from $0"\n' >"$1/script"
	chmod 755 "$1/script"
	cp "$VU_BUILD/test/hello" "$1/hello"
}

# The folder given, or one made by make_tree.
tree_for()
{
	if [ -n "${1:-}" ]; then
		echo "$1"
	else
		rm -rf "$BATS_TEST_TMPDIR/tree"
		make_tree "$BATS_TEST_TMPDIR/tree"
		echo "$BATS_TEST_TMPDIR/tree"
	fi
}

# make_ext2 IMG [SIZE [FOLDER]]: an ext2 image (16M) that holds FOLDER, or a tree as of make_tree; the
# root belongs to the caller. EXT=ext4 makes another kind.
make_ext2()
{
	mke2fs -q -F -t "${EXT:-ext2}" -E "root_owner=$(id -u):$(id -g)" -d "$(tree_for "${3:-}")" \
		"$1" "${2:-16M}"
}

make_squashfs()
{
	mksquashfs "$(tree_for "${2:-}")" "$1" -quiet -no-progress -noappend
}

make_iso()
{
	if command -v genisoimage >/dev/null; then
		genisoimage -quiet -R -J -o "$1" "$(tree_for "${2:-}")" 2>/dev/null
	else
		xorrisofs -quiet -R -J -o "$1" "$(tree_for "${2:-}")"
	fi
}

make_vfat()
{
	truncate -s "${2:-16M}" "$1"
	mkfs.vfat "$1" >/dev/null
}

# make_fake_ssh: a program ./ssh that connects to this machine's SFTP server; SSHFS gets the options for it.
make_fake_ssh()
{
	local server
	for server in /usr/lib/openssh/sftp-server /usr/lib/ssh/sftp-server /usr/libexec/openssh/sftp-server; do
		[ ! -x "$server" ] || break
	done
	need sshfs "$server"
	printf '#!/bin/sh\nexec %s\n' "$server" >ssh
	chmod 755 ssh
	# shellcheck disable=SC2034 # test files use it
	SSHFS=ssh_command=$PWD/ssh
}

# assert_clean IMG: e2fsck finds nothing to mend.
assert_clean()
{
	local out
	out=$(e2fsck -fn "$1" 2>&1) || fail "e2fsck of $1:" "$out"
}

# The options that a FUSE mount of ours begins with in a table: fuse_options ro|rw.
fuse_options()
{
	echo "$1,nosuid,nodev,relatime,user_id=$(id -u),group_id=$(id -g)"
}

# --- asserting -----------------------------------------------------------------------------------

fail()
{
	printf '%s\n' "$@" >&2
	return 1
}

# What "run" has seen, for messages.
seen()
{
	printf 'status: %s\noutput: %s\n' "${status:-}" "${output:-}"
}

assert_success()
{
	[ "$status" -eq 0 ] || fail "expected success" "$(seen)"
}

assert_failure()
{
	if [ $# -gt 0 ]; then
		[ "$status" -eq "$1" ] || fail "expected status $1" "$(seen)"
	else
		[ "$status" -ne 0 ] || fail "expected failure" "$(seen)"
	fi
}

# matches HOW TEXT WANT
matches()
{
	case $1 in
	-p) [[ $2 == *"$3"* ]] ;;
	-e) [[ $2 =~ $3 ]] ;;
	*) [[ $2 == "$3" ]] ;;
	esac
}

assert_output()
{
	local how=all
	case $1 in -?)
		how=$1
		shift
		;;
	esac
	matches "$how" "$output" "$1" || fail "expected output ($how): $1" "$(seen)"
}

refute_output()
{
	local how=all
	case $1 in -?)
		how=$1
		shift
		;;
	esac
	! matches "$how" "$output" "$1" || fail "unexpected output ($how): $1" "$(seen)"
}

assert_line()
{
	local how=all line
	case $1 in -?)
		how=$1
		shift
		;;
	esac
	# shellcheck disable=SC2154 # lines is set by run
	for line in "${lines[@]}"; do
		! matches "$how" "$line" "$1" || return 0
	done
	fail "expected a line ($how): $1" "$(seen)"
}

assert_equal()
{
	[ "$1" = "$2" ] || fail "have: $1" "want: $2"
}

# assert_file FILE [TEXT]: it exists, and holds TEXT.
assert_file()
{
	[ -e "$1" ] || fail "missing: $1"
	[ $# -lt 2 ] || assert_equal "$(cat "$1")" "$2"
}

refute_file()
{
	if [ -e "$1" ] || [ -L "$1" ]; then
		fail "should not be there: $1"
	fi
}

# --- leftovers -----------------------------------------------------------------------------------

# Pids from standard input by the time that they were started: numbers begin again from below.
eldest_first()
{
	local pid
	while read -r pid; do
		sed -n "s/^[0-9]* (.*) \([^ ]* \)\{19\}\([0-9]*\) .*/\2 $pid/p" "/proc/$pid/stat" 2>/dev/null || true
	done | sort -n -k1,1 -k2,2 | cut -d' ' -f2
}

# Pids of the processes of this test, the eldest first. They carry VU_TEST_MARK in the environment they were
# started with; the shells of the test itself do not, they are older than the mark.
marked_pids()
{
	env -u VU_TEST_MARK grep -lszxF "VU_TEST_MARK=$VU_TEST_MARK" /proc/[0-9]*/environ 2>/dev/null |
		sed 's,^/proc/\(.*\)/environ$,\1,' | eldest_first
}

# The same with their commands, a line each.
marked_processes()
{
	local pid cmd
	for pid in $(marked_pids); do
		cmd=$(tr '\0' ' ' <"/proc/$pid/cmdline") && echo "process $pid $cmd"
	done 2>/dev/null
	true # the last may have been a helper of ours
}

# What is left of the test: processes, mounts, socket files. Nothing: prints nothing.
leftovers()
{
	marked_processes
	grep -F "$BATS_TEST_TMPDIR" /proc/self/mountinfo || true
	find "$BATS_TEST_TMPDIR" -xdev \( -type s -o -type p -o -name '.umvu*' -o -name 'umvu*' \) \
		-printf 'file %p\n' 2>/dev/null || true
}

nothing_left()
{
	[ -z "$(leftovers)" ]
}

# assert_nothing_left [SECONDS]: within that time (5) no process, no mount, no socket file of the test
# remains. Processes that do are killed, so that the next test starts clean.
# shellcheck disable=SC2120 # test files give the argument
assert_nothing_left()
{
	local pid left
	wait_until "${1:-5}" nothing_left && return 0
	left=$(leftovers)
	while read -r pid; do
		# Unless the number is another's by now.
		! grep -qszxF "VU_TEST_MARK=$VU_TEST_MARK" "/proc/$pid/environ" || kill -9 "$pid" 2>/dev/null || true
	done < <(sed -n 's/^process \([0-9]*\) .*/\1/p' <<<"$left")
	fail "left behind by the test:" "$left"
}
