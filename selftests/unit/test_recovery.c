// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recovery engine: every state with every event, and long random lives with
 * a PE that keeps PAPR's rules and complains about whoever does not.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <eeh/recovery.h>

#include "recovery_internal.h"
#include "unit.h"

#define MS	1000000ULL
#define S	(1000 * MS)

static struct eeh_recovery_opts opts_of(uint32_t policy)
{
	struct eeh_recovery_opts o;

	EEH_INIT(&o);
	o.policy = policy;
	return o;
}

static struct eeh_recovery *engine(const struct eeh_recovery_opts *o)
{
	struct eeh_recovery *r;

	assert_int_equal(eeh_recovery_new(&r, 1, 0xfd, o), 0);
	return r;
}

static struct eeh_recovery_step tell(struct eeh_recovery *r, struct eeh_recovery_event ev)
{
	struct eeh_recovery_step step;

	EEH_INIT(&step);
	ev.sz = sizeof(ev);
	assert_int_equal(eeh_recovery_event(r, &ev, &step), 0);
	assert_true(eeh_recovery_sane(r));
	assert_int_equal(step.pending, r->pending);
	return step;
}

#define TELL(r, _type, ...) \
	tell((r), (struct eeh_recovery_event) { .type = EEH_RECOVERY_EV_##_type, __VA_ARGS__ })

static void is_at(struct eeh_recovery_step step, uint32_t action, uint32_t state,
		  const char *file, int line)
{
	_assert_string_equal(eeh_recovery_action_name(step.action),
			     eeh_recovery_action_name(action), file, line);
	_assert_string_equal(eeh_recovery_state_name(step.state), eeh_recovery_state_name(state),
			     file, line);
}

#define is(step, action, state) \
	is_at(step, EEH_RECOVERY_DO_##action, EEH_RECOVERY_##state, __FILE__, __LINE__)

/* From a freeze at 1 s up to the decision. */
static struct eeh_recovery_step freeze_at(struct eeh_recovery *r, uint64_t now)
{
	struct eeh_recovery_step s = TELL(r, FROZEN, .now = now);

	is(s, STATE, NOTIFIED);
	assert_int_equal(s.say, EEH_RECOVERY_SAY_FROZEN);
	s = TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = now);
	is(s, LOG, LOG);
	return TELL(r, DONE, .now = now);
}

static void t_recover(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_RECOVER);
	struct eeh_recovery *r = engine(&o);
	struct eeh_recovery_step s = freeze_at(r, S);

	(void)state;
	is(s, ASSERT, ASSERT);
	assert_int_equal(s.reset, EEH_RESET_KIND_HOT);
	assert_int_equal(s.attempt, 1);
	/* Other devices of the PE, other ways of noticing: the same freeze. */
	is(TELL(r, FROZEN, .now = S), NONE, ASSERT);
	s = TELL(r, DONE, .now = 2 * S);
	is(s, NONE, HOLD);
	assert_int_equal(s.deadline, 2 * S + 250 * MS);
	is(TELL(r, TIMER, .now = 2 * S + 249 * MS), NONE, HOLD);
	is(TELL(r, TIMER, .now = 2 * S + 250 * MS), DEASSERT, DEASSERT);
	s = TELL(r, DONE, .now = 3 * S);
	is(s, NONE, SETTLE);
	assert_int_equal(s.deadline, 3 * S + 1800 * MS);
	is(TELL(r, TIMER, .now = 5 * S), STATE, WAIT);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_NORMAL, .now = 5 * S), CONFIGURE, CONFIGURE);
	is(TELL(r, DONE, .now = 5 * S), NONE, RESUME);
	is(TELL(r, TIMER, .now = 6 * S), STATE, RESUME);
	s = TELL(r, STATE, .pe = EEH_RECOVERY_PE_NORMAL, .now = 6 * S);
	is(s, NONE, IDLE);
	assert_int_equal(s.say, EEH_RECOVERY_SAY_RECOVERED);
	assert_int_equal(s.took, 5 * S);
	/* A notice from then that comes late is no new freeze. */
	is(TELL(r, FROZEN, .time = 2 * S, .now = 7 * S), NONE, IDLE);
	assert_int_equal(r->freezes, 1);
	assert_int_equal(r->recovered, 1);
	eeh_recovery_free(r);
}

static void t_timed_resets(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_RECOVER);
	struct eeh_recovery *r;

	(void)state;
	o.timed_resets = true;
	r = engine(&o);
	is(freeze_at(r, S), ASSERT, ASSERT);
	is(TELL(r, DONE, .now = 2 * S), DEASSERT, DEASSERT);
	is(TELL(r, DONE, .now = 4 * S), STATE, WAIT);
	eeh_recovery_free(r);
}

