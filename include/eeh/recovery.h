/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: the recovery engine. One state machine per PE, that is told what
 * happened and says what to do next. It does nothing itself: no I/O, no clock,
 * no allocation after eeh_recovery_new(); so the same calls always end in the
 * same state, and a program can save it, die, and go on where it was.
 *
 *	eeh_recovery_event(r, &ev, &step);	what to do: step.action, step.deadline
 *	save(eeh_recovery_save(r, ...));	on disk, before it is done
 *	... do step.action ...
 *	eeh_recovery_event(r, &done, &step);	EEH_RECOVERY_EV_DONE or _STATE
 *
 * A program that died between the second and the fourth line does not know
 * whether the action was done. It loads what it saved and says
 * EEH_RECOVERY_EV_RESTART (or, if it finds out how the action ended, that):
 * resets are then asked about before they are repeated, everything else can be
 * repeated without harm.
 *
 * The unit is the PE: however many devices and functions share it, and however
 * many of them notice a freeze, it is recovered once.
 *
 * All times are nanoseconds of CLOCK_BOOTTIME (any monotonic clock will do that
 * goes on after a restart of the program). Thread safety: different engines are
 * independent; one engine may be used by one thread at a time.
 */
#ifndef __EEH_RECOVERY_H
#define __EEH_RECOVERY_H

#include <eeh/eeh.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Who recovers a PE. */
enum eeh_recovery_policy {
	EEH_POLICY_REPORT	= 0,	/* nobody here: tell, and watch */
	EEH_POLICY_RECOVER	= 1,	/* whoever runs this engine */
	EEH_POLICY_DELEGATE	= 2,	/* its owner (the VMM, its guest): tell, and time it out */
};

enum eeh_recovery_state {
	EEH_RECOVERY_IDLE	= 0,	/* not frozen as far as known */
	EEH_RECOVERY_NOTIFIED	= 1,	/* said to be frozen; being asked */
	EEH_RECOVERY_LOG	= 2,	/* frozen; its error log is fetched, before a reset */
	EEH_RECOVERY_REPORTED	= 3,	/* frozen; left so by policy */
	EEH_RECOVERY_DELEGATED	= 4,	/* frozen; its owner has until step.deadline */
	EEH_RECOVERY_ASSERT	= 5,	/* reset is being asserted */
	EEH_RECOVERY_HOLD	= 6,	/* reset is asserted */
	EEH_RECOVERY_DEASSERT	= 7,	/* reset is being deasserted */
	EEH_RECOVERY_SETTLE	= 8,	/* devices come out of reset */
	EEH_RECOVERY_WAIT	= 9,	/* until the PE is normal, or no longer unavailable */
	EEH_RECOVERY_CONFIGURE	= 10,	/* bridges are being configured */
	EEH_RECOVERY_RESUME	= 11,	/* normal; must stay so for a while */
	EEH_RECOVERY_RETRY	= 12,	/* an attempt failed; asked before the next one */
	EEH_RECOVERY_PERMANENT	= 13,	/* given up; only EEH_RECOVERY_EV_CLEAR leaves it */
	EEH_RECOVERY_STATES	= 14,
};

/* What to do next. */
enum eeh_recovery_action {
	EEH_RECOVERY_DO_NONE	= 0,	/* nothing, until an event or step.deadline */
	EEH_RECOVERY_DO_STATE	= 1,	/* ask for the PE's state; answer: EEH_RECOVERY_EV_STATE */
	/* The answer to all others is EEH_RECOVERY_EV_DONE. */
	EEH_RECOVERY_DO_LOG	= 2,	/* fetch the error log */
	EEH_RECOVERY_DO_ASSERT	= 3,	/* assert reset of step.reset */
	EEH_RECOVERY_DO_DEASSERT = 4,	/* deassert it */
	EEH_RECOVERY_DO_CONFIGURE = 5,	/* configure bridges (PAPR ibm,configure-pe) */
	EEH_RECOVERY_ACTIONS	= 6,
};

/* The functions of PAPR's ibm,set-slot-reset; VFIO_EEH_PE_RESET_HOT and _FUNDAMENTAL. */
enum eeh_recovery_reset {
	EEH_RESET_KIND_HOT		= 1,
	EEH_RESET_KIND_FUNDAMENTAL	= 3,
};

