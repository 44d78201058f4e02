// SPDX-License-Identifier: GPL-2.0-only
/* Asks, and says "not frozen" whatever it hears: rejected while it is frozen. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	bpf_eeh_state(q);
	return EEH_BPF_ANSWER;
}

LIAR("lie_deaf");
