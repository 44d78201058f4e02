// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to PEs, from the tracepoints of the module into a ring buffer.
 *
 * On the module's own tracepoints only: programs at the entry of the kernel's EEH
 * functions would share them with the module's callbacks, and then the kernel's
 * ftrace_regs_caller runs there (docs/lab-known-issues.md).
 *
 * Programs of types that nobody wants are not loaded.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "eeh_emit.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/eeh_pe_frozen")
int BPF_PROG(ev_frozen, __u32 phb, __u32 pe_addr, bool passed, __u32 source, __u64 vm)
{
	return emit(EEH_EVENT_FROZEN, phb, pe_addr, source, vm, passed, 0);
}

SEC("tp_btf/eeh_pe_state")
int BPF_PROG(ev_state, __u32 phb, __u32 pe_addr, int state)
{
	return emit(EEH_EVENT_STATE, phb, pe_addr, 0, 0, state, 0);
}

SEC("tp_btf/eeh_pe_reset")
int BPF_PROG(ev_reset, __u32 phb, __u32 pe_addr, __u32 option)
{
	return emit(EEH_EVENT_RESET, phb, pe_addr, 0, 0, option, 0);
}

SEC("tp_btf/eeh_pe_option")
int BPF_PROG(ev_option, __u32 phb, __u32 pe_addr, __u32 option)
{
	return emit(EEH_EVENT_OPTION, phb, pe_addr, 0, 0, option, 0);
}

SEC("tp_btf/eeh_pe_configure")
int BPF_PROG(ev_configure, __u32 phb, __u32 pe_addr)
{
	return emit(EEH_EVENT_CONFIGURE, phb, pe_addr, 0, 0, 0, 0);
}

SEC("tp_btf/eeh_inject")
int BPF_PROG(ev_inject, __u32 phb, __u32 pe_addr, int type, int func, __u64 addr, __u64 mask)
{
	return emit(EEH_EVENT_INJECT, phb, pe_addr, 0, 0, (__u64)type << 32 | (__u32)func, addr);
}

SEC("tp_btf/eeh_pe_log")
int BPF_PROG(ev_log, __u32 phb, __u32 pe_addr, __u64 seq, __u32 len, __u32 flags, __u32 source)
{
	return emit(EEH_EVENT_LOG, phb, pe_addr, source, 0, seq, (__u64)flags << 32 | len);
}

SEC("tp_btf/eeh_freeze_query")
int BPF_PROG(ev_query, __u64 vm, __u32 tap, __u32 phb, __u32 pe_addr, __u32 evidence, __u32 outcome,
	     __u64 ns)
{
	return emit(EEH_EVENT_QUERY, phb, pe_addr, 0, vm, (__u64)tap << 32 | outcome, ns);
}
