// SPDX-License-Identifier: GPL-2.0-only
/* Evidence may be asked for in a function of the program, more than once, in any order. */
#include "lies.bpf.h"

static __noinline int ask(struct eeh_bpf_query *q)
{
	if (q->tap == EEH_BPF_TAP_CHECK)
		return bpf_eeh_canary(q);
	return bpf_eeh_state(q);
}

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	int i;

	for (i = 0; i < 3; i++)
		if (ask(q))
			return EEH_BPF_PASS;
	return EEH_BPF_ANSWER;
}

LIAR("subprog_ok");
