// SPDX-License-Identifier: GPL-2.0-only
/* Always "not frozen", and never asks: every query is rejected. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return EEH_BPF_ANSWER;
}

LIAR("lie_blind");
