/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: partitionable endpoints (PEs), what they are and what can be done with
 * them. A PE is the unit of PCI error isolation: when one of its devices makes an
 * error, the hardware cuts all of them off ("freezes" the PE): loads return
 * all-ones, stores and DMA are dropped, until somebody thaws or resets it.
 *
 * A PE is named by its host bridge (PHB: its PCI domain) and its number, which
 * the kernel calls PE config address: "0001:fd", both hexadecimal as the kernel
 * prints them. On s390x each PCI function is a PE: its number is its function id
 * (fid), which keeps its meaning when the function's PCI address changes.
 *
 * Looking at PEs reads files only. It never reads the file eeh_pe_state of
 * sysfs, which is a question to firmware and, on bare metal, marks a freeze that
 * nobody has noticed yet, so that it is never recovered
 * (pnv_eeh_get_pe_state()).
 */
#ifndef __EEH_PE_H
#define __EEH_PE_H

#include <eeh/eeh.h>
#include <eeh/pci.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Longest name of a PE with its NUL: "0001:fd"; "domain:config address". */
#define EEH_PE_NAME_LEN		20

/* ---- What there is ---- */

enum eeh_pe_owner {
	EEH_PE_OWNER_NONE	= 0,	/* none of its devices has a driver */
	EEH_PE_OWNER_KERNEL	= 1,	/* drivers of this kernel, which recovers it itself */
	EEH_PE_OWNER_IDLE	= 2,	/* VFIO drivers, but no process has it open */
	EEH_PE_OWNER_PROCESS	= 3,	/* a process, through VFIO */
	EEH_PE_OWNER_MIXED	= 4,	/* drivers of this kernel and VFIO drivers */
	EEH_PE_OWNER_UNKNOWN	= 5,	/* VFIO drivers, and not every process may be looked at */
};

/* A BAR as the kernel assigned it: @start is a physical (CPU) address, @size bytes. */
struct eeh_pe_bar {
	uint32_t kind;		/* enum eeh_bar_kind */
	uint32_t prefetch;	/* 1: reads have no side effects (PCI 3.0, 6.2.5.1) */
	uint64_t start;
	uint64_t size;
};

/**
 * struct eeh_pe_device - a PCI function of a PE
 * @sz:		sizeof(struct eeh_pe_device), as this library knows it
 * @address:	"0001:01:00.0"
 * @driver:	name of its driver, "" if none is bound
 * @vendor_id:	PCI vendor id
 * @device_id:	PCI device id
 * @class_code:	PCI class code, 24 bits
 * @iommu_group: number of its IOMMU group, -1: none
 * @bar:	its BARs
 */
struct eeh_pe_device {
	size_t sz;
	char address[EEH_PCI_ADDRESS_LEN];
	char driver[64];
	uint16_t vendor_id;
	uint16_t device_id;
	uint32_t class_code;
	int32_t iommu_group;
	struct eeh_pe_bar bar[EEH_BARS];
};

/**
 * struct eeh_pe_info - a PE, as it was when the library looked
 * @sz:		sizeof(struct eeh_pe_info), as this library knows it
 * @phb:	PCI domain of its host bridge
 * @addr:	its number
 * @name:	"0001:fd"
 * @owner:	enum eeh_pe_owner
 * @pid:	the process that owns it, 0 if @owner is not EEH_PE_OWNER_PROCESS.
 *		The first one, if several have it open
 * @nr_pids:	how many processes have it open
 * @iommu_group: number of the IOMMU group of its devices, -1: none
 * @nr_groups:	how many IOMMU groups its devices are in; more than 1: VFIO cannot
 *		own it alone
 * @parent:	number of the PE of the bridge above it; valid if @has_parent
 * @has_parent:	there is one. While it is frozen or recovers, this PE is unavailable
 * @shared:	its devices have different drivers, or several processes have it
 *		open: what is done to it is done to all of them
 * @nr_devices:	how many functions it has
 * @devices:	them, in the order of their addresses
 * @comm:	name of the process (/proc/PID/comm), "" if there is none
 * @zpci:	it is a zPCI function of s390x; @addr is its function id
 *
 * The pointers are valid as long as the structure.
 */
struct eeh_pe_info {
	size_t sz;
	uint32_t phb;
	uint32_t addr;
	char name[EEH_PE_NAME_LEN];
	uint32_t owner;
	int32_t pid;
	uint32_t nr_pids;
	int32_t iommu_group;
	uint32_t nr_groups;
	uint32_t parent;
	bool has_parent;
	bool shared;
	size_t nr_devices;
	const struct eeh_pe_device * const *devices;
	char comm[64];
	bool zpci;
};

