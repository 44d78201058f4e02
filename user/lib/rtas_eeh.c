// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The EEH calls: what may be done in which state, and doing it. LoPAR, "Enhanced I/O Error Handling
 * (EEH) Option Functions", has the table of transitions; what is not in it gets -7, or -3 where the
 * PE is not in the state that the function is for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rtas_internal.h"

/* ---- States */

void rtas_forget_log(struct eeh_rtas_pe *pe)
{
	free(pe->diag);
	pe->diag = NULL;
	pe->diag_len = 0;
}

/*
 * Once given up, always given up (R1-13 of ibm,slot-error-detail). DISABLE does nothing to the PE,
 * but the kernel module then drops what it would answer in our place.
 */
void rtas_permanent(struct rtas_call *c, struct eeh_rtas_pe *pe, const char *why)
{
	struct eeh_pe_history h;

	if (pe->permanent)
		return;
	pe->permanent = true;
	if (pe->busy) {
		pe->unbind = true;
	} else {
		EEH_INIT(&h);
		eeh_pe_get_history(pe->pe, &h);
		h.failed = true;
		eeh_pe_set_history(pe->pe, &h);
		eeh_pe_op(pe->pe, EEH_PE_OP_DISABLE, NULL);
	}
	rtas_event(c, EEH_RTAS_EV_PERMANENT, pe, EEH_RTAS_SUCCESS, why);
}

/* Notes what has changed since the last look. */
static void see(struct rtas_call *c, struct eeh_rtas_pe *pe, enum rtas_state state)
{
	bool stopped = state == RTAS_STOPPED || state == RTAS_STOPPED_DMA;

	if (stopped && !pe->frozen) {
		pe->frozen = true;
		pe->frozen_ns = eeh_now_ns(c->rtas->ctx);
		pe->outside = pe->was_unavailable;
		rtas_event(c, EEH_RTAS_EV_FROZEN, pe, EEH_RTAS_SUCCESS, pe->outside ?
			   "something above it failed" : "");
		if (!c->notice) {
			c->notice = pe;
			rtas_pe_get(c->rtas, pe);
		}
	}
	if (state == RTAS_NORMAL && pe->frozen) {
		pe->frozen = false;
		pe->outside = false;
		pe->io_sent = false;
		rtas_forget_log(pe);
		rtas_event(c, EEH_RTAS_EV_RECOVERED, pe, EEH_RTAS_SUCCESS, "");
	}
	/* The host resets what is below a PHB that it recovers. */
	if (state == RTAS_UNAVAILABLE)
		pe->was_reset = true;
	pe->was_unavailable = state == RTAS_UNAVAILABLE;
}

enum rtas_state rtas_state(struct rtas_call *c, struct eeh_rtas_pe *pe, uint32_t *ms)
{
	struct eeh_pe_status s;
	enum rtas_state state;

	*ms = 0;
	if (pe->permanent)
		return RTAS_PERMANENT;
	EEH_INIT(&s);
	/* "Should never return a -1, but 5 and 0 instead": for this time. */
	if (eeh_pe_state(pe->pe, &s))
		return RTAS_PERMANENT;
	switch (s.condition) {
	case EEH_PE_NORMAL:
		state = RTAS_NORMAL;
		break;
	case EEH_PE_IN_RESET:
		/* Not ours: somebody above resets it, or firmware did not answer. R1-4: hide it. */
		state = pe->pe->history.reset_asserted ? RTAS_RESET : RTAS_UNAVAILABLE;
		break;
	case EEH_PE_FROZEN:
		/* The kernel freezes a PE before it resets it (eeh_pe_reset()), says PowerNV. */
		state = pe->pe->history.reset_asserted ? RTAS_RESET : RTAS_STOPPED;
		break;
	case EEH_PE_DMA_STOPPED:
		state = RTAS_STOPPED_DMA;
		break;
	case EEH_PE_UNAVAILABLE:
		state = RTAS_UNAVAILABLE;
		break;
	case EEH_PE_FAILED:
		rtas_permanent(c, pe, s.why);
		return RTAS_PERMANENT;
	default:
		return RTAS_PERMANENT;
	}
	if (state == RTAS_UNAVAILABLE)
		*ms = s.ask_again_ms > RTAS_WAIT_MIN_MS ? s.ask_again_ms : RTAS_WAIT_MIN_MS;
	see(c, pe, state);
	return state;
}

