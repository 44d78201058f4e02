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

/* zpci_bpf.c: the programs that see the events, attached. */
#define EEH_ZPCI_BPF_LINKS	8

struct bpf_object;
struct bpf_link;

struct eeh_zpci_bpf {
	struct bpf_object *obj;
	struct bpf_link *links[EEH_ZPCI_BPF_LINKS];
	size_t nr;
};

struct eeh_zpci_bpf_opts {
	uint32_t types;		/* EEH_EVENT_BIT()s */
	bool keep;		/* records into the map eeh_zpci_logs, and no events */
	uint32_t ring_bytes;	/* 0: the default */
};

int eeh_zpci_bpf_open(struct eeh_ctx *ctx, const struct eeh_zpci_bpf_opts *o,
		      struct eeh_zpci_bpf *b);
void eeh_zpci_bpf_close(struct eeh_zpci_bpf *b);

/* zpci_log.c: as eeh_pe_log_next() and eeh_pe_log_fetch() of other PEs. */
int eeh_zpci_log_next(struct eeh_pe *pe, uint64_t seq, struct eeh_pe_log *log);
int eeh_zpci_log_fetch(struct eeh_pe *pe, uint64_t *seq);

/* After the reset: the owner's remap() and enable(). */
int eeh_zpci_setup(struct eeh_zpci *z);

#endif /* __EEH_ZPCI_INTERNAL_H */
