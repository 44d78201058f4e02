// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Error injection by the guest: LoPAR, "Error Injection Option". A session, and in it one error at
 * a time. Everything that speaks against an injection is looked at before anything is armed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rtas_internal.h"

/* Open tokens: librtas takes word 0 for a status, so not 0, not negative, and not 990x. */
#define OPEN_TOKEN_MAX	999
#define BUFFER_ALIGN	1024
#define BUFFER_WORDS	8

/* ---- The session */

static int pair_of(uint32_t err, bool *end)
{
	*end = err == EEH_RTAS_ERR_DCACHE_END || err == EEH_RTAS_ERR_ICACHE_END ||
	       err == EEH_RTAS_ERR_TLB_END;
	return err >= EEH_RTAS_ERR_DCACHE_START && err <= EEH_RTAS_ERR_TLB_END ?
	       (int)(err - EEH_RTAS_ERR_DCACHE_START) / 2 : -1;
}

/* Ends the session and what was begun in it and not ended: "-end can be replaced by close". */
void rtas_close(struct rtas_call *c, const char *why)
{
	struct eeh_rtas *rtas = c->rtas;
	struct rtas_pair pair[RTAS_PAIRS];
	bool was_open;
	int i;

	pthread_mutex_lock(&rtas->lock);
	was_open = rtas->open;
	rtas->open = 0;
	memcpy(pair, rtas->pair, sizeof(pair));
	memset(rtas->pair, 0, sizeof(rtas->pair));
	pthread_mutex_unlock(&rtas->lock);
	for (i = 0; i < RTAS_PAIRS; i++)
		if (pair[i].started)
			rtas->o.cpu_error(rtas->o.arg, pair[i].cpu,
					  EEH_RTAS_ERR_DCACHE_END + 2 * i, pair[i].words, 2);
	if (was_open)
		rtas_event(c, EEH_RTAS_EV_CLOSED, NULL, EEH_RTAS_SUCCESS, why);
}

static void open_session(struct rtas_call *c)
{
	struct eeh_rtas *rtas = c->rtas;
	int32_t status = EEH_RTAS_SUCCESS;
	uint32_t token = 0;

	pthread_mutex_lock(&rtas->lock);
	if (!rtas->o.inject) {
		status = EEH_RTAS_NOT_ENABLED;
	} else if (rtas->open) {
		status = EEH_RTAS_NOT_OPEN;
	} else {
		rtas->last_open = rtas->last_open % OPEN_TOKEN_MAX + 1;
		token = rtas->last_open;
		rtas->open = token;
	}
	pthread_mutex_unlock(&rtas->lock);
	/* In this order, as it was shipped once. */
	c->rets[0] = token;
	c->rets[1] = status;
	rtas_event(c, token ? EEH_RTAS_EV_OPENED : EEH_RTAS_EV_REFUSED, NULL, status,
		   token ? "" : status == EEH_RTAS_NOT_OPEN ? "a session is open already" :
		   "this machine may not inject errors");
}

static bool is_open(struct eeh_rtas *rtas, uint32_t token)
{
	bool open;

	pthread_mutex_lock(&rtas->lock);
	open = rtas->open && rtas->open == token;
	pthread_mutex_unlock(&rtas->lock);
	return open;
}

/* 0, and one is used up; or how long to wait, as a status. */
static int32_t take_credit(struct eeh_rtas *rtas)
{
	uint64_t now = eeh_now_ns(rtas->ctx), most = 1000ULL * rtas->o.inject_burst, more, ms;
	uint32_t rate = rtas->o.inject_per_minute;
	int32_t status = 0;
	int x;

	pthread_mutex_lock(&rtas->lock);
	/* In thousandths: 1000 * rate per 60 s. A day is as good as forever. */
	ms = (now - rtas->credit_ns) / MS;
	if (ms > 86400000)
		ms = 86400000;
	more = ms * rate / 60;
	if (more) {
		rtas->credit = rtas->credit + more < most ? rtas->credit + more : most;
		rtas->credit_ns = now;
	}
	if (rtas->credit >= 1000) {
		rtas->credit -= 1000;
	} else {
		ms = ((1000 - rtas->credit) * 60 + rate - 1) / rate;
		for (x = 0; ms > 1 && x < 5; x++)
			ms = (ms + 9) / 10;
		status = EEH_RTAS_DELAY(x);
	}
	pthread_mutex_unlock(&rtas->lock);
	return status;
}

