// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads BPF programs that try to lie, one after the other, and checks that the
 * verifier or the module refuses each, for the right reason. Those that can be
 * refused only when they answer ("lie_*") are attached and detached here, and so
 * are some that do all that is allowed ("*_ok"); with --attach one of them stays
 * attached, for a test that sends queries meanwhile.
 *
 * Needs the module eeh_bpf, and root. Output: KTAP.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <linux/bpf.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define SYSFS		"/sys/kernel/eeh_bpf/"
#define KSFT_SKIP	4

enum stage { LOAD, ATTACH };

/* Must be refused: at this stage, with one of these errors, the log saying so. */
static const struct refused {
	const char *name;
	enum stage stage;
	int err[2];
	const char *log;
} refused[] = {
	{ "query_write_fail", LOAD, { EACCES }, "only read is supported" },
	{ "query_write_oob_fail", LOAD, { EACCES }, "only read is supported" },
	{ "query_read_oob_fail", LOAD, { EACCES }, "access beyond struct eeh_bpf_query" },
	{ "ctx_write_fail", LOAD, { EACCES }, "invalid bpf_context access" },
	{ "event_write_fail", LOAD, { EACCES }, "only read is supported" },
	{ "ptr_map_value_fail", LOAD, { EINVAL, EACCES }, "pointer type STRUCT eeh_bpf_query" },
	{ "ptr_stack_fail", LOAD, { EINVAL, EACCES }, "pointer type STRUCT eeh_bpf_query" },
	{ "ptr_scalar_fail", LOAD, { EINVAL, EACCES }, "R1 " },
	{ "ptr_null_fail", LOAD, { EINVAL, EACCES }, "NULL pointer" },
	{ "ptr_offset_fail", LOAD, { EINVAL }, "expected pointer to STRUCT eeh_bpf_query" },
	{ "ptr_task_fail", LOAD, { EINVAL }, "expected pointer to STRUCT eeh_bpf_query" },
	{ "ptr_event_fail", LOAD, { EINVAL }, "expected pointer to STRUCT eeh_bpf_query" },
	{ "ptr_stored_fail", LOAD, { EINVAL, EACCES }, "R1 " },
	{ "kptr_untrusted_fail", LOAD, { EINVAL }, "must be referenced or trusted" },
	/* A type without a destructor cannot be kept: the map's BTF is refused. */
	{ "kptr_ref_fail", LOAD, { ENOENT }, "Error loading .BTF" },
	{ "ptr_cast_fail", LOAD, { EINVAL }, "bpf_rdonly_cast" },
	{ "foreign_prog_fail", LOAD, { EACCES }, "bpf_eeh_state is not allowed" },
	{ "foreign_ops_fail", LOAD, { EINVAL }, "expected pointer to STRUCT eeh_bpf_query" },
	{ "sleepable_fail", LOAD, { EINVAL }, "unsupported member freeze_query" },
	{ "sleeping_helper_fail", LOAD, { EINVAL }, "sleepable helper" },
	{ "no_freeze_query_fail", ATTACH, { EINVAL }, "" },
	{ "abi_version_fail", ATTACH, { EINVAL }, "" },
	{ "abi_missing_fail", ATTACH, { EINVAL }, "" },
	{ "flags_fail", ATTACH, { EINVAL }, "" },
	{ "no_name_fail", ATTACH, { EINVAL }, "" },
};

/* Can be loaded; what becomes of its queries is the test's to check. */
static const struct lie {
	const char *name;
	const char *policy;	/* the name it attaches under */
	const char *healthy;	/* the counter that takes its queries of a normal PE */
	const char *frozen;	/* and of a frozen one */
} lies[] = {
	{ "lie_blind", "lie_blind", "rejected", "rejected" },
	{ "lie_deaf", "lie_deaf", "answered", "rejected" },
	{ "lie_cached", "lie_cached", "rejected", "rejected" },
	{ "lie_stale", "lie_stale", "answered", "passed" },
	{ "lie_shopping", "lie_shopping", "answered", "rejected" },
	{ "lie_verdict_two", "lie_two", "passed", "passed" },
	{ "lie_verdict_minus", "lie_minus", "passed", "passed" },
	{ "lie_verdict_huge", "lie_huge", "passed", "passed" },
	{ "lie_verdict_wide", "lie_wide", "rejected", "rejected" },
};

