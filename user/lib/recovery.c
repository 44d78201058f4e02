// SPDX-License-Identifier: LGPL-2.1-or-later
/* The recovery engine: what happens to one PE, event by event. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "eeh_internal.h"
#include "recovery_internal.h"

#define MS		1000000ULL
#define HOUR		(3600ULL * 1000 * MS)
#define ASK_MS		1000	/* a PE that is not ready is asked once a second */
#define WATCH_MS	30000	/* one that nobody recovers, twice a minute */

static uint32_t or_default(uint32_t val, uint32_t dflt)
{
	return val ? val : dflt;
}

static int opts_take(struct eeh_recovery_opts *o, const struct eeh_recovery_opts *opts)
{
	int err = eeh_opts_get(o, sizeof(*o), opts);

	if (err)
		return err;
	o->max_freezes = or_default(o->max_freezes, 5);
	o->attempts = or_default(o->attempts, 3);
	o->hold_ms = or_default(o->hold_ms, 250);
	o->settle_ms = or_default(o->settle_ms, 1800);
	o->resume_ms = or_default(o->resume_ms, 1000);
	o->delegate_ms = or_default(o->delegate_ms, 60000);
	o->unavailable_ms = or_default(o->unavailable_ms, 300000);
	if (o->policy > EEH_POLICY_DELEGATE || o->on_timeout > EEH_POLICY_RECOVER ||
	    o->max_freezes > EEH_RECOVERY_FREEZES_MAX || o->attempts > EEH_RECOVERY_ATTEMPTS_MAX ||
	    o->hold_ms < 100 || o->hold_ms > EEH_RECOVERY_MS_MAX ||
	    o->settle_ms < 1500 || o->settle_ms > EEH_RECOVERY_MS_MAX ||
	    o->resume_ms > EEH_RECOVERY_MS_MAX || o->delegate_ms > EEH_RECOVERY_MS_MAX ||
	    o->unavailable_ms > EEH_RECOVERY_MS_MAX)
		return -EINVAL;
	return 0;
}

int eeh_recovery_new(struct eeh_recovery **ret, uint32_t phb, uint32_t pe_addr,
		     const struct eeh_recovery_opts *opts)
{
	struct eeh_recovery_opts o;
	struct eeh_recovery *r;
	int err;

	if (!ret)
		return -EINVAL;
	*ret = NULL;
	err = opts_take(&o, opts);
	if (err)
		return err;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->o = o;
	r->phb = phb;
	r->pe_addr = pe_addr;
	*ret = r;
	return 0;
}

void eeh_recovery_free(struct eeh_recovery *r)
{
	free(r);
}

int eeh_recovery_set_opts(struct eeh_recovery *r, const struct eeh_recovery_opts *opts)
{
	struct eeh_recovery_opts o;
	int err;

	if (!r)
		return -EINVAL;
	err = opts_take(&o, opts);
	if (!err)
		r->o = o;
	return err;
}

bool eeh_recovery_legal(uint32_t pe, uint32_t action)
{
	switch (action) {
	case EEH_RECOVERY_DO_NONE:
	case EEH_RECOVERY_DO_STATE:
	case EEH_RECOVERY_DO_LOG:
		return true;
	case EEH_RECOVERY_DO_ASSERT:
		return pe <= EEH_RECOVERY_PE_DMA_STOPPED;
	case EEH_RECOVERY_DO_DEASSERT:
		return pe == EEH_RECOVERY_PE_NORMAL || pe == EEH_RECOVERY_PE_RESET ||
		       pe == EEH_RECOVERY_PE_BUSY;
	case EEH_RECOVERY_DO_CONFIGURE:
		return pe == EEH_RECOVERY_PE_NORMAL || pe == EEH_RECOVERY_PE_BUSY;
	}
	return false;
}

/* ---- One event ---- */

/* An engine, the event and what comes out of it. */
struct turn {
	struct eeh_recovery *r;
	uint64_t now;
	struct eeh_recovery_step *step;
};

static void enter(struct turn *t, uint32_t state)
{
	if (t->r->state != state)
		t->r->since = t->now;
	t->r->state = state;
	t->r->deadline = 0;
	t->r->limit = 0;
}

