#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Network stacks whose processes die or stop, whose peers flood, or that are asked by nonsense: nothing hangs,
# nothing stays behind.

load helpers/fault

setup()
{
	vu_setup
	unshare -Urn true 2>/dev/null || skip "no namespaces for ordinary users here"
	[ -w /dev/net/tun ] || skip "no /dev/net/tun on this machine"
	[ -x "$VU_BUILD/lib/vu/modules/vunet-vde" ] || skip "built without vunet-vde"
}

# busy_session: a stack on a switch, with a guest that makes sockets all the time.
busy_session()
{
	VU_TIMEOUT=30 begin --kill-on-exit <<-'END'
	vumount -t vunetvdestack -o ip=10.1.0.1/24 switch://$PWD/sw /dev/net/test || exit
	vustack /dev/net/test python3 -c '
	import os, socket
	open("ready", "w").close()
	while not os.path.exists("stop"):
	    for kind in ((2, 1, 0), (2, 3, 1), (17, 3, 0)):
	        try: socket.socket(*kind).close()
	        except OSError as e: open("error", "w").write(str(e.errno))'
	vustack --list | wc -l
	vuumount /dev/net/test || echo "status $?"
	END
	reached ready
}

@test "the server is killed: makers, plugs and their sockets go with it" {
	busy_session
	strike server
	touch stop
	finish
	assert_nothing_left 10
	refute_file sw
}

@test "the maker is killed: sockets fail, the rest goes on, the stack is unmounted" {
	busy_session
	strike_maker
	wait_until 10 test -e error
	touch stop
	finish
	assert_success
	assert_equal "$(cat error)" 100
	assert_line 2
	refute_output -p "status"
}

strike_maker()
{
	local pid
	for pid in $(marked vu-net); do
		kill "-${1:-KILL}" "$pid"
	done
}

@test "the realm is killed: the stack lives on, others can be made" {
	busy_session
	strike realm
	touch stop
	finish
	assert_success
	refute_file error
	assert_line 2
}

@test "the maker is stopped: who waits for a socket can be ended" {
	VU_TIMEOUT=30 begin <<-'END'
	vumount -t vunetnull none /dev/net/test
	touch ready
	until [ -e stopped ]; do sleep 0.05; done
	timeout 1 vustack /dev/net/test python3 -c 'import socket; socket.socket(2, 3, 1)' || echo "status $?"
	touch over
	until [ -e go ]; do sleep 0.05; done
	vustack /dev/net/test python3 -c 'import socket; socket.socket(2, 3, 1); print("works")'
	END
	reached ready
	strike_maker STOP
	touch stopped
	reached over
	strike_maker CONT
	touch go
	finish
	assert_success
	assert_output "status 124
works"
}

@test "the switch is stopped: unmounting works, the session ends, nothing stays" {
	VU_TIMEOUT=30 begin <<-'END'
	vde_plug null:// switch://$PWD/sw & echo $! >switch.pid
	until [ -e sw ]; do sleep 0.05; done
	vumount -t vunetvdestack -o ip=10.1.0.1/24 vde://$PWD/sw /dev/net/test
	vumount -t vunetvdestack -o ip=10.1.0.2/24 vde://$PWD/sw /dev/net/other
	kill -STOP $(cat switch.pid)
	vustack /dev/net/test python3 -c '
	import socket
	s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setblocking(False)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
	for i in range(20000):
	    try: s.sendto(b"x" * 1000, ("10.1.0.255", 9))
	    except OSError: pass
	print("sent")'
	vuumount /dev/net/test && echo gone
	kill -9 $(cat switch.pid); rm -rf sw
	END
	need vde_plug
	finish
	assert_success
	assert_line "sent"
	assert_line "gone"
	assert_nothing_left 10
}

@test "the peer floods, with frames and with what is none; unmounting works" {
	VU_TIMEOUT=50 begin <<-'END'
	vumount -t vunetvdestack -o ip=10.1.0.1/24 switch://$PWD/sw /dev/net/test || exit
	vumount -t vunetvdestack -o ip=10.1.0.2/24 vde://$PWD/sw /dev/net/peer || exit
	cat >flood.py <<-'PY'
	import os, socket, time
	s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(("vde0", 0)); s.setblocking(False)
	frames = [b"\xff" * 6 + os.urandom(6) + os.urandom(n) for n in (2, 46, 60, 400, 1502)]
	frames += [b"\xff" * 12 + b"\x08\x00" + os.urandom(n) for n in (8, 20, 1000)]
	open("flooding", "w").close()
	while not os.path.exists("stop"):
	    for f in frames:
	        try: s.send(f)
	        except OSError: pass
	PY
	vustack /dev/net/peer python3 flood.py & pid=$!
	until [ -e flooding ]; do sleep 0.05; done
	vustack /dev/net/test sh -c 'for i in 1 2 3; do ip -s link show vde0 >/dev/null || exit; done; echo alive'
	vuumount /dev/net/test && echo gone
	touch stop; wait $pid; vuumount /dev/net/peer && echo gone
	END
	finish
	assert_success
	assert_output "alive
gone
gone"
}

@test "nonsense at the maker's socket, connections without end, no descriptors left" {
	run session_script <<-'END'
	vumount -t vunetnull none /dev/net/test
	cat >nonsense.py <<-'PY'
	import os, re, socket, struct
	def makers():
	    for p in filter(str.isdigit, os.listdir("/proc")):
	        try:
	            if open(f"/proc/{p}/comm").read() == "umvu-server\n": yield p
	        except OSError: pass
	def dial(name):
	    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
	    try: s.connect(name); return s
	    except OSError: s.close()
	held = []
	for p in makers():
	    try: fds = os.listdir(f"/proc/{p}/fd")
	    except OSError: continue
	    for fd in fds:
	        for msg in (b"", b"x", struct.pack("4i", 9, 0, 0, 0), struct.pack("4i", 1, 1, 1, 0),
	                    struct.pack("4i", 1, -5, 2**31 - 1, -1), struct.pack("4i", 2, 0, -1, 0), b"y" * 3000):
	            s = dial(f"/proc/{p}/fd/{fd}")
	            if s: s.settimeout(1); s.send(msg) if msg else None; held.append(s)
	        for i in range(300):
	            s = dial(f"/proc/{p}/fd/{fd}")
	            if s: held.append(s)
	            else: break
	print(len(held) > 0)
	PY
	ulimit -n 4096; python3 nonsense.py
	vustack /dev/net/test python3 -c 'import socket; socket.socket(2, 3, 1); print("works")'
	vustack /dev/net/test sh -c 'ulimit -n 20; exec python3 -c "
	import socket, errno
	s = []
	try:
	    while True: s.append(socket.socket())
	except OSError as e: print(errno.errorcode[e.errno])"'
	END
	assert_success
	assert_output "True
works
EMFILE"
}
