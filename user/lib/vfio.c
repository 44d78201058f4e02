// SPDX-License-Identifier: LGPL-2.1-or-later
/* VFIO groups of this process, each in a container of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/vfio.h>

#include "pe_internal.h"

struct vfio_group {
	int nr;
	int fd;			/* -1: adopted */
	int container;
	int iommu;
};

struct vfio_device {
	char address[EEH_PCI_ADDRESS_LEN];
	int fd;
};

struct eeh_vfio {
	struct eeh_ctx *ctx;
	uint32_t iommu;
	struct vfio_group *groups;
	size_t nr_groups;
	struct vfio_device *devices;
	size_t nr_devices;
};

int eeh_vfio_open(struct eeh_ctx *ctx, const struct eeh_vfio_opts *opts, struct eeh_vfio **ret)
{
	struct eeh_vfio_opts o;
	struct eeh_vfio *v;
	int err;

	*ret = NULL;
	err = eeh_opts_get(&o, sizeof(o), opts);
	if (err)
		return eeh_fail(ctx, err, "struct eeh_vfio_opts: %s", err == -E2BIG ?
				"options that this version of libeeh does not know" : "sz is not set");
	if (o.iommu != EEH_VFIO_IOMMU_AUTO && o.iommu != EEH_VFIO_IOMMU_V1 &&
	    o.iommu != EEH_VFIO_IOMMU_V2 && o.iommu != EEH_VFIO_IOMMU_TYPE1)
		return eeh_fail(ctx, -EINVAL, "struct eeh_vfio_opts: there is no IOMMU %u",
				(unsigned int)o.iommu);
	v = calloc(1, sizeof(*v));
	if (!v)
		return eeh_fail(ctx, -ENOMEM, "out of memory");
	v->ctx = ctx;
	v->iommu = o.iommu;
	*ret = v;
	return 0;
}

void eeh_vfio_close(struct eeh_vfio *v)
{
	size_t i;

	if (!v)
		return;
	for (i = 0; i < v->nr_devices; i++)
		eeh_dev_close(v->ctx, v->devices[i].fd);
	for (i = 0; i < v->nr_groups; i++) {
		if (v->groups[i].fd < 0)
			continue;
		eeh_dev_close(v->ctx, v->groups[i].fd);
		eeh_dev_close(v->ctx, v->groups[i].container);
	}
	free(v->devices);
	free(v->groups);
	free(v);
}

static struct vfio_group *find(struct eeh_vfio *v, int group)
{
	size_t i;

	for (i = 0; i < v->nr_groups; i++)
		if (v->groups[i].nr == group)
			return &v->groups[i];
	return NULL;
}

struct eeh_ctx *eeh_vfio_ctx(struct eeh_vfio *v)
{
	return v->ctx;
}

bool eeh_vfio_has(struct eeh_vfio *v, int group)
{
	return find(v, group);
}

static int add(struct eeh_vfio *v, const struct vfio_group *g)
{
	struct vfio_group *more;

	more = realloc(v->groups, (v->nr_groups + 1) * sizeof(*more));
	if (!more)
		return eeh_fail(v->ctx, -ENOMEM, "out of memory");
	v->groups = more;
	more[v->nr_groups++] = *g;
	return 0;
}

static int has(struct eeh_vfio *v, int container, unsigned long extension)
{
	return eeh_dev_ioctl(v->ctx, container, VFIO_CHECK_EXTENSION, extension) > 0;
}

