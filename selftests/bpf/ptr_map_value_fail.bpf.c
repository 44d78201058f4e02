// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gather evidence for a query made up in a map's value. (The core would find
 * what it takes for the PE behind it: any address the liar likes.)
 */
#include "lies.bpf.h"

struct made_up {
	struct eeh_bpf_query q;
	__u64 pe;
	__u64 evidence;
	__u64 more[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct made_up);
} made_up SEC(".maps");

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	struct made_up *m;
	__u32 zero = 0;

	m = bpf_map_lookup_elem(&made_up, &zero);
	if (!m)
		return EEH_BPF_PASS;
	return bpf_eeh_state(&m->q) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("ptr_map_value");
