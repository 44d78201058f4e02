// SPDX-License-Identifier: LGPL-2.1-or-later
/* The recovery engine as a line of text, and the names of its values. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eeh_internal.h"
#include "recovery_internal.h"

/* Beyond any clock; sums of such times and waits do not overflow. */
#define TIME_MAX	(1ULL << 62)

static const char *name_of(const char * const *names, size_t n, uint32_t i)
{
	return i < n ? names[i] : NULL;
}

const char *eeh_recovery_state_name(uint32_t state)
{
	static const char * const names[EEH_RECOVERY_STATES] = {
		"idle", "notified", "log", "reported", "delegated", "assert", "hold", "deassert",
		"settle", "wait", "configure", "resume", "retry", "permanent",
	};

	return name_of(names, ARRAY_SIZE(names), state);
}

const char *eeh_recovery_action_name(uint32_t action)
{
	static const char * const names[EEH_RECOVERY_ACTIONS] = {
		"none", "state", "log", "assert", "deassert", "configure",
	};

	return name_of(names, ARRAY_SIZE(names), action);
}

const char *eeh_recovery_why_name(uint32_t why)
{
	static const char * const names[EEH_RECOVERY_WHYS] = {
		"none", "retries", "budget", "unavailable", "gone", "no-answer",
	};

	return name_of(names, ARRAY_SIZE(names), why);
}

const char *eeh_recovery_policy_name(uint32_t policy)
{
	static const char * const names[] = { "report", "recover", "delegate" };

	return name_of(names, ARRAY_SIZE(names), policy);
}

const char *eeh_recovery_pe_name(uint32_t pe)
{
	static const char * const names[EEH_RECOVERY_PE_STATES] = {
		"normal", "reset", "frozen", "busy", "dma-stopped", "unavailable", "gone",
		"error",
	};

	return name_of(names, ARRAY_SIZE(names), pe);
}

/* ---- The line: "eeh-recovery 1 key=value ...", all keys, in this order ---- */

enum kind { HEX32, DEC32, FLAG, DEC64, TIME, STATE, ACTION, WHY };

static const struct field {
	const char *key;
	enum kind kind;
	size_t off;
} fields[] = {
#define F(_key, _kind, _member)	{ _key, _kind, offsetof(struct eeh_recovery, _member) }
	F("phb", HEX32, phb),
	F("pe", HEX32, pe_addr),
	F("state", STATE, state),
	F("pending", ACTION, pending),
	F("why", WHY, why),
	F("reset", DEC32, reset),
	F("attempt", DEC32, attempt),
	F("doubt", FLAG, doubt),
	F("stale", FLAG, stale),
	F("force", FLAG, force),
	F("timed_out", FLAG, timed_out),
	F("window_freezes", DEC32, window_freezes),
	F("window_start", TIME, window_start),
	F("frozen_at", TIME, frozen_at),
	F("thawed_at", TIME, thawed_at),
	F("over_at", TIME, over_at),
	F("counted_at", TIME, counted_at),
	F("asked_at", TIME, asked_at),
	F("since", TIME, since),
	F("deadline", TIME, deadline),
	F("limit", TIME, limit),
	F("freezes", DEC64, freezes),
	F("recovered", DEC64, recovered),
	F("normal", DEC64, normal),
	F("permanent", DEC64, permanent),
	F("resets", DEC64, resets),
#undef F
};

#define HEAD	"eeh-recovery "

static const char *const_name(enum kind kind, uint32_t v)
{
	return kind == STATE ? eeh_recovery_state_name(v) :
	       kind == ACTION ? eeh_recovery_action_name(v) : eeh_recovery_why_name(v);
}

int eeh_recovery_save(const struct eeh_recovery *r, char *buf, size_t len)
{
	size_t used, i;
	int n;

	if (!r || !buf)
		return -EINVAL;
	n = snprintf(buf, len, HEAD "%d", EEH_RECOVERY_TEXT_VERSION);
	if (n < 0 || (size_t)n >= len)
		return -ENOSPC;
	used = n;
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *f = &fields[i];
		const void *p = (const char *)r + f->off;
		const char *key = f->key;

		switch (f->kind) {
		case HEX32:
			n = snprintf(buf + used, len - used, " %s=0x%" PRIx32, key,
				     *(const uint32_t *)p);
			break;
		case DEC32:
			n = snprintf(buf + used, len - used, " %s=%" PRIu32, key,
				     *(const uint32_t *)p);
			break;
		case FLAG:
			n = snprintf(buf + used, len - used, " %s=%d", key, *(const bool *)p);
			break;
		case DEC64:
		case TIME:
			n = snprintf(buf + used, len - used, " %s=%" PRIu64, key,
				     *(const uint64_t *)p);
			break;
		default:
			n = snprintf(buf + used, len - used, " %s=%s", key,
				     const_name(f->kind, *(const uint32_t *)p));
		}
		if (n < 0 || (size_t)n >= len - used)
			return -ENOSPC;
		used += n;
	}
	return used;
}

