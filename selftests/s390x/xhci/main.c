// SPDX-License-Identifier: GPL-2.0-only
/*
 * xhci-zpci DEVICE: owns a USB controller (xHCI) on s390x, and makes a real error: it names an
 * address that is not mapped for DMA as its event ring. A controller of conventional PCI, as
 * QEMU's is, can signal its owner errors since Linux 7.3 only; so it listens to BPF events as well
 * (root). Then it recovers, and the controller has to execute a command and interrupt. Sections
 * are those of the xHCI specification 1.2.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <eeh/event.h>
#include <eeh/log.h>

#include "device.h"

#define UNMAPPED	0x800000

/* 5.3: capabilities */
#define CAPLENGTH	0x00
#define DBOFF		0x14
#define RTSOFF		0x18
/* 5.4: operational registers, behind the capabilities */
#define USBCMD		0x00
#define  CMD_RUN	(1U << 0)
#define  CMD_HCRST	(1U << 1)
#define  CMD_INTE	(1U << 2)
#define USBSTS		0x04
#define  STS_HALTED	(1U << 0)
#define  STS_CNR	(1U << 11)
#define CRCR		0x18
#define DCBAAP		0x30
#define CONFIG		0x38
/* 5.5.2: interrupter 0, of the runtime registers */
#define IMAN		0x20
#define  IMAN_CLEAR_ENABLE	3U
#define ERSTSZ		0x28
#define ERSTBA		0x30
#define ERDP		0x38

/* 6.4: transfer request blocks, four words each */
#define TRB_CYCLE		1U
#define TRB_TYPE(type)		((type) << 10)
#define TRB_NO_OP_COMMAND	23U
#define TRB_COMMAND_COMPLETION	33U
#define COMPLETION_SUCCESS	1U

/* In the memory for DMA */
#define AT_ERST		0x0000
#define AT_EVENTS	0x1000
#define AT_COMMANDS	0x2000
#define AT_DCBAA	0x3000
#define EVENTS		16

struct run {
	struct eeh_ctx *ctx, *events_ctx;
	struct eeh_events *events;
	struct device dev;
	int msix;
	uint32_t op, runtime, doorbells;
	bool heard;
	const char *by;
};

