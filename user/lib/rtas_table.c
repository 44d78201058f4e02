// SPDX-License-Identifier: LGPL-2.1-or-later
/* What there is: calls, kinds of errors, functions of bus errors, hosts, events. */
#include "rtas_internal.h"

const struct eeh_rtas_call_info *eeh_rtas_call_info(enum eeh_rtas_call_id id)
{
	/*
	 * Shapes: LoPAR, the argument call buffer of each. ibm,get-config-addr-info and
	 * ibm,read-slot-reset-state are no longer in it: Linux still knows them
	 * (pseries_eeh_get_pe_config_addr(), pseries_eeh_get_state()).
	 */
	static const struct eeh_rtas_call_info calls[EEH_RTAS_CALLS] = {
		[EEH_RTAS_SET_EEH_OPTION] = { "ibm,set-eeh-option", 0x2020, 4, 1, 1 },
		[EEH_RTAS_GET_CONFIG_ADDR_INFO2] = { "ibm,get-config-addr-info2", 0x2021, 4, 2, 2 },
		[EEH_RTAS_READ_STATE2] = { "ibm,read-slot-reset-state2", 0x2022, 3, 4, 5 },
		[EEH_RTAS_SET_SLOT_RESET] = { "ibm,set-slot-reset", 0x2023, 4, 1, 1 },
		[EEH_RTAS_CONFIGURE_PE] = { "ibm,configure-pe", 0x2024, 3, 1, 1 },
		[EEH_RTAS_SLOT_ERROR_DETAIL] = { "ibm,slot-error-detail", 0x2025, 8, 1, 1 },
		[EEH_RTAS_GET_CONFIG_ADDR_INFO] = { "ibm,get-config-addr-info", 0x2040, 4, 2, 2 },
		[EEH_RTAS_READ_STATE] = { "ibm,read-slot-reset-state", 0x2041, 3, 3, 3 },
		[EEH_RTAS_CONFIGURE_BRIDGE] = { "ibm,configure-bridge", 0x2042, 3, 1, 1 },
		[EEH_RTAS_OPEN_ERRINJCT] = { "ibm,open-errinjct", 0x2043, 0, 2, 2 },
		[EEH_RTAS_ERRINJCT] = { "ibm,errinjct", 0x2044, 3, 1, 1 },
		[EEH_RTAS_CLOSE_ERRINJCT] = { "ibm,close-errinjct", 0x2045, 1, 1, 1 },
	};

	return (unsigned int)id < EEH_RTAS_CALLS ? &calls[id] : NULL;
}

const char *eeh_rtas_err_name(uint32_t err)
{
	static const char * const names[] = {
		[EEH_RTAS_ERR_FATAL] = "fatal",
		[EEH_RTAS_ERR_RANDOM_EVENT] = "recovered-random-event",
		[EEH_RTAS_ERR_SPECIAL_EVENT] = "recovered-special-event",
		[EEH_RTAS_ERR_PAGE] = "corrupted-page", [EEH_RTAS_ERR_SLB] = "corrupted-slb",
		[EEH_RTAS_ERR_TRANSLATOR] = "translator-failure",
		[EEH_RTAS_ERR_IOA] = "ioa-bus-error", [EEH_RTAS_ERR_PLATFORM] = "platform-specific",
		[EEH_RTAS_ERR_DCACHE_START] = "corrupted-dcache-start",
		[EEH_RTAS_ERR_DCACHE_END] = "corrupted-dcache-end",
		[EEH_RTAS_ERR_ICACHE_START] = "corrupted-icache-start",
		[EEH_RTAS_ERR_ICACHE_END] = "corrupted-icache-end",
		[EEH_RTAS_ERR_TLB_START] = "corrupted-tlb-start",
		[EEH_RTAS_ERR_TLB_END] = "corrupted-tlb-end",
		[EEH_RTAS_ERR_IOA_64] = "ioa-bus-error-64",
		[EEH_RTAS_ERR_UPSTREAM] = "upstream-IO-error",
	};

	return err < ARRAY_SIZE(names) ? names[err] : NULL;
}

#define Y EEH_INJECT_YES
#define M EEH_INJECT_MAYBE
#define N EEH_INJECT_NO
#define NONE EEH_INJECT_CLASSES

/*
 * LoPAR, "ioa-bus-error Sixth Word and ioa-bus-error-64 Eighth Word Values 0-19". Hosts: pseries
 * can memory only (pseries_eeh_err_inject()), PHB3 all but I/O ports (skiboot phb3_err_inject()),
 * PHB4 and PHB5 config accesses, the others with firmware that has learnt it
 * (phb4_err_inject()).
 */
