// SPDX-License-Identifier: GPL-2.0-only
/* Error logs: what binary data and texts say, and that nonsense is refused with its place. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eeh/log.h>

#include "log_internal.h"
#include "unit.h"

/* ---- binary data */

static uint8_t blob[PHB_LEN_MAX];
static struct eeh_log_record rec;

static void new_blob(const struct log_layout *l)
{
	memset(blob, 0, sizeof(blob));
	log_put(blob, 0, 4, 1);
	log_put(blob, 4, 4, l->iotype);
	log_put(blob, 8, 4, l->len);
}

static void set(const struct log_layout *l, const char *name, uint64_t value)
{
	size_t i;

	for (i = 0; i < l->nr_regs; i++) {
		if (!strcmp(l->regs[i].name, name)) {
			log_put(blob, l->regs[i].offset, l->regs[i].width, value);
			return;
		}
	}
	fail_msg("no register %s", name);
}

static void pest(const struct log_layout *l, uint32_t pe, uint64_t a, uint64_t b)
{
	log_put(blob, l->pesta + 8 * pe, 8, a);
	log_put(blob, l->pestb + 8 * pe, 8, b);
}

static void decode(struct unit *u, const struct log_layout *l, const struct eeh_log_opts *opts)
{
	EEH_INIT(&rec);
	if (eeh_log_decode(u->ctx, blob, l->len, opts, &rec))
		fail_msg("%s", eeh_last_error(u->ctx));
}

/* The whole sentence: what a user reads. */
static void says(uint32_t class, const char *sentence)
{
	if (rec.error_class != class || strcmp(rec.sentence, sentence))
		fail_msg("class %s, \"%s\"", eeh_log_class_name(rec.error_class), rec.sentence);
}

static const struct eeh_log_opts domain1 = {
	.sz = sizeof(domain1), .flags = EEH_LOG_KNOW_PHB, .phb = 1,
};

static void t_pest(void **state)
{
	static const struct {
		uint64_t a, b;
		uint32_t class;
		const char *sentence;
	} cases[] = {
		{ 0x8000200001000000, 0x800000001f400000, EEH_LOG_CLASS_DMA_IOMMU,
		  "DMA write by 0001:01:00.0 to 0x1f400000 hit no TCE entry" },
		{ 0x8200100001010000, 0x9fffffffffffffff, EEH_LOG_CLASS_DMA_IOMMU,
		  "DMA read by 0001:01:00.1 from 0x1fffffffffffffff is not permitted by its TCE entry" },
		{ 0x8200200001000000, 0x8000000000000000, EEH_LOG_CLASS_DMA_IOMMU,
		  "DMA read by 0001:01:00.0 from 0x0 hit no TCE entry" },
		{ 0x8200800001000000, 0x8000000000001000, EEH_LOG_CLASS_DMA_IOMMU,
		  "DMA read by 0001:01:00.0 from 0x1000 hit no valid DMA window (TVE)" },
		{ 0x8000080001000000, 0x8000000000001000, EEH_LOG_CLASS_OTHER,
		  "DMA write by 0001:01:00.0 to 0x1000 got no response from memory" },
		{ 0x8000040001000000, 0x8000000000001000, EEH_LOG_CLASS_OTHER,
		  "DMA write by 0001:01:00.0 to 0x1000 had an invalid size" },
		{ 0x8300000001000000, 0x8000000000001000, EEH_LOG_CLASS_OTHER,
		  "DMA read by 0001:01:00.0 from 0x1000 was stopped" },
		{ 0x8100000001000013, 0x8000000000001000, EEH_LOG_CLASS_MSI,
		  "MSI by 0001:01:00.0, data 0x13, to 0x1000, was refused" },
		/* The two vectors that were checked by hand. */
		{ 0xa440002a05000000, 0x8000000000000000, EEH_LOG_CLASS_MMIO,
		  "MMIO load of 0001:05:00.0 was answered with Unsupported Request" },
		{ 0xb740002a01000000, 0, EEH_LOG_CLASS_CONFIG,
		  "config read of 0001:01:00.0 was answered with Unsupported Request" },
		{ 0xa580000000000000, 0x800600c080000004, EEH_LOG_CLASS_MMIO,
		  "MMIO store at 0x600c080000004 of PE fd of PHB 0001 was answered with Completer "
		  "Abort or timed out" },
		{ 0xa400800000000000, 0x800600c080000004, EEH_LOG_CLASS_MMIO,
		  "MMIO load at 0x600c080000004 of PE fd of PHB 0001 found no translation" },
		{ 0xa404000000000000, 0x8000000000000000, EEH_LOG_CLASS_MMIO,
		  "MMIO load of PE fd of PHB 0001 failed: uncorrectable data error" },
		{ 0xaf00000001000000, 0x800000000000000c, EEH_LOG_CLASS_CONFIG,
		  "config write of 0001:01:00.0 at 0xc failed" },
		{ 0x8710000001000000, 0x8000000000000000, EEH_LOG_CLASS_PCIE_UE,
		  "fatal PCIe error from 0001:01:00.0" },
		{ 0x8720000001000000, 0x8000000000000000, EEH_LOG_CLASS_PCIE_UE,
		  "nonfatal PCIe error from 0001:01:00.0" },
		{ 0x8704000000000000, 0x8000000000000000, EEH_LOG_CLASS_PCIE_UE,
		  "uncorrectable data error from an unknown device" },
		{ 0x8010000001000000, 0x8000000000002000, EEH_LOG_CLASS_PCIE_UE,
		  "DMA write by 0001:01:00.0 to 0x2000 failed: fatal PCIe error" },
		{ 0x8702000001000000, 0x8000000000000000, EEH_LOG_CLASS_PCIE_CE,
		  "corrected PCIe error from 0001:01:00.0" },
		{ 0x8701000000000000, 0x8000000000000000, EEH_LOG_CLASS_OTHER,
		  "PE fd of PHB 0001 stopped for a reason that its entry does not name" },
		{ 0x8000000000000000, 0x8000000000000000, EEH_LOG_CLASS_NONE,
		  "PE fd of PHB 0001 is frozen, with no cause of its own" },
		{ 0x0000000000000000, 0x8000000000000000, EEH_LOG_CLASS_NONE,
		  "PE fd of PHB 0001 is frozen, with no cause of its own" },
	};
	struct unit *u = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		new_blob(&log_layout_phb4);
		pest(&log_layout_phb4, 0xfd, cases[i].a, cases[i].b);
		/* Thawed long ago, and its cause still there: does not count. */
		pest(&log_layout_phb4, 0x10, 0x2440002a05000000, 0x0000000000001000);
		decode(u, &log_layout_phb4, &domain1);
		says(cases[i].class, cases[i].sentence);
		assert_int_equal(rec.source, EEH_LOG_SOURCE_PHB4);
		assert_int_equal(rec.severity, EEH_LOG_SEVERITY_PE);
		assert_int_equal(rec.pe, 0xfd);
		assert_true(rec.pest[0] == cases[i].a && rec.pest[1] == cases[i].b);
		assert_int_equal(!!(rec.flags & EEH_LOG_F_MMIO_FROZEN), cases[i].a >> 63);
		assert_int_equal(!!(rec.flags & EEH_LOG_F_DMA_STOPPED), cases[i].b >> 63);
		assert_true(rec.flags & EEH_LOG_F_PE);
		assert_false(rec.flags & (EEH_LOG_F_NOT_FRESH | EEH_LOG_F_PHB_WIDE |
					  EEH_LOG_F_FENCED | EEH_LOG_F_INJECTION));
	}

	/* The fields of one. */
	new_blob(&log_layout_phb4);
	pest(&log_layout_phb4, 0, 0xa440002a05000000, 0x8000000000000000);
	decode(u, &log_layout_phb4, NULL);
	says(EEH_LOG_CLASS_MMIO, "MMIO load of 05:00.0 was answered with Unsupported Request");
	assert_int_equal(rec.lem_bit, 42);
	assert_int_equal(rec.requester_id, 0x500);
	assert_string_equal(rec.requester, "05:00.0");
	assert_int_equal(rec.direction, EEH_LOG_DIRECTION_READ);
	assert_false(rec.flags & (EEH_LOG_F_ADDRESS | EEH_LOG_F_PHB));
	assert_true(rec.flags & EEH_LOG_F_REQUESTER);
}