static void begin(struct turn *t, uint32_t action)
{
	t->r->pending = action;
	t->r->deadline = 0;
	t->step->action = action;
	if (action == EEH_RECOVERY_DO_STATE) {
		t->r->asked_at = t->now;
		t->r->stale = false;
	}
}

static void wake(struct turn *t, uint64_t ms)
{
	t->r->deadline = t->now + ms * MS;
}

static void ask(struct turn *t, uint32_t state)
{
	enter(t, state);
	/* One question at a time: who may not take an old answer sets stale. */
	if (t->r->pending != EEH_RECOVERY_DO_STATE)
		begin(t, EEH_RECOVERY_DO_STATE);
}

static void to_idle(struct turn *t)
{
	struct eeh_recovery *r = t->r;

	t->step->took = t->now > r->frozen_at ? t->now - r->frozen_at : 0;
	enter(t, EEH_RECOVERY_IDLE);
	r->frozen_at = 0;
	r->attempt = 0;
	r->reset = 0;
	r->why = EEH_RECOVERY_WHY_NONE;
	r->force = false;
	r->timed_out = false;
	r->doubt = false;
}

static void normal_by_others(struct turn *t)
{
	t->r->normal++;
	t->step->say |= EEH_RECOVERY_SAY_NORMAL;
	to_idle(t);
}

static void give_up(struct turn *t, uint32_t why)
{
	enter(t, EEH_RECOVERY_PERMANENT);
	t->r->why = why;
	t->r->doubt = false;
	t->r->force = false;
	t->r->permanent++;
	t->step->say |= EEH_RECOVERY_SAY_PERMANENT;
	t->step->why = why;
}

static void assert_reset(struct turn *t)
{
	t->r->doubt = false;
	enter(t, EEH_RECOVERY_ASSERT);
	begin(t, EEH_RECOVERY_DO_ASSERT);
}

static void next_attempt(struct turn *t)
{
	struct eeh_recovery *r = t->r;

	if (r->attempt >= r->o.attempts) {
		give_up(t, EEH_RECOVERY_WHY_RETRIES);
		return;
	}
	r->attempt++;
	r->resets++;
	/* The last resort, but not the only one: not every slot has it. */
	r->reset = r->o.fundamental || (r->o.attempts > 1 && r->attempt == r->o.attempts) ?
		   EEH_RESET_KIND_FUNDAMENTAL : EEH_RESET_KIND_HOT;
	t->step->say |= EEH_RECOVERY_SAY_ATTEMPT;
	assert_reset(t);
}

/* An attempt failed. What the PE is in now decides whether a reset is legal. */
static void attempt_failed(struct turn *t)
{
	t->step->say |= EEH_RECOVERY_SAY_FAILED;
	t->r->doubt = false;
	if (t->r->attempt >= t->r->o.attempts)
		give_up(t, EEH_RECOVERY_WHY_RETRIES);
	else
		ask(t, EEH_RECOVERY_RETRY);
}

/* Whose is it, this freeze? */
static uint32_t policy_of(const struct eeh_recovery *r)
{
	if (r->force)
		return EEH_POLICY_RECOVER;
	if (r->o.policy == EEH_POLICY_DELEGATE && r->timed_out)
		return r->o.on_timeout;
	return r->o.policy;
}

/* Frozen for certain, and its log fetched; or not ours to recover. */
static void decide(struct turn *t)
{
	struct eeh_recovery *r = t->r;

	switch (policy_of(r)) {
	case EEH_POLICY_RECOVER:
		if (!r->force && r->window_freezes > r->o.max_freezes)
			give_up(t, EEH_RECOVERY_WHY_BUDGET);
		else
			next_attempt(t);
		break;
	case EEH_POLICY_DELEGATE:
		enter(t, EEH_RECOVERY_DELEGATED);
		r->limit = r->frozen_at + r->o.delegate_ms * MS;
		wake(t, ASK_MS);
		break;
	default:
		enter(t, EEH_RECOVERY_REPORTED);
		wake(t, WATCH_MS);
	}
}

/* The kernel's eeh_pe_update_time_stamp(): the hour begins with the first freeze. */
static void count_freeze(struct turn *t, uint64_t time)
{
	struct eeh_recovery *r = t->r;

	if (!r->window_freezes || t->now - r->window_start > HOUR) {
		r->window_start = t->now;
		r->window_freezes = 0;
	}
	r->window_freezes++;
	r->freezes++;
	r->frozen_at = time;
	r->counted_at = time;
	r->attempt = 0;
	r->reset = 0;
	r->timed_out = false;
	t->step->say |= EEH_RECOVERY_SAY_FROZEN;
}

