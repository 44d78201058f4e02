// SPDX-License-Identifier: GPL-2.0-only
/* Asks, and returns a verdict that does not exist (the largest there is): it counts as PASS. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	bpf_eeh_state(q);
	return 0x7fffffff;
}

LIAR("lie_huge");
