// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taps for kernels without hooks: probes on two tracepoints of kvm-hv for what guests ask,
 * and an ftrace callback for the kernel's own checks.
 *
 * None changes where a function continues, so they coexist with BPF fentry/fexit
 * programs, kprobes and tracers. The hot one is a tracepoint for that reason, too:
 * where an ftrace callback shares its function with a BPF trampoline, powerpc calls it
 * through ftrace_regs_caller, which gives a task that was moved to another CPU
 * meanwhile the PACA of the one it left (docs/lab-known-issues.md).
 *
 * eeh_check_failure() asks eeh_addr_cache_get_dev() for the device of an address, which
 * nobody else does. If the answer is "not frozen" the callback there puts another address
 * in its place, one that belongs to no PCI device: eeh_check_failure() then returns 0 as it
 * would have, and counts the call in "no device" of /proc/powerpc/eeh.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ftrace.h>
#include <linux/hardirq.h>
#include <linux/kvm_host.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include <asm/hvcall.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>

#include "internal.h"

/* ------------------------------------------------------- what guests ask */

/* kvm_hcall_enter, in kvmppc_vcpu_run_hv() just before kvmppc_pseries_do_hcall() */
static void tap_hcall(void *data, struct kvm_vcpu *vcpu)
{
	int idx;

	if (likely(kvmppc_get_gpr(vcpu, 3) != H_RTAS))
		return;
	preempt_disable_notrace();
	idx = srcu_read_lock(&vcpu->kvm->srcu);
	rtas_hcall(vcpu);
	srcu_read_unlock(&vcpu->kvm->srcu, idx);
	preempt_enable_notrace();
}

/* kvmppc_run_vcpu_enter: the vCPU's thread is about to enter the guest */
static void tap_vcpu_run(void *data, struct kvm_vcpu *vcpu)
{
	if (likely(!atomic_read(&watch_active)))
		return;
	preempt_disable_notrace();
	tap_vcpu_back(vcpu);
	preempt_enable_notrace();
}

static DEFINE_MUTEX(hook_mutex);
static bool wanted, armed;

/* kvm-hv's tracepoints, while it is loaded */
enum { TP_RUN, TP_HCALL, TPS };

static const struct {
	const char *name;
	void (*probe)(void *data, struct kvm_vcpu *vcpu);
} kvm_probes[TPS] = {
	[TP_RUN] = { "kvmppc_run_vcpu_enter", tap_vcpu_run },
	[TP_HCALL] = { "kvm_hcall_enter", tap_hcall },
};

static struct tracepoint *kvm_tps[TPS];

/* Behind everybody else: tracers see the hcall that the guest made. */
#define TAP_PRIO	(TRACEPOINT_DEFAULT_PRIO - 10)

static void unprobe(int n)
{
	while (n--)
		tracepoint_probe_unregister(kvm_tps[n], kvm_probes[n].probe, NULL);
	/* waits until no probe runs any more */
	tracepoint_synchronize_unregister();
}

/* Without kvm-hv there is no such guest: not an error, see tap_kvm_notify(). */
static void arm_rtas(void)
{
	int i;

	lockdep_assert_held(&hook_mutex);
	if (armed || !wanted || !kvm_tps[TP_RUN] || !kvm_tps[TP_HCALL])
		return;
	for (i = 0; i < TPS; i++) {
		if (tracepoint_probe_register_prio(kvm_tps[i], kvm_probes[i].probe, NULL,
						   TAP_PRIO)) {
			unprobe(i);
			return;
		}
	}
	armed = true;
}

static void disarm_rtas(void)
{
	lockdep_assert_held(&hook_mutex);
	if (armed)
		unprobe(TPS);
	armed = false;
}

void tap_hook_rtas(bool on)
{
	guard(mutex)(&hook_mutex);
	wanted = on;
	if (on)
		arm_rtas();
	else
		disarm_rtas();
}

bool tap_hook_rtas_on(void)
{
	return READ_ONCE(armed);
}

static void find_tracepoints(const struct module *mod)
{
	int i, t;

	for (i = 0; i < mod->num_tracepoints; i++) {
		struct tracepoint *tp = tracepoint_ptr_deref(&mod->tracepoints_ptrs[i]);

		for (t = 0; t < TPS; t++)
			if (!strcmp(tp->name, kvm_probes[t].name))
				kvm_tps[t] = tp;
	}
}

/* Called for modules that are there already, too. */
static int tap_kvm_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct tp_module *tp_mod = data;

	if (strcmp(tp_mod->mod->name, "kvm_hv"))
		return NOTIFY_DONE;
	guard(mutex)(&hook_mutex);
	if (action == MODULE_STATE_COMING) {
		find_tracepoints(tp_mod->mod);
		arm_rtas();
	} else if (action == MODULE_STATE_GOING) {
		disarm_rtas();
		memset(kvm_tps, 0, sizeof(kvm_tps));
	}
	return NOTIFY_DONE;
}

static struct notifier_block tap_kvm_nb = {
	.notifier_call = tap_kvm_notify,
};

int tap_hook_init(void)
{
	return register_tracepoint_module_notifier(&tap_kvm_nb);
}

void tap_hook_exit(void)
{
	unregister_tracepoint_module_notifier(&tap_kvm_nb);
}

/* ------------------------------------------------ the kernel's own checks */

/* An address that no device has: eeh_addr_cache_insert_dev() leaves out what begins at 0 */
#define NOWHERE	0UL

/* struct eeh_dev *eeh_addr_cache_get_dev(unsigned long addr): only eeh_check_failure() calls it */
static void notrace __no_stack_protector tap_check(unsigned long ip, unsigned long parent_ip,
						   struct ftrace_ops *op,
						   struct ftrace_regs *fregs)
{
	unsigned long flags;

	if (in_nmi())
		return;
	local_irq_save(flags);
	if (tap_check_answer(ftrace_regs_get_argument(fregs, 0)))
		/* r3: the first argument here, the return value elsewhere */
		ftrace_regs_set_return_value(fregs, NOWHERE);
	local_irq_restore(flags);
}

static struct ftrace_ops ops_check = { .func = tap_check, .flags = FTRACE_OPS_FL_PERMANENT };

int tap_hook_check(const char **failed)
{
	static const char * const check_fn = "eeh_addr_cache_get_dev";

	return tap_probe(&ops_check, &check_fn, 1, failed);
}

void tap_unhook_check(void)
{
	tap_unprobe(&ops_check);
}
