#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Stacks on VDE networks, and by slirp: interfaces, addresses, traffic, name servers, what fails.

# shellcheck disable=SC2016 # scripts in quotes expand in the session
load helpers/common

setup()
{
	vu_setup
	unshare -Urn true 2>/dev/null || skip "no namespaces for ordinary users here"
	[ -w /dev/net/tun ] || skip "no /dev/net/tun on this machine"
}

# need_plug NAME: skips where this build has no such plug.
need_plug()
{
	[ -x "$VU_BUILD/lib/vu/modules/$1" ] || skip "built without $1"
}

# pair OPTIONS: prints what mounts two stacks, /dev/net/a (10.1.0.1) and /dev/net/b (10.1.0.2), on one network.
pair()
{
	cat <<-'END'
	vumount -t vunetvdestack -o ip=10.1.0.1/24,ip=fd01::1/64 switch://$PWD/sw /dev/net/a
	vumount -t vunetvdestack -o ip=10.1.0.2/24,ip=fd01::2/64,mac=02:00:00:00:00:02 vde://$PWD/sw /dev/net/b
	END
}

@test "two stacks on a switch: addresses, ping, TCP and UDP by IPv4 and IPv6" {
	need_plug vunet-vde
	need ping
	{
		pair
		cat <<-'END'
		grep -c vunetvdestack /proc/mounts
		vustack /dev/net/b ip -br link show vde0
		vustack /dev/net/a ping -c 2 -i 0.2 -W 5 10.1.0.2 | grep -o ' 0% packet loss'
		vustack /dev/net/a ping -c 2 -i 0.2 -W 5 fd01::2 | grep -o ' 0% packet loss'
		cat >talk.py <<-'PY'
		import socket, subprocess, sys
		for family, type, addr in ((2, 1, "10.1.0.2"), (2, 2, "10.1.0.2"), (10, 1, "fd01::2"), (10, 2, "fd01::2")):
		    s = socket.socket(family, type); s.bind((addr, 7)); type == 1 and s.listen()
		    code = f"import socket; s = socket.socket({family}, {type}); s.connect(('{addr}', 7)); s.send(b'x' * 9000); " \
		           "print(s.recv(99))"
		    p = subprocess.Popen(["vustack", "/dev/net/a", "python3", "-c", code])
		    if type == 1:
		        c, who = s.accept(); n = 0
		        while n < 9000: n += len(c.recv(9000))
		        c.sendall(b"got %d" % n)
		    else:
		        d, who = s.recvfrom(9999); s.sendto(b"got %d" % len(d), who)
		    print(who[0], p.wait(), flush=True)
		PY
		vustack /dev/net/b python3 talk.py
		END
	} | session_script >out
	assert_equal "$(sed 's/ *<.*//' out)" "2
vde0             UNKNOWN        02:00:00:00:00:02
 0% packet loss
 0% packet loss
b'got 9000'
10.1.0.1 0
b'got 9000'
10.1.0.1 0
b'got 9000'
fd01::1 0
b'got 9000'
fd01::1 0"
	refute_file sw
}

@test "curl, iperf3, ss and nft between two stacks, as an ordinary user" {
	need_plug vunet-vde
	need curl iperf3 ss nft
	mkdir www
	seq 1 100000 >www/page
	{
		pair
		cat <<-'END'
		vustack /dev/net/b sh -c 'cd www && exec python3 -m http.server 80' >/dev/null 2>&1 & web=$!
		vustack /dev/net/b iperf3 -s -1 >/dev/null & perf=$!
		until vustack /dev/net/b ss -ltnH | grep -c . | grep -q 2; do sleep 0.05; done
		vustack /dev/net/b ss -ltnH | sed 's/  */ /g' | cut -d' ' -f4 | sort
		ss -ltnH "sport = :5201" | wc -l
		vustack /dev/net/a curl -s -m 20 http://10.1.0.2/page | cmp - www/page && echo same
		vustack /dev/net/a iperf3 -c 10.1.0.2 -n 4M -J | python3 -c 'import json, sys
		print(json.load(sys.stdin)["end"]["sum_sent"]["bytes"] >= 4 << 20)'
		wait $perf
		vustack /dev/net/b nft add table inet t
		vustack /dev/net/b nft add chain inet t in '{ type filter hook input priority 0; }'
		vustack /dev/net/b nft add rule inet t in tcp dport 80 reject with tcp reset
		vustack /dev/net/a curl -s -m 20 http://10.1.0.2/page || echo "refused $?"
		kill $web
		END
	} | session_script >out 2>err || { cat out err; false; }
	assert_equal "$(cat out)" "*:5201
0.0.0.0:80
0
same
True
refused 7"
}

