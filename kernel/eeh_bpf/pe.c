// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wrappers around the kernel's struct eeh_pe, which has no reference count.
 *
 * eeh_remove_device(), run by EEH's own notifier for BUS_NOTIFY_DEL_DEVICE,
 * frees the PE of the last device. Our notifier has a higher priority: it takes
 * the wrapper and its bindings out of sight and waits for everyone who may
 * still look at them, and only then EEH gets to free the PE.
 */
#include <linux/hashtable.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include <asm/eeh.h>
#include <asm/pci-bridge.h>

#include "internal.h"
#include "trace.h"

static DEFINE_HASHTABLE(wraps, 6);
/*
 * Serialises changes of the hash (readers use RCU) with pe_notify(): while it is
 * held, and binding_epoch() has not moved since a PE was known to be in use, that
 * PE is not freed.
 */
DEFINE_MUTEX(pe_mutex);
static u64 next_cookie = 1;

struct pe_wrap *pe_wrap_find(const struct eeh_pe *pe)
{
	struct pe_wrap *w;

	hash_for_each_possible_rcu(wraps, w, node, (unsigned long)pe)
		if (w->pe == pe && !READ_ONCE(w->dead))
			return w;
	return NULL;
}

struct pe_wrap *pe_wrap_get_or_create(struct eeh_pe *pe)
{
	struct pe_wrap *w;

	lockdep_assert_held(&pe_mutex);
	rcu_read_lock();
	w = pe_wrap_find(pe);
	rcu_read_unlock();
	if (w)
		return w;	/* it can only die under the mutex */

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return NULL;
	w->pe = pe;
	w->cookie = next_cookie++;
	w->phb = pe->phb->global_number;
	w->addr = pe->addr;
	raw_spin_lock_init(&w->state_lock);
	hash_add_rcu(wraps, &w->node, (unsigned long)pe);
	return w;
}

static void pe_wrap_kill(struct pe_wrap *w)
{
	lockdep_assert_held(&pe_mutex);
	WRITE_ONCE(w->dead, true);
	hash_del_rcu(&w->node);
	if (!w->holds)
		kfree_rcu(w, rcu);
}

/* A wrapper that is held dies like any other, but can be looked at. */
struct pe_wrap *pe_wrap_hold(struct eeh_pe *pe)
{
	struct pe_wrap *w;

	guard(mutex)(&pe_mutex);
	w = pe_wrap_get_or_create(pe);
	if (w)
		w->holds++;
	return w;
}

void pe_wrap_put(struct pe_wrap *w)
{
	guard(mutex)(&pe_mutex);
	if (!--w->holds && w->dead)
		kfree_rcu(w, rcu);
}

/* Only after the bindings are gone: they point to wrappers. */
void pe_wrap_drop_all(void)
{
	struct hlist_node *tmp;
	struct pe_wrap *w;
	int i;

	guard(mutex)(&pe_mutex);
	hash_for_each_safe(wraps, i, tmp, w, node)
		pe_wrap_kill(w);
}

/*
 * Ask firmware. Returns EEH_PE_STATE_*, or a negative errno; EEH_PE_STATE_NORMAL
 * only if the PE was settled before and after.
 *
 * The first request that finds a PE frozen marks it isolated and takes a
 * snapshot of diagnostic data (pnv_eeh_get_pe_state()), which is why requests
 * of different vCPUs must not run at once for one PE. Nor must one run beside
 * the end of a reset: if it saw the PE frozen, and eeh_pe_reset() then thawed it
 * and cleared EEH_PE_ISOLATED, it would take that for a new freeze and freeze the
 * PE again. So nothing is asked from a reset until the PE is configured.
 */
int pe_wrap_state(struct pe_wrap *w)
{
	int state = -EAGAIN;

	raw_spin_lock(&w->state_lock);
	if (!w->resetting && !pe_unsettled(w->pe))
		state = eeh_pe_get_state(w->pe);
	raw_spin_unlock(&w->state_lock);

	if (state == EEH_PE_STATE_NORMAL)
		return pe_unsettled(w->pe) ? -EAGAIN : state;
	if (state >= 0)
		trace_eeh_pe_state(w->phb, w->addr, state);
	return state;
}

/* Waits for the state request that is under way. */
void pe_wrap_resetting(struct pe_wrap *w, bool resetting)
{
	raw_spin_lock(&w->state_lock);
	w->resetting = resetting;
	raw_spin_unlock(&w->state_lock);
}

static int pe_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct eeh_dev *edev;
	struct pe_wrap *w;

	if (action != BUS_NOTIFY_DEL_DEVICE)
		return NOTIFY_DONE;
	edev = pci_dev_to_eeh_dev(to_pci_dev(data));
	if (!edev || !edev->pe)
		return NOTIFY_DONE;

	mutex_lock(&pe_mutex);
	/* Also voids what is being learned right now. */
	binding_drop_pe(edev->pe);
	rcu_read_lock();
	w = pe_wrap_find(edev->pe);
	rcu_read_unlock();
	if (w)
		pe_wrap_kill(w);
	mutex_unlock(&pe_mutex);
	/* Without a wrapper nobody was told about the PE. */
	if (w) {
		/* Canaries of the devices that stay get a new wrapper. */
		canary_suspend_all("unplug");
		synchronize_rcu();
	}
	return NOTIFY_DONE;
}

static struct notifier_block pe_nb = {
	.notifier_call = pe_notify,
	.priority = INT_MAX,	/* before eeh_device_nb, which frees the PE */
};

int pe_init(void)
{
	return bus_register_notifier(&pci_bus_type, &pe_nb);
}

void pe_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &pe_nb);
	pe_wrap_drop_all();
}
