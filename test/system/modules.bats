#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Modules: where they are found, what is refused, how they are used, and one of a third party.

# shellcheck disable=SC2016,SC2030,SC2031 # each test is a subshell; scripts in quotes expand in the session
load helpers/common

# installed: installs the build to a folder of the test's own, named by INSTALLED.
installed()
{
	INSTALLED=$BATS_TEST_TMPDIR/installed
	# The manifest would be written to the build folder, which may be another user's.
	sed "s|file(WRITE \"[^\"]*\"|file(WRITE \"$BATS_TEST_TMPDIR/manifest\"|" \
		"$VU_BUILD/cmake_install.cmake" >"$BATS_TEST_TMPDIR/install.cmake"
	DESTDIR=$INSTALLED cmake -DCMAKE_INSTALL_PREFIX=/usr -P "$BATS_TEST_TMPDIR/install.cmake" >/dev/null
	PATH=$INSTALLED/usr/bin:$PATH
}

# module NAME [MEMBERS]: compiles a module whose description has MEMBERS besides the usual ones.
module()
{
	cat >"$1.c" <<-END
	#include <viewos/module.h>
	static int yes(void *context, const char *type) { (void)context; (void)type; return 1; }
	static int fails(const struct viewos_host *host, void **context) { (void)host; (void)context; return -EACCES_; }
	static const char *const names[6] = { 0, "of-$1" };
	VIEWOS_EXPORT const struct viewos_module viewos_module = { .abi = VIEWOS_ABI, .size = sizeof(viewos_module),
		.name = "$1", .description = "module $1", .rules = VIEWOS_RULE_UTS, .uts = names, ${2:-} };
	END
	# A member that is given again counts: that is how one is made wrong.
	gcc -shared -fPIC -w -DEACCES_=13 -I "$VU_SOURCE/include" -o "$1.so" "$1.c"
}

# refused NAME TEXT: the module is not loaded, the message has TEXT, the session goes on as before.
refused()
{
	run in_session sh -c 'vu_insmod "$1"; echo "status $?"; vu_lsmod -n; uname -n' sh "$1"
	assert_success
	assert_line -p "$2"
	assert_equal "${#lines[@]}" 3
	assert_equal "${lines[1]}" "status 1"
	assert_equal "${lines[2]}" "$(uname -n)"
	# As an option it keeps the command from being run.
	run in_session --module "$1" echo ran
	assert_failure 125
	assert_output -p "$2"
	refute_output -p "ran"
}

@test "modules/example, built by a third party against what is installed" {
	need archivemount gcc
	installed
	cp "$VU_SOURCE/modules/example/example.c" .
	gcc -shared -fPIC -fvisibility=hidden -Wall -Werror -I "$INSTALLED/usr/include" -o example.so example.c
	mkdir -p dir tree
	echo text >tree/file
	tar -cf file.tar -C tree .
	export VU_MODULE_PATH=$PWD
	rm "$INSTALLED/usr/lib/vu/modules/example.so"
	run session_script <<-'END'
	command -v umvu
	mount -t exampletar file.tar dir
	cat dir/file
	uname -n
	vu_lsmod
	vu_lsmod -v | tail -1
	vu_rmmod example || echo "status $?"
	umount dir
	vu_rmmod example
	vu_lsmod -n
	vumount -t exampletar -o x file.tar dir || echo "status $?"
	END
	assert_success
	assert_equal "${lines[0]}" "$INSTALLED/usr/bin/umvu"
	assert_equal "${lines[1]}" "text"
	assert_equal "${lines[2]}" "example"
	assert_line -e '^example +1 +the model for modules of your own$'
	assert_line -e "^example +1 +.*$PWD/example.so\$"
	assert_line "vu_rmmod: module 'example' is in use by the mount on $PWD/dir"
	assert_line "status 1"
	assert_line "umvu: exampletar: unknown option 'x'"
	assert_line "status 32"
	rm -r "$INSTALLED"
}