static int complain(struct run *r, const char *what, int err)
{
	fprintf(stderr, "xhci-zpci: %s: %s (%s)\n", what, strerror(-err), eeh_last_error(r->ctx));
	return err;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Until those bits have that value, or a second is over. */
static int until(struct run *r, uint32_t reg, uint32_t bits, uint32_t value)
{
	double end = now_ms() + 1000;

	while ((device_read32(&r->dev, reg) & bits) != value) {
		if (now_ms() > end)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

/* A bus reset does not reset QEMU's registers: stop it, and reset it (4.2). Also by the library. */
static void stop(struct device *d)
{
	struct run *r = (struct run *)((char *)d - offsetof(struct run, dev));

	device_write32(d, r->op + USBCMD, 0);
	until(r, r->op + USBSTS, STS_HALTED, STS_HALTED);
	device_write32(d, r->op + USBCMD, CMD_HCRST);
	until(r, r->op + USBCMD, CMD_HCRST, 0);
	until(r, r->op + USBSTS, STS_CNR, 0);
}

static void find_registers(struct run *r)
{
	r->op = device_read32(&r->dev, CAPLENGTH) & 0xff;
	r->runtime = device_read32(&r->dev, RTSOFF) & ~0x1fU;
	r->doorbells = device_read32(&r->dev, DBOFF) & ~3U;
}

static void event_ring(struct run *r, uint64_t table)
{
	device_write32(&r->dev, r->runtime + ERSTSZ, 1);
	device_write64(&r->dev, r->runtime + ERDP, r->dev.iova + AT_EVENTS);
	device_write64(&r->dev, r->runtime + ERSTBA, table);
}

/* Set up, one command, its completion and its interrupt. */
static int works(struct run *r)
{
	struct pollfd p = { .fd = r->msix, .events = POLLIN };
	struct device *d = &r->dev;
	uint32_t *command = (uint32_t *)(d->mem + AT_COMMANDS);
	uint64_t *table = (uint64_t *)(d->mem + AT_ERST), count;
	volatile uint32_t *event = (uint32_t *)(d->mem + AT_EVENTS);
	uint32_t type, code;

	memset(d->mem, 0, d->mem_size);
	table[0] = htole64(d->iova + AT_EVENTS);
	table[1] = htole64(EVENTS);
	command[3] = htole32(TRB_TYPE(TRB_NO_OP_COMMAND) | TRB_CYCLE);
	stop(d);
	device_write32(d, r->op + CONFIG, 1);
	device_write64(d, r->op + DCBAAP, d->iova + AT_DCBAA);
	device_write64(d, r->op + CRCR, (d->iova + AT_COMMANDS) | TRB_CYCLE);
	event_ring(r, d->iova + AT_ERST);
	device_write32(d, r->runtime + IMAN, IMAN_CLEAR_ENABLE);
	device_write32(d, r->op + USBCMD, CMD_RUN | CMD_INTE);
	if (until(r, r->op + USBSTS, STS_HALTED, 0))
		return complain(r, "it does not run", -ETIMEDOUT);
	device_write32(d, r->doorbells, 0);
	if (poll(&p, 1, 1000) != 1 || read(r->msix, &count, sizeof(count)) != sizeof(count))
		return complain(r, "no interrupt came", -ETIMEDOUT);
	/* Events of ports may come first. */
	for (; event < (uint32_t *)(d->mem + AT_EVENTS) + EVENTS * 4; event += 4) {
		type = le32toh(event[3]) >> 10 & 0x3f;
		code = le32toh(event[2]) >> 24;
		if (type == TRB_COMMAND_COMPLETION)
			return code == COMPLETION_SUCCESS ? 0 : complain(r, "the command failed", -EIO);
	}
	return complain(r, "no command was completed", -EBADMSG);
}

static int on_error(void *arg, const struct eeh_zpci_error *e)
{
	struct run *r = arg;

	r->heard = true;
	r->by = "owner";
	printf("error pec=0x%x fid=0x%x faddr=0x%" PRIx64 "%s\n", e->pec, e->fid, e->faddr,
	       e->flags & EEH_ZPCI_F_CCDF ? "" : " without a code");
	return 0;
}

static int on_event(void *arg, const struct eeh_event *e)
{
	struct run *r = arg;

	if (e->type != EEH_EVENT_ZPCI || e->pe_addr != eeh_zpci_fid(r->dev.zpci) ||
	    eeh_event_fate(e) > EEH_FATE_KERNEL)
		return 0;
	printf("event pec=0x%x fate=%s faddr=0x%" PRIx64 "\n", eeh_event_pec(e),
	       eeh_fate_name(eeh_event_fate(e)), (uint64_t)e->arg[1]);
	/* Since 7.3 its own signal follows. */
	if (eeh_zpci_kind(r->dev.zpci) == EEH_ZPCI_HOST) {
		r->by = "bpf";
		r->heard = true;
	}
	return 0;
}

static int hear(struct run *r)
{
	struct pollfd p[] = {
		{ .fd = eeh_zpci_fd(r->dev.zpci), .events = POLLIN },
		{ .fd = eeh_events_fd(r->events), .events = POLLIN },
	};
	double end = now_ms() + 5000;
	int n;

	while (!r->heard && now_ms() < end) {
		if (poll(p, 2, 100) < 0)
			return -errno;
		n = eeh_zpci_read(r->dev.zpci, on_error, r);
		if (n >= 0)
			n = eeh_events_read(r->events, on_event, r);
		if (n < 0)
			return complain(r, "read", n);
	}
	if (!r->heard)
		return complain(r, "no event came", -ETIMEDOUT);
	if (!eeh_zpci_pending(r->dev.zpci))
		eeh_zpci_notice(r->dev.zpci);
	return 0;
}

static int own(struct run *r)
{
	int err = device_arm_msix(&r->dev, r->msix);

	if (err)
		return complain(r, "MSI-X", err);
	find_registers(r);
	r->dev.stop = stop;
	err = works(r);
	if (err)
		return err;
	printf("open kernel=%s\n", eeh_zpci_support_name(eeh_zpci_kind(r->dev.zpci)));
	stop(&r->dev);
	event_ring(r, r->dev.iova + UNMAPPED);
	err = hear(r);
	if (err)
		return err;
	err = eeh_pe_recover(r->dev.pe, NULL);
	if (err)
		return complain(r, "recovery", err < 0 ? err : -EPROTO);
	err = works(r);
	if (!err)
		printf("recovered heard by=%s\n", r->by);
	return err;
}

int main(int argc, char **argv)
{
	struct run r = { .by = "" };
	int err;

	if (argc != 2)
		return 2;
	r.msix = eventfd(0, EFD_CLOEXEC);
	err = eeh_ctx_new(&r.ctx, NULL);
	if (!err)
		err = eeh_ctx_new(&r.events_ctx, NULL);
	if (err || r.msix < 0)
		return 1;
	err = eeh_events_open(r.events_ctx, NULL, &r.events);
	if (err) {
		fprintf(stderr, "xhci-zpci: %s\n", eeh_last_error(r.events_ctx));
		return 1;
	}
	err = device_open(&r.dev, r.ctx, argv[1], EEH_VFIO_IOMMU_AUTO);
	if (err) {
		complain(&r, argv[1], err);
	} else {
		err = r.dev.zpci ? own(&r) : -EOPNOTSUPP;
		device_close(&r.dev);
	}
	eeh_events_close(r.events);
	eeh_ctx_free(r.events_ctx);
	eeh_ctx_free(r.ctx);
	return err ? 1 : 0;
}
