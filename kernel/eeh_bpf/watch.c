// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watching a VMM answer one query: to learn a binding, or to audit an answer.
 *
 * A watch starts when a query is passed on, and follows the vCPU's thread out
 * of KVM_RUN. It notes every EEH operation that VFIO does for that thread, by the
 * IOMMU group that VFIO looks the PE up with (eeh_iommu_group_to_pe() has no
 * other caller), and ends when the thread enters the guest again: then the
 * answer of the VMM is in the guest's memory.
 *
 * Learning: bind only if exactly one operation ran, so for one group, and the
 * VMM said that the PE is normal. Bindings are made in process context, see
 * core_wq. A question that could not be bound is not watched again for a second,
 * unless something happens that could make a difference (see binding_epoch()).
 *
 * Audit: compare the answer of the VMM with the one that the core held back.
 *
 * A VMM that asks VFIO in another thread than the vCPU's is never bound.
 *
 * The question and the answer lie in guest memory, which the guest can change
 * under us. It can not gain anything by that: a binding only ever names a PE
 * that the VMM asked for in this thread and whose VFIO device belongs to this
 * very VM (binding_add()), and the answer rests on that PE's evidence.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/kvm_host.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "internal.h"

#define WATCHES		64
#define WATCH_EXPIRES	(5 * HZ)	/* the thread never came back */

enum watch_state { WATCH_FREE, WATCH_SETUP, WATCH_RUNNING, WATCH_QUEUED };

struct watch {
	atomic_t state;			/* enum watch_state */
	struct task_struct *task;	/* only compared; it is current while RUNNING */
	struct kvm_vcpu *vcpu;		/* only compared */
	struct question q;
	unsigned long rets_hva;
	unsigned long started;
	unsigned int epoch;
	bool audit;
	unsigned int requests;
	struct iommu_group *group;	/* only compared */
	__be32 rets[QUERY_NRET_MAX];	/* audit: the answer held back; learn: the VMM's */
	struct work_struct work;
};

static struct watch watches[WATCHES];
atomic_t watch_active;			/* watches that are not free */

struct workqueue_struct *core_wq;

static void watch_end(struct watch *w)
{
	atomic_set_release(&w->state, WATCH_FREE);
	atomic_dec(&watch_active);
}

static bool watch_take_if_running(struct watch *w)
{
	return atomic_cmpxchg_acquire(&w->state, WATCH_RUNNING, WATCH_SETUP) == WATCH_RUNNING;
}

static bool watch_expired(const struct watch *w)
{
	return time_after(jiffies, READ_ONCE(w->started) + WATCH_EXPIRES);
}

static struct watch *watch_claim(void)
{
	struct watch *w;
	int i;

	for (i = 0; i < WATCHES; i++) {
		w = &watches[i];
		if (atomic_cmpxchg_acquire(&w->state, WATCH_FREE, WATCH_SETUP) == WATCH_FREE) {
			atomic_inc(&watch_active);
			return w;
		}
	}
	stat_inc(STAT_MISSED);
	return NULL;
}

/*
 * Take the running watch of this thread; watch_resume() or watch_end() gives it
 * back. Those that expired, as their threads never came back, end on the way.
 */
static struct watch *watch_take(void)
{
	struct watch *w;
	int i;

	for (i = 0; i < WATCHES; i++) {
		w = &watches[i];
		if (atomic_read(&w->state) != WATCH_RUNNING ||
		    (READ_ONCE(w->task) != current && !watch_expired(w)) ||
		    !watch_take_if_running(w))
			continue;
		/* now that it is ours, look again */
		if (w->task == current)
			return w;
		if (watch_expired(w))
			watch_end(w);
		else
			atomic_set_release(&w->state, WATCH_RUNNING);
	}
	return NULL;
}

static void watch_resume(struct watch *w)
{
	atomic_set_release(&w->state, WATCH_RUNNING);
}

static struct watch *watch_start(struct kvm_vcpu *vcpu, const struct question *q,
				 unsigned long rets_hva)
{
	struct watch *w;

	/* One that the thread left behind: its last exit was not for an hcall. */
	if (atomic_read(&watch_active)) {
		w = watch_take();
		if (w)
			watch_end(w);
	}
	w = watch_claim();
	if (!w)
		return NULL;
	WRITE_ONCE(w->task, current);
	w->vcpu = vcpu;
	w->q = *q;
	w->rets_hva = rets_hva;
	w->epoch = binding_epoch();
	w->audit = false;
	w->requests = 0;
	w->group = NULL;
	WRITE_ONCE(w->started, jiffies);
	return w;
}

