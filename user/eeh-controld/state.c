// SPDX-License-Identifier: GPL-2.0-only
/* The state as text, and back. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "state.h"

#define HEAD	"eeh-controld-state 1"

const uint32_t bucket_seconds[BUCKETS - 1] = { 1, 2, 5, 10, 20, 60, 120, 300 };

static const struct field {
	const char *name;
	size_t off;
	size_t nr;
} fields[] = {
#define F(_name, _member) { _name, offsetof(struct state, _member), \
			    sizeof(((struct state *)0)->_member) / sizeof(uint64_t) }
	F("last", seq),
	F("window", window),
	F("time", time),
	F("events", events),
	F("lost", lost),
	F("actions", actions),
	F("unsaid", notices_unsaid),
	F("recovered", recovered),
	F("normal", normal),
	F("permanent", permanent),
	F("resets", resets),
	F("failed", failed),
	F("timeouts", timeouts),
	F("freezes", freezes),
	F("freezes_by", freezes_by),
	F("recovery_ns", recovery_ns),
	F("recovery", recovery),
#undef F
};

#define FIELDS	(sizeof(fields) / sizeof(fields[0]))

int state_print(FILE *f, const char *boot, const struct state *state)
{
	size_t i, k;

	fprintf(f, HEAD "\nboot %s\n", boot);
	for (i = 0; i < FIELDS; i++) {
		fputs(fields[i].name, f);
		for (k = 0; k < fields[i].nr; k++)
			fprintf(f, " %" PRIu64,
				((const uint64_t *)((const char *)state + fields[i].off))[k]);
		fputc('\n', f);
	}
	return ferror(f) ? -EIO : 0;
}

int state_print_pe(FILE *f, uint64_t ticket, const struct eeh_recovery *r)
{
	char text[EEH_RECOVERY_TEXT_MAX];
	int n = eeh_recovery_save(r, text, sizeof(text));

	if (n < 0)
		return n;
	fprintf(f, "pe %" PRIu64 " %s\n", ticket, text);
	return ferror(f) ? -EIO : 0;
}

int state_print_end(FILE *f, size_t pes)
{
	fprintf(f, "end %zu\n", pes);
	return ferror(f) ? -EIO : 0;
}

/* ---- Back ---- */

__attribute__((format(printf, 4, 5)))
static int bad(char *error, size_t errlen, unsigned int line, const char *fmt, ...)
{
	int n = snprintf(error, errlen, "line %u: ", line);
	va_list ap;

	if (n > 0 && (size_t)n < errlen) {
		va_start(ap, fmt);
		vsnprintf(error + n, errlen - n, fmt, ap);
		va_end(ap);
	}
	return -EBADMSG;
}

/* A decimal number, and what follows it; false: there is none. */
static bool number(const char **p, uint64_t *val)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*val = strtoull(*p, &end, 10);
	*p = end;
	return !errno;
}

static bool take_field(const char *line, const struct field *f, struct state *state)
{
	const char *p = line + strlen(f->name);
	uint64_t v;
	size_t k;

	for (k = 0; k < f->nr; k++) {
		if (*p++ != ' ' || !number(&p, &v))
			return false;
		((uint64_t *)((char *)state + f->off))[k] = v;
	}
	return !*p;
}

int state_parse(const char *text, size_t len, const char *boot, struct state *state,
		state_pe_fn fn, void *arg, char *error, size_t errlen)
{
	unsigned int line = 0;
	char *copy, *p, *next;
	size_t pes = 0, i = 0, n;
	bool ended = false;
	uint64_t v;
	int err = 0;

	memset(state, 0, sizeof(*state));
	if (len > STATE_MAX)
		return bad(error, errlen, 0, "longer than %d bytes", STATE_MAX);
	if (memchr(text, '\0', len))
		return bad(error, errlen, 0, "a NUL byte");
	copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';

	for (p = copy; *p && !err; p = next) {
		const char *q = p;

		next = strchr(p, '\n');
		line++;
		if (!next) {
			err = bad(error, errlen, line, "cut short");
			break;
		}
		*next++ = '\0';
		if (ended) {
			err = bad(error, errlen, line, "more after the end");
		} else if (line == 1) {
			if (strcmp(p, HEAD)) {
				bad(error, errlen, line, "not a state of this version");
				err = strncmp(p, HEAD, strlen(HEAD) - 1) ? -EBADMSG : -EPROTO;
			}
		} else if (line == 2) {
			if (strncmp(p, "boot ", 5))
				err = bad(error, errlen, line, "no boot id");
			else if (strcmp(p + 5, boot))
				err = -ESTALE;
		} else if (i < FIELDS) {
			n = strlen(fields[i].name);
			if (strncmp(p, fields[i].name, n) || !take_field(p, &fields[i], state))
				err = bad(error, errlen, line, "no \"%s\"", fields[i].name);
			i++;
		} else if (!strncmp(p, "pe ", 3)) {
			q = p + 3;
			if (!number(&q, &v) || *q != ' ')
				err = bad(error, errlen, line, "no ticket");
			else
				err = fn(arg, v, q + 1);
			if (err == -EBADMSG)
				bad(error, errlen, line, "no engine is like that");
			pes++;
		} else if (!strncmp(p, "end ", 4)) {
			q = p + 4;
			if (!number(&q, &v) || *q || v != pes)
				err = bad(error, errlen, line, "%zu PEs, and not as many as it ends with", pes);
			ended = true;
		} else {
			err = bad(error, errlen, line, "neither a PE nor the end");
		}
	}
	if (!err && !ended)
		err = bad(error, errlen, line, "no end");
	free(copy);
	return err;
}

int event_line(const struct eeh_event *ev, char *buf, size_t len)
{
	int n = snprintf(buf, len, "ev %" PRIu64 " %" PRIu64 " %u %u %u %u %" PRIu64 " %" PRIu64 "\n",
			 (uint64_t)ev->seq, (uint64_t)ev->time_ns, ev->type, ev->source, ev->phb,
			 ev->pe_addr, (uint64_t)ev->arg[0], (uint64_t)ev->arg[1]);

	return n < 0 || (size_t)n >= len ? -ENOSPC : n;
}

int event_parse(const char *line, size_t len, struct eeh_event *ev)
{
	char copy[EVENT_LINE_MAX];
	uint64_t v[8];
	const char *p;
	int i;

	if (len < 3 || len >= sizeof(copy) || memcmp(line, "ev", 2) || memchr(line, '\0', len))
		return -EBADMSG;
	memcpy(copy, line, len);
	copy[len] = '\0';
	p = copy + 2;
	for (i = 0; i < 8; i++)
		if (*p++ != ' ' || !number(&p, &v[i]))
			return -EBADMSG;
	if (*p || v[2] > UINT32_MAX || v[3] > UINT32_MAX || v[4] > UINT32_MAX || v[5] > UINT32_MAX)
		return -EBADMSG;
	memset(ev, 0, sizeof(*ev));
	ev->seq = v[0];
	ev->time_ns = v[1];
	ev->type = v[2];
	ev->source = v[3];
	ev->phb = v[4];
	ev->pe_addr = v[5];
	ev->arg[0] = v[6];
	ev->arg[1] = v[7];
	return 0;
}
