// SPDX-License-Identifier: GPL-2.0-only
/*
 * The part of libbpf that libeeh uses, over a kernel made of files, so that
 * attach, replace and detach run without BPF, and a process can be killed
 * between any two steps that others can see.
 *
 * An object (map, link, program) is a file in <root>/kernel; a file descriptor
 * of it is one of that file, a pin is a file with its number in it. What is
 * attached is in <root>/kernel/attached: "LINK MAP". A link that is neither
 * pinned nor held by a living process is gone, which fake_gc() sees to.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../bpf/eeh_freeze.h"
#include "fake_bpf.h"

struct fake_fail fake_fail;
struct fake_policy fake_policy;

static char root[64];
static int steps_left = -1;

struct bpf_map {
	char name[32];
	enum bpf_map_type type;
	__u32 key_size, value_size, max_entries, flags;
	int fd;
};

struct bpf_object {
	struct bpf_map maps[8];
	int nr;
	bool loaded;
};

struct bpf_link {
	int fd;
};

void fake_init(const char *dir)
{
	char path[128];

	snprintf(root, sizeof(root), "%s", dir);
	memset(&fake_fail, 0, sizeof(fake_fail));
	memset(&fake_policy, 0, sizeof(fake_policy));
	snprintf(path, sizeof(path), "%s/kernel", root);
	mkdir(path, 0700);
	steps_left = -1;
}

/* Die before the n-th visible step from now; < 0: never. */
void fake_kill_at(int n)
{
	steps_left = n;
}

static void step(void)
{
	if (steps_left >= 0 && steps_left-- == 0)
		_exit(FAKE_KILLED);
}

/* What libeeh does to pins without libbpf is a step as well (ld --wrap). */
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);

int __wrap_unlink(const char *path)
{
	step();
	return __real_unlink(path);
}

int __wrap_rename(const char *from, const char *to)
{
	step();
	return __real_rename(from, to);
}

static int kpath(char *buf, size_t len, const char *what, unsigned int id)
{
	return snprintf(buf, len, "%s/kernel/%s%u", root, what, id);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f)
		abort();
	fputs(text, f);
	fclose(f);
}

static bool get(const char *path, char *buf, size_t len)
{
	FILE *f = fopen(path, "r");
	size_t n;

	if (!f)
		return false;
	n = fread(buf, 1, len - 1, f);
	buf[n] = '\0';
	fclose(f);
	return true;
}

/* A new object; its text starts with "TYPE ID ". */
static int new_object(const char *type, const char *rest, unsigned int *idp)
{
	char path[160], text[512], buf[16];
	unsigned int id;

	snprintf(path, sizeof(path), "%s/kernel/next", root);
	id = get(path, buf, sizeof(buf)) ? atoi(buf) : 1;
	snprintf(buf, sizeof(buf), "%u", id + 1);
	put(path, buf);
	kpath(path, sizeof(path), "obj", id);
	snprintf(text, sizeof(text), "%s %u %s\n", type, id, rest);
	put(path, text);
	if (idp)
		*idp = id;
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool fd_text(int fd, char *type, unsigned int *id, char *rest)
{
	char buf[512];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);

	if (n <= 0)
		return false;
	buf[n] = '\0';
	rest[0] = '\0';
	return sscanf(buf, "%15s %u %400[^\n]", type, id, rest) >= 2;
}

static bool attached(unsigned int *link, unsigned int *map)
{
	char path[128], buf[64];

	snprintf(path, sizeof(path), "%s/kernel/attached", root);
	return get(path, buf, sizeof(buf)) && sscanf(buf, "%u %u", link, map) == 2;
}

static void set_attached(unsigned int link, unsigned int map)
{
	char path[128], tmp[128], buf[64];

	snprintf(path, sizeof(path), "%s/kernel/attached", root);
	snprintf(tmp, sizeof(tmp), "%s/kernel/attached.new", root);
	snprintf(buf, sizeof(buf), "%u %u", link, map);
	if (map) {
		put(tmp, buf);
		__real_rename(tmp, path);
	} else {
		__real_unlink(path);
	}
	snprintf(path, sizeof(path), "%s/sys/kernel/eeh_bpf/state", root);
	put(path, map ? "attached\n" : "idle\n");
}