static void t_phb3(void **state)
{
	struct unit *u = *state;
	struct eeh_log_opts opts;

	new_blob(&log_layout_phb3);
	pest(&log_layout_phb3, 0xff, 0x8000200001000000, 0x800000001f400000);
	decode(u, &log_layout_phb3, &domain1);
	says(EEH_LOG_CLASS_DMA_IOMMU, "DMA write by 0001:01:00.0 to 0x1f400000 hit no TCE entry");
	assert_int_equal(rec.source, EEH_LOG_SOURCE_PHB3);
	assert_int_equal(rec.pe, 0xff);

	/* What are injections in a PHB4's registers means nothing here. */
	new_blob(&log_layout_phb3);
	set(&log_layout_phb3, "mmioErrorStatus", UINT64_MAX);
	pest(&log_layout_phb3, 1, 0xa480000000000000, 0x8000000000000000);
	decode(u, &log_layout_phb3, &domain1);
	says(EEH_LOG_CLASS_MMIO, "MMIO load of PE 1 of PHB 0001 was aborted by the device or timed out");

	EEH_INIT(&opts);
	opts.flags = EEH_LOG_KNOW_PE;
	opts.pe = 256;
	assert_int_equal(eeh_log_decode(u->ctx, blob, PHB3_LEN, &opts, &rec), -EINVAL);
	assert_non_null(strstr(eeh_last_error(u->ctx), "no PE 100"));
}

/* The two tables of offsets agree. */
static void t_layout(void **state)
{
	static const struct {
		enum log_reg_id id;
		const char *name;
	} names[] = {
		{ LOG_DEVICE_STATUS, "deviceStatus" }, { LOG_LINK_STATUS, "linkStatus" },
		{ LOG_COMMAND_STATUS, "devCmdStatus" }, { LOG_AER_ROOT, "rootErrorStatus" },
		{ LOG_AER_UNCORR, "uncorrErrorStatus" }, { LOG_AER_CORR, "corrErrorStatus" },
		{ LOG_AER_SOURCE, "sourceId" }, { LOG_AER_TLP, "tlpHdr1" }, { LOG_NFIR, "nFir" },
		{ LOG_PLSSR, "phbPlssr" }, { LOG_LEM_FIR, "lemFir" },
		{ LOG_PHB_STATUS, "phbErrorStatus" }, { LOG_TXE_STATUS, "phbTxeErrorStatus" },
		{ LOG_TXE_LOG0, "phbTxeErrorLog0" }, { LOG_TXE_LOG1, "phbTxeErrorLog1" },
		{ LOG_ARB_STATUS, "phbRxeArbErrorStatus" }, { LOG_ARB_LOG0, "phbRxeArbErrorLog0" },
		{ LOG_ARB_LOG1, "phbRxeArbErrorLog1" }, { LOG_TCE_STATUS, "phbRxeTceErrorStatus" },
		{ LOG_REGB_STATUS, "phbRegbErrorStatus" },
	};
	const struct log_layout * const layouts[] = { &log_layout_phb3, &log_layout_phb4 };
	size_t i, j, k;

	(void)state;
	assert_int_equal(ARRAY_SIZE(names), LOG_REG_IDS);
	for (i = 0; i < 2; i++) {
		for (j = 0; j < ARRAY_SIZE(names); j++) {
			const struct log_layout *l = layouts[i];

			for (k = 0; k < l->nr_regs; k++)
				if (!strcmp(l->regs[k].name, names[j].name))
					break;
			if (k == l->nr_regs) {
				assert_int_equal(l->at[names[j].id], 0);
				continue;
			}
			assert_int_equal(l->at[names[j].id], l->regs[k].offset);
			assert_int_equal(l->regs[k].width, names[j].id < LOG_REG64 ? 4 : 8);
		}
	}
}

