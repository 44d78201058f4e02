// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freezes: who noticed, and seeing that somebody does.
 *
 * A freeze is told once, by the tracepoint eeh_pe_frozen, to the eventfds of
 * /dev/eeh and as a record of diagnostic data (pe_log.c). It is noticed
 *
 * - by the kernel, which marks the PE isolated (event_isolated()). It does so only for
 *   the first freeze before a reset: after a mere thaw the PE stays marked;
 * - by any state request of the module's (event_state());
 * - by firmware's error interrupt. For a PE that is passed through,
 *   pnv_eeh_next_error() only freezes it anew and says that there is nothing to do.
 *   So what firmware answers to opal_pci_next_error() is looked at here, and the PE is
 *   asked for its state in process context;
 * - without an interrupt, as firmware masks those of an error that occurred before, by a
 *   slow sweep of the PEs that are passed through.
 *
 * The first two end in the same request (pnv_eeh_get_pe_state()), which also saves the
 * diagnostic data. pe_wrap_state() has the rules for it.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fprobe.h>
#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/pci.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include <asm/eeh.h>
#include <asm/opal-api.h>
#include <asm/pci-bridge.h>

#include "internal.h"
#include "trace.h"

#define SWEEP_PER_TICK	16	/* at most so many PEs at a time */
#define RESET_MAX	(120 * HZ)	/* the end of a reset takes 65 s behind a switch */

static bool armed;			/* these under tap_probe.c's mutex */
static bool next_error_armed, diag_armed, inject_armed;

/* ----------------------------------------------------- what is frozen by now */

/*
 * PEs that were frozen once, so that a freeze is told once. MMIO and DMA are thawed
 * one by one. A table, as it is changed where nothing can be allocated; a PE whose
 * entry was taken by another one is told a second time.
 */
#define TRACKED		256
enum { HALF_MMIO = 1, HALF_DMA = 2, HALVES = HALF_MMIO | HALF_DMA };

static struct track {
	u32 phb, addr;
	u8 frozen;		/* HALF_* */
	u64 changes;		/* freezes, thaws and resets so far */
	u64 seq;		/* of the record of this freeze, 0: none yet */
	unsigned long reset_at;	/* jiffies of the last reset, or the end of one */
} tracked[TRACKED];
static unsigned int track_n, track_victim;
static DEFINE_RAW_SPINLOCK(track_lock);

static struct track *track_find(u32 phb, u32 addr)
{
	unsigned int i;

	for (i = 0; i < track_n; i++)
		if (tracked[i].phb == phb && tracked[i].addr == addr)
			return &tracked[i];
	return NULL;
}

static struct track *track_get(u32 phb, u32 addr)
{
	struct track *t = track_find(phb, addr);

	if (!t) {
		t = track_n < TRACKED ? &tracked[track_n++] :
					&tracked[track_victim++ % TRACKED];
		*t = (struct track) { .phb = phb, .addr = addr, .reset_at = jiffies };
	}
	return t;
}

#define NOW	U64_MAX

/* Before a PE is asked: what its answer is as of. It is outdated if it changes until then. */
static u64 track_changes(u32 phb, u32 addr)
{
	struct track *t;

	guard(raw_spinlock_irqsave)(&track_lock);
	t = track_find(phb, addr);
	return t ? t->changes : 0;
}

/* Is it news that these are frozen, as of @changes or NOW? */
static bool track_frozen(u32 phb, u32 addr, u8 halves, u64 changes)
{
	struct track *t;
	bool news;

	guard(raw_spinlock_irqsave)(&track_lock);
	t = track_get(phb, addr);
	if (changes != NOW && t->changes != changes)
		return false;
	news = !t->frozen;
	if (news) {
		t->seq = 0;
		t->changes++;
	}
	t->frozen = halves;
	return news;
}

/* It was normal, as of @changes. */
static void track_normal(u32 phb, u32 addr, u64 changes)
{
	struct track *t;

	guard(raw_spinlock_irqsave)(&track_lock);
	t = track_find(phb, addr);
	if (t && t->changes == changes)
		t->frozen = 0;
}

static void track_reset(u32 phb, u32 addr)
{
	struct track *t;

	guard(raw_spinlock_irqsave)(&track_lock);
	t = track_get(phb, addr);
	t->frozen = 0;
	t->changes++;
	t->reset_at = jiffies;
}

