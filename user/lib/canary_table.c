// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of safe canaries: registers that can be read at any time in D0 and
 * are never all-ones while the device is alive.
 *
 * A row is in here only if a specification, or a driver of Linux 7.2, says all
 * of it. What is not known for sure stays out: the price of a missing row is a
 * question to firmware, that of a wrong one is a driver that takes garbage for
 * data. What helps every row: a canary is loaded only after a load from the
 * same BAR has returned, and never while this kernel resets the device, writes
 * its config space, or recovers its PE.
 *
 * Names of files are those of the Linux source. Where the reason for "never
 * all-ones" is a reserved bit or a fixed field, mask and want check it with
 * every load.
 *
 * Left out on purpose: mlx4's ownership word and semaphore (reading acquires
 * them), NIC and HBA virtual functions but for mlx5's (other register maps),
 * ipr's interrupt mask (all-ones when everything is masked), ivshmem's
 * IntrStatus (reading clears it), SDHCI (the BAR is in config space, per slot),
 * adapters of several generations whose drivers pick the BAR at run time
 * (mpt3sas, megaraid_sas, SLI-3 of lpfc).
 */
#include "eeh_internal.h"

/* PCI ids: include/linux/pci_ids.h, and the id tables of the drivers named below. */
#define INTEL		0x8086
#define IBM		0x1014
#define ADAPTEC2	0x9005
#define BROADCOM	0x14e4
#define MELLANOX	0x15b3
#define QLOGIC		0x1077
#define EMULEX		0x10df
#define REDHAT		0x1af4
#define QEMU		0x1234

#define IDS(...)	(const uint16_t[]){ __VA_ARGS__, 0 }

