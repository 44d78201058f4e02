/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every BPF program of eeh-fastpath includes: the types of the kernel
 * module (CO-RE relocated, so that fields may move between module versions),
 * its kfuncs, and a few helpers.
 *
 * No vmlinux.h is needed: a policy sees nothing of the kernel but its query.
 */
#ifndef __EEH_BPF_H
#define __EEH_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
#include "../include/uapi/eeh_bpf.h"
#pragma clang attribute pop

/*
 * Ask firmware for the state of the query's PE, now.
 *
 * 0: the PE is normal, and that is recorded in the query as evidence: only
 * after this may freeze_query() return EEH_BPF_ANSWER. > 0: the EEH_PE_STATE_*
 * value that is not normal. < 0: -errno, nothing is known.
 */
extern int bpf_eeh_state(struct eeh_bpf_query *q) __ksym;

/*
 * In a query of EEH_BPF_TAP_CHECK: load the canary of the PE.
 *
 * 0: it was not all-ones, so the PE is not frozen for MMIO, and that is recorded
 * in the query as evidence. < 0: nothing is known.
 */
extern int bpf_eeh_canary(struct eeh_bpf_query *q) __ksym;

/*
 * An atomic add whose result nobody looks at: larx/stcx. on POWER, without the
 * two full barriers that an add which returns the old value costs there.
 */
#define eeh_count(ptr) ((void)__sync_fetch_and_add(ptr, 1))
#define eeh_count_by(ptr, n) ((void)__sync_fetch_and_add(ptr, n))

#ifndef READ_ONCE
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#endif
#ifndef WRITE_ONCE
#define WRITE_ONCE(x, val) ((*(volatile typeof(x) *)&(x)) = (val))
#endif
#ifndef offsetof
#define offsetof(type, member) __builtin_offsetof(type, member)
#endif

#endif /* __EEH_BPF_H */
