// SPDX-License-Identifier: GPL-2.0-only
/* eehctl top: PEs, whose they are, how often they are asked about, and what froze. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <eeh/pe.h>

#include "eehctl.h"
#include "top.h"

#define WHERE	"top"

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl top live [ --delay SECONDS ] [ --count N ]\n"
	       "       eehctl top once [ --delay SECONDS ]\n"
	       "       eehctl top help\n");
	return EXIT_OK;
}

/* ---- A look at the machine ---- */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static struct top_pe *find_pe(struct top *t, uint32_t phb, uint32_t addr)
{
	struct top_pe *p;
	size_t i;

	for (i = 0; i < t->nr; i++)
		if (t->pes[i].phb == phb && t->pes[i].addr == addr)
			return &t->pes[i];
	p = realloc(t->pes, (t->nr + 1) * sizeof(*p));
	if (!p)
		abort();
	t->pes = p;
	p += t->nr++;
	memset(p, 0, sizeof(*p));
	p->phb = phb;
	p->addr = addr;
	snprintf(p->name, sizeof(p->name), "%04x:%x", phb, addr);
	strcpy(p->state, "-");
	return p;
}

static int take_pe(void *arg, const struct eeh_pe_info *pe)
{
	struct top_pe *p = find_pe(arg, pe->phb, pe->addr);

	p->there = true;
	snprintf(p->owner, sizeof(p->owner), "%s", *pe->comm ? pe->comm :
		 eeh_pe_owner_name(pe->owner));
	p->devices = pe->nr_devices;
	snprintf(p->device, sizeof(p->device), "%s", pe->nr_devices ? pe->devices[0]->address : "");
	return 0;
}

static int take_queries(void *arg, const struct eeh_fastpath_pe *pe)
{
	struct top_pe *p = find_pe(arg, pe->phb, pe->pe_addr);

	/* A PE can have had several VMs. */
	p->now.queries += pe->queries;
	p->now.answered += pe->answered;
	p->now.passed += pe->passed;
	p->now.storms += pe->storms;
	return 0;
}

static uint64_t per_second(uint64_t now, uint64_t before, uint64_t ns)
{
	return ns && now > before ? (now - before) * 1000000000ULL / ns : 0;
}

/* 0, or the exit code. Rates are since the look before. */
static int look(struct top *t)
{
	uint64_t now = now_ns();
	struct eeh_fastpath_stats st;
	struct top_pe *p;
	size_t i;
	int err;

	t->before = t->total;
	t->interval = t->at ? now - t->at : 0;
	t->at = now;
	for (i = 0; i < t->nr; i++) {
		p = &t->pes[i];
		p->before = p->now;
		memset(&p->now, 0, sizeof(p->now));
		p->there = false;
		strcpy(p->state, "-");
	}
	err = eeh_pe_for_each(ctx, take_pe, t);
	if (err)
		return fail(WHERE, err, "%s", eeh_last_error(ctx));
	EEH_INIT(&st);
	*t->note = '\0';
	err = eeh_fastpath_stats(ctx, &st);
	if (err)
		snprintf(t->note, sizeof(t->note), "no queries: %s", eeh_last_error(ctx));
	t->total = (struct top_total) {
		.queries = st.queries, .answered = st.answered, .passed = st.passed,
		.others = st.rejected + st.unbound + st.not_owner + st.fault + st.bypassed +
			  st.audited,
	};
	if (!err && eeh_fastpath_for_each_pe(ctx, take_queries, t))
		snprintf(t->note, sizeof(t->note), "no queries of single PEs: %s",
			 eeh_last_error(ctx));
	top_ask_controller(t);
	for (i = 0; i < t->nr; i++) {
		p = &t->pes[i];
		p->queries_s = per_second(p->now.queries, p->before.queries, t->interval);
		p->answered_s = per_second(p->now.answered, p->before.answered, t->interval);
		p->passed_s = per_second(p->now.passed, p->before.passed, t->interval);
	}
	t->queries_s = per_second(t->total.queries, t->before.queries, t->interval);
	t->answered_s = per_second(t->total.answered, t->before.answered, t->interval);
	t->passed_s = per_second(t->total.passed, t->before.passed, t->interval);
	t->others_s = per_second(t->total.others, t->before.others, t->interval);
	return 0;
}

