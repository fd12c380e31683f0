# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Sourced. head_comment FILE KEY: what the line "/* KEY: words */" (or "// KEY: words") among the first
# ten of FILE says.
head_comment()
{
	sed -n -e 10q -e "s|^/\\* *$2: *\\(.*[^ ]\\) *\\*/ *\$|\\1|p" -e "s|^// *$2: *||p" "$1" | head -n 1
}
