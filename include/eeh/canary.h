/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: canaries. A canary is a register of a PCI device that can be read
 * without effect and is never all-ones while the device is alive. When a driver
 * reads all-ones, the kernel module eeh_bpf loads the canary of the same BAR: a
 * value that is not all-ones proves that the device is not frozen, and saves the
 * question to firmware. See eehctl-canary(8).
 *
 * A canary belongs to the kernel, not to the process that adds it. It stays
 * until it is deleted, the device loses its driver, or the module is unloaded.
 *
 * PCI addresses are strings, "0001:01:00.0"; "01:00.0" is in domain 0.
 * Register values are those that readl() and its like return: the device's
 * bytes taken as little-endian.
 */
#ifndef __EEH_CANARY_H
#define __EEH_CANARY_H

#include <eeh/eeh.h>
#include <eeh/pci.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * One canary covers loads from the same BAR of the same device in the same
 * naturally aligned piece of this many bytes: no M64 segment that is known is
 * smaller, so register and load are in the same PE of the hardware.
 */
#define EEH_CANARY_REACH	(16UL << 20)

/*
 * Larger BARs can have none: they may be in several segments, and
 * eeh_memcpy_fromio() names the start of what it copied when the end is all-ones.
 */
#define EEH_CANARY_BAR_MAX	(128UL << 20)

/**
 * struct eeh_canary_spec - a register that can be a canary
 * @sz:		sizeof(struct eeh_canary_spec)
 * @bar:	number of the BAR, 0 to 5
 * @width:	bytes of a load: 1, 2, 4 or 8
 * @offset:	bytes from the start of the BAR, a multiple of @width
 * @mask:	which bits are always the same; 0: any value but all-ones will do
 * @want:	what these bits are; no bit outside @mask
 */
struct eeh_canary_spec {
	size_t sz;
	uint32_t bar;
	uint32_t width;
	uint64_t offset;
	uint64_t mask;
	uint64_t want;
};

/* ---- What is registered ---- */

enum eeh_canary_state {
	EEH_CANARY_LIVE		= 0,
	EEH_CANARY_SUSPENDED	= 1,	/* proves nothing for now; the kernel revives it */
	EEH_CANARY_UNKNOWN	= 2,	/* the module says something this library does not know */
};

/**
 * struct eeh_canary - a registered canary
 * @sz:		sizeof(struct eeh_canary)
 * @address:	the device
 * @reason:	why it is suspended: "new", "idle", "grace", "isolated", "reset",
 *		"thaw", "config-write", "d3", "decode-off", "bar-moved", "passed",
 *		"error", "gone", "firmware", "missed" or a word that this library
 *		does not know; "-" if it is live
 * @state:	enum eeh_canary_state
 * @bar:	its register, as in struct eeh_canary_spec
 * @width:	likewise
 * @offset:	likewise
 * @mask:	likewise
 * @want:	likewise
 * @value:	what the last load returned
 * @load_ns:	how long a load took when it was added, nanoseconds
 * @query_ns:	how long a question to firmware took then, nanoseconds
 * @answered:	checks that it answered
 * @allones:	loads that returned all-ones, so that firmware was asked
 * @mismatch:	loads that did not fit @mask and @want, so that firmware was asked
 * @suspended:	how often it was suspended
 */
struct eeh_canary {
	size_t sz;
	char address[EEH_PCI_ADDRESS_LEN];
	char reason[20];
	uint32_t state;
	uint32_t bar;
	uint32_t width;
	uint64_t offset;
	uint64_t mask;
	uint64_t want;
	uint64_t value;
	uint64_t load_ns;
	uint64_t query_ns;
	uint64_t answered;
	uint64_t allones;
	uint64_t mismatch;
	uint64_t suspended;
};

/* @c is valid during the call. Return 0 to go on; anything else ends the loop and is returned. */
typedef int (*eeh_canary_fn)(void *arg, const struct eeh_canary *c);