/* @pe is valid during the call. Return 0 to go on; anything else ends the loop and is returned. */
typedef int (*eeh_pe_fn)(void *arg, const struct eeh_pe_info *pe);

/**
 * eeh_pe_for_each() - call a function for every PE that has a device
 * @ctx:	the context
 * @fn:		the function; it may call the library
 * @arg:	its first argument
 *
 * In the order of domains and numbers. Needs no permission; but only root, or
 * who may trace it, sees which process owns a PE (EEH_PE_OWNER_UNKNOWN).
 * Processes are found by the descriptors they hold: of the group (/dev/vfio/N)
 * or of a device of it.
 *
 * Return: 0; what @fn returned; -ENOENT (no PCI in sysfs), -EOPNOTSUPP (EEH is
 * off: no device says which PE it is in), -EBADMSG (a file is not understood),
 * -ENOMEM.
 */
EEH_API int eeh_pe_for_each(struct eeh_ctx *ctx, eeh_pe_fn fn, void *arg);

/**
 * eeh_pe_find() - which PE is meant
 * @ctx:	the context
 * @what:	name of a PE ("0001:fd") or PCI address of one of its devices
 * @fn:		called once with the PE, may be NULL
 * @arg:	its first argument
 *
 * Return: what @fn returned, or 0; -EINVAL (@what is neither), -ENODEV (no such
 * PE or device, or the device is in none), else as eeh_pe_for_each().
 */
EEH_API int eeh_pe_find(struct eeh_ctx *ctx, const char *what, eeh_pe_fn fn, void *arg);

/* "none", "kernel", "idle", "process", "mixed", "unknown". Thread safe. */
EEH_API const char *eeh_pe_owner_name(enum eeh_pe_owner owner);

/**
 * struct eeh_vm - a process that owns PEs: a virtual machine monitor, or a
 * driver in user space
 * @sz:		sizeof(struct eeh_vm), as this library knows it
 * @pid:	the process
 * @kvm:	it runs a KVM guest
 * @comm:	its name (/proc/PID/comm)
 * @guest:	what QEMU was told the guest is called (-name), "" if nothing
 * @nr_pes:	how many PEs it owns
 * @pes:	them; valid as long as the structure
 */
struct eeh_vm {
	size_t sz;
	int32_t pid;
	bool kvm;
	char comm[64];
	char guest[64];
	size_t nr_pes;
	const struct eeh_pe_info * const *pes;
};

/* @vm is valid during the call. Return 0 to go on; anything else ends the loop and is returned. */
typedef int (*eeh_vm_fn)(void *arg, const struct eeh_vm *vm);

/**
 * eeh_vm_for_each() - call a function for every process that owns a PE
 * @ctx:	the context
 * @fn:		the function; it may call the library
 * @arg:	its first argument
 *
 * In the order of process numbers. Which answers the kernel gives to a VM is
 * eeh_fastpath_for_each_binding()'s to say; they have their PEs in common.
 *
 * Return: 0; what @fn returned; -EACCES (some process could not be looked at,
 * after @fn was called for all others), else as eeh_pe_for_each().
 */
EEH_API int eeh_vm_for_each(struct eeh_ctx *ctx, eeh_vm_fn fn, void *arg);

/* ---- What it does: states ---- */

/* Results of the state request: VFIO_EEH_PE_STATE_* (linux/vfio.h), PAPR 7.3.11.2. */
#define EEH_PE_RAW_NORMAL	0
#define EEH_PE_RAW_RESET	1
#define EEH_PE_RAW_STOPPED	2
#define EEH_PE_RAW_STOPPED_DMA	4
#define EEH_PE_RAW_UNAVAILABLE	5
/* No result, but what /dev/eeh says while somebody resets the PE: -EAGAIN. */
#define EEH_PE_RAW_BUSY		(-11)

enum eeh_pe_condition {
	EEH_PE_NORMAL		= 0,	/* it works */
	EEH_PE_IN_RESET		= 1,	/* a reset is asserted */
	EEH_PE_FROZEN		= 2,	/* MMIO and DMA are stopped */
	EEH_PE_DMA_STOPPED	= 4,	/* MMIO works, DMA is stopped */
	EEH_PE_UNAVAILABLE	= 5,	/* ask again later */
	EEH_PE_FAILED		= 6,	/* for good: until it is unplugged or the machine boots */
	EEH_PE_UNKNOWN		= 7,	/* an answer that says nothing */
};

