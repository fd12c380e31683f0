#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Names that lead into a mount only since a moment ago, used by processes that know them as others.

In the current folder: "mnt", where an image is mounted whose "file" holds "one" (on the host's folder below it
holds "host"); img, another image of the kind; asked and answered, FIFOs to a shell outside of the session.
Each function test_* is a case.
"""

import ctypes
import errno
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
import traceback

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_CLONE, SYS_RENAMEAT2, CLONE_FS, AT_FDCWD = 56, 316, 0x200, -100
TOP = os.getcwd()


def get(path):
    """What the file holds, in a line."""
    with open(path, encoding="ascii") as f:
        return f.read().strip()


def warm(*paths):
    """Use the names until they are known."""
    for _ in range(3):
        for path in paths:
            os.stat(path)
            assert get(path) == "plain", path


def plain(path):
    """A plain file at `path`, and its folders."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as f:
        f.write("plain\n")


class Other:
    """Another process, which evaluates expressions on demand and stays alive in between."""

    def __init__(self, *prefix):
        self.proc = subprocess.Popen([*prefix, sys.executable, __file__, "serve"],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.stdin.close()
        self.proc.wait()

    def do(self, expression):
        """Its value as text; an exception's as "!text"."""
        print(expression, file=self.proc.stdin, flush=True)
        return self.proc.stdout.readline().strip()


def serve():
    """The other process's side."""
    for line in sys.stdin:
        try:
            value = eval(line)  # pylint: disable=eval-used # our own text
        except OSError as e:
            value = f"!{e}"
        print(value, flush=True)


def link_over(path):
    """Text that makes `path` a link to the image's file, by a rename."""
    return f"(os.symlink('{TOP}/mnt/file', '{path}.new'), os.rename('{path}.new', '{path}'))"


def test_itself():
    """The process itself makes the link."""
    plain("a/x")
    warm("a/x", TOP + "/a/x")
    os.unlink("a/x")
    os.symlink("../mnt/file", "a/x")
    assert get("a/x") == get(TOP + "/a/x") == "one"
    plain("a/y")
    os.symlink("../mnt/file", "a/link")
    warm("a/y")
    os.rename("a/link", "a/y")
    assert get("a/y") == "one"
    plain("a/z")
    warm("a/z")
    os.unlink("a/z")
    os.link("a/y", "a/z", follow_symlinks=False)
    assert get("a/z") == "one"


def test_child():
    """A child that is waited for."""
    plain("b/x")
    warm("b/x", TOP + "/b/x")
    subprocess.run(["ln", "-sf", "../mnt/file", "b/x"], check=True)
    assert get("b/x") == get(TOP + "/b/x") == "one"
    plain("b/y")
    warm("b/y")
    pid = os.fork()
    if not pid:
        eval(link_over("b/y"))  # pylint: disable=eval-used
        os._exit(0)
    os.waitpid(pid, 0)
    assert get("b/y") == "one"


def test_absent_in_mount():
    """Another process makes the link, where there was no name in the mount."""
    with Other() as other:
        for i in range(20):
            path = f"mnt/new{i}"
            for _ in range(3):
                assert not os.path.exists(path) and not os.path.exists(f"{TOP}/{path}")
            other.do(f"os.symlink('{TOP}/mnt/file', '{TOP}/{path}')")
            assert get(path) == get(f"{TOP}/{path}") == "one", path


def other_process(name, *prefix):
    """Another process makes links, and says by a pipe that it has."""
    with Other(*prefix) as other:
        for i in range(20):
            path = f"{name}/x{i}"
            plain(path)
            warm(path, f"{TOP}/{path}")
            other.do(link_over(f"{TOP}/{path}"))
            assert get(path) == get(f"{TOP}/{path}") == "one", path


def test_other_process():
    """... of the same view."""
    other_process("c")


def test_nested():
    """... of a view in the view."""
    other_process("e", "umvu", "-N")


def test_other_reader():
    """A reader in another view; the writer is here."""
    with Other("umvu", "-N") as other:
        for i in range(20):
            path = f"{TOP}/e2/x{i}"
            plain(path)
            for _ in range(3):
                assert other.do(f"get('{path}')") == "plain"
            eval(link_over(path))  # pylint: disable=eval-used
            assert other.do(f"get('{path}')") == "one", path


def test_folders():
    """A link in the place of a folder."""
    plain("d/sub/file")
    warm("d/sub/file", TOP + "/d/sub/file")
    os.rename("d/sub", "d/was")
    os.symlink("../mnt", "d/sub")
    assert get("d/sub/file") == get(TOP + "/d/sub/file") == "one"
    plain("d/two/deep/file")
    os.symlink(TOP + "/mnt", "d/link")
    warm("d/two/deep/file")
    args = AT_FDCWD, b"d/two/deep", AT_FDCWD, b"d/link", 2
    assert LIBC.syscall(SYS_RENAMEAT2, *args) == 0, ctypes.get_errno()  # RENAME_EXCHANGE
    assert get("d/two/deep/file") == "one"
    assert get("d/link/file") == "plain"
    plain("d/up/s/file")
    os.makedirs("d/real/s")
    os.symlink("../mnt/dir", "d/real/s/out")
    warm("d/up/s/file", "d/up/s/../s/file")
    os.rename("d/up/s", "d/up/t")
    os.symlink("../../mnt", "d/up/s")
    assert get("d/up/s/file") == "one"


def elsewhere(other, path):
    """What a process with another root or mount namespace knows of `path` as plain is a link here."""
    for _ in range(50):
        assert other.do(f"get('{path}')") == "plain"
        assert get(path) == "one"


def test_root():
    """A process that changes its root, where the names are plain."""
    os.makedirs("j")
    os.symlink("../mnt", "j/a")
    plain(f"root{TOP}/j/a/file")
    with Other("unshare", "-r") as other:
        assert other.do(f"get('root{TOP}/j/a/file')") == "plain"  # what Python needs for that is loaded
        assert other.do("os.chroot('root')") == "None"
        elsewhere(other, TOP + "/j/a/file")


def test_namespace():
    """A new program in a mount namespace where another folder is at that place."""
    os.makedirs("k")
    os.symlink("../mnt", "k/a")
    plain("over/a/file")
    script = f"mount --bind over k && cd {TOP} && exec \"$@\""
    with Other("unshare", "-rm", "sh", "-c", script, "sh") as other:
        elsewhere(other, TOP + "/k/a/file")


def test_programs():
    """New programs, one after the other: what each finds out is the next one's only while it is true."""
    plain("l/x")
    for i in range(6):
        path = f"{TOP}/l/x"
        assert subprocess.check_output(["cat", path]) == (b"one\n" if i % 2 else b"plain\n")
        os.unlink(path)
        if i % 2:
            plain(path)
        else:
            os.symlink("../mnt/file", path)


def test_missing():
    """What is not there is not remembered beyond what is made there."""
    def gone(path):
        return not os.path.exists(path) and not os.access(path, os.R_OK)
    for _ in range(20):
        assert all(gone(path) for path in ("m/x", TOP + "/m/x", TOP + "/m"))
    os.symlink("mnt", "m")
    assert get(TOP + "/m/file") == get("m/file") == "one"
    assert gone("m/x")
    for _ in range(20):
        assert gone(TOP + "/n/file")
    os.makedirs("deep")
    os.symlink("../mnt/file", "deep/file")
    for _ in range(20):
        assert gone(TOP + "/n/file")
    os.rename("deep", "n")
    assert get(TOP + "/n/file") == get("n/file") == "one"


def outside(command):
    """Have a shell outside of the session do it."""
    with open("asked", "w", encoding="ascii") as ask:
        ask.write(command + "\n")
    with open("answered", encoding="ascii") as answer:
        answer.read()


def soon(path, text):
    """The file holds that in a moment, and from then on."""
    end = time.monotonic() + 10
    while get(path) != text:
        assert time.monotonic() < end, (path, get(path))
    for _ in range(5):
        assert get(path) == text, path
        time.sleep(0.02)


def test_outside():
    """A process outside of the session: seen a moment later."""
    plain("f/x")
    warm("f/x")
    outside("ln -sf ../mnt/file f/x")
    soon("f/x", "one")


def test_outside_directories():
    """... where there are links among the directories, for somebody who has walked them for a while."""
    plain("h/real/deep/file")
    plain("h/other/deep/file")
    os.symlink("real", "h/link")
    os.mkdir("h/host")
    paths = [TOP + "/h/link/deep/file", "h/link/deep/file"]
    for target, text in (("other", "plain"), ("../mnt", "one"), ("real", "plain"), ("../mnt", "one")) * 2:
        outside(f"ln -sfn {target} h/link")
        for path in paths:
            soon(path.replace("/deep", "") if text == "one" else path, text)


def test_outside_new_programs():
    """... and for programs that begin one after the other."""
    plain("p/real/file")
    os.symlink("real", "p/link")
    os.symlink("file", "p/real/name")
    os.symlink("file", "mnt/name")
    for target, text in (("real", b"plain\n"), ("../mnt", b"one\n")) * 4:
        outside(f"ln -sfn {target} p/link")
        time.sleep(0.02)
        for _ in range(5):
            for path in (TOP + "/p/link/file", TOP + "/p/link/name"):
                assert subprocess.check_output(["cat", path]) == text, (path, target)
            time.sleep(0.01)


def test_links_beside():
    """A link at the end that leads to a name beside it, which is a link, a mount point, or not there."""
    plain("q/file.1.2")
    os.symlink("file.1.2", "q/file.1")
    os.symlink("file.1", "q/file")
    for path in ("q/file", TOP + "/q/file"):
        soon(path, "plain")
        outside("ln -sfn ../mnt/file q/file.1")
        soon(path, "one")
        outside("ln -sfn nowhere q/file.1")
        time.sleep(0.02)
        assert not os.path.exists(path)
        outside("ln -sfn file q/file.1")
        time.sleep(0.02)
        try:
            assert not get(path)
        except OSError as e:
            assert e.errno == errno.ELOOP
        outside("ln -sfn file.1.2 q/file.1")
        soon(path, "plain")
    os.mkdir("q/point")
    os.symlink("point", "q/to-point")
    names = sorted(os.listdir("q/to-point"))
    subprocess.run(["vumount", "-t", "vufuseext2", "img", "q/point"], check=True)
    assert "file" in os.listdir("q/to-point") != names
    subprocess.run(["vuumount", "q/point"], check=True)
    assert os.listdir("q/to-point") == names


def test_mounts():
    """A mount and its end are seen at once by who knows the folder well."""
    plain("g/m/file")
    with Other() as other:
        for _ in range(5):
            for _ in range(3):
                assert other.do("get('g/m/file')") == "plain"
            subprocess.run(["vumount", "-t", "vufuseext2", "img", "g/m"], check=True)
            assert other.do("get('g/m/file')") == "one"
            assert other.do(f"get('{TOP}/g/m/../m/file')") == "one"
            subprocess.run(["vuumount", "g/m"], check=True)
            assert other.do("get('g/m/file')") == "plain"


def in_thread(fn, *args):
    """Runs it in another thread."""
    thread = threading.Thread(target=fn, args=args)
    thread.start()
    thread.join()


def clone_fs_child(fn):
    """Runs it in a child that has our cwd, but not our memory; says by a pipe that it is done."""
    r, w = os.pipe()
    pid = LIBC.syscall(SYS_CLONE, CLONE_FS | signal.SIGCHLD, 0, 0, 0, 0)
    if not pid:
        fn()
        os.write(w, b"x")
        os._exit(0)
    os.read(r, 1)
    return pid


def test_cwd():
    """Where relative names begin changes: by this thread, another, or a process that shares it."""
    plain("h/1/x")
    os.makedirs("h/2")
    os.symlink(TOP + "/mnt/file", "h/2/x")
    here, there = os.open("h/1", os.O_PATH), os.open("h/2", os.O_PATH)
    ways = [lambda: os.chdir(TOP + "/h/2"), lambda: os.fchdir(there)]
    ways += [lambda w=way: in_thread(w) for way in ways]
    ways += [lambda: os.chdir("../2")]
    pids = []
    ways += [lambda: pids.append(clone_fs_child(lambda: os.chdir(TOP + "/h/2")))]
    for way in ways:
        os.fchdir(here)
        warm("x", "../1/x")
        way()
        assert get("x") == "one"
        assert get("../1/x") == "plain"
    for pid in pids:
        os.waitpid(pid, 0)
    os.chdir(TOP)


def flip(shared, n):
    """Makes r/x a plain file and a link in turn; the count is odd meanwhile. Each is looked at often."""
    for i in range(n):
        name = f"r/new{i % 2}"
        if i % 2:
            plain(name)
        else:
            os.symlink("../mnt/file", name)
        seen = shared[1]
        shared[0] += 1
        os.rename(name, "r/x")
        shared[0] += 1
        while shared[1] < seen + 4:
            os.sched_yield()
    shared[2] = 1


def test_race():
    """What is found out while a link is made is not taken for later."""
    # Words that are written at once, which struct.pack_into() makes zero first.
    shared = memoryview(mmap.mmap(-1, 4096)).cast("Q")
    plain("r/x")
    pid = os.fork()
    if not pid:
        flip(shared, 300)
        os._exit(0)
    count = seen = done = 0
    while not done:
        before = shared[0]
        text = get("r/x")
        count, seen, done = shared[:3]
        shared[1] = seen + 1
        if count == before and not count % 2:
            assert text == ("one" if count // 2 % 2 else "plain"), (count, text)
    os.waitpid(pid, 0)
    assert count == 600


def main():
    """All cases, or the one that is named."""
    failed = 0
    for name, case in list(globals().items()):
        if not name.startswith("test_") or name[5:] not in (sys.argv[1:] or [name[5:]]):
            continue
        try:
            case()
            print("good:", name[5:])
        except Exception:  # pylint: disable=broad-except # told, and counted
            failed += 1
            print("bad:", name[5:], flush=True)
            traceback.print_exc()
            os.chdir(TOP)
    sys.exit(failed)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    else:
        main()
