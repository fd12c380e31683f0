/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files a program's memory maps tell of, in each file of /proc that tells; its own and a child's. */
/* fsmode: mount */
/* variants: static musl */
#include "guest.h"
#include <dirent.h>
#include <inttypes.h>

/* Texts that have been shown: each once, as patched pages may be mapped apart. */
static char seen[200][300];
static size_t n_seen;

static void once(const char *text)
{
	size_t i;

	for (i = 0; i < n_seen; i++)
		if (!strcmp(seen[i], text))
			return;
	if (n_seen < ARRAY_SIZE(seen))
		snprintf(seen[n_seen++], sizeof(seen[0]), "%s", text);
	say("\t%s\n", text);
}

static const char *base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* maps: every mapping of a file with its offset and size. smaps: the files. */
static void show_maps(const char *dir, const char *file, int all)
{
	char name[100], line[5000], perms[8], path[4200], text[300];
	uint64_t from, to, offset;
	struct stat st;
	unsigned long ino;
	unsigned int major, minor;
	FILE *f;

	snprintf(name, sizeof(name), "%s/%s", dir, file);
	f = fopen(name, "r");
	say("%s of %s: %s\n", file, strcmp(dir, "/proc/self") ? "child" : "self",
	    f ? "" : errname(errno));
	n_seen = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %lu %4199[^\n]",
			   &from, &to, perms, &offset, &major, &minor, &ino, path) != 8 ||
		    path[0] != '/')
			continue;
		if (stat(path, &st) < 0)
			say("\t%s: %s\n", path, errname(errno));
		else if (st.st_ino != ino)
			say("\t%s: is another file\n", path);
		snprintf(text, sizeof(text), "%s %s", perms, base(path));
		if (all)
			say("\t%" PRIx64 " %" PRIx64 " %s\n", to - from, offset, text);
		else
			once(text);
	}
	if (f)
		fclose(f);
}

static void show_numa_maps(const char *dir)
{
	char name[100], line[5000], *file;
	FILE *f;

	snprintf(name, sizeof(name), "%s/numa_maps", dir);
	f = fopen(name, "r");
	say("numa_maps: %s\n", f ? "" : errname(errno));
	n_seen = 0;
	while (f && fgets(line, sizeof(line), f)) {
		file = strstr(line, "file=");
		if (!file)
			continue;
		file[strcspn(file, " \n")] = '\0';
		once(base(file));
	}
	if (f)
		fclose(f);
}

static void show_map_files(const char *dir)
{
	char name[100], path[PATH_MAX];
	struct dirent *e;
	ssize_t n;
	DIR *d;

	snprintf(name, sizeof(name), "%s/map_files", dir);
	d = opendir(name);
	say("map_files: %s\n", d ? "" : errname(errno));
	n_seen = 0;
	while (d && (e = readdir(d))) {
		/* The agent's, below 2 GiB, are listed. */
		if (e->d_name[0] == '.' ||
		    (strcspn(e->d_name, "-") == 8 && strtoul(e->d_name, NULL, 16) >= 0x7e000000))
			continue;
		n = readlinkat(dirfd(d), e->d_name, path, sizeof(path) - 1);
		path[n > 0 ? n : 0] = '\0';
		once(n < 0 ? errname(errno) : base(path));
	}
	if (d)
		closedir(d);
}

static void show(const char *dir)
{
	char name[100], path[PATH_MAX];
	ssize_t n;

	snprintf(name, sizeof(name), "%s/exe", dir);
	n = readlink(name, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	say("exe: %s\n", base(path));
	show_maps(dir, "maps", 1);
	show_maps(dir, "smaps", 0);
	show_numa_maps(dir);
	show_map_files(dir);
}

int main(int argc, char **argv)
{
	char dir[60];
	pid_t pid;
	int p[2];

	if (argc > 1) {
		MUST(write(1, "", 1));
		pause();
	}
	show("/proc/self");
	MUST(pipe(p));
	pid = MUST(fork());
	if (!pid) {
		dup2(p[1], 1);
		execl("/proc/self/exe", argv[0], "child", (char *)NULL);
		_exit(9);
	}
	MUST(read(p[0], dir, 1));
	snprintf(dir, sizeof(dir), "/proc/%d", pid);
	show(dir);
	kill(pid, SIGKILL);
	reap(pid, "child");
	return 0;
}
