// SPDX-License-Identifier: LGPL-2.1-or-later
/* Load a policy, attach it, pin it, replace it, detach it; its maps. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../bpf/eeh_freeze.h"
#include "eeh_internal.h"

_Static_assert(EEH_FASTPATH_RATE_DEFAULT == EEH_STORM_RATE, "the header says what the policy does");

#define CONFIG_MAP	"eeh_config"
#define PES_MAP		"eeh_pes"

/*
 * libbpf's print callback is one per process. Ours is in place only while the
 * lock is held, and hands messages of other threads to the one before.
 */
static pthread_mutex_t print_lock = PTHREAD_MUTEX_INITIALIZER;
static libbpf_print_fn_t print_before;
static __thread struct eeh_ctx *print_ctx;

__attribute__((format(printf, 2, 0)))
static int print_fn(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	libbpf_print_fn_t before = print_before;

	(void)level;
	if (print_ctx)
		eeh_vlog(print_ctx, EEH_LOG_DEBUG, fmt, ap);
	else if (before)
		return before(level, fmt, ap);
	return 0;
}

void eeh_bpf_print_begin(struct eeh_ctx *ctx)
{
	pthread_mutex_lock(&print_lock);
	print_ctx = ctx;
	print_before = libbpf_set_print(print_fn);
}

void eeh_bpf_print_end(void)
{
	libbpf_set_print(print_before);
	print_ctx = NULL;
	pthread_mutex_unlock(&print_lock);
}

static int pinned_path(struct eeh_ctx *ctx, const char *dir, const char *name, char *path,
		       size_t len)
{
	char rel[300];

	snprintf(rel, sizeof(rel), "%s/%s", dir, name);
	return eeh_path(ctx, EEH_ROOT_BPFFS, rel, path, len);
}

static bool user_map(const struct bpf_map *map)
{
	return !bpf_map__is_internal(map) && bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS &&
	       bpf_map__name(map)[0] != '.';
}

/* Do two types have the same size, kind and, for structs, members? */
bool eeh_same_type(const struct btf *a, uint32_t ida, const struct btf *b, uint32_t idb, int depth)
{
	const struct btf_type *ta, *tb;
	const struct btf_member *ma, *mb;
	int i;

	ida = btf__resolve_type(a, ida);
	idb = btf__resolve_type(b, idb);
	ta = btf__type_by_id(a, ida);
	tb = btf__type_by_id(b, idb);
	if (!ta || !tb || depth > 8 || btf_kind(ta) != btf_kind(tb))
		return false;
	if (btf__resolve_size(a, ida) != btf__resolve_size(b, idb))
		return false;
	if (btf_is_array(ta))
		return btf_array(ta)->nelems == btf_array(tb)->nelems &&
		       eeh_same_type(a, btf_array(ta)->type, b, btf_array(tb)->type, depth + 1);
	if (!btf_is_composite(ta))
		return true;
	if (btf_vlen(ta) != btf_vlen(tb))
		return false;
	for (i = 0; i < btf_vlen(ta); i++) {
		ma = btf_members(ta) + i;
		mb = btf_members(tb) + i;
		if (ma->offset != mb->offset ||
		    strcmp(btf__name_by_offset(a, ma->name_off),
			   btf__name_by_offset(b, mb->name_off)) ||
		    !eeh_same_type(a, ma->type, b, mb->type, depth + 1))
			return false;
	}
	return true;
}

/* Is what is in the pinned map what the new policy takes it for? */
static bool same_layout(const struct bpf_object *obj, const struct bpf_map *map,
			const struct bpf_map_info *info)
{
	struct btf *btf;
	bool same;

	if (info->type != bpf_map__type(map) || info->key_size != bpf_map__key_size(map) ||
	    info->value_size != bpf_map__value_size(map) ||
	    info->max_entries != bpf_map__max_entries(map) ||
	    info->map_flags != bpf_map__map_flags(map) ||
	    !info->btf_value_type_id != !bpf_map__btf_value_type_id(map))
		return false;
	if (!info->btf_value_type_id)
		return true;
	btf = btf__load_from_kernel_by_id(info->btf_id);
	if (!btf)
		return false;
	same = eeh_same_type(btf, info->btf_value_type_id, bpf_object__btf(obj),
			 bpf_map__btf_value_type_id(map), 0);
	btf__free(btf);
	return same;
}

