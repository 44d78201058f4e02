// SPDX-License-Identifier: GPL-2.0-only
/* Pass an event as a query. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return EEH_BPF_PASS;
}

SEC("struct_ops/event")
void BPF_PROG(event, struct eeh_bpf_event *e)
{
	bpf_eeh_state((struct eeh_bpf_query *)e);
}

SEC(".struct_ops.link")
struct eeh_bpf_ops liar = {
	.freeze_query	= (void *)freeze_query,
	.event		= (void *)event,
	.abi_version	= EEH_BPF_ABI_VERSION,
	.name		= "ptr_event",
};