/* The process that could hold an unpinned link is gone. */
void fake_gc(void)
{
	unsigned int link, map, id;
	char path[128], type[16], rest[512];
	int fd;

	if (!attached(&link, &map))
		return;
	snprintf(path, sizeof(path), "%s/sys/fs/bpf/eeh/links/freeze", root);
	fd = bpf_obj_get(path);
	if (fd < 0 || !fd_text(fd, type, &id, rest) || id != link)
		set_attached(0, 0);
	if (fd >= 0)
		close(fd);
}

unsigned int fake_attached_map(void)
{
	unsigned int link, map;

	return attached(&link, &map) ? map : 0;
}

/* Attached by somebody whose link is not pinned. */
void fake_attach_foreign(void)
{
	set_attached(9999, 9998);
}

/* ------------------------------------------------------------- system calls */

int bpf_obj_get(const char *path)
{
	char buf[32], obj[160];
	unsigned int id;

	if (fake_fail.obj_get) {
		errno = fake_fail.obj_get;
		return -errno;
	}
	if (!get(path, buf, sizeof(buf))) {
		errno = ENOENT;
		return -ENOENT;
	}
	id = atoi(buf);
	kpath(obj, sizeof(obj), "obj", id);
	return open(obj, O_RDONLY | O_CLOEXEC);
}

int bpf_obj_pin(int fd, const char *path)
{
	char type[16], rest[512], buf[16];
	unsigned int id;

	step();
	if (!access(path, F_OK)) {
		errno = EEXIST;
		return -EEXIST;
	}
	if (!fd_text(fd, type, &id, rest))
		abort();
	if (fake_fail.pin && !--fake_fail.pin) {
		errno = ENOSPC;
		return -ENOSPC;
	}
	snprintf(buf, sizeof(buf), "%u", id);
	put(path, buf);
	return 0;
}

static void prog_info(struct bpf_prog_info *i, unsigned int id, char *maps)
{
	__u32 *to = (__u32 *)(uintptr_t)i->map_ids, room = i->nr_map_ids, n = 0;
	char *s, *save = NULL;

	for (s = strtok_r(maps, " ", &save); s; s = strtok_r(NULL, " ", &save), n++)
		if (n < room)
			to[n] = atoi(s);
	i->id = id;
	i->nr_map_ids = n;
}

int bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	char type[16], rest[512];
	unsigned int id, link, map;

	if (!fd_text(fd, type, &id, rest))
		abort();
	if (!strcmp(type, "prog")) {
		prog_info(info, id, rest);
		return 0;
	}
	memset(info, 0, *len);
	if (!strcmp(type, "map")) {
		struct bpf_map_info *i = info;

		i->id = id;
		sscanf(rest, "%15s %u %u %u %u %u", i->name, &i->type, &i->key_size, &i->value_size,
		       &i->max_entries, &i->map_flags);
	} else if (!strcmp(type, "link")) {
		struct bpf_link_info *i = info;

		i->id = id;
		i->type = BPF_LINK_TYPE_STRUCT_OPS;
		if (attached(&link, &map) && link == id)
			i->struct_ops.map_id = map;
	}
	return 0;
}

static int by_id(const char *want, __u32 id)
{
	char path[160], type[16], rest[512];
	unsigned int i;
	int fd;

	kpath(path, sizeof(path), "obj", id);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && fd_text(fd, type, &i, rest) && !strcmp(type, want))
		return fd;
	if (fd >= 0)
		close(fd);
	errno = ENOENT;
	return -ENOENT;
}

int bpf_map_get_fd_by_id(__u32 id)
{
	return by_id("map", id);
}

int bpf_prog_get_fd_by_id(__u32 id)
{
	return by_id("prog", id);
}

static void value_path(int fd, const void *key, char *path, size_t len)
{
	char type[16], rest[512];
	unsigned int id;

	if (!fd_text(fd, type, &id, rest))
		abort();
	snprintf(path, len, "%s/kernel/val%u.%u", root, id, *(const __u32 *)key);
}

static __u32 value_size(int fd)
{
	struct bpf_map_info info;
	__u32 len = sizeof(info);

	bpf_obj_get_info_by_fd(fd, &info, &len);
	return info.value_size;
}

