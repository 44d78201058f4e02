// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvme-admin: a driver in user space that owns its NVMe device through VFIO and handles PCI errors
 * by itself, with libeeh. It asks the controller for its Identify data again and again; when a
 * register reads as all-ones it asks for the state of its PE, and if that is not normal, resets it
 * and sets the controller up again. No privilege is needed but that on /dev/vfio/GROUP.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <linux/pci_regs.h>

#include "nvme.h"

/* All-ones in a row, without a command that worked between: the device is dead, or broken. */
#define ALARMS_MAX	5

struct run {
	struct eeh_ctx *ctx;
	struct device dev;
	struct nvme nvme;
	uint64_t identified;
	uint64_t recoveries;
	uint64_t injected;
	uint32_t alarms;	/* since a command worked */
	uint8_t first[NVME_IDENTIFY_SIZE];
	bool quiet;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static int usage(FILE *f)
{
	fputs("Usage: nvme-admin [OPTIONS] DEVICE\n"
	      "DEVICE is the PCI address of an NVMe controller that is bound to vfio-pci.\n"
	      "  --count N      end after N Identify commands (0, the default: when interrupted)\n"
	      "  --interval MS  between two of them (100)\n"
	      "  --inject N     inject N errors into the own PE, and end when all were recovered\n"
	      "  --class CLASS  which errors: config-read, config-write, mmio-load, mmio-store,\n"
	      "                 dma-read, dma-write; without it, all that this host can in turn\n"
	      "  --v1           use a container of type SPAPR TCE v1\n"
	      "  --quiet        print the sums only\n", f);
	return f == stderr ? 2 : 0;
}

static int complain(struct run *r, const char *what, int err)
{
	const char *why = eeh_last_error(r->ctx);

	fprintf(stderr, "nvme-admin: %s: %s\n", what, *why ? why : strerror(-err));
	return err;
}

static double since(const struct timespec *begin)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec - begin->tv_sec + (now.tv_nsec - begin->tv_nsec) / 1e9;
}

static int start(struct run *r)
{
	int err = device_enable(&r->dev);

	return err ? err : nvme_start(&r->nvme, &r->dev);
}

/* The device read as all-ones. 0: it was frozen and works again. */
static int recover(struct run *r)
{
	struct eeh_pe_status s;
	struct timespec begin;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	EEH_INIT(&s);
	err = eeh_pe_state(r->dev.pe, &s);
	if (err)
		return complain(r, "its state", err);
	if (++r->alarms > ALARMS_MAX) {
		fprintf(stderr, "nvme-admin: it does not work any more; its PE is %s\n",
			eeh_pe_condition_name(s.condition));
		return -ENODEV;
	}
	/* Thawed meanwhile, or never frozen. */
	if (s.condition == EEH_PE_NORMAL)
		return start(r);
	err = eeh_pe_recover(r->dev.pe, NULL);
	if (err < 0)
		return complain(r, "recovery", err);
	err = start(r);
	if (err)
		return err;
	r->recoveries++;
	if (!r->quiet)
		printf("recovered %" PRIu64 ": was %s, took %.2f s\n", r->recoveries,
		       eeh_pe_condition_name(s.condition), since(&begin));
	fflush(stdout);
	return 0;
}

/* ASCII, padded with spaces. */
static void print_field(const char *name, const uint8_t *p, int len)
{
	while (len && p[len - 1] == ' ')
		len--;
	printf("%-9s %.*s\n", name, len, (const char *)p);
}

/* One command; -ENOLINK: all-ones. The data must be those of the first time. */
static int identify(struct run *r)
{
	const uint8_t *data;
	int err = nvme_identify(&r->nvme, &data);

	if (err)
		return err;
	r->alarms = 0;
	if (!r->identified++) {
		memcpy(r->first, data, sizeof(r->first));
		if (!r->quiet) {
			print_field("model", data + 24, 40);
			print_field("serial", data + 4, 20);
			print_field("firmware", data + 64, 8);
			fflush(stdout);
		}
	} else if (memcmp(r->first, data, sizeof(r->first))) {
		fprintf(stderr, "nvme-admin: Identify %" PRIu64 " has other data than the first\n",
			r->identified);
		return -EBADMSG;
	}
	return 0;
}

/* Until it succeeds, through as many freezes as there are. */
static int identify_surely(struct run *r)
{
	int err = identify(r);

	while (err == -ENOLINK || err == -ETIMEDOUT) {
		/* A timeout may be an error as well whose freeze stopped DMA alone. */
		err = recover(r);
		if (err == -ENOLINK)
			continue;
		if (!err)
			err = identify(r);
	}
	return err;
}

