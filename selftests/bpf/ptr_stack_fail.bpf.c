// SPDX-License-Identifier: GPL-2.0-only
/* Gather evidence for a query made up on the stack. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	/* Larger than any struct eeh_bpf_query, so that size is not the reason. */
	__u64 made_up[32];

	__builtin_memset(made_up, 0, sizeof(made_up));
	return bpf_eeh_state((struct eeh_bpf_query *)made_up) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("ptr_stack");
