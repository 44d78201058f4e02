// SPDX-License-Identifier: GPL-2.0-only
/* Gather evidence for a query at an address of the liar's choice. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	__u64 addr = 0xc000000000000000ULL;

	return bpf_eeh_state((struct eeh_bpf_query *)addr) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("ptr_scalar");
