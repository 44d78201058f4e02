// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bindings: which question (VM, token, BUID, config_addr) means which PE.
 *
 * A binding is made by watch.c after the VMM itself has answered the question
 * for exactly one PE, and dropped at every event after which the question could
 * mean something else. Dropping too much costs a guest one exit; so the rules
 * here are coarse:
 *
 *   any VFIO PCI device opens or closes		all bindings
 *   a device is removed				those of its PE
 *   VFIO EEH enable/disable (VMM reset)		those of that PE
 *   the guest enumerates or configures EEH again	those of that VM and BUID
 *   the policy is detached				all
 *
 * An open VFIO device holds a reference to its KVM (vfio_device_get_kvm_safe()),
 * and closing it drops all bindings, so a struct kvm can not be freed and reused
 * while a binding names it.
 */
#include <linux/device.h>
#include <linux/hashtable.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/vfio_pci_core.h>

#include <asm/eeh.h>

#include "internal.h"

#define BIND_MAX_PER_VM		1024

/* A VM exists here as long as it has a binding. Its cookie is never reused. */
struct bind_vm {
	struct list_head node;
	const struct kvm *kvm;
	u64 cookie;
	unsigned int bindings;
	struct rcu_head rcu;
};

DEFINE_HASHTABLE(bindings, BINDING_BITS);
static LIST_HEAD(vms);
static DEFINE_RAW_SPINLOCK(bind_lock);	/* all changes of the above; taps take it */
static atomic_t bind_epoch;		/* counts the events that drop bindings */
static u64 next_vm_cookie = 1;

unsigned int binding_epoch(void)
{
	return atomic_read(&bind_epoch);
}

/* In process context: the last put of a device may sleep. */
static void binding_free(struct work_struct *work)
{
	struct binding *b = container_of(to_rcu_work(work), struct binding, rwork);

	put_device(&b->vdev->device);
	module_put(b->vdev_owner);
	kfree(b);
}

static struct bind_vm *vm_find(const struct kvm *kvm)
{
	struct bind_vm *vm;

	list_for_each_entry(vm, &vms, node)
		if (vm->kvm == kvm)
			return vm;
	return NULL;
}

static void binding_drop(struct binding *b)
{
	struct bind_vm *vm = b->vm;

	lockdep_assert_held(&bind_lock);
	hash_del_rcu(&b->node);
	ops_event(b->pe, b->pe->pe, b->vm_cookie, EEH_BPF_EV_UNBOUND, 0);
	if (!--vm->bindings) {
		list_del(&vm->node);
		kfree_rcu(vm, rcu);	/* a plain kfree() may not be called here */
	}
	INIT_RCU_WORK(&b->rwork, binding_free);
	queue_rcu_work(core_wq, &b->rwork);
}

static void binding_drop_if(bool (*match)(const struct binding *b, const void *kvm_or_pe,
					  u64 buid),
			    const void *kvm_or_pe, u64 buid)
{
	struct hlist_node *tmp;
	unsigned long flags;
	unsigned int n = 0;
	struct binding *b;
	int i;

	raw_spin_lock_irqsave(&bind_lock, flags);
	/* Under the lock, so that binding_add() can not miss it. */
	atomic_inc(&bind_epoch);
	if (!list_empty(&vms)) {
		hash_for_each_safe(bindings, i, tmp, b, node) {
			if (!match(b, kvm_or_pe, buid))
				continue;
			binding_drop(b);
			n++;
		}
	}
	raw_spin_unlock_irqrestore(&bind_lock, flags);
	if (n)
		stat_add(STAT_DROPPED, n);
}

static bool match_all(const struct binding *b, const void *unused, u64 buid)
{
	return true;
}

static bool match_pe(const struct binding *b, const void *pe, u64 buid)
{
	return b->pe->pe == pe;
}

static bool match_bus(const struct binding *b, const void *kvm, u64 buid)
{
	return b->q.kvm == kvm && b->q.buid == buid;
}

void binding_drop_all(void)
{
	binding_drop_if(match_all, NULL, 0);
}

void binding_drop_pe(const struct eeh_pe *pe)
{
	binding_drop_if(match_pe, pe, 0);
}

void binding_drop_bus(const struct kvm *kvm, u64 buid)
{
	binding_drop_if(match_bus, kvm, buid);
}

/*
 * The VFIO device of @pdev, if it belongs to @kvm now. On success the caller
 * owns a reference to its struct device and to the driver's module, whose code
 * the last put may call.
 */
static struct vfio_device *vfio_device_of(struct pci_dev *pdev, const struct kvm *kvm,
					  struct module **owner)
{
	pci_ers_result_t (*core_fn)(struct pci_dev *pdev, pci_channel_state_t state);
	struct vfio_pci_core_device *core;
	struct vfio_device *vdev = NULL;
	struct pci_driver *drv;

	/* vfio-pci and its variant drivers share this handler; nobody else has it. */
	core_fn = symbol_get(vfio_pci_core_aer_err_detected);
	if (!core_fn)
		return NULL;
	/* Not device_lock(): who holds it may wait for the VMM, as above. */
	if (!device_trylock(&pdev->dev))
		goto out;
	drv = pdev->dev.driver ? to_pci_driver(pdev->dev.driver) : NULL;
	if (drv && drv->err_handler && drv->err_handler->error_detected == core_fn) {
		core = pci_get_drvdata(pdev);
		if (core && READ_ONCE(core->vdev.kvm) == kvm &&
		    try_module_get(drv->driver.owner)) {
			vdev = &core->vdev;
			get_device(&vdev->device);
			*owner = drv->driver.owner;
		}
	}
	device_unlock(&pdev->dev);
out:
	symbol_put(vfio_pci_core_aer_err_detected);
	return vdev;
}

