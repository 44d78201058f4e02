// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy "freeze" itself, compiled for this machine, with a clock and a
 * firmware of our own: verdicts, counters, storms, and what happens when slots
 * run out. That the verifier takes it is tested where there is one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>

#include "../../bpf/eeh_freeze.bpf.c"

#define MSEC	1000000ULL
#define TICK	(4 * MSEC)

static struct eeh_pe_stat pes[EEH_PES_MAX];
static struct eeh_vm_stat vms[EEH_VMS_MAX];
static struct eeh_freeze_config config[1];
static struct eeh_event_stat events[1];

static __u64 now = 5000 * MSEC;
static int firmware;		/* what bpf_eeh_state() says */
static int asked;		/* how often it was asked */

void *bpf_map_lookup_elem(void *map, const void *key)
{
	__u32 k = *(const __u32 *)key;

	if (map == &eeh_pes)
		return k < EEH_PES_MAX ? &pes[k] : NULL;
	if (map == &eeh_vms)
		return k < EEH_VMS_MAX ? &vms[k] : NULL;
	if (map == &eeh_config)
		return k ? NULL : config;
	if (map == &eeh_events)
		return k ? NULL : events;
	fail_msg("no such map");
	return NULL;
}

__u64 bpf_ktime_get_ns(void)
{
	return now;
}

__u64 bpf_jiffies64(void)
{
	return now / TICK;
}

int bpf_eeh_state(struct eeh_bpf_query *q)
{
	(void)q;
	asked++;
	return firmware;
}

static int setup(void **state)
{
	(void)state;
	memset(pes, 0, sizeof(pes));
	memset(vms, 0, sizeof(vms));
	memset(config, 0, sizeof(config));
	memset(events, 0, sizeof(events));
	firmware = 0;
	asked = 0;
	now += 10000 * MSEC;
	return 0;
}

static int query(__u64 vm, __u64 pe)
{
	struct eeh_bpf_query q = { .vm = vm, .pe = pe, .phb = 1, .pe_addr = pe,
				   .tap = EEH_BPF_TAP_RTAS };

	return freeze_query(&q);
}

static struct eeh_pe_stat *find(__u64 vm, __u64 pe)
{
	int i, n = 0;
	struct eeh_pe_stat *e = NULL;

	for (i = 0; i < EEH_PES_MAX; i++)
		if (pes[i].pe == pe && pes[i].vm == vm) {
			e = &pes[i];
			n++;
		}
	assert_true(n <= 1);
	return e;
}

static struct eeh_vm_stat *find_vm(__u64 vm)
{
	int i;

	for (i = 0; i < EEH_VMS_MAX; i++)
		if (vms[i].vm == vm && (i || !vm))
			return &vms[i];
	return NULL;
}

static void t_verdicts(void **state)
{
	struct eeh_pe_stat *e;

	(void)state;
	assert_int_equal(query(1, 7), EEH_BPF_ANSWER);
	firmware = 2;
	assert_int_equal(query(1, 7), EEH_BPF_PASS);
	firmware = -16;
	assert_int_equal(query(1, 7), EEH_BPF_PASS);
	firmware = 0;
	assert_int_equal(query(1, 7), EEH_BPF_ANSWER);
	assert_int_equal(asked, 4);

	e = find(1, 7);
	assert_non_null(e);
	assert_int_equal(e->phb, 1);
	assert_int_equal(e->pe_addr, 7);
	assert_int_equal(e->answered, 2);
	assert_int_equal(e->passed, 2);
	assert_int_equal(e->not_normal, 1);
	assert_int_equal(e->errors, 1);
	assert_int_equal(e->storms, 0);
	assert_int_equal(e->first_seen_ns, now);

	/* Carried over by the first query of another tick. */
	now += TICK;
	query(1, 7);
	assert_int_equal(find_vm(1)->answered, 2);
	assert_int_equal(find_vm(1)->passed, 2);
	assert_int_equal(find_vm(1)->pes, 1);
	assert_int_equal(find_vm(1)->last_seen_ns, now);
	assert_int_equal(e->last_seen_ns, now);
}

