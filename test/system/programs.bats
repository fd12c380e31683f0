#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Real programs: each does the same natively, in a session, and with a mounted image for its folder.
# What they print is compared, so they print nothing that may differ by right, such as process ids.
# See also languages.bats and debuggers.bats.

load helpers/common

setup()
{
	vu_setup
	export GIT_CONFIG_GLOBAL=$HOME/gitconfig GIT_AUTHOR_DATE='@0 +0000' GIT_COMMITTER_DATE='@0 +0000'
	cat >"$GIT_CONFIG_GLOBAL" <<-'END'
	[user]
		name = tester
		email = tester@localhost
	[init]
		defaultBranch = main
	[gc]
		auto = 0
	END
}

@test "bash, dash: file tests, redirections, substitutions" {
	need dash
	same_as_native <<-'END'
	cp "$VU_SOURCE/test/system/programs/files.sh" t.sh
	bash t.sh; rm -rf -- *d* ./[!t]*; dash t.sh
	echo b >b
	cat <(echo process) <(echo substitution); tee >(cat >tee.out) <<<here; mapfile -t a < <(seq 3)
	echo "${a[@]}" "$(<b)"; coproc cat; echo coproc >&"${COPROC[1]}"
	read -r x <&"${COPROC[0]}"; echo "$x"
	exec {COPROC[1]}>&-; wait; cat tee.out
	END
}

@test "coreutils: cp, chmod, ls, stat, install, mv, rm, mktemp, touch" {
	same_as_native <<-'END'
	mkdir -p a/b/c; seq 1000 >a/b/c/n; ln -s b/c a/link; ln a/b/c/n a/hard; mkfifo a/fifo
	echo '#!' >a/s
	cp -r a r; cp -a a p; cp -al a l; chmod -R go-rwx r; chmod -R u=rwX,go=rX p
	chmod 4755 p/s; chmod a= l/s
	show() { find "$1" -printf '%p %y %m %n %l\n' | sort; }
	show r; show p; show l; cmp a/b/c/n r/b/c/n; cp --reflink=auto a/hard c
	cp --sparse=always c d; cmp c d
	ls -l a | awk '/^[^dt]/ {print $1, $2, $5, $9, $10, $11}'; ls -1F a
	ls -di a/link/n a/hard | awk '{print $1}' | uniq -c | awk '{print $1}'
	stat -c '%n %a %A %F %h %s %N' a/link a/link/n a/fifo; stat -Lc '%n %F' a/link
	test $(stat -c %d:%i a/hard) = $(stat -c %d:%i a/b/c/n)
	install -D -m 640 a/hard i/j/k; stat -c %a i/j/k; mv -n i/j/k i/j/l; mv i moved
	show moved; mv -T moved r/b
	mkdir -m 0555 ro; touch ro/x || echo refused; rmdir ro; touch -d @1 t; stat -c %Y t
	truncate -s 5000 t; stat -c %s t
	f=$(mktemp -p .); test -f "$f"; rm -rf r p l; ls | wc -l; readlink -f a/link
	realpath -s a/link; ln -sfn c a/link; readlink a/link
	dd if=a/hard of=dd bs=512 conv=fsync status=none; cmp a/hard dd; split -l 300 dd part.
	cat part.* | cmp - dd; sync dd; df --output=target . | tail -1 | wc -l
	sort -u dd | sha256sum; rmdir nothing; rm a; cat none; ls none; chmod 600 none
	END
}

