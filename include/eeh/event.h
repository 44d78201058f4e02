/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: what happens to PEs, as it happens: freezes and how they were noticed,
 * resets, thaws, injections, new diagnostic data.
 *
 * struct eeh_event, enum eeh_event_type and enum eeh_source are the module's,
 * from <eeh/eeh_dev.h>. Numbers are in host byte order.
 *
 * On s390x the events come from the kernel's handlers of PCI events, without a module:
 * EEH_EVENT_ZPCI for each event of hardware, EEH_EVENT_FROZEN for those that stop a
 * function, EEH_EVENT_RESET for its resets; the other types do not occur. An event that
 * the owner is not told of (measurement blocks, a queue that is full, a handle that is not valid
 * any more) is told here, with the reason: eeh_event_fate().
 *
 * On POWER it needs the kernel module; everywhere root (CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN). As
 * long as events are open, so is /dev/eeh: the module hears of freezes and asks
 * passed-through PEs for their state about once a second, see its header.
 */
#ifndef __EEH_EVENT_H
#define __EEH_EVENT_H

#include <eeh/eeh.h>
#include <eeh/eeh_dev.h>

#ifdef __cplusplus
extern "C" {
#endif

struct eeh_events;

#define EEH_EVENT_BIT(type)	(1U << (type))
/* EEH_EVENT_QUERY is one event for each query of a guest: only on request. */
#define EEH_EVENTS_DEFAULT	(((1U << EEH_EVENT_MAX) - 1) & ~EEH_EVENT_BIT(EEH_EVENT_QUERY))

/**
 * struct eeh_events_opts - options of eeh_events_open()
 * @sz:		sizeof(struct eeh_events_opts)
 * @types:	EEH_EVENT_BIT()s of what is wanted; 0: EEH_EVENTS_DEFAULT
 * @ring_bytes:	size of the buffer between kernel and reader, a power of two and
 *		a multiple of the page size; 0: 1 MiB, for some 14,000 events. An event
 *		takes 72 bytes.
 */
struct eeh_events_opts {
	size_t sz;
	uint32_t types;
	uint32_t ring_bytes;
};

/**
 * eeh_events_open() - listen
 * @ctx:	the context, which must outlive the events
 * @opts:	options, or NULL
 * @events:	where to put the handle
 *
 * Events from now on are kept until eeh_events_read() takes them, as long as there
 * is room. Any number of programs may listen, each has a buffer of its own.
 *
 * Thread safety: as the context's.
 *
 * Return: 0; -EINVAL (@opts), -E2BIG (unknown options), -EPERM or -EACCES (not
 * root), -ENOENT (the module is not loaded, or has no tracepoints that fit),
 * -EBUSY (its probes could not be set: kernel.ftrace_enabled is 0), -ENOMEM.
 */
EEH_API int eeh_events_open(struct eeh_ctx *ctx, const struct eeh_events_opts *opts,
			    struct eeh_events **events);

/**
 * eeh_events_close() - stop listening
 * @events: the handle; NULL does nothing
 *
 * The descriptor of eeh_events_fd() is closed.
 */
EEH_API void eeh_events_close(struct eeh_events *events);

/**
 * eeh_events_fd() - the descriptor to wait on
 * @events: the handle
 *
 * Readable (poll, select, epoll, also edge-triggered) when there are events. It
 * belongs to @events and must only be waited on.
 *
 * Return: a file descriptor, never negative.
 */
EEH_API int eeh_events_fd(const struct eeh_events *events);

/*
 * One event, valid only during the call. A result other than 0 ends
 * eeh_events_read(), which returns it; the event counts as read.
 */
typedef int (*eeh_event_fn)(void *arg, const struct eeh_event *event);

/**
 * eeh_events_read() - take what there is
 * @events:	the handle
 * @fn:		called for every event, in the order of the buffer; must not call
 *		the library with the same context
 * @arg:	first argument of @fn
 *
 * Does not wait. Events of different CPUs may be a little out of order of their
 * seq; a seq that never comes was lost.
 *
 * Return: how many events were read; what @fn returned, if that was negative; a
 * positive result of @fn ends reading as well, and the count is returned.
 */
EEH_API int eeh_events_read(struct eeh_events *events, eeh_event_fn fn, void *arg);

/**
 * eeh_events_lost() - how many events found no room in the buffer
 * @events:	the handle
 * @lost:	out: since eeh_events_open()
 *
 * Return: 0; -errno of bpf(2).
 */
EEH_API int eeh_events_lost(struct eeh_events *events, uint64_t *lost);

/**
 * eeh_events_eventfd() - signal an eventfd when a PE freezes
 * @events:	the handle
 * @phb:	PCI domain of the PE
 * @pe_addr:	number of the PE
 * @fd:		an eventfd(2); -1: no more
 *
 * The kernel signals it, nobody has to read events for that. It ends with
 * eeh_events_close(). For a VMM that waits for its own PEs only. One for each PE.
 *
 * Return: 0; -EBADF or -EINVAL (no eventfd), -ENODEV (no such PE), -ENOSPC (too
 * many), -EOPNOTSUPP (s390x: see eeh_zpci_fd()).
 */
EEH_API int eeh_events_eventfd(struct eeh_events *events, uint32_t phb, uint32_t pe_addr, int fd);

/*
 * Names as eehctl trace prints and takes them: "frozen", "reset"..., "interrupt",
 * "query"... Never NULL: "?" for a number that is none. Thread safe.
 */
EEH_API const char *eeh_event_type_name(uint32_t type);
EEH_API const char *eeh_source_name(uint32_t source);

/*
 * EEH_EVENT_ZPCI: its event code; what became of it (enum eeh_zpci_fate), by name and in a
 * sentence, which says why the owner has not got it, if it has not. Thread safe.
 */
static inline uint32_t eeh_event_pec(const struct eeh_event *event)
{
	return event->arg[0] >> 32 & 0xffff;
}

static inline uint32_t eeh_event_fate(const struct eeh_event *event)
{
	return event->arg[0] >> 48;
}

EEH_API const char *eeh_fate_name(uint32_t fate);
EEH_API const char *eeh_fate_sentence(uint32_t fate);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_EVENT_H */