/* Take over pinned maps of the same name and layout. */
static int reuse_maps(struct eeh_ctx *ctx, struct bpf_object *obj)
{
	struct bpf_map_info info;
	char path[PATH_MAX];
	struct bpf_map *map;
	__u32 len;
	int fd, err = 0;

	bpf_object__for_each_map(map, obj) {
		if (!user_map(map) ||
		    pinned_path(ctx, EEH_MAPS, bpf_map__name(map), path, sizeof(path)))
			continue;
		fd = bpf_obj_get(path);
		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && same_layout(obj, map, &info))
			err = bpf_map__reuse_fd(map, fd);
		else
			eeh_log(ctx, EEH_LOG_INFO, "map %s has another layout now: it starts afresh",
				bpf_map__name(map));
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

/* Pin every map in @dir, except those that are pinned in eeh/maps already. */
static int pin_maps(struct eeh_ctx *ctx, struct bpf_object *obj, const char *dir)
{
	struct bpf_map_info a, b;
	char path[PATH_MAX];
	struct bpf_map *map;
	bool same;
	__u32 len;
	int fd;

	bpf_object__for_each_map(map, obj) {
		if (!user_map(map))
			continue;
		if (pinned_path(ctx, EEH_MAPS, bpf_map__name(map), path, sizeof(path)))
			return eeh_fail(ctx, -ENAMETOOLONG, "map %s: path too long",
					bpf_map__name(map));
		fd = bpf_obj_get(path);
		if (fd >= 0) {
			memset(&a, 0, sizeof(a));
			memset(&b, 0, sizeof(b));
			len = sizeof(a);
			same = !bpf_obj_get_info_by_fd(fd, &a, &len);
			len = sizeof(b);
			same = same && !bpf_obj_get_info_by_fd(bpf_map__fd(map), &b, &len) &&
			       a.id == b.id;
			close(fd);
			if (same)
				continue;
		}
		if (pinned_path(ctx, dir, bpf_map__name(map), path, sizeof(path)))
			return eeh_fail(ctx, -ENAMETOOLONG, "map %s: path too long",
					bpf_map__name(map));
		if (bpf_obj_pin(bpf_map__fd(map), path))
			return eeh_fail(ctx, -errno, "cannot pin %s: %s", path, strerror(errno));
	}
	return 0;
}

static struct bpf_map *find_ops(struct bpf_object *obj)
{
	struct bpf_map *map, *ops = NULL;

	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		if (ops)
			return NULL;
		ops = map;
	}
	return ops;
}

static int config_check(struct eeh_ctx *ctx, struct eeh_fastpath_config *c,
			const struct eeh_fastpath_config *from)
{
	int err = eeh_opts_get(c, sizeof(*c), from);

	if (err)
		return eeh_fail(ctx, err, "bad configuration: this library knows no such option");
	if (c->storm > EEH_STORM_DO_PASS)
		return eeh_fail(ctx, -EINVAL, "bad configuration: storm action %u: use "
				"EEH_STORM_DO_ANSWER or EEH_STORM_DO_PASS", c->storm);
	return 0;
}

static int config_put(struct eeh_ctx *ctx, int fd, const struct eeh_fastpath_config *c)
{
	struct eeh_freeze_config raw = {
		.rate = c->rate,
		.burst = c->burst,
		.storm_action = c->storm == EEH_STORM_DO_PASS ? EEH_STORM_PASS : EEH_STORM_ANSWER,
		.no_learn = c->no_learn,
	};
	__u32 zero = 0;

	if (bpf_map_update_elem(fd, &zero, &raw, BPF_ANY))
		return eeh_fail(ctx, -errno, "cannot write map " CONFIG_MAP ": %s", strerror(errno));
	return 0;
}

/*
 * A pinned link, and a loaded policy to take its place. libbpf replaces only
 * what this very process attached (bpf_link__update_map() needs its struct
 * bpf_link), and the struct_ops map must be filled in first, which only
 * bpf_map__attach_struct_ops() does: so let that try. It fills in the map (and
 * the kernel validates it), and then fails to attach since the old policy is
 * there. Should the old one have vanished just now, it succeeds: fine as well.
 */
