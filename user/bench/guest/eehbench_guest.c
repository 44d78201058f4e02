// SPDX-License-Identifier: GPL-2.0-only
/*
 * eehbench_guest: what "is my PE frozen?" costs, seen from a Linux guest, or, where no
 * hypercall is involved, from its host.
 *
 * Everything is in /sys/kernel/eehbench_guest/:
 *
 * run		write "KIND [COUNT [REPS]]": times REPS times COUNT calls, with
 *		interrupts off; returns when it is done. KIND is one of
 *		check	eeh_dev_check_failure() of the device
 *		rtas	H_RTAS ibm,read-slot-reset-state2 with a block of our own
 *		other	H_RTAS with another token (get-time-of-day)
 *		null	H_CONFER(-1), which does nothing
 *		confer	H_CONFER(0, 0), which looks for vCPU 0
 *		mmio	one 32-bit load from BAR 0, offset `off`
 *		readl	readl() of a register that is all-ones (BAR 0, offset `ones`, which
 *			keeps what is written to it): the load and the check that follows
 *		copy	memcpy_fromio() of the next `chunk` bytes of the memory in BAR 2,
 *			which is filled with all-ones before: a check for each, too
 *		empty	the loop alone
 * result	the figures of the last run, one line of JSON; ticks are those of
 *		the timebase, per call, one sample per rep, in hundredths
 * loop		write "start KIND [INTERVAL_US]" (check or rtas) or "stop": a
 *		thread that asks again and again, interrupts on
 * loop_stats	its counts, and the last changes of the answer
 * device		the PCI device, and how its PE is called; write another one's address
 *
 * A device that is unplugged ends a loop's questions until it is back.
 *
 * The module is also a driver without hardware of its own, for what has no other one
 * (driver_override): a canary needs a device with a driver.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/sysfs.h>
#include <linux/vmalloc.h>

#include <asm/eeh.h>
#include <asm/firmware.h>
#include <asm/hvcall.h>
#include <asm/pci-bridge.h>
#include <asm/plpar_wrappers.h>
#include <asm/rtas.h>
#include <asm/time.h>

#define MAX_REPS	200
#define MAX_COUNT	100000
#define MAX_CHANGES	16
#define POISON		0x5a5a7e57u	/* no RTAS status, no PE state */
#define CHUNK_MAX	4096
#define MEM_BAR		2		/* kind copy; ivshmem: the memory */
#define MEM_START	SZ_64K		/* below it is a word that is not all-ones, at 0 */
#define MEM_SIZE	SZ_512K
#define MEM_WORD	0x65656862u

static char *dev;
module_param(dev, charp, 0444);
MODULE_PARM_DESC(dev, "PCI device, DDDD:BB:DD.F; default: the first one with a PE and a BAR");

static unsigned int off = 8;
module_param(off, uint, 0644);
MODULE_PARM_DESC(off, "offset of the register in BAR 0 that kind mmio loads (8: e1000e STATUS, NVMe VS)");

static unsigned int ones = 0x5200;
module_param(ones, uint, 0644);
MODULE_PARM_DESC(ones, "offset of the register in BAR 0 that kind readl reads (0x5200: e1000e multicast table)");

static unsigned int chunk = 64;
module_param(chunk, uint, 0644);
MODULE_PARM_DESC(chunk, "bytes that kind copy reads at once, a power of two from 4 to 4096");

enum kind { CHECK, RTAS, OTHER, NULL_HCALL, CONFER, MMIO, READL, COPY, EMPTY, NKINDS };
static const char *const kind_names[] = {
	"check", "rtas", "other", "null", "confer", "mmio", "readl", "copy", "empty",
};

/* What a query was answered. */
struct answer {
	u32 status;
	u32 state;
	long hcall;
};

struct change {
	u64 seq;	/* the first query with this answer */
	u64 tb;		/* timebase before it was asked */
	struct answer answer;
};

/* Guards everything below; held across each query, so that a device cannot go in the middle. */
static DEFINE_MUTEX(lock);
static struct pci_dev *pdev;
static void __iomem *bar;
static int bar_no;		/* of what is mapped at bar */
static u8 *copy_buf;
static __be32 *block;		/* RTAS argument block of the runs */
static __be32 *loop_block;	/* and of the loop */
static char *result;
static u32 token, other_token;

static struct task_struct *loop_task;
static enum kind loop_kind;
static unsigned int loop_us;
static struct {
	u64 queries, normal, frozen, errors, absent;
	u64 nchanges;
	struct change change[MAX_CHANGES];
	struct answer last;
} loop;

