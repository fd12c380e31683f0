#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Runs a guest program (C or Go) natively, which is the oracle, and in sessions; what it prints and how
# it ends has to be the same.
#   guest-run.sh SOURCE PROGRAM
#
# Environment: VU_BUILD the build tree; VU_TEST_TMP a folder to work in (else one is made in /tmp);
# VU_FLAVOURS leave out all other flavours than these (trap, mount, inside, counted).
#
# VU_AGENT is in the environment of all runs, with a value of the same length.
# Each run starts in a fresh folder of one and the same name. What the source's head may say:
#   args: WORDS       arguments
#   setup: COMMANDS   for sh, in that folder, before each run
#   flavours: WORDS   kinds of sessions: trap (no call site is patched), mount (they are, something is
#                     mounted, ids are virtual); default: both; counted (as mount, with --stats)
#   fsmode: mount     once more with the folder inside a mounted ext2 image
# Status 77 of the native run: the test is skipped.
#
# A difference that is known and accepted is written down beside the source, in NAME.differs or, for one
# variant, NAME.VARIANT.differs: lines "# reason", then the lines that diff shows with - and +, which
# have to come exactly so in each flavour.

set -euo pipefail
shopt -s nullglob
source "$(dirname "$0")/head-comment.sh"

src=$(realpath "$1") prog=$(realpath "$2")
name=$(basename "$prog")
leash=$VU_BUILD/test/leash
umvu=$VU_BUILD/bin/umvu

read -ra args <<<"$(head_comment "$src" args)"
setup=$(head_comment "$src" setup)
wanted=$(head_comment "$src" flavours)
wanted=${wanted:-trap mount}
[ "$(head_comment "$src" fsmode)" != mount ] || wanted+=" inside"
flavours=()
for flavour in $wanted; do
	[[ " ${VU_FLAVOURS:-$wanted} " != *" $flavour "* ]] || flavours+=("$flavour")
done

if [ -e "$prog.skip" ]; then
	cat "$prog.skip"
	exit 77
fi
for file in "$prog" "$umvu" "$leash"; do
	[ -x "$file" ] || {
		echo "not built: $file"
		exit 1
	}
done

base=$(mktemp -d "${VU_TEST_TMP:-/tmp}/guest.$name.XXXXXX")
trap 'chmod -R u+rwX "$base" 2>/dev/null; rm -rf --one-file-system "$base"' EXIT
work=$base/work # the folder that programs start in is $work/d
umask 022
ulimit -c 0

# Sets the scene: run COMMAND... in a fresh folder, its output to $base/FLAVOUR.{out,err,status,left}.
run()
{
	local flavour=$1 status=0 agent=fast

	shift
	[ "$flavour" != trap ] || agent='trap'
	chmod -R u+rwX "$work" 2>/dev/null || true
	rm -rf "$work" "${base:?}/home" "$base/tmp"
	mkdir -p "$work/d" "$base/home" "$base/tmp"
	[ -z "$setup" ] || [ "$flavour" = inside ] || (cd "$work/d" && sh -c "$setup") || {
		echo "setup failed"
		exit 1
	}
	: >"$base/$flavour.left"
	(
		[ "$flavour" = inside ] || cd "$work/d"
		exec "$leash" -t "${VU_GUEST_TIMEOUT:-30}" -r "$base/$flavour.left" env -i \
			PATH="$VU_BUILD/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" \
			HOME="$base/home" TMPDIR="$base/tmp" LANG=C.UTF-8 VU_AGENT=$agent "$@"
	) </dev/null >"$base/out" 2>"$base/err" || status=$?
	mv "$base/out" "$base/$flavour.out"
	mv "$base/err" "$base/$flavour.err"
	echo "status $status" >>"$base/$flavour.out"
}

make_image()
{
	rm -rf "$1" "$1.d"
	mkdir -p "$1.d/d"
	echo "a file of the image" >"$1.d/file"
	mke2fs -q -F -t ext2 -b 4096 -E "root_owner=$(id -u):$(id -g)" -d "$1.d" "$1" 64M
	rm -rf "$1.d"
}

# The program in a session of the given flavour.
run_flavour()
{
	case $1 in
	trap)
		run trap "$umvu" -N "$prog" "${args[@]}"
		;;
	mount | counted) # something else is mounted, ids are virtual
		local stats=()
		[ "$1" = mount ] || stats=(--stats)
		make_image "$base/other.img"
		mkdir -p "$base/other"
		run "$1" "$umvu" -N "${stats[@]}" --module unrealuidgid -m "vufuseext2:$base/other.img:$base/other" \
			"$prog" "${args[@]}"
		;;
	inside) # the folder itself is in a mounted image
		make_image "$base/inside.img"
		# shellcheck disable=SC2016 # expands in the session
		run inside "$umvu" -N -m "vufuseext2:$base/inside.img:$work" sh -c \
			'cd "$1" && eval "$2" && shift 2 && exec "$@"' sh "$work/d" "${setup:-:}" \
			"$prog" "${args[@]}"
		;;
	*)
		echo "unknown flavour $1"
		exit 1
		;;
	esac
}

run native "$prog" "${args[@]}"
if [ "$(tail -n 1 "$base/native.out")" = "status 77" ]; then
	cat "$base/native.out" "$base/native.err"
	exit 77
fi

# Is $base/diff what is written down in NAME.differs?
accepted()
{
	local file
	for file in "$(dirname "$src")/$name.differs" "${src%.*}.differs"; do
		if [ -e "$file" ]; then
			cmp -s <(grep -v '^#' "$file") <(sed '1,2d' "$base/diff" | grep '^[-+]')
			return
		fi
	done
	[ ! -s "$base/diff" ]
}

failed=0
if [ "$(cat "$base/native.out")" = "status 127" ] || grep -q '^leash:' "$base/native.err"; then
	echo "the native run tells nothing"
	failed=1
fi
for flavour in "${flavours[@]}"; do
	run_flavour "$flavour"
	diff -u --label native --label "$flavour" --text "$base/native.out" "$base/$flavour.out" \
		>"$base/diff" || true
	if ! accepted || [ -s "$base/$flavour.left" ]; then
		failed=1
		echo "==== $name: flavour $flavour is not as the native run (or as accepted)"
		head -n 200 "$base/diff"
		echo "---- stderr of the session"
		head -c 10000 "$base/$flavour.err"
		cat "$base/$flavour.left"
	fi
done
if [ $failed -ne 0 ]; then
	echo "---- stderr of the native run"
	head -c 10000 "$base/native.err"
fi
exit $failed
