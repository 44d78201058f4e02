/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __EEH_ZPCI_INTERNAL_H
#define __EEH_ZPCI_INTERNAL_H

#include <eeh/zpci.h>

#include "pe_internal.h"

/* The function id of a PCI function; -ENOENT (not of zPCI, or gone), -EBADMSG. */
int eeh_zpci_read_fid(struct eeh_ctx *ctx, const char *address, uint32_t *fid);

/* What the event's program cannot know: the function's PCI domain, and whose it is. */
struct eeh_event;
void eeh_zpci_event(struct eeh_ctx *ctx, struct eeh_event *e);

/* After the reset: the owner's remap() and enable(). */
int eeh_zpci_setup(struct eeh_zpci *z);

#endif /* __EEH_ZPCI_INTERNAL_H */
