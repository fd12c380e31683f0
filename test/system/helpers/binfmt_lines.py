# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the control files of binfmt_misc do with lines good and bad.

binfmt_lines.py FOLDER: prints each result. Run in the kernel's own and in a view's, the outputs are equal.
"""

import errno
import os
import sys

FOLDER = sys.argv[1]

# Lines for "register", \n is a newline.
LINES = r"""
:a:E::foo::/bin/echo:
:a:E::foo::/bin/echo:POCF
:a:E::foo::/bin/echo:OCFP
:a:E::foo::/bin/echo:C
:a:E::foo::/bin/echo:PP
:a:E::foo::/bin/echo:X
:a:E::foo::/bin/echo:PX
:a:E::foo::/bin/echo:p
:a:E::foo::/bin/echo
:a:E::foo::/bin/echo:P:
:a:E::foo::/bin/echo::
:a:E::foo::relative:
:a:E::foo::/nonexistent:F
:a:E::foo::/tmp:F
:a:E::foo::/etc/passwd:F
:a:E::foo::/etc/passwd/x:F
:a:E::foo:::
:a:E::::/bin/echo:
:a:E::f/o::/bin/echo:
:a:E:xyz:foo:mask:/bin/echo:
:a:E::.foo::/bin/echo:
:a:E::a.b::/bin/echo:
:a:E::\x41::/bin/echo:
:a:M::\x41B::/bin/echo:
:a:M::\x4::/bin/echo:
:a:M::\x4g::/bin/echo:
:a:M::\xAbC\xfF::/bin/echo:
:a:M::\X41::/bin/echo:
:a:M::\q\t::/bin/echo:
:a:M::\\x41::/bin/echo:
:a:M::\\xzz::/bin/echo:
:a:M::\\\x41::/bin/echo:
:a:M::\101::/bin/echo:
:a:M::a\x00b::/bin/echo:
:a:M::\x00\x00::/bin/echo:
:a:M::\x3a\x5cq::/bin/echo:
:a:M::AB:\xff:/bin/echo:
:a:M::AB:\xff\x00:/bin/echo:
:a:M::AB:\x00\x00:/bin/echo:
:a:M::AB:\xff\xff\xff:/bin/echo:
:a:M::AB:\xf:/bin/echo:
:a:M:::\xff:/bin/echo:
:a:M:4:AB::/bin/echo:
:a:M:254:AB::/bin/echo:
:a:M:255:AB::/bin/echo:
:a:M:256:AB::/bin/echo:
:a:M:-1:AB::/bin/echo:
:a:M:+1:AB::/bin/echo:
:a:M:+:AB::/bin/echo:
:a:M:-:AB::/bin/echo:
:a:M:+-1:AB::/bin/echo:
:a:M:0x10:AB::/bin/echo:
:a:M:010:AB::/bin/echo:
:a:M: 1:AB::/bin/echo:
:a:M:1 :AB::/bin/echo:
:a:M:1x:AB::/bin/echo:
:a:M:99999999999:AB::/bin/echo:
:a:M:2147483647:AB::/bin/echo:
:a:M:4294967296:AB::/bin/echo:
:a:M:18446744073709551616:AB::/bin/echo:
:a:M:-0:AB::/bin/echo:
:a:X::AB::/bin/echo:
:a:e::AB::/bin/echo:
:a::::AB::/bin/echo:
:a:MM::AB::/bin/echo:
:.:E::foo::/bin/echo:
:..:E::foo::/bin/echo:
:...:E::foo::/bin/echo:
:a/b:E::foo::/bin/echo:
::E::foo::/bin/echo:
:status:E::foo::/bin/echo:
:register:E::foo::/bin/echo:
,a,E,,foo,,/bin/echo,
,a,M,,\x2c:,,/bin/echo,P
xaxExxfooxx/bin/echox
xaxMxx\x41xx/bin/echox
4a4M44\x4144/bin/echo4
:a b:E::foo::/bin/echo:
:a:E::foo::/bin/ec ho a:
:a:E::f::/b:
:a:E::f::/:
:a
:a:E
:a:M::A
:a:M::A:
:a:M::A::
:a:M::A::/
""".strip("\n").split("\n")

# The same where a text file cannot say it.
BYTES = [
    b":a:E::foo::/bin/echo:\n", b":a:E::foo::/bin/echo:P\n", b":a:E::foo::/bin/echo:\n\n",
    b":a:E::foo::/bin/echo:\n:", b":a:E::foo::/bin/echo:\0", b":a:M::A\0B::/bin/echo:",
    b":a:M::AB:\xff\0\xff:/bin/echo:", b":a:M::\0AB::/bin/echo:", b":a:M::\x80\xff::/bin/echo:",
    b":a:M:1\n:AB::/bin/echo:", b":a:M:1\n\n:AB::/bin/echo:", b":a:M:\n:AB::/bin/echo:",
    b":a\nb:E::foo::/bin/echo:", b":a\0b:E::foo::/bin/echo:", b":a:E::f\0o::/bin/echo:",
    b":a:E::foo::/bin\0/echo:", b":\xc3\xa4\xff:E::foo::/bin/echo:", b"\naE::foo\n",
    b"\na\nE\n\nfoo\n\n/bin/echo\n", b"\na\nE\n\nfoo\n\n/bin/echo\n\n",
    b"\\a\\E\\\\foo\\\\/bin/echo\\", b"\\a\\M\\\\A\\\\/bin/echo\\", b":a:M::A\\::/bin/echo:",
    b":a:M::A\\\\x41::/bin/echo:", b"x", b":" * 10, b":" * 11, b":" * 30,
    b"PaPEPPfooPP/bin/echoP", b":a:M::\\x4", b":a:M::\\x", b":a:M::AAAA\\", b":a:E::foo::/bin/echo:P\n\n",
    b":" + b"\0" * 20, b"\0a\0E\0\0foo\0\0/bin/echo\0", b"\xffa\xffE\xff\xfffoo\xff\xff/bin/echo\xff",
]
BYTES += [b":" + b"n" * n + b":E::foo::/bin/echo:" for n in (254, 255, 256, 1000)]
BYTES += [b":a:E::foo::/" + b"i" * n + b":" for n in (1906, 1907, 1908, 1909, 1910)]
BYTES += [b":a:M::" + b"A" * n + b"::/bin/echo:" for n in (127, 128, 255, 256, 257)]
BYTES += [
    b":a:M::" + b"\\x41" * 256 + b"::/bin/echo:",
    b":a:M::" + b"\\x41" * 257 + b"::/bin/echo:",
    b":a:M:128:" + b"\\x41" * 128 + b":" + b"\\xff" * 128 + b":/bin/echo:",
    b":a:M:129:" + b"\\x41" * 128 + b"::/bin/echo:",
]

COMMANDS = [b"0", b"1", b"0\n", b"1\n", b"", b"2", b"00", b"01", b"-1x", b"-1\n\n", b"-1 ", b" 1",
            b"-2", b"1\n\n", b"\n1", b"abcd", b"1\0", b"0" * 5000]


def write(name, data):
    """One write: "ok", what came back if it was not all, or the error."""
    try:
        fd = os.open(FOLDER + "/" + name, os.O_WRONLY)
    except OSError as e:
        return "open: " + errno.errorcode[e.errno]
    try:
        n = os.write(fd, data)
        return "ok" if n == len(data) else n
    except OSError as e:
        return errno.errorcode[e.errno]
    finally:
        os.close(fd)


def show(name):
    """The text of a file, or the error."""
    try:
        with open(FOLDER + "/" + name, "rb") as f:
            return f.read()
    except OSError as e:
        return errno.errorcode[e.errno]


def register(line):
    """Write a line and show what there is of it."""
    before = set(os.listdir(FOLDER.encode()))
    result = write("register", line)
    print(line[:60], len(line), result)
    for name in set(os.listdir(FOLDER.encode())) - before:
        name = os.fsdecode(name)
        print("   ", ascii(name), show(name), write(name, b"-1"))


def attempt(what, *args):
    """Call a function, print its result or the error."""
    try:
        result = what(*args)
    except OSError as e:
        result = errno.errorcode[e.errno]
    print(what.__name__, *[str(a).replace(FOLDER, "") for a in args], result)


def files():
    """Modes, and what cannot be done."""
    write("register", b":a:E::foo::/bin/echo:")
    for name in ("", "a", "status", "register"):
        st = os.stat(FOLDER + "/" + name)
        print(name, oct(st.st_mode), st.st_nlink, st.st_size)
    attempt(os.mkdir, FOLDER + "/d")
    attempt(os.unlink, FOLDER + "/a")
    attempt(os.rmdir, FOLDER + "/a")
    attempt(os.rename, FOLDER + "/a", FOLDER + "/c")
    attempt(os.symlink, "x", FOLDER + "/l")
    attempt(os.link, FOLDER + "/a", FOLDER + "/l")
    attempt(os.mknod, FOLDER + "/m")
    attempt(os.open, FOLDER + "/new", os.O_CREAT | os.O_WRONLY)
    attempt(os.open, FOLDER + "/none", os.O_RDONLY)
    attempt(os.truncate, FOLDER + "/a", 0)
    attempt(os.truncate, FOLDER + "/a", 5)
    with open(FOLDER + "/a", "wb", buffering=0) as f: # O_TRUNC, O_CREAT
        attempt(f.write, b"0\n")
    print(show("a"))


def parts():
    """Reading in pieces, an entry that goes while it is open."""
    fd = os.open(FOLDER + "/a", os.O_RDWR)
    print(os.read(fd, 5), os.pread(fd, 10, 8), os.read(fd, 1000), os.read(fd, 5), os.pread(fd, 9, 999))
    print(write("a", b"-1"), sorted(os.listdir(FOLDER)), os.fstat(fd).st_nlink)
    attempt(os.write, fd, b"9")


def several():
    """The same name twice; status."""
    print(write("register", b":a:E::foo::/bin/echo:"), write("register", b":a:M::A::/bin/echo:"))
    print(write("register", b":a:X::foo::/bin/echo:"), write("register", b":a:E::foo::/none:F"))
    for name in ("a", "status"):
        for command in COMMANDS:
            print(name, command[:10], write(name, command), show(name))
    write("register", b":b:M::A::/bin/echo:")
    print(write("status", b"0"), show("a"), write("status", b"-1"), show("status"))
    print(sorted(os.listdir(FOLDER)), write("status", b"1"))


for text in LINES:
    register(text.encode("latin1"))
for text in BYTES:
    register(text)
files()
parts()
several()