/* The engine is at ASSERT of attempt 1. */
static struct eeh_recovery_step fail_attempt(struct eeh_recovery *r, uint64_t now)
{
	struct eeh_recovery_step s = TELL(r, DONE, .err = -EIO, .now = now);

	if (s.state == EEH_RECOVERY_PERMANENT)
		return s;
	is(s, STATE, RETRY);
	return TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = now);
}

static void t_retries(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_RECOVER);
	struct eeh_recovery *r = engine(&o);
	struct eeh_recovery_step s = freeze_at(r, S);

	(void)state;
	s = fail_attempt(r, S);
	is(s, ASSERT, ASSERT);
	assert_int_equal(s.reset, EEH_RESET_KIND_HOT);
	s = fail_attempt(r, S);
	is(s, ASSERT, ASSERT);
	/* The last one is fundamental, and hot where there is no such thing. */
	assert_int_equal(s.reset, EEH_RESET_KIND_FUNDAMENTAL);
	s = TELL(r, DONE, .err = -EOPNOTSUPP, .now = S);
	is(s, ASSERT, ASSERT);
	assert_int_equal(s.reset, EEH_RESET_KIND_HOT);
	assert_int_equal(s.attempt, 3);
	s = fail_attempt(r, S);
	is(s, NONE, PERMANENT);
	assert_int_equal(s.why, EEH_RECOVERY_WHY_RETRIES);
	assert_int_equal(s.say, EEH_RECOVERY_SAY_PERMANENT | EEH_RECOVERY_SAY_FAILED);
	/* Latched. */
	is(TELL(r, FROZEN, .now = 2 * S), NONE, PERMANENT);
	is(TELL(r, FORCE, .now = 2 * S), NONE, PERMANENT);
	is(TELL(r, CLEAR, .now = 2 * S), STATE, NOTIFIED);
	eeh_recovery_free(r);
}

static void one_recovery(struct eeh_recovery *r, uint64_t now)
{
	is(freeze_at(r, now), ASSERT, ASSERT);
	TELL(r, DONE, .now = now);
	TELL(r, TIMER, .now = now + S);
	TELL(r, DONE, .now = now + S);
	TELL(r, TIMER, .now = now + 3 * S);
	TELL(r, STATE, .pe = 0, .now = now + 3 * S);
	TELL(r, DONE, .now = now + 3 * S);
	TELL(r, TIMER, .now = now + 4 * S);
	is(TELL(r, STATE, .pe = 0, .now = now + 4 * S), NONE, IDLE);
}

static void t_budget(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_RECOVER);
	struct eeh_recovery *r = engine(&o);
	struct eeh_recovery_step s;
	int i;

	(void)state;
	/* Five an hour, the hour beginning with the first; then a new hour. */
	for (i = 0; i < 5; i++)
		one_recovery(r, (1 + i * 60) * S);
	for (i = 0; i < 5; i++)
		one_recovery(r, (3602 + i * 60) * S);
	s = freeze_at(r, 7200 * S);
	is(s, NONE, PERMANENT);
	assert_int_equal(s.why, EEH_RECOVERY_WHY_BUDGET);
	assert_int_equal(r->freezes, 11);
	TELL(r, CLEAR, .now = 7201 * S);
	TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = 7201 * S);
	is(TELL(r, DONE, .now = 7201 * S), ASSERT, ASSERT);
	eeh_recovery_free(r);
}

static void t_report(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_REPORT);
	struct eeh_recovery *r = engine(&o);
	struct eeh_recovery_step s = freeze_at(r, S);

	(void)state;
	is(s, NONE, REPORTED);
	is(TELL(r, TIMER, .now = 40 * S), STATE, REPORTED);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = 40 * S), NONE, REPORTED);
	/* An operator decides otherwise. */
	is(TELL(r, FORCE, .now = 41 * S), STATE, NOTIFIED);
	TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = 41 * S);
	is(TELL(r, DONE, .now = 41 * S), ASSERT, ASSERT);
	eeh_recovery_free(r);

	/* So does a new configuration. */
	r = engine(&o);
	freeze_at(r, S);
	o.policy = EEH_POLICY_RECOVER;
	assert_int_equal(eeh_recovery_set_opts(r, &o), 0);
	is(TELL(r, POLICY, .now = 2 * S), STATE, NOTIFIED);
	eeh_recovery_free(r);
}

