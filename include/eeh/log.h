/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: error logs. What hardware and firmware recorded about a frozen PE or
 * a failed function, from one of these:
 *
 * - the diagnostic data of a PHB3 (POWER8), or of a PHB4 or PHB5 (POWER9,
 *   POWER10), as firmware returns it: struct OpalIoPhb3ErrorData and struct
 *   OpalIoPhb4ErrorData of opal-api.h, big-endian, 4,392 and 8,576 bytes. The two
 *   PHBs of POWER9 and POWER10 give the same type and cannot be told apart;
 * - a zPCI error event of s390x, the CCDF of 32 bytes, big-endian (struct
 *   zpci_ccdf_err of the kernel's arch/s390/pci/pci_event.c; what VFIO's
 *   VFIO_DEVICE_FEATURE_ZPCI_ERROR returns);
 * - text: a kernel log with what the kernel prints of these
 *   (pnv_pci_dump_phb3_diag_data(), pnv_pci_dump_phb4_diag_data(), "EEH:" and
 *   "zpci:" lines), or a log of OPAL firmware (phb3_eeh_dump_regs(),
 *   phb4_eeh_dump_regs() of skiboot), with any prefixes of time and host.
 *
 * One dump covers a whole PHB. A record says what happened to one PE of it (or
 * to the PHB itself). docs/logs.md has the classes and the bits they come from.
 *
 * Nothing here asks the kernel or firmware: the same input gives the same records
 * everywhere. What the kernel module kept comes from eeh_pe_log_next() of eeh/pe.h.
 */
#ifndef __EEH_LOG_H
#define __EEH_LOG_H

#include <eeh/eeh.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where a dump comes from. */
enum eeh_log_source {
	EEH_LOG_SOURCE_UNKNOWN	= 0,
	EEH_LOG_SOURCE_PHB3	= 1,	/* OPAL ioType 2 */
	EEH_LOG_SOURCE_PHB4	= 2,	/* OPAL ioType 3: PHB4 and PHB5 */
	EEH_LOG_SOURCE_ZPCI	= 3,
};

/* What kind of error it is. Names as in eeh_log_class_name() beside it. */
enum eeh_log_class {
	EEH_LOG_CLASS_NONE	= 0,	/* "none": nothing is recorded */
	EEH_LOG_CLASS_DMA_IOMMU	= 1,	/* "dma-iommu": DMA without translation or permission */
	EEH_LOG_CLASS_MSI	= 2,	/* "msi": an interrupt message that was refused */
	EEH_LOG_CLASS_MMIO	= 3,	/* "mmio": a load or store that failed */
	EEH_LOG_CLASS_CONFIG	= 4,	/* "config": a config space access that failed */
	EEH_LOG_CLASS_LINK_LOSS	= 5,	/* "link-loss": the PCIe link went down */
	EEH_LOG_CLASS_PCIE_UE	= 6,	/* "pcie-ue": uncorrectable PCIe error */
	EEH_LOG_CLASS_PCIE_CE	= 7,	/* "pcie-ce": corrected PCIe error */
	EEH_LOG_CLASS_INJECTED	= 8,	/* "injected": somebody injected it */
	EEH_LOG_CLASS_FENCE	= 9,	/* "fence": the PHB cut itself off, all its PEs with it */
	EEH_LOG_CLASS_OTHER	= 10,	/* "other": recorded, and none of these */
};

/* How far it reaches. */
enum eeh_log_severity {
	EEH_LOG_SEVERITY_INFO		= 0,	/* nothing stopped */
	EEH_LOG_SEVERITY_CORRECTED	= 1,	/* hardware put it right */
	EEH_LOG_SEVERITY_PE		= 2,	/* one PE or function; a reset brings it back */
	EEH_LOG_SEVERITY_PHB		= 3,	/* all below a PHB; its reset brings it back */
	EEH_LOG_SEVERITY_PERMANENT	= 4,	/* gone for good */
};

enum eeh_log_direction {
	EEH_LOG_DIRECTION_UNKNOWN	= 0,
	EEH_LOG_DIRECTION_READ		= 1,	/* DMA read, MMIO load, config read */
	EEH_LOG_DIRECTION_WRITE		= 2,	/* DMA write, MMIO store, config write, MSI */
};

