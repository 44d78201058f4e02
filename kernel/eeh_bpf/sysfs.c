// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/eeh_bpf: what the core is and does. One value per file. */
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "internal.h"

#define ATTR_RO(_name)							\
	static struct kobj_attribute _name##_attr = __ATTR_RO(_name)
#define ATTR_RW(_name)							\
	static struct kobj_attribute _name##_attr = __ATTR_RW(_name)

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", EEH_BPF_ABI_VERSION);
}
ATTR_RO(version);

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", !ops_attached() ? "idle" :
			  READ_ONCE(core_bypassed) ? "bypassed" : "attached");
}
ATTR_RO(state);

static ssize_t policy_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	char name[EEH_BPF_NAME_LEN];

	ops_name(name);
	return sysfs_emit(buf, "%s\n", name);
}
ATTR_RO(policy);

static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(core_enabled));
}

static ssize_t enabled_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			     size_t count)
{
	bool val;
	int err = kstrtobool(buf, &val);

	if (err)
		return err;
	WRITE_ONCE(core_enabled, val);
	/* when the write returns no query is being answered any more */
	if (!val)
		synchronize_rcu();
	return count;
}
ATTR_RW(enabled);

static ssize_t audit_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(core_audit));
}

static ssize_t audit_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t count)
{
	unsigned int val;
	int err = kstrtouint(buf, 0, &val);

	if (err)
		return err;
	WRITE_ONCE(core_audit, val);
	return count;
}
ATTR_RW(audit);

static ssize_t audit_disagreed_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", stat_read(STAT_DISAGREED));
}
ATTR_RO(audit_disagreed);

static ssize_t taps_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return tap_show(buf);
}
ATTR_RO(taps);

static ssize_t bindings_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return binding_show(buf);
}
ATTR_RO(bindings);

static ssize_t canaries_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return canary_show(buf);
}

static ssize_t canaries_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			      size_t count)
{
	char *s __free(kfree) = kmemdup_nul(buf, count, GFP_KERNEL);

	return s ? canary_command(s) ?: count : -ENOMEM;
}
ATTR_RW(canaries);

static struct attribute *core_attrs[] = {
	&version_attr.attr,
	&state_attr.attr,
	&policy_attr.attr,
	&enabled_attr.attr,
	&audit_attr.attr,
	&audit_disagreed_attr.attr,
	&taps_attr.attr,
	&bindings_attr.attr,
	&canaries_attr.attr,
	NULL
};

static const struct attribute_group core_group = { .attrs = core_attrs };

#define STAT_ATTR(_name, _read)								\
	static ssize_t _name##_show(struct kobject *kobj, struct kobj_attribute *attr,	\
				    char *buf)						\
	{										\
		return sysfs_emit(buf, "%llu\n", _read);				\
	}										\
	ATTR_RO(_name)

STAT_ATTR(queries, stat_read_queries());
STAT_ATTR(missed, stat_read(STAT_MISSED));
STAT_ATTR(learned, stat_read(STAT_LEARNED));
STAT_ATTR(dropped, stat_read(STAT_DROPPED));
STAT_ATTR(answered, stat_read_outcome(EEH_BPF_OUT_ANSWERED));
STAT_ATTR(passed, stat_read_outcome(EEH_BPF_OUT_PASSED));
STAT_ATTR(rejected, stat_read_outcome(EEH_BPF_OUT_REJECTED));
STAT_ATTR(unbound, stat_read_outcome(EEH_BPF_OUT_UNBOUND));
STAT_ATTR(not_owner, stat_read_outcome(EEH_BPF_OUT_NOT_OWNER));
STAT_ATTR(fault, stat_read_outcome(EEH_BPF_OUT_FAULT));
STAT_ATTR(bypassed, stat_read_outcome(EEH_BPF_OUT_BYPASSED));
STAT_ATTR(audited, stat_read_outcome(EEH_BPF_OUT_AUDITED));
STAT_ATTR(check_queries, stat_read_check_queries());
STAT_ATTR(check_answered, stat_read_check(EEH_BPF_OUT_ANSWERED));

static struct attribute *stats_attrs[] = {
	&queries_attr.attr,
	&answered_attr.attr,
	&passed_attr.attr,
	&rejected_attr.attr,
	&unbound_attr.attr,
	&not_owner_attr.attr,
	&fault_attr.attr,
	&bypassed_attr.attr,
	&audited_attr.attr,
	&missed_attr.attr,
	&learned_attr.attr,
	&dropped_attr.attr,
	&check_queries_attr.attr,
	&check_answered_attr.attr,
	NULL
};

static const struct attribute_group stats_group = { .name = "stats", .attrs = stats_attrs };

static const struct attribute_group *groups[] = { &core_group, &stats_group, NULL };

static struct kobject *core_kobj;

int sysfs_init(void)
{
	int err;

	core_kobj = kobject_create_and_add("eeh_bpf", kernel_kobj);
	if (!core_kobj)
		return -ENOMEM;
	err = sysfs_create_groups(core_kobj, groups);
	if (err)
		kobject_put(core_kobj);
	return err;
}

void sysfs_exit(void)
{
	sysfs_remove_groups(core_kobj, groups);
	kobject_put(core_kobj);
}
