// SPDX-License-Identifier: GPL-2.0-only
/* eehctl pe: partitionable endpoints, their states, resets and thaws. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <eeh/zpci.h>

#include "pe.h"

#define WHERE "pe"

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl pe list\n"
	       "       eehctl pe show PE\n"
	       "       eehctl pe state PE...\n"
	       "       eehctl pe reset PE [ --fundamental ] [ --attempts N ] [ --force ]\n"
	       "       eehctl pe unfreeze PE [ --io | --dma ] [ --force ]\n"
	       "       eehctl pe configure PE [ --force ]\n"
	       "       eehctl pe enable PE [ --force ]\n"
	       "       eehctl pe help\n"
	       "       PE := { PHB:NUMBER | DEVICE }\n");
	return EXIT_OK;
}

static int failed(int err)
{
	return fail(WHERE, err, "%s", eeh_last_error(ctx));
}

/* ---- list and show */

/* Those of its devices, each once: "nvme", "vfio-pci", "-". */
static char *drivers(const struct eeh_pe_info *pe)
{
	const char *d;
	char *all = NULL, *more;
	size_t i, j;

	for (i = 0; i < pe->nr_devices; i++) {
		d = pe->devices[i]->driver;
		for (j = 0; j < i && strcmp(d, pe->devices[j]->driver); j++)
			;
		if (!*d || j < i)
			continue;
		if (asprintf(&more, "%s%s%s", all ? all : "", all ? "," : "", d) < 0)
			abort();
		free(all);
		all = more;
	}
	if (!all) {
		all = strdup("-");
		if (!all)
			abort();
	}
	return all;
}

static void owner_text(const struct eeh_pe_info *pe, char *buf, size_t len)
{
	if (pe->owner == EEH_PE_OWNER_PROCESS && pe->nr_pids > 1)
		snprintf(buf, len, "%" PRId32 " %s, +%" PRIu32, pe->pid, pe->comm, pe->nr_pids - 1);
	else if (pe->owner == EEH_PE_OWNER_PROCESS)
		snprintf(buf, len, "%" PRId32 " %s", pe->pid, pe->comm);
	else
		snprintf(buf, len, "%s", eeh_pe_owner_name(pe->owner));
}

static int list_row(void *arg, const struct eeh_pe_info *pe)
{
	char owner[128], *d = drivers(pe);

	owner_text(pe, owner, sizeof(owner));
	table_cell(arg, "%s", pe->name);
	if (pe->iommu_group < 0)
		table_cell(arg, "-");
	else
		table_cell(arg, "%" PRId32 "%s", pe->iommu_group, pe->nr_groups > 1 ? "+" : "");
	table_cell(arg, "%s", owner);
	table_cell(arg, "%s", d);
	if (pe->nr_devices > 1)
		table_cell(arg, "%s, +%zu", pe->devices[0]->address, pe->nr_devices - 1);
	else
		table_cell(arg, "%s", pe->devices[0]->address);
	free(d);
	return 0;
}

const char *bar_kind(uint32_t kind)
{
	static const char * const names[] = {
		[EEH_BAR_NONE] = "none", [EEH_BAR_MEM32] = "memory", [EEH_BAR_MEM64] = "memory64",
		[EEH_BAR_IO] = "io",
	};

	return kind < ARRAY_SIZE(names) ? names[kind] : "unknown";
}

static struct json_object *device_json(const struct eeh_pe_device *d)
{
	struct json_object *o = json_object_new_object(), *bars = json_object_new_array(), *b;
	uint32_t i;

	jput_str(o, "address", d->address);
	jput_u64(o, "vendor_id", d->vendor_id);
	jput_u64(o, "device_id", d->device_id);
	jput_u64(o, "class_code", d->class_code);
	jput_str(o, "driver", d->driver);
	if (d->iommu_group >= 0)
		jput_u64(o, "iommu_group", d->iommu_group);
	for (i = 0; i < EEH_BARS; i++) {
		if (d->bar[i].kind == EEH_BAR_NONE)
			continue;
		b = json_object_new_object();
		jput_u64(b, "bar", i);
		jput_str(b, "kind", bar_kind(d->bar[i].kind));
		jput_u64(b, "start", d->bar[i].start);
		jput_u64(b, "size", d->bar[i].size);
		jput_bool(b, "prefetch", d->bar[i].prefetch);
		json_object_array_add(bars, b);
	}
	json_object_object_add(o, "bars", bars);
	return o;
}

