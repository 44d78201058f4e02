/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __EEH_LOG_INTERNAL_H
#define __EEH_LOG_INTERNAL_H

#include <eeh/log.h>

#include "eeh_internal.h"

/* Offsets in struct OpalIoPhbErrorCommon of opal-api.h, and what they hold. */
#define PHB_VERSION		0x0
#define PHB_IOTYPE		0x4
#define PHB_LEN			0x8
#define PHB_VERSION_1		1
#define PHB_IOTYPE_P7IOC	1
#define PHB_IOTYPE_PHB3		2
#define PHB_IOTYPE_PHB4		3

#define PHB3_PES		256
#define PHB4_PES		512
#define PHB3_LEN		4392
#define PHB4_LEN		8576
#define PHB_LEN_MAX		PHB4_LEN

/* struct zpci_ccdf_err of arch/s390/pci/pci_event.c */
#define CCDF_LEN		32
#define CCDF_FH			0x4
#define CCDF_FID		0x8
#define CCDF_BITS		0xc
#define CCDF_FADDR		0x10
#define CCDF_PEC		0x1e

/* Bit n as IBM counts: 0 is the most significant of 64. */
#define PPC_BIT(n)		(1ULL << (63 - (n)))

/* ---- log_layout.c: which register is where */

struct log_reg {
	const char *group;	/* the kernel's word for the line */
	uint8_t column;		/* in that line */
	uint8_t width;		/* bytes */
	uint16_t offset;
	const char *name;	/* opal-api.h's */
	const char *alias;	/* skiboot's, where it differs; NULL */
};

/* Registers that the decoders look at. */
enum log_reg_id {
	LOG_DEVICE_STATUS,
	LOG_LINK_STATUS,
	LOG_COMMAND_STATUS,
	LOG_AER_ROOT,
	LOG_AER_UNCORR,
	LOG_AER_CORR,
	LOG_AER_SOURCE,
	LOG_AER_TLP,
	LOG_REG64,		/* 8 bytes from here on, 4 before */
	LOG_NFIR = LOG_REG64,
	LOG_PLSSR,
	LOG_LEM_FIR,
	LOG_PHB_STATUS,
	LOG_TXE_STATUS,
	LOG_TXE_LOG0,
	LOG_TXE_LOG1,
	LOG_ARB_STATUS,
	LOG_ARB_LOG0,
	LOG_ARB_LOG1,
	LOG_TCE_STATUS,
	LOG_REGB_STATUS,
	LOG_REG_IDS,
};

struct log_layout {
	enum eeh_log_source source;
	uint32_t iotype;
	const struct log_reg *regs;
	size_t nr_regs;
	size_t len;
	uint32_t pes;		/* 0: no PEST */
	uint16_t pesta;
	uint16_t pestb;
	uint16_t at[LOG_REG_IDS];	/* their offsets; 0: this PHB has none */
};

extern const struct log_layout log_layout_phb3, log_layout_phb4, log_layout_zpci;

uint64_t log_get(const uint8_t *data, size_t offset, unsigned int width);
void log_put(uint8_t *data, size_t offset, unsigned int width, uint64_t value);
/* 0 if this PHB has none. */
uint64_t log_value(const struct log_layout *layout, const uint8_t *data, enum log_reg_id id);

/* ---- log_bits.c: what their bits mean */

/* "1 a, 39 b" into buf, cut at its end if it is too long. */
void log_bits(const char *name, unsigned int width, uint64_t value, char *buf, size_t len);
/* The names alone: "a, b"; bits without a name are left out. */
void log_bit_names(const char *name, unsigned int width, uint64_t value, char *buf, size_t len);
const char *log_pec_name(uint32_t pec);

/* ---- log_dump.c */

/* A device that the kernel's "EEH: of node=" lines are about. */
struct log_device {
	char address[EEH_LOG_NAME_LEN];
	bool aer;
	uint32_t uncorr;
	uint32_t corr;
};

/* What is known about a dump beside its data. */
struct log_facts {
	uint32_t know;		/* EEH_LOG_KNOW_* */
	uint32_t phb;
	uint32_t pe;
	uint64_t line;
	char when[64];
	struct log_device devices[8];
	size_t nr_devices;
};

struct eeh_log_dump {
	const struct log_layout *layout;	/* NULL: no data */
	struct log_facts facts;
	uint8_t *data;
	size_t len;
	struct eeh_log_record *records;
	size_t nr_records;
};

/* Takes over data (malloc'ed, layout->len bytes, already checked) in any case. */
struct eeh_log_dump *log_dump_make(const struct log_layout *layout, uint8_t *data,
				   const struct log_facts *facts);

/* ---- log_phb.c, log_zpci.c: one record */

enum { LOG_PHB_RECORD = UINT32_MAX };
/* About a PE, or about the PHB. */
void log_phb_decode(const struct log_layout *layout, const uint8_t *data,
		    const struct log_facts *facts, uint32_t pe, struct eeh_log_record *r);
bool log_phb_frozen(const struct log_layout *layout, const uint8_t *data, uint32_t pe);
bool log_phb_has_cause(const struct log_layout *layout, const uint8_t *data, uint32_t pe);
bool log_phb_fenced(const struct log_layout *layout, const uint8_t *data,
		    const struct log_facts *facts);
void log_zpci_decode(const uint8_t *data, const struct log_facts *facts,
		     struct eeh_log_record *r);

/* A PCI address into out; without the domain if it is not known. */
void log_requester(char *out, const struct log_facts *facts, uint32_t rid);
/* printf to the end of what is in buf. */
__attribute__((format(printf, 3, 4)))
void log_append(char *buf, size_t len, const char *fmt, ...);

#endif /* __EEH_LOG_INTERNAL_H */