/* ---- Showing it ---- */

static int by_name(const struct top_pe *a, const struct top_pe *b)
{
	return a->phb != b->phb ? (a->phb < b->phb ? -1 : 1) :
	       a->addr != b->addr ? (a->addr < b->addr ? -1 : 1) : 0;
}

static enum top_sort order;

static int compare(const void *va, const void *vb)
{
	const struct top_pe *a = va, *b = vb;
	uint64_t x = 0, y = 0;

	if (order == TOP_BY_QUERIES) {
		x = a->queries_s;
		y = b->queries_s;
	} else if (order == TOP_BY_FREEZES) {
		x = a->freezes;
		y = b->freezes;
	}
	return x != y ? (x > y ? -1 : 1) : by_name(a, b);
}

void top_sort(struct top *t, enum top_sort by)
{
	order = by;
	qsort(t->pes, t->nr, sizeof(*t->pes), compare);
}

void top_line(const struct top *t, int n, char *buf, size_t len)
{
	const struct top_pe *p;

	*buf = '\0';
	switch (n) {
	case 0:
		snprintf(buf, len, "%zu PEs   queries/s %" PRIu64 ": answered %" PRIu64 ", passed %"
			 PRIu64 ", other %" PRIu64, t->nr, t->queries_s, t->answered_s, t->passed_s,
			 t->others_s);
		break;
	case 1:
		if (t->controller)
			snprintf(buf, len, "freezes %" PRIu64 ", frozen now %" PRIu64 ", given up %" PRIu64
				 "%s%s", t->freezes, t->frozen, t->given_up, *t->note ? "   " : "",
				 t->note);
		else
			snprintf(buf, len, "no freezes: eeh-controld does not answer%s%s",
				 *t->note ? "   " : "", t->note);
		break;
	case 2:
		break;
	case 3:
		snprintf(buf, len, "%-9s %-16s %-14s %10s %10s %10s %8s %8s  %s", "PE", "OWNER", "DEVICE",
			 "QUERIES/S", "ANSWERED/S", "PASSED/S", "STORMS", "FREEZES", "STATE");
		break;
	default:
		if ((size_t)n - 4 >= t->nr)
			break;
		p = &t->pes[n - 4];
		snprintf(buf, len, "%-9s %-16.16s %-12s%-2s %10" PRIu64 " %10" PRIu64 " %10" PRIu64
			 " %8" PRIu64 " %8" PRIu64 "  %s", p->name, p->owner, p->device,
			 p->devices > 1 ? "+" : "", p->queries_s, p->answered_s, p->passed_s,
			 p->now.storms, p->freezes, p->state);
	}
}

static void print_json(const struct top *t)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array(), *e;
	size_t i;

	jput_u64(o, "interval_ns", t->interval);
	jput_u64(o, "queries_per_s", t->queries_s);
	jput_u64(o, "answered_per_s", t->answered_s);
	jput_u64(o, "passed_per_s", t->passed_s);
	jput_u64(o, "other_per_s", t->others_s);
	jput_bool(o, "controller", t->controller);
	if (t->controller) {
		jput_u64(o, "freezes", t->freezes);
		jput_u64(o, "frozen", t->frozen);
		jput_u64(o, "given_up", t->given_up);
	}
	if (*t->note)
		jput_str(o, "note", t->note);
	for (i = 0; i < t->nr; i++) {
		const struct top_pe *p = &t->pes[i];

		e = json_object_new_object();
		jput_str(e, "pe", p->name);
		jput_bool(e, "present", p->there);
		jput_str(e, "owner", p->owner);
		jput_str(e, "device", p->device);
		jput_u64(e, "devices", p->devices);
		jput_u64(e, "queries", p->now.queries);
		jput_u64(e, "queries_per_s", p->queries_s);
		jput_u64(e, "answered_per_s", p->answered_s);
		jput_u64(e, "passed_per_s", p->passed_s);
		jput_u64(e, "storms", p->now.storms);
		if (t->controller) {
			jput_u64(e, "freezes", p->freezes);
			jput_str(e, "state", p->state);
		}
		json_object_array_add(list, e);
	}
	json_object_object_add(o, "pes", list);
	json_print("top", o);
}