static void t_delegate(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_DELEGATE);
	struct eeh_recovery *r = engine(&o);
	struct eeh_recovery_step s = freeze_at(r, S);

	(void)state;
	is(s, NONE, DELEGATED);
	/* The owner resets it: looked at soon, and over. */
	s = TELL(r, OTHERS, .now = S + MS);
	assert_true(s.deadline <= S + 101 * MS);
	is(TELL(r, TIMER, .now = 2 * S), STATE, DELEGATED);
	s = TELL(r, STATE, .pe = EEH_RECOVERY_PE_NORMAL, .now = 2 * S);
	is(s, NONE, IDLE);
	assert_int_equal(s.say, EEH_RECOVERY_SAY_NORMAL);
	/* Thawed and frozen again before anybody looked: two freezes. */
	freeze_at(r, 3 * S);
	TELL(r, OTHERS, .now = 4 * S);
	s = TELL(r, FROZEN, .now = 5 * S);
	assert_int_equal(s.say, EEH_RECOVERY_SAY_FROZEN | EEH_RECOVERY_SAY_NORMAL);
	assert_int_equal(r->freezes, 3);
	/* Nor while it is being asked. */
	TELL(r, OTHERS, .now = 5 * S + MS);
	TELL(r, FROZEN, .now = 5 * S + 2 * MS);
	assert_int_equal(r->freezes, 4);
	TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = 5 * S);
	is(TELL(r, DONE, .now = 5 * S), NONE, DELEGATED);
	/* Never: only told. */
	is(TELL(r, TIMER, .now = 66 * S), STATE, DELEGATED);
	s = TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = 66 * S);
	assert_int_equal(s.say, EEH_RECOVERY_SAY_TIMEOUT);
	is(s, NONE, REPORTED);
	eeh_recovery_free(r);
}

static void t_delegate_then_recover(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_DELEGATE);
	struct eeh_recovery *r;

	(void)state;
	o.on_timeout = EEH_POLICY_RECOVER;
	r = engine(&o);
	is(freeze_at(r, S), NONE, DELEGATED);
	TELL(r, TIMER, .now = 62 * S);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = 62 * S), ASSERT, ASSERT);
	eeh_recovery_free(r);

	/* Not while the owner holds its reset. */
	r = engine(&o);
	is(freeze_at(r, S), NONE, DELEGATED);
	TELL(r, TIMER, .now = 62 * S);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_RESET, .now = 62 * S), STATE, RETRY);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_RESET, .now = 62 * S), NONE, RETRY);
	eeh_recovery_free(r);
}

static void t_unavailable(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_RECOVER);
	struct eeh_recovery *r = engine(&o);
	struct eeh_recovery_step s;

	(void)state;
	TELL(r, FROZEN, .now = S);
	s = TELL(r, STATE, .pe = EEH_RECOVERY_PE_UNAVAILABLE, .delay_ms = 5000, .now = S);
	is(s, NONE, NOTIFIED);
	assert_int_equal(s.deadline, 6 * S);
	is(TELL(r, TIMER, .now = 6 * S), STATE, NOTIFIED);
	s = TELL(r, STATE, .pe = EEH_RECOVERY_PE_UNAVAILABLE, .delay_ms = 1, .now = 6 * S);
	assert_int_equal(s.deadline, 7 * S);
	TELL(r, TIMER, .now = 301 * S);
	s = TELL(r, STATE, .pe = EEH_RECOVERY_PE_UNAVAILABLE, .now = 301 * S);
	is(s, NONE, PERMANENT);
	assert_int_equal(s.why, EEH_RECOVERY_WHY_UNAVAILABLE);
	eeh_recovery_free(r);
}

/* Told late: once over, a freeze is not counted again, but one after a thaw is. */
static void t_late_notice(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_DELEGATE);
	struct eeh_recovery *r = engine(&o);

	(void)state;
	TELL(r, FROZEN, .time = S, .now = 10 * S);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_NORMAL, .now = 10 * S), NONE, IDLE);
	is(TELL(r, FROZEN, .time = 2 * S, .now = 11 * S), NONE, IDLE);
	TELL(r, OTHERS, .time = 3 * S, .now = 11 * S);
	is(TELL(r, FROZEN, .time = 2 * S, .now = 11 * S), NONE, IDLE);
	is(TELL(r, FROZEN, .time = 4 * S, .now = 11 * S), STATE, NOTIFIED);
	assert_int_equal(r->freezes, 2);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_NORMAL, .now = 12 * S), NONE, IDLE);
	is(TELL(r, FROZEN, .time = 5 * S, .now = 12 * S), NONE, IDLE);
	assert_int_equal(r->freezes, 2);
	eeh_recovery_free(r);
}

