// SPDX-License-Identifier: GPL-2.0-only
/* eehctl trace: what happens to PEs, as it happens. */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <eeh/event.h>
#include <eeh/log.h>
#include <eeh/pe.h>

#include "../event_json.h"
#include "controller.h"
#include "eehctl.h"

#define WHERE	"trace"
#define PES_MAX	32

struct follow {
	struct eeh_events_opts opts;
	struct {
		uint32_t phb, addr;
	} pes[PES_MAX];
	size_t pe_n;
	uint64_t count;		/* 0: no end */
	uint64_t shown;
	int64_t wall_ns;	/* what CLOCK_REALTIME is ahead of CLOCK_BOOTTIME */
};

static volatile sig_atomic_t stopped;

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl trace follow [ --pe { PHB:PE | DEVICE } ]... [ --type TYPE[,TYPE]... ]\n"
	       "                           [ --count N ]\n"
	       "       eehctl trace help\n"
	       "\n"
	       "       TYPE := { frozen | state | reset | option | configure | inject | log | query |\n"
	       "                  zpci }\n");
	return EXIT_OK;
}

/* As if the event had come from a log: its code in words. */
static void print_zpci(const struct eeh_event *e)
{
	const uint32_t words[8] = { 0, htobe32(e->arg[0]), htobe32(e->pe_addr), 0,
				    htobe32(e->arg[1] >> 32), htobe32(e->arg[1]), 0,
				    htobe32(eeh_event_pec(e)) };
	struct eeh_log_record r;

	EEH_INIT(&r);
	if (eeh_log_decode(ctx, words, sizeof(words), NULL, &r))
		printf(" event code 0x%x", eeh_event_pec(e));
	else
		printf(" %s: %s", eeh_log_class_name(r.error_class), r.sentence);
	if (eeh_event_fate(e) != EEH_FATE_OWNER)
		printf("; %s", eeh_fate_sentence(eeh_event_fate(e)));
}

static void print_text(const struct follow *f, const struct eeh_event *e)
{
	uint64_t wall = e->time_ns + f->wall_ns;
	time_t sec = wall / 1000000000;
	char when[32] = "", vm[40] = "";
	struct tm tm;

	if (localtime_r(&sec, &tm))
		strftime(when, sizeof(when), "%H:%M:%S", &tm);
	if (e->vm)
		snprintf(vm, sizeof(vm), " vm=%" PRIu64, (uint64_t)e->vm);
	printf("%s.%06" PRIu64 "  %04x:%-4x  %-9s ", when, wall % 1000000000 / 1000, e->phb,
	       e->pe_addr, eeh_event_type_name(e->type));
	switch (e->type) {
	case EEH_EVENT_FROZEN:
		printf(" noticed by %s%s", eeh_source_name(e->source),
		       e->arg[0] ? ", passed through" : "");
		break;
	case EEH_EVENT_STATE:
		printf(" %s", EVENT_NAME(event_states, e->arg[0]));
		break;
	case EEH_EVENT_RESET:
		printf(" %s", EVENT_NAME(event_resets, e->arg[0]));
		break;
	case EEH_EVENT_OPTION:
		printf(" %s", EVENT_NAME(event_options, e->arg[0]));
		break;
	case EEH_EVENT_INJECT:
		printf(" %d bits, function %u, address 0x%" PRIx64, e->arg[0] >> 32 ? 64 : 32,
		       (uint32_t)e->arg[0], (uint64_t)e->arg[1]);
		break;
	case EEH_EVENT_LOG:
		printf(" %u bytes, number %" PRIu64 "%s", (uint32_t)e->arg[1],
		       (uint64_t)e->arg[0],
		       e->arg[1] >> 32 & EEH_DEV_LOG_STALE ? ", not fresh" : "");
		break;
	case EEH_EVENT_QUERY:
		printf(" %s: %s in %" PRIu64 " ns", e->arg[0] >> 32 ? "rtas" : "check",
		       EVENT_NAME(event_outcomes, (uint32_t)e->arg[0]), (uint64_t)e->arg[1]);
		break;
	case EEH_EVENT_ZPCI:
		print_zpci(e);
		break;
	}
	printf("%s\n", vm);
}

static int on_event(void *arg, const struct eeh_event *e)
{
	struct follow *f = arg;
	size_t i;

	for (i = 0; i < f->pe_n; i++)
		if (f->pes[i].phb == e->phb && f->pes[i].addr == e->pe_addr)
			break;
	if (f->pe_n && i == f->pe_n)
		return 0;
	if (json_output)
		json_print("event", event_json(e));
	else
		print_text(f, e);
	f->shown++;
	return f->count && f->shown == f->count;
}

static void print_lost(uint64_t lost)
{
	struct json_object *o;

	if (json_output) {
		o = json_object_new_object();
		jput_u64(o, "lost", lost);
		json_print("loss", o);
	} else {
		printf("lost so far: %" PRIu64 " events came faster than they could be read\n", lost);
	}
}

static void on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