static int replace_link(struct eeh_ctx *ctx, const struct eeh_link *old, struct bpf_map *ops,
			struct bpf_link **new_link)
{
	struct bpf_link *link;
	int err;

	link = bpf_map__attach_struct_ops(ops);
	if (link) {
		*new_link = link;
		return 0;
	}
	err = -errno;
	if (!bpf_link_update(old->fd, bpf_map__fd(ops), NULL))
		return 0;
	if (err == -EEXIST || err == -EBUSY)
		err = -errno;
	return eeh_fail(ctx, err, "the kernel refused to replace the policy: %s (see dmesg)",
			strerror(-err));
}

static int attach_locked(struct eeh_ctx *ctx, const struct eeh_fastpath_opts *o,
			 const struct eeh_fastpath_config *config)
{
	const char *what = o->object ? o->object : o->image ? "the given object" :
			   "the built-in policy";
	struct bpf_object *obj = NULL;
	struct bpf_link *link = NULL;
	struct bpf_map *ops, *map;
	char path[PATH_MAX];
	struct eeh_link old;
	uint32_t state;
	int err;

	err = eeh_link_open(ctx, &old);
	if (err)
		return eeh_fail(ctx, err, "cannot open %s/" EEH_LINK ": %s", ctx->bpffs,
				strerror(-err));
	err = eeh_pins_repair(ctx, &old);
	if (err)
		goto out;

	if (old.alive && !o->replace) {
		err = eeh_fail(ctx, -EEXIST, "the fast path is on already: switch it off first, or "
			       "replace the policy");
		goto out;
	}
	if (!old.alive) {
		err = eeh_sys_state(ctx, &state);
		if (err)
			goto out;
		if (state != EEH_FASTPATH_IDLE) {
			err = eeh_fail(ctx, -EBUSY, "another program holds the fast path with a link "
				       "of its own (bpftool link list): end it first");
			goto out;
		}
	}

	if (o->object)
		obj = bpf_object__open_file(o->object, NULL);
	else if (o->image)
		obj = bpf_object__open_mem(o->image, o->image_len, NULL);
	else
		obj = bpf_object__open_mem(eeh_freeze_image,
					   eeh_freeze_image_end - eeh_freeze_image, NULL);
	if (!obj) {
		err = eeh_fail(ctx, -errno, "cannot open %s: %s", what,
			       errno == ENOENT ? "no such file" : "not a BPF object");
		goto out;
	}
	ops = find_ops(obj);
	if (!ops) {
		err = eeh_fail(ctx, -EINVAL, "%s is no policy: it must have exactly one struct_ops "
			       "map, of type eeh_bpf_ops", what);
		goto out;
	}
	if (old.alive) {
		err = reuse_maps(ctx, obj);
		if (err) {
			eeh_fail(ctx, err, "cannot take over the maps: %s", strerror(-err));
			goto out;
		}
	}
	err = bpf_object__load(obj);
	if (err) {
		eeh_fail(ctx, err, "the kernel refused %s: %s: see the verifier's log (debug "
			 "messages)", what, strerror(-err));
		goto out;
	}
	if (config) {
		map = bpf_object__find_map_by_name(obj, CONFIG_MAP);
		if (!map || bpf_map__value_size(map) != sizeof(struct eeh_freeze_config)) {
			err = eeh_fail(ctx, -EINVAL, "%s cannot be configured: it has no map "
				       CONFIG_MAP " of the known layout", what);
			goto out;
		}
		err = config_put(ctx, bpf_map__fd(map), config);
		if (err)
			goto out;
	}

	/* From here on see the order of things in pin.c. */
	err = pin_maps(ctx, obj, old.alive ? EEH_NEW : EEH_MAPS);
	if (err)
		goto unpin;
	if (old.alive) {
		err = replace_link(ctx, &old, ops, &link);
	} else {
		link = bpf_map__attach_struct_ops(ops);
		if (!link) {
			err = eeh_fail(ctx, -errno, "the kernel refused to attach %s: %s (see dmesg)",
				       what, strerror(errno));
		}
	}
	if (err)
		goto unpin;
	if (link) {
		if (old.alive)
			eeh_pins_clear(ctx, EEH_LINKS);
		err = eeh_path(ctx, EEH_ROOT_BPFFS, EEH_LINK, path, sizeof(path));
		if (!err)
			err = bpf_link__pin(link, path);
		if (err) {
			eeh_fail(ctx, err, "cannot pin %s/" EEH_LINK ": %s", ctx->bpffs,
				 strerror(-err));
			goto unpin;
		}
	}
	if (old.alive) {
		/* Maps of the old policy go, those of the new one take their place. */
		eeh_link_close(&old);
		err = eeh_link_open(ctx, &old);
		if (!err)
			err = eeh_pins_repair(ctx, &old);
	}
	if (!err)
		eeh_log(ctx, EEH_LOG_INFO, "attached %s as %s", what, bpf_map__name(ops));
	goto out;

unpin:
	bpf_link__destroy(link);
	link = NULL;
	eeh_pins_clear(ctx, EEH_NEW);
	if (!old.alive)
		eeh_pins_clear(ctx, EEH_MAPS);
out:
	/* Pinned: only the file descriptor goes. */
	bpf_link__destroy(link);
	bpf_object__close(obj);
	eeh_link_close(&old);
	return err;
}

