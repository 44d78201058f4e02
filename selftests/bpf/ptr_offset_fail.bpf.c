// SPDX-License-Identifier: GPL-2.0-only
/* Gather evidence for something within the query, as if it were one. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return bpf_eeh_state((struct eeh_bpf_query *)((char *)q + 8)) ? EEH_BPF_PASS :
									EEH_BPF_ANSWER;
}

LIAR("ptr_offset");
