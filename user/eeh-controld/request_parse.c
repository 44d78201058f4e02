// SPDX-License-Identifier: GPL-2.0-only
/* Requests: what they say. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <json-c/json.h>

#include "request.h"

static const struct {
	const char *name;
	bool pe, change;
} ops[REQUESTS] = {
	[REQUEST_STATUS] = { "status", false, false },
	[REQUEST_PES] = { "pes", false, false },
	[REQUEST_PE] = { "pe", true, false },
	[REQUEST_METRICS] = { "metrics", false, false },
	[REQUEST_WATCH] = { "watch", false, false },
	[REQUEST_EVENTS] = { "events", false, false },
	[REQUEST_RECOVER] = { "recover", true, true },
	[REQUEST_CLEAR] = { "clear", true, true },
	[REQUEST_SWEEP] = { "sweep", false, true },
	[REQUEST_RELOAD] = { "reload", false, true },
};

const char *request_name(enum request_op op)
{
	return op < REQUESTS ? ops[op].name : "?";
}

/* "0001:fd" */
static bool parse_pe(const char *s, struct request *req)
{
	unsigned long long v[2];
	char *end;
	int i;

	for (i = 0; i < 2; i++) {
		if (!isxdigit((unsigned char)*s) || (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')))
			return false;
		errno = 0;
		v[i] = strtoull(s, &end, 16);
		if (errno || end - s > 8 || *end != (i ? '\0' : ':'))
			return false;
		s = end + 1;
	}
	req->phb = v[0];
	req->addr = v[1];
	return true;
}

static int from_object(struct json_object *o, struct request *req, char *error, size_t errlen)
{
	const char *op = NULL, *pe = NULL;
	int i;

	if (!json_object_is_type(o, json_type_object)) {
		snprintf(error, errlen, "not an object such as {\"op\": \"status\"}");
		return -EINVAL;
	}
	json_object_object_foreach(o, key, val) {
		const char **to = !strcmp(key, "op") ? &op : !strcmp(key, "pe") ? &pe : NULL;

		if (!to || !json_object_is_type(val, json_type_string)) {
			snprintf(error, errlen, "\"%.32s\": %s", key,
				 to ? "not a string" : "unknown member; there are op and pe");
			return -EINVAL;
		}
		*to = json_object_get_string(val);
	}
	if (!op) {
		snprintf(error, errlen, "no member op");
		return -EINVAL;
	}
	for (i = 0; i < REQUESTS; i++)
		if (!strcmp(op, ops[i].name))
			break;
	if (i == REQUESTS) {
		snprintf(error, errlen, "unknown op \"%.32s\"", op);
		return -EINVAL;
	}
	if (ops[i].pe != !!pe) {
		snprintf(error, errlen, "%s takes %s", op, pe ? "no pe" : "a pe, such as \"0001:fd\"");
		return -EINVAL;
	}
	req->op = i;
	req->change = ops[i].change;
	if (pe && !parse_pe(pe, req)) {
		snprintf(error, errlen, "\"%.32s\" is not a PE, such as 0001:fd", pe);
		return -EINVAL;
	}
	return 0;
}

int request_parse(const char *line, size_t len, struct request *req, char *error, size_t errlen)
{
	struct json_tokener *tok;
	struct json_object *o;
	int err = -EINVAL;

	memset(req, 0, sizeof(*req));
	if (len > REQUEST_MAX) {
		snprintf(error, errlen, "longer than %d bytes", REQUEST_MAX);
		return -EINVAL;
	}
	tok = json_tokener_new_ex(4);
	if (!tok) {
		snprintf(error, errlen, "no memory");
		return -ENOMEM;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, line, len);
	/* A number at the end would only be complete with what follows it. */
	if (!o || json_tokener_get_error(tok) != json_tokener_success ||
	    json_tokener_get_parse_end(tok) != len)
		snprintf(error, errlen, "not one JSON object");
	else
		err = from_object(o, req, error, errlen);
	json_object_put(o);
	json_tokener_free(tok);
	return err;
}