/**
 * eeh_canary_for_each() - call a function for every registered canary
 * @ctx:	the context
 * @fn:		the function
 * @arg:	its first argument
 *
 * Counters that the module does not have are 0. Needs no permission. @fn may
 * call the library: what is listed was read before the first call.
 *
 * Return: 0; what @fn returned; -ENODEV (the module is not loaded), -EBADMSG
 * (the module has no canaries, or says something that is not understood),
 * -ENOMEM, -EFBIG, -EIO.
 */
EEH_API int eeh_canary_for_each(struct eeh_ctx *ctx, eeh_canary_fn fn, void *arg);

/* ---- On and off ---- */

/**
 * eeh_canary_add() - register a canary
 * @ctx:	the context
 * @address:	the device
 * @spec:	the register; NULL: the one that the table has for the device
 *
 * With @spec the caller vouches for the register: the kernel sees that it is
 * not all-ones now and that loads are fast, but it cannot see whether loads
 * have side effects or whether it will be all-ones one day. The kernel loads it
 * at least three times before it returns.
 *
 * A device may have several, one per BAR and EEH_CANARY_REACH of it. They work
 * while a policy is attached (eeh_fastpath_attach()), which may come later.
 *
 * Return: 0; -ENOENT (no @spec, and the table has no row for the device; the
 * kernel is not asked), -EINVAL (not a PCI address; width, alignment, mask or
 * want), -E2BIG (unknown options), -ENODEV (no such device, or the module is
 * not loaded), -EOPNOTSUPP (the device is not under EEH, or is passed through
 * to a guest or to user space), -ENXIO (no memory BAR, larger than
 * EEH_CANARY_BAR_MAX, or the register is outside of it), -EBUSY (no driver is
 * bound, not in D0, memory decode is off, or its PE is frozen or recovers),
 * -EIO (it reads all-ones), -EPROTO (the value is not as mask and want say),
 * -ETIME (a load takes longer than half a question to firmware, so nothing can
 * be gained), -EEXIST (there is one that covers the same part of the BAR),
 * -ENOSPC (as many as the module has room for), -EAGAIN (the module could not
 * probe the kernel's check), -EACCES or -EPERM (not root), -EBADMSG (the module
 * has no canaries), -ENOMEM.
 */
EEH_API int eeh_canary_add(struct eeh_ctx *ctx, const char *address,
			   const struct eeh_canary_spec *spec);

/**
 * eeh_canary_delete() - unregister the canaries of a device
 * @ctx:	the context
 * @address:	the device; NULL: of all devices
 *
 * When it returns, none of them is loaded any more.
 *
 * Return: 0; -ENOENT (@address has none), -EINVAL (not a PCI address), -ENODEV
 * (the module is not loaded), -EACCES or -EPERM (not root), -EBADMSG, -ENOMEM.
 */
EEH_API int eeh_canary_delete(struct eeh_ctx *ctx, const char *address);

/**
 * eeh_canary_try() - see whether the kernel takes a canary, and leave none behind
 * @ctx:	the context
 * @address:	the device, which must have no canary
 * @spec:	as in eeh_canary_add()
 * @result:	filled in with what the kernel measured, if it took it; may be NULL;
 *		@result->sz must be set
 *
 * Adds it, reads the result and deletes it: for some milliseconds it is a
 * canary like others, and a process killed in between leaves it behind.
 *
 * Return: as eeh_canary_add(); -EEXIST (the device has one, which stays as it
 * is).
 */
EEH_API int eeh_canary_try(struct eeh_ctx *ctx, const char *address,
			   const struct eeh_canary_spec *spec, struct eeh_canary *result);

/* ---- Why a device has one, or has not ---- */