static void put_device_locked(void)
{
	if (bar)
		iounmap(bar);
	bar = NULL;
	pci_dev_put(pdev);
	pdev = NULL;
}

/* At least @len bytes of BAR @n. One is mapped at a time. */
static int map_bar_locked(int n, resource_size_t len)
{
	if (!(pci_resource_flags(pdev, n) & IORESOURCE_MEM) || pci_resource_len(pdev, n) < len)
		return -EINVAL;
	if (bar && bar_no != n) {
		iounmap(bar);
		bar = NULL;
	}
	if (!bar)
		bar = pci_ioremap_bar(pdev, n);
	bar_no = n;
	return bar ? 0 : -ENOMEM;
}

static bool usable(struct pci_dev *p)
{
	struct eeh_dev *edev = pci_dev_to_eeh_dev(p);

	return edev && eeh_dev_to_pe(edev) && !pci_is_bridge(p);
}

/* Finds the device again if it was away. */
static struct eeh_dev *get_device_locked(void)
{
	struct pci_dev *p = NULL;
	unsigned int domain, bus, slot, fn;

	if (pdev)
		return usable(pdev) ? pci_dev_to_eeh_dev(pdev) : NULL;
	if (dev) {
		if (sscanf(dev, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
			return NULL;
		p = pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
		if (p && !usable(p)) {
			pci_dev_put(p);
			p = NULL;
		}
	} else {
		for_each_pci_dev(p)
			if (usable(p) && pci_resource_flags(p, 0) & IORESOURCE_MEM)
				break;
	}
	if (!p)
		return NULL;
	pdev = p;	/* with its reference */
	return pci_dev_to_eeh_dev(p);
}

static int bus_event(struct notifier_block *nb, unsigned long action, void *data)
{
	/* Before EEH forgets the device: nobody may ask about it after that. */
	if (action == BUS_NOTIFY_DEL_DEVICE || action == BUS_NOTIFY_REMOVED_DEVICE) {
		mutex_lock(&lock);
		if (pdev && &pdev->dev == data)
			put_device_locked();
		mutex_unlock(&lock);
	}
	return NOTIFY_OK;
}

static struct notifier_block bus_nb = {
	.notifier_call = bus_event,
	.priority = 100,
};

static void fill_block(__be32 *b, u32 tok, struct eeh_pe *pe)
{
	u64 buid = pe->phb->buid;

	b[0] = cpu_to_be32(tok);
	b[1] = cpu_to_be32(3);
	b[2] = cpu_to_be32(4);
	b[3] = cpu_to_be32(pe->addr);
	b[4] = cpu_to_be32(upper_32_bits(buid));
	b[5] = cpu_to_be32(lower_32_bits(buid));
}

/* get-time-of-day: nothing in, eight words out; every VMM answers it */
static void fill_other_block(__be32 *b)
{
	b[0] = cpu_to_be32(other_token);
	b[1] = cpu_to_be32(0);
	b[2] = cpu_to_be32(8);
}

static __always_inline void ask_rtas(__be32 *b, struct answer *a)
{
	WRITE_ONCE(b[6], cpu_to_be32(POISON));
	WRITE_ONCE(b[7], cpu_to_be32(POISON));
	a->hcall = plpar_hcall_norets(H_RTAS, __pa(b));
	a->status = be32_to_cpu(READ_ONCE(b[6]));
	a->state = be32_to_cpu(READ_ONCE(b[7]));
}

static int cmp_u64(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static bool is_hcall(enum kind kind)
{
	return kind == RTAS || kind == OTHER || kind == NULL_HCALL || kind == CONFER;
}

/* What a kind needs before it is timed; @saved: what was in the register `ones`. */
static int prepare(enum kind kind, struct eeh_dev *edev, u32 *saved)
{
	unsigned int size = READ_ONCE(chunk);
	int err;

	if (is_hcall(kind) && !firmware_has_feature(FW_FEATURE_LPAR))
		return -EOPNOTSUPP;
	if (!edev && kind != OTHER && kind != NULL_HCALL && kind != CONFER && kind != EMPTY)
		return -ENODEV;
	switch (kind) {
	case RTAS:
		fill_block(block, token, eeh_dev_to_pe(edev));
		return 0;
	case OTHER:
		fill_other_block(block);
		return 0;
	case MMIO:
		return map_bar_locked(0, off + 4ULL);
	case READL:
		if (ones % 4)
			return -EINVAL;
		err = map_bar_locked(0, ones + 4ULL);
		if (err)
			return err;
		*saved = __raw_readl(bar + ones);
		__raw_writel(~0U, bar + ones);
		return __raw_readl(bar + ones) == ~0U ? 0 : -EIO;
	case COPY:
		if (size < 4 || size > CHUNK_MAX || !is_power_of_2(size))
			return -EINVAL;
		err = map_bar_locked(MEM_BAR, MEM_START + MEM_SIZE);
		if (err)
			return err;
		writel(MEM_WORD, bar);
		memset_io(bar + MEM_START, 0xff, MEM_SIZE);
		return 0;
	default:
		return 0;
	}
}

static int time_calls(enum kind kind, unsigned int count, unsigned int reps)
{
	u64 *t = kcalloc(reps, sizeof(*t), GFP_KERNEL), normal = 0, frozen = 0, errors = 0;
	unsigned int r, i, n, at = 0, size = READ_ONCE(chunk);
	struct eeh_dev *edev = get_device_locked();
	struct answer a = {};
	unsigned long flags;
	u32 saved = 0;
	long bad = 0;
	int err;

	if (!t)
		return -ENOMEM;
	err = prepare(kind, edev, &saved);
	if (err) {
		kfree(t);
		return err;
	}

	for (r = 0; r < reps; r++) {
		u64 t0, t1;

		local_irq_save(flags);
		t0 = get_tb();
		switch (kind) {
		case CHECK:
			for (i = 0; i < count; i++)
				frozen += eeh_dev_check_failure(edev);
			break;
		case RTAS:
			for (i = 0; i < count; i++) {
				ask_rtas(block, &a);
				if (a.hcall || a.status)
					errors++;
				else if (a.state)
					frozen++;
				else
					normal++;
			}
			break;
		case OTHER:
			for (i = 0; i < count; i++)
				bad |= plpar_hcall_norets(H_RTAS, __pa(block));
			break;
		case NULL_HCALL:
			for (i = 0; i < count; i++)
				bad |= plpar_hcall_norets(H_CONFER, ~0UL, 0);
			break;
		case CONFER:
			for (i = 0; i < count; i++)
				bad |= plpar_hcall_norets(H_CONFER, 0, 0);
			break;
		case MMIO:
			for (i = 0; i < count; i++)
				if (__raw_readl(bar + off) == ~0u)
					frozen++;
			break;
		case READL:
			for (i = 0; i < count; i++)
				if (readl(bar + ones) != ~0U)
					errors++;
			break;
		case COPY:
			for (i = 0; i < count; i++) {
				memcpy_fromio(copy_buf, bar + MEM_START + at, size);
				at = (at + size) & (MEM_SIZE - 1);
			}
			break;
		default:
			for (i = 0; i < count; i++)
				barrier();
			break;
		}
		t1 = get_tb();
		local_irq_restore(flags);
		t[r] = div_u64((t1 - t0) * 100, count);
		if (kind == COPY && memchr_inv(copy_buf, 0xff, size))
			errors++;
		cond_resched();
	}
	if (kind == READL)
		__raw_writel(saved, bar + ones);
	if ((kind == READL || kind == COPY) && eeh_dev_to_pe(edev)->state & EEH_PE_ISOLATED)
		frozen = (u64)count * reps;
	if (kind == CHECK || kind == MMIO || kind == READL || kind == COPY)
		normal = (u64)count * reps - frozen;
	if (bad)
		errors++;

	n = scnprintf(result, PAGE_SIZE,
		      "{\"kind\":\"%s\",\"count\":%u,\"reps\":%u,\"tb_hz\":%lu,\"normal\":%llu,\"frozen\":%llu,\"errors\":%llu,\"hcall\":%ld,\"status\":%d,\"state\":%d,\"samples\":[",
		      kind_names[kind], count, reps, tb_ticks_per_sec, normal, frozen, errors,
		      kind == RTAS ? a.hcall : bad, (int)a.status, (int)a.state);
	for (r = 0; r < reps; r++)
		n += scnprintf(result + n, PAGE_SIZE - n, "%s%llu.%02llu", r ? "," : "", t[r] / 100,
			       t[r] % 100);
	sort(t, reps, sizeof(*t), cmp_u64, NULL);
	scnprintf(result + n, PAGE_SIZE - n,
		  "],\"min\":%llu.%02llu,\"median\":%llu.%02llu,\"max\":%llu.%02llu}\n", t[0] / 100,
		  t[0] % 100, t[reps / 2] / 100, t[reps / 2] % 100, t[reps - 1] / 100,
		  t[reps - 1] % 100);
	kfree(t);
	return 0;
}

static int kind_of(const char *name)
{
	return match_string(kind_names, NKINDS, name);
}

static ssize_t run_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			 size_t len)
{
	unsigned int count = 100, reps = 21;
	char name[16];
	int kind, rc;

	if (sscanf(buf, "%15s %u %u", name, &count, &reps) < 1)
		return -EINVAL;
	kind = kind_of(name);
	if (kind < 0 || !count || count > MAX_COUNT || !reps || reps > MAX_REPS)
		return -EINVAL;
	rc = mutex_lock_interruptible(&lock);
	if (rc)
		return rc;
	rc = time_calls(kind, count, reps);
	mutex_unlock(&lock);
	return rc ?: len;
}

static ssize_t result_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	ssize_t n;

	mutex_lock(&lock);
	n = sysfs_emit(buf, "%s", result);
	mutex_unlock(&lock);
	return n;
}

static bool same(const struct answer *a, const struct answer *b)
{
	return a->status == b->status && a->state == b->state && a->hcall == b->hcall;
}

static int loop_main(void *unused)
{
	while (!kthread_should_stop()) {
		struct answer a = {};
		struct eeh_dev *edev;
		u64 tb;

		mutex_lock(&lock);
		edev = get_device_locked();
		if (!edev) {
			loop.absent++;
			mutex_unlock(&lock);
			msleep(20);
			continue;
		}
		tb = get_tb();
		if (loop_kind == RTAS) {
			fill_block(loop_block, token, eeh_dev_to_pe(edev));
			ask_rtas(loop_block, &a);
		} else {
			a.state = eeh_dev_check_failure(edev);
		}
		if (!loop.queries || !same(&a, &loop.last)) {
			loop.change[loop.nchanges++ % MAX_CHANGES] =
				(struct change){ .seq = loop.queries, .tb = tb, .answer = a };
			loop.last = a;
		}
		loop.queries++;
		if (a.hcall || a.status)
			loop.errors++;
		else if (a.state)
			loop.frozen++;
		else
			loop.normal++;
		mutex_unlock(&lock);
		if (loop_us)
			usleep_range(loop_us, loop_us + loop_us / 4 + 1);
		else
			cond_resched();
	}
	return 0;
}

static DEFINE_MUTEX(loop_lock);		/* starting and stopping; taken before lock */

static void loop_stop(void)
{
	if (loop_task)
		kthread_stop(loop_task);
	loop_task = NULL;
}

static ssize_t loop_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			  size_t len)
{
	char verb[8], name[16] = "rtas";
	unsigned int us = 1000;
	ssize_t rc = len;
	int kind;

	if (sscanf(buf, "%7s %15s %u", verb, name, &us) < 1)
		return -EINVAL;
	mutex_lock(&loop_lock);
	if (!strcmp(verb, "stop")) {
		loop_stop();
	} else if (!strcmp(verb, "start")) {
		kind = kind_of(name);
		if (kind != CHECK && (kind != RTAS || !firmware_has_feature(FW_FEATURE_LPAR))) {
			rc = -EINVAL;
		} else if (loop_task) {
			rc = -EBUSY;
		} else {
			mutex_lock(&lock);
			memset(&loop, 0, sizeof(loop));
			loop_kind = kind;
			loop_us = us;
			mutex_unlock(&lock);
			loop_task = kthread_run(loop_main, NULL, "eehbench");
			if (IS_ERR(loop_task)) {
				rc = PTR_ERR(loop_task);
				loop_task = NULL;
			}
		}
	} else {
		rc = -EINVAL;
	}
	mutex_unlock(&loop_lock);
	return rc;
}

