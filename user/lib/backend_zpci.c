// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A PE that is a zPCI function of this process. There is no state request: what is
 * known of it is what its events said. There is no thaw either, and a reset is one
 * operation: it is over when its assertion is, and "configure" is the owner's part.
 */
#include <errno.h>
#include <stdio.h>

#include "zpci_internal.h"

static int state(struct eeh_pe *pe)
{
	int err = eeh_zpci_read(pe->zpci, NULL, NULL);

	if (err < 0)
		return err;
	pe->history.failed = eeh_zpci_permanent(pe->zpci);
	return eeh_zpci_pending(pe->zpci) ? EEH_PE_RAW_STOPPED : EEH_PE_RAW_NORMAL;
}

static int zpci_op(struct eeh_pe *pe, enum eeh_pe_op op, const struct eeh_pe_err *err)
{
	(void)err;
	switch (op) {
	case EEH_PE_OP_GET_STATE:
		return state(pe);
	case EEH_PE_OP_RESET_HOT:
		return eeh_zpci_reset(pe->zpci);
	case EEH_PE_OP_RESET_DEACTIVATE:
	case EEH_PE_OP_DISABLE:
		return 0;
	case EEH_PE_OP_CONFIGURE:
		return eeh_zpci_setup(pe->zpci);
	default:
		return eeh_fail(pe->ctx, -EOPNOTSUPP, "%s: %s: zPCI has no such operation: there is the hot "
				"reset only", pe->name, eeh_pe_op_name(op));
	}
}

static void zpci_explain(struct eeh_pe *pe, struct eeh_pe_status *s)
{
	bool host = eeh_zpci_kind(pe->zpci) == EEH_ZPCI_HOST;

	if (s->condition == EEH_PE_FAILED)
		snprintf(s->why, sizeof(s->why), "a permanent error was reported: close it, write 1 into its "
			 "file recover, and bind it again");
	else if (s->raw == EEH_PE_RAW_STOPPED && host)
		snprintf(s->why, sizeof(s->why), "an error was reported and no reset followed; this kernel has "
			 "unblocked the function by itself, so it may be running");
	else if (s->raw == EEH_PE_RAW_STOPPED)
		snprintf(s->why, sizeof(s->why), "an error was reported: the function is blocked until it is "
			 "reset");
	else
		snprintf(s->why, sizeof(s->why), "no error was reported");
	s->ambiguous = s->raw == EEH_PE_RAW_STOPPED && host;
}

static void zpci_close(struct eeh_pe *pe)
{
	if (!pe->own_vfio)
		return;
	eeh_zpci_close(pe->zpci);
	eeh_vfio_close(pe->vfio);
}

const struct eeh_backend_ops eeh_backend_zpci_ops = {
	.kind	= EEH_BACKEND_ZPCI,
	.op	= zpci_op,
	.explain = zpci_explain,
	.close	= zpci_close,
};

int eeh_backend_zpci_open(struct eeh_pe *pe, const struct eeh_pe_info *info, struct eeh_vfio *vfio,
			  struct eeh_zpci *z)
{
	int err;

	pe->ops = &eeh_backend_zpci_ops;
	pe->vfio = vfio;
	pe->zpci = z;
	if (z)
		return eeh_zpci_fid(z) == pe->addr ? 0 :
		       eeh_fail(pe->ctx, -EINVAL, "%s: the zPCI function given is another one (fid 0x%x)",
				pe->name, eeh_zpci_fid(z));
	pe->own_vfio = true;
	err = eeh_vfio_open(pe->ctx, NULL, &pe->vfio);
	if (err)
		return err;
	err = eeh_zpci_open(pe->vfio, info->devices[0]->address, NULL, &pe->zpci);
	if (err)
		eeh_vfio_close(pe->vfio);
	return err;
}
