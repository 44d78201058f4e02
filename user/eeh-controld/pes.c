// SPDX-License-Identifier: GPL-2.0-only
/* The PEs: which there are, which rule is theirs, and what their engines are told. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "controld.h"

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

void pe_status(const struct pe *p, struct eeh_recovery_status *st)
{
	EEH_INIT(st);
	eeh_recovery_status(p->r, st);
}

static bool idle(const struct pe *p)
{
	struct eeh_recovery_status st;

	pe_status(p, &st);
	return st.state == EEH_RECOVERY_IDLE;
}

struct pe *pe_get(struct controld *c, uint32_t phb, uint32_t addr, bool make)
{
	struct pe **at, *p;

	for (at = &c->pes; (p = *at); at = &p->next) {
		if (p->phb == phb && p->addr == addr)
			return p;
		if (p->phb > phb || (p->phb == phb && p->addr > addr))
			break;
	}
	if (!make || c->nr_pes == PES_MAX)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	if (eeh_recovery_new(&p->r, phb, addr, NULL)) {
		free(p);
		return NULL;
	}
	p->c = c;
	p->phb = phb;
	p->addr = addr;
	p->next = *at;
	*at = p;
	c->nr_pes++;
	return p;
}

/* The rule of a PE, and what must not be left to a rule. */
static void choose_rule(struct controld *c, struct pe *p)
{
	const struct pe_desc nothing = { .phb = p->phb, .addr = p->addr };
	const struct pe_desc *desc = p->desc ? p->desc : &nothing;
	struct eeh_recovery_opts o;

	p->rule = config_rule(c->config, desc);
	o = p->rule->opts;
	o.timed_resets = backend.timed_resets;
	/* The kernel recovers its own: two that reset one device break it. */
	if (!desc->passed)
		o.policy = EEH_POLICY_REPORT;
	else if (o.policy == EEH_POLICY_RECOVER && !backend.resets(c->be))
		o.policy = EEH_POLICY_DELEGATE;
	if (!backend.resets(c->be))
		o.on_timeout = EEH_POLICY_REPORT;
	eeh_recovery_set_opts(p->r, &o);
	if (p->policy == o.policy)
		return;
	p->policy = o.policy;
	pe_tell(c, p, (struct eeh_recovery_event) { .type = EEH_RECOVERY_EV_POLICY });
}

static int take_desc(void *arg, const struct pe_desc *desc)
{
	struct controld *c = arg;
	struct pe *p = pe_get(c, desc->phb, desc->addr, desc->passed);
	size_t sz = offsetof(struct pe_desc, devices[desc->nr_devices]);
	struct pe_desc *copy;

	if (!p)
		return 0;
	/* Most have one device. */
	copy = realloc(p->desc, sz);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, desc, sz);
	p->desc = copy;
	p->known = true;
	return 0;
}

int pes_refresh(struct controld *c)
{
	struct pe *p;
	int err;

	for (p = c->pes; p; p = p->next)
		p->known = false;
	err = backend.for_each_pe(c->be, take_desc, c);
	/* What could not be looked at is as it was. */
	if (err)
		return err;
	for (p = c->pes; p; p = p->next) {
		if (!p->known) {
			free(p->desc);
			p->desc = NULL;
		}
		choose_rule(c, p);
	}
	return 0;
}

void pes_rules(struct controld *c)
{
	struct pe *p;

	for (p = c->pes; p; p = p->next)
		choose_rule(c, p);
}

static void count(struct controld *c, const struct eeh_recovery_step *step)
{
	struct state *s = &c->state;
	int i;

	s->freezes += !!(step->say & EEH_RECOVERY_SAY_FROZEN);
	s->recovered += !!(step->say & EEH_RECOVERY_SAY_RECOVERED);
	s->normal += !!(step->say & EEH_RECOVERY_SAY_NORMAL);
	s->permanent += !!(step->say & EEH_RECOVERY_SAY_PERMANENT);
	s->resets += !!(step->say & EEH_RECOVERY_SAY_ATTEMPT);
	s->failed += !!(step->say & EEH_RECOVERY_SAY_FAILED);
	s->timeouts += !!(step->say & EEH_RECOVERY_SAY_TIMEOUT);
	if (step->say & EEH_RECOVERY_SAY_RECOVERED) {
		for (i = 0; i < BUCKETS - 1; i++)
			if (step->took <= bucket_seconds[i] * NS_PER_S)
				break;
		s->recovery[i]++;
		s->recovery_ns += step->took;
	}
}

static uint32_t tell(struct controld *c, struct pe *p, struct eeh_recovery_event *ev)
{
	struct eeh_recovery_step step;

	ev->sz = sizeof(*ev);
	ev->now = now_ns();
	EEH_INIT(&step);
	if (eeh_recovery_event(p->r, ev, &step))
		return 0;
	if (step.action) {
		p->want = step.action;
		p->want_reset = step.reset;
		p->ticket = ++c->state.actions;
	}
	c->dirty = true;
	count(c, &step);
	if (step.say)
		notice(c, p, &step);
	return step.say;
}

