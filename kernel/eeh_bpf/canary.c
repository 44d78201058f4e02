// SPDX-License-Identifier: GPL-2.0-only
/*
 * Canaries: registers that are never all-ones on a live device.
 *
 * While a PE is frozen for MMIO every load from it returns all-ones. So a load of
 * a canary that is not all-ones proves that the PE is not frozen now, and, as a
 * freeze stays until somebody thaws the PE, that it was not when a driver read
 * all-ones a moment ago. docs/canary.md has the argument in full; the conditions
 * that it needs are enforced here:
 *
 * - A canary speaks for loads from its own BAR and, within that, from the same
 *   naturally aligned 16 MiB, if the BAR is not larger than 128 MiB. M64 segments are
 *   not smaller than 256 MiB (PHB3: 64 GiB / 256, PHB4: 256 GiB / 512), so the whole
 *   BAR is in one, which belongs to one PE of the hardware, even if the kernel has put
 *   several of them together (PNV_IODA_PE_MASTER). The 16 MiB are for hypervisors
 *   whose segments we do not know.
 * - It is loaded only while it is live. Whatever may thaw a PE, or take the
 *   register away from under the load, suspends it first (canary_suspend_*()).
 *   That waits for a load under way, so a canary never freezes a PE itself.
 * - It comes back (canary_revive()) when no thaw is running, after a grace period in
 *   which every task was outside of the kernel or slept: nobody holds a value any more
 *   that was loaded before.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/btf.h>
#include <linux/hashtable.h>
#include <linux/io.h>
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include <asm/eeh.h>
#include <asm/pci-bridge.h>

#include "internal.h"

#define CANARIES_MAX	MIN(64, PAGE_SIZE / 256)	/* a line each in one sysfs file */
#define BAR_MAX		(128ULL << 20)
/* After a reset a device may not be asked for 100 ms (PCIe r5.0, 6.6.1 and 6.6.2) */
#define REVIVE_DELAY	(HZ / 10)
#define LOADS		16		/* at registration: the quickest counts */

DEFINE_HASHTABLE(canaries, CANARY_BITS);	/* by chunk; see canary_find() */
static LIST_HEAD(canary_list);
static DEFINE_MUTEX(canary_mutex);	/* inside of device locks, outside of the taps' */
static unsigned int canary_count;

static void canary_revive(struct work_struct *work);
static DECLARE_DELAYED_WORK(revive_work, canary_revive);

/*
 * The lock is taken with interrupts off, for a few instructions and by whoever loads or
 * suspends: a bit, as its inlined code is a third of a raw spinlock's.
 */
static __always_inline void canary_lock(struct canary *c)
{
	while (unlikely(test_and_set_bit_lock(0, &c->lock)))
		cpu_relax();
}

static __always_inline void canary_unlock(struct canary *c)
{
	clear_bit_unlock(0, &c->lock);
}

DEFINE_LOCK_GUARD_1(canary, struct canary, { local_irq_save(_T->flags); canary_lock(_T->lock); },
		    { canary_unlock(_T->lock); local_irq_restore(_T->flags); },
		    unsigned long flags)

/* As the accessors do it that readX() has below its EEH check: complete before it returns. */
static __always_inline u64 reg_load(const struct canary *c)
{
	switch (c->width) {
	case 1:
		return in_8(c->reg);
	case 2:
		return in_le16(c->reg);
	case 4:
		return in_le32(c->reg);
	default:
		return in_le64(c->reg);
	}
}

static bool reg_value_ok(const struct canary *c, u64 value)
{
	return value != c->ones && (value & c->mask) == c->want;
}

/* Nothing that the kernel knows speaks against the device being there. */
static __always_inline const char *why_not(const struct canary *c)
{
	struct eeh_pe *pe = c->pe->pe;

	if (READ_ONCE(c->pe->dead))
		return "gone";
	if (READ_ONCE(pe->state) & EEH_PE_ISOLATED)
		return "isolated";
	if (pe_unsettled(pe))
		return "reset";
	if (eeh_pe_passed(pe))
		return "passed";
	if (READ_ONCE(c->pdev->current_state) != PCI_D0)
		return "d3";
	if (READ_ONCE(c->pdev->error_state) != pci_channel_io_normal)
		return "error";
	return NULL;
}

/*
 * The evidence. Runs wherever a driver reads, interrupts included, but for NMIs;
 * with interrupts off. True: the PE is not frozen for MMIO.
 */