/* What this kernel does with an error of a zPCI function whose owner is a process. */
static int errors_go_to(void)
{
	int support = eeh_zpci_support(ctx);

	return support < 0 ? EEH_ZPCI_UNKNOWN : support;
}

static const char *errors_text(void)
{
	switch (errors_go_to()) {
	case EEH_ZPCI_OWNER:
		return "its owner is told, and it stays blocked until its owner resets it";
	case EEH_ZPCI_HOST:
		return "no freeze guarantee: this kernel unblocks it by itself within milliseconds, and its "
		       "owner is told that there was an error, at most";
	default:
		return "not known: this kernel has no type information";
	}
}

struct json_object *pe_json(const struct eeh_pe_info *pe)
{
	struct json_object *o = json_object_new_object(), *devices = json_object_new_array();
	size_t i;

	jput_str(o, "pe", pe->name);
	jput_u64(o, "phb", pe->phb);
	jput_u64(o, "number", pe->addr);
	jput_str(o, "owner", eeh_pe_owner_name(pe->owner));
	if (pe->owner == EEH_PE_OWNER_PROCESS) {
		jput_u64(o, "pid", pe->pid);
		jput_str(o, "command", pe->comm);
		jput_u64(o, "processes", pe->nr_pids);
	}
	if (pe->iommu_group >= 0)
		jput_u64(o, "iommu_group", pe->iommu_group);
	jput_u64(o, "iommu_groups", pe->nr_groups);
	jput_bool(o, "shared", pe->shared);
	if (pe->has_parent)
		jput_u64(o, "parent", pe->parent);
	if (pe->zpci) {
		jput_u64(o, "fid", pe->addr);
		jput_str(o, "errors", eeh_zpci_support_name(errors_go_to()));
	}
	for (i = 0; i < pe->nr_devices; i++)
		json_object_array_add(devices, device_json(pe->devices[i]));
	json_object_object_add(o, "devices", devices);
	return o;
}

static int list_json(void *arg, const struct eeh_pe_info *pe)
{
	json_object_array_add(arg, pe_json(pe));
	return 0;
}

static int do_list(int argc, char **argv)
{
	static const char * const heads[] = { "PE", "GROUP", "OWNER", "DRIVER", "DEVICES" };
	struct json_object *list;
	struct table *t;
	int err;

	if (argc)
		return usage_error(WHERE, "unexpected \"%s\": try eehctl pe help", argv[0]);
	if (json_output) {
		list = json_object_new_array();
		err = eeh_pe_for_each(ctx, list_json, list);
		if (err) {
			json_object_put(list);
			return failed(err);
		}
		json_print("pes", list);
		return EXIT_OK;
	}
	t = table_new(heads, ARRAY_SIZE(heads));
	err = eeh_pe_for_each(ctx, list_row, t);
	if (err) {
		table_free(t);
		return failed(err);
	}
	table_print(t, stdout);
	return EXIT_OK;
}

static void show_devices(const struct eeh_pe_info *pe)
{
	static const char * const heads[] = { "DEVICE", "ID", "CLASS", "DRIVER", "BAR", "KIND",
					      "START", "SIZE" };
	struct table *t = table_new(heads, ARRAY_SIZE(heads));
	const struct eeh_pe_device *d;
	const struct eeh_pe_bar *b;
	bool first;
	size_t i;
	int j;

	for (i = 0; i < pe->nr_devices; i++) {
		d = pe->devices[i];
		first = true;
		for (j = 0; j <= EEH_BARS; j++) {
			b = j < EEH_BARS ? &d->bar[j] : NULL;
			if (b ? b->kind == EEH_BAR_NONE : !first)
				continue;
			table_cell(t, "%s", first ? d->address : "");
			if (first)
				table_cell(t, "%04x:%04x", d->vendor_id, d->device_id);
			else
				table_cell(t, "%s", "");
			if (first)
				table_cell(t, "%06" PRIx32, d->class_code);
			else
				table_cell(t, "%s", "");
			table_cell(t, "%s", !first ? "" : *d->driver ? d->driver : "-");
			if (b) {
				table_cell(t, "%d", j);
				table_cell(t, "%s", bar_kind(b->kind));
				table_cell(t, "%#" PRIx64, b->start);
				table_cell(t, "%#" PRIx64, b->size);
			} else {
				table_cell(t, "-");
				table_cell(t, "-");
				table_cell(t, "-");
				table_cell(t, "-");
			}
			first = false;
		}
	}
	table_print(t, stdout);
}

