// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which PEs there are. A device's PE is in its file eeh_pe_config_addr
 * (arch/powerpc/kernel/eeh_sysfs.c), as 0x and hexadecimal digits; PE and PCI
 * domain together name it. On s390x it is the function id, in the file function_id
 * (arch/s390/pci/pci_sysfs.c).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zpci_internal.h"

int eeh_pe_name_parse(const char *s, uint32_t *phb, uint32_t *addr)
{
	size_t n = s ? strspn(s, "0123456789abcdefABCDEF") : 0;
	size_t m = n && s[n] == ':' ? strspn(s + n + 1, "0123456789abcdefABCDEF") : 0;

	if (!m || n > 8 || m > 8 || s[n + 1 + m])
		return -EINVAL;
	*phb = strtoul(s, NULL, 16);
	*addr = strtoul(s + n + 1, NULL, 16);
	return 0;
}

/* Which PE is a device in? 0, -ENOENT (in none), -EBADMSG. */
static int read_pe(struct eeh_ctx *ctx, const char *address, uint32_t *addr)
{
	char buf[32];
	uint64_t val;
	int err;

	if (eeh_platform(ctx) == EEH_PLATFORM_ZPCI)
		return eeh_zpci_read_fid(ctx, address, addr);
	err = eeh_pci_read(ctx, address, "eeh_pe_config_addr", buf, sizeof(buf));
	if (err == -ENOENT || err == -ENODEV)
		return -ENOENT;
	/* There is no device of EEH behind the file (eeh_show_pe_config_addr()). */
	if (!err && !*buf)
		return -ENOENT;
	if (err || eeh_parse_u64(buf, &val) || val > UINT32_MAX)
		return eeh_pci_garbled(ctx, address, "eeh_pe_config_addr");
	/*
	 * PE 0 is as good as any on bare metal. Elsewhere the number is a config address of
	 * firmware, and 0 is what the kernel starts with.
	 */
	if (!val && eeh_platform(ctx) != EEH_PLATFORM_POWERNV)
		return -ENOENT;
	*addr = val;
	return 0;
}

static int read_device(struct eeh_ctx *ctx, const char *address, struct eeh_pe_device *d)
{
	struct eeh_pci_ids ids;
	uint64_t group;
	char buf[32];
	int err;

	memset(d, 0, sizeof(*d));
	d->sz = sizeof(*d);
	snprintf(d->address, sizeof(d->address), "%s", address);
	err = eeh_pci_read_ids(ctx, address, &ids);
	if (!err)
		err = eeh_pci_read_bars(ctx, address, d->bar);
	if (err)
		return err;
	d->vendor_id = ids.vendor;
	d->device_id = ids.device;
	d->class_code = ids.class_code;
	eeh_pci_read_link(ctx, address, "driver", d->driver, sizeof(d->driver));
	eeh_pci_read_link(ctx, address, "iommu_group", buf, sizeof(buf));
	d->iommu_group = !eeh_parse_u64(buf, &group) && group <= INT32_MAX ? (int32_t)group : -1;
	return 0;
}

/* The PE of the bridge above: the part before the last of what the device's link points to. */
static void read_parent(struct eeh_ctx *ctx, struct eeh_pe_info *info, const char *address)
{
	char target[PATH_MAX], above[EEH_PCI_ADDRESS_LEN], *slash;
	uint32_t addr;

	if (info->has_parent || eeh_pci_link_target(ctx, address, "", target, sizeof(target)))
		return;
	slash = strrchr(target, '/');
	if (!slash)
		return;
	*slash = '\0';
	slash = strrchr(target, '/');
	if (!slash || eeh_pci_address(slash + 1, above) || read_pe(ctx, above, &addr) ||
	    addr == info->addr)
		return;
	info->parent = addr;
	info->has_parent = true;
}

static struct eeh_pe_node *find(const struct eeh_pe_list *list, uint32_t phb, uint32_t addr)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		if (list->pes[i].info.phb == phb && list->pes[i].info.addr == addr)
			return &list->pes[i];
	return NULL;
}

