#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# kill -9 of each process that a session consists of, while something is going on: nothing stays behind, who
# used the mount gets an error, and what had been synced is in the image.

load helpers/fault

ACTIVITIES=(idle mounting writing running in_vusu)
# How long after the activity has begun, in seconds: places to be hit, nothing that is measured.
MOMENTS=(0 0.04)

setup()
{
	vu_setup
	make_ext2 pristine
	mkdir mnt
}

# activity NAME: a session that is busy until the file "stop" is there, or something fails.
activity()
{
	cp pristine img
	rm -f ready stop ./*.pid
	ACTIVITY=$1 begin --module unrealuidgid --kill-on-exit <<-'END'
	echo $$ >command.pid
	idle() { sleep 0.05; }
	mounting() { vumount -t vufuseext2 img mnt && vuumount mnt; }
	writing() { dd if=/dev/zero of=mnt/zeros bs=64k count=32 conv=fsync status=none; }
	running() { mnt/hello >/dev/null; }
	in_vusu() { vusu -p -c "cd mnt && touch ../ready && until test -e $PWD/stop; do sleep 0.05; done"; }

	vumount -t vufuseext2 img mnt && echo synced >mnt/synced && sync || exit
	if [ $ACTIVITY = mounting ]; then
		vuumount mnt || exit
		sleep 60 <img &
	else
		sleep 60 <mnt/file &
	fi
	echo $! >guest.pid
	[ $ACTIVITY = in_vusu ] || touch ready
	while [ ! -e stop ]; do $ACTIVITY || exit; done
	END
	reached ready
}

# What is in the image after a driver that could end in good order.
assert_image()
{
	assert_clean img
	assert_equal "$(debugfs -R 'cat synced' img 2>/dev/null)" synced
}

# kill_each VICTIM CHECK: in each activity, at each moment. Then the session ends, by itself or because it
# is told to, and CHECK looks at $status, $output and the image.
kill_each()
{
	local activity moment
	for activity in "${ACTIVITIES[@]}"; do
		for moment in "${MOMENTS[@]}"; do
			activity "$activity"
			sleep "$moment"
			strike "$1"
			case $1 in server | front | command) ;; *) touch stop ;; esac
			finish
			echo "$1 killed after $moment s of $activity: status $status"
			"$2"
			assert_nothing_left
		done
	done
}

session_goes_on()
{
	assert_success
	assert_image
}

idle_driver_killed()
{
	assert_line -p "the driver of $WORK/mnt was killed by signal 9"
	session_goes_on
}

@test "a guest" {
	MOMENTS=(0.02)
	kill_each guest session_goes_on
}

@test "the command, with --kill-on-exit" {
	command_killed()
	{
		assert_failure 137
		assert_image
	}
	kill_each command command_killed
}

@test "the server" {
	server_killed()
	{
		assert_failure 125
		assert_line -p "the session's server has ended unexpectedly"
		assert_image
	}
	kill_each server server_killed
}

@test "the front" {
	front_killed()
	{
		assert_failure 137
		assert_image
	}
	kill_each front front_killed
}

@test "the realm: another takes its place" {
	MOMENTS=(0.02)
	kill_each realm session_goes_on
}

@test "the realm's guard: another takes its place" {
	MOMENTS=(0.02)
	kill_each guard session_goes_on
}

@test "a driver that does nothing just now" {
	ACTIVITIES=(idle in_vusu)
	kill_each driver idle_driver_killed
}

@test "a driver that works: its callers get an error" {
	# The image cannot be whole, as ext2's is not when a machine is switched off.
	ACTIVITIES=(mounting writing running)
	driver_killed()
	{
		if [ "$status" -ne 0 ]; then
			assert_line -e "Transport endpoint is not connected|Input/output error|abort|killed by signal 9"
		fi
		e2fsck -fy img >fsck 2>&1 || [ $? -eq 1 ] || fail "$(cat fsck)"
		assert_equal "$(debugfs -R 'cat synced' img 2>/dev/null)" synced
	}
	kill_each driver driver_killed
}

@test "server and front at once: the realm ends the session" {
	local name
	for name in idle writing; do
		activity $name
		kill -KILL "$(victims server)" "$(victims front)"
		finish
		assert_failure 137
		assert_nothing_left
		assert_image
	done
}

@test "all that is called umvu, by pkill -9: the guard ends the session" {
	local activity name
	for activity in idle mounting; do
		activity $activity
		for name in umvu umvu-server umvu-realm; do
			# shellcheck disable=SC2046 # a word each
			kill -KILL $(marked $name) || true # there may be none, or none any more
		done
		finish
		assert_failure 137
		assert_nothing_left
		assert_image
	done
}

# SIGKILL to that process of umvu's that makes call $1.
struck_in()
{
	run strace -f -o trace -e trace="$1" -e inject="$1:signal=KILL" "$LEASH" umvu -N true
	grep -q "killed by SIGKILL" trace || fail "$1 was not the end:" "$(cat trace)"
}

@test "umvu while it makes a session" {
	need strace
	local call
	for call in memfd_create socketpair; do
		struck_in $call
		assert_failure 137
		assert_nothing_left
	done
}

@test "the server while it begins" {
	need strace
	local call
	for call in epoll_create1 mkdir bind unlinkat listen; do
		struck_in $call
		assert_failure 125
		assert_line -p "the session's server has ended unexpectedly"
		assert_nothing_left
	done
}
