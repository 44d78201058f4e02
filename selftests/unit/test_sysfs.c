// SPDX-License-Identifier: GPL-2.0-only
/* The module's files: what they say, what they cannot say, and none at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static void t_parse_u64(void **state)
{
	static const struct {
		const char *s;
		int err;
		uint64_t val;
	} cases[] = {
		{ "0", 0, 0 }, { "1", 0, 1 }, { "010", 0, 10 }, { "0x10", 0, 16 },
		{ "0xAb", 0, 0xab },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "18446744073709551616", -EBADMSG, 0 },
		{ "", -EBADMSG, 0 }, { " 1", -EBADMSG, 0 }, { "1 ", -EBADMSG, 0 },
		{ "-1", -EBADMSG, 0 }, { "+1", -EBADMSG, 0 }, { "1x", -EBADMSG, 0 },
		{ "0x", -EBADMSG, 0 }, { "0x-1", -EBADMSG, 0 }, { "0x0x1", -EBADMSG, 0 },
		{ "x", -EBADMSG, 0 }, { "a", -EBADMSG, 0 },
	};
	uint64_t val;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		val = 0;
		if (eeh_parse_u64(cases[i].s, &val) != cases[i].err ||
		    (!cases[i].err && val != cases[i].val))
			fail_msg("\"%s\"", cases[i].s);
	}
}

static void t_taps(void **state)
{
	(void)state;
	assert_int_equal(eeh_taps_parse(""), 0);
	assert_int_equal(eeh_taps_parse("\n"), 0);
	assert_int_equal(eeh_taps_parse("rtas event"), EEH_TAP_RTAS | EEH_TAP_EVENT);
	assert_int_equal(eeh_taps_parse(" check\trtas\n"), EEH_TAP_CHECK | EEH_TAP_RTAS);
	assert_int_equal(eeh_taps_parse("rtas2"), EEH_TAP_OTHER);
	assert_int_equal(eeh_taps_parse("rta"), EEH_TAP_OTHER);
}

static void t_binding_good(void **state)
{
	struct eeh_fastpath_binding b;

	(void)state;
	assert_int_equal(eeh_binding_parse("vm=3 pe=7 0001:fd token=0x2008 buid=0x800000020000001 "
					   "addr=0x10000 answered=12", &b), 0);
	assert_int_equal(b.sz, sizeof(b));
	assert_int_equal(b.vm, 3);
	assert_int_equal(b.pe, 7);
	assert_int_equal(b.phb, 1);
	assert_int_equal(b.pe_addr, 0xfd);
	assert_int_equal(b.token, 0x2008);
	assert_true(b.buid == 0x800000020000001ULL);
	assert_int_equal(b.addr, 0x10000);
	assert_int_equal(b.answered, 12);

	/* A newer module says more. */
	assert_int_equal(eeh_binding_parse("vm=1 pe=1 0030:1ff token=0x1 colour=blue buid=0x2 "
					   "addr=0x3 answered=0 mode=", &b), 0);
	assert_int_equal(b.phb, 0x30);
	assert_int_equal(b.pe_addr, 0x1ff);
}

static void t_binding_bad(void **state)
{
	static const char * const bad[] = {
		"",
		"garbage",
		"vm=3",
		"vm=3 pe=7 token=0x2008 buid=0x8 addr=0x1 answered=12",			/* where? */
		"vm=3 pe=7 0001:fd token=0x2008 buid=0x8 addr=0x1",		/* answered? */
		"vm= pe=7 0001:fd token=0x2008 buid=0x8 addr=0x1 answered=1",
		"vm=-3 pe=7 0001:fd token=0x2008 buid=0x8 addr=0x1 answered=1",
		"vm=3 vm=4 pe=7 0001:fd token=0x2008 buid=0x8 addr=0x1 answered=1",
		"vm=3 pe=7 0001:fd 0002:fd token=0x2008 buid=0x8 addr=0x1 answered=1",
		"vm=3 pe=7 0001: token=0x2008 buid=0x8 addr=0x1 answered=1",
		"vm=3 pe=7 :fd token=0x2008 buid=0x8 addr=0x1 answered=1",
		"vm=3 pe=7 0001:fd:1 token=0x2008 buid=0x8 addr=0x1 answered=1",
		"vm=3 pe=7 000100020003:fd token=0x2008 buid=0x8 addr=0x1 answered=1",
		"vm=3 pe=7 0001:fd token=0x100000000 buid=0x8 addr=0x1 answered=1",
		"vm=3 pe=7 0001:fd token=0x1 buid=0x8 addr=0x100000000 answered=1",
		"vm=3 pe=7 0001:fd token=0x1 buid=0x10000000000000000 addr=0x1 answered=1",
		"vm=3 pe=7 0001:fd token=0x1 buid=0x8 addr=0x1 answered=1x",
		"vm=3 pe=7 0001:fd token=0x1 buid=0x8 addr=0x1 answered=1 rubbish",
		"vm=3 pe=7 0001:fd token=0x1 buid=0x8 addr=0x1 answered="
		"000000000000000000000000000000000000000000000000000000000000000000000000000001",
	};
	struct eeh_fastpath_binding b;
	char *copy;
	size_t i;
	int err;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		copy = strdup(bad[i]);	/* its end is guarded */
		err = eeh_binding_parse(copy, &b);
		free(copy);
		if (err != -EBADMSG)
			fail_msg("\"%s\" gives %d", bad[i], err);
	}
}

