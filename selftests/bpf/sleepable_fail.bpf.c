// SPDX-License-Identifier: GPL-2.0-only
/* A program that may sleep, where nothing may. */
#include "lies.bpf.h"

SEC("struct_ops.s/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return bpf_eeh_state(q) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("sleepable");
