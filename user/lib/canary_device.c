// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A PCI function as sysfs shows it, and why it has a canary or has not. Nothing
 * here reads the device: its config space and BARs are the kernel's business.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eeh_internal.h"

struct eeh_canary_device {
	char address[EEH_PCI_ADDRESS_LEN];
	char driver[64];
	char why[400];
	enum eeh_canary_verdict verdict;
	struct eeh_pci_ids ids;
	const struct eeh_canary_entry *row;
	struct eeh_canary_bar bar[EEH_BARS];
};

static int read_bars(struct eeh_ctx *ctx, struct eeh_canary_device *d)
{
	struct eeh_pe_bar bars[EEH_BARS];
	struct eeh_canary_bar *b;
	int err, i;

	err = eeh_pci_read_bars(ctx, d->address, bars);
	for (i = 0; !err && i < EEH_BARS; i++) {
		b = &d->bar[i];
		b->sz = sizeof(*b);
		if (bars[i].kind == EEH_BAR_NONE)
			continue;
		b->kind = bars[i].kind;
		b->prefetch = bars[i].prefetch;
		b->start = bars[i].start;
		b->size = bars[i].size;
		b->pieces = (b->start + b->size - 1) / EEH_CANARY_REACH -
			    b->start / EEH_CANARY_REACH + 1;
	}
	return err;
}

/*
 * What the kernel has mapped: "0xc008...-0xc008... 131072 e1000_probe+0x... phys=0x2100... ioremap"
 * (vmalloc_info_show() in mm/vmalloc.c). The size has a guard page in it.
 */
static void read_mapped(struct eeh_ctx *ctx, struct eeh_canary_device *d)
{
	uint64_t page = sysconf(_SC_PAGESIZE), size, phys;
	struct eeh_canary_bar *b;
	char *text, *line, *p;
	int i, known;

	known = !eeh_read_alloc(ctx, EEH_ROOT_PROC, "vmallocinfo", &text);
	for (i = 0; i < EEH_BARS; i++)
		d->bar[i].mapped = d->bar[i].kind == EEH_BAR_NONE || known ? EEH_BAR_NOT_MAPPED :
				   EEH_BAR_MAPPED_UNKNOWN;
	if (!known)
		return;
	for (line = text; line; line = p ? p + 1 : NULL) {
		p = strchr(line, '\n');
		if (p)
			*p = '\0';
		if (sscanf(line, "%*s %" SCNu64, &size) != 1 || size <= page)
			continue;
		line = strstr(line, " phys=0x");
		if (!line || sscanf(line, " phys=0x%" SCNx64, &phys) != 1)
			continue;
		for (i = 0; i < EEH_BARS; i++) {
			b = &d->bar[i];
			if ((b->kind == EEH_BAR_MEM32 || b->kind == EEH_BAR_MEM64) &&
			    phys < b->start + b->size && b->start < phys + size - page)
				b->mapped = EEH_BAR_MAPPED;
		}
	}
	free(text);
}

struct have {
	struct eeh_canary_device *d;
	uint32_t nr;
	struct eeh_canary first;
};

static int have_one(void *arg, const struct eeh_canary *c)
{
	struct have *h = arg;
	struct eeh_canary_bar *b = &h->d->bar[c->bar];

	if (strcmp(c->address, h->d->address))
		return 0;
	if (!h->nr++)
		h->first = *c;
	if (c->offset < b->size && b->covered < b->pieces)	/* one per piece: -EEXIST */
		b->covered++;
	return 0;
}

