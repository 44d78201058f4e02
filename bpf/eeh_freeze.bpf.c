// SPDX-License-Identifier: GPL-2.0-only
/*
 * The freeze policy: answer "is my PE frozen?" from what firmware says now, or, when
 * this kernel itself asks, from a canary (EEH_BPF_F_CANARY).
 *
 * It decides nothing about the PE's state: bpf_eeh_state() asks firmware, and the
 * module answers only from evidence gathered in the same query. What is decided here
 * is whether to ask at all (storms) and what is counted.
 *
 * freeze_query() runs for every query, so it avoids what is dear: no hash (the
 * statistics are direct-mapped arrays, whose lookups the kernel inlines), no
 * clock (jiffies is one load; the clock is read once per tick and PE), no
 * atomic that returns a value.
 */
#include "eeh.bpf.h"
#include "eeh_freeze.h"

char LICENSE[] SEC("license") = "GPL";

#define NSEC_PER_SEC	1000000000ULL

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, EEH_PES_MAX);
	__type(key, __u32);
	__type(value, struct eeh_pe_stat);
} eeh_pes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, EEH_VMS_MAX);
	__type(key, __u32);
	__type(value, struct eeh_vm_stat);
} eeh_vms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct eeh_freeze_config);
} eeh_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct eeh_event_stat);
} eeh_events SEC(".maps");

/*
 * Cookies are serial numbers, so the PEs of one VM fall into consecutive slots
 * and those of the next VM elsewhere.
 */
static __always_inline __u32 pe_slot(__u64 vm, __u64 pe)
{
	return (pe + (vm << 3)) & (EEH_PES_MAX - 1);
}

/*
 * What follows is rare: a PE's first query, and then one query per tick. These
 * are global functions, and their loops open-coded iterators, so that the
 * verifier looks at each of them once and not at every combination.
 */

/* The VM's slot; takes over the one that has been quiet for longest if all are taken. */
__noinline __u32 vm_slot_of(__u64 vm, __u64 now)
{
	__u32 idx = 0, victim = 1;
	struct eeh_vm_stat *v;
	__u64 oldest = ~0ULL;
	int i;

	if (!vm)
		return 0;

	bpf_for(i, 1, EEH_VMS_MAX) {
		idx = i;
		v = bpf_map_lookup_elem(&eeh_vms, &idx);
		if (!v)
			return 0;
		if (v->vm == vm)
			return idx;
		if (!v->vm) {
			victim = idx;
			break;
		}
		if (v->last_seen_ns < oldest) {
			oldest = v->last_seen_ns;
			victim = idx;
		}
	}

	v = bpf_map_lookup_elem(&eeh_vms, &victim);
	if (!v)
		return 0;
	v->answered = 0;
	v->passed = 0;
	v->storms = 0;
	v->pes = 0;
	v->first_seen_ns = now;
	v->last_seen_ns = now;
	WRITE_ONCE(v->vm, vm);
	return victim;
}

/*
 * Add to *sum what *now has more than *done. Two vCPUs may do this for one PE at
 * once; the exchange makes their shares add up, whoever comes first.
 */
static __always_inline void carry(__u64 *sum, const __u64 *now, __u64 *done)
{
	__u64 n = READ_ONCE(*now);

	n -= __sync_lock_test_and_set(done, n);
	if (n)
		eeh_count_by(sum, n);
}

/* Bring the VM's sums up to date with those of one PE. */
__noinline int vm_carry(__u32 slot, __u64 now)
{
	struct eeh_pe_stat *e;
	struct eeh_vm_stat *v;
	__u32 idx;

	e = bpf_map_lookup_elem(&eeh_pes, &slot);
	if (!e)
		return 0;
	idx = e->vm_slot;
	v = bpf_map_lookup_elem(&eeh_vms, &idx);
	if (v && v->vm != e->vm) {	/* its slot was taken over meanwhile */
		idx = vm_slot_of(e->vm, now);
		e->vm_slot = idx;
		v = bpf_map_lookup_elem(&eeh_vms, &idx);
	}
	if (!v)
		return 0;
	v->last_seen_ns = now;
	carry(&v->answered, &e->answered, &e->vm_answered);
	carry(&v->passed, &e->passed, &e->vm_passed);
	carry(&v->storms, &e->storms, &e->vm_storms);
	return 0;
}

/*
 * The PE is not in its first slot: it is in one of the next, or takes an empty
 * one, or the one that has not asked for longest. Returns the slot's index.
 *
 * Two vCPUs may race for one slot. Then one of them counts into the other's
 * statistics once and finds a slot of its own at its next query: no verdict
 * depends on it.
 */
__noinline __u32 pe_slot_slow(__u64 vm, __u64 pe, __u32 phb, __u32 pe_addr)
{
	__u32 idx, victim, first = pe_slot(vm, pe);
	struct eeh_pe_stat *e;
	struct eeh_vm_stat *v;
	__u64 oldest = ~0ULL;
	__u64 now;
	int i;

	victim = first;
	bpf_for(i, 0, EEH_PES_PROBES) {
		idx = (first + i) & (EEH_PES_MAX - 1);
		e = bpf_map_lookup_elem(&eeh_pes, &idx);
		if (!e)
			return first;
		if (e->pe == pe && e->vm == vm)
			return idx;
		if (!e->pe) {
			victim = idx;
			break;
		}
		if (e->last_seen_ns < oldest) {
			oldest = e->last_seen_ns;
			victim = idx;
		}
	}

	e = bpf_map_lookup_elem(&eeh_pes, &victim);
	if (!e)
		return first;
	now = bpf_ktime_get_ns();
	if (e->pe)
		vm_carry(victim, e->last_seen_ns);
	e->answered = 0;
	e->passed = 0;
	e->not_normal = 0;
	e->errors = 0;
	e->storms = 0;
	e->vm_answered = 0;
	e->vm_passed = 0;
	e->vm_storms = 0;
	e->storm_at = 0;
	e->tick = 0;
	e->refilled_ns = 0;
	e->first_seen_ns = now;
	e->last_seen_ns = now;
	e->phb = phb;
	e->pe_addr = pe_addr;
	idx = vm_slot_of(vm, now);
	e->vm_slot = idx;
	e->vm = vm;
	WRITE_ONCE(e->pe, pe);

	v = bpf_map_lookup_elem(&eeh_vms, &idx);
	if (v)
		eeh_count(&v->pes);
	return victim;
}

