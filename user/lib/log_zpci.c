// SPDX-License-Identifier: LGPL-2.1-or-later
/* Error logs: what a zPCI event (CCDF) of s390x says. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log_internal.h"

#define BITS_RW		1U		/* pci_event.c calls it "read/write" */
#define DMAAS(bits)	((bits) >> 8 & 0xff)
#define MVN(bits)	((bits) >> 16 & 0xfff)

static uint32_t pec_class(uint32_t pec)
{
	if (pec >= 0x1 && pec <= 0xa)
		return EEH_LOG_CLASS_DMA_IOMMU;
	if (pec >= 0x10 && pec <= 0x13)
		return EEH_LOG_CLASS_MSI;
	/* 0x3xx: the function comes, goes or is asked for (struct zpci_ccdf_avail). */
	if (pec >= 0x300)
		return EEH_LOG_CLASS_NONE;
	return EEH_LOG_CLASS_OTHER;
}

static uint32_t pec_severity(uint32_t pec)
{
	/* As zpci_event_error() has it. */
	if (pec == 0x3b || pec == 0x40)
		return EEH_LOG_SEVERITY_PERMANENT;
	if ((pec >= 0x2a && pec <= 0x2c) || pec >= 0x300)
		return EEH_LOG_SEVERITY_INFO;
	return EEH_LOG_SEVERITY_PE;
}

void log_zpci_decode(const uint8_t *data, const struct log_facts *facts, struct eeh_log_record *r)
{
	uint32_t bits = log_get(data, CCDF_BITS, 4);
	const char *name;
	char *s = r->sentence;
	size_t len = sizeof(r->sentence);

	memset(r, 0, sizeof(*r));
	r->sz = sizeof(*r);
	r->source = EEH_LOG_SOURCE_ZPCI;
	r->fh = log_get(data, CCDF_FH, 4);
	r->fid = log_get(data, CCDF_FID, 4);
	r->pec = log_get(data, CCDF_PEC, 2);
	r->error_class = r->cause = pec_class(r->pec);
	r->severity = pec_severity(r->pec);
	if (facts->know & EEH_LOG_KNOW_NOT_FRESH)
		r->flags |= EEH_LOG_F_NOT_FRESH;
	if (facts->nr_devices)
		memcpy(r->requester, facts->devices[0].address, sizeof(r->requester));
	if (r->error_class == EEH_LOG_CLASS_DMA_IOMMU || log_get(data, CCDF_FADDR, 8)) {
		r->address = log_get(data, CCDF_FADDR, 8);
		/* A line of a log has the code and the function, no more. */
		if (!facts->line)
			r->flags |= EEH_LOG_F_ADDRESS;
	}
	/* QEMU leaves the bit 0 in all its events, so 0 says nothing. */
	if (bits & BITS_RW)
		r->direction = EEH_LOG_DIRECTION_WRITE;

	name = log_pec_name(r->pec);
	switch (r->error_class) {
	case EEH_LOG_CLASS_DMA_IOMMU:
		log_append(s, len, "DMA%s by ", bits & BITS_RW ? " write" : "");
		break;
	case EEH_LOG_CLASS_MSI:
		log_append(s, len, "MSI by ");
		break;
	case EEH_LOG_CLASS_NONE:
		log_append(s, len, "no error: ");
		break;
	}
	log_append(s, len, "function 0x%x", r->fid);
	if (*r->requester)
		log_append(s, len, " (%s)", r->requester);
	if (r->error_class == EEH_LOG_CLASS_DMA_IOMMU && r->flags & EEH_LOG_F_ADDRESS)
		log_append(s, len, " to 0x%" PRIx64 " in address space %u", r->address, DMAAS(bits));
	if (r->error_class == EEH_LOG_CLASS_MSI && !facts->line)
		log_append(s, len, ", vector %u,", MVN(bits));
	if (r->error_class == EEH_LOG_CLASS_DMA_IOMMU || r->error_class == EEH_LOG_CLASS_MSI)
		log_append(s, len, " was refused");
	log_append(s, len, ": %s", name ? name : "unknown event");
	log_append(s, len, " (event code 0x%x)", r->pec);
	if (r->severity == EEH_LOG_SEVERITY_PERMANENT)
		log_append(s, len, "; the function is lost until it is reconfigured");
	if (r->flags & EEH_LOG_F_NOT_FRESH)
		log_append(s, len, " (not fresh)");
}
