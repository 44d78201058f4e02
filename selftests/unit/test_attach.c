// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attach, replace, detach, over a BPF made of files (fake_bpf.c): the order of
 * things, what is left when a process is killed between any two of them, and
 * every error on the way.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../bpf/eeh_freeze.h"
#include "fake_bpf.h"
#include "unit.h"

static int setup(void **state)
{
	int err = unit_setup(state);

	if (!err)
		fake_init(((struct unit *)*state)->root);
	return err;
}

static int pins(struct unit *u, const char *dir)
{
	char path[128];
	struct dirent *d;
	int n = 0;
	DIR *dp;

	snprintf(path, sizeof(path), "%s/sys/fs/bpf/eeh/%s", u->root, dir);
	dp = opendir(path);
	if (!dp)
		return -1;
	while ((d = readdir(dp)))
		n += d->d_name[0] != '.';
	closedir(dp);
	return n;
}

static unsigned int pinned_id(struct unit *u, const char *name)
{
	struct bpf_map_info info;
	__u32 len = sizeof(info);
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/sys/fs/bpf/eeh/maps/%s", u->root, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return 0;
	bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	return info.id;
}

/* Nothing is attached or pinned. */
static void assert_clean(struct unit *u)
{
	assert_int_equal(fake_attached_map(), 0);
	assert_int_equal(pins(u, "links"), 0);
	assert_int_equal(pins(u, "maps"), 0);
	assert_int_equal(pins(u, "new"), 0);
}

/* Attached, and the pinned maps are those that the attached programs use. */
static void assert_attached(struct unit *u, int nr_maps)
{
	struct eeh_fastpath_status s;
	__u32 maps[8], i, found = 0;
	struct bpf_prog_info info;
	__u32 len = sizeof(info);
	int fd;

	assert_int_not_equal(fake_attached_map(), 0);
	assert_int_equal(pins(u, "links"), 1);
	assert_int_equal(pins(u, "maps"), nr_maps);
	assert_int_equal(pins(u, "new"), 0);
	EEH_INIT(&s);
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), 0);
	assert_true(s.pinned);
	assert_int_equal(s.state, EEH_FASTPATH_ATTACHED);
	assert_int_equal(s.map_id, fake_attached_map());
	assert_int_equal(s.nr_progs, 2);

	fd = bpf_prog_get_fd_by_id(s.prog_ids[0]);
	assert_true(fd >= 0);
	memset(&info, 0, sizeof(info));
	info.map_ids = (uintptr_t)maps;
	info.nr_map_ids = ARRAY_SIZE(maps);
	bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	for (i = 0; i < info.nr_map_ids; i++)
		found += maps[i] == pinned_id(u, "eeh_pes") ||
			 maps[i] == pinned_id(u, "eeh_config");
	assert_int_equal(found, 2);
}

static void t_on_off(void **state)
{
	struct unit *u = *state;

	assert_int_equal(eeh_fastpath_detach(u->ctx), -ENOENT);
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), 0);
	assert_attached(u, 2);
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -EEXIST);
	assert_attached(u, 2);
	assert_int_equal(eeh_fastpath_detach(u->ctx), 0);
	assert_clean(u);
	assert_int_equal(eeh_fastpath_detach(u->ctx), -ENOENT);
}

static void t_replace_keeps_maps(void **state)
{
	struct eeh_fastpath_opts opts;
	struct unit *u = *state;
	unsigned int map, pes;

	EEH_INIT(&opts);
	opts.replace = true;
	/* Nothing is there: it attaches. */
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), 0);
	map = fake_attached_map();
	pes = pinned_id(u, "eeh_pes");
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), 0);
	assert_attached(u, 2);
	assert_int_not_equal(fake_attached_map(), map);
	assert_int_equal(pinned_id(u, "eeh_pes"), pes);

	/* Another layout: a new map takes its place, the other one stays. */
	fake_policy.other_layout = true;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), 0);
	assert_attached(u, 2);
	assert_int_not_equal(pinned_id(u, "eeh_pes"), pes);

	/* A map more, and a map less. */
	fake_policy.extra_map = "mine";
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), 0);
	assert_attached(u, 3);
	fake_policy.extra_map = NULL;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), 0);
	assert_attached(u, 2);
	assert_int_equal(eeh_fastpath_detach(u->ctx), 0);
	assert_clean(u);
}