static void on_frozen(struct turn *t, uint64_t time)
{
	struct eeh_recovery *r = t->r;

	if (r->pending == EEH_RECOVERY_DO_STATE && time > r->asked_at)
		r->stale = true;
	switch (r->state) {
	case EEH_RECOVERY_IDLE:
		/*
		 * A notice that was under way when this freeze ended; but what
		 * froze after somebody's thaw is another freeze.
		 */
		if (time <= r->over_at &&
		    (r->thawed_at <= r->counted_at || time <= r->thawed_at))
			return;
		count_freeze(t, time);
		ask(t, EEH_RECOVERY_NOTIFIED);
		break;
	case EEH_RECOVERY_NOTIFIED:
	case EEH_RECOVERY_LOG:
	case EEH_RECOVERY_REPORTED:
	case EEH_RECOVERY_DELEGATED:
		/* The same one again, unless it was thawed in between. */
		if (r->thawed_at <= r->frozen_at || time <= r->thawed_at)
			return;
		r->normal++;
		t->step->say |= EEH_RECOVERY_SAY_NORMAL;
		t->step->took = r->thawed_at - r->frozen_at;
		count_freeze(t, time);
		if (r->state == EEH_RECOVERY_REPORTED || r->state == EEH_RECOVERY_DELEGATED)
			ask(t, EEH_RECOVERY_NOTIFIED);
		break;
	case EEH_RECOVERY_RESUME:
		/* Already? Firmware knows. */
		if (time > r->over_at)
			ask(t, EEH_RECOVERY_RESUME);
		break;
	default:
		/* Being dealt with, or given up. */
		break;
	}
}

static void on_others(struct turn *t, uint64_t time)
{
	struct eeh_recovery *r = t->r;

	switch (r->state) {
	case EEH_RECOVERY_REPORTED:
	case EEH_RECOVERY_DELEGATED:
		if (time > r->thawed_at)
			r->thawed_at = time;
		/* Soon: a reset is several of these. */
		if (r->pending == EEH_RECOVERY_DO_NONE && r->deadline > t->now + ASK_MS / 10 * MS)
			wake(t, ASK_MS / 10);
		break;
	case EEH_RECOVERY_IDLE:
	case EEH_RECOVERY_NOTIFIED:
	case EEH_RECOVERY_LOG:
	case EEH_RECOVERY_PERMANENT:
		if (time > r->thawed_at)
			r->thawed_at = time;
		break;
	default:
		/* Our own, most likely: they are seen as well. */
		break;
	}
}

/* Not ready, or not asked: ask again later, but not for ever. */
static void wait_more(struct turn *t, uint32_t state, uint64_t ms, uint32_t why)
{
	struct eeh_recovery *r = t->r;
	uint64_t limit = r->state == state ? r->limit : 0;

	enter(t, state);
	r->limit = limit ? limit : t->now + r->o.unavailable_ms * MS;
	if (t->now >= r->limit)
		give_up(t, why);
	else
		wake(t, ms);
}

static void on_unready(struct turn *t, uint32_t state, const struct eeh_recovery_event *ev)
{
	if (ev->pe == EEH_RECOVERY_PE_UNAVAILABLE) {
		/* Linux: at least 1 s, at most 300 s. */
		uint64_t ms = ev->delay_ms < ASK_MS ? ASK_MS :
			      ev->delay_ms > 300000 ? 300000 : ev->delay_ms;

		wait_more(t, state, ms, EEH_RECOVERY_WHY_UNAVAILABLE);
	} else {
		wait_more(t, state, ASK_MS, EEH_RECOVERY_WHY_NO_ANSWER);
	}
}

