// SPDX-License-Identifier: LGPL-2.1-or-later
/* The RTAS engine of a VM: blocks in, answers out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtas_internal.h"

/* Linux's argument block has 16 cells for both; no call has more. */
#define MAX_CELLS	16

static void put_be32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

int rtas_read_words(struct eeh_rtas *rtas, uint64_t ra, uint32_t *words, size_t nr)
{
	uint8_t buf[4 * MAX_CELLS];
	size_t i;

	if (nr && rtas->o.mem_read(rtas->o.arg, ra, buf, 4 * nr))
		return -EFAULT;
	for (i = 0; i < nr; i++)
		words[i] = get_be32(buf + 4 * i);
	return 0;
}

int rtas_write_rets(struct eeh_rtas *rtas, uint64_t ra, const uint32_t *rets, uint32_t nret)
{
	uint8_t buf[4 * RTAS_MAX_RETS];
	uint32_t i;

	for (i = 0; i < nret; i++)
		put_be32(buf + 4 * i, rets[i]);
	return rtas->o.mem_write(rtas->o.arg, ra, buf, 4 * nret) ? -EFAULT : 0;
}

/* ---- Events */

void rtas_event(struct rtas_call *c, enum eeh_rtas_event_type type, struct eeh_rtas_pe *pe,
		int32_t status, const char *why)
{
	struct rtas_pending_event *p;

	if (!c->rtas->o.event || c->nr_events == RTAS_EVENTS)
		return;
	p = &c->events[c->nr_events++];
	memset(p, 0, sizeof(*p));
	p->ev.sz = sizeof(p->ev);
	p->ev.type = type;
	p->ev.status = status;
	p->ev.cpu = c->cpu;
	if (pe) {
		p->ev.buid = pe->buid;
		p->ev.config_addr = pe->config_addr;
		p->ev.arg = pe->arg;
		memcpy(p->pe, pe->name, sizeof(p->pe));
	}
	snprintf(p->why, sizeof(p->why), "%s", why);
}

void rtas_flush(struct rtas_call *c)
{
	struct eeh_rtas *rtas = c->rtas;
	unsigned int i;

	if (c->notice) {
		rtas_notice(rtas, c->notice);
		rtas_pe_put(rtas, c->notice);
		c->notice = NULL;
	}
	for (i = 0; i < c->nr_events; i++) {
		c->events[i].ev.pe = c->events[i].pe;
		c->events[i].ev.why = c->events[i].why;
		rtas->o.event(rtas->o.arg, &c->events[i].ev);
	}
	c->nr_events = 0;
}

/* ---- An engine */

static int copy_ctx_opts(struct eeh_rtas *rtas, const struct eeh_ctx_opts *opts)
{
	const char **root[] = { &rtas->ctx_opts.sysfs_root, &rtas->ctx_opts.proc_root,
				&rtas->ctx_opts.bpffs_root, &rtas->ctx_opts.dev_root };
	size_t i;
	int err;

	err = eeh_opts_get(&rtas->ctx_opts, sizeof(rtas->ctx_opts), opts);
	for (i = 0; !err && i < ARRAY_SIZE(root); i++) {
		if (!*root[i])
			continue;
		rtas->roots[i] = strdup(*root[i]);
		*root[i] = rtas->roots[i];
		if (!rtas->roots[i])
			err = -ENOMEM;
	}
	if (!err && rtas->ctx_opts.sys) {
		err = eeh_opts_get(&rtas->sys, sizeof(rtas->sys), rtas->ctx_opts.sys);
		rtas->ctx_opts.sys = &rtas->sys;
	}
	/* Whatever is wrong with them shows now, and not at the first PE. */
	return err ? err : eeh_ctx_new(&rtas->ctx, &rtas->ctx_opts);
}

static int set_tokens(struct eeh_rtas *rtas)
{
	size_t i, j;

	for (i = 0; i < EEH_RTAS_CALLS; i++) {
		rtas->tokens[i] = rtas->o.tokens[i] ? rtas->o.tokens[i] :
				  eeh_rtas_call_info(i)->token;
		for (j = 0; j < i; j++)
			if (rtas->tokens[i] == rtas->tokens[j])
				return -EINVAL;
	}
	return 0;
}

