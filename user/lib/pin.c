// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is pinned below <bpffs>/eeh, the lock on it, and how leftovers of a
 * killed process are removed.
 *
 *	eeh/links/freeze	the link; while it is alive, the policy is attached
 *	eeh/maps/NAME		the attached policy's maps
 *	eeh/new/NAME		during a replacement: maps of the new policy
 *
 * Order of attach: maps, then the link. Killed in between: maps without a link,
 * and nothing attached, since an unpinned link dies with its process.
 * Order of replace: new maps into eeh/new, link updated, maps renamed into
 * eeh/maps. Killed in between: the maps in eeh/new are the right ones if and
 * only if the attached programs use them.
 * Order of detach: link detached, pins removed. Killed in between: a dead link.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eeh_internal.h"

static int make_dir(struct eeh_ctx *ctx, const char *rel)
{
	char path[PATH_MAX];
	int err;

	err = eeh_path(ctx, EEH_ROOT_BPFFS, rel, path, sizeof(path));
	if (!err && mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	if (err)
		return eeh_fail(ctx, err, "cannot make %s/%s: %s", ctx->bpffs, rel,
				err == -EACCES || err == -EPERM ? "no permission: run it as root" :
				strerror(-err));
	return 0;
}

int eeh_lock(struct eeh_ctx *ctx)
{
	static const char * const dirs[] = { EEH_DIR, EEH_LINKS, EEH_MAPS, EEH_NEW };
	char path[PATH_MAX];
	size_t i;
	int fd, err;

	for (i = 0; i < ARRAY_SIZE(dirs); i++) {
		err = make_dir(ctx, dirs[i]);
		if (err)
			return err;
	}
	err = eeh_path(ctx, EEH_ROOT_BPFFS, EEH_DIR, path, sizeof(path));
	if (err)
		return eeh_fail(ctx, err, "%s: path too long", ctx->bpffs);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return eeh_fail(ctx, -errno, "cannot open %s: %s", path, strerror(errno));
	while (flock(fd, LOCK_EX)) {
		if (errno == EINTR)
			continue;
		err = eeh_fail(ctx, -errno, "cannot lock %s: %s", path, strerror(errno));
		close(fd);
		return err;
	}
	return fd;
}

void eeh_unlock(int fd)
{
	close(fd);
}

int eeh_link_open(struct eeh_ctx *ctx, struct eeh_link *link)
{
	struct bpf_link_info info;
	__u32 len = sizeof(info);
	char path[PATH_MAX];
	int err;

	memset(link, 0, sizeof(*link));
	link->fd = -1;
	err = eeh_path(ctx, EEH_ROOT_BPFFS, EEH_LINK, path, sizeof(path));
	if (err)
		return err;
	link->fd = bpf_obj_get(path);
	if (link->fd < 0) {
		err = -errno;
		link->fd = -1;
		return err == -ENOENT ? 0 : err;
	}
	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(link->fd, &info, &len)) {
		err = -errno;
		eeh_link_close(link);
		return err;
	}
	link->id = info.id;
	if (info.type == BPF_LINK_TYPE_STRUCT_OPS) {
		/* A link that was detached has no map. */
		link->map_id = info.struct_ops.map_id;
		link->alive = link->map_id != 0;
	}
	return 0;
}

void eeh_link_close(struct eeh_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

/*
 * The ids of a struct_ops map's programs. The map's value, read from user
 * space, is { refcnt, state, padding to a cache line, struct eeh_bpf_ops } with
 * the ids in place of the function pointers. The first of them is
 * freeze_query, which is never 0; there are three (interface version 1).
 */
int eeh_link_progs(uint32_t map_id, uint32_t *ids, uint32_t max)
{
	struct bpf_map_info info;
	__u32 len = sizeof(info), zero = 0;
	uint64_t *val;
	size_t i, j, words;
	uint32_t nr = 0;
	int fd, err = 0;

	fd = bpf_map_get_fd_by_id(map_id);
	if (fd < 0)
		return -errno;
	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(fd, &info, &len)) {
		err = -errno;
		goto out;
	}
	val = calloc(1, info.value_size + sizeof(*val));
	if (!val) {
		err = -ENOMEM;
		goto out;
	}
	if (bpf_map_lookup_elem(fd, &zero, val)) {
		err = -errno;
	} else {
		words = info.value_size / sizeof(*val);
		for (i = 1; i < words && !val[i]; i++)
			;
		for (j = i; j < i + 3 && j < words && nr < max; j++)
			if (val[j] && val[j] <= UINT32_MAX)
				ids[nr++] = val[j];
	}
	free(val);
out:
	close(fd);
	return err ? err : (int)nr;
}

