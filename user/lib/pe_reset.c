// SPDX-License-Identifier: LGPL-2.1-or-later
/* Resets: sequences of operations that take seconds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "pe_internal.h"

#define MS	1000000ULL

const char *eeh_pe_step_name(enum eeh_pe_step step)
{
	static const char * const names[] = {
		[EEH_PE_STEP_STATE] = "state", [EEH_PE_STEP_WAIT] = "wait",
		[EEH_PE_STEP_ASSERT] = "assert", [EEH_PE_STEP_DEACTIVATE] = "deactivate",
		[EEH_PE_STEP_CONFIGURE] = "configure", [EEH_PE_STEP_UNFREEZE] = "unfreeze",
		[EEH_PE_STEP_DONE] = "done",
	};

	return step < ARRAY_SIZE(names) ? names[step] : "unknown";
}

struct sequence {
	struct eeh_pe *pe;
	struct eeh_pe_reset_opts o;
	uint64_t begin, last;
	uint32_t attempt;
};

/* What the kernel's implementations sleep: EEH_PE_RST_HOLD_TIME, EEH_PE_RST_SETTLE_TIME. */
static uint32_t usual_ms(enum eeh_pe_step step)
{
	return step == EEH_PE_STEP_ASSERT ? 250 : step == EEH_PE_STEP_DEACTIVATE ? 1800 : 0;
}

static int begin_step(struct sequence *q, enum eeh_pe_step step)
{
	struct eeh_pe_progress p = { .sz = sizeof(p), .step = step, .attempt = q->attempt,
				     .attempts = q->o.attempts, .expect_ms = usual_ms(step) };
	uint64_t now = eeh_now_ns(q->pe->ctx);
	int stop;

	p.elapsed_ns = now - q->begin;
	p.step_ns = now - q->last;
	q->last = now;
	stop = q->o.progress ? q->o.progress(q->o.progress_arg, &p) : 0;
	return stop ? eeh_fail(q->pe->ctx, -ECANCELED, "%s: canceled", q->pe->name) : 0;
}

/* Asks until the answer is not "later". */
static int settle(struct sequence *q, struct eeh_pe_status *s)
{
	struct eeh_pe *pe = q->pe;
	uint64_t end = eeh_now_ns(pe->ctx) + q->o.wait_ms * MS;
	bool waiting = false;
	int err;

	err = begin_step(q, EEH_PE_STEP_STATE);
	if (err)
		return err;
	for (;;) {
		err = eeh_pe_state(pe, s);
		if (err)
			return err;
		if (s->condition == EEH_PE_FAILED)
			return eeh_fail(pe->ctx, -ENOTRECOVERABLE, "%s: %s", pe->name, s->why);
		if (!s->ask_again_ms)
			return 0;
		if (eeh_now_ns(pe->ctx) >= end)
			return eeh_fail(pe->ctx, -ETIMEDOUT, "%s: still %s: %s", pe->name,
					eeh_pe_condition_name(s->condition), s->why);
		if (!waiting) {
			err = begin_step(q, EEH_PE_STEP_WAIT);
			if (err)
				return err;
			waiting = true;
		}
		eeh_sleep_ms(pe->ctx, s->ask_again_ms);
	}
}

static int step(struct sequence *q, enum eeh_pe_step what, enum eeh_pe_op op)
{
	int err = begin_step(q, what);

	return err ? err : eeh_pe_op(q->pe, op, NULL);
}

/* What must be done once a reset is asserted: no signal keeps us from it. */
static int finish(struct eeh_pe *pe, enum eeh_pe_op op)
{
	int err;

	do {
		err = eeh_pe_op(pe, op, NULL);
	} while (err == -EINTR);
	return err;
}