/* Once per tick and PE: the clock, the token bucket, the sums of the VM. */
__noinline int pe_tick(__u32 slot, __u64 tick)
{
	__u64 now, since, rate, burst, queries, left, add;
	struct eeh_freeze_config *cfg;
	struct eeh_pe_stat *e;
	__u32 idx = 0;

	e = bpf_map_lookup_elem(&eeh_pes, &slot);
	cfg = bpf_map_lookup_elem(&eeh_config, &idx);
	if (!e || !cfg)
		return 0;

	rate = cfg->rate ?: EEH_STORM_RATE;
	burst = cfg->burst ?: rate;
	e->storm_pass = cfg->storm_action == EEH_STORM_PASS;

	now = bpf_ktime_get_ns();
	e->tick = tick;
	e->last_seen_ns = now;

	since = now - e->refilled_ns;
	if (since >= NSEC_PER_SEC) {
		add = rate;
		e->refilled_ns = now;
	} else {
		/* Charge only the time that made whole tokens, or slow rates would never fill. */
		add = since * rate / NSEC_PER_SEC;
		e->refilled_ns += add * NSEC_PER_SEC / rate;
	}
	queries = e->answered + e->passed;
	left = e->storm_at > queries ? e->storm_at - queries : 0;
	left += add;
	if (left > burst)
		left = burst;
	e->storm_at = queries + left;

	vm_carry(slot, now);
	return 0;
}

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	__u64 vm = q->vm, pe = q->pe, tick;
	struct eeh_pe_stat *e;
	__u32 slot;
	int state;

	slot = pe_slot(vm, pe);
	e = bpf_map_lookup_elem(&eeh_pes, &slot);
	if (!e)
		return EEH_BPF_PASS;
	if (e->pe != pe || e->vm != vm) {
		slot = pe_slot_slow(vm, pe, q->phb, q->pe_addr);
		e = bpf_map_lookup_elem(&eeh_pes, &slot);
		if (!e)
			return EEH_BPF_PASS;
	}

	tick = bpf_jiffies64();
	if (e->tick != tick)
		pe_tick(slot, tick);

	if (e->answered + e->passed >= e->storm_at) {
		eeh_count(&e->storms);
		if (e->storm_pass)
			goto pass;
	}

	state = bpf_eeh_state(q);
	if (state == 0) {
		eeh_count(&e->answered);
		return EEH_BPF_ANSWER;
	}

	if (state > 0)
		eeh_count(&e->not_normal);
	else
		eeh_count(&e->errors);
pass:
	eeh_count(&e->passed);
	return EEH_BPF_PASS;
}

SEC("struct_ops/learn")
int BPF_PROG(learn, struct eeh_bpf_query *q)
{
	struct eeh_freeze_config *cfg;
	struct eeh_event_stat *s;
	__u32 idx = 0;

	cfg = bpf_map_lookup_elem(&eeh_config, &idx);
	s = bpf_map_lookup_elem(&eeh_events, &idx);
	if (!cfg || !s)
		return -1;
	if (cfg->no_learn) {
		eeh_count(&s->learn_forbidden);
		return -1;
	}
	eeh_count(&s->learn_allowed);
	return 0;
}

SEC("struct_ops/event")
void BPF_PROG(event, struct eeh_bpf_event *ev)
{
	struct eeh_event_stat *s;
	__u32 idx = 0;

	s = bpf_map_lookup_elem(&eeh_events, &idx);
	if (!s)
		return;

	switch (ev->type) {
	case EEH_BPF_EV_FROZEN:
		eeh_count(&s->frozen);
		s->last_frozen_ns = bpf_ktime_get_ns();
		s->last_frozen_phb = ev->phb;
		s->last_frozen_pe = ev->pe_addr;
		break;
	case EEH_BPF_EV_RESET:
		eeh_count(&s->reset);
		break;
	case EEH_BPF_EV_OPTION:
		eeh_count(&s->option);
		break;
	case EEH_BPF_EV_INJECT:
		eeh_count(&s->inject);
		break;
	case EEH_BPF_EV_CONFIGURE:
		eeh_count(&s->configure);
		break;
	case EEH_BPF_EV_BOUND:
		eeh_count(&s->bound);
		break;
	case EEH_BPF_EV_UNBOUND:
		eeh_count(&s->unbound);
		break;
	default:
		eeh_count(&s->other);
		break;
	}
}

SEC(".struct_ops.link")
struct eeh_bpf_ops freeze = {
	.freeze_query	= (void *)freeze_query,
	.learn		= (void *)learn,
	.event		= (void *)event,
	.abi_version	= EEH_BPF_ABI_VERSION,
	/*
	 * This kernel's own checks: a load, and no more, or it would be as dear as what it
	 * spares. The module counts them, and no rate is limited: they ask no firmware.
	 */
	.flags		= EEH_BPF_F_CANARY,
	.name		= "freeze",
};
