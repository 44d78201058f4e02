// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct_ops type eeh_bpf_ops and the evidence kfuncs.
 *
 * One policy at a time. Attaching one arms the taps, detaching the last one
 * disarms them and forgets all bindings; replacing one (bpf_link_update) swaps
 * the pointer, and no query goes without a policy.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bpf.h>
#include <linux/bpf_verifier.h>
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sysfs.h>

#include <asm/eeh.h>
#include <asm/pci-bridge.h>

#include "internal.h"

struct eeh_bpf_ops __rcu *core_policy;
static DEFINE_MUTEX(policy_mutex);	/* attach, detach, replace */

/* ------------------------------------------------------- evidence kfuncs */

__bpf_kfunc_start_defs();

/**
 * bpf_eeh_state - gather evidence: ask firmware for the state of the PE
 * @q: the query that the program was called with
 *
 * Return: 0 if the PE is normal now, and the query has evidence for the answer
 * "not frozen"; an EEH_PE_STATE_* above 0 if it is not; -EAGAIN if the kernel is
 * resetting or recovering the PE or a parent of it; another negative errno if
 * firmware could not be asked; -EOPNOTSUPP in a query of EEH_BPF_TAP_CHECK, which
 * may come from an interrupt.
 */
__bpf_kfunc int bpf_eeh_state(struct eeh_bpf_query *q)
{
	struct query *k = container_of(q, struct query, q);
	int gen = atomic_read(&k->pe->gen);
	int state;

	if (k->canary)
		return -EOPNOTSUPP;
	state = pe_wrap_state(k->pe);
	if (state == EEH_PE_STATE_NORMAL) {
		k->evidence |= EEH_BPF_EVIDENCE_STATE;
		k->gen = gen;
	} else {
		/* what was true a moment ago is not any more */
		k->evidence = EEH_BPF_EVIDENCE_NONE;
	}
	return state;
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(eeh_bpf_kfunc_ids)
BTF_ID_FLAGS(func, bpf_eeh_state)
BTF_ID_FLAGS(func, bpf_eeh_canary)
BTF_KFUNCS_END(eeh_bpf_kfunc_ids)

static const struct btf_kfunc_id_set eeh_bpf_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &eeh_bpf_kfunc_ids,
};

/* ------------------------------------------------------- calling programs */

bool ops_attached(void)
{
	return rcu_access_pointer(core_policy);
}

void ops_name(char *buf)
{
	const struct eeh_bpf_ops *ops;

	guard(rcu)();
	ops = rcu_dereference(core_policy);
	strscpy(buf, ops ? ops->name : "", EEH_BPF_NAME_LEN);
}

bool ops_may_learn(struct query *k)
{
	const struct eeh_bpf_ops *ops;

	/* As for freeze_query(): the programs run with preemption disabled. */
	guard(preempt)();
	ops = rcu_dereference_sched(core_policy);
	return ops && (!ops->learn || !ops->learn(&k->q));
}

void ops_event(const struct pe_wrap *w, const struct eeh_pe *pe, u64 vm, u32 type, u32 arg)
{
	const struct eeh_bpf_ops *ops;
	struct eeh_bpf_event e;

	guard(preempt_notrace)();
	ops = rcu_dereference_sched(core_policy);
	if (!ops || !ops->event)
		return;
	e = (struct eeh_bpf_event) {
		.vm = vm,
		.pe = w ? w->cookie : 0,
		.phb = pe->phb->global_number,
		.pe_addr = pe->addr,
		.type = type,
		.arg = arg,
	};
	ops->event(&e);
}

/* ------------------------------------------------------------ struct_ops */

static int ops_btf_init(struct btf *btf)
{
	return 0;
}

static bool ops_is_valid_access(int off, int size, enum bpf_access_type type,
				const struct bpf_prog *prog, struct bpf_insn_access_aux *info)
{
	return bpf_tracing_btf_ctx_access(off, size, type, prog, info);
}

static const struct bpf_func_proto *ops_get_func_proto(enum bpf_func_id id,
						       const struct bpf_prog *prog)
{
	return bpf_base_func_proto(id, prog);
}

