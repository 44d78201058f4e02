// SPDX-License-Identifier: GPL-2.0-only
/*
 * What others are told: the journal, with fields to search by, or standard error
 * where there is no journal; and clients that watch.
 *
 * A guest can freeze and thaw its PE as often as it likes. So each PE may write
 * NOTICES_BURST lines at once and NOTICES_PER_MIN on the long run; what was not
 * written is counted, and its number written later. Those who watch get all.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-id128.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "../json_put.h"
#include "controld.h"

#define NOTICES_BURST	40
#define NOTICES_PER_MIN	20

static const struct kind {
	uint32_t say;
	const char *name;
	int priority;
	const char *id;			/* MESSAGE_ID */
} kinds[] = {
	{ EEH_RECOVERY_SAY_FROZEN, "frozen", LOG_WARNING, "5f0bd1a2c9a64d1c8d5b0c5d2a7e4101" },
	{ EEH_RECOVERY_SAY_ATTEMPT, "reset", LOG_NOTICE, "5f0bd1a2c9a64d1c8d5b0c5d2a7e4102" },
	{ EEH_RECOVERY_SAY_FAILED, "failed", LOG_WARNING, "5f0bd1a2c9a64d1c8d5b0c5d2a7e4103" },
	{ EEH_RECOVERY_SAY_RECOVERED, "recovered", LOG_NOTICE, "5f0bd1a2c9a64d1c8d5b0c5d2a7e4104" },
	{ EEH_RECOVERY_SAY_NORMAL, "normal", LOG_NOTICE, "5f0bd1a2c9a64d1c8d5b0c5d2a7e4105" },
	{ EEH_RECOVERY_SAY_TIMEOUT, "timeout", LOG_WARNING, "5f0bd1a2c9a64d1c8d5b0c5d2a7e4106" },
	{ EEH_RECOVERY_SAY_PERMANENT, "permanent", LOG_ERR, "5f0bd1a2c9a64d1c8d5b0c5d2a7e4107" },
	{ 0, "log", LOG_WARNING, "5f0bd1a2c9a64d1c8d5b0c5d2a7e4108" },
};

const char *pe_name(const struct pe *p)
{
	static char name[24];

	snprintf(name, sizeof(name), "%04x:%x", p->phb, p->addr);
	return name;
}

void say(struct controld *c, int priority, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	(void)c;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (getenv("JOURNAL_STREAM"))
		sd_journal_send("MESSAGE=%s", msg, "PRIORITY=%i", priority, NULL);
	else
		fprintf(stderr, "<%d>%s\n", priority, msg);
}

static bool may_say(struct controld *c, struct pe *p, bool always)
{
	uint64_t now = now_ns(), more;

	if (!p->notices_at) {
		p->notices = NOTICES_BURST;
		p->notices_at = now;
	}
	more = (now - p->notices_at) * NOTICES_PER_MIN / (60 * NS_PER_S);
	if (more) {
		p->notices = p->notices + more > NOTICES_BURST ? NOTICES_BURST : p->notices + more;
		p->notices_at = now;
	}
	if (!p->notices && !always) {
		p->unsaid++;
		c->state.notices_unsaid++;
		return false;
	}
	if (p->notices)
		p->notices--;
	if (p->unsaid) {
		say(c, LOG_WARNING, "%s: %u messages about it were left out", pe_name(p), p->unsaid);
		p->unsaid = 0;
	}
	return true;
}