/* Has the PE been left without a configuration that long? */
static bool track_abandoned(u32 phb, u32 addr)
{
	guard(raw_spinlock_irqsave)(&track_lock);
	return time_after(jiffies, track_get(phb, addr)->reset_at + RESET_MAX);
}

static void track_thawed(u32 phb, u32 addr, u8 halves)
{
	struct track *t;

	guard(raw_spinlock_irqsave)(&track_lock);
	t = track_get(phb, addr);
	t->frozen &= ~halves;
	t->changes++;
}

/* There is a record of the PE's freeze. */
void event_recorded(u32 phb, u32 addr, u64 seq)
{
	struct track *t;

	guard(raw_spinlock_irqsave)(&track_lock);
	t = track_find(phb, addr);
	if (t && t->frozen)
		t->seq = seq;
}

/* The record of the freeze that is not over, 0: none */
u64 event_record(u32 phb, u32 addr)
{
	struct track *t;

	guard(raw_spinlock_irqsave)(&track_lock);
	t = track_find(phb, addr);
	return t && t->frozen ? t->seq : 0;
}

/* ------------------------------------------------------------------ who asks */

struct asker {
	struct list_head node;
	struct task_struct *task;
	enum eeh_source source;
};

static LIST_HEAD(askers);
static DEFINE_RAW_SPINLOCK(asker_lock);

/* Who is at work in this task? */
static enum eeh_source source_of(struct eeh_pe *pe)
{
	struct asker *a;

	scoped_guard(raw_spinlock_irqsave, &asker_lock)
		list_for_each_entry(a, &askers, node)
			if (a->task == current)
				return a->source;
	/* the kernel's recovery thread, in pnv_eeh_next_error() */
	if ((current->flags & PF_KTHREAD) && !strcmp(current->comm, "eehd"))
		return EEH_SOURCE_INTERRUPT;
	return eeh_pe_passed(pe) ? EEH_SOURCE_QUERY : EEH_SOURCE_CHECK;
}

/* RCU */
static u64 vm_of(const struct eeh_pe *pe)
{
	struct binding *b;
	int i;

	hash_for_each_rcu(bindings, i, b, node)
		if (b->pe->pe == pe)
			return b->vm_cookie;
	return 0;
}

/* @fresh: the kernel is about to fetch diagnostic data. @halves, @changes: see track_frozen() */
static void frozen(struct eeh_pe *pe, enum eeh_source source, u8 halves, u64 changes, bool fresh)
{
	u32 phb = pe->phb->global_number;
	bool passed = eeh_pe_passed(pe);

	if (!track_frozen(phb, pe->addr, halves, changes))
		return;
	trace_eeh_pe_frozen(phb, pe->addr, passed, source, vm_of(pe));
	pe_log_frozen(pe, source, fresh && diag_armed);
}

/* What is below @pe is isolated with it, and has no data of its own. */
static void frozen_below(struct eeh_pe *pe)
{
	struct eeh_pe *child;

	list_for_each_entry(child, &pe->child_list, child) {
		if (!(child->state & (EEH_PE_ISOLATED | EEH_PE_REMOVED)))
			frozen(child, EEH_SOURCE_PARENT, HALVES, NOW, false);
		frozen_below(child);
	}
}

/* At the entry of eeh_pe_mark_isolated(), for a PE that is not marked yet. */
void event_isolated(struct eeh_pe *pe)
{
	struct pe_wrap *w;

	guard(rcu)();
	w = pe_wrap_find(pe);
	/* The kernel freezes it itself then, and whoever asks VFIO finds it frozen. */
	if (w && READ_ONCE(w->resetting))
		return;
	frozen(pe, source_of(pe), HALVES, NOW, true);
	frozen_below(pe);
}

void event_thawed(const struct eeh_pe *pe, int option)
{
	u32 phb = pe->phb->global_number;

	if (option == EEH_OPT_THAW_MMIO || option == EEH_OPT_THAW_DMA)
		track_thawed(phb, pe->addr, option == EEH_OPT_THAW_MMIO ? HALF_MMIO : HALF_DMA);
	else
		track_reset(phb, pe->addr);
}

/* What is frozen in that state; 0: nothing */
static u8 frozen_halves(int state)
{
	switch (state) {
	case EEH_PE_STATE_STOPPED_IO_DMA:
		return HALVES;
	case EEH_PE_STATE_STOPPED_DMA:
		return HALF_DMA;
	}
	return 0;
}

