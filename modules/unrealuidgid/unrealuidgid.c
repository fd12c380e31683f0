/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unrealuidgid: user and group ids, groups and capabilities that are not the kernel's.
 *
 * In a view with this module each process may become any user, as if it had CAP_SETUID and CAP_SETGID
 * (vusu is how people ask for it). The agent keeps the ids by itself, so this module only says so. They
 * are a pretence: what the user may do to the files of the host does not change.
 */
#include "viewos/module.h"

const struct viewos_module viewos_module = {
	.abi = VIEWOS_ABI,
	.size = sizeof(viewos_module),
	.name = "unrealuidgid",
	.description = "user and group ids of one's own",
	.rules = VIEWOS_RULE_IDS,
};