/* Calls fn(path) for every entry of a directory; stops at an error. */
static int for_each_entry(struct eeh_ctx *ctx, const char *rel,
			  int (*fn)(struct eeh_ctx *ctx, const char *name, void *arg), void *arg)
{
	char path[PATH_MAX];
	struct dirent *d;
	int err;
	DIR *dir;

	err = eeh_path(ctx, EEH_ROOT_BPFFS, rel, path, sizeof(path));
	if (err)
		return err;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!err && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			err = fn(ctx, d->d_name, arg);
	closedir(dir);
	return err;
}

static int unpin(struct eeh_ctx *ctx, const char *dir, const char *name)
{
	char rel[300], path[PATH_MAX];
	int err;

	snprintf(rel, sizeof(rel), "%s/%s", dir, name);
	err = eeh_path(ctx, EEH_ROOT_BPFFS, rel, path, sizeof(path));
	if (!err && unlink(path) && errno != ENOENT)
		err = -errno;
	if (err)
		return eeh_fail(ctx, err, "cannot remove %s/%s: %s", ctx->bpffs, rel,
				strerror(-err));
	return 0;
}

static int clear_one(struct eeh_ctx *ctx, const char *name, void *arg)
{
	return unpin(ctx, arg, name);
}

int eeh_pins_clear(struct eeh_ctx *ctx, const char *dir)
{
	return for_each_entry(ctx, dir, clear_one, (void *)dir);
}

struct used {
	uint32_t ids[128];
	uint32_t nr;
};

static void used_maps(uint32_t map_id, struct used *u)
{
	uint32_t progs[EEH_FASTPATH_PROGS_MAX];
	struct bpf_prog_info info;
	__u32 len;
	int n, i, fd;

	u->nr = 0;
	n = eeh_link_progs(map_id, progs, ARRAY_SIZE(progs));
	for (i = 0; i < n; i++) {
		fd = bpf_prog_get_fd_by_id(progs[i]);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		info.map_ids = (uintptr_t)(u->ids + u->nr);
		info.nr_map_ids = ARRAY_SIZE(u->ids) - u->nr;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len)) {
			if (info.nr_map_ids > ARRAY_SIZE(u->ids) - u->nr)
				info.nr_map_ids = ARRAY_SIZE(u->ids) - u->nr;
			u->nr += info.nr_map_ids;
		}
		close(fd);
	}
}

/* A map in eeh/new: move it to eeh/maps if it is in use. */
static int settle_one(struct eeh_ctx *ctx, const char *name, void *arg)
{
	char rel[300], from[PATH_MAX], to[PATH_MAX];
	struct bpf_map_info info;
	__u32 len = sizeof(info), i;
	struct used *u = arg;
	bool in_use = false;
	int fd;

	snprintf(rel, sizeof(rel), EEH_NEW "/%s", name);
	if (eeh_path(ctx, EEH_ROOT_BPFFS, rel, from, sizeof(from)))
		return -ENAMETOOLONG;
	snprintf(rel, sizeof(rel), EEH_MAPS "/%s", name);
	if (eeh_path(ctx, EEH_ROOT_BPFFS, rel, to, sizeof(to)))
		return -ENAMETOOLONG;

	memset(&info, 0, sizeof(info));
	fd = bpf_obj_get(from);
	if (fd >= 0) {
		if (!bpf_obj_get_info_by_fd(fd, &info, &len))
			for (i = 0; i < u->nr; i++)
				in_use |= u->ids[i] == info.id;
		close(fd);
	}
	if (!in_use)
		return unpin(ctx, EEH_NEW, name);
	if (rename(from, to))
		return eeh_fail(ctx, -errno, "cannot rename %s: %s", from, strerror(errno));
	return 0;
}

/* A map in eeh/maps that the attached policy does not use. */
static int prune_one(struct eeh_ctx *ctx, const char *name, void *arg)
{
	char rel[300], path[PATH_MAX];
	struct bpf_map_info info;
	__u32 len = sizeof(info), i;
	struct used *u = arg;
	int fd;

	snprintf(rel, sizeof(rel), EEH_MAPS "/%s", name);
	if (eeh_path(ctx, EEH_ROOT_BPFFS, rel, path, sizeof(path)))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	memset(&info, 0, sizeof(info));
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	close(fd);
	for (i = 0; i < u->nr; i++)
		if (u->ids[i] == info.id)
			return 0;
	return info.id ? unpin(ctx, EEH_MAPS, name) : 0;
}

int eeh_pins_repair(struct eeh_ctx *ctx, const struct eeh_link *link)
{
	struct used used;
	int err;

	if (link->alive) {
		used_maps(link->map_id, &used);
		if (!used.nr)	/* we cannot tell: leave everything */
			return 0;
		err = for_each_entry(ctx, EEH_NEW, settle_one, &used);
		return err ? err : for_each_entry(ctx, EEH_MAPS, prune_one, &used);
	}
	err = eeh_pins_clear(ctx, EEH_LINKS);
	if (!err)
		err = eeh_pins_clear(ctx, EEH_MAPS);
	if (!err)
		err = eeh_pins_clear(ctx, EEH_NEW);
	return err;
}
