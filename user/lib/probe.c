// SPDX-License-Identifier: LGPL-2.1-or-later
/* Can the fast path run here, and if not, what is to be done? */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../../include/uapi/eeh_bpf.h"
#include "eeh_internal.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON	38
#endif
#ifndef CAP_BPF
#define CAP_BPF		39
#endif

/*
 * struct_ops needs BPF trampolines, which powerpc has since this version
 * (commit d243b62b7bd3, "powerpc64/bpf: Add support for bpf trampolines").
 */
#define KERNEL_MAJOR	6
#define KERNEL_MINOR	13

#define REQS_MAX	16

struct req {
	const char *name;
	enum eeh_req_state state;
	int err;		/* what attach returns if it failed */
	char what[160];
	char advice[320];
};

struct eeh_probe {
	size_t nr;
	struct req req[REQS_MAX];
};

static struct req *add(struct eeh_probe *p, const char *name, enum eeh_req_state state, int err)
{
	struct req *r = &p->req[p->nr++];

	r->name = name;
	r->state = state;
	r->err = state == EEH_REQ_FAILED ? err : 0;
	return r;
}

#define WHAT(r, ...)	snprintf((r)->what, sizeof((r)->what), __VA_ARGS__)
#define ADVICE(r, ...)	snprintf((r)->advice, sizeof((r)->advice), __VA_ARGS__)

static void probe_arch(struct eeh_ctx *ctx, struct eeh_probe *p)
{
	char buf[80];
	struct utsname u;
	struct req *r;
	bool ok;

	/* Since 6.1; uname() is the fallback. */
	if (eeh_read(ctx, EEH_ROOT_PROC, "sys/kernel/arch", buf, sizeof(buf)) < 0) {
		uname(&u);
		snprintf(buf, sizeof(buf), "%s", u.machine);
	}
	ok = !strcmp(buf, "ppc64le");
	r = add(p, "arch", ok ? EEH_REQ_OK : EEH_REQ_FAILED, -EOPNOTSUPP);
	WHAT(r, "machine %s", buf);
	if (!ok)
		ADVICE(r, "EEH exists on POWER only: use a ppc64le host");
}

static void probe_kernel(struct eeh_ctx *ctx, struct eeh_probe *p)
{
	unsigned int major = 0, minor = 0;
	char buf[80];
	struct utsname u;
	struct req *r;
	bool ok;

	if (eeh_read(ctx, EEH_ROOT_PROC, "sys/kernel/osrelease", buf, sizeof(buf)) < 0) {
		uname(&u);
		snprintf(buf, sizeof(buf), "%s", u.release);
	}
	ok = sscanf(buf, "%u.%u", &major, &minor) == 2 &&
	     (major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR));
	r = add(p, "kernel", ok ? EEH_REQ_OK : EEH_REQ_FAILED, -EOPNOTSUPP);
	WHAT(r, "kernel %s", buf);
	if (!ok)
		ADVICE(r, "BPF struct_ops works on ppc64le since %u.%u (it needs trampolines): "
		       "boot a newer kernel", KERNEL_MAJOR, KERNEL_MINOR);
}

static void probe_btf(struct eeh_ctx *ctx, struct eeh_probe *p)
{
	bool ok = eeh_exists(ctx, EEH_ROOT_SYSFS, "kernel/btf/vmlinux");
	struct req *r = add(p, "btf", ok ? EEH_REQ_OK : EEH_REQ_FAILED, -EOPNOTSUPP);

	WHAT(r, ok ? "the kernel has BTF" : "the kernel has no BTF (no %s/kernel/btf/vmlinux)",
	     ctx->sysfs);
	if (!ok)
		ADVICE(r, "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y and "
		       "CONFIG_DEBUG_INFO_BTF_MODULES=y");
}

