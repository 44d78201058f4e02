// SPDX-License-Identifier: LGPL-2.1-or-later
/* Error logs: from binary data to a dump with its records, and what callers ask of it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_internal.h"

static const char *name_of(const char * const *names, size_t nr, uint32_t i)
{
	return i < nr && names[i] ? names[i] : "unknown";
}

const char *eeh_log_class_name(uint32_t error_class)
{
	static const char * const names[] = {
		[EEH_LOG_CLASS_NONE] = "none", [EEH_LOG_CLASS_DMA_IOMMU] = "dma-iommu",
		[EEH_LOG_CLASS_MSI] = "msi", [EEH_LOG_CLASS_MMIO] = "mmio",
		[EEH_LOG_CLASS_CONFIG] = "config", [EEH_LOG_CLASS_LINK_LOSS] = "link-loss",
		[EEH_LOG_CLASS_PCIE_UE] = "pcie-ue", [EEH_LOG_CLASS_PCIE_CE] = "pcie-ce",
		[EEH_LOG_CLASS_INJECTED] = "injected", [EEH_LOG_CLASS_FENCE] = "fence",
		[EEH_LOG_CLASS_OTHER] = "other",
	};

	return name_of(names, ARRAY_SIZE(names), error_class);
}

const char *eeh_log_source_name(uint32_t source)
{
	static const char * const names[] = {
		[EEH_LOG_SOURCE_PHB3] = "phb3", [EEH_LOG_SOURCE_PHB4] = "phb4",
		[EEH_LOG_SOURCE_ZPCI] = "zpci",
	};

	return name_of(names, ARRAY_SIZE(names), source);
}

const char *eeh_log_severity_name(uint32_t severity)
{
	static const char * const names[] = {
		[EEH_LOG_SEVERITY_INFO] = "info", [EEH_LOG_SEVERITY_CORRECTED] = "corrected",
		[EEH_LOG_SEVERITY_PE] = "pe", [EEH_LOG_SEVERITY_PHB] = "phb",
		[EEH_LOG_SEVERITY_PERMANENT] = "permanent",
	};

	return name_of(names, ARRAY_SIZE(names), severity);
}

const char *eeh_log_direction_name(uint32_t direction)
{
	static const char * const names[] = {
		[EEH_LOG_DIRECTION_READ] = "read", [EEH_LOG_DIRECTION_WRITE] = "write",
	};

	return name_of(names, ARRAY_SIZE(names), direction);
}

/* ---- which layout */

static int check_phb(struct eeh_ctx *ctx, const uint8_t *data, size_t len,
		     const struct log_layout **layout)
{
	uint32_t version = log_get(data, PHB_VERSION, 4), type = log_get(data, PHB_IOTYPE, 4);
	uint32_t said = log_get(data, PHB_LEN, 4);

	if (version != PHB_VERSION_1)
		return eeh_fail(ctx, -EBADMSG, "neither diagnostic data of a PHB (version %u at "
				"offset 0, only 1 is known) nor a CCDF (%zu bytes, not %u)",
				version, len, CCDF_LEN);
	switch (type) {
	case PHB_IOTYPE_P7IOC:
		return eeh_fail(ctx, -EOPNOTSUPP, "diagnostic data of a P7IOC (type 1 at offset 4): "
				"POWER7 is not supported");
	case PHB_IOTYPE_PHB3:
		*layout = &log_layout_phb3;
		break;
	case PHB_IOTYPE_PHB4:
		*layout = &log_layout_phb4;
		break;
	default:
		return eeh_fail(ctx, -EBADMSG, "diagnostic data of an unknown kind of PHB: type %u at "
				"offset 4, known are 2 (PHB3) and 3 (PHB4, PHB5)", type);
	}
	if (said < (*layout)->len)
		return eeh_fail(ctx, -EBADMSG, "diagnostic data of a %s: the length at offset 8 is %u, "
				"it must be %zu", eeh_log_source_name((*layout)->source), said,
				(*layout)->len);
	/* Linux' default buffer of 8192 bytes is too small for a PHB4. */
	if (len < (*layout)->len)
		return eeh_fail(ctx, -EBADMSG, "diagnostic data of a %s are cut off at offset %zu, they "
				"have %zu bytes", eeh_log_source_name((*layout)->source), len,
				(*layout)->len);
	return 0;
}