/* Every prefix and every single-character change of a good line: no crash, no nonsense. */
static void t_binding_mangled(void **state)
{
	static const char good[] = "vm=3 pe=7 0001:fd token=0x2008 buid=0x8 addr=0x1 answered=12";
	static const char chars[] = "\x01 =:x-9f\xff";
	struct eeh_fastpath_binding b;
	size_t i, j, n;
	char *copy;

	(void)state;
	for (i = 0; i < sizeof(good) - 1; i++) {
		copy = strndup(good, i);
		/* "answered=1" is a good line as well. */
		if (i != sizeof(good) - 2)
			assert_int_equal(eeh_binding_parse(copy, &b), -EBADMSG);
		free(copy);
		for (j = 0; j < sizeof(chars) - 1; j++) {
			copy = strdup(good);
			copy[i] = chars[j];
			n = eeh_binding_parse(copy, &b) ? 0 : 1;
			if (n)
				assert_true(b.phb <= 0xffffffff && b.sz == sizeof(b));
			free(copy);
		}
	}
}

static void t_status_idle(void **state)
{
	struct eeh_fastpath_status s;
	struct unit *u = *state;

	EEH_INIT(&s);
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), 0);
	assert_int_equal(s.version, 1);
	assert_int_equal(s.state, EEH_FASTPATH_IDLE);
	assert_true(s.enabled);
	assert_false(s.pinned);
	assert_string_equal(s.policy, "");
	assert_int_equal(s.taps, 0);
	assert_int_equal(s.bindings, 0);
}

static int take_second(void *arg, const struct eeh_fastpath_binding *b)
{
	if (b->vm != 2)
		return 0;
	*(struct eeh_fastpath_binding *)arg = *b;
	return 42;
}

static void t_status_attached(void **state)
{
	struct eeh_fastpath_binding b;
	struct eeh_fastpath_status s;
	struct unit *u = *state;

	unit_file(u, "sys/kernel/eeh_bpf/state", "attached\n");
	unit_file(u, "sys/kernel/eeh_bpf/policy", "freeze\n");
	unit_file(u, "sys/kernel/eeh_bpf/enabled", "0\n");
	unit_file(u, "sys/kernel/eeh_bpf/audit", "100\n");
	unit_file(u, "sys/kernel/eeh_bpf/audit_disagreed", "2\n");
	unit_file(u, "sys/kernel/eeh_bpf/taps", "rtas event\n");
	unit_file(u, "sys/kernel/eeh_bpf/bindings",
		  "vm=1 pe=1 0001:fd token=0x2008 buid=0x8 addr=0x1 answered=12\n"
		  "vm=2 pe=2 0002:fd token=0x2008 buid=0x8 addr=0x1 answered=13\n"
		  "vm=3 pe=3 0003:fd token=0x2008 buid=0x8 addr=0x1 answered=14\n");
	EEH_INIT(&s);
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), 0);
	assert_int_equal(s.state, EEH_FASTPATH_ATTACHED);
	assert_string_equal(s.policy, "freeze");
	assert_false(s.enabled);
	assert_int_equal(s.audit, 100);
	assert_int_equal(s.audit_disagreed, 2);
	assert_int_equal(s.taps, EEH_TAP_RTAS | EEH_TAP_EVENT);
	assert_int_equal(s.bindings, 3);

	assert_int_equal(eeh_fastpath_for_each_binding(u->ctx, take_second, &b), 42);
	assert_int_equal(b.answered, 13);

	unit_file(u, "sys/kernel/eeh_bpf/state", "bypassed\n");
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), 0);
	assert_int_equal(s.state, EEH_FASTPATH_BYPASSED);
	unit_file(u, "sys/kernel/eeh_bpf/state", "dreaming\n");
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), 0);
	assert_int_equal(s.state, EEH_FASTPATH_UNKNOWN);
}

/* 1,024 bindings per VM are 90 KiB: more than a page, and than a first buffer. */
static void t_status_many_bindings(void **state)
{
	struct eeh_fastpath_status s;
	struct unit *u = *state;
	char *buf = malloc(5000 * 100), *p = buf;
	int i;

	for (i = 0; i < 5000; i++)
		p += sprintf(p, "vm=%d pe=%d 0001:fd token=0x2008 buid=0x800000020000000 "
			     "addr=%#x answered=%d\n", i, i, i, i);
	unit_file(u, "sys/kernel/eeh_bpf/bindings", "%s", buf);
	free(buf);
	EEH_INIT(&s);
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), 0);
	assert_int_equal(s.bindings, 5000);
}

