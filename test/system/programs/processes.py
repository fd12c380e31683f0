# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python: child processes in all the ways that there are."""
import asyncio
import concurrent.futures
import multiprocessing
import os
import pty
import signal
import subprocess
import sys


def square(i):
    """The work of a pool."""
    return i * i


def run():
    """subprocess with each of its options that changes how a child is made."""
    sh = ["/bin/sh", "-c", "umask; echo $A"]
    print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True))
    print(subprocess.run("cat; pwd", shell=True, input=b"in", capture_output=True, cwd="/").stdout)
    for how in (
        {"close_fds": False},
        {"start_new_session": True},
        {"preexec_fn": os.getpid},
        {"env": {"A": "b"}},
        {"umask": 0o77},
    ):
        print(subprocess.run(sh, capture_output=True, **how).stdout)
    try:
        subprocess.run(["./none"])
    except OSError as e:
        print(e)
    try:
        subprocess.run(["sleep", "9"], timeout=0.1)
    except subprocess.TimeoutExpired as e:
        print(e.cmd)
    child = subprocess.Popen(["sleep", "9"])
    child.send_signal(signal.SIGUSR1)
    print(child.wait())
    print(os.system("exit 4") >> 8, os.popen("echo popen").read(), os.spawnlp(os.P_WAIT, "true", "true"))


def pools():
    """Children from threads, pools of all kinds, a child with a terminal."""
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        print(sum(threads.map(lambda i: int(subprocess.check_output(["echo", str(i)])), range(24))))
    for method in "fork", "forkserver", "spawn":
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, pool.map(square, range(5)))
    queue = multiprocessing.Queue()
    child = multiprocessing.Process(target=queue.put, args=("queue",))
    child.start()
    print(queue.get())
    child.join()
    pid, fd = pty.fork()
    if not pid:
        os.execlp("stty", "stty", "size")
    print(os.read(fd, 99))
    os.waitpid(pid, 0)


async def loop():
    """Children of an event loop."""
    children = [await asyncio.create_subprocess_exec("sh", "-c", f"exit {i}") for i in range(6)]
    print([await child.wait() for child in children])


LAST = "import os, sys; print(sys.argv, os.readlink('/proc/self/exe') == os.path.realpath(sys.executable))"

if __name__ == "__main__":
    run()
    pools()
    asyncio.run(loop())
    sys.stdout.flush()
    os.execv(sys.executable, ["python3", "-c", LAST, "x"])
