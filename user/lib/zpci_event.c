// SPDX-License-Identifier: LGPL-2.1-or-later
/* zPCI: an event names a function by its id alone; sysfs has the rest. */
#include <stdlib.h>
#include <string.h>

#include <eeh/event.h>

#include "zpci_internal.h"

void eeh_zpci_event(struct eeh_ctx *ctx, struct eeh_event *e)
{
	char (*list)[EEH_PCI_ADDRESS_LEN], driver[64];
	uint32_t fid;
	size_t nr, i;

	/* Events are rare, and functions come and go: it is looked up each time. */
	if (eeh_pci_list(ctx, &list, &nr))
		return;
	for (i = 0; i < nr; i++) {
		if (eeh_zpci_read_fid(ctx, list[i], &fid) || fid != e->pe_addr)
			continue;
		e->phb = strtoul(list[i], NULL, 16);
		if (e->type == EEH_EVENT_FROZEN) {
			eeh_pci_read_link(ctx, list[i], "driver", driver, sizeof(driver));
			e->arg[0] = eeh_pci_is_passed(driver);
		}
		break;
	}
	free(list);
}
