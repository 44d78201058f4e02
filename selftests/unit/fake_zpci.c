// SPDX-License-Identifier: GPL-2.0-only
/* Plays a zPCI function behind VFIO: see fake_zpci.h. */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <linux/vfio.h>
#include <linux/vfio_zdev.h>

#include "fake_zpci.h"

#define FEATURE_ZPCI_ERROR	13

struct fake_zpci fake_zpci;

void fake_zpci_init(void)
{
	memset(&fake_zpci, 0, sizeof(fake_zpci));
	fake_zpci.present = true;
	fake_zpci.caps = true;
	fake_zpci.cap_version = 3;
	fake_zpci.ccdf_len = 32;
	fake_zpci.err_fd = fake_zpci.req_fd = -1;
}

static void put(uint8_t *p, uint64_t val, int n)
{
	while (n--) {
		p[n] = val;
		val >>= 8;
	}
}

void fake_zpci_store(uint16_t pec, uint64_t faddr)
{
	uint8_t *q = fake_zpci.queue[fake_zpci.queued];

	if (fake_zpci.queued == 4)
		return;
	fake_zpci.queued++;
	memset(q, 0, sizeof(fake_zpci.queue[0]));
	put(q + 4, 0x80020000, 4);
	put(q + 8, 0x101, 4);
	put(q + 16, faddr, 8);
	put(q + 30, pec, 2);
	/* What a longer event may have behind it. */
	memset(q + 32, 0xee, 32);
}

void fake_zpci_signal(int fd)
{
	uint64_t one = 1;

	if (fd >= 0 && write(fd, &one, sizeof(one)) != sizeof(one))
		_exit(99);
}

void fake_zpci_event(uint16_t pec, uint64_t faddr)
{
	if (!fake_zpci.old)
		fake_zpci_store(pec, faddr);
	fake_zpci_signal(fake_zpci.err_fd);
}

static int get_info(struct vfio_device_info *info)
{
	uint8_t *cap = (uint8_t *)info + 64;
	struct vfio_info_cap_header h = { .id = VFIO_DEVICE_INFO_CAP_ZPCI_BASE };
	struct vfio_info_cap_header other = { .id = VFIO_DEVICE_INFO_CAP_ZPCI_GROUP, .version = 1 };

	info->flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET;
	if (!fake_zpci.caps)
		return 0;
	info->flags |= VFIO_DEVICE_FLAGS_CAPS;
	info->cap_offset = 128;
	other.next = 64;
	memcpy((uint8_t *)info + 128, &other, sizeof(other));
	h.version = fake_zpci.cap_version;
	memcpy(cap, &h, sizeof(h));
	memcpy(cap + 36, &fake_zpci.ccdf_len, sizeof(fake_zpci.ccdf_len));
	return 0;
}

static int get_event(const struct vfio_device_feature *f)
{
	uint32_t len = fake_zpci.ccdf_len;
	uint64_t data;

	fake_zpci.gets++;
	if (f->argsz != sizeof(*f) + sizeof(data))
		return -EINVAL;
	memcpy(&data, f->data, sizeof(data));
	if (!data)
		return -EINVAL;
	if (fake_zpci.get_error)
		return fake_zpci.get_error;
	if (!fake_zpci.queued)
		return -ENOMSG;
	if (len < 32 || len > 64)
		len = 32;
	memcpy((void *)(uintptr_t)data, fake_zpci.queue[0], len);
	fake_zpci.queued--;
	memmove(fake_zpci.queue[0], fake_zpci.queue[1], 3 * sizeof(fake_zpci.queue[0]));
	return 0;
}

static int feature(const struct vfio_device_feature *f)
{
	if ((f->flags & VFIO_DEVICE_FEATURE_MASK) != FEATURE_ZPCI_ERROR || fake_zpci.old)
		return -ENOTTY;
	if (f->flags & VFIO_DEVICE_FEATURE_SET)
		return -EINVAL;
	return f->flags & VFIO_DEVICE_FEATURE_PROBE ? 0 :
	       f->flags & VFIO_DEVICE_FEATURE_GET ? get_event(f) : -EINVAL;
}

static int set_irqs(const struct vfio_irq_set *set)
{
	int fd;

	memcpy(&fd, set->data, sizeof(fd));
	if (set->index == VFIO_PCI_ERR_IRQ_INDEX && !fake_zpci.conventional)
		fake_zpci.err_fd = fd;
	else if (set->index == VFIO_PCI_REQ_IRQ_INDEX)
		fake_zpci.req_fd = fd;
	else
		return -EINVAL;
	return 0;
}

static int reset(void)
{
	fake_zpci.resets++;
	if (fake_zpci.again) {
		fake_zpci.again -= fake_zpci.again > 0;
		return -EAGAIN;
	}
	if (fake_zpci.eio) {
		fake_zpci.eio--;
		return -EIO;
	}
	return 0;
}

int fake_zpci_ioctl(unsigned long request, unsigned long val)
{
	if (fake_zpci.gone)
		return -ENODEV;
	switch (request) {
	case VFIO_DEVICE_GET_INFO:
		return get_info((void *)val);
	case VFIO_DEVICE_FEATURE:
		return feature((void *)val);
	case VFIO_DEVICE_SET_IRQS:
		return set_irqs((void *)val);
	case VFIO_DEVICE_RESET:
		return reset();
	}
	return -ENOTTY;
}
