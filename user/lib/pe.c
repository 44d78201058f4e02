// SPDX-License-Identifier: LGPL-2.1-or-later
/* A PE that is open: single operations. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pe_internal.h"

const char *eeh_pe_op_name(enum eeh_pe_op op)
{
	static const char * const names[] = {
		[EEH_PE_OP_DISABLE] = "disable", [EEH_PE_OP_ENABLE] = "enable",
		[EEH_PE_OP_UNFREEZE_IO] = "unfreeze-io", [EEH_PE_OP_UNFREEZE_DMA] = "unfreeze-dma",
		[EEH_PE_OP_GET_STATE] = "get-state",
		[EEH_PE_OP_RESET_DEACTIVATE] = "reset-deactivate", [EEH_PE_OP_RESET_HOT] = "reset-hot",
		[EEH_PE_OP_RESET_FUNDAMENTAL] = "reset-fundamental",
		[EEH_PE_OP_CONFIGURE] = "configure", [EEH_PE_OP_INJECT_ERR] = "inject-err",
	};

	return op < ARRAY_SIZE(names) ? names[op] : "unknown";
}

/* The error of an operation, which only one has. */
int eeh_pe_err_get(struct eeh_ctx *ctx, enum eeh_pe_op op, const struct eeh_pe_err *err,
		   struct eeh_pe_err *e)
{
	int ret;

	if (op >= EEH_PE_OPS)
		return eeh_fail(ctx, -EINVAL, "there is no operation %u", (unsigned int)op);
	if (!err != (op != EEH_PE_OP_INJECT_ERR))
		return eeh_fail(ctx, -EINVAL, "%s: %s", eeh_pe_op_name(op),
				err ? "it takes no error" : "which error?");
	ret = eeh_opts_get(e, sizeof(*e), err);
	return ret ? eeh_fail(ctx, ret, "struct eeh_pe_err: %s", ret == -E2BIG ?
			      "fields that this version of libeeh does not know" : "sz is not set") : 0;
}

/* What an errno of an operation means; it says little by itself. */
int eeh_pe_op_failed(struct eeh_ctx *ctx, enum eeh_pe_op op, int err, const char *fmt, ...)
{
	bool inject = op == EEH_PE_OP_INJECT_ERR;
	char who[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(who, sizeof(who), fmt, ap);
	va_end(ap);
	return eeh_fail(ctx, err, "%s: %s: %s", who, eeh_pe_op_name(op),
			err == -ENODEV ? "the PE is gone: its devices were unplugged, or the kernel gave "
					 "them up" :
			err == -ENOENT ? "this kernel has no EEH for this platform" :
			err == -EIO && inject ? "firmware refused" :
			err == -EIO ? "firmware failed, or the PE is still stopped" :
			err == -ERANGE || (err == -EINVAL && inject) ?
				"this host cannot inject such an error" :
			err == -ENXIO && inject ? "this host's firmware cannot inject errors" :
			err == -EBUSY ? "a driver of this kernel uses the PE: unbind it first, or force it" :
			/* RTAS status that a pseries host takes for an errno: PAPR 7.3.11 */
			err == -7 ? "firmware says that the PE is in a state that does not allow it" :
			err == -8 ? "firmware says that this slot has no fundamental reset: use a hot one" :
			strerror(-err));
}

void eeh_pe_close(struct eeh_pe *pe)
{
	if (!pe)
		return;
	pe->ops->close(pe);
	free(pe->log);
	free(pe);
}

const char *eeh_pe_name(const struct eeh_pe *pe)
{
	return pe->name;
}

enum eeh_backend eeh_pe_backend(const struct eeh_pe *pe)
{
	return pe->ops->kind;
}

static void remember(struct eeh_pe *pe, enum eeh_pe_op op, int ret)
{
	if (ret < 0)
		return;
	if (op == EEH_PE_OP_RESET_HOT || op == EEH_PE_OP_RESET_FUNDAMENTAL)
		pe->history.reset_asserted = true;
	else if (op == EEH_PE_OP_RESET_DEACTIVATE)
		pe->history.reset_asserted = false;
}

int eeh_pe_op(struct eeh_pe *pe, enum eeh_pe_op op, const struct eeh_pe_err *err)
{
	struct eeh_pe_err e;
	int ret;

	ret = eeh_pe_err_get(pe->ctx, op, err, &e);
	if (ret)
		return ret;
	ret = pe->ops->op(pe, op, err ? &e : NULL);
	remember(pe, op, ret);
	return ret;
}

int eeh_pe_state(struct eeh_pe *pe, struct eeh_pe_status *status)
{
	struct eeh_pe_status s;
	int raw, err;

	if (status->sz < sizeof(status->sz))
		return eeh_fail(pe->ctx, -EINVAL, "struct eeh_pe_status: sz is not set");
	raw = eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL);
	if (raw == -EAGAIN)
		raw = EEH_PE_RAW_BUSY;
	else if (raw < 0)
		return raw;
	if (!pe->ops->explain)
		return eeh_pe_decode(raw, eeh_now_ns(pe->ctx), &pe->history, status);
	EEH_INIT(&s);
	err = eeh_pe_decode(raw, eeh_now_ns(pe->ctx), &pe->history, &s);
	if (err)
		return err;
	pe->ops->explain(pe, &s);
	return eeh_out_put(status, &s, sizeof(s));
}

int eeh_pe_get_history(const struct eeh_pe *pe, struct eeh_pe_history *history)
{
	return eeh_out_put(history, &pe->history, sizeof(pe->history));
}

int eeh_pe_set_history(struct eeh_pe *pe, const struct eeh_pe_history *history)
{
	struct eeh_pe_history h;
	int err = eeh_opts_get(&h, sizeof(h), history);

	if (err)
		return eeh_fail(pe->ctx, err, "struct eeh_pe_history: its size is not understood");
	pe->history = h;
	return 0;
}

int eeh_pe_unfreeze(struct eeh_pe *pe, uint32_t what)
{
	int ret = 0;

	if (!what || what & ~(uint32_t)(EEH_PE_UNFREEZE_IO | EEH_PE_UNFREEZE_DMA))
		return eeh_fail(pe->ctx, -EINVAL, "%s: unfreeze what?", pe->name);
	if (what & EEH_PE_UNFREEZE_IO)
		ret = eeh_pe_op(pe, EEH_PE_OP_UNFREEZE_IO, NULL);
	if (!ret && what & EEH_PE_UNFREEZE_DMA)
		ret = eeh_pe_op(pe, EEH_PE_OP_UNFREEZE_DMA, NULL);
	return ret;
}

int eeh_pe_configure(struct eeh_pe *pe)
{
	return eeh_pe_op(pe, EEH_PE_OP_CONFIGURE, NULL);
}

int eeh_pe_enable(struct eeh_pe *pe)
{
	return eeh_pe_op(pe, EEH_PE_OP_ENABLE, NULL);
}
