// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Error logs: what the bits of registers mean. Numbers and meanings of the PHB4's
 * error registers as in skiboot's external/pci-scripts/phberr.py; those of the PHB3
 * are not public. AER, device, slot and link status: PCI Express, 7.5 and 7.8.4.
 * PCI event codes: QEMU's include/hw/s390x/s390-pci-bus.h and the kernel's
 * pci_event.c. Bits whose meaning is only a signal's name are left without one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "log_internal.h"

struct bit {
	uint8_t nr;	/* IBM's numbers in registers of 8 bytes, PCI's in others */
	const char *name;
};

static const struct bit phb_err[] = {
	{ 5, "register parity" }, { 10, "register parity" }, { 14, "register parity" },
	{ 20, "inbound arbiter (RxeArbErr)" }, { 21, "inbound merge (RxeMrgErr)" },
	{ 22, "inbound translation (RxeTceErr)" }, { 23, "outbound (PhbTxeErr)" },
	{ 24, "PCIe core, informative" }, { 25, "PCIe core, recoverable" },
	{ 26, "PCIe core, fatal" },
};

static const struct bit txe[] = {
	{ 0, "invalid command from the processor bus" },
	{ 2, "address matches no window" }, { 3, "invalid size" }, { 8, "misaligned address" },
	{ 10, "uncorrectable ECC error in outbound data" },
	{ 12, "corrected ECC error in outbound data" },
	{ 17, "config write answered with CA or UR" },
	{ 18, "PCIe core makes no progress" },
	{ 19, "loads pending when the PE froze" }, { 20, "stores pending when the PE froze" },
	{ 21, "config accesses pending when the PE froze" },
	{ 22, "store with bad data" },
	{ 24, "config access not enabled" }, { 25, "config access of a bad size" },
	{ 26, "config access to a bad address" }, { 27, "config access with the link down" },
	{ 28, "injected error triggered" }, { 29, "config write timed out" },
	{ 30, "injected error triggered" },
	{ 40, "parity in the window table" },
	{ 42, "corrected ECC error in the domain table" },
	{ 43, "uncorrectable ECC error in the domain table" },
	{ 46, "data marked as bad from the processor bus" },
};

static const struct bit rxe_arb[] = {
	{ 0, "load answered with CA" }, { 1, "load answered with UR" },
	{ 2, "MSI of a bad size" }, { 3, "MSI to a misaligned address" },
	{ 5, "corrected ECC error in an inbound header" },
	{ 6, "uncorrectable ECC error in an inbound header" },
	{ 18, "unsupported request from the device" }, { 19, "load timed out" },
	{ 23, "fatal error in an IODA table" }, { 24, "poisoned TLP received" },
	{ 26, "no valid TVE" }, { 27, "MSI of a PE that does not own it" },
	{ 28, "DMA address outside of the TVE" },
	{ 29, "corrected ECC error in the TVT" }, { 30, "uncorrectable ECC error in the TVT" },
	{ 34, "completion timed out" }, { 35, "unexpected completion" },
	{ 39, "injected error triggered" }, { 40, "requester has no valid PE" },
	{ 41, "requester table disabled" },
	{ 57, "fatal error message received" }, { 58, "nonfatal error message received" },
	{ 59, "corrected error message received" },
};

static const struct bit rxe_mrg[] = {
	{ 24, "processor bus timed out" },
	{ 38, "DMA to secure memory" }, { 39, "interrupt to secure memory" },
	{ 40, "corrected ECC error" }, { 41, "uncorrectable ECC error" },
	{ 51, "PEST disabled" },
	{ 56, "corrected ECC error in inbound data" },
	{ 57, "uncorrectable ECC error in inbound data" },
	{ 63, "fence requested by the processor bus" },
};

static const struct bit rxe_tce[] = {
	{ 1, "TCE refuses the request" }, { 2, "TCE refuses the response" },
	{ 5, "TCE in secure memory" }, { 8, "TCE fetch timed out" },
	{ 9, "corrected ECC error" }, { 10, "uncorrectable ECC error" },
	{ 11, "corrected ECC error" }, { 12, "uncorrectable ECC error" },
	{ 13, "unexpected TCE response" }, { 21, "parity in a TCE response" },
	{ 25, "corrected ECC error" }, { 26, "uncorrectable ECC error" },
	{ 27, "corrected ECC error" }, { 28, "uncorrectable ECC error" },
	{ 32, "request to secure memory" }, { 33, "response from secure memory" },
};