/* Must not be refused: name, and the name it attaches under */
static const char * const honest[][2] = {
	{ "least_ok", "least_policy_ok" },
	{ "fields_ok", "fields_ok" },
	{ "subprog_ok", "subprog_ok" },
};

static const char *dir = ".";
static char *klog;		/* what libbpf and the verifier said */
static size_t klog_len;
static bool verbose;

__attribute__((format(printf, 2, 0)))
static int print_fn(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char *msg, *p;
	int n;

	if (level == LIBBPF_DEBUG)
		return 0;
	n = vasprintf(&msg, fmt, ap);
	if (n < 0)
		return 0;
	p = realloc(klog, klog_len + n + 1);
	if (p) {
		klog = p;
		memcpy(klog + klog_len, msg, n + 1);
		klog_len += n;
	}
	free(msg);
	return 0;
}

static void klog_reset(void)
{
	free(klog);
	klog = NULL;
	klog_len = 0;
}

static void klog_print(void)
{
	char *line, *save = NULL;

	for (line = klog ? strtok_r(klog, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save))
		printf("# %s\n", line);
}

static int sysfs_read(const char *file, char *buf, size_t len)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), SYSFS "%s", file);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	buf[0] = '\0';
	if (!fgets(buf, len, f))
		buf[0] = '\0';
	fclose(f);
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static bool sysfs_is(const char *file, const char *want)
{
	char buf[128];

	return !sysfs_read(file, buf, sizeof(buf)) && !strcmp(buf, want);
}

/* Load, and attach what is a struct_ops map. 0 and *stage, or -errno. */
static int try(const char *name, struct bpf_object **obj, struct bpf_link **link, enum stage *stage)
{
	char path[PATH_MAX];
	struct bpf_map *map;
	int err;

	*obj = NULL;
	*link = NULL;
	*stage = LOAD;
	klog_reset();
	if (strchr(name, '/'))
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%s/%s.bpf.o", dir, name);
	*obj = bpf_object__open_file(path, NULL);
	if (!*obj) {
		err = -errno;
		fprintf(stderr, "bpf_lies: cannot open %s: %s\n", path, strerror(-err));
		exit(1);
	}
	err = bpf_object__load(*obj);
	if (err)
		return err;
	*stage = ATTACH;
	bpf_object__for_each_map(map, *obj) {
		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		*link = bpf_map__attach_struct_ops(map);
		return *link ? 0 : -errno;
	}
	return 0;
}

static bool check_refused(const struct refused *r)
{
	struct bpf_object *obj;
	struct bpf_link *link;
	enum stage stage;
	int err;
	bool ok;

	err = try(r->name, &obj, &link, &stage);
	ok = err && stage == r->stage && (-err == r->err[0] || -err == r->err[1]) &&
	     (!*r->log || (klog && strstr(klog, r->log)));
	if (!ok)
		printf("# %s: %s at %s; expected %s%s%s%s at %s\n", r->name,
		       err ? strerror(-err) : "accepted", stage == LOAD ? "load" : "attach",
		       strerror(r->err[0]), *r->log ? ", saying \"" : "", r->log,
		       *r->log ? "\"" : "", r->stage == LOAD ? "load" : "attach");
	if (!ok || verbose)
		klog_print();
	bpf_link__destroy(link);
	bpf_object__close(obj);
	return ok && sysfs_is("state", "idle");
}

static bool wait_idle(void)
{
	int i;

	for (i = 0; i < 500; i++) {
		if (sysfs_is("state", "idle"))
			return true;
		usleep(10000);
	}
	return false;
}