/* ---- Classes */

static bool is_mmio(const struct eeh_rtas_function *f)
{
	return f && (f->inject_class == EEH_INJECT_MMIO_LOAD ||
		     f->inject_class == EEH_INJECT_MMIO_STORE);
}

static bool is_dma(const struct eeh_rtas_function *f)
{
	return f && (f->inject_class == EEH_INJECT_DMA_READ ||
		     f->inject_class == EEH_INJECT_DMA_WRITE);
}

/* ---- May it be? */

struct owners {
	struct eeh_rtas *rtas;
	const struct eeh_rtas_pe *pe;
	bool dma;
	const char *why;	/* it may not */
};

static bool only_bridges(const struct eeh_pe_info *info)
{
	size_t i;

	for (i = 0; i < info->nr_devices; i++)
		if (!eeh_pci_is_bridge(info->devices[i]->class_code))
			return false;
	return true;
}

static const char *not_ours(const struct eeh_rtas_pe *pe, const struct eeh_pe_info *info)
{
	if (info->shared)
		return "the PE is shared: its devices have several drivers or owners";
	if (info->owner == EEH_PE_OWNER_KERNEL || info->owner == EEH_PE_OWNER_MIXED)
		return "a driver of the host uses the PE";
	if (info->owner == EEH_PE_OWNER_PROCESS && info->pid != getpid())
		return "the PE is another process's";
	/* VFIO gives a group to one process only: what we have opened is ours. */
	if (info->nr_groups != 1 || (pe->group >= 0 && info->iommu_group != pe->group))
		return "the PE is not in one IOMMU group of this process";
	if (pe->group < 0 && info->owner != EEH_PE_OWNER_PROCESS)
		return "it is not known whose the PE is";
	return NULL;
}

static int look(void *arg, const struct eeh_pe_info *info)
{
	struct owners *o = arg;

	if (info->phb != o->pe->host_phb)
		return 0;
	if (info->addr == o->pe->host_addr) {
		o->why = not_ours(o->pe, info);
	} else if (!rtas_owns(o->rtas, info->phb, info->addr)) {
		/* What is below freezes with it. */
		if (info->has_parent && info->parent == o->pe->host_addr)
			o->why = "a PE below it is not this machine's";
		else if (o->dma && info->owner != EEH_PE_OWNER_NONE && !only_bridges(info))
			o->why = "DMA is matched by its address alone, and a device on the same "
				 "PHB is not this machine's";
	}
	return o->why ? 1 : 0;
}

static bool has_vf(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	struct rtas_device *d;

	pthread_rwlock_rdlock(&rtas->dev_lock);
	for (d = pe->devices; d && !d->is_vf; d = d->next)
		;
	pthread_rwlock_unlock(&rtas->dev_lock);
	return d;
}

/* Column of the matrix; -1: not known, which is as the newest. */
static int host_of(struct eeh_ctx *ctx, uint32_t phb)
{
	if (eeh_platform(ctx) == EEH_PLATFORM_PSERIES)
		return EEH_RTAS_HOST_PSERIES;
	switch (eeh_phb_generation(ctx, phb)) {
	case 3:
		return EEH_RTAS_HOST_PHB3;
	case 4:
		return EEH_RTAS_HOST_PHB4;
	case 5:
		return EEH_RTAS_HOST_PHB5;
	default:
		return -1;
	}
}

