/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest of eeh-rawvmm: real mode, little endian, position independent.
 *
 * On entry
 *   r21  argument block (guest physical)	r23  its first return word, the status
 *   r24  its second return word, the state	r25  control block
 *   r26  freeze generation register, 0: none	r27  hcall number
 *   r28  first argument of the hcall
 * An hcall may clobber r0 and r3 to r12, so everything that lasts lives above.
 */
#include "guest.h"

	.section .rodata
	.balign 16
	.globl	rawvmm_guest_start, rawvmm_guest_end

	/* counter at \off(r25) += 1; clobbers r9 */
	.macro	bump off
	ld	9,\off(25)
	addi	9,9,1
	std	9,\off(25)
	.endm

	/* r3 = 16-bit number that li would sign-extend */
	.macro	hcnum n
	li	3,0
	ori	3,3,\n
	.endm

rawvmm_guest_start:
	ld	20,CTL_COUNT(25)
	ld	14,CTL_FLAGS(25)
	ld	29,CTL_SPIN(25)
	ld	13,CTL_REST(25)		/* queries until the next rest, 0: none */
	andi.	0,14,GF_TIGHT
	beq	.Lchecked

	/*
	 * Timing: as few instructions around the hcall as possible. The sums
	 * prove that every answer was "success, state 0".
	 */
	li	22,0
	li	30,0
	li	31,0
	mftb	16
1:	mr	3,27
	mr	4,28
	li	5,0
	sc	1
	or	22,22,3
	lwbrx	9,0,23
	lwbrx	10,0,24
	or	30,30,9
	or	31,31,10
	addi	20,20,-1
	cmpdi	20,0
	bne	1b
	mftb	17
	std	16,CTL_T0(25)
	std	17,CTL_T1(25)
	std	22,CTL_LAST_HCALL(25)
	std	30,CTL_LAST_STATUS(25)
	std	31,CTL_LAST_STATE(25)
	ld	9,CTL_COUNT(25)
	ld	10,CTL_QUERIES(25)
	add	10,10,9
	std	10,CTL_QUERIES(25)
	b	.Lend

.Lchecked:
	mftb	16
	std	16,CTL_T0(25)
.Lnext:
	ld	9,CTL_STOP(25)
	cmpdi	9,0
	bne	.Lstop
	ld	9,CTL_PAUSE(25)
	std	9,CTL_PAUSED(25)
	cmpdi	9,0
	bne	.Lrest
	cmpdi	20,0
	beq	.Lstop
	addi	20,20,-1

	cmpdi	29,0
	beq	3f
	mftb	10
2:	mftb	11
	subf	11,10,11
	cmpd	11,29
	blt	2b
3:
	andi.	0,14,GF_NO_POISON
	bne	4f
	lis	9,GUEST_POISON@h
	ori	9,9,GUEST_POISON@l
	stwbrx	9,0,23
	stwbrx	9,0,24
4:	andi.	0,14,GF_PREPARE
	beq	5f
	hcnum	HC_PREPARE
	sc	1
5:
	/*
	 * The generation before and after. The loads must not pass the hcall;
	 * sync orders cache-inhibited loads, sc and rfid synchronise context.
	 */
	li	18,0
	cmpdi	26,0
	beq	6f
	ldbrx	18,0,26
	sync
6:	mr	3,27
	mr	4,28
	li	5,0
	sc	1
	mr	22,3
	li	19,0
	cmpdi	26,0
	beq	7f
	sync
	ldbrx	19,0,26
7:
	lwbrx	30,0,23
	lwbrx	31,0,24
	std	19,CTL_LAST_GEN(25)
	std	22,CTL_LAST_HCALL(25)
	std	30,CTL_LAST_STATUS(25)
	std	31,CTL_LAST_STATE(25)

	/* r15 = 1: frozen all along */
	li	15,0
	cmpd	18,19
	beq	8f
	bump	CTL_CHANGED
	b	9f
8:	andi.	15,18,1
	beq	9f
	bump	CTL_ODD
9:
	cmpdi	22,0
	beq	10f
	bump	CTL_HCALL_ERRORS
	b	.Lcounted
10:	lis	9,GUEST_POISON@h
	ori	9,9,GUEST_POISON@l
	cmpw	30,9
	bne	11f
	bump	CTL_NO_ANSWER
	b	.Lcounted
11:	cmpwi	30,0
	beq	12f
	bump	CTL_ERRORS
	b	.Lcounted
12:	rlwinm	10,31,3,26,28
	addi	10,10,CTL_STATES
	ldx	9,25,10
	addi	9,9,1
	stdx	9,25,10
	cmpwi	31,0
	beq	14f
	bump	CTL_FROZEN
	cmpdi	15,0
	beq	.Lcounted
	bump	CTL_ODD_FROZEN
	b	.Lcounted
14:	bump	CTL_NORMAL
	cmpdi	15,0
	beq	.Lcounted
	std	18,CTL_WRONG_GEN(25)
	bump	CTL_WRONG
.Lcounted:
	bump	CTL_QUERIES
	cmpdi	13,0
	beq	.Lnext
	addi	13,13,-1
	cmpdi	13,0
	bne	.Lnext
.Lrest:
	hcnum	HC_REST
	sc	1
	ld	13,CTL_REST(25)
	b	.Lnext

.Lstop:
	mftb	17
	std	17,CTL_T1(25)
.Lend:
	hcnum	HC_END
	sc	1
	b	rawvmm_guest_start
rawvmm_guest_end:

	.section .note.GNU-stack,"",@progbits