/* An answer from before a freeze says nothing about it. */
static void t_stale_answer(void **state)
{
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_DELEGATE);
	struct eeh_recovery *r = engine(&o);

	(void)state;
	freeze_at(r, S);
	TELL(r, OTHERS, .now = 2 * S);
	is(TELL(r, TIMER, .now = 3 * S), STATE, DELEGATED);
	is(TELL(r, FROZEN, .now = 4 * S), NONE, NOTIFIED);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_NORMAL, .now = 5 * S), STATE, NOTIFIED);
	is(TELL(r, STATE, .pe = EEH_RECOVERY_PE_FROZEN, .now = 5 * S), LOG, LOG);
	assert_int_equal(r->freezes, 2);
	eeh_recovery_free(r);
}

static void t_opts(void **state)
{
	struct eeh_recovery_opts o;
	struct eeh_recovery_event ev;
	struct eeh_recovery_step step;
	struct eeh_recovery *r = NULL;
	unsigned int i;

	(void)state;
	for (i = 0; i < 12; i++) {
		o = opts_of(EEH_POLICY_RECOVER);
		switch (i) {
		case 0: o.policy = 3; break;
		case 1: o.on_timeout = EEH_POLICY_DELEGATE; break;
		case 2: o.hold_ms = 99; break;
		case 3: o.settle_ms = 1499; break;
		case 4: o.attempts = 11; break;
		case 5: o.max_freezes = 100001; break;
		case 6: o.hold_ms = 86400001; break;
		case 7: o.settle_ms = 86400001; break;
		case 8: o.resume_ms = 86400001; break;
		case 9: o.delegate_ms = 86400001; break;
		case 10: o.unavailable_ms = 86400001; break;
		case 11: o.sz = 0; break;
		}
		assert_int_equal(eeh_recovery_new(&r, 0, 0, &o), -EINVAL);
		assert_null(r);
	}
	assert_int_equal(eeh_recovery_new(NULL, 0, 0, NULL), -EINVAL);
	assert_int_equal(eeh_recovery_new(&r, 0, 0, NULL), 0);
	EEH_INIT(&ev);
	EEH_INIT(&step);
	ev.type = EEH_RECOVERY_EVENTS;
	assert_int_equal(eeh_recovery_event(r, &ev, &step), -EINVAL);
	ev.type = EEH_RECOVERY_EV_STATE;
	ev.pe = EEH_RECOVERY_PE_STATES;
	assert_int_equal(eeh_recovery_event(r, &ev, &step), -EINVAL);
	assert_int_equal(eeh_recovery_event(NULL, &ev, &step), -EINVAL);
	eeh_recovery_free(r);
}

/* ---- Every state with every event ---- */

/* Saved and loaded it is the same engine. */
static void assert_round_trip(const struct eeh_recovery *r)
{
	char text[EEH_RECOVERY_TEXT_MAX], again[EEH_RECOVERY_TEXT_MAX];
	struct eeh_recovery *l;

	assert_true(eeh_recovery_save(r, text, sizeof(text)) > 0);
	assert_int_equal(eeh_recovery_load(&l, text, &r->o), 0);
	assert_true(eeh_recovery_save(l, again, sizeof(again)) > 0);
	assert_string_equal(text, again);
	assert_int_equal(l->state, r->state);
	assert_int_equal(l->deadline, r->deadline);
	eeh_recovery_free(l);
}

static unsigned long walked;

