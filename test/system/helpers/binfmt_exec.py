# SPDX-License-Identifier: LGPL-2.1-or-later
"""What execve makes of programs for which there are formats.

binfmt_exec.py FOLDER: prints what interpreters are given, and errors. Run with the kernel's own formats and with a
view's, in an empty folder, the outputs are equal. Programs of a format are Python texts that tell what they
were given, since the interpreter of all is a copy of python3.
"""

import ctypes
import errno
import os
import re
import shutil
import subprocess
import sys

FOLDER = sys.argv[1]
HERE = os.getcwd()
PYTHON = os.path.realpath("/usr/bin/python3")

TELL = r"""
import ctypes, os, sys
get = ctypes.CDLL(None).getauxval
get.restype = ctypes.c_ulong
fd = get(2)
text = lambda n: ctypes.string_at(get(n)).decode()
print("argv", sys.orig_argv)
print("execfn", text(31), "flags", get(8), "secure", get(23), "cmdline", open("/proc/self/cmdline").read().split("\0"))
print("comm", open("/proc/self/comm").read().strip(), "exe", os.readlink("/proc/self/exe"))
if fd:
    print("execfd", fd, os.readlink("/proc/self/fd/%d" % fd), os.get_inheritable(fd), os.lseek(fd, 0, 1))
print("open", sorted(int(f) for f in os.listdir("/proc/self/fd"))[:-1])
"""


def put(name, text, mode=0o755):
    """An executable file."""
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(name, mode)