static int show(void *arg, const struct eeh_pe_info *pe)
{
	char owner[128];

	(void)arg;
	if (json_output) {
		json_print("pe", pe_json(pe));
		return 0;
	}
	owner_text(pe, owner, sizeof(owner));
	printf("PE          %s\n", pe->name);
	printf("owner       %s\n", owner);
	if (pe->nr_groups > 1)
		printf("group       %" PRId32 " and %" PRIu32 " others: VFIO cannot own it alone\n",
		       pe->iommu_group, pe->nr_groups - 1);
	else if (pe->nr_groups)
		printf("group       %" PRId32 "\n", pe->iommu_group);
	else
		printf("group       none\n");
	if (pe->has_parent)
		printf("parent      %04" PRIx32 ":%" PRIx32 "\n", pe->phb, pe->parent);
	if (pe->zpci)
		printf("errors      %s\n", errors_text());
	if (pe->shared)
		printf("shared      yes: what is done to it is done to all of its devices\n");
	printf("\n");
	show_devices(pe);
	return 0;
}

static int do_show(int argc, char **argv)
{
	int err;

	if (argc != 1)
		return usage_error(WHERE, "show: which PE?");
	err = eeh_pe_find(ctx, argv[0], show, NULL);
	return err ? failed(err) : EXIT_OK;
}

/* ---- what changes it */

static int take(void *arg, const struct eeh_pe_info *info)
{
	struct pe_target *t = arg;

	t->phb = info->phb;
	t->addr = info->addr;
	t->owner = info->owner;
	t->shared = info->shared;
	owner_text(info, t->who, sizeof(t->who));
	memcpy(t->name, info->name, sizeof(t->name));
	return 0;
}

int pe_target(const char *what, struct pe_target *t)
{
	memset(t, 0, sizeof(*t));
	return eeh_pe_find(ctx, what, take, t);
}

int pe_target_open(const struct pe_target *t, bool force, struct eeh_pe **pe)
{
	struct eeh_pe_opts o;

	EEH_INIT(&o);
	o.force = force;
	return eeh_pe_open(ctx, t->phb, t->addr, &o, pe);
}

/* What a command does to a PE concerns others: 0, or the exit code after an error. */
static int check_force(const struct pe_target *t, bool force)
{
	if (force)
		return 0;
	if (t->owner == EEH_PE_OWNER_KERNEL || t->owner == EEH_PE_OWNER_MIXED)
		return fail(WHERE, -EBUSY, "%s: a driver of this kernel uses it, and recovers it by itself: "
			    "unbind the driver, or add --force", t->name);
	if (t->shared)
		return fail(WHERE, -EBUSY, "%s: its devices have several owners, who would all notice: add "
			    "--force", t->name);
	return 0;
}

struct args {
	const char *pe;
	bool force;
	bool fundamental;
	bool io, dma;
	uint32_t attempts;
};

enum { FUNDAMENTAL = 1, IO_DMA = 2, ATTEMPTS = 4 };

static int parse(const char *cmd, int argc, char **argv, unsigned int allowed, struct args *a)
{
	unsigned long n;
	char *end;
	int i;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--force")) {
			a->force = true;
		} else if (!strcmp(argv[i], "--fundamental") && allowed & FUNDAMENTAL) {
			a->fundamental = true;
		} else if (!strcmp(argv[i], "--io") && allowed & IO_DMA) {
			a->io = true;
		} else if (!strcmp(argv[i], "--dma") && allowed & IO_DMA) {
			a->dma = true;
		} else if (!strcmp(argv[i], "--attempts") && allowed & ATTEMPTS) {
			n = i + 1 < argc ? strtoul(argv[++i], &end, 10) : 0;
			if (!n || *end || n > 100)
				return usage_error(WHERE, "%s: --attempts N, from 1 to 100", cmd);
			a->attempts = n;
		} else if (!strncmp(argv[i], "--", 2)) {
			return usage_error(WHERE, "%s: unknown option \"%s\": try eehctl pe help", cmd,
					   argv[i]);
		} else if (a->pe) {
			return usage_error(WHERE, "%s: one PE, not \"%s\" as well", cmd, argv[i]);
		} else {
			a->pe = argv[i];
		}
	}
	return a->pe ? 0 : usage_error(WHERE, "%s: which PE?", cmd);
}

/* The PE that a command changes, if it may: 0, or the exit code after an error. */
static int open_target(const char *cmd, int argc, char **argv, unsigned int allowed,
		       struct args *a, struct pe_target *t, struct eeh_pe **pe)
{
	int ret;