static void probe_bpffs(struct eeh_ctx *ctx, struct eeh_probe *p)
{
	char *buf, *line, *save = NULL, dir[PATH_MAX], type[64];
	bool ok = false;
	struct req *r;

	if (!eeh_read_alloc(ctx, EEH_ROOT_PROC, "self/mounts", &buf)) {
		for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
			if (sscanf(line, "%*s %4095s %63s", dir, type) != 2)
				continue;
			/* The last mount on a directory is the one that is seen. */
			if (!strcmp(dir, ctx->bpffs))
				ok = !strcmp(type, "bpf");
		}
		free(buf);
	}
	r = add(p, "bpffs", ok ? EEH_REQ_OK : EEH_REQ_FAILED, -ENOENT);
	WHAT(r, ok ? "BPF file system at %s" : "no BPF file system at %s", ctx->bpffs);
	if (!ok)
		ADVICE(r, "mount -t bpf bpf %s", ctx->bpffs);
}

static void probe_permission(struct eeh_ctx *ctx, struct eeh_probe *p)
{
	unsigned long long caps = 0;
	char *buf, *s;
	bool known = false, ok;
	struct req *r;

	if (!eeh_read_alloc(ctx, EEH_ROOT_PROC, "self/status", &buf)) {
		s = strstr(buf, "\nCapEff:");
		known = s && sscanf(s, "\nCapEff: %llx", &caps) == 1;
		free(buf);
	}
#define HAS(cap) (caps >> (cap) & 1)
	/*
	 * CAP_BPF and CAP_PERFMON load programs and struct_ops maps, but the
	 * types and kfuncs are in the module's BTF, and BPF_BTF_GET_FD_BY_ID
	 * wants CAP_SYS_ADMIN (which implies both).
	 */
	ok = known && HAS(CAP_SYS_ADMIN);
	r = add(p, "permission", ok ? EEH_REQ_OK : EEH_REQ_FAILED, -EPERM);
	if (ok) {
		WHAT(r, "allowed to load BPF programs");
	} else if (!known) {
		WHAT(r, "no CapEff in %s/self/status", ctx->proc);
		ADVICE(r, "mount procfs at %s", ctx->proc);
	} else if (HAS(CAP_BPF) && HAS(CAP_PERFMON)) {
		WHAT(r, "CAP_BPF and CAP_PERFMON, but not CAP_SYS_ADMIN");
		ADVICE(r, "run it as root: the kernel shows a module's BTF to CAP_SYS_ADMIN only");
	} else {
		WHAT(r, "not allowed to load BPF programs (no %s%s%s)", HAS(CAP_BPF) ? "" : "CAP_BPF",
		     HAS(CAP_BPF) || HAS(CAP_PERFMON) ? "" : ", ", HAS(CAP_PERFMON) ? "" : "CAP_PERFMON");
		ADVICE(r, "run it as root");
	}
#undef HAS
}

static void probe_lockdown(struct eeh_ctx *ctx, struct eeh_probe *p, bool loaded)
{
	char buf[80], mode[32] = "none";
	struct req *r;
	char *s;

	if (eeh_read(ctx, EEH_ROOT_SYSFS, "kernel/security/lockdown", buf, sizeof(buf)) >= 0) {
		s = strchr(buf, '[');
		if (s)
			sscanf(s, "[%31[a-z]]", mode);
	}
	/* The programs read no kernel memory, so only loading the module is restricted. */
	if (!strcmp(mode, "none")) {
		r = add(p, "lockdown", EEH_REQ_OK, 0);
		WHAT(r, "the kernel is not locked down");
	} else {
		r = add(p, "lockdown", loaded ? EEH_REQ_OK : EEH_REQ_NOTE, 0);
		WHAT(r, "the kernel is locked down (%s)", mode);
		if (!loaded)
			ADVICE(r, "only signed modules can be loaded: sign eeh_bpf.ko with a key "
			       "that this kernel trusts");
	}
}