/* No btf_struct_access: a program may write to nothing of the kernel's. */
static const struct bpf_verifier_ops ops_verifier_ops = {
	.is_valid_access = ops_is_valid_access,
	.get_func_proto = ops_get_func_proto,
};

/* The taps can not sleep, so neither can the programs. */
static int ops_check_member(const struct btf_type *t, const struct btf_member *member,
			    const struct bpf_prog *prog)
{
	return prog->sleepable ? -EINVAL : 0;
}

static int ops_init_member(const struct btf_type *t, const struct btf_member *member,
			   void *kdata, const void *udata)
{
	const struct eeh_bpf_ops *u = udata;
	struct eeh_bpf_ops *k = kdata;

	switch (__btf_member_bit_offset(t, member) / 8) {
	case offsetof(struct eeh_bpf_ops, abi_version):
		if (u->abi_version != EEH_BPF_ABI_VERSION) {
			pr_err_ratelimited("policy was built for interface version %u, this module has %u: rebuild it with the module's eeh_bpf.h\n",
					   u->abi_version, EEH_BPF_ABI_VERSION);
			return -EINVAL;
		}
		k->abi_version = u->abi_version;
		return 1;
	case offsetof(struct eeh_bpf_ops, flags):
		if (u->flags & ~EEH_BPF_F_CANARY)
			return -EINVAL;
		k->flags = u->flags;
		return 1;
	case offsetof(struct eeh_bpf_ops, name):
		if (bpf_obj_name_cpy(k->name, u->name, sizeof(k->name)) <= 0)
			return -EINVAL;
		return 1;
	}
	return 0;
}

static int ops_validate(void *kdata)
{
	const struct eeh_bpf_ops *ops = kdata;

	return ops->freeze_query ? 0 : -EINVAL;
}

static int ops_reg(void *kdata, struct bpf_link *link)
{
	int err;

	guard(mutex)(&policy_mutex);
	if (ops_attached())
		return -EBUSY;
	query_policy_changed();
	rcu_assign_pointer(core_policy, kdata);
	err = tap_arm();
	if (err) {
		rcu_assign_pointer(core_policy, NULL);
		synchronize_rcu();
	}
	return err;
}

static void ops_unreg(void *kdata, struct bpf_link *link)
{
	guard(mutex)(&policy_mutex);
	rcu_assign_pointer(core_policy, NULL);
	tap_disarm();
	watch_cancel_all();
	binding_drop_all();
	pe_wrap_drop_all();
	/* learn() and event() run outside of taps as well */
	synchronize_rcu();
	binding_flush();
}

static int ops_update(void *kdata, void *old_kdata, struct bpf_link *link)
{
	guard(mutex)(&policy_mutex);
	if (rcu_access_pointer(core_policy) != old_kdata)
		return -ENOENT;
	query_policy_changed();
	rcu_assign_pointer(core_policy, kdata);
	/* nobody runs the old one when it goes */
	synchronize_rcu();
	return 0;
}

static int stub_freeze_query(struct eeh_bpf_query *q)
{
	return EEH_BPF_PASS;
}

static int stub_learn(struct eeh_bpf_query *q)
{
	return 0;
}

static void stub_event(struct eeh_bpf_event *e)
{
}

static struct eeh_bpf_ops ops_cfi_stubs = {
	.freeze_query = stub_freeze_query,
	.learn = stub_learn,
	.event = stub_event,
};

static struct bpf_struct_ops bpf_eeh_bpf_ops = {
	.verifier_ops = &ops_verifier_ops,
	.init = ops_btf_init,
	.check_member = ops_check_member,
	.init_member = ops_init_member,
	.validate = ops_validate,
	.reg = ops_reg,
	.unreg = ops_unreg,
	.update = ops_update,
	.cfi_stubs = &ops_cfi_stubs,
	.name = "eeh_bpf_ops",
	.owner = THIS_MODULE,
};

int ops_init(void)
{
	int err = register_btf_kfunc_id_set(BPF_PROG_TYPE_STRUCT_OPS, &eeh_bpf_kfunc_set);

	return err ?: register_bpf_struct_ops(&bpf_eeh_bpf_ops, eeh_bpf_ops);
}
