// SPDX-License-Identifier: GPL-2.0-only
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

void unit_file(struct unit *u, const char *rel, const char *fmt, ...)
{
	char path[512], *p;
	va_list ap;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", u->root, rel);
	for (p = strchr(path + strlen(u->root) + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	f = fopen(path, "w");
	assert_non_null(f);
	va_start(ap, fmt);
	vfprintf(f, fmt, ap);
	va_end(ap);
	fclose(f);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void unit_remove(struct unit *u, const char *rel)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", u->root, rel);
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void log_fn(void *arg, enum eeh_log_level level, const char *msg)
{
	struct unit *u = arg;
	size_t n = strlen(u->log);

	(void)level;
	snprintf(u->log + n, sizeof(u->log) - n, "%s\n", msg);
}

int unit_setup(void **state)
{
	static const char * const zeros[] = {
		"answered", "passed", "rejected", "unbound", "not_owner", "fault", "bypassed",
		"audited", "missed", "learned", "dropped", "queries",
	};
	struct unit *u = calloc(1, sizeof(*u));
	struct eeh_ctx_opts opts;
	char sys[80], proc[80], rel[80];
	size_t i;

	strcpy(u->root, "/tmp/eeh-unit-XXXXXX");
	if (!mkdtemp(u->root))
		return -1;

	unit_file(u, "proc/sys/kernel/arch", "ppc64le\n");
	unit_file(u, "proc/sys/kernel/osrelease", "7.2.11+deb13-powerpc64le\n");
	unit_file(u, "proc/self/mounts", "sysfs %s/sys sysfs rw 0 0\nbpf %s/sys/fs/bpf bpf rw 0 0\n",
		  u->root, u->root);
	unit_file(u, "proc/self/status", "Name:\tx\nCapPrm:\t000001ffffffffff\n"
		  "CapEff:\t000001ffffffffff\n");
	unit_file(u, "sys/kernel/btf/vmlinux", "btf");
	unit_file(u, "sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	unit_file(u, "sys/module/kvm_hv/refcnt", "0\n");
	unit_file(u, "sys/module/eeh_bpf/refcnt", "0\n");
	unit_file(u, "sys/fs/bpf/x", "x");
	unit_remove(u, "sys/fs/bpf/x");
	unit_file(u, "sys/kernel/eeh_bpf/version", "1\n");
	unit_file(u, "sys/kernel/eeh_bpf/state", "idle\n");
	unit_file(u, "sys/kernel/eeh_bpf/policy", "\n");
	unit_file(u, "sys/kernel/eeh_bpf/enabled", "1\n");
	unit_file(u, "sys/kernel/eeh_bpf/audit", "0\n");
	unit_file(u, "sys/kernel/eeh_bpf/audit_disagreed", "0\n");
	unit_file(u, "sys/kernel/eeh_bpf/taps", "\n");
	unit_file(u, "sys/kernel/eeh_bpf/bindings", "%s", "");
	for (i = 0; i < ARRAY_SIZE(zeros); i++) {
		snprintf(rel, sizeof(rel), "sys/kernel/eeh_bpf/stats/%s", zeros[i]);
		unit_file(u, rel, "0\n");
	}

	snprintf(sys, sizeof(sys), "%s/sys", u->root);
	snprintf(proc, sizeof(proc), "%s/proc/", u->root);	/* the slash must not matter */
	EEH_INIT(&opts);
	opts.sysfs_root = sys;
	opts.proc_root = proc;
	opts.log = log_fn;
	opts.log_arg = u;
	*state = u;
	return eeh_ctx_new(&u->ctx, &opts);
}

int unit_teardown(void **state)
{
	struct unit *u = *state;

	eeh_ctx_free(u->ctx);
	unit_remove(u, "");
	free(u);
	return 0;
}
