// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to PCI functions of s390x, from the kernel's own handlers: into a ring buffer, or
 * (eeh_opts.keep) into a map of the last records of each function.
 *
 * The programs see each event as hardware stored it, and what the kernel makes of it, which they
 * say with it (enum eeh_zpci_fate): also those that no owner is told of. __zpci_event_error()
 * of arch/s390/pci/pci_event.c looks the function up (get_zdev_by_fid()), asks firmware for its
 * present handle (clp_refresh_fh()), and drops the event if that is another one; a task handles
 * one event at a time.
 *
 * Each program is here twice. f_*: fentry and fexit, which need a BPF JIT. k_*: kprobes, and
 * nothing that needs a JIT, for stock Debian kernels: they are built for z10 and have none, so
 * that fentry, kfuncs, bpf_loop() and timers are refused. libeeh loads one set or the other.
 *
 * Big-endian, whatever machine it is built on. The PCI domain of a function is not in its events:
 * the reader adds it (phb is NO_PHB here).
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "eeh_emit.h"
#include "eeh_zpci.h"

#define NO_PHB	0xffffffff

char LICENSE[] SEC("license") = "GPL";

/* Set before loading, in a section of their own. */
const volatile struct eeh_zpci_opts eeh_opts SEC(".rodata.opts");

/* user_pt_regs of arch/s390/include/uapi/asm/ptrace.h: the context of a kprobe. */
struct regs {
	__u64 args[1];
	__u64 psw_mask, psw_addr;
	__u64 gprs[16];
	__u64 orig_gpr2;
};

/* The first argument, and what was returned: both in %r2. The second is in %r3. */
#define R2(ctx) ((ctx)->gprs[2])
#define R3(ctx) ((ctx)->gprs[3])

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

/* arch/s390/include/asm/pci.h; pending_errs since 7.3. */
struct zpci_ccdf_pending {
	__u64 count;
	bool mediated_recovery;
	struct zpci_ccdf_err err[1];
};

struct zpci_dev {
	__u32 fid;
	struct zpci_ccdf_pending pending_errs;
};
#pragma clang attribute pop

/* The event that a task is handling. */
struct handled {
	struct eeh_zpci_log log;
	__u32 fh, fid, pec;
	__u32 room;			/* its fate, if the handle is valid */
	__u64 faddr;
	__u64 now;			/* where clp_refresh_fh() puts the present handle */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u64);
	__type(value, struct handled);
} eeh_handled SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, __u64);
	__type(value, __u32);
} eeh_resetting SEC(".maps");

/* A function that is gone for good makes room for others. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 512);
	__type(key, __u32);
	__type(value, struct eeh_zpci_logs);
} eeh_zpci_logs SEC(".maps");

__u64 eeh_log_seq;

static const struct eeh_zpci_logs no_logs;

/* Measurement blocks: the kernel logs them, and the function goes on. */
static __always_inline bool measurement(__u32 pec)
{
	return pec >= 0x2a && pec <= 0x2c;
}

static __always_inline bool wanted(__u32 type)
{
	return eeh_opts.types & 1U << type;
}

static __always_inline void keep(struct handled *h, __u32 fate)
{
	struct eeh_zpci_logs *logs;
	__u32 fid = h->fid;

	logs = bpf_map_lookup_elem(&eeh_zpci_logs, &fid);
	if (!logs) {
		bpf_map_update_elem(&eeh_zpci_logs, &fid, &no_logs, BPF_NOEXIST);
		logs = bpf_map_lookup_elem(&eeh_zpci_logs, &fid);
		if (!logs)
			return;
	}
	h->log.seq = __sync_fetch_and_add(&eeh_log_seq, 1) + 1;
	h->log.fate = fate;
	/* The kernel handles the events of a function one after the other (state_lock). */
	logs->log[logs->nr % EEH_ZPCI_LOGS] = h->log;
	logs->nr++;
}

/* What became of it is known. */
static __always_inline int done(__u64 task, struct handled *h, __u32 fate)
{
	bool stops = fate <= EEH_FATE_KERNEL;

	if (eeh_opts.keep && stops)
		keep(h, fate);
	if (!eeh_opts.keep && wanted(EEH_EVENT_ZPCI))
		emit_at(h->log.time_ns, EEH_EVENT_ZPCI, NO_PHB, h->fid, EEH_SOURCE_INTERRUPT, 0,
			(__u64)fate << 48 | (__u64)h->pec << 32 | h->fh, h->faddr);
	if (!eeh_opts.keep && stops && wanted(EEH_EVENT_FROZEN))
		emit_at(h->log.time_ns, EEH_EVENT_FROZEN, NO_PHB, h->fid, EEH_SOURCE_INTERRUPT, 0,
			0, 0);
	bpf_map_delete_elem(&eeh_handled, &task);
	return 0;
}

/* zpci_event_error() begins. */
static __always_inline int error(struct zpci_ccdf_err *c)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct handled h = { 0 };

	h.log.time_ns = bpf_ktime_get_boot_ns();
	bpf_probe_read_kernel(h.log.ccdf, sizeof(h.log.ccdf), c);
	h.fh = BPF_CORE_READ(c, fh);
	h.fid = BPF_CORE_READ(c, fid);
	h.pec = BPF_CORE_READ(c, pec);
	h.faddr = BPF_CORE_READ(c, faddr);
	bpf_map_update_elem(&eeh_handled, &task, &h, BPF_ANY);
	return 0;
}

