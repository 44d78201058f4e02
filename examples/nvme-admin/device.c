// SPDX-License-Identifier: GPL-2.0-only
/* VFIO by hand where libeeh ends: BAR, config space, DMA window. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>

#include "device.h"

/* A multiple of every page size of the kernel and of its IOMMU. */
#define MEM_SIZE	(64UL << 10)

static int failed(const char *what)
{
	int err = -errno;

	fprintf(stderr, "nvme-admin: %s: %s\n", what, strerror(-err));
	return err;
}

static int region(struct device *d, uint32_t index, struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	return ioctl(d->fd, VFIO_DEVICE_GET_REGION_INFO, info) ? failed("region") : 0;
}

static int map_bar(struct device *d)
{
	struct vfio_region_info info;
	void *p;
	int err;

	err = region(d, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	if (err)
		return err;
	d->config_offset = info.offset;
	err = region(d, VFIO_PCI_BAR0_REGION_INDEX, &info);
	if (err)
		return err;
	d->bar_offset = info.offset;
	d->bar_size = info.size;
	/* On s390x loads and stores need machines with MIO; system calls always work. */
	if (d->zpci || !(info.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return 0;
	p = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, info.offset);
	if (p == MAP_FAILED)
		return failed("BAR 0");
	d->bar = p;
	return 0;
}

/* The first window that the IOMMU has addresses in; 0: it does not say. */
static uint64_t first_iova(int container)
{
	uint64_t raw[512] = { 0 };
	struct vfio_iommu_type1_info *info = (struct vfio_iommu_type1_info *)raw;
	const struct vfio_iommu_type1_info_cap_iova_range *r;
	const struct vfio_info_cap_header *h;
	uint32_t at;

	info->argsz = sizeof(raw);
	if (ioctl(container, VFIO_IOMMU_GET_INFO, info) || !(info->flags & VFIO_IOMMU_INFO_CAPS))
		return 0;
	for (at = info->cap_offset; at && at < sizeof(raw) - sizeof(*r); at = h->next) {
		h = (const void *)((const char *)raw + at);
		r = (const void *)h;
		if (h->id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE && r->nr_iovas)
			return r->iova_ranges[0].start;
	}
	return 0;
}

static int map_type1(struct device *d)
{
	struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map) };

	map.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	map.vaddr = (uintptr_t)d->mem;
	map.iova = d->iova;
	map.size = d->mem_size;
	return ioctl(eeh_vfio_container(d->vfio, d->group), VFIO_IOMMU_MAP_DMA, &map) ?
	       failed("map memory for DMA") : 0;
}

/* ---- What the library calls in a recovery on s390x */

static int quiesce(void *arg)
{
	struct device *d = arg;
	int err = device_enable(d);

	if (!err && d->stop)
		d->stop(d);
	return err;
}

static int remap(void *arg)
{
	struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap) };
	struct device *d = arg;

	if (!d->mem)
		return 0;
	unmap.iova = d->iova;
	unmap.size = d->mem_size;
	if (ioctl(eeh_vfio_container(d->vfio, d->group), VFIO_IOMMU_UNMAP_DMA, &unmap))
		return failed("unmap memory");
	return map_type1(d);
}

/*
 * The default window of a SPAPR TCE container. With v2, memory is registered (pinned and accounted)
 * once and mapped as often as wanted; with v1 the window is enabled, which accounts for all of it.
 */
static int map_memory(struct device *d)
{
	struct vfio_iommu_spapr_register_memory reg = { .argsz = sizeof(reg) };
	struct vfio_iommu_spapr_tce_info info = { .argsz = sizeof(info) };
	struct vfio_iommu_type1_dma_map map = { .argsz = sizeof(map) };
	int container = eeh_vfio_container(d->vfio, d->group);
	void *p;

	p = aligned_alloc(MEM_SIZE, MEM_SIZE);
	if (!p)
		return -ENOMEM;
	memset(p, 0, MEM_SIZE);
	d->mem = p;
	d->mem_size = MEM_SIZE;
	if (eeh_vfio_iommu(d->vfio, d->group) == EEH_VFIO_IOMMU_TYPE1) {
		/* Neither the first address, for the reason below. */
		d->iova = first_iova(container) + MEM_SIZE;
		return map_type1(d);
	}
	if (eeh_vfio_iommu(d->vfio, d->group) == EEH_VFIO_IOMMU_V2) {
		reg.vaddr = (uintptr_t)p;
		reg.size = MEM_SIZE;
		if (ioctl(container, VFIO_IOMMU_SPAPR_REGISTER_MEMORY, &reg))
			return failed("register memory");
	} else if (ioctl(container, VFIO_IOMMU_ENABLE)) {
		return failed("enable the DMA window (is RLIMIT_MEMLOCK as large as the window?)");
	}
	if (ioctl(container, VFIO_IOMMU_SPAPR_TCE_GET_INFO, &info))
		return failed("DMA window");
	/* Not its first address: what forgets to set an address up should fail. */
	d->iova = info.dma32_window_start + MEM_SIZE;
	map.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	map.vaddr = (uintptr_t)p;
	map.iova = d->iova;
	map.size = MEM_SIZE;
	return ioctl(container, VFIO_IOMMU_MAP_DMA, &map) ? failed("map memory for DMA") : 0;
}