@test "find, xargs, sed -i, grep -r, tar, cpio, diff -r, rsync" {
	need tar
	same_as_native <<-'END'
	mkdir -p t/{1..5}/{a..d}; for i in t/*/*; do echo "$i" >"$i/f"; done; ln -s ../1 t/2/up
	printf 'x\0y' >'t/o d'
	find t -name f -print0 | sort -z | xargs -0 -n 3 -P 4 cat | sort | sha256sum
	find t -type l -ls | awk '{print $3, $11, $12, $13}'
	find t -depth -name d -exec rm -r {} +; find t -samefile t/1/a/f
	find -L t -maxdepth 3 -name f | sort
	sed -i.bak s/t/T/ t/1/*/f; cat t/1/*/f; ls t/1/a; grep -rl T t | sort; grep -rc 'x' t | sort
	tar cf a.tar t; mkdir u; tar xpf a.tar -C u; diff -r t u/t && echo equal
	tar czf - t | tar tzv | awk '{print $1, $6, $7, $8}' | sort
	! command -v cpio >/dev/null || { (cd t; find . | cpio -o --quiet -H newc) | (mkdir v; cd v; cpio -id --quiet); diff -r t v; }
	if command -v rsync >/dev/null; then rsync -aH --delete t/ w/; rsync -anic t/ w/; diff -r t w && echo equal; fi
	END
}

@test "git: init, commit, status, clone, worktree, gc, fsck" {
	need git
	same_as_native <<-'END'
	git init -q a; cd a; mkdir -p d/e; seq 2000 >d/e/n; echo x >f; chmod +x f; ln -s f l
	git add .; git commit -qm one
	git rev-parse HEAD; git status --short; echo y >>f; rm l; : >new; git status --short
	git diff --stat; git stash -q; git status -s
	for i in 1 2 3 4; do echo $i >>d/e/n; git commit -qam $i; done; git log --format='%h %s'
	git mv d g; git commit -qm mv
	cd ..; git clone -q a b; git clone -q --bare --no-hardlinks a c.git
	git clone -q "file://$PWD/a" s; diff -r a/g b/g && echo equal
	git -C b gc -q --prune=now; git -C b fsck --full --strict
	git -C b count-objects -v | grep -v size; git -C a worktree add -q ../w
	git -C w log -1 --format=%s
	git -C b checkout -qb topic HEAD~2; echo z >b/z; git -C b add z; git -C b commit -qm z
	git -C b rebase -q main; git -C b push -q origin topic; git -C a branch -a | cat
	git -C a merge -q --no-edit topic && git -C a rev-parse HEAD^{tree}
	git -C a archive HEAD | tar t; rm -rf a b; ls
	END
}

@test "sqlite: rollback journal, WAL with two connections" {
	need python3
	same_as_native <<-'END'
	python3 - <<'EOT'
	import sqlite3, os
	for mode in "delete", "wal":
	    a = sqlite3.connect(mode + ".db", isolation_level=None)
	    print(a.execute("pragma journal_mode=" + mode).fetchone())
	    a.execute("create table t(i integer primary key, s text)")
	    a.execute("begin")
	    a.executemany("insert into t(s) values(?)", [("x%d" % i,) for i in range(2000)])
	    b = sqlite3.connect(mode + ".db", timeout=0)
	    try:
	        b.execute("begin immediate")
	    except sqlite3.OperationalError as e:
	        print(e)
	    a.execute("commit")
	    print(b.execute("select count(*), max(s) from t").fetchone())
	    print(sorted(os.listdir(".")))
	    print(a.execute("pragma integrity_check").fetchone(), a.execute("pragma wal_checkpoint(truncate)").fetchone())
	    b.close(); a.execute("vacuum"); a.close()
	    print(sorted(os.listdir(".")))
	EOT
	! command -v sqlite3 >/dev/null || sqlite3 wal.db 'select sum(i) from t; pragma journal_mode'
	END
}

@test "locks: flock, fcntl, open file descriptions; leases and fallocate" {
	same_as_native <<-'END'
	: >f; (flock 9; flock -n f true || echo locked; flock -s -w 0 f true || echo locked) 9<f
	flock -n f echo free
	python3 - <<'EOT'
	import fcntl, functools, os, struct; print = functools.partial(print, flush=True)
	f = open("f", "r+"); fcntl.lockf(f, fcntl.LOCK_EX, 10, 5)
	if os.fork() == 0:
	    g = open("f", "r+")
	    for lo, n in ((0, 5), (5, 1), (14, 5), (15, 0)):
	        try: fcntl.lockf(g, fcntl.LOCK_EX | fcntl.LOCK_NB, n, lo); print("got", lo)
	        except OSError as e: print(e)
	    r = fcntl.fcntl(g, fcntl.F_GETLK, struct.pack("hhqqi", fcntl.F_WRLCK, 0, 0, 100, 0))
	    print(struct.unpack("hhqqi", r)[:4], struct.unpack("hhqqi", r)[4] == os.getppid()); os._exit(0)
	os.wait()
	h = open("f", "r+"); i = open("f", "r+"); lock = struct.pack("hhqqixxxx", fcntl.F_WRLCK, 0, 50, 1, 0)
	fcntl.fcntl(h, 37, lock)
	try: fcntl.fcntl(i, 37, lock)
	except OSError as e: print(e)
	EOT
	END
}

@test "inotify: inotifywait sees what is done to files" {
	need inotifywait
	same_as_native <<-'END'
	mkdir d
	inotifywait -q -m -e create,delete,moved_to,close_write,modify --format '%e %w%f' d >log 2>&1 & w=$!
	for i in $(seq 200); do grep -q marker log && break; : >d/marker; sleep 0.02; done
	echo x >d/a; mv d/a d/b; rm d/b; touch d/end
	until grep -q 'CLOSE d/end' log; do sleep 0.02; done; kill $w; wait $w || true
	grep -v marker log | sort -u
	END
}

@test "env -i, setsid, nohup, timeout, nice, exec -a, xargs, watch of children" {
	same_as_native <<-'END'
	env -i /usr/bin/env; env -i A=1 sh -c 'export -p'; env -C / pwd
	setsid -w sh -c 'ps -o pgid=,sid= -p $$ | awk "{print \$1 == \$2}"'
	nohup sh -c 'kill -HUP $$; echo survived' </dev/null; timeout 0.2 sleep 9; echo $?
	timeout -s KILL 0.2 sh -c 'sleep 9 & wait'; echo $?
	timeout 9 sh -c 'exit 5' || echo $?
	timeout -k 0.1 2 sh -c 'trap "" TERM; while :; do sleep 0.05; done' || echo $?
	nice -n 5 nice; stdbuf -oL echo x
	(exec -a other sh -c 'echo $0; tr "\0" " " </proc/self/cmdline; cat /proc/$$/comm')
	(exec -a -bash bash -c 'shopt -q login_shell && echo login')
	sh -c 'kill -SEGV $$' || echo $?; sh -c 'kill -9 $$' || echo $?
	seq 5 | xargs -n 1 -P 3 sh -c 'exit $((1 + 0))' || echo $?
	trap 'echo child' CHLD; true & wait; trap - CHLD; sleep 9 & kill $!; wait $! || echo $?
	ulimit -n 64; sh -c 'ulimit -n'; umask 077; sh -c 'umask; : >f; stat -c %a f'
	taskset -p $$ | sed 's/.*mask/mask/'; prlimit --nofile -o SOFT --noheadings
	chrt -p $$ | sed 's/pid [0-9]*//'; ionice; choom -p $$ | sed 's/pid [0-9]*//'
	END
}