/* get_zdev_by_fid() returns. */
static __always_inline int looked_up(struct zpci_dev *zdev)
{
	__u64 task = bpf_get_current_pid_tgid(), count, slots;
	struct handled *h = bpf_map_lookup_elem(&eeh_handled, &task);

	if (!h)
		return 0;
	if (!zdev)
		return done(task, h, EEH_FATE_GONE);
	h->room = measurement(h->pec) ? EEH_FATE_MEASUREMENT : EEH_FATE_KERNEL;
	/* zpci_store_pci_error() */
	if (h->room == EEH_FATE_KERNEL && bpf_core_field_exists(zdev->pending_errs) &&
	    BPF_CORE_READ_BITFIELD_PROBED(zdev, pending_errs.mediated_recovery)) {
		count = BPF_CORE_READ_BITFIELD_PROBED(zdev, pending_errs.count);
		slots = bpf_core_field_size(zdev->pending_errs.err) /
			bpf_core_type_size(struct zpci_ccdf_err);
		h->room = count < slots ? EEH_FATE_OWNER : EEH_FATE_OVERFLOW;
	}
	return 0;
}

/* clp_refresh_fh() begins. */
static __always_inline int refresh(__u64 now)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct handled *h = bpf_map_lookup_elem(&eeh_handled, &task);

	if (h)
		h->now = now;
	return 0;
}

/* It returns. */
static __always_inline int refreshed(int err)
{
	__u64 task = bpf_get_current_pid_tgid();
	struct handled *h = bpf_map_lookup_elem(&eeh_handled, &task);
	__u32 fh = 0;

	if (!h)
		return 0;
	if (err)
		return done(task, h, EEH_FATE_GONE);
	bpf_probe_read_kernel(&fh, sizeof(fh), (void *)h->now);
	return done(task, h, fh && fh == h->fh ? h->room : EEH_FATE_STALE);
}

/* zpci_event_availability() begins: functions come and go. */
static __always_inline int availability(struct zpci_ccdf_avail *c)
{
	__u64 pec = BPF_CORE_READ(c, pec);

	return emit(EEH_EVENT_ZPCI, NO_PHB, BPF_CORE_READ(c, fid), EEH_SOURCE_INTERRUPT, 0,
		    (__u64)EEH_FATE_AVAILABILITY << 48 | pec << 32 | BPF_CORE_READ(c, fh), 0);
}

/* zpci_hot_reset_device() begins. */
static __always_inline int reset(struct zpci_dev *zdev)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u32 fid = BPF_CORE_READ(zdev, fid);

	bpf_map_update_elem(&eeh_resetting, &task, &fid, BPF_ANY);
	return emit(EEH_EVENT_RESET, NO_PHB, fid, 0, 0, 1, 0);
}

/* It returns. */
static __always_inline int reset_end(int err)
{
	__u64 task = bpf_get_current_pid_tgid();
	__u32 *fid = bpf_map_lookup_elem(&eeh_resetting, &task), copy;

	if (!fid)
		return 0;
	copy = *fid;
	bpf_map_delete_elem(&eeh_resetting, &task);
	/* One that failed has not ended. */
	return err ? 0 : emit(EEH_EVENT_RESET, NO_PHB, copy, 0, 0, 0, 0);
}

/* ---- With a JIT: a context is the arguments, then what was returned. */

SEC("fentry/zpci_event_error")
int f_error(__u64 *ctx)
{
	return error((void *)ctx[0]);
}

SEC("fexit/get_zdev_by_fid")
int f_looked_up(__u64 *ctx)
{
	return looked_up((void *)ctx[1]);
}

SEC("fexit/clp_refresh_fh")
int f_refreshed(__u64 *ctx)
{
	refresh(ctx[1]);
	return refreshed(ctx[2]);
}

SEC("fentry/zpci_event_availability")
int f_availability(__u64 *ctx)
{
	return availability((void *)ctx[0]);
}

SEC("fentry/zpci_hot_reset_device")
int f_reset(__u64 *ctx)
{
	return reset((void *)ctx[0]);
}

SEC("fexit/zpci_hot_reset_device")
int f_reset_end(__u64 *ctx)
{
	return reset_end(ctx[1]);
}

/* ---- Without */

SEC("kprobe/zpci_event_error")
int k_error(struct regs *ctx)
{
	return error((void *)R2(ctx));
}

SEC("kretprobe/get_zdev_by_fid")
int k_looked_up(struct regs *ctx)
{
	return looked_up((void *)R2(ctx));
}

SEC("kprobe/clp_refresh_fh")
int k_refresh(struct regs *ctx)
{
	return refresh(R3(ctx));
}

SEC("kretprobe/clp_refresh_fh")
int k_refreshed(struct regs *ctx)
{
	return refreshed(R2(ctx));
}

SEC("kprobe/zpci_event_availability")
int k_availability(struct regs *ctx)
{
	return availability((void *)R2(ctx));
}

SEC("kprobe/zpci_hot_reset_device")
int k_reset(struct regs *ctx)
{
	return reset((void *)R2(ctx));
}

SEC("kretprobe/zpci_hot_reset_device")
int k_reset_end(struct regs *ctx)
{
	return reset_end(R2(ctx));
}
