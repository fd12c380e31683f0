# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# What the fault tests share: sessions in the background, and who is to be killed in them.
#
#   begin [OPTION...] <<'END'	the commands on stdin, by sh, in a session in the background; output in "out"
#   reached NAME [SECONDS]	waits until the script has made the file NAME ("touch NAME")
#   victims KIND		pids: server realm guard front driver, or what the script wrote to KIND.pid
#   strike KIND [SIGNAL]	sends it (KILL); where there is nobody now, to the next
#   finish			waits for the session's end: $status and $output as after "run"

load ../system/helpers/common

begin()
{
	cat >script.sh
	# 3: bats waits for all who have it.
	VU_TIMEOUT=${VU_TIMEOUT:-30} in_session "$@" sh script.sh >out 2>&1 3>&- &
	SESSION=$!
}

reached()
{
	wait_until "${2:-10}" test -e "$1" || fail "the session has not come to '$1':" "$(cat out)"
}

# Pids of the test's processes that are called so (comm), the eldest first.
marked()
{
	local pid
	for pid in $(pgrep -x "$1" | eldest_first); do
		! grep -qszxF "VU_TEST_MARK=$VU_TEST_MARK" "/proc/$pid/environ" || echo "$pid"
	done
}

victims()
{
	case $1 in
	server | realm) marked "umvu-$1" ;;
	guard) marked vu-guard ;;
	front) marked umvu | head -n 1 ;;
	driver) marked "${DRIVER:-fuse2fs}" ;;
	*) cat "$1.pid" ;;
	esac
}

there_is()
{
	[ -n "$(victims "$1")" ]
}

strike()
{
	local pids="" try
	for ((try = 0; try < 200; try++)); do
		pids=$(victims "$1")
		[ -z "$pids" ] || break
	done
	[ -n "$pids" ] || fail "no $1 to be killed:" "$(marked_processes)" "$(cat out)"
	# shellcheck disable=SC2086 # a word each
	kill "-${2:-KILL}" $pids 2>/dev/null || true # it may have ended meanwhile
}

# shellcheck disable=SC2034 # what "run" would set, for the assertions
finish()
{
	status=0
	wait "$SESSION" || status=$?
	output=$(cat out)
	mapfile -t lines <out
}