int bpf_map_lookup_elem(int fd, const void *key, void *value)
{
	char path[160];
	FILE *f;

	value_path(fd, key, path, sizeof(path));
	memset(value, 0, value_size(fd));
	f = fopen(path, "r");
	if (f) {
		if (!fread(value, 1, value_size(fd), f))
			abort();
		fclose(f);
	}
	return 0;
}

int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags)
{
	char path[160];
	FILE *f;

	(void)flags;
	value_path(fd, key, path, sizeof(path));
	f = fopen(path, "w");
	if (!f)
		abort();
	fwrite(value, 1, value_size(fd), f);
	fclose(f);
	return 0;
}

int bpf_link_detach(int fd)
{
	char type[16], rest[512];
	unsigned int id, link, map;

	step();
	if (!fd_text(fd, type, &id, rest) || strcmp(type, "link"))
		abort();
	if (!attached(&link, &map) || link != id) {
		errno = ENOLINK;
		return -ENOLINK;
	}
	set_attached(0, 0);
	return 0;
}

int bpf_link_update(int link_fd, int new_fd, const struct bpf_link_update_opts *opts)
{
	char type[16], rest[512];
	unsigned int id, map, link, old;

	(void)opts;
	step();
	if (!fd_text(link_fd, type, &id, rest) || strcmp(type, "link") ||
	    !fd_text(new_fd, type, &map, rest) || strcmp(type, "map"))
		abort();
	if (fake_fail.update) {
		errno = fake_fail.update;
		return -errno;
	}
	if (!attached(&link, &old) || link != id) {
		errno = ENOLINK;
		return -ENOLINK;
	}
	set_attached(link, map);
	return 0;
}

/* ------------------------------------------------------------------ libbpf */

libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn)
{
	static libbpf_print_fn_t now;
	libbpf_print_fn_t old = now;

	now = fn;
	return old;
}

static struct bpf_map *add_map(struct bpf_object *obj, const char *name, enum bpf_map_type type,
			       __u32 value_size_, __u32 max_entries)
{
	struct bpf_map *m = &obj->maps[obj->nr++];

	snprintf(m->name, sizeof(m->name), "%s", name);
	m->type = type;
	m->key_size = 4;
	m->value_size = value_size_;
	m->max_entries = max_entries;
	m->fd = -1;
	return m;
}

static struct bpf_object *open_object(void)
{
	struct bpf_object *obj = calloc(1, sizeof(*obj));

	if (!obj)
		abort();
	add_map(obj, "eeh_pes", BPF_MAP_TYPE_ARRAY, sizeof(struct eeh_pe_stat),
		fake_policy.other_layout ? 2 * EEH_PES_MAX : EEH_PES_MAX);
	add_map(obj, "eeh_config", BPF_MAP_TYPE_ARRAY,
		sizeof(struct eeh_freeze_config), 1);
	if (fake_policy.extra_map)
		add_map(obj, fake_policy.extra_map, BPF_MAP_TYPE_ARRAY, 8, 1);
	add_map(obj, ".rodata", BPF_MAP_TYPE_ARRAY, 8, 1);
	if (!fake_policy.no_ops)
		add_map(obj, "freeze", BPF_MAP_TYPE_STRUCT_OPS, 256, 1);
	if (fake_policy.two_ops)
		add_map(obj, "freeze2", BPF_MAP_TYPE_STRUCT_OPS, 256, 1);
	return obj;
}

struct bpf_object *bpf_object__open_mem(const void *buf, size_t sz,
					const struct bpf_object_open_opts *opts)
{
	(void)opts;
	if (!sz || memcmp(buf, "\177ELF", 4)) {
		errno = EINVAL;
		return NULL;
	}
	return open_object();
}

struct bpf_object *bpf_object__open_file(const char *path, const struct bpf_object_open_opts *opts)
{
	(void)opts;
	if (access(path, F_OK)) {
		errno = ENOENT;
		return NULL;
	}
	return open_object();
}

