// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/eeh: operations on any PE, diagnostic data, eventfds. See <eeh_dev.h>.
 *
 * struct eeh_pe has no reference count. VFIO may use one as it holds a device of it; here
 * a PE in use (pe_use_begin()) keeps EEH from freeing it: our notifier, which is called
 * before EEH's, waits for the end of the use.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compat.h>
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <asm/eeh.h>
#include <asm/pci-bridge.h>

#include "internal.h"

/* --------------------------------------------------------------- PEs in use */

struct going {
	struct list_head node;
	const struct pci_dev *pdev;
};

static DEFINE_MUTEX(use_mutex);		/* outside of pe_mutex */
static LIST_HEAD(uses);
static LIST_HEAD(goings);		/* devices between DEL_DEVICE and REMOVED_DEVICE */
static DECLARE_WAIT_QUEUE_HEAD(use_wait);
static atomic_t use_ends;		/* counts them: what one waits for */

void pe_use_lock(void)
{
	mutex_lock(&use_mutex);
}

void pe_use_unlock(void)
{
	mutex_unlock(&use_mutex);
}

/* The PE of such a device may be freed any moment. Under use_mutex */
bool pe_use_going(const struct pci_dev *pdev)
{
	struct going *g;

	lockdep_assert_held(&use_mutex);
	list_for_each_entry(g, &goings, node)
		if (g->pdev == pdev)
			return true;
	return false;
}

/*
 * Does this kernel itself use the device? Not if it has been left to user space: VFIO's
 * drivers and pci-stub do no DMA of their own. Nor does the driver of bridges, but a reset
 * of one takes along what is behind it.
 */
static bool is_driven(struct pci_dev *pdev)
{
	struct device_driver *drv = READ_ONCE(pdev->dev.driver);

	return drv && (!to_pci_driver(drv)->driver_managed_dma ||
		       pdev->hdr_type != PCI_HEADER_TYPE_NORMAL);
}

/*
 * Under use_mutex: a device that is not going keeps its PE until the mutex is released, as
 * its removal has to come by use_notify() first. @driven: does a driver of this kernel
 * use the PE?
 */
static struct eeh_pe *find_pe(u32 phb, u32 addr, bool *driven)
{
	struct pci_dev *pdev = NULL;
	struct eeh_pe *pe = NULL;
	struct eeh_dev *edev;

	*driven = false;
	for_each_pci_dev(pdev) {
		if (pci_domain_nr(pdev->bus) != phb || pe_use_going(pdev))
			continue;
		edev = pci_dev_to_eeh_dev(pdev);
		if (!edev || !edev->pe || edev->pe->addr != addr ||
		    (edev->pe->type & EEH_PE_PHB))
			continue;
		pe = edev->pe;
		*driven |= !eeh_pe_passed(pe) && is_driven(pdev);
	}
	return pe;
}

static bool is_used(const struct eeh_pe *pe, bool exclusive)
{
	struct pe_use *u;

	list_for_each_entry(u, &uses, node)
		if (u->pe == pe && (!exclusive || u->exclusive))
			return true;
	return false;
}

static int try_use(struct pe_use *u, u32 phb, u32 addr, enum pe_use_mode mode)
{
	struct eeh_pe *pe;
	bool driven;

	guard(mutex)(&use_mutex);
	pe = find_pe(phb, addr, &driven);
	if (!pe)
		return -ENODEV;
	if (driven && mode == PE_USE_EXCLUSIVE)
		return -EBUSY;
	if (mode != PE_USE_SHARED && is_used(pe, true))
		return -EAGAIN;
	u->wrap = pe_wrap_hold(pe);
	if (!u->wrap)
		return -ENOMEM;
	u->pe = pe;
	u->exclusive = mode != PE_USE_SHARED;
	list_add(&u->node, &uses);
	return 0;
}

/*
 * May sleep. Until pe_use_end(), u->pe is not freed. -ENODEV; and but for PE_USE_SHARED,
 * which never waits: -EINTR, -EBUSY.
 */
int pe_use_begin(struct pe_use *u, u32 phb, u32 addr, enum pe_use_mode mode)
{
	int ends, err;

	for (;;) {
		ends = atomic_read(&use_ends);
		err = try_use(u, phb, addr, mode);
		if (err != -EAGAIN)
			return err;
		if (wait_event_interruptible(use_wait, atomic_read(&use_ends) != ends))
			return -EINTR;
	}
}

