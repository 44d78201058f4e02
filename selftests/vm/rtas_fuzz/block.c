// SPDX-License-Identifier: GPL-2.0-only
/* Argument blocks: what is in them, and where they are. */
#include <linux/module.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include "rtas_fuzz.h"

static u64 rnd(struct fuzz *f)
{
	f->rnd ^= f->rnd << 13;
	f->rnd ^= f->rnd >> 7;
	f->rnd ^= f->rnd << 17;
	return f->rnd >> 3;
}

u32 below(struct fuzz *f, u32 n)
{
	return rnd(f) % n;
}

u32 word(struct fuzz *f)
{
	static const u32 some[] = {
		0, 1, 2, 3, 4, 5, 7, 15, 16, 255, 0x800, 0x801, 0x10000, 0x10001, 0x7fffffff,
		0x80000000, 0xfffffffd, 0xffffffff,
	};
	const struct pe_name *o = m.nr_others ? &m.other[below(f, m.nr_others)] : &m.own;

	switch (below(f, 12)) {
	case 0:
		return m.own.addr;
	case 1:
		return upper_32_bits(m.own.buid);
	case 2:
		return lower_32_bits(m.own.buid);
	case 3:
		return o->addr;
	case 4:
		return lower_32_bits(o->buid);
	case 5:
		return m.own_dev;
	case 6:
		return rnd(f);
	default:
		return some[below(f, ARRAY_SIZE(some))];
	}
}

/* A number of words. What is behind so many of them is still ours, or no memory. */
u32 number(struct fuzz *f, u32 good)
{
	static const u32 odd[] = {
		0, 1, 2, 3, 4, 5, 6, 8, 15, 16, 17, 255, 4096, 0x10000000, 0x3ffffffd, 0x40000000,
		0x7fffffff, 0x80000000, 0xfffffffc, 0xfffffffd, 0xffffffff,
	};

	if (below(f, 4))
		return good;
	return below(f, 8) ? odd[below(f, ARRAY_SIZE(odd))] : rnd(f) | 0x10000000;
}

/* Which PE */
static void put_pe(struct fuzz *f, u32 *args)
{
	const struct pe_name *o = m.nr_others ? &m.other[below(f, m.nr_others)] : &m.own;
	struct pe_name pe = m.own;

	switch (below(f, 8)) {
	case 0:
		pe.addr = m.own_dev;
		break;
	case 1:
		pe = *o;
		break;
	case 2:
		pe.addr = o->addr;
		break;
	case 3:
		pe.buid = o->buid;
		break;
	case 4:
		pe.addr ^= 1U << below(f, 32);
		break;
	case 5:
		pe.buid ^= 1ULL << below(f, 64);
		break;
	}
	args[0] = pe.addr;
	args[1] = upper_32_bits(pe.buid);
	args[2] = lower_32_bits(pe.buid);
}

static u32 token_for(struct fuzz *f, const struct call *call)
{
	u32 token = call ? m.tokens[call - calls] : 0;

	if (!token || !below(f, 16))
		token = below(f, 2) ? 0x2000 + below(f, 0x80) : (u32)rnd(f);
	if (!below(f, 64))
		token ^= 1U << below(f, 32);
	return is_denied(token) ? 0xffffffff : token;
}

static u64 buffers(const struct fuzz *f)
{
	return f->at + GAP + f->room + GAP;
}

/* A buffer: in our memory, at its end, beyond it; never below. Only 32 bits are left for it. */
static u32 buffer(struct fuzz *f)
{
	switch (below(f, 8)) {
	case 0:
		return m.base + m.size - below(f, 64);
	case 1:
		return m.base + m.size + below(f, 0x100000);
	case 2:
		return rnd(f) | 0xc0000000;
	case 3:
		return buffers(f) + below(f, f->room);
	default:
		return (buffers(f) + below(f, f->room)) & ~1023U;
	}
}

/* What ibm,errinjct is to do, at @at: a bus error of our PE, often one that is possible. */
static void put_error(struct fuzz *f, u32 at, bool wide)
{
	u32 w[8], i, n = wide ? 4 : 2;
	bool good = below(f, 2);

	for (i = 0; i < ARRAY_SIZE(w); i++)
		w[i] = good || below(f, 2) ? 0 : word(f);
	put_pe(f, w + n);
	w[n + 3] = good ? 4 + below(f, 2) : below(f, 24);
	if (at < buffers(f) || at >= buffers(f) + f->room)
		return;
	for (i = 0; i < ARRAY_SIZE(w); i++)
		put_unaligned_be32(w[i], f->mem + (at - f->at) + 4 * i);
}