static void on_state_of_doubt(struct turn *t, const struct eeh_recovery_event *ev)
{
	struct eeh_recovery *r = t->r;

	switch (ev->pe) {
	case EEH_RECOVERY_PE_RESET:
	case EEH_RECOVERY_PE_BUSY:
		r->doubt = false;
		if (r->state == EEH_RECOVERY_ASSERT) {
			/* It was done; when is not known, so the whole time again. */
			enter(t, EEH_RECOVERY_HOLD);
			wake(t, r->o.hold_ms);
		} else {
			/* Done or not: deasserting twice does nothing (PAPR). */
			enter(t, EEH_RECOVERY_DEASSERT);
			begin(t, EEH_RECOVERY_DO_DEASSERT);
		}
		break;
	case EEH_RECOVERY_PE_NORMAL:
		if (r->state == EEH_RECOVERY_DEASSERT) {
			r->doubt = false;
			enter(t, EEH_RECOVERY_SETTLE);
			wake(t, r->o.settle_ms);
			break;
		}
		/* Thawed by others, who may not have reset it. */
		assert_reset(t);
		break;
	case EEH_RECOVERY_PE_FROZEN:
	case EEH_RECOVERY_PE_DMA_STOPPED:
		/*
		 * Not asserted; or asserted on a host that shows this as frozen
		 * (powernv: eeh_pe_reset() freezes first). Asserting what is
		 * asserted does nothing (PAPR), so this is right for both.
		 */
		assert_reset(t);
		break;
	case EEH_RECOVERY_PE_GONE:
		give_up(t, EEH_RECOVERY_WHY_GONE);
		break;
	default:
		on_unready(t, r->state, ev);
	}
}

/* After our own reset: not normal (yet). */
static void not_over(struct turn *t, const struct eeh_recovery_event *ev, bool frozen)
{
	if (frozen)
		attempt_failed(t);
	else if (ev->pe == EEH_RECOVERY_PE_GONE)
		give_up(t, EEH_RECOVERY_WHY_GONE);
	else
		on_unready(t, t->r->state, ev);
}

static void on_state(struct turn *t, const struct eeh_recovery_event *ev)
{
	struct eeh_recovery *r = t->r;
	bool frozen = ev->pe == EEH_RECOVERY_PE_FROZEN || ev->pe == EEH_RECOVERY_PE_DMA_STOPPED;
	uint64_t limit = r->limit;

	r->pending = EEH_RECOVERY_DO_NONE;
	if (ev->pe == EEH_RECOVERY_PE_NORMAL) {
		if (r->stale) {
			begin(t, EEH_RECOVERY_DO_STATE);
			return;
		}
		if (r->asked_at > r->over_at)
			r->over_at = r->asked_at;
	}
	if (r->doubt) {
		on_state_of_doubt(t, ev);
		return;
	}
	switch (r->state) {
	case EEH_RECOVERY_NOTIFIED:
		if (ev->pe == EEH_RECOVERY_PE_NORMAL) {
			normal_by_others(t);
		} else if (ev->pe == EEH_RECOVERY_PE_GONE) {
			give_up(t, EEH_RECOVERY_WHY_GONE);
		} else if (frozen) {
			enter(t, EEH_RECOVERY_LOG);
			begin(t, EEH_RECOVERY_DO_LOG);
		} else if (policy_of(r) == EEH_POLICY_RECOVER) {
			/* Its owner is resetting it, or it cannot be asked now. */
			on_unready(t, r->state, ev);
		} else {
			decide(t);
		}
		break;
	case EEH_RECOVERY_REPORTED:
	case EEH_RECOVERY_DELEGATED:
		if (ev->pe == EEH_RECOVERY_PE_NORMAL) {
			normal_by_others(t);
		} else if (ev->pe == EEH_RECOVERY_PE_GONE) {
			give_up(t, EEH_RECOVERY_WHY_GONE);
		} else if (r->state == EEH_RECOVERY_REPORTED) {
			wake(t, WATCH_MS);
		} else if (t->now < limit) {
			wake(t, ASK_MS);
		} else {
			r->timed_out = true;
			t->step->say |= EEH_RECOVERY_SAY_TIMEOUT;
			/* A reset that somebody holds is not ours to take. */
			if (policy_of(r) == EEH_POLICY_RECOVER && !frozen)
				ask(t, EEH_RECOVERY_RETRY);
			else
				decide(t);
		}
		break;
	case EEH_RECOVERY_WAIT:
		/* Busy with our own reset, which configuration ends. */
		if (ev->pe == EEH_RECOVERY_PE_NORMAL || ev->pe == EEH_RECOVERY_PE_BUSY) {
			enter(t, EEH_RECOVERY_CONFIGURE);
			begin(t, EEH_RECOVERY_DO_CONFIGURE);
		} else {
			not_over(t, ev, frozen);
		}
		break;
	case EEH_RECOVERY_RESUME:
		if (ev->pe == EEH_RECOVERY_PE_NORMAL && t->now >= r->since + r->o.resume_ms * MS) {
			r->recovered++;
			t->step->say |= EEH_RECOVERY_SAY_RECOVERED;
			to_idle(t);
		} else if (ev->pe == EEH_RECOVERY_PE_NORMAL) {
			r->deadline = r->since + r->o.resume_ms * MS;
		} else {
			not_over(t, ev, frozen);
		}
		break;
	case EEH_RECOVERY_RETRY:
		if (ev->pe == EEH_RECOVERY_PE_NORMAL && !r->attempt)
			normal_by_others(t);
		else if (frozen || ev->pe == EEH_RECOVERY_PE_NORMAL ||
			 ((ev->pe == EEH_RECOVERY_PE_RESET || ev->pe == EEH_RECOVERY_PE_BUSY) &&
			  r->attempt))
			next_attempt(t);
		else if (ev->pe == EEH_RECOVERY_PE_GONE)
			give_up(t, EEH_RECOVERY_WHY_GONE);
		else
			on_unready(t, r->state, ev);
		break;
	}
}

