/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A FUSE daemon for tests, static and without libfuse, that mounts in the way it is told to:
 *
 *	rawfuse [-f] [-o OPTION[,OPTION...]] SOURCE MOUNTPOINT
 *
 * It shows a directory with a file "data", or that file alone, which holds what SOURCE holds. What is
 * written to it goes to SOURCE when the mount has gone, not before. Without -f it goes to the background
 * once it has mounted. Options:
 *	by=mount	mount(2): the default
 *	by=fsmount	fsopen(2), with the device as the string "fd"
 *	by=setfd	the same, with the device as a descriptor (FSCONFIG_SET_FD)
 *	root=file	the mount point is a file
 *	slow=MS		wait that long before SOURCE is written
 *	until=FILE	... until FILE (its whole path) is there
 *	say=WORD	print WORD, mount, and end with status 7
 *	subtype=NAME	of the mount
 * and the flags of the kernel's: ro, default_permissions.
 */
#include <errno.h>
#include <err.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define DATA_ID	       2
#define DATA_MAX       65536
#define BUF_SIZE       (FUSE_MIN_READ_BUFFER + 2 * DATA_MAX)
#define SYS_MOVE_MOUNT 429
#define SYS_FSOPEN     430
#define SYS_FSCONFIG   431
#define SYS_FSMOUNT    432

struct fs {
	const char *source, *target, *by, *say, *subtype, *until;
	bool is_file, rdonly, permissions;
	unsigned int slow_ms;
	int dev;
	size_t len;
	char data[DATA_MAX];
};

static struct fs fs = { .by = "mount" };

static mode_t root_mode(void)
{
	return fs.is_file ? S_IFREG | 0644 : S_IFDIR | 0755;
}

static bool is_data(uint64_t node)
{
	return node == DATA_ID || fs.is_file;
}

static void fill_attr(struct fuse_attr *a, uint64_t node)
{
	*a = (struct fuse_attr){
		.ino = node,
		.size = is_data(node) ? fs.len : 0,
		.mode = node == DATA_ID ? S_IFREG | 0644 : root_mode(),
		.nlink = 1,
		.uid = getuid(),
		.gid = getgid(),
	};
}

static void reply(uint64_t unique, int error, const void *data, size_t len)
{
	struct fuse_out_header h = { .unique = unique, .error = error };
	struct iovec iov[2] = { { &h, sizeof(h) }, { (void *)data, len } };

	h.len = (uint32_t)(sizeof(h) + (error ? 0 : len));
	/* ENOENT: the request was interrupted. */
	if (writev(fs.dev, iov, error || !len ? 1 : 2) < 0 && errno != ENOENT && errno != ENODEV)
		err(1, "reply");
}

static void on_init(const struct fuse_in_header *h, const void *arg)
{
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.max_readahead = ((const struct fuse_init_in *)arg)->max_readahead,
		.max_write = DATA_MAX,
	};

	reply(h->unique, 0, &out, sizeof(out));
}

static void on_attr(const struct fuse_in_header *h, const void *arg)
{
	struct fuse_attr_out out = { .attr_valid = 0 };

	if (h->opcode == FUSE_SETATTR) {
		const struct fuse_setattr_in *in = arg;

		if ((in->valid & FATTR_SIZE) && in->size <= DATA_MAX) {
			if (in->size > fs.len)
				memset(fs.data + fs.len, 0, in->size - fs.len);
			fs.len = in->size;
		}
	}
	fill_attr(&out.attr, h->nodeid);
	reply(h->unique, 0, &out, sizeof(out));
}

static void on_lookup(const struct fuse_in_header *h, const void *arg)
{
	struct fuse_entry_out out = { .nodeid = DATA_ID };

	if (fs.is_file || strcmp(arg, "data")) {
		reply(h->unique, -ENOENT, NULL, 0);
		return;
	}
	fill_attr(&out.attr, DATA_ID);
	reply(h->unique, 0, &out, sizeof(out));
}

static void on_open(const struct fuse_in_header *h, const void *arg)
{
	struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO };

	(void)arg;
	reply(h->unique, 0, &out, sizeof(out));
}

static void on_read(const struct fuse_in_header *h, const void *arg)
{
	const struct fuse_read_in *in = arg;
	size_t left = in->offset < fs.len ? fs.len - in->offset : 0;

	reply(h->unique, 0, fs.data + in->offset, in->size < left ? in->size : left);
}

