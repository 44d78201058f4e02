// SPDX-License-Identifier: GPL-2.0-only
/* Structs that start with their size: older and newer callers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

struct v1 {
	size_t sz;
	uint32_t a;
	uint32_t b;
};

struct v2 {
	size_t sz;
	uint32_t a;
	uint32_t b;
	uint64_t c;
};

static void t_opts_null(void **state)
{
	struct v2 o = { .a = 7 };

	(void)state;
	assert_int_equal(eeh_opts_get(&o, sizeof(o), NULL), 0);
	assert_int_equal(o.sz, sizeof(o));
	assert_int_equal(o.a, 0);
	assert_int_equal(o.c, 0);
}

static void t_opts_no_size(void **state)
{
	struct v1 in = { .sz = 0, .a = 1 };
	struct v2 o;

	(void)state;
	assert_int_equal(eeh_opts_get(&o, sizeof(o), &in), -EINVAL);
	in.sz = sizeof(size_t) - 1;
	assert_int_equal(eeh_opts_get(&o, sizeof(o), &in), -EINVAL);
	in.sz = sizeof(size_t);
	assert_int_equal(eeh_opts_get(&o, sizeof(o), &in), 0);
	assert_int_equal(o.a, 0);
}

static void t_opts_older_caller(void **state)
{
	/* In memory of its own, so that reading more than v1 is an ASan error. */
	struct v1 *in = malloc(sizeof(*in));
	struct v2 o;

	(void)state;
	*in = (struct v1) { .sz = sizeof(*in), .a = 1, .b = 2 };
	assert_int_equal(eeh_opts_get(&o, sizeof(o), in), 0);
	assert_int_equal(o.sz, sizeof(o));
	assert_int_equal(o.a, 1);
	assert_int_equal(o.b, 2);
	assert_int_equal(o.c, 0);
	free(in);
}

static void t_opts_newer_caller(void **state)
{
	struct v2 in = { .sz = sizeof(in), .a = 1, .b = 2 };
	struct v1 *o = malloc(sizeof(*o));

	(void)state;
	assert_int_equal(eeh_opts_get(o, sizeof(*o), &in), 0);
	assert_int_equal(o->b, 2);
	in.c = 1ULL << 63;
	assert_int_equal(eeh_opts_get(o, sizeof(*o), &in), -E2BIG);
	free(o);
}

static void t_out(void **state)
{
	struct v1 *old = malloc(sizeof(*old));
	struct v2 full = { .sz = sizeof(full), .a = 1, .b = 2, .c = 3 }, new;

	(void)state;
	old->sz = sizeof(*old);
	assert_int_equal(eeh_out_put(old, &full, sizeof(full)), 0);
	assert_int_equal(old->sz, sizeof(*old));
	assert_int_equal(old->b, 2);
	free(old);

	memset(&new, 0xff, sizeof(new));
	new.sz = sizeof(new);
	assert_int_equal(eeh_out_put(&new, &(struct v1){ .a = 4, .b = 5 }, sizeof(struct v1)), 0);
	assert_int_equal(new.sz, sizeof(new));
	assert_int_equal(new.b, 5);
	assert_int_equal(new.c, 0);
	new.sz = 1;
	assert_int_equal(eeh_out_put(&new, &full, sizeof(full)), -EINVAL);
}

static void t_ctx(void **state)
{
	struct eeh_ctx_opts o;
	struct eeh_ctx *ctx = (void *)1;
	char *long_root = malloc(5000);

	(void)state;
	assert_int_equal(eeh_ctx_new(NULL, NULL), -EINVAL);
	assert_int_equal(eeh_ctx_new(&ctx, NULL), 0);
	assert_string_equal(ctx->sysfs, "/sys");
	assert_string_equal(ctx->bpffs, "/sys/fs/bpf");
	assert_string_equal(eeh_last_error(ctx), "");
	eeh_ctx_free(ctx);

	memset(&o, 0, sizeof(o));
	assert_int_equal(eeh_ctx_new(&ctx, &o), -EINVAL);
	assert_null(ctx);
	EEH_INIT(&o);
	memset(long_root, 'x', 4999);
	long_root[4999] = '\0';
	o.proc_root = long_root;
	assert_int_equal(eeh_ctx_new(&ctx, &o), -ENAMETOOLONG);
	free(long_root);
	eeh_ctx_free(NULL);
	assert_string_equal(eeh_last_error(NULL), "");
	assert_string_equal(eeh_version(), "0.1.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_opts_null),
		cmocka_unit_test(t_opts_no_size),
		cmocka_unit_test(t_opts_older_caller),
		cmocka_unit_test(t_opts_newer_caller),
		cmocka_unit_test(t_out),
		cmocka_unit_test(t_ctx),
	};

	return cmocka_run_group_tests_name("opts", tests, NULL, NULL) ? 1 : 0;
}
