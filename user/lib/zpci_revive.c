// SPDX-License-Identifier: LGPL-2.1-or-later
/* A zPCI function whose error was permanent: out of the machine, in again, and to its driver. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zpci_internal.h"

/* The kernel scans for it before the write to its file recover returns; udev may need a moment. */
#define COME_BACK_MS	5000
#define LOOK_MS		50

static int find_fid(struct eeh_ctx *ctx, uint32_t fid, char address[EEH_PCI_ADDRESS_LEN])
{
	char (*list)[EEH_PCI_ADDRESS_LEN];
	uint32_t its;
	size_t nr, i;
	int err;

	err = eeh_pci_list(ctx, &list, &nr);
	if (err)
		return err;
	err = -ENODEV;
	for (i = 0; i < nr && err; i++)
		if (!eeh_zpci_read_fid(ctx, list[i], &its) && its == fid) {
			memcpy(address, list[i], sizeof(list[i]));
			err = 0;
		}
	free(list);
	return err;
}

static int write_file(struct eeh_ctx *ctx, const char *address, const char *file, const char *val)
{
	char rel[96];
	int err;

	snprintf(rel, sizeof(rel), EEH_PCI_DEVICES "/%s/%s", address, file);
	err = eeh_write(ctx, EEH_ROOT_SYSFS, rel, val);
	return err ? eeh_fail(ctx, err, "%s/%s: %s%s", ctx->sysfs, rel, strerror(-err),
			      err == -EACCES || err == -EPERM ? ": run it as root" : "") : 0;
}

static int bind(struct eeh_ctx *ctx, const char *address, const char *driver)
{
	char has[64];
	int err;

	err = write_file(ctx, address, "driver_override", driver);
	if (err)
		return err;
	eeh_pci_read_link(ctx, address, "driver", has, sizeof(has));
	if (*has && strcmp(has, driver))
		err = write_file(ctx, address, "driver/unbind", address);
	if (err)
		return err;
	err = eeh_write(ctx, EEH_ROOT_SYSFS, "bus/pci/drivers_probe", address);
	if (err && err != -EINVAL)
		return eeh_fail(ctx, err, "%s: cannot be bound to %s: %s", address, driver,
				strerror(-err));
	eeh_pci_read_link(ctx, address, "driver", has, sizeof(has));
	return !strcmp(has, driver) ? 0 : eeh_fail(ctx, -ENODEV, "%s: the driver %s does not take it: "
						   "is it loaded?", address, driver);
}

static int is_free(void *arg, const struct eeh_pe_info *pe)
{
	return pe->owner != EEH_PE_OWNER_PROCESS ? 0 :
	       eeh_fail(arg, -EBUSY, "%s: process %d (%s) has it open: it must let go first", pe->name,
			(int)pe->pid, pe->comm);
}

int eeh_zpci_revive(struct eeh_ctx *ctx, const char *address, const char *driver,
		    char now[EEH_PCI_ADDRESS_LEN])
{
	char addr[EEH_PCI_ADDRESS_LEN];
	uint32_t fid, waited;
	int err;

	if (eeh_platform(ctx) != EEH_PLATFORM_ZPCI)
		return eeh_fail(ctx, -EOPNOTSUPP, "this machine has no zPCI: it is no s390x");
	if (!address || eeh_pci_address(address, addr))
		return eeh_pci_no_address(ctx, address);
	err = eeh_zpci_read_fid(ctx, addr, &fid);
	if (err)
		return err == -ENOENT ? eeh_pci_no_device(ctx, addr) : err;
	err = eeh_pe_find(ctx, addr, is_free, ctx);
	if (!err)
		err = write_file(ctx, addr, "recover", "1");
	if (err)
		return err;
	err = find_fid(ctx, fid, addr);
	for (waited = 0; err && waited < COME_BACK_MS; waited += LOOK_MS) {
		eeh_sleep_ms(ctx, LOOK_MS);
		err = find_fid(ctx, fid, addr);
	}
	if (err)
		return eeh_fail(ctx, -ENODEV, "function 0x%x did not come back", fid);
	if (now)
		memcpy(now, addr, sizeof(addr));
	return driver ? bind(ctx, addr, driver) : 0;
}