static void on_write(const struct fuse_in_header *h, const void *arg)
{
	const struct fuse_write_in *in = arg;
	struct fuse_write_out out = { .size = in->size };

	if (in->offset > DATA_MAX || in->size > DATA_MAX - in->offset) {
		reply(h->unique, -EFBIG, NULL, 0);
		return;
	}
	memcpy(fs.data + in->offset, in + 1, in->size);
	if (in->offset + in->size > fs.len)
		fs.len = in->offset + in->size;
	reply(h->unique, 0, &out, sizeof(out));
}

static void on_readdir(const struct fuse_in_header *h, const void *arg)
{
	static const char *const names[] = { ".", "..", "data" };
	const struct fuse_read_in *in = arg;
	char buf[256];
	size_t used = 0, i;

	memset(buf, 0, sizeof(buf));
	for (i = in->offset; i < 3; i++) {
		struct fuse_dirent d = { .ino = i == 2 ? DATA_ID : 1,
					 .off = i + 1,
					 .namelen = (uint32_t)strlen(names[i]),
					 .type = i == 2 ? 8 : 4 };

		memcpy(buf + used, &d, sizeof(d));
		memcpy(buf + used + FUSE_NAME_OFFSET, names[i], d.namelen);
		used += FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + d.namelen);
	}
	reply(h->unique, 0, buf, used);
}

static void on_statfs(const struct fuse_in_header *h, const void *arg)
{
	struct fuse_statfs_out out = { .st = { .bsize = 512, .blocks = 128, .namelen = 255 } };

	(void)arg;
	reply(h->unique, 0, &out, sizeof(out));
}

static void on_good(const struct fuse_in_header *h, const void *arg)
{
	(void)arg;
	reply(h->unique, 0, NULL, 0);
}

static const struct {
	uint32_t op;
	void (*fn)(const struct fuse_in_header *h, const void *arg);
} ops[] = {
	{ FUSE_INIT, on_init },	      { FUSE_GETATTR, on_attr }, { FUSE_SETATTR, on_attr },
	{ FUSE_LOOKUP, on_lookup },   { FUSE_OPEN, on_open },	 { FUSE_OPENDIR, on_open },
	{ FUSE_READ, on_read },	      { FUSE_WRITE, on_write },	 { FUSE_READDIR, on_readdir },
	{ FUSE_STATFS, on_statfs },   { FUSE_FLUSH, on_good },	 { FUSE_RELEASE, on_good },
	{ FUSE_RELEASEDIR, on_good }, { FUSE_FSYNC, on_good },	 { FUSE_DESTROY, on_good },
};

static void serve_one(const struct fuse_in_header *h)
{
	size_t i;

	if (h->opcode == FUSE_FORGET || h->opcode == FUSE_BATCH_FORGET ||
	    h->opcode == FUSE_INTERRUPT)
		return;
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (ops[i].op == h->opcode) {
			ops[i].fn(h, h + 1);
			return;
		}
	reply(h->unique, -ENOSYS, NULL, 0);
}

/* Until the mount has gone. */
static void serve(void)
{
	char *buf = malloc(BUF_SIZE);

	while (buf) {
		ssize_t n = read(fs.dev, buf, BUF_SIZE);

		if (n < 0 && errno == ENODEV)
			break;
		if (n < 0 && errno != EINTR && errno != ENOENT && errno != EAGAIN)
			err(1, "/dev/fuse");
		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			serve_one((const void *)buf);
	}
	free(buf);
}

static void load(void)
{
	int fd = open(fs.source, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, fs.data, sizeof(fs.data));

	if (n < 0)
		err(2, "%s", fs.source);
	fs.len = (size_t)n;
	close(fd);
}

static void save(void)
{
	int fd;

	if (fs.rdonly)
		return;
	usleep(fs.slow_ms * 1000);
	while (fs.until && access(fs.until, F_OK) < 0)
		usleep(10000);
	fd = open(fs.source, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0 || write(fd, fs.data, fs.len) != (ssize_t)fs.len)
		err(1, "%s", fs.source);
	close(fd);
}

static void mount_classic(void)
{
	char options[256];

	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=%u,group_id=%u%s%s%s", fs.dev,
		 root_mode() & S_IFMT, getuid(), getgid(), fs.subtype ? ",subtype=" : "",
		 fs.subtype ? fs.subtype : "", fs.permissions ? ",default_permissions" : "");
	if (mount(fs.source, fs.target, "fuse", MS_NOSUID | MS_NODEV | (fs.rdonly ? MS_RDONLY : 0),
		  options) < 0)
		err(3, "mount %s", fs.target);
}

