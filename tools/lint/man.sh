#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# mandoc's own checks of the man pages.

set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/../../man"
pages=(*.[1-8])
if [ ${#pages[@]} -eq 0 ]; then
	echo "no man pages"
	exit 1
fi
exec mandoc -T lint -W warning "${pages[@]}"