static int check(struct eeh_ctx *ctx, const uint8_t *data, size_t len,
		 const struct log_layout **layout)
{
	bool phb = len >= 12 && log_get(data, PHB_VERSION, 4) == PHB_VERSION_1 &&
		   log_get(data, PHB_IOTYPE, 4) >= PHB_IOTYPE_P7IOC &&
		   log_get(data, PHB_IOTYPE, 4) <= PHB_IOTYPE_PHB4;

	/* A CCDF has no mark of its own: what it has is a length. */
	if (len == CCDF_LEN && !phb) {
		*layout = &log_layout_zpci;
		return 0;
	}
	if (len < 12)
		return eeh_fail(ctx, -EBADMSG, "%zu bytes are too few: a CCDF has %u, the header of a "
				"PHB's diagnostic data has 12", len, CCDF_LEN);
	return check_phb(ctx, data, len, layout);
}

/* ---- a dump */

/* The order of eeh_log_dump_record(). */
static int rank(const struct eeh_log_dump *d, uint32_t pe)
{
	if (d->facts.know & EEH_LOG_KNOW_PE && pe == d->facts.pe)
		return 0;
	return log_phb_has_cause(d->layout, d->data, pe) ? 1 : 2;
}

static int make_records(struct eeh_log_dump *d)
{
	size_t nr = 1;
	uint32_t pe;
	int r;

	if (d->layout->pes)
		for (pe = 0; pe < d->layout->pes; pe++)
			nr += log_phb_frozen(d->layout, d->data, pe);
	d->records = calloc(nr, sizeof(*d->records));
	if (!d->records)
		return -ENOMEM;
	if (!d->layout->pes) {
		log_zpci_decode(d->data, &d->facts, &d->records[d->nr_records++]);
		return 0;
	}
	if (nr == 1 || log_phb_fenced(d->layout, d->data, &d->facts))
		log_phb_decode(d->layout, d->data, &d->facts, LOG_PHB_RECORD,
			       &d->records[d->nr_records++]);
	for (r = 0; r <= 2; r++)
		for (pe = 0; pe < d->layout->pes; pe++)
			if (log_phb_frozen(d->layout, d->data, pe) && rank(d, pe) == r)
				log_phb_decode(d->layout, d->data, &d->facts, pe,
					       &d->records[d->nr_records++]);
	return 0;
}

/* A log says that something froze, and has no data about it. */
static int make_bare_record(struct eeh_log_dump *d)
{
	struct eeh_log_record *r = calloc(1, sizeof(*r));
	bool fenced = d->facts.know & EEH_LOG_KNOW_FENCED;

	if (!r)
		return -ENOMEM;
	d->records = r;
	d->nr_records = 1;
	r->sz = sizeof(*r);
	r->flags = EEH_LOG_F_NO_DATA;
	r->severity = fenced ? EEH_LOG_SEVERITY_PHB : EEH_LOG_SEVERITY_PE;
	r->error_class = r->cause = fenced ? EEH_LOG_CLASS_FENCE : EEH_LOG_CLASS_NONE;
	if (d->facts.know & EEH_LOG_KNOW_PHB) {
		r->flags |= EEH_LOG_F_PHB;
		r->phb = d->facts.phb;
	}
	if (fenced) {
		r->flags |= EEH_LOG_F_FENCED;
		log_append(r->sentence, sizeof(r->sentence),
			   "PHB %04x is fenced: everything below it is unreachable; the log has no "
			   "diagnostic data", r->phb);
		return 0;
	}
	r->flags |= EEH_LOG_F_PE;
	r->pe = d->facts.pe;
	log_append(r->sentence, sizeof(r->sentence), "PE %x of PHB %04x is frozen; the log has no "
		   "diagnostic data that say why", r->pe, r->phb);
	return 0;
}

struct eeh_log_dump *log_dump_make(const struct log_layout *layout, uint8_t *data,
				   const struct log_facts *facts)
{
	struct eeh_log_dump *d = calloc(1, sizeof(*d));

	if (!d) {
		free(data);
		return NULL;
	}
	d->layout = layout;
	d->data = data;
	d->len = layout ? layout->len : 0;
	d->facts = *facts;
	if (layout ? make_records(d) : make_bare_record(d)) {
		eeh_log_dump_free(d);
		return NULL;
	}
	return d;
}

int eeh_log_dump_new(struct eeh_ctx *ctx, const void *data, size_t len,
		     const struct eeh_log_opts *opts, struct eeh_log_dump **dump)
{
	const struct log_layout *layout = NULL;
	struct log_facts facts = { 0 };
	struct eeh_log_opts o;
	uint8_t *copy;
	int err;

	*dump = NULL;
	err = eeh_opts_get(&o, sizeof(o), opts);
	if (err)
		return eeh_fail(ctx, err, "struct eeh_log_opts: %s", err == -E2BIG ?
				"options that this library does not know" : "sz is not set");
	err = check(ctx, data, len, &layout);
	if (err)
		return err;
	if (o.flags & EEH_LOG_KNOW_PE && layout->pes && o.pe >= layout->pes)
		return eeh_fail(ctx, -EINVAL, "there is no PE %x: a %s has %u", o.pe,
				eeh_log_source_name(layout->source), layout->pes);
	facts.know = o.flags;
	facts.phb = o.phb;
	facts.pe = o.pe;
	copy = malloc(layout->len);
	if (!copy)
		return eeh_fail(ctx, -ENOMEM, "out of memory");
	memcpy(copy, data, layout->len);
	*dump = log_dump_make(layout, copy, &facts);
	return *dump ? 0 : eeh_fail(ctx, -ENOMEM, "out of memory");
}

