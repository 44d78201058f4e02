// SPDX-License-Identifier: GPL-2.0-only
/* eehctl canary: registers whose value proves that a device is not frozen. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pe.h"

#define WHERE "canary"

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl canary list\n"
	       "       eehctl canary on [ DEV... ]\n"
	       "       eehctl canary on DEV --at BAR:OFFSET[:WIDTH] [ --mask M --want V ]\n"
	       "       eehctl canary off [ DEV... ]\n"
	       "       eehctl canary test [ DEV... ]\n"
	       "       eehctl canary learn DEV\n"
	       "       eehctl canary help\n");
	return EXIT_OK;
}

static int failed(int err)
{
	fail(WHERE, err, "%s", eeh_last_error(ctx));
	return EXIT_ERROR;
}

/* The reason without the address that many begin with. */
static const char *reason(const char *address)
{
	const char *msg = eeh_last_error(ctx);
	size_t n = strlen(address);

	if (!strncmp(msg, address, n) && (msg[n] == ':' || msg[n] == ' '))
		msg += n + 1 + (msg[n] == ':');
	return msg;
}

static void jput_spec(struct json_object *o, uint32_t bar, uint64_t offset, uint32_t width,
		      uint64_t mask, uint64_t want)
{
	jput_u64(o, "bar", bar);
	jput_u64(o, "offset", offset);
	jput_u64(o, "width", width);
	jput_u64(o, "mask", mask);
	jput_u64(o, "want", want);
}

/* ---- list */

static const char *state_name(uint32_t state)
{
	return state == EEH_CANARY_LIVE ? "live" : state == EEH_CANARY_SUSPENDED ? "suspended" :
	       "unknown";
}

static int canary_json(void *arg, const struct eeh_canary *c)
{
	struct json_object *o = json_object_new_object();

	jput_str(o, "device", c->address);
	jput_spec(o, c->bar, c->offset, c->width, c->mask, c->want);
	jput_str(o, "state", state_name(c->state));
	jput_str(o, "reason", c->reason);
	jput_u64(o, "value", c->value);
	jput_u64(o, "load_ns", c->load_ns);
	jput_u64(o, "query_ns", c->query_ns);
	jput_u64(o, "answered", c->answered);
	jput_u64(o, "allones", c->allones);
	jput_u64(o, "mismatch", c->mismatch);
	jput_u64(o, "suspended", c->suspended);
	json_object_array_add(arg, o);
	return 0;
}

static int canary_row(void *arg, const struct eeh_canary *c)
{
	table_cell(arg, "%s", c->address);
	table_cell(arg, "%" PRIu32 ":%#" PRIx64 ":%" PRIu32, c->bar, c->offset, c->width);
	table_cell(arg, "%s", state_name(c->state));
	table_cell(arg, "%s", c->reason);
	table_cell(arg, "%#" PRIx64, c->value);
	table_cell(arg, "%" PRIu64, c->load_ns);
	table_cell(arg, "%" PRIu64, c->query_ns);
	table_cell(arg, "%" PRIu64, c->answered);
	table_cell(arg, "%" PRIu64, c->allones);
	table_cell(arg, "%" PRIu64, c->mismatch);
	table_cell(arg, "%" PRIu64, c->suspended);
	return 0;
}

static int do_list(int argc, char **argv)
{
	static const char * const heads[] = { "DEVICE", "AT", "STATE", "REASON", "VALUE", "LOAD-NS",
					      "QUERY-NS", "ANSWERED", "ALL-ONES", "MISMATCH",
					      "SUSPENDED" };
	struct json_object *list;
	struct table *t;
	int err;

	if (argc)
		return usage_error(WHERE, "unexpected \"%s\": try eehctl canary help", argv[0]);
	if (json_output) {
		list = json_object_new_array();
		err = eeh_canary_for_each(ctx, canary_json, list);
		if (err) {
			json_object_put(list);
			return failed(err);
		}
		json_print("canaries", list);
		return EXIT_OK;
	}
	t = table_new(heads, ARRAY_SIZE(heads));
	err = eeh_canary_for_each(ctx, canary_row, t);
	if (err) {
		table_free(t);
		return failed(err);
	}
	table_print(t, stdout);
	return EXIT_OK;
}

/* ---- on and off */

/* What became of the devices, in the order they were named. */
struct results {
	struct json_object *list;
	struct table *table;
	uint32_t changed, failed, without;
};