bool notrace __no_stack_protector canary_load(struct canary *c)
{
	bool ok = false;
	u64 value;

	canary_lock(c);
	if (likely(c->live && !why_not(c))) {
		value = reg_load(c);
		ok = reg_value_ok(c, value);
		c->value = value;
		if (likely(ok))
			c->answered++;
		else if (value == c->ones)
			c->allones++;
		else
			c->mismatch++;
	}
	canary_unlock(c);
	return ok;
}

__bpf_kfunc_start_defs();

/**
 * bpf_eeh_canary - gather evidence: load the canary of the PE
 * @q: the query that the program was called with, of EEH_BPF_TAP_CHECK
 *
 * Return: 0 if the canary was not all-ones, and the query has evidence for the
 * answer "not frozen"; -EAGAIN if it was, or is suspended at present, so that
 * nothing is known; -EOPNOTSUPP in a query of another tap.
 */
__bpf_kfunc int bpf_eeh_canary(struct eeh_bpf_query *q)
{
	struct query *k = container_of(q, struct query, q);
	int gen = atomic_read(&k->pe->gen);

	if (!k->canary)
		return -EOPNOTSUPP;
	if (!canary_load(k->canary)) {
		k->evidence = EEH_BPF_EVIDENCE_NONE;
		return -EAGAIN;
	}
	k->evidence |= EEH_BPF_EVIDENCE_CANARY;
	k->gen = gen;
	return 0;
}

__bpf_kfunc_end_defs();

static void suspend(struct canary *c, const char *reason)
{
	unsigned long flags;

	local_irq_save(flags);
	canary_lock(c);
	c->live = false;
	c->reason = reason;
	c->suspends++;
	canary_unlock(c);
	local_irq_restore(flags);
}

static void revive_soon(void)
{
	mod_delayed_work(core_wq, &revive_work, REVIVE_DELAY);
}

/* When these return, no canary is being loaded and none will be until it is revived. */
void canary_suspend_all(const char *reason)
{
	struct canary *c;
	bool any = false;
	int i;

	guard(rcu)();
	hash_for_each_rcu(canaries, i, c, node) {
		suspend(c, reason);
		any = true;
	}
	if (any)
		revive_soon();
}

/* Interrupts of a device are masked there all the time; that moves no register. */
static bool in_msi_cap(const struct pci_dev *pdev, int where)
{
	return (pdev->msi_cap && where >= pdev->msi_cap + PCI_MSI_FLAGS &&
		where < pdev->msi_cap + PCI_MSI_MASK_64 + 8) ||
	       (pdev->msix_cap && where >= pdev->msix_cap + PCI_MSIX_FLAGS &&
		where < pdev->msix_cap + PCI_MSIX_FLAGS + 2);
}

/*
 * A write to the configuration space of a device: of a canary's own (decoding, BARs,
 * power state, function level reset), or of a bridge above it (bus reset).
 */
void canary_suspend_dev(const struct pci_bus *bus, unsigned int devfn, int where)
{
	struct pci_dev *p;
	struct canary *c;
	bool any = false;
	int i;

	guard(rcu)();
	hash_for_each_rcu(canaries, i, c, node) {
		for (p = c->pdev; p; p = pci_upstream_bridge(p)) {
			if (p->bus->number != bus->number || p->devfn != devfn ||
			    p->bus->sysdata != bus->sysdata)
				continue;
			if (p != c->pdev || !in_msi_cap(p, where)) {
				suspend(c, "config-write");
				any = true;
			}
			break;
		}
	}
	if (any)
		revive_soon();
}

/*
 * The wrapper dies when any device of the PE goes. This one is still there, so its
 * PE is, and a new wrapper is to be had.
 */
static void renew_pe(struct canary *c)
{
	struct eeh_dev *edev = pci_dev_to_eeh_dev(c->pdev);
	struct pe_wrap *old = c->pe, *new;

	if (!READ_ONCE(old->dead) || !edev || !edev->pe)
		return;
	new = pe_wrap_hold(edev->pe);
	if (!new)
		return;
	scoped_guard(canary, c)
		WRITE_ONCE(c->pe, new);
	pe_wrap_put(old);
}