static int open_container(struct eeh_vfio *v, struct vfio_group *g)
{
	struct eeh_ctx *ctx = v->ctx;
	int ret;

	ret = eeh_dev_open(ctx, "vfio/vfio", O_RDWR);
	if (ret < 0)
		return eeh_fail(ctx, ret, "%s/vfio/vfio: %s%s", ctx->dev, strerror(-ret),
				ret == -ENOENT ? ": modprobe vfio_pci vfio_iommu_spapr_tce" : "");
	g->container = ret;
	ret = eeh_dev_ioctl(ctx, g->container, VFIO_GET_API_VERSION, 0);
	if (ret != VFIO_API_VERSION)
		return eeh_fail(ctx, -EOPNOTSUPP, "%s/vfio/vfio: version %d of VFIO is not known",
				ctx->dev, ret);
	g->iommu = v->iommu;
	if (!g->iommu && eeh_platform(ctx) == EEH_PLATFORM_ZPCI)
		g->iommu = EEH_VFIO_IOMMU_TYPE1;
	if (!g->iommu)
		g->iommu = has(v, g->container, VFIO_SPAPR_TCE_v2_IOMMU) ? EEH_VFIO_IOMMU_V2 :
			   EEH_VFIO_IOMMU_V1;
	if (!has(v, g->container, g->iommu))
		return eeh_fail(ctx, -EOPNOTSUPP, "VFIO cannot use this machine's IOMMU with EEH: %s",
				g->iommu == EEH_VFIO_IOMMU_TYPE1 ? "modprobe vfio_iommu_type1" :
				"modprobe vfio_iommu_spapr_tce (there is none but on POWER)");
	return 0;
}

static int open_group(struct eeh_vfio *v, struct vfio_group *g)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	struct eeh_ctx *ctx = v->ctx;
	char rel[32];
	int ret;

	snprintf(rel, sizeof(rel), "vfio/%d", g->nr);
	ret = eeh_dev_open(ctx, rel, O_RDWR);
	if (ret < 0)
		return eeh_fail(ctx, ret, "%s/%s: %s%s", ctx->dev, rel, strerror(-ret),
				ret == -ENOENT ? ": bind the devices of the group to vfio-pci" :
				ret == -EBUSY ? ": another process has the group open" :
				ret == -EACCES || ret == -EPERM ?
				": run it as root, or have it given to you" : "");
	g->fd = ret;
	ret = eeh_dev_ioctl_ptr(ctx, g->fd, VFIO_GROUP_GET_STATUS, &status);
	if (ret < 0)
		return eeh_fail(ctx, ret, "%s/%s: %s", ctx->dev, rel, strerror(-ret));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return eeh_fail(ctx, -EUCLEAN, "group %d: a device of it has another driver: bind all "
				"of them to vfio-pci", g->nr);
	ret = eeh_dev_ioctl_ptr(ctx, g->fd, VFIO_GROUP_SET_CONTAINER, &g->container);
	if (ret < 0)
		return eeh_fail(ctx, ret, "group %d: no container takes it: %s", g->nr, strerror(-ret));
	ret = eeh_dev_ioctl(ctx, g->container, VFIO_SET_IOMMU, g->iommu);
	if (ret < 0)
		return eeh_fail(ctx, ret, "group %d: cannot set its IOMMU up: %s", g->nr, strerror(-ret));
	/* zPCI tells a function's owner, by the descriptor of the function. */
	if (g->iommu != EEH_VFIO_IOMMU_TYPE1 && !has(v, g->container, VFIO_EEH))
		return eeh_fail(ctx, -EOPNOTSUPP, "group %d: EEH is off on this machine (eeh=off?)",
				g->nr);
	return 0;
}

int eeh_vfio_group(struct eeh_vfio *v, int group)
{
	struct vfio_group g = { .nr = group, .fd = -1, .container = -1 };
	int err;

	if (group < 0)
		return eeh_fail(v->ctx, -EINVAL, "there is no group %d", group);
	if (find(v, group))
		return 0;
	err = open_container(v, &g);
	if (!err)
		err = open_group(v, &g);
	if (!err)
		err = add(v, &g);
	if (err) {
		eeh_dev_close(v->ctx, g.fd);
		eeh_dev_close(v->ctx, g.container);
	}
	return err;
}

int eeh_vfio_adopt(struct eeh_vfio *v, int group, int container)
{
	struct vfio_group g = { .nr = group, .fd = -1, .container = container };

	if (group < 0 || container < 0)
		return eeh_fail(v->ctx, -EINVAL, "adopt what?");
	if (find(v, group))
		return eeh_fail(v->ctx, -EEXIST, "group %d is open already", group);
	if (eeh_platform(v->ctx) != EEH_PLATFORM_ZPCI && !has(v, container, VFIO_EEH))
		return eeh_fail(v->ctx, -EOPNOTSUPP, "group %d: its container has no EEH: is it one of "
				"type SPAPR TCE, and its IOMMU set?", group);
	return add(v, &g);
}

