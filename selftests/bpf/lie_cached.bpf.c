// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks once per PE, remembers that it was normal, and answers every later query
 * from memory: all but the first are rejected.
 */
#include "lies.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u32);
} was_normal SEC(".maps");

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	__u64 pe = q->pe;
	__u32 yes = 1;

	if (bpf_map_lookup_elem(&was_normal, &pe))
		return EEH_BPF_ANSWER;
	if (bpf_eeh_state(q))
		return EEH_BPF_PASS;
	bpf_map_update_elem(&was_normal, &pe, &yes, BPF_ANY);
	return EEH_BPF_ANSWER;
}

LIAR("lie_cached");