static bool check_attached(const char *name, const char *policy)
{
	struct bpf_object *obj, *obj2;
	struct bpf_link *link, *link2;
	enum stage stage;
	bool ok;
	int err;

	err = try(name, &obj, &link, &stage);
	if (err || !link) {
		printf("# %s: %s at %s\n", name, strerror(-err),
		       stage == LOAD ? "load" : "attach");
		klog_print();
		bpf_object__close(obj);
		return false;
	}
	ok = sysfs_is("state", "attached") && sysfs_is("policy", policy);
	if (!ok)
		printf("# attached, but state or policy say otherwise\n");

	/* There is one policy at a time. */
	err = try(name, &obj2, &link2, &stage);
	if (err != -EBUSY || stage != ATTACH) {
		printf("# a second policy: %s; expected EBUSY\n",
		       err ? strerror(-err) : "accepted");
		ok = false;
	}
	bpf_link__destroy(link2);
	bpf_object__close(obj2);
	if (!sysfs_is("state", "attached")) {
		printf("# and it took the first one away\n");
		ok = false;
	}

	bpf_link__destroy(link);
	bpf_object__close(obj);
	if (!wait_idle()) {
		printf("# still not idle after its link is gone\n");
		ok = false;
	}
	return ok;
}

static int run_all(void)
{
	size_t i, n = 0;
	int failed = 0;
	bool ok;

	if (access(SYSFS "version", F_OK)) {
		printf("KTAP version 1\n1..0 # SKIP the module eeh_bpf is not loaded\n");
		return KSFT_SKIP;
	}
	if (!sysfs_is("state", "idle")) {
		printf("KTAP version 1\n1..0 # SKIP a policy is attached\n");
		return KSFT_SKIP;
	}
	printf("KTAP version 1\n1..%zu\n", ARRAY_SIZE(refused) + ARRAY_SIZE(lies) +
	       ARRAY_SIZE(honest));
	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		ok = check_refused(&refused[i]);
		failed += !ok;
		printf("%sok %zu %s\n", ok ? "" : "not ", ++n, refused[i].name);
		fflush(stdout);
	}
	for (i = 0; i < ARRAY_SIZE(lies); i++) {
		ok = check_attached(lies[i].name, lies[i].policy);
		failed += !ok;
		printf("%sok %zu %s\n", ok ? "" : "not ", ++n, lies[i].name);
		fflush(stdout);
	}
	for (i = 0; i < ARRAY_SIZE(honest); i++) {
		ok = check_attached(honest[i][0], honest[i][1]);
		failed += !ok;
		printf("%sok %zu %s\n", ok ? "" : "not ", ++n, honest[i][0]);
		fflush(stdout);
	}
	return failed ? 1 : 0;
}

static int run_attached(const char *name)
{
	struct bpf_object *obj;
	struct bpf_link *link;
	enum stage stage;
	int err;

	err = try(name, &obj, &link, &stage);
	if (err || !link) {
		klog_print();
		fprintf(stderr, "bpf_lies: %s: %s\n", name, err ? strerror(-err) : "no policy");
		return 1;
	}
	printf("attached %s\n", name);
	fflush(stdout);
	/* The link dies with us. */
	for (;;)
		pause();
}

static void list(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(lies); i++)
		printf("%s %s %s %s\n", lies[i].name, lies[i].policy, lies[i].healthy,
		       lies[i].frozen);
}

static void usage(FILE *f)
{
	fprintf(f, "Usage: bpf_lies [--dir DIR] [--verbose]\n"
		"       bpf_lies [--dir DIR] --attach NAME\n"
		"       bpf_lies --list\n"
		"\n"
		"Loads every program that must be refused, attaches and detaches the others.\n"
		"--attach NAME  attach one (NAME, or a path with a slash), print \"attached NAME\",\n"
		"               and stay until killed\n"
		"--list         the lies: name, name of the policy, and the counter that must take\n"
		"               its queries while the PE is normal, and while it is frozen\n");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "dir", required_argument, NULL, 'D' },
		{ "attach", required_argument, NULL, 'a' },
		{ "list", no_argument, NULL, 'l' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *attach = NULL;
	char *self = strdup(argv[0]);
	int opt;

	dir = dirname(self);
	while ((opt = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (opt) {
		case 'D':
			dir = optarg;
			break;
		case 'a':
			attach = optarg;
			break;
		case 'l':
			list();
			return 0;
		case 'v':
			verbose = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	libbpf_set_print(print_fn);
	return attach ? run_attached(attach) : run_all();
}
