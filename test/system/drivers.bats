#!/usr/bin/env bats
# SPDX-License-Identifier: LGPL-2.1-or-later
# Each driver of vufuse with an image of its kind, and FUSE daemons that are run by hand.

# shellcheck disable=SC2016 # scripts in quotes expand in the session

load helpers/common

# check_type TYPE IMAGE WRITES: mounts a copy of ./tree, looks at it, and where the type can be written
# changes it: "rw", "rw=OPTION" if the type wants an option for that, or "ro". What cannot be in the tree
# of the type is left out of the comparison.
check_type()
{
	cat >check <<-'END'
		type=$1 image=$2 writes=$3
		mkdir -p mnt
		mount -t $type $image mnt
		findmnt -rno SOURCE,FSTYPE mnt
		rm -rf have
		cp -r --no-preserve=all mnt have
		rm -rf have/lost+found
		diff -r --no-dereference tree have && echo same
		mnt/hello
		mountpoint -q mnt && df mnt | tail -1 | grep -q "^$image_full .*[%-] $PWD/mnt$" && echo shown
		umount mnt
		case $writes in
		ro)
			mount -t $type $image mnt
			findmnt -rno OPTIONS mnt | cut -d, -f1
			cp tree/file mnt/new 2>&1 | sed 's/.*: //'
			umount mnt
			exit
			;;
		esac
		mount -t $type -o "${writes#rw=}" $image mnt
		findmnt -rno OPTIONS mnt | cut -d, -f1
		mkdir mnt/sub
		seq 1 50000 >mnt/sub/new
		mv "mnt/dir/file two" mnt/moved
		rm mnt/file
		umount mnt
		mount -r -t $type $image mnt
		findmnt -rno OPTIONS mnt | cut -d, -f1
		seq 1 50000 | cmp - mnt/sub/new && ls mnt/sub
		cat mnt/moved
		test -e mnt/file || echo removed
		touch mnt/sub/new 2>&1 | sed 's/.*: //'
		umount mnt
	END
	export image_full=$PWD/$2
	run in_session sh "$PWD/check" "$@"
	assert_success
	local want="$PWD/$2 $1
same
hello from mnt/hello
shown"
	case $3 in
	ro) want+=$'\nro\nRead-only file system' ;;
	*) want+=$'\nrw\nro\nnew\ntwo\nremoved\nRead-only file system' ;;
	esac
	assert_output "$want"
}

# The tree that most tests mount.
the_tree()
{
	make_tree tree
	case ${1:-} in
	plain) rm tree/link ;; # for file systems without links
	esac
}

# fill TYPE OPTION IMAGE: puts the tree into an image that no tool can make with files in it.
fill()
{
	mkdir -p mnt
	in_session sh -ec 'vumount -t "$1" -o "$2" "$3" mnt; cp -r tree/. mnt; vuumount mnt' sh "$@"
}

@test "ext2, ext3, ext4" {
	need fuse2fs
	the_tree
	for type in ext2 ext3 ext4; do
		EXT=$type make_ext2 $type.img 16M tree
		check_type vufuse$type $type.img rw
		assert_clean $type.img
	done
}

@test "squashfs" {
	need squashfuse mksquashfs
	the_tree
	make_squashfs x.sqfs tree
	check_type vufusesquashfs x.sqfs ro
}

@test "iso9660" {
	need fuseiso
	the_tree
	make_iso x.iso tree
	check_type vufuseiso9660 x.iso ro
	check_type vufuseiso x.iso ro
}

@test "vfat: read-only unless -o rw+ asks for writing" {
	need fusefat mkfs.vfat
	the_tree plain
	make_vfat x.img
	fill vufusevfat rw+ x.img
	run in_session sh -c 'vumount x.img mnt && findmnt -rno OPTIONS mnt; echo x >mnt/file'
	assert_output -p "ro,nosuid"
	assert_output -p "Read-only file system"
	check_type vufusevfat x.img rw=rw+
	fsck.vfat -n x.img
}

@test "exfat" {
	need mount.exfat-fuse mkfs.exfat
	the_tree plain
	truncate -s 16M x.img
	mkfs.exfat x.img >/dev/null
	fill vufuseexfat rw x.img
	check_type vufuseexfat x.img rw
}

@test "ntfs" {
	need ntfs-3g mkntfs
	the_tree plain
	truncate -s 16M x.img
	mkntfs -F -q x.img >/dev/null 2>&1
	fill vufusentfs rw x.img
	check_type vufusentfs x.img rw
}