/*
 * A query of a guest's found its PE not normal: told if it has been thawed and frozen
 * since the kernel marked it. The probe of our own tracepoint.
 */
static void event_state(void *unused, u32 phb, u32 addr, int state)
{
	u8 halves = frozen_halves(state);
	struct binding *b;
	int i;

	if (!halves)
		return;
	guard(rcu)();
	hash_for_each_rcu(bindings, i, b, node) {
		if (b->pe->phb != phb || b->pe->addr != addr || READ_ONCE(b->pe->dead))
			continue;
		frozen(b->pe->pe, source_of(b->pe->pe), halves, NOW, false);
		return;
	}
}

/*
 * An owner that resets its PE and never configures it would keep us from asking for
 * good. A reset that is still asserted has EEH_PE_CFG_BLOCKED set, which pe_wrap_state()
 * sees by itself.
 */
static void give_up_reset(struct pe_wrap *w)
{
	if (READ_ONCE(w->resetting) && track_abandoned(w->phb, w->addr))
		pe_wrap_resetting(w, false);
}

/*
 * Ask for the state of a PE that is in use (pe_use_begin()), as @source. May sleep.
 * Returns as pe_wrap_state().
 */
int event_ask(struct pe_use *u, enum eeh_source source)
{
	struct asker a = { .task = current, .source = source };
	u32 phb = u->wrap->phb, addr = u->wrap->addr;
	u64 changes;
	u8 halves;
	int state;

	scoped_guard(raw_spinlock_irqsave, &asker_lock)
		list_add(&a.node, &askers);
	scoped_guard(rcu) {
		give_up_reset(u->wrap);
		changes = track_changes(phb, addr);
		state = pe_wrap_state(u->wrap);
		halves = frozen_halves(state);
		if (halves)
			frozen(u->pe, source, halves, changes, false);
		else if (state == EEH_PE_STATE_NORMAL)
			track_normal(phb, addr, changes);
	}
	scoped_guard(raw_spinlock_irqsave, &asker_lock)
		list_del(&a.node);
	return state;
}

/* ----------------------------------------------------- firmware's interrupts */

#define ERRORS	64

static struct fw_error {
	u64 opal_id;		/* of the PHB */
	u64 pe_no;
} errors[ERRORS];
static unsigned int error_n;
static bool error_lost;		/* ask every PE */
static DEFINE_RAW_SPINLOCK(error_lock);

static void ask_errors(struct work_struct *work);
static DECLARE_WORK(error_work, ask_errors);

/* A PE that is passed through; every one for @opal_id < 0 */
static bool passed_pe(struct pci_dev *pdev, s64 opal_id, struct eeh_pe **pe)
{
	struct eeh_dev *edev = pci_dev_to_eeh_dev(pdev);
	u64 id;

	*pe = edev ? READ_ONCE(edev->pe) : NULL;
	if (!*pe || !eeh_pe_passed(*pe))
		return false;
	if (opal_id < 0)
		return true;
	return !of_property_read_u64((*pe)->phb->dn, "ibm,opal-phbid", &id) && id == opal_id;
}

struct passed {
	u32 phb, addr;
};

/* Returns how many were put into @list, each PE once. May sleep. */
static unsigned int passed_pes(struct passed *list, unsigned int max, s64 opal_id)
{
	struct pci_dev *pdev = NULL;
	unsigned int i, n = 0;
	struct eeh_pe *pe;

	pe_use_lock();
	for_each_pci_dev(pdev) {
		if (pe_use_going(pdev) || !passed_pe(pdev, opal_id, &pe))
			continue;
		for (i = 0; i < n; i++)
			if (list[i].phb == pe->phb->global_number && list[i].addr == pe->addr)
				break;
		if (i == n && n < max)
			list[n++] = (struct passed) { pe->phb->global_number, pe->addr };
	}
	pe_use_unlock();
	return n;
}

static void ask(const struct passed *p, enum eeh_source source)
{
	struct pe_use u;

	if (pe_use_begin(&u, p->phb, p->addr, PE_USE_SHARED))
		return;
	event_ask(&u, source);
	pe_use_end(&u);
}

static struct passed asked[256];	/* error_work only */

/*
 * The number is that of the hardware's PE. Those that the kernel has put together are
 * known to EEH by one of them: if there is none of that number, ask all of the PHB.
 */
