// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Error logs: which register is where. Offsets are those of the structs in
 * opal-api.h and pci_event.c; groups are the words that powernv's pci.c prints.
 */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "log_internal.h"

/* A group of four: status, first error, two logs. SHORT is what skiboot calls "First". */
#define TRAP(group, off, pfx, frst)						\
	{ group, 0, 8, off, pfx "ErrorStatus", NULL },				\
	{ group, 1, 8, (off) + 8, pfx "FirstErrorStatus", frst },		\
	{ group, 2, 8, (off) + 16, pfx "ErrorLog0", NULL },			\
	{ group, 3, 8, (off) + 24, pfx "ErrorLog1", NULL }

static const struct log_reg phb3_regs[] = {
	{ "brdgCtl", 0, 4, 0x0c, "brdgCtl", NULL },
	{ "UtlSts", 0, 4, 0x10, "portStatusReg", NULL },
	{ "UtlSts", 1, 4, 0x14, "rootCmplxStatus", NULL },
	{ "UtlSts", 2, 4, 0x18, "busAgentStatus", NULL },
	{ "RootSts", 0, 4, 0x1c, "deviceStatus", NULL },
	{ "RootSts", 1, 4, 0x20, "slotStatus", NULL },
	{ "RootSts", 2, 4, 0x24, "linkStatus", NULL },
	{ "RootSts", 3, 4, 0x28, "devCmdStatus", NULL },
	{ "RootSts", 4, 4, 0x2c, "devSecStatus", NULL },
	{ "RootErrSts", 0, 4, 0x30, "rootErrorStatus", NULL },
	{ "RootErrSts", 1, 4, 0x34, "uncorrErrorStatus", NULL },
	{ "RootErrSts", 2, 4, 0x38, "corrErrorStatus", NULL },
	{ "RootErrLog", 0, 4, 0x3c, "tlpHdr1", NULL },
	{ "RootErrLog", 1, 4, 0x40, "tlpHdr2", NULL },
	{ "RootErrLog", 2, 4, 0x44, "tlpHdr3", NULL },
	{ "RootErrLog", 3, 4, 0x48, "tlpHdr4", NULL },
	{ "RootErrLog1", 0, 4, 0x4c, "sourceId", NULL },
	{ "RootErrLog1", 1, 8, 0x58, "errorClass", NULL },
	{ "RootErrLog1", 2, 8, 0x60, "correlator", NULL },
	{ "nFir", 0, 8, 0x68, "nFir", NULL },
	{ "nFir", 1, 8, 0x70, "nFirMask", NULL },
	{ "nFir", 2, 8, 0x78, "nFirWOF", NULL },
	{ "PhbSts", 0, 8, 0x80, "phbPlssr", NULL },
	{ "PhbSts", 1, 8, 0x88, "phbCsr", NULL },
	{ "Lem", 0, 8, 0x90, "lemFir", NULL },
	{ "Lem", 1, 8, 0x98, "lemErrorMask", NULL },
	{ "Lem", 2, 8, 0xa0, "lemWOF", NULL },
	TRAP("PhbErr", 0xa8, "phb", NULL),
	TRAP("OutErr", 0xc8, "mmio", NULL),
	TRAP("InAErr", 0xe8, "dma0", NULL),
	TRAP("InBErr", 0x108, "dma1", NULL),
};

static const struct log_reg phb4_regs[] = {
	{ "brdgCtl", 0, 4, 0x0c, "brdgCtl", NULL },
	{ "RootSts", 0, 4, 0x10, "deviceStatus", NULL },
	{ "RootSts", 1, 4, 0x14, "slotStatus", NULL },
	{ "RootSts", 2, 4, 0x18, "linkStatus", NULL },
	{ "RootSts", 3, 4, 0x1c, "devCmdStatus", NULL },
	{ "RootSts", 4, 4, 0x20, "devSecStatus", NULL },
	{ "RootErrSts", 0, 4, 0x24, "rootErrorStatus", NULL },
	{ "RootErrSts", 1, 4, 0x28, "uncorrErrorStatus", NULL },
	{ "RootErrSts", 2, 4, 0x2c, "corrErrorStatus", NULL },
	{ "RootErrLog", 0, 4, 0x30, "tlpHdr1", NULL },
	{ "RootErrLog", 1, 4, 0x34, "tlpHdr2", NULL },
	{ "RootErrLog", 2, 4, 0x38, "tlpHdr3", NULL },
	{ "RootErrLog", 3, 4, 0x3c, "tlpHdr4", NULL },
	{ "sourceId", 0, 4, 0x40, "sourceId", NULL },
	{ "nFir", 0, 8, 0x48, "nFir", NULL },
	{ "nFir", 1, 8, 0x50, "nFirMask", NULL },
	{ "nFir", 2, 8, 0x58, "nFirWOF", NULL },
	{ "PhbSts", 0, 8, 0x60, "phbPlssr", NULL },
	{ "PhbSts", 1, 8, 0x68, "phbCsr", NULL },
	{ "Lem", 0, 8, 0x70, "lemFir", NULL },
	{ "Lem", 1, 8, 0x78, "lemErrorMask", NULL },
	{ "Lem", 2, 8, 0x80, "lemWOF", NULL },
	TRAP("PhbErr", 0x88, "phb", NULL),
	TRAP("PhbTxeErr", 0xa8, "phbTxe", NULL),
	TRAP("RxeArbErr", 0xc8, "phbRxeArb", "phbRxeArbFrstErrorStatus"),
	TRAP("RxeMrgErr", 0xe8, "phbRxeMrg", "phbRxeMrgFrstErrorStatus"),
	TRAP("RxeTceErr", 0x108, "phbRxeTce", "phbRxeTceFrstErrorStatus"),
	TRAP("PblErr", 0x128, "phbPbl", NULL),
	{ "PcieDlp", 0, 8, 0x148, "phbPcieDlpErrorLog1", NULL },
	{ "PcieDlp", 1, 8, 0x150, "phbPcieDlpErrorLog2", NULL },
	{ "PcieDlp", 2, 8, 0x158, "phbPcieDlpErrorStatus", NULL },
	TRAP("RegbErr", 0x160, "phbRegb", NULL),
};

