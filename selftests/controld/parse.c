// SPDX-License-Identifier: GPL-2.0-only
/* What eeh-controld reads: its configuration, its state and its requests. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"
#include "config.h"
#include "request.h"
#include "state.h"

static char error[256];

static int parse(const char *text, struct config **c)
{
	*error = '\0';
	return config_parse(text, strlen(text), c, error, sizeof(error));
}

static void refused(const char *text, const char *why)
{
	struct config *c;

	if (parse(text, &c) != -EINVAL || !strstr(error, why))
		fail_msg("%s: \"%s\", wanted \"%s\"", text, error, why);
	assert_null(c);
}

static void t_config(void **state)
{
	struct pe_desc d = { .phb = 1, .addr = 0xfd, .vm = "web-1", .nr_devices = 2, .devices = {
		{ "0001:01:00.0", "vfio-pci" }, { "0001:01:00.1", "mlx5_vfio_pci" } } };
	const struct rule *r;
	struct config *c;

	(void)state;
	assert_int_equal(parse("# nothing\n", &c), 0);
	assert_string_equal(config_rule(c, &d)->name, "default");
	assert_int_equal(config_rule(c, &d)->opts.policy, EEH_POLICY_REPORT);
	assert_int_equal(c->sweep_ms, 60000);
	config_free(c);

	assert_int_equal(parse(
		"[controller]\nsocket-group = eeh\nmetrics-listen=127.0.0.1:9813\nsweep = 90 s\n"
		"metrics-file = /run/x.prom\n"
		"[rule none]\nvm = web-1\ndevice = 0002:*\npolicy = report\n"
		"[rule web]\n  vm = db-* web-?  \n\tpe = 0001:f*\npolicy = delegate\non-timeout = recover\n"
		"timeout = 1.5min\nmax-freezes = 9\nattempts = 4\nfirst-reset = fundamental\n"
		"hold = 300ms\nsettle = 2s\nresume = 2s\nunavailable = 1h\n"
		"[rule driver]\ndriver = mlx5*\npolicy = recover\r\n"
		"[default]\npolicy = delegate", &c), 0);
	assert_string_equal(c->socket_group, "eeh");
	assert_string_equal(c->metrics_listen, "127.0.0.1:9813");
	assert_int_equal(c->sweep_ms, 90000);
	r = config_rule(c, &d);
	assert_string_equal(r->name, "web");
	assert_int_equal(r->opts.policy, EEH_POLICY_DELEGATE);
	assert_int_equal(r->opts.on_timeout, EEH_POLICY_RECOVER);
	assert_int_equal(r->opts.delegate_ms, 90000);
	assert_int_equal(r->opts.max_freezes, 9);
	assert_int_equal(r->opts.attempts, 4);
	assert_true(r->opts.fundamental);
	assert_int_equal(r->opts.hold_ms, 300);
	assert_int_equal(r->opts.unavailable_ms, 3600000);
	strcpy(d.vm, "mail");
	assert_string_equal(config_rule(c, &d)->name, "driver");
	d.nr_devices = 1;
	r = config_rule(c, &d);
	assert_string_equal(r->name, "default");
	assert_int_equal(r->opts.policy, EEH_POLICY_DELEGATE);
	config_free(c);
}

static void t_config_refused(void **state)
{
	struct config *c;
	char *big;

	(void)state;
	refused("\n\npolicy = report\n", "line 3: \"policy\" before the first section");
	refused("[default]\npolicy = ignore\n", "line 2: \"ignore\" is none of report, recover, delegate");
	refused("[default]\npolicy\n", "line 2: neither");
	refused("[default\n", "line 1: a section without ]");
	refused("[other]\n", "line 1: unknown section [other]");
	refused("[rule ]\n", "unknown section [rule]");
	refused("[rule default]\n", "a rule needs a name");
	refused("[rule a]\n[rule a]\n", "line 2: rule a a second time");
	refused("[default]\n[default]\n", "line 2: [default] a second time");
	refused("[controller]\n[controller]\n", "line 2: [controller] a second time");
	refused("[default]\npolicy=report\npolicy=report\n", "line 3: policy a second time");
	refused("[default]\ncolour=blue\n", "line 2: unknown key \"colour\"");
	refused("[default]\nsweep=1s\n", "sweep does not belong into a rule");
	refused("[controller]\npolicy=report\n", "policy does not belong into [controller]");
	refused("[default]\nvm=a\n", "vm: [default] matches");
	refused("[rule a]\nvm=\n", "nothing to match");
	refused("[rule a]\nhold=99ms\n", "out of range: 100ms");
	refused("[rule a]\nsettle=1s\n", "out of range: 1500ms");
	refused("[rule a]\ntimeout=25h\n", "out of range");
	refused("[rule a]\ntimeout=99999999999999h\n", "is not a time");
	refused("[rule a]\ntimeout=5\n", "\"5\" is not a time");
	refused("[rule a]\ntimeout=-5s\n", "is not a time");
	refused("[rule a]\non-timeout=delegate\n", "on-timeout: report or recover");
	refused("[rule a]\nattempts=11\n", "out of range: 1 to 10");
	refused("[rule a]\nattempts=0\n", "out of range");
	refused("[rule a]\nmax-freezes=x\n", "is not a number");
	refused("[controller]\nmetrics-listen=localhost\n", "is not ADDRESS:PORT");
	refused("[controller]\nmetrics-listen=a.b:1\n", "is not an IPv4 address");
	refused("[controller]\nmetrics-listen=0.0.0.0:99999\n", "out of range");
	refused("[controller]\nmetrics-file=x\n", "a path from /");
	refused("[rule a]\nvm=\x01\n", "a control character");
	assert_int_equal(config_parse("a\0b", 3, &c, error, sizeof(error)), -EINVAL);
	big = calloc(1, CONFIG_MAX + 1);
	memset(big, '\n', CONFIG_MAX + 1);
	assert_int_equal(config_parse(big, CONFIG_MAX + 1, &c, error, sizeof(error)), -EINVAL);
	assert_int_equal(config_parse(big, CONFIG_MAX, &c, error, sizeof(error)), 0);
	config_free(c);
	free(big);
}

/* The file that is installed, and documented. */
static void t_config_shipped(void **state)
{
	struct config *c;
	int err;

	(void)state;
	err = config_read("../../packaging/systemd/controld.conf", &c, error, sizeof(error));
	if (err)
		fail_msg("packaging/systemd/controld.conf: %s", error);
	config_free(c);
}

