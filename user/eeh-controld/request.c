// SPDX-License-Identifier: GPL-2.0-only
/* Requests: their answers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../json_put.h"
#include "controld.h"
#include "request.h"

static char *wrap(const char *name, struct json_object *o, size_t *len)
{
	struct json_object *top = jput_top(name, o);
	const char *s;
	char *ret;

	s = json_object_to_json_string_ext(top, JSON_C_TO_STRING_NOSLASHESCAPE);
	*len = strlen(s) + 1;
	ret = malloc(*len + 1);
	if (ret) {
		memcpy(ret, s, *len - 1);
		strcpy(ret + *len - 1, "\n");
	}
	json_object_put(top);
	return ret;
}

char *request_error(const char *error, size_t *len)
{
	return wrap("error", json_object_new_string(error), len);
}

static struct json_object *pe_json(const struct pe *p)
{
	struct json_object *o = json_object_new_object(), *list, *d;
	struct eeh_recovery_status st;
	size_t i;

	pe_status(p, &st);
	jput_str(o, "pe", pe_name(p));
	jput_str(o, "state", eeh_recovery_state_name(st.state));
	if (st.why)
		jput_str(o, "why", eeh_recovery_why_name(st.why));
	jput_str(o, "rule", p->rule ? p->rule->name : "default");
	jput_str(o, "policy", eeh_recovery_policy_name(p->policy));
	jput_bool(o, "present", p->desc);
	jput_bool(o, "passed", p->desc && p->desc->passed);
	jput_str(o, "vm", p->desc ? p->desc->vm : "");
	if (p->desc && p->desc->pid)
		jput_u64(o, "pid", p->desc->pid);
	list = json_object_new_array();
	for (i = 0; p->desc && i < p->desc->nr_devices; i++) {
		d = json_object_new_object();
		jput_str(d, "address", p->desc->devices[i].address);
		jput_str(d, "driver", p->desc->devices[i].driver);
		json_object_array_add(list, d);
	}
	json_object_object_add(o, "devices", list);
	jput_u64(o, "attempt", st.attempt);
	jput_u64(o, "freezes", st.freezes);
	jput_u64(o, "freezes_in_budget", st.window_freezes);
	jput_u64(o, "recovered", st.recovered);
	jput_u64(o, "normal", st.normal);
	jput_u64(o, "permanent", st.permanent);
	jput_u64(o, "resets", st.resets);
	jput_u64(o, "frozen_ns", st.frozen_at ? now_ns() - st.frozen_at : 0);
	return o;
}

static struct json_object *status_json(struct controld *c)
{
	struct json_object *o = json_object_new_object();
	struct eeh_recovery_status st;
	uint64_t frozen = 0, permanent = 0;
	const struct pe *p;

	for (p = c->pes; p; p = p->next) {
		pe_status(p, &st);
		permanent += st.state == EEH_RECOVERY_PERMANENT;
		frozen += st.state != EEH_RECOVERY_PERMANENT && st.state != EEH_RECOVERY_IDLE;
	}
	jput_str(o, "version", eeh_version());
	jput_u64(o, "pes", c->nr_pes);
	jput_u64(o, "frozen", frozen);
	jput_u64(o, "given_up", permanent);
	jput_u64(o, "freezes", c->state.freezes);
	jput_u64(o, "recovered", c->state.recovered);
	jput_u64(o, "normal", c->state.normal);
	jput_u64(o, "resets", c->state.resets);
	jput_u64(o, "timeouts", c->state.timeouts);
	jput_u64(o, "events_seq", c->state.seq);
	jput_u64(o, "events_lost", c->state.lost);
	jput_u64(o, "listeners", c->nr_listeners);
	jput_u64(o, "workers", c->workers);
	jput_bool(o, "events", backend.events_fd(c->be) >= 0);
	jput_str(o, "config", c->config_path);
	jput_bool(o, "config_ok", c->config_ok);
	if (!c->config_ok)
		jput_str(o, "config_error", c->config_error);
	return o;
}

char *request_answer(struct controld *c, const struct request *req, size_t *len)
{
	struct eeh_recovery_event ev = { 0 };
	struct json_object *o;
	struct pe *p = NULL;
	char *text, msg[320];
	size_t n;

	if (req->op == REQUEST_PE || req->op == REQUEST_RECOVER || req->op == REQUEST_CLEAR) {
		p = pe_get(c, req->phb, req->addr, false);
		if (!p) {
			snprintf(msg, sizeof(msg), "there is no PE %04x:%x that is passed through or was frozen",
				 req->phb, req->addr);
			return request_error(msg, len);
		}
	}
	if (req->op == REQUEST_RECOVER && !backend.resets(c->be))
		return request_error("on s390x only its owner can recover a function", len);
	switch (req->op) {
	case REQUEST_STATUS:
		return wrap("status", status_json(c), len);
	case REQUEST_PES:
		o = json_object_new_array();
		for (p = c->pes; p; p = p->next)
			json_object_array_add(o, pe_json(p));
		return wrap("pes", o, len);
	case REQUEST_PE:
		return wrap("pe", pe_json(p), len);
	case REQUEST_METRICS:
		text = metrics_text(c, &n);
		if (!text)
			return NULL;
		o = json_object_new_string_len(text, n);
		free(text);
		return wrap("metrics", o, len);
	case REQUEST_WATCH:
		return wrap("watch", json_object_new_boolean(true), len);
	case REQUEST_EVENTS:
		if (backend.events_fd(c->be) < 0)
			return request_error("there are no events: the module eeh_bpf is not loaded", len);
		return wrap("events", json_object_new_boolean(true), len);
	case REQUEST_RECOVER:
		ev.type = EEH_RECOVERY_EV_FORCE;
		pe_tell(c, p, ev);
		return wrap("pe", pe_json(p), len);
	case REQUEST_CLEAR:
		ev.type = EEH_RECOVERY_EV_CLEAR;
		pe_tell(c, p, ev);
		return wrap("pe", pe_json(p), len);
	case REQUEST_SWEEP:
		c->next_sweep = 0;
		return wrap("sweep", json_object_new_boolean(true), len);
	case REQUEST_RELOAD:
		controld_reload(c);
		if (c->config_ok)
			return wrap("reload", json_object_new_boolean(true), len);
		snprintf(msg, sizeof(msg), "%s: %s: the old configuration stays", c->config_path,
			 c->config_error);
		return request_error(msg, len);
	default:
		return request_error("unknown op", len);
	}
}
