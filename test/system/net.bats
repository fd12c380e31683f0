#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Network stacks: whose sockets they are, what is seen of them, who inherits them, what is refused.

# shellcheck disable=SC2016 # scripts in quotes expand in the session
load helpers/common

S=/dev/net/test

# stack_script [OPTION...]: the commands on stdin in a session that has a stack without a network, $S.
stack_script()
{
	{
		echo "S=$S"
		echo 'vumount -t vunetnull none $S'
		cat
	} | session_script "$@"
}

# Where user namespaces or taps are not to be had there are no stacks.
setup()
{
	vu_setup
	unshare -Urn true 2>/dev/null || skip "no namespaces for ordinary users here"
}

@test "a stack has its own interfaces, the host's stay as they are" {
	ip -br link >host
	run stack_script <<-'END'
	vustack $S ip -br link
	ip -br link | cmp - host
	vustack $S ip addr add 10.9.0.1/24 dev lo
	vustack $S ip route add 10.8.0.0/16 dev lo
	vustack $S ip route get 10.8.1.1 | grep -o 'dev lo'
	vustack $S ip -br addr
	ip -br link | cmp - host
	END
	assert_success
	assert_line -e "^lo +UNKNOWN"
	assert_line "dev lo"
	assert_line -p "10.9.0.1/24"
	refute_output -p "differ"
}

@test "the classic way: vu_insmod, mount, vustack, umount" {
	run in_session sh -ec 'vu_insmod vunet; mount -t vunetnull none /dev/net/test
		grep vunet /proc/mounts; findmnt -n -o FSTYPE /dev/net/test
		vustack /dev/net/test sh -c "ip -br link | wc -l"
		vu_rmmod vunet && exit 9; umount /dev/net/test; vu_rmmod vunet; grep vunet /proc/mounts || echo gone'
	assert_success
	assert_line "none /dev/net/test vunetnull rw,nosuid,nodev,relatime 0 0"
	assert_line "vunetnull"
	assert_line "1"
	assert_line -p "module 'vunet' is in use by the mount on /dev/net/test"
	assert_line "gone"
}

@test "files of /proc and /sys follow the stack" {
	run stack_script <<-'END'
	vustack $S sh -ec 'for f in /proc/net/dev /proc/self/net/dev /proc/thread-self/net/dev; do
		sed 1,2d $f | cut -d: -f1; done; ls /sys/class/net /proc/sys/net/ipv4/conf; readlink /proc/net
		cat /sys/class/net/lo/mtu; cd /proc/net; pwd; test -r unix; cat dev | wc -l'
	END
	assert_success
	assert_output "    lo
    lo
    lo
/proc/sys/net/ipv4/conf:
all
default
lo

/sys/class/net:
lo
self/net
65536
/proc/net
3"
}

@test "settings are the stack's, and new sockets have them" {
	run stack_script <<-'END'
	cat /proc/sys/net/ipv6/bindv6only >before
	vustack $S python3 - <<-'PY'
	import socket
	def v6only():
	    with socket.socket(socket.AF_INET6) as s:
	        return s.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
	print(v6only())
	with open("/proc/sys/net/ipv6/bindv6only", "w") as f: f.write("1")
	print(open("/proc/sys/net/ipv6/bindv6only").read().strip(), v6only(), v6only())
	PY
	cmp before /proc/sys/net/ipv6/bindv6only
	END
	assert_success
	assert_output "0
1 1 1"
}

