// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The programs of ../../bpf/eeh_zpci.bpf.c on the kernel's handlers of PCI events: fentry where the
 * kernel has a BPF JIT, else kprobes.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include <eeh/event.h>

#include "zpci_internal.h"

#include "../../bpf/eeh_zpci.h"

#define ERROR	(EEH_EVENT_BIT(EEH_EVENT_ZPCI) | EEH_EVENT_BIT(EEH_EVENT_FROZEN))
#define COMES	EEH_EVENT_BIT(EEH_EVENT_ZPCI)
#define RESET	EEH_EVENT_BIT(EEH_EVENT_RESET)

struct prog {
	const char *name;	/* NULL: no more */
	uint32_t types;		/* needed for any of these */
};

/* The last first: an event whose beginning is seen is seen to its end. */
static const struct prog fentry[] = {
	{ "f_refreshed", ERROR },
	{ "f_looked_up", ERROR },
	{ "f_error", ERROR },
	{ "f_availability", COMES },
	{ "f_reset_end", RESET },
	{ "f_reset", RESET },
	{ NULL, 0 },
};

static const struct prog kprobes[] = {
	{ "k_refreshed", ERROR },
	{ "k_refresh", ERROR },
	{ "k_looked_up", ERROR },
	{ "k_error", ERROR },
	{ "k_availability", COMES },
	{ "k_reset_end", RESET },
	{ "k_reset", RESET },
	{ NULL, 0 },
};

static struct bpf_program *find(struct eeh_zpci_bpf *b, const struct prog *p)
{
	return bpf_object__find_program_by_name(b->obj, p->name);
}

static int prepare(struct eeh_zpci_bpf *b, const struct prog *set,
		   const struct eeh_zpci_bpf_opts *o)
{
	const struct prog *p;
	struct bpf_map *map;
	struct bpf_program *prog;
	struct eeh_zpci_opts *ro;
	size_t sz;

	b->obj = bpf_object__open_mem(eeh_zpci_image, eeh_zpci_image_end - eeh_zpci_image, NULL);
	if (!b->obj)
		return -errno;
	map = bpf_object__find_map_by_name(b->obj, ".rodata.opts");
	ro = map ? bpf_map__initial_value(map, &sz) : NULL;
	if (!ro || sz < sizeof(*ro))
		return -EBADMSG;
	ro->types = o->types;
	ro->keep = o->keep;
	map = bpf_object__find_map_by_name(b->obj, "eeh_ring");
	if (o->ring_bytes && bpf_map__set_max_entries(map, o->ring_bytes))
		return -EINVAL;
	bpf_object__for_each_program(prog, b->obj)
		bpf_program__set_autoload(prog, false);
	for (p = set; p->name; p++)
		if (o->types & p->types)
			bpf_program__set_autoload(find(b, p), true);
	return 0;
}

static int attach(struct eeh_zpci_bpf *b, const struct prog *set, const struct eeh_zpci_bpf_opts *o)
{
	const struct prog *p;
	int err;

	err = prepare(b, set, o);
	if (!err)
		err = bpf_object__load(b->obj);
	for (p = set; p->name && !err; p++) {
		if (!(o->types & p->types))
			continue;
		b->links[b->nr] = bpf_program__attach(find(b, p));
		if (b->links[b->nr])
			b->nr++;
		else
			err = -errno;
	}
	if (err)
		eeh_zpci_bpf_close(b);
	return err;
}

int eeh_zpci_bpf_open(struct eeh_ctx *ctx, const struct eeh_zpci_bpf_opts *o,
		      struct eeh_zpci_bpf *b)
{
	char jit[8];
	int err = -ENOENT;

	memset(b, 0, sizeof(*b));
	/* A kernel without a JIT has no such file. fentry is refused there, as out of memory. */
	if (eeh_read(ctx, EEH_ROOT_PROC, "sys/net/core/bpf_jit_enable", jit, sizeof(jit)) > 0 &&
	    *jit != '0')
		err = attach(b, fentry, o);
	if (err)
		err = attach(b, kprobes, o);
	return err ? eeh_fail(ctx, err == -ESRCH ? -ENOENT : err, "cannot put the events' programs on the "
			      "kernel's handlers of PCI events: %s%s", strerror(-err), err == -EPERM ||
			      err == -EACCES ? " (root is needed)" : "") : 0;
}

void eeh_zpci_bpf_close(struct eeh_zpci_bpf *b)
{
	while (b->nr)
		bpf_link__destroy(b->links[--b->nr]);
	bpf_object__close(b->obj);
	b->obj = NULL;
}
