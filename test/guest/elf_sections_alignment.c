/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Large bss, 2 MiB alignment, thread-local data, constructors and destructors in order. */
/* cflags: -Wl,-z,max-page-size=0x200000 */
/* libs: -lpthread */
/* variants: static */
#include "guest.h"
#include <pthread.h>

static char big[300 << 20];
static char aligned[4096] __attribute__((aligned(65536)));
static __thread int tls_zero;
static __thread int tls_set = 77;
static __thread char tls_aligned[64] __attribute__((aligned(64)));
static char order[20];

static __attribute__((constructor(101))) void first(void)
{
	strcat(order, "1");
}

static __attribute__((constructor(102))) void second(void)
{
	strcat(order, "2");
}

static __attribute__((constructor)) void third(void)
{
	strcat(order, access(".", F_OK) == 0 ? "3" : "x");
}

static __attribute__((destructor(101))) void last(void)
{
	say("last destructor, access %d\n", access(".", F_OK));
}

static __attribute__((destructor)) void before_last(void)
{
	say("destructor\n");
}

static void *thread(void *arg)
{
	(void)arg;
	say("thread's: %d %d\n", tls_zero, tls_set);
	tls_zero = 3;
	return NULL;
}

static void at_exit(void)
{
	say("at exit\n");
}

int main(void)
{
	pthread_t t;
	size_t i;

	say("order %s\n", order);
	for (i = 0; i < sizeof(big); i += 4096 * 64)
		if (big[i])
			break;
	big[sizeof(big) - 1] = 1;
	say("large bss is zero: %s\n", yes(i >= sizeof(big)));
	say("aligned: %s %s\n", yes((uintptr_t)aligned % 65536 == 0),
	    yes((uintptr_t)tls_aligned % 64 == 0));
	say("main's: %d %d\n", tls_zero, tls_set);
	tls_set = 78;
	if (pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL))
		return 1;
	say("main's: %d %d\n", tls_zero, tls_set);
	atexit(at_exit);
	return 0;
}
