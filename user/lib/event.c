// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Events: the BPF programs, their ring buffer, and /dev/eeh, which keeps the module listening. On
 * s390x there is no module: the programs are on the kernel's handlers of events.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <eeh/event.h>

#include "zpci_internal.h"

#define PROGS	8

/* Which program tells which type. */
struct prog {
	const char *name;	/* NULL: no more */
	uint32_t type;
};

struct eeh_events {
	struct eeh_ctx *ctx;
	int dev;		/* -1: zPCI */
	bool is_zpci;
	struct eeh_zpci_bpf zpci;
	struct bpf_object *obj;	/* otherwise */
	struct bpf_link *links[PROGS];
	struct ring_buffer *ring;
	int lost_fd;
	/* of the eeh_events_read() that is under way */
	eeh_event_fn fn;
	void *arg;
	int read;
	int result;
};

static const struct prog eeh_progs[PROGS + 1] = {
	{ "ev_frozen", EEH_EVENT_FROZEN },
	{ "ev_state", EEH_EVENT_STATE },
	{ "ev_reset", EEH_EVENT_RESET },
	{ "ev_option", EEH_EVENT_OPTION },
	{ "ev_configure", EEH_EVENT_CONFIGURE },
	{ "ev_inject", EEH_EVENT_INJECT },
	{ "ev_log", EEH_EVENT_LOG },
	{ "ev_query", EEH_EVENT_QUERY },
	{ NULL, 0 },
};

static int on_sample(void *arg, void *data, size_t len)
{
	struct eeh_events *ev = arg;
	struct eeh_event e;

	if (len < sizeof(e))
		return 0;
	memcpy(&e, data, sizeof(e));
	if (ev->is_zpci)
		eeh_zpci_event(ev->ctx, &e);
	ev->read++;
	ev->result = ev->fn(ev->arg, &e);
	/* a negative result ends ring_buffer__consume(), and counts as consumed */
	return ev->result ? -ECANCELED : 0;
}

static int load_eeh(struct eeh_events *ev, const struct eeh_events_opts *o)
{
	struct eeh_ctx *ctx = ev->ctx;
	struct bpf_program *prog;
	const struct prog *p;
	struct bpf_map *map;
	size_t i;
	int err;

	ev->obj = bpf_object__open_mem(eeh_events_image, eeh_events_image_end - eeh_events_image,
				       NULL);
	if (!ev->obj)
		return eeh_fail(ctx, -errno, "cannot open the events' programs: %s",
				strerror(errno));
	if (o->ring_bytes) {
		map = bpf_object__find_map_by_name(ev->obj, "eeh_ring");
		err = bpf_map__set_max_entries(map, o->ring_bytes);
		if (err)
			return eeh_fail(ctx, err, "cannot make a buffer of %u bytes: %s",
					o->ring_bytes, strerror(-err));
	}
	for (p = eeh_progs; p->name; p++) {
		prog = bpf_object__find_program_by_name(ev->obj, p->name);
		bpf_program__set_autoload(prog, o->types & EEH_EVENT_BIT(p->type));
	}
	err = bpf_object__load(ev->obj);
	if (err)
		return eeh_fail(ctx, err == -ESRCH ? -ENOENT : err,
				"cannot load the events' programs: %s%s", strerror(-err),
				err == -EPERM || err == -EACCES ? " (root is needed)" :
				" (is the module eeh_bpf of the same version loaded?)");
	for (i = 0, p = eeh_progs; p->name; i++, p++) {
		if (!(o->types & EEH_EVENT_BIT(p->type)))
			continue;
		prog = bpf_object__find_program_by_name(ev->obj, p->name);
		ev->links[i] = bpf_program__attach(prog);
		if (!ev->links[i])
			return eeh_fail(ctx, -errno, "cannot attach to the tracepoint of \"%s\": %s",
					p->name, strerror(errno));
	}
	return 0;
}

static int load_zpci(struct eeh_events *ev, const struct eeh_events_opts *o)
{
	const struct eeh_zpci_bpf_opts zo = { .types = o->types, .ring_bytes = o->ring_bytes };

	return eeh_zpci_bpf_open(ev->ctx, &zo, &ev->zpci);
}

static int load(struct eeh_events *ev, const struct eeh_events_opts *o)
{
	int err = ev->is_zpci ? load_zpci(ev, o) : load_eeh(ev, o);
	struct bpf_object *obj = ev->is_zpci ? ev->zpci.obj : ev->obj;

	if (err)
		return err;
	ev->lost_fd = bpf_object__find_map_fd_by_name(obj, "eeh_lost");
	ev->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(obj, "eeh_ring"), on_sample, ev,
				    NULL);
	if (!ev->ring)
		return eeh_fail(ev->ctx, -errno, "cannot map the events' buffer: %s", strerror(errno));
	return 0;
}

