# SPDX-License-Identifier: LGPL-2.1-or-later
"""A terminal with a user at it: programs on a pseudo terminal, driven by what they print.

    with Terminal("bash", "--norc") as t:
        t.wait("$ ")            # until it has been printed
        t.type("sleep 100\\n")
        t.key("^C")

What is waited for is looked for after the last thing that was found. Nothing depends on the clock but
the limit after which waiting in vain is an error.
"""

import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time

KEYS = {"^C": b"\x03", "^Z": b"\x1a", "^D": b"\x04", "^\\": b"\x1c"}
LIMIT = 30
PROMPT = re.compile(r"^(in)?[$#>] ", re.M)
# The line editor would print what has been typed ahead a second time.
BASH = ("bash", "--norc", "--noediting", "-i")


class Terminal:
    def __init__(self, *argv, rows=24, cols=200, env=None):
        self.seen = ""
        self.found = 0
        self.typed = 0
        self.status = None
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
                os.execvpe(argv[0], argv, {**os.environ, "TERM": "dumb", "PS1": "$ ", **(env or {})})
            finally:
                os._exit(127)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.fd >= 0:
            os.close(self.fd)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if kind:
            print("--- the terminal showed:", self.seen, sep="\n", file=sys.stderr)

    def read(self, limit):
        """More output; "" at the end of it."""
        if not select.select([self.fd], [], [], max(limit, 0))[0]:
            raise AssertionError("nothing more is printed")
        try:
            data = os.read(self.fd, 65536).decode("utf-8", "replace")
        except OSError:
            return ""
        self.seen += data.replace("\r\n", "\n")
        return data

    def wait(self, pattern):
        """Until the regular expression has been printed; the match."""
        end = time.monotonic() + LIMIT
        while True:
            match = re.compile(pattern, re.M).search(self.seen, self.found)
            if match:
                self.found = match.end()
                return match
            try:
                more = self.read(end - time.monotonic())
            except AssertionError as error:
                raise AssertionError(f"waited in vain for {pattern!r}: {error}") from None
            if not more:
                raise AssertionError(f"waited in vain for {pattern!r}: the program has ended")

    def type(self, text):
        self.typed = len(self.seen)
        os.write(self.fd, text.encode())

    def key(self, name):
        os.write(self.fd, KEYS[name])

    def prompt(self):
        """Until a shell has printed its prompt, since something was typed last."""
        while not PROMPT.search(self.seen, self.typed):
            if not self.read(LIMIT):
                raise AssertionError("there is no prompt: the program has ended")

    def line(self, command):
        """Types a command line at the prompt."""
        self.prompt()
        self.type(command + "\n")

    def run(self, command):
        """A command line of a shell: what it prints, and its status."""
        self.line(f"{command}; echo '<'$?'>'")
        self.wait(r"; echo '<'\$\?'>'\n")
        start = self.found
        match = self.wait(r"<(\d+)>\n")
        return self.seen[start : match.start()].rstrip("\n"), int(match.group(1))

    def wait_for(self, condition):
        """Until the condition holds."""
        end = time.monotonic() + LIMIT
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("waited in vain for a condition")
            time.sleep(0.02)

    def until_runs(self, name):
        """Until a process of that name runs, or waits, in the foreground."""
        self.wait_for(lambda: any(self.is_running(pid, name) for pid in os.listdir("/proc")))

    def is_running(self, pid, name):
        try:
            with open(f"/proc/{int(pid)}/stat", encoding="utf-8", errors="replace") as file:
                start, end = file.read().rsplit(") ", 1)
        except (OSError, ValueError):
            return False
        state, _, group = end.split()[:3]
        return start.endswith(f"({name}") and state in "SR" and int(group) == self.foreground()

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def hang_up(self):
        os.close(self.fd)
        self.fd = -1

    def foreground(self):
        """The process group in the foreground."""
        return os.tcgetpgrp(self.fd)

    def end(self):
        """Waits for the end of the first program; its wait status."""
        while self.fd >= 0 and self.read(LIMIT):
            pass
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.status
