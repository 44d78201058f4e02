// SPDX-License-Identifier: GPL-2.0-only
/* Every reason for which the fast path cannot run, and its sentence. */
#include <errno.h>
#include <string.h>

#include "unit.h"

static size_t find(struct eeh_probe *p, const char *name)
{
	size_t i;

	for (i = 0; i < eeh_probe_count(p); i++)
		if (!strcmp(eeh_probe_name(p, i), name))
			return i;
	fail_msg("no requirement \"%s\"", name);
	return 0;
}

/* The requirement has this state, its texts contain these, and the probe's result is this. */
static void expect(struct unit *u, const char *name, enum eeh_req_state state, int result,
		   const char *what, const char *advice)
{
	struct eeh_probe *p;
	size_t i;

	assert_int_equal(eeh_fastpath_probe(u->ctx, &p), 0);
	i = find(p, name);
	if (eeh_probe_state(p, i) != state || eeh_probe_result(p) != result ||
	    !strstr(eeh_probe_what(p, i), what) || !strstr(eeh_probe_advice(p, i), advice) ||
	    (state == EEH_REQ_OK && *eeh_probe_advice(p, i)))
		fail_msg("%s: state %d, result %d: %s: %s", name, eeh_probe_state(p, i),
			 eeh_probe_result(p), eeh_probe_what(p, i), eeh_probe_advice(p, i));
	eeh_probe_free(p);
}

static void t_good(void **state)
{
	struct unit *u = *state;
	struct eeh_probe *p;
	size_t i;

	assert_int_equal(eeh_fastpath_probe(u->ctx, &p), 0);
	assert_int_equal(eeh_probe_result(p), 0);
	assert_int_equal(eeh_probe_count(p), 9);
	for (i = 0; i < eeh_probe_count(p); i++)
		if (eeh_probe_state(p, i) != EEH_REQ_OK)
			fail_msg("%s: %s", eeh_probe_name(p, i), eeh_probe_what(p, i));
	assert_null(eeh_probe_name(p, 9));
	assert_null(eeh_probe_what(p, 9));
	assert_null(eeh_probe_advice(p, 9));
	assert_int_equal(eeh_probe_state(p, 9), EEH_REQ_FAILED);
	eeh_probe_free(p);
	eeh_probe_free(NULL);
	assert_int_equal(eeh_probe_result(NULL), -EINVAL);
	assert_int_equal(eeh_probe_count(NULL), 0);
	assert_int_equal(eeh_fastpath_probe(u->ctx, NULL), -EINVAL);
	assert_int_equal(eeh_require(u->ctx), 0);
}

static void t_arch(void **state)
{
	struct unit *u = *state;

	unit_file(u, "proc/sys/kernel/arch", "x86_64\n");
	expect(u, "arch", EEH_REQ_FAILED, -EOPNOTSUPP, "x86_64", "ppc64le");
	unit_file(u, "proc/sys/kernel/arch", "ppc64\n");
	expect(u, "arch", EEH_REQ_FAILED, -EOPNOTSUPP, "ppc64", "ppc64le");
	unit_remove(u, "proc/sys/kernel/arch");	/* a kernel before 6.1: uname() */
	expect(u, "arch", EEH_REQ_FAILED, -EOPNOTSUPP, "x86_64", "ppc64le");
}

static void t_kernel(void **state)
{
	static const struct {
		const char *release;
		bool ok;
	} cases[] = {
		{ "6.13.0", true }, { "6.13-rc1", true }, { "7.0.1-x", true }, { "10.1", true },
		{ "6.12.99", false }, { "6.9.0", false }, { "5.14.0-503.el9.ppc64le", false },
		{ "6", false }, { "garbage", false }, { "", false },
	};
	struct unit *u = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		unit_file(u, "proc/sys/kernel/osrelease", "%s\n", cases[i].release);
		if (cases[i].ok)
			expect(u, "kernel", EEH_REQ_OK, 0, cases[i].release, "");
		else
			expect(u, "kernel", EEH_REQ_FAILED, -EOPNOTSUPP, cases[i].release, "6.13");
	}
}

static void t_btf(void **state)
{
	struct unit *u = *state;

	unit_remove(u, "sys/kernel/btf");
	expect(u, "btf", EEH_REQ_FAILED, -EOPNOTSUPP, "no BTF", "CONFIG_DEBUG_INFO_BTF=y");
}