static void watchers(struct controld *c, const struct pe *p, const char *event, const char *msg,
		     const char *class)
{
	struct json_object *o, *top;

	if (!c->nr_watchers)
		return;
	o = json_object_new_object();
	jput_str(o, "event", event);
	jput_str(o, "pe", pe_name(p));
	jput_u64(o, "time_ns", now_ns());
	jput_str(o, "message", msg);
	if (class && *class)
		jput_str(o, "class", class);
	top = jput_top("notice", o);
	server_watchers(c, json_object_to_json_string_ext(top, JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(top);
}

static void tell_all(struct controld *c, struct pe *p, const struct kind *k, int priority,
		     const char *class, const char *msg)
{
	struct eeh_recovery_status st;

	watchers(c, p, k->name, msg, class);
	if (!may_say(c, p, k->say == EEH_RECOVERY_SAY_PERMANENT))
		return;
	if (!getenv("JOURNAL_STREAM")) {
		say(c, priority, "%s", msg);
		return;
	}
	pe_status(p, &st);
	sd_journal_send("MESSAGE=%s", msg, "PRIORITY=%i", priority, "MESSAGE_ID=%s", k->id,
			"EEH_EVENT=%s", k->name, "EEH_PHB=%04x", p->phb, "EEH_PE=%x", p->addr,
			"EEH_STATE=%s", eeh_recovery_state_name(st.state),
			"EEH_POLICY=%s", eeh_recovery_policy_name(p->policy), "EEH_RULE=%s", p->rule ? p->rule->name : "",
			"EEH_VM=%s", p->desc ? p->desc->vm : "",
			"EEH_CLASS=%s", class && *class ? class : "unknown",
			"EEH_FREEZES=%" PRIu64, st.freezes, NULL);
}

/* What is meant by a PE in a message: its devices, and whose they are. */
static const char *whose(const struct pe *p, char *buf, size_t len)
{
	int n;

	if (!p->desc || !p->desc->nr_devices)
		return "";
	n = snprintf(buf, len, " (%s%s", p->desc->devices[0].address,
		     p->desc->nr_devices > 1 ? ", ..." : "");
	if (n > 0 && (size_t)n < len)
		snprintf(buf + n, len - n, "%s%s%s)", *p->desc->vm ? " of " : "", p->desc->vm,
			 p->desc->passed ? "" : ", driven by this kernel");
	return buf;
}

static void message(const struct pe *p, uint32_t what, const struct eeh_recovery_step *step,
		    char *buf, size_t len)
{
	static const char * const why[EEH_RECOVERY_WHYS] = {
		[EEH_RECOVERY_WHY_NONE] = "?",
		[EEH_RECOVERY_WHY_RETRIES] = "no reset brought it back",
		[EEH_RECOVERY_WHY_BUDGET] = "it froze more often within an hour than max-freezes allows",
		[EEH_RECOVERY_WHY_UNAVAILABLE] = "it was unavailable for too long",
		[EEH_RECOVERY_WHY_GONE] = "firmware says that it will not come back",
		[EEH_RECOVERY_WHY_NO_ANSWER] = "nobody says in which state it is",
	};
	const char *name = pe_name(p);
	char of[160];

	switch (what) {
	case EEH_RECOVERY_SAY_FROZEN:
		snprintf(buf, len, "%s%s is frozen", name, whose(p, of, sizeof(of)));
		break;
	case EEH_RECOVERY_SAY_ATTEMPT:
		snprintf(buf, len, "%s: %s reset, attempt %u", name,
			 step->reset == EEH_RESET_KIND_HOT ? "hot" : "fundamental", step->attempt);
		break;
	case EEH_RECOVERY_SAY_FAILED:
		snprintf(buf, len, "%s: attempt %u failed", name, step->attempt);
		break;
	case EEH_RECOVERY_SAY_RECOVERED:
		snprintf(buf, len, "%s is recovered, after %" PRIu64 ".%03u s", name,
			 step->took / NS_PER_S,
			 (unsigned int)(step->took % NS_PER_S / NS_PER_MS));
		break;
	case EEH_RECOVERY_SAY_NORMAL:
		snprintf(buf, len, "%s is normal again, without this controller", name);
		break;
	case EEH_RECOVERY_SAY_TIMEOUT:
		snprintf(buf, len, "%s%s is still frozen: its owner has not recovered it in time", name,
			 whose(p, of, sizeof(of)));
		break;
	default:
		snprintf(buf, len, "%s%s is given up: %s. When it is repaired: eeh-controld clear %s",
			 name, whose(p, of, sizeof(of)), why[step->why], name);
	}
}

void notice(struct controld *c, struct pe *p, const struct eeh_recovery_step *step)
{
	char msg[400];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!(step->say & kinds[i].say))
			continue;
		message(p, kinds[i].say, step, msg, sizeof(msg));
		tell_all(c, p, &kinds[i], kinds[i].priority, NULL, msg);
	}
}

void notice_log(struct controld *c, struct pe *p, const struct outcome *out)
{
	char msg[400];

	if (out->err || !*out->sentence)
		snprintf(msg, sizeof(msg), "%s: no error log: %s", pe_name(p),
			 out->err ? strerror(-out->err) : "nothing was recorded");
	else
		snprintf(msg, sizeof(msg), "%s: %s", pe_name(p), out->sentence);
	tell_all(c, p, &kinds[ARRAY_SIZE(kinds) - 1], LOG_WARNING, out->class, msg);
}