static void results_new(struct results *r)
{
	static const char * const heads[] = { "DEVICE", "CANARY", "WHY" };

	memset(r, 0, sizeof(*r));
	if (json_output)
		r->list = json_object_new_array();
	else
		r->table = table_new(heads, ARRAY_SIZE(heads));
}

static void result(struct results *r, const char *address, bool has, const char *why)
{
	struct json_object *o;

	if (json_output) {
		o = json_object_new_object();
		jput_str(o, "device", address);
		jput_bool(o, "canary", has);
		jput_str(o, "why", why);
		json_object_array_add(r->list, o);
	} else {
		table_cell(r->table, "%s", address);
		table_cell(r->table, "%s", has ? "yes" : "no");
		table_cell(r->table, "%s", why);
	}
}

/* Is anybody there who asks canaries? NULL if so, else a sentence. */
static const char *nobody_asks(void)
{
	struct eeh_fastpath_status s;

	EEH_INIT(&s);
	if (eeh_fastpath_status(ctx, &s))
		return eeh_last_error(ctx);
	if (s.state == EEH_FASTPATH_IDLE)
		return "no policy is attached, so no canary is asked yet: eehctl fastpath on";
	if (s.state == EEH_FASTPATH_BYPASSED)
		return "the policy is bypassed, so no canary is asked: eehctl fastpath policy";
	return s.enabled ? NULL :
	       "the kill switch is set, so no canary is asked: eehctl fastpath enable";
}

static int results_print(struct results *r, bool on)
{
	const char *nobody = on ? nobody_asks() : NULL;
	struct json_object *o;

	if (json_output) {
		o = json_object_new_object();
		jput_bool(o, "changed", r->changed);
		json_object_object_add(o, "devices", r->list);
		if (nobody)
			jput_str(o, "note", nobody);
		json_print("canary", o);
	} else {
		table_print(r->table, stdout);
		if (r->without)
			printf("\n%" PRIu32 " other PCI function%s: eehctl canary test says why.\n",
			       r->without, r->without == 1 ? " has none" : "s have none");
		if (nobody)
			printf("\nNote: %s\n", nobody);
	}
	return r->failed ? EXIT_ERROR : EXIT_OK;
}

static void add_one(struct results *r, const char *address, const struct eeh_canary_spec *spec)
{
	int err = eeh_canary_add(ctx, address, spec);

	if (!err) {
		r->changed++;
		result(r, address, true, "added");
	} else if (err == -EEXIST) {
		result(r, address, true, "had one already");
	} else {
		r->failed++;
		result(r, address, false, reason(address));
	}
}

static int add_if_can(void *arg, const struct eeh_canary_device *d)
{
	struct results *r = arg;

	switch (eeh_canary_device_verdict(d)) {
	case EEH_CANARY_HAS:
		result(r, eeh_canary_device_address(d), true, eeh_canary_device_why(d));
		break;
	case EEH_CANARY_CAN:
		add_one(r, eeh_canary_device_address(d), NULL);
		break;
	default:
		r->without++;
	}
	return 0;
}

static int parse_u64(const char *s, size_t len, uint64_t *val)
{
	char word[32], *end;

	if (!len || len >= sizeof(word) || *s < '0' || *s > '9')
		return -EINVAL;
	memcpy(word, s, len);
	word[len] = '\0';
	errno = 0;
	*val = strtoull(word, &end, 0);
	return errno || *end ? -EINVAL : 0;
}

/* BAR:OFFSET[:WIDTH] */
static int parse_at(const char *s, struct eeh_canary_spec *spec)
{
	uint64_t val[3] = { 0, 0, 4 };
	size_t i, n;

	for (i = 0; i < 3; i++) {
		n = strcspn(s, ":");
		if (parse_u64(s, n, &val[i]))
			return -EINVAL;
		s += n;
		if (!*s)
			break;
		s++;
	}
	if (i == 0 || i == 3 || val[0] >= EEH_BARS || val[2] > 8)
		return -EINVAL;
	spec->bar = val[0];
	spec->offset = val[1];
	spec->width = val[2];
	return 0;
}

/* Nothing can be done without the module; say so once and not per device. */
static int nothing(void *arg, const struct eeh_canary *c)
{
	(void)arg;
	(void)c;
	return 0;
}

