// SPDX-License-Identifier: GPL-2.0-only
/*
 * machine DIR new VM...: a machine in DIR/machine, with a PE 0001:01,
 * 0001:02, ... for each VM; "-" is a PE that a driver of this kernel has.
 * machine DIR freeze|thaw|show PE: let one freeze, let its owner thaw it, print
 * what was done to it. freeze-silently: there is no event. freeze-unheard,
 * thaw-unheard: nobody listens, but there is a record.
 * machine DIR burst PE N: N times, firmware says that it is not normal.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fake_machine.h"

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static void record(struct fake_machine *m, const struct fake_pe *p)
{
	if (m->nr_records == FAKE_RECORDS)
		exit(1);
	m->records[m->nr_records].phb = p->phb;
	m->records[m->nr_records].addr = p->addr;
	m->records[m->nr_records++].time = now();
}

static void event(struct fake_machine *m, const char *dir, const struct fake_pe *p, uint32_t type,
		  uint64_t arg)
{
	uint64_t head = atomic_load(&m->head);
	char path[512];
	int fd;

	m->ring[head % FAKE_RING] = (struct eeh_event) {
		.time_ns = now(), .seq = head + 1,
		.type = type, .source = EEH_SOURCE_INTERRUPT, .phb = p->phb, .pe_addr = p->addr,
		.arg = { arg },
	};
	atomic_store(&m->head, head + 1);
	snprintf(path, sizeof(path), "%s/bell", dir);
	fd = open(path, O_RDWR | O_NONBLOCK);
	if (fd < 0 || write(fd, "x", 1) != 1)
		exit(1);
	close(fd);
}

int main(int argc, char **argv)
{
	struct fake_machine *m;
	struct fake_pe *p;
	char path[512];
	int i;

	if (argc < 4)
		return 2;
	snprintf(path, sizeof(path), "%s/bell", argv[1]);
	mkfifo(path, 0600);
	m = fake_machine_map(argv[1]);
	if (!m)
		return 1;
	if (!strcmp(argv[2], "new")) {
		memset(m, 0, sizeof(*m));
		for (i = 3; i < argc; i++) {
			p = &m->pes[m->nr_pes++];
			p->phb = 1;
			p->addr = m->nr_pes;
			p->passed = strcmp(argv[i], "-") != 0;
			snprintf(p->device, sizeof(p->device), "0001:%02x:00.0", p->addr);
			strcpy(p->driver, p->passed ? "vfio-pci" : "nvme");
			snprintf(p->vm, sizeof(p->vm), "%s", p->passed ? argv[i] : "");
		}
		return 0;
	}
	i = atoi(argv[3]) - 1;
	if (i < 0 || i >= (int)m->nr_pes)
		return 2;
	p = &m->pes[i];
	if (!strcmp(argv[2], "freeze")) {
		p->freezes++;
		p->frozen = 1;
		event(m, argv[1], p, EEH_EVENT_FROZEN, p->passed);
	} else if (!strcmp(argv[2], "freeze-silently")) {
		p->frozen = 1;
	} else if (!strcmp(argv[2], "freeze-unheard")) {
		p->frozen = 1;
		record(m, p);
	} else if (!strcmp(argv[2], "thaw-unheard")) {
		p->frozen = 0;
	} else if (!strcmp(argv[2], "thaw")) {
		p->frozen = 0;
		event(m, argv[1], p, EEH_EVENT_RESET, 0);
		event(m, argv[1], p, EEH_EVENT_CONFIGURE, 0);
	} else if (!strcmp(argv[2], "burst") && argc == 5) {
		for (i = atoi(argv[4]); i > 0; i--)
			event(m, argv[1], p, EEH_EVENT_STATE, 2);
	} else {
		printf("frozen %u asserts %u deasserts %u configures %u logs %u\n", p->frozen,
		       p->asserts, p->deasserts, p->configures, p->logs);
	}
	return 0;
}