static int count_pe(void *arg, uint64_t ticket, const char *text)
{
	struct eeh_recovery *r;
	int err = eeh_recovery_load(&r, text, NULL);

	(void)ticket;
	eeh_recovery_free(err ? NULL : r);
	++*(unsigned int *)arg;
	return err;
}

static char *state_text(size_t *len)
{
	struct state s = {
		.seq = 7, .window = 0x7f, .time = 99, .freezes = 3, .recovery = { 1, 2 },
	};
	struct eeh_recovery *r;
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	s.events[0] = 3;
	assert_int_equal(eeh_recovery_new(&r, 1, 0xfd, NULL), 0);
	assert_int_equal(state_print(f, "boot-1", &s), 0);
	assert_int_equal(state_print_pe(f, 12, r), 0);
	assert_int_equal(state_print_end(f, 1), 0);
	fclose(f);
	eeh_recovery_free(r);
	return text;
}

static void t_state(void **state)
{
	struct state s;
	unsigned int n = 0;
	size_t len, i;
	char *text = state_text(&len), *bad;

	(void)state;
	assert_int_equal(state_parse(text, len, "boot-1", &s, count_pe, &n, error, sizeof(error)), 0);
	assert_int_equal(n, 1);
	assert_int_equal(s.seq, 7);
	assert_int_equal(s.window, 0x7f);
	assert_int_equal(s.time, 99);
	assert_int_equal(s.events[0], 3);
	assert_int_equal(s.recovery[1], 2);
	assert_int_equal(state_parse(text, len, "boot-2", &s, count_pe, &n, error, sizeof(error)),
			 -ESTALE);
	/* Neither cut short nor with anything else in it. */
	bad = malloc(len + 4);
	for (i = 0; i < len; i++) {
		assert_int_not_equal(state_parse(text, i, "boot-1", &s, count_pe, &n, error,
						 sizeof(error)), 0);
		memcpy(bad, text, len);
		bad[i] = '#';
		assert_int_not_equal(state_parse(bad, len, "boot-1", &s, count_pe, &n, error,
						 sizeof(error)), 0);
	}
	memcpy(bad, text, len);
	memcpy(bad + len, "pe\n", 3);
	assert_int_equal(state_parse(bad, len + 3, "boot-1", &s, count_pe, &n, error, sizeof(error)),
			 -EBADMSG);
	memcpy(strstr(bad, "state 1"), "state 2", 7);
	assert_int_equal(state_parse(bad, len, "boot-1", &s, count_pe, &n, error, sizeof(error)),
			 -EPROTO);
	free(bad);
	free(text);
}