int bpf_object__load(struct bpf_object *obj)
{
	char rest[256], ids[128] = "";
	unsigned int id, progs[2];
	__u64 val[32] = { 0 };
	__u32 zero = 0;
	int i;

	if (fake_fail.load)
		return -fake_fail.load;
	for (i = 0; i < obj->nr; i++) {
		struct bpf_map *m = &obj->maps[i];

		if (m->fd >= 0)
			continue;
		snprintf(rest, sizeof(rest), "%s %u %u %u %u %u", m->name, m->type, m->key_size,
			 m->value_size, m->max_entries, m->flags);
		m->fd = new_object("map", rest, NULL);
	}
	for (i = 0; i < obj->nr; i++) {
		struct bpf_map_info info;
		__u32 len = sizeof(info);

		if (obj->maps[i].type == BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		bpf_obj_get_info_by_fd(obj->maps[i].fd, &info, &len);
		snprintf(ids + strlen(ids), sizeof(ids) - strlen(ids), "%u ", info.id);
	}
	for (i = 0; i < 2; i++)
		close(new_object("prog", ids, &progs[i]));
	/* What the kernel shows of a struct_ops map: refcnt and state, then the programs. */
	val[0] = 0x100000001ULL;
	val[16] = progs[0];
	val[17] = 0;		/* no learn() */
	val[18] = progs[1];
	for (i = 0; i < obj->nr; i++)
		if (obj->maps[i].type == BPF_MAP_TYPE_STRUCT_OPS) {
			close(new_object("prog", ids, &id));
			bpf_map_update_elem(obj->maps[i].fd, &zero, val, 0);
		}
	obj->loaded = true;
	return 0;
}

void bpf_object__close(struct bpf_object *obj)
{
	int i;

	if (!obj)
		return;
	for (i = 0; i < obj->nr; i++)
		if (obj->maps[i].fd >= 0)
			close(obj->maps[i].fd);
	free(obj);
}

struct bpf_map *bpf_object__next_map(const struct bpf_object *obj, const struct bpf_map *prev)
{
	struct bpf_object *o = (struct bpf_object *)obj;
	int i = prev ? prev - o->maps + 1 : 0;

	return i < o->nr ? &o->maps[i] : NULL;
}

struct bpf_map *bpf_object__find_map_by_name(const struct bpf_object *obj, const char *name)
{
	struct bpf_map *m;

	bpf_object__for_each_map(m, obj)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}

const char *bpf_map__name(const struct bpf_map *map)
{
	return map->name;
}

enum bpf_map_type bpf_map__type(const struct bpf_map *map)
{
	return map->type;
}

__u32 bpf_map__key_size(const struct bpf_map *map)
{
	return map->key_size;
}

__u32 bpf_map__value_size(const struct bpf_map *map)
{
	return map->value_size;
}

__u32 bpf_map__max_entries(const struct bpf_map *map)
{
	return map->max_entries;
}

__u32 bpf_map__map_flags(const struct bpf_map *map)
{
	return map->flags;
}

bool bpf_map__is_internal(const struct bpf_map *map)
{
	return map->name[0] == '.';
}

/* Without BTF: sizes decide. */
__u32 bpf_map__btf_value_type_id(const struct bpf_map *map)
{
	(void)map;
	return 0;
}

struct btf *bpf_object__btf(const struct bpf_object *obj)
{
	(void)obj;
	return NULL;
}

int bpf_map__fd(const struct bpf_map *map)
{
	return map->fd;
}

int bpf_map__reuse_fd(struct bpf_map *map, int fd)
{
	map->fd = dup(fd);
	return map->fd < 0 ? -errno : 0;
}

struct bpf_link *bpf_map__attach_struct_ops(const struct bpf_map *map)
{
	struct bpf_link *link;
	unsigned int id, old, old_map;
	char type[16], rest[512];

	step();
	if (fake_fail.attach || attached(&old, &old_map)) {
		errno = fake_fail.attach ? fake_fail.attach : EBUSY;
		return NULL;
	}
	link = calloc(1, sizeof(*link));
	if (!link)
		abort();
	link->fd = new_object("link", "", &id);
	if (!fd_text(map->fd, type, &old_map, rest))
		abort();
	set_attached(id, old_map);
	return link;
}

int bpf_link__pin(struct bpf_link *link, const char *path)
{
	return bpf_obj_pin(link->fd, path);
}

int bpf_link__destroy(struct bpf_link *link)
{
	if (!link)
		return 0;
	close(link->fd);
	free(link);
	/* If it was not pinned, it is gone. */
	fake_gc();
	return 0;
}
