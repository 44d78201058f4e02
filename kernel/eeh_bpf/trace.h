/* SPDX-License-Identifier: GPL-2.0-only */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM eeh

#if !defined(_EEH_BPF_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _EEH_BPF_TRACE_H

#include <linux/tracepoint.h>
#include <eeh_bpf.h>
#include <eeh_dev.h>

#define show_eeh_tap(v)							\
	__print_symbolic(v,						\
		{ EEH_BPF_TAP_CHECK,		"check" },		\
		{ EEH_BPF_TAP_RTAS,		"rtas" })

#define show_eeh_evidence(v)						\
	__print_flags(v, "|",						\
		{ EEH_BPF_EVIDENCE_STATE,	"state" },		\
		{ EEH_BPF_EVIDENCE_CANARY,	"canary" })

#define show_eeh_outcome(v)						\
	__print_symbolic(v,						\
		{ EEH_BPF_OUT_ANSWERED,		"answered" },		\
		{ EEH_BPF_OUT_PASSED,		"passed" },		\
		{ EEH_BPF_OUT_REJECTED,		"rejected" },		\
		{ EEH_BPF_OUT_UNBOUND,		"unbound" },		\
		{ EEH_BPF_OUT_NOT_OWNER,	"not_owner" },		\
		{ EEH_BPF_OUT_FAULT,		"fault" },		\
		{ EEH_BPF_OUT_BYPASSED,		"bypassed" },		\
		{ EEH_BPF_OUT_AUDITED,		"audited" })

/* EEH_PE_STATE_* of <uapi/asm/eeh.h>, the numbers of PAPR's PE states */
#define show_eeh_state(v)						\
	__print_symbolic(v,						\
		{ 0, "normal" }, { 1, "reset" }, { 2, "stopped" },	\
		{ 4, "dma-stopped" }, { 5, "unavailable" })

/* EEH_RESET_* of <asm/eeh.h> */
#define show_eeh_reset(v)						\
	__print_symbolic(v,						\
		{ 0, "deactivate" }, { 1, "hot" }, { 3, "fundamental" })

#define show_eeh_source(v)						\
	__print_symbolic(v,						\
		{ EEH_SOURCE_UNKNOWN,		"unknown" },		\
		{ EEH_SOURCE_INTERRUPT,		"interrupt" },		\
		{ EEH_SOURCE_QUERY,		"query" },		\
		{ EEH_SOURCE_SWEEP,		"sweep" },		\
		{ EEH_SOURCE_CHECK,		"check" },		\
		{ EEH_SOURCE_PARENT,		"parent" },		\
		{ EEH_SOURCE_FETCH,		"fetch" })

#define show_eeh_log_flags(v)						\
	__print_flags(v, "|",						\
		{ EEH_DEV_LOG_STALE,		"stale" },		\
		{ EEH_DEV_LOG_PASSED,		"passed" })

/* EEH_OPT_* of <asm/eeh.h> */
#define show_eeh_option(v)						\
	__print_symbolic(v,						\
		{ 0, "disable" }, { 1, "enable" }, { 2, "thaw-mmio" },	\
		{ 3, "thaw-dma" }, { 4, "freeze" })

/* One query reached the policy, or would have if a PE were bound to it. */
TRACE_EVENT(eeh_freeze_query,
	TP_PROTO(u64 vm, u32 tap, u32 phb, u32 pe_addr, u32 evidence, u32 outcome, u64 ns),
	TP_ARGS(vm, tap, phb, pe_addr, evidence, outcome, ns),
	TP_STRUCT__entry(
		__field(u64, vm)
		__field(u64, ns)
		__field(u32, tap)
		__field(u32, phb)
		__field(u32, pe_addr)
		__field(u32, evidence)
		__field(u32, outcome)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->ns = ns;
		__entry->tap = tap;
		__entry->phb = phb;
		__entry->pe_addr = pe_addr;
		__entry->evidence = evidence;
		__entry->outcome = outcome;
	),
	TP_printk("%s vm=%llu pe=%04x:%x evidence=%s outcome=%s ns=%llu",
		  show_eeh_tap(__entry->tap), __entry->vm, __entry->phb, __entry->pe_addr,
		  show_eeh_evidence(__entry->evidence), show_eeh_outcome(__entry->outcome),
		  __entry->ns)
);

/* A PE was seen frozen, for the first time since its last thaw or reset. */
TRACE_EVENT(eeh_pe_frozen,
	TP_PROTO(u32 phb, u32 pe_addr, bool passed, u32 source, u64 vm),
	TP_ARGS(phb, pe_addr, passed, source, vm),
	TP_STRUCT__entry(
		__field(u64, vm)
		__field(u32, phb)
		__field(u32, pe_addr)
		__field(u32, source)
		__field(bool, passed)
	),
	TP_fast_assign(
		__entry->vm = vm;
		__entry->phb = phb;
		__entry->pe_addr = pe_addr;
		__entry->source = source;
		__entry->passed = passed;
	),
	TP_printk("pe=%04x:%x passed_through=%d source=%s vm=%llu",
		  __entry->phb, __entry->pe_addr, __entry->passed,
		  show_eeh_source(__entry->source), __entry->vm)
);