/* The access that the injected error waits for. */
static void touch(struct run *r, enum eeh_inject_class c)
{
	uint16_t status;
	uint8_t line = 0;

	/* Neither register is one that VFIO answers from memory. */
	if (c == EEH_INJECT_CONFIG_READ)
		device_config_read(&r->dev, PCI_STATUS, &status, sizeof(status));
	else if (c == EEH_INJECT_CONFIG_WRITE)
		device_config_write(&r->dev, PCI_CACHE_LINE_SIZE, &line, sizeof(line));
	else if (c == EEH_INJECT_MMIO_LOAD)
		nvme_is_alive(&r->nvme);
	/* The others are made by the next command. */
}

static int inject_one(struct run *r, enum eeh_inject_class c)
{
	uint64_t before = r->recoveries;
	int err;

	err = eeh_pe_inject(r->dev.pe, c, NULL);
	if (err)
		return err;
	touch(r, c);
	err = identify_surely(r);
	if (err)
		return complain(r, eeh_inject_class_name(c), err);
	if (r->recoveries == before) {
		fprintf(stderr, "nvme-admin: %s: nothing froze\n", eeh_inject_class_name(c));
		return -EPROTO;
	}
	r->injected++;
	return 0;
}

static int inject_all(struct run *r, uint64_t count, int only)
{
	bool cannot[EEH_INJECT_CLASSES] = { false };
	int c = only < 0 ? 0 : only, left = EEH_INJECT_CLASSES, err;

	while (r->injected < count && !stop) {
		if (!cannot[c]) {
			err = inject_one(r, c);
			if (err == -EOPNOTSUPP && only < 0 && --left) {
				if (!r->quiet)
					printf("%s\n", eeh_last_error(r->ctx));
				cannot[c] = true;
			} else if (err) {
				return err == -EOPNOTSUPP ? complain(r, "inject", err) : err;
			}
		}
		if (only < 0)
			c = (c + 1) % EEH_INJECT_CLASSES;
	}
	return 0;
}

static int identify_all(struct run *r, uint64_t count, uint32_t interval)
{
	const struct timespec ts = { interval / 1000, interval % 1000 * 1000000L };
	int err;

	while (!stop && (!count || r->identified < count)) {
		err = identify_surely(r);
		if (err)
			return complain(r, "identify", err);
		nanosleep(&ts, NULL);
	}
	return 0;
}

static bool number(const char *s, uint64_t max, uint64_t *val)
{
	char *end;

	errno = 0;
	*val = strtoull(s, &end, 10);
	return !errno && *s >= '0' && *s <= '9' && !*end && *val <= max;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count",	required_argument, NULL, 'c' },
		{ "interval",	required_argument, NULL, 'i' },
		{ "inject",	required_argument, NULL, 'e' },
		{ "class",	required_argument, NULL, 'k' },
		{ "v1",		no_argument, NULL, '1' },
		{ "quiet",	no_argument, NULL, 'q' },
		{ "help",	no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const struct sigaction sa = { .sa_handler = on_signal };
	uint64_t count = 0, interval = 100, inject = 0;
	uint32_t iommu = EEH_VFIO_IOMMU_AUTO;
	static struct run r;
	int opt, err, only = -1, c;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (opt) {
		case 'c':
			if (!number(optarg, UINT64_MAX, &count))
				return usage(stderr);
			break;
		case 'i':
			if (!number(optarg, 1000000, &interval))
				return usage(stderr);
			break;
		case 'e':
			if (!number(optarg, UINT64_MAX, &inject))
				return usage(stderr);
			break;
		case 'k':
			for (c = 0; c < EEH_INJECT_CLASSES; c++)
				if (!strcmp(optarg, eeh_inject_class_name(c)))
					only = c;
			if (only < 0)
				return usage(stderr);
			break;
		case '1':
			iommu = EEH_VFIO_IOMMU_V1;
			break;
		case 'q':
			r.quiet = true;
			break;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (optind + 1 != argc)
		return usage(stderr);

	err = eeh_ctx_new(&r.ctx, NULL);
	if (err) {
		fprintf(stderr, "nvme-admin: %s\n", strerror(-err));
		return 1;
	}
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	err = device_open(&r.dev, r.ctx, argv[optind], iommu);
	if (err) {
		complain(&r, argv[optind], err);
		eeh_ctx_free(r.ctx);
		return 1;
	}
	err = start(&r);
	if (err == -ENOLINK)
		err = recover(&r);
	if (!err && inject)
		err = identify_surely(&r);
	if (err)
		complain(&r, argv[optind], err);
	else if (inject)
		err = inject_all(&r, inject, only);
	else
		err = identify_all(&r, count, interval);
	printf("identify=%" PRIu64 " recoveries=%" PRIu64 " injected=%" PRIu64 "\n", r.identified,
	       r.recoveries, r.injected);
	device_close(&r.dev);
	eeh_ctx_free(r.ctx);
	return err ? 1 : 0;
}
