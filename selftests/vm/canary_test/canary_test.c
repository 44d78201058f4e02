// SPDX-License-Identifier: GPL-2.0-only
/*
 * canary_test: a driver that meets all-ones all the time, and judges every check.
 *
 * It takes any PCI device that is given to it (driver_override), and reads, from as many
 * threads as it is told to, a register of the device that legitimately is all-ones: one
 * that it wrote them to (`ones`). Each read is followed by what readl() does then,
 * eeh_check_failure(). The lab's freeze generation register, odd while a PE is frozen
 * (docs/lab-model.md), says which of them were asked of a frozen PE.
 *
 * Parameters: ones=BAR:OFFSET of that register; gen=physical address of the generation
 * register, or gendev=PCI address of a device whose BAR 2 begins with its page, genoff
 * the offset in that; recover=thaw|reset|none, what the driver tells the EEH core; rest_us=N,
 * after 50 checks a thread sleeps for up to twice as long.
 *
 * /sys/kernel/canary_test/
 *	loop	write the number of threads (0: stop; returns when they have stopped)
 *	stats	the counts, one line of JSON
 *	access	write 0: no access any more (the threads wait); 1: go on
 *	readl	write N: N plain readl() of the register, in this task; for benchmarks
 *	ns	how long the last N took
 *	remap	write N: one check through a mapping of its own, and one of BAR N, mapped at the
 *		same virtual address after it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/rwsem.h>
#include <linux/sched/clock.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>

#include <asm/eeh.h>

#define THREADS_MAX 4

static char *ones = "0:0x5200";		/* e1000e: the multicast table, plain read-write */
module_param(ones, charp, 0444);
static ulong gen;
module_param(gen, ulong, 0444);
static char *gendev;
module_param(gendev, charp, 0444);
static uint genoff = 0xff8;
module_param(genoff, uint, 0444);
static char *recover = "thaw";
module_param(recover, charp, 0644);
static bool noread;
module_param(noread, bool, 0644);
static uint rest_us;
module_param(rest_us, uint, 0644);

/* Everybody who touches the device reads it; who takes the device away writes. */
static DECLARE_RWSEM(access_lock);
static bool allowed = true, in_reset;
static struct pci_dev *pdev;
static void __iomem *bar, *reg;
static phys_addr_t reg_phys;
static void __iomem *gen_map, *gen_reg;

struct stats {
	atomic64_t checks, not_ones, normal, told;
	atomic64_t frozen;	/* asked while frozen, from before the read to after the check */
	atomic64_t wrong;	/* of these: "not frozen" */
	atomic64_t garbage;	/* of these: the read was not all-ones */
	atomic64_t recoveries;
};

static struct stats st;

static u64 generation(void)
{
	return gen_reg ? in_be64(gen_reg) : 0;
}

static void one_check(void)
{
	u64 before, after;
	u32 value;
	int r;

	before = generation();
	value = READ_ONCE(noread) ? ~0U : in_le32(reg);
	if (value != ~0U) {
		atomic64_inc(&st.not_ones);
		after = generation();
		if (before == after && (before & 1))
			atomic64_inc(&st.garbage);
		else if (before == after)
			out_le32(reg, ~0U);	/* a reset has cleared it */
		return;
	}
	r = eeh_check_failure(reg);
	after = generation();
	atomic64_inc(&st.checks);
	atomic64_inc(r ? &st.told : &st.normal);
	if (before != after)
		return;
	if (before & 1) {
		atomic64_inc(&st.frozen);
		if (!r)
			atomic64_inc(&st.wrong);
	}
}

static struct task_struct *threads[THREADS_MAX];
static unsigned int nthreads;

static int loop(void *unused)
{
	unsigned int pause;
	int i;

	while (!kthread_should_stop()) {
		down_read(&access_lock);
		for (i = 0; i < 50 && reg && allowed && !READ_ONCE(in_reset); i++)
			one_check();
		up_read(&access_lock);
		pause = i < 50 ? 1000 : READ_ONCE(rest_us);
		if (pause)
			usleep_range(pause, 2 * pause);
		/* no suspicious value is held here */
		cond_resched_tasks_rcu_qs();
	}
	return 0;
}

