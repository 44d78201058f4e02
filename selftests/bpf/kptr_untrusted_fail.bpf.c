// SPDX-License-Identifier: GPL-2.0-only
/* Keep the query in a map as an untrusted kptr, and use it in a later query. */
#include "lies.bpf.h"

struct kept {
	struct eeh_bpf_query __kptr_untrusted *q;
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
	struct eeh_bpf_query *old;
	struct kept *v;
	__u32 zero = 0;

	v = bpf_map_lookup_elem(&kept, &zero);
	if (!v)
		return EEH_BPF_PASS;
	old = v->q;
	v->q = q;
	if (!old)
		return EEH_BPF_PASS;
	return bpf_eeh_state(old) ? EEH_BPF_PASS : EEH_BPF_ANSWER;
}

LIAR("kptr_untrusted");