int eeh_rtas_new(struct eeh_rtas **ret, const struct eeh_rtas_opts *opts)
{
	struct eeh_rtas *rtas;
	int err;

	if (!ret)
		return -EINVAL;
	*ret = NULL;
	rtas = calloc(1, sizeof(*rtas));
	if (!rtas)
		return -ENOMEM;
	pthread_mutex_init(&rtas->lock, NULL);
	pthread_rwlock_init(&rtas->dev_lock, NULL);
	err = opts ? eeh_opts_get(&rtas->o, sizeof(rtas->o), opts) : -EINVAL;
	if (!err && (!rtas->o.mem_read || !rtas->o.mem_write || (rtas->o.start && !rtas->o.done)))
		err = -EINVAL;
	if (!err && !rtas->o.log_max)
		rtas->o.log_max = 2048;
	if (!err && (rtas->o.log_max < 256 || rtas->o.log_max > 65536))
		err = -EINVAL;
	if (!rtas->o.inject_burst)
		rtas->o.inject_burst = 10;
	if (!rtas->o.inject_per_minute)
		rtas->o.inject_per_minute = 30;
	/* Bits without a name mean nothing, nor those of IOA errors, which the engine makes. */
	rtas->o.cpu_errors &= rtas->o.cpu_error ? (2U << EEH_RTAS_ERR_UPSTREAM) - 2 : 0;
	rtas->o.cpu_errors &= ~(1U << EEH_RTAS_ERR_IOA | 1U << EEH_RTAS_ERR_IOA_64);
	if (!err)
		err = set_tokens(rtas);
	if (!err)
		err = copy_ctx_opts(rtas, rtas->o.ctx);
	if (err) {
		eeh_rtas_free(rtas);
		return err;
	}
	rtas->credit = 1000ULL * rtas->o.inject_burst;
	rtas->credit_ns = eeh_now_ns(rtas->ctx);
	*ret = rtas;
	return 0;
}

void eeh_rtas_free(struct eeh_rtas *rtas)
{
	struct rtas_phb *phb;
	size_t i;

	if (!rtas)
		return;
	while ((phb = rtas->phbs)) {
		while (phb->pes)
			eeh_rtas_del_pe(rtas, phb->pes);
		rtas->phbs = phb->next;
		free(phb);
	}
	eeh_ctx_free(rtas->ctx);
	for (i = 0; i < ARRAY_SIZE(rtas->roots); i++)
		free(rtas->roots[i]);
	pthread_rwlock_destroy(&rtas->dev_lock);
	pthread_mutex_destroy(&rtas->lock);
	free(rtas);
}

void eeh_rtas_reset(struct eeh_rtas *rtas)
{
	struct rtas_call c = { .rtas = rtas };
	struct eeh_rtas_pe **pes;
	size_t nr, i;

	pthread_mutex_lock(&rtas->lock);
	rtas->epoch++;
	pthread_mutex_unlock(&rtas->lock);
	rtas_close(&c, "the machine was reset");
	rtas_flush(&c);
	pes = rtas_pe_all(rtas, &nr);
	for (i = 0; i < nr; i++) {
		rtas_pe_reset(&c, pes[i]);
		rtas_pe_put(rtas, pes[i]);
		rtas_flush(&c);
	}
	free(pes);
}

/* ---- Calls */

/* A block that does not fit its call, but has room for a status. */
static int misshaped(struct rtas_call *c, uint32_t nret)
{
	uint32_t rets[2] = { EEH_RTAS_PARAM_ERROR };

	/* Its first word is the token. */
	if (c->id == EEH_RTAS_OPEN_ERRINJCT && nret > 1) {
		rets[1] = rets[0];
		rets[0] = 0;
		nret = 2;
	} else {
		nret = 1;
	}
	return rtas_write_rets(c->rtas, c->rets_ra, rets, nret);
}

