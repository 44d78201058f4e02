// SPDX-License-Identifier: GPL-2.0-only
/* eehctl fastpath: switch it on and off, and see what it does. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "eehctl.h"

#define WHERE "fastpath"

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl fastpath on\n"
	       "       eehctl fastpath off\n"
	       "       eehctl fastpath status\n"
	       "       eehctl fastpath stats\n"
	       "       eehctl fastpath { enable | disable }\n"
	       "       eehctl fastpath audit N\n"
	       "       eehctl fastpath policy [ FILE ]\n"
	       "       eehctl fastpath config [ rate N ] [ burst N ] [ storm { answer | pass } ]\n"
	       "                              [ learn { on | off } ]\n"
	       "       eehctl fastpath help\n");
	return EXIT_OK;
}

static int failed(int err)
{
	return fail(WHERE, err, "%s", eeh_last_error(ctx));
}

static int no_more(int argc, char **argv)
{
	if (!argc)
		return 0;
	return usage_error(WHERE, "unexpected \"%s\": try eehctl fastpath help", argv[0]);
}

/* The result of a command that changes something. */
static int done(bool changed, const char *text)
{
	struct json_object *o;

	if (json_output) {
		o = json_object_new_object();
		jput_bool(o, "changed", changed);
		json_print("fastpath", o);
	} else if (!changed) {
		printf("%s\n", text);
	}
	return EXIT_OK;
}

static int parse_u32(const char *s, uint32_t *val)
{
	unsigned long long v;
	char *end;

	if (*s < '0' || *s > '9')
		return -EINVAL;
	errno = 0;
	v = strtoull(s, &end, 0);
	if (errno || *end || v > UINT32_MAX)
		return -EINVAL;
	*val = v;
	return 0;
}

static int do_on(int argc, char **argv)
{
	int err = no_more(argc, argv);

	if (err)
		return err;
	err = eeh_fastpath_attach(ctx, NULL);
	if (err == -EEXIST)
		return done(false, "The fast path is on already.");
	return err ? failed(err) : done(true, "");
}

static int do_off(int argc, char **argv)
{
	int err = no_more(argc, argv);

	if (err)
		return err;
	err = eeh_fastpath_detach(ctx);
	if (err == -ENOENT)
		return done(false, "The fast path is off already.");
	return err ? failed(err) : done(true, "");
}

static int set_enabled(int argc, char **argv, bool on)
{
	int err = no_more(argc, argv);

	if (err)
		return err;
	err = eeh_fastpath_set_enabled(ctx, on);
	return err ? failed(err) : done(true, "");
}

static int do_enable(int argc, char **argv)
{
	return set_enabled(argc, argv, true);
}

static int do_disable(int argc, char **argv)
{
	return set_enabled(argc, argv, false);
}

static int do_audit(int argc, char **argv)
{
	uint32_t n;
	int err;

	if (argc < 1)
		return usage_error(WHERE, "audit: how many? 0 is off, N compares 1 in N");
	if (parse_u32(argv[0], &n))
		return usage_error(WHERE, "audit: \"%s\" is not a number", argv[0]);
	err = no_more(argc - 1, argv + 1);
	if (err)
		return err;
	err = eeh_fastpath_set_audit(ctx, n);
	return err ? failed(err) : done(true, "");
}

static int do_policy(int argc, char **argv)
{
	struct eeh_fastpath_opts opts;
	int err;

	EEH_INIT(&opts);
	opts.replace = true;
	if (argc) {
		opts.object = argv[0];
		err = no_more(argc - 1, argv + 1);
		if (err)
			return err;
	}
	err = eeh_fastpath_attach(ctx, &opts);
	return err ? failed(err) : done(true, "");
}

