# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2010,SC2012,SC2086,SC2103,SC2164,SC2316
#
# Commands around a mount point "mnt" in the cwd: run by paths.bats where the kernel has a tree mounted there, and
# in a session where the view has the same tree. What they print has to be the same.
set -v
cat mnt/file mnt/sub/s link/s mnt/out/df mnt/../d/df mnt/abs alink
cd mnt; pwd -P; /bin/pwd; readlink /proc/self/cwd; cd sub; /bin/pwd; cat ../../d/df; cd ..; cd ..; /bin/pwd
cd link; pwd -P; cd "$TOP"; (cd mnt/sub/..; pwd -P); (cd mnt/out; pwd -P; cat df)
rmdir mnt; rmdir mnt/; rmdir mnt/.; rmdir mnt/..; unlink mnt; mkdir mnt; mkdir mnt/; mv mnt y; mv -T d mnt
ln -sT x mnt; ln mnt y; mv -T mnt/sub mnt; mknod mnt p; rm -d mnt; mv mnt/../mnt y
touch mnt/new; ls mnt; rm mnt/new; mv d/df mnt/; ls mnt d; mv mnt/df d/; ls mnt d
ln mnt/file hard; ln mnt/file mnt/hard; stat -c %h:%s mnt/hard mnt/file; rm mnt/hard
ln -s mnt/sub/s ss; cat ss; readlink ss; rm ss; readlink -f link/s; realpath mnt/out/df mnt/.. mnt/../mnt/sub/../file
readlink mnt mnt/ mnt/abs
mountpoint mnt; mountpoint d
find . | sort
stat -c '%n %F' mnt mnt/ mnt/. mnt/..; stat -L -c %F link
exec 15<mnt/sub; ls /proc/self/fd/15/; readlink /proc/self/fd/15; cat /proc/self/fd/15/../file /dev/fd/15/s; ls /proc/self/fd/15/../..
exec 16<mnt/file; cat /dev/fd/16; readlink /proc/self/fd/16; cat </proc/self/fd/16
exec 16>mnt/file2; echo via >/dev/fd/16; cat mnt/file2; rm mnt/file2; readlink /proc/self/fd/16
exec 15<&- 16>&-
tar cf - mnt | tar tf - | sort
cp -a mnt copy; diff -r mnt copy && rm -r copy; cp -a d mnt/cc; ls mnt/cc; rm -r mnt/cc
mnt/script a b; (cd mnt; ./script x); mnt/hello; (cd mnt/sub; ../hello; ../../mnt/script y)
mkfifo mnt/ff; (echo through >mnt/ff) & cat mnt/ff; wait; rm mnt/ff
touch -d @0 mnt mnt/file; stat -c %Y mnt mnt/file; chmod 700 mnt/file; stat -c %a mnt/file; truncate -s 3 mnt/file; cat mnt/file
echo hello >mnt/file
df --output=target mnt mnt/sub d | sed "s,^/\$,the host's,"
grep -c " $TOP/mnt " /proc/mounts /proc/self/mounts /proc/self/mountinfo /etc/mtab
findmnt -n -o TARGET mnt; findmnt -n -o TARGET -T mnt/sub
python3 - <<'END'
import os, socket
def t(f, *a, **k):
    try:
        return f(*a, **k)
    except OSError as e:
        return e.strerror
top = os.environ["TOP"]
os.chdir("mnt")
print(os.getcwd(), sorted(os.listdir(top)))
s = socket.socket(socket.AF_UNIX)
s.bind(top + "/mnt/sock")
s.listen()
c = socket.socket(socket.AF_UNIX)
c.connect("../mnt/sock")
print(s.getsockname(), c.getpeername())
for name in "sock", "", ".", "../mnt", "nope/x", "sub/", "../d/new":
    print(name, t(socket.socket(socket.AF_UNIX).bind, top + "/mnt/" + name))
    print(name, t(socket.socket(socket.AF_UNIX).connect, top + "/mnt/" + name))
os.unlink("sock")
os.unlink("../d/new")
d = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
d.bind("../mnt/dg")
e = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
to = top + "/mnt/dg"
print(e.sendto(b"hi", to), e.sendmsg([b"ho"], [], 0, to), d.recv(9), d.recv(9))
os.unlink("dg")
n = "x" * (100 - len(top)) if len(top) < 90 else "x"
os.mkdir(n)
p = top + "/mnt/" + n + "/s"
s = socket.socket(socket.AF_UNIX)
s.bind(p)
s.listen()
c = socket.socket(socket.AF_UNIX)
c.connect(p)
os.unlink(p)
os.rmdir(n)
os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")
print(t(os.getcwd), os.readlink("/proc/self/cwd"))
os.chdir(top + "/mnt") # not "..": FUSE with default_permissions asks the daemon about the removed one
print(os.getcwd())
flags = (os.O_CREAT | os.O_EXCL, os.O_CREAT, os.O_DIRECTORY, os.O_NOFOLLOW, os.O_PATH | os.O_NOFOLLOW,
         os.O_CREAT | os.O_WRONLY, os.O_DIRECTORY | os.O_CREAT)
for f in flags:
    for n in top + "/mnt", top + "/mnt/", top + "/mnt/.", "../mnt", "../mnt/nn/", "../mnt/abs", "../link", "../link/s":
        r = t(os.open, n, f)
        print(f, n, os.readlink("/proc/self/fd/%d" % r) if isinstance(r, int) else r)
        if isinstance(r, int):
            os.close(r)
for i in range(45):
    os.symlink("l%d" % (i - 1) if i else "file", "l%d" % i)
for way in "", "../mnt/", top + "/mnt/sub/../":
    print([t(os.stat, way + "l%d" % i) for i in (39, 40)][1], len([i for i in range(45) if os.path.exists(way + "l%d" % i)]))
for i in range(45):
    os.unlink("l%d" % i)
comp = "c" * 199
depth = 0
while len(os.getcwd()) + 200 < 4080:
    os.mkdir(comp)
    os.chdir(comp)
    depth += 1
deep = os.getcwd()
open("f", "w").write("deep")
os.symlink("../" * depth + "file", "up")
for end in "f", "up", "nope", ".", "./f", "/" * (4094 - len(deep)) + "f", "/" * (4095 - len(deep)) + "f":
    print(len(end) > 50 or end, t(os.stat, deep + "/" + end) if end == "nope" else t(lambda: os.stat(deep + "/" + end).st_mode))
os.chdir(top + "/mnt")
os.system("rm -rf " + comp)
END
ls mnt d
