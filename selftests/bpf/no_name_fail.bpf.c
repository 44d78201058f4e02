// SPDX-License-Identifier: GPL-2.0-only
/* A policy without a name. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return bpf_eeh_state(q) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

SEC(".struct_ops.link")
struct eeh_bpf_ops liar = {
	.freeze_query	= (void *)freeze_query,
	.abi_version	= EEH_BPF_ABI_VERSION,
};