/* Bits of eeh_log_record.flags. */
#define EEH_LOG_F_ADDRESS	(1U << 0)	/* @address is known */
#define EEH_LOG_F_REQUESTER	(1U << 1)	/* @requester_id is known */
#define EEH_LOG_F_PHB		(1U << 2)	/* @phb is known */
#define EEH_LOG_F_PE		(1U << 3)	/* about one PE, @pe; else about the PHB */
#define EEH_LOG_F_MMIO_FROZEN	(1U << 4)	/* loads return all-ones (PEST A bit 0) */
#define EEH_LOG_F_DMA_STOPPED	(1U << 5)	/* (PEST B bit 0) */
#define EEH_LOG_F_NOT_FRESH	(1U << 6)	/* fetched when the PE was isolated already */
#define EEH_LOG_F_PHB_WIDE	(1U << 7)	/* the class is the PHB's: maybe of another PE */
#define EEH_LOG_F_LINK_DOWN	(1U << 8)	/* the link was down when it was recorded */
#define EEH_LOG_F_FENCED	(1U << 9)	/* the PHB was fenced when it was recorded */
#define EEH_LOG_F_INJECTION	(1U << 10)	/* an injection was triggered on this PHB */
#define EEH_LOG_F_NO_DATA	(1U << 11)	/* a freeze was reported, without diagnostic data */
#define EEH_LOG_F_DEVICE_AER	(1U << 12)	/* @device_uncorr, @device_corr are known */

#define EEH_LOG_NAME_LEN	20
#define EEH_LOG_SENTENCE_LEN	320

/**
 * struct eeh_log_record - what happened to a PE, a PHB or a zPCI function
 * @sz:		sizeof(struct eeh_log_record)
 * @source:	enum eeh_log_source
 * @error_class: enum eeh_log_class
 * @cause:	enum eeh_log_class; as @error_class, but for EEH_LOG_CLASS_INJECTED
 *		what kind of error was injected (EEH_LOG_CLASS_OTHER if that is unknown)
 * @severity:	enum eeh_log_severity
 * @direction:	enum eeh_log_direction
 * @flags:	EEH_LOG_F_*
 * @phb:	number of the PHB (the PCI domain of Linux), if EEH_LOG_F_PHB
 * @pe:		number of the PE, if EEH_LOG_F_PE
 * @requester_id: bus << 8 | device << 3 | function, if EEH_LOG_F_REQUESTER (PEST A
 *		bits 32 to 47): who sent it, for DMA and MSIs; whom it was for, else
 * @msi_data:	data of a refused MSI (PEST A bits 48 to 63)
 * @lem_bit:	bit of the PHB's error summary, the LEM, that noticed (PEST A bits 26 to 31)
 * @address:	of the access, if EEH_LOG_F_ADDRESS: DMA address for DMA and
 *		MSIs, CPU address for loads and stores, register for config accesses
 *		(PEST B bits 3 to 63; zPCI: faddr)
 * @pest:	PEST A and B of @pe, if EEH_LOG_F_PE
 * @aer_uncorr:	the root port's AER uncorrectable error status (PCIe 7.8.4.2)
 * @aer_corr:	its correctable error status (7.8.4.5)
 * @aer_root:	its root error status (7.8.4.10)
 * @aer_source:	its error source identification (7.8.4.11): corrected in bits 0
 *		to 15, uncorrectable in bits 16 to 31
 * @aer_tlp:	its header log (7.8.4.8)
 * @device_uncorr: AER status of a device of the PE, if EEH_LOG_F_DEVICE_AER
 * @device_corr: likewise
 * @fh:		zPCI: function handle
 * @fid:	zPCI: function id
 * @pec:	zPCI: event code
 * @requester:	@requester_id as "0001:01:00.0", without the domain if
 *		@phb is unknown; ""; zPCI: the PCI address if the text has it
 * @sentence:	what happened, in one sentence without a full stop
 */
struct eeh_log_record {
	size_t sz;
	uint32_t source;
	uint32_t error_class;
	uint32_t cause;
	uint32_t severity;
	uint32_t direction;
	uint32_t flags;
	uint32_t phb;
	uint32_t pe;
	uint32_t requester_id;
	uint32_t msi_data;
	uint32_t lem_bit;
	uint64_t address;
	uint64_t pest[2];
	uint32_t aer_uncorr;
	uint32_t aer_corr;
	uint32_t aer_root;
	uint32_t aer_source;
	uint32_t aer_tlp[4];
	uint32_t device_uncorr;
	uint32_t device_corr;
	uint32_t fh;
	uint32_t fid;
	uint32_t pec;
	char requester[EEH_LOG_NAME_LEN];
	char sentence[EEH_LOG_SENTENCE_LEN];
};

