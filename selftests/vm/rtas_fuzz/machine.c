// SPDX-License-Identifier: GPL-2.0-only
/* What there is: calls and their tokens, our PE, others'. */
#include <linux/module.h>
#include <linux/of.h>
#include <linux/pci.h>

#include <asm/eeh.h>
#include <asm/pci-bridge.h>

#include "rtas_fuzz.h"

static char *dev = "0001:00:01.0";
module_param(dev, charp, 0444);
static char *others = "";
module_param(others, charp, 0444);

const struct call calls[] = {
	{ "ibm,read-slot-reset-state2", 3, 4, 5, F_PE | F_STATE },
	{ "ibm,read-slot-reset-state", 3, 3, 3, F_PE | F_STATE },
	{ "ibm,set-eeh-option", 4, 1, 1, F_PE },
	{ "ibm,get-config-addr-info2", 4, 2, 2, F_PE | F_INFO },
	{ "ibm,get-config-addr-info", 4, 2, 2, F_PE | F_INFO },
	{ "ibm,set-slot-reset", 4, 1, 1, F_PE | F_SLOW },
	{ "ibm,configure-pe", 3, 1, 1, F_PE },
	{ "ibm,configure-bridge", 3, 1, 1, F_PE },
	{ "ibm,slot-error-detail", 8, 1, 1, F_PE, { 4, 6 } },
	{ "ibm,open-errinjct", 0, 2, 2 },
	{ "ibm,errinjct", 3, 1, 1, 0, { 3 } },
	{ "ibm,close-errinjct", 1, 1, 1 },
	{ "ibm,read-pci-config", 4, 2, 2, F_VMM },
	{ "read-pci-config", 2, 2, 2, F_VMM },
	{ "get-time-of-day", 0, 8, 8, F_VMM },
	{ "get-sensor-state", 2, 2, 2, F_VMM },
	{ "query-cpu-stopped-state", 1, 2, 2, F_VMM },
	{ "ibm,get-xive", 1, 3, 3, F_VMM },
	{ "ibm,query-pe-dma-window", 3, 5, 6, F_VMM },
	{ "ibm,query-interrupt-source-number", 4, 3, 3, F_VMM },
	{ "ibm,get-system-parameter", 3, 1, 1, F_VMM, { 2 } },
	{ "event-scan", 4, 1, 1, F_VMM, { 3 } },
	{ "check-exception", 6, 1, 1, F_VMM, { 5 } },
};

const unsigned int nr_calls = ARRAY_SIZE(calls);
static_assert(ARRAY_SIZE(calls) <= MAX_CALLS);

struct machine m;
module_param_named(base, m.base, ulong, 0444);
module_param_named(size, m.size, ulong, 0444);
module_param_named(stock, m.stock, bool, 0444);

static u32 denied[128];
static unsigned int nr_denied;

bool is_denied(u32 token)
{
	unsigned int i;

	for (i = 0; i < nr_denied; i++)
		if (denied[i] == token)
			return true;
	return false;
}

const struct call *call_of(u32 token)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (m.tokens[i] && m.tokens[i] == token)
			return &calls[i];
	return NULL;
}

bool is_open(const struct call *call)
{
	return !strcmp(call->name, "ibm,open-errinjct");
}

bool own_buid(const u32 *args)
{
	return args[1] == upper_32_bits(m.own.buid) && args[2] == lower_32_bits(m.own.buid);
}

bool is_own(const u32 *args)
{
	return own_buid(args) && (m.stock || args[0] == m.own.addr || args[0] == m.own_dev);
}

/* Every number in /rtas that is no call of ours may be one that is better not made. */
static int find_tokens(void)
{
	struct device_node *rtas = of_find_node_by_path("/rtas");
	struct property *p;
	unsigned int i;
	int err = 0;

	if (!rtas)
		return -ENODEV;
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (of_property_read_u32(rtas, calls[i].name, &m.tokens[i]))
			m.tokens[i] = 0;
	for_each_property_of_node(rtas, p) {
		if (p->length != 4 || call_of(be32_to_cpup(p->value)))
			continue;
		if (nr_denied == ARRAY_SIZE(denied)) {
			err = -E2BIG;
			break;
		}
		denied[nr_denied++] = be32_to_cpup(p->value);
	}
	of_node_put(rtas);
	return err ?: m.tokens[0] && m.tokens[2] ? 0 : -ENODEV;
}

static int find_device(void)
{
	unsigned int domain, bus, slot, fn, i;
	struct eeh_dev *edev;
	struct pci_dev *p;
	int err = -ENODEV;

	if (sscanf(dev, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return -EINVAL;
	p = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
	edev = p ? pci_dev_to_eeh_dev(p) : NULL;
	if (edev && eeh_dev_to_pe(edev)) {
		m.own.buid = eeh_dev_to_pe(edev)->phb->buid;
		m.own.addr = eeh_dev_to_pe(edev)->addr;
		m.own_dev = (u32)bus << 16 | (u32)p->devfn << 8;
		for (i = 0; i < PCI_STD_NUM_BARS && !m.bar_len; i++) {
			if (!(pci_resource_flags(p, i) & IORESOURCE_MEM))
				continue;
			m.bar = pci_resource_start(p, i);
			m.bar_len = pci_resource_len(p, i);
		}
		err = 0;
	}
	pci_dev_put(p);
	return err;
}

static int parse_others(void)
{
	const char *s;
	int n;

	for (s = others; *s; s += n) {
		struct pe_name *o = &m.other[m.nr_others];

		if (m.nr_others++ == MAX_OTHERS ||
		    sscanf(s, "%llx:%x%n", &o->buid, &o->addr, &n) != 2)
			return -EINVAL;
		n += s[n] == ',';
	}
	return 0;
}

int find_machine(void)
{
	int err = find_tokens();

	if (!err)
		err = find_device();
	return err ?: parse_others();
}
