// SPDX-License-Identifier: GPL-2.0-only
/* As little as a policy can be, under the longest name. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	return EEH_BPF_PASS;
}

LIAR("least_policy_ok");
