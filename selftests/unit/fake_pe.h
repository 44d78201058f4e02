/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __FAKE_PE_H
#define __FAKE_PE_H

#include <stdlib.h>

#include "rtas_internal.h"

static inline void fake_pe_close(struct eeh_pe *pe)
{
	(void)pe;
}

/*
 * A PE of an RTAS engine on a host that @ops play, with nothing to open: number @nr of PHB 1, and
 * of IOMMU group @nr, by which @ops know it. @ops->close: fake_pe_close. The engine frees it.
 */
static inline struct eeh_rtas_pe *fake_pe(struct eeh_rtas *rtas, struct eeh_ctx *ctx, uint64_t buid,
					  uint32_t nr, const struct eeh_backend_ops *ops)
{
	struct eeh_pe *pe = calloc(1, sizeof(*pe));
	struct eeh_rtas_pe_opts o;
	struct eeh_rtas_pe *ret;

	if (!pe)
		abort();
	pe->ctx = ctx;
	pe->phb = 1;
	pe->addr = nr;
	pe->group = nr;
	pe->fd = -1;
	pe->history.sz = sizeof(pe->history);
	pe->ops = ops;
	EEH_INIT(&o);
	o.buid = buid;
	o.pe = pe;
	if (eeh_rtas_add_pe(rtas, &o, &ret))
		abort();
	return ret;
}

#endif /* __FAKE_PE_H */