/* The same PE in two VMs (one after the other), and the host kernel's own queries. */
static void t_vms_apart(void **state)
{
	(void)state;
	query(1, 7);
	query(2, 7);
	query(2, 7);
	query(0, 7);
	query(17, 7);		/* the same first slot as that of VM 1 */
	assert_int_equal(find(17, 7)->answered, 1);
	assert_int_equal(find(1, 7)->answered, 1);
	assert_int_equal(find(2, 7)->answered, 2);
	assert_int_equal(find(0, 7)->answered, 1);
	assert_int_equal(find(0, 7)->vm_slot, 0);
	now += TICK;
	query(0, 7);
	assert_int_equal(vms[0].answered, 1);
	assert_int_equal(vms[0].vm, 0);
}

static void t_storm_answer(void **state)
{
	int i;

	(void)state;
	config->rate = 100;
	config->burst = 10;
	for (i = 0; i < 50; i++)
		assert_int_equal(query(1, 1), EEH_BPF_ANSWER);
	assert_int_equal(find(1, 1)->answered, 50);
	assert_int_equal(find(1, 1)->storms, 40);
	assert_int_equal(asked, 50);
}

static void t_storm_pass(void **state)
{
	int i, answered = 0;

	(void)state;
	config->rate = 100;
	config->burst = 10;
	config->storm_action = EEH_STORM_PASS;
	for (i = 0; i < 50; i++)
		answered += query(1, 1) == EEH_BPF_ANSWER;
	assert_int_equal(answered, 10);
	assert_int_equal(asked, 10);		/* firmware is not asked for the rest */
	assert_int_equal(find(1, 1)->passed, 40);
	assert_int_equal(find(1, 1)->storms, 40);

	/* A second later there is a bucket full again, not a second's worth. */
	now += 1000 * MSEC;
	for (answered = 0, i = 0; i < 50; i++)
		answered += query(1, 1) == EEH_BPF_ANSWER;
	assert_int_equal(answered, 10);

	/* Switched while it runs. */
	config->storm_action = EEH_STORM_ANSWER;
	now += TICK;
	assert_int_equal(query(1, 1), EEH_BPF_ANSWER);
	assert_int_equal(query(1, 1), EEH_BPF_ANSWER);
}

/* Over a time, what is answered is the rate: high and low ones, queries at any spacing. */
static void t_rate(void **state)
{
	static const struct {
		__u32 rate;
		__u64 spacing;
	} cases[] = {
		{ 3, MSEC }, { 1, 7 * MSEC }, { 1000, MSEC / 7 }, { 100000, MSEC / 1000 },
		{ 4294967295U, MSEC }, { 50, 3 * TICK + 1 },
	};
	__u64 until, start, n, answered, want;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(NULL);
		config->rate = cases[i].rate;
		config->burst = 1;
		config->storm_action = EEH_STORM_PASS;
		start = now;
		until = now + 4000 * MSEC;
		for (n = 0, answered = 0; now < until; now += cases[i].spacing, n++)
			answered += query(1, 1) == EEH_BPF_ANSWER;
		/* One token per tick at most fits into a bucket of one. */
		want = 4ULL * cases[i].rate;
		if (want > (until - start) / TICK)
			want = (until - start) / TICK;
		if (want > n)
			want = n;
		if (answered < want - want / 20 - 1 || answered > want + want / 20 + 2)
			fail_msg("rate %u: %llu of %llu answered, wanted about %llu", cases[i].rate,
				 (unsigned long long)answered, (unsigned long long)n,
				 (unsigned long long)want);
		assert_int_equal(find(1, 1)->answered, answered);
		assert_int_equal(find(1, 1)->answered + find(1, 1)->passed, n);
	}
}

/* The defaults: 10,000 a second, and as many at once. */
static void t_rate_default(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < EEH_STORM_RATE; i++)
		query(1, 1);
	assert_int_equal(find(1, 1)->storms, 0);
	query(1, 1);
	assert_int_equal(find(1, 1)->storms, 1);
}

/* As many PEs as there are slots: each has statistics, and all add up. */
static void t_64_pes(void **state)
{
	int vm, pe, n;

	(void)state;
	for (n = 0; n < 3; n++) {
		for (vm = 1; vm <= 8; vm++)
			for (pe = 0; pe < 8; pe++)
				query(vm, 1 + vm * 8 + pe);
		now += TICK;
	}
	for (vm = 1; vm <= 8; vm++) {
		for (pe = 0; pe < 8; pe++) {
			assert_non_null(find(vm, 1 + vm * 8 + pe));
			assert_int_equal(find(vm, 1 + vm * 8 + pe)->answered, 3);
		}
		assert_int_equal(find_vm(vm)->answered, 16);	/* all but the last tick */
		assert_int_equal(find_vm(vm)->pes, 8);
	}
}

