// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Error logs: what a PHB's diagnostic data say about one PE, or about the PHB.
 *
 * The PE state table (PEST) has an entry of two words per PE, the same in PHB3,
 * PHB4 and PHB5 (skiboot: phb3-regs.h, phb4-regs.h). It says what stopped the
 * PE. The error registers are the whole PHB's: they refine, and attribute only
 * where the entry says nothing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log_internal.h"

/* PEST A */
#define A_MMIO_FROZEN	PPC_BIT(0)
#define A_CFG_READ	PPC_BIT(3)
#define A_CFG_WRITE	PPC_BIT(4)
#define A_TYPE(a)	((a) >> 56 & 7)		/* bits 5 to 7 */
#define A_CA		PPC_BIT(8)
#define A_UR		PPC_BIT(9)
#define A_NONFATAL	PPC_BIT(10)
#define A_FATAL		PPC_BIT(11)
#define A_PARITY_UE	PPC_BIT(13)
#define A_CORRECTABLE	PPC_BIT(14)
#define A_IODA_ERROR	PPC_BIT(16)
#define A_PAGE_FAULT	PPC_BIT(18)
#define A_ACCESS_FAULT	PPC_BIT(19)
#define A_TIMEOUT	PPC_BIT(20)
#define A_AIB_SIZE	PPC_BIT(21)
#define A_LEM(a)	((a) >> 32 & 0x3f)	/* bits 26 to 31 */
#define A_RID(a)	((a) >> 16 & 0xffff)	/* bits 32 to 47 */
#define A_MSI_DATA(a)	((a) & 0xffff)		/* bits 48 to 63 */
/* Says why; bits 0 and 1 only that. */
#define A_CAUSE		(~0ULL >> 2)
/* PEST B */
#define B_DMA_STOPPED	PPC_BIT(0)
#define B_ADDRESS	(~0ULL >> 3)		/* bits 3 to 63 */

enum { DMA_WRITE, MSI, DMA_READ, DMA_READ_RESPONSE, MMIO_LOAD, MMIO_STORE, RESERVED, OTHER };

/* PHB4 error registers; nobody outside IBM knows those of the PHB3. */
#define TXE_CFG			(PPC_BIT(17) | PPC_BIT(24) | PPC_BIT(25) | PPC_BIT(26) | \
				 PPC_BIT(27) | PPC_BIT(29))
#define TXE_CFG_LINK_DOWN	PPC_BIT(27)
#define TXE_INJECTED		(PPC_BIT(28) | PPC_BIT(30))
#define ARB_MMIO		(PPC_BIT(0) | PPC_BIT(1) | PPC_BIT(19))
#define ARB_MSI			(PPC_BIT(2) | PPC_BIT(3) | PPC_BIT(27))
#define ARB_DMA			(PPC_BIT(26) | PPC_BIT(28) | PPC_BIT(40))
#define ARB_UE			(PPC_BIT(24) | PPC_BIT(57) | PPC_BIT(58))
#define ARB_CE			PPC_BIT(59)
#define ARB_INJECTED		PPC_BIT(39)
#define TCE_DMA			(PPC_BIT(1) | PPC_BIT(2) | PPC_BIT(5))
#define REGB_LINK_DOWN		PPC_BIT(8)

#define NFIR_FENCED		PPC_BIT(16)
#define AER_SURPRISE_DOWN	0x20U
/* Link status is the upper half of the word, bit 13 of it "data link layer active". */
#define LINK_ACTIVE		(1U << 29)
/* Bits of the root error status that are errors; the upper ones are a message number. */
#define AER_ROOT_CORR		0x3U
#define AER_ROOT_UNCORR		0x7cU

static uint64_t pesta(const struct log_layout *l, const uint8_t *data, uint32_t pe)
{
	return log_get(data, l->pesta + 8 * pe, 8);
}

static uint64_t pestb(const struct log_layout *l, const uint8_t *data, uint32_t pe)
{
	return log_get(data, l->pestb + 8 * pe, 8);
}