@test "busybox: a static shell and its tools" {
	need busybox
	same_as_native <<-'END'
	busybox sh -c 'busybox mkdir -p d/e; busybox seq 100 >d/e/f; busybox cp -a d g; busybox find g | busybox sort; busybox tar c g | busybox tar t; busybox ls -1 d; busybox stat -c "%n %s %a" d/e/f; busybox ln -s d l; busybox readlink -f l | busybox wc -l; busybox sh -c "exit 6"'
	echo $?
	busybox ash -c 'readlink /proc/self/exe; cat none; cd none; trap "echo t" TERM; kill $$; echo $0 $(busybox id -u)'
	busybox timeout 1 busybox sleep 9; echo $?
	END
}

@test "ssh-agent and gpg-agent: sockets with names" {
	need ssh-agent ssh-add ssh-keygen
	same_as_native <<-'END'
	ssh-keygen -q -t ed25519 -N '' -C key -f k
	eval "$(ssh-agent -a ./agent.sock)" >/dev/null; ssh-add -q k
	ssh-add -l | awk '{print $3, $4}'; test -S agent.sock && echo socket; ssh-add -q -d k
	ssh-add -l || echo $?; ssh-agent -k >/dev/null; test -e agent.sock || echo gone
	mkdir -m 700 -p "$PWD/a-long-folder-name-that-makes-the-name-of-the-socket-longer/than-a-socket-address-can-hold"
	cd a*/t*; SSH_AUTH_SOCK=agent.sock; ssh-agent -a $SSH_AUTH_SOCK -s >env
	. ./env >/dev/null; SSH_AUTH_SOCK=$PWD/agent.sock ssh-add -l || echo $?
	kill $SSH_AGENT_PID
	command -v gpg >/dev/null || exit 0; cd ../..; export GNUPGHOME=$PWD/gnupg; mkdir -m 700 gnupg
	gpg -q --batch --passphrase '' --quick-generate-key t@x ed25519 sign never 2>&1 | grep -vE 'revocation|trustdb' || true
	# One after the other: who waits for a lock of gpg's says "lockfile disappeared" at times.
	echo text | gpg -q --clearsign >signed; gpg -q --verify signed 2>&1 | grep -o 'Good.*'
	gpg-connect-agent 'GETINFO version' /bye | tail -1; gpgconf --kill all
	until [ ! -S gnupg/S.gpg-agent ]; do sleep 0.02; done
	END
}