static const struct bit pbl[] = {
	{ 24, "uncorrectable ECC error in inbound data" },
	{ 25, "uncorrectable ECC error in an inbound header" },
	{ 26, "uncorrectable ECC error in outbound data" },
	{ 27, "uncorrectable ECC error in an outbound header" },
	{ 32, "posted request discarded" }, { 33, "nonposted request discarded" },
	{ 36, "received completion CA" }, { 38, "received reserved completion status" },
	{ 39, "received completion UR" }, { 40, "received ECRC error" },
	{ 41, "received malformed TLP" }, { 42, "receiver overflow" },
	{ 43, "received poisoned TLP" }, { 44, "received unexpected completion" },
	{ 45, "received unsupported request" }, { 46, "sent completion abort" },
	{ 47, "completion timed out" }, { 48, "sent poisoned TLP" },
};

static const struct bit regb[] = {
	{ 0, "register parity" }, { 5, "internal error" }, { 6, "config registers' parity" },
	{ 7, "access to the PCIe core in reset" },
	{ 8, "link went down" }, { 9, "link came up" }, { 10, "link bandwidth changed by itself" },
	{ 11, "link bandwidth changed" }, { 32, "bad DLLP" }, { 33, "bad TLP" },
	{ 34, "data link protocol error" }, { 35, "receiver error" }, { 36, "replay rollover" },
	{ 37, "replay timeout" }, { 39, "internal error" }, { 41, "malformed TLP" },
	{ 43, "receiver overflow" }, { 44, "corrected error" }, { 45, "uncorrectable error" },
	{ 46, "flow control protocol error" },
	{ 48, "corrected ECC error in the replay buffer" },
	{ 49, "uncorrectable ECC error in the replay buffer" },
};

static const struct bit nfir[] = {
	{ 0, "BAR parity" }, { 1, "register parity" }, { 2, "corrected ECC error, outbound" },
	{ 3, "uncorrectable ECC error, outbound" }, { 4, "data marked as bad, outbound" },
	{ 5, "corrected ECC error in an array" }, { 6, "uncorrectable ECC error in an array" },
	{ 7, "data marked as bad in an array" }, { 8, "register file parity" },
	{ 9, "processor bus parity" }, { 10, "processor bus data hang" },
	{ 11, "processor bus hang" }, { 12, "DMA read of an address that nobody has" },
	{ 13, "DMA write or interrupt to an address that nobody has" },
	{ 14, "PCI makes no progress" }, { 15, "PCI clock stopped" }, { 16, "PHB fenced" },
	{ 17, "hardware error" }, { 18, "unsolicited data" }, { 19, "unexpected response" },
	{ 20, "invalid response" }, { 21, "unsupported size" }, { 24, "CAPP error" },
};

static const struct bit aer_uncorr[] = {
	{ 4, "data link protocol error" }, { 5, "surprise down" }, { 12, "poisoned TLP" },
	{ 13, "flow control protocol error" }, { 14, "completion timeout" },
	{ 15, "completer abort" }, { 16, "unexpected completion" }, { 17, "receiver overflow" },
	{ 18, "malformed TLP" }, { 19, "ECRC error" }, { 20, "unsupported request" },
	{ 21, "ACS violation" }, { 22, "internal error" }, { 23, "blocked multicast TLP" },
	{ 24, "blocked AtomicOp" }, { 25, "blocked TLP prefix" }, { 26, "poisoned TLP blocked" },
};

static const struct bit aer_corr[] = {
	{ 0, "receiver error" }, { 6, "bad TLP" }, { 7, "bad DLLP" }, { 8, "replay rollover" },
	{ 12, "replay timeout" }, { 13, "advisory nonfatal error" }, { 14, "internal error" },
	{ 15, "header log overflow" },
};

static const struct bit aer_root[] = {
	{ 0, "corrected error received" }, { 1, "several corrected errors received" },
	{ 2, "uncorrectable error received" }, { 3, "several uncorrectable errors received" },
	{ 4, "the first uncorrectable error is fatal" }, { 5, "nonfatal error received" },
	{ 6, "fatal error received" },
};

/* Control in the lower half, status in the upper one: only the status is an event. */
static const struct bit device_status[] = {
	{ 16, "corrected error" }, { 17, "nonfatal error" }, { 18, "fatal error" },
	{ 19, "unsupported request" },
};

static const struct bit slot_status[] = {
	{ 17, "power fault" }, { 19, "presence changed" }, { 22, "card present" },
	{ 24, "link state changed" },
};

static const struct bit link_status[] = {
	{ 27, "training" }, { 29, "link up" },
};

static const struct bit command_status[] = {
	{ 24, "parity error" }, { 27, "signaled target abort" }, { 28, "received target abort" },
	{ 29, "received master abort" }, { 30, "signaled system error" },
	{ 31, "detected parity error" },
};