	ret = parse(cmd, argc, argv, allowed, a);
	if (ret)
		return ret;
	ret = pe_target(a->pe, t);
	if (ret)
		return failed(ret);
	ret = check_force(t, a->force);
	if (ret)
		return ret;
	ret = pe_target_open(t, a->force, pe);
	return ret ? failed(ret) : 0;
}

static struct json_object *status_json(const struct eeh_pe_status *s)
{
	struct json_object *o = json_object_new_object();

	jput_str(o, "state", eeh_pe_condition_name(s->condition));
	json_object_object_add(o, "raw", json_object_new_int(s->raw));
	jput_bool(o, "ambiguous", s->ambiguous);
	jput_u64(o, "ask_again_ms", s->ask_again_ms);
	jput_str(o, "why", s->why);
	return o;
}

static int do_state(int argc, char **argv)
{
	static const char * const heads[] = { "PE", "STATE", "BY", "WHY" };
	struct json_object *list = NULL, *o;
	struct table *table = NULL;
	struct eeh_pe_status s;
	struct pe_target t;
	struct eeh_pe *pe;
	int i, err = 0;

	if (!argc)
		return usage_error(WHERE, "state: which PE?");
	if (json_output)
		list = json_object_new_array();
	else
		table = table_new(heads, ARRAY_SIZE(heads));
	for (i = 0; !err && i < argc; i++) {
		EEH_INIT(&s);
		err = pe_target(argv[i], &t);
		if (!err)
			err = pe_target_open(&t, false, &pe);
		if (err)
			break;
		err = eeh_pe_state(pe, &s);
		if (!err && json_output) {
			o = status_json(&s);
			jput_str(o, "pe", t.name);
			jput_str(o, "backend", eeh_backend_name(eeh_pe_backend(pe)));
			json_object_array_add(list, o);
		} else if (!err) {
			table_cell(table, "%s", t.name);
			table_cell(table, "%s", eeh_pe_condition_name(s.condition));
			table_cell(table, "%s", eeh_backend_name(eeh_pe_backend(pe)));
			table_cell(table, "%s", s.why);
		}
		eeh_pe_close(pe);
	}
	if (err) {
		if (json_output)
			json_object_put(list);
		else
			table_free(table);
		return failed(err);
	}
	if (json_output)
		json_print("states", list);
	else
		table_print(table, stdout);
	return EXIT_OK;
}

/* ---- reset, with its progress */

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	(void)sig;
	interrupted = 1;
}

struct progress {
	struct json_object *steps;
	enum eeh_pe_step step;
	bool open;		/* a line that has no end yet */
	uint64_t elapsed_ns;
	uint32_t attempts;
};

static const char *step_text(const struct eeh_pe_progress *p)
{
	switch (p->step) {
	case EEH_PE_STEP_STATE:
		return "asking for its state";
	case EEH_PE_STEP_WAIT:
		return "waiting until it is available";
	case EEH_PE_STEP_ASSERT:
		return "asserting the reset";
	case EEH_PE_STEP_DEACTIVATE:
		return "ending the reset, waiting for its devices";
	case EEH_PE_STEP_CONFIGURE:
		return "restoring bridges";
	case EEH_PE_STEP_UNFREEZE:
		return "thawing it";
	default:
		return "";
	}
}

static void step_end(struct progress *p, uint64_t ns)
{
	struct json_object *o;

	if (!p->open)
		return;
	p->open = false;
	if (p->steps) {
		o = json_object_new_object();
		jput_str(o, "step", eeh_pe_step_name(p->step));
		jput_u64(o, "elapsed_ms", ns / 1000000);
		json_object_array_add(p->steps, o);
	} else {
		printf(" %" PRIu64 ".%02" PRIu64 " s\n", ns / 1000000000, ns / 10000000 % 100);
		fflush(stdout);
	}
}

static int on_progress(void *arg, const struct eeh_pe_progress *now)
{
	struct progress *p = arg;

	step_end(p, now->step_ns);
	p->elapsed_ns = now->elapsed_ns;
	p->attempts = now->attempt;
	if (now->step == EEH_PE_STEP_DONE)
		return 0;
	p->step = now->step;
	p->open = true;
	if (!p->steps) {
		printf("%s", step_text(now));
		if (now->attempts > 1 && now->step == EEH_PE_STEP_ASSERT)
			printf(" (attempt %" PRIu32 " of %" PRIu32 ")", now->attempt, now->attempts);
		if (now->expect_ms)
			printf(", usually %" PRIu32 ".%02" PRIu32 " s", now->expect_ms / 1000,
			       now->expect_ms / 10 % 100);
		printf(" ...");
		fflush(stdout);
	}
	return interrupted;
}

