// SPDX-License-Identifier: GPL-2.0-only
/* Gather evidence for no query at all. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return bpf_eeh_state((struct eeh_bpf_query *)0) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("ptr_null");