/*
 * The PE of @group, and any VFIO device of @kvm in it. @group is an address here,
 * but that of a group whose device was open when it was seen, and not closed
 * since (binding_make() has looked): so it, its devices and their PE are there.
 */
static struct eeh_pe *group_to_pe(struct iommu_group *group, const struct kvm *kvm,
				  struct vfio_device **vdev, struct module **owner)
{
	struct eeh_pe *pe = NULL;
	struct pci_dev *pdev = NULL;
	struct eeh_dev *edev;

	for_each_pci_dev(pdev) {
		/*
		 * Not iommu_group_get(): a reference to some other group makes
		 * pnv_pci_ioda2_release_pe_dma() warn if that is going now.
		 */
		if (READ_ONCE(pdev->dev.iommu_group) != group)
			continue;
		edev = pci_dev_to_eeh_dev(pdev);
		if (!edev || !edev->pe || eeh_iommu_group_to_pe(group) != edev->pe)
			continue;
		*vdev = vfio_device_of(pdev, kvm, owner);
		if (*vdev) {
			pe = edev->pe;
			break;
		}
	}
	pci_dev_put(pdev);	/* of the device the loop was left at, if any */
	return pe;
}

static int binding_insert(struct binding *b, struct bind_vm *vm, unsigned int epoch)
{
	struct bind_vm *old;

	guard(raw_spinlock_irqsave)(&bind_lock);
	/* Something that drops bindings happened since the VMM was watched. */
	if (atomic_read(&bind_epoch) != epoch)
		return -EAGAIN;
	if (binding_find(&b->q))
		return -EEXIST;
	old = vm_find(b->q.kvm);
	if (old && old->bindings >= BIND_MAX_PER_VM)
		return -ENOSPC;
	if (old) {
		b->vm = old;
	} else {
		vm->cookie = next_vm_cookie++;
		list_add(&vm->node, &vms);
		b->vm = vm;
	}
	b->vm->bindings++;
	b->vm_cookie = b->vm->cookie;
	hash_add_rcu(bindings, &b->node, question_key(&b->q));
	ops_event(b->pe, b->pe->pe, b->vm_cookie, EEH_BPF_EV_BOUND, 0);
	return old ? 1 : 0;
}

/* As binding_insert(): 1 if the VM was known already. */
static int binding_make(struct binding *b, struct bind_vm *vm, struct iommu_group *group,
			unsigned int epoch)
{
	struct query learn;
	struct eeh_pe *pe;
	int err;

	/*
	 * Not pci_lock_rescan_remove(): whoever removes a device that a VMM still
	 * holds keeps that one, for as long as the VMM likes.
	 */
	guard(mutex)(&pe_mutex);
	if (binding_epoch() != epoch)
		return -EAGAIN;
	pe = group_to_pe(group, b->q.kvm, &b->vdev, &b->vdev_owner);
	if (!pe)
		return -ENODEV;
	err = -ENOMEM;
	b->pe = pe_wrap_get_or_create(pe);
	if (!b->pe)
		goto err_put;

	query_init(&learn, b->pe, EEH_BPF_TAP_RTAS, 0, 0);
	err = -EPERM;
	if (!ops_may_learn(&learn))
		goto err_put;

	err = binding_insert(b, vm, epoch);
	if (err >= 0)
		return err;
err_put:
	put_device(&b->vdev->device);
	module_put(b->vdev_owner);
	return err;
}

/*
 * Bind @q to the PE of @group. @rets are the words that the VMM returned for it
 * while it was normal.
 */
int binding_add(const struct question *q, struct iommu_group *group, const __be32 *rets,
		unsigned int epoch)
{
	struct binding *b = kzalloc(sizeof(*b), GFP_KERNEL);
	struct bind_vm *vm = kzalloc(sizeof(*vm), GFP_KERNEL);
	int err = -ENOMEM;

	if (b && vm) {
		vm->kvm = q->kvm;
		b->q = *q;
		memcpy(b->rets, rets, q->nret * sizeof(*rets));
		err = binding_make(b, vm, group, epoch);
	}
	if (err)	/* even if bound: then the VM was known already */
		kfree(vm);
	if (err < 0) {
		kfree(b);
		return err;
	}
	stat_inc(STAT_LEARNED);
	return 0;
}

/* One line each; what does not fit into a page is counted in the last line. */
ssize_t binding_show(char *buf)
{
	unsigned int more = 0;
	struct binding *b;
	ssize_t len = 0;
	int i;

	guard(rcu)();
	hash_for_each_rcu(bindings, i, b, node) {
		if (len > PAGE_SIZE - 256) {
			more++;
			continue;
		}
		len += sysfs_emit_at(buf, len,
				     "vm=%llu pe=%llu %04x:%x token=0x%x buid=0x%llx addr=0x%x answered=%lld\n",
				     b->vm_cookie, b->pe->cookie, b->pe->phb, b->pe->addr,
				     b->q.token, b->q.buid, b->q.addr,
				     atomic64_read(&b->answered));
	}
	if (more)
		len += sysfs_emit_at(buf, len, "more=%u\n", more);
	return len;
}

void binding_flush(void)
{
	rcu_barrier();
	flush_workqueue(core_wq);
}