/*
 * The last word on a block: where its call would write to, and what it would change that is to stay
 * as it is.
 */
static void tame(struct fuzz *f, const struct call *call, u32 *args)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(call->buf); i++) {
		if (!call->buf[i])
			continue;
		args[call->buf[i] - 1] = buffer(f);
		if (below(f, 4))
			args[call->buf[i]] = below(f, 3000);
	}
	if (!strcmp(call->name, "ibm,errinjct")) {
		args[0] = below(f, 4) ? below(f, 2) ? 7 : 15 : below(f, 20);
		args[1] = READ_ONCE(m.session) + (f->still || !below(f, 4) ? 1000 : 0);
		put_error(f, args[2], args[0] == 15);
	} else if (!strcmp(call->name, "ibm,close-errinjct")) {
		args[0] = READ_ONCE(m.session) + (below(f, 2) ? 0 : 1000);
	} else if (!strcmp(call->name, "ibm,read-pci-config") && below(f, 2)) {
		/* Of our device, past what VFIO keeps: by this an injected error happens. */
		args[0] = m.own_dev + 8;
		args[1] = upper_32_bits(m.own.buid);
		args[2] = lower_32_bits(m.own.buid);
		args[3] = 4;
	} else if (!strcmp(call->name, "ibm,slot-error-detail")) {
		/* 2 gives the PE up for good. */
		args[7] = args[7] == 2 ? 1 : args[7];
	} else if (!strcmp(call->name, "ibm,set-slot-reset") && is_own(args)) {
		if (f->slow && !below(f, 16)) {
			f->slow--;
			f->c.slow++;
			/* in turn, so that the last one ends it */
			args[3] = f->slow & 1;
		} else {
			args[3] = args[3] <= 3 ? 2 : args[3];
		}
	} else if (!strcmp(call->name, "ibm,set-eeh-option") && f->still && is_own(args)) {
		/* 1 thaws by the hand of QEMU's own EEH. */
		if (args[3] == 2 || args[3] == 3 || (m.state && args[3] == 1))
			args[3] = 6;
	}
}

/* Where it is: a guest real address */
static u64 place(struct fuzz *f)
{
	u64 in = f->at + GAP + below(f, f->room);

	switch (below(f, 16)) {
	case 0:		/* crosses a page */
		return f->at + GAP + PAGE_SIZE * (1 + below(f, 8)) - 1 - below(f, 64);
	case 1:		/* runs past the end of memory */
		return m.base + m.size - 1 - below(f, 96);
	case 2:
		return m.base + m.size + below(f, 0x100000);
	case 3:		/* anywhere but in memory; the results do not come around, either */
		return (rnd(f) & (PAM >> 2)) | 0x100000000000000ULL;
	case 4:		/* bits that do not count */
		return in | rnd(f) << 60;
	case 5:		/* in a BAR */
		if (!m.bar_len)
			return in;
		/* Rarely, the word across its end: behind it may be a BAR that freezes the PE. */
		if (!m.stock && !f->still && !below(f, 64))
			return m.bar + m.bar_len - 1 - below(f, 3);
		return (m.bar + below(f, m.bar_len)) & ~3ULL;
	case 6:
		return in;
	default:
		return in & ~3ULL;
	}
}

/* One, of which the caller has the words and the place; its call, if it is one that there is. */
const struct call *make_block(struct fuzz *f, u32 *w, u64 *at)
{
	const struct call *call = &calls[below(f, 2) ? 0 : below(f, nr_calls)];
	unsigned int i;

	*at = place(f);
	w[0] = token_for(f, call);
	call = call_of(w[0]);
	w[1] = number(f, call ? call->nargs : 3);
	w[2] = number(f, call ? call->nret + below(f, call->nret_max - call->nret + 1) : 1);
	for (i = 3; i < WORDS; i++)
		w[i] = word(f);
	if (!call || call->flags & F_PE)
		put_pe(f, w + 3);
	if (!call)
		return NULL;
	/*
	 * Many blocks are as they should be, where they should be; and all that open a session,
	 * or nobody would know its token.
	 */
	if (is_open(call) || below(f, 2)) {
		w[1] = call->nargs;
		w[2] = call->nret;
		*at = f->at + GAP + (below(f, f->room) & ~3U);
	}
	tame(f, call, w + 3);
	return call;
}
