#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# All C files have the layout of .clang-format. "format.sh --fix [FILE...]" gives it to them.
# Only clang-format 14 is asked: others lay out some lines differently.

set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v clang-format >/dev/null; then
	echo "no clang-format here"
	exit 77
fi
version=$(clang-format --version)
if ! [[ $version =~ version\ 14\. ]]; then
	echo "skipped: the layout is clang-format 14's, this is $version"
	exit 77
fi
fix=
if [ "${1:-}" = --fix ]; then
	fix=yes
	shift
fi
if [ $# -eq 0 ]; then
	folders=()
	for folder in src include modules test tools bench; do
		[ ! -d $folder ] || folders+=("$folder")
	done
	mapfile -t files < <(find "${folders[@]}" -name '*.[ch]' | sort)
	set -- "${files[@]}"
fi
if [ -n "$fix" ]; then
	exec clang-format -i "$@"
fi

# shellcheck disable=SC2016 # expands in the inner shell
printf '%s\0' "$@" | xargs -0 -n 8 -P "$(nproc)" bash -c '
	for file in "$@"; do
		found=$(clang-format "$file" | diff -u --label "$file" --label "$file, formatted" "$file" -) || {
			echo "$found"
			status=1
		}
	done
	exit ${status:-0}' bash || {
	echo "\"tools/lint/format.sh --fix FILE...\" lays them out"
	exit 1
}
