// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module's canaries: list, add, delete, try; and the counters they disturb. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eeh_internal.h"

#define CANARIES	EEH_SYS "/canaries"
#define PROC_EEH	"powerpc/eeh"

/* Hex digits up to a character that is none; how many, or 0 if not min..max. */
static size_t hex(const char *s, size_t min, size_t max)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	return n < min || n > max ? 0 : n;
}

int eeh_pci_address(const char *s, char out[EEH_PCI_ADDRESS_LEN])
{
	const char *bus = s;
	size_t n, i;

	if (!s)
		return -EINVAL;
	n = hex(s, 4, 8);
	if (n && s[n] == ':')
		bus = s + n + 1;
	/* BB:DD.F: 32 devices of 8 functions. */
	if (hex(bus, 2, 2) != 2 || bus[2] != ':' || hex(bus + 3, 2, 2) != 2 || bus[3] > '1' ||
	    bus[5] != '.' || bus[6] < '0' || bus[6] > '7' || bus[7])
		return -EINVAL;
	n = snprintf(out, EEH_PCI_ADDRESS_LEN, "%s%s", bus == s ? "0000:" : "", s);
	for (i = 0; i < n; i++)
		out[i] = tolower((unsigned char)out[i]);
	return 0;
}

/*
 * "0001:01:00.0 bar=0 offset=0x8 width=4 mask=0x0 want=0x0 state=live value=0x10400 load_ns=120
 * query_ns=9000 answered=12 allones=0 mismatch=0 suspended=3 reason=-"
 * Unknown key=value pairs are skipped, so that the module may say more; of the
 * known ones, the register and the state must be there.
 */
int eeh_canary_parse(const char *line, struct eeh_canary *c)
{
	enum { BAR, OFFSET, WIDTH, MASK, WANT, VALUE, LOAD_NS, QUERY_NS, ANSWERED, ALLONES,
	       MISMATCH, SUSPENDED, NUMBERS, STATE = NUMBERS, REASON };
	static const char * const keys[] = {
		[BAR] = "bar", [OFFSET] = "offset", [WIDTH] = "width", [MASK] = "mask",
		[WANT] = "want", [VALUE] = "value", [LOAD_NS] = "load_ns",
		[QUERY_NS] = "query_ns", [ANSWERED] = "answered", [ALLONES] = "allones",
		[MISMATCH] = "mismatch", [SUSPENDED] = "suspended", [STATE] = "state",
		[REASON] = "reason",
	};
	const unsigned int must = 1U << BAR | 1U << OFFSET | 1U << WIDTH | 1U << STATE;
	uint64_t val[NUMBERS] = { 0 };
	unsigned int seen = 0;
	char word[80], *eq;
	size_t n, i;

	memset(c, 0, sizeof(*c));
	c->sz = sizeof(*c);
	strcpy(c->reason, "-");
	for (; *(line += strspn(line, " \t")); line += n) {
		n = strcspn(line, " \t");
		if (n >= sizeof(word))
			return -EBADMSG;
		memcpy(word, line, n);
		word[n] = '\0';

		eq = strchr(word, '=');
		if (!eq) {
			if (*c->address || eeh_pci_address(word, c->address))
				return -EBADMSG;
			continue;
		}
		*eq++ = '\0';
		for (i = 0; i < ARRAY_SIZE(keys); i++)
			if (!strcmp(word, keys[i]))
				break;
		if (i == ARRAY_SIZE(keys))
			continue;
		if (seen & 1U << i)
			return -EBADMSG;
		seen |= 1U << i;
		if (i < NUMBERS && eeh_parse_u64(eq, &val[i]))
			return -EBADMSG;
		if (i == STATE)
			c->state = !strcmp(eq, "live") ? EEH_CANARY_LIVE :
				   !strcmp(eq, "suspended") ? EEH_CANARY_SUSPENDED :
				   EEH_CANARY_UNKNOWN;
		if (i == REASON)
			snprintf(c->reason, sizeof(c->reason), "%s", eq);
	}
	if (!*c->address || (seen & must) != must || val[BAR] >= EEH_BARS || val[WIDTH] > 8)
		return -EBADMSG;
	c->bar = val[BAR];
	c->width = val[WIDTH];
	c->offset = val[OFFSET];
	c->mask = val[MASK];
	c->want = val[WANT];
	c->value = val[VALUE];
	c->load_ns = val[LOAD_NS];
	c->query_ns = val[QUERY_NS];
	c->answered = val[ANSWERED];
	c->allones = val[ALLONES];
	c->mismatch = val[MISMATCH];
	c->suspended = val[SUSPENDED];
	return 0;
}

