// SPDX-License-Identifier: GPL-2.0-only
/* Write to an event. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return EEH_BPF_PASS;
}

SEC("struct_ops/event")
void BPF_PROG(event, struct eeh_bpf_event *e)
{
	e->type = EEH_BPF_EV_BOUND;
}

SEC(".struct_ops.link")
struct eeh_bpf_ops liar = {
	.freeze_query	= (void *)freeze_query,
	.event		= (void *)event,
	.abi_version	= EEH_BPF_ABI_VERSION,
	.name		= "event_write",
};
