// SPDX-License-Identifier: GPL-2.0-only
/* Devices: groups, containers, KVM's VFIO device, EEH operations. */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rawvmm.h"

#ifndef KVM_DEV_VFIO_GROUP
#define KVM_DEV_VFIO_GROUP	KVM_DEV_VFIO_FILE
#define KVM_DEV_VFIO_GROUP_ADD	KVM_DEV_VFIO_FILE_ADD
#define KVM_DEV_VFIO_GROUP_DEL	KVM_DEV_VFIO_FILE_DEL
#endif

static int kvm_vfio_fd = -1;

static int device_group(const char *name)
{
	char path[96], link[256];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", name);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		die(2, "%s has no IOMMU group (%s)", name, strerror(errno));
	link[n] = 0;
	base = strrchr(link, '/');
	return atoi(base ? base + 1 : link);
}

int eeh_op(struct device *d, uint32_t what)
{
	struct vfio_eeh_pe_op op = { .argsz = sizeof(op), .op = what };
	int r = ioctl(d->cfd, VFIO_EEH_PE_OP, &op);

	return r < 0 ? -errno : r;
}

static int kvm_group(struct device *d, uint64_t attr)
{
	int32_t fd = d->gfd;
	struct kvm_device_attr a = { .group = KVM_DEV_VFIO_GROUP, .attr = attr,
				     .addr = (uintptr_t)&fd };

	return ioctl(kvm_vfio_fd, KVM_SET_DEVICE_ATTR, &a) ? -errno : 0;
}

int group_join(struct device *d)
{
	struct kvm_vfio_spapr_tce t = { .groupfd = d->gfd, .tablefd = -1 };
	struct kvm_device_attr a = { .group = KVM_DEV_VFIO_GROUP,
				     .attr = KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE,
				     .addr = (uintptr_t)&t };
	int r = kvm_group(d, KVM_DEV_VFIO_GROUP_ADD);

	/*
	 * This guest does no DMA and has no TCE table to offer, so this fails;
	 * but it makes KVM look up the IOMMU group, and a kernel that has to
	 * release a group that it never looked up says WARNING
	 * (kvm_spapr_tce_release_vfio_group(), Linux 7.2).
	 */
	if (!r)
		ioctl(kvm_vfio_fd, KVM_SET_DEVICE_ATTR, &a);
	return r;
}

int group_leave(struct device *d)
{
	return kvm_group(d, KVM_DEV_VFIO_GROUP_DEL);
}

int device_open(struct device *d)
{
	d->dfd = ioctl(d->gfd, VFIO_GROUP_GET_DEVICE_FD, d->name);
	return d->dfd < 0 ? -errno : 0;
}

static void open_group(struct device *d)
{
	struct vfio_group_status s = { .argsz = sizeof(s) };
	char path[64];
	int tries;

	d->group = device_group(d->name);
	snprintf(path, sizeof(path), "/dev/vfio/%d", d->group);
	/* The last owner may be on its way out: a killed VM releases its group a little later. */
	for (tries = 0; ; tries++) {
		d->gfd = open(path, O_RDWR | O_CLOEXEC);
		if (d->gfd >= 0 || errno != EBUSY || tries == 200)
			break;
		usleep(50000);
	}
	if (d->gfd < 0)
		die(2, "%s: %s", path, strerror(errno));
	CHECK(ioctl(d->gfd, VFIO_GROUP_GET_STATUS, &s));
	if (!(s.flags & VFIO_GROUP_FLAGS_VIABLE))
		die(2, "group %d is not viable: is every device of it bound to vfio-pci?", d->group);
}

void open_devices(void)
{
	int i, r;

	for (i = 0; i < opt.ndev; i++) {
		struct device *d = &opt.dev[i];

		open_group(d);
		if (i && opt.one_container) {
			d->cfd = opt.dev[0].cfd;
			if (ioctl(d->gfd, VFIO_GROUP_SET_CONTAINER, &d->cfd))
				die(2, "second group in one container: %s", strerror(errno));
		} else {
			d->cfd = (int)CHECK(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
			CHECK(ioctl(d->gfd, VFIO_GROUP_SET_CONTAINER, &d->cfd));
			CHECK(ioctl(d->cfd, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU));
		}
	}
	if (opt.order == ORDER_LATE && !opt.no_device) {
		/* The device's kvm is taken from its group when it is opened: here, none. */
		for (i = 0; i < opt.ndev; i++)
			if ((r = device_open(&opt.dev[i])))
				die(2, "opening %s: %s", opt.dev[i].name, strerror(-r));
	}
	if (opt.order != ORDER_NO_KVM && opt.ndev) {
		struct kvm_create_device cd = { .type = KVM_DEV_TYPE_VFIO };

		CHECK(ioctl(vm_fd, KVM_CREATE_DEVICE, &cd));
		kvm_vfio_fd = (int)cd.fd;
		for (i = 0; i < opt.ndev; i++)
			if ((r = group_join(&opt.dev[i])))
				die(2, "KVM_DEV_VFIO_GROUP_ADD: %s", strerror(-r));
	}
	if (opt.order != ORDER_LATE && !opt.no_device) {
		for (i = 0; i < opt.ndev; i++)
			if ((r = device_open(&opt.dev[i])))
				die(2, "opening %s: %s", opt.dev[i].name, strerror(-r));
	}
	for (i = 0; i < opt.ndev && !opt.no_enable; i++) {
		r = eeh_op(&opt.dev[i], VFIO_EEH_PE_ENABLE);
		if (r < 0)
			die(2, "VFIO_EEH_PE_ENABLE of %s: %s", opt.dev[i].name, strerror(-r));
	}
}
