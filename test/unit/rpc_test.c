/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Requests taken apart: right ones, damaged ones, and all that are cut off somewhere. */
/* sources: src/umvu/rpc.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abi/view.h"
#include "umvu/link.h"
#include "umvu/rpc.h"

/* A message in memory of exactly its size, so that ASan sees each byte too far. */
static char *message(unsigned int op, const char *strings, size_t len, size_t *total)
{
	struct vu_rpc_request head = { .magic = VU_RPC_MAGIC,
				       .abi = VU_ABI_VERSION,
				       .op = (uint16_t)op,
				       .len = (uint32_t)len,
				       .a = 1,
				       .b = 2,
				       .c = 3 };
	char *msg = malloc(sizeof(head) + len);

	memcpy(msg, &head, sizeof(head));
	if (len)
		memcpy(msg + sizeof(head), strings, len);
	*total = sizeof(head) + len;
	return msg;
}

static int decode(unsigned int op, const char *strings, size_t len, size_t n_fds,
		  struct vu_rpc_in *in)
{
	size_t total;
	char *msg = message(op, strings, len, &total);
	int res = vu_rpc_decode(msg, total, n_fds, in);

	free(msg);
	return res;
}

static void test_mount(void **state)
{
	static const char text[] = "type\0source\0/target\0";
	struct vu_rpc_in in;
	size_t total;
	char *msg = message(VU_RPC_MOUNT, text, sizeof(text), &total);

	(void)state;
	assert_int_equal(vu_rpc_decode(msg, total, 1, &in), 0);
	assert_int_equal(in.n_str, 4);
	assert_string_equal(in.str[0], "type");
	assert_string_equal(in.str[2], "/target");
	assert_string_equal(in.str[3], "");
	assert_int_equal(in.head.c, 3);
	free(msg);
}

static void test_counts(void **state)
{
	struct vu_rpc_in in;

	(void)state;
	assert_int_equal(decode(VU_RPC_HELLO, NULL, 0, 0, &in), 0);
	assert_int_equal(decode(VU_RPC_HELLO, "x", 2, 0, &in), -EINVAL);
	assert_int_equal(decode(VU_RPC_HELLO, NULL, 0, 1, &in), -EINVAL);
	assert_int_equal(decode(VU_RPC_MOUNT, "a\0b\0c", 6, 0, &in), -EINVAL);
	assert_int_equal(decode(VU_RPC_MOUNT, "a\0b\0c\0d\0e", 10, 0, &in), -EINVAL);
	assert_int_equal(decode(VU_RPC_MOUNT, "a\0b\0c\0d", 8, 2, &in), -EINVAL);
	assert_int_equal(decode(VU_RPC_UMOUNT, "", 1, 0, &in), 0);
	assert_int_equal(decode(VU_RPC_UMOUNT, NULL, 0, 0, &in), -EINVAL);
	assert_int_equal(decode(VU_RPC_FSMOUNT, NULL, 0, 0, &in), -EINVAL);
	assert_int_equal(decode(VU_RPC_FSMOUNT, NULL, 0, 1, &in), 0);
	assert_int_equal(decode(VU_LINK_END, NULL, 0, 0, &in), 0);
}

static void test_no_nul(void **state)
{
	struct vu_rpc_in in;

	(void)state;
	assert_int_equal(decode(VU_RPC_UMOUNT, "abc", 3, 0, &in), -EINVAL);
	assert_int_equal(decode(VU_RPC_MOUNT, "a\0b\0c\0d", 7, 0, &in), -EINVAL);
}

static void test_unknown(void **state)
{
	struct vu_rpc_in in;

	(void)state;
	assert_int_equal(decode(0, NULL, 0, 0, &in), -EOPNOTSUPP);
	assert_int_equal(decode(0xffff, "x", 2, 4, &in), -EOPNOTSUPP);
	assert_string_equal(vu_rpc_name(0xffff), "?");
	assert_string_equal(vu_rpc_name(VU_RPC_MOUNT), "MOUNT");
}

static void test_damaged_head(void **state)
{
	struct vu_rpc_request head;
	struct vu_rpc_in in;
	size_t total, i;
	char *msg = message(VU_RPC_UMOUNT, "/x", 3, &total);

	(void)state;
	for (i = 0; i < total; i++) {
		char *cut = malloc(i + 1);

		memcpy(cut, msg, i);
		assert_int_equal(vu_rpc_decode(cut, i, 0, &in), -EPROTO);
		free(cut);
	}
	memcpy(&head, msg, sizeof(head));
	head.len = 0xffffffff;
	memcpy(msg, &head, sizeof(head));
	assert_int_equal(vu_rpc_decode(msg, total, 0, &in), -EPROTO);
	head.len = 3;
	head.abi++;
	memcpy(msg, &head, sizeof(head));
	assert_int_equal(vu_rpc_decode(msg, total, 0, &in), -EPROTO);
	head.abi--;
	head.magic ^= 1;
	memcpy(msg, &head, sizeof(head));
	assert_int_equal(vu_rpc_decode(msg, total, 0, &in), -EPROTO);
	free(msg);
}

static void test_random(void **state)
{
	unsigned char bytes[256];
	struct vu_rpc_request head = { .magic = VU_RPC_MAGIC, .abi = VU_ABI_VERSION };
	struct vu_rpc_in in;
	unsigned int seed = 1;
	size_t i, n, k;

	(void)state;
	for (i = 0; i < 20000; i++) {
		n = sizeof(head) + (size_t)rand_r(&seed) % (sizeof(bytes) - sizeof(head));
		for (k = 0; k < n; k++)
			bytes[k] = (unsigned char)(rand_r(&seed) % 4);
		head.op = (uint16_t)(rand_r(&seed) % 20);
		head.len = (uint32_t)(n - sizeof(head));
		memcpy(bytes, &head, sizeof(head));
		if (vu_rpc_decode(bytes, n, (size_t)rand_r(&seed) % 5, &in) == 0)
			for (k = 0; k < in.n_str; k++)
				assert_true(in.str[k] + strlen(in.str[k]) < (char *)bytes + n);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount),	     cmocka_unit_test(test_counts),
		cmocka_unit_test(test_no_nul),	     cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_damaged_head), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
