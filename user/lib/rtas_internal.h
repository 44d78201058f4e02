/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __EEH_RTAS_INTERNAL_H
#define __EEH_RTAS_INTERNAL_H

#include <pthread.h>

#include <eeh/log.h>
#include <eeh/rtas.h>

#include "pe_internal.h"

#define MS		1000000ULL

/*
 * Locks, in this order: eeh_rtas.dev_lock, eeh_rtas_pe.lock, eeh_rtas.lock; the first two are never
 * held together. A PE with busy set belongs to the job that set it, which uses its struct eeh_pe
 * without the lock; everybody else looks at busy under the lock and leaves the PE alone.
 */

#define RTAS_MAX_ARGS	8
#define RTAS_MAX_RETS	5
#define RTAS_EVENTS	4		/* that one call can cause */
#define RTAS_DIAG_MAX	(64U << 10)

/* PAPR, ibm,configure-pe: 990x for at most a fifth of a second in all. */
#define RTAS_CONFIGURE_MS	200
/* Shorter waits make Linux warn (eeh_wait_state()). */
#define RTAS_WAIT_MIN_MS	1000
/* What the kernel's resets sleep: EEH_PE_RST_HOLD_TIME, EEH_PE_RST_SETTLE_TIME. */
#define RTAS_ASSERT_MS		250
#define RTAS_SETTLE_MS		1800

struct rtas_device {
	struct rtas_device *next;
	uint32_t config_addr;
	char host[EEH_PCI_ADDRESS_LEN];
	void *arg;
	struct eeh_pe_bar bar[EEH_BARS];	/* as the host has them: CPU addresses */
	uint64_t bus[EEH_BARS];			/* and their bus addresses; 0: not known */
	bool is_vf;
};

enum rtas_state {
	RTAS_NORMAL		= 0,
	RTAS_RESET		= 1,
	RTAS_STOPPED		= 2,
	RTAS_STOPPED_DMA	= 4,
	RTAS_UNAVAILABLE	= 5,	/* for a while */
	RTAS_PERMANENT		= 6,	/* 5 for the guest, with no time */
};

struct rtas_injection {
	uint32_t err, func;
	uint64_t addr, time_ns;
};

struct eeh_rtas_pe {
	struct eeh_rtas_pe *next;
	struct rtas_phb *phb;
	struct rtas_device *devices;	/* eeh_rtas.dev_lock */
	uint64_t buid;
	uint32_t config_addr;		/* eeh_rtas.lock */
	unsigned int refs;		/* likewise */
	void *arg;
	uint32_t drc_index;
	int32_t group;			/* -1: not known */
	char name[EEH_PE_NAME_LEN];
	uint32_t host_phb, host_addr;

	pthread_mutex_t lock;
	pthread_cond_t idle;		/* busy went away */
	bool removed;
	struct eeh_rtas_job *busy;
	struct eeh_ctx *ctx;		/* NULL: the VMM opened the PE */
	struct eeh_vfio *vfio;
	struct eeh_pe *pe;
	struct eeh_ctx *log_ctx;	/* for eeh_log_decode() and /dev/eeh */
	struct eeh_pe *log_pe;		/* by /dev/eeh; NULL: none */
	bool permanent;
	bool unbind;			/* became permanent while busy: its binding must go yet */
	bool was_reset;			/* ibm,configure-pe has something to do */
	bool frozen;			/* was seen so */
	bool outside;			/* it froze for something above it */
	bool was_unavailable;
	bool io_enabled, io_sent;
	uint64_t frozen_ns;
	uint64_t job_ns;		/* when the job began */
	uint32_t job_ms;		/* and what it takes */
	bool configured;		/* a job that configured it has ended, unasked yet */
	void *diag;			/* diagnostic data of the last freeze, with its length */
	size_t diag_len;
	struct rtas_injection injection;
	char why[200];			/* of eeh_rtas_can_inject() */
};

struct rtas_phb {
	struct rtas_phb *next;
	uint64_t buid;
	struct eeh_rtas_pe *pes;
};

struct rtas_pair {
	bool started;
	uint32_t cpu;
	uint32_t words[2];
};

#define RTAS_PAIRS	3		/* dcache, icache, tlb */