@test "sockets of all kinds, ports below 1024, ping" {
	need ping
	run stack_script <<-'END'
	vustack $S python3 - <<-'PY'
	import socket, os
	low = os.open("/dev/null", 0); os.close(low)
	kinds = [(socket.AF_INET, socket.SOCK_STREAM, 0), (socket.AF_INET, socket.SOCK_DGRAM, 17),
	         (socket.AF_INET6, socket.SOCK_STREAM, 6), (socket.AF_INET6, socket.SOCK_DGRAM, 0),
	         (socket.AF_INET, socket.SOCK_RAW, 1), (socket.AF_PACKET, socket.SOCK_RAW, 3),
	         (socket.AF_NETLINK, socket.SOCK_RAW, 0), (socket.AF_INET, socket.SOCK_DGRAM, 1)]
	for k in kinds:
	    s = socket.socket(*k)
	    print(s.getsockopt(socket.SOL_SOCKET, 39), s.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE),
	          s.fileno() - low, os.get_inheritable(s.fileno()))
	    s.close()
	s = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
	print(os.get_blocking(s.fileno()))
	t = socket.socket(); t.bind(("127.0.0.1", 80)); t.listen()
	print(t.getsockname(), socket.if_nameindex(), socket.if_nametoindex("lo"))
	c = socket.create_connection(("127.0.0.1", 80)); a, _ = t.accept(); c.sendall(b"hello"); print(a.recv(9))
	for bad in ((99, 1, 0), (2, 77, 0), (2, 1, 250)):
	    try: socket.socket(*bad)
	    except OSError as e: print(e.errno)
	PY
	vustack $S ping -c 1 -W 5 127.0.0.1 | grep -o ' 0% packet loss'
	END
	assert_success
	assert_output "2 1 0 False
2 2 0 False
10 1 0 False
10 2 0 False
2 3 0 False
17 3 0 False
16 3 0 False
2 2 0 False
False
('127.0.0.1', 80) [(1, 'lo')] 1
b'hello'
97
22
93
 0% packet loss"
}

@test "two stacks have the same port, and do not reach each other or the host" {
	run stack_script <<-'END'
	vumount -t vunetnull none /dev/net/other
	cat >serve.py <<-'PY'
	import socket, sys, os
	s = socket.socket(); s.bind(("127.0.0.1", 1080)); s.listen(); print("up", flush=True)
	open(sys.argv[1], "w").close()
	sys.stdin.read()
	PY
	mkfifo end; exec 9<>end
	vustack $S python3 serve.py up1 <end 9>&- &
	vustack /dev/net/other python3 serve.py up2 <end 9>&- &
	while [ ! -e up1 ] || [ ! -e up2 ]; do sleep 0.05; done
	try='import socket; s = socket.socket(); print(s.connect_ex(("127.0.0.1", 1080)))'
	python3 -c "$try"; vustack $S python3 -c "$try"; vustack /dev/net/other python3 -c "$try"
	exec 9>&-; wait; rm end
	END
	assert_success
	assert_output "up
up
111
0
0"
}

@test "families one by one, the shell's own stack, back to the host" {
	run stack_script <<-'END'
	cat >p.py <<-'PY'
	import socket
	host = socket.socket(socket.AF_UNIX).getsockopt(1, 71, 8)
	def whose(*kind): return "host" if socket.socket(*kind).getsockopt(1, 71, 8) == host else "stack"
	print(whose(2, 1), whose(10, 2), whose(16, 3, 0))
	PY
	python3 p.py
	vustack $S python3 p.py
	vustack -f ipv6 $S python3 p.py
	vustack -f ipv4,netlink $S vustack -f ipv6 $S vustack -f ipv4 host python3 p.py
	vustack -s $S; python3 p.py; sh -c 'python3 p.py; true'
	vustack -s -v host; python3 p.py
	vustack -s -f ipv4 $S; python3 p.py; vustack -s host
	END
	assert_success
	refute_output -p Traceback
	assert_equal "$(sed /process/d <<<"$output")" "host host host
stack stack stack
host stack host
host stack stack
stack stack stack
stack stack stack
host host host
stack host host"
	assert_line -e "^vustack: process [0-9]+: host"
}