/* Run fn in a process that dies before its n-th visible step. */
static bool killed_at(struct unit *u, int n, int (*fn)(struct unit *u))
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		fake_kill_at(n);
		_exit(fn(u) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == FAKE_KILLED || WEXITSTATUS(status) == 0);
	fake_gc();
	return WEXITSTATUS(status) == FAKE_KILLED;
}

static int do_attach(struct unit *u)
{
	return eeh_fastpath_attach(u->ctx, NULL);
}

static int do_replace(struct unit *u)
{
	struct eeh_fastpath_opts opts;

	EEH_INIT(&opts);
	opts.replace = true;
	return eeh_fastpath_attach(u->ctx, &opts);
}

static int do_detach(struct unit *u)
{
	return eeh_fastpath_detach(u->ctx);
}

static void t_killed_in_attach(void **state)
{
	struct unit *u = *state;
	int n, err;

	for (n = 0; killed_at(u, n, do_attach); n++) {
		/* The next one finds it attached, or nothing in its way. */
		err = eeh_fastpath_attach(u->ctx, NULL);
		assert_true(err == 0 || err == -EEXIST);
		assert_attached(u, 2);
		assert_int_equal(eeh_fastpath_detach(u->ctx), 0);
		assert_clean(u);
	}
	assert_true(n >= 4);	/* two maps, the link, its pin */
	assert_attached(u, 2);
}

static void t_killed_in_attach_then_off(void **state)
{
	struct unit *u = *state;
	int n;

	for (n = 0; killed_at(u, n, do_attach); n++) {
		assert_int_equal(eeh_fastpath_detach(u->ctx), -ENOENT);
		assert_clean(u);
	}
	assert_int_equal(eeh_fastpath_detach(u->ctx), 0);
}

static void t_killed_in_replace(void **state)
{
	struct unit *u = *state;
	int n;

	/* With a policy whose maps are all new, so that all are pinned anew. */
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), 0);
	for (n = 0;; n++) {
		fake_policy.other_layout = !fake_policy.other_layout;
		fake_policy.extra_map = n % 2 ? "odd" : "even";
		if (!killed_at(u, n, do_replace))
			break;
		/* Never a moment without a policy. */
		assert_int_not_equal(fake_attached_map(), 0);
		assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -EEXIST);
		assert_int_not_equal(fake_attached_map(), 0);
		assert_int_equal(pins(u, "new"), 0);
		assert_attached(u, pins(u, "maps"));
		assert_int_equal(do_replace(u), 0);
		assert_attached(u, 3);
	}
	assert_true(n >= 4);
	assert_attached(u, 3);
}

static void t_killed_in_detach(void **state)
{
	struct unit *u = *state;
	int n;

	for (n = 0;; n++) {
		assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), 0);
		if (!killed_at(u, n, do_detach))
			break;
		eeh_fastpath_detach(u->ctx);
		assert_clean(u);
	}
	assert_clean(u);
}

/* bpftool link detach, or rm of the pins, behind our back. */
static void t_leftovers(void **state)
{
	struct unit *u = *state;
	char path[128];
	int fd;

	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), 0);
	snprintf(path, sizeof(path), "%s/sys/fs/bpf/eeh/links/freeze", u->root);
	fd = bpf_obj_get(path);
	bpf_link_detach(fd);
	close(fd);
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), 0);
	assert_attached(u, 2);

	unlink(path);
	fake_gc();
	assert_int_equal(eeh_fastpath_detach(u->ctx), -ENOENT);
	assert_clean(u);
}

static void t_foreign(void **state)
{
	struct unit *u = *state;

	fake_attach_foreign();
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -EBUSY);
	assert_non_null(strstr(eeh_last_error(u->ctx), "bpftool link list"));
	assert_int_equal(eeh_fastpath_detach(u->ctx), -EBUSY);
	assert_non_null(strstr(eeh_last_error(u->ctx), "bpftool link list"));
	assert_int_equal(fake_attached_map(), 9998);
}

