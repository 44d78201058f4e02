/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * eeh_bpf: the types that the kernel module, BPF programs and user space share.
 *
 * Everything here is host byte order. A BPF program must declare its ops with
 * .abi_version = EEH_BPF_ABI_VERSION; the module refuses any other value with
 * -EINVAL and one sentence in the kernel log.
 */
#ifndef _UAPI_EEH_BPF_H
#define _UAPI_EEH_BPF_H

/*
 * The kernel proper (and a BPF program that includes vmlinux.h) has these
 * types already.
 */
#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define EEH_BPF_ABI_VERSION	1
#define EEH_BPF_NAME_LEN	16

/* Where the module's files are. */
#define EEH_BPF_SYSFS		"/sys/kernel/eeh_bpf"

/* What freeze_query() returns. Any other value is treated as EEH_BPF_PASS. */
enum eeh_bpf_verdict {
	EEH_BPF_PASS	= 0,	/* let the original path answer, as if we were not there */
	EEH_BPF_ANSWER	= 1,	/* answer "not frozen", if this query gathered evidence for it */
};

/* Who asked. */
enum eeh_bpf_tap {
	EEH_BPF_TAP_CHECK	= 0,	/* this kernel read all-ones: eeh_dev_check_failure() */
	EEH_BPF_TAP_RTAS	= 1,	/* a guest called ibm,read-slot-reset-state[2] */
};

/* What a "not frozen" rests on. Bits. */
enum eeh_bpf_evidence {
	EEH_BPF_EVIDENCE_NONE	= 0,
	EEH_BPF_EVIDENCE_STATE	= 1,	/* firmware said "normal" in this very query */
	EEH_BPF_EVIDENCE_CANARY	= 2,	/* a canary load in this very query was not all-ones */
};

/*
 * What became of a query. Every query ends in exactly one of these, so the
 * counters in EEH_BPF_SYSFS/stats/ add up to stats/queries. All but ANSWERED
 * mean that the original path answered.
 */
enum eeh_bpf_outcome {
	EEH_BPF_OUT_ANSWERED,	/* answered in the kernel, on evidence */
	EEH_BPF_OUT_PASSED,	/* the policy said PASS (or there is no policy) */
	EEH_BPF_OUT_REJECTED,	/* the policy said ANSWER without evidence */
	EEH_BPF_OUT_UNBOUND,	/* no binding of this question to a PE */
	EEH_BPF_OUT_NOT_OWNER,	/* the PE's VFIO device does not belong to the asking VM */
	EEH_BPF_OUT_FAULT,	/* argument block not resident, crosses a page, or malformed */
	EEH_BPF_OUT_BYPASSED,	/* kill switch, or the policy was switched off by its rejections */
	EEH_BPF_OUT_AUDITED,	/* would have been answered; passed so that both can be compared */
	EEH_BPF_OUT_MAX,
};

/*
 * One question "is this PE frozen?". Read-only to BPF programs: the verifier
 * refuses stores. Valid only during the call it is passed to.
 */
struct eeh_bpf_query {
	__u64 vm;		/* cookie of the asking VM, never reused; 0: this kernel */
	__u64 pe;		/* cookie of the PE, never reused */
	__u32 phb;		/* PCI domain of the PE */
	__u32 pe_addr;		/* PE number within that PHB */
	__u32 tap;		/* enum eeh_bpf_tap */
	__u32 vcpu;		/* asking vCPU; 0 for EEH_BPF_TAP_CHECK */
	/*
	 * Always NULL. It is here because the verifier takes any memory for a
	 * kfunc's argument of a type that has only scalars in it. With a pointer
	 * in it, only the query itself is taken.
	 */
	const void *reserved;
};

/* What event() is told about. */
enum eeh_bpf_event_type {
	EEH_BPF_EV_FROZEN	= 0,	/* a PE was seen frozen for the first time */
	EEH_BPF_EV_RESET	= 1,	/* a reset was asserted (arg: EEH_RESET_*) */
	EEH_BPF_EV_OPTION	= 2,	/* enable/disable/thaw (arg: EEH_OPT_*) */
	EEH_BPF_EV_INJECT	= 3,	/* an error was injected (arg: function) */
	EEH_BPF_EV_CONFIGURE	= 4,	/* bridges were configured */
	EEH_BPF_EV_BOUND	= 5,	/* a question was bound to the PE */
	EEH_BPF_EV_UNBOUND	= 6,	/* a binding of it was dropped */
};

/* Read-only to BPF programs, valid only during the call. */
struct eeh_bpf_event {
	__u64 vm;		/* cookie of the VM that owns the PE, 0: none known */
	__u64 pe;		/* cookie of the PE, 0: the core has no wrapper for it */
	__u32 phb;		/* PCI domain */
	__u32 pe_addr;		/* PE number within that PHB */
	__u32 type;		/* enum eeh_bpf_event_type */
	__u32 arg;		/* by type */
};

/* What a policy decides once and for all. Bits. */
enum eeh_bpf_flags {
	/*
	 * A canary's word answers each of this kernel's own checks: freeze_query() is not
	 * called with EEH_BPF_TAP_CHECK. Calling it would be a third of such a check.
	 */
	EEH_BPF_F_CANARY	= 1,
};

/*
 * The struct_ops type. All programs run with preemption disabled and must not
 * sleep; learn() is called from a work queue, but is not sleepable either.
 *
 * freeze_query	(required) decide about one query.
 * learn	(optional) a question was matched to a PE by watching the VMM
 *		answer it; 0 lets the core bind it, anything else forbids it.
 * event	(optional) something happened to a PE.
 */
struct eeh_bpf_ops {
	int (*freeze_query)(struct eeh_bpf_query *q);
	int (*learn)(struct eeh_bpf_query *q);
	void (*event)(struct eeh_bpf_event *e);
	__u32 abi_version;	/* EEH_BPF_ABI_VERSION */
	__u32 flags;		/* enum eeh_bpf_flags; others are refused with -EINVAL */
	char name[EEH_BPF_NAME_LEN];
};

#endif /* _UAPI_EEH_BPF_H */
