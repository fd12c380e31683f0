#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client of umvu's socket that does all that abi/rpc.h forbids. Argument: which."""

import array
import os
import random
import re
import socket
import struct
import sys
import time

MAGIC = 0x43505256
with open(os.environ["VU_SOURCE"] + "/src/abi/view.h", encoding="ascii") as header:
    ABI = int(re.search(r"define VU_ABI_VERSION\s+(\d+)", header.read()).group(1))
OPS = range(1, 15)
FRONT_OPS = range(0x100, 0x104)
MANY = 1000


def connect():
    """A connection to the session's server; the agent turns the name into its socket."""
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.settimeout(20)
    s.connect("\0viewos")
    return s


def request(op, strings=(), a=0, b=0, c=0, magic=MAGIC, abi=ABI, length=None):
    """The bytes of a request."""
    text = b"".join(s + b"\0" for s in strings)
    head = struct.pack("<IHHIIQQQ24x", magic, abi, op, len(text) if length is None else length, 0, a, b, c)
    return head + text


def send(s, message, fds=()):
    """Send; a server that has closed the connection already is fine."""
    control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    try:
        s.sendmsg([message], control)
    except (BrokenPipeError, ConnectionResetError):
        pass


def result(s):
    """The result of the reply, None where the connection was closed."""
    try:
        reply = s.recv(65536)
    except ConnectionResetError:
        return None
    return struct.unpack("<Ii", reply[:8])[1] if len(reply) >= 32 else None


def ask(message, fds=()):
    """One request on a connection of its own."""
    with connect() as s:
        send(s, message, fds)
        return result(s)


def refused(message, fds=()):
    """It must be an error, or the end of the connection."""
    r = ask(message, fds)
    assert r is None or r < 0, (r, message[:80])


def garbage():
    """What is no request at all."""
    rnd = random.Random(1)
    for size in (0, 1, 3, 4, 39, 40, 41, 100, 65535, 65536, 65537, 150000):
        refused(rnd.randbytes(size))
    good = request(3, [b"vufuseext2", b"img", b"/mnt", b""])
    for cut in range(len(good)):
        refused(good[:cut])
    refused(request(1, magic=0))
    refused(request(1, abi=ABI + 1))
    refused(request(99))
    for length in (1, 0x7fffffff, 0xffffffff):
        refused(request(1, length=length))
    refused(request(5, [b"x"], length=1))
    refused(request(5)[:-1] + b"x" * 60)
    refused(request(3, [b""] * 200))
    refused(request(5, [b"x" * 65000]))


def odd():
    """Random numbers and strings in each operation; what they answer is their matter."""
    rnd = random.Random(2)
    words = [b"", b"x", b"/", b"..", b"/mnt", b"\xff" * 300, b"/" * 4096, b"%s%n", b"../../x", b"vufuseext2", b"fuse"]
    numbers = [0, 1, 2, 0xffffffff, 1 << 63, (1 << 64) - 1]
    for op in OPS:
        for _ in range(60):
            strings = [rnd.choice(words) for _ in range(rnd.randrange(6))]
            with connect() as s:
                send(s, request(op, strings, *(rnd.choice(numbers) for _ in range(3))))
                if op not in (8, 3):  # a view would live as long as we; a mount may have begun
                    result(s)


def descriptors():
    """Of all kinds, with all operations, and more of them than there may be."""
    pair = os.pipe()
    here = os.open(".", os.O_RDONLY)
    null = os.open("/dev/null", os.O_RDWR)
    for op in OPS:
        for fds in ([null], [here, null], [pair[0], pair[1], here], [null] * 4, [null] * 5, [null] * 200):
            for strings in ([], [b"x"], [b"vufuseext2", b"x", b"/x", b"fd=3,rootmode=40000,user_id=0"]):
                for c in (0, 1, 4, 5):
                    with connect() as s:
                        send(s, request(op, strings, c=c), fds)
                        if op != 8:
                            result(s)


def unread():
    """Replies that nobody takes."""
    for _ in range(50):
        s = connect()
        send(s, request(7))
        s.close()
    kept = []
    for _ in range(20):
        s = connect()
        for _ in range(200):
            send(s, request(9))
            s.setblocking(False)
        kept.append(s)
    assert ask(request(1)) == 0
    for op in (3, 4, 5, 6):
        s = connect()
        send(s, request(op, [b"vufuseext2", os.fsencode(os.path.abspath("img")), b"/tmp", b""][:4 if op == 3 else 1]))
        s.close()


def crowd():
    """More connections than the server has descriptors, perhaps; then it is to serve again."""
    kept = []
    try:
        for _ in range(MANY):
            kept.append(connect())
    except OSError:
        pass
    for s in kept:
        s.close()
    end = time.monotonic() + 20
    while ask(request(1)) != 0 and time.monotonic() < end:
        pass
    assert ask(request(1)) == 0


def front():
    """GUESTS, KILL and END are for who keeps a view."""
    for op in FRONT_OPS:
        for strings in ([], [b"1 2 3"]):
            refused(request(op, strings))
    # A view of our own may be made, and ends with the connection.
    with connect() as s:
        send(s, request(8, [b"mine"]))
        assert result(s) == 0
        send(s, request(8, [b"another"]))
        assert result(s) in (None, -1)
    with connect() as s:
        send(s, request(8, [b"mine"]))
        assert result(s) == 0
        send(s, request(0x100, [b"x 99999999999999999999 -1 " + b"7 " * 2000]))
        send(s, request(0x102))  # before the first is answered
        while result(s) is not None:
            pass


def descriptors_of_server():
    """How many it has open."""
    with connect() as s:
        pid = struct.unpack("iII", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
    return len(os.listdir(f"/proc/{pid}/fd"))


def main():
    """Do it; afterwards the server must not have more descriptors than before."""
    before = descriptors_of_server()
    globals()[sys.argv[1]]()
    end = time.monotonic() + 20
    while descriptors_of_server() > before:
        assert time.monotonic() < end, f"{descriptors_of_server()} descriptors, before: {before}"
        time.sleep(0.1)


if __name__ == "__main__":
    main()
    print(sys.argv[1] + ": done")
