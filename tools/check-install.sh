#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Installs the build to a folder of its own and uses it from there: all is found relative to umvu.
#   check-install.sh BUILD-FOLDER

set -euo pipefail
build=$1
base=$(mktemp -d "${VU_TEST_TMP:-/tmp}/install.XXXXXX")
trap 'rm -rf "$base"' EXIT
prefix=$base/prefix
status=0

bad()
{
	echo "$*"
	status=1
}

# The manifest would be written to the build folder, which may be another user's.
sed "s|file(WRITE \"[^\"]*\"|file(WRITE \"$base/manifest\"|" "$build/cmake_install.cmake" >"$base/install.cmake"
cmake -DCMAKE_INSTALL_PREFIX="$prefix" -P "$base/install.cmake" >/dev/null

for file in bin/umvu lib/vu/vu-loader lib/vu/modules include/viewos share/man/man1/umvu.1 \
	share/bash-completion/completions/umvu; do
	[ -e "$prefix/$file" ] || bad "not installed: $file"
done
for command in "$prefix"/bin/*; do
	name=$(basename "$command")
	compgen -G "$prefix/share/man/man[18]/$name.[18]" >/dev/null || bad "no man page installed: $name"
	[ -e "$prefix/share/bash-completion/completions/$name" ] || bad "no completion installed: $name"
	"$command" --version >/dev/null || bad "does not run: $name --version"
done
for module in "$build"/lib/vu/modules/*; do
	[ -e "$prefix/lib/vu/modules/$(basename "$module")" ] || bad "not installed: $(basename "$module")"
done

# The build tree's own folder must not be used: a session runs with what was installed.
want="hello from an installed umvu"
have=$("$build/test/leash" -t 20 env -i PATH="$prefix/bin:/usr/bin:/bin" HOME="$base" \
	"$prefix/bin/umvu" -N sh -c "vu_lsmod >/dev/null && echo '$want'") || bad "umvu failed"
[ "$have" = "$want" ] || bad "umvu said '$have' instead of '$want'"
exit $status