/* "normal", "reset", "frozen", "dma-stopped", "unavailable", "failed", "unknown". Thread safe. */
EEH_API const char *eeh_pe_condition_name(enum eeh_pe_condition condition);

/* PAPR (ibm,read-slot-reset-state2) lets a PE be unavailable that long; Linux waits as long. */
#define EEH_PE_UNAVAILABLE_MAX_MS	300000
/* Between two questions to an unavailable PE: what Linux waits at least (eeh_wait_state()). */
#define EEH_PE_UNAVAILABLE_ASK_MS	1000
/* Linux resets a PE that many times before it gives up (eeh_pe_reset_full()). */
#define EEH_PE_RESET_ATTEMPTS		3

/**
 * struct eeh_pe_history - what must be remembered to understand the next answer
 * @sz:			sizeof(struct eeh_pe_history)
 * @unavailable_since:	when it was first said to be unavailable, nanoseconds; 0: it
 *			was not, the last time
 * @failed_resets:	resets that succeeded and left it stopped, since it was last
 *			normal
 * @reset_asserted:	the last thing done to it was to assert a reset
 * @failed:		it was judged EEH_PE_FAILED; stays until somebody clears it
 *
 * Can be saved and restored. All zero is a PE of which nothing is known.
 */
struct eeh_pe_history {
	size_t sz;
	uint64_t unavailable_since;
	uint32_t failed_resets;
	bool reset_asserted;
	bool failed;
};

/**
 * struct eeh_pe_status - a state, and what it means
 * @sz:			sizeof(struct eeh_pe_status)
 * @raw:		the answer, EEH_PE_RAW_* or something else
 * @condition:		enum eeh_pe_condition
 * @ambiguous:		the answer has another meaning as well: @why says which
 * @ask_again_ms:	when to ask again; 0: nothing changes by waiting
 * @unavailable_ms:	for how long it has been unavailable
 * @why:		a sentence
 */
struct eeh_pe_status {
	size_t sz;
	int32_t raw;
	uint32_t condition;
	bool ambiguous;
	uint32_t ask_again_ms;
	uint64_t unavailable_ms;
	char why[200];
};

/**
 * eeh_pe_decode() - what an answer means
 * @raw:	the answer
 * @now_ns:	the time, of the clock of @history
 * @history:	what came before; brought up to date
 * @status:	filled in; @status->sz must be set
 *
 * The state request loses what firmware said (eeh_pe_get_state() in the kernel):
 * 5 is a PE whose parent recovers, or one that has only MMIO stopped; it is
 * EEH_PE_UNAVAILABLE for EEH_PE_UNAVAILABLE_MAX_MS, then EEH_PE_FAILED. 2 is a
 * frozen PE, but also one that firmware has given up or cannot reach for now: it
 * is EEH_PE_FROZEN, until EEH_PE_RESET_ATTEMPTS resets left it so. 1 is a reset
 * that is asserted, or a question that firmware failed to answer. Once failed,
 * always failed, whatever the answer.
 *
 * Touches nothing but its arguments. Thread safe.
 *
 * Return: 0; -EINVAL (a size is not set).
 */
EEH_API int eeh_pe_decode(int raw, uint64_t now_ns, struct eeh_pe_history *history,
			  struct eeh_pe_status *status);

/* ---- What can be done with it ---- */

/* Operations: VFIO_EEH_PE_* of linux/vfio.h, the same for all ways to a PE. */
enum eeh_pe_op {
	EEH_PE_OP_DISABLE		= 0,	/* succeeds and does nothing */
	EEH_PE_OP_ENABLE		= 1,	/* thaw it and forget that it was isolated */
	EEH_PE_OP_UNFREEZE_IO		= 2,	/* let MMIO pass */
	EEH_PE_OP_UNFREEZE_DMA		= 3,	/* let DMA pass */
	EEH_PE_OP_GET_STATE		= 4,	/* the result is the state */
	EEH_PE_OP_RESET_DEACTIVATE	= 5,	/* end a reset; takes 1.8 s */
	EEH_PE_OP_RESET_HOT		= 6,	/* assert a hot reset; takes 0.25 s */
	EEH_PE_OP_RESET_FUNDAMENTAL	= 7,	/* assert a fundamental reset; likewise */
	EEH_PE_OP_CONFIGURE		= 8,	/* restore bridges after a reset */
	EEH_PE_OP_INJECT_ERR		= 9,	/* arm, or make, an error */
	EEH_PE_OPS			= 10,
};

