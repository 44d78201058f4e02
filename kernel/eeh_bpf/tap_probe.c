// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel does with PEs: ftrace callbacks at the entry of a few functions of the
 * EEH core. None changes where a function continues, so they coexist with BPF
 * fentry/fexit programs, kprobes and tracers.
 *
 * They are armed only while a policy is attached; the callbacks are marked permanent,
 * so that kernel.ftrace_enabled=0 can not silently take away those that drop bindings.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>

#include <asm/eeh.h>
#include <asm/pci-bridge.h>
#include <asm/ppc-pci.h>

#include "internal.h"
#include "trace.h"

/* ------------------------------------------------------------- callbacks */

/* Whatever may thaw or reset a PE voids the evidence that is under way. */
static struct pe_wrap *void_evidence(const struct eeh_pe *pe)
{
	struct pe_wrap *w = pe_wrap_find(pe);

	if (w)
		atomic_inc(&w->gen);
	return w;
}

static void on_set_option(void *arg, struct ftrace_regs *fregs)
{
	struct eeh_pe *pe = arg;
	int option = ftrace_regs_get_argument(fregs, 1);
	struct pe_wrap *w = void_evidence(pe);

	/* VFIO_EEH_PE_{DISABLE,ENABLE}: the VMM starts over */
	if (option == EEH_OPT_DISABLE || option == EEH_OPT_ENABLE) {
		if (w)
			pe_wrap_resetting(w, false);
		binding_drop_pe(pe);
	}
	if (option == EEH_OPT_THAW_MMIO || option == EEH_OPT_THAW_DMA)
		event_thawed(pe, option);
	trace_eeh_pe_option(pe->phb->global_number, pe->addr, option);
	ops_event(w, pe, 0, EEH_BPF_EV_OPTION, option);
}

static void on_reset(void *arg, struct ftrace_regs *fregs)
{
	struct eeh_pe *pe = arg;
	int option = ftrace_regs_get_argument(fregs, 1);
	struct pe_wrap *w = void_evidence(pe);

	if (w)
		pe_wrap_resetting(w, true);
	event_thawed(pe, -1);
	trace_eeh_pe_reset(pe->phb->global_number, pe->addr, option);
	ops_event(w, pe, 0, EEH_BPF_EV_RESET, option);
}

static void on_configure(void *arg, struct ftrace_regs *fregs)
{
	struct eeh_pe *pe = arg;
	struct pe_wrap *w = void_evidence(pe);

	if (w)
		pe_wrap_resetting(w, false);
	trace_eeh_pe_configure(pe->phb->global_number, pe->addr);
	ops_event(w, pe, 0, EEH_BPF_EV_CONFIGURE, 0);
}

static void on_inject(void *arg, struct ftrace_regs *fregs)
{
	struct eeh_pe *pe = arg;
	int func = ftrace_regs_get_argument(fregs, 2);

	/* A function that there is not: the kernel returns -EINVAL, and prints nothing. */
	if (!event_may_inject(pe))
		arch_ftrace_regs(fregs)->regs.gpr[5] = -1UL;
	trace_eeh_inject(pe->phb->global_number, pe->addr, ftrace_regs_get_argument(fregs, 1),
			 func, ftrace_regs_get_argument(fregs, 3),
			 ftrace_regs_get_argument(fregs, 4));
	ops_event(pe_wrap_find(pe), pe, 0, EEH_BPF_EV_INJECT, func);
}

static void on_isolated(void *arg, struct ftrace_regs *fregs)
{
	struct eeh_pe *pe = arg;

	tap_check_isolated();
	canary_suspend_all("isolated");
	if (pe->state & EEH_PE_ISOLATED)
		return;
	event_isolated(pe);
	ops_event(void_evidence(pe), pe, 0, EEH_BPF_EV_FROZEN, 0);
}

static void on_vfio_op(void *group, struct ftrace_regs *fregs)
{
	if (atomic_read(&watch_active))
		watch_eeh_op(group);
}

/* eeh_dev_open() and eeh_dev_release(): only VFIO calls them. */
static void on_vfio_device(void *pdev, struct ftrace_regs *fregs)
{
	binding_drop_all();
}

/*
 * Exported functions: one ftrace_ops serves all, and the callback tells them by
 * address. On ELFv2 the patched instruction is at most at the local entry point,
 * two instructions behind the global one, with two more for a patch site.
 */