/* Can the host? enum eeh_inject_verdict, or -errno; *why is a constant. pe->lock is held. */
static int host_can(struct eeh_rtas_pe *pe, bool vf, uint32_t func, const char **why)
{
	const struct eeh_rtas_function *f = eeh_rtas_function(func);
	int host, can;

	*why = "there is no such function";
	if (!f)
		return EEH_INJECT_NO;
	*why = f->why;
	if (*f->why)
		return EEH_INJECT_NO;
	/* log_ctx: it is used under the lock only. */
	can = eeh_inject_check(pe->log_ctx, pe->host_phb, f->inject_class, why);
	if (can < 0 || can == EEH_INJECT_NO)
		return can;
	host = host_of(pe->log_ctx, pe->host_phb);
	if (host >= 0 && f->verdict[host] == EEH_INJECT_NO) {
		*why = "this host has no such error";
		return EEH_INJECT_NO;
	}
	/* pseries_eeh_err_inject() takes the memory of all functions of a VF's parent away. */
	if (host == EEH_RTAS_HOST_PSERIES && vf) {
		*why = "it would hit all virtual functions of the device";
		return EEH_INJECT_NO;
	}
	return can;
}

/* Would it hit nobody else? Looks at all PEs and their owners. pe->lock is held. */
static int look_for_others(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, uint32_t func,
			   const char **why)
{
	const struct eeh_rtas_function *f = eeh_rtas_function(func);
	struct owners o = { .rtas = rtas, .pe = pe };
	int err;

	o.dma = is_dma(f);
	err = eeh_pe_for_each(pe->log_ctx, look, &o);
	if (err < 0) {
		*why = "the owners of PEs cannot be looked at";
		return err;
	}
	if (o.why)
		*why = o.why;
	return o.why ? EEH_INJECT_NO : EEH_INJECT_YES;
}

int eeh_rtas_can_inject(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, uint32_t func,
			const char **why)
{
	bool vf = has_vf(rtas, pe);
	const char *reason = "this machine may not inject errors";
	int ret = EEH_INJECT_NO, others;

	pthread_mutex_lock(&pe->lock);
	if (rtas->o.inject)
		ret = host_can(pe, vf, func, &reason);
	if (ret >= 0 && ret != EEH_INJECT_NO) {
		others = look_for_others(rtas, pe, func, &reason);
		ret = others == EEH_INJECT_YES ? ret : others;
	}
	snprintf(pe->why, sizeof(pe->why), "%s", reason);
	if (why)
		*why = pe->why;
	pthread_mutex_unlock(&pe->lock);
	return ret;
}

/* ---- Bus errors */

struct ioa {
	uint64_t addr, mask, buid;
	uint32_t config_addr, func;
	uint32_t err;
	/* What becomes of them on the host. */
	uint64_t host_addr, host_mask;
	int32_t wide;		/* of struct eeh_inject_opts */
};

static void parse_ioa(const uint32_t *w, uint32_t err, struct ioa *i)
{
	bool wide = err == EEH_RTAS_ERR_IOA_64;
	const uint32_t *rest = wide ? w + 4 : w + 2;

	memset(i, 0, sizeof(*i));
	i->err = err;
	i->addr = wide ? (uint64_t)w[0] << 32 | w[1] : w[0];
	i->mask = wide ? (uint64_t)w[2] << 32 | w[3] : w[1];
	/* The upper half that the short form has not is compared, if anything is. */
	if (!wide && i->mask)
		i->mask |= 0xffffffff00000000ULL;
	i->config_addr = rest[0];
	i->buid = (uint64_t)rest[1] << 32 | rest[2];
	i->func = rest[3];
}

static int guest_bar(struct eeh_rtas *rtas, const struct rtas_device *d, int i, uint64_t *addr)
{
	uint32_t lo, hi = 0;

	if (rtas->o.config_read(rtas->o.arg, d->arg, 0x10 + 4 * i, &lo) || lo & 1)
		return -1;
	if ((lo & 6) == 4 && (i + 1 == EEH_BARS ||
			      rtas->o.config_read(rtas->o.arg, d->arg, 0x14 + 4 * i, &hi)))
		return -1;
	*addr = (uint64_t)hi << 32 | (lo & ~0xfU);
	return *addr ? 0 : -1;
}

/*
 * From a bus address of the guest to one of the host: the BAR that it is in. Bits above the BAR's
 * size are always compared, so that the error stays in it. NULL, or why not.
 */