@test "the switch dies and comes back: no carrier meanwhile, nothing hangs" {
	need_plug vunet-vde
	need vde_plug ping
	run session_script <<-'END'
	vde_plug null:// switch://$PWD/sw & plug=$!
	until [ -e sw ]; do sleep 0.05; done
	vumount -t vunetvdestack -o ip=10.1.0.1/24 vde://$PWD/sw /dev/net/a
	vumount -t vunetvdestack -o ip=10.1.0.2/24 vde://$PWD/sw /dev/net/b
	vustack /dev/net/a ping -c 1 -W 5 10.1.0.2 | grep -o ' 0% packet loss'
	kill $plug; wait $plug || true
	until vustack /dev/net/a ip link show vde0 | grep -q NO-CARRIER; do sleep 0.05; done
	vustack /dev/net/a ping -c 1 -W 1 10.1.0.2 >ping || echo "ping $?"
	rm -rf sw; vde_plug null:// switch://$PWD/sw & plug=$!
	until vustack /dev/net/a ip link show vde0 | grep -q LOWER_UP; do sleep 0.05; done
	until vustack /dev/net/b ip link show vde0 | grep -q LOWER_UP; do sleep 0.05; done
	vustack /dev/net/a ping -c 1 -W 5 10.1.0.2 | grep -o ' 0% packet loss'
	kill $plug; vuumount /dev/net/a; vuumount /dev/net/b
	END
	assert_success
	assert_equal "$(grep -v Killed <<<"$output")" " 0% packet loss
ping 1
 0% packet loss"
}

@test "the plug is killed and started again; the stack's process is killed: ENETDOWN, and it goes" {
	need_plug vunet-vde
	need ping
	{
		pair
		cat <<-'END'
		for p in $(ps -o pid= -C vunet-vde); do
			! grep -qzxF "VU_TEST_MARK=$VU_TEST_MARK" /proc/$p/environ || echo $p; done >plugs
		b=$(tail -1 plugs); kill -9 $b
		until [ "$(ps -o pid= -C vunet-vde | grep -cvxFf plugs)" -ge 1 ]; do sleep 0.05; done
		until vustack /dev/net/a ping -c 1 -W 1 10.1.0.2 >/dev/null; do :; done; echo again
		for p in $(ps -o pid= -C vu-net); do
			! grep -qzxF "VU_TEST_MARK=$VU_TEST_MARK" /proc/$p/environ || kill -9 $p; done
		until vustack /dev/net/a python3 -c 'import socket
		try: socket.socket(2, 3, 1)
		except OSError as e: raise SystemExit(e.errno != 100)'; do sleep 0.05; done; echo down
		vuumount /dev/net/a; vuumount /dev/net/b; vustack --list | wc -l
		END
	} | session_script >out 2>err || { cat out err; false; }
	assert_equal "$(cat out)" "again
down
1"
}

@test "several interfaces, DHCP, a switch of one's own" {
	need_plug vunet-vde
	run session_script <<-'END'
	vumount -t vunetvdestack -o ifname=left,ip=10.1.0.1/24,ifname=right,ip=10.2.0.1/24,mtu=9000 \
		"switch://$PWD/a switch://$PWD/b" /dev/net/router
	vustack /dev/net/router ip -br -4 addr
	vustack /dev/net/router cat /sys/class/net/right/mtu
	vustack --list | tail -1 | grep -o left,right
	vustack --new vunetvdestack,ip=10.2.0.3/24,gw=10.2.0.1,dns=10.2.0.1:vde://$PWD/b -- sh -c '
		ping -c 1 -W 5 10.1.0.1 | grep -o " 0% packet loss"; cat /etc/resolv.conf'
	cat /proc/mounts | grep -c vunet
	END
	assert_success
	assert_output "lo               UNKNOWN        127.0.0.1/8 
left             UNKNOWN        10.1.0.1/24 
right            UNKNOWN        10.2.0.1/24 
9000
left,right
 0% packet loss
nameserver 10.2.0.1
1"
}