static ssize_t loop_stats_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	u64 i, first;
	int n;

	mutex_lock(&lock);
	n = sysfs_emit(buf, "{\"kind\":\"%s\",\"running\":%s,\"queries\":%llu,\"normal\":%llu,\"frozen\":%llu,\"errors\":%llu,\"absent\":%llu,\"tb\":%llu,\"changes\":[",
		       kind_names[loop_kind], READ_ONCE(loop_task) ? "true" : "false", loop.queries,
		       loop.normal, loop.frozen, loop.errors, loop.absent, (u64)get_tb());
	first = loop.nchanges > MAX_CHANGES ? loop.nchanges - MAX_CHANGES : 0;
	for (i = first; i < loop.nchanges; i++) {
		struct change *c = &loop.change[i % MAX_CHANGES];

		n += sysfs_emit_at(buf, n, "%s{\"seq\":%llu,\"tb\":%llu,\"status\":%d,\"state\":%d,\"hcall\":%ld}",
				   i > first ? "," : "", c->seq, c->tb, (int)c->answer.status,
				   (int)c->answer.state, c->answer.hcall);
	}
	n += sysfs_emit_at(buf, n, "]}\n");
	mutex_unlock(&lock);
	return n;
}

static ssize_t device_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct eeh_dev *edev;
	struct eeh_pe *pe;
	ssize_t n;

	mutex_lock(&lock);
	edev = get_device_locked();
	if (edev) {
		pe = eeh_dev_to_pe(edev);
		n = sysfs_emit(buf, "%s buid=%#llx addr=%#x token=%#x\n", pci_name(pdev),
			       (u64)pe->phb->buid, pe->addr, token);
	} else {
		n = sysfs_emit(buf, "none\n");
	}
	mutex_unlock(&lock);
	return n;
}

