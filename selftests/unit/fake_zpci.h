/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __FAKE_ZPCI_H
#define __FAKE_ZPCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What vfio-pci of s390x does beyond fake_dev: one zPCI function, the device of any group. As
 * Linux 7.3 has it (drivers/vfio/pci/vfio_pci_zdev.c): a queue of four events, the newest dropped
 * when it is full, the eventfd signalled all the same.
 */
struct fake_zpci {
	bool present;		/* this is s390x */
	bool old;		/* a kernel without the support */
	bool conventional;	/* it cannot signal errors (conventional PCI, old) */
	bool gone;
	bool caps;		/* VFIO_DEVICE_GET_INFO has capabilities */
	uint32_t cap_version;
	uint32_t ccdf_len;	/* what the capability says */
	int again, eio;		/* so many resets fail */
	int get_error;		/* what reading an event returns, if not 0 */
	/* what was done */
	int resets, gets;
	int err_fd, req_fd;	/* -1: none */
	uint8_t queue[4][64];
	size_t queued;
};

extern struct fake_zpci fake_zpci;

void fake_zpci_init(void);
/* An event: @pec at @faddr. Stored, signalled, or both. */
void fake_zpci_store(uint16_t pec, uint64_t faddr);
void fake_zpci_signal(int fd);
void fake_zpci_event(uint16_t pec, uint64_t faddr);

/* Of a device's descriptor; -ENOTTY. */
int fake_zpci_ioctl(unsigned long request, unsigned long val);

#endif /* __FAKE_ZPCI_H */