int eeh_vfio_device(struct eeh_vfio *v, const char *address)
{
	char addr[EEH_PCI_ADDRESS_LEN], link[32];
	struct vfio_device *more;
	struct vfio_group *g;
	uint64_t nr;
	size_t i;
	int ret;

	if (!address || eeh_pci_address(address, addr))
		return eeh_fail(v->ctx, -EINVAL, "\"%.40s\" is no PCI address: it looks like "
				"0001:01:00.0", address ? address : "");
	for (i = 0; i < v->nr_devices; i++)
		if (!strcmp(v->devices[i].address, addr))
			return v->devices[i].fd;
	eeh_pci_read_link(v->ctx, addr, "iommu_group", link, sizeof(link));
	if (eeh_parse_u64(link, &nr) || nr > INT_MAX)
		return eeh_fail(v->ctx, -ENODEV, "%s: there is no such PCI device, or it is in no IOMMU "
				"group", addr);
	ret = eeh_vfio_group(v, nr);
	if (ret)
		return ret;
	g = find(v, nr);
	if (g->fd < 0)
		return eeh_fail(v->ctx, -EINVAL, "%s: its group was adopted: who opened it can open the "
				"device", addr);
	more = realloc(v->devices, (v->nr_devices + 1) * sizeof(*more));
	if (!more)
		return eeh_fail(v->ctx, -ENOMEM, "out of memory");
	v->devices = more;
	ret = eeh_dev_ioctl_ptr(v->ctx, g->fd, VFIO_GROUP_GET_DEVICE_FD, addr);
	if (ret < 0)
		return eeh_fail(v->ctx, ret, "%s: VFIO does not open it: %s%s", addr, strerror(-ret),
				ret == -ENODEV ? ": bind it to vfio-pci" : "");
	memcpy(more[v->nr_devices].address, addr, sizeof(addr));
	more[v->nr_devices++].fd = ret;
	return ret;
}

static int not_open(struct eeh_vfio *v, int group)
{
	return eeh_fail(v->ctx, -ENOENT, "group %d is not open", group);
}

int eeh_vfio_container(struct eeh_vfio *v, int group)
{
	struct vfio_group *g = find(v, group);

	return g ? g->container : not_open(v, group);
}

int eeh_vfio_iommu(struct eeh_vfio *v, int group)
{
	struct vfio_group *g = find(v, group);

	return g ? g->iommu : not_open(v, group);
}

int eeh_vfio_op(struct eeh_vfio *v, int group, enum eeh_pe_op op, const struct eeh_pe_err *err)
{
	struct vfio_eeh_pe_op arg = { .argsz = sizeof(arg), .op = op };
	struct vfio_group *g = find(v, group);
	struct eeh_pe_err e;
	int ret;

	if (!g)
		return not_open(v, group);
	ret = eeh_pe_err_get(v->ctx, op, err, &e);
	if (ret)
		return ret;
	arg.err.type = e.type;
	arg.err.func = e.func;
	arg.err.addr = e.addr;
	arg.err.mask = e.mask;
	ret = eeh_dev_ioctl_ptr(v->ctx, g->container, VFIO_EEH_PE_OP, &arg);
	if (ret == -EPERM)
		return eeh_fail(v->ctx, ret, "group %d: %s: not permitted: only the process that set its "
				"container up may do that (or firmware refused)", group, eeh_pe_op_name(op));
	return ret >= 0 ? ret : eeh_pe_op_failed(v->ctx, op, ret, "group %d", group);
}

int eeh_vfio_op_all(struct eeh_vfio *v, enum eeh_pe_op op, const struct eeh_pe_err *err,
		    eeh_vfio_op_fn fn, void *arg)
{
	int ret = 0, first = 0;
	size_t i;

	for (i = 0; i < v->nr_groups; i++) {
		ret = eeh_vfio_op(v, v->groups[i].nr, op, err);
		if (fn) {
			ret = fn(arg, v->groups[i].nr, ret);
			if (ret)
				return ret;
		} else if (ret < 0 && !first) {
			first = ret;
		}
	}
	return first;
}