struct eeh_rtas {
	struct eeh_rtas_opts o;
	struct eeh_ctx_opts ctx_opts;
	struct eeh_sys sys;
	char *roots[4];
	struct eeh_ctx *ctx;		/* for the clock */
	uint32_t tokens[EEH_RTAS_CALLS];
	pthread_rwlock_t dev_lock;	/* lists of devices, while config_read is called */
	pthread_mutex_t lock;
	struct rtas_phb *phbs;
	unsigned int epoch;		/* resets of the machine */
	uint32_t log_id;
	/* The injection session */
	uint32_t open;			/* its token; 0: closed */
	uint32_t last_open;
	struct rtas_pair pair[RTAS_PAIRS];
	uint64_t credit;		/* injections allowed now, in thousandths */
	uint64_t credit_ns;		/* as of then */
};

struct rtas_pending_event {
	struct eeh_rtas_event ev;
	char pe[EEH_PE_NAME_LEN];
	char why[200];
};

/* A call on its way through. */
struct rtas_call {
	struct eeh_rtas *rtas;
	enum eeh_rtas_call_id id;
	uint32_t cpu;
	void *call;
	uint32_t nargs, nret;
	uint32_t args[RTAS_MAX_ARGS];
	uint32_t rets[RTAS_MAX_RETS];
	uint64_t rets_ra;
	/* What is done when no lock is held any more. */
	struct rtas_pending_event events[RTAS_EVENTS];
	unsigned int nr_events;
	struct eeh_rtas_pe *notice;	/* it froze: keep diagnostic data; a reference */
	struct eeh_rtas_job *job;
	struct eeh_rtas_pe *reset;	/* its reset begins (or ended): tell the VMM */
	enum eeh_rtas_phase phase;
};

enum rtas_job_kind { RTAS_JOB_ASSERT, RTAS_JOB_DEACTIVATE, RTAS_JOB_CONFIGURE };

struct eeh_rtas_job {
	struct eeh_rtas *rtas;
	struct eeh_rtas_pe *pe;
	enum rtas_job_kind kind;
	uint32_t func;			/* of ibm,set-slot-reset */
	unsigned int epoch;
	/* pe->lock: somebody waits for the answer */
	bool answer;
	bool ran;
	uint32_t nret;
	uint64_t rets_ra;
	uint32_t cpu;
	void *call;
	int32_t status;
	struct rtas_call c;		/* events of eeh_rtas_job_run() */
};

/* rtas.c */
void rtas_event(struct rtas_call *c, enum eeh_rtas_event_type type, struct eeh_rtas_pe *pe,
		int32_t status, const char *why);
void rtas_flush(struct rtas_call *c);		/* no lock is held */
int rtas_write_rets(struct eeh_rtas *rtas, uint64_t ra, const uint32_t *rets, uint32_t nret);
int rtas_read_words(struct eeh_rtas *rtas, uint64_t ra, uint32_t *words, size_t nr);

/* rtas_pe.c */
/* A reference, or NULL. @is_pe: @addr is its PE config address; @phb: there is such a PHB. */
struct eeh_rtas_pe *rtas_pe_find(struct eeh_rtas *rtas, uint64_t buid, uint32_t addr, bool *is_pe,
				 bool *phb);
void rtas_pe_put(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe);
/* All of them, with references; free() the list. NULL and *nr 0: none, or no memory. */
struct eeh_rtas_pe **rtas_pe_all(struct eeh_rtas *rtas, size_t *nr);
void rtas_pe_get(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe);
/* True: with pe->lock; false: busy or removed, without. */
bool rtas_pe_lock(struct eeh_rtas_pe *pe);
unsigned int rtas_pe_devices(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe);
bool rtas_owns(struct eeh_rtas *rtas, uint32_t host_phb, uint32_t host_addr);

/* rtas_eeh.c */
/* pe->lock is held, and it is not busy. @ms: of RTAS_UNAVAILABLE */
enum rtas_state rtas_state(struct rtas_call *c, struct eeh_rtas_pe *pe, uint32_t *ms);
void rtas_permanent(struct rtas_call *c, struct eeh_rtas_pe *pe, const char *why);
void rtas_pe_reset(struct rtas_call *c, struct eeh_rtas_pe *pe);
void rtas_forget_log(struct eeh_rtas_pe *pe);
int rtas_call_eeh(struct rtas_call *c);

/* rtas_log.c */
void rtas_notice(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe);
int32_t rtas_error_detail(struct rtas_call *c, struct eeh_rtas_pe *pe);

/* rtas_inject.c */
int rtas_call_errinjct(struct rtas_call *c);
void rtas_close(struct rtas_call *c, const char *why);

#endif /* __EEH_RTAS_INTERNAL_H */
