#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# cppcheck over the program. Exclusions, each with its reason: cppcheck.suppress, or in the source
# "cppcheck-suppress ID ; reason".

set -euo pipefail
cd "$(dirname "$0")/../.."
folders=()
for folder in src modules tools; do
	[ -z "$(find $folder -name '*.c' -print -quit)" ] || folders+=("$folder")
done
exec cppcheck --quiet --enable=warning,performance,portability --std=c11 --language=c \
	--platform=unix64 -D__x86_64__=1 -D__GNUC__=12 -D_GNU_SOURCE= -DVU_VERSION='"0"' \
	-Isrc -Iinclude --inline-suppr --suppressions-list=tools/lint/cppcheck.suppress \
	--error-exitcode=1 --template='{file}:{line}: {severity}: {message} [{id}]' -j 2 "${folders[@]}"