static void print_text(const struct top *t)
{
	char line[256];
	size_t i;

	for (i = 0; i < t->nr + 4; i++) {
		top_line(t, i, line, sizeof(line));
		printf("%s\n", line);
	}
	fflush(stdout);
}

/* ---- Commands ---- */

struct args {
	uint32_t delay_ms;
	uint64_t count;
};

static int parse(struct args *a, int argc, char **argv)
{
	char *end;
	double d;
	int i;

	a->delay_ms = 1000;
	a->count = 0;
	for (i = 0; i < argc; i++) {
		if (i + 1 == argc)
			return usage_error(WHERE, "unexpected \"%s\": try eehctl top help", argv[i]);
		errno = 0;
		if (!strcmp(argv[i], "--delay")) {
			d = strtod(argv[++i], &end);
			if (errno || *end || !(d >= 0.1 && d <= 3600))
				return usage_error(WHERE, "\"%s\": a delay of 0.1 to 3600 seconds",
						   argv[i]);
			a->delay_ms = d * 1000;
		} else if (!strcmp(argv[i], "--count")) {
			a->count = strtoull(argv[++i], &end, 10);
			if (errno || *end || !a->count || *argv[i] == '-')
				return usage_error(WHERE, "\"%s\" is no count", argv[i]);
		} else {
			return usage_error(WHERE, "unexpected \"%s\": try eehctl top help", argv[i]);
		}
	}
	return EXIT_OK;
}

static int once(const struct args *a)
{
	struct top t = { 0 };
	int ret = look(&t);

	if (!ret) {
		poll(NULL, 0, a->delay_ms);
		ret = look(&t);
	}
	if (!ret) {
		top_sort(&t, TOP_BY_QUERIES);
		if (json_output)
			print_json(&t);
		else
			print_text(&t);
	}
	free(t.pes);
	return ret;
}

static int do_once(int argc, char **argv)
{
	struct args a;
	int err = parse(&a, argc, argv);

	if (!err && a.count)
		err = usage_error(WHERE, "once takes no --count");
	return err ? err : once(&a);
}

static int do_live(int argc, char **argv)
{
	enum top_sort by = TOP_BY_QUERIES;
	struct top t = { 0 };
	bool screen, go_on = true;
	struct args a;
	uint64_t n;
	int ret = parse(&a, argc, argv);

	if (ret)
		return ret;
	/* One sample, for whoever reads no screens. */
	if (json_output)
		return once(&a);
	screen = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && top_screen_open();
	if (!screen && !a.count)
		return once(&a);
	ret = look(&t);
	if (!ret && !screen)
		poll(NULL, 0, a.delay_ms);
	for (n = 0; !ret && go_on && (!a.count || n < a.count); n++) {
		if (n && !screen) {
			poll(NULL, 0, a.delay_ms);
			printf("\n");
		}
		/* The first screen has no rates yet, but is there at once. */
		if (n || !screen)
			ret = look(&t);
		if (ret)
			break;
		top_sort(&t, by);
		if (screen)
			go_on = top_screen_show(&t, &by, a.delay_ms);
		else
			print_text(&t);
	}
	if (screen)
		top_screen_close();
	free(t.pes);
	return ret;
}

static const struct command cmds[] = {
	{ "live",	do_live },
	{ "once",	do_once },
	{ "help",	help },
	{ NULL,		NULL },
};

int do_top(int argc, char **argv)
{
	if (!argc || argv[0][0] == '-')
		return do_live(argc, argv);
	return cmd_select(cmds, argc, argv, WHERE, help);
}