static const char *translate(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, struct ioa *a)
{
	const char *why = "the address is in no BAR of the PE";
	struct rtas_device *d;
	uint64_t base, size;
	int i;

	if (!rtas->o.config_read)
		return "the machine does not say where its BARs are";
	pthread_rwlock_rdlock(&rtas->dev_lock);
	for (d = pe->devices; d; d = d->next)
		for (i = 0; i < EEH_BARS; i++) {
			size = d->bar[i].size;
			if ((d->bar[i].kind != EEH_BAR_MEM32 && d->bar[i].kind != EEH_BAR_MEM64) ||
			    guest_bar(rtas, d, i, &base) || a->addr - base >= size)
				continue;
			why = d->bus[i] ? NULL : "the BAR's bus address on the host is not known";
			a->host_addr = d->bus[i] + (a->addr - base);
			a->host_mask = a->mask | ~(size - 1);
			goto out;
		}
out:
	pthread_rwlock_unlock(&rtas->dev_lock);
	return why;
}

/*
 * Without an address firmware takes all of one kind of window, and succeeds as well if the PE has
 * nothing there but a ROM: say the one where its first BAR is.
 */
static int32_t first_window(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	struct rtas_device *d;
	int32_t wide = 0;
	int i;

	pthread_rwlock_rdlock(&rtas->dev_lock);
	for (d = pe->devices; d && !wide; d = d->next)
		for (i = 0; i < EEH_BARS && !wide; i++)
			if (d->bus[i])
				wide = d->bus[i] > UINT32_MAX ? 1 : -1;
	pthread_rwlock_unlock(&rtas->dev_lock);
	return wide;
}

static const char *prepare(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, struct ioa *a)
{
	const struct eeh_rtas_function *f = eeh_rtas_function(a->func);

	/* LoPAR: word aligned, doubleword in the long form. */
	if (a->addr & (a->err == EEH_RTAS_ERR_IOA_64 ? 7 : 3))
		return "the address is not aligned";
	/* "May ignore up to the 24 least significant bits" of the short form; or all of them. */
	if (a->err == EEH_RTAS_ERR_IOA && a->mask && ~a->mask & 0xff000000)
		return "more than 24 bits of the address are ignored";
	if (is_mmio(f) && !a->mask)
		a->wide = first_window(rtas, pe);
	/* Anywhere: the first window, below 4 GiB, or the second, which has all of the memory. */
	if (is_dma(f) && !a->mask)
		a->wide = a->err == EEH_RTAS_ERR_IOA_64 ? 1 : -1;
	/* No bit is compared: anywhere in the PE. Config accesses are matched by their function. */
	if (!f || !a->mask || f->inject_class == EEH_INJECT_CONFIG_READ ||
	    f->inject_class == EEH_INJECT_CONFIG_WRITE)
		return NULL;
	if (is_dma(f)) {
		/* To the host 0 means anywhere. */
		if (!a->addr)
			return "DMA address 0 cannot be told from any";
		/* Windows of DMA are where the guest has them. */
		a->host_addr = a->addr;
		a->host_mask = a->mask;
		return NULL;
	}
	return translate(rtas, pe, a);
}

/* An errno of an injection. What the host cannot do is an argument error. */
static int32_t inject_status(int err)
{
	return err == -EOPNOTSUPP || err == -ERANGE || err == -EINVAL || err == -ENXIO ?
	       EEH_RTAS_PARAM_ERROR : EEH_RTAS_HW_ERROR;
}

static void injection_event(struct rtas_call *c, struct eeh_rtas_pe *pe, const struct ioa *a,
			    int32_t status, const char *why)
{
	struct eeh_rtas_event *ev;

	if (!c->rtas->o.event)
		return;
	/* This one is not to be lost for others. */
	if (c->nr_events == RTAS_EVENTS)
		c->nr_events--;
	rtas_event(c, status ? EEH_RTAS_EV_REFUSED : EEH_RTAS_EV_INJECTED, pe, status, why);
	ev = &c->events[c->nr_events - 1].ev;
	ev->err = a->err;
	ev->func = a->func;
	ev->addr = a->addr;
	ev->host_addr = a->host_addr;
	ev->mask = a->host_mask;
	if (!pe) {
		ev->buid = a->buid;
		ev->config_addr = a->config_addr;
	}
}