@test "DHCP asks the network for everything, and fails where nobody answers" {
	need_plug vunet-vde
	need udhcpc
	run session_script <<-'END'
	vumount -t vunetvdestack -o dhcp slirp:// /dev/net/d
	vustack /dev/net/d ip -br -4 addr show vde0
	vustack /dev/net/d ip route | grep -o "default via [0-9.]*"
	vustack /dev/net/d cat /etc/resolv.conf
	vuumount /dev/net/d
	vumount -t vunetvdestack -o dhcp switch://$PWD/sw /dev/net/e || echo "status $?"
	vustack --list | wc -l
	END
	compgen -G '/usr/lib/*/vdeplug/libvdeplug_slirp.so' >/dev/null || skip "no libvdeplug-slirp on this machine"
	assert_success
	assert_line -e "^vde0 +UNKNOWN +10.0.2.15/24"
	assert_line "default via 10.0.2.2"
	assert_line "nameserver 10.0.2.3"
	assert_line "umvu: no DHCP server has answered on vde0"
	assert_line "vumount: '/dev/net/e': Connection timed out"
	assert_equal "${lines[-2]} ${lines[-1]}" "status 32 1"
}

@test "other URLs: hub, ptp, udp" {
	need_plug vunet-vde
	need ping
	run session_script <<-'END'
	two() {
		vumount -t vunetvdestack -o ip=10.1.0.1/24 "$1" /dev/net/a
		vumount -t vunetvdestack -o ip=10.1.0.2/24 "$2" /dev/net/b
		vustack /dev/net/a ping -c 2 -i 0.2 -W 5 10.1.0.2 | grep -o ' 0% packet loss'
		vuumount /dev/net/a; vuumount /dev/net/b
	}
	ports=$(python3 -c 'import socket
	s = [socket.socket(2, 2) for i in range(2)]
	for x in s: x.bind(("127.0.0.1", 0))
	print(*[x.getsockname()[1] for x in s])')
	two hub://$PWD/hub vde://$PWD/hub
	two ptp://$PWD/ptp ptp://$PWD/ptp
	two "udp://${ports% *}->127.0.0.1:${ports#* }" "udp://${ports#* }->127.0.0.1:${ports% *}"
	END
	assert_success
	assert_output " 0% packet loss
 0% packet loss
 0% packet loss"
}

@test "vxvde, in a network namespace of the test's own" {
	need_plug vunet-vde
	need ping
	cat >inside <<-'END'
	vumount -t vunetvdestack -o ip=10.1.0.1/24 vxvde:// /dev/net/a
	vumount -t vunetvdestack -o ip=10.1.0.2/24 vxvde:// /dev/net/b
	vustack /dev/net/a ping -c 2 -i 0.2 -W 5 10.1.0.2 | grep -o ' 0% packet loss'
	END
	run unshare -rn sh -ec 'ip link set lo up multicast on; ip route add 239.0.0.0/8 dev lo
		exec unshare -U --map-user=1000 --map-group=1000 umvu -N sh -e inside'
	assert_success
	assert_output " 0% packet loss"
}

@test "recorded: --pcap" {
	need_plug vunet-vde
	need tcpdump ping
	{
		pair
		cat <<-'END'
		vustack --pcap rec /dev/net/a sh -c 'ping -c 2 -i 0.2 -W 5 10.1.0.2; ping -c 1 127.0.0.1' >ping
		tcpdump -nr rec icmp 2>/dev/null | sed 's/.* IP //; s/, id.*seq/ seq/'
		vustack --pcap rec2 --new vunetnull -- sh -c 'exit 3' || echo "status $?"
		tcpdump -nr rec2 2>/dev/null | wc -l
		vustack --pcap /no/file /dev/net/a true || echo "status $?"
		END
	} | session_script >out 2>err || { cat out err; false; }
	assert_equal "$(cat out)" "10.1.0.1 > 10.1.0.2: ICMP echo request seq 1, length 64
10.1.0.2 > 10.1.0.1: ICMP echo reply seq 1, length 64
10.1.0.1 > 10.1.0.2: ICMP echo request seq 2, length 64
10.1.0.2 > 10.1.0.1: ICMP echo reply seq 2, length 64
127.0.0.1 > 127.0.0.1: ICMP echo request seq 1, length 64
127.0.0.1 > 127.0.0.1: ICMP echo reply seq 1, length 64
status 3
0
status 125"
	assert_equal "$(tail -1 err)" "vustack: '/no/file': No such file or directory"
}

@test "slirp: the host by 10.0.2.2, ports forwarded, no other way in" {
	need_plug vunet-slirp
	need curl
	echo "from the host" >page
	mkdir in
	echo "from the stack" >in/page
	run session_script <<-'END'
	port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
	web=$(port); fwd=$(port)
	python3 -m http.server $web --bind 127.0.0.1 >/dev/null 2>&1 & w=$!
	vumount -t vunetslirp -o hostloopback,hostfwd=tcp:$fwd:80 none /dev/net/s
	vustack /dev/net/s sh -c 'cd in && exec python3 -m http.server 80' >/dev/null 2>&1 & i=$!
	get() { curl -s --retry 20 --retry-connrefused --retry-delay 0 -m 20 "$@"; }
	get http://127.0.0.1:$web/page
	vustack /dev/net/s curl -s -m 20 http://10.0.2.2:$web/page
	until curl -s -m 5 http://127.0.0.1:$fwd/page; do sleep 0.1; done
	vustack /dev/net/s cat /etc/resolv.conf
	vustack /dev/net/s cat /sys/class/net/tap0/mtu
	vustack --new vunetslirp -- curl -s -m 20 http://10.0.2.2:$web/page || echo "refused $?"
	vustack --new vunetslirp,ip=10.7.0.9/24,mtu=1400 -- sh -c 'ip -br -4 addr show tap0; cat /etc/resolv.conf /sys/class/net/tap0/mtu'
	kill $w $i
	END
	assert_success
	assert_equal "$(grep -v Terminated <<<"$output")" "from the host
from the host
from the stack
nameserver 10.0.2.3
65520
refused 7
tap0             UNKNOWN        10.7.0.9/24 
nameserver 10.7.0.3
1400"
}

@test "name servers: those of the stack are asked" {
	need_plug vunet-vde
	need dnsmasq dig getent
	{
		pair
		cat <<-'END'
		vustack /dev/net/a dnsmasq -k -C /dev/null -R -h --address=/there.test/10.1.0.77 -u "$(id -un)" -x "" & d=$!
		vumount -t vunetvdestack -o ip=10.1.0.3/24,dns=10.1.0.1 vde://$PWD/sw /dev/net/c
		until vustack /dev/net/c dig +short +time=1 +tries=1 there.test | grep 10.1.0.77; do sleep 0.1; done
		vustack /dev/net/c getent hosts there.test
		getent hosts there.test || echo "not known to the host"
		kill $d
		END
	} | session_script >out 2>err || { cat out err; false; }
	assert_equal "$(cat out)" "10.1.0.77
10.1.0.77       there.test
not known to the host"
}

@test "what is wrong: the errno of the real thing, one line, nothing half made" {
	need_plug vunet-vde
	need_plug vunet-slirp
	run session_script <<-'END'
	try() { vumount -t "$@" /dev/net/x || echo "status $?"; }
	try vunetvdestack bogus://; try vunetvdestack vde:///no/such; try vunetvdestack -o ip=10.0.0.1 switch://$PWD/s
	try vunetvdestack -o ip=10.0.0.300/24 switch://$PWD/s; try vunetvdestack -o mtu=1 switch://$PWD/s
	try vunetvdestack -o mac=zz switch://$PWD/s; try vunetvdestack -o ifname=averyveryverylongname switch://$PWD/s
	try vunetvdestack -o ifname=a,ifname=b switch://$PWD/s; try vunetvdestack -o gw=10.9.0.1 switch://$PWD/s
	try vunetslirp -o dhcp none; try vunetslirp -o hostfwd=tcp:1 none; try vunetslirp -o dns=x none
	vustack --list | wc -l; ls
	END
	assert_success
	assert_line "umvu: 'bogus://': Protocol not supported"
	assert_line "umvu: 'vde:///no/such': No such file or directory"
	assert_line "umvu: '10.0.0.1' is no address with the length of its network (ADDRESS/LENGTH)"
	assert_line "umvu: '10.0.0.300/24' is no address with the length of its network (ADDRESS/LENGTH)"
	assert_line "umvu: mtu=1: is not between 68 and 65521"
	assert_line "umvu: mac=zz: is no hardware address of an interface"
	assert_line "umvu: 'averyveryverylongname' is no name for an interface"
	assert_line "umvu: vunetvdestack has no URL for each ifname="
	assert_line "umvu: interface vde0: gw: Network is unreachable"
	assert_line "umvu: hostfwd=tcp:1: is not of the form tcp|udp:[ADDRESS:]PORT:[ADDRESS:]PORT"
	assert_line "umvu: dns=x: is no address"
	assert_equal "$(grep -c 'status 32' <<<"$output")" 12
	assert_equal "${lines[-1]}" 1
}