/* "disable", "enable", "unfreeze-io", ..., "inject-err"; "unknown". Thread safe. */
EEH_API const char *eeh_pe_op_name(enum eeh_pe_op op);

/**
 * struct eeh_pe_err - the error of EEH_PE_OP_INJECT_ERR: struct vfio_eeh_pe_err
 * @sz:		sizeof(struct eeh_pe_err)
 * @type:	0: ioa-bus-error, 1: ioa-bus-error-64 (PAPR, ibm,errinjct)
 * @func:	0 to 19, as of PAPR: 0 load of memory, 4 load of config space, 6 store
 *		to memory, 10 store to config space, 12 DMA read, 16 DMA write
 * @addr:	bus address; 0: firmware chooses one of the PE
 * @mask:	bits of @addr that are compared
 */
struct eeh_pe_err {
	size_t sz;
	uint32_t type;
	uint32_t func;
	uint64_t addr;
	uint64_t mask;
};

/* By which way. */
enum eeh_backend {
	EEH_BACKEND_AUTO	= 0,	/* the first of the following that works */
	EEH_BACKEND_VFIO	= 1,	/* ioctl of a VFIO container that this process owns */
	EEH_BACKEND_DEV		= 2,	/* /dev/eeh of the kernel module, for any PE; s390x: any
					 * function, to look at only */
	EEH_BACKEND_ZPCI	= 3,	/* s390x: a function that this process owns (eeh/zpci.h) */
};

/* "auto", "vfio", "dev", "zpci". Thread safe. */
EEH_API const char *eeh_backend_name(enum eeh_backend backend);

struct eeh_vfio;
struct eeh_zpci;

/**
 * struct eeh_pe_opts - options of eeh_pe_open()
 * @sz:		sizeof(struct eeh_pe_opts)
 * @backend:	enum eeh_backend
 * @force:	also let operations change a PE that a driver of this kernel uses.
 *		The driver will not expect it
 * @vfio:	VFIO groups that this process has (eeh_vfio_open()), or NULL. They must
 *		outlive the PE
 * @zpci:	s390x: the function, if this process has it open (eeh_zpci_open()), or
 *		NULL. Must outlive the PE
 */
struct eeh_pe_opts {
	size_t sz;
	uint32_t backend;
	bool force;
	struct eeh_vfio *vfio;
	struct eeh_zpci *zpci;
};

struct eeh_pe;

/**
 * eeh_pe_open() - get hold of a PE
 * @ctx:	the context
 * @phb:	PCI domain of its host bridge
 * @addr:	its number
 * @opts:	options, or NULL
 * @pe:		where to put it; free with eeh_pe_close()
 *
 * The way is chosen so that nobody else is disturbed: VFIO if its group is in
 * @opts->vfio; else /dev/eeh; else, if there is no /dev/eeh and no process has the
 * group open, VFIO with the group opened until eeh_pe_close(). VFIO obeys only
 * the process that set its container up: another's PE needs /dev/eeh.
 *
 * On s390x the only way is EEH_BACKEND_ZPCI: the function in @opts->zpci; else, if
 * no process has it open, the function opened until eeh_pe_close(). Its operations
 * are EEH_PE_OP_GET_STATE (EEH_PE_RAW_STOPPED: an error awaits a reset; a kernel that
 * unblocks by itself has done so: eeh_zpci_support()), EEH_PE_OP_RESET_HOT (all of the
 * reset, and the owner's quiesce()), EEH_PE_OP_CONFIGURE (its remap() and enable());
 * RESET_DEACTIVATE and DISABLE do nothing, all others are -EOPNOTSUPP.
 *
 * Nothing is done to the PE, and no question asked.
 *
 * Return: 0; -ENODEV (no such PE), -EINVAL, -E2BIG (unknown options), -EBUSY (a
 * process has it, and there is no /dev/eeh), -EACCES or -EPERM (not root),
 * -EOPNOTSUPP (EEH is off; the PE belongs to the kernel and there is no
 * /dev/eeh; its devices are in several groups), what eeh_vfio_group() returns,
 * -ENOMEM.
 */
