// SPDX-License-Identifier: GPL-2.0-only
/* All that a policy may do: each member, each field, maps, a ring buffer, the clock. */
#include "lies.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, __u64);
} pes SEC(".maps");

static void note(__u64 pe, __u64 what)
{
	__u64 *entry = bpf_ringbuf_reserve(&ring, sizeof(*entry), 0);

	if (entry) {
		*entry = what ^ bpf_ktime_get_ns();
		bpf_ringbuf_submit(entry, 0);
	}
	bpf_map_update_elem(&pes, &pe, &what, BPF_ANY);
}

static __u64 all_of(const struct eeh_bpf_query *q)
{
	return q->vm ^ q->pe ^ q->phb ^ q->pe_addr ^ q->tap ^ q->vcpu ^ !q->reserved;
}

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	note(q->pe, all_of(q));
	return EEH_BPF_PASS;
}

SEC("struct_ops/learn")
int BPF_PROG(learn, struct eeh_bpf_query *q)
{
	note(q->pe, all_of(q));
	return 0;
}

SEC("struct_ops/event")
void BPF_PROG(event, struct eeh_bpf_event *e)
{
	note(e->pe, e->vm ^ e->phb ^ e->pe_addr ^ e->type ^ e->arg);
}

SEC(".struct_ops.link")
struct eeh_bpf_ops honest = {
	.freeze_query	= (void *)freeze_query,
	.learn		= (void *)learn,
	.event		= (void *)event,
	.abi_version	= EEH_BPF_ABI_VERSION,
	.name		= "fields_ok",
};
