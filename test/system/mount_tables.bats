#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# What tells about mounts agrees with the view, and with each other.

# shellcheck disable=SC2016 # scripts in quotes expand in the session

load helpers/common

setup()
{
	vu_setup
	make_ext2 one.img 8M
	make_squashfs two.sqfs
	mkdir mnt
}

@test "mounts, mountinfo, mountstats: of the process, its threads, other guests; not of others" {
	run session_script -m "vufuseext2:one.img:mnt" -m vufusesquashfs:two.sqfs:mnt/empty <<-'END'
		sleep 100 &
		for folder in self thread-self $$ $! $!/task/$! self/../self ../proc/self; do
			tail -n 2 /proc/$folder/mounts
			tail -n 2 /proc/$folder/mountinfo | cut -d' ' -f4-
		done | sort | uniq -c
		tail -n 2 /proc/self/mountstats
		tail -n 2 /etc/mtab | cmp - /dev/fd/3 3<<-EOT && echo mtab
			$(tail -n 2 /proc/mounts)
		EOT
		cd /proc/$!
		tail -n 1 mounts | cut -d' ' -f2
		kill $!
		grep -c " $OLDPWD/mnt" /proc/1/mounts || true
	END
	assert_success
	assert_output "      7 / $WORK/mnt rw,nosuid,nodev,relatime - vufuseext2 $WORK/one.img rw,user_id=$(id -u),group_id=$(id -g),default_permissions
      7 / $WORK/mnt/empty ro,nosuid,nodev,relatime - vufusesquashfs $WORK/two.sqfs ro,user_id=$(id -u),group_id=$(id -g)
      7 $WORK/one.img $WORK/mnt vufuseext2 $(fuse_options rw),default_permissions 0 0
      7 $WORK/two.sqfs $WORK/mnt/empty vufusesquashfs $(fuse_options ro) 0 0
device $WORK/one.img mounted on $WORK/mnt with fstype vufuseext2
device $WORK/two.sqfs mounted on $WORK/mnt/empty with fstype vufusesquashfs
mtab
$WORK/mnt/empty
0"
}

@test "the tables agree with stat(2), statfs(2), statx(2)" {
	need python3
	cat >agree.py <<-'END'
		import ctypes, os, sys
		libc = ctypes.CDLL(None, use_errno=True)
		def mnt_id(path):
		    buf = ctypes.create_string_buffer(256)
		    assert libc.statx(-100, path.encode(), 0, 0x1000, buf) == 0
		    return int.from_bytes(buf[0x90:0x98], "little")
		info = {}
		for line in open("/proc/self/mountinfo"):
		    f = line.split()
		    info[f[4]] = f
		assert len({f[0] for f in info.values()}) == len(info)
		here = os.getcwd()
		for m, fs in ((here + "/mnt", "vufuseext2"), (here + "/mnt/empty", "vufusesquashfs")):
		    f = info[m]
		    st = os.stat(m)
		    assert f[2] == "%d:%d" % (os.major(st.st_dev), os.minor(st.st_dev)), f
		    assert int(f[0]) == mnt_id(m), (f, mnt_id(m))
		    assert f[f.index("-") + 1] == fs
		    assert os.path.ismount(m)
		    assert bool(os.statvfs(m).f_flag & os.ST_RDONLY) == f[5].startswith("ro")
		assert info[here + "/mnt/empty"][1] == info[here + "/mnt"][0]
		assert int(info[here + "/mnt"][1]) == mnt_id(here)
		assert not os.path.ismount(here + "/mnt/dir")
		native = [l for l in open("/proc/1/mountinfo")] if os.access("/proc/1/mountinfo", os.R_OK) else []
		own = [l for l in open("/proc/self/mountinfo")]
		assert own[:len(own) - 2] == native or not native, "the host's come first, as they are"
		print("agree")
	END
	run in_session -m vufuseext2:one.img:mnt -m vufusesquashfs:two.sqfs:mnt/empty python3 agree.py
	assert_success
	assert_output agree
}