enum eeh_canary_verdict {
	EEH_CANARY_HAS		= 0,	/* it has one (or more) */
	EEH_CANARY_CAN		= 1,	/* nothing in the way; the kernel has the last word */
	EEH_CANARY_BRIDGE	= 2,	/* a bridge: drivers do not read its memory */
	EEH_CANARY_NO_EEH	= 3,	/* the kernel does not watch the device */
	EEH_CANARY_NO_DRIVER	= 4,	/* nobody reads it */
	EEH_CANARY_PASSED	= 5,	/* passed through: its reads do not come by here */
	EEH_CANARY_NO_ROW	= 6,	/* the table does not know it */
	EEH_CANARY_NO_BAR	= 7,	/* the row's BAR is not memory, too small or too large */
	EEH_CANARY_ASLEEP	= 8,	/* not in D0 */
};

/**
 * struct eeh_canary_row - what the table of safe canaries has for a device
 * @sz:		sizeof(struct eeh_canary_row)
 * @bar:	the register, as in struct eeh_canary_spec
 * @width:	likewise
 * @offset:	likewise
 * @mask:	likewise
 * @want:	likewise
 * @name:	device and register: "NVMe: VS"
 * @source:	the specification or driver that it was taken from
 * @harmless:	why a read has no side effect
 * @never_ones:	why it is never all-ones while the device is alive
 *
 * The strings are constants.
 */
struct eeh_canary_row {
	size_t sz;
	uint32_t bar;
	uint32_t width;
	uint64_t offset;
	uint64_t mask;
	uint64_t want;
	const char *name;
	const char *source;
	const char *harmless;
	const char *never_ones;
};

enum eeh_bar_mapped {
	EEH_BAR_NOT_MAPPED	= 0,	/* the kernel does not read it */
	EEH_BAR_MAPPED		= 1,	/* the kernel has a mapping of (a part of) it */
	EEH_BAR_MAPPED_UNKNOWN	= 2,	/* /proc/vmallocinfo could not be read */
};

/**
 * struct eeh_canary_bar - a BAR, without touching the device
 * @sz:		sizeof(struct eeh_canary_bar)
 * @kind:	enum eeh_bar_kind
 * @mapped:	enum eeh_bar_mapped
 * @start:	physical (CPU) address of its first byte
 * @size:	bytes
 * @pieces:	naturally aligned pieces of EEH_CANARY_REACH that it touches: how
 *		many canaries would cover all of it
 * @covered:	pieces that have a canary
 * @prefetch:	reads have no side effects, says the device (PCI 3.0, 6.2.5.1)
 */
struct eeh_canary_bar {
	size_t sz;
	uint32_t kind;
	uint32_t mapped;
	uint64_t start;
	uint64_t size;
	uint64_t pieces;
	uint64_t covered;
	bool prefetch;
};

/* A PCI function, as it was when the library looked. */
struct eeh_canary_device;

/**
 * eeh_canary_device_get() - look at a device
 * @ctx:	the context
 * @address:	the device
 * @dev:	where to put it; free with eeh_canary_device_free()
 *
 * Looks at files only (sysfs, /proc/vmallocinfo); reads nothing from the device,
 * asks firmware nothing and changes nothing. So it cannot know whether the
 * device is frozen: eeh_canary_add() will. Works without the module.
 *
 * Return: 0; -EINVAL (not a PCI address), -ENODEV (no such device), -EBADMSG (a
 * file in sysfs is not understood), -ENOMEM.
 */
EEH_API int eeh_canary_device_get(struct eeh_ctx *ctx, const char *address,
				  struct eeh_canary_device **dev);
EEH_API void eeh_canary_device_free(struct eeh_canary_device *dev);

/* @dev is valid during the call. Return 0 to go on; anything else ends the loop and is returned. */
typedef int (*eeh_canary_device_fn)(void *arg, const struct eeh_canary_device *dev);

/**
 * eeh_canary_for_each_device() - call a function for every PCI function
 * @ctx:	the context
 * @fn:		the function; it may call the library
 * @arg:	its first argument
 *
 * In the order of their addresses. Devices that go away meanwhile are left out.
 *
 * Return: 0; what @fn returned; -ENOENT (no PCI in sysfs), -EBADMSG, -ENOMEM.
 */