/* The kernel wants a power of two that is a multiple of the page size. */
static int check_opts(struct eeh_ctx *ctx, struct eeh_events_opts *o)
{
	uint32_t page = sysconf(_SC_PAGESIZE);

	if (!o->types)
		o->types = EEH_EVENTS_DEFAULT;
	if (o->types >> EEH_EVENT_MAX)
		return eeh_fail(ctx, -EINVAL, "events: unknown types 0x%x", o->types);
	if (o->ring_bytes && (o->ring_bytes % page || o->ring_bytes & (o->ring_bytes - 1)))
		return eeh_fail(ctx, -EINVAL, "events: a buffer of %u bytes: use a power of two "
				"of at least a page (%u)", o->ring_bytes, page);
	return 0;
}

int eeh_events_open(struct eeh_ctx *ctx, const struct eeh_events_opts *opts,
		    struct eeh_events **events)
{
	struct eeh_events_opts o = { 0 };
	struct eeh_events *ev;
	int err = 0;

	if (!ctx || !events)
		return -EINVAL;
	if (opts)
		err = eeh_opts_get(&o, sizeof(o), opts);
	if (err)
		return eeh_fail(ctx, err, "events: this library knows no such option");
	err = check_opts(ctx, &o);
	if (err)
		return err;
	ev = calloc(1, sizeof(*ev));
	if (!ev)
		return eeh_fail(ctx, -ENOMEM, "no memory");
	ev->ctx = ctx;
	ev->is_zpci = eeh_platform(ctx) == EEH_PLATFORM_ZPCI;
	ev->dev = ev->is_zpci ? -1 : eeh_dev_open(ctx, "eeh", O_RDWR);
	if (ev->dev < 0 && !ev->is_zpci) {
		err = ev->dev;
		ev->dev = -1;
		eeh_fail(ctx, err, "cannot open /dev/eeh: %s%s", strerror(-err),
			 err == -ENOENT ? " (load the module: modprobe eeh_bpf)" :
			 err == -EACCES || err == -EPERM ? " (root is needed)" : "");
	}
	if (!err) {
		eeh_bpf_print_begin(ctx);
		err = load(ev, &o);
		eeh_bpf_print_end();
	}
	if (err) {
		eeh_events_close(ev);
		return err;
	}
	*events = ev;
	return 0;
}

void eeh_events_close(struct eeh_events *ev)
{
	size_t i;

	if (!ev)
		return;
	ring_buffer__free(ev->ring);
	for (i = 0; i < PROGS; i++)
		bpf_link__destroy(ev->links[i]);
	bpf_object__close(ev->obj);
	eeh_zpci_bpf_close(&ev->zpci);
	eeh_dev_close(ev->ctx, ev->dev);
	free(ev);
}

int eeh_events_fd(const struct eeh_events *ev)
{
	return ring_buffer__epoll_fd(ev->ring);
}

int eeh_events_read(struct eeh_events *ev, eeh_event_fn fn, void *arg)
{
	int ret;

	ev->fn = fn;
	ev->arg = arg;
	ev->read = 0;
	ev->result = 0;
	ret = ring_buffer__consume(ev->ring);
	if (ev->result < 0)
		return ev->result;
	return ret < 0 && ret != -ECANCELED ?
	       eeh_fail(ev->ctx, ret, "cannot read events: %s", strerror(-ret)) : ev->read;
}

int eeh_events_lost(struct eeh_events *ev, uint64_t *lost)
{
	int i, cpus = libbpf_num_possible_cpus();
	uint32_t zero = 0;
	uint64_t *sums;
	int err = 0;

	*lost = 0;
	if (cpus < 0)
		return eeh_fail(ev->ctx, cpus, "how many CPUs? %s", strerror(-cpus));
	sums = calloc(cpus, sizeof(*sums));
	if (!sums)
		return eeh_fail(ev->ctx, -ENOMEM, "no memory");
	if (bpf_map_lookup_elem(ev->lost_fd, &zero, sums))
		err = eeh_fail(ev->ctx, -errno, "cannot read what was lost: %s", strerror(errno));
	else
		for (i = 0; i < cpus; i++)
			*lost += sums[i];
	free(sums);
	return err;
}

int eeh_events_eventfd(struct eeh_events *ev, uint32_t phb, uint32_t pe_addr, int fd)
{
	int ret;

	if (ev->dev < 0)
		return eeh_fail(ev->ctx, -EOPNOTSUPP, "PE %04x:%x: on s390x its owner has an eventfd "
				"(eeh_zpci_fd()), and nobody else", phb, pe_addr);
	ret = eeh_dev_eventfd(ev->ctx, ev->dev, phb, pe_addr, fd);
	return ret ? eeh_fail(ev->ctx, ret, "cannot watch PE %04x:%x: %s", phb, pe_addr,
				  strerror(-ret)) : 0;
}