static void ask_error(const struct fw_error *e, bool all)
{
	unsigned int i, n = passed_pes(asked, ARRAY_SIZE(asked), all ? -1 : (s64)e->opal_id);
	bool known = false;

	for (i = 0; i < n; i++)
		known |= asked[i].addr == e->pe_no;
	for (i = 0; i < n; i++)
		if (all || !known || asked[i].addr == e->pe_no)
			ask(&asked[i], EEH_SOURCE_INTERRUPT);
}

static void ask_errors(struct work_struct *work)
{
	struct fw_error e = {};
	bool all;

	for (;;) {
		scoped_guard(raw_spinlock_irqsave, &error_lock) {
			all = error_lost;
			if (!all && !error_n)
				return;
			if (all)
				error_n = 0;
			else
				e = errors[--error_n];
			error_lost = false;
		}
		ask_error(&e, all);
	}
}

/* int64_t opal_pci_next_error(phb_id, __be64 *first_frozen_pe, __be16 *type, __be16 *severity) */
struct next_error {
	u64 opal_id;
	const __be64 *pe_no;
	const __be16 *type;
};

static int next_error_entry(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
			    struct ftrace_regs *fregs, void *data)
{
	struct next_error *e = data;

	e->opal_id = ftrace_regs_get_argument(fregs, 0);
	e->pe_no = (void *)ftrace_regs_get_argument(fregs, 1);
	e->type = (void *)ftrace_regs_get_argument(fregs, 2);
	return 0;
}

static void next_error_exit(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
			    struct ftrace_regs *fregs, void *data)
{
	const struct next_error *e = data;
	unsigned int i;

	if (ftrace_regs_get_return_value(fregs) != OPAL_SUCCESS ||
	    be16_to_cpu(*e->type) != OPAL_EEH_PE_ERROR)
		return;
	scoped_guard(raw_spinlock_irqsave, &error_lock) {
		for (i = 0; i < error_n; i++)
			if (errors[i].opal_id == e->opal_id &&
			    errors[i].pe_no == be64_to_cpu(*e->pe_no))
				break;
		if (i == ERRORS)
			error_lost = true;
		else if (i == error_n)
			errors[error_n++] = (struct fw_error) {
				.opal_id = e->opal_id,
				.pe_no = be64_to_cpu(*e->pe_no),
			};
	}
	queue_work(core_wq, &error_work);
}

static struct fprobe next_error_probe = {
	.entry_handler = next_error_entry,
	.exit_handler = next_error_exit,
	.entry_data_size = sizeof(struct next_error),
};

/* int64_t opal_pci_get_phb_diag_data2(phb_id, void *buffer, len) */
static int diag_entry(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
		      struct ftrace_regs *fregs, void *data)
{
	*(void **)data = (void *)ftrace_regs_get_argument(fregs, 1);
	return 0;
}

static void diag_exit(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
		      struct ftrace_regs *fregs, void *data)
{
	pe_log_fetched(*(void **)data, ftrace_regs_get_return_value(fregs) == OPAL_SUCCESS);
}

static struct fprobe diag_probe = {
	.entry_handler = diag_entry,
	.exit_handler = diag_exit,
	.entry_data_size = sizeof(void *),
};

/* --------------------------------------------------- injections that firmware refuses */

/*
 * The kernel prints a line for each, and whoever owns a PE through VFIO, or its guest, can
 * have as many as it likes. After INJECT_BURST of a PE in INJECT_INTERVAL, as many as
 * printk's own rate limit lets pass, more are refused before they get that far.
 */
#define INJECT_BURST	10
#define INJECT_INTERVAL	(5 * HZ)
#define INJECT_BITS	5

static struct injections {
	const struct eeh_pe *pe;	/* of PEs of the same hash, the last one */
	unsigned long since;
	unsigned int failed;
} injections[1 << INJECT_BITS];
static DEFINE_RAW_SPINLOCK(inject_lock);

static struct injections *injections_of(const struct eeh_pe *pe)
{
	struct injections *i = &injections[hash_ptr(pe, INJECT_BITS)];

	if (i->pe != pe || time_after(jiffies, i->since + INJECT_INTERVAL))
		*i = (struct injections) { .pe = pe, .since = jiffies };
	return i;
}

/* At the entry of eeh_pe_inject_err() */
bool event_may_inject(const struct eeh_pe *pe)
{
	guard(raw_spinlock_irqsave)(&inject_lock);
	return injections_of(pe)->failed < INJECT_BURST;
}

