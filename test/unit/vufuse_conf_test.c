/* sources: modules/vufuse/conf.c modules/vufuse/expand.c */
/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vufuse's table of drivers: what is read from it, what is refused, what becomes of mount options. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../modules/vufuse/conf.h"
#include "../../modules/vufuse/expand.h"

struct messages {
	char text[4096];
};

static void collect(void *ctx, const char *text)
{
	struct messages *m = ctx;
	size_t len = strlen(m->text);

	snprintf(m->text + len, sizeof(m->text) - len, "%s\n", text);
}

static int parse(struct vufuse_conf *conf, const char *text, struct messages *m)
{
	m->text[0] = '\0';
	return vufuse_conf_parse(conf, text, strlen(text), "f", collect, m);
}

static void test_section(void **state)
{
	static const char text[] = "# comment\r\n"
				   "[vufusea  vufuseb.*]\n"
				   "  program = one two\n"
				   "\tpackage=p q\n"
				   "kind = image\n"
				   "args = -f -o{options} {source} {target}\n"
				   "ro = ro\n"
				   "rw =\n"
				   "exit.2 = EINVAL\n"
				   "exit.* = EPERM"; /* no newline */
	struct vufuse_conf conf = { 0 };
	const struct vufuse_entry *e;
	struct messages m;
	const char *name;

	(void)state;
	assert_int_equal(parse(&conf, text, &m), 0);
	assert_string_equal(m.text, "");
	e = vufuse_conf_find(&conf, "vufusea", &name);
	assert_non_null(e);
	assert_string_equal(name, "");
	assert_string_equal(e->program, "one two");
	assert_string_equal(e->package, "p q");
	assert_string_equal(e->ro, "ro");
	assert_string_equal(e->rw, "");
	assert_null(e->writes);
	assert_int_equal(e->n_exits, 2);
	assert_int_equal(e->exits[0].status, 2);
	assert_int_equal(e->exits[0].error, EINVAL);
	assert_int_equal(e->exits[1].status, -1);
	assert_ptr_equal(vufuse_conf_find(&conf, "vufuseb.x.y", &name), e);
	assert_string_equal(name, "x.y");
	vufuse_conf_free(&conf);
}

static void test_find(void **state)
{
	static const char *const none[] = { "",	      "vufuse",	 "vufuse.",  "vufuse.a/b",
					    "fuse..", "fuse...", "vufuseab", "VUFUSEA" };
	struct vufuse_conf conf = { 0 };
	struct messages m;
	const char *name;
	size_t i;

	(void)state;
	assert_int_equal(parse(&conf,
			       "[vufusea vufuse.* fuse.*]\nprogram=1\nargs={target}\n"
			       "[x]\nprogram=2\nargs={target}\n",
			       &m),
			 0);
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		assert_null(vufuse_conf_find(&conf, none[i], &name));
	/* What is read later counts. */
	assert_int_equal(parse(&conf, "[fuse.b]\nprogram=3\nargs={target}\n", &m), 0);
	assert_string_equal(vufuse_conf_find(&conf, "fuse.b", &name)->program, "3");
	assert_string_equal(vufuse_conf_find(&conf, "fuse.c", &name)->program, "1");
	vufuse_conf_free(&conf);
}

