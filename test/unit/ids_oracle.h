/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls about ids, made at random and played on the kernel: for ids_test.c. */
#ifndef IDS_ORACLE_H
#define IDS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/state.h"

#define WORDS	 12	     /* of data that a call may point to */
#define BAD	 0xffffff00u /* stands for an address without memory */
#define SELF_PID 0x7e1f5e1f  /* stands for the caller's own pid in data */

/* A call: arguments, the data that they may point to. */
struct op {
	long nr; /* a system call, or OP_EXEC, OP_QUIT */
	unsigned long arg[5];
	uint8_t ptr[5]; /* n: the argument is the address of data[n - 1]; PTR_BAD */
	uint32_t data[WORDS];
};
#define OP_EXEC (-1)
#define OP_QUIT (-2)
#define PTR_BAD 255

struct outcome {
	long ret;
	uint32_t data[WORDS];
	long securebits, pdeathsig;
	char status[1024]; /* lines of /proc/self/status about ids */
};

/* Keys of the lines that struct outcome has, in their order; NULL at the end. */
extern const char *const status_keys[];

/* --- ids_random.c --- */
struct source {
	uint64_t state;
	bool whole; /* more ids than 0 and -1 */
};

/* The next call, of a thread that has the credential c: the same on each machine. */
void make_op(struct source *s, const struct vu_cred *c, struct op *op);

/* --- ids_oracle.c --- */
struct oracle {
	pid_t pid;
	int sock;
	bool whole; /* all ids are mapped, not one only */
};

/* The arguments as numbers, for a call from this process; data (WORDS) is what they point to. */
void bind_args(const struct op *op, uint32_t *data, unsigned long *arg);
/* What a call left in its data, without the pid, which is another on either side. */
void take_data(const struct op *op, const uint32_t *data, uint32_t *out);
/* The lines about ids of this process's own /proc/self/status. */
void kernel_status(char *out, size_t size);

/* Starts a child with all capabilities in a new user namespace; false: not allowed here. */
bool oracle_start(struct oracle *o);
/* Plays a call. OP_EXEC makes the child execute this program with "--oracle SOCK EXE". */
void oracle_run(struct oracle *o, const struct op *op, struct outcome *out);
void oracle_end(struct oracle *o);
/* What "--oracle SOCK EXE" does; does not return. */
void oracle_serve(int sock, int exe, bool after_exec);

#endif