struct canary_each {
	eeh_canary_fn fn;
	void *arg;
};

static int each_canary(struct eeh_ctx *ctx, const char *line, void *arg)
{
	const struct canary_each *each = arg;
	struct eeh_canary c;

	if (eeh_canary_parse(line, &c))
		return eeh_sys_garbled(ctx, "canaries", line);
	return each->fn(each->arg, &c);
}

int eeh_canary_for_each(struct eeh_ctx *ctx, eeh_canary_fn fn, void *arg)
{
	struct canary_each each = { fn, arg };

	return eeh_sys_for_each_line(ctx, "canaries", each_canary, &each);
}

/* Why the kernel refused, by the errno of the write: what, and what to do. */
static const char *refusal(int err)
{
	switch (err) {
	case -EINVAL:
		return "the kernel does not understand the request: width must be 1, 2, 4 or 8, the "
		       "offset a multiple of it, and want within mask";
	case -EOPNOTSUPP:
		return "the device is not under EEH, or is passed through: a canary helps only where the "
		       "kernel that reads the device also watches it";
	case -ENXIO:
		return "the BAR is no memory BAR, is larger than 128 MiB, or ends before the register: see "
		       "eehctl canary learn";
	case -EBUSY:
		return "no driver is bound, the device is not in D0 or its memory decode is off, or its PE is "
		       "frozen or recovers: try again when its driver uses it";
	case -EIO:
		return "the register reads all-ones, so it can prove nothing: choose another one, or see "
		       "whether the device works at all";
	case -EPROTO:
		return "the register does not hold what is expected of it: the device is in reset, or is "
		       "another one than it says";
	case -ETIME:
		return "a load takes longer than half a question to firmware, so nothing can be gained: its "
		       "BAR is not mapped but emulated by a virtual machine monitor, or firmware is fast";
	case -EEXIST:
		return "it has a canary that covers this part of the BAR already";
	case -ENOSPC:
		return "the module has no room for another canary: switch off one that answers little";
	case -EAGAIN:
		return "the module could not probe the kernel's EEH check: see its messages in the kernel log";
	default:
		return NULL;
	}
}

static int write_failed(struct eeh_ctx *ctx, const char *address, int err)
{
	char rel[64];

	if (!eeh_exists(ctx, EEH_ROOT_SYSFS, EEH_SYS) || err == -ENOENT || err == -EACCES ||
	    err == -EPERM)
		return eeh_sys_failed(ctx, "canaries", err);
	snprintf(rel, sizeof(rel), "bus/pci/devices/%s", address);
	if (err == -ENODEV && !eeh_exists(ctx, EEH_ROOT_SYSFS, rel))
		return eeh_pci_no_device(ctx, address);
	if (refusal(err))
		return eeh_fail(ctx, err, "%s: %s", address, refusal(err));
	return eeh_fail(ctx, err, "%s: %s", address, strerror(-err));
}

/* What the caller wants, or the row of the table. */
static int get_spec(struct eeh_ctx *ctx, const char *address, const struct eeh_canary_spec *spec,
		    struct eeh_canary_spec *s)
{
	struct eeh_canary_device *dev;
	struct eeh_canary_row row;
	int err;