static void t_event_line(void **state)
{
	static const char * const bad[] = {
		"", "ev", "ev 1 2 3 4 5 6 7", "ev 1 2 3 4 5 6 7 8 9", "ev 1 2 3 4 5 6 7 8 ", "ev -1 2 3 4 5 6 7 8",
		"ev 1 2 4294967296 4 5 6 7 8", "ev 99999999999999999999 2 3 4 5 6 7 8", "ev  1 2 3 4 5 6 7 8",
	};
	struct eeh_event ev = { .seq = UINT64_MAX, .time_ns = UINT64_MAX, .type = UINT32_MAX,
				.source = UINT32_MAX, .phb = UINT32_MAX, .pe_addr = UINT32_MAX,
				.arg = { UINT64_MAX, UINT64_MAX } }, back;
	char line[EVENT_LINE_MAX];
	size_t i;
	int n;

	(void)state;
	n = event_line(&ev, line, sizeof(line));
	assert_true(n > 0);
	assert_int_equal(event_parse(line, n - 1, &back), 0);
	assert_memory_equal(&ev, &back, sizeof(ev));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(event_parse(bad[i], strlen(bad[i]), &back), -EBADMSG);
}

static void t_request(void **state)
{
	static const struct {
		const char *line, *why;
	} bad[] = {
		{ "", "not one JSON object" }, { "{", "not one" }, { "[]", "not an object" },
		{ "1", "not" }, { "{} {}", "not one" }, { "{}", "no member op" },
		{ "{\"op\": 1}", "not a string" }, { "{\"op\": \"dance\"}", "unknown op" },
		{ "{\"op\": \"status\", \"pe\": \"1:2\"}", "takes no pe" },
		{ "{\"op\": \"clear\"}", "takes a pe" },
		{ "{\"op\": \"clear\", \"pe\": \"fd\"}", "is not a PE" },
		{ "{\"op\": \"clear\", \"pe\": \"0001:fd \"}", "is not a PE" },
		{ "{\"op\": \"clear\", \"pe\": \"0x1:fd\"}", "is not a PE" },
		{ "{\"op\": \"clear\", \"pe\": \"1:123456789\"}", "is not a PE" },
		{ "{\"op\": \"clear\", \"pe\": \"-1:fd\"}", "is not a PE" },
		{ "{\"op\": \"status\", \"force\": true}", "unknown member" },
		{ "{\"op\": {\"op\": {\"op\": {\"op\": {}}}}}", "not one" },
	};
	struct request r;
	char line[128];
	size_t i;
	int op;

	(void)state;
	for (op = 0; op < REQUESTS; op++) {
		bool pe = op == REQUEST_PE || op == REQUEST_RECOVER || op == REQUEST_CLEAR;

		snprintf(line, sizeof(line), "{\"op\": \"%s\"%s}", request_name(op),
			 pe ? ", \"pe\": \"0001:fd\"" : "");
		assert_int_equal(request_parse(line, strlen(line), &r, error, sizeof(error)), 0);
		assert_int_equal(r.op, op);
		assert_int_equal(r.change, op >= REQUEST_RECOVER);
		if (pe)
			assert_true(r.phb == 1 && r.addr == 0xfd);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		*error = '\0';
		if (request_parse(bad[i].line, strlen(bad[i].line), &r, error,
				  sizeof(error)) != -EINVAL ||
		    !strstr(error, bad[i].why))
			fail_msg("%s: \"%s\", wanted \"%s\"", bad[i].line, error, bad[i].why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_config),
		cmocka_unit_test(t_config_refused),
		cmocka_unit_test(t_config_shipped),
		cmocka_unit_test(t_state),
		cmocka_unit_test(t_event_line),
		cmocka_unit_test(t_request),
	};

	return cmocka_run_group_tests_name("parse", tests, NULL, NULL);
}
