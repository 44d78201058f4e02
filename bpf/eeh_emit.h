/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events into a ring buffer. What finds no room in it is counted in eeh_lost, and has
 * used up a sequence number all the same.
 */
#ifndef __EEH_EMIT_H
#define __EEH_EMIT_H

#include "../include/uapi/eeh_dev.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} eeh_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} eeh_lost SEC(".maps");

__u64 eeh_seq;

/* Of something that happened at @time. */
static __always_inline int emit_at(__u64 time, __u32 type, __u32 phb, __u32 pe_addr, __u32 source,
				   __u64 vm, __u64 arg0, __u64 arg1)
{
	__u64 seq = __sync_fetch_and_add(&eeh_seq, 1) + 1, *lost;
	struct eeh_event *e;
	__u32 zero = 0;

	e = bpf_ringbuf_reserve(&eeh_ring, sizeof(*e), 0);
	if (!e) {
		lost = bpf_map_lookup_elem(&eeh_lost, &zero);
		if (lost)
			__sync_fetch_and_add(lost, 1);
		return 0;
	}
	e->time_ns = time;
	e->seq = seq;
	e->vm = vm;
	e->type = type;
	e->source = source;
	e->phb = phb;
	e->pe_addr = pe_addr;
	e->arg[0] = arg0;
	e->arg[1] = arg1;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

static __always_inline int emit(__u32 type, __u32 phb, __u32 pe_addr, __u32 source, __u64 vm,
				__u64 arg0, __u64 arg1)
{
	return emit_at(bpf_ktime_get_boot_ns(), type, phb, pe_addr, source, vm, arg0, arg1);
}

#endif /* __EEH_EMIT_H */