static void t_status_malformed(void **state)
{
	static const struct {
		const char *file, *good, *bad;
	} cases[] = {
		{ "version", "1", "" }, { "version", "1", "one" }, { "enabled", "1", "2" },
		{ "enabled", "1", "yes" }, { "audit", "0", "-1" },
		{ "audit_disagreed", "0", "0 0" }, { "bindings", "", "vm=3\n" },
		{ "bindings", "", "vm=3 pe=7 0001:fd token=0x1 buid=0x8 addr=0x1 answered=1\nx\n" },
	};
	struct eeh_fastpath_status s;
	struct unit *u = *state;
	char rel[80];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(rel, sizeof(rel), "sys/kernel/eeh_bpf/%s", cases[i].file);
		unit_file(u, rel, "%s\n", cases[i].bad);
		EEH_INIT(&s);
		if (eeh_fastpath_status(u->ctx, &s) != -EBADMSG ||
		    !strstr(eeh_last_error(u->ctx), cases[i].file))
			fail_msg("%s=\"%s\": %s", cases[i].file, cases[i].bad,
				 eeh_last_error(u->ctx));
		unit_file(u, rel, "%s\n", cases[i].good);
	}
	/* Longer than any value can be. */
	unit_file(u, "sys/kernel/eeh_bpf/audit", "%0500d\n", 1);
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), -EFBIG);
	unit_file(u, "sys/kernel/eeh_bpf/audit", "0\n");
	unit_remove(u, "sys/kernel/eeh_bpf/taps");
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), -EBADMSG);
	memset(&s, 0, sizeof(s));
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), -EINVAL);
}

static void t_not_loaded(void **state)
{
	struct eeh_fastpath_status s;
	struct eeh_fastpath_stats st;
	struct unit *u = *state;

	unit_remove(u, "sys/kernel/eeh_bpf");
	EEH_INIT(&s);
	EEH_INIT(&st);
	assert_int_equal(eeh_fastpath_status(u->ctx, &s), -ENODEV);
	assert_non_null(strstr(eeh_last_error(u->ctx), "modprobe eeh_bpf"));
	assert_int_equal(eeh_fastpath_stats(u->ctx, &st), -ENODEV);
	assert_int_equal(eeh_fastpath_set_enabled(u->ctx, false), -ENODEV);
	assert_int_equal(eeh_fastpath_set_audit(u->ctx, 1), -ENODEV);
	assert_int_equal(eeh_fastpath_for_each_binding(u->ctx, take_second, NULL), -ENODEV);
}

static void t_stats(void **state)
{
	struct eeh_fastpath_stats st;
	struct unit *u = *state;

	unit_file(u, "sys/kernel/eeh_bpf/stats/queries", "66\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/answered", "1\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/passed", "2\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/rejected", "3\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/unbound", "4\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/not_owner", "5\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/fault", "6\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/bypassed", "7\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/audited", "8\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/missed", "9\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/learned", "10\n");
	unit_file(u, "sys/kernel/eeh_bpf/stats/dropped", "18446744073709551615\n");
	EEH_INIT(&st);
	assert_int_equal(eeh_fastpath_stats(u->ctx, &st), 0);
	assert_int_equal(st.queries, 66);
	assert_int_equal(st.answered, 1);
	assert_int_equal(st.passed, 2);
	assert_int_equal(st.rejected, 3);
	assert_int_equal(st.unbound, 4);
	assert_int_equal(st.not_owner, 5);
	assert_int_equal(st.fault, 6);
	assert_int_equal(st.bypassed, 7);
	assert_int_equal(st.audited, 8);
	assert_int_equal(st.missed, 9);
	assert_int_equal(st.learned, 10);
	assert_true(st.dropped == UINT64_MAX);

	unit_file(u, "sys/kernel/eeh_bpf/stats/fault", "six\n");
	assert_int_equal(eeh_fastpath_stats(u->ctx, &st), -EBADMSG);
	assert_non_null(strstr(eeh_last_error(u->ctx), "stats/fault"));
}

static void t_switches(void **state)
{
	struct unit *u = *state;
	uint64_t val;

	assert_int_equal(eeh_fastpath_set_enabled(u->ctx, false), 0);
	assert_int_equal(eeh_sys_u64(u->ctx, "enabled", &val), 0);
	assert_int_equal(val, 0);
	assert_int_equal(eeh_fastpath_set_audit(u->ctx, 4000000000U), 0);
	assert_int_equal(eeh_sys_u64(u->ctx, "audit", &val), 0);
	assert_true(val == 4000000000U);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, unit_setup, unit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_parse_u64),
		cmocka_unit_test(t_taps),
		cmocka_unit_test(t_binding_good),
		cmocka_unit_test(t_binding_bad),
		cmocka_unit_test(t_binding_mangled),
		TEST(t_status_idle),
		TEST(t_status_attached),
		TEST(t_status_many_bindings),
		TEST(t_status_malformed),
		TEST(t_not_loaded),
		TEST(t_stats),
		TEST(t_switches),
	};

	return cmocka_run_group_tests_name("sysfs", tests, NULL, NULL) ? 1 : 0;
}