/* Powered up, and decoding memory? A device that does not answer says all-ones. */
static bool decodes(struct pci_dev *p)
{
	u16 word;

	if (pci_read_config_word(p, PCI_COMMAND, &word) || PCI_POSSIBLE_ERROR(word) ||
	    !(word & PCI_COMMAND_MEMORY))
		return false;
	return !p->pm_cap ||
	       (!pci_read_config_word(p, p->pm_cap + PCI_PM_CTRL, &word) &&
		!PCI_POSSIBLE_ERROR(word) && !(word & PCI_PM_CTRL_STATE_MASK));
}

/*
 * What the device itself says, not the kernel's copies, as user space may write to the
 * configuration space as well. May sleep.
 */
static const char *device_why_not(struct pci_dev *pdev, int bar)
{
	struct resource *res = &pdev->resource[bar];
	int at = PCI_BASE_ADDRESS_0 + 4 * bar;
	struct pci_bus_region region;
	struct pci_dev *p;
	u32 low, high;

	for (p = pdev; p; p = pci_upstream_bridge(p))
		if (!decodes(p))
			return "decode-off";
	pcibios_resource_to_bus(pdev->bus, &region, res);
	if (pci_read_config_dword(pdev, at, &low) ||
	    (low ^ lower_32_bits(region.start)) & PCI_BASE_ADDRESS_MEM_MASK)
		return "bar-moved";
	if ((res->flags & IORESOURCE_MEM_64) &&
	    (pci_read_config_dword(pdev, at + 4, &high) || high != upper_32_bits(region.start)))
		return "bar-moved";
	return NULL;
}

/* What only process context can find out. */
static const char *why_not_yet(struct canary *c)
{
	if (!tap_check_armed())
		return "idle";
	if (tap_check_missed())
		return "missed";
	if (tap_check_busy())
		return "thaw";
	if (pci_resource_start(c->pdev, c->bar) != c->bar_start)
		return "bar-moved";
	return why_not(c) ?: device_why_not(c->pdev, c->bar);
}

/*
 * selftests/model/canary.pml is this protocol. The device is looked at once more after
 * the grace period: only then a write to its configuration space that had begun, and
 * been heard of, before the canary's suspends were read, has certainly taken effect.
 */
static void canary_revive(struct work_struct *work)
{
	bool again = false, ready = false;
	struct canary *c;

	if (tap_check_armed() && !tap_check_settle()) {
		revive_soon();
		return;
	}
	scoped_guard(mutex, &canary_mutex) {
		list_for_each_entry(c, &canary_list, list) {
			const char *reason;

			c->ready = false;
			if (READ_ONCE(c->live))
				continue;
			c->seen = READ_ONCE(c->suspends);
			/* before what it may have been suspended for */
			smp_rmb();
			renew_pe(c);
			reason = why_not_yet(c);
			WRITE_ONCE(c->reason, reason ?: "grace");
			c->ready = !reason;
			ready |= c->ready;
			again |= reason && tap_check_armed();
		}
	}
	if (ready) {
		/* tasks, preempted ones too; then interrupts, and CPUs that idle */
		synchronize_rcu_tasks();
		synchronize_rcu();
	}
	scoped_guard(mutex, &canary_mutex) {
		list_for_each_entry(c, &canary_list, list) {
			const char *reason;

			if (!c->ready)
				continue;
			c->ready = false;
			reason = why_not_yet(c);
			scoped_guard(canary, c) {
				if (!reason && c->suspends == c->seen && !tap_check_busy()) {
					c->live = true;
					c->reason = "-";
				} else {
					c->reason = reason ?: c->reason;
					again |= tap_check_armed();
				}
			}
		}
	}
	if (again)
		revive_soon();
}

/* The check tap was armed. */
void canary_check_armed(void)
{
	revive_soon();
}

/* ------------------------------------------------- registering and dropping */

/* Under canary_mutex. When it returns nobody uses the canary any more. */
static void drop(struct canary *c)
{
	hash_del_rcu(&c->node);
	list_del(&c->list);
	suspend(c, "gone");
	synchronize_rcu();
	canary_count--;
	iounmap(c->map);
	pe_wrap_put(c->pe);
	pci_dev_put(c->pdev);
	kfree(c);
}

/* Returns how many there were. @pdev NULL: all */
static int drop_of(const struct pci_dev *pdev)
{
	struct canary *c, *tmp;
	int n = 0;

	lockdep_assert_held(&canary_mutex);
	list_for_each_entry_safe(c, tmp, &canary_list, list) {
		if (!pdev || c->pdev == pdev) {
			drop(c);
			n++;
		}
	}
	if (!canary_count)
		tap_check_want(false);
	return n;
}