void pe_tell(struct controld *c, struct pe *p, struct eeh_recovery_event ev)
{
	tell(c, p, &ev);
}

void pe_frozen(struct controld *c, struct pe *p, uint64_t time, uint32_t source)
{
	static uint64_t refreshed;
	struct eeh_recovery_event ev = { .type = EEH_RECOVERY_EV_FROZEN, .time = time };
	uint64_t now = now_ns();

	/* Whose is it now? In a burst of them, once is enough. */
	if (idle(p) && (!refreshed || now - refreshed > NS_PER_S)) {
		pes_refresh(c);
		refreshed = now;
	}
	if (!p->rule)
		choose_rule(c, p);
	if (tell(c, p, &ev) & EEH_RECOVERY_SAY_FROZEN)
		c->state.freezes_by[source < EEH_SOURCE_MAX ? source : EEH_SOURCE_UNKNOWN]++;
}

/*
 * Was this event taken already? Events of different CPUs are a little out of
 * order, and seq begins anew when the module is loaded anew.
 */
static bool taken_before(struct state *s, const struct eeh_event *ev)
{
	uint64_t n;
	bool taken;

	if (ev->seq > s->seq) {
		n = ev->seq - s->seq;
		s->window = n < 64 ? s->window << n | 1 : 1;
		s->seq = ev->seq;
		taken = false;
	} else {
		n = s->seq - ev->seq;
		taken = n >= 64 || s->window & 1ULL << n;
		if (taken && ev->time_ns > s->time) {
			s->seq = ev->seq;
			s->window = 1;
			taken = false;
		} else if (!taken) {
			s->window |= 1ULL << n;
		}
	}
	if (ev->time_ns > s->time)
		s->time = ev->time_ns;
	return taken;
}

void pe_event(struct controld *c, const struct eeh_event *ev)
{
	struct eeh_recovery_event e = { .time = ev->time_ns };
	struct state *s = &c->state;
	struct pe *p;

	if (taken_before(s, ev))
		return;
	c->dirty = true;
	if (ev->type >= EEH_EVENT_MAX)
		return;
	s->events[ev->type]++;
	server_event(c, ev);
	switch (ev->type) {
	case EEH_EVENT_FROZEN:
		e.type = EEH_RECOVERY_EV_FROZEN;
		break;
	case EEH_EVENT_OPTION:
		/* Disabling thaws nothing; nor does freezing. */
		if (ev->arg[0] < 1 || ev->arg[0] > 3)
			return;
		e.type = EEH_RECOVERY_EV_OTHERS;
		break;
	case EEH_EVENT_RESET:
		if (ev->arg[0])
			return;
		e.type = EEH_RECOVERY_EV_OTHERS;
		break;
	case EEH_EVENT_CONFIGURE:
		e.type = EEH_RECOVERY_EV_OTHERS;
		break;
	default:
		return;
	}
	p = pe_get(c, ev->phb, ev->pe_addr, e.type == EEH_RECOVERY_EV_FROZEN);
	if (!p)
		return;
	if (e.type == EEH_RECOVERY_EV_FROZEN) {
		pe_frozen(c, p, ev->time_ns, ev->source);
	} else {
		if (!p->rule)
			choose_rule(c, p);
		tell(c, p, &e);
	}
}

#define ORPHAN_NS	(20 * NS_PER_MS)

uint64_t pes_deadline(const struct controld *c)
{
	uint64_t at = c->sweeping ? UINT64_MAX : c->next_sweep;
	struct eeh_recovery_status st;
	const struct pe *p;

	for (p = c->pes; p; p = p->next) {
		if (p->orphan) {
			at = at < now_ns() + ORPHAN_NS ? at : now_ns() + ORPHAN_NS;
			continue;
		}
		pe_status(p, &st);
		if (st.deadline && st.deadline < at)
			at = st.deadline;
	}
	return at;
}

void pes_tick(struct controld *c)
{
	struct eeh_recovery_status st;
	uint64_t now = now_ns();
	struct pe *p;

	for (p = c->pes; p; p = p->next) {
		if (p->orphan)
			worker_adopt(c, p);
		pe_status(p, &st);
		if (st.deadline && st.deadline <= now)
			pe_tell(c, p, (struct eeh_recovery_event) {
				.type = EEH_RECOVERY_EV_TIMER });
	}
	if (now >= c->next_sweep && !c->sweeping) {
		c->next_sweep = now + c->config->sweep_ms * NS_PER_MS;
		pes_refresh(c);
		if (!sweep_begin(c))
			c->sweeping = true;
	}
}
