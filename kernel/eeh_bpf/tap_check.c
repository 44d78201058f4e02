// SPDX-License-Identifier: GPL-2.0-only
/*
 * The check tap: this kernel's own checks.
 *
 * Every readX() that reads all-ones calls eeh_check_failure(token); checks after reads of
 * the configuration space do not come by there, they call eeh_dev_check_failure(). It turns
 * the token into a physical address, and that is where tap_native.c or tap_stock.c come in:
 * they ask tap_check_answer() whether a canary that speaks for the address is evidence.
 *
 * Beside it, what the canaries must hear of before it happens: thaws and resets (at
 * the platforms' functions that every one ends in, with an fprobe to know when they are
 * over), and writes to the configuration space. These functions are only called through
 * pointers, so there is no copy of them that was inlined elsewhere.
 *
 * Armed while a policy is attached and there is a canary.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/delay.h>
#include <linux/fprobe.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched/clock.h>

#include <asm/eeh.h>
#include <asm/pci-bridge.h>

#include "internal.h"
#include "trace.h"

/* A check that was audited: the task that is in eeh_check_failure() for it */
static DEFINE_PER_CPU(struct task_struct *, audited);

/* One in core_audit of the checks that could be answered */
static __always_inline bool audit_due(void)
{
	unsigned int n = READ_ONCE(core_audit);

	return n && (this_cpu_read(core_counters.check[EEH_BPF_OUT_ANSWERED]) +
		     this_cpu_read(core_counters.check[EEH_BPF_OUT_AUDITED])) % n == n - 1;
}

/* The policy wants to be asked about each check. */
static noinline enum eeh_bpf_outcome check_ask(struct canary *c)
{
	struct query k __uninitialized;

	query_init(&k, READ_ONCE(c->pe), EEH_BPF_TAP_CHECK, 0, 0);
	k.canary = c;
	return query_decide(&k);
}

static __always_inline enum eeh_bpf_outcome check_query(struct canary *c)
{
	const struct eeh_bpf_ops *policy = rcu_dereference_sched(core_policy);
	enum eeh_bpf_outcome out;

	if (!READ_ONCE(core_enabled) || READ_ONCE(core_bypassed))
		return EEH_BPF_OUT_BYPASSED;
	if (likely(policy && policy->flags & EEH_BPF_F_CANARY))
		out = canary_load(c) ? EEH_BPF_OUT_ANSWERED : EEH_BPF_OUT_PASSED;
	else
		out = check_ask(c);
	if (out == EEH_BPF_OUT_ANSWERED && audit_due()) {
		__this_cpu_write(audited, current);
		return EEH_BPF_OUT_AUDITED;
	}
	return out;
}

static noinline enum eeh_bpf_outcome check_traced(struct canary *c)
{
	const struct pe_wrap *w = READ_ONCE(c->pe);
	u64 start = local_clock();
	enum eeh_bpf_outcome out = check_query(c);
	bool proof = out == EEH_BPF_OUT_ANSWERED || out == EEH_BPF_OUT_AUDITED;

	trace_eeh_freeze_query(0, EEH_BPF_TAP_CHECK, w->phb, w->addr,
			       proof ? EEH_BPF_EVIDENCE_CANARY : EEH_BPF_EVIDENCE_NONE, out,
			       local_clock() - start);
	return out;
}

/* Is there evidence that the PE of the address is not frozen? */
bool notrace __no_stack_protector tap_check_answer(phys_addr_t addr)
{
	struct canary *c;
	enum eeh_bpf_outcome out;

	__this_cpu_write(audited, NULL);
	c = canary_find(addr);
	if (!c)
		return false;
	out = trace_eeh_freeze_query_enabled() ? check_traced(c) : check_query(c);
	stat_check(out);
	return out == EEH_BPF_OUT_ANSWERED;
}

/* A PE is marked isolated, which for an audited check is the firmware's word. */
void tap_check_isolated(void)
{
	if (this_cpu_read(audited) != current)
		return;
	this_cpu_write(audited, NULL);
	stat_inc(STAT_DISAGREED);
	pr_alert_ratelimited("audit: a PE is frozen where its canary was not all-ones\n");
}

