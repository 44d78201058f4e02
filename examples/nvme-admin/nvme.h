/* SPDX-License-Identifier: GPL-2.0-only */
/* The admin queue of an NVMe controller: set up, and one command at a time. */
#ifndef NVME_H
#define NVME_H

#include "device.h"

#define NVME_IDENTIFY_SIZE	4096

struct nvme {
	struct device *dev;
	uint32_t stride;	/* bytes from one doorbell to the next */
	uint32_t timeout_ms;	/* CAP.TO: how long it may take to become ready */
	uint16_t sq_tail;
	uint16_t cq_head;
	uint16_t cq_phase;
	uint16_t next_id;
};

/*
 * Reset the controller and set its admin queue up. Does not assume anything of what was before.
 * 0; -ENOLINK (it reads as all-ones: ask whether it is frozen), -ETIMEDOUT, -EPROTO.
 */
int nvme_start(struct nvme *n, struct device *dev);
/* One load: does it read as something else than all-ones? */
bool nvme_is_alive(struct nvme *n);
/*
 * Identify Controller. The data are in memory of the device until the next command. Results as
 * above, or -EIO if the controller reports an error.
 */
int nvme_identify(struct nvme *n, const uint8_t **data);
/* The command alone, its data to go to @iova; its identifier. To make an error: see nvme-zpci. */
uint16_t nvme_submit_identify(struct nvme *n, uint64_t iova);
/* No more DMA. Does not wait. */
void nvme_stop(struct device *dev);

#endif /* NVME_H */
