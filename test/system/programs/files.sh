# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=sh disable=SC2035
# What a shell does with files by itself, for bash and for dash.
: >w
: >r
chmod 400 r
: >x
chmod 755 x
ln -s none dangling
mkdir d
mkfifo p
for t in e f d h p r w x s L; do
	for f in w r x d p dangling none; do
		# shellcheck disable=SC1073,SC1072,SC2086,SC1009 # the test is a variable's
		if test -$t $f; then printf '%s%s ' $t $f; fi
	done
done
[ "$(cat w)" = "" ] && echo empty
cd d || exit
pwd
cd ..
echo *
echo a >>w
cat <w
cat <<X
here $(cat w) $(wc -c <w)
X
exec 7<w
read -r line <&7
echo "$line"
exec 7<&-
{
	echo one
	echo two >&2
} 2>&1 | sort -r
(exit 3)
echo $?
set -C
echo b >w || echo noclobber
