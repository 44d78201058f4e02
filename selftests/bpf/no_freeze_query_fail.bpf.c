// SPDX-License-Identifier: GPL-2.0-only
/* A policy without a freeze_query. */
#include "lies.bpf.h"

SEC("struct_ops/learn")
int BPF_PROG(learn, struct eeh_bpf_query *q)
{
	return 0;
}

SEC(".struct_ops.link")
struct eeh_bpf_ops liar = {
	.learn		= (void *)learn,
	.abi_version	= EEH_BPF_ABI_VERSION,
	.name		= "no_freeze_query",
};
