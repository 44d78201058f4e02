// SPDX-License-Identifier: GPL-2.0-only
/* A program that may not sleep, and calls a helper that does. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	char buf[8];

	if (bpf_copy_from_user(buf, sizeof(buf), (void *)4096))
		return EEH_BPF_PASS;
	return bpf_eeh_state(q) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("sleeping_helper");
