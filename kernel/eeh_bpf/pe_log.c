// SPDX-License-Identifier: GPL-2.0-only
/*
 * The diagnostic data of freezes.
 *
 * pnv_eeh_get_phb_diag() saves them in pe->data when the kernel marks a PE isolated, and
 * for a PE that is passed through nobody looks at them: the next freeze overwrites them.
 * Here they are copied, in process context, once firmware has delivered them
 * (pe_log_fetched()), and the last EEH_DEV_LOGS of each PE are kept.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/overflow.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include <asm/eeh.h>
#include <asm/pci-bridge.h>

#include "internal.h"
#include "trace.h"

#define LOGS_ALL	256		/* of all PEs; the oldest go first */
#define DIAG_DEFAULT	8192		/* PNV_PCI_DIAG_BUF_SIZE: without the property */
#define LOOK		(HZ / 10)	/* how often to look at those that were not delivered */
#define WAIT		(2 * HZ)	/* for firmware to deliver, a busy host's too */

/* ------------------------------------------- from the freeze to the work queue */

/*
 * A freeze whose eventfds are to be signalled, and whose data are to be copied. An array,
 * as it is filled where nothing can be allocated.
 */
#define PENDING		64

static struct pending {
	u32 phb, addr;
	void *data;			/* pe->data: only compared */
	enum eeh_source source;
	bool passed;
	bool fresh;			/* firmware is being asked for new data */
	bool ready;			/* and has delivered */
	bool told;
	unsigned long since;
	u64 time_ns;
} pending[PENDING];
static unsigned int pending_n;
static DEFINE_RAW_SPINLOCK(pending_lock);

static void log_frozen(struct work_struct *work);
static DECLARE_DELAYED_WORK(log_work, log_frozen);

/* In any context. @fresh: the kernel fetches data after this */
void pe_log_frozen(struct eeh_pe *pe, enum eeh_source source, bool fresh)
{
	scoped_guard(raw_spinlock_irqsave, &pending_lock) {
		if (pending_n < PENDING)
			pending[pending_n++] = (struct pending) {
				.phb = pe->phb->global_number,
				.addr = pe->addr,
				.data = pe->data,
				.source = source,
				.passed = eeh_pe_passed(pe),
				.fresh = fresh,
				.since = jiffies,
				.time_ns = ktime_get_boottime_ns(),
			};
		else
			pr_warn_ratelimited("freezes come faster than their data can be saved\n");
	}
	mod_delayed_work(core_wq, &log_work, 0);
}

/* In any context: firmware has written to @data, if @ok. */
void pe_log_fetched(const void *data, bool ok)
{
	bool any = false;
	unsigned int i;

	scoped_guard(raw_spinlock_irqsave, &pending_lock) {
		for (i = 0; i < pending_n; i++) {
			if (pending[i].data != data)
				continue;
			pending[i].ready = true;
			pending[i].fresh &= ok;
			any = true;
		}
	}
	if (any)
		mod_delayed_work(core_wq, &log_work, 0);
}

/* ------------------------------------------------------------------ the records */

struct record {
	struct list_head node;		/* oldest first */
	u64 seq, time_ns;
	u32 flags, source, len;
	u8 data[] __counted_by(len);
};

struct pe_log {
	struct list_head node;
	u32 phb, addr;
	unsigned int n;
	struct list_head records;
};

static LIST_HEAD(logs);
static DEFINE_MUTEX(log_mutex);
static unsigned int records;
static u64 last_seq;

static struct pe_log *log_find(u32 phb, u32 addr)
{
	struct pe_log *l;

	lockdep_assert_held(&log_mutex);
	list_for_each_entry(l, &logs, node)
		if (l->phb == phb && l->addr == addr)
			return l;
	return NULL;
}

static void drop_oldest(struct pe_log *l)
{
	struct record *r = list_first_entry(&l->records, struct record, node);

	list_del(&r->node);
	kvfree(r);
	l->n--;
	records--;
}

static void make_room(struct pe_log *l)
{
	struct pe_log *i, *oldest = NULL;
	u64 seq = U64_MAX;

	if (l->n >= EEH_DEV_LOGS)
		drop_oldest(l);
	if (records < LOGS_ALL)
		return;
	list_for_each_entry(i, &logs, node) {
		if (!i->n || list_first_entry(&i->records, struct record, node)->seq >= seq)
			continue;
		oldest = i;
		seq = list_first_entry(&i->records, struct record, node)->seq;
	}
	if (oldest)
		drop_oldest(oldest);
}

static struct pe_log *log_get(u32 phb, u32 addr)
{
	struct pe_log *l = log_find(phb, addr);

	if (l)
		return l;
	l = kzalloc(sizeof(*l), GFP_KERNEL);
	if (!l)
		return NULL;
	l->phb = phb;
	l->addr = addr;
	INIT_LIST_HEAD(&l->records);
	list_add_tail(&l->node, &logs);
	return l;
}