/* The registers of the PHB speak for a PE only where its entry is silent. */
static void t_registers(void **state)
{
	static const struct {
		const char *name;
		uint64_t value;
		uint32_t class;
		const char *what;
	} cases[] = {
		{ "phbRegbErrorStatus", PPC_BIT(8), EEH_LOG_CLASS_LINK_LOSS, "its PCIe link went down" },
		{ "phbTxeErrorStatus", PPC_BIT(27), EEH_LOG_CLASS_LINK_LOSS, "its PCIe link is down" },
		{ "uncorrErrorStatus", 0x20, EEH_LOG_CLASS_LINK_LOSS, "its PCIe link went down" },
		{ "linkStatus", 0x00110000, EEH_LOG_CLASS_LINK_LOSS, "its PCIe link is down" },
		{ "phbRxeTceErrorStatus", PPC_BIT(1), EEH_LOG_CLASS_DMA_IOMMU, "it refused DMA" },
		{ "phbRxeTceErrorStatus", PPC_BIT(2), EEH_LOG_CLASS_DMA_IOMMU, "it refused DMA" },
		{ "phbRxeArbErrorStatus", PPC_BIT(26), EEH_LOG_CLASS_DMA_IOMMU, "it refused DMA" },
		{ "phbRxeArbErrorStatus", PPC_BIT(28), EEH_LOG_CLASS_DMA_IOMMU, "it refused DMA" },
		{ "phbRxeArbErrorStatus", PPC_BIT(40), EEH_LOG_CLASS_DMA_IOMMU, "it refused DMA" },
		{ "phbRxeArbErrorStatus", PPC_BIT(2), EEH_LOG_CLASS_MSI, "it refused an MSI" },
		{ "phbRxeArbErrorStatus", PPC_BIT(27), EEH_LOG_CLASS_MSI, "it refused an MSI" },
		{ "phbRxeArbErrorStatus", PPC_BIT(0), EEH_LOG_CLASS_MMIO,
		  "a load was answered with Completer Abort" },
		{ "phbRxeArbErrorStatus", PPC_BIT(1), EEH_LOG_CLASS_MMIO,
		  "a load was answered with Unsupported Request" },
		{ "phbRxeArbErrorStatus", PPC_BIT(19), EEH_LOG_CLASS_MMIO, "a load timed out" },
		{ "phbTxeErrorStatus", PPC_BIT(17), EEH_LOG_CLASS_CONFIG, "a config access failed" },
		{ "phbTxeErrorStatus", PPC_BIT(24), EEH_LOG_CLASS_CONFIG, "a config access failed" },
		{ "phbTxeErrorStatus", PPC_BIT(29), EEH_LOG_CLASS_CONFIG, "a config access failed" },
		{ "phbRxeArbErrorStatus", PPC_BIT(57), EEH_LOG_CLASS_PCIE_UE,
		  "uncorrectable PCIe error" },
		{ "phbRxeArbErrorStatus", PPC_BIT(24), EEH_LOG_CLASS_PCIE_UE,
		  "uncorrectable PCIe error" },
		{ "uncorrErrorStatus", 0x44000, EEH_LOG_CLASS_PCIE_UE,
		  "uncorrectable PCIe error: completion timeout, malformed TLP" },
		{ "phbTxeErrorStatus", PPC_BIT(28), EEH_LOG_CLASS_INJECTED,
		  "an injected error was triggered" },
		{ "phbTxeErrorStatus", PPC_BIT(30), EEH_LOG_CLASS_INJECTED,
		  "an injected error was triggered" },
		{ "phbRxeArbErrorStatus", PPC_BIT(39), EEH_LOG_CLASS_INJECTED,
		  "an injected error was triggered" },
		{ "phbRxeArbErrorStatus", PPC_BIT(59), EEH_LOG_CLASS_PCIE_CE, "corrected PCIe error" },
		{ "corrErrorStatus", 0x1040, EEH_LOG_CLASS_PCIE_CE,
		  "corrected PCIe error: bad TLP, replay timeout" },
		{ "lemFir", 1, EEH_LOG_CLASS_OTHER, "its error registers are not clear" },
	};
	const struct log_layout *l = &log_layout_phb4;
	struct unit *u = *state;
	char want[200];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		new_blob(l);
		set(l, cases[i].name, cases[i].value);
		decode(u, l, &domain1);
		snprintf(want, sizeof(want), "PHB 0001 has no frozen PE: %s", cases[i].what);
		says(cases[i].class, want);
		assert_false(rec.flags & EEH_LOG_F_PE);
		assert_int_equal(rec.severity, cases[i].class == EEH_LOG_CLASS_PCIE_CE ?
				 EEH_LOG_SEVERITY_CORRECTED : EEH_LOG_SEVERITY_INFO);

		pest(l, 0xfd, PPC_BIT(0), PPC_BIT(0));
		decode(u, l, &domain1);
		snprintf(want, sizeof(want), "PE fd of PHB 0001 is frozen, with no cause of its own; "
			 "of the PHB: %s", cases[i].what);
		says(cases[i].class, want);
		assert_true(rec.flags & EEH_LOG_F_PHB_WIDE);

		/* Its own entry is stronger. */
		pest(l, 0xfd, 0x8100000001000013, PPC_BIT(0));
		decode(u, l, &domain1);
		assert_int_equal(rec.error_class, EEH_LOG_CLASS_MSI);
		assert_false(rec.flags & EEH_LOG_F_PHB_WIDE);
	}

	new_blob(l);
	decode(u, l, NULL);
	says(EEH_LOG_CLASS_NONE, "the PHB has no frozen PE and recorded no error");

	/* Who sent the message, if the root port has nothing of its own. */
	new_blob(l);
	set(l, "rootErrorStatus", 0x44);
	set(l, "sourceId", 0x01000200);
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_PCIE_UE,
	     "PHB 0001 has no frozen PE: uncorrectable PCIe error reported by 0001:01:00.0");
	set(l, "rootErrorStatus", 0x1);
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_PCIE_CE,
	     "PHB 0001 has no frozen PE: corrected PCIe error reported by 0001:02:00.0");
	assert_int_equal(rec.aer_source, 0x01000200);

	/* Refinements of an entry's own cause. */
	new_blob(l);
	pest(l, 0xfd, 0x8000000001000000, 0x8000000000001000);
	set(l, "phbRxeArbErrorStatus", PPC_BIT(28));
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_DMA_IOMMU, "DMA write by 0001:01:00.0 to 0x1000 is outside of its DMA window");
	set(l, "phbRxeArbErrorStatus", PPC_BIT(40));
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_DMA_IOMMU,
	     "DMA write by 0001:01:00.0 to 0x1000 came from a requester without a valid PE");
	set(l, "phbRxeArbErrorStatus", 0);
	set(l, "phbRxeTceErrorStatus", PPC_BIT(5));
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_DMA_IOMMU, "DMA write by 0001:01:00.0 to 0x1000 was refused by the TCE table");
	new_blob(l);
	pest(l, 0xfd, 0xa440000000000000, 0x8000000000001000);
	set(l, "linkStatus", 0x00110000);
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_MMIO, "MMIO load at 0x1000 of PE fd of PHB 0001 was answered with "
	     "Unsupported Request; the link is down");
	assert_true(rec.flags & EEH_LOG_F_LINK_DOWN);
}

static void t_injected(void **state)
{
	const struct log_layout *l = &log_layout_phb4;
	struct unit *u = *state;

	new_blob(l);
	pest(l, 0xfd, 0xa440000000000000, 0x800600c080000004);
	set(l, "phbTxeErrorStatus", PPC_BIT(28));
	set(l, "phbTxeErrorLog0", 0x2440000000000000);
	set(l, "phbTxeErrorLog1", 0x000600c080000004);
	decode(u, l, NULL);
	says(EEH_LOG_CLASS_INJECTED, "MMIO load at 0x600c080000004 of PE fd was answered with "
	     "Unsupported Request: an injected MMIO error");
	assert_int_equal(rec.cause, EEH_LOG_CLASS_MMIO);

	/* Another PE's injection. */
	set(l, "phbTxeErrorLog1", 0x000600c080000008);
	decode(u, l, NULL);
	assert_int_equal(rec.error_class, EEH_LOG_CLASS_MMIO);
	assert_true(rec.flags & EEH_LOG_F_INJECTION);

	new_blob(l);
	pest(l, 0xfd, 0x8200000001000000, 0x8000000000100000);
	set(l, "phbRxeArbErrorStatus", PPC_BIT(39));
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_INJECTED,
	     "DMA read by 0001:01:00.0 from 0x100000 was stopped: an injected DMA error");
	/* The wrong trap for this kind of access. */
	set(l, "phbRxeArbErrorStatus", 0);
	set(l, "phbTxeErrorStatus", PPC_BIT(28));
	decode(u, l, &domain1);
	assert_int_equal(rec.error_class, EEH_LOG_CLASS_OTHER);
	/* No access at all, and a trap with other words. */
	pest(l, 0xfd, 0x8701000000000000, 0x8000000000000000);
	decode(u, l, &domain1);
	assert_int_equal(rec.error_class, EEH_LOG_CLASS_OTHER);
	assert_true(rec.flags & EEH_LOG_F_INJECTION);
}

static void t_fence(void **state)
{
	const struct log_layout *l = &log_layout_phb4;
	struct unit *u = *state;
	struct eeh_log_opts opts;
	struct eeh_log_dump *d;

	new_blob(l);
	set(l, "nFir", PPC_BIT(16) | PPC_BIT(11));
	pest(l, 0xfd, 0x8200200001000000, 0x8000000000100000);
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_FENCE,
	     "PHB 0001 is fenced: everything below it is unreachable (processor bus hang)");
	assert_int_equal(rec.severity, EEH_LOG_SEVERITY_PHB);
	assert_int_equal(eeh_log_dump_new(u->ctx, blob, l->len, NULL, &d), 0);
	assert_int_equal(eeh_log_dump_count(d), 2);
	EEH_INIT(&rec);
	assert_int_equal(eeh_log_dump_pe(d, 0xfd, &rec), 0);
	assert_int_equal(rec.error_class, EEH_LOG_CLASS_DMA_IOMMU);
	assert_true(rec.flags & EEH_LOG_F_FENCED);
	eeh_log_dump_free(d);

	/* Corrected errors fence nothing. */
	new_blob(l);
	set(l, "nFir", PPC_BIT(2) | PPC_BIT(5));
	decode(u, l, &domain1);
	assert_int_equal(rec.error_class, EEH_LOG_CLASS_NONE);
	EEH_INIT(&opts);
	opts.flags = EEH_LOG_KNOW_FENCED;
	decode(u, l, &opts);
	assert_int_equal(rec.error_class, EEH_LOG_CLASS_FENCE);

	/* Config space that does not answer is no error of all kinds. */
	new_blob(l);
	memset(blob + 0xc, 0xff, 0x44 - 0xc);
	memset(blob + 0x60, 0xff, 0x180 - 0x60);
	decode(u, l, &domain1);
	says(EEH_LOG_CLASS_FENCE, "PHB 0001 is fenced: everything below it is unreachable");
	assert_int_equal(rec.aer_uncorr, 0);
}