static int loop(struct follow *f, struct eeh_events *ev)
{
	struct pollfd p = { .fd = eeh_events_fd(ev), .events = POLLIN };
	uint64_t lost, told = 0;
	int ret = 0;

	do {
		/* A second: what was lost is said soon, also if nothing follows. */
		if (poll(&p, 1, 1000) < 0 && errno != EINTR)
			return fail(WHERE, -errno, "cannot wait for events: %s", strerror(errno));
		ret = eeh_events_read(ev, on_event, f);
		if (ret < 0)
			break;
		ret = eeh_events_lost(ev, &lost);
		if (!ret && lost != told)
			print_lost(told = lost);
		/* whoever reads our output has gone */
		if (fflush(stdout))
			break;
	} while (!ret && !stopped && !(f->count && f->shown >= f->count));
	return ret < 0 ? fail(WHERE, ret, "%s", eeh_last_error(ctx)) : EXIT_OK;
}

/* ---- By the controller: who may ask it need not be root ---- */

static int on_line(struct follow *f, const char *line)
{
	struct json_object *top = json_tokener_parse(line), *o;
	struct eeh_event e;
	int ret = 0;

	if (json_object_object_get_ex(top, "error", &o))
		ret = fail(WHERE, -EACCES, "eeh-controld: %s", json_object_get_string(o));
	else if (json_object_object_get_ex(top, "loss", &o))
		print_lost(event_json_u64(o, "lost"));
	/* it sends all types; the library's ring buffer only those that were asked for */
	else if (json_object_object_get_ex(top, "event", &o) && event_from_json(o, &e) &&
		 (!f->opts.types || f->opts.types & EEH_EVENT_BIT(e.type)))
		on_event(f, &e);
	json_object_put(top);
	return ret;
}

static int loop_controller(struct follow *f, int fd)
{
	char *line = NULL;
	size_t room = 0;
	FILE *in = fdopen(fd, "r");
	int ret = 0;

	if (!in) {
		close(fd);
		return fail(WHERE, -ENOMEM, "no memory");
	}
	while (!ret && !stopped && !(f->count && f->shown >= f->count)) {
		if (getline(&line, &room, in) < 0) {
			if (!stopped)
				ret = fail(WHERE, -EPIPE, "eeh-controld has ended: systemctl status eeh-controld");
			break;
		}
		ret = on_line(f, line);
		if (fflush(stdout))
			break;
	}
	free(line);
	fclose(in);
	return ret;
}

static int follow_controller(struct follow *f, int err)
{
	int fd;

	if (f->opts.types & EEH_EVENT_BIT(EEH_EVENT_QUERY))
		return fail(WHERE, err, "%s; only root sees queries", eeh_last_error(ctx));
	fd = controller_ask("{\"op\": \"events\"}\n", 0);
	if (fd < 0)
		return fail(WHERE, err, "%s; or be in the group that eeh-controld answers (socket-group in eeh-controld.conf(5)), and have it run",
			    eeh_last_error(ctx));
	return loop_controller(f, fd);
}

static int add_pe(void *arg, const struct eeh_pe_info *pe)
{
	struct follow *f = arg;

	if (f->pe_n == PES_MAX)
		return -ENOSPC;
	f->pes[f->pe_n].phb = pe->phb;
	f->pes[f->pe_n].addr = pe->addr;
	f->pe_n++;
	return 0;
}

static int add_types(struct follow *f, char *list)
{
	char *name, *save;
	uint32_t type;

	for (name = strtok_r(list, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		for (type = 0; type < EEH_EVENT_MAX; type++)
			if (!strcmp(name, eeh_event_type_name(type)))
				break;
		if (type == EEH_EVENT_MAX)
			return usage_error(WHERE, "unknown type \"%s\": try eehctl trace help", name);
		f->opts.types |= EEH_EVENT_BIT(type);
	}
	return EXIT_OK;
}

static int parse(struct follow *f, int argc, char **argv)
{
	char *end;
	int i, err;

	for (i = 0; i < argc; i++) {
		if (i + 1 == argc)
			return usage_error(WHERE, "unexpected \"%s\": try eehctl trace help", argv[i]);
		if (!strcmp(argv[i], "--pe")) {
			err = eeh_pe_find(ctx, argv[++i], add_pe, f);
			if (err < 0)
				return fail(WHERE, err, "%s", eeh_last_error(ctx));
		} else if (!strcmp(argv[i], "--type")) {
			err = add_types(f, argv[++i]);
			if (err)
				return err;
		} else if (!strcmp(argv[i], "--count")) {
			errno = 0;
			f->count = strtoull(argv[++i], &end, 10);
			if (errno || *end || !f->count || *argv[i] == '-')
				return usage_error(WHERE, "\"%s\" is no count", argv[i]);
		} else {
			return usage_error(WHERE, "unexpected \"%s\": try eehctl trace help", argv[i]);
		}
	}
	return EXIT_OK;
}

static int do_follow(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct follow f = { .wall_ns = wall_ahead() };
	struct eeh_events *ev;
	int ret;

	EEH_INIT(&f.opts);
	ret = parse(&f, argc, argv);
	if (ret)
		return ret;
	/* The end of a trace is what it was for: say what was lost, and that it went well. */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	ret = eeh_events_open(ctx, &f.opts, &ev);
	if (ret == -EPERM || ret == -EACCES)
		return follow_controller(&f, ret);
	if (ret)
		return fail(WHERE, ret, "%s", eeh_last_error(ctx));
	ret = loop(&f, ev);
	eeh_events_close(ev);
	return ret;
}

static const struct command cmds[] = {
	{ "follow",	do_follow },
	{ "help",	help },
	{ NULL,		NULL },
};

int do_trace(int argc, char **argv)
{
	if (!argc || *argv[0] == '-')
		return do_follow(argc, argv);
	return cmd_select(cmds, argc, argv, WHERE, help);
}