const struct eeh_rtas_function *eeh_rtas_function(uint32_t func)
{
	static const char io[] = "no host has I/O ports on a PCI bus that errors could be made on";
	static const char pcie[] = "PCI Express has no such error (LoPAR: not applicable)";
	static const char off[] = "the kernel has no way to disarm or to read back what is armed";
	static const struct eeh_rtas_function functions[EEH_RTAS_FUNCTIONS] = {
		{ 0, "load-mem-address", EEH_INJECT_MMIO_LOAD, { Y, Y, M, M }, "" },
		{ 1, "load-mem-data", EEH_INJECT_MMIO_LOAD, { Y, Y, M, M }, "" },
		{ 2, "load-io-address", EEH_INJECT_IO_LOAD, { N, N, N, N }, io },
		{ 3, "load-io-data", EEH_INJECT_IO_LOAD, { N, N, N, N }, io },
		{ 4, "load-config-address", EEH_INJECT_CONFIG_READ, { N, Y, Y, Y }, "" },
		{ 5, "load-config-data", EEH_INJECT_CONFIG_READ, { N, Y, Y, Y }, "" },
		{ 6, "store-mem-address", EEH_INJECT_MMIO_STORE, { Y, Y, M, M }, "" },
		{ 7, "store-mem-data", EEH_INJECT_MMIO_STORE, { Y, Y, M, M }, "" },
		{ 8, "store-io-address", EEH_INJECT_IO_STORE, { N, N, N, N }, io },
		{ 9, "store-io-data", EEH_INJECT_IO_STORE, { N, N, N, N }, io },
		{ 10, "store-config-address", EEH_INJECT_CONFIG_WRITE, { N, Y, Y, Y }, "" },
		{ 11, "store-config-data", EEH_INJECT_CONFIG_WRITE, { N, Y, Y, Y }, "" },
		{ 12, "dma-read-address", EEH_INJECT_DMA_READ, { N, Y, M, M }, "" },
		{ 13, "dma-read-data", EEH_INJECT_DMA_READ, { N, Y, M, M }, "" },
		{ 14, "dma-read-master-abort", EEH_INJECT_DMA_READ, { N, N, N, N }, pcie },
		{ 15, "dma-read-target-abort", EEH_INJECT_DMA_READ, { N, Y, M, M }, "" },
		{ 16, "dma-write-address", EEH_INJECT_DMA_WRITE, { N, Y, M, M }, "" },
		{ 17, "dma-write-data", EEH_INJECT_DMA_WRITE, { N, Y, M, M }, "" },
		{ 18, "dma-write-master-abort", EEH_INJECT_DMA_WRITE, { N, N, N, N }, pcie },
		{ 19, "dma-write-target-abort", EEH_INJECT_DMA_WRITE, { N, N, N, N }, pcie },
		{ 20, "disarm", NONE, { N, N, N, N }, off },
		{ 21, "read-back", NONE, { N, N, N, N }, off },
	};

	return func < EEH_RTAS_FUNCTIONS ? &functions[func] : NULL;
}

const char *eeh_rtas_host_name(enum eeh_rtas_host host)
{
	static const char * const names[EEH_RTAS_HOSTS] = {
		[EEH_RTAS_HOST_PSERIES] = "pseries", [EEH_RTAS_HOST_PHB3] = "phb3",
		[EEH_RTAS_HOST_PHB4] = "phb4", [EEH_RTAS_HOST_PHB5] = "phb5",
	};

	return (unsigned int)host < EEH_RTAS_HOSTS ? names[host] : NULL;
}

const char *eeh_rtas_event_name(enum eeh_rtas_event_type type)
{
	static const char * const names[EEH_RTAS_EVENTS] = {
		[EEH_RTAS_EV_OPENED] = "opened", [EEH_RTAS_EV_CLOSED] = "closed",
		[EEH_RTAS_EV_INJECTED] = "injected", [EEH_RTAS_EV_REFUSED] = "refused",
		[EEH_RTAS_EV_FROZEN] = "frozen", [EEH_RTAS_EV_RESET] = "reset",
		[EEH_RTAS_EV_PERMANENT] = "permanent", [EEH_RTAS_EV_RECOVERED] = "recovered",
	};

	return (unsigned int)type < EEH_RTAS_EVENTS ? names[type] : NULL;
}