/* Names of the enums above ("dma-iommu", "phb4", "read", "pe"); never NULL. Thread safe. */
EEH_API const char *eeh_log_class_name(uint32_t error_class);
EEH_API const char *eeh_log_source_name(uint32_t source);
EEH_API const char *eeh_log_severity_name(uint32_t severity);
EEH_API const char *eeh_log_direction_name(uint32_t direction);

/* Bits of eeh_log_opts.flags: what the caller knows and the data does not say. */
#define EEH_LOG_KNOW_PHB	(1U << 0)	/* @phb is set */
#define EEH_LOG_KNOW_PE		(1U << 1)	/* @pe is set: it is asked about */
#define EEH_LOG_KNOW_FENCED	(1U << 2)	/* firmware reported the PHB as fenced */
#define EEH_LOG_KNOW_NOT_FRESH	(1U << 3)	/* the PE was isolated before it was fetched */

/**
 * struct eeh_log_opts - what is known beside the data
 * @sz:		sizeof(struct eeh_log_opts)
 * @flags:	EEH_LOG_KNOW_*
 * @phb:	number of the PHB, the PCI domain of Linux
 * @pe:		number of the PE
 */
struct eeh_log_opts {
	size_t sz;
	uint32_t flags;
	uint32_t phb;
	uint32_t pe;
};

/**
 * eeh_log_decode() - what happened, from binary data
 * @ctx:	the context
 * @data:	diagnostic data of a PHB or a CCDF
 * @len:	its length in bytes; more than the header says is ignored
 * @opts:	what is known beside, or NULL
 * @rec:	filled in; @rec->sz must be set
 *
 * With EEH_LOG_KNOW_PE the record is about that PE. If it is not frozen according
 * to the data, its class is EEH_LOG_CLASS_NONE and the sentence says so. Without, it is
 * the first record of eeh_log_dump_record().
 *
 * Return: 0; -EBADMSG (not understood: the message says which field, at which
 * offset), -EOPNOTSUPP (a P7IOC of POWER7), -EINVAL (@rec->sz, @opts->pe is larger
 * than the PHB has PEs), -E2BIG (unknown options), -ENOMEM.
 */
EEH_API int eeh_log_decode(struct eeh_ctx *ctx, const void *data, size_t len,
			   const struct eeh_log_opts *opts, struct eeh_log_record *rec);

/* ---- All of a dump ---- */

struct eeh_log_dump;

/**
 * eeh_log_dump_new() - decode all of a PHB's diagnostic data, or of a CCDF
 * @ctx:	the context
 * @data:	as in eeh_log_decode(); copied
 * @len:	as in eeh_log_decode()
 * @opts:	as in eeh_log_decode()
 * @dump:	where to put it; free with eeh_log_dump_free()
 *
 * The dump does not refer to @ctx or @data.
 *
 * Return: as eeh_log_decode().
 */
EEH_API int eeh_log_dump_new(struct eeh_ctx *ctx, const void *data, size_t len,
			     const struct eeh_log_opts *opts, struct eeh_log_dump **dump);
EEH_API void eeh_log_dump_free(struct eeh_log_dump *dump);

/*
 * Where it was found. Any number of threads may use these, and those below, on
 * the same dump. Strings live as long as the dump.
 */
EEH_API enum eeh_log_source eeh_log_dump_source(const struct eeh_log_dump *dump);
/* Number of its first line in the text that it is from, from 1; 0: it was binary. */
EEH_API uint64_t eeh_log_dump_line(const struct eeh_log_dump *dump);
/* What is before its text in that line: "[   29.811466]"; "". */
EEH_API const char *eeh_log_dump_when(const struct eeh_log_dump *dump);
/* The binary data; of a text what could be put together from it. NULL and 0 if there is none. */
EEH_API const void *eeh_log_dump_data(const struct eeh_log_dump *dump, size_t *len);

/**
 * eeh_log_dump_count() - how many records a dump has
 * @dump:	the dump
 *
 * One for each PE that is frozen (PEST A or B has its bit 0: firmware leaves the
 * causes of earlier freezes in the other entries, which do not count), and one
 * for the PHB first if it was fenced, or if nothing is frozen. At least one.
 *
 * Return: the number.
 */
