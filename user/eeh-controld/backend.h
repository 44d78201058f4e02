/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the controller needs of the machine. backend.c has it by libeeh; the
 * tests link another one, of files.
 */
#ifndef __EEH_CONTROLD_BACKEND_H
#define __EEH_CONTROLD_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eeh/eeh_dev.h>

#define DESC_DEVICES_MAX	64

/* A PE as it is now. */
struct pe_desc {
	uint32_t phb;
	uint32_t addr;
	bool passed;			/* VFIO drivers only: the kernel does not recover it */
	char vm[64];			/* name of its VM or process, "" if none */
	int32_t pid;
	size_t nr_devices;
	struct pe_desc_device {
		char address[16];	/* "0001:01:00.0" */
		char driver[32];
	} devices[DESC_DEVICES_MAX];
};

/* How an action ended. */
struct outcome {
	int32_t err;			/* 0 or -errno */
	uint32_t pe;			/* EEH_RECOVERY_DO_STATE: enum eeh_recovery_pe */
	uint32_t delay_ms;
	char class[32];			/* EEH_RECOVERY_DO_LOG: "dma-iommu-fault"; "": nothing known */
	char sentence[256];
};

/* The fast path's counters. */
struct query_counts {
	uint64_t answered, passed, rejected, unbound, not_owner, fault, bypassed, audited;
	uint64_t missed;
	uint64_t disagreed;
	bool attached;
	bool enabled;
};

typedef int (*backend_pe_fn)(void *arg, const struct pe_desc *desc);
/* Returns 0 to go on. Until it has returned, the event has not been taken. */
typedef int (*backend_event_fn)(void *arg, const struct eeh_event *ev);

/* A freeze that there is a record of. Returns 0 to go on. */
typedef int (*backend_past_fn)(void *arg, uint64_t time, uint32_t source);

struct backend {
	const char *name;
	/* The kernel keeps the times of resets itself. */
	bool timed_resets;
	/* Can PEs of other processes be reset? */
	bool (*resets)(void *be);
	int (*open)(void **be);
	void (*close)(void *be);
	/* A sentence about the last failure. */
	const char *(*error)(void *be);
	/* Readable when there are events; -1: there will be none. */
	int (*events_fd)(void *be);
	int (*events_read)(void *be, backend_event_fn fn, void *arg);
	/* How many were lost since open(). */
	uint64_t (*events_lost)(void *be);
	int (*for_each_pe)(void *be, backend_pe_fn fn, void *arg);
	/*
	 * Freezes of a PE after @since (CLOCK_BOOTTIME, ns), one after the other; also those that
	 * there was no event of as nobody listened. 1: some are missing, as there were more than
	 * records are kept of one PE.
	 */
	int (*past)(void *be, uint32_t phb, uint32_t addr, uint64_t since, backend_past_fn fn,
		    void *arg);
	/*
	 * How much later than its event a record may be, never earlier; 0: a record is made when
	 * somebody fetches its data.
	 */
	uint64_t (*record_ns)(void *be);
	/* While it is open there are records of freezes; -errno. */
	int (*keep_fd)(void *be);
	int (*counts)(void *be, struct query_counts *q);
	/* In a worker only: they block. */
	void (*act)(void *be, uint32_t phb, uint32_t addr, uint32_t action, uint32_t reset,
		    struct outcome *out);
};

extern const struct backend backend;

#endif /* __EEH_CONTROLD_BACKEND_H */