/* ---------------------------------------- what a canary must hear of before */

static atomic_t thaws_running;

/*
 * The fprobe can skip a call without a trace (when the task's shadow stack is full, say),
 * so an ftrace callback sits at the same entries. If one of them has seen more than the
 * other, no canary is loaded any more.
 */
static atomic_t thaws_entered, thaws_counted;

static void notrace tap_thaw(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *op,
			     struct ftrace_regs *fregs)
{
	atomic_inc(&thaws_entered);
	canary_suspend_all("thaw");
}

static struct ftrace_ops ops_thaw = { .func = tap_thaw, .flags = FTRACE_OPS_FL_PERMANENT };

static int thaw_entry(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
		      struct ftrace_regs *fregs, void *data)
{
	/* running before suspended: or it could be revived in between */
	atomic_inc(&thaws_running);
	atomic_inc(&thaws_counted);
	canary_suspend_all("thaw");
	return 0;
}

static void thaw_exit(struct fprobe *fp, unsigned long ip, unsigned long ret_ip,
		      struct ftrace_regs *fregs, void *data)
{
	atomic_dec(&thaws_running);
}

static struct fprobe thaw_probe = { .entry_handler = thaw_entry, .exit_handler = thaw_exit };

/* eeh_ops of both platforms, the struct pnv_phb's, and pci_controller_ops */
static const char *thaw_fns[] = {	/* register_fprobe_syms() sorts it in place */
	"pnv_eeh_reset",
	"pnv_eeh_set_option",
	"pnv_ioda_unfreeze_pe",
	"pnv_pci_reset_secondary_bus",
	"pseries_eeh_reset",
	"pseries_eeh_set_option",
};

/* pci_ops: (struct pci_bus *bus, unsigned int devfn, int where, int size, u32 val) */
static void notrace tap_pci_write(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	const struct pci_bus *bus = (void *)ftrace_regs_get_argument(fregs, 0);

	canary_suspend_dev(bus, ftrace_regs_get_argument(fregs, 1),
			   ftrace_regs_get_argument(fregs, 2));
}

/* eeh_ops: (struct eeh_dev *edev, int where, int size, u32 val) */
static void notrace tap_eeh_write(unsigned long ip, unsigned long parent_ip,
				  struct ftrace_ops *op, struct ftrace_regs *fregs)
{
	const struct eeh_dev *edev = (void *)ftrace_regs_get_argument(fregs, 0);

	if (edev->pdev)
		canary_suspend_dev(edev->pdev->bus, edev->pdev->devfn,
				   ftrace_regs_get_argument(fregs, 1));
	else
		canary_suspend_all("config-write");
}

