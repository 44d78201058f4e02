// SPDX-License-Identifier: GPL-2.0-only
/* Make a query out of any address, with the verifier's own cast. */
#include "lies.bpf.h"

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym;

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	struct eeh_bpf_query *made_up;

	made_up = bpf_rdonly_cast((void *)0xc000000000000000ULL,
				  bpf_core_type_id_kernel(struct eeh_bpf_query));
	return bpf_eeh_state(made_up) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("ptr_cast");
