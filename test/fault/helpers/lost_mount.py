#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls names in the mount "mnt" without a pause, in many processes, and tells how that ended, a line each.

lost_mount.py forced	it is forced off meanwhile by vuumount -f: goes on to what is below
lost_mount.py often	it is mounted and taken off as usual, again and again
lost_mount.py dead	until it is killed
"""

import errno
import os
import signal
import subprocess
import sys

CALLS = {
    "stat": lambda: os.stat("mnt/file"),
    "open": lambda: os.close(os.open("mnt/file", os.O_RDONLY)),
    "absolute": lambda: os.stat(os.path.abspath("mnt/file")),
    "access": lambda: os.access("mnt/file", os.R_OK) or os.lstat("mnt/file"),
    "root": lambda: os.stat("mnt/"),
    "list": lambda: os.listdir("mnt"),
}
SEEN = set()


def tell(name, error):
    """At once: we may be killed next."""
    if (name, error) not in SEEN:
        SEEN.add((name, error))
        os.write(1, f"{name} {error}\n".encode())


def busy(name):
    """Until it is killed."""
    while True:
        try:
            CALLS[name]()
        except OSError as e:
            tell(name, errno.errorcode[e.errno])


def forced():
    """Off by force."""
    subprocess.run(["vuumount", "-f", "mnt"], check=True)
    with open("mnt/file", encoding="ascii") as f:
        os.write(1, f.read().encode())


def often():
    """On and off."""
    for _ in range(5):
        while subprocess.run(["vuumount", "mnt"], stderr=subprocess.DEVNULL, check=False).returncode:
            pass  # busy
        subprocess.run(["vumount", "-t", "vufusebad", "serve", "mnt"], check=True)


def dead():
    """The server's death is ours, too."""
    signal.pause()


def main():
    """See above."""
    pids = []
    for name in CALLS:
        pids.append(os.fork())
        if not pids[-1]:
            busy(name)
    globals()[sys.argv[1]]()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


main()
