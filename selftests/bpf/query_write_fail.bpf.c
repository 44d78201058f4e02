// SPDX-License-Identifier: GPL-2.0-only
/* Write to a field of the query: make it ask about another PE. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	q->pe = 1;
	return bpf_eeh_state(q) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("query_write");
