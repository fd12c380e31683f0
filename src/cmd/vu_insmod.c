/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vu_insmod: load modules into the session. */
#include "base/str.h"
#include "cmd/client.h"
#include "cmd/common.h"

static const struct vu_opt options[] = { VU_OPT_END };

static const struct vu_opt_spec spec = {
	.prog = "vu_insmod",
	.usage = "MODULE...",
	.summary = "Load modules into this View OS session.",
	.notes = "MODULE is a name; its file is looked for in the folders of $VU_MODULE_PATH and\n"
		 "in View OS's own. Loading a module that is loaded is no error.",
	.version = VU_VERSION,
	.opts = options,
};

/* Load one module. 0, or 1 after a message. */
static int insert(const char *name)
{
	VU_CLEANUP(reply) struct vu_reply reply = { 0 };
	int res = vu_client_simple(VU_RPC_MODULE_ADD, name, &reply);

	if (res < 0) {
		vu_client_complain(res);
		return 1;
	}
	if (reply.result < 0)
		vu_refused(name, reply.result, reply.text);
	else
		vu_relay(reply.text);
	return reply.result < 0;
}

int main(int argc, char **argv)
{
	int i = vu_command_options(&spec, argc, argv, NULL, 1), failed = 0;

	if (vu_client_check_session())
		return 1;
	if (i == argc) {
		vu_opt_usage_error(&spec, "no module named");
		return 1;
	}
	for (; i < argc; i++)
		failed |= insert(argv[i]);
	vu_command_exit(failed);
}
