// SPDX-License-Identifier: GPL-2.0-only
/* Keep the query's address in a map, and use it in a later query. */
#include "lies.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} kept SEC(".maps");

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	__u32 zero = 0;
	__u64 *v, old;

	v = bpf_map_lookup_elem(&kept, &zero);
	if (!v)
		return EEH_BPF_PASS;
	old = *v;
	*v = (__u64)(unsigned long)q;
	if (!old)
		return EEH_BPF_PASS;
	return bpf_eeh_state((struct eeh_bpf_query *)old) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("ptr_stored");