EEH_API int eeh_pe_open(struct eeh_ctx *ctx, uint32_t phb, uint32_t addr,
			const struct eeh_pe_opts *opts, struct eeh_pe **pe);
/* NULL does nothing. */
EEH_API void eeh_pe_close(struct eeh_pe *pe);

/* "0001:fd", valid until eeh_pe_close(); its way, never EEH_BACKEND_AUTO. */
EEH_API const char *eeh_pe_name(const struct eeh_pe *pe);
EEH_API enum eeh_backend eeh_pe_backend(const struct eeh_pe *pe);

/**
 * eeh_pe_op() - one operation, as the kernel does it
 * @pe:		the PE
 * @op:		enum eeh_pe_op
 * @err:	for EEH_PE_OP_INJECT_ERR; NULL for the others
 *
 * What a caller has to know is in enum eeh_pe_op. Resets and thaws affect all
 * devices of the PE. Blocks as long as said there.
 *
 * Return: 0 or, for EEH_PE_OP_GET_STATE, the state (EEH_PE_RAW_*); -EINVAL (no such
 * operation, or @err missing or out of place), -ENODEV (the PE is gone), -EIO
 * (firmware failed, or the PE is still stopped), -ERANGE or -EINVAL (this host
 * cannot inject that), -ENXIO (its firmware cannot inject), -ENOENT (no EEH
 * here), -EPERM (VFIO: the container is another process's; on a PowerVM host
 * also: firmware refused), -EBUSY (/dev/eeh: a driver of this kernel uses the PE,
 * and it was opened without force), -EAGAIN (/dev/eeh, EEH_PE_OP_GET_STATE: a reset is
 * under way), -EINTR (/dev/eeh: a signal came before its turn). A pseries host
 * returns the status of RTAS as errno.
 */
EEH_API int eeh_pe_op(struct eeh_pe *pe, enum eeh_pe_op op, const struct eeh_pe_err *err);

/**
 * eeh_pe_state() - ask for the state, and say what it means
 * @pe:		the PE
 * @status:	filled in; @status->sz must be set
 *
 * eeh_pe_decode() with the history of @pe.
 *
 * Return: 0; -EINVAL; as eeh_pe_op().
 */
EEH_API int eeh_pe_state(struct eeh_pe *pe, struct eeh_pe_status *status);

/* What is remembered of @pe; and put back, say after a restart. -EINVAL, -E2BIG. */
EEH_API int eeh_pe_get_history(const struct eeh_pe *pe, struct eeh_pe_history *history);
EEH_API int eeh_pe_set_history(struct eeh_pe *pe, const struct eeh_pe_history *history);

enum eeh_pe_step {
	EEH_PE_STEP_STATE	= 0,	/* ask for the state */
	EEH_PE_STEP_WAIT	= 1,	/* wait until it is available */
	EEH_PE_STEP_ASSERT	= 2,	/* assert the reset */
	EEH_PE_STEP_DEACTIVATE	= 3,	/* end it, and wait until devices are ready */
	EEH_PE_STEP_CONFIGURE	= 4,	/* restore bridges */
	EEH_PE_STEP_UNFREEZE	= 5,	/* thaw */
	EEH_PE_STEP_DONE	= 6,	/* the sequence has ended */
};

/* "state", "wait", "assert", "deactivate", "configure", "unfreeze", "done". Thread safe. */
EEH_API const char *eeh_pe_step_name(enum eeh_pe_step step);

/**
 * struct eeh_pe_progress - how far a sequence is
 * @sz:		sizeof(struct eeh_pe_progress), as this library knows it
 * @step:	enum eeh_pe_step that begins now
 * @attempt:	1, 2, ...
 * @attempts:	how many there will be at most
 * @elapsed_ns:	since the sequence began
 * @step_ns:	what the step before took
 * @expect_ms:	what this one takes usually; 0: no time
 */
struct eeh_pe_progress {
	size_t sz;
	uint32_t step;
	uint32_t attempt;
	uint32_t attempts;
	uint64_t elapsed_ns;
	uint64_t step_ns;
	uint32_t expect_ms;
};

/*
 * Called before each step, in the thread of the caller; it must not use the PE. A
 * result other than 0 cancels the sequence, which then returns -ECANCELED; a
 * reset that is asserted is ended first.
 */
typedef int (*eeh_pe_progress_fn)(void *arg, const struct eeh_pe_progress *progress);