EEH_API size_t eeh_log_dump_count(const struct eeh_log_dump *dump);

/**
 * eeh_log_dump_record() - one of its records
 * @dump:	the dump
 * @i:		0 to eeh_log_dump_count() - 1
 * @rec:	filled in; @rec->sz must be set
 *
 * In this order: the PHB if it has one; the PE asked about (or the one that the
 * text names) if it is frozen; the other frozen PEs, first those with a cause of
 * their own, each by number.
 *
 * Return: 0; -EINVAL (@i, @rec->sz).
 */
EEH_API int eeh_log_dump_record(const struct eeh_log_dump *dump, size_t i,
				struct eeh_log_record *rec);

/**
 * eeh_log_dump_pe() - the record of one PE
 * @dump:	the dump, of a PHB
 * @pe:		number of the PE
 * @rec:	filled in; @rec->sz must be set
 *
 * Return: 0; -ENOENT (not frozen according to this dump), -EINVAL (@rec->sz).
 */
EEH_API int eeh_log_dump_pe(const struct eeh_log_dump *dump, uint32_t pe,
			    struct eeh_log_record *rec);

/**
 * struct eeh_log_register - one register of a dump
 * @sz:		sizeof(struct eeh_log_register)
 * @group:	the word that the kernel's log has for its line: "RxeTceErr"; zPCI: "ccdf"
 * @name:	its name: "phbRxeTceErrorStatus", as in opal-api.h
 * @width:	bytes: 2, 4 or 8
 * @value:	its value
 * @bits:	what its bits mean, "1 TCE request page access, 39 ..."; "" if nothing
 *		is set or known. Bit 0 is the most significant one in registers of 8
 *		bytes (as IBM counts) and the least significant one in others (as PCI does)
 *
 * The strings are valid during the call they are passed to.
 */
struct eeh_log_register {
	size_t sz;
	const char *group;
	const char *name;
	uint32_t width;
	uint64_t value;
	const char *bits;
};

/* Return 0 to go on; anything else ends the loop and is returned. */
typedef int (*eeh_log_register_fn)(void *arg, const struct eeh_log_register *reg);

/**
 * eeh_log_dump_for_each_register() - call a function for every register
 * @dump:	the dump
 * @fn:		the function
 * @arg:	its first argument
 *
 * In the order of the data, also those that are 0; the PEST is not among them
 * (eeh_log_record.pest has it).
 *
 * Return: 0; what @fn returned.
 */
EEH_API int eeh_log_dump_for_each_register(const struct eeh_log_dump *dump,
					   eeh_log_register_fn fn, void *arg);

/* ---- Text, and whatever it may be ---- */

/* @dump is valid during the call. Return 0 to go on; anything else ends it and is returned. */
typedef int (*eeh_log_dump_fn)(void *arg, const struct eeh_log_dump *dump);

/**
 * eeh_log_parse_text() - find the dumps in a kernel's or firmware's log
 * @ctx:	the context
 * @text:	the log; any bytes, no NUL needed at its end
 * @len:	its length in bytes
 * @fn:		called for each dump, in the order of the text
 * @arg:	its first argument
 *
 * Lines that belong to no dump are skipped. If the text has no dump but says that
 * a PE froze, one dump without data is made of that (EEH_LOG_F_NO_DATA). @fn is
 * called only if all of the text was understood; it may call the library.
 *
 * Return: 0; what @fn returned; -EBADMSG (a line of a dump is malformed: the
 * message has its number), -ENODATA (nothing that is understood), -ENOMEM.
 */
EEH_API int eeh_log_parse_text(struct eeh_ctx *ctx, const char *text, size_t len,
			       eeh_log_dump_fn fn, void *arg);

/**
 * eeh_log_load() - find the dumps in anything
 * @ctx:	the context
 * @data:	binary data or text. What has no NUL byte is text; what has some, but is no
 *		binary data, is tried as text as well
 * @len:	its length in bytes
 * @opts:	for binary data: as in eeh_log_decode()
 * @fn:		as in eeh_log_parse_text()
 * @arg:	its first argument
 *
 * Return: as eeh_log_decode() and eeh_log_parse_text().
 */
EEH_API int eeh_log_load(struct eeh_ctx *ctx, const void *data, size_t len,
			 const struct eeh_log_opts *opts, eeh_log_dump_fn fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_LOG_H */
