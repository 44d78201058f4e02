/* SPDX-License-Identifier: GPL-2.0-only */
/* What the controller remembers, as text. */
#ifndef __EEH_CONTROLD_STATE_H
#define __EEH_CONTROLD_STATE_H

#include <stddef.h>
#include <stdint.h>

#include <eeh/recovery.h>

#include <eeh/eeh_dev.h>

#define BUCKETS	9		/* of the histogram; the last one is +Inf */

extern const uint32_t bucket_seconds[BUCKETS - 1];

struct state {
	uint64_t seq;			/* highest of the events that were taken */
	uint64_t window;		/* bit n: seq - n was taken */
	uint64_t time;			/* of the latest */
	uint64_t events[EEH_EVENT_MAX];
	uint64_t lost;
	uint64_t actions;		/* begun; numbers them, too */
	uint64_t notices_unsaid;
	uint64_t recovered, normal, permanent, resets, failed, timeouts;
	uint64_t freezes;
	uint64_t freezes_by[EEH_SOURCE_MAX];
	uint64_t recovery_ns;		/* sum */
	uint64_t recovery[BUCKETS];	/* not cumulative */
};

#define STATE_MAX	(4 * 1024 * 1024)

/* @ticket: number of the last action; @text: an engine, for eeh_recovery_load(). */
typedef int (*state_pe_fn)(void *arg, uint64_t ticket, const char *text);

/*
 * Anything may be given. 0; -EBADMSG and a sentence; -EPROTO (written by a newer
 * version), -ESTALE (of another boot: all PEs are new); what @fn returned.
 */
int state_parse(const char *text, size_t len, const char *boot, struct state *state,
		state_pe_fn fn, void *arg, char *error, size_t errlen);

/* One line of the log of events that are not in the state yet; -EBADMSG. */
#define EVENT_LINE_MAX	160
int event_line(const struct eeh_event *ev, char *buf, size_t len);
int event_parse(const char *line, size_t len, struct eeh_event *ev);

#include <stdio.h>
int state_print(FILE *f, const char *boot, const struct state *state);
int state_print_pe(FILE *f, uint64_t ticket, const struct eeh_recovery *r);
int state_print_end(FILE *f, size_t pes);

#endif /* __EEH_CONTROLD_STATE_H */