EEH_API int eeh_canary_for_each_device(struct eeh_ctx *ctx, eeh_canary_device_fn fn, void *arg);

/*
 * What it looked like. Strings live as long as @dev. Any number of threads may
 * use these on the same @dev.
 */
EEH_API const char *eeh_canary_device_address(const struct eeh_canary_device *dev);
/* "" if none is bound. */
EEH_API const char *eeh_canary_device_driver(const struct eeh_canary_device *dev);
/* PCI vendor and device id, class code (24 bits). */
EEH_API uint16_t eeh_canary_device_vendor(const struct eeh_canary_device *dev);
EEH_API uint16_t eeh_canary_device_id(const struct eeh_canary_device *dev);
EEH_API uint32_t eeh_canary_device_class(const struct eeh_canary_device *dev);
EEH_API enum eeh_canary_verdict eeh_canary_device_verdict(const struct eeh_canary_device *dev);
/* The verdict as a sentence, with what to do about it. */
EEH_API const char *eeh_canary_device_why(const struct eeh_canary_device *dev);

/**
 * eeh_canary_device_row() - the row of the table that is for this device
 * @dev:	the device
 * @row:	filled in; @row->sz must be set
 *
 * Return: 0; -ENOENT (none), -EINVAL (@row->sz).
 */
EEH_API int eeh_canary_device_row(const struct eeh_canary_device *dev,
				  struct eeh_canary_row *row);

/**
 * eeh_canary_device_bar() - one of its BARs
 * @dev:	the device
 * @i:		0 to EEH_BARS - 1
 * @bar:	filled in; @bar->sz must be set
 *
 * Return: 0; -EINVAL (@i, @bar->sz).
 */
EEH_API int eeh_canary_device_bar(const struct eeh_canary_device *dev, uint32_t i,
				  struct eeh_canary_bar *bar);

/* ---- /proc/powerpc/eeh ---- */

/**
 * struct eeh_canary_counters - the kernel's EEH counters, and what they would be
 * @sz:			sizeof(struct eeh_canary_counters)
 * @enabled:		EEH is enabled; if not, only @mmio_ffs counts
 * @no_device:		"no device": all-ones from an address that is no PCI device
 * @mmio_ffs:		"eeh_total_mmio_ffs": checks of all-ones
 * @false_positives:	"eeh_false_positives": the PE was not frozen
 * @slot_resets:	"eeh_slot_resets": freezes found
 * @check_queries:	checks that the policy was asked about, since the module was loaded
 * @check_answered:	of these: answered by a canary
 * @true_no_device:	@no_device - @check_answered
 * @true_mmio_ffs:	@mmio_ffs + @check_answered
 * @true_false_positives: @false_positives + @check_answered
 *
 * The kernel counts a check that a canary answered as "no device" (eeh.c,
 * eeh_check_failure()) and not as one of the two others. The true_ ones put that
 * right for the checks since the module was loaded: those of an earlier load
 * are in @no_device for good.
 */
struct eeh_canary_counters {
	size_t sz;
	bool enabled;
	uint64_t no_device;
	uint64_t mmio_ffs;
	uint64_t false_positives;
	uint64_t slot_resets;
	uint64_t check_queries;
	uint64_t check_answered;
	uint64_t true_no_device;
	uint64_t true_mmio_ffs;
	uint64_t true_false_positives;
};

/**
 * eeh_canary_counters() - read them
 * @ctx:	the context
 * @counters:	filled in; @counters->sz must be set
 *
 * Needs no module: its counters are 0 without.
 *
 * Return: 0; -ENOENT (this kernel has no EEH), -EBADMSG (a file is not
 * understood), -EINVAL, -EIO.
 */
EEH_API int eeh_canary_counters(struct eeh_ctx *ctx, struct eeh_canary_counters *counters);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_CANARY_H */