static void config(int context, unsigned int cmd, const char *key, const char *value, int aux)
{
	char log[256];
	ssize_t n;

	if (syscall(SYS_FSCONFIG, context, cmd, key, value, aux) == 0)
		return;
	n = read(context, log, sizeof(log) - 1);
	err(3, "fsconfig %s: %.*s", key ? key : "create", n > 0 ? (int)n : 0, log);
}

static void config_number(int context, const char *key, const char *format, unsigned int value)
{
	char text[24];

	snprintf(text, sizeof(text), format, value);
	config(context, FSCONFIG_SET_STRING, key, text, 0);
}

static void mount_new(void)
{
	int context = (int)syscall(SYS_FSOPEN, "fuse", FSOPEN_CLOEXEC), tree;

	if (context < 0)
		err(3, "fsopen");
	config(context, FSCONFIG_SET_STRING, "source", fs.source, 0);
	if (!strcmp(fs.by, "setfd"))
		config(context, FSCONFIG_SET_FD, "fd", NULL, fs.dev);
	else
		config_number(context, "fd", "%u", (unsigned int)fs.dev);
	config_number(context, "rootmode", "%o", root_mode() & S_IFMT);
	config_number(context, "user_id", "%u", getuid());
	config_number(context, "group_id", "%u", getgid());
	if (fs.subtype)
		config(context, FSCONFIG_SET_STRING, "subtype", fs.subtype, 0);
	if (fs.permissions)
		config(context, FSCONFIG_SET_FLAG, "default_permissions", NULL, 0);
	if (fs.rdonly)
		config(context, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	config(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	tree = (int)syscall(SYS_FSMOUNT, context, FSMOUNT_CLOEXEC,
			    MOUNT_ATTR_NODEV | (fs.rdonly ? MOUNT_ATTR_RDONLY : 0));
	if (tree < 0)
		err(3, "fsmount");
	if (syscall(SYS_MOVE_MOUNT, tree, "", AT_FDCWD, fs.target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		err(3, "move_mount %s", fs.target);
	close(tree);
	close(context);
}

/* The value of "key=value", or NULL. */
static char *value_of(char *option, const char *key)
{
	size_t n = strlen(key);

	return !strncmp(option, key, n) && option[n] == '=' ? option + n + 1 : NULL;
}

static void take_option(char *o)
{
	char *v;

	if ((v = value_of(o, "by")))
		fs.by = v;
	else if ((v = value_of(o, "root")))
		fs.is_file = !strcmp(v, "file");
	else if ((v = value_of(o, "slow")))
		fs.slow_ms = (unsigned int)atoi(v);
	else if ((v = value_of(o, "until")))
		fs.until = v;
	else if ((v = value_of(o, "say")))
		fs.say = v;
	else if ((v = value_of(o, "subtype")))
		fs.subtype = v;
	else if (!strcmp(o, "ro"))
		fs.rdonly = true;
	else if (!strcmp(o, "default_permissions"))
		fs.permissions = true;
	else if (strcmp(o, "rw"))
		errx(5, "unknown option '%s'", o);
}

int main(int argc, char **argv)
{
	bool foreground = false;
	char *options, *word;
	int opt;

	while ((opt = getopt(argc, argv, "fo:")) != -1) {
		options = optarg;
		if (opt == 'f')
			foreground = true;
		else if (opt == 'o')
			while ((word = strsep(&options, ",")))
				take_option(word);
		else
			return 5;
	}
	if (argc - optind != 2)
		errx(5, "needs SOURCE and MOUNTPOINT");
	fs.source = realpath(argv[optind], NULL);
	fs.target = argv[optind + 1];
	if (!fs.source)
		err(2, "%s", argv[optind]);
	load();
	fs.dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (fs.dev < 0)
		err(3, "/dev/fuse");
	if (fs.say)
		warnx("%s", fs.say);
	if (!strcmp(fs.by, "mount"))
		mount_classic();
	else
		mount_new();
	if (fs.say)
		return 7;
	if (!foreground && daemon(0, 0) < 0)
		err(1, "daemon");
	serve();
	save();
	return 0;
}