/* pe->lock is held. */
static int32_t inject_locked(struct rtas_call *c, struct eeh_rtas_pe *pe, bool vf, struct ioa *a,
			     const char **why)
{
	const struct eeh_rtas_function *f = eeh_rtas_function(a->func);
	struct eeh_inject_opts o;
	int32_t status;
	uint32_t ms;
	int ret;

	ret = host_can(pe, vf, a->func, why);
	if (ret < 0)
		return inject_status(ret);
	if (ret == EEH_INJECT_NO)
		return EEH_RTAS_PARAM_ERROR;
	*why = "the PE is not normal";
	if (rtas_state(c, pe, &ms) != RTAS_NORMAL)
		return EEH_RTAS_HW_ERROR;
	*why = "too many injections: ask again";
	status = take_credit(c->rtas);
	if (status)
		return status;
	/* This takes milliseconds, so what comes of it has its price also if it is a refusal. */
	ret = look_for_others(c->rtas, pe, a->func, why);
	if (ret < 0)
		return inject_status(ret);
	if (ret == EEH_INJECT_NO)
		return EEH_RTAS_PARAM_ERROR;

	EEH_INIT(&o);
	o.addr = a->host_addr;
	o.mask = a->host_addr ? a->host_mask : 0;
	o.wide = a->wide;
	ret = eeh_pe_inject_func(pe->pe, f->inject_class, a->func, &o);
	if ((ret == -EIO || ret == -EOPNOTSUPP) && a->wide) {
		o.wide = 0;
		ret = eeh_pe_inject_func(pe->pe, f->inject_class, a->func, &o);
	}
	if (ret < 0) {
		*why = eeh_last_error(pe->pe->ctx);
		return inject_status(ret);
	}
	pe->injection.err = a->err;
	pe->injection.func = a->func;
	pe->injection.addr = a->addr;
	pe->injection.time_ns = eeh_now_ns(c->rtas->ctx);
	*why = "armed: the next access that matches freezes the PE";
	if (eeh_platform(pe->log_ctx) != EEH_PLATFORM_PSERIES)
		return EEH_RTAS_SUCCESS;
	/* There it is made at once, or the kernel has kept to itself that it was not. */
	*why = "the host reports success, and the PE is still normal";
	if (rtas_state(c, pe, &ms) == RTAS_NORMAL)
		return EEH_RTAS_HW_ERROR;
	*why = "made";
	return EEH_RTAS_SUCCESS;
}

static int32_t inject_ioa(struct rtas_call *c, const uint32_t *words, uint32_t err)
{
	char text[200];
	const char *why = "the machine has no such PE";
	int32_t status = EEH_RTAS_PARAM_ERROR;
	struct eeh_rtas_pe *pe;
	struct ioa a;
	bool is_pe, phb, vf;

	parse_ioa(words, err, &a);
	pe = rtas_pe_find(c->rtas, a.buid, a.config_addr, &is_pe, &phb);
	if (pe) {
		vf = has_vf(c->rtas, pe);
		why = prepare(c->rtas, pe, &a);
		if (!why && rtas_pe_lock(pe)) {
			status = inject_locked(c, pe, vf, &a, &why);
			snprintf(text, sizeof(text), "%s", why);
			why = text;
			pthread_mutex_unlock(&pe->lock);
		} else if (!why) {
			why = "the PE is being reset: ask again";
			status = EEH_RTAS_DELAY(2);
		}
	}
	injection_event(c, pe, &a, status, why);
	if (pe)
		rtas_pe_put(c->rtas, pe);
	return status;
}

/* ---- Errors of processors and memory */

static size_t words_of(uint32_t err)
{
	switch (err) {
	case EEH_RTAS_ERR_SPECIAL_EVENT:
	case EEH_RTAS_ERR_SLB:
	case EEH_RTAS_ERR_TLB_START:
	case EEH_RTAS_ERR_TLB_END:
		return 1;
	case EEH_RTAS_ERR_FATAL:
	case EEH_RTAS_ERR_RANDOM_EVENT:
	case EEH_RTAS_ERR_TRANSLATOR:
		return 0;
	case EEH_RTAS_ERR_PAGE:
	case EEH_RTAS_ERR_DCACHE_START:
	case EEH_RTAS_ERR_DCACHE_END:
	case EEH_RTAS_ERR_ICACHE_START:
	case EEH_RTAS_ERR_ICACHE_END:
		return 2;
	default:
		return BUFFER_WORDS;
	}
}

