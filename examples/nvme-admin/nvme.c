// SPDX-License-Identifier: GPL-2.0-only
/* NVM Express Base Specification 1.4: 3.1 (registers), 4.2 and 4.6 (queue entries), 5.15. */
#include <endian.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "nvme.h"

#define CAP	0x00
#define CC	0x14
#define CSTS	0x1c
#define AQA	0x24
#define ASQ	0x28
#define ACQ	0x30
#define DOORBELL 0x1000

#define CC_EN		(1U << 0)
#define CC_IOSQES_64	(6U << 16)
#define CC_IOCQES_16	(4U << 20)
#define CSTS_RDY	(1U << 0)
#define CSTS_CFS	(1U << 1)

#define ENTRIES		32
#define IDENTIFY	0x06
#define CNS_CONTROLLER	1

/* What is where in the memory for DMA. */
#define MEM_SQ		0
#define MEM_CQ		4096
#define MEM_DATA	8192

struct sqe {
	uint32_t cdw0;		/* 7:0 opcode, 31:16 identifier */
	uint32_t nsid;
	uint64_t reserved;
	uint64_t mptr;
	uint64_t prp1;
	uint64_t prp2;
	uint32_t cdw10[6];
};

struct cqe {
	uint32_t dw0;
	uint32_t dw1;
	uint16_t sq_head;
	uint16_t sq_id;
	uint16_t id;
	uint16_t status;	/* 0 phase, 15:1 status */
};

_Static_assert(sizeof(struct sqe) == 64 && sizeof(struct cqe) == 16, "entries of a queue");

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ULL + ts.tv_nsec / 1000000;
}

static void nap(void)
{
	const struct timespec ms = { 0, 1000000 };

	nanosleep(&ms, NULL);
}

/* Of a device that is alive the reserved bits of CSTS are 0. */
static bool is_gone(uint32_t csts)
{
	return csts == UINT32_MAX;
}

bool nvme_is_alive(struct nvme *n)
{
	return !is_gone(device_read32(n->dev, CSTS));
}

static int wait_ready(struct nvme *n, bool ready)
{
	uint64_t end = now_ms() + n->timeout_ms;
	uint32_t csts;

	for (;;) {
		csts = device_read32(n->dev, CSTS);
		if (is_gone(csts))
			return -ENOLINK;
		if (!!(csts & CSTS_RDY) == ready)
			return 0;
		if (ready && csts & CSTS_CFS)
			return -EPROTO;
		if (now_ms() > end)
			return -ETIMEDOUT;
		nap();
	}
}

void nvme_stop(struct device *dev)
{
	device_write32(dev, CC, 0);
}

int nvme_start(struct nvme *n, struct device *dev)
{
	uint64_t cap;
	int err;

	memset(n, 0, sizeof(*n));
	n->dev = dev;
	dev->stop = nvme_stop;
	cap = device_read64(dev, CAP);
	if (is_gone(cap) || is_gone(cap >> 32))
		return -ENOLINK;
	n->stride = 4U << (cap >> 32 & 0xf);
	/* In units of 500 ms; emulated machines are slow. */
	n->timeout_ms = ((cap >> 24 & 0xff) + 1) * 500 + 10000;

	device_write32(dev, CC, 0);
	err = wait_ready(n, false);
	if (err)
		return err;
	memset(dev->mem, 0, dev->mem_size);
	n->cq_phase = 1;
	device_write32(dev, AQA, (ENTRIES - 1) << 16 | (ENTRIES - 1));
	device_write64(dev, ASQ, dev->iova + MEM_SQ);
	device_write64(dev, ACQ, dev->iova + MEM_CQ);
	device_write32(dev, CC, CC_EN | CC_IOSQES_64 | CC_IOCQES_16);
	return wait_ready(n, true);
}

/* A completion is seen in memory; a freeze is not, so CSTS is looked at meanwhile. */
static int wait_completion(struct nvme *n, struct cqe *out)
{
	volatile struct cqe *cq = (volatile struct cqe *)(n->dev->mem + MEM_CQ);
	uint64_t end = now_ms() + n->timeout_ms;
	uint32_t csts;

	while ((le16toh(cq[n->cq_head].status) & 1) != n->cq_phase) {
		csts = device_read32(n->dev, CSTS);
		if (is_gone(csts))
			return -ENOLINK;
		if (csts & CSTS_CFS)
			return -EPROTO;
		if (now_ms() > end)
			return -ETIMEDOUT;
		nap();
	}
	__sync_synchronize();
	memcpy(out, (const void *)&cq[n->cq_head], sizeof(*out));
	if (++n->cq_head == ENTRIES) {
		n->cq_head = 0;
		n->cq_phase = !n->cq_phase;
	}
	device_write32(n->dev, DOORBELL + n->stride, n->cq_head);
	return 0;
}

uint16_t nvme_submit_identify(struct nvme *n, uint64_t iova)
{
	struct sqe *sq = (struct sqe *)(n->dev->mem + MEM_SQ), *e = &sq[n->sq_tail];
	uint16_t id = n->next_id++;

	memset(e, 0, sizeof(*e));
	e->cdw0 = htole32(IDENTIFY | (uint32_t)id << 16);
	e->prp1 = htole64(iova);
	e->cdw10[0] = htole32(CNS_CONTROLLER);
	n->sq_tail = (n->sq_tail + 1) % ENTRIES;
	device_write32(n->dev, DOORBELL, n->sq_tail);
	return id;
}

int nvme_identify(struct nvme *n, const uint8_t **data)
{
	struct cqe c;
	uint16_t id;
	int err;

	memset(n->dev->mem + MEM_DATA, 0, NVME_IDENTIFY_SIZE);
	id = nvme_submit_identify(n, n->dev->iova + MEM_DATA);

	err = wait_completion(n, &c);
	if (err)
		return err;
	if (le16toh(c.id) != id)
		return -EPROTO;
	*data = n->dev->mem + MEM_DATA;
	return le16toh(c.status) >> 1 ? -EIO : 0;
}