@test "tcp and udp on the loopback, python http server, curl, bash /dev/tcp" {
	need python3
	same_as_native <<-'END'
	echo page >index.html
	python3 - <<'EOT'
	import http.server, socket, subprocess, threading, urllib.request, functools, os
	s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler); s.RequestHandlerClass.log_message = lambda *a: None
	threading.Thread(target=s.serve_forever, daemon=True).start(); port = s.server_address[1]
	print(urllib.request.urlopen(f"http://localhost:{port}/").read(), subprocess.check_output(["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf 'GET /none HTTP/1.0\r\n\r\n' >&3; head -1 <&3"]))
	print(socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4], socket.gethostname() == os.uname().nodename)
	a, b = socket.socketpair(); f = open("index.html"); socket.send_fds(a, [b"fd"], [f.fileno()]); m, fds, *_ = socket.recv_fds(b, 9, 1); print(m, os.pread(fds[0], 9, 0))
	u = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); u.bind("u"); v = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); v.bind("v"); v.sendto(b"dgram", "u"); print(u.recvfrom(9), u.getsockname(), sorted(os.listdir(".")))
	n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); n.bind((0, 0)); print(n.getsockname()[0] > 0, len(socket.if_nameindex()) > 0)
	EOT
	END
}

@test "script and tmux: programs that make terminals" {
	need script tmux
	same_as_native -h <<-'END'
	script -qec 'tty | sed s,[0-9].*,N,; stty -echo; exit 4' typescript </dev/null | tr -d '\r'
	echo "${PIPESTATUS[0]}"; grep -c pts typescript
	export TERM=xterm
	tmux -S ./server -f /dev/null new-session -d -x 80 -y 24 'tty >tty; tput cols >cols; stty size >size; exec sh'
	tmux -S ./server send-keys 'echo $((40 + 2)) >answer; tmux -S ./server wait-for -S done' Enter
	tmux -S ./server wait-for done; cat answer cols size
	tmux -S ./server list-panes -F '#{pane_width} #{pane_current_command}'
	tmux -S ./server new-window -d 'sleep 99'; tmux -S ./server list-windows -F '#I'
	tmux -S ./server kill-server; while tmux -S ./server has-session 2>/dev/null; do sleep 0.05; done; tmux -S ./server ls 2>&1 | sed 's/(.*//'
	END
}

@test "unshare -r, nested user namespaces, bwrap" {
	need unshare
	unshare -r true 2>/dev/null || skip "no user namespaces on this machine"
	same_as_native -h <<-'END'
	unshare -r id -u; unshare -r cat /proc/self/uid_map | tr -s ' ' | cut -d' ' -f2,4
	unshare -Urpf --mount-proc sh -c 'echo $$'
	unshare -rn sh -c 'tail -n +3 /proc/net/dev | cut -d: -f1'
	unshare -rm sh -c 'mkdir m; mount -t tmpfs none m; touch m/x; ls m'; ls m
	unshare -ru sh -c 'hostname inside; hostname'; unshare -r unshare -m true; echo $?
	command -v bwrap >/dev/null || exit 0; echo text >f
	bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-all --die-with-parent sh -c 'echo $$; id -u >/dev/null; touch /x; ls /tmp'
	bwrap --bind "$PWD" /mnt --ro-bind /usr /usr --symlink usr/lib64 /lib64 --symlink usr/lib /lib --symlink usr/bin /bin --unshare-pid --uid 0 --gid 0 --chdir /mnt sh -c 'pwd; ls; cat f; id -u; exit 5'
	echo $?
	END
}

@test "mounts are there in user and mount namespaces of the guest's own" {
	need unshare
	unshare -Urm true 2>/dev/null || skip "no user namespaces on this machine"
	make_ext2 img
	mkdir mnt other
	run session_script <<-'END'
	vumount -t vufuseext2 img mnt
	unshare -U cat mnt/file
	unshare -Urm sh -c 'mount -t tmpfs none other && cp mnt/file other && cat other/file && cd mnt && pwd && cat file && unshare -U cat ../mnt/file'
	unshare -Urpf --mount-proc sh -c 'cat mnt/file && ls /proc/self/fd | grep ....; true'
	END
	assert_success
	assert_output "$(printf '%s\n' one one "$WORK/mnt" one one one)"
}

