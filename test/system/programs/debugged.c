/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
int count;
static int inner(int i)
{
	struct stat st;
	stat("/etc/passwd", &st);
	count += i;
	return count;
}
static int outer(int i)
{
	return inner(i + 1);
}
static void *thread(void *p)
{
	return (void *)(long)outer(*(int *)p);
}
int main(void)
{
	pthread_t t[3];
	int i, n[3] = { 10, 20, 30 };
	outer(1);
	for (i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, thread, &n[i]);
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	if (fork() == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	printf("count %d\n", count);
	return 3;
}