static int find_pe(void *arg, const struct eeh_pe_info *info)
{
	const struct eeh_zpci_owner owner = { .sz = sizeof(owner), .arg = arg, .quiesce = quiesce,
					      .remap = remap };
	struct device *d = arg;

	if (info->nr_groups != 1) {
		fprintf(stderr, "nvme-admin: the PE of this device is in several IOMMU groups\n");
		return -EINVAL;
	}
	d->group = info->iommu_group;
	d->phb = info->phb;
	d->addr = info->addr;
	return info->zpci ? eeh_zpci_open(d->vfio, info->devices[0]->address, &owner, &d->zpci) : 0;
}

static int take_pe(struct device *d)
{
	struct eeh_pe_opts opts;

	EEH_INIT(&opts);
	opts.backend = d->zpci ? EEH_BACKEND_ZPCI : EEH_BACKEND_VFIO;
	opts.vfio = d->vfio;
	opts.zpci = d->zpci;
	return eeh_pe_open(d->ctx, d->phb, d->addr, &opts, &d->pe);
}

int device_open(struct device *d, struct eeh_ctx *ctx, const char *address, uint32_t iommu)
{
	struct eeh_vfio_opts opts;
	int err;

	memset(d, 0, sizeof(*d));
	d->ctx = ctx;
	d->fd = -1;
	EEH_INIT(&opts);
	opts.iommu = iommu;
	err = eeh_vfio_open(ctx, &opts, &d->vfio);
	if (err)
		return err;
	err = eeh_pe_find(ctx, address, find_pe, d);
	if (!err)
		d->fd = eeh_vfio_device(d->vfio, address);
	if (!err)
		err = d->fd < 0 ? d->fd : take_pe(d);
	if (!err)
		err = map_bar(d);
	if (!err)
		err = map_memory(d);
	if (!err)
		err = device_enable(d);
	if (err)
		device_close(d);
	return err;
}

void device_close(struct device *d)
{
	if (d->bar)
		munmap((void *)d->bar, d->bar_size);
	eeh_pe_close(d->pe);
	eeh_zpci_close(d->zpci);
	eeh_vfio_close(d->vfio);
	free(d->mem);
	memset(d, 0, sizeof(*d));
}

int device_config_read(struct device *d, uint32_t offset, void *buf, size_t len)
{
	return pread(d->fd, buf, len, d->config_offset + offset) == (ssize_t)len ? 0 : -EIO;
}

int device_config_write(struct device *d, uint32_t offset, const void *buf, size_t len)
{
	return pwrite(d->fd, buf, len, d->config_offset + offset) == (ssize_t)len ? 0 : -EIO;
}

int device_enable(struct device *d)
{
	uint16_t command = htole16(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);

	return device_config_write(d, PCI_COMMAND, &command, sizeof(command));
}

uint32_t device_read32(struct device *d, uint64_t offset)
{
	uint32_t v = UINT32_MAX;

	if (d->bar)
		v = *(volatile uint32_t *)(d->bar + offset);
	else if (pread(d->fd, &v, sizeof(v), d->bar_offset + offset) != sizeof(v))
		v = UINT32_MAX;
	/* Memory that the device wrote before is read after. */
	__sync_synchronize();
	return le32toh(v);
}

uint64_t device_read64(struct device *d, uint64_t offset)
{
	uint32_t low = device_read32(d, offset);

	return (uint64_t)device_read32(d, offset + 4) << 32 | low;
}

void device_write32(struct device *d, uint64_t offset, uint32_t value)
{
	uint32_t v = htole32(value);

	/* Memory that the device is to read was written before. */
	__sync_synchronize();
	if (d->bar)
		*(volatile uint32_t *)(d->bar + offset) = v;
	else if (pwrite(d->fd, &v, sizeof(v), d->bar_offset + offset) != sizeof(v))
		return;	/* dropped, as a store to a frozen device: the next read shows it */
}

void device_write64(struct device *d, uint64_t offset, uint64_t value)
{
	device_write32(d, offset, value);
	device_write32(d, offset + 4, value >> 32);
}

int device_arm_msix(struct device *d, int eventfd)
{
	uint64_t raw[4] = { 0 };
	struct vfio_irq_set *set = (struct vfio_irq_set *)raw;

	set->argsz = sizeof(*set) + sizeof(int);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = VFIO_PCI_MSIX_IRQ_INDEX;
	set->count = 1;
	memcpy(set->data, &eventfd, sizeof(eventfd));
	return ioctl(d->fd, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
}
