// SPDX-License-Identifier: GPL-2.0-only
/* Somebody else's tracing of the functions that the taps and the core use: see t_survive.sh. */
#include "eeh.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline int hit(__u32 i)
{
	__u64 *n = bpf_map_lookup_elem(&hits, &i);

	if (n)
		__sync_fetch_and_add(n, 1);
	return 0;
}

SEC("fentry/kvmppc_pseries_do_hcall")
int hcall_entry(void *ctx)
{
	return hit(0);
}

SEC("fexit/kvmppc_pseries_do_hcall")
int hcall_exit(void *ctx)
{
	return hit(1);
}

SEC("fentry/eeh_pe_get_state")
int state_entry(void *ctx)
{
	return hit(2);
}

SEC("fexit/eeh_pe_get_state")
int state_exit(void *ctx)
{
	return hit(3);
}
