// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvme-zpci: a driver in user space on s390x that owns an NVMe function and makes real errors:
 * it has the controller write its Identify data to an address that is not mapped for DMA. It then
 * does what an owner has to: hear of it, read what hardware says, reset, map its memory again, set
 * the controller up, and see that it answers and interrupts. One line is printed per error.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <eeh/log.h>

#include "nvme.h"

/* Nothing is mapped there: all our memory is 64 KiB. */
#define UNMAPPED	0x800000

struct run {
	struct eeh_ctx *ctx;
	struct device dev;
	struct nvme nvme;
	char address[EEH_PCI_ADDRESS_LEN];
	int msix;
	uint32_t wait_ms;	/* for the event */
	uint32_t delay_ms;	/* from hearing of it to reading */
	bool silent;		/* no event is expected */
	bool late;		/* the first set-up meets an error */
	/* of the error that is handled */
	uint64_t faddr;
	uint32_t got, lost, wrong;
	uint64_t errors, recoveries, revived;
};

static int usage(FILE *f)
{
	fputs("Usage: nvme-zpci [OPTIONS] DEVICE\n"
	      "DEVICE is the PCI address of an NVMe function that is bound to vfio-pci.\n"
	      "  --errors N     make N errors and recover from each (1)\n"
	      "  --wait MS      how long an event may take (100)\n"
	      "  --delay MS     how long to wait before it is read, so that more can come (0)\n"
	      "  --silent       the kernel is expected to report nothing: reset it all the same\n"
	      "  --late         make one more, which comes while it is set up, as if its last owner had left it\n"
	      "  --hold S       after that, hold the function for S seconds, or until the kernel wants it\n",
	      f);
	return f == stderr ? 2 : 0;
}

