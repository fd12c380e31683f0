#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each header compiles alone; the public ones without the rest of the project, also as C++.

set -euo pipefail
cd "$(dirname "$0")/../.."
status=0
flags=(-fsyntax-only -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE= -DVU_VERSION='"0"')
while read -r header; do
	"${CC:-cc}" "${flags[@]}" -Isrc -Iinclude -include "$header" -x c /dev/null || {
		echo "$header does not compile alone"
		status=1
	}
done < <(find src -name '*.h' | sort)
while read -r header; do
	"${CC:-cc}" -fsyntax-only -std=c11 -pedantic -Wall -Wextra -Werror -Iinclude -include "$header" \
		-x c /dev/null || {
		echo "$header does not compile alone as C11"
		status=1
	}
	if command -v c++ >/dev/null; then
		c++ -fsyntax-only -std=c++17 -Wall -Wextra -Iinclude -include "$header" -x c++ /dev/null || {
			echo "$header does not compile alone as C++"
			status=1
		}
	fi
done < <(find include -name '*.h' | sort)
exit $status
