/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The realm's process. */
#ifndef VU_REALM_HELPER_H
#define VU_REALM_HELPER_H

#include <stdint.h>

/* Serve requests on `sock` until its other end is closed; never returns. */
_Noreturn void vu_helper_main(int sock, uint64_t session);

#endif