	if (spec) {
		err = eeh_opts_get(s, sizeof(*s), spec);
		if (err)
			return eeh_fail(ctx, err, "struct eeh_canary_spec: %s", err == -E2BIG ?
					"options that this library does not know" : "sz is not set");
		if (s->bar >= EEH_BARS ||
		    (s->width != 1 && s->width != 2 && s->width != 4 && s->width != 8) ||
		    s->offset % s->width || s->want & ~s->mask ||
		    (s->width < 8 && s->mask >> (8 * s->width)))
			return eeh_fail(ctx, -EINVAL, "%s: a BAR is 0 to 5, a width 1, 2, 4 or 8, an "
					"offset a multiple of the width, mask no wider than that, and want "
					"within mask", address);
		return 0;
	}

	err = eeh_canary_device_get(ctx, address, &dev);
	if (err)
		return err;
	EEH_INIT(&row);
	err = eeh_canary_device_row(dev, &row);
	if (err)
		eeh_fail(ctx, err, "%s: the table has no canary for %04x:%04x, class %06x: see eehctl "
			 "canary learn %s", address, eeh_canary_device_vendor(dev),
			 eeh_canary_device_id(dev), eeh_canary_device_class(dev), address);
	eeh_canary_device_free(dev);
	if (err)
		return err;
	EEH_INIT(s);
	s->bar = row.bar;
	s->width = row.width;
	s->offset = row.offset;
	s->mask = row.mask;
	s->want = row.want;
	return 0;
}

int eeh_canary_add(struct eeh_ctx *ctx, const char *address, const struct eeh_canary_spec *spec)
{
	char addr[EEH_PCI_ADDRESS_LEN], cmd[200];
	struct eeh_canary_spec s;
	int err;

	if (eeh_pci_address(address, addr))
		return eeh_pci_no_address(ctx, address);
	err = get_spec(ctx, addr, spec, &s);
	if (err)
		return err;
	snprintf(cmd, sizeof(cmd), "add %s bar=%" PRIu32 " offset=0x%" PRIx64 " width=%" PRIu32
		 " mask=0x%" PRIx64 " want=0x%" PRIx64 "\n", addr, s.bar, s.offset, s.width, s.mask,
		 s.want);
	err = eeh_write(ctx, EEH_ROOT_SYSFS, CANARIES, cmd);
	return err ? write_failed(ctx, addr, err) : 0;
}

struct find {
	const char *address;	/* NULL: any */
	uint64_t offset;
	uint32_t bar;
	bool exact;		/* bar and offset count */
	struct eeh_canary *c;
	bool found;
};

static int find_one(void *arg, const struct eeh_canary *c)
{
	struct find *f = arg;

	if ((f->address && strcmp(f->address, c->address)) ||
	    (f->exact && (f->bar != c->bar || f->offset != c->offset)))
		return 0;
	f->found = true;
	if (f->c)
		*f->c = *c;
	return 1;
}

static int find(struct eeh_ctx *ctx, struct find *f)
{
	int err = eeh_canary_for_each(ctx, find_one, f);

	return err < 0 ? err : 0;
}

int eeh_canary_delete(struct eeh_ctx *ctx, const char *address)
{
	char addr[EEH_PCI_ADDRESS_LEN] = "all", cmd[32];
	struct find f = { .address = address ? addr : NULL };
	int err;

	if (address && eeh_pci_address(address, addr))
		return eeh_pci_no_address(ctx, address);
	err = find(ctx, &f);
	if (err)
		return err;
	if (!f.found)
		return !address ? 0 : eeh_fail(ctx, -ENOENT, "%s has no canary", addr);
	snprintf(cmd, sizeof(cmd), "del %s\n", addr);
	err = eeh_write(ctx, EEH_ROOT_SYSFS, CANARIES, cmd);
	return err ? write_failed(ctx, addr, err) : 0;
}

int eeh_canary_try(struct eeh_ctx *ctx, const char *address, const struct eeh_canary_spec *spec,
		   struct eeh_canary *result)
{
	char addr[EEH_PCI_ADDRESS_LEN];
	struct eeh_canary c = { .sz = sizeof(c) };
	struct eeh_canary_spec s;
	struct find f = { .address = addr };
	int err, derr;

