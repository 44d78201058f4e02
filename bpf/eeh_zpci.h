/* SPDX-License-Identifier: GPL-2.0-only */
/* What eeh_zpci.bpf.c and libeeh share. */
#ifndef __EEH_ZPCI_BPF_H
#define __EEH_ZPCI_BPF_H

#include <linux/types.h>

/* eeh_opts of the object's .rodata.opts */
struct eeh_zpci_opts {
	__u32 types;		/* bits of enum eeh_event_type that are wanted */
	__u32 keep;		/* records, and no events */
};

/*
 * Records of errors: the last few of each function, in the map eeh_zpci_logs, whose key is the
 * function id.
 */
/* As many as the kernel module keeps of a PE on POWER (EEH_DEV_LOGS). */
#define EEH_ZPCI_LOGS		8
/* struct zpci_ccdf_err of arch/s390/pci/pci_event.c */
#define EEH_ZPCI_CCDF_LEN	32

struct eeh_zpci_log {
	__u64 seq;		/* counts the records of all functions, from 1; 0: none is here */
	__u64 time_ns;		/* CLOCK_BOOTTIME */
	__u32 fate;		/* enum eeh_zpci_fate */
	__u32 reserved;
	__u8 ccdf[EEH_ZPCI_CCDF_LEN];
};

struct eeh_zpci_logs {
	__u64 nr;		/* so many there were: the next goes to log[nr % EEH_ZPCI_LOGS] */
	struct eeh_zpci_log log[EEH_ZPCI_LOGS];
};

#endif /* __EEH_ZPCI_BPF_H */
