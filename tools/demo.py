#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
Plays the quick start: types commands into an interactive shell on a terminal and shows what a user
would see. "./run demo" calls it; umvu has to be in PATH. Status 1 if a command failed.
"""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PROMPT = re.compile(r"(?:^|\n)([$#]) $")
SECONDS = 30

# What is typed. A line of comment is shown as such. "status" is the one that a command has to end with;
# None: the command changes the shell, so that the next prompt tells.
SCENES = [
    ("A disk image: an ext2 file system with a text and a program in it.", [
        ("mke2fs -q -t ext2 -E root_owner -d tree disk.img 16M", 0),
        ("ls -l", 0),
    ]),
    ("A session. No root, no setuid helper: what follows is this user's own.", [
        ("umvu sh", None),
        ("vu_insmod vufuse unrealuidgid", 0),
        ("mkdir mnt/", 0),
        ("vusu -p -s /usr/bin/sh", None),
        ("mount -t vufuseext2 ./disk.img mnt/", 0),
        ("ls -l mnt", 0),
        ("cp file mnt/", 0),
        ("mnt/program", 0),
        ("findmnt mnt", 0),
        ("cd mnt", 0),
        ("df .", 0),
        ("sync", 0),
        ("cd ..", 0),
        ("umount mnt", 0),
        ("exit", None),
        ("vu_lsmod", 0),
        ("vu_rmmod vufuse", 0),
        ("exit", None),
    ]),
    ("Outside: nothing is mounted, the image is clean and has the copied file.", [
        ("ls -A mnt", 0),
        ("e2fsck -fn disk.img", 0),
        ("debugfs -R 'cat /file' disk.img", 0),
    ]),
]


class Terminal:
    """An interactive sh on a pseudo-terminal."""

    def __init__(self, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.pop("PS1", None)
            os.execvp("sh", ["sh", "-i"])
        self.seen = ""

    def until_prompt(self, show):
        """Reads to the next prompt, which is not shown; whether it came in time."""
        self.seen = ""
        shown = 0
        end = time.monotonic() + SECONDS
        while not PROMPT.search(self.seen):
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            try:
                data = os.read(self.fd, 65536) if ready else b""
            except OSError:
                data = b""
            if not data:
                print(self.seen[shown:] if show else "")
                return False
            text = data.decode(errors="replace").replace("\r\n", "\n")
            self.seen += text
            if show and len(self.seen) - 2 > shown:
                sys.stdout.write(self.seen[shown:-2])  # the last two may be the prompt
                sys.stdout.flush()
                shown = len(self.seen) - 2
        return True

    def send(self, line):
        """Types a line."""
        os.write(self.fd, (line + "\n").encode())

    def status(self):
        """Status of the last command, asked for without showing it."""
        self.send('echo "=$?="')
        if not self.until_prompt(show=False):
            return None
        found = re.findall(r"^=(\d+)=$", self.seen, re.M)
        return int(found[-1]) if found else None

    def close(self):
        """Ends the shell and all that it runs on its terminal."""
        os.close(self.fd)
        for _ in range(100):
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                return
            time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


def prepare(folder):
    """What the image will hold, and a file to copy into it."""
    tree = os.path.join(folder, "tree")
    os.mkdir(tree)
    with open(os.path.join(tree, "README"), "w", encoding="utf-8") as f:
        f.write("This is inside of the image.\n")
    source = os.path.join(os.path.dirname(os.path.realpath(__file__)), "hello.c")
    subprocess.run(["cc", "-O2", "-static", "-o", os.path.join(tree, "program"), source], check=True)
    with open(os.path.join(folder, "file"), "w", encoding="utf-8") as f:
        f.write("This was copied into the image.\n")


def play(terminal):
    """Plays all scenes; a list of what went wrong."""
    wrong = []
    if not terminal.until_prompt(show=False):
        return ["no prompt from sh"]
    prompt = "$ "
    for title, commands in SCENES:
        print(f"\n\033[1m== {title}\033[0m" if sys.stdout.isatty() else f"\n== {title}")
        for command, expected in commands:
            sys.stdout.write(prompt)
            terminal.send(command)
            if not terminal.until_prompt(show=True):
                return wrong + [f"no prompt after '{command}'"]
            prompt = terminal.seen[-2:]
            if expected is None:
                continue
            status = terminal.status()
            if status != expected:
                wrong.append(f"'{command}' ended with status {status}")
    return wrong


def main():
    """Plays in a folder of its own, and removes it."""
    folder = tempfile.mkdtemp(prefix="demo.", dir=os.environ.get("VU_TEST_TMP"))
    terminal = None
    try:
        prepare(folder)
        terminal = Terminal(folder)
        wrong = play(terminal)
    finally:
        if terminal:
            terminal.close()
        shutil.rmtree(folder, ignore_errors=True)
    print()
    for text in wrong:
        print(f"demo: {text}")
    if wrong:
        sys.exit(1)
    print("demo: all commands did what they should")


main()