	if (result && result->sz < sizeof(result->sz))
		return eeh_fail(ctx, -EINVAL, "struct eeh_canary: sz is not set");
	if (eeh_pci_address(address, addr))
		return eeh_pci_no_address(ctx, address);
	err = find(ctx, &f);
	if (err)
		return err;
	if (f.found)	/* deleting ours would delete that, too */
		return eeh_fail(ctx, -EEXIST, "%s has a canary", addr);
	err = get_spec(ctx, addr, spec, &s);
	if (!err)
		err = eeh_canary_add(ctx, addr, &s);
	if (err)
		return err;
	f.exact = true;
	f.bar = s.bar;
	f.offset = s.offset;
	f.c = &c;
	err = find(ctx, &f);
	/* Gone again already: its driver went. That is not an error of the try. */
	derr = f.found || err ? eeh_canary_delete(ctx, addr) : 0;
	if (derr == -ENOENT)
		derr = 0;
	if (!err)
		err = derr;
	return err ? err : result ? eeh_out_put(result, &c, sizeof(c)) : 0;
}

/* "eeh_total_mmio_ffs=12": a line of its own. */
static int proc_counter(const char *text, const char *key, uint64_t *val)
{
	size_t n = strlen(key);
	char word[32];
	const char *p;

	for (p = text; p; p = strchr(p, '\n')) {
		p += *p == '\n';
		if (strncmp(p, key, n) || p[n] != '=')
			continue;
		snprintf(word, sizeof(word), "%.*s", (int)strcspn(p + n + 1, "\n"), p + n + 1);
		return eeh_parse_u64(word, val);
	}
	return -EBADMSG;
}

int eeh_canary_counters(struct eeh_ctx *ctx, struct eeh_canary_counters *counters)
{
	struct eeh_canary_counters c = { .sz = sizeof(c) };
	char *text;
	int err = 0;

	if (counters->sz < sizeof(counters->sz))
		return eeh_fail(ctx, -EINVAL, "struct eeh_canary_counters: sz is not set");
	/* First, so that "no device" has at least these in it. */
	if (eeh_exists(ctx, EEH_ROOT_SYSFS, EEH_SYS "/stats/check_queries")) {
		err = eeh_sys_u64(ctx, "stats/check_answered", &c.check_answered);
		if (!err)
			err = eeh_sys_u64(ctx, "stats/check_queries", &c.check_queries);
		if (err)
			return err;
	}

	err = eeh_read_alloc(ctx, EEH_ROOT_PROC, PROC_EEH, &text);
	if (err == -ENOENT)
		return eeh_fail(ctx, err, "no %s/" PROC_EEH ": this kernel has no EEH", ctx->proc);
	if (err)
		return eeh_fail(ctx, err, "%s/" PROC_EEH ": %s", ctx->proc, strerror(-err));
	/* proc_eeh_show() in arch/powerpc/kernel/eeh.c */
	c.enabled = !!strstr(text, "EEH Subsystem is enabled");
	err = proc_counter(text, "eeh_total_mmio_ffs", &c.mmio_ffs);
	if (!err && c.enabled) {
		err = proc_counter(text, "no device", &c.no_device);
		if (!err)
			err = proc_counter(text, "eeh_false_positives", &c.false_positives);
		if (!err)
			err = proc_counter(text, "eeh_slot_resets", &c.slot_resets);
	}
	free(text);
	if (err)
		return eeh_fail(ctx, err, "%s/" PROC_EEH " says something that is not understood",
				ctx->proc);
	c.true_no_device = c.no_device > c.check_answered ? c.no_device - c.check_answered : 0;
	c.true_mmio_ffs = c.mmio_ffs + c.check_answered;
	c.true_false_positives = c.false_positives + c.check_answered;
	return eeh_out_put(counters, &c, sizeof(c));
}
