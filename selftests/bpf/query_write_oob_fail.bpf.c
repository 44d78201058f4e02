// SPDX-License-Identifier: GPL-2.0-only
/* Write behind the query, where the core keeps its PE and its evidence. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	*(volatile __u64 *)((char *)q + 64) = EEH_BPF_EVIDENCE_STATE;
	return EEH_BPF_ANSWER;
}

LIAR("query_write_oob");