enum eeh_pe_reset_kind {
	EEH_PE_RESET_HOT		= 0,
	EEH_PE_RESET_FUNDAMENTAL	= 1,
};

/**
 * struct eeh_pe_reset_opts - options of eeh_pe_reset() and eeh_pe_recover()
 * @sz:		sizeof(struct eeh_pe_reset_opts)
 * @kind:	enum eeh_pe_reset_kind
 * @attempts:	resets at most; 0: 1 for eeh_pe_reset(), EEH_PE_RESET_ATTEMPTS for
 *		eeh_pe_recover()
 * @wait_ms:	how long to wait for an unavailable PE; 0: EEH_PE_UNAVAILABLE_MAX_MS
 * @progress:	called before each step; may be NULL
 * @progress_arg: its first argument
 */
struct eeh_pe_reset_opts {
	size_t sz;
	uint32_t kind;
	uint32_t attempts;
	uint32_t wait_ms;
	eeh_pe_progress_fn progress;
	void *progress_arg;
};

/**
 * eeh_pe_reset() - reset a PE, whatever its state
 * @pe:		the PE
 * @opts:	options, or NULL
 *
 * Assert, deactivate, configure, and see that it is normal. Afterwards its devices
 * are as after power-on, but for what the kernel restored: BARs and memory decode.
 * Interrupts and bus mastering must be set up again.
 *
 * Return: 0: it is normal; -EIO (it is not), -ETIMEDOUT (unavailable for too long),
 * -ENOTRECOVERABLE (failed for good), -ECANCELED; as eeh_pe_op(), -EINVAL, -E2BIG.
 */
EEH_API int eeh_pe_reset(struct eeh_pe *pe, const struct eeh_pe_reset_opts *opts);

/**
 * eeh_pe_recover() - bring a PE back to normal
 * @pe:		the PE
 * @opts:	options, or NULL
 *
 * As eeh_pe_reset(), but nothing is done to a PE that is normal, and one that is
 * unavailable is waited for first.
 *
 * Return: 1: there was nothing to do; else as eeh_pe_reset().
 */
EEH_API int eeh_pe_recover(struct eeh_pe *pe, const struct eeh_pe_reset_opts *opts);

#define EEH_PE_UNFREEZE_IO	(1 << 0)
#define EEH_PE_UNFREEZE_DMA	(1 << 1)

/**
 * eeh_pe_unfreeze() - thaw a PE without a reset
 * @pe:		the PE
 * @what:	EEH_PE_UNFREEZE_*; MMIO goes first
 *
 * To look at the registers of a device that froze. The kernel keeps the PE marked
 * as isolated: it takes no diagnostic data at its next freeze, and PEs below it
 * are unavailable, until eeh_pe_reset(). EEH_PE_OP_ENABLE thaws both and clears
 * the mark, but only on a PE that is still stopped. A device that was in the
 * middle of something usually freezes again.
 *
 * Return: 0; -EINVAL (@what); as eeh_pe_op().
 */
EEH_API int eeh_pe_unfreeze(struct eeh_pe *pe, uint32_t what);

/* EEH_PE_OP_CONFIGURE and EEH_PE_OP_ENABLE; as eeh_pe_op(). */
EEH_API int eeh_pe_configure(struct eeh_pe *pe);
EEH_API int eeh_pe_enable(struct eeh_pe *pe);

/* ---- Diagnostic data ---- */

/**
 * struct eeh_pe_log - what firmware said of a freeze
 * @sz:		sizeof(struct eeh_pe_log)
 * @seq:	its number; grows
 * @time_ns:	when it was fetched, CLOCK_BOOTTIME
 * @stale:	the PE had been isolated before: these are older data
 * @passed:	the PE was passed through
 * @source:	how the freeze was noticed, enum eeh_source of uapi/eeh_dev.h
 * @len:	bytes of @data
 * @data:	the PHB's structure, big endian; see eeh_log_decode(). Valid until the
 *		next call with this PE
 * @number:	its number among those of this PE, from 1; 0: not known (POWER)
 */
struct eeh_pe_log {
	size_t sz;
	uint64_t seq;
	uint64_t time_ns;
	bool stale;
	bool passed;
	uint32_t source;
	size_t len;
	const void *data;
	uint64_t number;
};

