// SPDX-License-Identifier: GPL-2.0-only
/*
 * What eeh-controld reads: its configuration, requests that users of its socket
 * send, its saved state, and the lines of its log of events.
 */
#include <errno.h>

#include "backend.h"
#include "config.h"
#include "fuzz.h"
#include "recovery_internal.h"
#include "request.h"
#include "state.h"

static char error[256];

static void config(const char *text, size_t len)
{
	struct pe_desc d = { .phb = 1, .addr = 0xfd, .vm = "web-1", .nr_devices = 1,
			     .devices = { { "0001:01:00.0", "vfio-pci" } } };
	struct config *c;
	int err = config_parse(text, len, &c, error, sizeof(error));

	must(!err || err == -EINVAL);
	must(!err == !!c);
	must(!err || *error);
	if (!err) {
		must(config_rule(c, &d));
		must(memchr(c->socket_group, '\0', sizeof(c->socket_group)));
		must(memchr(c->metrics_file, '\0', sizeof(c->metrics_file)));
		must(memchr(c->metrics_listen, '\0', sizeof(c->metrics_listen)));
	}
	config_free(c);
}

static void request(const char *line, size_t len)
{
	struct request r = { 0 };
	int err = request_parse(line, len, &r, error, sizeof(error));

	must(!err || (err == -EINVAL && *error));
	must(err || r.op < REQUESTS);
	/* Who may change anything is decided by this. */
	must(err || r.change == (r.op >= REQUEST_RECOVER));
}

static int take_pe(void *arg, uint64_t ticket, const char *text)
{
	struct eeh_recovery *r;

	(void)arg;
	(void)ticket;
	if (eeh_recovery_load(&r, text, NULL))
		return -EBADMSG;
	must(eeh_recovery_sane(r));
	eeh_recovery_free(r);
	return 0;
}

static void state(const char *text, size_t len)
{
	static struct state st;
	int err;

	memset(&st, 0, sizeof(st));
	*error = '\0';
	err = state_parse(text, len, "boot", &st, take_pe, NULL, error, sizeof(error));
	must(err <= 0);
}

static void event(const char *line, size_t len)
{
	char again[EVENT_LINE_MAX];
	struct eeh_event ev, ev2;
	int n;

	if (event_parse(line, len, &ev))
		return;
	n = event_line(&ev, again, sizeof(again));
	must(n > 0);
	must(!event_parse(again, again[n - 1] == '\n' ? n - 1 : n, &ev2));
	must(!memcmp(&ev, &ev2, sizeof(ev)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s;

	if (!size)
		return 0;
	/* None of them wants a NUL at the end: there is none to be found. */
	s = malloc(size - 1 + (size == 1));
	if (!s)
		abort();
	memcpy(s, data + 1, size - 1);
	switch (data[0]) {
	case 'c':
		config(s, size - 1);
		break;
	case 'r':
		request(s, size - 1);
		break;
	case 's':
		state(s, size - 1);
		break;
	case 'e':
		event(s, size - 1);
		break;
	}
	free(s);
	return 0;
}