/* ------------------------------------------------------------- the driver */

static pci_ers_result_t error_detected(struct pci_dev *d, pci_channel_state_t state)
{
	if (!strcmp(recover, "none") || state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	if (!strcmp(recover, "thaw"))
		return PCI_ERS_RESULT_CAN_RECOVER;
	/* As every driver: a device without its BARs would answer elsewhere. */
	WRITE_ONCE(in_reset, true);
	down_write(&access_lock);
	up_write(&access_lock);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t mmio_enabled(struct pci_dev *d)
{
	return PCI_ERS_RESULT_RECOVERED;
}

static pci_ers_result_t slot_reset(struct pci_dev *d)
{
	pci_restore_state(d);
	if (pci_enable_device_mem(d))
		return PCI_ERS_RESULT_DISCONNECT;
	return PCI_ERS_RESULT_RECOVERED;
}

static void resume(struct pci_dev *d)
{
	out_le32(reg, ~0U);
	WRITE_ONCE(in_reset, false);
	atomic64_inc(&st.recoveries);
}

static const struct pci_error_handlers err_handler = {
	.error_detected = error_detected,
	.mmio_enabled = mmio_enabled,
	.slot_reset = slot_reset,
	.resume = resume,
};

static int probe(struct pci_dev *d, const struct pci_device_id *id)
{
	unsigned int n, off;
	int err;

	if (sscanf(ones, "%u:%i", &n, &off) != 2 || n >= PCI_STD_NUM_BARS)
		return -EINVAL;
	guard(rwsem_write)(&access_lock);
	if (pdev)
		return -EBUSY;
	err = pci_enable_device_mem(d);
	if (err)
		return err;
	bar = pci_ioremap_bar(d, n);
	if (!bar) {
		pci_disable_device(d);
		return -ENOMEM;
	}
	pci_save_state(d);
	pdev = d;
	reg = bar + off;
	reg_phys = pci_resource_start(d, n) + off;
	out_le32(reg, ~0U);
	return 0;
}

static void remove(struct pci_dev *d)
{
	guard(rwsem_write)(&access_lock);
	reg = NULL;
	pdev = NULL;
	iounmap(bar);
	pci_disable_device(d);
}

static const struct pci_device_id no_ids[] = { { } };	/* driver_override only */

static struct pci_driver driver = {
	.name = "canary_test",
	.id_table = no_ids,
	.probe = probe,
	.remove = remove,
	.err_handler = &err_handler,
};

/* ---------------------------------------------------------------- control */

static DEFINE_MUTEX(control_lock);
static u64 last_ns;

static void stop_threads(void)
{
	while (nthreads)
		kthread_stop(threads[--nthreads]);
}

static ssize_t loop_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			  size_t count)
{
	unsigned int n;
	int err = kstrtouint(buf, 0, &n);

	if (err || n > THREADS_MAX)
		return err ?: -EINVAL;
	guard(mutex)(&control_lock);
	stop_threads();
	while (nthreads < n) {
		struct task_struct *t = kthread_run(loop, NULL, "canary_test/%u", nthreads);

		if (IS_ERR(t))
			return PTR_ERR(t);
		threads[nthreads++] = t;
	}
	return count;
}

static ssize_t access_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t count)
{
	bool val;
	int err = kstrtobool(buf, &val);

	if (err)
		return err;
	/* Waits until nobody is reading. */
	guard(rwsem_write)(&access_lock);
	allowed = val;
	return count;
}

static ssize_t readl_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t count)
{
	unsigned int n, i;
	u32 all = ~0U;
	u64 start;
	int err = kstrtouint(buf, 0, &n);

	if (err)
		return err;
	guard(rwsem_read)(&access_lock);
	if (!reg)
		return -ENODEV;
	start = local_clock();
	for (i = 0; i < n; i++)
		all &= readl(reg);
	last_ns = local_clock() - start;
	return all == ~0U ? count : -EIO;
}

static ssize_t ns_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", last_ns);
}

