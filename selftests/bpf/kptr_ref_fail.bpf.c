// SPDX-License-Identifier: GPL-2.0-only
/* Keep the query in a map as a referenced kptr. */
#include "lies.bpf.h"

struct kept {
	struct eeh_bpf_query __kptr *q;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct kept);
} kept SEC(".maps");

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	struct kept *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&kept, &zero);
	if (v)
		bpf_kptr_xchg(&v->q, q);
	return EEH_BPF_PASS;
}

LIAR("kptr_ref");
