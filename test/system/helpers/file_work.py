#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# file_work.py FOLDER SEED N: N operations on a few files, those that the seed gives, in FOLDER/pSEED. Prints a digest
# of all that was seen, which is the same in each folder.
import hashlib
import mmap
import os
import random
import sys

root, seed, n = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
rand = random.Random(seed)
seen = hashlib.sha256()
held = []
NAMES = [f"{d}/{i}" for d in "ab" for i in range(6)]


def note(*what):
    seen.update(repr(what).encode())


def facts(st):
    regular = (st.st_mode >> 12) == 8
    return st.st_mode, st.st_nlink, st.st_size if regular else 0


def write(name, _, k):
    with open(name, "wb") as f:
        f.write(bytes([k & 255]) * rand.randrange(20000))


def append(name, _, k):
    with open(name, "ab") as f:
        f.write(b"app%d" % k)


def read(name, _, k):
    with open(name, "rb") as f:
        note(hashlib.sha256(f.read()).digest())


def hold(name, _, k):
    held.append(os.open(name, os.O_RDWR))


def write_held(name, _, k):
    fd = rand.choice(held)
    os.pwrite(fd, b"w%d" % k, rand.randrange(30000))
    note(facts(os.fstat(fd)))


def read_held(name, _, k):
    fd = rand.choice(held)
    note(hashlib.sha256(os.pread(fd, 40000, 0)).digest(), facts(os.fstat(fd)))


def map_held(name, _, k):
    fd = rand.choice(held)
    size = os.fstat(fd).st_size
    if size:
        with mmap.mmap(fd, size) as m:
            m[0:1], m[size - 1:size] = b"M", b"E"


def drop(name, _, k):
    if held:
        os.close(held.pop(rand.randrange(len(held))))


def chmod(name, _, k):
    os.chmod(name, rand.choice([0o600, 0o644, 0o755]))
    note(facts(os.stat(name)))


def times(name, other, k):
    os.utime(name, (k, k))
    note(facts(os.stat(other)), os.stat(name).st_mtime)


def empty(name, _, k):
    d = rand.choice("ab")
    note(sorted(os.listdir(d)))
    if rand.randrange(4) == 0:
        for e in os.listdir(d):
            os.unlink(f"{d}/{e}")
        os.rmdir(d)
        os.mkdir(d)


OPERATIONS = [
    write, append, read, hold, write_held, read_held, map_held, drop, chmod, times, empty,
    lambda x, y, k: os.link(x, y),
    lambda x, y, k: os.unlink(x),
    lambda x, y, k: os.rename(x, y),
    lambda x, y, k: note(facts(os.lstat(x))),
    lambda x, y, k: os.truncate(x, rand.randrange(30000)),
]

os.mkdir(f"{root}/p{seed}")
os.chdir(f"{root}/p{seed}")
os.mkdir("a")
os.mkdir("b")
for k in range(n):
    operation, x, y = rand.choice(OPERATIONS), rand.choice(NAMES), rand.choice(NAMES)
    try:
        operation(x, y, k)
    except (OSError, IndexError) as error:
        note(getattr(error, "errno", 0))
for fd in held:
    os.close(fd)
for x in NAMES:
    try:
        with open(x, "rb") as f:
            note(x, facts(os.stat(x)), f.read())
    except OSError as error:
        note(error.errno)
print(seed, seen.hexdigest())