bool log_phb_frozen(const struct log_layout *l, const uint8_t *data, uint32_t pe)
{
	return (pesta(l, data, pe) & A_MMIO_FROZEN) || (pestb(l, data, pe) & B_DMA_STOPPED);
}

bool log_phb_has_cause(const struct log_layout *l, const uint8_t *data, uint32_t pe)
{
	return (pesta(l, data, pe) & A_CAUSE) || (pestb(l, data, pe) & B_ADDRESS);
}

/* Config accesses of a root port that does not answer return all-ones, PHB registers too. */
static bool silent(const struct log_layout *l, const uint8_t *data)
{
	return (log_value(l, data, LOG_DEVICE_STATUS) == UINT32_MAX &&
		log_value(l, data, LOG_LINK_STATUS) == UINT32_MAX) ||
	       log_value(l, data, LOG_PLSSR) == UINT64_MAX;
}

bool log_phb_fenced(const struct log_layout *l, const uint8_t *data, const struct log_facts *facts)
{
	/*
	 * skiboot's phb3_fenced() goes by bit 16. That an error in the nest is
	 * recorded at all means that the PHB's unit next to the processor bus saw it,
	 * which fences unless it was a corrected one (2 and 5).
	 */
	return facts->know & EEH_LOG_KNOW_FENCED || silent(l, data) ||
	       log_value(l, data, LOG_NFIR) & ~(PPC_BIT(2) | PPC_BIT(5));
}

void log_append(char *buf, size_t len, const char *fmt, ...)
{
	size_t n = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + n, len - n, fmt, ap);
	va_end(ap);
}

void log_requester(char *out, const struct log_facts *facts, uint32_t rid)
{
	int n = 0;

	if (facts->know & EEH_LOG_KNOW_PHB)
		n = snprintf(out, EEH_LOG_NAME_LEN, "%04x:", facts->phb);
	snprintf(out + n, EEH_LOG_NAME_LEN - n, "%02x:%02x.%x", rid >> 8 & 0xff, rid >> 3 & 0x1f,
		 rid & 7);
}

/* ---- what it says */

struct view {
	const struct log_layout *l;
	const uint8_t *data;
	const struct log_facts *facts;
	uint64_t a, b;
	uint64_t txe, arb, tce, regb;	/* 0 for a PHB3 */
};