static ssize_t device_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t len)
{
	static char name[16];

	if (len >= sizeof(name))
		return -EINVAL;
	mutex_lock(&lock);
	put_device_locked();
	strscpy(name, buf, sizeof(name));
	dev = name;
	mutex_unlock(&lock);
	return len;
}

static struct kobj_attribute run_attr = __ATTR_WO(run);
static struct kobj_attribute result_attr = __ATTR_RO(result);
static struct kobj_attribute loop_attr = __ATTR_WO(loop);
static struct kobj_attribute loop_stats_attr = __ATTR_RO(loop_stats);
static struct kobj_attribute device_attr = __ATTR_RW(device);

static struct attribute *attrs[] = {
	&run_attr.attr, &result_attr.attr, &loop_attr.attr, &loop_stats_attr.attr,
	&device_attr.attr, NULL,
};
static const struct attribute_group group = { .attrs = attrs };
static struct kobject *kobj;

/* ---- the driver */

static int probe(struct pci_dev *p, const struct pci_device_id *id)
{
	return pci_enable_device_mem(p);
}

static void remove(struct pci_dev *p)
{
	mutex_lock(&lock);
	if (pdev == p)
		put_device_locked();
	mutex_unlock(&lock);
	pci_disable_device(p);
}

static const struct pci_device_id no_ids[] = { { } };	/* driver_override only */

