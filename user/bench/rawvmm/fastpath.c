// SPDX-License-Identifier: GPL-2.0-only
/* The fast path, as any VMM would attach it (libeeh). */
#include <errno.h>
#include <stdio.h>

#include "rawvmm.h"

uint64_t attach_us;

#ifdef EEH_RAWVMM_LIBEEH
#include <eeh/fastpath.h>

static void fastpath_log(void *arg, enum eeh_log_level level, const char *msg)
{
	(void)arg;
	if (level <= EEH_LOG_WARN)
		fprintf(stderr, "eeh-rawvmm: %s\n", msg);
}

/* What a VMM that wants the fast path would do; what is attached already is as good. */
int fastpath_on(void)
{
	struct eeh_ctx_opts co;
	struct eeh_fastpath_opts fo;
	struct eeh_ctx *ctx;
	uint64_t t = now_us();
	int r;

	EEH_INIT(&co);
	co.log = fastpath_log;
	r = eeh_ctx_new(&ctx, &co);
	if (r)
		return r;
	EEH_INIT(&fo);
	r = eeh_fastpath_attach(ctx, &fo);
	eeh_ctx_free(ctx);
	attach_us = now_us() - t;
	return r == -EEXIST ? 0 : r;
}
#else
int fastpath_on(void)
{
	fprintf(stderr, "eeh-rawvmm: built without libeeh\n");
	return -ENOSYS;
}
#endif