@test "static and Go programs, threads, sockets passed on" {
	need go gcc
	mkdir -p go
	cat >go/main.go <<-'END'
	package main

	import (
		"fmt"
		"net"
	)

	func main() {
		i, err := net.Interfaces()
		fmt.Println(len(i), err)
		l, err := net.Listen("tcp", "127.0.0.1:81")
		fmt.Println(l.Addr(), err)
		c, err := net.Dial("tcp", "127.0.0.1:81")
		fmt.Println(c.RemoteAddr(), err)
	}
	END
	(cd go && GOFLAGS=-mod=mod GO111MODULE=off CGO_ENABLED=0 go build -o ../gonet main.go)
	cat >s.c <<-'END'
	#include <stdio.h>
	#include <ifaddrs.h>
	#include <net/if.h>
	int main(void)
	{
		struct ifaddrs *a;
		int n = 0;
		if (getifaddrs(&a)) return 1;
		for (; a; a = a->ifa_next) n++;
		printf("%d %u\n", n, if_nametoindex("lo"));
	}
	END
	gcc -static -o static s.c
	run stack_script <<-'END'
	vustack $S ./gonet; vustack $S ./static
	vustack $S python3 -c '
	import socket, os
	a, b = socket.socketpair()
	if os.fork() == 0:
	    socket.send_fds(a, [b"x"], [socket.socket().detach()]); os._exit(0)
	_, fds, _, _ = socket.recv_fds(b, 9, 1)
	s = socket.socket(fileno=fds[0]); s.bind(("127.0.0.1", 82)); print(s.getsockname())
	import threading
	t = threading.Thread(target=lambda: print(len(socket.if_nameindex()))); t.start(); t.join()'
	END
	assert_success
	assert_output "1 <nil>
127.0.0.1:81 <nil>
127.0.0.1:81 <nil>
3 1
('127.0.0.1', 82)
1"
}

@test "a process in a network namespace of its own has that one's sockets" {
	need unshare
	run stack_script <<-'END'
	vustack $S ip addr add 10.7.0.1/24 dev lo
	vustack $S unshare -rn sh -c 'ip -br addr | grep -c 10.7.0.1; ip link show lo | grep -o DOWN | tail -1'
	vustack $S sh -c 'unshare -rn true; ip -br addr | grep -c 10.7.0.1'
	END
	assert_output "0
DOWN
1"
}