/* One dump has many PEs. */
static void t_dump(void **state)
{
	const struct log_layout *l = &log_layout_phb4;
	struct unit *u = *state;
	struct eeh_log_opts opts = domain1;
	struct eeh_log_dump *d;
	const void *data;
	size_t len;

	new_blob(l);
	pest(l, 3, PPC_BIT(0), PPC_BIT(0));
	pest(l, 0x1ff, 0xa440000000000000, 0x8000000000001000);
	pest(l, 0x20, 0x8000200001000000, 0x8000000000001000);
	pest(l, 0x10, 0x2440000000000000, 0x0000000000001000);
	assert_int_equal(eeh_log_dump_new(u->ctx, blob, sizeof(blob), &opts, &d), 0);
	assert_int_equal(eeh_log_dump_count(d), 3);
	EEH_INIT(&rec);
	assert_int_equal(eeh_log_dump_record(d, 0, &rec), 0);
	assert_int_equal(rec.pe, 0x20);
	assert_int_equal(eeh_log_dump_record(d, 1, &rec), 0);
	assert_int_equal(rec.pe, 0x1ff);
	assert_int_equal(eeh_log_dump_record(d, 2, &rec), 0);
	assert_int_equal(rec.pe, 3);
	assert_int_equal(eeh_log_dump_record(d, 3, &rec), -EINVAL);
	assert_int_equal(eeh_log_dump_pe(d, 0x10, &rec), -ENOENT);
	assert_int_equal(eeh_log_dump_pe(d, 0x1ff, &rec), 0);
	rec.sz = 0;
	assert_int_equal(eeh_log_dump_pe(d, 0x1ff, &rec), -EINVAL);
	assert_int_equal(eeh_log_dump_source(d), EEH_LOG_SOURCE_PHB4);
	assert_int_equal(eeh_log_dump_line(d), 0);
	assert_string_equal(eeh_log_dump_when(d), "");
	data = eeh_log_dump_data(d, &len);
	assert_int_equal(len, PHB4_LEN);
	assert_memory_equal(data, blob, len);
	eeh_log_dump_free(d);
	eeh_log_dump_free(NULL);

	/* The PE asked about comes first, and is decoded also if it is not frozen. */
	opts.flags |= EEH_LOG_KNOW_PE | EEH_LOG_KNOW_NOT_FRESH;
	opts.pe = 3;
	assert_int_equal(eeh_log_dump_new(u->ctx, blob, sizeof(blob), &opts, &d), 0);
	EEH_INIT(&rec);
	assert_int_equal(eeh_log_dump_record(d, 0, &rec), 0);
	assert_int_equal(rec.pe, 3);
	eeh_log_dump_free(d);
	decode(u, l, &opts);
	says(EEH_LOG_CLASS_NONE, "PE 3 of PHB 0001 is frozen, with no cause of its own (not fresh: the "
	     "PE was isolated before this was fetched)");
	assert_true(rec.flags & EEH_LOG_F_NOT_FRESH);
	opts.flags &= ~EEH_LOG_KNOW_NOT_FRESH;
	opts.pe = 0x10;
	decode(u, l, &opts);
	says(EEH_LOG_CLASS_NONE, "PE 10 of PHB 0001 is not frozen according to this data");
	assert_int_equal(rec.severity, EEH_LOG_SEVERITY_INFO);

	/* All of them. */
	for (len = 0; len < PHB4_PES; len++)
		pest(l, len, UINT64_MAX, UINT64_MAX);
	assert_int_equal(eeh_log_dump_new(u->ctx, blob, sizeof(blob), NULL, &d), 0);
	assert_int_equal(eeh_log_dump_count(d), PHB4_PES);
	eeh_log_dump_free(d);
}

static void t_zpci(void **state)
{
	static const struct {
		uint32_t bits;
		uint64_t faddr;
		uint16_t pec;
		uint32_t class, severity;
		const char *sentence;
	} cases[] = {
		{ 0, 0x100000000, 0x4, EEH_LOG_CLASS_DMA_IOMMU, EEH_LOG_SEVERITY_PE,
		  "DMA by function 0x10 to 0x100000000 in address space 0 was refused: translation "
		  "protection (event code 0x4)" },
		{ 0x201, 0, 0x2, EEH_LOG_CLASS_DMA_IOMMU, EEH_LOG_SEVERITY_PE,
		  "DMA write by function 0x10 to 0x0 in address space 2 was refused: DMA address out of "
		  "range (event code 0x2)" },
		{ 0x50000, 0, 0x11, EEH_LOG_CLASS_MSI, EEH_LOG_SEVERITY_PE,
		  "MSI by function 0x10, vector 5, was refused: invalid MSI vector (event code 0x11)" },
		{ 0, 0, 0x3b, EEH_LOG_CLASS_OTHER, EEH_LOG_SEVERITY_PERMANENT,
		  "function 0x10: permanent error (event code 0x3b); the function is lost until it is "
		  "reconfigured" },
		{ 0, 0, 0x40, EEH_LOG_CLASS_OTHER, EEH_LOG_SEVERITY_PERMANENT,
		  "function 0x10: service action or recovery failed (event code 0x40); the function is "
		  "lost until it is reconfigured" },
		{ 0, 0, 0x2a, EEH_LOG_CLASS_OTHER, EEH_LOG_SEVERITY_INFO,
		  "function 0x10: measurement block: address (event code 0x2a)" },
		{ 0, 0, 0x303, EEH_LOG_CLASS_NONE, EEH_LOG_SEVERITY_INFO,
		  "no error: function 0x10: deconfiguration requested (event code 0x303)" },
		{ 0, 0, 0x77, EEH_LOG_CLASS_OTHER, EEH_LOG_SEVERITY_PE,
		  "function 0x10: unknown event (event code 0x77)" },
	};
	struct unit *u = *state;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(blob, 0, CCDF_LEN);
		log_put(blob, 4, 4, 0x80000005);
		log_put(blob, 8, 4, 0x10);
		log_put(blob, 12, 4, cases[i].bits);
		log_put(blob, 16, 8, cases[i].faddr);
		log_put(blob, 30, 2, cases[i].pec);
		decode(u, &log_layout_zpci, NULL);
		says(cases[i].class, cases[i].sentence);
		assert_int_equal(rec.severity, cases[i].severity);
		assert_int_equal(rec.source, EEH_LOG_SOURCE_ZPCI);
		assert_int_equal(rec.fh, 0x80000005);
		assert_int_equal(rec.fid, 0x10);
		assert_int_equal(rec.pec, cases[i].pec);
		assert_int_equal(rec.direction, cases[i].bits & 1 ? EEH_LOG_DIRECTION_WRITE :
				 EEH_LOG_DIRECTION_UNKNOWN);
	}
}

