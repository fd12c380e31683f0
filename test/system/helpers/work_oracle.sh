#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What programs do with a file system: run in an empty folder of the host's and in a mounted image, it
# prints the same. Where a FUSE file system may differ (too long names, O_TMPFILE, what a file
# is called that is open while it is removed, running programs that are written to) it does not look.
# shellcheck disable=SC2094,SC2129,SC2015 # files that are read and written, as users do it

set -u
TOP=$(pwd -P)
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_AUTHOR_DATE='2020-01-01T00:00:00Z'
export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
exec 2>&1

part()
{
	echo "== $*"
}

part the shell
mkdir -p a/b
cd a || exit
echo hi >f
cat <f
[ -w f ] && [ -r f ] && [ ! -x f ] && echo "permissions as made"
cat <<<"a here document"
for i in *; do echo "$i"; done
cd ..
echo x >>a/f
wc -l <a/f
: >empty
[ -s empty ] || echo "nothing in it"
mv empty other
rm other

part permissions and times
touch p
chmod 640 p
stat -c '%a %u %g %F %s' p
chmod -R u+s,a+rX a
stat -c %a a a/f
touch -d 2001-02-03T04:05:06Z p
stat -c %Y p
(umask 027; mkdir q; stat -c %a q)
mkdir -m 0555 locked
stat -c %a locked
touch locked/x
rmdir locked
chown "$(id -u):$(id -g)" p && echo "own again"

part links and fifos
ln -s a/f s
readlink s
cat s
ln a/f h
stat -c %h h
ln -s loop loop
cat loop
ln -s /no/where dangling
cat dangling
ln s a && rm a/s
rm loop dangling
mkfifo fifo
echo through >fifo &
cat fifo
wait
rm fifo

part cp, tar, find, sed, dd
cp -a a c
diff -r a c && echo same
tar cf t.tar a
mkdir x
tar xpf t.tar -C x
diff -r a x/a && stat -c %a x/a/f
rm -r c x
seq 1 100000 >big
cp --reflink=auto big big2
cp --sparse=always big big3
cmp big big2 && cmp big big3 && echo same
dd if=/dev/zero of=sparse bs=1 count=1 seek=1000000 status=none
stat -c %s sparse
truncate -s 5 sparse
stat -c %s sparse
find . -name 'big*' -size +100k | sort
sort -rn big | head -n 1
sed -i 's/^1$/one/' big
head -n 1 big
rm big2 big3

part rename
mkdir d1 d2
mv -T d1 d2
ls -d d*
touch n1 n2
mv -n n1 n2
ls n1 n2
mv n1 n2
ls n*
mv a a/b

part git
git init -q -b main r
cd r || exit
cp ../a/f .
git add f
git commit -qm one
git checkout -q -b side
echo 2 >g
git add g
git commit -qm two
git checkout -q main
git merge -q side
git gc -q
git fsck 2>/dev/null
git status --short
git log --format='%H %s'
cd ..
git clone -q --no-hardlinks r r2 && ls r2 # some fuse2fs number each name of a file anew
rm -rf r r2

part gcc
printf '#include <stdio.h>\nint main(int c, char **v)\n{\n\tprintf("%%d %%s\\n", c, v[0]);\n\treturn 3;\n}\n' >p.c
gcc -g -o prog p.c && ./prog
echo $?
printf 'int f(void)\n{\n\treturn 5;\n}\n' >lib.c
printf 'int f(void);\nint main(void)\n{\n\treturn f();\n}\n' >use.c
gcc -shared -fPIC -o lib.so lib.c && gcc -o use use.c ./lib.so && ./use
echo $?
# shellcheck disable=SC2016 # expands in the script
printf '#!/bin/sh\necho script $0\n' >sc
chmod 755 sc
./sc
chmod 644 sc
(exec ./sc) 2>&1 | sed "s,$TOP,TOP,"

part sqlite
sqlite3 db 'create table t(a); insert into t values(1),(2); select sum(a) from t; pragma journal_mode=wal;
	insert into t values(3); select count(*) from t; pragma integrity_check;'
