// SPDX-License-Identifier: GPL-2.0-only
/*
 * One query, from the question to the verdict, and the counters of all.
 *
 * This is where the rule of the house is enforced: the policy may say
 * EEH_BPF_ANSWER, but the answer "not frozen" is given only if this query
 * gathered evidence for it and nothing happened to the PE since.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>

#include "internal.h"

bool core_enabled = true;
bool core_bypassed;
unsigned int core_audit;

unsigned int core_reject_limit = 16;
module_param_named(reject_limit, core_reject_limit, uint, 0644);
MODULE_PARM_DESC(reject_limit,
		 "answers without evidence after which a policy is bypassed (default 16)");

DEFINE_PER_CPU(struct counters, core_counters);
static atomic_t rejected_now;	/* since the policy was attached */

void stat_add(enum core_stat stat, u64 n)
{
	guard(preempt_notrace)();
	__this_cpu_add(core_counters.stat[stat], n);
}

void stat_inc(enum core_stat stat)
{
	stat_add(stat, 1);
}

#define stat_sum(member) ({						\
	u64 _sum = 0;							\
	int _cpu;							\
									\
	for_each_possible_cpu(_cpu)					\
		_sum += READ_ONCE(per_cpu(core_counters.member, _cpu));	\
	_sum;								\
})

u64 stat_read_check(enum eeh_bpf_outcome out)
{
	return stat_sum(check[out]);
}

/* of both taps */
u64 stat_read_outcome(enum eeh_bpf_outcome out)
{
	return stat_sum(outcome[out]) + stat_read_check(out);
}

u64 stat_read_check_queries(void)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < EEH_BPF_OUT_MAX; i++)
		sum += stat_read_check(i);
	return sum;
}

u64 stat_read_queries(void)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < EEH_BPF_OUT_MAX; i++)
		sum += stat_read_outcome(i);
	return sum;
}

u64 stat_read(enum core_stat stat)
{
	return stat_sum(stat[stat]);
}

/* A policy that keeps answering without evidence is wrong: stop asking it. */
void query_reject(void)
{
	unsigned int limit = READ_ONCE(core_reject_limit);

	if (atomic_inc_return(&rejected_now) == limit) {
		WRITE_ONCE(core_bypassed, true);
		pr_warn("policy answered %u times without evidence: bypassed until it is replaced\n",
			limit);
	}
}

void query_policy_changed(void)
{
	atomic_set(&rejected_now, 0);
	WRITE_ONCE(core_bypassed, false);
}