static ssize_t remap_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t count)
{
	void __iomem *first, *more[32];
	unsigned int other, n = 0;
	int err = kstrtouint(buf, 0, &other);

	if (err || other >= PCI_STD_NUM_BARS)
		return err ?: -EINVAL;
	guard(rwsem_read)(&access_lock);
	if (!reg)
		return -ENODEV;
	/* What a CPU remembers of an address, the same CPU shall be asked for again. */
	guard(migrate)();
	first = ioremap(reg_phys & PAGE_MASK, PAGE_SIZE);
	if (!first)
		return -ENOMEM;
	eeh_check_failure(first + (reg_phys & ~PAGE_MASK));
	iounmap(first);
	/* The address is not used again before this, whoever does it. */
	vm_unmap_aliases();
	err = -ENOENT;
	while (n < ARRAY_SIZE(more) && err) {
		more[n] = ioremap(pci_resource_start(pdev, other), PAGE_SIZE);
		if (!more[n])
			break;
		if (more[n++] == first) {
			eeh_check_failure(first + (reg_phys & ~PAGE_MASK));
			err = 0;
		}
	}
	while (n--)
		iounmap(more[n]);
	return err ?: count;
}

static ssize_t stats_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
#define N(f) (long long)atomic64_read(&st.f)
	return sysfs_emit(buf,
			  "{\"checks\":%lld,\"not_ones\":%lld,\"normal\":%lld,\"told\":%lld,\"frozen\":%lld,\"wrong\":%lld,\"garbage\":%lld,\"recoveries\":%lld,\"gen\":%llu,\"bound\":%d}\n",
			  N(checks), N(not_ones), N(normal), N(told), N(frozen), N(wrong),
			  N(garbage), N(recoveries), generation(), !!reg);
#undef N
}

static struct kobj_attribute loop_attr = __ATTR_WO(loop);
static struct kobj_attribute access_attr = __ATTR_WO(access);
static struct kobj_attribute readl_attr = __ATTR_WO(readl);
static struct kobj_attribute ns_attr = __ATTR_RO(ns);
static struct kobj_attribute remap_attr = __ATTR_WO(remap);
static struct kobj_attribute stats_attr = __ATTR_RO(stats);

static struct attribute *attrs[] = {
	&loop_attr.attr, &access_attr.attr, &readl_attr.attr, &ns_attr.attr, &remap_attr.attr,
	&stats_attr.attr, NULL
};
static const struct attribute_group group = { .attrs = attrs };
static struct kobject *kobj;

/* Where the generation register is: of a PHB of this machine, or shown to this guest by its VMM */
static int map_generation(void)
{
	unsigned int domain, bus, dev, fn;
	struct pci_dev *d;

	if (gendev) {
		if (sscanf(gendev, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) != 4)
			return -EINVAL;
		d = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(dev, fn));
		if (!d)
			return -ENODEV;
		if (!pci_enable_device_mem(d))
			gen = pci_resource_start(d, 2) + genoff;
		pci_dev_put(d);
	}
	if (!gen)
		return 0;
	gen_map = ioremap(gen & PAGE_MASK, PAGE_SIZE);
	if (!gen_map)
		return -ENOMEM;
	gen_reg = gen_map + (gen & ~PAGE_MASK);
	return 0;
}

static int __init canary_test_init(void)
{
	int err = map_generation();

	if (err)
		return err;
	err = pci_register_driver(&driver);
	if (err)
		goto err_unmap;
	kobj = kobject_create_and_add("canary_test", kernel_kobj);
	err = kobj ? sysfs_create_group(kobj, &group) : -ENOMEM;
	if (!err)
		return 0;
	kobject_put(kobj);
	pci_unregister_driver(&driver);
err_unmap:
	if (gen_map)
		iounmap(gen_map);
	return err;
}

static void __exit canary_test_exit(void)
{
	sysfs_remove_group(kobj, &group);
	kobject_put(kobj);
	stop_threads();
	pci_unregister_driver(&driver);
	if (gen_map)
		iounmap(gen_map);
}

module_init(canary_test_init);
module_exit(canary_test_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Checks for a frozen PE, and whether they were right");