static void walk_one(const struct eeh_recovery *from, struct eeh_recovery_event ev)
{
	struct eeh_recovery r = *from;
	struct eeh_recovery_step s = tell(&r, ev);
	bool answered = (ev.type == EEH_RECOVERY_EV_STATE &&
			 from->pending == EEH_RECOVERY_DO_STATE) ||
			(ev.type == EEH_RECOVERY_EV_DONE &&
			 from->pending > EEH_RECOVERY_DO_STATE);

	walked++;
	assert_round_trip(&r);
	/* One action at a time. */
	if (ev.type == EEH_RECOVERY_EV_AGAIN)
		assert_int_equal(s.action, from->pending);
	if (s.action && !answered && ev.type != EEH_RECOVERY_EV_RESTART &&
	    ev.type != EEH_RECOVERY_EV_AGAIN)
		assert_int_equal(from->pending, EEH_RECOVERY_DO_NONE);
	if (s.action)
		assert_int_equal(s.action, r.pending);
	/* An answer that is not awaited changes nothing. */
	if ((ev.type == EEH_RECOVERY_EV_STATE || ev.type == EEH_RECOVERY_EV_DONE) && !answered)
		assert_memory_equal(&r, from, sizeof(r));
	/* What is done next is legal in the state that was just told. */
	if (ev.type == EEH_RECOVERY_EV_STATE && answered && s.action)
		assert_true(eeh_recovery_legal(ev.pe, s.action));
	/* Given up is given up. */
	if (from->state == EEH_RECOVERY_PERMANENT && ev.type != EEH_RECOVERY_EV_CLEAR)
		assert_int_equal(r.state, EEH_RECOVERY_PERMANENT);
	/* Nobody resets what is not ours to reset. */
	if (s.action == EEH_RECOVERY_DO_ASSERT && from->state < EEH_RECOVERY_ASSERT)
		assert_true(r.o.policy == EEH_POLICY_RECOVER || r.force ||
			    (r.timed_out && r.o.on_timeout == EEH_POLICY_RECOVER));
	/* Configuration only after a reset, and deassertion only after assertion. */
	if (s.action == EEH_RECOVERY_DO_CONFIGURE)
		assert_true(from->state == EEH_RECOVERY_WAIT ||
			    from->state == EEH_RECOVERY_CONFIGURE);
	if (s.action == EEH_RECOVERY_DO_DEASSERT)
		assert_true(from->state == EEH_RECOVERY_ASSERT ||
			    from->state == EEH_RECOVERY_HOLD ||
			    (from->state == EEH_RECOVERY_DEASSERT &&
			     (from->doubt || ev.type == EEH_RECOVERY_EV_AGAIN)));
	/* A restart repeats no reset unasked. */
	if (ev.type == EEH_RECOVERY_EV_RESTART)
		assert_true(s.action != EEH_RECOVERY_DO_ASSERT &&
			    s.action != EEH_RECOVERY_DO_DEASSERT);
	/* Counters only grow, by one. */
	assert_true(r.freezes - from->freezes <= 1 && r.resets - from->resets <= 1 &&
		    r.recovered - from->recovered <= 1);
	assert_int_equal(!!(s.say & EEH_RECOVERY_SAY_FROZEN), r.freezes - from->freezes);
	assert_int_equal(!!(s.say & EEH_RECOVERY_SAY_RECOVERED), r.recovered - from->recovered);
	assert_int_equal(!!(s.say & EEH_RECOVERY_SAY_PERMANENT), r.permanent - from->permanent);
	assert_int_equal(!!(s.say & EEH_RECOVERY_SAY_ATTEMPT), r.resets - from->resets);
	/* Only what was normal is called so. */
	if (s.say & (EEH_RECOVERY_SAY_RECOVERED | EEH_RECOVERY_SAY_NORMAL))
		assert_true((ev.type == EEH_RECOVERY_EV_STATE &&
			     ev.pe == EEH_RECOVERY_PE_NORMAL) ||
			    (ev.type == EEH_RECOVERY_EV_FROZEN && from->thawed_at));
}

static void walk_events(const struct eeh_recovery *r)
{
	static const uint64_t nows[] = { 50 * S, 120 * S, 8000 * S };
	static const int errs[] = { 0, -EIO, -EOPNOTSUPP };
	struct eeh_recovery_event ev = { 0 };
	unsigned int n;

	for (n = 0; n < ARRAY_SIZE(nows); n++)
		for (ev.type = 0; ev.type < EEH_RECOVERY_EVENTS; ev.type++) {
			unsigned int i, kinds = ev.type == EEH_RECOVERY_EV_STATE ?
				EEH_RECOVERY_PE_STATES : ev.type == EEH_RECOVERY_EV_DONE ?
				ARRAY_SIZE(errs) : 2;

			for (i = 0; i < kinds; i++) {
				ev.now = nows[n];
				ev.pe = ev.type == EEH_RECOVERY_EV_STATE ? i : 0;
				ev.err = ev.type == EEH_RECOVERY_EV_DONE ? errs[i] : 0;
				ev.time = i ? 30 * S : 0;
				walk_one(r, ev);
			}
		}
}

static void t_walk(void **state)
{
	struct eeh_recovery r;
	unsigned int i;

	(void)state;
	for (i = 0; i < 12U * EEH_RECOVERY_STATES * EEH_RECOVERY_ACTIONS * 64; i++) {
		unsigned int k = i;
		struct eeh_recovery_opts o;
		struct eeh_recovery *e;

#define PICK(n)	({ unsigned int _v = k % (n); k /= (n); _v; })
		o = opts_of(PICK(3));
		o.on_timeout = PICK(2);
		o.timed_resets = PICK(2);
		e = engine(&o);
		r = *e;
		eeh_recovery_free(e);
		r.state = PICK(EEH_RECOVERY_STATES);
		r.pending = PICK(EEH_RECOVERY_ACTIONS);
		r.doubt = PICK(2);
		r.force = PICK(2);
		r.timed_out = PICK(2);
		r.stale = PICK(2);
		r.attempt = PICK(2) ? 3 : 0;
		r.reset = r.attempt ? EEH_RESET_KIND_HOT : 0;
		if (PICK(2)) {
			r.window_freezes = 9;
			r.thawed_at = 40 * S;
			r.limit = 60 * S;
		}
		r.why = r.state == EEH_RECOVERY_PERMANENT ? EEH_RECOVERY_WHY_RETRIES : 0;
		r.window_start = 10 * S;
		r.frozen_at = r.state == EEH_RECOVERY_IDLE ? 0 : 20 * S;
		r.over_at = 5 * S;
		r.asked_at = 21 * S;
		r.since = 22 * S;
		if (r.pending == EEH_RECOVERY_DO_NONE && r.state != EEH_RECOVERY_IDLE &&
		    r.state != EEH_RECOVERY_PERMANENT)
			r.deadline = 100 * S;
		if (eeh_recovery_sane(&r))
			walk_events(&r);
	}
	printf("# %lu transitions\n", walked);
	assert_true(walked > 100000);
}