static void t_bpffs(void **state)
{
	struct unit *u = *state;

	unit_file(u, "proc/self/mounts", "sysfs %s/sys sysfs rw 0 0\n", u->root);
	expect(u, "bpffs", EEH_REQ_FAILED, -ENOENT, "no BPF file system", "mount -t bpf bpf ");
	/* Another file system there, one mounted over it, and a line of nonsense. */
	unit_file(u, "proc/self/mounts", "bpf %s/sys/fs/bpf2 bpf rw 0 0\n", u->root);
	expect(u, "bpffs", EEH_REQ_FAILED, -ENOENT, "", "");
	unit_file(u, "proc/self/mounts", "bpf %s/sys/fs/bpf bpf rw 0 0\nt %s/sys/fs/bpf tmpfs rw 0 0\n",
		  u->root, u->root);
	expect(u, "bpffs", EEH_REQ_FAILED, -ENOENT, "", "");
	unit_file(u, "proc/self/mounts", "nonsense\n\nbpf %s/sys/fs/bpf bpf rw 0 0", u->root);
	expect(u, "bpffs", EEH_REQ_OK, 0, "", "");
	unit_remove(u, "proc/self/mounts");
	expect(u, "bpffs", EEH_REQ_FAILED, -ENOENT, "", "");
}

static void t_permission(void **state)
{
	struct unit *u = *state;

	unit_file(u, "proc/self/status", "Name:\tx\nCapEff:\t0000000000000000\n");
	expect(u, "permission", EEH_REQ_FAILED, -EPERM, "no CAP_BPF, CAP_PERFMON", "root");
	unit_file(u, "proc/self/status", "Name:\tx\nCapEff:\t0000008000000000\n");
	expect(u, "permission", EEH_REQ_FAILED, -EPERM, "no CAP_PERFMON", "root");
	unit_file(u, "proc/self/status", "Name:\tx\nCapEff:\t000000c000000000\n");
	expect(u, "permission", EEH_REQ_FAILED, -EPERM, "not CAP_SYS_ADMIN", "root");
	unit_file(u, "proc/self/status", "Name:\tx\nCapEff:\t0000000000200000\n");
	expect(u, "permission", EEH_REQ_OK, 0, "", "");
	unit_file(u, "proc/self/status", "Name:\tx\nCapEff:\tzzz\n");
	expect(u, "permission", EEH_REQ_FAILED, -EPERM, "no CapEff", "procfs");
	unit_remove(u, "proc/self/status");
	expect(u, "permission", EEH_REQ_FAILED, -EPERM, "no CapEff", "procfs");
}

static void t_lockdown(void **state)
{
	struct unit *u = *state;

	unit_file(u, "sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	expect(u, "lockdown", EEH_REQ_OK, 0, "integrity", "");
	unit_remove(u, "sys/kernel/eeh_bpf");
	expect(u, "lockdown", EEH_REQ_NOTE, -ENODEV, "integrity", "sign eeh_bpf.ko");
	unit_remove(u, "sys/kernel/security");
	expect(u, "lockdown", EEH_REQ_OK, -ENODEV, "not locked down", "");
}

static void t_module(void **state)
{
	struct unit *u = *state;

	unit_remove(u, "sys/kernel/eeh_bpf");
	expect(u, "module", EEH_REQ_FAILED, -ENODEV, "not loaded", "modprobe eeh_bpf");
	assert_int_equal(eeh_require(u->ctx), -ENODEV);
	assert_non_null(strstr(eeh_last_error(u->ctx), "not loaded: modprobe eeh_bpf"));
	assert_non_null(strstr(u->log, "modprobe eeh_bpf"));
}

static void t_interface(void **state)
{
	struct unit *u = *state;

	unit_file(u, "sys/kernel/eeh_bpf/version", "2\n");
	expect(u, "interface", EEH_REQ_FAILED, -EPROTO, "version \"2\", this library 1",
	       "same release");
	unit_file(u, "sys/kernel/eeh_bpf/version", "rubbish\n");
	expect(u, "interface", EEH_REQ_FAILED, -EPROTO, "rubbish", "same release");
}

static void t_kvm(void **state)
{
	struct unit *u = *state;

	unit_remove(u, "sys/module/kvm_hv");
	expect(u, "kvm_hv", EEH_REQ_NOTE, 0, "not loaded", "once kvm_hv is loaded");
}

/* Of several reasons the one that decides comes first. */
static void t_order(void **state)
{
	struct unit *u = *state;

	unit_remove(u, "sys/kernel/eeh_bpf");
	unit_file(u, "proc/self/status", "Name:\tx\nCapEff:\t0000000000000000\n");
	unit_file(u, "proc/sys/kernel/osrelease", "5.10.0\n");
	expect(u, "kernel", EEH_REQ_FAILED, -EOPNOTSUPP, "5.10.0", "6.13");
	assert_int_equal(eeh_fastpath_attach(u->ctx, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(eeh_last_error(u->ctx), "kernel 5.10.0: "));
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, unit_setup, unit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(t_good), TEST(t_arch), TEST(t_kernel), TEST(t_btf), TEST(t_bpffs),
		TEST(t_permission), TEST(t_lockdown), TEST(t_module), TEST(t_interface),
		TEST(t_kvm), TEST(t_order),
	};

	return cmocka_run_group_tests_name("probe", tests, NULL, NULL) ? 1 : 0;
}