/* A PE that a job has: unavailable until that is through. */
static uint32_t busy_ms(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	uint64_t gone = (eeh_now_ns(c->rtas->ctx) - pe->job_ns) / MS;

	return gone + RTAS_WAIT_MIN_MS < pe->job_ms ? pe->job_ms - gone : RTAS_WAIT_MIN_MS;
}

static void put_state(struct rtas_call *c, enum rtas_state state, uint32_t ms, bool outside)
{
	c->rets[0] = EEH_RTAS_SUCCESS;
	c->rets[1] = state == RTAS_PERMANENT ? 5 : state;
	c->rets[2] = 1;
	c->rets[3] = ms;
	/* PE Recovery Info, bit 30: not the source of it. Only for state 2. */
	c->rets[4] = state == RTAS_STOPPED && outside ? 2 : 0;
}

static void read_state(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	enum rtas_state state;
	uint32_t ms;

	pthread_mutex_lock(&pe->lock);
	if (pe->removed) {
		c->rets[0] = EEH_RTAS_PARAM_ERROR;
	} else if (pe->permanent) {
		put_state(c, RTAS_PERMANENT, 0, false);
	} else if (pe->busy) {
		put_state(c, RTAS_UNAVAILABLE, busy_ms(c, pe), false);
	} else {
		state = rtas_state(c, pe, &ms);
		put_state(c, state, ms, pe->outside);
	}
	pthread_mutex_unlock(&pe->lock);
}

/* ---- Jobs */

static const uint32_t job_ms[] = {
	[RTAS_JOB_ASSERT] = RTAS_ASSERT_MS,
	[RTAS_JOB_DEACTIVATE] = RTAS_SETTLE_MS,
	[RTAS_JOB_CONFIGURE] = RTAS_CONFIGURE_MS,
};

/* pe->lock is held, and the PE not busy. The job has a reference. */
static struct eeh_rtas_job *new_job(struct rtas_call *c, struct eeh_rtas_pe *pe,
				    enum rtas_job_kind kind, uint32_t func)
{
	struct eeh_rtas_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->rtas = c->rtas;
	job->pe = pe;
	job->kind = kind;
	job->func = func;
	job->cpu = c->cpu;
	job->c.rtas = c->rtas;
	job->c.cpu = c->cpu;
	pthread_mutex_lock(&c->rtas->lock);
	pe->refs++;
	job->epoch = c->rtas->epoch;
	pthread_mutex_unlock(&c->rtas->lock);
	pe->busy = job;
	pe->job_ns = eeh_now_ns(c->rtas->ctx);
	pe->job_ms = job_ms[kind];
	pe->configured = false;
	c->job = job;
	return job;
}

/* pe->lock is held: this call waits for the job's answer. */
static int wait_for(struct rtas_call *c, struct eeh_rtas_job *job)
{
	job->answer = true;
	job->nret = c->nret;
	job->rets_ra = c->rets_ra;
	job->call = c->call;
	return EEH_RTAS_PENDING;
}

/* What the status of RTAS is for an errno; a pseries host has passed one on as an errno. */
static int32_t status_of(int err)
{
	return err >= 0 ? EEH_RTAS_SUCCESS :
	       err == -7 ? EEH_RTAS_STATE_CHANGE :
	       err == -8 ? EEH_RTAS_NO_FUNDAMENTAL :
	       err == -3 ? EEH_RTAS_PARAM_ERROR : EEH_RTAS_HW_ERROR;
}

static int32_t do_assert(struct eeh_rtas_job *job)
{
	int err = eeh_pe_op(job->pe->pe, job->func == 3 ? EEH_PE_OP_RESET_FUNDAMENTAL :
			    EEH_PE_OP_RESET_HOT, NULL);

	return status_of(err);
}

/*
 * The kernel has no word for "given up by firmware": such a PE looks frozen after each reset, see
 * eeh_pe_decode(). Also, /dev/eeh says "busy" until a PE is configured.
 */
static int32_t do_deactivate(struct eeh_rtas_job *job)
{
	struct eeh_pe *pe = job->pe->pe;
	struct eeh_pe_history h;
	struct eeh_pe_status s;
	int err;

	err = eeh_pe_op(pe, EEH_PE_OP_RESET_DEACTIVATE, NULL);
	if (!err && eeh_pe_backend(pe) == EEH_BACKEND_DEV)
		err = eeh_pe_op(pe, EEH_PE_OP_CONFIGURE, NULL);
	if (err)
		return status_of(err);
	EEH_INIT(&s);
	if (!eeh_pe_state(pe, &s) && s.condition == EEH_PE_FROZEN) {
		EEH_INIT(&h);
		eeh_pe_get_history(pe, &h);
		h.failed_resets++;
		eeh_pe_set_history(pe, &h);
	}
	return EEH_RTAS_SUCCESS;
}