/* More PEs than slots: the quietest goes, and its VM keeps what it counted. */
static void t_pes_run_out(void **state)
{
	__u64 sum = 0;
	int i, pe;

	(void)state;
	for (pe = 1; pe <= 1000; pe++) {
		query(1, pe);
		query(1, pe);
		now += TICK;
		query(1, 77777);	/* one that never stops asking stays */
	}
	assert_int_equal(find(1, 77777)->answered, 1000);
	assert_non_null(find(1, 1000));
	assert_null(find(1, 1));
	now += TICK;
	for (i = 0; i < EEH_PES_MAX; i++)
		sum += pes[i].answered - pes[i].vm_answered;
	/* What is in the sums and what is not yet. */
	assert_int_equal(find_vm(1)->answered + sum, 3000);
}

static void t_vms_run_out(void **state)
{
	int vm;

	(void)state;
	for (vm = 1; vm <= 100; vm++) {
		query(vm, vm);
		now += TICK;
		query(vm, vm);
		query(1, 1);
	}
	assert_non_null(find_vm(100));
	assert_int_equal(find_vm(100)->answered, 1);
	assert_non_null(find_vm(1));	/* never quiet */
	assert_null(find_vm(2));
	assert_int_equal(vms[0].answered, 0);
	/* One that lost its slot gets another one, and counts into no other VM's. */
	now += TICK;
	query(2, 2);
	assert_non_null(find_vm(2));
	assert_int_equal(vms[find(2, 2)->vm_slot].vm, 2);
}

static void t_learn(void **state)
{
	struct eeh_bpf_query q = { .vm = 1, .pe = 1 };

	(void)state;
	assert_int_equal(learn(&q), 0);
	config->no_learn = 1;
	assert_int_not_equal(learn(&q), 0);
	assert_int_equal(events->learn_allowed, 1);
	assert_int_equal(events->learn_forbidden, 1);
}

static void t_events(void **state)
{
	struct eeh_bpf_event e = { .phb = 3, .pe_addr = 0xfd };
	const __u64 *counts = &events->frozen;
	int i;

	(void)state;
	for (i = 0; i <= EEH_BPF_EV_UNBOUND; i++) {
		e.type = i;
		event(&e);
		event(&e);
	}
	for (i = 0; i <= EEH_BPF_EV_UNBOUND; i++)
		assert_int_equal(counts[i], 2);
	e.type = 1000;
	event(&e);
	assert_int_equal(events->other, 1);
	assert_int_equal(events->last_frozen_ns, now);
	assert_int_equal(events->last_frozen_phb, 3);
	assert_int_equal(events->last_frozen_pe, 0xfd);
}

static void t_layout(void **state)
{
	(void)state;
	/* What a query touches is one cache line, and no two PEs share one. */
	assert_int_equal(sizeof(struct eeh_pe_stat) % 128, 0);
	assert_true(offsetof(struct eeh_pe_stat, vm_slot) + 4 <= 128);
	assert_int_equal(offsetof(struct eeh_pe_stat, first_seen_ns), 128);
	assert_int_equal(sizeof(struct eeh_vm_stat), 128);
	/* The module would refuse another one. */
	assert_int_equal(freeze.abi_version, EEH_BPF_ABI_VERSION);
	/* This kernel's own checks are the canary's: freeze_query() is not asked. */
	assert_int_equal(freeze.flags, EEH_BPF_F_CANARY);
	assert_string_equal(freeze.name, "freeze");
}

#define TEST(t) cmocka_unit_test_setup(t, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(t_verdicts),
		TEST(t_vms_apart), TEST(t_storm_answer), TEST(t_storm_pass),
		TEST(t_rate), TEST(t_rate_default), TEST(t_64_pes), TEST(t_pes_run_out),
		TEST(t_vms_run_out), TEST(t_learn), TEST(t_events), TEST(t_layout),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL) ? 1 : 0;
}
