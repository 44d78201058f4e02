/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * eeh-controld. One process, one thread, one loop:
 *
 *	events (backend) -> engines (libeeh's recovery) -> state on disk -> workers
 *
 * Nothing is done to a PE before the engine that wants it is on disk. What may
 * block, and that is everything done to a PE, is done by a child process: a
 * worker, which writes what became of it where the next controller finds it.
 */
#ifndef __EEH_CONTROLD_H
#define __EEH_CONTROLD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include <eeh/recovery.h>

#include "backend.h"
#include "config.h"
#include "state.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define NS_PER_MS	UINT64_C(1000000)
#define NS_PER_S	UINT64_C(1000000000)

#define DEFAULT_CONFIG	"/etc/eeh/controld.conf"
#define DEFAULT_RUN	"/run/eeh-controld"

/* Bounds, so that nothing that a guest does costs memory without end. */
#define PES_MAX		4096
#define WORKERS_MAX	32
#define CLIENTS_MAX	32

struct controld;

struct pe {
	struct pe *next;
	struct controld *c;
	uint32_t phb;
	uint32_t addr;
	struct eeh_recovery *r;
	const struct rule *rule;	/* of the configuration in force */
	uint32_t policy;		/* enum eeh_recovery_policy: the rule's, if it may */
	struct pe_desc *desc;		/* NULL: not there now */
	bool known;			/* its last enumeration saw it */
	/* What the engine wants done; begun once it is on disk. */
	uint32_t want;			/* enum eeh_recovery_action */
	uint32_t want_reset;
	uint64_t ticket;		/* of the last action, on disk */
	bool orphan;			/* begun by an earlier controller; to be found out */
	pid_t worker;
	/* Notices of this PE that may still be written, and those that were not. */
	unsigned int notices;
	unsigned int unsaid;
	uint64_t notices_at;
};

struct client;

struct controld {
	sd_event *loop;
	const char *run;		/* directory of the socket, the state, ... */
	int run_fd;
	int lock_fd;
	const char *config_path;
	struct config *config;
	bool config_ok;			/* the last reload succeeded */
	char config_error[256];
	uint64_t started;		/* CLOCK_REALTIME, ns */
	uint64_t listens;		/* since when; CLOCK_BOOTTIME */
	void *be;
	struct pe *pes;
	size_t nr_pes;
	struct state state;		/* counters, last event */
	int events_log;			/* fd of what was read and is not in the state yet */
	size_t events_logged;
	bool dirty;			/* the state on disk is not that in memory */
	uint64_t lost_seen;
	unsigned int workers;
	sd_event_source *timer;
	bool sweeping;
	uint64_t next_sweep;
	struct client *clients;
	unsigned int nr_clients;
	unsigned int nr_watchers;	/* of notices */
	unsigned int nr_listeners;	/* to events */
	bool stopping;			/* begins nothing new */
};

uint64_t now_ns(void);			/* CLOCK_BOOTTIME */

/* pes.c: what is known about every PE */
struct pe *pe_get(struct controld *c, uint32_t phb, uint32_t addr, bool make);
int pes_refresh(struct controld *c);	/* enumerate, choose rules */
void pes_rules(struct controld *c);	/* a new configuration */
/* Tell an engine; remembers what it wants, and tells others what happened. */
void pe_tell(struct controld *c, struct pe *p, struct eeh_recovery_event ev);
/* Somebody noticed: @time as of its clock, @source: enum eeh_source. */
void pe_frozen(struct controld *c, struct pe *p, uint64_t time, uint32_t source);
void pe_event(struct controld *c, const struct eeh_event *ev);
void pes_tick(struct controld *c);	/* deadlines, sweep */
uint64_t pes_deadline(const struct controld *c);
void pe_status(const struct pe *p, struct eeh_recovery_status *st);

/* save.c: the state's way to disk and back */
int controld_load(struct controld *c);
/* Saves if dirty, then begins what is wanted. */
void controld_commit(struct controld *c);
int events_log_open(struct controld *c);
int events_log_add(struct controld *c, const struct eeh_event *ev);

/* keep.c: what happens while no controller runs */
#define KEEP_NAME	"eeh-dev"	/* of a descriptor that systemd holds */
void keep_listening(struct controld *c);
void keep_catch_up(struct controld *c);

/* worker.c */
int worker_begin(struct controld *c, struct pe *p);
/* An action of an earlier controller: tells the engine what became of it, once it has ended. */
void worker_adopt(struct controld *c, struct pe *p);
/* Asks all PEs that are thought to be well. */
int sweep_begin(struct controld *c);

/* notice.c: what others are told: journal, clients that watch */
__attribute__((format(printf, 3, 4)))
void say(struct controld *c, int priority, const char *fmt, ...);
void notice(struct controld *c, struct pe *p, const struct eeh_recovery_step *step);
void notice_log(struct controld *c, struct pe *p, const struct outcome *out);
const char *pe_name(const struct pe *p);	/* "0001:fd", static */

/* client.c: eeh-controld as the client of a running one; returns the exit code */
int client_main(const char *run, int argc, char **argv);

/* server.c, main.c */
int server_open(struct controld *c);
void server_watchers(struct controld *c, const char *line);
void server_event(struct controld *c, const struct eeh_event *ev);
void server_lost(struct controld *c);	/* some were, on their way to here */
void controld_reload(struct controld *c);

/* metrics.c */
/* OpenMetrics text, malloc'ed; NULL: no memory. */
char *metrics_text(struct controld *c, size_t *len);
void metrics_file(struct controld *c);

#endif /* __EEH_CONTROLD_H */