@test "archives: tar is written at unmount, others are read-only" {
	need archivemount python3
	the_tree
	tar -C tree -cf x.tar .
	check_type vufusetar x.tar rw
	run tar -tf x.tar
	assert_line -e '^(\./)?sub/new$'
	assert_file x.tar.orig
	tar -C tree -czf x.tgz .
	check_type vufusearchive x.tgz ro
	rm tree/link # zipfile makes none
	python3 - <<-'END'
		import os, zipfile
		with zipfile.ZipFile("x.zip", "w") as z:
		    for folder, dirs, files in os.walk("tree"):
		        for name in dirs + files:
		            path = os.path.join(folder, name)
		            z.write(path, os.path.relpath(path, "tree"))
	END
	check_type vufusezip x.zip ro
}

@test "sshfs" {
	make_fake_ssh
	make_tree remote
	mkdir mnt
	run session_script <<-END
		mount -t vufusesshfs -o $SSHFS me@host:$WORK/remote mnt
		findmnt -rno SOURCE,FSTYPE mnt
		cat "mnt/dir/file two"
		echo sent >mnt/new
		mnt/script
		umount mnt
		vumount -o ro,$SSHFS host:$WORK/remote mnt
		touch mnt/new || true
		vuumount mnt
		vumount -o $SSHFS host:/nowhere/at/all mnt || echo \$?
		vumount -o ssh_command=/bin/false host:$WORK/remote mnt || echo \$?
	END
	assert_success
	assert_line "me@host:$WORK/remote vufusesshfs"
	assert_line two
	assert_line "hello from mnt/script"
	assert_line -p "touch: "
	assert_line "umvu: host:/nowhere/at/all: No such file or directory"
	assert_line -e '^umvu: (read|write|remote host)'
	assert_equal "$(grep -cx 32 <<<"$output")" 2
	assert_file remote/new sent
}

@test "fuse.NAME and vufuse.NAME are any daemon" {
	need bindfs
	mkdir mnt bin
	make_tree tree
	cp "$(command -v bindfs)" bin/mydaemon
	run session_script <<-'END'
		vumount -t fuse.bindfs tree mnt
		findmnt -rno SOURCE,FSTYPE mnt
		umount mnt
		mount -t vufuse.bindfs -o perms=a-x tree mnt
		findmnt -rno SOURCE,FSTYPE mnt
		mnt/script 2>/dev/null || echo $?
		umount mnt
		# One that only who mounts has in the PATH.
		PATH=$PWD/bin:$PATH
		mount -t vufuse.mydaemon tree mnt
		cat mnt/file
		umount mnt
	END
	assert_success
	assert_output "$WORK/tree fuse.bindfs
$WORK/tree vufuse.bindfs
126
one"
}

@test "a daemon that is missing is named, with its package" {
	mkdir mnt .config 2>/dev/null
	mkdir -p "$HOME/.config/vu"
	printf '[vufusemissing]\nprogram = no-such-daemon\npackage = some-package\nargs = {target}\n' \
		>"$HOME/.config/vu/vufuse.conf"
	make_ext2 disk.img
	run in_session vumount -t vufusemissing disk.img mnt
	assert_failure 32
	assert_line "umvu: vufuse: 'no-such-daemon' is not installed (package some-package)"
	assert_line "vumount: 'mnt': No such device"
	run in_session mount -t vufuse.no-such-daemon disk.img mnt
	assert_failure 32
	assert_line "umvu: vufuse: 'no-such-daemon' is not installed"
	run in_session mount -t vufusenothing disk.img mnt
	assert_failure 32
	assert_line -p "unknown filesystem type 'vufusenothing'"
}

@test "images that are none: the driver's own words, and the errno of mount(2)" {
	make_ext2 disk.img
	head -c 100000 /dev/zero >zero.img
	mkdir mnt folder
	run in_session mount -t vufuseext2 zero.img mnt
	assert_failure 32
	assert_line "umvu: $WORK/zero.img: Bad magic number in super-block."
	run in_session vumount -t vufuseext2 zero.img mnt
	assert_line "vumount: 'mnt': Invalid argument"
	run in_session vumount -t vufusesquashfs zero.img mnt
	assert_line "vumount: 'mnt': Invalid argument"
	assert_line -p "umvu: This doesn't look like a squashfs image"
	run in_session vumount -t vufusearchive "$BATS_TEST_FILENAME" mnt
	assert_line "vumount: 'mnt': Invalid argument"
	run in_session vumount -t vufuseext2 nothere.img mnt
	assert_failure 32
	assert_line "umvu: vufuse: 'nothere.img': No such file or directory"
	assert_line "vumount: 'mnt': No such file or directory"
	run in_session vumount -t vufuseext2 disk.img/x mnt
	assert_line "vumount: 'mnt': Not a directory"
	run in_session vumount -t vufuseext2 folder mnt
	assert_line "vumount: 'mnt': Block device required"
	chmod 0 disk.img
	run in_session vumount -t vufuseext2 disk.img mnt
	assert_line "vumount: 'mnt': Permission denied"
	run in_session vumount zero.img mnt
	assert_failure 32
	assert_line -p "type not recognised"
}