static int do_config(int argc, char **argv)
{
	struct eeh_fastpath_config c;
	struct json_object *o;
	uint32_t *num;
	int i, err;

	EEH_INIT(&c);
	/* The words first: bad usage must not depend on what is attached. */
	for (i = 0; i < argc; i += 2) {
		uint32_t dummy;

		if (i + 1 == argc)
			return usage_error(WHERE, "config: %s what?", argv[i]);
		if (!strcmp(argv[i], "rate") || !strcmp(argv[i], "burst")) {
			if (parse_u32(argv[i + 1], &dummy))
				return usage_error(WHERE, "config: \"%s\" is not a number",
						   argv[i + 1]);
		} else if (!strcmp(argv[i], "storm")) {
			if (strcmp(argv[i + 1], "answer") && strcmp(argv[i + 1], "pass"))
				return usage_error(WHERE, "config: storm { answer | pass }");
		} else if (!strcmp(argv[i], "learn")) {
			if (strcmp(argv[i + 1], "on") && strcmp(argv[i + 1], "off"))
				return usage_error(WHERE, "config: learn { on | off }");
		} else {
			return usage_error(WHERE, "config: unknown key \"%s\"", argv[i]);
		}
	}

	err = eeh_fastpath_get_config(ctx, &c);
	if (err)
		return failed(err);
	for (i = 0; i < argc; i += 2) {
		if (!strcmp(argv[i], "storm")) {
			c.storm = strcmp(argv[i + 1], "pass") ? EEH_STORM_DO_ANSWER :
				  EEH_STORM_DO_PASS;
		} else if (!strcmp(argv[i], "learn")) {
			c.no_learn = !strcmp(argv[i + 1], "off");
		} else {
			num = *argv[i] == 'r' ? &c.rate : &c.burst;
			parse_u32(argv[i + 1], num);
		}
	}
	if (argc) {
		err = eeh_fastpath_set_config(ctx, &c);
		return err ? failed(err) : done(true, "");
	}

	if (!c.rate)
		c.rate = EEH_FASTPATH_RATE_DEFAULT;
	if (!c.burst)
		c.burst = c.rate;
	if (json_output) {
		o = json_object_new_object();
		jput_u64(o, "rate", c.rate);
		jput_u64(o, "burst", c.burst);
		jput_str(o, "storm", c.storm == EEH_STORM_DO_PASS ? "pass" : "answer");
		jput_bool(o, "learn", !c.no_learn);
		json_print("config", o);
	} else {
		printf("rate %" PRIu32 "  burst %" PRIu32 "  storm %s  learn %s\n", c.rate, c.burst,
		       c.storm == EEH_STORM_DO_PASS ? "pass" : "answer", c.no_learn ? "off" : "on");
	}
	return EXIT_OK;
}

static const char *state_name(uint32_t state)
{
	static const char * const names[] = { "idle", "attached", "bypassed" };

	return state < ARRAY_SIZE(names) ? names[state] : "unknown";
}

static int binding_json(void *arg, const struct eeh_fastpath_binding *b)
{
	struct json_object *o = json_object_new_object();

	jput_u64(o, "vm", b->vm);
	jput_u64(o, "pe", b->pe);
	jput_u64(o, "phb", b->phb);
	jput_u64(o, "pe_addr", b->pe_addr);
	jput_u64(o, "token", b->token);
	jput_u64(o, "buid", b->buid);
	jput_u64(o, "addr", b->addr);
	jput_u64(o, "answered", b->answered);
	json_object_array_add(arg, o);
	return 0;
}

static int binding_row(void *arg, const struct eeh_fastpath_binding *b)
{
	table_cell(arg, "%" PRIu64, b->vm);
	table_cell(arg, "%" PRIu64, b->pe);
	table_cell(arg, "%04x:%02x", b->phb, b->pe_addr);
	table_cell(arg, "%#x", b->token);
	table_cell(arg, "%#" PRIx64, b->buid);
	table_cell(arg, "%#x", b->addr);
	table_cell(arg, "%" PRIu64, b->answered);
	return 0;
}

static const struct {
	uint32_t bit;
	const char *name;
} taps[] = {
	{ EEH_TAP_CHECK, "check" }, { EEH_TAP_RTAS, "rtas" }, { EEH_TAP_EVENT, "event" },
	{ EEH_TAP_OTHER, "other" },
};

