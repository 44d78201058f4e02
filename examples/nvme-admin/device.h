/* SPDX-License-Identifier: GPL-2.0-only */
/* A PCI device that this process owns through VFIO, and memory that it can reach. */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eeh/pe.h>
#include <eeh/vfio.h>
#include <eeh/zpci.h>

struct device {
	struct eeh_ctx *ctx;
	struct eeh_vfio *vfio;
	struct eeh_pe *pe;
	struct eeh_zpci *zpci;	/* s390x only */
	/* makes the device stop its DMA, once its driver knows how */
	void (*stop)(struct device *d);
	uint32_t phb, addr;	/* of its PE */
	int fd;
	int group;
	/* BAR 0: mapped, or through the descriptor where VFIO cannot map it */
	volatile uint8_t *bar;
	uint64_t bar_offset;
	uint64_t bar_size;
	uint64_t config_offset;
	/* memory for DMA: zeroed, one piece */
	uint8_t *mem;
	uint64_t iova;
	size_t mem_size;
};

/* All: 0 or -errno, and eeh_last_error(ctx) or a message on standard error says why. */
int device_open(struct device *d, struct eeh_ctx *ctx, const char *address, uint32_t iommu);
void device_close(struct device *d);
/* Memory decode and bus mastering on: both are off after a reset, or after the kernel's. */
int device_enable(struct device *d);
/* The first MSI-X vector signals this eventfd. */
int device_arm_msix(struct device *d, int eventfd);

/* Registers of BAR 0; little-endian as PCI is. */
uint32_t device_read32(struct device *d, uint64_t offset);
uint64_t device_read64(struct device *d, uint64_t offset);
void device_write32(struct device *d, uint64_t offset, uint32_t value);
void device_write64(struct device *d, uint64_t offset, uint64_t value);

/* Config space, by the kernel. */
int device_config_read(struct device *d, uint32_t offset, void *buf, size_t len);
int device_config_write(struct device *d, uint32_t offset, const void *buf, size_t len);

#endif /* DEVICE_H */