static int add_device(struct eeh_ctx *ctx, struct eeh_pe_list *list, const char *address)
{
	struct eeh_pe_node *n, *more;
	struct eeh_pe_device d, *devs;
	uint32_t phb, addr;
	int err;

	err = read_pe(ctx, address, &addr);
	if (!err)
		err = read_device(ctx, address, &d);
	if (err)	/* in no PE, or gone meanwhile */
		return err == -ENOENT ? 0 : err;
	phb = strtoul(address, NULL, 16);
	n = find(list, phb, addr);
	if (!n) {
		more = realloc(list->pes, (list->nr + 1) * sizeof(*more));
		if (!more)
			return eeh_fail(ctx, -ENOMEM, "out of memory");
		list->pes = more;
		n = &more[list->nr++];
		memset(n, 0, sizeof(*n));
		n->info.sz = sizeof(n->info);
		n->info.phb = phb;
		n->info.addr = addr;
		n->info.zpci = eeh_platform(ctx) == EEH_PLATFORM_ZPCI;
		n->info.iommu_group = -1;
		snprintf(n->info.name, sizeof(n->info.name), "%04" PRIx32 ":%" PRIx32, phb, addr);
	}
	devs = realloc(n->dev, (n->info.nr_devices + 1) * sizeof(*devs));
	if (!devs)
		return eeh_fail(ctx, -ENOMEM, "out of memory");
	n->dev = devs;
	devs[n->info.nr_devices++] = d;
	read_parent(ctx, &n->info, address);
	return 0;
}

static void count_groups(struct eeh_pe_node *n)
{
	struct eeh_pe_info *info = &n->info;
	size_t i, j;

	for (i = 0; i < info->nr_devices; i++) {
		if (n->dev[i].iommu_group < 0)
			continue;
		for (j = 0; j < i && n->dev[j].iommu_group != n->dev[i].iommu_group; j++)
			;
		if (j < i)
			continue;
		if (!info->nr_groups++)
			info->iommu_group = n->dev[i].iommu_group;
	}
}

/* Bridges have drivers that own nothing: they count if there is nothing else. */
static void find_owner(struct eeh_pe_node *n, const struct eeh_procs *procs)
{
	struct eeh_pe_info *info = &n->info;
	bool kernel = false, passed = false, bridge = false;
	const struct eeh_pe_device *d;
	const char *driver = NULL;
	size_t i, j;

	for (i = 0; i < info->nr_devices; i++) {
		d = &n->dev[i];
		if (!*d->driver)
			continue;
		if (eeh_pci_is_bridge(d->class_code) && !eeh_pci_is_passed(d->driver)) {
			bridge = true;
			continue;
		}
		if (eeh_pci_is_passed(d->driver))
			passed = true;
		else
			kernel = true;
		if (driver && strcmp(driver, d->driver))
			info->shared = true;
		driver = d->driver;
	}
	for (i = 0; passed && i < procs->nr; i++) {
		for (j = 0; j < info->nr_devices; j++)
			if (eeh_proc_has(&procs->list[i], n->dev[j].iommu_group, n->dev[j].address))
				break;
		if (j == info->nr_devices)
			continue;
		if (!info->nr_pids++) {
			info->pid = procs->list[i].pid;
			snprintf(info->comm, sizeof(info->comm), "%s", procs->list[i].comm);
		}
	}
	info->shared |= info->nr_pids > 1;
	info->owner = kernel && passed ? EEH_PE_OWNER_MIXED :
		      kernel ? EEH_PE_OWNER_KERNEL :
		      info->nr_pids ? EEH_PE_OWNER_PROCESS :
		      passed ? procs->partial ? EEH_PE_OWNER_UNKNOWN : EEH_PE_OWNER_IDLE :
		      bridge ? EEH_PE_OWNER_KERNEL : EEH_PE_OWNER_NONE;
}

static int by_name(const void *a, const void *b)
{
	const struct eeh_pe_info *x = &((const struct eeh_pe_node *)a)->info;
	const struct eeh_pe_info *y = &((const struct eeh_pe_node *)b)->info;

	return x->phb != y->phb ? (x->phb > y->phb) - (x->phb < y->phb) :
	       (x->addr > y->addr) - (x->addr < y->addr);
}

static bool any_passed(const struct eeh_pe_list *list)
{
	size_t i, j;

	for (i = 0; i < list->nr; i++)
		for (j = 0; j < list->pes[i].info.nr_devices; j++)
			if (eeh_pci_is_passed(list->pes[i].dev[j].driver))
				return true;
	return false;
}