/* ---- Text ---- */

static void t_text(void **state)
{
	static const char * const bad[] = {
		"", "eeh-recovery", "eeh-recovery ", "eeh-recovery 0", "eeh-recovery x", "eeh-recovery 1",
		"eeh-recovery 1 phb=0x1", "eeh-recovery 11111111111111111111",
	};
	struct eeh_recovery_opts o = opts_of(EEH_POLICY_RECOVER);
	char text[EEH_RECOVERY_TEXT_MAX], cut[EEH_RECOVERY_TEXT_MAX];
	struct eeh_recovery *r = engine(&o), *l;
	size_t i, len;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(eeh_recovery_load(&l, bad[i], &o), -EBADMSG);
		assert_null(l);
	}
	assert_int_equal(eeh_recovery_load(&l, "eeh-recovery 2 phb=0x1", &o), -EPROTO);
	freeze_at(r, S);
	len = eeh_recovery_save(r, text, sizeof(text));
	assert_int_equal(len, strlen(text));
	/* Neither shorter, nor longer, nor with anything else in it. */
	for (i = 0; i < len; i++) {
		strcpy(cut, text);
		cut[i] = '\0';
		l = NULL;
		if (!eeh_recovery_load(&l, cut, &o)) {
			/* The last number can be cut short, nothing else. */
			assert_true(i > len - 2);
			eeh_recovery_free(l);
		}
		strcpy(cut, text);
		cut[i] = cut[i] == '#' ? '!' : '#';
		assert_int_not_equal(eeh_recovery_load(&l, cut, &o), 0);
	}
	snprintf(cut, sizeof(cut), "%s ", text);
	assert_int_equal(eeh_recovery_load(&l, cut, &o), -EBADMSG);
	/* The worst case fits. */
	memset((char *)r + offsetof(struct eeh_recovery, phb), 0x7f,
	       sizeof(*r) - offsetof(struct eeh_recovery, phb));
	r->phb = r->pe_addr = r->window_freezes = r->attempt = r->reset = UINT32_MAX;
	r->state = EEH_RECOVERY_CONFIGURE;
	r->pending = EEH_RECOVERY_DO_CONFIGURE;
	r->why = EEH_RECOVERY_WHY_UNAVAILABLE;
	r->doubt = r->stale = r->force = r->timed_out = true;
	r->freezes = r->recovered = r->normal = r->permanent = r->resets = UINT64_MAX;
	assert_true(eeh_recovery_save(r, text, sizeof(text)) > 400);
	len = strlen(text);
	assert_int_equal(eeh_recovery_save(r, text, len), -ENOSPC);
	assert_int_equal(eeh_recovery_save(r, text, 3), -ENOSPC);
	eeh_recovery_free(r);
}

/* ---- Random lives ---- */

/*
 * A PE that keeps PAPR's rules. What it shows while it is in reset: PAPR says
 * reset; powernv by VFIO frozen, since eeh_pe_reset() freezes first; /dev/eeh
 * does not ask until it is configured.
 */
enum shows { SHOWS_RESET, SHOWS_FROZEN, SHOWS_BUSY };

struct pe {
	enum shows shows;
	bool frozen;
	bool asserted;
	uint64_t asserted_at, deasserted_at;
	uint64_t unavailable_until;
	unsigned int asserts;		/* edges since the last freeze */
	bool reset_since;		/* reset was asserted and deasserted since */
	bool configured_since;
};

static uint32_t pe_state(const struct pe *p, uint64_t now)
{
	if (now < p->unavailable_until)
		return EEH_RECOVERY_PE_UNAVAILABLE;
	if (p->shows == SHOWS_BUSY && (p->asserted || (p->reset_since && !p->configured_since)))
		return EEH_RECOVERY_PE_BUSY;
	if (p->asserted)
		return p->shows == SHOWS_FROZEN ? EEH_RECOVERY_PE_FROZEN : EEH_RECOVERY_PE_RESET;
	return p->frozen ? EEH_RECOVERY_PE_FROZEN : EEH_RECOVERY_PE_NORMAL;
}