void eeh_log_dump_free(struct eeh_log_dump *dump)
{
	if (!dump)
		return;
	free(dump->records);
	free(dump->data);
	free(dump);
}

enum eeh_log_source eeh_log_dump_source(const struct eeh_log_dump *dump)
{
	return dump->layout ? dump->layout->source : EEH_LOG_SOURCE_UNKNOWN;
}

uint64_t eeh_log_dump_line(const struct eeh_log_dump *dump)
{
	return dump->facts.line;
}

const char *eeh_log_dump_when(const struct eeh_log_dump *dump)
{
	return dump->facts.when;
}

const void *eeh_log_dump_data(const struct eeh_log_dump *dump, size_t *len)
{
	*len = dump->len;
	return dump->data;
}

size_t eeh_log_dump_count(const struct eeh_log_dump *dump)
{
	return dump->nr_records;
}

int eeh_log_dump_record(const struct eeh_log_dump *dump, size_t i, struct eeh_log_record *rec)
{
	if (i >= dump->nr_records)
		return -EINVAL;
	return eeh_out_put(rec, &dump->records[i], sizeof(*rec));
}

int eeh_log_dump_pe(const struct eeh_log_dump *dump, uint32_t pe, struct eeh_log_record *rec)
{
	size_t i;

	if (rec->sz < sizeof(rec->sz))
		return -EINVAL;
	for (i = 0; i < dump->nr_records; i++)
		if (dump->records[i].flags & EEH_LOG_F_PE && dump->records[i].pe == pe)
			return eeh_log_dump_record(dump, i, rec);
	return -ENOENT;
}

int eeh_log_dump_for_each_register(const struct eeh_log_dump *dump, eeh_log_register_fn fn,
				   void *arg)
{
	struct eeh_log_register reg;
	char bits[1024];
	size_t i;
	int err = 0;

	if (!dump->layout)
		return 0;
	for (i = 0; !err && i < dump->layout->nr_regs; i++) {
		const struct log_reg *r = &dump->layout->regs[i];

		EEH_INIT(&reg);
		reg.group = r->group;
		reg.name = r->name;
		reg.width = r->width;
		reg.value = log_get(dump->data, r->offset, r->width);
		log_bits(r->name, r->width, reg.value, bits, sizeof(bits));
		reg.bits = bits;
		err = fn(arg, &reg);
	}
	return err;
}

int eeh_log_decode(struct eeh_ctx *ctx, const void *data, size_t len,
		   const struct eeh_log_opts *opts, struct eeh_log_record *rec)
{
	struct eeh_log_dump *dump;
	struct eeh_log_record r;
	int err;

	if (rec->sz < sizeof(rec->sz))
		return eeh_fail(ctx, -EINVAL, "struct eeh_log_record: sz is not set");
	err = eeh_log_dump_new(ctx, data, len, opts, &dump);
	if (err)
		return err;
	r = dump->records[0];
	if (dump->facts.know & EEH_LOG_KNOW_PE && dump->layout->pes)
		log_phb_decode(dump->layout, dump->data, &dump->facts, dump->facts.pe, &r);
	eeh_log_dump_free(dump);
	return eeh_out_put(rec, &r, sizeof(r));
}

int eeh_log_load(struct eeh_ctx *ctx, const void *data, size_t len,
		 const struct eeh_log_opts *opts, eeh_log_dump_fn fn, void *arg)
{
	struct eeh_log_dump *dump;
	char why[sizeof(ctx->error)];
	int err;

	if (!len || !memchr(data, '\0', len))
		return eeh_log_parse_text(ctx, data, len, fn, arg);
	err = eeh_log_dump_new(ctx, data, len, opts, &dump);
	if (err == -EBADMSG) {
		/* A text with some NULs in it? If not, say what is wrong with the data. */
		snprintf(why, sizeof(why), "%s", eeh_last_error(ctx));
		err = eeh_log_parse_text(ctx, data, len, fn, arg);
		return err == -ENODATA ? eeh_fail(ctx, -EBADMSG, "%s", why) : err;
	}
	if (err)
		return err;
	err = fn(arg, dump);
	eeh_log_dump_free(dump);
	return err;
}