static int do_on(int argc, char **argv)
{
	bool at = false, mask = false, want = false;
	struct eeh_canary_spec spec;
	struct results r;
	int i, nr = 0, err;

	EEH_INIT(&spec);
	for (i = 0; i < argc; i++) {
		if (strncmp(argv[i], "--", 2)) {
			argv[nr++] = argv[i];
			continue;
		}
		if (i + 1 == argc)
			return usage_error(WHERE, "on: %s what?", argv[i]);
		if (!strcmp(argv[i], "--at")) {
			if (at || parse_at(argv[i + 1], &spec))
				return usage_error(WHERE, "on: --at BAR:OFFSET[:WIDTH], not \"%s\"",
						   argv[i + 1]);
			at = true;
		} else if (!strcmp(argv[i], "--mask")) {
			if (mask || parse_u64(argv[i + 1], strlen(argv[i + 1]), &spec.mask))
				return usage_error(WHERE, "on: \"%s\" is not a number", argv[i + 1]);
			mask = true;
		} else if (!strcmp(argv[i], "--want")) {
			if (want || parse_u64(argv[i + 1], strlen(argv[i + 1]), &spec.want))
				return usage_error(WHERE, "on: \"%s\" is not a number", argv[i + 1]);
			want = true;
		} else {
			return usage_error(WHERE, "on: unknown option \"%s\"", argv[i]);
		}
		i++;
	}
	if (at && nr != 1)
		return usage_error(WHERE, "on: --at is for one device");
	if (mask != want || (mask && !at))
		return usage_error(WHERE, "on: --mask and --want go together, and with --at");

	err = eeh_canary_for_each(ctx, nothing, NULL);
	if (err)
		return failed(err);
	results_new(&r);
	for (i = 0; i < nr; i++)
		add_one(&r, argv[i], at ? &spec : NULL);
	err = nr ? 0 : eeh_canary_for_each_device(ctx, add_if_can, &r);
	if (err) {
		if (json_output)
			json_object_put(r.list);
		else
			table_free(r.table);
		return failed(err);
	}
	return results_print(&r, true);
}

static int count(void *arg, const struct eeh_canary *c)
{
	(void)c;
	++*(uint32_t *)arg;
	return 0;
}

static int do_off(int argc, char **argv)
{
	struct json_object *o;
	struct results r;
	uint32_t nr = 0;
	int i, err;

	err = eeh_canary_for_each(ctx, count, &nr);
	if (err)
		return failed(err);
	if (!argc) {
		err = eeh_canary_delete(ctx, NULL);
		if (err)
			return failed(err);
		if (json_output) {
			o = json_object_new_object();
			jput_bool(o, "changed", nr);
			json_print("canary", o);
		} else if (!nr) {
			printf("There are no canaries.\n");
		}
		return EXIT_OK;
	}

	results_new(&r);
	for (i = 0; i < argc; i++) {
		err = eeh_canary_delete(ctx, argv[i]);
		r.changed += !err;
		r.failed += err && err != -ENOENT;
		result(&r, argv[i], err && err != -ENOENT && err != -EINVAL, !err ? "deleted" :
		       err == -ENOENT ? "had none" : reason(argv[i]));
	}
	return results_print(&r, false);
}

/* ---- test */

static const char *verdict_name(enum eeh_canary_verdict v)
{
	static const char * const names[] = {
		[EEH_CANARY_HAS] = "has", [EEH_CANARY_CAN] = "can", [EEH_CANARY_BRIDGE] = "bridge",
		[EEH_CANARY_NO_EEH] = "no-eeh", [EEH_CANARY_NO_DRIVER] = "no-driver",
		[EEH_CANARY_PASSED] = "passed-through", [EEH_CANARY_NO_ROW] = "no-row",
		[EEH_CANARY_NO_BAR] = "no-bar", [EEH_CANARY_ASLEEP] = "asleep",
	};

	return v < ARRAY_SIZE(names) ? names[v] : "unknown";
}

struct test {
	struct json_object *list;
	struct table *table;
	bool can_try;		/* the module is there */
	bool details;
	FILE *text;		/* details, printed below the table */
};

static void jput_device(struct json_object *o, const struct eeh_canary_device *d)
{
	struct eeh_canary_row row;
	struct json_object *r;

	jput_str(o, "device", eeh_canary_device_address(d));
	jput_u64(o, "vendor_id", eeh_canary_device_vendor(d));
	jput_u64(o, "device_id", eeh_canary_device_id(d));
	jput_u64(o, "class_code", eeh_canary_device_class(d));
	jput_str(o, "driver", eeh_canary_device_driver(d));
	jput_str(o, "verdict", verdict_name(eeh_canary_device_verdict(d)));
	EEH_INIT(&row);
	if (eeh_canary_device_row(d, &row))
		return;
	r = json_object_new_object();
	jput_str(r, "name", row.name);
	jput_spec(r, row.bar, row.offset, row.width, row.mask, row.want);
	jput_str(r, "source", row.source);
	jput_str(r, "harmless", row.harmless);
	jput_str(r, "never_ones", row.never_ones);
	json_object_object_add(o, "row", r);
}