static const struct log_reg zpci_regs[] = {
	{ "ccdf", 0, 4, CCDF_FH, "fh", NULL },
	{ "ccdf", 1, 4, CCDF_FID, "fid", NULL },
	{ "ccdf", 2, 4, CCDF_BITS, "bits", NULL },
	{ "ccdf", 3, 8, CCDF_FADDR, "faddr", NULL },
	{ "ccdf", 4, 2, CCDF_PEC, "pec", NULL },
};

const struct log_layout log_layout_phb3 = {
	.source = EEH_LOG_SOURCE_PHB3, .iotype = PHB_IOTYPE_PHB3,
	.regs = phb3_regs, .nr_regs = ARRAY_SIZE(phb3_regs),
	.len = PHB3_LEN, .pes = PHB3_PES, .pesta = 0x128, .pestb = 0x928,
	.at = {
		[LOG_DEVICE_STATUS] = 0x1c,
		[LOG_LINK_STATUS] = 0x24,
		[LOG_COMMAND_STATUS] = 0x28,
		[LOG_AER_ROOT] = 0x30,
		[LOG_AER_UNCORR] = 0x34,
		[LOG_AER_CORR] = 0x38,
		[LOG_AER_SOURCE] = 0x4c,
		[LOG_AER_TLP] = 0x3c,
		[LOG_NFIR] = 0x68,
		[LOG_PLSSR] = 0x80,
		[LOG_LEM_FIR] = 0x90,
		[LOG_PHB_STATUS] = 0xa8,
	},
};

const struct log_layout log_layout_phb4 = {
	.source = EEH_LOG_SOURCE_PHB4, .iotype = PHB_IOTYPE_PHB4,
	.regs = phb4_regs, .nr_regs = ARRAY_SIZE(phb4_regs),
	.len = PHB4_LEN, .pes = PHB4_PES, .pesta = 0x180, .pestb = 0x1180,
	.at = {
		[LOG_DEVICE_STATUS] = 0x10,
		[LOG_LINK_STATUS] = 0x18,
		[LOG_COMMAND_STATUS] = 0x1c,
		[LOG_AER_ROOT] = 0x24,
		[LOG_AER_UNCORR] = 0x28,
		[LOG_AER_CORR] = 0x2c,
		[LOG_AER_SOURCE] = 0x40,
		[LOG_AER_TLP] = 0x30,
		[LOG_NFIR] = 0x48,
		[LOG_PLSSR] = 0x60,
		[LOG_LEM_FIR] = 0x70,
		[LOG_PHB_STATUS] = 0x88,
		[LOG_TXE_STATUS] = 0xa8,
		[LOG_TXE_LOG0] = 0xb8,
		[LOG_TXE_LOG1] = 0xc0,
		[LOG_ARB_STATUS] = 0xc8,
		[LOG_ARB_LOG0] = 0xd8,
		[LOG_ARB_LOG1] = 0xe0,
		[LOG_TCE_STATUS] = 0x108,
		[LOG_REGB_STATUS] = 0x160,
	},
};

const struct log_layout log_layout_zpci = {
	.source = EEH_LOG_SOURCE_ZPCI,
	.regs = zpci_regs, .nr_regs = ARRAY_SIZE(zpci_regs),
	.len = CCDF_LEN,
};

static_assert(0x128 + 16 * PHB3_PES == PHB3_LEN, "size of struct OpalIoPhb3ErrorData");
static_assert(0x180 + 16 * PHB4_PES == PHB4_LEN, "size of struct OpalIoPhb4ErrorData");

uint64_t log_get(const uint8_t *data, size_t offset, unsigned int width)
{
	uint64_t value = 0;

	/* Most of it are these, a thousand of them in the PEST. */
	if (width == 8) {
		memcpy(&value, data + offset, 8);
		return be64toh(value);
	}
	while (width--)
		value = value << 8 | data[offset++];
	return value;
}

void log_put(uint8_t *data, size_t offset, unsigned int width, uint64_t value)
{
	while (width--) {
		data[offset + width] = value;
		value >>= 8;
	}
}

uint64_t log_value(const struct log_layout *layout, const uint8_t *data, enum log_reg_id id)
{
	uint16_t offset = layout->at[id];

	return offset ? log_get(data, offset, id < LOG_REG64 ? 4 : 8) : 0;
}