static const struct bit secondary_status[] = {
	{ 8, "parity error" }, { 11, "signaled target abort" }, { 12, "received target abort" },
	{ 13, "received master abort" }, { 14, "received system error" },
	{ 15, "detected parity error" },
};

static const struct bit ccdf_bits[] = {
	{ 0, "write" }, { 1, "qualifier" },
};

static const struct {
	const char *name;
	const struct bit *bits;
	size_t nr;
} tables[] = {
#define T(name, bits) { name, bits, ARRAY_SIZE(bits) }
	T("phbErrorStatus", phb_err), T("phbTxeErrorStatus", txe),
	T("phbRxeArbErrorStatus", rxe_arb), T("phbRxeMrgErrorStatus", rxe_mrg),
	T("phbRxeTceErrorStatus", rxe_tce), T("phbPblErrorStatus", pbl),
	T("phbRegbErrorStatus", regb), T("nFir", nfir),
	T("uncorrErrorStatus", aer_uncorr), T("corrErrorStatus", aer_corr),
	T("rootErrorStatus", aer_root), T("deviceStatus", device_status),
	T("slotStatus", slot_status), T("linkStatus", link_status),
	T("devCmdStatus", command_status), T("devSecStatus", secondary_status),
	T("bits", ccdf_bits),
#undef T
};

static const char *bit_name(const struct bit *bits, size_t nr, unsigned int bit)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (bits[i].nr == bit)
			return bits[i].name;
	return NULL;
}

static void list_bits(const char *name, unsigned int width, uint64_t value, bool numbers,
		      char *buf, size_t len)
{
	const struct bit *bits = NULL;
	unsigned int i, top = width * 8, nr;
	const char *what, *first = strstr(name, "First");
	char plain[40];
	size_t t, n = 0;

	buf[0] = '\0';
	/* The register of the first error has the bits of the status. */
	if (first) {
		snprintf(plain, sizeof(plain), "%.*s%s", (int)(first - name), name, first + 5);
		name = plain;
	}
	for (t = 0; t < ARRAY_SIZE(tables); t++)
		if (!strcmp(tables[t].name, name))
			break;
	if (t == ARRAY_SIZE(tables))
		return;
	bits = tables[t].bits;
	n = tables[t].nr;
	for (i = 0; i < top; i++) {
		if (!(width == 8 ? value & PPC_BIT(i) : value & 1ULL << i))
			continue;
		nr = i;
		what = bit_name(bits, n, nr);
		/* Of configuration registers most bits are no events. */
		if (!what && (!numbers || width != 8))
			continue;
		log_append(buf, len, "%s", *buf ? ", " : "");
		if (numbers)
			log_append(buf, len, "%u%s", nr, what ? " " : "");
		if (what)
			log_append(buf, len, "%s", what);
	}
}

void log_bits(const char *name, unsigned int width, uint64_t value, char *buf, size_t len)
{
	list_bits(name, width, value, true, buf, len);
}

void log_bit_names(const char *name, unsigned int width, uint64_t value, char *buf, size_t len)
{
	list_bits(name, width, value, false, buf, len);
}

const char *log_pec_name(uint32_t pec)
{
	static const struct {
		uint16_t pec;
		const char *name;
	} names[] = {
		{ 0x0001, "invalid DMA address space" },
		{ 0x0002, "DMA address out of range" },
		{ 0x0003, "invalid translation format" },
		{ 0x0004, "translation protection" },
		{ 0x0005, "access protection" },
		{ 0x0006, "storage key" },
		{ 0x0007, "invalid translation table entry" },
		{ 0x0008, "invalid translation table length" },
		{ 0x0009, "translation table type" },
		{ 0x000a, "invalid mapping size" },
		{ 0x000b, "system error" },
		{ 0x0010, "no MSI set up" },
		{ 0x0011, "invalid MSI vector" },
		{ 0x0012, "interrupt bit vector" },
		{ 0x0013, "interrupt registration" },
		{ 0x002a, "measurement block: address" },
		{ 0x002b, "measurement block: update" },
		{ 0x002c, "measurement block: protection" },
		{ 0x0030, "clear configuration" },
		{ 0x003a, "service action started" },
		{ 0x003b, "permanent error" },
		{ 0x0040, "service action or recovery failed" },
		{ 0x0301, "configured" },
		{ 0x0302, "standby" },
		{ 0x0303, "deconfiguration requested" },
		{ 0x0304, "configured to standby or reserved" },
		{ 0x0306, "more than one function changed" },
		{ 0x0308, "standby to reserved" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].pec == pec)
			return names[i].name;
	return NULL;
}