/**
 * eeh_pe_log_next() - the first diagnostic data after some
 * @pe:		the PE, open by /dev/eeh (EEH_BACKEND_DEV)
 * @seq:	number of the last that was seen, 0: none
 * @log:	filled in; @log->sz must be set
 *
 * The module keeps the last few of each PE.
 *
 * Return: 0; -ENODATA (there is no newer one), -EOPNOTSUPP (not /dev/eeh), -EINVAL,
 * -ENOMEM; as eeh_pe_op().
 */
EEH_API int eeh_pe_log_next(struct eeh_pe *pe, uint64_t seq, struct eeh_pe_log *log);

/**
 * eeh_pe_log_fetch() - have firmware say now why a PE is frozen
 * @pe:		the PE, open by /dev/eeh (EEH_BACKEND_DEV)
 * @seq:	set to what eeh_pe_log_next() takes to return it; 0: there is none, as
 *		the PE is not frozen. May be NULL
 *
 * To be called before a reset, which destroys the data. Of a PE that the kernel
 * isolated before there are no fresh data.
 *
 * Return: the state, EEH_PE_RAW_*; -EOPNOTSUPP (not /dev/eeh); as eeh_pe_op().
 */
EEH_API int eeh_pe_log_fetch(struct eeh_pe *pe, uint64_t *seq);

/* ---- Errors on purpose ---- */

enum eeh_inject_class {
	EEH_INJECT_CONFIG_READ	= 0,
	EEH_INJECT_CONFIG_WRITE	= 1,
	EEH_INJECT_MMIO_LOAD	= 2,
	EEH_INJECT_MMIO_STORE	= 3,
	EEH_INJECT_IO_LOAD	= 4,
	EEH_INJECT_IO_STORE	= 5,
	EEH_INJECT_DMA_READ	= 6,	/* the device reads memory */
	EEH_INJECT_DMA_WRITE	= 7,
	EEH_INJECT_CLASSES	= 8,
};

/* "config-read", "config-write", "mmio-load", ..., "dma-write"; "unknown". Thread safe. */
EEH_API const char *eeh_inject_class_name(enum eeh_inject_class c);

enum eeh_inject_verdict {
	EEH_INJECT_YES		= 0,	/* this host's kernel and firmware do it */
	EEH_INJECT_MAYBE	= 1,	/* depends on the firmware's version: it will say */
	EEH_INJECT_NO		= 2,	/* never */
};

/**
 * eeh_inject_check() - can this host inject such an error into a PE of that PHB?
 * @ctx:	the context
 * @phb:	PCI domain of the host bridge
 * @c:		the class
 * @why:	where to put a sentence, may be NULL; a constant
 *
 * A PowerVM LPAR (or a KVM guest) can make MMIO errors only, and makes them at
 * once. On bare metal firmware arms the PHB, and the next matching access fails:
 * POWER8 (PHB3) can everything but I/O ports; POWER9 and later (PHB4, PHB5) can
 * config accesses, and MMIO and DMA if its firmware has learnt it.
 *
 * Return: enum eeh_inject_verdict; -EINVAL (@c), -EOPNOTSUPP (no EEH here).
 */
EEH_API int eeh_inject_check(struct eeh_ctx *ctx, uint32_t phb, enum eeh_inject_class c,
			     const char **why);

/**
 * struct eeh_inject_opts - options of eeh_pe_inject()
 * @sz:		sizeof(struct eeh_inject_opts)
 * @addr:	bus address of the access that is to fail, a multiple of 4; 0: firmware
 *		chooses one of the PE
 * @mask:	bits of @addr that are compared; 0: all (if @addr is given)
 * @wide:	-1: ioa-bus-error, 1: ioa-bus-error-64, 0: what @addr needs
 */
struct eeh_inject_opts {
	size_t sz;
	uint64_t addr;
	uint64_t mask;
	int32_t wide;
};

/**
 * eeh_pe_inject() - make an error, or arm one
 * @pe:		the PE
 * @c:		what kind of access is to fail
 * @opts:	options, or NULL
 *
 * On bare metal it returns when the error is armed: the next matching access
 * freezes the PE. Config accesses are matched by bus or function, MMIO by address;
 * DMA by address only, so that another PE of the same PHB may be hit.
 *
 * Return: 0; -EOPNOTSUPP (eeh_inject_check() says no, or firmware does: the sentence
 * says which), -EINVAL; as eeh_pe_op().
 */
EEH_API int eeh_pe_inject(struct eeh_pe *pe, enum eeh_inject_class c,
			  const struct eeh_inject_opts *opts);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_PE_H */
