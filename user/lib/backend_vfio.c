// SPDX-License-Identifier: LGPL-2.1-or-later
/* A PE by VFIO: its group is this process's own. */
#include "pe_internal.h"

static int vfio_op(struct eeh_pe *pe, enum eeh_pe_op op, const struct eeh_pe_err *err)
{
	return eeh_vfio_op(pe->vfio, pe->group, op, err);
}

static void vfio_close(struct eeh_pe *pe)
{
	if (pe->own_vfio)
		eeh_vfio_close(pe->vfio);
}

const struct eeh_backend_ops eeh_backend_vfio_ops = {
	.kind	= EEH_BACKEND_VFIO,
	.op	= vfio_op,
	.close	= vfio_close,
};

int eeh_backend_vfio_open(struct eeh_pe *pe, int32_t group, struct eeh_vfio *vfio)
{
	int err;

	pe->own_vfio = !vfio;
	if (!vfio) {
		err = eeh_vfio_open(pe->ctx, NULL, &vfio);
		if (err)
			return err;
		err = eeh_vfio_group(vfio, group);
		if (err) {
			eeh_vfio_close(vfio);
			return err;
		}
	}
	pe->vfio = vfio;
	pe->group = group;
	pe->ops = &eeh_backend_vfio_ops;
	return 0;
}