@test "a process in a user namespace of its own keeps its stack" {
	run stack_script <<-'END'
	vustack $S ip addr add 10.7.0.1/24 dev lo
	vustack $S unshare -r sh -c 'ip -br addr | grep -c 10.7.0.1; python3 -c "import socket
	s = socket.socket(); s.bind((\"10.7.0.1\", 81)); print(s.getsockname())"'
	END
	assert_success
	assert_output "1
('10.7.0.1', 81)"
}

@test "tun devices are made in the stack" {
	[ -w /dev/net/tun ] || skip "no /dev/net/tun on this machine"
	run stack_script <<-'END'
	vustack $S ip tuntap add dev mytap mode tap
	vustack $S ip -br link show mytap | cut -d' ' -f1
	ip link show mytap 2>/dev/null || echo none
	END
	assert_success
	assert_output "mytap
none"
}

@test "listed, as text and as JSON; several views" {
	run stack_script <<-'END'
	vumount -t vunethost none /dev/net/h
	vustack --list
	vustack --list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["stacks"][0]["type"])'
	vustack /dev/net/h sh -c 'ip -br link' | wc -l >a; ip -br link | wc -l | cmp - a
	umvu -N sh -c 'vustack --list | wc -l; vustack '$S' ip -br link | wc -l; vuumount '$S'; vustack --list | wc -l'
	vustack $S ip -br link | wc -l
	END
	assert_success
	assert_line -e "^$S +vunetnull +none"
	assert_line "vunetnull"
	assert_equal "${lines[*]: -4}" "3 1 2 1"
}

@test "what is wrong is said in one line, and nothing is half made" {
	run stack_script <<-'END'
	st() { "$@" && s=0 || s=$?; echo "status $s"; }
	st vustack /dev/net/no true; st vustack / true; st vustack -f bogus $S true; st vustack
	st vustack $S no-such-command; st vustack $S /; st vustack $S sh -c 'exit 7'
	st vumount -t vunetnull -o ip=10.0.0.1/8 none /dev/net/x; st vumount -t vunetbogus none /dev/net/x
	mkdir dir; st vumount -t vunetnull none dir
	vustack --list | wc -l
	END
	assert_success
	assert_line "vustack: '/dev/net/no': there is no such stack"
	assert_line "vustack: '/': there is no such stack"
	assert_line -p "'bogus': is not a list of"
	assert_line "vustack: 'no-such-command': No such file or directory"
	assert_line "umvu: vunetnull has no options"
	assert_line "vumount: '/dev/net/x': No such device"
	assert_line "vumount: 'dir': Not a directory"
	assert_equal "$(grep ^status <<<"$output" | tr -d '\n')" \
		"status 125status 125status 125status 125status 127status 126status 7status 32status 32status 32"
	assert_equal "${lines[-1]}" 2
	run vustack --list
	assert_failure 125
	assert_output -p "not in a View OS session"
}

@test "a stack in use does not go: those whose it is, those who have sockets of it; -l" {
	run stack_script <<-'END'
	mkfifo end; exec 9<>end
	vustack $S sh -c 'touch up1; read x' <end 9>&- & pid=$!
	until [ -e up1 ]; do sleep 0.05; done
	vuumount $S 2>err || grep -c "^umvu: $pid (sh)" err; tail -2 err | head -1
	echo >end; wait
	cat >hold.py <<-'PY'
	import os, socket
	s = socket.socket(); s.bind(("127.0.0.1", 99)); s.listen(); os.set_inheritable(s.fileno(), True)
	os.execvp("vustack", ["vustack", "host", "sh", "-c", "touch up2; read x"])
	PY
	vustack $S python3 hold.py <end 9>&- & pid=$!
	until [ -e up2 ]; do sleep 0.05; done
	vuumount $S 2>err || grep -c "^umvu: $pid (sh)" err
	vuumount -l $S; vustack --list | wc -l
	echo >end; wait; rm end
	END
	assert_success
	assert_output "1
vuumount: '$S': Device or resource busy
1
1"
}

@test "vuumount -f ends a stack that is in use" {
	run stack_script <<-'END'
	mkfifo end; exec 9<>end
	vustack $S sh -c 'touch up; read x; python3 -c "import socket; socket.socket()"' <end 9>&- 2>err & pid=$!
	until [ -e up ]; do sleep 0.05; done
	vuumount -f $S; vustack --list | wc -l
	echo >end; wait $pid || echo "status $?"; tail -1 err; rm end
	END
	assert_success
	assert_output "1
status 1
OSError: [Errno 100] Network is down"
}

@test "a driver has the stack of who mounts" {
	make_fake_ssh
	cat >ssh <<-'END'
	#!/bin/sh
	ip -br link >"$SEEN"
	exec "$SERVER"
	END
	for SERVER in /usr/lib/openssh/sftp-server /usr/lib/ssh/sftp-server /usr/libexec/openssh/sftp-server; do
		[ ! -x "$SERVER" ] || break
	done
	export SERVER SEEN=$PWD/seen
	run stack_script <<-'END'
	mkdir m dir; touch dir/file
	vustack $S vumount -t vufusesshfs -o ssh_command=$PWD/ssh host:$PWD/dir m
	ls m; wc -l <seen
	vuumount $S 2>&1 | grep -c sshfs
	vuumount m; vuumount $S
	END
	assert_success
	assert_output "file
1
1"
}

@test "umvu --net, and a view that is started with a stack" {
	ip -br link >host
	run in_session --net=vunetnull sh -c 'ip -br link | wc -l; umvu -N sh -c "ip -br link | wc -l
		vustack --list; vustack -s host; ip -br link | cmp - host || echo differ" | grep -v TYPE; ip -br link | wc -l'
	assert_equal "${lines[0]} ${lines[1]} ${lines[2]%% *} ${lines[3]}" "1 1 /dev/net/vunetnull 1"
	run in_session --net=vunetbogus true
	assert_failure 125
	assert_output -p "umvu: net: '/dev/net/vunetbogus': No such device"
}