static const char *suspended(const char *reason)
{
	static const struct {
		const char *reason, *text;
	} known[] = {
		{ "new", "it was added a moment ago" },
		{ "idle", "no policy is attached" },
		{ "grace", "in order again, and waiting until nobody holds what was read before" },
		{ "isolated", "its PE was found frozen" },
		{ "reset", "its PE was reset" },
		{ "thaw", "its PE was thawed" },
		{ "config-write", "somebody wrote to its config space, or to a bridge above it" },
		{ "d3", "the device is not in D0" },
		{ "decode-off", "its memory decode is off" },
		{ "bar-moved", "its BAR is elsewhere than when it was added: delete it and add it again" },
		{ "passed", "its PE is passed through to a guest or to user space" },
		{ "error", "its driver was told of an error and has not resumed" },
		{ "gone", "its PE is no more: a device of it was removed" },
		{ "firmware", "firmware does not call its PE normal" },
		{ "missed", "the kernel missed a hit of a probe: all canaries are off for good, reload the "
			    "module" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(reason, known[i].reason))
			return known[i].text;
	return reason;
}

__attribute__((format(printf, 3, 4)))
static void verdict(struct eeh_canary_device *d, enum eeh_canary_verdict v, const char *fmt, ...)
{
	va_list ap;

	d->verdict = v;
	va_start(ap, fmt);
	vsnprintf(d->why, sizeof(d->why), fmt, ap);
	va_end(ap);
}

static void judge(struct eeh_ctx *ctx, struct eeh_canary_device *d, const struct have *h)
{
	const struct eeh_canary_entry *row = d->row;
	struct eeh_canary_bar *b;
	char buf[64], more[32] = "";

	if (h->nr) {
		if (h->nr > 1)
			snprintf(more, sizeof(more), ", the first of %" PRIu32, h->nr);
		if (h->first.state == EEH_CANARY_LIVE)
			verdict(d, EEH_CANARY_HAS, "has a canary in BAR %" PRIu32 " at %#" PRIx64 "%s: "
				"live, answered %" PRIu64, h->first.bar, h->first.offset, more,
				h->first.answered);
		else
			verdict(d, EEH_CANARY_HAS, "has a canary in BAR %" PRIu32 " at %#" PRIx64 "%s, "
				"suspended: %s", h->first.bar, h->first.offset, more,
				suspended(h->first.reason));
		return;
	}
	if (eeh_pci_is_bridge(d->ids.class_code)) {
		verdict(d, EEH_CANARY_BRIDGE, "a bridge, and drivers do not read memory of bridges");
		return;
	}
	/*
	 * eeh_sysfs_add_device(): the file is not there, or empty. Not eeh_pe_state: on bare metal,
	 * reading that marks a PE that has just been frozen and tells nobody
	 * (pnv_eeh_get_pe_state()), so that it is never recovered.
	 */
	if (eeh_pci_read(ctx, d->address, "eeh_pe_config_addr", buf, sizeof(buf)) || !*buf) {
		verdict(d, EEH_CANARY_NO_EEH, "not under EEH, so this kernel never asks whether it is "
			"frozen: nothing to gain");
		return;
	}
	if (!*d->driver) {
		verdict(d, EEH_CANARY_NO_DRIVER, "no driver is bound, so nobody reads it: bind its driver "
			"first");
		return;
	}
	if (eeh_pci_is_passed(d->driver)) {
		verdict(d, EEH_CANARY_PASSED, "passed through (%s), so its reads do not come by this "
			"kernel: use a canary in the guest", d->driver);
		return;
	}
	if (!row) {
		verdict(d, EEH_CANARY_NO_ROW, "the table has no safe register for %04x:%04x, class %06x: "
			"firmware is asked; if you know one from the data sheet, see eehctl canary learn",
			d->ids.vendor, d->ids.device, d->ids.class_code);
		return;
	}
	b = &d->bar[row->bar];
	if ((b->kind != EEH_BAR_MEM32 && b->kind != EEH_BAR_MEM64) ||
	    b->size > EEH_CANARY_BAR_MAX || row->offset + row->width > b->size) {
		verdict(d, EEH_CANARY_NO_BAR, "%s should be in BAR %" PRIu32 " at %#" PRIx64 ", but %s",
			row->name, row->bar, row->offset, b->kind == EEH_BAR_NONE ? "there is no such BAR" :
			b->kind == EEH_BAR_IO ? "that is I/O" : b->size > EEH_CANARY_BAR_MAX ?
			"it is larger than 128 MiB, so it may be in several PEs" : "it is too small");
		return;
	}
	/* Missing before 5.11, and "unknown" without power management. */
	if (!eeh_pci_read(ctx, d->address, "power_state", buf, sizeof(buf)) && *buf == 'D' &&
	    strcmp(buf, "D0")) {
		verdict(d, EEH_CANARY_ASLEEP, "asleep (%s): try again when it is in use, or set its "
			"power/control to \"on\"", buf);
		return;
	}
	verdict(d, EEH_CANARY_CAN, "can have %s, BAR %" PRIu32 " at %#" PRIx64, row->name, row->bar,
		row->offset);
}

static int device_get(struct eeh_ctx *ctx, const char *address, struct eeh_canary_device **ret)
{
	struct eeh_canary_device *d = calloc(1, sizeof(*d));
	struct have h = { .d = d };
	int err;

	if (!d)
		return eeh_fail(ctx, -ENOMEM, "out of memory");
	snprintf(d->address, sizeof(d->address), "%s", address);
	err = eeh_pci_read_ids(ctx, address, &d->ids);
	if (!err)
		err = read_bars(ctx, d);
	if (err) {
		free(d);
		return err != -ENOENT ? err : eeh_pci_no_device(ctx, address);
	}
	eeh_pci_read_link(ctx, address, "driver", d->driver, sizeof(d->driver));
	read_mapped(ctx, d);
	d->row = eeh_canary_find(d->ids.vendor, d->ids.device, d->ids.class_code);
	/* No module, no canaries. */
	if (eeh_exists(ctx, EEH_ROOT_SYSFS, EEH_SYS "/canaries")) {
		err = eeh_canary_for_each(ctx, have_one, &h);
		if (err) {
			free(d);
			return err;
		}
	}
	judge(ctx, d, &h);
	*ret = d;
	return 0;
}

int eeh_canary_device_get(struct eeh_ctx *ctx, const char *address, struct eeh_canary_device **ret)
{
	char addr[EEH_PCI_ADDRESS_LEN];

	*ret = NULL;
	if (eeh_pci_address(address, addr))
		return eeh_pci_no_address(ctx, address);
	return device_get(ctx, addr, ret);
}

void eeh_canary_device_free(struct eeh_canary_device *d)
{
	free(d);
}

int eeh_canary_for_each_device(struct eeh_ctx *ctx, eeh_canary_device_fn fn, void *arg)
{
	char (*list)[EEH_PCI_ADDRESS_LEN];
	struct eeh_canary_device *d;
	size_t nr, i;
	int err;

	err = eeh_pci_list(ctx, &list, &nr);
	for (i = 0; !err && i < nr; i++) {
		err = device_get(ctx, list[i], &d);
		if (err == -ENODEV) {	/* gone meanwhile */
			err = 0;
			continue;
		}
		if (!err) {
			err = fn(arg, d);
			eeh_canary_device_free(d);
		}
	}
	free(list);
	return err;
}

const char *eeh_canary_device_address(const struct eeh_canary_device *d)
{
	return d->address;
}

const char *eeh_canary_device_driver(const struct eeh_canary_device *d)
{
	return d->driver;
}

uint16_t eeh_canary_device_vendor(const struct eeh_canary_device *d)
{
	return d->ids.vendor;
}

uint16_t eeh_canary_device_id(const struct eeh_canary_device *d)
{
	return d->ids.device;
}

uint32_t eeh_canary_device_class(const struct eeh_canary_device *d)
{
	return d->ids.class_code;
}

enum eeh_canary_verdict eeh_canary_device_verdict(const struct eeh_canary_device *d)
{
	return d->verdict;
}

const char *eeh_canary_device_why(const struct eeh_canary_device *d)
{
	return d->why;
}

int eeh_canary_device_row(const struct eeh_canary_device *d, struct eeh_canary_row *row)
{
	const struct eeh_canary_entry *e = d->row;
	struct eeh_canary_row r = { .sz = sizeof(r) };

	if (row->sz < sizeof(row->sz))
		return -EINVAL;
	if (!e)
		return -ENOENT;
	r.bar = e->bar;
	r.width = e->width;
	r.offset = e->offset;
	r.mask = e->mask;
	r.want = e->want;
	r.name = e->name;
	r.source = e->source;
	r.harmless = e->harmless;
	r.never_ones = e->never_ones;
	return eeh_out_put(row, &r, sizeof(r));
}

int eeh_canary_device_bar(const struct eeh_canary_device *d, uint32_t i, struct eeh_canary_bar *bar)
{
	if (i >= EEH_BARS)
		return -EINVAL;
	return eeh_out_put(bar, &d->bar[i], sizeof(d->bar[i]));
}
