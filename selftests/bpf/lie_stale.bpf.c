// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks, then dawdles, then answers: what it heard may be stale by then. Rejected
 * if the PE was reset or went away meanwhile, rightly answered otherwise, since
 * the query began before what happened.
 */
#include "lies.bpf.h"

#define LOOPS (1 << 18)

static long dawdle(__u32 i, void *ctx)
{
	return 0;
}

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	int state = bpf_eeh_state(q);

	bpf_loop(LOOPS, dawdle, (void *)0, 0);
	return state ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("lie_stale");
