// SPDX-License-Identifier: GPL-2.0-only
/* Read behind the query: look at what the core keeps to itself. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return *(volatile __u64 *)((char *)q + 4096) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("query_read_oob");
