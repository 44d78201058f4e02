/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of an engine, shared by the machine, its text form and their tests. */
#ifndef __EEH_RECOVERY_INTERNAL_H
#define __EEH_RECOVERY_INTERNAL_H

#include <eeh/recovery.h>

#define EEH_RECOVERY_TEXT_VERSION	1

struct eeh_recovery {
	struct eeh_recovery_opts o;	/* with the defaults filled in */
	uint32_t phb;
	uint32_t pe_addr;
	uint32_t state;			/* enum eeh_recovery_state */
	uint32_t pending;		/* enum eeh_recovery_action */
	uint32_t why;
	uint32_t reset;			/* enum eeh_recovery_reset of this attempt; 0: none yet */
	uint32_t attempt;
	uint32_t window_freezes;
	bool doubt;			/* a reset may have been done before a restart, or not */
	bool force;			/* an operator wants this freeze recovered */
	bool timed_out;			/* the owner's time for this freeze is over */
	uint64_t window_start;
	uint64_t frozen_at;
	uint64_t thawed_at;		/* last time that others reset or thawed it */
	uint64_t over_at;		/* freezes until then have been dealt with */
	uint64_t counted_at;		/* the last freeze that was counted */
	uint64_t since;
	uint64_t deadline;
	uint64_t limit;			/* when waiting in this state is over; 0: no wait */
	uint64_t freezes;
	uint64_t recovered;
	uint64_t normal;
	uint64_t permanent;
	uint64_t resets;
	/* About a question under way. */
	uint64_t asked_at;
	bool stale;			/* it froze since: "normal" is no answer */
};

/* Could an engine be like this between two events? */
bool eeh_recovery_sane(const struct eeh_recovery *r);

#endif /* __EEH_RECOVERY_INTERNAL_H */
