// SPDX-License-Identifier: LGPL-2.1-or-later
/* Files below the injectable roots. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eeh_internal.h"

#define READ_MAX (16UL << 20)

int eeh_path(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf, size_t len)
{
	const char *r = root == EEH_ROOT_SYSFS ? ctx->sysfs :
			root == EEH_ROOT_PROC ? ctx->proc :
			root == EEH_ROOT_BPFFS ? ctx->bpffs : ctx->dev;
	int n = snprintf(buf, len, "%s%s%s", r, *rel ? "/" : "", rel);

	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

static int open_rel(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, int flags)
{
	char path[PATH_MAX];
	int fd, err;

	err = eeh_path(ctx, root, rel, path, sizeof(path));
	if (err)
		return err;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static ssize_t read_all(int fd, char *buf, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = read(fd, buf + have, len - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		have += n;
	}
	return have;
}

ssize_t eeh_read(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf,
		 size_t len)
{
	int fd = open_rel(ctx, root, rel, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read_all(fd, buf, len);
	close(fd);
	if (n < 0)
		return n;
	if ((size_t)n == len)
		return -EFBIG;
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int eeh_read_alloc(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char **ret)
{
	size_t have = 0, room = 4096;
	char *buf = NULL, *p;
	ssize_t n;
	int fd;

	fd = open_rel(ctx, root, rel, O_RDONLY);
	if (fd < 0)
		return fd;
	for (;;) {
		p = realloc(buf, room);
		if (!p) {
			n = -ENOMEM;
			break;
		}
		buf = p;
		n = read_all(fd, buf + have, room - have - 1);
		if (n < 0)
			break;
		have += n;
		if (have < room - 1) {
			buf[have] = '\0';
			close(fd);
			*ret = buf;
			return 0;
		}
		if (room >= READ_MAX) {
			n = -EFBIG;
			break;
		}
		room *= 2;
	}
	close(fd);
	free(buf);
	return n;
}

int eeh_write(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, const char *val)
{
	int fd = open_rel(ctx, root, rel, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return fd;
	do {
		n = write(fd, val, strlen(val));
	} while (n < 0 && errno == EINTR);
	n = n < 0 ? -errno : (size_t)n == strlen(val) ? 0 : -EIO;
	close(fd);
	return n;
}

bool eeh_exists(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel)
{
	char path[PATH_MAX];

	return !eeh_path(ctx, root, rel, path, sizeof(path)) && !access(path, F_OK);
}

int eeh_parse_u64(const char *s, uint64_t *val)
{
	int base = 10;
	char *end;

	if (s[0] == '0' && s[1] == 'x') {
		base = 16;
		s += 2;
	}
	/* strtoull() would take "-1" and " 1". */
	if (!((*s >= '0' && *s <= '9') ||
	      (base == 16 && ((*s >= 'a' && *s <= 'f') || (*s >= 'A' && *s <= 'F')))))
		return -EBADMSG;
	if (base == 16 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return -EBADMSG;
	errno = 0;
	*val = strtoull(s, &end, base);
	return errno || *end ? -EBADMSG : 0;
}