@test "findmnt, df, mountpoint, stat, lsblk" {
	run session_script -m "vufuseext2:one.img:mnt" -m vufusesquashfs:two.sqfs:mnt/empty <<-'END'
		findmnt -rno TARGET,SOURCE,FSTYPE mnt
		findmnt -rno TARGET -T mnt/dir/numbers
		findmnt -rno TARGET -S "$PWD/two.sqfs"
		findmnt -rno TARGET -t vufuseext2
		findmnt -rno TARGET -R mnt
		findmnt -J mnt | grep '"target"'
		df --output=source,fstype,target mnt mnt/empty mnt/dir/numbers | tail -n 3 | tr -s ' '
		df -a | grep -c "$PWD/"
		df -T mnt/file | tail -n 1 | grep -o "^$PWD/one.img *vufuseext2"
		mountpoint mnt
		mountpoint mnt/dir || echo $?
		stat -c %m mnt mnt/empty mnt/dir/sub
		stat -f -c %T mnt
		! lsblk -n 2>&1 | grep -i mnt
	END
	assert_success
	assert_output "$WORK/mnt $WORK/one.img vufuseext2
$WORK/mnt
$WORK/mnt/empty
$WORK/mnt
$WORK/mnt
$WORK/mnt/empty
         \"target\": \"$WORK/mnt\",
$WORK/one.img vufuseext2 $WORK/mnt
$WORK/two.sqfs vufusesquashfs $WORK/mnt/empty
$WORK/one.img vufuseext2 $WORK/mnt
2
$WORK/one.img vufuseext2
mnt is a mountpoint
mnt/dir is not a mountpoint
32
$WORK/mnt
$WORK/mnt/empty
$WORK/mnt
fuseblk"
}

@test "odd names are escaped in the tables, whole in JSON and in what the tools show" {
	need python3
	local dir=$'a b\tc\\d\ne#'
	mkdir "$dir"
	cp one.img 'i m#.img'
	run in_session -m "vufuseext2:i m#.img:$dir" sh -c 'tail -n 1 /proc/self/mounts; tail -n 1 /proc/self/mountinfo |
		cut -d" " -f5,9; vumount; findmnt -rno SOURCE,FSTYPE "$1"; mountpoint "$1"
		vumount --json | python3 -c "import json, sys; print(json.load(sys.stdin)[\"filesystems\"][0][\"target\"].encode())"
		df "$1" | tail -n 1 | cut -d% -f1 | tr -s " " | cut -d" " -f1,2' sh "$dir"
	assert_success
	assert_output "$WORK/i\\040m\\043.img $WORK/a\\040b\\011c\\134d\\012e# vufuseext2 $(fuse_options rw),default_permissions 0 0
$WORK/a\\040b\\011c\\134d\\012e# $WORK/i\\040m\\043.img
$WORK/i\\040m\\043.img $WORK/a\\040b\\011c\\134d\\012e\\043 vufuseext2 $(fuse_options rw),default_permissions 0 0
$WORK/i\\x20m#.img vufuseext2
$dir is a mountpoint
b'$WORK/a b\\tc\\\\d\\ne#'
$WORK/i m#.img"
}

@test "what is unmounted is gone from the tables; the latest mount is the last" {
	run session_script -m vufuseext2:one.img:mnt <<-'END'
		vumount two.sqfs mnt
		tail -n 2 /proc/self/mounts | cut -d' ' -f3
		findmnt -rno FSTYPE mnt
		df --output=fstype mnt | tail -n 1
		umount mnt
		tail -n 1 /proc/self/mounts | cut -d' ' -f3
		umount mnt
		cmp /proc/self/mountinfo /proc/1/mountinfo && echo "as the host's"
	END
	assert_success
	assert_line -p "as the host's"
	assert_equal "$(head -n 2 <<<"$output")" $'vufuseext2\nvufusesquashfs'
	assert_line vufusesquashfs
	assert_equal "$(grep -c '^vufuseext2$' <<<"$output")" 3
}

@test "a view in a view begins with its parent's mounts, and each then has its own" {
	run session_script -m vufuseext2:one.img:mnt <<-'END'
		umvu -N sh -c 'tail -n 1 /proc/mounts | cut -d" " -f3; vumount two.sqfs mnt/empty; vumount | cut -d" " -f3
			umount mnt/empty mnt; vumount; ls mnt'
		vumount | cut -d' ' -f3
		cat mnt/file
		umvu -N sh -c 'mkfifo go; (read -r _ <go; vumount | cut -d" " -f3) & umount mnt && echo out; echo >go; wait' \
			>inner
		rm go
		cat inner
		cat mnt/file
	END
	assert_success
	assert_output "vufuseext2
vufuseext2
vufusesquashfs
vufuseext2
one
out
one"
}

@test "vumount --json, -a, and listing where there is nothing" {
	need python3
	run in_session vumount
	assert_success
	assert_output ""
	run in_session vumount --json
	assert_equal "$(python3 -c 'import json, sys; print(json.load(sys.stdin))' <<<"$output")" "{'filesystems': []}"
	run in_session -m vufuseext2,ro:one.img:mnt sh -c 'vumount --json'
	assert_equal "$(python3 -c 'import json, sys; [m] = json.load(sys.stdin)["filesystems"]
print(m["target"], m["source"], m["fstype"], m["options"].split(",")[0])' <<<"$output")" \
		"$WORK/mnt $WORK/one.img vufuseext2 ro"
	run in_session -m vufuseext2,ro:one.img:mnt sh -c 'vumount -a | diff - /proc/self/mounts && echo same'
	assert_success
	assert_output same
	run vumount
	assert_failure 1
	run vuumount mnt
	assert_failure 1
}