static int do_status(int argc, char **argv)
{
	static const char * const heads[] = { "VM", "PE", "PHB:PE", "TOKEN", "BUID", "ADDR",
					      "ANSWERED" };
	struct eeh_fastpath_status s;
	struct json_object *o, *list;
	struct table *t;
	uint32_t i;
	int err;

	err = no_more(argc, argv);
	if (err)
		return err;
	EEH_INIT(&s);
	err = eeh_fastpath_status(ctx, &s);
	if (err)
		return failed(err);

	if (json_output) {
		list = json_object_new_array();
		err = eeh_fastpath_for_each_binding(ctx, binding_json, list);
		if (err) {
			json_object_put(list);
			return failed(err);
		}
		o = json_object_new_object();
		jput_str(o, "state", state_name(s.state));
		jput_u64(o, "interface", s.version);
		jput_str(o, "policy", s.policy);
		jput_bool(o, "enabled", s.enabled);
		jput_u64(o, "audit", s.audit);
		jput_u64(o, "audit_disagreed", s.audit_disagreed);
		json_object_object_add(o, "bindings", list);
		list = json_object_new_array();
		for (i = 0; i < ARRAY_SIZE(taps); i++)
			if (s.taps & taps[i].bit)
				json_object_array_add(list, json_object_new_string(taps[i].name));
		json_object_object_add(o, "taps", list);
		jput_bool(o, "pinned", s.pinned);
		if (s.pinned) {
			jput_u64(o, "link_id", s.link_id);
			jput_u64(o, "map_id", s.map_id);
			list = json_object_new_array();
			for (i = 0; i < s.nr_progs; i++)
				json_object_array_add(list, json_object_new_uint64(s.prog_ids[i]));
			json_object_object_add(o, "prog_ids", list);
		}
		json_print("fastpath", o);
		return EXIT_OK;
	}

	printf("state     %s", state_name(s.state));
	if (*s.policy)
		printf(", policy \"%s\"", s.policy);
	printf("\n");
	if (s.state == EEH_FASTPATH_BYPASSED)
		printf("          the policy answered without evidence too often and is switched off:\n"
		       "          every query passes to its VMM; replace or detach the policy\n");
	printf("enabled   %s\n", s.enabled ? "yes" :
	       "no: kill switch, every query passes to its VMM");
	if (s.audit)
		printf("audit     1 in %" PRIu64 ", %" PRIu64 " disagreed\n", s.audit,
		       s.audit_disagreed);
	else
		printf("audit     off, %" PRIu64 " disagreed\n", s.audit_disagreed);
	printf("taps     ");
	for (i = 0; i < ARRAY_SIZE(taps); i++)
		if (s.taps & taps[i].bit)
			printf(" %s", taps[i].name);
	printf("%s\n", s.taps ? "" : " none armed");
	if (s.pinned) {
		printf("bpf       link %" PRIu32 ", map %" PRIu32 ", programs", s.link_id,
		       s.map_id);
		for (i = 0; i < s.nr_progs; i++)
			printf(" %" PRIu32, s.prog_ids[i]);
		printf("\n");
	}
	printf("bindings  %" PRIu64 "\n", s.bindings);
	if (s.bindings) {
		t = table_new(heads, ARRAY_SIZE(heads));
		err = eeh_fastpath_for_each_binding(ctx, binding_row, t);
		table_print(t, stdout);
	}
	return err ? failed(err) : EXIT_OK;
}

struct vm_sum {
	uint64_t vm, pes, queries, answered, passed, storms;
};

struct sums {
	struct vm_sum *vms;
	size_t nr;
	struct table *table;
	struct json_object *list;
};

static void sum_pe(struct sums *s, const struct eeh_fastpath_pe *pe)
{
	struct vm_sum *v;
	size_t i;

	for (i = 0; i < s->nr; i++)
		if (s->vms[i].vm == pe->vm)
			break;
	if (i == s->nr) {
		v = realloc(s->vms, (s->nr + 1) * sizeof(*v));
		if (!v)
			abort();
		s->vms = v;
		memset(&v[i], 0, sizeof(v[i]));
		v[i].vm = pe->vm;
		s->nr++;
	}
	v = &s->vms[i];
	v->pes++;
	v->queries += pe->queries;
	v->answered += pe->answered;
	v->passed += pe->passed;
	v->storms += pe->storms;
}