static struct ftrace_ops ops_pci_write = {
	.func = tap_pci_write,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

static struct ftrace_ops ops_eeh_write = {
	.func = tap_eeh_write,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

static const char * const pci_write_fns[] = { "pnv_pci_write_config", "rtas_pci_write_config" };
static const char * const eeh_write_fns[] = { "pnv_eeh_write_config", "pseries_eeh_write_config" };

/* ----------------------------------------------------- arming and disarming */

static DEFINE_MUTEX(check_mutex);
static bool policy, wanted;		/* is there a policy, is there a canary? */
static bool armed, settled;
static const char *failed;		/* what could not be armed */

/* Looked up by name, and never armed */
static unsigned long address_of(const char *name)
{
	struct kprobe kp = { .symbol_name = name, .flags = KPROBE_FLAG_DISABLED };

	if (register_kprobe(&kp))
		return 0;
	unregister_kprobe(&kp);
	return (unsigned long)kp.addr;
}

/* @failed: what could not be probed */
int tap_probe(struct ftrace_ops *ops, const char * const *names, int n, const char **failed)
{
	unsigned long addr;
	int i, err;

	for (i = 0; i < n; i++) {
		addr = address_of(names[i]);
		err = addr ? ftrace_set_filter_ip(ops, addr, 0, i == 0) : -ENOENT;
		if (err) {
			*failed = names[i];
			goto err;
		}
	}
	err = register_ftrace_function(ops);
	if (!err)
		return 0;
	*failed = names[0];
err:
	ftrace_free_filter(ops);
	return err;
}

void tap_unprobe(struct ftrace_ops *ops)
{
	/* waits until no callback runs any more */
	if (unregister_ftrace_function(ops))
		pr_err("a probe could not be removed\n");
	ftrace_free_filter(ops);
}

static int arm(void)
{
	int err;

	/* What threatens the canaries comes first. */
	err = tap_probe(&ops_pci_write, pci_write_fns, ARRAY_SIZE(pci_write_fns), &failed);
	if (err)
		return err;
	err = tap_probe(&ops_eeh_write, eeh_write_fns, ARRAY_SIZE(eeh_write_fns), &failed);
	if (err)
		goto err_pci;
	err = tap_probe(&ops_thaw, thaw_fns, ARRAY_SIZE(thaw_fns), &failed);
	if (err)
		goto err_eeh;
	thaw_probe.nmissed = 0;
	failed = "the end of a thaw";
	err = register_fprobe_syms(&thaw_probe, thaw_fns, ARRAY_SIZE(thaw_fns));
	if (err)
		goto err_thaw;
	err = tap_hook_check(&failed);
	if (err)
		goto err_fprobe;
	failed = NULL;
	WRITE_ONCE(settled, false);
	WRITE_ONCE(armed, true);
	canary_check_armed();
	return 0;

err_fprobe:
	unregister_fprobe(&thaw_probe);
err_thaw:
	tap_unprobe(&ops_thaw);
err_eeh:
	tap_unprobe(&ops_eeh_write);
err_pci:
	tap_unprobe(&ops_pci_write);
	return err;
}

static void disarm(void)
{
	WRITE_ONCE(armed, false);
	tap_unhook_check();
	/* Nobody hears of thaws from here on. */
	canary_suspend_all("idle");
	/* One whose end is not seen would count as running for ever: none is worth that. */
	while (tap_check_busy())
		msleep(20);
	unregister_fprobe(&thaw_probe);
	tap_unprobe(&ops_thaw);
	tap_unprobe(&ops_eeh_write);
	tap_unprobe(&ops_pci_write);
}

static void update(void)
{
	bool want = policy && wanted;
	int err;

	lockdep_assert_held(&check_mutex);
	if (want == armed)
		return;
	if (!want) {
		disarm();
		return;
	}
	err = arm();
	if (err)
		pr_err("canaries are not used: %s can not be probed (%d)\n", failed, err);
}

void tap_check_policy(bool attached)
{
	guard(mutex)(&check_mutex);
	policy = attached;
	update();
}

void tap_check_want(bool any)
{
	guard(mutex)(&check_mutex);
	wanted = any;
	update();
}

bool tap_check_armed(void)
{
	return READ_ONCE(armed);
}

bool tap_check_busy(void)
{
	return atomic_read(&thaws_running);
}

/*
 * A thaw that had begun when the probes were armed is not counted. It does not sleep
 * before it takes effect, so one grace period is its end; canaries wait for that. The
 * two counts begin there, where no call is between the one and the other. May sleep.
 */
bool tap_check_settle(void)
{
	if (READ_ONCE(settled))
		return true;
	atomic_set(&thaws_entered, 0);
	atomic_set(&thaws_counted, 0);
	synchronize_rcu_tasks();
	synchronize_rcu();
	guard(mutex)(&check_mutex);
	if (armed && atomic_read(&thaws_entered) == atomic_read(&thaws_counted))
		WRITE_ONCE(settled, true);
	return settled;
}

/* A thaw that nobody heard of: from then on no canary proves anything. */
bool tap_check_missed(void)
{
	return READ_ONCE(thaw_probe.nmissed) ||
	       atomic_read(&thaws_entered) != atomic_read(&thaws_counted);
}