static int put(struct eeh_recovery *r, const struct field *f, const char *val)
{
	void *p = (char *)r + f->off;
	uint64_t v;
	uint32_t i;

	if (f->kind >= STATE) {
		for (i = 0; const_name(f->kind, i); i++)
			if (!strcmp(val, const_name(f->kind, i))) {
				*(uint32_t *)p = i;
				return 0;
			}
		return -EBADMSG;
	}
	if (eeh_parse_u64(val, &v))
		return -EBADMSG;
	switch (f->kind) {
	case FLAG:
		if (v > 1)
			return -EBADMSG;
		*(bool *)p = v;
		return 0;
	case DEC64:
		*(uint64_t *)p = v;
		return 0;
	case TIME:
		if (v > TIME_MAX)
			return -EBADMSG;
		*(uint64_t *)p = v;
		return 0;
	default:
		if (v > UINT32_MAX)
			return -EBADMSG;
		*(uint32_t *)p = v;
		return 0;
	}
}

/* Which answers a state can wait for: bits of enum eeh_recovery_action. */
static uint32_t may_pend(const struct eeh_recovery *r)
{
	const uint32_t none = 1U << EEH_RECOVERY_DO_NONE, ask = 1U << EEH_RECOVERY_DO_STATE;

	switch (r->state) {
	case EEH_RECOVERY_IDLE:
	case EEH_RECOVERY_PERMANENT:
	case EEH_RECOVERY_HOLD:
	case EEH_RECOVERY_SETTLE:
		return none;
	case EEH_RECOVERY_LOG:
		return 1U << EEH_RECOVERY_DO_LOG;
	case EEH_RECOVERY_ASSERT:
		return r->doubt ? none | ask : 1U << EEH_RECOVERY_DO_ASSERT;
	case EEH_RECOVERY_DEASSERT:
		return r->doubt ? none | ask : 1U << EEH_RECOVERY_DO_DEASSERT;
	case EEH_RECOVERY_CONFIGURE:
		return 1U << EEH_RECOVERY_DO_CONFIGURE;
	default:
		return none | ask;
	}
}

bool eeh_recovery_sane(const struct eeh_recovery *r)
{
	bool rest = r->state == EEH_RECOVERY_IDLE || r->state == EEH_RECOVERY_PERMANENT;
	bool resetting = r->state >= EEH_RECOVERY_ASSERT && r->state <= EEH_RECOVERY_RESUME;

	if (!(may_pend(r) & 1U << r->pending))
		return false;
	/* What waits for nothing else waits for a time; what rests waits for nothing. */
	if ((r->pending == EEH_RECOVERY_DO_NONE && !rest) != (r->deadline != 0))
		return false;
	if ((r->state == EEH_RECOVERY_PERMANENT) != (r->why != EEH_RECOVERY_WHY_NONE))
		return false;
	if (r->reset && r->reset != EEH_RESET_KIND_HOT && r->reset != EEH_RESET_KIND_FUNDAMENTAL)
		return false;
	if (!r->reset != !r->attempt || r->attempt > EEH_RECOVERY_ATTEMPTS_MAX)
		return false;
	if (resetting && !r->attempt)
		return false;
	if (r->doubt && r->state != EEH_RECOVERY_ASSERT && r->state != EEH_RECOVERY_DEASSERT)
		return false;
	return true;
}

int eeh_recovery_load(struct eeh_recovery **ret, const char *text,
		      const struct eeh_recovery_opts *opts)
{
	char buf[EEH_RECOVERY_TEXT_MAX], version[16], *p, *next;
	struct eeh_recovery *r;
	uint64_t v;
	size_t i, n;
	int err;

	if (!ret || !text)
		return -EINVAL;
	*ret = NULL;
	n = strnlen(text, sizeof(buf));
	if (n == sizeof(buf) || strncmp(text, HEAD, strlen(HEAD)))
		return -EBADMSG;
	memcpy(buf, text, n + 1);
	p = buf + strlen(HEAD);
	n = strcspn(p, " ");
	if (n >= sizeof(version))
		return -EBADMSG;
	memcpy(version, p, n);
	version[n] = '\0';
	if (eeh_parse_u64(version, &v) || !v)
		return -EBADMSG;
	if (v != EEH_RECOVERY_TEXT_VERSION)
		return -EPROTO;
	p += n;

	err = eeh_recovery_new(&r, 0, 0, opts);
	if (err)
		return err;
	err = -EBADMSG;
	for (i = 0; i < ARRAY_SIZE(fields); i++) {
		n = strlen(fields[i].key);
		if (*p != ' ' || strncmp(p + 1, fields[i].key, n) || p[1 + n] != '=')
			goto bad;
		p += n + 2;
		next = p + strcspn(p, " ");
		if (*next) {
			*next = '\0';
			if (put(r, &fields[i], p))
				goto bad;
			*next = ' ';
		} else if (put(r, &fields[i], p)) {
			goto bad;
		}
		p = next;
	}
	if (*p || !eeh_recovery_sane(r))
		goto bad;
	*ret = r;
	return 0;
bad:
	eeh_recovery_free(r);
	return err;
}
