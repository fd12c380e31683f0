# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The network part of bench/run: stacks of vunet beside a bare network namespace, vdens, slirp4netns and pasta.

Each place is a shell that has a network and runs net.c's program as it is told, a line a measurement. As in
run the places are asked in turn, round by round, and medians are compared. All traffic stays on loopback, in
namespaces, and on a VDE switch of our own.
"""

import os
import select
import shutil
import statistics
import subprocess
import time

PATIENCE = 60
LOOP = 'while read -r line; do "$0" $line || echo failed; done'

# Groups: what is compared with what, by which measurements: name, what net is told, unit, more is better.
LO = (("socket(2)", "socket 2000", "ns", False), ("TCP, one connection", "tcp {a} 1500", "MB/s", True),
      ("UDP round trip", "udp {a} 10000", "us", False), ("connections", "connect {a} 3000", "1/s", True))
NET = (("TCP, one connection", "tcp {a} {mib}", "MB/s", True), ("UDP round trip", "udp {a} 2000", "us", False),
       ("connections", "connect {a} 400", "1/s", True))
SOCKET_NS = 40000
# The ratio that is aimed at, to the first place of the group, where more is better.
AIMS = {"lo": 0.97, "vde": 1.0, "slirp": 1.0}


class Shell:
    """A place: a shell that measures."""

    def __init__(self, name, argv, net, address, setup=""):
        self.name, self.address = name, address
        self.process = subprocess.Popen(argv + ["sh", "-c", setup + LOOP, net], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)

    def ask(self, line):
        """The number that net prints, or None."""
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            if select.select([self.process.stdout], [], [], PATIENCE)[0]:
                return float(self.process.stdout.readline())
        except (OSError, ValueError):
            pass
        return None

    def close(self):
        """Ends it."""
        close(self.process)


def close(process):
    """Ends a process by its standard input, or by force."""
    try:
        process.stdin.close()
    except OSError:
        pass
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Networks:
    """All of it; `note` tells the user something."""

    def __init__(self, options, folder, note):
        self.options, self.folder, self.note = options, folder, note
        self.net = os.path.join(folder, "net")
        self.umvu = [options.umvu, "--norc"]
        self.helpers, self.results = [], []

    def start(self, argv, **more):
        """A process that serves until the end."""
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                   stderr=subprocess.DEVNULL, **more)
        self.helpers.append(process)
        return process

    def serve(self, prefix, address, setup=""):
        """A server, waited for."""
        process = self.start(prefix + ["sh", "-c", f'{setup}exec "$0" serve {address}', self.net])
        if not select.select([process.stdout], [], [], 20)[0] or process.stdout.readline() != "up\n":
            self.note(f"no server at {address}: {' '.join(prefix)}")

    # ---- the groups: their places, the one that is compared with first ----

    def lo(self):
        """lo of a namespace and of a stack."""
        # The server ends with its standard input: one that nobody closes, and the shell's end.
        server = 'mkfifo "$0.$$"; "$0" serve 127.0.0.1 <>"$0.$$" >/dev/null & trap "kill $!" EXIT; sleep 0.3; '
        up = "ip link set lo up; "
        return [Shell("bare", ["unshare", "-rn"], self.net, "127.0.0.1", up + server),
                Shell("vunet", self.umvu + ["--net=vunetnull"], self.net, "127.0.0.1", server)]

    def vde(self):
        """Two ends on one switch, with the same MTU."""
        switch = f"switch://{self.folder}/switch"
        self.start(["vde_plug", "null://", switch])
        while not os.path.exists(f"{self.folder}/switch"):
            time.sleep(0.05)
        url = f"vde://{self.folder}/switch"

        def up(address):
            return f"ip addr add {address}/24 dev vde0; ip link set vde0 up; "

        def stack(address):
            return self.umvu + [f"--net=vunetvdestack,ip={address}/24:{url}"]
        self.serve(stack("10.1.0.1"), "10.1.0.1")
        places = []
        if shutil.which("vdens"):
            self.serve(["vdens", url], "10.1.0.2", up("10.1.0.2"))
            places.append(Shell("vdens", ["vdens", url], self.net, "10.1.0.2", up("10.1.0.4")))
        places.append(Shell("vunet", stack("10.1.0.3"), self.net, "10.1.0.1"))
        return places

    def slirp4netns(self):
        """A namespace with slirp4netns."""
        pid = os.path.join(self.folder, "pid")
        shell = Shell("slirp4netns", ["unshare", "-rn"], self.net, "10.0.2.2",
                      f'echo $$ >{pid}; until [ -e {pid}.go ]; do sleep 0.05; done; ')
        while not os.path.exists(pid) or not os.path.getsize(pid):
            time.sleep(0.05)
        with open(pid, encoding="ascii") as f:
            number = f.read().strip()
        ready, ours = os.pipe()
        self.start(["slirp4netns", "-c", "-m", "65520", "-r", str(ours), number, "tap0"],
                   pass_fds=[ours])
        os.close(ours)
        os.read(ready, 1)
        os.close(ready)
        with open(pid + ".go", "w", encoding="ascii"):
            pass
        return shell

    def slirp(self):
        """From a stack to the host."""
        self.serve([], "127.0.0.1")
        places = []
        if shutil.which("slirp4netns"):
            places.append(self.slirp4netns())
        places.append(Shell("vunet", self.umvu + ["--net=vunetslirp,hostloopback"], self.net, "10.0.2.2"))
        if shutil.which("pasta"):
            gateway = subprocess.run(["sh", "-c", "ip route | sed -n 's/default via \\([^ ]*\\).*/\\1/p'"],
                                     capture_output=True, text=True, check=False).stdout.split()
            if gateway:
                places.append(Shell("pasta", ["pasta", "--config-net", "-q", "--"], self.net, gateway[0]))
        return places

    # ---- measuring ----

    def measure(self, group, places, rows, mib):
        """All rows of a group."""
        for name, what, unit, more in rows:
            samples = {place.name: [] for place in places}
            for number in range(self.options.rounds + 1):
                for place in places:
                    value = place.ask(what.format(a=place.address, mib=mib))
                    if number and value is not None:
                        samples[place.name].append(value)
            row = {"group": group, "name": name, "unit": unit, "more": more, "places": {}}
            for place, values in samples.items():
                if values:
                    row["places"][place] = statistics.median(values)
                else:
                    self.note(f"{group}, {place}: no '{name}'")
            self.results.append(row)

    def run(self):
        """Measures all groups for which there is what it takes."""
        subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", "-o", self.net,
                        os.path.join(os.path.dirname(os.path.realpath(__file__)), "net.c")], check=True)
        for group, rows, mib, needs in ((self.lo, LO, 0, "ip"), (self.vde, NET, 60, "vde_plug"),
                                        (self.slirp, NET, 300, "ip")):
            if not shutil.which(needs):
                self.note(f"no {needs} here: no network group '{group.__name__}'")
                continue
            places = group()
            try:
                self.measure(group.__name__, places, rows, mib)
            finally:
                for process in places + self.helpers:
                    process.close() if isinstance(process, Shell) else close(process)
                self.helpers.clear()

    # ---- result ----

    @staticmethod
    def verdict(row):
        """Whether vunet reaches what is aimed at."""
        places = row["places"]
        first = next(iter(places), None)
        if row["unit"] == "ns":
            value = places.get("vunet")
            return "" if value is None else \
                f"(aim: {SOCKET_NS} ns{'' if value <= SOCKET_NS else ', missed'})"
        if first is None or first == "vunet" or "vunet" not in places:
            return ""
        ratio = places["vunet"] / places[first]
        if not row["more"]:
            ratio = 1 / ratio
        aim = AIMS[row["group"]]
        return f"(aim: {aim} of {first}, has {ratio:.2f}{'' if ratio >= aim else ', missed'})"

    def print_table(self):
        """For people."""
        for row in self.results:
            line = f"{row['group'] + ': ' + row['name']:28}"
            for place, value in row["places"].items():
                line += f" {place} {value:.1f}"
            print(f"{line} {row['unit']}  {self.verdict(row)}".rstrip())
