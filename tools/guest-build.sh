#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Builds a guest program of test/guest.
#   guest-build.sh SOURCE OUTPUT VARIANT
# VARIANT: "dynamic", "static" (glibc) or "musl" (static). The source's head may say cflags: and libs:.
# A Go program is static, whatever the variant. Where its compiler is missing, OUTPUT.skip says so.

set -euo pipefail
source "$(dirname "$0")/head-comment.sh"

src=$1 out=$2 variant=$3
read -ra cflags <<<"$(head_comment "$src" cflags)"
read -ra libs <<<"$(head_comment "$src" libs)"
cc=("${CC:-cc}")
rm -f "$out" "$out.skip"
if [[ $src == *.go ]]; then
	command -v go >/dev/null || {
		echo "guest-build: no go here" >"$out.skip"
		exit 0
	}
	GOCACHE=$(dirname "$out")/.gocache GOFLAGS='' GO111MODULE=off CGO_ENABLED=0 exec go build -o "$out" "$src"
fi
case $variant in
dynamic) ;;
static) cc+=(-static) ;;
musl)
	command -v musl-gcc >/dev/null || {
		echo "guest-build: no musl-gcc here" >"$out.skip"
		exit 0
	}
	cc=(musl-gcc -static)
	;;
*)
	echo "guest-build: what is a '$variant' program?" >&2
	exit 2
	;;
esac
exec "${cc[@]}" -std=gnu11 -O1 -g -Wall -Wextra -D_GNU_SOURCE= -o "$out" "${cflags[@]}" "$src" "${libs[@]}"
