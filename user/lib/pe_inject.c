// SPDX-License-Identifier: LGPL-2.1-or-later
/* Errors on purpose: what this host's kernel and firmware can make, and making it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pe_internal.h"

/* PAPR 7.3.11 (ibm,errinjct, ioa-bus-error): the function numbers, EEH_ERR_FUNC_* in the kernel. */
static const struct {
	const char *name;
	uint32_t func;
} classes[EEH_INJECT_CLASSES] = {
	[EEH_INJECT_CONFIG_READ]	= { "config-read", 4 },
	[EEH_INJECT_CONFIG_WRITE]	= { "config-write", 10 },
	[EEH_INJECT_MMIO_LOAD]		= { "mmio-load", 0 },
	[EEH_INJECT_MMIO_STORE]		= { "mmio-store", 6 },
	[EEH_INJECT_IO_LOAD]		= { "io-load", 2 },
	[EEH_INJECT_IO_STORE]		= { "io-store", 8 },
	[EEH_INJECT_DMA_READ]		= { "dma-read", 12 },
	[EEH_INJECT_DMA_WRITE]		= { "dma-write", 16 },
};

const char *eeh_inject_class_name(enum eeh_inject_class c)
{
	return c < EEH_INJECT_CLASSES ? classes[c].name : "unknown";
}

enum eeh_platform eeh_platform(struct eeh_ctx *ctx)
{
	char buf[4096];

	if (eeh_exists(ctx, EEH_ROOT_SYSFS, "firmware/opal") ||
	    eeh_exists(ctx, EEH_ROOT_PROC, "device-tree/ibm,opal"))
		return EEH_PLATFORM_POWERNV;
	if (eeh_exists(ctx, EEH_ROOT_PROC, "device-tree/rtas/ibm,set-eeh-option"))
		return EEH_PLATFORM_PSERIES;
	/* No device tree there: /proc/powerpc/eeh exists wherever the kernel has EEH. */
	if (eeh_read(ctx, EEH_ROOT_PROC, "powerpc/eeh", buf, sizeof(buf)) >= 0 &&
	    strstr(buf, "enabled"))
		return EEH_PLATFORM_PSERIES;
	/* The channel subsystem: every s390x machine has it, and no other. */
	if (eeh_exists(ctx, EEH_ROOT_SYSFS, "devices/css0"))
		return EEH_PLATFORM_ZPCI;
	return EEH_PLATFORM_OTHER;
}

/* Generation of a PHB by the compatible property of its node; skiboot writes them. 0: unknown. */
int eeh_phb_generation(struct eeh_ctx *ctx, uint32_t phb)
{
	static const struct {
		const char *compatible;
		int generation;
	} known[] = {
		{ "ibm,power10-pciex", 5 }, { "ibm,power9-pciex", 4 }, { "ibm,power8-pciex", 3 },
		{ "ibm,ioda3-phb", 4 }, { "ibm,ioda2-phb", 3 },
	};
	char rel[64], buf[512], *s;
	size_t i;
	ssize_t n;

	snprintf(rel, sizeof(rel), "class/pci_bus/%04" PRIx32 ":00/of_node/compatible", phb);
	n = eeh_read(ctx, EEH_ROOT_SYSFS, rel, buf, sizeof(buf));
	for (s = buf; n > 0 && s < buf + n; s += strlen(s) + 1)
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (!strcmp(s, known[i].compatible))
				return known[i].generation;
	return 0;
}

static enum eeh_inject_verdict check_powernv(struct eeh_ctx *ctx, uint32_t phb,
					     enum eeh_inject_class c, const char **why)
{
	bool config = c == EEH_INJECT_CONFIG_READ || c == EEH_INJECT_CONFIG_WRITE;

	if (c == EEH_INJECT_IO_LOAD || c == EEH_INJECT_IO_STORE) {
		*why = "no PHB of a POWER machine without a hypervisor has I/O ports";
		return EEH_INJECT_NO;
	}
	switch (eeh_phb_generation(ctx, phb)) {
	case 3:
		*why = "firmware arms the PHB (PHB3): the next matching access fails";
		return EEH_INJECT_YES;
	case 4:
	case 5:
		if (config) {
			*why = "firmware arms the PHB: the next matching access fails";
			return EEH_INJECT_YES;
		}
		*why = "released firmware (skiboot) injects config errors only on POWER9 and later; one "
		       "that has learnt MMIO and DMA arms the PHB";
		return EEH_INJECT_MAYBE;
	default:
		*why = "it is not known which PHB this is: firmware decides";
		return EEH_INJECT_MAYBE;
	}
}