static int pe_json(void *arg, const struct eeh_fastpath_pe *pe)
{
	struct json_object *o = json_object_new_object();
	struct sums *s = arg;

	jput_u64(o, "vm", pe->vm);
	jput_u64(o, "pe", pe->pe);
	jput_u64(o, "phb", pe->phb);
	jput_u64(o, "pe_addr", pe->pe_addr);
	jput_u64(o, "queries", pe->queries);
	jput_u64(o, "answered", pe->answered);
	jput_u64(o, "passed", pe->passed);
	jput_u64(o, "not_normal", pe->not_normal);
	jput_u64(o, "errors", pe->errors);
	jput_u64(o, "storms", pe->storms);
	jput_u64(o, "first_seen_ns", pe->first_seen_ns);
	jput_u64(o, "last_seen_ns", pe->last_seen_ns);
	json_object_array_add(s->list, o);
	sum_pe(s, pe);
	return 0;
}

static int pe_row(void *arg, const struct eeh_fastpath_pe *pe)
{
	struct sums *s = arg;

	table_cell(s->table, "%" PRIu64, pe->vm);
	table_cell(s->table, "%" PRIu64, pe->pe);
	table_cell(s->table, "%04x:%02x", pe->phb, pe->pe_addr);
	table_cell(s->table, "%" PRIu64, pe->queries);
	table_cell(s->table, "%" PRIu64, pe->answered);
	table_cell(s->table, "%" PRIu64, pe->passed);
	table_cell(s->table, "%" PRIu64, pe->not_normal);
	table_cell(s->table, "%" PRIu64, pe->errors);
	table_cell(s->table, "%" PRIu64, pe->storms);
	sum_pe(s, pe);
	return 0;
}

/* The kernel counts what a canary answered in other places than what firmware answered. */
static void checks_json(struct json_object *stats)
{
	struct eeh_canary_counters c;
	struct json_object *o;

	EEH_INIT(&c);
	if (eeh_canary_counters(ctx, &c)) {
		jput_str(stats, "checks_error", eeh_last_error(ctx));
		return;
	}
	o = json_object_new_object();
	jput_u64(o, "check_queries", c.check_queries);
	jput_u64(o, "check_answered", c.check_answered);
	jput_u64(o, "no_device", c.no_device);
	jput_u64(o, "mmio_ffs", c.mmio_ffs);
	jput_u64(o, "false_positives", c.false_positives);
	jput_u64(o, "slot_resets", c.slot_resets);
	jput_u64(o, "true_no_device", c.true_no_device);
	jput_u64(o, "true_mmio_ffs", c.true_mmio_ffs);
	jput_u64(o, "true_false_positives", c.true_false_positives);
	json_object_object_add(stats, "checks", o);
}

static void checks_print(void)
{
	static const char * const heads[] = { "/PROC/POWERPC/EEH", "SAYS", "TRUE" };
	struct eeh_canary_counters c;
	struct table *t;
	size_t i;

	EEH_INIT(&c);
	if (eeh_canary_counters(ctx, &c)) {
		printf("\nNo counters of this kernel's own checks: %s\n", eeh_last_error(ctx));
		return;
	}
	const struct {
		const char *name;
		uint64_t says, is;
	} rows[] = {
		{ "no device", c.no_device, c.true_no_device },
		{ "eeh_total_mmio_ffs", c.mmio_ffs, c.true_mmio_ffs },
		{ "eeh_false_positives", c.false_positives, c.true_false_positives },
		{ "eeh_slot_resets", c.slot_resets, c.slot_resets },
	};

	/* Without answers there is nothing to put right. */
	t = table_new(heads, c.check_answered ? 3 : 2);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		table_cell(t, "%s", rows[i].name);
		table_cell(t, "%" PRIu64, rows[i].says);
		if (c.check_answered)
			table_cell(t, "%" PRIu64, rows[i].is);
	}
	printf("\n");
	table_print(t, stdout);
	if (c.check_queries)
		printf("%" PRIu64 " of this kernel's own checks were asked about, %" PRIu64
		       " were answered by a canary.\n", c.check_queries, c.check_answered);
}