def control(name, text):
    """Write to a control file."""
    fd = os.open(FOLDER + "/" + name, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def rules(*lines):
    """These formats and no others."""
    control("status", "-1")
    for line in lines:
        control("register", line)


def shown(text):
    """Without what differs between two folders."""
    return text.replace(HERE, "HERE").replace(PYTHON, "PYTHON")


def run(title, path, *argv, call=None):
    """Execute in a child, print what it says or the error."""
    sys.stdout.flush()
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.dup2(into, 1)
        os.dup2(into, 2)
        os.closerange(3, 50)
        try:
            if call:
                call()
            else:
                os.execv(path, argv or [path])
        except OSError as e:
            os.write(1, (errno.errorcode[e.errno] + "\n").encode())
        os._exit(99)
    os.close(into)
    with os.fdopen(out) as f:
        text = f.read()
    if call: # by descriptor it depends on the kernel's version
        text = re.sub("^comm .* exe", "exe", text, flags=re.M)
    print("--", title, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    print(shown(text), end="")


def flags():
    """Each flag, with and without arguments."""
    put("p.tell", TELL)
    for letters in ("", "P", "O", "C", "PO", "F", "POCF"):
        rules(f":t:E::tell::{PYTHON}:{letters}")
        run("flags " + letters, "./p.tell", "zero", "one", "two")
        run("absolute " + letters, HERE + "/p.tell", "zero")
    libc = ctypes.CDLL(None, use_errno=True)
    none = (ctypes.c_char_p * 1)(None)
    for letters in ("", "P"):
        rules(f":t:E::tell::{PYTHON}:{letters}")
        run("no argument " + letters, "", call=lambda: libc.execve(b"./p.tell", none, none))


def magics():
    """Offsets, masks, order."""
    put("m1", "#AB12" + TELL)
    put("m2", "#ab99" + TELL)
    put("short", "#A")
    rules(f":m:M:1:AB\\x31::{PYTHON}:")
    run("magic", "./m1", "m1", "x")
    run("another", "./m2")
    run("short", "./short")
    rules(f":m:M:1:AB:\\xdf\\xdf:{PYTHON}:P")
    run("mask", "./m2", "m2", "x")
    rules(f":m:M::\\x00\\x00\\x00:\\x00\\x00\\x00:{PYTHON}:")
    run("everything: the interpreter, too", "./m2")
    put("end", (b"#" + b"x" * 254 + b"Z" + TELL.encode()))
    rules(f":m:M:255:Z::{PYTHON}:")
    run("the last byte", "./end", "end")
    rules(f":m:M:3:\\x00\\x00\\x00::{PYTHON}:P")
    run("zeros behind the end", "./short", "short")
    rules(f":old:M::#AB::{PYTHON}:", ":new:M::#A::/bin/echo:")
    run("the newest", "./m1", "a", "b")
    control("new", "0")
    run("a disabled one", "./m1", "a", "b")
    control("status", "0")
    run("all disabled", "./m1", "a", "b")
    control("status", "1")
    control("new", "1")
    run("enabled again", "./m1", "a", "b")
    control("new", "-1")
    run("removed", "./m1", "a", "b")


def extensions():
    """Which part of a name is one."""
    put("dir.tell/p", TELL)
    put("p.tell.x", TELL)
    put("p.", TELL)
    put("tell", TELL)
    put(".tell", TELL)
    rules(f":t:E::tell::{PYTHON}:", f":u:E::x y::{PYTHON}:")
    for name in ("dir.tell/p", "p.tell.x", "p.", "./tell", "./.tell", "tell"):
        run("extension of " + name, name)
    rules(f":t:E::tell.x::{PYTHON}:")
    run("two dots", "./p.tell.x")


def scripts():
    """Formats and "#!" in all orders."""
    put("s1", "#!./p.tell arg1 arg2\nignored\n")
    put("s2", "#!./s1 more\n")
    put("p2.via", TELL)
    put("via", "#!" + PYTHON + "\n" + TELL)
    put("via2", "#!./p.tell x y\n")
    for letters in ("", "P", "O", "PO"):
        rules(f":t:E::tell::{PYTHON}:{letters}", f":v:E::via::{HERE}/via:{letters}",
              f":w:E::via2::./via2:{letters}")
        run("script by format " + letters, "./s1", "s1", "x")
        run("two scripts " + letters, "./s2", "s2", "x")
        run("format by script " + letters, "./p2.via", "p2", "x")
        put("p3.via2", TELL)
        run("format, script, format " + letters, "./p3.via2", "p3", "x")
    put("sh.fmt", "#!/bin/sh\nexit 3\n")
    rules(":t:E::fmt::/bin/echo:")
    run("a format goes before #!", "./sh.fmt", "a", "b")
    rules(":t:M::#!/bin/sh::/bin/echo:P")
    run("by its magic", "./sh.fmt", "a", "b")


def depths():
    """Chains of interpreters."""
    for letters in ("", "P", "O"):
        for n in range(1, 8):
            rules(f":e0:E::e0::{PYTHON}:{letters}",
                  *[f":e{i}:E::e{i}::{HERE}/c.e{i - 1}:{letters}" for i in range(1, n)])
            for i in range(n):
                put(f"c.e{i}", TELL)
            run(f"chain of {n} {letters}", f"./c.e{n - 1}", "a", "b")
    rules(f":l:E::loop::{HERE}/a.loop:")
    put("a.loop", "x")
    run("its own interpreter", "./a.loop")


def errors():
    """What is refused."""
    put("p.tell", TELL)
    put("plain", TELL, 0o644)
    put("plain.tell", TELL, 0o644)
    put("bad", b"\x7fELFxxxx" + b"x" * 100)
    put("text", "no script\n")
    put("empty", "")
    os.makedirs("folder.tell", exist_ok=True)
    for interp in (HERE + "/none", HERE, HERE + "/plain", HERE + "/bad", HERE + "/text", HERE + "/empty",
                   HERE + "/text/x", "bad", "none", HERE + "/" + "n" * 300):
        rules(f":t:E::tell::{interp}:")
        run("interpreter " + shown(interp), "./p.tell")
    rules(f":t:E::tell::{PYTHON}:")
    for name in ("./plain.tell", "./folder.tell", "./none.tell", "./p.tell/", "./bad", "./text", "./empty"):
        run("program " + name, name)
    os.symlink("p.tell", "link")
    os.symlink("text", "link.tell")
    run("a link's own name counts", "./link.tell")
    run("not that of its target", "./link")


def ways():
    """execveat, posix_spawn, vfork, environments."""
    libc = ctypes.CDLL(None, use_errno=True)
    argv = (ctypes.c_char_p * 3)(b"zero", b"one", None)
    none = (ctypes.c_char_p * 1)(None)
    put("m1", "#AB12" + TELL)
    for letters in ("", "P", "O"):
        rules(f":m:M::#AB1::{PYTHON}:{letters}", f":t:E::tell::{PYTHON}:{letters}")
        for flags in (0, os.O_CLOEXEC):
            def by_fd():
                fd = os.open("m1", os.O_RDONLY | flags)
                os.set_inheritable(fd, not flags)
                libc.syscall(322, fd, b"", argv, none, 0x1000)
                raise OSError(ctypes.get_errno(), "execveat")
            run(f"by descriptor {letters} {flags != 0}", "", call=by_fd)
            def below():
                fd = os.open(".", os.O_RDONLY | flags)
                os.set_inheritable(fd, not flags)
                libc.syscall(322, fd, b"p.tell", argv, none, 0)
                raise OSError(ctypes.get_errno(), "execveat")
            run(f"below a directory {letters} {flags != 0}", "", call=below)
    sys.stdout.flush()
    os.waitpid(os.posix_spawn("./p.tell", ["spawned", "x"], {"A": "b"}), 0)
    print(shown(subprocess.run(["./p.tell", "x"], stdout=subprocess.PIPE, text=True, check=True).stdout), end="")
    print(shown(subprocess.run("./p.tell a 'b c'", shell=True, stdout=subprocess.PIPE, text=True,
                               check=True).stdout), end="")
    run("much environment", "", call=lambda: os.execve("./p.tell", ["a"], {f"V{i}": "x" * 1000 for i in range(100)}))
    run("much of all", "", call=lambda: os.execv("./p.tell", ["a"] * 300000))
    run("too much", "", call=lambda: os.execv("./p.tell", ["a", "x" * 200000]))


def fixed():
    """Flag F: the interpreter that was there."""
    shutil.copy("/bin/echo", "echo")
    rules(f":f:E::fix::{HERE}/echo:F", f":n:E::nofix::{HERE}/echo:")
    put("a.fix", "x")
    put("a.nofix", "x")
    run("fixed", "./a.fix", "a", "b")
    os.rename("echo", "moved")
    run("moved away", "./a.fix", "a", "b")
    run("not fixed", "./a.nofix", "a", "b")
    put("echo", "#!/bin/false\n")
    run("another in its place", "./a.fix", "a", "b")
    os.unlink("moved")
    run("removed", "./a.fix", "a", "b")
    put("script", "#!/bin/echo script\n")
    rules(f":f:E::fix::{HERE}/script:F")
    run("a script", "./a.fix", "a", "b")


for part in (flags, magics, extensions, scripts, depths, errors, ways, fixed):
    print("====", part.__name__)
    part()
rules()
