// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's H_RTAS: find out whether it asks for the state of a PE, have that
 * decided, and answer it in place.
 *
 * PAPR, "RTAS Argument Buffer": big-endian words token, nargs, nret, then nargs
 * arguments, then nret results. The call that matters is
 * ibm,read-slot-reset-state2: config_addr, BUID high, BUID low in; status,
 * state, EEH capable, unavailable time[, recovery] out. The token is the VMM's
 * choice; it is part of the learned binding, so only the shape is known here.
 */
#include <linux/kvm_host.h>
#include <linux/sched/clock.h>

#include <asm/hvcall.h>
#include <asm/kvm_book3s.h>
#include <asm/kvm_ppc.h>

#include "guest_block.h"
#include "internal.h"
#include "trace.h"

struct rtas_block {
	__be32 token, nargs, nret;
	__be32 args[4];		/* as many as any call that is looked at has */
};

#define QUERY_RETS	(offsetof(struct rtas_block, args) + QUERY_NARGS * sizeof(__be32))
#define QUERY_BYTES	(QUERY_RETS + QUERY_NRET_MAX * sizeof(__be32))

/*
 * The result is in guest memory; what is left of the hcall is to return
 * H_SUCCESS. Skipping the function from a probe would break BPF trampolines on
 * it, so let it run, as a call that does just that: H_CONFER to nobody. r4 is
 * volatile across an hcall (PAPR, "Register Usage"). A hook does that by itself.
 */
static void finish_hcall(struct kvm_vcpu *vcpu)
{
	if (TAP_NATIVE)
		return;
	kvmppc_set_gpr(vcpu, 3, H_CONFER);
	kvmppc_set_gpr(vcpu, 4, -1UL);
}

static bool can_finish_hcall(const struct kvm *kvm)
{
	return test_bit(H_CONFER / 4, kvm->arch.enabled_hcalls);
}

/* One in core_audit answers is held back and compared with the VMM's. */
static bool audit_due(struct binding *b)
{
	unsigned int n = READ_ONCE(core_audit);

	return n && atomic64_read(&b->answered) % n == n - 1;
}

static enum eeh_bpf_outcome query(struct kvm_vcpu *vcpu, const struct question *question,
				  struct guest_block *g, struct query *k)
{
	enum eeh_bpf_outcome out;
	struct binding *b;

	if (!READ_ONCE(core_enabled) || READ_ONCE(core_bypassed) ||
	    (!TAP_NATIVE && !can_finish_hcall(vcpu->kvm)))
		return EEH_BPF_OUT_BYPASSED;

	b = binding_find(question);
	if (!b) {
		watch_learn(vcpu, question, g->hva + QUERY_RETS);
		return EEH_BPF_OUT_UNBOUND;
	}
	query_init(k, b->pe, EEH_BPF_TAP_RTAS, b->vm_cookie, vcpu->vcpu_id);

	if (!binding_owned_by(b, vcpu->kvm)) {
		/* learned between eeh_dev_release() and the end of the close */
		binding_drop_pe(b->pe->pe);
		return EEH_BPF_OUT_NOT_OWNER;
	}

	out = query_decide(k);
	if (out != EEH_BPF_OUT_ANSWERED)
		return out;

	if (audit_due(b) && watch_audit(vcpu, b, g->hva + QUERY_RETS)) {
		atomic64_inc(&b->answered);
		return EEH_BPF_OUT_AUDITED;
	}
	if (!guest_block_write(g, QUERY_RETS, b->rets, question->nret))
		return EEH_BPF_OUT_FAULT;
	atomic64_inc(&b->answered);
	finish_hcall(vcpu);
	return EEH_BPF_OUT_ANSWERED;
}

/*
 * Calls after which a question may mean another PE, known by their shape as
 * their tokens are not: ibm,get-config-addr-info2 (4 in, 2 out, function 0 or 1)
 * and ibm,set-eeh-option (4 in, 1 out; ibm,set-slot-reset looks the same, and
 * costs a binding, too). The register fields of config_addr are 0 in a device's
 * address and 1 in the PE addresses that QEMU gives out, which tells them from
 * most ibm,read-pci-config calls (also 4 in, 2 out).
 */
static bool reconfigures(const struct rtas_block *blk)
{
	if (blk->nargs != cpu_to_be32(4) || (be32_to_cpu(blk->args[0]) & 0xf00000fe))
		return false;
	switch (be32_to_cpu(blk->nret)) {
	case 1:
		return be32_to_cpu(blk->args[3]) <= 5;
	case 2:
		return be32_to_cpu(blk->args[3]) <= 1;
	}
	return false;
}

static bool handle_block(struct kvm_vcpu *vcpu, struct guest_block *g,
			 const struct rtas_block *blk)
{
	bool trace = trace_eeh_freeze_query_enabled();
	u64 start = trace ? local_clock() : 0;
	u32 nret = be32_to_cpu(blk->nret);
	u64 buid = (u64)be32_to_cpu(blk->args[1]) << 32 | be32_to_cpu(blk->args[2]);
	enum eeh_bpf_outcome out;
	struct query k __uninitialized;

	if (blk->nargs != cpu_to_be32(QUERY_NARGS) ||
	    nret < QUERY_NRET_MIN || nret > QUERY_NRET_MAX) {
		if (reconfigures(blk))
			binding_drop_bus(vcpu->kvm, buid);
		return false;
	}

	if (trace)	/* what is traced, even without a binding */
		k = (struct query) {};
	out = query(vcpu, &(struct question) {
			.kvm = vcpu->kvm,
			.token = be32_to_cpu(blk->token),
			.addr = be32_to_cpu(blk->args[0]),
			.buid = buid,
			.nret = nret,
		    }, g, &k);
	stat_outcome(out);
	if (trace)
		trace_eeh_freeze_query(k.q.vm, EEH_BPF_TAP_RTAS, k.q.phb, k.q.pe_addr, k.evidence,
				       out, local_clock() - start);
	return out == EEH_BPF_OUT_ANSWERED;
}

/*
 * Called in the vCPU's thread, before its H_RTAS is handled, with preemption disabled and
 * kvm->srcu held. Most calls are none that is looked at, so that is found out first.
 */
bool rtas_hcall(struct kvm_vcpu *vcpu)
{
	struct guest_block g __uninitialized;
	struct rtas_block blk __uninitialized;

	/* a copy: another vCPU may be writing to it */
	if (!guest_block_get(&g, vcpu, kvmppc_get_gpr(vcpu, 4) & KVM_PAM, QUERY_BYTES) ||
	    !guest_block_read(&g, (__be32 *)&blk, sizeof(blk) / sizeof(__be32))) {
		stat_outcome(EEH_BPF_OUT_FAULT);
		return false;
	}
	return handle_block(vcpu, &g, &blk);
}
