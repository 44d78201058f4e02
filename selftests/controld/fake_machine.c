// SPDX-License-Identifier: GPL-2.0-only
/* eeh-controld's backend over a machine in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <eeh/recovery.h>

#include "backend.h"
#include "fake_machine.h"

static struct fake_machine *m;
static int bell = -1;

struct fake_machine *fake_machine_map(const char *dir)
{
	char path[512];
	void *p;
	int fd;

	snprintf(path, sizeof(path), "%s/machine", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*m)))
		return NULL;
	p = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static int fake_open(void **be)
{
	const char *dir = getenv("EEH_FAKE");
	char path[512];

	*be = NULL;
	m = dir ? fake_machine_map(dir) : NULL;
	if (!m)
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/bell", dir);
	bell = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (bell < 0)
		return -errno;
	/* A ring is readable as long as there is something in it. */
	if (atomic_load(&m->tail) < atomic_load(&m->head) && write(bell, "x", 1) < 0)
		return -errno;
	return 0;
}

static void fake_close(void *be)
{
	(void)be;
	munmap(m, sizeof(*m));
	close(bell);
}

static const char *fake_error(void *be)
{
	(void)be;
	return "there is no machine in $EEH_FAKE";
}

static int fake_events_fd(void *be)
{
	(void)be;
	return bell;
}

/* As libbpf reads its ring: an event is consumed when the callback has returned. */
static int fake_events_read(void *be, backend_event_fn fn, void *arg)
{
	char buf[256];
	int n = 0, err;

	(void)be;
	while (read(bell, buf, sizeof(buf)) > 0)
		;
	while (atomic_load(&m->tail) < atomic_load(&m->head)) {
		err = fn(arg, &m->ring[atomic_load(&m->tail) % FAKE_RING]);
		if (err)
			return err;
		atomic_fetch_add(&m->tail, 1);
		n++;
	}
	return n;
}

static uint64_t fake_events_lost(void *be)
{
	(void)be;
	return atomic_load(&m->lost);
}

static int fake_for_each_pe(void *be, backend_pe_fn fn, void *arg)
{
	struct pe_desc d;
	uint32_t i;
	int err;

	(void)be;
	for (i = 0; i < m->nr_pes; i++) {
		const struct fake_pe *p = &m->pes[i];

		memset(&d, 0, sizeof(d));
		d.phb = p->phb;
		d.addr = p->addr;
		d.passed = p->passed;
		d.pid = 1;
		d.nr_devices = 1;
		memcpy(d.vm, p->vm, sizeof(d.vm));
		memcpy(d.devices[0].address, p->device, sizeof(p->device));
		memcpy(d.devices[0].driver, p->driver, sizeof(p->driver));
		err = fn(arg, &d);
		if (err)
			return err;
	}
	return 0;
}

static int fake_past(void *be, uint32_t phb, uint32_t addr, uint64_t since, backend_past_fn fn,
		     void *arg)
{
	uint32_t i;
	int err = 0;

	(void)be;
	for (i = 0; !err && i < m->nr_records; i++)
		if (m->records[i].phb == phb && m->records[i].addr == addr &&
		    m->records[i].time > since)
			err = fn(arg, m->records[i].time, EEH_SOURCE_INTERRUPT);
	return err;
}

static int fake_keep_fd(void *be)
{
	(void)be;
	return dup(bell);
}

static int fake_counts(void *be, struct query_counts *q)
{
	(void)be;
	*q = (struct query_counts) {
		.answered = 1000, .passed = 7, .attached = true, .enabled = true,
	};
	return 0;
}

static void dawdle(void)
{
	if (m->slow_us)
		usleep(rand() % m->slow_us);
}

static void fake_act(void *be, uint32_t phb, uint32_t addr, uint32_t action, uint32_t reset,
		     struct outcome *out)
{
	struct fake_pe *p = NULL;
	uint32_t i;

	(void)be;
	(void)reset;
	for (i = 0; i < m->nr_pes; i++)
		if (m->pes[i].phb == phb && m->pes[i].addr == addr)
			p = &m->pes[i];
	out->pe = EEH_RECOVERY_PE_ERROR;
	if (!p) {
		out->err = -ENODEV;
		return;
	}
	srand(getpid());
	if (action == EEH_RECOVERY_DO_STATE) {
		out->pe = atomic_load(&p->asserted) ? EEH_RECOVERY_PE_RESET :
			  atomic_load(&p->frozen) ? EEH_RECOVERY_PE_FROZEN : EEH_RECOVERY_PE_NORMAL;
		return;
	}
	if (atomic_fetch_add(&p->busy, 1))
		atomic_fetch_add(&p->overlaps, 1);
	dawdle();
	/* Into the controller's log, for who looks for a mistake. */
	dprintf(2, "machine: %04x:%x %s, frozen %u, asserted %u\n", phb, addr,
		eeh_recovery_action_name(action), atomic_load(&p->frozen),
		atomic_load(&p->asserted));
	switch (action) {
	case EEH_RECOVERY_DO_LOG:
		atomic_fetch_add(&p->logs, 1);
		strcpy(out->class, "dma-iommu");
		strcpy(out->sentence, "DMA write by 0001:01:00.0 to 0x1f400000 hit no TCE entry");
		break;
	case EEH_RECOVERY_DO_ASSERT:
		if (atomic_exchange(&p->asserted, 1))
			atomic_fetch_add(&p->again, 1);
		else
			atomic_fetch_add(&p->asserts, 1);
		break;
	case EEH_RECOVERY_DO_DEASSERT:
		if (!atomic_exchange(&p->asserted, 0)) {
			atomic_fetch_add(&p->illegal, 1);
		} else {
			atomic_store(&p->frozen, 0);
			atomic_fetch_add(&p->deasserts, 1);
		}
		break;
	case EEH_RECOVERY_DO_CONFIGURE:
		if (atomic_load(&p->frozen) || atomic_load(&p->asserted))
			atomic_fetch_add(&p->illegal, 1);
		atomic_fetch_add(&p->configures, 1);
		break;
	}
	dawdle();
	atomic_fetch_sub(&p->busy, 1);
}

static uint64_t fake_record_ns(void *be)
{
	(void)be;
	return 0;
}

static bool fake_resets(void *be)
{
	(void)be;
	return true;
}

const struct backend backend = {
	.name = "fake",
	.timed_resets = true,
	.resets = fake_resets,
	.record_ns = fake_record_ns,
	.past = fake_past,
	.keep_fd = fake_keep_fd,
	.open = fake_open,
	.close = fake_close,
	.error = fake_error,
	.events_fd = fake_events_fd,
	.events_read = fake_events_read,
	.events_lost = fake_events_lost,
	.for_each_pe = fake_for_each_pe,
	.counts = fake_counts,
	.act = fake_act,
};
