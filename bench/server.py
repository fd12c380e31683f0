#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Measures jobs in the place where it was started: natively, in a session, under proot or bubblewrap.
One JSON object a line on standard input, one a line on standard output. Used by bench/run.
"""

import json
import os
import subprocess
import sys
import time

CHUNK = 1 << 20


def command(job):
    """Runs a command; seconds."""
    begin = time.perf_counter_ns()
    done = subprocess.run(job["argv"], cwd=job.get("cwd"), stdin=subprocess.DEVNULL, check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    seconds = (time.perf_counter_ns() - begin) / 1e9
    if done.returncode:
        return {"error": f"status {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}"}
    return {"value": seconds}


def calls(job):
    """Runs bench/calls.c; nanoseconds by name."""
    done = subprocess.run(job["argv"], stdin=subprocess.DEVNULL, check=True, capture_output=True,
                          text=True)
    lines = (line.split("\t") for line in done.stdout.splitlines())
    return {"values": {name: float(ns) for name, ns in lines}}


def read(job):
    """Reads a file from its begin to its end; bytes a second. "drop": out of the cache first."""
    fd = os.open(job["path"], os.O_RDONLY)
    buffer = bytearray(CHUNK)
    total = 0
    try:
        if job["drop"]:
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        begin = time.perf_counter_ns()
        while n := os.readv(fd, [buffer]):
            total += n
        return {"value": total / ((time.perf_counter_ns() - begin) / 1e9)}
    finally:
        os.close(fd)


def private(_):
    """KiB of memory that a small process has for itself."""
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b"x")
        process.stdin.flush()
        process.stdout.read(1)  # it is up
        with open(f"/proc/{process.pid}/smaps_rollup", encoding="ascii") as f:
            sizes = [int(line.split()[1]) for line in f if line.startswith("Private_")]
        process.stdin.close()
    return {"value": sum(sizes)}


def main():
    """Serves until the end of its input."""
    kinds = {"command": command, "calls": calls, "read": read, "private": private, "hello": lambda _: {"value": 0}}
    for line in sys.stdin:
        job = json.loads(line)
        try:
            answer = kinds[job["kind"]](job)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


main()