static void probe_module(struct eeh_ctx *ctx, struct eeh_probe *p, bool loaded)
{
	struct req *r = add(p, "module", loaded ? EEH_REQ_OK : EEH_REQ_FAILED, -ENODEV);
	char buf[32] = "";
	uint64_t v;
	bool ok;

	WHAT(r, loaded ? "the kernel module eeh_bpf is loaded" :
	     "the kernel module eeh_bpf is not loaded");
	if (!loaded) {
		ADVICE(r, "modprobe eeh_bpf");
		return;
	}

	ok = eeh_read(ctx, EEH_ROOT_SYSFS, EEH_SYS "/version", buf, sizeof(buf)) >= 0 &&
	     !eeh_parse_u64(buf, &v) && v == EEH_BPF_ABI_VERSION;
	r = add(p, "interface", ok ? EEH_REQ_OK : EEH_REQ_FAILED, -EPROTO);
	if (ok) {
		WHAT(r, "interface version %d", EEH_BPF_ABI_VERSION);
	} else {
		WHAT(r, "the module speaks interface version \"%s\", this library %d", buf,
		     EEH_BPF_ABI_VERSION);
		ADVICE(r, "install module and library of the same release, then "
		       "rmmod eeh_bpf; modprobe eeh_bpf");
	}
}

static void probe_kvm(struct eeh_ctx *ctx, struct eeh_probe *p)
{
	bool ok = eeh_exists(ctx, EEH_ROOT_SYSFS, "module/kvm_hv");
	struct req *r = add(p, "kvm_hv", ok ? EEH_REQ_OK : EEH_REQ_NOTE, 0);

	WHAT(r, ok ? "KVM-HV is loaded" : "KVM-HV is not loaded");
	if (!ok)
		ADVICE(r, "attaching works; queries are answered once kvm_hv is loaded");
}

int eeh_fastpath_probe(struct eeh_ctx *ctx, struct eeh_probe **ret)
{
	struct eeh_probe *p;
	bool loaded;

	if (!ctx || !ret)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;

	loaded = eeh_exists(ctx, EEH_ROOT_SYSFS, EEH_SYS "/version");
	probe_arch(ctx, p);
	probe_kernel(ctx, p);
	probe_btf(ctx, p);
	probe_bpffs(ctx, p);
	probe_permission(ctx, p);
	probe_lockdown(ctx, p, loaded);
	probe_module(ctx, p, loaded);
	probe_kvm(ctx, p);

	*ret = p;
	return 0;
}

void eeh_probe_free(struct eeh_probe *p)
{
	free(p);
}

size_t eeh_probe_count(const struct eeh_probe *p)
{
	return p ? p->nr : 0;
}

const char *eeh_probe_name(const struct eeh_probe *p, size_t i)
{
	return p && i < p->nr ? p->req[i].name : NULL;
}

enum eeh_req_state eeh_probe_state(const struct eeh_probe *p, size_t i)
{
	return p && i < p->nr ? p->req[i].state : EEH_REQ_FAILED;
}

const char *eeh_probe_what(const struct eeh_probe *p, size_t i)
{
	return p && i < p->nr ? p->req[i].what : NULL;
}

const char *eeh_probe_advice(const struct eeh_probe *p, size_t i)
{
	return p && i < p->nr ? p->req[i].advice : NULL;
}

static const struct req *first_failed(const struct eeh_probe *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		if (p->req[i].state == EEH_REQ_FAILED)
			return &p->req[i];
	return NULL;
}

int eeh_probe_result(const struct eeh_probe *p)
{
	const struct req *r = p ? first_failed(p) : NULL;

	return !p ? -EINVAL : r ? r->err : 0;
}

int eeh_require(struct eeh_ctx *ctx)
{
	struct eeh_probe *p;
	const struct req *r;
	int err;

	err = eeh_fastpath_probe(ctx, &p);
	if (err)
		return eeh_fail(ctx, err, "probing: %s", strerror(-err));
	r = first_failed(p);
	if (r)
		err = eeh_fail(ctx, r->err, "%s: %s", r->what, r->advice);
	eeh_probe_free(p);
	return err;
}
