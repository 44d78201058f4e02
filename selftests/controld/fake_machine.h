/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A machine in a file, for eeh-controld: PEs that freeze, an event ring whose
 * reader is killed, and a count of everything that was done to them. The
 * controller's backend and the test map it both; what was done to it stays when
 * the controller dies.
 */
#ifndef __FAKE_MACHINE_H
#define __FAKE_MACHINE_H

#include <stdatomic.h>
#include <stdint.h>

#include <eeh/eeh_dev.h>

#define FAKE_PES	64
#define FAKE_RING	(1U << 14)
#define FAKE_RECORDS	16

struct fake_pe {
	char device[16], driver[32], vm[64];
	uint32_t phb, addr;
	uint32_t passed;
	_Atomic uint32_t frozen, asserted;
	_Atomic uint32_t freezes;	/* by the test */
	/* By the controller. */
	_Atomic uint32_t asserts, deasserts, configures, logs;
	_Atomic uint32_t again;		/* asserts of an asserted reset */
	_Atomic uint32_t illegal;
	_Atomic uint32_t busy;		/* workers in it now */
	_Atomic uint32_t overlaps;
};

struct fake_machine {
	uint32_t nr_pes;
	uint32_t slow_us;		/* an action takes up to that long */
	_Atomic uint32_t gone;		/* no events any more */
	_Atomic uint64_t head, tail, lost;
	struct fake_pe pes[FAKE_PES];
	/* Records of freezes; not of those that are an event only. */
	uint32_t nr_records;
	struct {
		uint32_t phb, addr;
		uint64_t time;
	} records[FAKE_RECORDS];
	struct eeh_event ring[FAKE_RING];
};

/* $EEH_FAKE/machine, and a FIFO that is written to when there are events. */
struct fake_machine *fake_machine_map(const char *dir);

#endif /* __FAKE_MACHINE_H */
