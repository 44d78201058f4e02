// SPDX-License-Identifier: GPL-2.0-only
/* eehctl inject: errors on purpose, to see what becomes of them. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pe.h"

#define WHERE "inject"

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl inject list [ PE ]\n"
	       "       eehctl inject config-read PE [ --force ]\n"
	       "       eehctl inject config-write PE [ --force ]\n"
	       "       eehctl inject mmio-load PE [ --at ADDR [ --mask M ] ] [ --force ]\n"
	       "       eehctl inject mmio-store PE [ --at ADDR [ --mask M ] ] [ --force ]\n"
	       "       eehctl inject io-load PE [ --at ADDR [ --mask M ] ] [ --force ]\n"
	       "       eehctl inject io-store PE [ --at ADDR [ --mask M ] ] [ --force ]\n"
	       "       eehctl inject dma-read PE [ --at ADDR [ --mask M ] ] [ --force ]\n"
	       "       eehctl inject dma-write PE [ --at ADDR [ --mask M ] ] [ --force ]\n"
	       "       eehctl inject help\n"
	       "       PE := { PHB:NUMBER | DEVICE }\n");
	return EXIT_OK;
}

static int failed(int err)
{
	return fail(WHERE, err, "%s", eeh_last_error(ctx));
}

static const char *verdict_name(int v)
{
	return v == EEH_INJECT_YES ? "yes" : v == EEH_INJECT_MAYBE ? "maybe" : "no";
}

struct list {
	struct json_object *json;
	struct table *table;
	bool any;
	uint32_t last;		/* PEs come in the order of their PHBs */
};

static int list_phb(void *arg, const struct eeh_pe_info *pe)
{
	struct list *l = arg;
	struct json_object *o;
	const char *why;
	int c, v;

	if (l->any && l->last == pe->phb)
		return 0;
	l->any = true;
	l->last = pe->phb;
	for (c = 0; c < EEH_INJECT_CLASSES; c++) {
		v = eeh_inject_check(ctx, pe->phb, c, &why);
		if (v < 0)
			return v;
		if (l->json) {
			o = json_object_new_object();
			jput_u64(o, "phb", pe->phb);
			jput_str(o, "class", eeh_inject_class_name(c));
			jput_str(o, "can", verdict_name(v));
			jput_str(o, "why", why);
			json_object_array_add(l->json, o);
		} else {
			table_cell(l->table, "%04" PRIx32, pe->phb);
			table_cell(l->table, "%s", eeh_inject_class_name(c));
			table_cell(l->table, "%s", verdict_name(v));
			table_cell(l->table, "%s", why);
		}
	}
	return 0;
}

static int do_list(int argc, char **argv)
{
	static const char * const heads[] = { "PHB", "CLASS", "CAN", "WHY" };
	struct list l = { 0 };
	int err;

	if (argc > 1)
		return usage_error(WHERE, "list: one PE, not \"%s\" as well", argv[1]);
	if (json_output)
		l.json = json_object_new_array();
	else
		l.table = table_new(heads, ARRAY_SIZE(heads));
	err = argc ? eeh_pe_find(ctx, argv[0], list_phb, &l) : eeh_pe_for_each(ctx, list_phb, &l);
	if (err) {
		if (json_output)
			json_object_put(l.json);
		else
			table_free(l.table);
		return failed(err);
	}
	if (json_output)
		json_print("classes", l.json);
	else
		table_print(l.table, stdout);
	return EXIT_OK;
}

static bool is_u64(const char *s, uint64_t *val)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*val = strtoull(s, &end, 0);
	return !errno && !*end;
}

struct args {
	const char *pe;
	struct eeh_inject_opts o;
	bool at, mask, force;
};