void pe_use_end(struct pe_use *u)
{
	scoped_guard(mutex, &use_mutex)
		list_del(&u->node);
	pe_wrap_put(u->wrap);
	atomic_inc(&use_ends);
	wake_up_all(&use_wait);
}

static void wait_unused(const struct eeh_pe *pe)
{
	bool used;
	int ends;

	for (;;) {
		ends = atomic_read(&use_ends);
		scoped_guard(mutex, &use_mutex)
			used = is_used(pe, false);
		if (!used)
			return;
		wait_event(use_wait, atomic_read(&use_ends) != ends);
	}
}

static int use_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);
	struct eeh_dev *edev = pci_dev_to_eeh_dev(pdev);
	struct going *g, *tmp;

	switch (action) {
	case BUS_NOTIFY_DEL_DEVICE:
		g = kmalloc(sizeof(*g), GFP_KERNEL | __GFP_NOFAIL);
		g->pdev = pdev;
		scoped_guard(mutex, &use_mutex)
			list_add(&g->node, &goings);
		if (edev && edev->pe)
			wait_unused(edev->pe);
		break;
	case BUS_NOTIFY_REMOVED_DEVICE:
		scoped_guard(mutex, &use_mutex)
			list_for_each_entry_safe(g, tmp, &goings, node) {
				if (g->pdev == pdev) {
					list_del(&g->node);
					kfree(g);
				}
			}
		break;
	}
	return NOTIFY_DONE;
}

/*
 * Registered before pe_nb, whose priority is the same, it is called before it: a PE that
 * goes must not be given a new wrapper after pe_notify() has taken away the old one.
 */
static struct notifier_block use_nb = { .notifier_call = use_notify, .priority = INT_MAX };

int pe_use_init(void)
{
	return bus_register_notifier(&pci_bus_type, &use_nb);
}

void pe_use_exit(void)
{
	struct going *g, *tmp;

	bus_unregister_notifier(&pci_bus_type, &use_nb);
	list_for_each_entry_safe(g, tmp, &goings, node)
		kfree(g);
}

/* ----------------------------------------------------------------- open files */

struct signal {
	struct list_head node;
	u32 phb, addr;
	struct eventfd_ctx *eventfd;
};

struct dev_file {
	struct list_head node;
	struct list_head signals;
	unsigned int signal_n;
};

static LIST_HEAD(files);
static DEFINE_MUTEX(files_mutex);	/* and what hangs from them */

static int dev_open(struct inode *inode, struct file *file)
{
	struct dev_file *f;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	f = kzalloc(sizeof(*f), GFP_KERNEL);
	if (!f)
		return -ENOMEM;
	INIT_LIST_HEAD(&f->signals);
	err = tap_event_get();
	if (err) {
		kfree(f);
		return err;
	}
	file->private_data = f;
	guard(mutex)(&files_mutex);
	if (list_empty(&files))
		event_sweep(true);
	list_add(&f->node, &files);
	return 0;
}

static void signal_drop(struct dev_file *f, struct signal *s)
{
	list_del(&s->node);
	eventfd_ctx_put(s->eventfd);
	kfree(s);
	f->signal_n--;
}

static int dev_release(struct inode *inode, struct file *file)
{
	struct dev_file *f = file->private_data;
	struct signal *s, *tmp;

	scoped_guard(mutex, &files_mutex) {
		list_del(&f->node);
		list_for_each_entry_safe(s, tmp, &f->signals, node)
			signal_drop(f, s);
		if (list_empty(&files))
			event_sweep(false);
	}
	tap_event_put();
	kfree(f);
	return 0;
}

/* The PE was seen frozen. May sleep. */
void dev_signal(u32 phb, u32 addr)
{
	struct dev_file *f;
	struct signal *s;

	guard(mutex)(&files_mutex);
	list_for_each_entry(f, &files, node)
		list_for_each_entry(s, &f->signals, node)
			if (s->phb == phb && s->addr == addr)
				eventfd_signal(s->eventfd);
}

/* ---------------------------------------------------------------------- ioctls */