@test "control files of modules/example: folders, each view its own, none of the host's business" {
	run session_script --module example <<-'END'
		mkdir ctl
		mount -t examplefiles none ctl
		echo hello >ctl/greeting
		find ctl | sort
		stat -c '%A %h %n' ctl/* ctl/about/*
		cat ctl/greeting ctl/about/version; echo
		umvu -N sh -ec 'cat ctl/greeting; echo mine >ctl/greeting; cat ctl/greeting'
		cat ctl/greeting
		sh -c 'echo x >ctl/about/version' 2>&1 || true
		head -c 100 /dev/zero | tr '\0' x >long
		cat long 2>&1 >ctl/greeting || true
		sh -c 'echo x >ctl/about/new' 2>&1 || true
		ls ctl/none 2>&1 || true
		cd ctl/about
		ls ..
		cd /
		vu_rmmod example || echo "status $?"
	END
	assert_success
	assert_output "ctl
ctl/about
ctl/about/version
ctl/greeting
dr-xr-xr-x 2 ctl/about
-rw-r--r-- 1 ctl/greeting
-r--r--r-- 1 ctl/about/version
hello
$(umvu --version | grep -o '[0-9][0-9.]*' | head -n 1)
hello
mine
hello
sh: 1: cannot create ctl/about/version: Permission denied
cat: write error: File too large
sh: 1: cannot create ctl/about/new: Permission denied
ls: cannot access 'ctl/none': No such file or directory
about
greeting
vu_rmmod: module 'example' is in use by the mount on $WORK/ctl
status 1"
}

@test "the example of viewos_module(3), as it is printed there" {
	need gcc
	sed -n '/^A module with a rule/,/^\.Ed/p' "$VU_SOURCE/man/viewos_module.3" | grep -v '^[A.]' >example.c
	gcc -shared -fPIC -Wall -Werror -I "$VU_SOURCE/include" -o example.so example.c
	VU_MODULE_PATH=. run in_session --module example sh -c 'uname -n; vu_lsmod -v'
	assert_success
	assert_equal "${lines[0]}" "example"
	assert_line -e " $PWD/(\./)?example\.so\$"
}

@test "wrong module files are refused with the reason" {
	need gcc
	export VU_MODULE_PATH=$PWD
	refused nosuch "there is no module 'nosuch' in $PWD:$VU_BUILD/lib/vu/modules"
	echo "no ELF" >text.so
	refused text "'$PWD/text.so' cannot be loaded: "
	cp "$VU_BUILD/bin/umvu" program.so
	refused program "'$PWD/program.so' "
	gcc -shared -o other.so -x c - <<<'int x;'
	refused other "'$PWD/other.so' is no View OS module"
	gcc -shared -o undefined.so -x c - -Wl,-z,now <<<'int missing(void); int x(void) { return missing(); }'
	refused undefined "undefined symbol: missing"
	module abi '.abi = VIEWOS_ABI + 1'
	refused abi "module 'abi' "
	module small '.size = 8'
	refused small "module 'small' "
	module name '.name = "another"'
	refused name "another"
	module typed '.type = yes'
	refused typed "module 'typed' has types but no driver()"
	module init '.init = fails'
	refused init "module 'init' cannot work here: Permission denied"
	head -c 3000 "$VU_BUILD/lib/vu/modules/vufuse.so" >cut.so
	refused cut "'$PWD/cut.so' cannot be loaded: "
	mkdir folder.so
	refused folder "folder"
	for name in ../vufuse /etc/passwd . '' "$(printf '%0300d' 0)"; do
		refused "$name" "is no name of a module"
	done
}

@test "the first folder of the module path wins; the session's own is last" {
	need gcc
	mkdir first second
	(cd first && module found)
	(cd second && module found '.description = "second"' && module vufuse)
	VU_MODULE_PATH=first:second run in_session sh -c 'vu_insmod found; vu_lsmod -v; uname -n'
	assert_line -p "$PWD/first/found.so"
	assert_line "of-found"
	VU_MODULE_PATH=$PWD/second run in_session sh -c 'vu_insmod found vufuse; vu_lsmod -n; uname -n'
	assert_line -e '^found +0 +second$'
	assert_line -e '^vufuse +0 +module vufuse$'
	VU_MODULE_PATH=/nonexistent::$PWD/second run in_session sh -c 'vu_insmod found; uname -n'
	assert_output "of-found"
}

@test "loading twice is no error, one that fails keeps no other from loading" {
	run session_script <<-'END'
	vu_insmod vufuse
	vu_insmod vufuse && echo again
	vu_insmod nosuch unrealuidgid || echo "status $?"
	vu_lsmod -n | sort
	vu_rmmod nosuch vufuse || echo "status $?"
	vu_lsmod -n
	END
	assert_success
	assert_equal "${lines[0]}" "vu_insmod: module 'vufuse' is already loaded"
	assert_equal "${lines[1]}" "again"
	assert_equal "${lines[3]}" "status 1"
	assert_equal "$(grep -c '^unrealuidgid ' <<<"$output")" 2
	assert_line "vu_rmmod: module 'nosuch' is not loaded"
	assert_equal "$(grep -c '^vufuse ' <<<"$output")" 1
}

@test "use counts: by the view; vu_rmmod names the mounts" {
	make_ext2 disk.img
	mkdir one two
	run session_script <<-'END'
	vumount -r disk.img one
	vumount -r disk.img two
	vu_lsmod -n
	umvu -N sh -c 'vuumount one; vu_lsmod -n; vuumount two; vu_rmmod vufuse; vu_lsmod -n; echo child'
	vu_rmmod vufuse || echo "status $?"
	ls one/file two/file
	vuumount one two
	vu_rmmod vufuse
	vu_lsmod -n
	END
	assert_success
	assert_output "$(printf '%s\n' "vufuse               2  file systems by FUSE daemons" \
		"vufuse               1  file systems by FUSE daemons" child \
		"vu_rmmod: module 'vufuse' is in use by the mount on $PWD/one, $PWD/two" "status 1" \
		one/file two/file)"
}

@test "a mount loads the module that its type begins with; an unknown type is refused" {
	make_ext2 disk.img
	mkdir dir
	run session_script <<-'END'
	vu_lsmod -n
	mount -t vufuseext2 disk.img dir
	vu_lsmod -n
	vumount -t nosuchtype disk.img dir || echo "status $?"
	vumount -t vufusenosuch disk.img dir || echo "status $?"
	vu_lsmod -n
	END
	assert_success
	assert_equal "$(grep -c '^vufuse ' <<<"$output")" 2
	assert_line "hint: no module knows the type 'nosuchtype'"
	assert_equal "$(grep -c '^status 32' <<<"$output")" 2
}

@test "vu_rmmod unrealuidgid gives processes their own ids back" {
	run in_session --root sh -c 'id -u; vu_rmmod unrealuidgid; id -u'
	assert_success
	assert_output $'0\n'"$(id -u)"
}