int eeh_fastpath_attach(struct eeh_ctx *ctx, const struct eeh_fastpath_opts *opts)
{
	struct eeh_fastpath_config config;
	struct eeh_fastpath_opts o;
	int lock, err;

	err = eeh_opts_get(&o, sizeof(o), opts);
	if (err)
		return eeh_fail(ctx, err, "bad options: this library knows no such option");
	if ((o.object && o.image) || (o.image && !o.image_len))
		return eeh_fail(ctx, -EINVAL, "bad options: give either object or image and "
				"image_len");
	if (o.config) {
		err = config_check(ctx, &config, o.config);
		if (err)
			return err;
	}
	err = eeh_require(ctx);
	if (err)
		return err;
	lock = eeh_lock(ctx);
	if (lock < 0)
		return lock;
	eeh_bpf_print_begin(ctx);
	err = attach_locked(ctx, &o, o.config ? &config : NULL);
	eeh_bpf_print_end();
	eeh_unlock(lock);
	return err;
}

/*
 * The struct_ops map holds the module until it is freed, some RCU grace periods
 * after it was detached. Whoever detaches often unloads next: wait for that.
 */
static void wait_unused(struct eeh_ctx *ctx)
{
	char buf[32];
	int i;

	for (i = 0; i < 100; i++) {
		if (eeh_read(ctx, EEH_ROOT_SYSFS, "module/eeh_bpf/refcnt", buf, sizeof(buf)) < 0 ||
		    !strcmp(buf, "0"))
			return;
		usleep(10000);
	}
}

int eeh_fastpath_detach(struct eeh_ctx *ctx)
{
	struct eeh_link link;
	bool was_alive;
	uint32_t state;
	int lock, err;

	err = eeh_sys_state(ctx, &state);
	if (err && err != -ENODEV)
		return err;
	lock = eeh_lock(ctx);
	if (lock < 0)
		return lock;
	err = eeh_link_open(ctx, &link);
	if (err) {
		eeh_fail(ctx, err, "cannot open %s/" EEH_LINK ": %s%s", ctx->bpffs, strerror(-err),
			 err == -EPERM || err == -EACCES ? ": run it as root" : "");
		goto out;
	}
	was_alive = link.alive;
	if (was_alive) {
		/* Removing the pin alone would detach later, from a work queue. */
		if (bpf_link_detach(link.fd) && errno != ENOLINK) {
			err = eeh_fail(ctx, -errno, "the kernel refused to detach: %s",
				       strerror(errno));
			goto out;
		}
		link.alive = false;
	}
	err = eeh_pins_repair(ctx, &link);
	if (was_alive) {
		eeh_link_close(&link);
		wait_unused(ctx);
	}
	if (err || was_alive)
		goto out;

	err = eeh_sys_state(ctx, &state);
	if (!err)
		err = state == EEH_FASTPATH_IDLE ?
			eeh_fail(ctx, -ENOENT, "the fast path is off already") :
			eeh_fail(ctx, -EBUSY, "another program holds the fast path with a link of "
				 "its own (bpftool link list): end it");
out:
	eeh_link_close(&link);
	eeh_unlock(lock);
	return err;
}

