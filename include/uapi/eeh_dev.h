/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/eeh: the PEs of this machine, also those that another process owns, and
 * what happens to them.
 *
 * VFIO lets only the process that opened a container use VFIO_EEH_PE_OP on it.
 * /dev/eeh is for whoever looks after PEs that are not its own: root only. A
 * process that owns its device should use VFIO.
 *
 * As long as the device file is open,
 * - the module hears of freezes, resets and injections: its tracepoints
 *   (system "eeh") fire, and the PE's last diagnostic data are kept,
 * - PEs that are passed through are asked for their state about once a second
 *   (the module's parameter sweep_ms; 0: never), as firmware may have masked the
 *   interrupt of an error that occurred before,
 * - the module can not be unloaded.
 *
 * Everything is host byte order, but for diagnostic data, which are the
 * firmware's (big endian). A PE is named by its PCI domain and its number within
 * that PHB, as in the kernel's "PHB#1-PE#fd".
 *
 * Every structure starts with argsz, its size as the caller knows it; a module
 * that knows more fields takes the missing ones as 0. Bits of flags that are not
 * for the caller must be 0.
 *
 * All ioctls:
 * -EPERM	the file was not opened by root
 * -EINVAL	argsz too small, unknown flags, a reserved field is not 0
 * -EFAULT	a bad pointer
 * -ENODEV	there is no such PE, or it went away before its turn came
 * -EINTR	a signal came while it waited for its turn; nothing was done
 */
#ifndef _UAPI_EEH_DEV_H
#define _UAPI_EEH_DEV_H

/* BPF programs include vmlinux.h or linux/bpf.h, which have the types. */
#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif
#ifndef __bpf__
#include <linux/ioctl.h>
#endif

#define EEH_DEV_PATH		"/dev/eeh"
#define EEH_DEV_VERSION		1

/*
 * EEH_DEV_PE_OP: one operation on a PE. op and the value returned are those of
 * VFIO_EEH_PE_OP in <linux/vfio.h>:
 *
 *  0 DISABLE	1 ENABLE	2 UNFREEZE_IO	3 UNFREEZE_DMA	4 GET_STATE
 *  5 RESET_DEACTIVATE	6 RESET_HOT	7 RESET_FUNDAMENTAL	8 CONFIGURE	9 INJECT_ERR
 *
 * GET_STATE returns VFIO_EEH_PE_STATE_* (0 normal, 1 reset, 2 stopped, 4 DMA
 * stopped, 5 unavailable), or -EAGAIN while a reset is under way: from
 * RESET_HOT or RESET_FUNDAMENTAL until CONFIGURE, whoever does it (who asks at
 * the wrong moment can freeze the PE again). The other operations on one PE are
 * done one after the other. Resets sleep, for seconds (behind a switch: for more
 * than a minute). A caller that waits for its turn can be interrupted.
 *
 * -EBUSY	a driver of this kernel uses the PE, and EEH_DEV_OP_HOST is not set.
 *		Not for GET_STATE.
 * -EINVAL	unknown op; INJECT_ERR: unknown type or function
 * -EIO		firmware refused
 * -EOPNOTSUPP	not on this platform
 */
struct eeh_dev_pe_op {
	__u32 argsz;
	__u32 flags;		/* EEH_DEV_OP_* */
	__u32 phb;		/* PCI domain */
	__u32 pe_addr;		/* PE number */
	__u32 op;
	__u32 reserved;		/* 0 */
	struct {		/* as struct vfio_eeh_pe_err */
		__u32 type;	/* 0: 32-bit, 1: 64-bit address */
		__u32 func;	/* EEH_ERR_FUNC_* of <asm/eeh.h> */
		__u64 addr;
		__u64 mask;
	} err;
};

#define EEH_DEV_OP_HOST		(1U << 0)	/* even if a driver of this kernel uses the PE */

/*
 * EEH_DEV_LOG: the diagnostic data of a freeze. The module keeps the last
 * EEH_DEV_LOGS of a PE, from its first to its last moment (a PE that comes back
 * has them, too).
 *
 * seq: in, 0 or that of the last one that was seen; out, that of the first one
 * after it. len: in, what @data has room for; out, the length of the data, also
 * if that is more (then only so much was copied). data may be 0 with len 0.
 *
 * -ENODATA	there is none after @seq
 */
struct eeh_dev_log {
	__u32 argsz;
	__u32 flags;		/* out: EEH_DEV_LOG_* */
	__u32 phb;
	__u32 pe_addr;
	__u64 seq;		/* in/out; counts all PEs' records of the module, from 1 */
	__u64 time_ns;		/* out: CLOCK_BOOTTIME */
	__u64 data;		/* a pointer: struct OpalIoPhb*ErrorData, by its version word */
	__u32 len;		/* in/out: bytes */
	__u32 source;		/* out: enum eeh_source, how the freeze was noticed */
};

#define EEH_DEV_LOGS		8		/* per PE */

/*
 * The kernel had isolated the PE before: the data are what it saved then (or
 * left over from an earlier freeze of the PE), not of this moment.
 */
#define EEH_DEV_LOG_STALE	(1U << 0)
#define EEH_DEV_LOG_PASSED	(1U << 1)	/* the PE was passed through to VFIO */

/*
 * EEH_DEV_FETCH: ask for the PE's state, by which diagnostic data of a new
 * freeze are fetched. Firmware has them until a reset, and the kernel asks for
 * them once, when it isolates the PE: fetch a PE that is isolated already, and
 * the record is EEH_DEV_LOG_STALE.
 *
 * Returns the state as GET_STATE of EEH_DEV_PE_OP. seq is the number of the record
 * of this freeze (EEH_DEV_LOG has it after seq - 1), 0 if the PE is not frozen.
 * EEH_DEV_LOG_STALE in flags: this call has fetched nothing, it was done before.
 */
struct eeh_dev_fetch {
	__u32 argsz;
	__u32 flags;		/* out: EEH_DEV_LOG_* */
	__u32 phb;
	__u32 pe_addr;
	__u64 seq;		/* out */
};

/*
 * EEH_DEV_EVENTFD: signal an eventfd whenever the PE is seen frozen, until this
 * file is closed or fd is -1. One for each PE and open file. The file can be
 * handed to a VMM without privileges only together with all of its rights.
 *
 * -EBADF, -EINVAL	fd is no eventfd
 * -ENOSPC		more than EEH_DEV_EVENTFDS for this file
 */
struct eeh_dev_eventfd {
	__u32 argsz;
	__u32 flags;		/* 0 */
	__u32 phb;
	__u32 pe_addr;
	__s32 fd;
	__u32 reserved;		/* 0 */
};

#define EEH_DEV_EVENTFDS	64

#ifndef __bpf__
#define EEH_DEV_MAGIC		0xEE
#define EEH_DEV_GET_VERSION	_IO(EEH_DEV_MAGIC, 0x00)	/* returns EEH_DEV_VERSION */
#define EEH_DEV_PE_OP		_IOW(EEH_DEV_MAGIC, 0x01, struct eeh_dev_pe_op)
#define EEH_DEV_LOG		_IOWR(EEH_DEV_MAGIC, 0x02, struct eeh_dev_log)
#define EEH_DEV_FETCH		_IOWR(EEH_DEV_MAGIC, 0x03, struct eeh_dev_fetch)
#define EEH_DEV_EVENTFD		_IOW(EEH_DEV_MAGIC, 0x04, struct eeh_dev_eventfd)
#endif

/* ------------------------------------------------------------------ events */

/* How a freeze was noticed. */
enum eeh_source {
	EEH_SOURCE_UNKNOWN	= 0,
	EEH_SOURCE_INTERRUPT	= 1,	/* firmware's error interrupt */
	EEH_SOURCE_QUERY	= 2,	/* somebody asked for the PE's state: a guest, a VMM */
	EEH_SOURCE_SWEEP	= 3,	/* the module's own slow look at passed-through PEs */
	EEH_SOURCE_CHECK	= 4,	/* a driver of this kernel read all-ones */
	EEH_SOURCE_PARENT	= 5,	/* a PE above it was isolated, and this one with it */
	EEH_SOURCE_FETCH	= 6,	/* /dev/eeh: GET_STATE or EEH_DEV_FETCH */
	EEH_SOURCE_MAX,
};

enum eeh_event_type {
	EEH_EVENT_FROZEN	= 0,	/* a freeze was noticed; arg[0]: passed through? */
	EEH_EVENT_STATE		= 1,	/* firmware said so, and not "normal"; arg[0]: state */
	EEH_EVENT_RESET		= 2,	/* begins; arg[0]: EEH_RESET_* of the kernel, 0 1 3 */
	EEH_EVENT_OPTION	= 3,	/* arg[0]: EEH_OPT_* (0 disable 1 enable 2, 3 thaw) */
	EEH_EVENT_CONFIGURE	= 4,	/* bridges are configured: the end of a recovery */
	EEH_EVENT_INJECT	= 5,	/* arg[0]: type << 32 | func, arg[1]: address */
	EEH_EVENT_LOG		= 6,	/* arg[0]: seq, arg[1]: flags << 32 | len */
	EEH_EVENT_QUERY		= 7,	/* arg[0]: tap << 32 | outcome, arg[1]: ns. On request */
	/* s390x, not from the module: an event of a PCI function. arg[0]: fate << 48 | code << 32 |
	 * handle, arg[1]: failing address
	 */
	EEH_EVENT_ZPCI		= 8,
	EEH_EVENT_MAX,
};

/*
 * EEH_EVENT_ZPCI: what the kernel makes of the event (arch/s390/pci/pci_event.c). Up to
 * EEH_FATE_KERNEL it is an error that stops the function.
 */
enum eeh_zpci_fate {
	EEH_FATE_OWNER		= 0,	/* kept for the function's owner (since Linux 7.3) */
	EEH_FATE_OVERFLOW	= 1,	/* its owner is signalled, but its queue is full */
	EEH_FATE_KERNEL		= 2,	/* nobody owns it, or before 7.3: the kernel recovers it */
	EEH_FATE_MEASUREMENT	= 3,	/* of a measurement block: logged, nobody is told */
	EEH_FATE_STALE		= 4,	/* its handle is not valid any more: dropped */
	EEH_FATE_GONE		= 5,	/* kernel or firmware know no such function: dropped */
	EEH_FATE_AVAILABILITY	= 6,	/* no error: the function comes, goes, or is asked for */
	EEH_FATES,
};

/*
 * One event. seq counts all events that happened while somebody listened, those
 * that were lost as well: a gap in it is a loss.
 */
struct eeh_event {
	__u64 time_ns;		/* CLOCK_BOOTTIME */
	__u64 seq;		/* from 1 */
	__u64 vm;		/* cookie of the VM that the PE is bound to; 0: none known */
	__u32 type;		/* enum eeh_event_type */
	__u32 source;		/* enum eeh_source, of EEH_EVENT_FROZEN and EEH_EVENT_LOG */
	__u32 phb;		/* PCI domain */
	__u32 pe_addr;		/* PE number */
	__u64 arg[2];
};

#endif /* _UAPI_EEH_DEV_H */