static unsigned int seed;

static unsigned int rnd(unsigned int n)
{
	return rand_r(&seed) % n;
}

/* Does it, and fails the test if PAPR forbids it. */
static int pe_do(struct pe *p, uint32_t action, uint64_t now)
{
	uint32_t real = p->asserted ? EEH_RECOVERY_PE_RESET :
			p->frozen ? EEH_RECOVERY_PE_FROZEN : EEH_RECOVERY_PE_NORMAL;

	if (now < p->unavailable_until)
		return -EBUSY;
	/* Who was told "busy" cannot know; PAPR then answers -7, and nothing happens. */
	if (p->shows == SHOWS_BUSY && !p->asserted && p->frozen &&
	    (action == EEH_RECOVERY_DO_DEASSERT || action == EEH_RECOVERY_DO_CONFIGURE))
		return -EIO;
	assert_true(eeh_recovery_legal(real, action));
	switch (action) {
	case EEH_RECOVERY_DO_ASSERT:
		if (!p->asserted) {
			p->asserts++;
			p->asserted_at = now;
		}
		p->asserted = true;
		p->configured_since = false;
		return 0;
	case EEH_RECOVERY_DO_DEASSERT:
		if (p->asserted) {
			assert_true(now - p->asserted_at >= 100 * MS);
			p->deasserted_at = now;
			p->reset_since = true;
			/* Some resets do not help; some take their time. */
			p->frozen = !rnd(8);
			if (!rnd(8))
				p->unavailable_until = now + rnd(5000) * MS;
		}
		p->asserted = false;
		return 0;
	case EEH_RECOVERY_DO_CONFIGURE:
		assert_true(p->reset_since);
		assert_true(now - p->deasserted_at >= 1500 * MS);
		p->configured_since = true;
		return 0;
	}
	return 0;
}

/* What is on disk, and whether its action has been begun. */
struct life {
	struct eeh_recovery *r;
	struct eeh_recovery_opts o;
	char disk[EEH_RECOVERY_TEXT_MAX];
	uint64_t now;
	struct pe pe;
	unsigned long crashes, freezes;
};

static struct eeh_recovery_step life_tell(struct life *l, struct eeh_recovery_event ev)
{
	struct eeh_recovery_step s;

	ev.now = l->now;
	s = tell(l->r, ev);
	assert_true(eeh_recovery_save(l->r, l->disk, sizeof(l->disk)) > 0);
	return s;
}

/* Died, and nobody knows about the action under way. */
static struct eeh_recovery_step life_restart(struct life *l)
{
	l->crashes++;
	eeh_recovery_free(l->r);
	l->now += rnd(3000) * MS;
	assert_int_equal(eeh_recovery_load(&l->r, l->disk, &l->o), 0);
	return life_tell(l, (struct eeh_recovery_event) { .type = EEH_RECOVERY_EV_RESTART });
}

/* Do what a step says, dying now and then, until nothing is to be done at once. */
static void life_step(struct life *l, struct eeh_recovery_step s)
{
	struct eeh_recovery_event ev;

	while (s.action) {
		if (!rnd(10)) {
			s = life_restart(l);
			continue;
		}
		ev = (struct eeh_recovery_event) { .type = EEH_RECOVERY_EV_DONE };
		if (s.action == EEH_RECOVERY_DO_STATE) {
			ev.type = EEH_RECOVERY_EV_STATE;
			ev.pe = pe_state(&l->pe, l->now);
		} else {
			ev.err = pe_do(&l->pe, s.action, l->now);
		}
		l->now += rnd(100) * MS;
		if (!rnd(10)) {
			s = life_restart(l);
			continue;
		}
		s = life_tell(l, ev);
	}
}

