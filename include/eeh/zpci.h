/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: PCI functions of s390x (zPCI) that this process owns through VFIO. Such a
 * function is a PE of its own: its PHB is its PCI domain, its number is its
 * function id (fid). eeh/pe.h works on it as on a PE of POWER; what is here is what
 * only its owner can do: hear of its errors, and read what hardware said of them.
 *
 * Two kinds of kernels (enum eeh_zpci_support). Linux 7.3 and later keep a function
 * that made an error blocked until its owner resets it, and give the owner the
 * event (VFIO_DEVICE_FEATURE_ZPCI_ERROR). Earlier ones unblock MMIO and DMA by
 * themselves within milliseconds (zpci_do_error_attempt_recovery()), and tell the
 * owner no more than that there was an error: with them nothing guarantees that a
 * function stands still between its error and its reset.
 *
 *	eeh_zpci_open(vfio, address, &opts, &z);
 *	poll(eeh_zpci_fd(z));
 *	eeh_zpci_read(z, fn, arg);		what happened
 *	eeh_pe_recover(pe, NULL);		reset, remap, enable (eeh/pe.h)
 *
 * Thread safety: as a context.
 */
#ifndef __EEH_ZPCI_H
#define __EEH_ZPCI_H

#include <eeh/eeh.h>
#include <eeh/pci.h>
#include <eeh/vfio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum eeh_zpci_support {
	EEH_ZPCI_UNKNOWN	= 0,	/* the kernel does not say which it is */
	EEH_ZPCI_HOST		= 1,	/* the kernel unblocks by itself: no freeze guarantee */
	EEH_ZPCI_OWNER		= 2,	/* blocked until the owner resets it */
};

/* "unknown", "host", "owner". Thread safe. */
EEH_API const char *eeh_zpci_support_name(enum eeh_zpci_support support);

/**
 * eeh_zpci_support() - what this kernel does with errors of passed-through functions
 * @ctx:	the context
 *
 * By the kernel's type information (/sys/kernel/btf/vmlinux): struct
 * zpci_ccdf_pending is there only with the support for owners. To be certain,
 * open the function: eeh_zpci_kind().
 *
 * Return: enum eeh_zpci_support; -EOPNOTSUPP (this is no s390x machine), -ENOMEM.
 */
EEH_API int eeh_zpci_support(struct eeh_ctx *ctx);

/**
 * struct eeh_zpci_owner - what the owner of a function does in its recovery
 * @sz:		sizeof(struct eeh_zpci_owner)
 * @arg:	first argument of each function
 * @quiesce:	right after the reset: set PCI_COMMAND (the reset clears it) and stop
 *		whatever the device may still be doing. A bus reset need not reset a
 *		device's registers (QEMU's does not)
 * @remap:	then: VFIO_IOMMU_UNMAP_DMA and VFIO_IOMMU_MAP_DMA of all memory of the
 *		device. Its translation tables are registered anew with the function,
 *		and mapping fails before the reset
 * @enable:	at last: set the device up
 *
 * Each may be NULL. Result: 0 or -errno, which ends the recovery.
 */
struct eeh_zpci_owner {
	size_t sz;
	void *arg;
	int (*quiesce)(void *arg);
	int (*remap)(void *arg);
	int (*enable)(void *arg);
};

struct eeh_zpci;

/**
 * eeh_zpci_open() - take a function, and listen to its errors
 * @vfio:	groups of this process; must outlive @z
 * @address:	PCI address of the function, bound to vfio-pci
 * @owner:	what to do in a recovery; copied; NULL: nothing
 * @z:		where to put it; free with eeh_zpci_close()
 *
 * Opens the function as eeh_vfio_device() does, which has the descriptor. Where
 * the kernel may be one that unblocks by itself, the file reset_method is set to
 * "bus" first, as the default method, FLR, takes over a minute on a function that
 * is blocked; it is put back by eeh_zpci_close(). If "bus" is not among its methods
 * (of a function that was revived) it is set to "default", which makes the
 * kernel look for them again. Both need root, and failing is only said in the log.
 *
 * Return: 0; -EOPNOTSUPP (no s390x), -EINVAL, -E2BIG, -ENODEV, -EMFILE, -ENOMEM; what
 * eeh_vfio_device() returns.
 */
EEH_API int eeh_zpci_open(struct eeh_vfio *vfio, const char *address,
			  const struct eeh_zpci_owner *owner, struct eeh_zpci **z);

/**
 * eeh_zpci_close() - no more listening
 * @z:		may be NULL
 *
 * The descriptor of the function stays open until eeh_vfio_close(). Events that
 * were not read are lost with that: the kernel says how many in its log.
 */
EEH_API void eeh_zpci_close(struct eeh_zpci *z);

/* Its PCI address and function id; enum eeh_zpci_support, as the function itself says. */
EEH_API const char *eeh_zpci_address(const struct eeh_zpci *z);
EEH_API uint32_t eeh_zpci_fid(const struct eeh_zpci *z);
EEH_API int eeh_zpci_kind(const struct eeh_zpci *z);

/**
 * eeh_zpci_fd() - the descriptor to wait on
 * @z:		the function
 *
 * Readable (poll, select, epoll) when eeh_zpci_read() has something. Belongs to @z.
 *
 * Return: a file descriptor, never negative.
 */
EEH_API int eeh_zpci_fd(const struct eeh_zpci *z);

