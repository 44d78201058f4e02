/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event as JSON: what eehctl trace prints, and what the controller tells those
 * who may not listen themselves. eehctl-trace(8) has the members.
 */
#ifndef __EVENT_JSON_H
#define __EVENT_JSON_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <eeh/event.h>

#include "json_put.h"

static const char * const event_states[] = {
	"normal", "reset", "stopped", "?", "dma-stopped", "unavailable",
};
static const char * const event_resets[] = { "deactivate", "hot", "?", "fundamental" };
static const char * const event_options[] = {
	"disable", "enable", "thaw-mmio", "thaw-dma", "freeze",
};
/* enum eeh_bpf_outcome of the module */
static const char * const event_outcomes[] = {
	"answered", "passed", "rejected", "unbound", "not-owner", "fault", "bypassed", "audited",
};

#define EVENT_NAME(names, val) \
	((uint64_t)(val) < sizeof(names) / sizeof((names)[0]) ? (names)[val] : "?")

static inline struct json_object *event_json(const struct eeh_event *e)
{
	struct json_object *o = json_object_new_object();
	char pe[32];

	snprintf(pe, sizeof(pe), "%04x:%x", e->phb, e->pe_addr);
	jput_u64(o, "time_ns", e->time_ns);
	jput_u64(o, "seq", e->seq);
	jput_str(o, "type", eeh_event_type_name(e->type));
	jput_str(o, "pe", pe);
	jput_u64(o, "phb", e->phb);
	jput_u64(o, "pe_addr", e->pe_addr);
	if (e->vm)
		jput_u64(o, "vm", e->vm);
	switch (e->type) {
	case EEH_EVENT_FROZEN:
		jput_str(o, "source", eeh_source_name(e->source));
		jput_bool(o, "passed_through", e->arg[0]);
		break;
	case EEH_EVENT_STATE:
		jput_str(o, "state", EVENT_NAME(event_states, e->arg[0]));
		break;
	case EEH_EVENT_RESET:
		jput_str(o, "reset", EVENT_NAME(event_resets, e->arg[0]));
		break;
	case EEH_EVENT_OPTION:
		jput_str(o, "option", EVENT_NAME(event_options, e->arg[0]));
		break;
	case EEH_EVENT_INJECT:
		jput_u64(o, "bits", e->arg[0] >> 32 ? 64 : 32);
		jput_u64(o, "function", (uint32_t)e->arg[0]);
		jput_u64(o, "address", e->arg[1]);
		break;
	case EEH_EVENT_LOG:
		jput_str(o, "source", eeh_source_name(e->source));
		jput_u64(o, "log_seq", e->arg[0]);
		jput_u64(o, "length", (uint32_t)e->arg[1]);
		jput_bool(o, "fresh", !(e->arg[1] >> 32 & EEH_DEV_LOG_STALE));
		break;
	case EEH_EVENT_QUERY:
		jput_str(o, "tap", e->arg[0] >> 32 ? "rtas" : "check");
		jput_str(o, "outcome", EVENT_NAME(event_outcomes, (uint32_t)e->arg[0]));
		jput_u64(o, "ns", e->arg[1]);
		break;
	case EEH_EVENT_ZPCI:
		jput_u64(o, "pec", eeh_event_pec(e));
		jput_u64(o, "fh", (uint32_t)e->arg[0]);
		jput_u64(o, "address", e->arg[1]);
		jput_str(o, "fate", eeh_fate_name(eeh_event_fate(e)));
		jput_str(o, "explanation", eeh_fate_sentence(eeh_event_fate(e)));
		break;
	}
	return o;
}

static inline uint64_t event_json_u64(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_uint64(v) : 0;
}

/* The index of a member among names; how many there are, if it is none of them. */
static inline uint32_t event_json_index(struct json_object *o, const char *key,
					const char *(*name)(uint32_t), const char * const *names,
					uint32_t n)
{
	struct json_object *v;
	const char *s = json_object_object_get_ex(o, key, &v) ? json_object_get_string(v) : NULL;
	uint32_t i;

	for (i = 0; s && i < n; i++)
		if (!strcmp(s, name ? name(i) : names[i]))
			return i;
	return n;
}

#define EVENT_INDEX(o, key, names) \
	event_json_index(o, key, NULL, names, sizeof(names) / sizeof((names)[0]))

/* The other way round; false: that is no event of a type known here. Not for queries. */
static inline bool event_from_json(struct json_object *o, struct eeh_event *e)
{
	memset(e, 0, sizeof(*e));
	if (!json_object_is_type(o, json_type_object))
		return false;
	e->time_ns = event_json_u64(o, "time_ns");
	e->seq = event_json_u64(o, "seq");
	e->vm = event_json_u64(o, "vm");
	e->phb = event_json_u64(o, "phb");
	e->pe_addr = event_json_u64(o, "pe_addr");
	e->type = event_json_index(o, "type", eeh_event_type_name, NULL, EEH_EVENT_MAX);
	e->source = event_json_index(o, "source", eeh_source_name, NULL, EEH_SOURCE_MAX);
	switch (e->type) {
	case EEH_EVENT_FROZEN:
		e->arg[0] = event_json_u64(o, "passed_through");
		break;
	case EEH_EVENT_STATE:
		e->arg[0] = EVENT_INDEX(o, "state", event_states);
		break;
	case EEH_EVENT_RESET:
		e->arg[0] = EVENT_INDEX(o, "reset", event_resets);
		break;
	case EEH_EVENT_OPTION:
		e->arg[0] = EVENT_INDEX(o, "option", event_options);
		break;
	case EEH_EVENT_CONFIGURE:
		break;
	case EEH_EVENT_INJECT:
		e->arg[0] = (uint64_t)(event_json_u64(o, "bits") == 64) << 32 |
			    event_json_u64(o, "function");
		e->arg[1] = event_json_u64(o, "address");
		break;
	case EEH_EVENT_LOG:
		e->arg[0] = event_json_u64(o, "log_seq");
		e->arg[1] = event_json_u64(o, "length") |
			    (event_json_u64(o, "fresh") ? 0 : (uint64_t)EEH_DEV_LOG_STALE << 32);
		break;
	case EEH_EVENT_ZPCI:
		e->arg[0] = (uint64_t)event_json_index(o, "fate", eeh_fate_name, NULL, EEH_FATES) << 48 |
			    event_json_u64(o, "pec") << 32 | (uint32_t)event_json_u64(o, "fh");
		e->arg[1] = event_json_u64(o, "address");
		break;
	default:
		return false;
	}
	return true;
}

#endif /* __EVENT_JSON_H */