/* The caller's structure, of the size it has, into ours. All begin with argsz and flags. */
static int get_args(void *to, size_t size, const void __user *from, u32 flags)
{
	u32 argsz, given;

	if (get_user(argsz, (const u32 __user *)from))
		return -EFAULT;
	if (argsz < size)
		return -EINVAL;
	if (copy_from_user(to, from, size))
		return -EFAULT;
	given = ((const u32 *)to)[1];
	return given & ~flags ? -EINVAL : 0;
}

/* As eeh_pe_get_state() does it, but for a PE that is being reset: nobody asks then. */
static int get_state(struct pe_use *u)
{
	struct eeh_pe *parent = u->pe->parent;

	if (parent && !(u->pe->state & EEH_PE_REMOVED) &&
	    (parent->state & (EEH_PE_ISOLATED | EEH_PE_RECOVERING)))
		return EEH_PE_STATE_UNAVAIL;
	return event_ask(u, EEH_SOURCE_FETCH);
}

static int inject(struct eeh_pe *pe, const struct eeh_dev_pe_op *op)
{
	/* The platform prints a line for each that it refuses. */
	if (op->err.type > EEH_ERR_TYPE_64 || op->err.func > EEH_ERR_FUNC_MAX)
		return -EINVAL;
	return eeh_pe_inject_err(pe, op->err.type, op->err.func, op->err.addr, op->err.mask);
}

/*
 * The end of a reset thaws the PE. A VMM that asks VFIO for its state just then may have
 * read "frozen" before and find the PE not isolated afterwards: then it freezes it again
 * (pnv_eeh_get_pe_state()). So look, and end the reset once more if it was not its end.
 */
static int end_reset(struct eeh_pe *pe)
{
	int i, ret;

	for (i = 0; i < 3; i++) {
		ret = eeh_pe_reset(pe, EEH_RESET_DEACTIVATE, true);
		if (ret || eeh_pe_get_state(pe) == EEH_PE_STATE_NORMAL)
			break;
	}
	return ret;
}

static int pe_op(struct pe_use *u, const struct eeh_dev_pe_op *op)
{
	switch (op->op) {
	case VFIO_EEH_PE_DISABLE:
		return eeh_pe_set_option(u->pe, EEH_OPT_DISABLE);
	case VFIO_EEH_PE_ENABLE:
		return eeh_pe_set_option(u->pe, EEH_OPT_ENABLE);
	case VFIO_EEH_PE_UNFREEZE_IO:
		return eeh_pe_set_option(u->pe, EEH_OPT_THAW_MMIO);
	case VFIO_EEH_PE_UNFREEZE_DMA:
		return eeh_pe_set_option(u->pe, EEH_OPT_THAW_DMA);
	case VFIO_EEH_PE_RESET_DEACTIVATE:
		return end_reset(u->pe);
	case VFIO_EEH_PE_RESET_HOT:
		return eeh_pe_reset(u->pe, EEH_RESET_HOT, true);
	case VFIO_EEH_PE_RESET_FUNDAMENTAL:
		return eeh_pe_reset(u->pe, EEH_RESET_FUNDAMENTAL, true);
	case VFIO_EEH_PE_CONFIGURE:
		return eeh_pe_configure(u->pe);
	default:
		return inject(u->pe, op);
	}
}

static long dev_pe_op(void __user *arg)
{
	struct eeh_dev_pe_op op;
	struct pe_use u;
	int ret;

	ret = get_args(&op, sizeof(op), arg, EEH_DEV_OP_HOST);
	if (ret)
		return ret;
	if (op.reserved || op.op > VFIO_EEH_PE_INJECT_ERR)
		return -EINVAL;
	ret = pe_use_begin(&u, op.phb, op.pe_addr,
			   op.op == VFIO_EEH_PE_GET_STATE ? PE_USE_SHARED :
			   op.flags & EEH_DEV_OP_HOST ? PE_USE_HOST : PE_USE_EXCLUSIVE);
	if (ret)
		return ret;
	if (op.op == VFIO_EEH_PE_GET_STATE)
		ret = get_state(&u);
	else
		ret = pe_op(&u, &op);
	pe_use_end(&u);
	if (op.op == VFIO_EEH_PE_GET_STATE)
		return ret;
	switch (ret) {
	case -ENOENT:
	case -ENXIO:
		return -EOPNOTSUPP;
	case -ERANGE:
		return -EINVAL;
	}
	/* state bits: the thaw did not take effect */
	return ret > 0 ? -EIO : ret;
}