@test "the descriptor of the mounts is not the program's, unless it wants the number" {
	need python3
	make_ext2 img
	mkdir mnt
	cat >fds.py <<-'END'
	import ctypes, os, resource, subprocess, sys, threading
	def look(what):
	    out = subprocess.run(["cat", "mnt/file"], capture_output=True, text=True).stdout.strip()
	    print(what, open("mnt/file").read().strip(), out, len([fd for fd in os.listdir("/proc/self/fd") if int(fd) >= 300]), flush=True)
	os.closerange(3, 300)
	def own():
	    top = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
	    return [fd for fd in range(3, min(top, 70000)) if os.path.exists(f"/proc/self/fd/{fd}")]
	look("at first")
	hidden = own()
	assert len(hidden) == 1, hidden
	for fd in range(3, hidden[0] + 10):
	    try:
	        os.close(fd)
	        print("closed", fd)
	    except OSError:
	        pass
	os.closerange(3, hidden[0] + 10)
	look("closed")
	libc = ctypes.CDLL(None, use_errno=True)
	def apart():
	    assert libc.unshare(0x400) == 0 # CLONE_FILES
	    os.closerange(3, hidden[0] + 10)
	    look("thread")
	t = threading.Thread(target=apart); t.start(); t.join()
	if os.fork() == 0:
	    look("child")
	    os._exit(0)
	os.wait()
	limit = resource.getrlimit(resource.RLIMIT_NOFILE)
	resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit[1], hidden[0] + 10), limit[1]))
	r, w = os.pipe()
	os.dup2(w, hidden[0], inheritable=False)
	os.write(hidden[0], b"pipe")
	print(os.read(r, 9))
	look("taken")
	os.close(hidden[0])
	os.close(r); os.close(w)
	look("given back")
	END
	run session_script <<-'END'
	vumount -t vufuseext2 img mnt
	python3 fds.py
	VU_AGENT=trap python3 fds.py
	END
	assert_success
	echo "$output" >out
	assert_equal "$(grep -c ' one one 0$' out)" 10
	assert_equal "$(grep -c '^taken one one 1$' out)" 2
	assert_equal "$(grep -c "^b'pipe'$" out)" 2
	assert_equal "$(grep -c '^closed [0-9]' out)" 0
}

@test "sandboxes look for open directories where there is no /proc (chromium): there are none" {
	need python3 unshare
	unshare -Ur true 2>/dev/null || skip "no user namespaces on this machine"
	make_ext2 img
	mkdir mnt empty
	cat >sandbox.py <<-'END'
	import ctypes, os, stat
	os.closerange(3, 300)
	proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
	print(open("mnt/file").read().strip())
	assert ctypes.CDLL(None).unshare(0x10000000) == 0 # CLONE_NEWUSER
	os.chroot("empty"); os.chdir("/")
	fds = os.open("self/fd", os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
	names = os.listdir(fds)
	def is_directory(name):
	    try:
	        return stat.S_ISDIR(os.stat(name, dir_fd=fds).st_mode)
	    except FileNotFoundError:
	        return False # what has listed them
	print([n for n in names if int(n) not in (proc, fds) and is_directory(n)])
	END
	run session_script <<-'END'
	vumount -t vufuseext2 img mnt
	python3 sandbox.py
	END
	assert_success
	assert_output "$(printf '%s\n' one "[]")"
}

@test "a guest's own seccomp filter and landlock by real programs" {
	need python3
	same_as_native -h <<-'END'
	python3 - <<'EOT'
	import ctypes, os, struct, subprocess, sys
	libc = ctypes.CDLL(None, use_errno=True); libc.prctl(38, 1, 0, 0, 0)
	def deny(nr, value):
	    code = [(0x20, 0, 0, 0), (0x15, 0, 1, nr), (0x06, 0, 0, value), (0x06, 0, 0, 0x7fff0000)]
	    b = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *c) for c in code)); p = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(b)))
	    return libc.prctl(22, 2, p, 0, 0)
	print(deny(83, 0x50000 | 1))  # mkdir: EPERM
	try: os.mkdir("d")
	except OSError as e: print(e)
	print(subprocess.run(["mkdir", "d"], capture_output=True).returncode, os.listdir("."))
	if os.fork() == 0: deny(82, 0x80000000); os.rename("a", "b"); os._exit(0)
	print(os.waitstatus_to_exitcode(os.wait()[1]))
	EOT
	END
}