static struct pci_driver driver = {
	.name = KBUILD_MODNAME,
	.id_table = no_ids,
	.probe = probe,
	.remove = remove,
};

static u32 find_token(rtas_fn_handle_t fn)
{
	return rtas_function_token(fn);
}

static void free_all(void)
{
	free_page((unsigned long)block);
	free_page((unsigned long)loop_block);
	free_page((unsigned long)result);
	free_pages((unsigned long)copy_buf, get_order(CHUNK_MAX));
}

static int __init eehbench_init(void)
{
	int rc = -ENOMEM;

	if (!eeh_enabled()) {
		pr_err("no PE here: EEH is not enabled in this kernel\n");
		return -ENODEV;
	}
	token = find_token(RTAS_FN_IBM_READ_SLOT_RESET_STATE2);
	other_token = find_token(RTAS_FN_GET_TIME_OF_DAY);
	if (token == RTAS_UNKNOWN_SERVICE && firmware_has_feature(FW_FEATURE_LPAR)) {
		pr_err("firmware has no ibm,read-slot-reset-state2\n");
		return -ENODEV;
	}
	/* one page each: a block that crosses a page is another test's business */
	block = (void *)get_zeroed_page(GFP_KERNEL);
	loop_block = (void *)get_zeroed_page(GFP_KERNEL);
	result = (void *)get_zeroed_page(GFP_KERNEL);
	copy_buf = (void *)__get_free_pages(GFP_KERNEL, get_order(CHUNK_MAX));
	if (!block || !loop_block || !result || !copy_buf)
		goto err;
	rc = bus_register_notifier(&pci_bus_type, &bus_nb);
	if (rc)
		goto err;
	rc = pci_register_driver(&driver);
	if (rc)
		goto err_notifier;
	kobj = kobject_create_and_add(KBUILD_MODNAME, kernel_kobj);
	rc = kobj ? sysfs_create_group(kobj, &group) : -ENOMEM;
	if (!rc)
		return 0;
	kobject_put(kobj);
	pci_unregister_driver(&driver);
err_notifier:
	bus_unregister_notifier(&pci_bus_type, &bus_nb);
err:
	free_all();
	return rc;
}

static void __exit eehbench_exit(void)
{
	sysfs_remove_group(kobj, &group);
	kobject_put(kobj);
	loop_stop();
	pci_unregister_driver(&driver);
	bus_unregister_notifier(&pci_bus_type, &bus_nb);
	mutex_lock(&lock);
	put_device_locked();
	mutex_unlock(&lock);
	free_all();
}

module_init(eehbench_init);
module_exit(eehbench_exit);
MODULE_DESCRIPTION("Times the freeze queries of a guest, or of its host");
MODULE_LICENSE("GPL");