static void test_errors(void **state)
{
#define HEAD "[t]\nprogram=p\nargs={target}\n"
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "a=b\n", "f:1: 'a=b' stands before the first section\n" },
		{ "[]\n", "f:1: a section needs a type\n" },
		{ "[\n", "f:1: ']' is missing\n" },
		{ "[a b\n", "f:1: ']' is missing\n" },
		{ "[a/b]\n", "f:1: 'a/b' is no type of mounts\n" },
		{ "[*]\n", "f:1: '*' is no type of mounts\n" },
		{ "\n[t]\nargs={target}\n", "f:2: the section has no 'program'\n" },
		{ "[t]\nprogram=p\n", "f:1: the section has no 'args'\n" },
		{ HEAD "word\n", "f:4: 'word' has no '='\n" },
		{ HEAD "colour = red\n", "f:4: unknown key 'colour'\n" },
		{ HEAD "= red\n", "f:4: unknown key ''\n" },
		{ HEAD "program = q\n", "f:4: 'program' is given twice\n" },
		{ HEAD "package =\n", "f:4: 'package' needs a value\n" },
		{ HEAD "opens = no\n",
		  "f:4: 'opens' is 'no', but can only be one of: told lazy exclusive\n" },
		{ HEAD "kind = disk\n",
		  "f:4: 'kind' is 'disk', but can only be one of: image any\n" },
		{ HEAD "ro = {source}\n", "f:4: unknown placeholder in '{source}'\n" },
		{ "[t]\nprogram=p\nargs={target} {}\n",
		  "f:3: unknown placeholder in '{target} {}'\n" },
		{ "[t]\nprogram=p\nargs={target\n", "f:3: unknown placeholder in '{target'\n" },
		{ "[t]\nprogram=p\nargs=target}\n", "f:3: unknown placeholder in 'target}'\n" },
		{ "[t]\nprogram=p\nargs={source}\n", "f:3: 'args' does not say {target}\n" },
		{ HEAD "option. = x\n", "f:4: '' is no mount option\n" },
		{ HEAD "option.a,b = x\n", "f:4: 'a,b' is no mount option\n" },
		{ HEAD "option.a = {target}\n", "f:4: unknown placeholder in '{target}' (known are "
						"{value}, {bytes})\n" },
		{ HEAD "exit.256 = EIO\n", "f:4: '256' is no exit status (0 to 255, or *)\n" },
		{ HEAD "exit.-1 = EIO\n", "f:4: '-1' is no exit status (0 to 255, or *)\n" },
		{ HEAD "exit. = EIO\n", "f:4: '' is no exit status (0 to 255, or *)\n" },
		{ HEAD "exit.99999999999999999999 = EIO\n",
		  "f:4: '99999999999999999999' is no exit status (0 to 255, or *)\n" },
		{ HEAD "exit.1 = 5\n", "f:4: '5' is no error that is known here\n" },
		{ HEAD "ro = \x01\n", "f:4: there are control characters in the line\n" },
	};
#undef HEAD
	struct vufuse_conf conf = { 0 };
	struct messages m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(parse(&conf, cases[i].text, &m) > 0);
		assert_string_equal(m.text, cases[i].message);
		assert_null(conf.entries);
	}
}

/* The other sections of a faulty file hold. */
static void test_partly(void **state)
{
	struct vufuse_conf conf = { 0 };
	struct messages m;
	const char *name;

	(void)state;
	assert_int_equal(parse(&conf,
			       "[a]\nprogram=1\nargs={target}\n[b]\nprogram=2\nargs=x\n"
			       "[c]\nprogram=3\nargs={target}\n",
			       &m),
			 1);
	assert_non_null(vufuse_conf_find(&conf, "a", &name));
	assert_null(vufuse_conf_find(&conf, "b", &name));
	assert_non_null(vufuse_conf_find(&conf, "c", &name));
	vufuse_conf_free(&conf);
}

/* The table that is installed, and every beginning of it. */
static void test_installed(void **state)
{
	static const char *const types[] = { "vufuseext4", "vufuseiso", "fuse.x", "vufuse.bindfs" };
	const char *source = getenv("VU_SOURCE"), *name;
	struct vufuse_conf conf = { 0 };
	static char text[65536];
	struct messages m = { "" };
	char path[4096];
	size_t len, i;
	FILE *f;

	(void)state;
	if (!source)
		skip();
	snprintf(path, sizeof(path), "%s/modules/vufuse/vufuse.conf", source);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	assert_int_equal(vufuse_conf_parse(&conf, text, len, "f", collect, &m), 0);
	assert_string_equal(m.text, "");
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_non_null(vufuse_conf_find(&conf, types[i], &name));
	vufuse_conf_free(&conf);
	for (i = 0; i < len; i++) {
		char *part = malloc(i ? i : 1);

		memcpy(part, text, i);
		m.text[0] = '\0';
		vufuse_conf_parse(&conf, part, i, "f", collect, &m);
		vufuse_conf_free(&conf);
		free(part);
	}
}

static void check_options(const char *section, const char *options, bool rdonly, int res,
			  const char *expected)
{
	struct vufuse_conf conf = { 0 };
	bool never = strstr(section, "writes = no") != NULL, asked = rdonly;
	char text[1024], why[256], *out;
	struct messages m;

	snprintf(text, sizeof(text), "[t]\nprogram=p\nargs={target}\n%s", section);
	assert_int_equal(parse(&conf, text, &m), 0);
	assert_int_equal(vufuse_options(conf.entries, options, &rdonly, &out, why, sizeof(why)),
			 res);
	assert_true(rdonly || (!asked && !never));
	assert_string_equal(res ? why : out, expected);
	if (!res)
		free(out);
	vufuse_conf_free(&conf);
}