/* The PE states of PAPR's ibm,read-slot-reset-state2, and what else may be the answer. */
enum eeh_recovery_pe {
	EEH_RECOVERY_PE_NORMAL		= 0,
	EEH_RECOVERY_PE_RESET		= 1,	/* reset is asserted */
	EEH_RECOVERY_PE_FROZEN		= 2,	/* MMIO and DMA stopped */
	EEH_RECOVERY_PE_BUSY		= 3,	/* in between reset and configuration */
	EEH_RECOVERY_PE_DMA_STOPPED	= 4,	/* MMIO works */
	EEH_RECOVERY_PE_UNAVAILABLE	= 5,	/* for a while */
	EEH_RECOVERY_PE_GONE		= 6,	/* for good (state 5, and no time to wait) */
	EEH_RECOVERY_PE_ERROR		= 7,	/* could not be asked, or said nothing */
	EEH_RECOVERY_PE_STATES		= 8,
};

enum eeh_recovery_event_type {
	/* Somebody noticed that the PE is frozen. */
	EEH_RECOVERY_EV_FROZEN	= 0,
	/* The answer to EEH_RECOVERY_DO_STATE: @pe, and @delay_ms with _UNAVAILABLE. */
	EEH_RECOVERY_EV_STATE	= 1,
	/* The action was done: @err is 0 or -errno. */
	EEH_RECOVERY_EV_DONE	= 2,
	/* step.deadline has passed (too early or unasked does nothing). */
	EEH_RECOVERY_EV_TIMER	= 3,
	/* Somebody else thawed, reset or configured the PE. */
	EEH_RECOVERY_EV_OTHERS	= 4,
	/* The engine was loaded; what happened to the action that was under way is not known. */
	EEH_RECOVERY_EV_RESTART	= 5,
	/* The policy was changed by eeh_recovery_set_opts(). */
	EEH_RECOVERY_EV_POLICY	= 6,
	/* An operator: recover this freeze whatever the policy says. */
	EEH_RECOVERY_EV_FORCE	= 7,
	/* An operator: forget that it was given up, and what the budget has counted. */
	EEH_RECOVERY_EV_CLEAR	= 8,
	/* The action whose answer is awaited was certainly not begun: say it once more. */
	EEH_RECOVERY_EV_AGAIN	= 9,
	EEH_RECOVERY_EVENTS	= 10,
};

/* Why a PE was given up. */
enum eeh_recovery_why {
	EEH_RECOVERY_WHY_NONE		= 0,
	EEH_RECOVERY_WHY_RETRIES	= 1,	/* no reset brought it back */
	EEH_RECOVERY_WHY_BUDGET		= 2,	/* more freezes per hour than allowed */
	EEH_RECOVERY_WHY_UNAVAILABLE	= 3,	/* unavailable for too long */
	EEH_RECOVERY_WHY_GONE		= 4,	/* firmware says: for good */
	EEH_RECOVERY_WHY_NO_ANSWER	= 5,	/* its state cannot be asked */
	EEH_RECOVERY_WHYS		= 6,
};

/* What somebody should be told. Bits. */
#define EEH_RECOVERY_SAY_FROZEN		(1U << 0)	/* a new freeze */
#define EEH_RECOVERY_SAY_NORMAL		(1U << 1)	/* normal again, and not by us */
#define EEH_RECOVERY_SAY_RECOVERED	(1U << 2)	/* normal again, by us */
#define EEH_RECOVERY_SAY_ATTEMPT	(1U << 3)	/* a reset begins */
#define EEH_RECOVERY_SAY_FAILED		(1U << 4)	/* an attempt failed */
#define EEH_RECOVERY_SAY_TIMEOUT	(1U << 5)	/* the owner did not recover it in time */
#define EEH_RECOVERY_SAY_PERMANENT	(1U << 6)	/* given up: step.why */

/**
 * struct eeh_recovery_opts - how a PE is recovered
 * @sz:			sizeof(struct eeh_recovery_opts)
 * @policy:		enum eeh_recovery_policy
 * @on_timeout:		what becomes of a delegated PE whose time is over:
 *			EEH_POLICY_REPORT or EEH_POLICY_RECOVER
 * @max_freezes:	more freezes than this within an hour are not recovered
 *			any more; 0: 5, as eeh_max_freezes of the kernel. The
 *			hour begins with the first (kernel: eeh_pe_update_time_stamp())
 * @attempts:		resets per freeze; 0: 3, as eeh_pe_reset_full() of the kernel
 * @fundamental:	enum eeh_recovery_reset of the first attempt is
 *			fundamental; otherwise only the last one is (if there are
 *			several), and all others are hot
 * @hold_ms:		how long reset is asserted; 0: 250; not less than 100 (PAPR,
 *			ibm,set-slot-reset)
 * @settle_ms:		how long nothing is done after it; 0: 1800; not less than
 *			1500 (same)
 * @timed_resets:	both times are kept by what does the action (the kernel's
 *			resets through VFIO and /dev/eeh do: eeh_pe_reset()), so the
 *			engine adds nothing to them
 * @resume_ms:		how long a PE must be normal to count as recovered; 0: 1000
 * @delegate_ms:	how long an owner has; 0: 60000
 * @unavailable_ms:	how long a PE may be unavailable, or not answer; 0: 300000
 *			(kernel: eeh_wait_state())
 */