/* The driver is about to go, or the device: called with its lock held. */
static int canary_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	if (action == BUS_NOTIFY_UNBIND_DRIVER || action == BUS_NOTIFY_DEL_DEVICE) {
		guard(mutex)(&canary_mutex);
		drop_of(to_pci_dev(data));
	}
	return NOTIFY_DONE;
}

static struct notifier_block canary_nb = {
	.notifier_call = canary_notify,
	.priority = INT_MAX,
};

/*
 * The original check, which a canary stands in for. Not eeh_pe_get_state(): on powernv
 * that marks a PE that it finds frozen as isolated and tells nobody.
 */
static bool frozen(struct pci_dev *pdev)
{
	return eeh_dev_check_failure(pci_dev_to_eeh_dev(pdev));
}

static int check_device(struct pci_dev *pdev, int bar, struct eeh_pe **pep)
{
	struct eeh_dev *edev = pci_dev_to_eeh_dev(pdev);
	struct eeh_pe *pe = edev ? edev->pe : NULL;

	if (!pe || (pe->type & EEH_PE_PHB) || eeh_pe_passed(pe))
		return -EOPNOTSUPP;
	if (!pdev->dev.driver || pdev->current_state != PCI_D0 ||
	    (pe->state & EEH_PE_ISOLATED) || pe_unsettled(pe) || frozen(pdev) ||
	    device_why_not(pdev, bar))
		return -EBUSY;
	*pep = pe;
	return 0;
}

static int check_register(const struct pci_dev *pdev, const struct canary *c)
{
	const struct resource *r = &pdev->resource[c->bar];

	if (!(r->flags & IORESOURCE_MEM) || (r->flags & IORESOURCE_UNSET) || !r->start ||
	    resource_size(r) > BAR_MAX || c->offset > resource_size(r) ||
	    c->width > resource_size(r) - c->offset)
		return -ENXIO;
	return 0;
}

/*
 * Loads it and asks firmware, by turns. The register must always be as it should,
 * and quicker than firmware: one that the VMM emulates is not worth it.
 */
static int check_loads(struct canary *c)
{
	u64 t, load = U64_MAX, query = U64_MAX;
	int i;

	for (i = 0; i < LOADS; i++) {
		scoped_guard(irqsave) {
			t = local_clock();
			c->value = reg_load(c);
			load = min(load, local_clock() - t);
		}
		t = local_clock();
		if (frozen(c->pdev))
			return -EBUSY;
		query = min(query, local_clock() - t);
		if (c->value == c->ones)
			return -EIO;
		if (!reg_value_ok(c, c->value))
			return -EPROTO;
	}
	c->load_ns = load;
	c->query_ns = query;
	return load * 2 > query ? -ETIME : 0;
}

static int map_register(struct canary *c)
{
	const struct resource *r = &c->pdev->resource[c->bar];
	phys_addr_t addr = r->start + c->offset;
	phys_addr_t page = addr & PAGE_MASK;

	c->bar_start = r->start;
	c->start = max_t(phys_addr_t, r->start, chunk_of(addr) << CHUNK_SHIFT);
	c->last = min_t(phys_addr_t, r->end, ((chunk_of(addr) + 1) << CHUNK_SHIFT) - 1);
	c->map = ioremap(page, PAGE_SIZE);
	if (!c->map)
		return -ENOMEM;
	c->reg = c->map + (addr - page);
	return 0;
}