static void t_errors(void **state)
{
	static const unsigned char rubbish[] = "rubbish";
	struct eeh_fastpath_opts opts;
	struct unit *u = *state;
	char path[128];
	int n;

	fake_fail.load = EACCES;
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -EACCES);
	assert_clean(u);
	fake_fail.load = 0;

	fake_fail.attach = EINVAL;
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -EINVAL);
	assert_non_null(strstr(eeh_last_error(u->ctx), "dmesg"));
	assert_clean(u);
	fake_fail.attach = 0;

	for (n = 1; n <= 3; n++) {	/* two maps and the link */
		fake_fail.pin = n;
		assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -ENOSPC);
		assert_clean(u);
	}
	fake_fail.pin = 0;

	fake_policy.no_ops = true;
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -EINVAL);
	assert_non_null(strstr(eeh_last_error(u->ctx), "is no policy"));
	fake_policy.no_ops = false;
	fake_policy.two_ops = true;
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -EINVAL);
	fake_policy.two_ops = false;

	EEH_INIT(&opts);
	opts.object = "/nonesuch";
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), -ENOENT);
	opts.image = rubbish;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), -EINVAL);
	opts.object = NULL;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), -EINVAL);	/* no length */
	opts.image_len = sizeof(rubbish);
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), -EINVAL);	/* no ELF */
	opts.sz = 3;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), -EINVAL);
	assert_clean(u);

	/* A failed replacement leaves what there was. */
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), 0);
	n = fake_attached_map();
	EEH_INIT(&opts);
	opts.replace = true;
	fake_policy.extra_map = "mine";
	fake_fail.update = EINVAL;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), -EINVAL);
	fake_fail.update = 0;
	fake_fail.pin = 1;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), -ENOSPC);
	fake_fail.pin = 0;
	fake_fail.load = EACCES;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), -EACCES);
	fake_fail.load = 0;
	assert_int_equal(fake_attached_map(), n);
	assert_attached(u, 2);

	/* No permission to look at pins: status still works, without ids. */
	fake_fail.obj_get = EPERM;
	struct eeh_fastpath_status s;

	EEH_INIT(&s);
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), 0);
	assert_false(s.pinned);
	assert_int_equal(eeh_fastpath_detach(u->ctx), -EPERM);
	assert_non_null(strstr(eeh_last_error(u->ctx), "root"));
	fake_fail.obj_get = 0;
	assert_attached(u, 2);

	/* The directory of the pins cannot be made. */
	assert_int_equal(eeh_fastpath_detach(u->ctx), 0);
	unit_remove(u, "sys/fs/bpf/eeh");
	snprintf(path, sizeof(path), "sys/fs/bpf/eeh");
	unit_file(u, path, "a file");
	assert_true(eeh_fastpath_attach(u->ctx, NULL) < 0);
	assert_int_equal(fake_attached_map(), 0);
}

static void t_config(void **state)
{
	struct eeh_fastpath_config c, d;
	struct eeh_fastpath_opts opts;
	struct unit *u = *state;

	EEH_INIT(&c);
	assert_int_equal(eeh_fastpath_get_config(u->ctx, &c), -ENOENT);
	assert_int_equal(eeh_fastpath_set_config(u->ctx, &c), -ENOENT);

	c.rate = 5;
	c.burst = 6;
	c.storm = EEH_STORM_DO_PASS;
	c.no_learn = true;
	EEH_INIT(&opts);
	opts.config = &c;
	assert_int_equal(eeh_fastpath_attach(u->ctx, &opts), 0);
	EEH_INIT(&d);
	assert_int_equal(eeh_fastpath_get_config(u->ctx, &d), 0);
	assert_memory_equal(&c, &d, sizeof(c));

	/* A replacement keeps it. */
	assert_int_equal(do_replace(u), 0);
	EEH_INIT(&d);
	assert_int_equal(eeh_fastpath_get_config(u->ctx, &d), 0);
	assert_int_equal(d.rate, 5);

	c.storm = EEH_STORM_DO_ANSWER;
	c.rate = 0;
	assert_int_equal(eeh_fastpath_set_config(u->ctx, &c), 0);
	assert_int_equal(eeh_fastpath_get_config(u->ctx, &d), 0);
	assert_int_equal(d.rate, 0);
	assert_int_equal(d.storm, EEH_STORM_DO_ANSWER);
	c.storm = 3;
	assert_int_equal(eeh_fastpath_set_config(u->ctx, &c), -EINVAL);
	c.sz = 2;
	assert_int_equal(eeh_fastpath_set_config(u->ctx, &c), -EINVAL);
	d.sz = 0;
	assert_int_equal(eeh_fastpath_get_config(u->ctx, &d), -EINVAL);
}

static int collect(void *arg, const struct eeh_fastpath_pe *pe)
{
	struct eeh_fastpath_pe *out = arg;

	out[pe->pe - 1] = *pe;
	return pe->pe == 3 ? 33 : 0;
}