static void on_done(struct turn *t, int err)
{
	struct eeh_recovery *r = t->r;

	r->pending = EEH_RECOVERY_DO_NONE;
	switch (r->state) {
	case EEH_RECOVERY_LOG:
		/* Without a log it is as frozen as with one. */
		decide(t);
		break;
	case EEH_RECOVERY_ASSERT:
		if (!err && r->o.timed_resets) {
			enter(t, EEH_RECOVERY_DEASSERT);
			begin(t, EEH_RECOVERY_DO_DEASSERT);
		} else if (!err) {
			enter(t, EEH_RECOVERY_HOLD);
			wake(t, r->o.hold_ms);
		} else if (err == -EOPNOTSUPP && r->reset == EEH_RESET_KIND_FUNDAMENTAL) {
			/* PAPR -8: there is no such reset here, the other one will do. */
			r->reset = EEH_RESET_KIND_HOT;
			assert_reset(t);
		} else {
			attempt_failed(t);
		}
		break;
	case EEH_RECOVERY_DEASSERT:
		if (err) {
			attempt_failed(t);
			break;
		}
		r->over_at = t->now;
		if (r->o.timed_resets) {
			ask(t, EEH_RECOVERY_WAIT);
		} else {
			enter(t, EEH_RECOVERY_SETTLE);
			wake(t, r->o.settle_ms);
		}
		break;
	case EEH_RECOVERY_CONFIGURE:
		if (err) {
			attempt_failed(t);
		} else {
			enter(t, EEH_RECOVERY_RESUME);
			wake(t, r->o.resume_ms);
		}
		break;
	}
}

static void on_timer(struct turn *t)
{
	struct eeh_recovery *r = t->r;

	if (!r->deadline || t->now < r->deadline)
		return;
	switch (r->state) {
	case EEH_RECOVERY_HOLD:
		enter(t, EEH_RECOVERY_DEASSERT);
		begin(t, EEH_RECOVERY_DO_DEASSERT);
		break;
	case EEH_RECOVERY_SETTLE:
		ask(t, EEH_RECOVERY_WAIT);
		break;
	default:
		/* All others wait for a state. */
		begin(t, EEH_RECOVERY_DO_STATE);
	}
}

static void on_restart(struct turn *t)
{
	struct eeh_recovery *r = t->r;

	switch (r->pending) {
	case EEH_RECOVERY_DO_NONE:
		/* The clock may have begun anew; no wait is longer than a day. */
		if (r->deadline > t->now + EEH_RECOVERY_MS_MAX * MS)
			r->deadline = t->now;
		break;
	case EEH_RECOVERY_DO_ASSERT:
	case EEH_RECOVERY_DO_DEASSERT:
		r->doubt = true;
		begin(t, EEH_RECOVERY_DO_STATE);
		break;
	case EEH_RECOVERY_DO_CONFIGURE:
		/* Twice is harmless, but not if it froze since. */
		begin(t, EEH_RECOVERY_DO_STATE);
		enter(t, EEH_RECOVERY_WAIT);
		break;
	default:
		begin(t, r->pending);
	}
}