/* Bits of eeh_zpci_error.flags */
#define EEH_ZPCI_F_CCDF		(1U << 0)	/* @ccdf is there */
#define EEH_ZPCI_F_PERMANENT	(1U << 1)	/* no reset helps: eeh_zpci_revive() */
#define EEH_ZPCI_F_LOST		(1U << 2)	/* no event, but how many were lost: @lost */

/**
 * struct eeh_zpci_error - an error of a function
 * @sz:		sizeof(struct eeh_zpci_error), as this library knows it
 * @seq:	its number since eeh_zpci_open(), from 1; lost ones have numbers as well
 * @time_ns:	when it was read, of the clock of struct eeh_sys
 * @flags:	EEH_ZPCI_F_*
 * @lost:	with EEH_ZPCI_F_LOST: events that the kernel signalled and did not keep
 *		(it keeps four)
 * @pec:	event code, 0 if it is not known
 * @fid:	function id
 * @fh:		function handle
 * @faddr:	failing address
 * @len:	bytes of @ccdf
 * @ccdf:	the event as hardware stored it, big-endian, for eeh_log_decode(). Valid
 *		during the call
 */
struct eeh_zpci_error {
	size_t sz;
	uint64_t seq;
	uint64_t time_ns;
	uint32_t flags;
	uint32_t lost;
	uint32_t pec;
	uint32_t fid;
	uint32_t fh;
	uint64_t faddr;
	size_t len;
	const void *ccdf;
};

/* @error is valid during the call. Return 0 to go on; anything else ends it and is returned. */
typedef int (*eeh_zpci_fn)(void *arg, const struct eeh_zpci_error *error);

/**
 * eeh_zpci_read() - take the errors that were reported
 * @z:		the function
 * @fn:		called for each, oldest first; may be NULL; must not use @z
 * @arg:	its first argument
 *
 * Does not wait. Takes events until the kernel has no more. A kernel that keeps no
 * events for owners gives one error without code per signal; for the code see
 * eeh/event.h, which needs root.
 *
 * Return: how many there were, lost ones included; what @fn returned, if that was not
 * 0; -ENODEV (the function is gone), -errno of the ioctl.
 */
EEH_API int eeh_zpci_read(struct eeh_zpci *z, eeh_zpci_fn fn, void *arg);

/*
 * An error was heard of by other means (a BPF event, a uevent): a function that cannot
 * signal its own has no others (conventional PCI before Linux 7.3).
 */
EEH_API void eeh_zpci_notice(struct eeh_zpci *z);

/* Does an error await eeh_pe_recover()? Is it lost for good? Does the kernel want it back (REQ)? */
EEH_API bool eeh_zpci_pending(const struct eeh_zpci *z);
EEH_API bool eeh_zpci_permanent(const struct eeh_zpci *z);
EEH_API bool eeh_zpci_requested(const struct eeh_zpci *z);

#define EEH_ZPCI_RESET_STEP_MS		2
#define EEH_ZPCI_RESET_BUDGET_MS	1000

/**
 * eeh_zpci_reset() - reset the function
 * @z:		the function
 *
 * VFIO_DEVICE_RESET. The kernel's handler of the error may still hold the device's
 * lock, which is -EAGAIN, or be in the middle of it, -EIO: both are tried again
 * each EEH_ZPCI_RESET_STEP_MS until EEH_ZPCI_RESET_BUDGET_MS are over. Then the owner's
 * quiesce(). Errors that came before are no longer pending.
 *
 * Return: 0; -EAGAIN or -EIO (still), -ENODEV (gone), -ENOTRECOVERABLE (permanent),
 * what quiesce() returned, -errno of the ioctl.
 */
EEH_API int eeh_zpci_reset(struct eeh_zpci *z);

/**
 * eeh_zpci_revive() - bring a function back whose error was permanent
 * @ctx:	the context
 * @address:	its PCI address
 * @driver:	driver to bind it to afterwards ("vfio-pci"); NULL: whichever takes it
 * @now:	its PCI address afterwards; may be NULL
 *
 * Writes to the function's file recover (recover_store() of arch/s390/pci/pci_sysfs.c),
 * which takes it out of the machine and in again, and with it forgets
 * driver_override: that is set again. Nobody may have it open. Needs root.
 *
 * Return: 0; -EOPNOTSUPP (no s390x), -EINVAL, -ENODEV (no such function; or it did not
 * come back), -EBUSY (a process has it open), -EACCES or -EPERM (not root), -errno of
 * the files.
 */
EEH_API int eeh_zpci_revive(struct eeh_ctx *ctx, const char *address, const char *driver,
			    char now[EEH_PCI_ADDRESS_LEN]);

/**
 * eeh_zpci_keep() - keep records of errors of all functions from now on
 * @ctx:	the context
 *
 * For eeh_pe_log_next() and "eehctl log": the last eight errors of each function that stopped it.
 * BPF programs keep them, pinned in <bpffs>/eeh/zpci: they go on when this process has ended,
 * until that directory is removed, or the machine is. If they are there already nothing is done.
 * Needs root.
 *
 * Return: 0; -EOPNOTSUPP (no s390x), -EPERM or -EACCES (not root), -ENOENT (the kernel has no
 * function of that name), -errno of bpf(2).
 */
EEH_API int eeh_zpci_keep(struct eeh_ctx *ctx);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_ZPCI_H */