static void says(struct eeh_log_record *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void says(struct eeh_log_record *r, const char *fmt, ...)
{
	size_t n = strlen(r->sentence);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(r->sentence + n, sizeof(r->sentence) - n, fmt, ap);
	va_end(ap);
}

/* "PHB 0001", "the PHB" */
static void name_phb(struct eeh_log_record *r)
{
	if (r->flags & EEH_LOG_F_PHB)
		says(r, "PHB %04x", r->phb);
	else
		says(r, "the PHB");
}

static void name_pe(struct eeh_log_record *r)
{
	says(r, "PE %x", r->pe);
	if (r->flags & EEH_LOG_F_PHB)
		says(r, " of PHB %04x", r->phb);
}

static const char *by(const struct eeh_log_record *r)
{
	return r->flags & EEH_LOG_F_REQUESTER ? r->requester : "an unknown device";
}

static const char *completion(uint64_t a, bool phb3)
{
	if (a & A_UR)
		return "was answered with Unsupported Request";
	if (a & A_CA)
		/* One bit for two things (phb3-regs.h, phb4-regs.h). */
		return phb3 ? "was aborted by the device or timed out" :
			      "was answered with Completer Abort or timed out";
	return NULL;
}

/* Which kind of access the entry is about, with its address, device and direction. */
static void access_of(const struct view *v, struct eeh_log_record *r)
{
	unsigned int type = A_TYPE(v->a);
	bool cfg = v->a & (A_CFG_READ | A_CFG_WRITE);
	bool dma = !cfg && (type == DMA_WRITE || type == DMA_READ || type == DMA_READ_RESPONSE);

	if (v->b & B_ADDRESS || (dma && v->a & (A_PAGE_FAULT | A_ACCESS_FAULT | A_IODA_ERROR))) {
		r->address = v->b & B_ADDRESS;
		r->flags |= EEH_LOG_F_ADDRESS;
	}
	/* 0 is the root port, and what is there if nothing was written. */
	if (A_RID(v->a)) {
		r->requester_id = A_RID(v->a);
		r->flags |= EEH_LOG_F_REQUESTER;
		log_requester(r->requester, v->facts, r->requester_id);
	}
	r->lem_bit = A_LEM(v->a);
	if (cfg)
		r->direction = v->a & A_CFG_READ ? EEH_LOG_DIRECTION_READ : EEH_LOG_DIRECTION_WRITE;
	else if (type == DMA_WRITE || type == MSI || type == MMIO_STORE)
		r->direction = EEH_LOG_DIRECTION_WRITE;
	else if (dma || type == MMIO_LOAD)
		r->direction = EEH_LOG_DIRECTION_READ;
	if (!cfg && type == MSI)
		r->msi_data = A_MSI_DATA(v->a);
}

/* "DMA write by 0001:01:00.0 to 0x1f400000" */
static void says_dma(struct eeh_log_record *r)
{
	bool write = r->direction == EEH_LOG_DIRECTION_WRITE;

	says(r, "DMA %s by %s", write ? "write" : "read", by(r));
	if (r->flags & EEH_LOG_F_ADDRESS)
		says(r, " %s 0x%" PRIx64, write ? "to" : "from", r->address);
}

/* "MMIO load at 0x600c080000004 of PE fd of PHB 0001" */
static void says_mmio(struct eeh_log_record *r)
{
	says(r, "MMIO %s", r->direction == EEH_LOG_DIRECTION_WRITE ? "store" : "load");
	if (r->flags & EEH_LOG_F_ADDRESS)
		says(r, " at 0x%" PRIx64, r->address);
	says(r, " of ");
	if (r->flags & EEH_LOG_F_REQUESTER)
		says(r, "%s", r->requester);
	else
		name_pe(r);
}

static uint32_t dma_class(const struct view *v, struct eeh_log_record *r)
{
	uint32_t class = EEH_LOG_CLASS_OTHER;

	says_dma(r);
	if (v->a & A_PAGE_FAULT) {
		says(r, " hit no TCE entry");
		return EEH_LOG_CLASS_DMA_IOMMU;
	}
	if (v->a & A_ACCESS_FAULT) {
		says(r, " is not permitted by its TCE entry");
		return EEH_LOG_CLASS_DMA_IOMMU;
	}
	if (v->a & A_IODA_ERROR || v->arb & ARB_DMA) {
		class = EEH_LOG_CLASS_DMA_IOMMU;
		if (v->arb & PPC_BIT(40))
			says(r, " came from a requester without a valid PE");
		else if (v->arb & PPC_BIT(28))
			says(r, " is outside of its DMA window");
		else
			says(r, " hit no valid DMA window (TVE)");
	} else if (v->tce & TCE_DMA) {
		class = EEH_LOG_CLASS_DMA_IOMMU;
		says(r, " was refused by the TCE table");
	} else if (v->a & (A_FATAL | A_NONFATAL | A_PARITY_UE)) {
		class = EEH_LOG_CLASS_PCIE_UE;
		says(r, " failed: %s", v->a & A_FATAL ? "fatal PCIe error" :
		     v->a & A_NONFATAL ? "nonfatal PCIe error" : "uncorrectable data error");
	} else if (v->a & A_TIMEOUT) {
		says(r, " got no response from memory");
	} else if (v->a & A_AIB_SIZE) {
		says(r, " had an invalid size");
	} else if (v->a & A_CORRECTABLE) {
		class = EEH_LOG_CLASS_PCIE_CE;
		says(r, " had a corrected PCIe error");
	} else {
		says(r, " was stopped");
	}
	return class;
}

static uint32_t mmio_class(const struct view *v, struct eeh_log_record *r)
{
	const char *how = completion(v->a, v->l == &log_layout_phb3);

	says_mmio(r);
	if (how)
		says(r, " %s", how);
	else if (v->a & A_IODA_ERROR)
		says(r, " found no translation");
	else if (v->a & A_PARITY_UE)
		says(r, " failed: uncorrectable data error");
	else if (v->arb & PPC_BIT(19))
		says(r, " timed out");
	else
		says(r, " failed");
	return EEH_LOG_CLASS_MMIO;
}

static uint32_t config_class(const struct view *v, struct eeh_log_record *r)
{
	const char *how = completion(v->a, v->l == &log_layout_phb3);

	says(r, "config %s of ", r->direction == EEH_LOG_DIRECTION_WRITE ? "write" : "read");
	if (r->flags & EEH_LOG_F_REQUESTER)
		says(r, "%s", r->requester);
	else
		name_pe(r);
	if (r->flags & EEH_LOG_F_ADDRESS)
		says(r, " at 0x%" PRIx64, r->address);
	if (how)
		says(r, " %s", how);
	else if (v->txe & TXE_CFG_LINK_DOWN)
		says(r, " failed: the link is down");
	else
		says(r, " failed");
	return EEH_LOG_CLASS_CONFIG;
}

static uint32_t msi_class(const struct view *v, struct eeh_log_record *r)
{
	says(r, "MSI by %s, data 0x%x", by(r), r->msi_data);
	if (r->flags & EEH_LOG_F_ADDRESS)
		says(r, ", to 0x%" PRIx64, r->address);
	if (v->arb & PPC_BIT(27))
		says(r, ", does not belong to its PE");
	else if (v->arb & (PPC_BIT(2) | PPC_BIT(3)))
		says(r, ", has a bad %s", v->arb & PPC_BIT(2) ? "size" : "alignment");
	else
		says(r, ", was refused");
	return EEH_LOG_CLASS_MSI;
}

/* The class from the PE's own entry; it has a cause. */
static uint32_t pe_class(const struct view *v, struct eeh_log_record *r)
{
	unsigned int type = A_TYPE(v->a);
	char names[128];

	if (v->a & (A_CFG_READ | A_CFG_WRITE))
		return config_class(v, r);
	switch (type) {
	case DMA_WRITE:
	case DMA_READ:
	case DMA_READ_RESPONSE:
		return dma_class(v, r);
	case MSI:
		return msi_class(v, r);
	case MMIO_LOAD:
	case MMIO_STORE:
		return mmio_class(v, r);
	}
	/* Something that came by itself: a message of the device, a parity error. */
	if (v->a & (A_FATAL | A_NONFATAL | A_PARITY_UE)) {
		says(r, "%s from %s", v->a & A_FATAL ? "fatal PCIe error" : v->a & A_NONFATAL ?
		     "nonfatal PCIe error" : "uncorrectable data error", by(r));
		log_bit_names("uncorrErrorStatus", 4, r->aer_uncorr, names, sizeof(names));
		if (*names)
			says(r, " (%s)", names);
		return EEH_LOG_CLASS_PCIE_UE;
	}
	if (v->a & A_CORRECTABLE) {
		says(r, "corrected PCIe error from %s", by(r));
		return EEH_LOG_CLASS_PCIE_CE;
	}
	name_pe(r);
	says(r, " stopped for a reason that its entry does not name");
	return EEH_LOG_CLASS_OTHER;
}

/*
 * Did somebody inject the error of this entry? The trap that an injection
 * triggers logs the two words that go into the entry, without their first bit.
 * Of DMA whose entry says nothing else the trap's bit alone will do.
 */
static bool injected(const struct view *v, uint32_t class)
{
	bool dma = A_TYPE(v->a) == DMA_WRITE || A_TYPE(v->a) == DMA_READ;

	if (v->a & (A_CFG_READ | A_CFG_WRITE))
		dma = false;
	if (!(dma ? v->arb & ARB_INJECTED : v->txe & TXE_INJECTED))
		return false;
	if (dma && class == EEH_LOG_CLASS_OTHER)
		return true;
	return (log_value(v->l, v->data, dma ? LOG_ARB_LOG0 : LOG_TXE_LOG0) & A_CAUSE) ==
	       (v->a & A_CAUSE) &&
	       (log_value(v->l, v->data, dma ? LOG_ARB_LOG1 : LOG_TXE_LOG1) & B_ADDRESS) ==
	       (v->b & B_ADDRESS);
}

/*
 * The class from the PHB's registers, with the words for it in what (which may
 * be cut). Uncorrectable before corrected, the link before what follows from its loss.
 */
static uint32_t phb_class(const struct view *v, const struct eeh_log_record *r, char *what,
			  size_t len)
{
	char names[128];

	what[0] = '\0';
	if (v->regb & REGB_LINK_DOWN || v->txe & TXE_CFG_LINK_DOWN ||
	    r->aer_uncorr & AER_SURPRISE_DOWN || r->flags & EEH_LOG_F_LINK_DOWN) {
		log_append(what, len, "its PCIe link %s", v->regb & REGB_LINK_DOWN ||
			   r->aer_uncorr & AER_SURPRISE_DOWN ? "went down" : "is down");
		return EEH_LOG_CLASS_LINK_LOSS;
	}
	if (v->tce & TCE_DMA || v->arb & ARB_DMA) {
		log_append(what, len, "it refused DMA");
		return EEH_LOG_CLASS_DMA_IOMMU;
	}
	if (v->arb & ARB_MSI) {
		log_append(what, len, "it refused an MSI");
		return EEH_LOG_CLASS_MSI;
	}
	if (v->arb & ARB_MMIO) {
		log_append(what, len, "a load %s", v->arb & PPC_BIT(1) ?
			   "was answered with Unsupported Request" : v->arb & PPC_BIT(0) ?
			   "was answered with Completer Abort" : "timed out");
		return EEH_LOG_CLASS_MMIO;
	}
	if (v->txe & TXE_CFG) {
		log_append(what, len, "a config access failed");
		return EEH_LOG_CLASS_CONFIG;
	}
	if (v->arb & ARB_UE || r->aer_uncorr || r->aer_root & AER_ROOT_UNCORR) {
		log_bit_names("uncorrErrorStatus", 4, r->aer_uncorr, names, sizeof(names));
		log_append(what, len, "uncorrectable PCIe error%s%s", *names ? ": " : "", names);
		if (!*names && r->aer_root & AER_ROOT_UNCORR && r->aer_source >> 16) {
			log_requester(names, v->facts, r->aer_source >> 16);
			log_append(what, len, " reported by %s", names);
		}
		return EEH_LOG_CLASS_PCIE_UE;
	}
	if (v->arb & ARB_INJECTED || v->txe & TXE_INJECTED) {
		log_append(what, len, "an injected error was triggered");
		return EEH_LOG_CLASS_INJECTED;
	}
	if (v->arb & ARB_CE || r->aer_corr || r->aer_root & AER_ROOT_CORR) {
		log_bit_names("corrErrorStatus", 4, r->aer_corr, names, sizeof(names));
		log_append(what, len, "corrected PCIe error%s%s", *names ? ": " : "", names);
		if (!*names && r->aer_root & AER_ROOT_CORR && r->aer_source & 0xffff) {
			log_requester(names, v->facts, r->aer_source & 0xffff);
			log_append(what, len, " reported by %s", names);
		}
		return EEH_LOG_CLASS_PCIE_CE;
	}
	if (v->txe || v->arb || v->tce || log_value(v->l, v->data, LOG_LEM_FIR) ||
	    log_value(v->l, v->data, LOG_PHB_STATUS)) {
		log_append(what, len, "its error registers are not clear");
		return EEH_LOG_CLASS_OTHER;
	}
	return EEH_LOG_CLASS_NONE;
}

/* AER of a device, from the log's own lines. */
static void add_device(const struct log_facts *facts, struct eeh_log_record *r)
{
	const struct log_device *d = NULL;
	char names[128];
	size_t i;

	for (i = 0; i < facts->nr_devices; i++) {
		if (!facts->devices[i].aer)
			continue;
		/* The one that the entry names; else the first that has something to say. */
		if (r->flags & EEH_LOG_F_REQUESTER &&
		    !strcmp(r->requester, facts->devices[i].address)) {
			d = &facts->devices[i];
			break;
		}
		if (!d && (facts->devices[i].uncorr || facts->devices[i].corr))
			d = &facts->devices[i];
	}
	if (!d || d->uncorr == UINT32_MAX)
		return;
	r->flags |= EEH_LOG_F_DEVICE_AER;
	r->device_uncorr = d->uncorr;
	r->device_corr = d->corr;
	log_bit_names("uncorrErrorStatus", 4, d->uncorr, names, sizeof(names));
	if (*names)
		says(r, "; %s itself reports %s", d->address, names);
	if (r->error_class == EEH_LOG_CLASS_NONE && *names)
		r->error_class = r->cause = d->uncorr & AER_SURPRISE_DOWN ?
			EEH_LOG_CLASS_LINK_LOSS : EEH_LOG_CLASS_PCIE_UE;
}

static void pe_record(const struct view *v, struct eeh_log_record *r)
{
	static const char * const kinds[] = {
		[EEH_LOG_CLASS_MMIO] = "MMIO", [EEH_LOG_CLASS_CONFIG] = "config",
		[EEH_LOG_CLASS_DMA_IOMMU] = "DMA", [EEH_LOG_CLASS_MSI] = "MSI",
	};
	char what[EEH_LOG_SENTENCE_LEN];
	uint32_t class;

	r->flags |= EEH_LOG_F_PE;
	r->pest[0] = v->a;
	r->pest[1] = v->b;
	if (v->a & A_MMIO_FROZEN)
		r->flags |= EEH_LOG_F_MMIO_FROZEN;
	if (v->b & B_DMA_STOPPED)
		r->flags |= EEH_LOG_F_DMA_STOPPED;
	if (!(r->flags & (EEH_LOG_F_MMIO_FROZEN | EEH_LOG_F_DMA_STOPPED))) {
		name_pe(r);
		says(r, " is not frozen according to this data");
		return;
	}
	r->severity = EEH_LOG_SEVERITY_PE;

	if (v->a & A_CAUSE || v->b & B_ADDRESS) {
		access_of(v, r);
		class = pe_class(v, r);
		r->error_class = r->cause = class;
		if (injected(v, class)) {
			r->error_class = EEH_LOG_CLASS_INJECTED;
			says(r, ": an injected %s error", class < ARRAY_SIZE(kinds) && kinds[class] ?
			     kinds[class] : "DMA");
		} else if (r->flags & EEH_LOG_F_LINK_DOWN && class != EEH_LOG_CLASS_CONFIG) {
			says(r, "; the link is down");
		}
		return;
	}
	class = phb_class(v, r, what, sizeof(what));
	name_pe(r);
	says(r, " is frozen, with no cause of its own");
	if (class == EEH_LOG_CLASS_NONE)
		return;
	says(r, "; of the PHB: %s", what);
	r->error_class = r->cause = class;
	if (class == EEH_LOG_CLASS_INJECTED)
		r->cause = EEH_LOG_CLASS_OTHER;
	r->flags |= EEH_LOG_F_PHB_WIDE;
}

static void phb_record(const struct view *v, struct eeh_log_record *r)
{
	char what[EEH_LOG_SENTENCE_LEN], names[128];
	uint32_t class;

	if (r->flags & EEH_LOG_F_FENCED) {
		r->error_class = r->cause = EEH_LOG_CLASS_FENCE;
		r->severity = EEH_LOG_SEVERITY_PHB;
		name_phb(r);
		says(r, " is fenced: everything below it is unreachable");
		log_bit_names("nFir", 8, log_value(v->l, v->data, LOG_NFIR) & ~NFIR_FENCED, names,
			      sizeof(names));
		if (!*names)
			log_bit_names("phbTxeErrorStatus", 8, v->txe, names, sizeof(names));
		if (*names)
			says(r, " (%s)", names);
		return;
	}
	class = phb_class(v, r, what, sizeof(what));
	r->error_class = r->cause = class;
	if (class == EEH_LOG_CLASS_INJECTED)
		r->cause = EEH_LOG_CLASS_OTHER;
	if (class != EEH_LOG_CLASS_NONE)
		r->flags |= EEH_LOG_F_PHB_WIDE;
	r->severity = class == EEH_LOG_CLASS_PCIE_CE ? EEH_LOG_SEVERITY_CORRECTED :
		      EEH_LOG_SEVERITY_INFO;
	name_phb(r);
	says(r, " has no frozen PE");
	if (class == EEH_LOG_CLASS_NONE)
		says(r, " and recorded no error");
	else
		says(r, ": %s", what);
}

void log_phb_decode(const struct log_layout *l, const uint8_t *data, const struct log_facts *facts,
		    uint32_t pe, struct eeh_log_record *r)
{
	struct view v = { .l = l, .data = data, .facts = facts };
	uint32_t link;
	bool alive;
	int i;

	memset(r, 0, sizeof(*r));
	r->sz = sizeof(*r);
	r->source = l->source;
	if (facts->know & EEH_LOG_KNOW_PHB) {
		r->phb = facts->phb;
		r->flags |= EEH_LOG_F_PHB;
	}
	if (facts->know & EEH_LOG_KNOW_NOT_FRESH)
		r->flags |= EEH_LOG_F_NOT_FRESH;
	if (log_phb_fenced(l, data, facts))
		r->flags |= EEH_LOG_F_FENCED;

	/* What does not answer reads as all-ones, which is no set of errors. */
	alive = !silent(l, data);
	if (alive) {
		r->aer_uncorr = log_value(l, data, LOG_AER_UNCORR);
		r->aer_corr = log_value(l, data, LOG_AER_CORR);
		r->aer_root = log_value(l, data, LOG_AER_ROOT);
		r->aer_source = log_value(l, data, LOG_AER_SOURCE);
		for (i = 0; i < 4; i++)
			r->aer_tlp[i] = log_get(data, l->at[LOG_AER_TLP] + 4 * i, 4);
		link = log_value(l, data, LOG_LINK_STATUS);
		/* All of the group 0: the text did not have it. */
		if (!(link & LINK_ACTIVE) && (link || log_value(l, data, LOG_DEVICE_STATUS) ||
					      log_value(l, data, LOG_COMMAND_STATUS)))
			r->flags |= EEH_LOG_F_LINK_DOWN;
		v.txe = log_value(l, data, LOG_TXE_STATUS);
		v.arb = log_value(l, data, LOG_ARB_STATUS);
		v.tce = log_value(l, data, LOG_TCE_STATUS);
		v.regb = log_value(l, data, LOG_REGB_STATUS);
		if (v.txe & TXE_INJECTED || v.arb & ARB_INJECTED)
			r->flags |= EEH_LOG_F_INJECTION;
	}
	if (pe == LOG_PHB_RECORD) {
		phb_record(&v, r);
	} else {
		r->pe = pe;
		v.a = pesta(l, data, pe);
		v.b = pestb(l, data, pe);
		pe_record(&v, r);
	}
	add_device(facts, r);
	if (r->flags & EEH_LOG_F_NOT_FRESH)
		says(r, " (not fresh: the PE was isolated before this was fetched)");
}