struct eeh_recovery_opts {
	size_t sz;
	uint32_t policy;
	uint32_t on_timeout;
	uint32_t max_freezes;
	uint32_t attempts;
	bool fundamental;
	bool timed_resets;
	uint32_t hold_ms;
	uint32_t settle_ms;
	uint32_t resume_ms;
	uint32_t delegate_ms;
	uint32_t unavailable_ms;
};

/* Bounds of the above; eeh_recovery_new() refuses others. */
#define EEH_RECOVERY_ATTEMPTS_MAX	10
#define EEH_RECOVERY_FREEZES_MAX	100000
#define EEH_RECOVERY_MS_MAX		86400000

/**
 * struct eeh_recovery_event - what happened
 * @sz:		sizeof(struct eeh_recovery_event)
 * @type:	enum eeh_recovery_event_type
 * @pe:		EV_STATE: enum eeh_recovery_pe
 * @delay_ms:	EV_STATE with EEH_RECOVERY_PE_UNAVAILABLE: when to ask again, as
 *		firmware says; 0: it does not
 * @err:	EV_DONE: 0 or -errno
 * @now:	the time now
 * @time:	EV_FROZEN, EV_OTHERS: when it happened; 0: now
 */
struct eeh_recovery_event {
	size_t sz;
	uint32_t type;
	uint32_t pe;
	uint32_t delay_ms;
	int32_t err;
	uint64_t now;
	uint64_t time;
};

/**
 * struct eeh_recovery_step - what to do
 * @sz:		sizeof(struct eeh_recovery_step)
 * @action:	enum eeh_recovery_action to begin now. EEH_RECOVERY_DO_NONE does
 *		not end one that is under way: @pending has that
 * @pending:	the action whose answer is awaited (@action, if that is not NONE)
 * @reset:	enum eeh_recovery_reset, with EEH_RECOVERY_DO_ASSERT
 * @state:	enum eeh_recovery_state now
 * @say:	EEH_RECOVERY_SAY_*
 * @why:	enum eeh_recovery_why, with EEH_RECOVERY_SAY_PERMANENT
 * @attempt:	which attempt this is, from 1
 * @deadline:	when to say EEH_RECOVERY_EV_TIMER; 0: never
 * @took:	with EEH_RECOVERY_SAY_RECOVERED and _NORMAL: ns since the freeze
 */
struct eeh_recovery_step {
	size_t sz;
	uint32_t action;
	uint32_t pending;
	uint32_t reset;
	uint32_t state;
	uint32_t say;
	uint32_t why;
	uint32_t attempt;
	uint64_t deadline;
	uint64_t took;
};

/**
 * struct eeh_recovery_status - where an engine is
 * @sz:			sizeof(struct eeh_recovery_status)
 * @phb:		PCI domain of the PE
 * @pe_addr:		PE number within it
 * @state:		enum eeh_recovery_state
 * @pending:		enum eeh_recovery_action whose answer is awaited
 * @why:		enum eeh_recovery_why, in EEH_RECOVERY_PERMANENT
 * @attempt:		resets begun for this freeze
 * @window_freezes:	freezes that the budget counts now
 * @window_start:	since when
 * @frozen_at:		when it froze; 0 if it is not
 * @since:		when it came into @state
 * @deadline:		as in struct eeh_recovery_step
 * @freezes:		how often it froze
 * @recovered:		how often it was recovered by the engine
 * @normal:		how often it became normal by others
 * @permanent:		how often it was given up
 * @resets:		resets begun
 * @last_frozen:	when it froze last, whatever became of that; 0 if never
 */
struct eeh_recovery_status {
	size_t sz;
	uint32_t phb;
	uint32_t pe_addr;
	uint32_t state;
	uint32_t pending;
	uint32_t why;
	uint32_t attempt;
	uint32_t window_freezes;
	uint64_t window_start;
	uint64_t frozen_at;
	uint64_t since;
	uint64_t deadline;
	uint64_t freezes;
	uint64_t recovered;
	uint64_t normal;
	uint64_t permanent;
	uint64_t resets;
	uint64_t last_frozen;
};