static void print_row(FILE *f, const struct eeh_canary_device *d)
{
	struct eeh_canary_row row;

	EEH_INIT(&row);
	if (eeh_canary_device_row(d, &row))
		return;
	fprintf(f, "\n%s %s\n", eeh_canary_device_address(d), row.name);
	fprintf(f, "  at          BAR %" PRIu32 ", %#" PRIx64 ", %" PRIu32 " bytes", row.bar,
		row.offset, row.width);
	if (row.mask)
		fprintf(f, ", value & %#" PRIx64 " == %#" PRIx64, row.mask, row.want);
	fprintf(f, "\n  source      %s\n  harmless    %s\n  never ones  %s\n", row.source,
		row.harmless, row.never_ones);
}

static int test_one(void *arg, const struct eeh_canary_device *d)
{
	enum eeh_canary_verdict v = eeh_canary_device_verdict(d);
	const char *address = eeh_canary_device_address(d), *why;
	bool has = v == EEH_CANARY_HAS, tried = false;
	struct eeh_canary c;
	struct json_object *o;
	struct test *t = arg;
	char *text = NULL;
	int err;

	EEH_INIT(&c);
	why = eeh_canary_device_why(d);
	if (v == EEH_CANARY_CAN && t->can_try) {
		err = eeh_canary_try(ctx, address, NULL, &c);
		/* Not root: then it is what can be said from here. */
		tried = err != -EACCES && err != -EPERM;
		has = !err;
		if (!err && asprintf(&text, "%s: load %" PRIu64 " ns, firmware %" PRIu64 " ns", why,
				     c.load_ns, c.query_ns) < 0)
			abort();
		if (err && tried && asprintf(&text, "refused: %s", reason(address)) < 0)
			abort();
	}
	if (v == EEH_CANARY_CAN && !tried && asprintf(&text, "%s (not tried: %s)", why, t->can_try ?
						      "not root" : "the kernel module eeh_bpf is not "
						      "loaded, or has no canaries") < 0)
		abort();
	if (text)
		why = text;

	if (json_output) {
		o = json_object_new_object();
		jput_device(o, d);
		jput_str(o, "why", why);
		jput_bool(o, "canary", has);
		jput_bool(o, "tried", tried);
		if (tried && has) {
			jput_u64(o, "value", c.value);
			jput_u64(o, "load_ns", c.load_ns);
			jput_u64(o, "query_ns", c.query_ns);
		}
		json_object_array_add(t->list, o);
	} else {
		table_cell(t->table, "%s", address);
		table_cell(t->table, "%s", *eeh_canary_device_driver(d) ?
			   eeh_canary_device_driver(d) : "-");
		table_cell(t->table, "%s", v == EEH_CANARY_CAN && !tried ? "?" : has ? "yes" : "no");
		table_cell(t->table, "%s", why);
		if (t->details)
			print_row(t->text, d);
	}
	free(text);
	return 0;
}

static int do_test(int argc, char **argv)
{
	static const char * const heads[] = { "DEVICE", "DRIVER", "CANARY", "WHY" };
	struct eeh_canary_device *d;
	struct test t = { 0 };
	char *details = NULL;
	size_t len;
	int i, err = 0;

	t.can_try = !eeh_canary_for_each(ctx, nothing, NULL);
	t.details = argc;
	t.text = open_memstream(&details, &len);
	if (!t.text)
		abort();
	if (json_output)
		t.list = json_object_new_array();
	else
		t.table = table_new(heads, ARRAY_SIZE(heads));
	for (i = 0; !err && i < argc; i++) {
		err = eeh_canary_device_get(ctx, argv[i], &d);
		if (!err) {
			test_one(&t, d);
			eeh_canary_device_free(d);
		}
	}
	if (!argc)
		err = eeh_canary_for_each_device(ctx, test_one, &t);
	fclose(t.text);
	if (err) {
		if (json_output)
			json_object_put(t.list);
		else
			table_free(t.table);
	} else if (json_output) {
		json_print("devices", t.list);
	} else {
		table_print(t.table, stdout);
		fputs(details, stdout);
	}
	free(details);
	return err ? failed(err) : EXIT_OK;
}

/* ---- learn */

