// SPDX-License-Identifier: LGPL-2.1-or-later
/* Which way to a PE: VFIO for what is our own, /dev/eeh for what is not. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pe_internal.h"

#include "../../include/uapi/eeh_dev.h"

const char *eeh_backend_name(enum eeh_backend backend)
{
	return backend == EEH_BACKEND_AUTO ? "auto" : backend == EEH_BACKEND_VFIO ? "vfio" :
	       backend == EEH_BACKEND_DEV ? "dev" : backend == EEH_BACKEND_ZPCI ? "zpci" : "unknown";
}

static int no_dev(struct eeh_pe *pe, int err, const char *who)
{
	return eeh_fail(pe->ctx, err, "%s: %s, and there is no %s/eeh: load the kernel module "
			"(modprobe eeh_bpf)", pe->name, who, pe->ctx->dev);
}

/* VFIO with a group that is opened for it. */
static int open_own(struct eeh_pe *pe, const struct eeh_pe_info *info)
{
	char who[160];

	switch (info->owner) {
	case EEH_PE_OWNER_IDLE:
	case EEH_PE_OWNER_UNKNOWN:
		break;
	case EEH_PE_OWNER_PROCESS:
		snprintf(who, sizeof(who), "process %" PRId32 " (%s) owns it, and VFIO obeys no other",
			 info->pid, info->comm);
		return no_dev(pe, -EBUSY, who);
	default:
		return no_dev(pe, -EOPNOTSUPP, "its devices are not all bound to vfio-pci");
	}
	if (info->nr_groups != 1)
		return no_dev(pe, -EOPNOTSUPP, "its devices are not in one IOMMU group");
	return eeh_backend_vfio_open(pe, info->iommu_group, NULL);
}

/* zPCI: a function obeys its owner only. */
static int choose_zpci(struct eeh_pe *pe, const struct eeh_pe_info *info,
		       const struct eeh_pe_opts *o)
{
	memcpy(pe->address, info->devices[0]->address, sizeof(pe->address));
	if (o->backend == EEH_BACKEND_DEV) {
		pe->ops = &eeh_backend_zpci_look_ops;
		return 0;
	}
	if (!o->zpci && info->owner == EEH_PE_OWNER_PROCESS)
		return eeh_fail(pe->ctx, -EBUSY, "%s: process %" PRId32 " (%s) owns it, and VFIO obeys no "
				"other", pe->name, info->pid, info->comm);
	if (!o->zpci && info->owner != EEH_PE_OWNER_IDLE && info->owner != EEH_PE_OWNER_UNKNOWN)
		return eeh_fail(pe->ctx, -EOPNOTSUPP, "%s: it is not bound to vfio-pci: the kernel recovers "
				"it", pe->name);
	return eeh_backend_zpci_open(pe, info, o->vfio, o->zpci);
}

static int choose(struct eeh_pe *pe, const struct eeh_pe_info *info,
		  const struct eeh_pe_opts *o)
{
	bool ours = o->vfio && info->nr_groups == 1 && eeh_vfio_has(o->vfio, info->iommu_group);
	int err;

	if (info->zpci)
		return choose_zpci(pe, info, o);
	if (o->backend == EEH_BACKEND_ZPCI || o->zpci)
		return eeh_fail(pe->ctx, -EOPNOTSUPP, "%s: it is no zPCI function", pe->name);
	if (o->backend == EEH_BACKEND_DEV)
		return eeh_backend_dev_open(pe);
	if (ours)
		return eeh_backend_vfio_open(pe, info->iommu_group, o->vfio);
	if (o->backend == EEH_BACKEND_VFIO)
		return open_own(pe, info);
	err = eeh_backend_dev_open(pe);
	/* No module: what we can get for ourselves is left. */
	return err == -ENOENT ? open_own(pe, info) : err;
}

int eeh_pe_open(struct eeh_ctx *ctx, uint32_t phb, uint32_t addr, const struct eeh_pe_opts *opts,
		struct eeh_pe **ret)
{
	const struct eeh_pe_node *n;
	struct eeh_pe_list list;
	struct eeh_pe_opts o;
	struct eeh_pe *pe;
	int err;

	*ret = NULL;
	err = eeh_opts_get(&o, sizeof(o), opts);
	if (!err && o.backend > EEH_BACKEND_ZPCI)
		err = -EINVAL;
	if (err)
		return eeh_fail(ctx, err, "struct eeh_pe_opts: %s", err == -E2BIG ?
				"options that this version of libeeh does not know" :
				"its size or the back end is not understood");
	err = eeh_pe_list_get_one(ctx, phb, addr, &list, &n);
	if (err)
		return err;
	pe = calloc(1, sizeof(*pe));
	if (!pe) {
		err = eeh_fail(ctx, -ENOMEM, "out of memory");
	} else {
		pe->ctx = ctx;
		pe->phb = phb;
		pe->addr = addr;
		memcpy(pe->name, n->info.name, sizeof(pe->name));
		pe->history.sz = sizeof(pe->history);
		pe->fd = -1;
		pe->force = o.force;
		err = choose(pe, &n->info, &o);
	}
	eeh_pe_list_free(&list);
	if (err)
		free(pe);
	else
		*ret = pe;
	return err;
}