void eeh_rtas_job_run(struct eeh_rtas_job *job)
{
	struct eeh_rtas_pe *pe = job->pe;
	int32_t status = EEH_RTAS_SUCCESS;

	switch (job->kind) {
	case RTAS_JOB_ASSERT:
		status = do_assert(job);
		break;
	case RTAS_JOB_DEACTIVATE:
		status = do_deactivate(job);
		break;
	case RTAS_JOB_CONFIGURE:
		/* LoPAR: "for hardware errors, return a Status of 0": they show up later. */
		eeh_pe_op(pe->pe, EEH_PE_OP_CONFIGURE, NULL);
		break;
	}
	pthread_mutex_lock(&pe->lock);
	pe->busy = NULL;
	job->status = status;
	job->ran = true;
	if (job->kind == RTAS_JOB_CONFIGURE) {
		pe->was_reset = false;
		pe->configured = true;
	} else if (!status) {
		pe->was_reset = true;
		rtas_event(&job->c, EEH_RTAS_EV_RESET, pe, status, "");
		if (job->c.nr_events)
			job->c.events[job->c.nr_events - 1].ev.func = job->func;
	}
	if (pe->unbind) {
		pe->unbind = false;
		eeh_pe_op(pe->pe, EEH_PE_OP_DISABLE, NULL);
	}
	pthread_cond_broadcast(&pe->idle);
	pthread_mutex_unlock(&pe->lock);
}

void eeh_rtas_job_end(struct eeh_rtas_job *job)
{
	struct eeh_rtas *rtas = job->rtas;
	struct eeh_rtas_pe *pe = job->pe;
	uint32_t rets[RTAS_MAX_RETS] = { 0 };
	bool stale, answer, removed;
	unsigned int i;
	int ret = 0;

	pthread_mutex_lock(&pe->lock);
	answer = job->answer;
	removed = pe->removed;
	if (answer && job->kind == RTAS_JOB_CONFIGURE)
		pe->configured = false;
	pthread_mutex_unlock(&pe->lock);
	pthread_mutex_lock(&rtas->lock);
	stale = job->epoch != rtas->epoch;
	pthread_mutex_unlock(&rtas->lock);
	/* What the VMM gave with a PE it has freed when it has taken that away. */
	for (i = 0; removed && i < job->c.nr_events; i++)
		job->c.events[i].ev.arg = NULL;
	if (job->kind == RTAS_JOB_DEACTIVATE && !job->status && !removed && rtas->o.reset)
		rtas->o.reset(rtas->o.arg, pe->arg, EEH_RTAS_PHASE_ENDED);
	rtas_flush(&job->c);
	if (answer) {
		rets[0] = job->status;
		ret = stale ? -ECANCELED : rtas_write_rets(rtas, job->rets_ra, rets, job->nret);
		rtas->o.done(rtas->o.arg, job->call, ret);
	}
	rtas_pe_put(rtas, pe);
	free(job);
}

/* ---- ibm,set-eeh-option */

static int32_t op_status(struct eeh_rtas_pe *pe, enum eeh_pe_op op)
{
	return status_of(eeh_pe_op(pe->pe, op, NULL));
}

static int32_t option_locked(struct rtas_call *c, struct eeh_rtas_pe *pe, uint32_t func)
{
	enum rtas_state state;
	int32_t status;
	uint32_t ms;

	state = rtas_state(c, pe, &ms);
	switch (func) {
	case 1:
		/* The PE stays as it is; a VMM that starts over tells the kernel so. */
		if (state >= RTAS_UNAVAILABLE)
			return EEH_RTAS_STATE_CHANGE;
		return state == RTAS_NORMAL ? op_status(pe, EEH_PE_OP_ENABLE) : EEH_RTAS_SUCCESS;
	case 2:
		if (state == RTAS_STOPPED)
			return op_status(pe, EEH_PE_OP_UNFREEZE_IO);
		return state == RTAS_NORMAL || state == RTAS_STOPPED_DMA ? EEH_RTAS_PARAM_ERROR :
		       EEH_RTAS_STATE_CHANGE;
	default:
		if (state != RTAS_STOPPED_DMA)
			return state == RTAS_NORMAL ? EEH_RTAS_PARAM_ERROR : EEH_RTAS_STATE_CHANGE;
		status = op_status(pe, EEH_PE_OP_UNFREEZE_DMA);
		if (!status)
			rtas_forget_log(pe);
		return status;
	}
}

