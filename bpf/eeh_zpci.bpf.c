// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to PCI functions of s390x, from the kernel's own handlers into a ring buffer.
 *
 * Kprobes, and nothing that needs a JIT: stock Debian kernels are built for z10 and have none,
 * so that fentry, kfuncs, bpf_loop() and timers are refused. The programs see each event as
 * hardware stored it, before the kernel decides what becomes of it: also those that no owner is
 * told of (measurement blocks, a full queue, a function handle that is not valid any more).
 *
 * Big-endian, whatever machine it is built on. The PCI domain of a function is not in its events:
 * the reader adds it (phb is NO_PHB here).
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "eeh_emit.h"

#define NO_PHB	0xffffffff

char LICENSE[] SEC("license") = "GPL";

/* user_pt_regs of arch/s390/include/uapi/asm/ptrace.h: the context of a kprobe. */
struct regs {
	__u64 args[1];
	__u64 psw_mask, psw_addr;
	__u64 gprs[16];
	__u64 orig_gpr2;
};

/* The first argument, and what was returned: both in %r2. */
#define R2(ctx) ((ctx)->gprs[2])

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
/* arch/s390/pci/pci_event.c, the same in both generations of kernels; fields by their names. */
struct zpci_ccdf_err {
	__u32 fh;
	__u32 fid;
	__u64 faddr;
	__u16 pec;
};

struct zpci_ccdf_avail {
	__u32 fh;
	__u32 fid;
	__u16 pec;
};

struct zpci_dev {
	__u32 fid;
};
#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u32);
} eeh_resetting SEC(".maps");

/* Measurement blocks: the kernel logs them, and the function goes on. */
static __always_inline int stops(__u32 pec)
{
	return pec < 0x2a || pec > 0x2c;
}

SEC("kprobe/zpci_event_error")
int ev_zpci(struct regs *ctx)
{
	struct zpci_ccdf_err *c = (void *)R2(ctx);
	__u32 pec = BPF_CORE_READ(c, pec);

	return emit(EEH_EVENT_ZPCI, NO_PHB, BPF_CORE_READ(c, fid), EEH_SOURCE_INTERRUPT, 0,
		    (__u64)pec << 32 | BPF_CORE_READ(c, fh), BPF_CORE_READ(c, faddr));
}

SEC("kprobe/zpci_event_availability")
int ev_zpci_avail(struct regs *ctx)
{
	struct zpci_ccdf_avail *c = (void *)R2(ctx);
	__u32 pec = BPF_CORE_READ(c, pec);

	return emit(EEH_EVENT_ZPCI, NO_PHB, BPF_CORE_READ(c, fid), EEH_SOURCE_INTERRUPT, 0,
		    (__u64)pec << 32 | BPF_CORE_READ(c, fh), 0);
}

SEC("kprobe/zpci_event_error")
int ev_frozen(struct regs *ctx)
{
	struct zpci_ccdf_err *c = (void *)R2(ctx);

	if (!stops(BPF_CORE_READ(c, pec)))
		return 0;
	return emit(EEH_EVENT_FROZEN, NO_PHB, BPF_CORE_READ(c, fid), EEH_SOURCE_INTERRUPT, 0, 0, 0);
}

SEC("kprobe/zpci_hot_reset_device")
int ev_reset(struct regs *ctx)
{
	struct zpci_dev *zdev = (void *)R2(ctx);
	__u64 task = bpf_get_current_pid_tgid();
	__u32 fid = BPF_CORE_READ(zdev, fid);

	bpf_map_update_elem(&eeh_resetting, &task, &fid, BPF_ANY);
	return emit(EEH_EVENT_RESET, NO_PHB, fid, 0, 0, 1, 0);
}

SEC("kretprobe/zpci_hot_reset_device")
int ev_reset_end(struct regs *ctx)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u32 *fid = bpf_map_lookup_elem(&eeh_resetting, &task), copy;

	if (!fid)
		return 0;
	copy = *fid;
	bpf_map_delete_elem(&eeh_resetting, &task);
	/* One that failed has not ended. */
	if ((int)R2(ctx))
		return 0;
	return emit(EEH_EVENT_RESET, NO_PHB, copy, 0, 0, 0, 0);
}
