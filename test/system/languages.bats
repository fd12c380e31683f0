#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Compilers and interpreters, and what is made with them: natively, in a session, and in a mounted image.

load helpers/common

setup()
{
	vu_setup
	export GOCACHE=$TMPDIR/go GOPATH=$TMPDIR/gopath GOFLAGS=-mod=mod
}

@test "python: subprocess in all its ways, threads, multiprocessing, asyncio" {
	need python3
	same_as_native <<-'END'
	cp "$VU_SOURCE/test/system/programs/processes.py" p.py
	TMPDIR=$PWD python3 p.py
	python3 -m venv --without-pip v && v/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'
	END
}

@test "perl: files, fork, pipes, sockets, signals" {
	need perl
	same_as_native <<-'END'
	perl -we 'use strict; use Socket; $| = 1; open my $f, ">", "f" or die; print $f "x" x 10; close $f; print -s "f", " ", -w "f" ? "w" : "", "\n";
	rename "f", "g" or die; link "g", "h" or die; symlink "g", "s" or die
	print readlink("s"), " ", (stat "h")[3], "\n"; unlink "h"; opendir my $d, "."
	print join(" ", sort readdir $d), "\n";
	my $o = `echo sub; exit 2`; print $o, $? >> 8, "\n"
	open my $p, "-|", "sh", "-c", "echo pipe" or die; print <$p>; close $p
	open my $k, "-|" // exit; if (!defined $k) { exit }
	socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die; my $pid = fork
	if (!$pid) { syswrite $b, "child"; exit 7 } waitpid $pid, 0; sysread $a, my $r, 9; print "$r ", $? >> 8, "\n";
	$SIG{USR1} = sub { print "usr1\n" }; kill USR1 => $$; $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 9; }; print $@; exec "echo", "exec"' 2>&1
	perl -e 'opendir D, "none" or print "$!\n"; open F, "<", "none" or print "$!\n"; chdir "none" or print "$!\n"; print glob("*"), "\n"; $0 = "renamed"; print `tr "\\0" " " </proc/$$/cmdline`'
	END
}

@test "make -j: a build with many children and a jobserver" {
	need make gcc
	same_as_native <<-'END'
	for i in $(seq 24); do echo "int f$i(void) { return $i; }" >f$i.c; done
	{ echo '#include <stdio.h>'; for i in $(seq 24); do echo "int f$i(void);"; done; echo 'int main(void) { int s = 0;'
	for i in $(seq 24); do echo "s += f$i();"; done; echo 'printf("%d\n", s); return 0; }'; } >main.c
	printf 'o = $(patsubst %%.c,%%.o,$(wildcard *.c))\nprog: libf.a main.o\n\t$(CC) -o $@ main.o -L. -lf\nlibf.a: $(filter-out main.o,$o)\n\t$(AR) rcs $@ $^\nsub:\n\t+$(MAKE) -s -C d\nfail:\n\tfalse\n' >Makefile
	mkdir d; printf 'all: a b c\n%%:\n\t@echo $@ $(notdir $(CURDIR))\n' >d/Makefile
	touch -d @1000 -- *; make -s -j8 prog; ./prog; touch -d @2000 -- *.o libf.a prog
	touch f3.c; make -j8 -q prog || echo out of date; make -s -j8 prog; ./prog
	make -s -j1 sub; make -s -j4 -k fail sub | sort || true; make -s fail || echo $?
	gcc -g -O2 -static -o st f1.c -x c - <<<'int f1(void); int main(void) { return f1(); }'
	./st || echo $?; gcc -shared -fPIC -o libg.so f2.c
	gcc -o dyn -x c - -L. -lg -Wl,-rpath,'$ORIGIN' <<<'int f2(void); int main(void) { return f2(); }'
	./dyn || echo $?
	END
}

@test "node: fs, child_process, worker_threads, network interfaces" {
	need node
	same_as_native <<-'END'
	cp "$VU_SOURCE/test/system/programs/node.js" n.js
	echo "process.on('message', m => process.send(m + ' pong'))" >c.js; node n.js
	UV_USE_IO_URING=1 node -e "require('fs').promises.readFile('c.js').then(d => console.log(d.length))"
	END
}

@test "go: build, goroutines, exec.Command, files" {
	need go
	same_as_native <<-'END'
	cp "$VU_SOURCE/test/system/programs/main.go" main.go
	printf 'module m\n' >go.mod; go vet . && go build -o prog . && ./prog
	go env CGO_ENABLED; file -b prog | cut -d, -f1
	CGO_ENABLED=0 go build -o static . && ./static | head -3
	END
}

@test "a compiler that runs what it makes: tcc" {
	need tcc
	same_as_native <<-'END'
	cat >p.c <<'EOT'
	#include <stdio.h>
	#include <sys/stat.h>
	int main(int c, char **v) { struct stat st; FILE *f = fopen("f", "w"); fputs("x", f); fclose(f); printf("%d %d %s\n", stat("f", &st), (int)st.st_size, v[1]); return 4; }
	EOT
	tcc -run p.c arg || echo $?; tcc -o p p.c; ./p arg2 || echo $?
	printf '#!/usr/bin/tcc -run\n' | cat - p.c >s.c; chmod +x s.c; ./s.c arg3 || echo $?
	END
}

@test "java: threads, files, processes" {
	need java javac
	same_as_native <<-'END'
	cp "$VU_SOURCE/test/system/programs/J.java" J.java
	java J.java; echo $?
	END
}