@test "an option that the driver does not know" {
	make_ext2 disk.img
	mkdir mnt
	run in_session vumount -o no_such_option disk.img mnt
	assert_failure 32
	assert_line -p "no_such_option"
	run in_session vumount -t vufuse.rawfuse -o bad disk.img mnt
	assert_line "umvu: rawfuse: unknown option 'bad'"
	run in_session vumount -t vufuse.rawfuse -o say=why disk.img mnt
	assert_line "umvu: rawfuse: why"
	assert_line "vumount: 'mnt': Input/output error"
	run in_session vumount
	assert_output ""
}

@test "offset=: a file system within a disk" {
	need squashfuse
	make_ext2 part.img
	make_squashfs x.sqfs
	head -c 1M /dev/zero | cat - part.img >disk.img
	head -c 4096 /dev/zero | cat - x.sqfs >x.img
	mkdir mnt
	run session_script <<-'END'
		vumount -o offset=1048576 disk.img mnt
		echo changed >mnt/file
		umount mnt
		vumount -v -r -o offset=1048576 disk.img mnt
		cat mnt/file
		umount mnt
		mount -t vufuseext2 -o ro,vuoffset=1M disk.img mnt
		cat mnt/file
		umount mnt
		vumount -o offset=4096 x.img mnt
		cat mnt/file
		umount mnt
		vumount -o offset=4K x.img mnt || true
		mount -t vufusesquashfs -o vuoffset=4KiB x.img mnt
		cat mnt/file
	END
	assert_success
	assert_output "vumount: 'disk.img' is ext2: using -t vufuseext2
vumount: $WORK/disk.img mounted on mnt
changed
changed
one
vumount: --options 'offset=4K': offset= wants a number of bytes
Try 'vumount --help' for more information.
one"
	dd if=disk.img of=part.img bs=1M skip=1 status=none
	assert_clean part.img
}

# by_hand FILE UNMOUNT COMMAND...: the daemon by hand, without a module; FILE is in what it serves.
by_hand()
{
	local file=$1 unmount=$2
	shift 2
	mkdir -p mnt
	run in_session sh -ec 'file=$1 unmount=$2; shift 2
		"$@" mnt
		cat "mnt/$file"
		findmnt -rno FSTYPE mnt | sed "s/^fuse.*/fuse/"
		$unmount mnt
		ls -A mnt
		grep -c "$PWD/mnt" /proc/self/mounts || true
		vu_lsmod --json | grep -c vufuse || true' \
		sh "$file" "$unmount" "$@"
	assert_success
	assert_output $'one\nfuse\n0\n0'
}

@test "daemons by hand: squashfuse, fuseiso, archivemount, fuse2fs (libfuse 2 and 3)" {
	need squashfuse fuseiso archivemount fuse2fs
	make_tree tree
	make_squashfs x.sqfs tree
	make_iso x.iso tree
	make_ext2 x.img 16M tree
	tar -C tree -cf x.tar .
	by_hand file umount squashfuse x.sqfs
	by_hand file "fusermount3 -u" squashfuse x.sqfs
	by_hand file "fusermount3 -u" squashfuse_ll x.sqfs
	by_hand file umount fuseiso x.iso
	by_hand file "fusermount3 -u" fuseiso x.iso
	by_hand file vuumount archivemount x.tar
	by_hand file "fusermount3 -u" archivemount x.tar
	by_hand file umount fuse2fs -o fakeroot x.img
	by_hand file "fusermount3 -u -z" fuse2fs -o ro x.img
	assert_clean x.img
}