const struct eeh_canary_entry eeh_canary_table[] = {
	/* ---- By class code: PCI Code and ID Assignment Specification, 1.15 */
	{
		.class_code = 0x010802,
		.name = "NVMe: VS",
		.bar = 0, .offset = 0x08, .width = 4, .mask = 0xff000000, .want = 0,
		.source = "NVM Express Base Specification 2.0, 3.1.3.2 (Offset 8h: VS); NVME_REG_VS in "
			  "include/linux/nvme.h",
		.harmless = "a read-only property that holds the version of the specification",
		.never_ones = "the major version is in bits 31:16; there are 1 and 2",
	}, {
		.class_code = 0x010601,
		.name = "AHCI: VS",
		.bar = 5, .offset = 0x10, .width = 4, .mask = 0xfffe0000, .want = 0,
		.source = "Serial ATA AHCI Specification 1.3.1, 3.1.5 (VS), in ABAR (2.1.11); HOST_VERSION in "
			  "drivers/ata/ahci.h",
		.harmless = "a read-only register that holds the version of the specification",
		.never_ones = "the major version is in bits 31:16; there are 0 (0.95) and 1",
	}, {
		.class_code = 0x0c0330,
		.name = "xHCI: CAPLENGTH, HCIVERSION",
		.bar = 0, .offset = 0x00, .width = 4, .mask = 0x0000ff00, .want = 0,
		.source = "eXtensible Host Controller Interface 1.2, 5.3.1 and 5.3.2; hc_capbase in "
			  "drivers/usb/host/xhci.h",
		.harmless = "read-only capability registers",
		.never_ones = "bits 15:8 are reserved and 0; xhci_gen_setup() takes all-ones for a dead controller",
	}, {
		.class_code = 0x0c0320,
		.name = "EHCI: CAPLENGTH, HCIVERSION",
		.bar = 0, .offset = 0x00, .width = 4, .mask = 0x0000ff00, .want = 0,
		.source = "Enhanced Host Controller Interface Specification 1.0, 2.2.1 and 2.2.2; hc_capbase in "
			  "include/linux/usb/ehci_def.h",
		.harmless = "read-only capability registers",
		.never_ones = "bits 15:8 are reserved and 0",
	}, {
		.class_code = 0x0c0310,
		.name = "OHCI: HcRevision",
		.bar = 0, .offset = 0x00, .width = 4, .mask = 0xfffffe00, .want = 0,
		.source = "OpenHCI Specification 1.0a, 7.1.1 (HcRevision) and appendix B (bit 8: legacy support); "
			  "revision in drivers/usb/host/ohci.h",
		.harmless = "a read-only register that holds the version of the specification",
		.never_ones = "bits 31:9 are reserved and 0",
	},

	/* ---- By vendor and device */
	{
		/* mlx5_core_pci_table; physical and virtual functions have the same segment. */
		.vendor = MELLANOX,
		.devices = IDS(0x1011, 0x1012, 0x1013, 0x1014, 0x1015, 0x1016, 0x1017, 0x1018,
			       0x1019, 0x101a, 0x101b, 0x101c, 0x101d, 0x101e, 0x101f, 0x1021,
			       0x1023, 0xa2d2, 0xa2d3, 0xa2d6, 0xa2dc),
		.name = "mlx5: cmdif_rev, fw_rev_subminor",
		/* Big-endian 5 in the first two bytes. */
		.bar = 0, .offset = 0x04, .width = 4, .mask = 0x0000ffff, .want = 0x0500,
		.source = "struct mlx5_init_seg in include/linux/mlx5/device.h; CMD_IF_REV in "
			  "drivers/net/ethernet/mellanox/mlx5/core/cmd.c",
		.harmless = "a read-only word of the initialization segment, which the driver reads for ethtool",
		.never_ones = "the upper half is the revision of the command interface: 5, or the driver "
			      "(mlx5_cmd_enable()) gives up",
	}, {
		/* mlx4_pci_table: ConnectX-3 and ConnectX-3 Pro, no virtual functions. */
		.vendor = MELLANOX,
		.devices = IDS(0x1003, 0x1007),
		.name = "mlx4: HCR status",
		/* Big-endian bit 23. */
		.bar = 0, .offset = 0x80680 + 0x18, .width = 4, .mask = 0x00008000, .want = 0,
		.source = "MLX4_HCR_BASE in drivers/net/ethernet/mellanox/mlx4/mlx4.h; HCR_STATUS_OFFSET and "
			  "HCR_GO_BIT in cmd.c there",
		.harmless = "cmd_pending() reads it in a loop",
		.never_ones = "the go bit is 0 unless a command is under way; then firmware is asked",
	}, {
		/* tg3_pci_tbl: 5717, 5718, 5719 and 5720, all PCI Express. */
		.vendor = BROADCOM,
		.devices = IDS(0x1655, 0x1656, 0x1657, 0x165f, 0x1665),
		.name = "tg3: TG3PCI_VENDOR, TG3PCI_DEVICE",
		.bar = 0, .offset = 0x00, .width = 4, .mask = 0x0000ffff, .want = BROADCOM,
		.source = "TG3PCI_VENDOR in drivers/net/ethernet/broadcom/tg3.h",
		.harmless = "a copy of the PCI ids; tg3_dump_state() reads it on a running device",
		.never_ones = "the lower half is the vendor id, 14e4",
	}, {
		/* bnx2x_pci_tbl without the virtual functions. */
		.vendor = BROADCOM,
		.devices = IDS(0x164e, 0x164f, 0x1650, 0x1662, 0x1663, 0x168a, 0x16a5, 0x168e,
			       0x16ae, 0x168d, 0x16a1, 0x16a2, 0x16ab, 0x16a4, 0x163d, 0x163e),
		.name = "bnx2x: MISC_REG_CHIP_NUM",
		.bar = 0, .offset = 0xa408, .width = 4, .mask = 0xffff0000, .want = 0,
		.source = "MISC_REG_CHIP_NUM in drivers/net/ethernet/broadcom/bnx2x/bnx2x_reg.h: \"[R 16]\"",
		.harmless = "a read-only part number",
		.never_ones = "16 bits wide; bnx2x_get_hwinfo() takes all-ones for a chip that is not accessible",
	}, {
		/* igb_pci_tbl. */
		.vendor = INTEL,
		.devices = IDS(0x10c9, 0x10e6, 0x10e7, 0x10e8, 0x1526, 0x150a, 0x1518, 0x150d,
			       0x10a7, 0x10a9, 0x10d6, 0x150e, 0x150f, 0x1510, 0x1511, 0x1516,
			       0x1527, 0x1521, 0x1522, 0x1523, 0x1524, 0x1533, 0x1536, 0x1537,
			       0x1538, 0x157b, 0x157c, 0x1539),
		.name = "igb: CTRL",
		.bar = 0, .offset = 0x00, .width = 4, .mask = 0x04000000, .want = 0,
		.source = "E1000_CTRL in drivers/net/ethernet/intel/igb/e1000_regs.h, E1000_CTRL_RST in "
			  "e1000_defines.h there",
		.harmless = "igb_rd32() reads it whenever another register is all-ones",
		.never_ones = "the reset bit clears itself; igb_rd32() takes all-ones for a removed device",
	}, {
		/* e1000_pci_tbl of e1000e: 82571 to 82574, 82583, 80003ES2LAN: no chipsets. */
		.vendor = INTEL,
		.devices = IDS(0x105e, 0x105f, 0x1060, 0x10a4, 0x10d5, 0x10a5, 0x10bc, 0x10d9,
			       0x10da, 0x107d, 0x107e, 0x107f, 0x10b9, 0x108b, 0x108c, 0x109a,
			       0x10d3, 0x10f6, 0x150c, 0x1096, 0x1098, 0x10ba, 0x10bb),
		.name = "e1000e: STATUS",
		.bar = 0, .offset = 0x08, .width = 4, .mask = 0x00000008, .want = 0,
		.source = "E1000_STATUS (\"RO\") in drivers/net/ethernet/intel/e1000e/regs.h, "
			  "E1000_STATUS_FUNC_MASK in defines.h there",
		.harmless = "read-only; e1e_flush() reads it after every posted write that matters",
		.never_ones = "bits 3:2 are the number of the port, and these chips have one or two ports",
	}, {
		/* ixgbe_pci_tbl: 82598, 82599, X540, X550 without the virtual functions. */
		.vendor = INTEL,
		.devices = IDS(0x10b6, 0x1508, 0x10c6, 0x10c7, 0x10db, 0x10c8, 0x150b, 0x10dd,
			       0x10ec, 0x10f1, 0x10e1, 0x10f4, 0x10f7, 0x1514, 0x1517, 0x151c,
			       0x10f9, 0x10fb, 0x152a, 0x1529, 0x1507, 0x154d, 0x1557, 0x10fc,
			       0x10f8, 0x154f, 0x1528, 0x154a, 0x1558, 0x1560, 0x1563, 0x15d1),
		.name = "ixgbe: STATUS",
		.bar = 0, .offset = 0x08, .width = 4, .mask = 0, .want = 0,
		.source = "IXGBE_STATUS in drivers/net/ethernet/intel/ixgbe/ixgbe_type.h",
		.harmless = "ixgbe_check_remove() reads it whenever another register is all-ones",
		.never_ones = "ixgbe_check_remove() takes all-ones in it for a removed device",
	}, {
		/* i40e_pci_tbl. */
		.vendor = INTEL,
		.devices = IDS(0x1572, 0x1580, 0x1581, 0x1583, 0x1584, 0x1585, 0x1586, 0x1587,
			       0x1588, 0x1589, 0x158a, 0x158b, 0x15ff, 0x104f, 0x104e, 0x101f,
			       0x0dd2, 0x37ce, 0x37cf, 0x37d0, 0x37d1, 0x37d2, 0x37d3),
		.name = "i40e: GLGEN_RSTAT",
		.bar = 0, .offset = 0xb8188, .width = 4, .mask = 0x3, .want = 0,
		.source = "I40E_GLGEN_RSTAT and _DEVSTATE_MASK in "
			  "drivers/net/ethernet/intel/i40e/i40e_register.h",
		.harmless = "i40e_pf_reset() reads it in a loop",
		.never_ones = "bits 1:0 are 0 unless a reset is under way (i40e_pf_reset()); then firmware is asked",
	}, {
		/* ice_pci_tbl: E810, E822, E823. */
		.vendor = INTEL,
		.devices = IDS(0x1591, 0x1592, 0x1593, 0x1599, 0x159a, 0x159b, 0x188a, 0x188b,
			       0x188c, 0x188d, 0x188e, 0x1890, 0x1891, 0x1892, 0x1893, 0x1894,
			       0x1897, 0x1898, 0x1899, 0x189a, 0x124c, 0x124d, 0x124e, 0x124f,
			       0x151d),
		.name = "ice: GLGEN_RSTAT",
		.bar = 0, .offset = 0xb8188, .width = 4, .mask = 0x3, .want = 0,
		.source = "GLGEN_RSTAT and GLGEN_RSTAT_DEVSTATE_M in "
			  "drivers/net/ethernet/intel/ice/ice_hw_autogen.h",
		.harmless = "ice_check_reset() reads it in a loop",
		.never_ones = "bits 1:0 are 0 unless a reset is under way (ice_check_reset()); then firmware is asked",
	}, {
		/* lpfc_id_table: Lancer, G6, G7, G7+ (SLI_INTF types 2, 6), no VFs. */
		.vendor = EMULEX,
		.devices = IDS(0xe200, 0xe260, 0xe300, 0xf400, 0xf500),
		.name = "lpfc: SLIPORT_STATUS",
		.bar = 0, .offset = 0x404, .width = 4, .mask = 0x80800000, .want = 0x00800000,
		.source = "LPFC_CTL_PORT_STA_OFFSET and lpfc_sliport_status_{err,rdy} in "
			  "drivers/scsi/lpfc/lpfc_hw4.h; lpfc_sli4_bar0_register_memmap()",
		.harmless = "lpfc_sli4_eratt_read() polls it",
		.never_ones = "ready and no error; lpfc_readl() takes all-ones for a failed read",
	}, {
		/* qla2x00_iospace_config(): registers in BAR 1. */
		.vendor = QLOGIC,
		.devices = IDS(0x2422, 0x2432, 0x8432, 0x5422, 0x5432, 0x2532),
		.name = "qla2xxx: host_status",
		.bar = 1, .offset = 0x44, .width = 4, .mask = 0, .want = 0,
		.source = "struct device_reg_24xx in drivers/scsi/qla2xxx/qla_fw.h",
		.harmless = "qla24xx_intr_handler() reads it; writing hccr acknowledges, not reading",
		.never_ones = "qla2x00_check_reg32_for_disconnect() takes all-ones in it for a lost device",
	}, {
		/* qla83xx_iospace_config(): registers in BAR 0. */
		.vendor = QLOGIC,
		.devices = IDS(0x2031, 0x2071, 0x2271, 0x2261, 0x2081, 0x2089, 0x2281, 0x2289),
		.name = "qla2xxx: host_status",
		.bar = 0, .offset = 0x44, .width = 4, .mask = 0, .want = 0,
		.source = "struct device_reg_24xx in drivers/scsi/qla2xxx/qla_fw.h",
		.harmless = "qla24xx_msix_default() reads it; writing hccr acknowledges, not reading",
		.never_ones = "qla2x00_check_reg32_for_disconnect() takes all-ones in it for a lost device",
	}, {
		/* ipr_chip_cfg[2]: CRoC, Crocodile, Rattlesnake. */
		.vendor = IBM,
		.devices = IDS(0x033d, 0x034a, 0x04da),
		.name = "ipr: sense_uproc_interrupt_reg32",
		.bar = 0, .offset = 0x24, .width = 4, .mask = 0x01000000, .want = 0,
		.source = "ipr_chip_cfg[] in drivers/scsi/ipr.c, IPR_UPROCI_RESET_ALERT in ipr.h",
		.harmless = "the sense register; setting and clearing have registers and writes of their own, and "
			    "ipr_get_ldump_data_section() reads it in a loop",
		.never_ones = "the reset alert is 0 unless the adapter is about to be reset; then firmware is asked",
	}, {
		/* ipr_chip_cfg[0]: Citrine, Obsidian, Obsidian-E. */
		.vendor = IBM,
		.devices = IDS(0x028c, 0x02bd, 0x0339),
		.name = "ipr: sense_uproc_interrupt_reg",
		.bar = 0, .offset = 0x214, .width = 4, .mask = 0x01000000, .want = 0,
		.source = "ipr_chip_cfg[] in drivers/scsi/ipr.c, IPR_UPROCI_RESET_ALERT in ipr.h",
		.harmless = "ipr_probe_ioa() and ipr_get_ldump_data_section() read it, the latter in a loop",
		.never_ones = "the reset alert is 0 unless the adapter is about to be reset; then firmware is asked",
	}, {
		/* ipr_chip_cfg[0] with Adaptec's id: Obsidian. */
		.vendor = ADAPTEC2,
		.devices = IDS(0x0500),
		.name = "ipr: sense_uproc_interrupt_reg",
		.bar = 0, .offset = 0x214, .width = 4, .mask = 0x01000000, .want = 0,
		.source = "ipr_chip_cfg[] in drivers/scsi/ipr.c, IPR_UPROCI_RESET_ALERT in ipr.h",
		.harmless = "ipr_probe_ioa() and ipr_get_ldump_data_section() read it, the latter in a loop",
		.never_ones = "the reset alert is 0 unless the adapter is about to be reset; then firmware is asked",
	}, {
		.vendor = QEMU,
		.devices = IDS(0x11e8),
		.name = "edu: identification",
		.bar = 0, .offset = 0x00, .width = 4, .mask = 0x0000ffff, .want = 0x00ed,
		.source = "QEMU, docs/specs/edu.rst: \"0x00 (RO): identification\"",
		.harmless = "read-only",
		.never_ones = "a constant, 0xRRrr00ed",
	}, {
		.vendor = REDHAT,
		.devices = IDS(0x1110),
		.name = "ivshmem: IVPosition",
		.bar = 0, .offset = 0x08, .width = 4, .mask = 0xffff0000, .want = 0,
		.source = "QEMU, docs/specs/ivshmem-spec.rst: registers in BAR0, IVPosition (read-only)",
		.harmless = "read-only",
		.never_ones = "0 (ivshmem-plain), or an id of 0 to 65535; before QEMU 2.6 it could be -1 after a "
			      "reset, which the mask refuses",
	},
};

const size_t eeh_canary_table_len = ARRAY_SIZE(eeh_canary_table);

const struct eeh_canary_entry *eeh_canary_find(uint16_t vendor, uint16_t device,
					       uint32_t class_code)
{
	const struct eeh_canary_entry *e, *found = NULL;
	const uint16_t *id;

	/* What is known of the very device goes before what is known of its class. */
	for (e = eeh_canary_table; e < eeh_canary_table + ARRAY_SIZE(eeh_canary_table); e++) {
		if (e->devices && e->vendor == vendor) {
			for (id = e->devices; *id; id++)
				if (*id == device)
					return e;
		}
		if (!e->devices && e->class_code == class_code)
			found = e;
	}
	return found;
}