static void t_refused(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
		size_t len;
		int err;
		const char *says;
	} cases[] = {
		{ 0, 2, PHB4_LEN, -EBADMSG, "version 2 at offset 0" },
		{ 0, 0x01000000, PHB4_LEN, -EBADMSG, "at offset 0" },
		{ 4, 0, PHB4_LEN, -EBADMSG, "type 0 at offset 4" },
		{ 4, 4, PHB4_LEN, -EBADMSG, "type 4 at offset 4" },
		{ 4, 1, PHB4_LEN, -EOPNOTSUPP, "P7IOC" },
		{ 8, 0, PHB4_LEN, -EBADMSG, "length at offset 8 is 0" },
		{ 8, PHB4_LEN - 1, PHB4_LEN, -EBADMSG, "it must be 8576" },
		{ 0, 1, PHB4_LEN - 1, -EBADMSG, "cut off at offset 8575" },
		{ 0, 1, 8192, -EBADMSG, "cut off at offset 8192" },
		{ 0, 1, 12, -EBADMSG, "cut off at offset 12" },
		{ 0, 1, 32, -EBADMSG, "cut off at offset 32" },
		{ 0, 1, 11, -EBADMSG, "11 bytes are too few" },
		{ 0, 1, 0, -EBADMSG, "0 bytes are too few" },
		{ 0, 0, 31, -EBADMSG, "version 0" },
		{ 0, 0, 33, -EBADMSG, "version 0" },
	};
	const struct log_layout *l = &log_layout_phb4;
	struct unit *u = *state;
	struct eeh_log_opts opts;
	uint8_t *copy;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		new_blob(l);
		log_put(blob, cases[i].offset, 4, cases[i].value);
		copy = malloc(cases[i].len + !cases[i].len);	/* its end is guarded */
		memcpy(copy, blob, cases[i].len);
		EEH_INIT(&rec);
		err = eeh_log_decode(u->ctx, copy, cases[i].len, NULL, &rec);
		free(copy);
		if (err != cases[i].err || !strstr(eeh_last_error(u->ctx), cases[i].says))
			fail_msg("%zu: %d, %s", i, err, eeh_last_error(u->ctx));
	}
	new_blob(l);
	rec.sz = 0;
	assert_int_equal(eeh_log_decode(u->ctx, blob, l->len, NULL, &rec), -EINVAL);
	EEH_INIT(&rec);
	EEH_INIT(&opts);
	opts.flags = EEH_LOG_KNOW_PE;
	opts.pe = 512;
	assert_int_equal(eeh_log_decode(u->ctx, blob, l->len, &opts, &rec), -EINVAL);
	opts.sz = 0;
	assert_int_equal(eeh_log_decode(u->ctx, blob, l->len, &opts, &rec), -EINVAL);

	assert_string_equal(eeh_log_class_name(12345), "unknown");
	assert_string_equal(eeh_log_source_name(0), "unknown");
	assert_string_equal(eeh_log_severity_name(EEH_LOG_SEVERITY_PHB), "phb");
	assert_string_equal(eeh_log_direction_name(EEH_LOG_DIRECTION_WRITE), "write");
}

static int take_register(void *arg, const struct eeh_log_register *r)
{
	char *text = arg;

	if (r->value)
		sprintf(text + strlen(text), "%s %s %u %" PRIx64 " %s\n", r->group, r->name, r->width,
			r->value, r->bits);
	return r->value == 0xdead ? 42 : 0;
}

static void t_register_bits(void **state)
{
	const struct log_layout *l = &log_layout_phb4;
	struct unit *u = *state;
	struct eeh_log_dump *d;
	char text[4096] = "";

	new_blob(l);
	set(l, "uncorrErrorStatus", 0x40020);
	set(l, "phbRxeTceErrorStatus", PPC_BIT(1) | PPC_BIT(63));
	set(l, "phbRxeTceFirstErrorStatus", PPC_BIT(2));
	set(l, "phbRegbErrorLog1", 0xdead);
	assert_int_equal(eeh_log_dump_new(u->ctx, blob, l->len, NULL, &d), 0);
	assert_int_equal(eeh_log_dump_for_each_register(d, take_register, text), 42);
	eeh_log_dump_free(d);
	assert_string_equal(text, "RootErrSts uncorrErrorStatus 4 40020 5 surprise down, 18 malformed TLP\n"
			    "RxeTceErr phbRxeTceErrorStatus 8 4000000000000001 1 TCE refuses the "
			    "request, 63\nRxeTceErr phbRxeTceFirstErrorStatus 8 2000000000000000 2 TCE "
			    "refuses the response\nRegbErr phbRegbErrorLog1 8 dead \n");
}

/* ---- text */

struct found {
	int n;
	struct eeh_log_record rec[8];
	char when[8][64];
	uint64_t line[8];
	size_t count[8];
	uint8_t data[PHB_LEN_MAX];
	size_t len;
};

static struct found found;

static int take_dump(void *arg, const struct eeh_log_dump *d)
{
	struct found *f = arg;
	const void *data;

	if (f->n == 8)
		return 42;
	EEH_INIT(&f->rec[f->n]);
	assert_int_equal(eeh_log_dump_record(d, 0, &f->rec[f->n]), 0);
	snprintf(f->when[f->n], sizeof(f->when[0]), "%s", eeh_log_dump_when(d));
	f->line[f->n] = eeh_log_dump_line(d);
	f->count[f->n] = eeh_log_dump_count(d);
	data = eeh_log_dump_data(d, &f->len);
	if (f->len)
		memcpy(f->data, data, f->len);
	f->n++;
	return 0;
}

/* As a text of exactly that length: what follows it is guarded. */
static int parse(struct unit *u, const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n + !n);
	int err;

	memcpy(copy, text, n);
	memset(&found, 0, sizeof(found));
	err = eeh_log_load(u->ctx, copy, n, NULL, take_dump, &found);
	free(copy);
	return err;
}

static void found_says(int i, uint32_t class, const char *sentence)
{
	if (found.n <= i)
		fail_msg("only %d dumps", found.n);
	rec = found.rec[i];
	says(class, sentence);
}

/* From the lab: an injected config error, a missing TCE, and a fence after it. */
static const char kernel_log[] =
	"[   29.723967] EEH: This PCI device has failed 1 times in the last hour and will be permanently disabled after 1000 failures.\n"
	"[   29.777706] EEH: Collect temporary log\n"
	"[   29.810527] EEH: of node=0001:01:00.0\n"
	"[   29.810926] EEH: PCI device/vendor: 11e81234\n"
	"[   29.811108] EEH: PCI cmd/status register: 00100106\n"
	"[   29.811466] PHB4 PHB#1 Diag-data (Version: 1)\n"
	"[   29.811643] brdgCtl:    00000002\n"
	"[   29.811779] RootSts:    0000000f 004003c0 20110000 00100107 00000000\n"
	"[   29.812069] PhbTxeErr:  0000000800000000 0000000800000000 3740000001000000 0000000000000000\n"
	"[   30.238279] PE[0fd] A/B: b740000001000000 8000000000000000\n"
	"[   30.250701] EEH: Reset with hotplug activity\n"
	"[   30.274372] pci 0001:01     : [PE# fd] Releasing PE\n"
	"[  158.224284] EEH: Frozen PE#fd on PHB#1 detected\n"
	"Nov 20 15:57:20 host kernel: PHB4 PHB#1 Diag-data (Version: 1)\r\n"
	"Nov 20 15:57:20 host kernel: brdgCtl:    00000002\r\n"
	"Nov 20 15:57:20 host kernel: RootSts:    0000000f 004003c0 20110000 00100107 00000000\r\n"
	"Nov 20 15:57:20 host kernel: RxeTceErr:  4000000000000000 4000000000000000 0200200001000000 0000000000100000\r\n"
	"Nov 20 15:57:20 host kernel: PE[0fd] A/B: 8200200001000000 8000000000100000\r\n"
	"[  169.421987] EEH: Fenced PHB#1 detected, location: N/A\n"
	"<6>[  169.422987] PHB4 PHB#1 Diag-data (Version: 1)\n"
	"<6>[  169.423150] brdgCtl:    00000002\n"
	"<6>[  169.423265] RootSts:    0000000f 004003c0 20110000 00100107 00000000\n"
	"<6>[  169.423533] nFir:       0000002000000000 0000000000000000 0000000000000000\n"
	"<6>[  169.423813] PhbTxeErr:  8000000000000000 8000000000000000 0000000000000000 0000000000000000\n"
	"<6>[  169.424132] PE[0fd] A/B: 8200200001000000 8000000000100000\n"
	"PHB3 PHB#1f Diag-data (Version: 1)\n"
	"InAErr:      0000000000000001 0000000000000000 0000000000000000 0000000000000000\n"
	"PE[0fc] A/B: 8000000000000000 8000000000000000\n"
	"PE[..0ff] A/B: as above";