int eeh_inject_check(struct eeh_ctx *ctx, uint32_t phb, enum eeh_inject_class c, const char **why)
{
	const char *unused;

	if (!why)
		why = &unused;
	*why = "";
	if (c >= EEH_INJECT_CLASSES)
		return eeh_fail(ctx, -EINVAL, "there is no class %u of errors", (unsigned int)c);
	switch (eeh_platform(ctx)) {
	case EEH_PLATFORM_POWERNV:
		return check_powernv(ctx, phb, c, why);
	case EEH_PLATFORM_PSERIES:
		if (c == EEH_INJECT_MMIO_LOAD || c == EEH_INJECT_MMIO_STORE) {
			*why = "the kernel makes one load from each device with memory decode off: it freezes "
			       "at once, and no address is looked at";
			return EEH_INJECT_YES;
		}
		*why = "under a hypervisor the kernel can only make MMIO errors (pseries_eeh_err_inject())";
		return EEH_INJECT_NO;
	case EEH_PLATFORM_ZPCI:
		*why = "zPCI has no errors on request; a function's owner can make one itself, by DMA to an "
		       "address that is not mapped";
		return EEH_INJECT_NO;
	default:
		*why = "this machine has no EEH";
		return eeh_fail(ctx, -EOPNOTSUPP, "%s", *why);
	}
}

/*
 * Firmware looks an MMIO address up in the 32-bit window or in the 64-bit ones by
 * the type; a DMA address in the PE's first window or, above bit 59, its second.
 */
static bool is_wide(enum eeh_inject_class c, uint64_t addr)
{
	if (c == EEH_INJECT_DMA_READ || c == EEH_INJECT_DMA_WRITE)
		return addr >> 59 & 1;
	return addr > UINT32_MAX;
}

static int arm(struct eeh_pe *pe, enum eeh_inject_class c, uint32_t func,
	       const struct eeh_inject_opts *o, bool wide)
{
	bool dma = c == EEH_INJECT_DMA_READ || c == EEH_INJECT_DMA_WRITE;
	struct eeh_pe_err e;

	EEH_INIT(&e);
	e.type = wide;
	e.func = func;
	e.addr = o->addr;
	e.mask = o->addr && !o->mask ? UINT64_MAX : o->mask;
	/* No address of DMA is in no window; one that is, and no bit of it compared, is any. */
	if (dma && !o->addr) {
		e.addr = (uint64_t)wide << 59 | 0x1000;
		e.mask = 0;
	}
	return eeh_pe_op(pe, EEH_PE_OP_INJECT_ERR, &e);
}

int eeh_pe_inject_func(struct eeh_pe *pe, enum eeh_inject_class c, uint32_t func,
		       const struct eeh_inject_opts *opts)
{
	struct eeh_inject_opts o;
	const char *why;
	int ret, can;
	bool wide;

	ret = eeh_opts_get(&o, sizeof(o), opts);
	if (ret)
		return eeh_fail(pe->ctx, ret, "struct eeh_inject_opts: %s", ret == -E2BIG ?
				"options that this version of libeeh does not know" : "sz is not set");
	if (o.addr & 3 || (o.mask && !o.addr) || o.wide < -1 || o.wide > 1)
		return eeh_fail(pe->ctx, -EINVAL, "%s: an address is a multiple of 4, and a mask needs one",
				pe->name);
	can = eeh_inject_check(pe->ctx, pe->phb, c, &why);
	if (can < 0)
		return can;
	if (can == EEH_INJECT_NO)
		return eeh_fail(pe->ctx, -EOPNOTSUPP, "%s: %s: %s", pe->name, classes[c].name, why);

	wide = o.wide ? o.wide > 0 : is_wide(c, o.addr);
	ret = arm(pe, c, func, &o, wide);
	/* Without an address any window will do: it may have only the other one. */
	if (ret == -EIO && !o.addr && !o.wide && c >= EEH_INJECT_MMIO_LOAD)
		ret = arm(pe, c, func, &o, !wide);
	if (ret == -EIO && can == EEH_INJECT_MAYBE)
		return eeh_fail(pe->ctx, -EOPNOTSUPP, "%s: %s: firmware refused: %s", pe->name,
				classes[c].name, why);
	return ret;
}

int eeh_pe_inject(struct eeh_pe *pe, enum eeh_inject_class c, const struct eeh_inject_opts *opts)
{
	return eeh_pe_inject_func(pe, c, c < EEH_INJECT_CLASSES ? classes[c].func : 0, opts);
}
