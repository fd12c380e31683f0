/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of a thread does not make each new one touch pages that the one before did not need. */
/* libs: -lpthread */
#include "guest.h"
#include <pthread.h>
#include <sys/resource.h>

enum { THREADS = 40, FAULTS = 8 };

static void *thread(void *arg)
{
	struct stat st;

	return stat("/", &st) == 0 ? arg : NULL;
}

static long faults(void)
{
	struct rusage use;

	MUST(getrusage(RUSAGE_SELF, &use));
	return use.ru_minflt;
}

/* One after the other, so that their stacks are the same memory. */
static int run(int n)
{
	int good = 0;
	pthread_t t;
	void *ret;

	while (n--) {
		if (pthread_create(&t, NULL, thread, &good))
			break;
		pthread_join(t, &ret);
		good += ret == &good;
	}
	return good;
}

int main(void)
{
	long before, each;

	run(2);
	before = faults();
	say("good: %d\n", run(THREADS));
	each = (faults() - before) / THREADS;
	say("few faults for each: %s\n", yes(each <= FAULTS));
	if (each > FAULTS)
		say("faults for each: %ld\n", each);
	return 0;
}