static int parse(enum eeh_inject_class c, int argc, char **argv, struct args *a)
{
	const char *cmd = eeh_inject_class_name(c);
	int i;

	memset(a, 0, sizeof(*a));
	EEH_INIT(&a->o);
	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--force")) {
			a->force = true;
		} else if (!strcmp(argv[i], "--at") && c > EEH_INJECT_CONFIG_WRITE) {
			if (a->at || i + 1 == argc || !is_u64(argv[++i], &a->o.addr) ||
			    !a->o.addr || a->o.addr & 3)
				return usage_error(WHERE, "%s: --at ADDR, a bus address and a multiple of 4",
						   cmd);
			a->at = true;
		} else if (!strcmp(argv[i], "--mask") && c > EEH_INJECT_CONFIG_WRITE) {
			if (a->mask || i + 1 == argc || !is_u64(argv[++i], &a->o.mask) ||
			    !a->o.mask)
				return usage_error(WHERE, "%s: --mask M, the bits of the address to compare",
						   cmd);
			a->mask = true;
		} else if (!strncmp(argv[i], "--", 2)) {
			return usage_error(WHERE, "%s: unknown option \"%s\": try eehctl inject help", cmd,
					   argv[i]);
		} else if (a->pe) {
			return usage_error(WHERE, "%s: one PE, not \"%s\" as well", cmd, argv[i]);
		} else {
			a->pe = argv[i];
		}
	}
	if (!a->pe)
		return usage_error(WHERE, "%s: which PE?", cmd);
	if (a->mask && !a->at)
		return usage_error(WHERE, "%s: --mask goes with --at", cmd);
	return 0;
}

static int inject(enum eeh_inject_class c, int argc, char **argv)
{
	struct json_object *o;
	struct pe_target t;
	struct eeh_pe *pe;
	const char *why;
	struct args a;
	int ret, can;

	ret = parse(c, argc, argv, &a);
	if (ret)
		return ret;
	ret = pe_target(a.pe, &t);
	if (ret)
		return failed(ret);
	can = eeh_inject_check(ctx, t.phb, c, &why);
	if (can < 0)
		return failed(can);
	/* Before anything else: what can never be needs no --force and no permission. */
	if (can == EEH_INJECT_NO)
		return fail(WHERE, -EOPNOTSUPP, "%s: %s: this host cannot: %s", t.name,
			    eeh_inject_class_name(c), why);
	if (!a.force && (t.shared || t.owner == EEH_PE_OWNER_PROCESS))
		return fail(WHERE, -EBUSY, "%s: %s (%s) would suffer from it: add --force", t.name,
			    t.shared ? "each of its owners" : "its owner", t.who);
	/* A driver of this kernel is recovered by this kernel: no need to ask twice. */
	ret = pe_target_open(&t, a.force || t.owner == EEH_PE_OWNER_KERNEL, &pe);
	if (ret)
		return failed(ret);
	ret = eeh_pe_inject(pe, c, &a.o);
	eeh_pe_close(pe);
	if (ret)
		return failed(ret);
	if (can == EEH_INJECT_MAYBE)
		why = "firmware arms the PHB: the next matching access fails";
	if (json_output) {
		o = json_object_new_object();
		jput_str(o, "pe", t.name);
		jput_str(o, "class", eeh_inject_class_name(c));
		jput_u64(o, "at", a.o.addr);
		jput_u64(o, "mask", a.o.mask);
		jput_str(o, "why", why);
		json_print("inject", o);
	} else {
		printf("%s: %s: %s\n", t.name, eeh_inject_class_name(c), why);
	}
	return EXIT_OK;
}

#define CLASS(fn, c)					\
	static int fn(int argc, char **argv)		\
	{						\
		return inject(c, argc, argv);		\
	}

CLASS(do_config_read, EEH_INJECT_CONFIG_READ)
CLASS(do_config_write, EEH_INJECT_CONFIG_WRITE)
CLASS(do_mmio_load, EEH_INJECT_MMIO_LOAD)
CLASS(do_mmio_store, EEH_INJECT_MMIO_STORE)
CLASS(do_io_load, EEH_INJECT_IO_LOAD)
CLASS(do_io_store, EEH_INJECT_IO_STORE)
CLASS(do_dma_read, EEH_INJECT_DMA_READ)
CLASS(do_dma_write, EEH_INJECT_DMA_WRITE)

static const struct command cmds[] = {
	{ "list",		do_list },
	{ "config-read",	do_config_read },
	{ "config-write",	do_config_write },
	{ "mmio-load",		do_mmio_load },
	{ "mmio-store",		do_mmio_store },
	{ "io-load",		do_io_load },
	{ "io-store",		do_io_store },
	{ "dma-read",		do_dma_read },
	{ "dma-write",		do_dma_write },
	{ "help",		help },
	{ NULL,			NULL },
};

int do_inject(int argc, char **argv)
{
	return cmd_select(cmds, argc, argv, WHERE, help);
}
