#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs shellcheck over all scripts: of sh, bash and bats.

set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/../.."
mapfile -t files < <(find . \( -path ./.git -o -path './build*' \) -prune -o -type f -print |
	while read -r file; do
		read -r first <"$file" || continue
		case $file:$first in
		*.sh:* | *.bash:* | *.bats:* | *'#!'*/sh* | *'#!'*bash* | *'#!'*bats*) echo "$file" ;;
		esac
	done | sort)
shellcheck -x -P SCRIPTDIR -P tools "${files[@]}"
completions=()
for file in completions/*; do
	[ "$file" = completions/CMakeLists.txt ] || completions+=("$file")
done
# COMPREPLY=( $(compgen ...) ) is the idiom of completions.
[ ${#completions[@]} -eq 0 ] || shellcheck -s bash -e SC2207 "${completions[@]}"