/* One reset, from assert to configure. An asserted reset is never left behind. */
static int reset_once(struct sequence *q)
{
	int err, canceled;

	err = step(q, EEH_PE_STEP_ASSERT, q->o.kind == EEH_PE_RESET_FUNDAMENTAL ?
		   EEH_PE_OP_RESET_FUNDAMENTAL : EEH_PE_OP_RESET_HOT);
	if (err)
		return err;
	canceled = begin_step(q, EEH_PE_STEP_DEACTIVATE);
	err = finish(q->pe, EEH_PE_OP_RESET_DEACTIVATE);
	if (err)
		return err;
	if (!canceled)
		canceled = begin_step(q, EEH_PE_STEP_CONFIGURE);
	err = finish(q->pe, EEH_PE_OP_CONFIGURE);
	return canceled ? canceled : err;
}

static int reset(struct sequence *q)
{
	struct eeh_pe_status s;
	int err = 0;

	for (q->attempt = 1; q->attempt <= q->o.attempts; q->attempt++) {
		err = reset_once(q);
		if (!err) {
			EEH_INIT(&s);
			err = settle(q, &s);
			if (!err && s.condition == EEH_PE_NORMAL)
				return 0;
			if (!err) {
				q->pe->history.failed_resets++;
				err = eeh_fail(q->pe->ctx, -EIO, "%s: it was reset and is %s: %s",
					       q->pe->name, eeh_pe_condition_name(s.condition),
					       s.why);
			}
		}
		/* Only firmware's failures are worth another attempt. */
		if (err != -EIO)
			break;
	}
	/* Another question tells a PE that is gone for good from a frozen one. */
	if (err == -EIO && q->pe->history.failed_resets >= EEH_PE_RESET_ATTEMPTS) {
		q->pe->history.failed = true;
		err = eeh_fail(q->pe->ctx, -ENOTRECOVERABLE, "%s: %d resets left it stopped: replace or "
			       "reseat the device, or boot", q->pe->name, EEH_PE_RESET_ATTEMPTS);
	}
	return err;
}

static int sequence_begin(struct sequence *q, struct eeh_pe *pe,
			  const struct eeh_pe_reset_opts *opts, uint32_t attempts)
{
	int err;

	memset(q, 0, sizeof(*q));
	err = eeh_opts_get(&q->o, sizeof(q->o), opts);
	if (!err && q->o.kind > EEH_PE_RESET_FUNDAMENTAL)
		err = -EINVAL;
	if (err)
		return eeh_fail(pe->ctx, err, "struct eeh_pe_reset_opts: %s", err == -E2BIG ?
				"options that this version of libeeh does not know" :
				"its size or the kind of reset is not understood");
	q->pe = pe;
	q->attempt = 1;
	if (!q->o.attempts)
		q->o.attempts = attempts;
	if (!q->o.wait_ms)
		q->o.wait_ms = EEH_PE_UNAVAILABLE_MAX_MS;
	q->begin = eeh_now_ns(pe->ctx);
	q->last = q->begin;
	return 0;
}

static int sequence_end(struct sequence *q, int err)
{
	if (err >= 0) {
		q->attempt = q->attempt > q->o.attempts ? q->o.attempts : q->attempt;
		begin_step(q, EEH_PE_STEP_DONE);
	}
	return err;
}

int eeh_pe_reset(struct eeh_pe *pe, const struct eeh_pe_reset_opts *opts)
{
	struct sequence q;
	int err = sequence_begin(&q, pe, opts, 1);

	return err ? err : sequence_end(&q, reset(&q));
}

int eeh_pe_recover(struct eeh_pe *pe, const struct eeh_pe_reset_opts *opts)
{
	struct eeh_pe_status s;
	struct sequence q;
	int err;

	err = sequence_begin(&q, pe, opts, EEH_PE_RESET_ATTEMPTS);
	if (err)
		return err;
	EEH_INIT(&s);
	err = settle(&q, &s);
	if (!err)
		err = s.condition == EEH_PE_NORMAL ? 1 : reset(&q);
	return sequence_end(&q, err);
}