static void t_pes(void **state)
{
	struct eeh_fastpath_pe pes[3];
	struct unit *u = *state;
	struct eeh_pe_stat s;
	char path[128];
	__u32 i;
	int fd;

	assert_int_equal(eeh_fastpath_for_each_pe(u->ctx, collect, pes), -ENOENT);
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), 0);
	assert_int_equal(eeh_fastpath_for_each_pe(u->ctx, collect, pes), 0);

	snprintf(path, sizeof(path), "%s/sys/fs/bpf/eeh/maps/eeh_pes", u->root);
	fd = bpf_obj_get(path);
	for (i = 1; i <= 3; i++) {
		__u32 slot = i * 40;

		memset(&s, 0, sizeof(s));
		s.pe = i;
		s.vm = 10 + i;
		s.phb = 1;
		s.pe_addr = 0xfd;
		s.answered = 90 * i;
		s.passed = 10 * i;
		s.not_normal = 7 * i;
		s.errors = 3 * i;
		s.storms = i;
		s.first_seen_ns = 1000;
		s.last_seen_ns = 2000;
		bpf_map_update_elem(fd, &slot, &s, 0);
	}
	close(fd);
	memset(pes, 0, sizeof(pes));
	assert_int_equal(eeh_fastpath_for_each_pe(u->ctx, collect, pes), 33);
	assert_int_equal(pes[1].vm, 12);
	assert_int_equal(pes[1].pe_addr, 0xfd);
	assert_int_equal(pes[1].queries, 200);
	assert_int_equal(pes[1].answered, 180);
	assert_int_equal(pes[1].passed, 20);
	assert_int_equal(pes[1].not_normal, 14);
	assert_int_equal(pes[1].errors, 6);
	assert_int_equal(pes[1].storms, 2);
	assert_int_equal(pes[1].first_seen_ns, 1000);
	assert_int_equal(pes[1].last_seen_ns, 2000);
	assert_int_equal(pes[2].queries, 300);
}

/* struct NAME { u64 FIRST; u32 SECOND[N]; } behind a typedef */
static struct btf *make_btf(int pad, const char *first, const char *second, int n, int at,
			    __u32 *id)
{
	struct btf *btf = btf__new_empty();
	int u64, u32, arr, st;

	assert_non_null(btf);
	while (pad--)	/* other ids, same types */
		btf__add_int(btf, "pad", 1, 0);
	u64 = btf__add_int(btf, "u64", 8, 0);
	u32 = btf__add_int(btf, "u32", 4, 0);
	arr = btf__add_array(btf, u32, u32, n);
	st = btf__add_struct(btf, "st", 64);
	btf__add_field(btf, first, u64, 0, 0);
	btf__add_field(btf, second, arr, at, 0);
	*id = btf__add_typedef(btf, "st_t", st);
	return btf;
}

static void t_same_type(void **state)
{
	static const struct {
		const char *first, *second;
		int n, at;
		bool same;
	} cases[] = {
		{ "answered", "list", 4, 64, true },
		{ "queries", "list", 4, 64, false },	/* same sizes, another meaning */
		{ "answered", "lost", 4, 64, false },
		{ "answered", "list", 5, 64, false },
		{ "answered", "list", 4, 128, false },
	};
	struct btf *a, *b;
	__u32 ida, idb;
	size_t i;

	(void)state;
	a = make_btf(0, "answered", "list", 4, 64, &ida);
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		b = make_btf(3, cases[i].first, cases[i].second, cases[i].n, cases[i].at, &idb);
		if (eeh_same_type(a, ida, b, idb, 0) != cases[i].same)
			fail_msg("case %zu", i);
		assert_false(eeh_same_type(a, ida, b, 9999, 0));
		assert_false(eeh_same_type(a, ida, b, idb - 1 - 2, 0));
		btf__free(b);
	}
	btf__free(a);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, unit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(t_on_off), TEST(t_replace_keeps_maps), TEST(t_killed_in_attach),
		TEST(t_killed_in_attach_then_off), TEST(t_killed_in_replace),
		TEST(t_killed_in_detach), TEST(t_leftovers), TEST(t_foreign), TEST(t_errors),
		TEST(t_config), TEST(t_pes), cmocka_unit_test(t_same_type),
	};

	return cmocka_run_group_tests_name("attach", tests, NULL, NULL) ? 1 : 0;
}
