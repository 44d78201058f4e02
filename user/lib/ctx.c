// SPDX-License-Identifier: LGPL-2.1-or-later
/* Contexts, errors, logging, and structs that start with their size. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eeh_internal.h"

#define STR_(x) #x
#define STR(x) STR_(x)

const char *eeh_version(void)
{
	return STR(EEH_VERSION_MAJOR) "." STR(EEH_VERSION_MINOR) "." STR(EEH_VERSION_PATCH);
}

/*
 * Copy options of any version of the library into ours. Fields that the caller
 * does not have are 0; fields that we do not have must be 0.
 */
int eeh_opts_get(void *dst, size_t known, const void *src)
{
	const unsigned char *s = src;
	size_t sz, i;

	memset(dst, 0, known);
	if (!src) {
		*(size_t *)dst = known;
		return 0;
	}
	memcpy(&sz, src, sizeof(sz));
	if (sz < sizeof(sz))
		return -EINVAL;
	for (i = known; i < sz; i++)
		if (s[i])
			return -E2BIG;
	memcpy(dst, src, sz < known ? sz : known);
	*(size_t *)dst = known;
	return 0;
}

/* The way back: results. dst->sz is the caller's and stays. */
int eeh_out_put(void *dst, const void *src, size_t known)
{
	size_t sz;

	memcpy(&sz, dst, sizeof(sz));
	if (sz < sizeof(sz))
		return -EINVAL;
	if (sz > known)
		memset((char *)dst + known, 0, sz - known);
	memcpy((char *)dst + sizeof(sz), (const char *)src + sizeof(sz),
	       (sz < known ? sz : known) - sizeof(sz));
	return 0;
}

static int copy_root(char *dst, size_t len, const char *src, const char *dflt)
{
	size_t n;

	if (!src)
		src = dflt;
	n = strlen(src);
	while (n > 1 && src[n - 1] == '/')
		n--;
	if (n >= len)
		return -ENAMETOOLONG;
	memcpy(dst, src, n);
	dst[n] = '\0';
	return 0;
}

int eeh_ctx_new(struct eeh_ctx **ret, const struct eeh_ctx_opts *opts)
{
	struct eeh_ctx_opts o;
	struct eeh_ctx *ctx;
	char bpffs[sizeof(ctx->bpffs) + 16];
	int err;

	if (!ret)
		return -EINVAL;
	*ret = NULL;
	err = eeh_opts_get(&o, sizeof(o), opts);
	if (err)
		return err;

	ctx = calloc(1, sizeof(*ctx));
	if (!ctx)
		return -ENOMEM;
	ctx->log = o.log;
	ctx->log_arg = o.log_arg;

	err = eeh_dev_init(&ctx->sys, o.sys);
	if (!err)
		err = copy_root(ctx->dev, sizeof(ctx->dev), o.dev_root, "/dev");
	if (!err)
		err = copy_root(ctx->sysfs, sizeof(ctx->sysfs), o.sysfs_root, "/sys");
	if (!err)
		err = copy_root(ctx->proc, sizeof(ctx->proc), o.proc_root, "/proc");
	if (!err) {
		snprintf(bpffs, sizeof(bpffs), "%s/fs/bpf", ctx->sysfs);
		err = copy_root(ctx->bpffs, sizeof(ctx->bpffs), o.bpffs_root, bpffs);
	}
	if (err) {
		free(ctx);
		return err;
	}
	*ret = ctx;
	return 0;
}

void eeh_ctx_free(struct eeh_ctx *ctx)
{
	free(ctx);
}

const char *eeh_last_error(const struct eeh_ctx *ctx)
{
	return ctx ? ctx->error : "";
}

void eeh_vlog(struct eeh_ctx *ctx, enum eeh_log_level level, const char *fmt, va_list ap)
{
	char *msg;
	int n;

	if (!ctx || !ctx->log)
		return;
	n = vasprintf(&msg, fmt, ap);
	if (n < 0)
		return;
	while (n > 0 && msg[n - 1] == '\n')
		msg[--n] = '\0';
	ctx->log(ctx->log_arg, level, msg);
	free(msg);
}

void eeh_log(struct eeh_ctx *ctx, enum eeh_log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	eeh_vlog(ctx, level, fmt, ap);
	va_end(ap);
}

int eeh_fail(struct eeh_ctx *ctx, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ctx->error, sizeof(ctx->error), fmt, ap);
	va_end(ap);
	eeh_log(ctx, EEH_LOG_ERROR, "%s", ctx->error);
	return err;
}