static void t_kernel_log(void **state)
{
	struct unit *u = *state;

	assert_int_equal(parse(u, kernel_log), 0);
	assert_int_equal(found.n, 4);
	found_says(0, EEH_LOG_CLASS_INJECTED, "config read of 0001:01:00.0 was answered with "
		   "Unsupported Request: an injected config error");
	assert_string_equal(found.when[0], "[   29.811466]");
	assert_int_equal(found.line[0], 6);
	assert_int_equal(rec.phb, 1);
	found_says(1, EEH_LOG_CLASS_DMA_IOMMU, "DMA read by 0001:01:00.0 from 0x100000 hit no TCE entry");
	assert_string_equal(found.when[1], "Nov 20 15:57:20 host kernel:");
	found_says(2, EEH_LOG_CLASS_FENCE, "PHB 0001 is fenced: everything below it is unreachable "
		   "(invalid command from the processor bus)");
	assert_int_equal(found.count[2], 2);
	found_says(3, EEH_LOG_CLASS_NONE, "PE fc of PHB 001f is frozen, with no cause of its own");
	assert_int_equal(rec.source, EEH_LOG_SOURCE_PHB3);
	assert_int_equal(found.count[3], 4);
	assert_string_equal(found.when[3], "");
}

/* What the device itself reports, from the lines before. */
static void t_device_aer(void **state)
{
	static const char text[] =
		"EEH: Recovering PHB#1-PE#fd\n"
		"EEH: of node=0001:01:00.0\n"
		"EEH: PCI-E AER capability register set follows:\n"
		"EEH: PCI-E AER 00: 14820001 00040000 00000000 00062030 \n"
		"EEH: PCI-E AER 10: 00000040 00002000 000001e0 00000000 \n"
		"EEH: PCI-E AER 20: 00000000 00000000 00000000 00000000 \n"
		"EEH: PCI-E AER 30: 00000000 00000000 \n"
		"PHB4 PHB#1 Diag-data (Version: 1)\n"
		"PE[0fd] A/B: 8000000000000000 8000000000000000\n";
	struct unit *u = *state;

	assert_int_equal(parse(u, text), 0);
	found_says(0, EEH_LOG_CLASS_PCIE_UE, "PE fd of PHB 0001 is frozen, with no cause of its own; "
		   "0001:01:00.0 itself reports malformed TLP");
	assert_true(rec.flags & EEH_LOG_F_DEVICE_AER);
	assert_int_equal(rec.device_uncorr, 0x40000);
	assert_int_equal(rec.device_corr, 0x40);

	/* A device that does not answer reads as all-ones. */
	assert_int_equal(parse(u, "EEH: of node=0001:01:00.0\n"
			       "EEH: PCI-E AER 00: ffffffff ffffffff ffffffff ffffffff \n"
			       "EEH: PCI-E AER 10: ffffffff ffffffff ffffffff ffffffff \n"
			       "PHB4 PHB#1 Diag-data (Version: 1)\n"
			       "PE[0fd] A/B: 8000000000000000 8000000000000000\n"), 0);
	found_says(0, EEH_LOG_CLASS_NONE, "PE fd of PHB 0001 is frozen, with no cause of its own");
	assert_false(rec.flags & EEH_LOG_F_DEVICE_AER);
}

static void t_no_data(void **state)
{
	struct unit *u = *state;

	assert_int_equal(parse(u, "[ 1.0] EEH: Frozen PHB#1-PE#fd detected\nEEH: Call Trace:\n"), 0);
	found_says(0, EEH_LOG_CLASS_NONE, "PE fd of PHB 0001 is frozen; the log has no diagnostic data "
		   "that say why");
	assert_true(rec.flags & EEH_LOG_F_NO_DATA);
	assert_int_equal(rec.pe, 0xfd);
	assert_int_equal(found.len, 0);
	assert_int_equal(parse(u, "PHB#0003[0:1]: PHB Freeze/Fence detected !\n"), 0);
	assert_int_equal(found.rec[0].error_class, EEH_LOG_CLASS_FENCE);
	assert_int_equal(found.rec[0].phb, 3);
	assert_int_equal(parse(u, "EEH: Fenced PHB#2 detected, location: x\n"), 0);
	found_says(0, EEH_LOG_CLASS_FENCE, "PHB 0002 is fenced: everything below it is unreachable; the "
		   "log has no diagnostic data");

	assert_int_equal(parse(u, "zpci: 0001:00:00.0: Event 0x4 reports an error for PCI function "
			       "0x10\nzpci: n/a: Event 0x3b reports an error for PCI function 0x11\n"), 0);
	assert_int_equal(found.n, 2);
	found_says(0, EEH_LOG_CLASS_DMA_IOMMU, "DMA by function 0x10 (0001:00:00.0) was refused: "
		   "translation protection (event code 0x4)");
	assert_false(rec.flags & EEH_LOG_F_ADDRESS);
	assert_int_equal(found.rec[1].fid, 0x11);
	assert_int_equal(found.rec[1].severity, EEH_LOG_SEVERITY_PERMANENT);
}

/* As pnv_pci_dump_phb3_diag_data(), pnv_pci_dump_phb4_diag_data() and pnv_pci_dump_pest() do it. */
static void print_kernel(FILE *f, const struct log_layout *l)
{
	bool phb3 = l == &log_layout_phb3, any, dup = false;
	/* Groups that are printed if this one register is not 0; others if any is. */
	static const char * const one[] = { "nFir", "Lem", "PhbErr", "OutErr", "InAErr", "InBErr",
		"PhbTxeErr", "RxeArbErr", "RxeMrgErr", "RxeTceErr", "PblErr", "RegbErr" };
	uint64_t a, b, pa = UINT64_MAX, pb = UINT64_MAX;
	size_t i, j, k, n;

	fprintf(f, phb3 ? "PHB3 PHB#%x Diag-data (Version: 1)\n" :
		"PHB4 PHB#%d Diag-data (Version: 1)\n", 10);
	for (i = 0; i < l->nr_regs; i += n) {
		const struct log_reg *r = &l->regs[i];

		for (n = 1; i + n < l->nr_regs && !strcmp(l->regs[i + n].group, r->group); n++)
			;
		any = false;
		for (j = 0; j < n; j++)
			any |= log_get(blob, r[j].offset, r[j].width) != 0;
		for (k = 0; k < ARRAY_SIZE(one); k++)
			if (!strcmp(one[k], r->group))
				any = log_get(blob, r->offset, r->width);
		if (!strcmp(r->group, "PcieDlp"))
			any = log_get(blob, r[2].offset, 8);
		if (!any)
			continue;
		j = fprintf(f, "%s:", r->group);
		fprintf(f, "%*s", (int)(phb3 ? 12 : 11) - (int)j, "");
		for (j = 0; j < n; j++)
			fprintf(f, " %0*" PRIx64, r[j].width * 2, log_get(blob, r[j].offset, r[j].width));
		fprintf(f, "\n");
	}
	for (i = 0; i < l->pes; i++) {
		a = log_get(blob, l->pesta + 8 * i, 8);
		b = log_get(blob, l->pestb + 8 * i, 8);
		if (a != pa || b != pb) {
			if (dup)
				fprintf(f, "PE[..%03zx] A/B: as above\n", i - 1);
			dup = false;
			pa = a;
			pb = b;
			if ((a | b) >> 63)
				fprintf(f, "PE[%03zx] A/B: %016" PRIx64 " %016" PRIx64 "\n", i, a, b);
		} else if ((a | b) >> 63) {
			dup = true;
		}
	}
}