int do_stats(int argc, char **argv)
{
	static const char * const pe_heads[] = { "VM", "PE", "PHB:PE", "QUERIES", "ANSWERED",
						 "PASSED", "NOT-NORMAL", "ERRORS", "STORMS" };
	static const char * const vm_heads[] = { "VM", "PES", "QUERIES", "ANSWERED", "PASSED",
						 "STORMS" };
	struct eeh_fastpath_stats st;
	struct json_object *o, *list;
	struct sums s = { 0 };
	int err, pe_err;
	size_t i;

	err = no_more(argc, argv);
	if (err)
		return err;
	EEH_INIT(&st);
	err = eeh_fastpath_stats(ctx, &st);
	if (err)
		return failed(err);
	const struct {
		const char *name;
		uint64_t val;
		const char *what;
	} rows[] = {
		{ "queries", st.queries, "seen while attached" },
		{ "answered", st.answered, "answered in the kernel, on evidence" },
		{ "passed", st.passed, "the policy let it pass" },
		{ "rejected", st.rejected, "the policy answered without evidence" },
		{ "unbound", st.unbound, "no binding to a PE (yet)" },
		{ "not_owner", st.not_owner, "the device is not the asking VM's" },
		{ "fault", st.fault, "argument block not usable" },
		{ "bypassed", st.bypassed, "kill switch, or policy switched off" },
		{ "audited", st.audited, "passed to compare the answers" },
		{ "missed", st.missed, "hits the kernel could not deliver" },
		{ "learned", st.learned, "bindings made" },
		{ "dropped", st.dropped, "bindings dropped" },
	};

	if (json_output) {
		s.list = json_object_new_array();
		pe_err = eeh_fastpath_for_each_pe(ctx, pe_json, &s);
		o = json_object_new_object();
		for (i = 0; i < ARRAY_SIZE(rows); i++)
			jput_u64(o, rows[i].name, rows[i].val);
		/* Nothing attached, not ours, or not root: the module's counters stand alone. */
		if (!pe_err) {
			json_object_object_add(o, "pes", s.list);
			list = json_object_new_array();
			for (i = 0; i < s.nr; i++) {
				struct json_object *v = json_object_new_object();

				jput_u64(v, "vm", s.vms[i].vm);
				jput_u64(v, "pes", s.vms[i].pes);
				jput_u64(v, "queries", s.vms[i].queries);
				jput_u64(v, "answered", s.vms[i].answered);
				jput_u64(v, "passed", s.vms[i].passed);
				jput_u64(v, "storms", s.vms[i].storms);
				json_object_array_add(list, v);
			}
			json_object_object_add(o, "vms", list);
		} else {
			json_object_put(s.list);
			jput_str(o, "pes_error", eeh_last_error(ctx));
		}
		checks_json(o);
		json_print("stats", o);
	} else {
		for (i = 0; i < ARRAY_SIZE(rows); i++)
			printf("%-10s %12" PRIu64 "  %s\n", rows[i].name, rows[i].val, rows[i].what);
		s.table = table_new(pe_heads, ARRAY_SIZE(pe_heads));
		pe_err = eeh_fastpath_for_each_pe(ctx, pe_row, &s);
		printf("\n");
		if (pe_err) {
			table_free(s.table);
			printf("No statistics per PE: %s\n", eeh_last_error(ctx));
		} else {
			table_print(s.table, stdout);
		}
		if (s.nr) {
			struct table *t = table_new(vm_heads, ARRAY_SIZE(vm_heads));

			for (i = 0; i < s.nr; i++) {
				table_cell(t, "%" PRIu64, s.vms[i].vm);
				table_cell(t, "%" PRIu64, s.vms[i].pes);
				table_cell(t, "%" PRIu64, s.vms[i].queries);
				table_cell(t, "%" PRIu64, s.vms[i].answered);
				table_cell(t, "%" PRIu64, s.vms[i].passed);
				table_cell(t, "%" PRIu64, s.vms[i].storms);
			}
			printf("\n");
			table_print(t, stdout);
		}
		checks_print();
	}
	free(s.vms);
	return EXIT_OK;
}

static const struct command cmds[] = {
	{ "on",		do_on },
	{ "off",	do_off },
	{ "status",	do_status },
	{ "stats",	do_stats },
	{ "enable",	do_enable },
	{ "disable",	do_disable },
	{ "audit",	do_audit },
	{ "policy",	do_policy },
	{ "config",	do_config },
	{ "help",	help },
	{ NULL,		NULL },
};

int do_fastpath(int argc, char **argv)
{
	return cmd_select(cmds, argc, argv, WHERE, help);
}