struct eeh_recovery;

/**
 * eeh_recovery_new() - an engine for a PE that is not frozen as far as known
 * @r:		where to put it; free with eeh_recovery_free()
 * @phb:	PCI domain of the PE
 * @pe_addr:	its number within that (PAPR host: its config address)
 * @opts:	options, copied; NULL: all defaults (policy report)
 *
 * Return: 0; -EINVAL (@r is NULL, @opts->sz too small, or a value out of its
 * bounds), -E2BIG (unknown options), -ENOMEM.
 */
EEH_API int eeh_recovery_new(struct eeh_recovery **r, uint32_t phb, uint32_t pe_addr,
			     const struct eeh_recovery_opts *opts);
EEH_API void eeh_recovery_free(struct eeh_recovery *r);

/**
 * eeh_recovery_set_opts() - change the options of an engine
 * @r:		the engine
 * @opts:	as in eeh_recovery_new()
 *
 * Takes effect at the next decision: a reset under way goes on. Say
 * EEH_RECOVERY_EV_POLICY afterwards, so that a PE that waits (REPORTED,
 * DELEGATED) is decided about anew.
 *
 * Return: 0; -EINVAL, -E2BIG as eeh_recovery_new(), and nothing has changed.
 */
EEH_API int eeh_recovery_set_opts(struct eeh_recovery *r, const struct eeh_recovery_opts *opts);

/**
 * eeh_recovery_event() - something happened: what to do now?
 * @r:		the engine
 * @ev:		what; events that make no sense in the present state (an answer
 *		that was not asked for, a second notice of the same freeze) change
 *		nothing
 * @step:	filled in; @step->sz must be set
 *
 * Return: 0; -EINVAL (NULL, a size or an unknown type or state), -E2BIG.
 */
EEH_API int eeh_recovery_event(struct eeh_recovery *r, const struct eeh_recovery_event *ev,
			       struct eeh_recovery_step *step);

/**
 * eeh_recovery_status() - where an engine is
 * @r:		the engine
 * @status:	filled in; @status->sz must be set
 *
 * Return: 0; -EINVAL.
 */
EEH_API int eeh_recovery_status(const struct eeh_recovery *r, struct eeh_recovery_status *status);

/* A saved engine with its NUL is never longer. */
#define EEH_RECOVERY_TEXT_MAX	768

/**
 * eeh_recovery_save() - an engine as one line of text, without a newline
 * @r:		the engine
 * @buf:	where to put it, with a NUL
 * @len:	bytes there; EEH_RECOVERY_TEXT_MAX is enough
 *
 * The options are not part of it: they come from a configuration.
 *
 * Return: its length; -ENOSPC, -EINVAL.
 */
EEH_API int eeh_recovery_save(const struct eeh_recovery *r, char *buf, size_t len);

/**
 * eeh_recovery_load() - an engine from what eeh_recovery_save() made
 * @r:		where to put it; free with eeh_recovery_free()
 * @text:	a NUL-terminated line
 * @opts:	as in eeh_recovery_new()
 *
 * The text may come from anywhere: what no engine could have written is refused.
 * Say EEH_RECOVERY_EV_RESTART next.
 *
 * Return: 0; -EBADMSG (malformed), -EPROTO (of a version that this library does
 * not know), -EINVAL, -E2BIG, -ENOMEM.
 */
EEH_API int eeh_recovery_load(struct eeh_recovery **r, const char *text,
			      const struct eeh_recovery_opts *opts);

/**
 * eeh_recovery_legal() - may this be done to a PE in this state?
 * @pe:		enum eeh_recovery_pe
 * @action:	enum eeh_recovery_action
 *
 * PAPR, "PE State Control" and ibm,set-slot-reset: reset can be asserted unless
 * the PE is unavailable, deasserted only from reset (and from normal, where it
 * does nothing).
 *
 * Return: whether. Thread safe.
 */
EEH_API bool eeh_recovery_legal(uint32_t pe, uint32_t action);

/* "hold", "assert", "budget", "delegate", "frozen"; NULL: no such value. Thread safe. */
EEH_API const char *eeh_recovery_state_name(uint32_t state);
EEH_API const char *eeh_recovery_action_name(uint32_t action);
EEH_API const char *eeh_recovery_why_name(uint32_t why);
EEH_API const char *eeh_recovery_policy_name(uint32_t policy);
EEH_API const char *eeh_recovery_pe_name(uint32_t pe);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_RECOVERY_H */