static u32 diag_size(const struct eeh_pe *pe)
{
	u32 size;

	if (of_property_read_u32(pe->phb->dn, "ibm,phb-diag-data-size", &size))
		size = DIAG_DEFAULT;
	return size;
}

/* A record of @p's freeze. @pe is in use. */
static u64 record(struct eeh_pe *pe, const struct pending *p)
{
	u32 len = diag_size(pe);
	struct record *r = NULL;
	struct pe_log *l;
	u32 flags;

	if (!pe->data)
		return 0;
	flags = (p->fresh && p->ready ? 0 : EEH_DEV_LOG_STALE) |
		(p->passed ? EEH_DEV_LOG_PASSED : 0);
	guard(mutex)(&log_mutex);
	l = log_get(p->phb, p->addr);
	if (l)
		r = kvmalloc(struct_size(r, data, len), GFP_KERNEL);
	if (!r)
		return 0;
	make_room(l);
	r->len = len;
	r->seq = ++last_seq;
	r->time_ns = p->time_ns;
	r->source = p->source;
	r->flags = flags;
	memcpy(r->data, pe->data, len);
	list_add_tail(&r->node, &l->records);
	l->n++;
	records++;
	event_recorded(p->phb, p->addr, r->seq);
	trace_eeh_pe_log(p->phb, p->addr, r->seq, len, flags, p->source);
	return r->seq;
}

static void log_one(const struct pending *p)
{
	struct pe_use u;

	/* What a parent's freeze took along has no data. */
	if (p->source == EEH_SOURCE_PARENT || pe_use_begin(&u, p->phb, p->addr, PE_USE_SHARED))
		return;
	if (u.pe->data == p->data)
		record(u.pe, p);
	pe_use_end(&u);
}

/* Old data need not be waited for. */
static bool is_due(const struct pending *p)
{
	return !p->fresh || p->ready || time_after_eq(jiffies, p->since + WAIT);
}

static bool next_due(struct pending *p, bool *more)
{
	unsigned int i;

	guard(raw_spinlock_irqsave)(&pending_lock);
	*more = pending_n;
	for (i = 0; i < pending_n; i++) {
		if (pending[i].told && !is_due(&pending[i]))
			continue;
		*p = pending[i];
		if (!p->told) {
			pending[i].told = true;
			return true;
		}
		pending[i] = pending[--pending_n];
		return true;
	}
	return false;
}

static void log_frozen(struct work_struct *work)
{
	struct pending p;
	bool more;

	while (next_due(&p, &more)) {
		if (p.told)
			log_one(&p);
		else
			dev_signal(p.phb, p.addr);
	}
	if (more)
		queue_delayed_work(core_wq, &log_work, LOOK);
}

/* When it returns, the records of all freezes until now are there. */
void pe_log_flush(void)
{
	bool more;

	do {
		mod_delayed_work(core_wq, &log_work, 0);
		flush_delayed_work(&log_work);
		scoped_guard(raw_spinlock_irqsave, &pending_lock)
			more = pending_n;
		if (more)
			schedule_timeout_uninterruptible(LOOK / 4 + 1);
	} while (more);
}

/*
 * The data that the kernel has for a PE that it isolated before anybody listened.
 * Returns the record's number, 0 if there is no memory.
 */
u64 pe_log_stale(const struct pe_use *u, enum eeh_source source)
{
	const struct pending p = {
		.phb = u->wrap->phb,
		.addr = u->wrap->addr,
		.source = source,
		.passed = eeh_pe_passed(u->pe),
		.time_ns = ktime_get_boottime_ns(),
	};

	return record(u->pe, &p);
}

/*
 * The first record after @log->seq. Copies as much as there is room for; -ENODATA.
 * @log->phb and pe_addr say which PE; the rest is filled in.
 */
int pe_log_read(struct eeh_dev_log *log)
{
	struct record *r;
	struct pe_log *l;
	u32 room = log->len;

	guard(mutex)(&log_mutex);
	l = log_find(log->phb, log->pe_addr);
	if (!l)
		return -ENODATA;
	list_for_each_entry(r, &l->records, node) {
		if (r->seq <= log->seq)
			continue;
		log->seq = r->seq;
		log->flags = r->flags;
		log->time_ns = r->time_ns;
		log->source = r->source;
		log->len = r->len;
		return copy_to_user(u64_to_user_ptr(log->data), r->data,
				    min(room, r->len)) ? -EFAULT : 0;
	}
	return -ENODATA;
}

u32 pe_log_flags(u32 phb, u32 addr, u64 seq)
{
	struct record *r;
	struct pe_log *l;

	guard(mutex)(&log_mutex);
	l = log_find(phb, addr);
	if (l)
		list_for_each_entry(r, &l->records, node)
			if (r->seq == seq)
				return r->flags;
	return 0;
}

void pe_log_exit(void)
{
	struct pe_log *l, *tmp;

	cancel_delayed_work_sync(&log_work);
	list_for_each_entry_safe(l, tmp, &logs, node) {
		while (l->n)
			drop_oldest(l);
		kfree(l);
	}
}