/* The pinned map @name, if its values have the size we know. */
static int open_map(struct eeh_ctx *ctx, const char *name, __u32 value_size,
		    struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);
	char path[PATH_MAX];
	int fd, err;

	err = pinned_path(ctx, EEH_MAPS, name, path, sizeof(path));
	if (err)
		return eeh_fail(ctx, err, "%s: path too long", name);
	fd = bpf_obj_get(path);
	if (fd < 0) {
		err = -errno;
		if (err == -ENOENT)
			return eeh_fail(ctx, err, "no %s: the fast path is off, or its policy has no "
					"such map", path);
		return eeh_fail(ctx, err, "cannot open %s: %s", path,
				err == -EPERM || err == -EACCES ? "no permission: run it as root" :
				strerror(-err));
	}
	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(fd, info, &len)) {
		err = eeh_fail(ctx, -errno, "%s: %s", path, strerror(errno));
		close(fd);
		return err;
	}
	if (info->type != BPF_MAP_TYPE_ARRAY || info->value_size != value_size) {
		close(fd);
		return eeh_fail(ctx, -EPROTO, "%s is not laid out as this library knows it: it belongs "
				"to another policy or version", path);
	}
	return fd;
}

int eeh_fastpath_get_config(struct eeh_ctx *ctx, struct eeh_fastpath_config *config)
{
	struct eeh_fastpath_config c = { .sz = sizeof(c) };
	struct eeh_freeze_config raw;
	struct bpf_map_info info;
	__u32 zero = 0;
	int fd, err;

	if (config->sz < sizeof(config->sz))
		return eeh_fail(ctx, -EINVAL, "struct eeh_fastpath_config: sz is not set");
	fd = open_map(ctx, CONFIG_MAP, sizeof(raw), &info);
	if (fd < 0)
		return fd;
	err = bpf_map_lookup_elem(fd, &zero, &raw) ? -errno : 0;
	close(fd);
	if (err)
		return eeh_fail(ctx, err, "cannot read map " CONFIG_MAP ": %s", strerror(-err));
	c.rate = raw.rate;
	c.burst = raw.burst;
	c.storm = raw.storm_action == EEH_STORM_PASS ? EEH_STORM_DO_PASS : EEH_STORM_DO_ANSWER;
	c.no_learn = raw.no_learn;
	return eeh_out_put(config, &c, sizeof(c));
}

int eeh_fastpath_set_config(struct eeh_ctx *ctx, const struct eeh_fastpath_config *config)
{
	struct eeh_fastpath_config c;
	struct bpf_map_info info;
	int fd, err;

	err = config_check(ctx, &c, config);
	if (err)
		return err;
	fd = open_map(ctx, CONFIG_MAP, sizeof(struct eeh_freeze_config), &info);
	if (fd < 0)
		return fd;
	err = config_put(ctx, fd, &c);
	close(fd);
	return err;
}

int eeh_fastpath_for_each_pe(struct eeh_ctx *ctx, eeh_fastpath_pe_fn fn, void *arg)
{
	struct eeh_fastpath_pe pe = { .sz = sizeof(pe) };
	struct bpf_map_info info;
	struct eeh_pe_stat s;
	__u32 i;
	int fd, err = 0;

	fd = open_map(ctx, PES_MAP, sizeof(s), &info);
	if (fd < 0)
		return fd;
	for (i = 0; i < info.max_entries && !err; i++) {
		if (bpf_map_lookup_elem(fd, &i, &s)) {
			err = eeh_fail(ctx, -errno, "cannot read map " PES_MAP ": %s",
				       strerror(errno));
			break;
		}
		if (!s.pe)
			continue;
		pe.vm = s.vm;
		pe.pe = s.pe;
		pe.phb = s.phb;
		pe.pe_addr = s.pe_addr;
		pe.queries = s.answered + s.passed;
		pe.answered = s.answered;
		pe.passed = s.passed;
		pe.not_normal = s.not_normal;
		pe.errors = s.errors;
		pe.storms = s.storms;
		pe.first_seen_ns = s.first_seen_ns;
		pe.last_seen_ns = s.last_seen_ns;
		err = fn(arg, &pe);
	}
	close(fd);
	return err;
}
