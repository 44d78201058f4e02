// SPDX-License-Identifier: GPL-2.0-only
/*
 * eehguest: in a guest, what its stock kernel and drivers do not do with their firmware.
 * Listen to PAPR's I/O events (arch/powerpc/platforms/pseries/io_event_irq.c has a chain for
 * them, and nobody on it), and want a fundamental reset.
 *
 * Parameters: dev=PCI address of a device of the PE.
 *
 * /sys/kernel/eehguest/
 *	option	write 4 (enable) or 5 (disable): that function of ibm,set-eeh-option for the
 *		PE; fails if the firmware does not answer 0
 *	status	what it answered last
 *	events	one line for each event: type, scope, DRC index
 *	freset	write 1 or 0: does the device need fundamental resets?
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/sysfs.h>

#include <asm/eeh.h>
#include <asm/io_event_irq.h>
#include <asm/pci-bridge.h>
#include <asm/rtas.h>

#define EVENTS_MAX 64

static char *dev = "";
module_param(dev, charp, 0444);

struct seen {
	u8 type, scope;
	u32 drc_index;
};

static DEFINE_SPINLOCK(lock);
static struct seen seen[EVENTS_MAX];
static unsigned int seen_n;
static int status = -ENODATA;

static int heard(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct pseries_io_event *event = data;
	u32 drc_index = be32_to_cpu((__force __be32)event->drc_index);

	pr_info("type %u, scope %#x, DRC %#x\n", event->event_type, event->scope, drc_index);
	guard(spinlock_irqsave)(&lock);
	if (seen_n < EVENTS_MAX)
		seen[seen_n++] = (struct seen){ event->event_type, event->scope, drc_index };
	return NOTIFY_OK;
}

static struct notifier_block listener = { .notifier_call = heard };

/* The device, with a reference; NULL: there is none */
static struct pci_dev *the_device(void)
{
	unsigned int domain, bus, slot, fn;

	if (sscanf(dev, "%x:%x:%x.%x", &domain, &bus, &slot, &fn) != 4)
		return NULL;
	return pci_get_domain_bus_and_slot(domain, bus, PCI_DEVFN(slot, fn));
}

static ssize_t option_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t count)
{
	struct pci_dev *pdev;
	struct eeh_dev *edev;
	unsigned int option;
	struct eeh_pe *pe;
	int err = kstrtouint(buf, 0, &option);

	if (err)
		return err;
	pdev = the_device();
	edev = pdev ? pci_dev_to_eeh_dev(pdev) : NULL;
	pe = edev ? edev->pe : NULL;
	if (pe)
		status = rtas_call(rtas_function_token(RTAS_FN_IBM_SET_EEH_OPTION), 4, 1, NULL,
				   pe->addr, upper_32_bits(pe->phb->buid),
				   lower_32_bits(pe->phb->buid), option);
	pci_dev_put(pdev);
	if (!pe)
		return -ENODEV;
	return status ? -EIO : count;
}

static ssize_t freset_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			    size_t count)
{
	struct pci_dev *pdev;
	bool need;
	int err = kstrtobool(buf, &need);

	if (err)
		return err;
	pdev = the_device();
	if (!pdev)
		return -ENODEV;
	pdev->needs_freset = need;
	pci_dev_put(pdev);
	return count;
}

static ssize_t status_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", status);
}

static ssize_t events_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	unsigned int i;
	int n = 0;

	guard(spinlock_irqsave)(&lock);
	for (i = 0; i < seen_n; i++)
		n += sysfs_emit_at(buf, n, "type=%u scope=%#x drc=%#x\n", seen[i].type,
				   seen[i].scope, seen[i].drc_index);
	return n;
}

static struct kobj_attribute option_attr = __ATTR_WO(option);
static struct kobj_attribute status_attr = __ATTR_RO(status);
static struct kobj_attribute events_attr = __ATTR_RO(events);
static struct kobj_attribute freset_attr = __ATTR_WO(freset);

static struct attribute *attrs[] = {
	&option_attr.attr, &status_attr.attr, &events_attr.attr, &freset_attr.attr, NULL
};
static const struct attribute_group group = { .attrs = attrs };
static struct kobject *kobj;

static int __init eehguest_init(void)
{
	int err;

	kobj = kobject_create_and_add("eehguest", kernel_kobj);
	if (!kobj)
		return -ENOMEM;
	err = sysfs_create_group(kobj, &group);
	if (!err)
		err = atomic_notifier_chain_register(&pseries_ioei_notifier_list, &listener);
	if (err)
		kobject_put(kobj);
	return err;
}

static void __exit eehguest_exit(void)
{
	atomic_notifier_chain_unregister(&pseries_ioei_notifier_list, &listener);
	sysfs_remove_group(kobj, &group);
	kobject_put(kobj);
}

module_init(eehguest_init);
module_exit(eehguest_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("I/O events and fundamental resets for a guest");
