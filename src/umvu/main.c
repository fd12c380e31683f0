/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* umvu: runs a command in a view. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "umvu/check.h"
#include "umvu/front.h"
#include "umvu/options.h"

/*
 * Descriptors 0 to 2 that the caller has left closed are taken for the time being, so that nothing of
 * ours comes to lie there; the command finds them closed again.
 */
static void fill_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

int main(int argc, char **argv)
{
	struct vu_options o;
	int res;

	fill_standard();
	vu_log_name("umvu");
	res = vu_options_parse(argc, argv, &o, NULL, NULL);
	if (res < 0)
		return res == -ECANCELED ? 0 : 125;
	res = o.check ? vu_check(o.json) : vu_front_run(&o);
	vu_options_free(&o);
	return res;
}
