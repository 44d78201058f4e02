// SPDX-License-Identifier: GPL-2.0-only
/* Pass the current task as a query: a trusted pointer of another type. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return bpf_eeh_state((void *)bpf_get_current_task_btf()) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("ptr_task");
