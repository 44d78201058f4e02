// SPDX-License-Identifier: GPL-2.0-only
#include <sys/ioctl.h>

#include "rawvmm.h"

/*
 * Every vCPU asks null and rtas, alone and beside the others, in slices of time that take turns
 * for all. It is one process for all of them because how fast a VM is on an emulated host depends
 * on where its pages happen to be; so compared are only slices of the same vCPU.
 */
static uint64_t slice_t0;		/* when the first slice began; 0: not yet */
static int warm_vcpus;

static bool slice_is_mine(const struct vcpu *v, uint64_t slice)
{
	uint64_t who = slice % ((uint64_t)opt.nvcpu + 1);

	return who == (uint64_t)v->id || who == (uint64_t)opt.nvcpu;
}

static void ask_next(struct vcpu *v, enum ask ask)
{
	struct kvm_regs g;

	if (v->ask == ask)
		return;
	v->ask = ask;
	CHECK(ioctl(v->fd, KVM_GET_REGS, &g));
	g.gpr[27] = ask == ASK_CONFER ? H_CONFER_NR : H_RTAS_NR;
	g.gpr[28] = ask == ASK_CONFER ? ~0ull : v->block;
	CHECK(ioctl(v->fd, KVM_SET_REGS, &g));
}

/* After a rep: count it if all of it was in one slice, and wait for the next one of this vCPU. */
void scaling_rep(struct vcpu *v, uint64_t ticks, uint64_t queries)
{
	uint64_t len = opt.slice_ms * 1000, n = (uint64_t)opt.nvcpu + 1, t0, t, slice;

	while (!(t0 = __atomic_load_n(&slice_t0, __ATOMIC_ACQUIRE))) {
		if (!v->slice && __atomic_add_fetch(&warm_vcpus, 1, __ATOMIC_ACQ_REL) == opt.nvcpu)
			__atomic_store_n(&slice_t0, now_us(), __ATOMIC_RELEASE);
		v->slice = ~0ull;
		sleep_ms(1);
	}
	t = now_us() - t0;
	if (v->counts && t / len == v->slice) {
		bool all = v->slice % n == n - 1;

		v->scaling[v->ask == ASK_RTAS][all].ticks += ticks;
		v->scaling[v->ask == ASK_RTAS][all].queries += queries;
	}
	for (;;) {
		slice = t / len;
		if (stopping || ctl_get(v, CTL_STOP) || slice_is_mine(v, slice))
			break;
		sleep_ms(((slice + 1) * len - t) / 1000 + 1);
		t = now_us() - t0;
	}
	v->slice = slice;
	/* The rep that another vCPU had begun before takes a while to end. */
	v->counts = t % len > len / 8;
	ask_next(v, slice / n % 2 ? ASK_RTAS : ASK_CONFER);
}

/* Of all vCPUs, in queries per 10^9 timebase ticks: what one does alone, what they do together */
uint64_t scaling_rate(bool rtas, bool all)
{
	uint64_t rate = 0;
	int i;

	for (i = 0; i < opt.nvcpu; i++)
		if (vcpus[i].scaling[rtas][all].ticks)
			rate += vcpus[i].scaling[rtas][all].queries * 1000000000 /
				vcpus[i].scaling[rtas][all].ticks;
	return all ? rate : rate / (uint64_t)opt.nvcpu;
}
