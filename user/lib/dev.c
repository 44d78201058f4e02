// SPDX-License-Identifier: LGPL-2.1-or-later
/* Device nodes and the clock: system calls, or what the program gave instead. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "eeh_internal.h"

#include "../../include/uapi/eeh_dev.h"

static int sys_open(void *arg, const char *path, int flags)
{
	int fd;

	(void)arg;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int sys_close(void *arg, int fd)
{
	(void)arg;
	return close(fd) ? -errno : 0;
}

static int sys_ioctl(void *arg, int fd, unsigned long request, unsigned long val)
{
	int ret;

	(void)arg;
	/* Not again after EINTR: /dev/eeh lets a caller give up while it waits for its turn. */
	ret = ioctl(fd, request, val);
	return ret < 0 ? -errno : ret;
}

static uint64_t sys_now_ns(void *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void sys_sleep_ms(void *arg, uint32_t ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	(void)arg;
	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

int eeh_dev_init(struct eeh_sys *dst, const struct eeh_sys *src)
{
	int err = eeh_opts_get(dst, sizeof(*dst), src);

	if (err)
		return err;
	if (!dst->open)
		dst->open = sys_open;
	if (!dst->close)
		dst->close = sys_close;
	if (!dst->ioctl)
		dst->ioctl = sys_ioctl;
	if (!dst->now_ns)
		dst->now_ns = sys_now_ns;
	if (!dst->sleep_ms)
		dst->sleep_ms = sys_sleep_ms;
	return 0;
}

int eeh_dev_open(const struct eeh_ctx *ctx, const char *rel, int flags)
{
	char path[PATH_MAX];
	int err = eeh_path(ctx, EEH_ROOT_DEV, rel, path, sizeof(path));

	return err ? err : ctx->sys.open(ctx->sys.arg, path, flags);
}

void eeh_dev_close(const struct eeh_ctx *ctx, int fd)
{
	if (fd >= 0)
		ctx->sys.close(ctx->sys.arg, fd);
}

int eeh_dev_ioctl(const struct eeh_ctx *ctx, int fd, unsigned long request, unsigned long val)
{
	return ctx->sys.ioctl(ctx->sys.arg, fd, request, val);
}

int eeh_dev_ioctl_ptr(const struct eeh_ctx *ctx, int fd, unsigned long request, void *p)
{
	return eeh_dev_ioctl(ctx, fd, request, (unsigned long)p);
}

int eeh_dev_eventfd(const struct eeh_ctx *ctx, int dev, uint32_t phb, uint32_t addr, int fd)
{
	struct eeh_dev_eventfd e = {
		.argsz = sizeof(e), .phb = phb, .pe_addr = addr, .fd = fd < 0 ? -1 : fd,
	};
	int ret = eeh_dev_ioctl_ptr(ctx, dev, EEH_DEV_EVENTFD, &e);

	return ret < 0 ? ret : 0;
}

uint64_t eeh_now_ns(const struct eeh_ctx *ctx)
{
	return ctx->sys.now_ns(ctx->sys.arg);
}

void eeh_sleep_ms(const struct eeh_ctx *ctx, uint32_t ms)
{
	ctx->sys.sleep_ms(ctx->sys.arg, ms);
}