static long dev_log(void __user *arg)
{
	struct eeh_dev_log log;
	int err;

	err = get_args(&log, sizeof(log), arg, 0);
	if (!err)
		err = pe_log_read(&log);
	if (!err && copy_to_user(arg, &log, sizeof(log)))
		err = -EFAULT;
	return err;
}

static long dev_fetch(void __user *arg)
{
	struct eeh_dev_fetch f;
	struct pe_use u;
	u64 before;
	int ret;

	ret = get_args(&f, sizeof(f), arg, 0);
	if (ret)
		return ret;
	ret = pe_use_begin(&u, f.phb, f.pe_addr, PE_USE_HOST);
	if (ret)
		return ret;
	/* What is on its way was not fetched by this call. */
	pe_log_flush();
	before = event_record(f.phb, f.pe_addr);
	ret = get_state(&u);
	f.seq = 0;
	if (ret > EEH_PE_STATE_NORMAL) {
		pe_log_flush();
		f.seq = event_record(f.phb, f.pe_addr);
		if (!f.seq && (u.pe->state & EEH_PE_ISOLATED))
			f.seq = pe_log_stale(&u, EEH_SOURCE_FETCH);
	}
	if (f.seq)
		f.flags = pe_log_flags(f.phb, f.pe_addr, f.seq) |
			  (f.seq == before ? EEH_DEV_LOG_STALE : 0);
	pe_use_end(&u);
	if (copy_to_user(arg, &f, sizeof(f)))
		return -EFAULT;
	return ret;
}

static struct signal *signal_find(struct dev_file *f, u32 phb, u32 addr)
{
	struct signal *s;

	list_for_each_entry(s, &f->signals, node)
		if (s->phb == phb && s->addr == addr)
			return s;
	return NULL;
}

static long dev_eventfd(struct dev_file *f, void __user *arg)
{
	struct eventfd_ctx *ctx = NULL;
	struct eeh_dev_eventfd e;
	struct signal *s;
	struct pe_use u;
	int err;

	err = get_args(&e, sizeof(e), arg, 0);
	if (err)
		return err;
	if (e.reserved || e.fd < -1)
		return -EINVAL;
	if (e.fd >= 0) {
		err = pe_use_begin(&u, e.phb, e.pe_addr, PE_USE_SHARED);
		if (err)
			return err;
		pe_use_end(&u);
		ctx = eventfd_ctx_fdget(e.fd);
		if (IS_ERR(ctx))
			return PTR_ERR(ctx);
	}
	guard(mutex)(&files_mutex);
	s = signal_find(f, e.phb, e.pe_addr);
	if (s)
		signal_drop(f, s);
	if (!ctx)
		return 0;
	err = f->signal_n < EEH_DEV_EVENTFDS ? -ENOMEM : -ENOSPC;
	s = f->signal_n < EEH_DEV_EVENTFDS ? kzalloc(sizeof(*s), GFP_KERNEL) : NULL;
	if (!s) {
		eventfd_ctx_put(ctx);
		return err;
	}
	s->phb = e.phb;
	s->addr = e.pe_addr;
	s->eventfd = ctx;
	list_add(&s->node, &f->signals);
	f->signal_n++;
	return 0;
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case EEH_DEV_GET_VERSION:
		return EEH_DEV_VERSION;
	case EEH_DEV_PE_OP:
		return dev_pe_op(p);
	case EEH_DEV_LOG:
		return dev_log(p);
	case EEH_DEV_FETCH:
		return dev_fetch(p);
	case EEH_DEV_EVENTFD:
		return dev_eventfd(file->private_data, p);
	}
	return -ENOTTY;
}

static const struct file_operations dev_fops = {
	.owner = THIS_MODULE,
	.open = dev_open,
	.release = dev_release,
	.unlocked_ioctl = dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice dev_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "eeh",
	.mode = 0600,
	.fops = &dev_fops,
};

int dev_init(void)
{
	return misc_register(&dev_misc);
}

void dev_exit(void)
{
	misc_deregister(&dev_misc);
}
