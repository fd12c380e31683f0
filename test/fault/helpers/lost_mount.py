#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Calls names in the mount "mnt" without a pause, in threads, and tells how that ended, a line each.

lost_mount.py forced	it is forced off meanwhile by vuumount -f: goes on to what is below
lost_mount.py often	it is mounted and taken off as usual, again and again
lost_mount.py dead	until it is killed
"""

import errno
import os
import subprocess
import sys
import threading

CALLS = {
    "stat": lambda: os.stat("mnt/file"),
    "open": lambda: os.close(os.open("mnt/file", os.O_RDONLY)),
    "absolute": lambda: os.stat(os.path.abspath("mnt/file")),
    "access": lambda: os.access("mnt/file", os.R_OK) or os.lstat("mnt/file"),
    "root": lambda: os.stat("mnt/"),
    "list": lambda: os.listdir("mnt"),
}
ENDED = threading.Event()
SEEN = set()


def tell(name, error):
    """At once: we may be killed next."""
    if (name, error) not in SEEN:
        SEEN.add((name, error))
        os.write(1, f"{name} {error}\n".encode())


def busy(name):
    """Until it is over."""
    while not ENDED.is_set():
        try:
            CALLS[name]()
        except OSError as e:
            tell(name, errno.errorcode[e.errno])


def main():
    """See above."""
    threads = [threading.Thread(target=busy, args=(name,)) for name in CALLS]
    for thread in threads:
        thread.start()
    if sys.argv[1] == "forced":
        subprocess.run(["vuumount", "-f", "mnt"], check=True)
        with open("mnt/file", encoding="ascii") as f:
            os.write(1, f.read().encode())
        ENDED.set()
    elif sys.argv[1] == "often":
        for _ in range(8):
            while subprocess.run(["vuumount", "mnt"], stderr=subprocess.DEVNULL, check=False).returncode:
                pass  # busy
            subprocess.run(["vumount", "-t", "vufusebad", "serve", "mnt"], check=True)
        ENDED.set()
    for thread in threads:
        thread.join()


main()