/* int pnv_eeh_err_inject(struct eeh_pe *pe, ...) */
static int inject_entry(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
			struct ftrace_regs *fregs, void *data)
{
	*(void **)data = (void *)ftrace_regs_get_argument(fregs, 0);
	return 0;
}

static void inject_exit(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
			struct ftrace_regs *fregs, void *data)
{
	if (!(int)ftrace_regs_get_return_value(fregs))
		return;
	guard(raw_spinlock_irqsave)(&inject_lock);
	injections_of(*(void **)data)->failed++;
}

static struct fprobe inject_probe = {
	.entry_handler = inject_entry,
	.exit_handler = inject_exit,
	.entry_data_size = sizeof(void *),
};

/* ------------------------------------------------------------------- the sweep */

static unsigned int sweep_ms = 250;
static bool sweeping;			/* is anybody listening? under sweep_mutex */
static DEFINE_MUTEX(sweep_mutex);

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep);

static struct passed sweep_list[256];	/* sweep_work only */
static unsigned int sweep_n, sweep_next;

/* Every PE about once a second, SWEEP_PER_TICK at most at a time. */
static void sweep(struct work_struct *work)
{
	unsigned int ms = READ_ONCE(sweep_ms), n;

	if (!ms)
		return;
	if (sweep_next >= sweep_n) {
		sweep_n = passed_pes(sweep_list, ARRAY_SIZE(sweep_list), -1);
		sweep_next = 0;
	}
	n = min(DIV_ROUND_UP(sweep_n * ms, 1000), (unsigned int)SWEEP_PER_TICK);
	while (n-- && sweep_next < sweep_n)
		ask(&sweep_list[sweep_next++], EEH_SOURCE_SWEEP);
	queue_delayed_work(core_wq, &sweep_work, msecs_to_jiffies(ms));
}

static int sweep_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, 0, 60000);

	if (err)
		return err;
	guard(mutex)(&sweep_mutex);
	if (sweeping)
		mod_delayed_work(core_wq, &sweep_work, 0);
	return 0;
}

static const struct kernel_param_ops sweep_param = { .set = sweep_set, .get = param_get_uint };

module_param_cb(sweep_ms, &sweep_param, &sweep_ms, 0644);
MODULE_PARM_DESC(sweep_ms,
		 "while /dev/eeh is open, look every so many ms after passed-through PEs, each about once a second (default 250, 0: never)");

void event_sweep(bool on)
{
	guard(mutex)(&sweep_mutex);
	sweeping = on;
	if (on)
		mod_delayed_work(core_wq, &sweep_work, 0);
	else
		cancel_delayed_work_sync(&sweep_work);
}

/* --------------------------------------------------------- arming, disarming */

static bool arm_probe(struct fprobe *fp, const char *name, const char *without)
{
	int err = register_fprobe_syms(fp, &name, 1);

	if (err)
		pr_warn("%s can not be probed (%d): %s\n", name, err, without);
	return !err;
}

/* With the taps of the EEH core. Elsewhere than on PowerNV there is no firmware to ask. */
void event_arm(void)
{
	if (!of_machine_is_compatible("ibm,powernv"))
		return;
	scoped_guard(raw_spinlock_irqsave, &track_lock)
		track_n = 0;
	armed = !register_trace_eeh_pe_state(event_state, NULL);
	next_error_armed = arm_probe(&next_error_probe, "opal_pci_next_error",
				     "freezes of passed-through PEs are found by the sweep only");
	diag_armed = arm_probe(&diag_probe, "opal_pci_get_phb_diag_data2",
			       "diagnostic data are taken for old");
	inject_armed = arm_probe(&inject_probe, "pnv_eeh_err_inject",
				 "refused injections can fill the kernel log");
}

void event_disarm(void)
{
	if (next_error_armed)
		unregister_fprobe(&next_error_probe);
	if (diag_armed)
		unregister_fprobe(&diag_probe);
	if (inject_armed)
		unregister_fprobe(&inject_probe);
	next_error_armed = false;
	diag_armed = false;
	inject_armed = false;
	if (armed) {
		unregister_trace_eeh_pe_state(event_state, NULL);
		tracepoint_synchronize_unregister();
	}
	armed = false;
	cancel_work_sync(&error_work);
	pe_log_flush();
}
