// SPDX-License-Identifier: GPL-2.0-only
/* eehctl vm: who owns PEs, and which questions of theirs the kernel answers. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pe.h"

#define WHERE "vm"

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl vm list\n"
	       "       eehctl vm show PID\n"
	       "       eehctl vm help\n");
	return EXIT_OK;
}

/* The module's bindings; none if it is not loaded. */
struct bindings {
	struct eeh_fastpath_binding *list;
	size_t nr;
};

static int take_binding(void *arg, const struct eeh_fastpath_binding *b)
{
	struct bindings *all = arg;
	struct eeh_fastpath_binding *more;

	more = realloc(all->list, (all->nr + 1) * sizeof(*more));
	if (!more)
		abort();
	all->list = more;
	more[all->nr++] = *b;
	return 0;
}

static bool is_of(const struct eeh_fastpath_binding *b, const struct eeh_vm *vm)
{
	size_t i;

	for (i = 0; i < vm->nr_pes; i++)
		if (b->phb == vm->pes[i]->phb && b->pe_addr == vm->pes[i]->addr)
			return true;
	return false;
}

struct print {
	struct bindings bindings;
	struct json_object *list;
	struct table *table;
	int32_t pid;		/* show: the one */
	bool found;
};

static struct json_object *vm_json(const struct eeh_vm *vm, const struct bindings *all)
{
	struct json_object *o = json_object_new_object(), *pes = json_object_new_array();
	struct json_object *list = json_object_new_array(), *j;
	size_t i;

	jput_u64(o, "pid", vm->pid);
	jput_str(o, "command", vm->comm);
	jput_str(o, "guest", vm->guest);
	jput_bool(o, "kvm", vm->kvm);
	for (i = 0; i < vm->nr_pes; i++)
		json_object_array_add(pes, pe_json(vm->pes[i]));
	json_object_object_add(o, "pes", pes);
	for (i = 0; i < all->nr; i++) {
		if (!is_of(&all->list[i], vm))
			continue;
		j = json_object_new_object();
		jput_u64(j, "vm", all->list[i].vm);
		jput_u64(j, "phb", all->list[i].phb);
		jput_u64(j, "number", all->list[i].pe_addr);
		jput_u64(j, "token", all->list[i].token);
		jput_u64(j, "buid", all->list[i].buid);
		jput_u64(j, "config_addr", all->list[i].addr);
		jput_u64(j, "answered", all->list[i].answered);
		json_object_array_add(list, j);
	}
	json_object_object_add(o, "bindings", list);
	return o;
}

static int print_one(void *arg, const struct eeh_vm *vm)
{
	struct print *p = arg;
	uint64_t answered = 0, nr = 0;
	char *pes = NULL, *more;
	size_t i;

	if (p->list) {
		json_object_array_add(p->list, vm_json(vm, &p->bindings));
		return 0;
	}
	for (i = 0; i < vm->nr_pes; i++) {
		if (asprintf(&more, "%s%s%s", pes ? pes : "", pes ? "," : "", vm->pes[i]->name) < 0)
			abort();
		free(pes);
		pes = more;
	}
	for (i = 0; i < p->bindings.nr; i++) {
		if (!is_of(&p->bindings.list[i], vm))
			continue;
		answered += p->bindings.list[i].answered;
		nr++;
	}
	table_cell(p->table, "%" PRId32, vm->pid);
	table_cell(p->table, "%s", vm->comm);
	table_cell(p->table, "%s", *vm->guest ? vm->guest : "-");
	table_cell(p->table, "%s", vm->kvm ? "yes" : "no");
	table_cell(p->table, "%s", pes);
	table_cell(p->table, "%" PRIu64, nr);
	table_cell(p->table, "%" PRIu64, answered);
	free(pes);
	return 0;
}

static int get_bindings(struct print *p)
{
	int err = eeh_fastpath_for_each_binding(ctx, take_binding, &p->bindings);

	/* Without the module, VMs are still VMs. */
	return err == -ENODEV ? 0 : err;
}