static int answer(struct rtas_call *c)
{
	struct eeh_rtas *rtas = c->rtas;
	struct eeh_rtas_job *job;
	int ret;

	switch (c->id) {
	case EEH_RTAS_OPEN_ERRINJCT:
	case EEH_RTAS_ERRINJCT:
	case EEH_RTAS_CLOSE_ERRINJCT:
		ret = rtas_call_errinjct(c);
		break;
	default:
		ret = rtas_call_eeh(c);
	}
	if (c->reset) {
		if (rtas->o.reset)
			rtas->o.reset(rtas->o.arg, c->reset->arg, c->phase);
		rtas_pe_put(rtas, c->reset);
	}
	job = c->job;
	if (job && !rtas->o.start) {
		eeh_rtas_job_run(job);
		c->rets[0] = job->status;
		ret = 0;
		/* Nobody waits for it any more, and nobody will ask. */
		pthread_mutex_lock(&job->pe->lock);
		job->answer = false;
		job->pe->configured = false;
		pthread_mutex_unlock(&job->pe->lock);
		eeh_rtas_job_end(job);
		c->job = NULL;
	}
	return ret;
}

int eeh_rtas_call(struct eeh_rtas *rtas, uint64_t ra, uint32_t cpu, void *call)
{
	struct rtas_call c = { .rtas = rtas, .cpu = cpu, .call = call };
	const struct eeh_rtas_call_info *info;
	uint32_t head[3];
	int ret;

	/* The upper bits say which effective address it was; QEMU and KVM (KVM_PAM) drop them. */
	ra &= 0x0fffffffffffffffULL;
	if (rtas_read_words(rtas, ra, head, 3))
		return -EFAULT;
	for (c.id = 0; c.id < EEH_RTAS_CALLS && rtas->tokens[c.id] != head[0]; c.id++)
		;
	if (c.id == EEH_RTAS_CALLS)
		return -ENOENT;
	info = eeh_rtas_call_info(c.id);
	c.nargs = head[1];
	c.nret = head[2];
	if (c.nargs > MAX_CELLS || !c.nret || c.nret > MAX_CELLS - c.nargs)
		return -EINVAL;
	c.rets_ra = ra + 12 + 4 * c.nargs;
	if (c.nargs != info->nargs || c.nret < info->nret_min || c.nret > info->nret_max)
		return misshaped(&c, c.nret);
	if (rtas_read_words(rtas, ra + 12, c.args, c.nargs))
		return -EFAULT;
	ret = answer(&c);
	if (!ret)
		ret = rtas_write_rets(rtas, c.rets_ra, c.rets, c.nret);
	rtas_flush(&c);
	/* It may have ended before this returns. */
	if (c.job)
		rtas->o.start(rtas->o.arg, c.job);
	return ret;
}

int eeh_rtas_for_each_prop(struct eeh_rtas *rtas, eeh_rtas_prop_fn fn, void *arg)
{
	uint8_t cell[4], list[16 * 32];
	const char *name;
	size_t len = 0;
	uint32_t i;
	int ret;

	for (i = 0; i < EEH_RTAS_CALLS; i++) {
		if (i >= EEH_RTAS_OPEN_ERRINJCT && !rtas->o.inject)
			continue;
		put_be32(cell, rtas->tokens[i]);
		ret = fn(arg, eeh_rtas_call_info(i)->name, cell, sizeof(cell));
		if (ret)
			return ret;
	}
	/* LoPAR, "ibm,read-slot-reset-state-functions": bit 31, 4 outputs; bit 30, a fifth. */
	put_be32(cell, 3);
	ret = fn(arg, "ibm,read-slot-reset-state-functions", cell, sizeof(cell));
	if (!ret && rtas->o.fundamental) {
		put_be32(cell, 1);
		ret = fn(arg, "ibm,reset-capabilities", cell, sizeof(cell));
	}
	if (ret || !rtas->o.inject)
		return ret;
	/* Names with their NUL, each with its value, packed. */
	for (i = 0; i <= EEH_RTAS_ERR_UPSTREAM; i++) {
		name = eeh_rtas_err_name(i);
		if (!name || (i != EEH_RTAS_ERR_IOA && i != EEH_RTAS_ERR_IOA_64 &&
			      !(rtas->o.cpu_errors & 1U << i)))
			continue;
		memcpy(list + len, name, strlen(name) + 1);
		len += strlen(name) + 1;
		put_be32(list + len, i);
		len += 4;
	}
	return fn(arg, "ibm,errinjct-tokens", list, len);
}