/* As phb3_eeh_dump_regs() and phb4_eeh_dump_regs() of skiboot do it. */
static void print_opal(FILE *f, const struct log_layout *l)
{
	size_t i;

	for (i = 0; i < l->nr_regs; i++) {
		const struct log_reg *r = &l->regs[i];
		uint64_t v = log_get(blob, r->offset, r->width);

		if (!strncmp(r->name, "tlpHdr", 6))
			v = __builtin_bswap32(v);
		fprintf(f, "[  171.4%08zu,3] PHB#000a[0:1]: %24s = %0*" PRIx64 "\n", i,
			r->alias ? r->alias : r->name, r->width * 2, v);
		if (!strcmp(r->name, "uncorrErrorStatus"))
			fprintf(f, "[  171.5,3] PHB#000a[0:1]:                   devctl = 0000000f\n");
	}
	for (i = 0; i < l->pes; i++)
		if (log_get(blob, l->pesta + 8 * i, 8) || log_get(blob, l->pestb + 8 * i, 8))
			fprintf(f, "[  171.6,3] PHB#000a[0:1]:                PEST[%03zx] = %016" PRIx64
				" %016" PRIx64 "\n", i, log_get(blob, l->pesta + 8 * i, 8),
				log_get(blob, l->pestb + 8 * i, 8));
}

/* Every register and PE that is printed comes back: print, parse, compare. */
static void t_round_trip(void **state)
{
	const struct log_layout * const layouts[] = { &log_layout_phb3, &log_layout_phb4 };
	struct unit *u = *state;
	char *text;
	size_t i, j, len;
	uint32_t seed = 1;
	int round;
	FILE *f;

	for (i = 0; i < 2; i++) {
		const struct log_layout *l = layouts[i];

		for (round = 0; round < 40; round++) {
			new_blob(l);
			for (j = 0; j < l->nr_regs; j++) {
				seed = seed * 1103515245 + 12345;
				/* The kernel leaves out groups of which the first is 0. */
				log_put(blob, l->regs[j].offset, l->regs[j].width,
					round ? 0x0123456789abcdefULL * (seed | 1) | 1 : 0);
			}
			for (j = 0; j < l->pes; j++) {
				seed = seed * 1103515245 + 12345;
				if (seed >> 30)
					continue;
				/* A run of some, never to the end: see docs/logs.md. */
				for (len = seed >> 8 & 3; j < l->pes - 1; j++) {
					pest(l, j, PPC_BIT(0) | seed,
					     seed & 0x10000 ? PPC_BIT(0) : 0);
					if (!len--)
						break;
				}
			}
			f = open_memstream(&text, &len);
			print_kernel(f, l);
			fclose(f);
			if (parse(u, text))
				fail_msg("%s\n%s", eeh_last_error(u->ctx), text);
			free(text);
			assert_int_equal(found.n, 1);
			assert_int_equal(found.len, l->len);
			assert_memory_equal(found.data, blob, l->len);
			assert_int_equal(found.rec[0].phb, 10);

			f = open_memstream(&text, &len);
			print_opal(f, l);
			fclose(f);
			if (parse(u, text))
				fail_msg("%s\n%s", eeh_last_error(u->ctx), text);
			free(text);
			assert_int_equal(found.n, 1);
			assert_int_equal(found.len, l->len);
			assert_memory_equal(found.data, blob, l->len);
			assert_int_equal(found.rec[0].phb, 10);
			assert_int_equal(found.line[0], 1);
		}
	}
}

/* A console has the lines of the kernel and of OPAL as they come. */
static void t_interleaved(void **state)
{
	static const char text[] =
		"[  1.0] EEH: of node=0001:01:00.0\n"
		"[  1.0] EEH: PCI-E AER 00: 14820001 00040000 00000000 00062030 \n"
		"[  171.4,3] PHB#0002[0:1]:                  brdgCtl = 00000002\n"
		"[  1.0] PHB4 PHB#1 Diag-data (Version: 1)\n"
		"[  1.1] RxeTceErr:  4000000000000000 4000000000000000 0200200001000000 0000000000100000\n"
		"[  1.2] EEH: Frozen PE#fc on PHB#2 detected\n"
		"[  171.4,3] PHB#0002[0:1]:                PEST[0fc] = a440000000000000 8000000000001000\n"
		"[  1.3] PE[0fd] A/B: 8200200001000000 8000000000100000\n";
	struct unit *u = *state;

	assert_int_equal(parse(u, text), 0);
	assert_int_equal(found.n, 2);
	found_says(1, EEH_LOG_CLASS_DMA_IOMMU, "DMA read by 0001:01:00.0 from 0x100000 hit no TCE entry; "
		   "0001:01:00.0 itself reports malformed TLP");
	assert_int_equal(found.line[1], 4);
	found_says(0, EEH_LOG_CLASS_MMIO, "MMIO load at 0x1000 of PE fc of PHB 0002 was answered with "
		   "Unsupported Request");
	assert_int_equal(found.line[0], 3);
}

static void t_opal_log(void **state)
{
	static const char text[] =
		"[  171.410157133,3] PHB#0001[0:1]: PHB Freeze/Fence detected !\n"
		"[  171.413296197,3] PHB#0001[0:1]:            NEST FIR=0000002000000000\n"
		"[  171.417208714,3] PHB#0001[0:1]:                  brdgCtl = 00000002\n"
		"[  171.417368502,3] PHB#0001[0:1]:             deviceStatus = 0000000f\n"
		"[  171.417627843,3] PHB#0001[0:1]:               linkStatus = 20110000\n"
		"[  171.423422686,3] PHB#0001[0:1]:        phbTxeErrorStatus = 8000000000000000\n"
		"[  171.427,3] PHB#0001[0:1]:                PEST[0fd] = 8200200001000000 8000000000100000\n"
		"[  171.427,3] PHB#0001[0:1]:                PEST[010] = 2440000000000000 0000000000001000\n"
		"[  172.4,3] PHB#0001[0:1]:                  brdgCtl = 00000002\n"
		"[  172.5,3] PHB#0002[0:1]:                  brdgCtl = 00000002\n";
	struct unit *u = *state;

	assert_int_equal(parse(u, text), 0);
	assert_int_equal(found.n, 3);
	found_says(0, EEH_LOG_CLASS_FENCE, "PHB 0001 is fenced: everything below it is unreachable "
		   "(invalid command from the processor bus)");
	assert_int_equal(found.count[0], 2);
	assert_string_equal(found.when[0], "[  171.417208714,3]");
	assert_int_equal(found.rec[1].phb, 1);
	assert_int_equal(found.rec[2].phb, 2);
}