static int do_list(int argc, char **argv)
{
	static const char * const heads[] = { "PID", "COMMAND", "GUEST", "KVM", "PES", "BINDINGS",
					      "ANSWERED" };
	struct print p = { 0 };
	struct json_object *o;
	bool partial;
	int err;

	if (argc)
		return usage_error(WHERE, "unexpected \"%s\": try eehctl vm help", argv[0]);
	if (json_output)
		p.list = json_object_new_array();
	else
		p.table = table_new(heads, ARRAY_SIZE(heads));
	err = get_bindings(&p);
	if (!err)
		err = eeh_vm_for_each(ctx, print_one, &p);
	partial = err == -EACCES;
	free(p.bindings.list);
	if (err && !partial) {
		if (json_output)
			json_object_put(p.list);
		else
			table_free(p.table);
		return fail(WHERE, err, "%s", eeh_last_error(ctx));
	}
	if (json_output) {
		o = json_object_new_object();
		jput_bool(o, "partial", partial);
		json_object_object_add(o, "list", p.list);
		json_print("vms", o);
	} else {
		table_print(p.table, stdout);
		if (partial)
			printf("\nNote: %s\n", eeh_last_error(ctx));
	}
	return EXIT_OK;
}

static int show_one(void *arg, const struct eeh_vm *vm)
{
	static const char * const heads[] = { "PE", "DEVICE", "DRIVER" };
	static const char * const bheads[] = { "VM", "PE", "TOKEN", "BUID", "CONFIG-ADDR", "ANSWERED" };
	const struct eeh_fastpath_binding *b;
	struct print *p = arg;
	struct table *t;
	size_t i, j;

	if (vm->pid != p->pid)
		return 0;
	p->found = true;
	if (json_output) {
		json_print("vm", vm_json(vm, &p->bindings));
		return 0;
	}
	printf("pid         %" PRId32 "\n", vm->pid);
	printf("command     %s\n", vm->comm);
	if (*vm->guest)
		printf("guest       %s\n", vm->guest);
	printf("kvm         %s\n\n", vm->kvm ? "yes" : "no: a driver in user space");
	t = table_new(heads, ARRAY_SIZE(heads));
	for (i = 0; i < vm->nr_pes; i++)
		for (j = 0; j < vm->pes[i]->nr_devices; j++) {
			table_cell(t, "%s", j ? "" : vm->pes[i]->name);
			table_cell(t, "%s", vm->pes[i]->devices[j]->address);
			table_cell(t, "%s", *vm->pes[i]->devices[j]->driver ?
				   vm->pes[i]->devices[j]->driver : "-");
		}
	table_print(t, stdout);
	t = table_new(bheads, ARRAY_SIZE(bheads));
	for (i = 0, j = 0; i < p->bindings.nr; i++) {
		b = &p->bindings.list[i];
		if (!is_of(b, vm))
			continue;
		j++;
		table_cell(t, "%" PRIu64, b->vm);
		table_cell(t, "%04" PRIx32 ":%" PRIx32, b->phb, b->pe_addr);
		table_cell(t, "%#" PRIx32, b->token);
		table_cell(t, "%#" PRIx64, b->buid);
		table_cell(t, "%#" PRIx32, b->addr);
		table_cell(t, "%" PRIu64, b->answered);
	}
	if (j) {
		printf("\nAnswered in the kernel:\n");
		table_print(t, stdout);
	} else {
		table_free(t);
	}
	return 0;
}

static int do_show(int argc, char **argv)
{
	struct print p = { 0 };
	unsigned long pid;
	char *end;
	int err;

	if (argc != 1)
		return usage_error(WHERE, "show: which process?");
	pid = strtoul(argv[0], &end, 10);
	if (*end || !pid || pid > INT32_MAX)
		return usage_error(WHERE, "show: \"%s\" is no process id", argv[0]);
	p.pid = pid;
	err = get_bindings(&p);
	if (!err)
		err = eeh_vm_for_each(ctx, show_one, &p);
	free(p.bindings.list);
	if (p.found)
		return EXIT_OK;
	if (err)
		return fail(WHERE, err, "%s", eeh_last_error(ctx));
	return fail(WHERE, -ESRCH, "process %lu owns no PE: eehctl vm list lists those that do", pid);
}

static const struct command cmds[] = {
	{ "list",	do_list },
	{ "show",	do_show },
	{ "help",	help },
	{ NULL,		NULL },
};

int do_vm(int argc, char **argv)
{
	return cmd_select(cmds, argc, argv, WHERE, help);
}