static const struct {
	const char *name;
	unsigned long addr;
	void (*fn)(void *arg, struct ftrace_regs *fregs);	/* arg: the first argument */
} eeh_fns[] = {
	{ "eeh_iommu_group_to_pe", (unsigned long)eeh_iommu_group_to_pe, on_vfio_op },
	{ "eeh_pe_set_option", (unsigned long)eeh_pe_set_option, on_set_option },
	{ "eeh_pe_reset", (unsigned long)eeh_pe_reset, on_reset },
	{ "eeh_pe_configure", (unsigned long)eeh_pe_configure, on_configure },
	{ "eeh_pe_inject_err", (unsigned long)eeh_pe_inject_err, on_inject },
	{ "eeh_pe_mark_isolated", (unsigned long)eeh_pe_mark_isolated, on_isolated },
	{ "eeh_dev_open", (unsigned long)eeh_dev_open, on_vfio_device },
	{ "eeh_dev_release", (unsigned long)eeh_dev_release, on_vfio_device },
};

static void notrace tap_eeh(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *op,
			    struct ftrace_regs *fregs)
{
	void *arg = (void *)ftrace_regs_get_argument(fregs, 0);
	int i;

	if (!arg)
		return;
	for (i = 0; i < ARRAY_SIZE(eeh_fns); i++) {
		if (ip - eeh_fns[i].addr >= 16)
			continue;
		preempt_disable_notrace();
		eeh_fns[i].fn(arg, fregs);
		preempt_enable_notrace();
		return;
	}
	stat_inc(STAT_MISSED);
}

/* ----------------------------------------------------- arming and disarming */

static struct ftrace_ops ops_eeh = { .func = tap_eeh, .flags = FTRACE_OPS_FL_PERMANENT };

static DEFINE_MUTEX(tap_mutex);
static unsigned int event_users;	/* the policy, and open files: armed if there is one */

static int arm_event(void)
{
	int i, err;

	for (i = 0; i < ARRAY_SIZE(eeh_fns); i++) {
		err = ftrace_set_filter_ip(&ops_eeh, eeh_fns[i].addr, 0, i == 0);
		if (err) {
			pr_err_ratelimited("%s() can not be probed (%d)\n", eeh_fns[i].name, err);
			ftrace_free_filter(&ops_eeh);
			return err;
		}
	}
	err = register_ftrace_function(&ops_eeh);
	if (err == -EBUSY)
		pr_err_ratelimited("probes can not be set while kernel.ftrace_enabled is 0\n");
	if (err)
		ftrace_free_filter(&ops_eeh);
	else
		event_arm();
	return err;
}

static int event_get(void)
{
	int err = event_users ? 0 : arm_event();

	lockdep_assert_held(&tap_mutex);
	if (!err)
		event_users++;
	return err;
}

static void event_put(void)
{
	lockdep_assert_held(&tap_mutex);
	if (--event_users)
		return;
	/* also waits until no callback runs any more */
	if (unregister_ftrace_function(&ops_eeh))
		pr_err("a probe could not be removed\n");
	ftrace_free_filter(&ops_eeh);
	event_disarm();
}

int tap_event_get(void)
{
	guard(mutex)(&tap_mutex);
	return event_get();
}

void tap_event_put(void)
{
	guard(mutex)(&tap_mutex);
	event_put();
}

int tap_arm(void)
{
	int err;

	guard(mutex)(&tap_mutex);
	/* First: bindings must not exist while their end would go unseen. */
	err = event_get();
	if (err)
		return err;
	tap_hook_rtas(true);
	tap_check_policy(true);
	return 0;
}

void tap_disarm(void)
{
	guard(mutex)(&tap_mutex);
	tap_check_policy(false);
	tap_hook_rtas(false);
	event_put();
}

ssize_t tap_show(char *buf)
{
	int len = 0;

	guard(mutex)(&tap_mutex);
	if (tap_hook_rtas_on())
		len += sysfs_emit_at(buf, len, "rtas ");
	if (event_users)
		len += sysfs_emit_at(buf, len, "event ");
	if (tap_check_armed())
		len += sysfs_emit_at(buf, len, "check ");
	/* the last space becomes the end of the line */
	len -= len > 0;
	return len + sysfs_emit_at(buf, len, "\n");
}

int tap_init(void)
{
	return tap_hook_init();
}

void tap_exit(void)
{
	tap_hook_exit();
}