static void t_random(void **state)
{
	struct life l = { 0 };
	unsigned int i, k;

	(void)state;
	seed = getenv("EEH_SEED") ? (unsigned int)atoi(getenv("EEH_SEED")) : 20261120;
	for (i = 0; i < 300; i++) {
		struct eeh_recovery_status st;
		bool permanent = false;

		memset(&l.pe, 0, sizeof(l.pe));
		l.pe.shows = i % 3;
		l.o = opts_of(EEH_POLICY_RECOVER);
		l.o.max_freezes = 100000;
		l.o.attempts = 4;
		l.now = S;
		l.r = engine(&l.o);
		for (k = 0; k < 20 && !permanent; k++) {
			unsigned long crashes = l.crashes;

			l.now += S;
			l.pe.frozen = true;
			l.pe.asserts = 0;
			l.pe.reset_since = l.pe.configured_since = false;
			l.freezes++;
			life_step(&l, life_tell(&l, (struct eeh_recovery_event) {
					.type = EEH_RECOVERY_EV_FROZEN }));
			while (l.r->state != EEH_RECOVERY_IDLE && !permanent) {
				struct eeh_recovery_step s;

				if (!rnd(10))
					life_step(&l, life_restart(&l));
				if (!rnd(5))	/* told twice */
					life_step(&l, life_tell(&l, (struct eeh_recovery_event) {
						.type = EEH_RECOVERY_EV_FROZEN }));
				if (l.r->deadline > l.now)
					l.now = l.r->deadline;
				s = life_tell(&l, (struct eeh_recovery_event) {
					.type = EEH_RECOVERY_EV_TIMER });
				life_step(&l, s);
				permanent = l.r->state == EEH_RECOVERY_PERMANENT;
			}
			/*
			 * As often as allowed and no oftener; but a reset that did not
			 * help and whose end nobody saw is repeated.
			 */
			assert_true(l.pe.asserts <= l.o.attempts + l.crashes - crashes);
			if (!permanent) {
				assert_false(l.pe.frozen);
				assert_false(l.pe.asserted);
				assert_true(l.pe.asserts >= 1);
				assert_true(l.pe.reset_since);
				assert_true(l.pe.configured_since);
			}
		}
		EEH_INIT(&st);
		assert_int_equal(eeh_recovery_status(l.r, &st), 0);
		/* Nothing lost, nothing counted twice. */
		assert_int_equal(st.freezes, k);
		assert_int_equal(st.recovered + st.permanent, k);
		assert_int_equal(st.normal, 0);
		eeh_recovery_free(l.r);
	}
	printf("# %lu freezes, %lu crashes\n", l.freezes, l.crashes);
	assert_true(l.crashes > 1000);
}

/* An owner that also thaws and resets, and any policy: it ends, and ends right. */
static void t_random_owner(void **state)
{
	struct eeh_recovery_event ev;
	unsigned int i, k;

	(void)state;
	seed = getenv("EEH_SEED") ? (unsigned int)atoi(getenv("EEH_SEED")) : 4711;
	for (i = 0; i < 2000; i++) {
		struct eeh_recovery_opts o = opts_of(rnd(3));
		struct eeh_recovery *r;
		struct eeh_recovery_step s;
		uint64_t now = S;
		bool frozen = false;

		o.on_timeout = rnd(2);
		o.timed_resets = rnd(2);
		o.max_freezes = 1 + rnd(10);
		r = engine(&o);
		for (k = 0; k < 100; k++) {
			ev = (struct eeh_recovery_event) { .type = rnd(EEH_RECOVERY_EVENTS) };
			ev.now = now;
			ev.time = rnd(2) ? now - rnd(1000) * MS : 0;
			ev.pe = rnd(EEH_RECOVERY_PE_STATES);
			ev.err = rnd(3) ? 0 : -EIO;
			tell(r, ev);
			now += rnd(2000) * MS;
		}
		/* From now on there is peace, and firmware answers. */
		s = TELL(r, RESTART, .now = now);
		for (k = 0; k < 1000; k++) {
			now += S;
			ev = (struct eeh_recovery_event) {
				.now = now, .type = EEH_RECOVERY_EV_TIMER,
			};
			if (s.pending) {
				ev.type = s.pending == EEH_RECOVERY_DO_STATE ?
					  EEH_RECOVERY_EV_STATE : EEH_RECOVERY_EV_DONE;
				ev.pe = frozen ? EEH_RECOVERY_PE_FROZEN : EEH_RECOVERY_PE_NORMAL;
			}
			s = tell(r, ev);
		}
		assert_true(r->state == EEH_RECOVERY_IDLE || r->state == EEH_RECOVERY_PERMANENT);
		eeh_recovery_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_recover),
		cmocka_unit_test(t_timed_resets),
		cmocka_unit_test(t_retries),
		cmocka_unit_test(t_budget),
		cmocka_unit_test(t_report),
		cmocka_unit_test(t_delegate),
		cmocka_unit_test(t_delegate_then_recover),
		cmocka_unit_test(t_unavailable),
		cmocka_unit_test(t_stale_answer),
		cmocka_unit_test(t_late_notice),
		cmocka_unit_test(t_opts),
		cmocka_unit_test(t_walk),
		cmocka_unit_test(t_text),
		cmocka_unit_test(t_random),
		cmocka_unit_test(t_random_owner),
	};

	return cmocka_run_group_tests_name("recovery", tests, NULL, NULL);
}
