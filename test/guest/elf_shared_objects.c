/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dlopen, dl_iterate_phdr and the dynamic linker's own view of the program. */
/* libs: -ldl -lm */
#include "guest.h"
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

static int found_main, found_vdso, found_libc;

static int each(struct dl_phdr_info *info, size_t size, void *arg)
{
	const char *base = strrchr(info->dlpi_name, '/');

	(void)size;
	(void)arg;
	if (!info->dlpi_name[0]) {
		found_main = (unsigned long)info->dlpi_phdr == getauxval(AT_PHDR) &&
			     info->dlpi_phnum == getauxval(AT_PHNUM);
	} else if (strstr(info->dlpi_name, "vdso")) {
		found_vdso = 1;
	} else if (base && !strncmp(base, "/libc.so", 8)) {
		found_libc = 1;
	}
	return 0;
}

int main(void)
{
	double (*cosine)(double);
	void *lib, *self;
	Dl_info info;

	dl_iterate_phdr(each, NULL);
	say("program %s, vdso %s, libc %s\n", yes(found_main), yes(found_vdso), yes(found_libc));
	lib = dlopen("libm.so.6", RTLD_NOW);
	say("dlopen: %s\n", lib ? "ok" : "failed");
	if (lib) {
		*(void **)&cosine = dlsym(lib, "cos");
		say("cos(0) = %g\n", cosine ? cosine(0.0) : -1.0);
		say("dlclose %d\n", dlclose(lib));
	}
	say("dlopen of nothing: %s\n", dlopen("./no-such-library.so", RTLD_NOW) ? "ok" : "failed");
	write_text("garbage.so", "this is no shared object at all", 0755);
	say("dlopen of garbage: %s\n", dlopen("./garbage.so", RTLD_NOW) ? "ok" : "failed");
	self = dlopen(NULL, RTLD_NOW);
	say("dlopen of the program: %s\n", self ? "ok" : "failed");
	if (dladdr((void *)(uintptr_t)main, &info))
		say("dladdr: base %s\n", yes(!memcmp(info.dli_fbase, ELFMAG, SELFMAG)));
	return 0;
}
