/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of rtas_fuzz have in common. */
#ifndef _RTAS_FUZZ_H
#define _RTAS_FUZZ_H

#include <linux/sizes.h>
#include <linux/types.h>

#define MAX_OTHERS	4
#define MAX_CALLS	32
#define MAX_ARGS	8		/* of a call in calls[] */
#define WORDS		20		/* of a block that are made up */
#define PAM		0x0fffffffffffffffULL
#define GAP		SZ_32K		/* what is written a little behind or before does no harm */

/* Calls */
enum {
	F_PE	= 1,	/* begins with a PE: config address, BUID */
	F_STATE	= 2,	/* asks for its state */
	F_SLOW	= 4,
	F_INFO	= 8,	/* may answer for an address without a PE */
	F_VMM	= 16,	/* none of EEH's: the VMM's own, or KVM's; its answers change with time */
};

struct call {
	const char *name;
	u8 nargs, nret, nret_max;
	u8 flags;
	u8 buf[2];	/* arguments (from 1) that are addresses, each with a length behind it */
};

struct pe_name {
	u64 buid;
	u32 addr;
};

/* What one CPU has called. */
struct counts {
	u64 calls, hcall_ok, hcall_parameter, hcall_other;
	/* statuses of EEH's calls */
	u64 ok, hw_error, param_error, not_open, not_now, delay, other;
	u64 answerable;		/* questions for our PE's state that the kernel can answer */
	u64 normal, frozen, elsewhere;	/* what was said to these */
	u64 foreign;		/* well-formed calls about a PE that is not ours */
	u64 vmm_ok;		/* calls of the VMM's own that it did */
	u64 injected, slow;
	u64 taught;		/* false names of our PE that the kernel has come to know */
	u64 wrong, overrun;
};

struct fuzz {
	u64 rnd;
	u64 digest;
	bool still;
	unsigned int slow;	/* slow calls left */
	u8 *mem;		/* its part of the arena: first blocks, then buffers */
	u64 at;			/* the address of that */
	u32 room;		/* in either, gaps aside */
	struct fuzz *victim;	/* into whose block to write */
	u8 *block;		/* its block, while that may be written to */
	struct counts c;
};

/* What there is; set once */
struct machine {
	ulong base, size;		/* the memory that is ours */
	u8 *arena;			/* mapped there */
	u32 tokens[MAX_CALLS];		/* of calls[]; 0: there is no such call */
	struct pe_name own, other[MAX_OTHERS];
	unsigned int nr_others;
	u32 own_dev;			/* the device's own config address */
	u64 bar, bar_len;
	bool stock;			/* QEMU's own EEH */
	/* and what is known of our PE */
	unsigned int state;
	u32 session;			/* of injection; 0: none that we know of */
};

extern struct machine m;

/* machine.c */
extern const struct call calls[];
extern const unsigned int nr_calls;
int find_machine(void);
const struct call *call_of(u32 token);
bool is_denied(u32 token);
bool own_buid(const u32 *args);
bool is_own(const u32 *args);
bool is_open(const struct call *call);

/* block.c */
u32 below(struct fuzz *f, u32 n);
u32 word(struct fuzz *f);
u32 number(struct fuzz *f, u32 good);
const struct call *make_block(struct fuzz *f, u32 *w, u64 *at);

#endif /* _RTAS_FUZZ_H */