@test "daemons by hand: bindfs, sshfs, ntfs-3g, exfat" {
	need bindfs
	make_tree tree
	by_hand file umount bindfs "$WORK/tree"
	by_hand file "fusermount3 -u" bindfs "$WORK/tree"
	if command -v ntfs-3g mkntfs >/dev/null; then
		truncate -s 16M x.ntfs
		mkntfs -F -q x.ntfs >/dev/null 2>&1
		in_session sh -ec 'ntfs-3g x.ntfs mnt; echo one >mnt/file; umount mnt'
		by_hand file "fusermount3 -u" ntfs-3g x.ntfs
	fi
	if command -v mount.exfat-fuse mkfs.exfat >/dev/null; then
		truncate -s 16M x.exfat
		mkfs.exfat x.exfat >/dev/null
		in_session sh -ec 'mount.exfat-fuse x.exfat mnt; echo one >mnt/file; umount mnt'
		by_hand file umount mount.exfat-fuse x.exfat
	fi
	make_fake_ssh
	by_hand file umount sshfs -o "$SSHFS" "host:$WORK/tree"
	by_hand file "fusermount3 -u" sshfs -o "$SSHFS" "host:$WORK/tree"
}

@test "the first thing that is done in a daemon's mount may be to write" {
	need fuse2fs bindfs
	make_ext2 disk.img
	mkdir -p mnt tree
	for by in mount fsmount setfd; do
		run in_session sh -ec 'rawfuse -o "by=$1" /etc/hostname mnt; test -w mnt; umount mnt' sh $by
		assert_success
	done
	run in_session sh -ec 'fuse2fs -o fakeroot disk.img mnt; mkdir mnt/made; umount mnt'
	assert_success
	run in_session sh -ec 'bindfs "$PWD/tree" mnt; touch mnt/made; cd mnt; umount -l ../mnt'
	assert_success
	assert_file tree/made
	assert_equal "$(debugfs -R 'stat /made' disk.img 2>/dev/null | grep -c 'Type: directory')" 1
}

@test "fusermount mounts, too: auto_unmount makes libfuse use it" {
	need squashfuse archivemount
	make_tree tree
	make_squashfs x.sqfs tree
	tar -C tree -cf x.tar .
	by_hand file umount squashfuse -o auto_unmount x.sqfs
	by_hand file "fusermount3 -u" archivemount -o auto_unmount x.tar
}

@test "a daemon in the foreground ends with its mount, and its mount with it" {
	need squashfuse
	make_squashfs x.sqfs
	mkdir mnt
	cat >until <<-'END'
		# until there is a mount (or "not") on mnt
		while if [ "$1" = not ]; then mountpoint -q mnt; else ! mountpoint -q mnt; fi; do
			sleep 0.02
		done
	END
	run session_script <<-'END'
		for end in 'umount mnt' 'fusermount3 -u mnt' 'kill $!' 'kill -HUP $!'; do
			squashfuse -f x.sqfs mnt &
			sh until
			cat mnt/file
			eval "$end"
			wait $! || true
			sh until not
			ls -A mnt
		done
		squashfuse $PWD/x.sqfs mnt
		kill -9 $(pgrep -f "^squashfuse $PWD/x.sqfs ")
		cat mnt/file 2>&1 | sed 's/.*: //'
		fusermount3 -u mnt
		ls -A mnt
	END
	assert_success
	assert_output $'one\none\none\none\nTransport endpoint is not connected'
}

@test "mount(2), fsopen(2) with the device as string or descriptor; on directories and files" {
	mkdir mnt
	: >file
	run session_script <<-'END'
		for by in mount fsmount setfd; do
			echo content >source
			rawfuse -o by=$by,subtype=raw source mnt
			ls mnt
			cat mnt/data
			findmnt -rno SOURCE,FSTYPE,OPTIONS mnt
			echo $by >mnt/data
			cat source
			umount mnt
			cat source
			rawfuse -o by=$by,root=file,ro,default_permissions source file
			cat file
			findmnt -rno FSTYPE,OPTIONS file
			(echo no >file) 2>&1 | sed 's/.*: //'
			rm file 2>&1 | sed 's/.*: //'
			fusermount3 -u file
			test ! -s file
			rawfuse -o by=$by,root=file source mnt 2>&1 | sed 's/.*: //'
			rawfuse -o by=$by source file 2>&1 | sed 's/.*: //'
			rawfuse -o by=$by source / 2>&1 | sed 's/.*: //'
		done
	END
	assert_success
	local want='' by
	for by in mount fsmount setfd; do
		want+="data
content
$WORK/source fuse.raw $(fuse_options rw)
content
$by
$by
fuse $(fuse_options ro),default_permissions
Read-only file system
Device or resource busy
Not a directory
Not a directory
Device or resource busy
"
	done
	assert_output "${want%$'\n'}"
}