int eeh_pe_list_get(struct eeh_ctx *ctx, struct eeh_pe_list *list)
{
	char (*addresses)[EEH_PCI_ADDRESS_LEN];
	struct eeh_pe_node *n;
	size_t nr, i, j;
	int err;

	memset(list, 0, sizeof(*list));
	err = eeh_pci_list(ctx, &addresses, &nr);
	if (err)
		return err;
	for (i = 0; !err && i < nr; i++)
		err = add_device(ctx, list, addresses[i]);
	free(addresses);
	if (!err && !list->nr)
		err = eeh_fail(ctx, -EOPNOTSUPP, "no PCI device is in a PE: this machine or its kernel "
			       "has no EEH, or it is off (eeh=off on the kernel's command line)");
	if (!err && any_passed(list))
		err = eeh_procs_scan(ctx, &list->procs);
	if (!err)
		qsort(list->pes, list->nr, sizeof(*list->pes), by_name);
	for (i = 0; !err && i < list->nr; i++) {
		n = &list->pes[i];
		n->ptr = calloc(n->info.nr_devices, sizeof(*n->ptr));
		if (!n->ptr) {
			err = eeh_fail(ctx, -ENOMEM, "out of memory");
			break;
		}
		for (j = 0; j < n->info.nr_devices; j++)
			n->ptr[j] = &n->dev[j];
		n->info.devices = n->ptr;
		count_groups(n);
		find_owner(n, &list->procs);
	}
	if (err)
		eeh_pe_list_free(list);
	return err;
}

int eeh_pe_list_get_one(struct eeh_ctx *ctx, uint32_t phb, uint32_t addr, struct eeh_pe_list *list,
			const struct eeh_pe_node **node)
{
	int err = eeh_pe_list_get(ctx, list);

	if (err)
		return err;
	*node = find(list, phb, addr);
	if (*node)
		return 0;
	eeh_pe_list_free(list);
	return eeh_fail(ctx, -ENODEV, "there is no PE %04" PRIx32 ":%" PRIx32 ": eehctl pe list lists "
			"what there is", phb, addr);
}

void eeh_pe_list_free(struct eeh_pe_list *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++) {
		free(list->pes[i].dev);
		free(list->pes[i].ptr);
	}
	free(list->pes);
	eeh_procs_free(&list->procs);
	memset(list, 0, sizeof(*list));
}

int eeh_pe_for_each(struct eeh_ctx *ctx, eeh_pe_fn fn, void *arg)
{
	struct eeh_pe_list list;
	size_t i;
	int err;

	err = eeh_pe_list_get(ctx, &list);
	for (i = 0; !err && i < list.nr; i++)
		err = fn(arg, &list.pes[i].info);
	eeh_pe_list_free(&list);
	return err;
}

int eeh_pe_find(struct eeh_ctx *ctx, const char *what, eeh_pe_fn fn, void *arg)
{
	char address[EEH_PCI_ADDRESS_LEN] = "";
	const struct eeh_pe_node *n;
	struct eeh_pe_list list;
	uint32_t phb, addr;
	int err;

	if (!what || (eeh_pci_address(what, address) && eeh_pe_name_parse(what, &phb, &addr)))
		return eeh_fail(ctx, -EINVAL, "\"%.40s\" is neither a PE (0001:fd) nor a PCI address "
				"(0001:01:00.0)", what ? what : "");
	if (*address) {
		phb = strtoul(address, NULL, 16);
		err = read_pe(ctx, address, &addr);
		if (err == -ENOENT)
			return eeh_fail(ctx, -ENODEV, "%s: there is no such PCI device, or it is in no "
					"PE: eehctl pe list lists what there is", address);
		if (err)
			return err;
	}
	err = eeh_pe_list_get_one(ctx, phb, addr, &list, &n);
	if (err)
		return err;
	if (fn)
		err = fn(arg, &n->info);
	eeh_pe_list_free(&list);
	return err;
}

const char *eeh_pe_owner_name(enum eeh_pe_owner owner)
{
	static const char * const names[] = {
		[EEH_PE_OWNER_NONE] = "none", [EEH_PE_OWNER_KERNEL] = "kernel",
		[EEH_PE_OWNER_IDLE] = "idle", [EEH_PE_OWNER_PROCESS] = "process",
		[EEH_PE_OWNER_MIXED] = "mixed", [EEH_PE_OWNER_UNKNOWN] = "unknown",
	};

	return owner < ARRAY_SIZE(names) ? names[owner] : "unknown";
}