/* Pairs are made on one CPU, and nothing else in between; start may be repeated. */
static const char *pair_refused(struct eeh_rtas *rtas, uint32_t cpu, int pair, bool end)
{
	int i;

	for (i = 0; i < RTAS_PAIRS; i++)
		if (i != pair && rtas->pair[i].started && rtas->pair[i].cpu == cpu)
			return "another -start on this CPU has not been ended";
	if (pair >= 0 && rtas->pair[pair].started && rtas->pair[pair].cpu != cpu)
		return "it was started on another CPU";
	if (end && !rtas->pair[pair].started)
		return "it was not started";
	return NULL;
}

static int32_t inject_cpu(struct rtas_call *c, const uint32_t *words, uint32_t err)
{
	struct eeh_rtas *rtas = c->rtas;
	struct ioa a = { .err = err };
	int32_t status = EEH_RTAS_PARAM_ERROR;
	const char *why = NULL;
	bool end;
	int pair = pair_of(err, &end), ret;

	if (err > EEH_RTAS_ERR_UPSTREAM || !(rtas->o.cpu_errors & 1U << err)) {
		why = "this machine has no such error";
	} else {
		pthread_mutex_lock(&rtas->lock);
		why = pair_refused(rtas, c->cpu, pair, end);
		pthread_mutex_unlock(&rtas->lock);
	}
	if (!why) {
		status = end ? 0 : take_credit(rtas);
		why = status ? "too many injections: ask again" : NULL;
	}
	if (!why) {
		ret = rtas->o.cpu_error(rtas->o.arg, c->cpu, err, words, words_of(err));
		status = !ret ? EEH_RTAS_SUCCESS : ret == -EINVAL ? EEH_RTAS_PARAM_ERROR :
			 EEH_RTAS_HW_ERROR;
		why = ret ? "the machine did not make it" : "made";
		if (!ret && pair >= 0) {
			pthread_mutex_lock(&rtas->lock);
			rtas->pair[pair].started = !end;
			rtas->pair[pair].cpu = c->cpu;
			memcpy(rtas->pair[pair].words, words, sizeof(rtas->pair[pair].words));
			pthread_mutex_unlock(&rtas->lock);
		}
	}
	injection_event(c, NULL, &a, status, why);
	return status;
}

/* ---- Calls */

static int32_t inject(struct rtas_call *c)
{
	uint32_t words[BUFFER_WORDS];
	uint32_t err = c->args[0];
	struct ioa a = { .err = err };

	if (!is_open(c->rtas, c->args[1])) {
		injection_event(c, NULL, &a, EEH_RTAS_NOT_OPEN, "not the open session");
		return EEH_RTAS_NOT_OPEN;
	}
	if (c->args[2] & (BUFFER_ALIGN - 1) ||
	    rtas_read_words(c->rtas, c->args[2], words, BUFFER_WORDS)) {
		injection_event(c, NULL, &a, EEH_RTAS_PARAM_ERROR, "bad working buffer");
		return EEH_RTAS_PARAM_ERROR;
	}
	if (err == EEH_RTAS_ERR_IOA || err == EEH_RTAS_ERR_IOA_64)
		return inject_ioa(c, words, err);
	return inject_cpu(c, words, err);
}

int rtas_call_errinjct(struct rtas_call *c)
{
	switch (c->id) {
	case EEH_RTAS_OPEN_ERRINJCT:
		open_session(c);
		break;
	case EEH_RTAS_ERRINJCT:
		c->rets[0] = inject(c);
		break;
	default:
		/* Whoever did not open it: -4, and it stays open. */
		c->rets[0] = EEH_RTAS_NOT_OPEN;
		if (is_open(c->rtas, c->args[0])) {
			rtas_close(c, "");
			c->rets[0] = EEH_RTAS_SUCCESS;
		}
	}
	return 0;
}