static void on_policy(struct turn *t)
{
	struct eeh_recovery *r = t->r;

	if (r->state == EEH_RECOVERY_REPORTED || r->state == EEH_RECOVERY_DELEGATED)
		ask(t, EEH_RECOVERY_NOTIFIED);
}

static void on_force(struct turn *t)
{
	struct eeh_recovery *r = t->r;

	if (r->state != EEH_RECOVERY_REPORTED && r->state != EEH_RECOVERY_DELEGATED)
		return;
	r->force = true;
	ask(t, EEH_RECOVERY_NOTIFIED);
}

static void on_clear(struct turn *t)
{
	struct eeh_recovery *r = t->r;

	r->window_freezes = 0;
	r->window_start = 0;
	if (r->state != EEH_RECOVERY_PERMANENT)
		return;
	r->why = EEH_RECOVERY_WHY_NONE;
	r->attempt = 0;
	r->reset = 0;
	r->timed_out = false;
	ask(t, EEH_RECOVERY_NOTIFIED);
}

int eeh_recovery_event(struct eeh_recovery *r, const struct eeh_recovery_event *event,
		       struct eeh_recovery_step *ret)
{
	struct eeh_recovery_event ev;
	struct eeh_recovery_step step = { 0 };
	struct turn t = { .r = r, .step = &step };
	uint64_t time;
	int err;

	if (!r || !event || !ret || ret->sz < sizeof(ret->sz))
		return -EINVAL;
	err = eeh_opts_get(&ev, sizeof(ev), event);
	if (err)
		return err;
	if (ev.type >= EEH_RECOVERY_EVENTS ||
	    (ev.type == EEH_RECOVERY_EV_STATE && ev.pe >= EEH_RECOVERY_PE_STATES))
		return -EINVAL;
	t.now = ev.now;
	/* Nothing has happened in the future. */
	time = ev.time && ev.time < ev.now ? ev.time : ev.now;

	switch (ev.type) {
	case EEH_RECOVERY_EV_FROZEN:
		on_frozen(&t, time);
		break;
	case EEH_RECOVERY_EV_STATE:
		if (r->pending == EEH_RECOVERY_DO_STATE)
			on_state(&t, &ev);
		break;
	case EEH_RECOVERY_EV_DONE:
		if (r->pending > EEH_RECOVERY_DO_STATE)
			on_done(&t, ev.err);
		break;
	case EEH_RECOVERY_EV_TIMER:
		on_timer(&t);
		break;
	case EEH_RECOVERY_EV_OTHERS:
		on_others(&t, time);
		break;
	case EEH_RECOVERY_EV_RESTART:
		on_restart(&t);
		break;
	case EEH_RECOVERY_EV_POLICY:
		on_policy(&t);
		break;
	case EEH_RECOVERY_EV_FORCE:
		on_force(&t);
		break;
	case EEH_RECOVERY_EV_CLEAR:
		on_clear(&t);
		break;
	case EEH_RECOVERY_EV_AGAIN:
		if (r->pending)
			begin(&t, r->pending);
		break;
	}
	step.pending = r->pending;
	step.reset = r->reset;
	step.state = r->state;
	step.attempt = r->attempt;
	step.deadline = r->deadline;
	return eeh_out_put(ret, &step, sizeof(step));
}

int eeh_recovery_status(const struct eeh_recovery *r, struct eeh_recovery_status *status)
{
	struct eeh_recovery_status s = { 0 };

	if (!r || !status)
		return -EINVAL;
	s.phb = r->phb;
	s.pe_addr = r->pe_addr;
	s.state = r->state;
	s.pending = r->pending;
	s.why = r->why;
	s.attempt = r->attempt;
	s.window_freezes = r->window_freezes;
	s.window_start = r->window_start;
	s.frozen_at = r->frozen_at;
	s.last_frozen = r->counted_at;
	s.since = r->since;
	s.deadline = r->deadline;
	s.freezes = r->freezes;
	s.recovered = r->recovered;
	s.normal = r->normal;
	s.permanent = r->permanent;
	s.resets = r->resets;
	return eeh_out_put(status, &s, sizeof(s));
}