static int reset_done(struct progress *p, const struct pe_target *t, int err)
{
	struct json_object *o;

	if (p->open && !p->steps)
		printf("\n");
	if (err) {
		if (p->steps)
			json_object_put(p->steps);
		return failed(err);
	}
	if (p->steps) {
		o = json_object_new_object();
		jput_str(o, "pe", t->name);
		jput_str(o, "state", eeh_pe_condition_name(EEH_PE_NORMAL));
		jput_u64(o, "attempts", p->attempts);
		jput_u64(o, "elapsed_ms", p->elapsed_ns / 1000000);
		json_object_object_add(o, "steps", p->steps);
		json_print("reset", o);
	} else {
		printf("%s is normal after %" PRIu64 ".%02" PRIu64 " s\n", t->name,
		       p->elapsed_ns / 1000000000, p->elapsed_ns / 10000000 % 100);
	}
	return EXIT_OK;
}

static int do_reset(int argc, char **argv)
{
	const struct sigaction sa = { .sa_handler = on_signal };
	struct eeh_pe_reset_opts o;
	struct progress p = { 0 };
	struct pe_target t;
	struct eeh_pe *pe;
	struct args a;
	int ret;

	ret = open_target("reset", argc, argv, FUNDAMENTAL | ATTEMPTS, &a, &t, &pe);
	if (ret)
		return ret;

	/* A reset that is asserted must be ended: no signal may come between. */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	EEH_INIT(&o);
	o.kind = a.fundamental ? EEH_PE_RESET_FUNDAMENTAL : EEH_PE_RESET_HOT;
	o.attempts = a.attempts;
	o.progress = on_progress;
	o.progress_arg = &p;
	if (json_output)
		p.steps = json_object_new_array();
	ret = reset_done(&p, &t, eeh_pe_reset(pe, &o));
	eeh_pe_close(pe);
	return ret;
}

/* ---- single operations */

static int simple(const char *cmd, int argc, char **argv, unsigned int allowed,
		  int (*fn)(struct eeh_pe *pe, const struct args *a))
{
	struct eeh_pe_status s;
	struct json_object *o;
	struct pe_target t;
	struct eeh_pe *pe;
	struct args a;
	int ret;

	ret = open_target(cmd, argc, argv, allowed, &a, &t, &pe);
	if (ret)
		return ret;
	EEH_INIT(&s);
	ret = fn(pe, &a);
	if (!ret)
		ret = eeh_pe_state(pe, &s);
	eeh_pe_close(pe);
	if (ret)
		return failed(ret);
	if (json_output) {
		o = status_json(&s);
		jput_str(o, "pe", t.name);
		json_print(cmd, o);
	} else {
		printf("%s is %s: %s\n", t.name, eeh_pe_condition_name(s.condition), s.why);
	}
	return EXIT_OK;
}

static int unfreeze(struct eeh_pe *pe, const struct args *a)
{
	bool both = a->io == a->dma;

	return eeh_pe_unfreeze(pe, (both || a->io ? EEH_PE_UNFREEZE_IO : 0) |
				   (both || a->dma ? EEH_PE_UNFREEZE_DMA : 0));
}

static int configure(struct eeh_pe *pe, const struct args *a)
{
	(void)a;
	return eeh_pe_configure(pe);
}

static int enable(struct eeh_pe *pe, const struct args *a)
{
	(void)a;
	return eeh_pe_enable(pe);
}

static int do_unfreeze(int argc, char **argv)
{
	return simple("unfreeze", argc, argv, IO_DMA, unfreeze);
}

static int do_configure(int argc, char **argv)
{
	return simple("configure", argc, argv, 0, configure);
}

static int do_enable(int argc, char **argv)
{
	return simple("enable", argc, argv, 0, enable);
}

static const struct command cmds[] = {
	{ "list",	do_list },
	{ "show",	do_show },
	{ "state",	do_state },
	{ "reset",	do_reset },
	{ "unfreeze",	do_unfreeze },
	{ "configure",	do_configure },
	{ "enable",	do_enable },
	{ "help",	help },
	{ NULL,		NULL },
};

int do_pe(int argc, char **argv)
{
	return cmd_select(cmds, argc, argv, WHERE, help);
}