/* Under the device's lock, so its driver stays. */
static int add_locked(struct pci_dev *pdev, const struct canary *args)
{
	struct canary *c;
	struct eeh_pe *pe;
	int err;

	guard(mutex)(&canary_mutex);
	if (canary_count == CANARIES_MAX)
		return -ENOSPC;
	err = check_register(pdev, args);
	if (err)
		return err;
	err = check_device(pdev, args->bar, &pe);
	if (err)
		return err;
	c = kmemdup(args, sizeof(*args), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->pdev = pdev;
	c->reason = "new";
	err = map_register(c);
	if (err)
		goto err_free;
	err = -EEXIST;
	scoped_guard(rcu)
		if (canary_find(c->start))
			goto err_unmap;
	c->pe = pe_wrap_hold(pe);
	err = -ENOMEM;
	if (!c->pe)
		goto err_unmap;
	err = check_loads(c);
	if (err)
		goto err_put;
	pci_dev_get(pdev);
	canary_count++;
	list_add_tail(&c->list, &canary_list);
	hlist_add_head_rcu(&c->node, &canaries[chunk_of(c->start) % HASH_SIZE(canaries)]);
	tap_check_want(true);
	revive_soon();
	return 0;

err_put:
	pe_wrap_put(c->pe);
err_unmap:
	iounmap(c->map);
err_free:
	kfree(c);
	return err;
}

/*
 * "add DOMAIN:BUS:DEV.FN bar=N offset=N [width=N] [mask=N want=N]"
 * "del DOMAIN:BUS:DEV.FN", "del all"
 */
static int parse_register(char *s, struct canary *c)
{
	bool bar = false, offset = false;
	char *word, *value;
	u64 n;

	c->width = 4;
	while ((word = strsep(&s, " \t\n"))) {
		if (!*word)
			continue;
		value = strchr(word, '=');
		if (!value)
			return -EINVAL;
		*value++ = '\0';
		if (kstrtou64(value, 0, &n))
			return -EINVAL;
		if (!strcmp(word, "bar") && n < PCI_STD_NUM_BARS) {
			c->bar = n;
			bar = true;
		} else if (!strcmp(word, "offset")) {
			c->offset = n;
			offset = true;
		} else if (!strcmp(word, "width") && n <= 8) {
			c->width = n;
		} else if (!strcmp(word, "mask")) {
			c->mask = n;
		} else if (!strcmp(word, "want")) {
			c->want = n;
		} else {
			return -EINVAL;
		}
	}
	if (!bar || !offset || !is_power_of_2(c->width) || c->offset % c->width)
		return -EINVAL;
	c->ones = c->width == 8 ? U64_MAX : BIT_ULL(8 * c->width) - 1;
	if ((c->want & ~c->mask) || (c->mask & ~c->ones))
		return -EINVAL;
	return 0;
}

int canary_command(char *s)
{
	unsigned int domain, bus, dev, fn;
	struct canary args = {};
	char *word, *name;
	struct pci_dev *pdev;
	int err;

	s = strim(s);
	word = strsep(&s, " \t");
	name = s ? strsep(&s, " \t") : NULL;
	if (!name)
		return -EINVAL;
	if (!strcmp(word, "del") && !strcmp(name, "all")) {
		guard(mutex)(&canary_mutex);
		drop_of(NULL);
		return 0;
	}
	if (sscanf(name, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4 ||
	    bus > 0xff || dev > 0x1f || fn > 7)
		return -EINVAL;
	if (!strcmp(word, "add")) {
		if (!s)
			return -EINVAL;
		err = parse_register(s, &args);
		if (err)
			return err;
	} else if (strcmp(word, "del")) {
		return -EINVAL;
	}
	pdev = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(dev, fn));
	if (!pdev)
		return -ENODEV;
	device_lock(&pdev->dev);
	if (!strcmp(word, "add")) {
		err = add_locked(pdev, &args);
	} else {
		guard(mutex)(&canary_mutex);
		err = drop_of(pdev) ? 0 : -ENODEV;
	}
	device_unlock(&pdev->dev);
	pci_dev_put(pdev);
	return err;
}

ssize_t canary_show(char *buf)
{
	struct canary *c, s;
	int len = 0;

	guard(mutex)(&canary_mutex);
	list_for_each_entry(c, &canary_list, list) {
		scoped_guard(canary, c)
			s = *c;
		len += sysfs_emit_at(buf, len,
				     "%s bar=%d offset=0x%llx width=%u mask=0x%llx want=0x%llx state=%s value=0x%llx load_ns=%llu query_ns=%llu answered=%llu allones=%llu mismatch=%llu suspended=%u reason=%s\n",
				     pci_name(s.pdev), s.bar, s.offset, s.width, s.mask, s.want,
				     s.live ? "live" : "suspended", s.value, s.load_ns,
				     s.query_ns, s.answered, s.allones, s.mismatch, s.suspends,
				     s.reason);
	}
	return len;
}

int canary_init(void)
{
	return bus_register_notifier(&pci_bus_type, &canary_nb);
}

void canary_exit(void)
{
	bus_unregister_notifier(&pci_bus_type, &canary_nb);
	mutex_lock(&canary_mutex);
	drop_of(NULL);
	mutex_unlock(&canary_mutex);
	cancel_delayed_work_sync(&revive_work);
}
