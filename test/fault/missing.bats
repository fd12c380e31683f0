#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Machines that lack something: a mount says what, as "umvu --check" does, nothing hangs, and what needs none of
# it works.

load helpers/fault

setup()
{
	vu_setup
	unshare -Urm true 2>/dev/null || skip "no user namespaces to make such a machine with"
	make_ext2 img
	mkdir mnt
}

# on_machine HOW CMD...: with HOW done before, in namespaces of its own.
on_machine()
{
	local how=$1
	shift
	# shellcheck disable=SC2016 # expands in there
	unshare -Urm bash -c 'eval "$1" && shift && exec "$@"' bash "$how" "$LEASH" -t 20 "$@"
}

NO_USERNS='echo 0 >/proc/sys/user/max_user_namespaces'
# shellcheck disable=SC2016 # expands when it is done
NO_FUSE='mkdir dev && mount -n -t tmpfs t dev && for n in null zero tty urandom; do
	touch dev/$n && mount -n --bind /dev/$n dev/$n; done && mount -n --move dev /dev'
NO_PROC='mount -n -t tmpfs t /proc'

@test "no user namespaces" {
	run on_machine "$NO_USERNS" umvu -N --module vufuse --module unrealuidgid sh -c '
		mount -t vufuseext2 img mnt; echo "mount $?"; vumount img mnt; echo "vumount $?"
		vusu -c "id -u"; echo done'
	assert_success
	assert_line -e "umvu: user namespaces are not available here \(see 'umvu --check'\)"
	assert_line "vumount: 'mnt': No space left on device"
	assert_line "vumount 32"
	assert_line "done"
	run on_machine "$NO_USERNS" umvu -N -m vufuseext2:img:mnt true
	assert_failure 125
	assert_line -p "umvu --check"
}

@test "no /dev/fuse" {
	run on_machine "$NO_FUSE" umvu -N --module vufuse --module unrealuidgid sh -c '
		! mount -t vufuseext2 img mnt || exit
		! vumount -t vufuseext2 img mnt || exit
		findmnt -n mnt || echo none
		vusu -c "id -u"'
	assert_success
	assert_line "umvu: fuse: device not found, try 'modprobe fuse' first"
	assert_line -e "vumount: 'mnt': "
	assert_line none
	assert_line 0
	rmdir dev
	run on_machine "$NO_FUSE" umvu --check
	assert_failure 1
	assert_line -e '^FAIL  /dev/fuse: .*No such file or directory'
}

@test "no /proc" {
	run on_machine "$NO_PROC" umvu -N true
	assert_failure 125
	assert_output "umvu: /proc is not mounted, and nothing works without (see 'umvu --check')"
	run on_machine "$NO_PROC" umvu --check
	assert_failure 1
	assert_line "FAIL  /proc: is not mounted"
	assert_line -e '^FAIL  user namespace: .*; /proc is not mounted'
}