static int32_t set_option(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	uint32_t func = c->args[3];
	int32_t status;

	/* The default of this platform is enabled, and stays so: R1-3. */
	if (func == 0)
		return EEH_RTAS_SUCCESS;
	if (func > 5 || (func > 3 && !c->rtas->o.io_event))
		return EEH_RTAS_PARAM_ERROR;
	if (func > 3) {
		pthread_mutex_lock(&pe->lock);
		pe->io_enabled = func == 4;
		pthread_mutex_unlock(&pe->lock);
		return EEH_RTAS_SUCCESS;
	}
	if (!rtas_pe_lock(pe))
		return EEH_RTAS_STATE_CHANGE;
	status = option_locked(c, pe, func);
	pthread_mutex_unlock(&pe->lock);
	return status;
}

/* ---- ibm,set-slot-reset */

static int32_t deactivate(struct rtas_call *c, struct eeh_rtas_pe *pe, enum rtas_state state)
{
	struct eeh_rtas_job *job;

	switch (state) {
	case RTAS_NORMAL:
		return EEH_RTAS_SUCCESS;
	case RTAS_RESET:
		job = new_job(c, pe, RTAS_JOB_DEACTIVATE, 0);
		return job ? wait_for(c, job) : EEH_RTAS_HW_ERROR;
	case RTAS_STOPPED_DMA:
		return EEH_RTAS_PARAM_ERROR;
	default:
		return EEH_RTAS_STATE_CHANGE;
	}
}

static int32_t activate(struct rtas_call *c, struct eeh_rtas_pe *pe, enum rtas_state state)
{
	struct eeh_rtas_job *job;

	if (state == RTAS_RESET)
		return EEH_RTAS_SUCCESS;
	if (state >= RTAS_UNAVAILABLE)
		return EEH_RTAS_STATE_CHANGE;
	job = new_job(c, pe, RTAS_JOB_ASSERT, c->args[3]);
	if (!job)
		return EEH_RTAS_HW_ERROR;
	rtas_forget_log(pe);
	c->reset = pe;
	c->phase = EEH_RTAS_PHASE_ASSERT;
	rtas_pe_get(c->rtas, pe);
	return wait_for(c, job);
}

static int32_t slot_reset(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	uint32_t func = c->args[3], ms;
	enum rtas_state state;
	int32_t ret;

	if (func != 0 && func != 1 && func != 3)
		return EEH_RTAS_PARAM_ERROR;
	/* R1-7: it goes with "ibm,reset-capabilities". */
	if (func == 3 && !c->rtas->o.fundamental)
		return EEH_RTAS_NO_FUNDAMENTAL;
	if (!rtas_pe_lock(pe))
		return EEH_RTAS_STATE_CHANGE;
	state = rtas_state(c, pe, &ms);
	ret = func ? activate(c, pe, state) : deactivate(c, pe, state);
	pthread_mutex_unlock(&pe->lock);
	return ret;
}

/* ---- ibm,configure-pe */

static int32_t configure_locked(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	struct eeh_rtas_job *job = pe->busy;
	uint64_t gone;

	if (pe->removed)
		return EEH_RTAS_PARAM_ERROR;
	if (job && job->kind != RTAS_JOB_CONFIGURE)
		return EEH_RTAS_SUCCESS;
	if (job) {
		gone = (eeh_now_ns(c->rtas->ctx) - pe->job_ns) / MS;
		/* One more round of 10 ms would be too long. A second CPU may not wait as well. */
		if (gone + 10 < RTAS_CONFIGURE_MS || job->answer)
			return EEH_RTAS_DELAY(1);
		return wait_for(c, job);
	}
	if (pe->configured) {
		pe->configured = false;
		return EEH_RTAS_SUCCESS;
	}
	/* Bypassed "if the PE has previously not been reset", or cannot be reached. */
	if (!pe->was_reset || pe->permanent)
		return EEH_RTAS_SUCCESS;
	job = new_job(c, pe, RTAS_JOB_CONFIGURE, 0);
	return job ? EEH_RTAS_DELAY(0) : EEH_RTAS_HW_ERROR;
}