/*
 * Questions that were watched in vain. Only a hint, so that a VM that can not be
 * bound, or another call of the same shape, does not pay for a watch each time:
 * entries may be overwritten, torn or share a slot.
 */
#define GIVE_UPS	64

static struct {
	u64 key;
	unsigned long until;
} given_up[GIVE_UPS];

static u64 give_up_key(const struct question *q, unsigned int epoch)
{
	return hash_64(question_key(q) ^ epoch, 64);
}

static void give_up(const struct question *q, unsigned int epoch)
{
	u64 key = give_up_key(q, epoch);

	WRITE_ONCE(given_up[key % GIVE_UPS].until, jiffies + HZ);
	WRITE_ONCE(given_up[key % GIVE_UPS].key, key);
}

static bool is_given_up(const struct question *q)
{
	u64 key = give_up_key(q, binding_epoch());

	return READ_ONCE(given_up[key % GIVE_UPS].key) == key &&
	       time_before(jiffies, READ_ONCE(given_up[key % GIVE_UPS].until));
}

void watch_learn(struct kvm_vcpu *vcpu, const struct question *q, unsigned long rets_hva)
{
	struct watch *w;

	if (is_given_up(q))
		return;
	w = watch_start(vcpu, q, rets_hva);
	if (w)
		watch_resume(w);
}

bool watch_audit(struct kvm_vcpu *vcpu, const struct binding *b, unsigned long rets_hva)
{
	struct watch *w = watch_start(vcpu, &b->q, rets_hva);

	if (!w)
		return false;
	w->audit = true;
	memcpy(w->rets, b->rets, sizeof(w->rets));
	watch_resume(w);
	return true;
}

void watch_eeh_op(struct iommu_group *group)
{
	struct watch *w = watch_take();

	if (!w)
		return;
	w->requests++;
	w->group = group;
	watch_resume(w);
}

/* PAPR, ibm,read-slot-reset-state2: status, state, EEH capable, unavail_ms, recovery */
static bool rets_say_normal(const __be32 *rets, u32 nret)
{
	return rets[0] == 0 && rets[1] == 0 && rets[2] == cpu_to_be32(1) &&
	       (nret < 5 || rets[4] == 0);
}

static void watch_bind(struct work_struct *work)
{
	struct watch *w = container_of(work, struct watch, work);

	if (binding_add(&w->q, w->group, w->rets, w->epoch))
		give_up(&w->q, w->epoch);
	watch_end(w);
}

/* The thread is about to enter the guest: the VMM has answered. */
void watch_vcpu_run(struct kvm_vcpu *vcpu)
{
	struct watch *w = watch_take();
	__be32 rets[QUERY_NRET_MAX];

	if (!w)
		return;
	if (w->vcpu != vcpu ||
	    copy_from_user_nofault(rets, (void __user *)w->rets_hva, w->q.nret * sizeof(*rets))) {
		watch_end(w);
		return;
	}
	if (w->audit) {
		if (memcmp(rets, w->rets, w->q.nret * sizeof(*rets))) {
			stat_inc(STAT_DISAGREED);
			pr_alert_ratelimited("audit: the VMM answered status %d state %u where the core had evidence for normal\n",
					     be32_to_cpu(rets[0]), be32_to_cpu(rets[1]));
		}
		watch_end(w);
		return;
	}
	if (w->requests != 1 || w->epoch != binding_epoch() ||
	    !rets_say_normal(rets, w->q.nret)) {
		give_up(&w->q, w->epoch);
		watch_end(w);
		return;
	}
	memcpy(w->rets, rets, sizeof(w->rets));
	atomic_set_release(&w->state, WATCH_QUEUED);
	queue_work(core_wq, &w->work);
}

void watch_cancel_all(void)
{
	int i;

	flush_workqueue(core_wq);
	for (i = 0; i < WATCHES; i++)
		if (atomic_read(&watches[i].state) != WATCH_FREE)
			watch_end(&watches[i]);
}

int watch_init(void)
{
	int i;

	core_wq = alloc_workqueue("eeh_bpf", WQ_UNBOUND, 0);
	if (!core_wq)
		return -ENOMEM;
	for (i = 0; i < WATCHES; i++)
		INIT_WORK(&watches[i].work, watch_bind);
	return 0;
}

void watch_exit(void)
{
	destroy_workqueue(core_wq);
}