static void test_options(void **state)
{
	static const char offset[] =
		"option.offset = o={bytes}\noption.gone =\noption.v = x:{value}\n"
		"option.w = y\n";
	static const char asks[] = "ro=ro\nrw=rw\nwrites = rw+\n";

	(void)state;
	check_options("", "", false, 0, "");
	check_options("", "a,b=c,d\\,e", false, 0, "a,b=c,d\\,e");
	check_options("ro = ro,x\n", "a", true, 0, "ro,x,a");
	check_options("ro = ro,x\n", "", false, 0, "");
	check_options("ro=ro\nrw=rw\nwrites=no\n", "", false, 0, "ro");
	check_options("ro = ro\nopens = lazy\n", "a,vuopen,vuopen=1", true, 0, "ro,a,vuopen=1");
	assert_true(vufuse_has_option("a,vuopen", VUFUSE_OPENS_TOLD));
	assert_false(vufuse_has_option("a,vuopens,vuopen=1", VUFUSE_OPENS_TOLD));
	check_options(asks, "", false, 0, "ro");
	check_options(asks, "a,rw+", false, 0, "rw,a,rw+");
	check_options(asks, "rw+,a", true, 0, "ro,a");
	check_options(offset, "offset=1M,offset=3,offset=2KiB", false, 0, "o=1048576,o=3,o=2048");
	check_options(offset, "gone,a,gone=1,v=2,w", false, 0, "a,x:2,y");
	check_options(offset, "offset", false, -EINVAL, "option 'offset' needs a value");
	check_options(offset, "offset=", false, -EINVAL, "option 'offset': '' is no size");
	check_options(offset, "offset=-1", false, -EINVAL, "option 'offset': '-1' is no size");
	check_options(offset, "offset=1X", false, -EINVAL, "option 'offset': '1X' is no size");
	check_options(offset, "offset=18446744073709551615K", false, -EINVAL,
		      "option 'offset': '18446744073709551615K' is no size");
	check_options(offset, "offset=99999999999999999999", false, -EINVAL,
		      "option 'offset': '99999999999999999999' is no size");
	check_options(offset, "w=1", false, -EINVAL, "option 'w' takes no value");
}

static int add_arg(void *ctx, const char *arg)
{
	struct messages *m = ctx;

	collect(m, arg);
	return strcmp(arg, "stop") ? 0 : -ENOMEM;
}

static void test_args(void **state)
{
	struct vufuse_values v = { .source = "/a {target}", .target = "/m", .options = "" };
	struct vufuse_conf conf = { 0 };
	struct messages m;

	(void)state;
	parse(&conf, "[t]\nprogram=p\nargs= -f  -o{options} {source}\tx={target}\n", &m);
	m.text[0] = '\0';
	assert_int_equal(vufuse_args(conf.entries, &v, add_arg, &m), 0);
	assert_string_equal(m.text, "-f\n/a {target}\nx=/m\n");
	v.options = "ro,a=b c";
	m.text[0] = '\0';
	assert_int_equal(vufuse_args(conf.entries, &v, add_arg, &m), 0);
	assert_string_equal(m.text, "-f\n-oro,a=b c\n/a {target}\nx=/m\n");
	v.uid = "7";
	v.gid = "8";
	vufuse_conf_free(&conf);
	parse(&conf, "[t]\nprogram=p\nargs=uid={uid},gid={gid} {source} {target}\n", &m);
	m.text[0] = '\0';
	assert_int_equal(vufuse_args(conf.entries, &v, add_arg, &m), 0);
	assert_string_equal(m.text, "uid=7,gid=8\n/a {target}\n/m\n");
	v.source = "stop";
	assert_int_equal(vufuse_args(conf.entries, &v, add_arg, &m), -ENOMEM);
	vufuse_conf_free(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_section),	  cmocka_unit_test(test_find),
		cmocka_unit_test(test_errors),	  cmocka_unit_test(test_partly),
		cmocka_unit_test(test_installed), cmocka_unit_test(test_options),
		cmocka_unit_test(test_args),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
