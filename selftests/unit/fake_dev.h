/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __FAKE_DEV_H
#define __FAKE_DEV_H

#include "eeh_internal.h"

/*
 * Plays /dev/vfio and /dev/eeh over PEs that live in ROOT/fake/pes, a line each:
 * "PE GROUP STATE KNOBS", STATE as the state request says it, KNOBS words of
 *	stuck		resets succeed and leave it stopped
 *	powernv		is frozen while a reset is asserted, as the kernel does it there
 *	later=N		the next N states are 5
 *	busy=N		the next N states are -EAGAIN (/dev/eeh only)
 *	fail=OP:ERRNO	this operation fails
 *	kernel		/dev/eeh wants to be forced
 *	isolated	was thawed without a reset
 *	log=N		has N records of diagnostic data; ROOT/fake/log-PE-SEQ has one of them
 *	mem, dma	firmware injects such errors as well; m32, m64: has only that window
 * What is open must exist below ROOT/dev: vfio/vfio, vfio/GROUP, eeh; a group with "busy" in it
 * is another's. Operations are appended to ROOT/fake/ops: "PE OP". Time passes by them only.
 */
void fake_dev_init(const char *root);
extern const struct eeh_sys fake_sys;
uint64_t fake_dev_now_ms(void);

#endif /* __FAKE_DEV_H */