static int complain(struct run *r, const char *what, int err)
{
	const char *why = eeh_last_error(r->ctx);

	fprintf(stderr, "nvme-zpci: %s: %s (%s)\n", what, strerror(-err), why);
	return err;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* Set up, one Identify, and its interrupt. */
static int start(struct run *r)
{
	struct pollfd p = { .fd = r->msix, .events = POLLIN };
	const uint8_t *data;
	uint64_t count;
	int err;

	err = nvme_start(&r->nvme, &r->dev);
	if (err)
		return complain(r, "set up", err);
	err = nvme_identify(&r->nvme, &data);
	if (err)
		return complain(r, "Identify", err);
	/* The serial number that the lab gave it. */
	if (memcmp(data + 4, "lab", 3)) {
		fprintf(stderr, "nvme-zpci: Identify has other data\n");
		return -EBADMSG;
	}
	if (poll(&p, 1, 1000) != 1 || read(r->msix, &count, sizeof(count)) != sizeof(count)) {
		fprintf(stderr, "nvme-zpci: no interrupt came\n");
		return -ETIMEDOUT;
	}
	return 0;
}

static int set_up(struct run *r)
{
	int err = device_arm_msix(&r->dev, r->msix);

	return err ? complain(r, "MSI-X", err) : start(r);
}

/* What an owner that was killed in the middle of an error leaves to the next one. */
static int late_error(struct run *r)
{
	struct pollfd p = { .fd = eeh_zpci_fd(r->dev.zpci), .events = POLLIN };
	int err = nvme_start(&r->nvme, &r->dev);

	if (err)
		return complain(r, "set up", err);
	nvme_submit_identify(&r->nvme, r->dev.iova + UNMAPPED);
	return poll(&p, 1, r->wait_ms) == 1 ? 0 : complain(r, "no event came", -ETIMEDOUT);
}

static int take_device(struct run *r)
{
	int err = device_open(&r->dev, r->ctx, r->address, EEH_VFIO_IOMMU_AUTO);

	if (err != -ENODEV)
		return err;
	/* It had a permanent error. A kernel before 7.3 has not told its owner so. */
	err = eeh_zpci_revive(r->ctx, r->address, "vfio-pci", r->address);
	if (err)
		return err;
	r->revived++;
	return device_open(&r->dev, r->ctx, r->address, EEH_VFIO_IOMMU_AUTO);
}

static int open_device(struct run *r)
{
	int err = take_device(r);

	if (err)
		return complain(r, r->address, err);
	if (!r->dev.zpci) {
		fprintf(stderr, "nvme-zpci: %s is no zPCI function: see nvme-admin\n", r->address);
		return -EOPNOTSUPP;
	}
	err = r->late ? late_error(r) : 0;
	if (err)
		return err;
	err = set_up(r);
	if (!err && !r->late)
		return 0;
	/*
	 * Its last owner may have been killed in the middle of an error, which came only now. It is
	 * nothing that this one has to recover from.
	 */
	printf("set up again: %s\n", err ? "it failed" : "there was an error");
	eeh_zpci_read(r->dev.zpci, NULL, NULL);
	err = eeh_pe_reset(r->dev.pe, NULL);
	return err ? complain(r, "reset", err) : set_up(r);
}

static int on_error(void *arg, const struct eeh_zpci_error *e)
{
	struct eeh_log_record rec;
	struct run *r = arg;

	if (e->flags & EEH_ZPCI_F_LOST) {
		printf("lost seq=%" PRIu64 " lost=%u\n", e->seq, e->lost);
		r->lost += e->lost;
		return 0;
	}
	r->got++;
	if (!(e->flags & EEH_ZPCI_F_CCDF)) {
		printf("error seq=%" PRIu64 " fid=0x%x without a code\n", e->seq, e->fid);
		return 0;
	}
	EEH_INIT(&rec);
	if (eeh_log_decode(r->ctx, e->ccdf, e->len, NULL, &rec))
		return complain(r, "decode", -EBADMSG);
	printf("error seq=%" PRIu64 " pec=0x%x fid=0x%x faddr=0x%" PRIx64 " class=%s%s: %s\n", e->seq,
	       e->pec, e->fid, e->faddr, eeh_log_class_name(rec.error_class),
	       e->flags & EEH_ZPCI_F_PERMANENT ? " permanent" : "", rec.sentence);
	if (e->fid != eeh_zpci_fid(r->dev.zpci) || (e->faddr & ~0xfffULL) != r->faddr)
		r->wrong++;
	return 0;
}

static int revive(struct run *r)
{
	int err;

	device_close(&r->dev);
	err = eeh_zpci_revive(r->ctx, r->address, "vfio-pci", r->address);
	if (err)
		return complain(r, "revive", err);
	r->revived++;
	return open_device(r);
}

static int recover(struct run *r)
{
	int err;

	if (eeh_zpci_permanent(r->dev.zpci))
		return revive(r);
	if (r->silent)
		eeh_zpci_notice(r->dev.zpci);
	err = eeh_pe_recover(r->dev.pe, NULL);
	if (err)
		return complain(r, "recovery", err < 0 ? err : -EPROTO);
	r->recoveries++;
	return start(r);
}

static int one(struct run *r)
{
	struct pollfd p = { .fd = eeh_zpci_fd(r->dev.zpci), .events = POLLIN };
	double begin = now_ms(), heard, took;
	int n, err;

	r->faddr = r->dev.iova + UNMAPPED;
	r->got = r->lost = r->wrong = 0;
	nvme_submit_identify(&r->nvme, r->faddr);
	n = poll(&p, 1, r->wait_ms);
	heard = now_ms() - begin;
	if (n != !r->silent) {
		fprintf(stderr, "nvme-zpci: %s within %u ms\n", n ? "an event came" : "no event came",
			r->wait_ms);
		return -ETIMEDOUT;
	}
	usleep(r->delay_ms * 1000);
	n = eeh_zpci_read(r->dev.zpci, on_error, r);
	if (n < 0)
		return complain(r, "read", n);
	if (!r->silent && (!r->got || r->wrong)) {
		fprintf(stderr, "nvme-zpci: %u events, %u of them with a wrong function or address\n",
			r->got, r->wrong);
		return -EPROTO;
	}
	r->errors++;
	begin = now_ms();
	err = recover(r);
	took = now_ms() - begin;
	if (!err)
		printf("recovered heard_ms=%.1f took_ms=%.1f\n", heard, took);
	fflush(stdout);
	return err;
}

/* What this process holds: descriptors, and bytes of its heap. */
struct held {
	int fds;
	size_t bytes;
};

static struct held held_now(void)
{
	struct held h = { .bytes = mallinfo2().uordblks };
	int fd;

	for (fd = 0; fd < 1024; fd++)
		h.fds += fcntl(fd, F_GETFD) >= 0;
	return h;
}

static int check_leaks(const struct held *first)
{
	struct held h = held_now();

	if (h.fds == first->fds && h.bytes == first->bytes)
		return 0;
	fprintf(stderr, "nvme-zpci: %d descriptors and %zu bytes are held, after the first error it was %d "
		"and %zu\n", h.fds, h.bytes, first->fds, first->bytes);
	return -EMFILE;
}

static bool number(const char *s, uint32_t *val)
{
	char *end;

	errno = 0;
	*val = strtoul(s, &end, 10);
	return !errno && *s >= '0' && *s <= '9' && !*end;
}

/* Hold the function until the time is over or the kernel asks for it: it is to be unplugged. */
static int hold_it(struct run *r, uint32_t seconds)
{
	struct pollfd p = { .fd = eeh_zpci_fd(r->dev.zpci), .events = POLLIN };
	double end = now_ms() + seconds * 1e3;
	int n;

	while (now_ms() < end) {
		if (poll(&p, 1, 100) < 0)
			return -errno;
		n = eeh_zpci_read(r->dev.zpci, on_error, r);
		if (n < 0)
			return complain(r, "read", n);
		if (eeh_zpci_requested(r->dev.zpci)) {
			printf("requested\n");
			fflush(stdout);
			return 0;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "errors",	required_argument, NULL, 'e' },
		{ "wait",	required_argument, NULL, 'w' },
		{ "delay",	required_argument, NULL, 'd' },
		{ "hold",	required_argument, NULL, 'h' },
		{ "silent",	no_argument, NULL, 's' },
		{ "late",	no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	static struct run r = { .wait_ms = 100, .msix = -1 };
	uint32_t errors = 1, hold = 0, i;
	struct held first = { 0 };
	int opt, err;
	bool ok = true;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (opt) {
		case 'e':
			ok = number(optarg, &errors);
			break;
		case 'w':
			ok = number(optarg, &r.wait_ms);
			break;
		case 'd':
			ok = number(optarg, &r.delay_ms);
			break;
		case 'h':
			ok = number(optarg, &hold);
			break;
		case 's':
			r.silent = true;
			break;
		case 'l':
			r.late = true;
			break;
		default:
			ok = false;
		}
		if (!ok)
			return usage(stderr);
	}
	if (optind + 1 != argc || strlen(argv[optind]) >= sizeof(r.address))
		return usage(stderr);
	strcpy(r.address, argv[optind]);

	err = eeh_ctx_new(&r.ctx, NULL);
	r.msix = eventfd(0, EFD_CLOEXEC);
	if (err || r.msix < 0)
		return 1;
	err = open_device(&r);
	if (!err)
		printf("open pe=%s kernel=%s\n", eeh_pe_name(r.dev.pe),
		       eeh_zpci_support_name(eeh_zpci_kind(r.dev.zpci)));
	fflush(stdout);
	for (i = 0; !err && i < errors; i++) {
		err = one(&r);
		if (!i)
			first = held_now();
	}
	if (!err && errors)
		err = check_leaks(&first);
	printf("errors=%" PRIu64 " recoveries=%" PRIu64 " revived=%" PRIu64 "\n", r.errors,
	       r.recoveries, r.revived);
	fflush(stdout);
	if (!err)
		err = hold_it(&r, hold);
	device_close(&r.dev);
	eeh_ctx_free(r.ctx);
	return err ? 1 : 0;
}