static int32_t configure(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	int32_t ret;

	pthread_mutex_lock(&pe->lock);
	ret = configure_locked(c, pe);
	pthread_mutex_unlock(&pe->lock);
	return ret;
}

/* ---- Dispatch */

static void addr_info(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	uint32_t func = c->args[3];

	c->rets[0] = EEH_RTAS_SUCCESS;
	if (func > 1 || (!func && !pe))
		c->rets[0] = EEH_RTAS_PARAM_ERROR;
	else if (!func)
		c->rets[1] = eeh_rtas_pe_config_addr(c->rtas, pe);
	else if (pe)
		c->rets[1] = rtas_pe_devices(c->rtas, pe) > 1 ? 2 : 1;
}

static int pe_call(struct rtas_call *c, struct eeh_rtas_pe *pe, bool is_pe)
{
	int32_t ret = EEH_RTAS_PARAM_ERROR;

	switch (c->id) {
	case EEH_RTAS_READ_STATE:
	case EEH_RTAS_READ_STATE2:
		read_state(c, pe);
		return 0;
	case EEH_RTAS_SET_EEH_OPTION:
		ret = set_option(c, pe);
		break;
	case EEH_RTAS_SET_SLOT_RESET:
		ret = slot_reset(c, pe);
		break;
	case EEH_RTAS_CONFIGURE_PE:
		/* R1-3: only by its PE config address. */
		ret = is_pe ? configure(c, pe) : EEH_RTAS_PARAM_ERROR;
		break;
	case EEH_RTAS_CONFIGURE_BRIDGE:
		ret = configure(c, pe);
		break;
	case EEH_RTAS_SLOT_ERROR_DETAIL:
		ret = rtas_error_detail(c, pe);
		break;
	default:
		break;
	}
	if (ret == EEH_RTAS_PENDING && c->id != EEH_RTAS_SLOT_ERROR_DETAIL)
		return EEH_RTAS_PENDING;
	c->rets[0] = ret;
	return 0;
}

int rtas_call_eeh(struct rtas_call *c)
{
	uint64_t buid = (uint64_t)c->args[1] << 32 | c->args[2];
	struct eeh_rtas_pe *pe;
	bool is_pe, phb;
	int ret = 0;

	pe = rtas_pe_find(c->rtas, buid, c->args[0], &is_pe, &phb);
	if (phb && (c->id == EEH_RTAS_GET_CONFIG_ADDR_INFO ||
		    c->id == EEH_RTAS_GET_CONFIG_ADDR_INFO2))
		addr_info(c, pe);
	else if (!pe)
		c->rets[0] = EEH_RTAS_PARAM_ERROR;
	else
		ret = pe_call(c, pe, is_pe);
	if (pe)
		rtas_pe_put(c->rtas, pe);
	return ret;
}

/* ---- The machine is reset */

void rtas_pe_reset(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	struct eeh_pe_history h;
	struct eeh_pe_status s;
	bool asserted;

	pthread_mutex_lock(&pe->lock);
	while (pe->busy && !pe->removed)
		pthread_cond_wait(&pe->idle, &pe->lock);
	if (!pe->removed) {
		EEH_INIT(&h);
		eeh_pe_get_history(pe->pe, &h);
		asserted = h.reset_asserted;
		EEH_INIT(&h);
		eeh_pe_set_history(pe->pe, &h);
		if (asserted) {
			eeh_pe_op(pe->pe, EEH_PE_OP_RESET_DEACTIVATE, NULL);
			eeh_pe_op(pe->pe, EEH_PE_OP_CONFIGURE, NULL);
		}
		EEH_INIT(&s);
		if (!eeh_pe_state(pe->pe, &s) && (s.condition == EEH_PE_FROZEN ||
						  s.condition == EEH_PE_DMA_STOPPED))
			eeh_pe_op(pe->pe, EEH_PE_OP_ENABLE, NULL);
		pe->permanent = false;
		pe->frozen = false;
		pe->outside = false;
		pe->was_unavailable = false;
		pe->was_reset = false;
		pe->configured = false;
		pe->io_enabled = false;
		pe->io_sent = false;
		memset(&pe->injection, 0, sizeof(pe->injection));
		rtas_forget_log(pe);
	}
	pthread_mutex_unlock(&pe->lock);
	(void)c;
}
