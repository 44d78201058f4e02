// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <sys/ioctl.h>

#include "rawvmm.h"

/*
 * Argument blocks that nobody but the VMM may answer: each must come out as the guest made it, and
 * the guest must get what the VMM returned. One in four is an ordinary question, so that there is
 * a binding that the others could be taken for.
 */
#define PAM		0x0fffffffffffffffull	/* the bits of a guest real address */

struct fuzz fuzz;

static uint64_t fuzz_rand(void)
{
	fuzz.rnd ^= fuzz.rnd << 13;
	fuzz.rnd ^= fuzz.rnd >> 7;
	fuzz.rnd ^= fuzz.rnd << 17;
	return fuzz.rnd;
}

static uint32_t fuzz_count(uint32_t good)
{
	static const uint32_t odd[] = {
		0, 1, 2, 3, 4, 5, 6, 15, 16, 17, 255, 0x7fffffff, 0x80000000,
		0xfffffffc, 0xfffffffd, 0xffffffff
	};
	uint64_t r = fuzz_rand();

	if (r % 3 == 0)
		return good;
	return r % 17 ? odd[r / 17 % (sizeof(odd) / sizeof(odd[0]))] : (uint32_t)(r >> 32);
}

static uint64_t fuzz_place(const struct vcpu *v)
{
	uint64_t ps = (uint64_t)page_size, r = fuzz_rand(), at = v->block & ~(ps - 1);

	switch (r % 8) {
	case 0:		return at + ps - 1 - r / 8 % 64;	/* crosses a page */
	case 1:		return RAM_SIZE - 1 - r / 8 % 64;	/* runs past the end */
	case 2:		return RAM_SIZE + r / 8 % 0x100000;		/* a hole */
	case 3:		return (r | RAM_SIZE) & ~0xfffull;		/* anywhere but in memory */
	case 4:		return (at + r / 8 % 64) | r << 60;	/* bits of no account */
	default:	return at + r / 8 % (ps - 256);
	}
}

static void fuzz_snapshot(unsigned char *to)
{
	uint64_t gpa = fuzz.gpa & PAM, n = 0;

	memset(to, 0, FUZZ_BYTES);
	if (gpa < RAM_SIZE)
		n = RAM_SIZE - gpa < FUZZ_BYTES ? RAM_SIZE - gpa : FUZZ_BYTES;
	memcpy(to, ram + (n ? gpa : 0), n);
}

void fuzz_prepare(struct vcpu *v)
{
	uint64_t buid = v->dev ? v->dev->buid : opt.buid, gpa;
	uint32_t addr = v->dev ? v->dev->addr : opt.addr;
	uint32_t w[6] = { opt.vmm_token, 3, 4, addr, (uint32_t)(buid >> 32), (uint32_t)buid };
	bool ordinary = fuzz_rand() % 4 == 0, same = true;
	struct kvm_regs g;
	int i;

	if (fuzz.pending)
		fuzz.missed++;
	else if (fuzz.returned && ctl_get(v, CTL_LAST_HCALL) != fuzz.ret)
		fuzz.result++;
	fuzz.gpa = v->block;
	if (!ordinary) {
		fuzz.gpa = fuzz_place(v);
		w[1] = fuzz_count(3);
		w[2] = fuzz_count(4);
		for (i = 0; i < 6; i++)
			if ((i == 0 || i > 2) && fuzz_rand() % 8 == 0) {
				w[i] ^= 1u << fuzz_rand() % 32;
				same = false;
			}
	}
	gpa = fuzz.gpa & PAM;
	/* What an earlier answer left there may differ: not all of them were the VMM's. */
	for (i = 0; i < FUZZ_BYTES; i++)
		if (in_ram(gpa + (uint64_t)i, 1))
			ram[gpa + (uint64_t)i] = (char)fuzz_rand();
	for (i = 0; i < 6; i++)
		if (in_ram(gpa + 4ull * (uint64_t)i, 4))
			set_block_word(gpa + 4ull * (uint64_t)i, w[i]);
	fuzz_snapshot(fuzz.before);
	/* A question that the kernel may well answer, wherever it is */
	fuzz.pending = !(same && w[1] == 3 && w[2] >= 3 && w[2] <= 5);
	fuzz.returned = false;
	fuzz.cases += fuzz.pending;
	CHECK(ioctl(v->fd, KVM_GET_REGS, &g));
	g.gpr[28] = fuzz.gpa;
	CHECK(ioctl(v->fd, KVM_SET_REGS, &g));
}

/* The call has come out to the VMM. */
void fuzz_exit(uint64_t r4)
{
	unsigned char now[FUZZ_BYTES];
	int i;

	if (!fuzz.pending)
		return;
	fuzz_snapshot(now);
	fuzz.r4 += r4 != fuzz.gpa;
	fuzz.changed += memcmp(now, fuzz.before, FUZZ_BYTES) != 0;
	for (i = 0; i < FUZZ_BYTES; i++)
		fuzz.digest = (fuzz.digest ^ now[i] ^ r4) * 0x100000001b3ull;
	fuzz.pending = false;
	fuzz.returned = true;
}