/* The diagnostic data of a freeze were saved: EEH_DEV_LOG of /dev/eeh has them. */
TRACE_EVENT(eeh_pe_log,
	TP_PROTO(u32 phb, u32 pe_addr, u64 seq, u32 len, u32 flags, u32 source),
	TP_ARGS(phb, pe_addr, seq, len, flags, source),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u32, phb)
		__field(u32, pe_addr)
		__field(u32, len)
		__field(u32, flags)
		__field(u32, source)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->phb = phb;
		__entry->pe_addr = pe_addr;
		__entry->len = len;
		__entry->flags = flags;
		__entry->source = source;
	),
	TP_printk("pe=%04x:%x seq=%llu len=%u flags=%s source=%s",
		  __entry->phb, __entry->pe_addr, __entry->seq, __entry->len,
		  show_eeh_log_flags(__entry->flags), show_eeh_source(__entry->source))
);

/* Firmware answered a state request of the core with something but normal. */
TRACE_EVENT(eeh_pe_state,
	TP_PROTO(u32 phb, u32 pe_addr, int state),
	TP_ARGS(phb, pe_addr, state),
	TP_STRUCT__entry(
		__field(u32, phb)
		__field(u32, pe_addr)
		__field(int, state)
	),
	TP_fast_assign(
		__entry->phb = phb;
		__entry->pe_addr = pe_addr;
		__entry->state = state;
	),
	TP_printk("pe=%04x:%x state=%s",
		  __entry->phb, __entry->pe_addr, show_eeh_state(__entry->state))
);

/* Something is done to a PE; an event prints its option in its own words. */
DECLARE_EVENT_CLASS(eeh_pe_operation,
	TP_PROTO(u32 phb, u32 pe_addr, u32 option),
	TP_ARGS(phb, pe_addr, option),
	TP_STRUCT__entry(
		__field(u32, phb)
		__field(u32, pe_addr)
		__field(u32, option)
	),
	TP_fast_assign(
		__entry->phb = phb;
		__entry->pe_addr = pe_addr;
		__entry->option = option;
	),
	TP_printk("pe=%04x:%x reset=%s",
		  __entry->phb, __entry->pe_addr, show_eeh_reset(__entry->option))
);

/* A reset of a PE through the interface that VFIO uses, eeh_pe_reset(). */
DEFINE_EVENT(eeh_pe_operation, eeh_pe_reset,
	TP_PROTO(u32 phb, u32 pe_addr, u32 option),
	TP_ARGS(phb, pe_addr, option)
);

/* An option of a PE is set through eeh_pe_set_option(). */
DEFINE_EVENT_PRINT(eeh_pe_operation, eeh_pe_option,
	TP_PROTO(u32 phb, u32 pe_addr, u32 option),
	TP_ARGS(phb, pe_addr, option),
	TP_printk("pe=%04x:%x option=%s",
		  __entry->phb, __entry->pe_addr, show_eeh_option(__entry->option))
);

/* The bridges of a PE are configured, eeh_pe_configure(): a recovery ends with it. */
TRACE_EVENT(eeh_pe_configure,
	TP_PROTO(u32 phb, u32 pe_addr),
	TP_ARGS(phb, pe_addr),
	TP_STRUCT__entry(
		__field(u32, phb)
		__field(u32, pe_addr)
	),
	TP_fast_assign(
		__entry->phb = phb;
		__entry->pe_addr = pe_addr;
	),
	TP_printk("pe=%04x:%x", __entry->phb, __entry->pe_addr)
);

/* An error injection through eeh_pe_inject_err(). */
TRACE_EVENT(eeh_inject,
	TP_PROTO(u32 phb, u32 pe_addr, int type, int func, u64 addr, u64 mask),
	TP_ARGS(phb, pe_addr, type, func, addr, mask),
	TP_STRUCT__entry(
		__field(u64, addr)
		__field(u64, mask)
		__field(u32, phb)
		__field(u32, pe_addr)
		__field(int, type)
		__field(int, func)
	),
	TP_fast_assign(
		__entry->addr = addr;
		__entry->mask = mask;
		__entry->phb = phb;
		__entry->pe_addr = pe_addr;
		__entry->type = type;
		__entry->func = func;
	),
	TP_printk("pe=%04x:%x type=%d func=%d addr=0x%llx mask=0x%llx",
		  __entry->phb, __entry->pe_addr, __entry->type, __entry->func,
		  __entry->addr, __entry->mask)
);

#endif /* _EEH_BPF_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
