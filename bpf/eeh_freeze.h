/* SPDX-License-Identifier: GPL-2.0-only OR LGPL-2.1-or-later */
/*
 * The maps of the freeze policy, as the policy and the library that reads them
 * see them. Included by both; users see the same names through BTF
 * (bpftool map dump pinned /sys/fs/bpf/eeh/maps/eeh_pes).
 */
#ifndef __EEH_FREEZE_H
#define __EEH_FREEZE_H

#define EEH_PES_SHIFT		7
#define EEH_PES_MAX		(1 << EEH_PES_SHIFT)	/* PEs with statistics of their own */
#define EEH_PES_PROBES		8			/* slots looked at for one PE */
#define EEH_VMS_MAX		32			/* VMs with statistics of their own */

#define EEH_STORM_RATE		10000	/* default: queries per second and PE */

enum eeh_storm_action {
	EEH_STORM_ANSWER	= 0,	/* count it, flag it, answer on evidence all the same */
	EEH_STORM_PASS		= 1,	/* count it, flag it, let the VMM answer */
};

/* Map eeh_config, one element. May be written at any time; used within one kernel tick. */
struct eeh_freeze_config {
	__u32 rate;		/* queries per second and PE before it is a storm; 0: default */
	__u32 burst;		/* bucket size in queries; 0: one second's worth */
	__u32 storm_action;	/* enum eeh_storm_action */
	__u32 no_learn;		/* 1: forbid new bindings */
};

/*
 * Map eeh_pes, an array used as a hash table: a slot with pe == 0 is empty. What
 * was counted for a PE in a VM since attach, or since the slot was taken over
 * from the one that had not asked for longest. Its queries are answered + passed.
 *
 * The first 128 bytes (a cache line on POWER) are all that a query touches; the
 * array is mmapable, which makes it page aligned. So PEs do not share lines.
 */
struct eeh_pe_stat {
	__u64 pe;		/* cookie of the PE, never reused */
	__u64 vm;		/* cookie of the VM */
	__u32 phb;		/* PCI domain */
	__u32 pe_addr;		/* PE number within the PHB */
	__u64 answered;		/* "normal", on evidence */
	__u64 passed;		/* not_normal + errors + storms passed by policy */
	__u64 not_normal;	/* firmware said: not normal */
	__u64 errors;		/* no evidence could be had */
	__u64 storms;		/* queries above the rate, answered or passed */
	__u64 storm_at;		/* token bucket: it is empty after so many queries */
	__u64 tick;		/* jiffies when it was last refilled */
	__u32 storm_pass;	/* storm_action then */
	__u32 vm_slot;		/* index in eeh_vms */

	/* Once per tick. */
	__u64 first_seen_ns __attribute__((aligned(128)));	/* CLOCK_MONOTONIC */
	__u64 last_seen_ns;	/* to within a kernel tick */
	__u64 refilled_ns;	/* token bucket: filled up to this time */
	__u64 vm_answered;	/* of answered, so many are in eeh_vms */
	__u64 vm_passed;
	__u64 vm_storms;
} __attribute__((aligned(128)));

/*
 * Map eeh_vms, an array: a slot with vm == 0 is empty, and so is slot 0.
 * The sums of a VM's PEs, brought up to date once per kernel tick and PE, by its
 * next query: those of a PE's last tick are not in it yet.
 */
struct eeh_vm_stat {
	__u64 vm;		/* cookie of the VM, never reused */
	__u64 answered;
	__u64 passed;
	__u64 storms;
	__u64 pes;		/* PEs (slots of eeh_pes) it has asked about */
	__u64 first_seen_ns;	/* CLOCK_MONOTONIC */
	__u64 last_seen_ns;	/* to within a kernel tick */
} __attribute__((aligned(128)));

/* Map eeh_events, one element: what event() was told, by type. */
struct eeh_event_stat {
	__u64 frozen;
	__u64 reset;
	__u64 option;
	__u64 inject;
	__u64 configure;
	__u64 bound;
	__u64 unbound;
	__u64 other;
	__u64 learn_allowed;	/* learn() was asked, and allowed to bind a question */
	__u64 learn_forbidden;	/* and forbade it: eeh_config.no_learn */
	__u64 last_frozen_ns;	/* CLOCK_MONOTONIC */
	__u32 last_frozen_phb;
	__u32 last_frozen_pe;
};

#endif /* __EEH_FREEZE_H */
