/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the raw VMM and its few instructions of guest code agree on.
 *
 * Included from C and from assembly. All fields are 64 bits wide, in host
 * (little-endian) byte order, and each is written by one side only.
 */
#ifndef _RAWVMM_GUEST_H
#define _RAWVMM_GUEST_H

/* Control block of one vCPU. Written by the VMM: */
#define CTL_STOP		0x00	/* leave the loop after this query */
#define CTL_PAUSE		0x08	/* rest, ask nothing */
#define CTL_COUNT		0x10	/* queries per rep */
#define CTL_FLAGS		0x18	/* GF_* */
#define CTL_SPIN		0x20	/* timebase ticks to wait before each query */
#define CTL_REST		0x28	/* queries between two rests, 0: no rest */
/* Written by the guest: */
#define CTL_T0			0x40	/* timebase at the start of the rep */
#define CTL_T1			0x48	/* timebase at its end */
#define CTL_QUERIES		0x50
#define CTL_NORMAL		0x58	/* answered: state 0 */
#define CTL_FROZEN		0x60	/* answered: any other state */
#define CTL_ERRORS		0x68	/* RTAS status not 0 */
#define CTL_HCALL_ERRORS	0x70	/* the hcall itself failed */
#define CTL_NO_ANSWER		0x78	/* nobody wrote the return words */
#define CTL_WRONG		0x80	/* frozen all along, yet told "normal" */
#define CTL_WRONG_GEN		0x88	/* generation of the last such query */
#define CTL_ODD			0x90	/* queries during which the PE was frozen all along */
#define CTL_CHANGED		0x98	/* queries during which the generation moved */
#define CTL_LAST_GEN		0xa0
#define CTL_LAST_STATUS		0xa8
#define CTL_LAST_STATE		0xb0
#define CTL_LAST_HCALL		0xb8
#define CTL_ODD_FROZEN		0xc0	/* frozen all along and told so */
#define CTL_PAUSED		0xc8	/* 1: resting because of CTL_PAUSE */
#define CTL_STATES		0x100	/* answers by state 0..7 */
#define CTL_SIZE		0x140

/* Flags */
#define GF_TIGHT		1	/* timing loop: ask, add up, nothing else */
#define GF_NO_POISON		2	/* never store to the page of the block */
#define GF_PREPARE		4	/* tell the VMM before each query */

/* Written to the first two return words before a query: no RTAS status or PE state. */
#define GUEST_POISON		0x5a5a7e57

/* Hypercalls of our own, which KVM does not know and hands to the VMM. */
#define HC_END			0xf0fc	/* rep done */
#define HC_PREPARE		0xf0f8	/* about to ask */
#define HC_REST			0xf0f0	/* nothing to do for a while */
#define HC_EXCEPTION		0xf0f4	/* r4: SRR0, r5: DAR, r6: DSISR */

#define H_CONFER_NR		0xe4
#define H_RTAS_NR		0xf000

#endif /* _RAWVMM_GUEST_H */