static const char *bar_mapped(const struct eeh_canary_bar *b)
{
	return b->kind == EEH_BAR_IO ? "-" : b->mapped == EEH_BAR_MAPPED ? "yes" :
	       b->mapped == EEH_BAR_NOT_MAPPED ? "no" : "?";
}

static void learn_text(const struct eeh_canary_device *d)
{
	static const char * const heads[] = { "BAR", "KIND", "SIZE", "PREFETCH", "MAPPED", "PIECES",
					      "COVERED" };
	const char *address = eeh_canary_device_address(d);
	struct table *t = table_new(heads, ARRAY_SIZE(heads));
	struct eeh_canary_bar b;
	bool lacks = false;
	uint32_t i;

	printf("%s %04x:%04x, class %06x, driver %s\n%s\n\n", address, eeh_canary_device_vendor(d),
	       eeh_canary_device_id(d), eeh_canary_device_class(d),
	       *eeh_canary_device_driver(d) ? eeh_canary_device_driver(d) : "none",
	       eeh_canary_device_why(d));
	for (i = 0; i < EEH_BARS; i++) {
		EEH_INIT(&b);
		if (eeh_canary_device_bar(d, i, &b) || b.kind == EEH_BAR_NONE)
			continue;
		table_cell(t, "%" PRIu32, i);
		table_cell(t, "%s", bar_kind(b.kind));
		table_cell(t, "%#" PRIx64, b.size);
		table_cell(t, "%s", b.kind == EEH_BAR_IO ? "-" : b.prefetch ? "yes" : "no");
		table_cell(t, "%s", bar_mapped(&b));
		table_cell(t, "%" PRIu64, b.kind == EEH_BAR_IO ? 0 : b.pieces);
		table_cell(t, "%" PRIu64, b.covered);
	}
	table_print(t, stdout);
	print_row(stdout, d);
	for (i = 0; i < EEH_BARS; i++) {
		EEH_INIT(&b);
		if (eeh_canary_device_bar(d, i, &b) || b.covered == b.pieces ||
		    (b.kind != EEH_BAR_MEM32 && b.kind != EEH_BAR_MEM64) ||
		    b.mapped == EEH_BAR_NOT_MAPPED || b.size > EEH_CANARY_BAR_MAX)
			continue;
		if (!lacks)
			printf("\nParts of these BARs have no canary, and drivers may read them. If the data "
			       "sheet has a\nregister there that can be read at any time without effect and is "
			       "never all-ones:\n");
		lacks = true;
		printf("  eehctl canary on %s --at %" PRIu32 ":OFFSET:WIDTH --mask M --want V\n",
		       address, i);
	}
}

static void learn_json(const struct eeh_canary_device *d)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array(), *j;
	struct eeh_canary_bar b;
	uint32_t i;

	jput_device(o, d);
	jput_str(o, "why", eeh_canary_device_why(d));
	for (i = 0; i < EEH_BARS; i++) {
		EEH_INIT(&b);
		if (eeh_canary_device_bar(d, i, &b) || b.kind == EEH_BAR_NONE)
			continue;
		j = json_object_new_object();
		jput_u64(j, "bar", i);
		jput_str(j, "kind", bar_kind(b.kind));
		jput_u64(j, "start", b.start);
		jput_u64(j, "size", b.size);
		jput_bool(j, "prefetch", b.prefetch);
		if (b.kind != EEH_BAR_IO && b.mapped != EEH_BAR_MAPPED_UNKNOWN)
			jput_bool(j, "mapped", b.mapped == EEH_BAR_MAPPED);
		jput_u64(j, "pieces", b.kind == EEH_BAR_IO ? 0 : b.pieces);
		jput_u64(j, "covered", b.covered);
		json_object_array_add(list, j);
	}
	json_object_object_add(o, "bars", list);
	json_print("device", o);
}

static int do_learn(int argc, char **argv)
{
	struct eeh_canary_device *d;
	int err;

	if (argc != 1)
		return usage_error(WHERE, "learn: which device?");
	err = eeh_canary_device_get(ctx, argv[0], &d);
	if (err)
		return failed(err);
	if (json_output)
		learn_json(d);
	else
		learn_text(d);
	eeh_canary_device_free(d);
	return EXIT_OK;
}

static const struct command cmds[] = {
	{ "list",	do_list },
	{ "on",		do_on },
	{ "off",	do_off },
	{ "test",	do_test },
	{ "learn",	do_learn },
	{ "help",	help },
	{ NULL,		NULL },
};

int do_canary(int argc, char **argv)
{
	return cmd_select(cmds, argc, argv, WHERE, help);
}