static void t_text_refused(void **state)
{
#define START "noise\nPHB4 PHB#1 Diag-data (Version: 1)\n"
#define OPAL "PHB#0001[0:1]: brdgCtl = 00000002\n"
	static const struct {
		const char *text;
		int err;
		const char *says;
	} cases[] = {
		{ "", -ENODATA, "no error log in these 0 lines" },
		{ "hello\nworld\n", -ENODATA, "in these 2 lines" },
		{ "EEH: Frozen PE#x on PHB#1 detected\n", -ENODATA, "" },
		{ "PHB4 PHB#x Diag-data (Version: 1)\n", -EBADMSG, "line 1: the number" },
		{ "PHB4 PHB#99999999999 Diag-data (Version: 1)\n", -EBADMSG, "line 1: the number" },
		{ "PHB4 PHB#1 Diag-data\n", -EBADMSG, "line 1: \"Diag-data" },
		{ "PHB4 PHB#1 Diag-data (Version: 2)\n", -EBADMSG, "line 1: diagnostic data of version" },
		{ START "RootSts:    0000000f 004003c0\n", -EBADMSG, "line 3: RootSts: word 3" },
		{ START "RootSts:    0000000f 004003c0 20110000 00100107 0000000\n", -EBADMSG,
		  "line 3: RootSts: word 5" },
		{ START "RootSts:    0000000f 004003c0 20110000 00100107 00000000 0\n", -EBADMSG,
		  "line 3: RootSts: more words" },
		{ START "Lem:   000000000000000g\n", -EBADMSG, "line 3: Lem: word 1" },
		{ START "PE[200] A/B: 8000000000000000 8000000000000000\n", -EBADMSG, "PE 200" },
		{ START "PE[0fd] A/B: 800000000000000 8000000000000000\n", -EBADMSG, "PE fd: A" },
		{ START "PE[0fd] A/B: 8000000000000000\n", -EBADMSG, "PE fd: B" },
		{ START "PE[0fd] A/B: 8000000000000000 8000000000000000 0\n", -EBADMSG, "PE fd: B" },
		{ START "PE[] A/B: 8000000000000000 8000000000000000\n", -EBADMSG, "malformed PE" },
		{ START "PE[..0fd] A/B: as above\n", -EBADMSG, "no PE line before" },
		{ START "PE[002] A/B: 8000000000000000 8000000000000000\nPE[..002] A/B: as above\n",
		  -EBADMSG, "line 4: PE[..2]" },
		{ START "PE[002] A/B: 8000000000000000 8000000000000000\nPE[..200] A/B: as above\n",
		  -EBADMSG, "line 4: PE 200" },
		{ START "PE[002] A/B: 8000000000000000 8000000000000000\nPE[..003] A/B: as below\n",
		  -EBADMSG, "\"as above\" is missing" },
		{ START "PE[002] A/B: 8000000000000000 8000000000000000\n"
		  "PE[001] A/B: 8000000000000000 8000000000000000\n", -EBADMSG, "PE 1 comes after PE 2" },
		{ "PHB3 PHB#1 Diag-data (Version: 1)\nPE[100] A/B: 8000000000000000 8000000000000000\n",
		  -EBADMSG, "a phb3 has only 256" },
		{ OPAL "PHB#0001[0:1]: deviceStatus = 0000000\n", -EBADMSG, "line 2: deviceStatus" },
		{ OPAL "PHB#0001[0:1]: deviceStatus = 00000000 0\n", -EBADMSG, "line 2: deviceStatus" },
		{ OPAL "PHB#0001[0:1]: PEST[200] = 8000000000000000 8000000000000000\n", -EBADMSG,
		  "malformed PEST" },
		{ OPAL "PHB#0001[0:1]: PEST[0fd] = 8000000000000000\n", -EBADMSG, "line 2: PEST[fd]" },
		{ OPAL "PHB#0001[0:1]: mmioErrorStatus = 0000000000000000\n"
		  "PHB#0001[0:1]: phbTxeErrorStatus = 0000000000000000\n", -EBADMSG,
		  "line 3: phbTxeErrorStatus: registers of a phb3 and of a phb4" },
		{ OPAL "PHB#0001[0:1]: mmioErrorStatus = 0000000000000000\n"
		  "PHB#0001[0:1]: PEST[100] = 8000000000000000 8000000000000000\n", -EBADMSG,
		  "line 3: PEST[100]: a phb3" },
		{ "EEH: of node=0001:01:00.0\nEEH: PCI-E AER 00: 1482000 0\n", -EBADMSG, "line 2: AER 00" },
		{ "zpci: n/a: Event 0x4 reports an error for PCI function 0x123456789\n", -EBADMSG,
		  "line 1: a malformed zPCI event" },
	};
	struct unit *u = *state;
	size_t i;
	int err;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		err = parse(u, cases[i].text);
		if (err != cases[i].err || !strstr(eeh_last_error(u->ctx), cases[i].says))
			fail_msg("%s: %d, %s", cases[i].text, err, eeh_last_error(u->ctx));
		assert_int_equal(found.n, 0);
	}
	/* Nothing of it is told if the end is bad. */
	assert_int_equal(parse(u, START START "PE[0"), 0);
	assert_int_equal(parse(u, START START "PE[0] A/B:"), -EBADMSG);
	assert_int_equal(found.n, 0);
}

/* Every prefix of a good text, and every byte of it changed. */
static void t_text_mangled(void **state)
{
	static const char chars[] = " \n[]0g:=\xff";
	struct unit *u = *state;
	char *copy;
	size_t i, j;
	int err;

	for (i = 0; i < sizeof(kernel_log) - 1; i++) {
		copy = strndup(kernel_log, i);
		err = parse(u, copy);
		assert_true(!err || err == -EBADMSG || err == -ENODATA);
		free(copy);
		copy = strdup(kernel_log);
		for (j = 0; j < sizeof(chars) - 1; j++) {
			copy[i] = chars[j];
			err = parse(u, copy);
			assert_true(!err || err == -EBADMSG);
		}
		free(copy);
	}
}

static int stop(void *arg, const struct eeh_log_dump *d)
{
	(void)d;
	++*(int *)arg;
	return 42;
}

static void t_load(void **state)
{
	static const char nuls[] = "\0\0\0PHB4 PHB#1 Diag-data (Version: 1)\n"
		"\0PE[0fd] A/B: 8000000000000000\0" "8000000000000000\n";
	static const char bad[] = "\0PHB4 PHB#1 Diag-data (Version: 1)\nPE[0fd] A/B: 8000000000000000\n";
	const size_t len = sizeof(kernel_log);
	struct unit *u = *state;
	int n = 0;

	new_blob(&log_layout_phb4);
	assert_int_equal(eeh_log_load(u->ctx, blob, PHB4_LEN, NULL, stop, &n), 42);
	assert_int_equal(n, 1);
	assert_int_equal(eeh_log_load(u->ctx, kernel_log, len - 1, NULL, stop, &n), 42);
	assert_int_equal(n, 2);
	/* NULs of a console. */
	assert_int_equal(eeh_log_load(u->ctx, kernel_log, len, NULL, stop, &n), 42);
	assert_int_equal(eeh_log_load(u->ctx, nuls, sizeof(nuls), NULL, stop, &n), 42);
	assert_int_equal(n, 4);
	/* Neither: what is wrong with it as data. */
	assert_int_equal(eeh_log_load(u->ctx, "\0\0\0\2PHB4 text", 14, NULL, stop, &n), -EBADMSG);
	assert_non_null(strstr(eeh_last_error(u->ctx), "version 2 at offset 0"));
	/* Text, and malformed as such. */
	assert_int_equal(eeh_log_load(u->ctx, bad, sizeof(bad), NULL, stop, &n), -EBADMSG);
	assert_non_null(strstr(eeh_last_error(u->ctx), "line 2: PE fd: B"));
	assert_int_equal(n, 4);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, unit_setup, unit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(t_layout),
		TEST(t_pest),
		TEST(t_phb3),
		TEST(t_registers),
		TEST(t_injected),
		TEST(t_fence),
		TEST(t_dump),
		TEST(t_zpci),
		TEST(t_refused),
		TEST(t_register_bits),
		TEST(t_kernel_log),
		TEST(t_device_aer),
		TEST(t_no_data),
		TEST(t_round_trip),
		TEST(t_opal_log),
		TEST(t_interleaved),
		TEST(t_text_refused),
		TEST(t_text_mangled),
		TEST(t_load),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL) ? 1 : 0;
}