sqlite3 db 'pragma journal_mode=delete; begin; delete from t; rollback; select count(*) from t'
rm -f db*

part locks
exec 9>l
flock -n 9 && echo locked
flock -n l -c true || echo refused
exec 9>&-
flock -n l -c 'echo free'

part calls
python3 - <<'END'
import errno, fcntl, mmap, os, socket, subprocess, sys

def attempt(name, call, *args):
    try:
        print(name, call(*args))
    except OSError as e:
        print(name, errno.errorcode[e.errno])

f = open("pl", "w+")
f.write("x" * 10000)
f.flush()
fcntl.lockf(f, fcntl.LOCK_EX, 10)
other = "import fcntl\ntry:\n fcntl.lockf(open('pl', 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB, 5)\nexcept OSError: print('locked')"
print(subprocess.run([sys.executable, "-c", other], stdout=subprocess.PIPE).stdout)
m = mmap.mmap(f.fileno(), 10000)
m[0:5] = b"HELLO"
m.flush()
print(os.pread(f.fileno(), 6, 0))
os.pwrite(f.fileno(), b"XX", 8)
print(m[6:12])
m.close()
attempt("fsync", os.fsync, f.fileno())
attempt("fallocate", os.posix_fallocate, f.fileno(), 0, 20000)
print(os.fstat(f.fileno()).st_size)
attempt("setxattr", os.setxattr, "pl", "user.a", b"b")
attempt("getxattr", os.getxattr, "pl", "user.a")
attempt("listxattr", os.listxattr, "pl")
attempt("nothing", os.stat, "nonesuch")
attempt("not a directory", os.stat, "pl/x")
attempt("is a directory", open, ".", "w")
attempt("not empty", os.rmdir, "a")
attempt("unlink a directory", os.unlink, "a")
attempt("exclusive", os.open, "pl", os.O_CREAT | os.O_EXCL)
attempt("rename", os.rename, "a", "pl")
attempt("O_DIRECT", lambda: os.close(os.open("pl", os.O_DIRECT | os.O_RDWR)))
attempt("sendfile", lambda: os.sendfile(os.open("copy", os.O_CREAT | os.O_WRONLY), f.fileno(), 0, 10))
attempt("copy_file_range", lambda: os.copy_file_range(f.fileno(), os.open("copy", os.O_WRONLY), 10, 0))
attempt("times", lambda: (os.utime("copy", (1, 2)), os.stat("copy").st_mtime))
s = socket.socket(socket.AF_UNIX)
s.bind("sock")
s.listen()
c = socket.socket(socket.AF_UNIX)
c.connect("sock")
print(s.getsockname(), c.getpeername())
os.unlink("sock")
d = os.open("a", os.O_RDONLY)
print(sorted(os.listdir(d)), os.stat("f", dir_fd=d).st_size)
os.rename("f", "g", src_dir_fd=d, dst_dir_fd=d)
print(sorted(os.listdir(d)))
u = os.open("gone", os.O_CREAT | os.O_RDWR)
os.write(u, b"still there")
os.unlink("gone")
print(os.pread(u, 11, 0), os.path.exists("gone"))
END

part inotify
python3 - <<'END'
import ctypes, os, struct
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(os.O_NONBLOCK)
libc.inotify_add_watch(fd, b"a", 0xfff)
open("a/new", "w").close()
os.rename("a/new", "a/newer")
os.unlink("a/newer")
data = os.read(fd, 65536)
while data:
    _, mask, _, n = struct.unpack_from("iIII", data)
    print(hex(mask), data[16:16 + n].rstrip(b"\0"))
    data = data[16 + n:]
END

part the working directory
mkdir -p deep/er
cd deep/er || exit
pwd -P | sed "s,^$TOP,TOP,"
readlink /proc/self/cwd | sed "s,^$TOP,TOP,"
cd ../..
(cd deep && rmdir er && ls)
pwd -P | sed "s,^$TOP,TOP,"

part what is left
find . | sort
