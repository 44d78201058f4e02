/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Internal interfaces of the eeh_bpf module.
 *
 *   tap_native.c delivers the questions (hcalls, the kernel's own checks) where the
 *                kernel has hooks for them, kernel/patches/
 *   tap_stock.c  does so where it has none
 *   tap_probe.c  delivers what the kernel does with PEs
 *   tap_check.c  delivers what threatens a canary
 *   rtas.c       a guest's RTAS argument block: question in, answer out
 *   query.c      one query: policy, evidence, verdict, counters
 *   ops.c        the struct_ops type and the evidence kfuncs
 *   pe.c         wrappers around the kernel's struct eeh_pe
 *   canary.c     registers whose loads are evidence
 *   bind.c       which question of which VM means which PE
 *   watch.c      learning bindings, and auditing answers, by watching the VMM
 *   event.c      freezes: who noticed, and seeing that somebody does
 *   pe_log.c     the diagnostic data of freezes
 *   dev.c        /dev/eeh, and PEs in use by it
 *
 * Everything that a tap calls runs with preemption disabled, which is an RCU
 * read-side section, and does not sleep.
 */
#ifndef _EEH_BPF_INTERNAL_H
#define _EEH_BPF_INTERNAL_H

#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include <asm/eeh.h>

#include <eeh_bpf.h>
#include <eeh_dev.h>

/* For everything that must leave a tap for process context. */
extern struct workqueue_struct *core_wq;

struct eeh_pe;
struct ftrace_ops;
struct iommu_group;
struct kvm;
struct kvm_vcpu;
struct pci_bus;
struct pci_dev;

/* ------------------------------------------------------------------ pe.c */

/*
 * A PE as the core knows it. struct eeh_pe has no reference count and is freed
 * when its last device goes; a wrapper dies before that (see pe_notify()), so
 * whoever finds a wrapper alive inside an RCU read-side section may use ->pe
 * until the section ends.
 */
struct pe_wrap {
	struct hlist_node node;		/* in the hash of live wrappers */
	struct eeh_pe *pe;
	u64 cookie;
	u32 phb;			/* PCI domain */
	u32 addr;
	bool dead;
	unsigned int holds;		/* under pe_mutex */
	atomic_t gen;			/* counts resets and thaws: evidence from before is void */
	raw_spinlock_t state_lock;	/* one state request at a time, see pe_wrap_state() */
	bool resetting;			/* under state_lock: reset, and not configured yet */
	struct rcu_head rcu;
};

extern struct mutex pe_mutex;

int pe_init(void);
void pe_exit(void);
struct pe_wrap *pe_wrap_find(const struct eeh_pe *pe);		/* RCU */
struct pe_wrap *pe_wrap_get_or_create(struct eeh_pe *pe);	/* under pe_mutex */
struct pe_wrap *pe_wrap_hold(struct eeh_pe *pe);		/* may sleep */
void pe_wrap_put(struct pe_wrap *w);				/* may sleep */
void pe_wrap_drop_all(void);					/* may sleep */
int pe_wrap_state(struct pe_wrap *w);				/* RCU */
void pe_wrap_resetting(struct pe_wrap *w, bool resetting);	/* RCU */

/*
 * While the kernel resets or recovers a PE, or a parent of it, its state is
 * nobody's evidence: with EEH_PE_RESET set pnv_eeh_get_pe_state() even reports
 * "active" without asking the hardware.
 */
static inline bool pe_unsettled(const struct eeh_pe *pe)
{
	const struct eeh_pe *parent;

	if (READ_ONCE(pe->state) & (EEH_PE_RESET | EEH_PE_RECOVERING |
				    EEH_PE_CFG_BLOCKED | EEH_PE_REMOVED))
		return true;
	for (parent = READ_ONCE(pe->parent); parent; parent = READ_ONCE(parent->parent))
		if (READ_ONCE(parent->state) & (EEH_PE_ISOLATED | EEH_PE_RECOVERING |
						EEH_PE_RESET))
			return true;
	return false;
}

/* ---------------------------------------------------------------- bind.c */

/* The question as it stands in a guest's argument block. */
struct question {
	const struct kvm *kvm;
	u64 buid;
	u32 token;
	u32 addr;	/* config_addr */
	u32 nret;
};

#define QUERY_NARGS	3
#define QUERY_NRET_MIN	3
#define QUERY_NRET_MAX	5

struct binding {
	struct hlist_node node;		/* RCU */
	struct question q;
	struct pe_wrap *pe;
	struct vfio_device *vdev;	/* its struct device is held, */
	struct module *vdev_owner;	/* and its driver's module */
	struct bind_vm *vm;		/* under bind_lock */
	u64 vm_cookie;
	__be32 rets[QUERY_NRET_MAX];	/* what the VMM says for a normal PE */
	atomic64_t answered;
	struct rcu_work rwork;
};

#define BINDING_BITS	8

extern DECLARE_HASHTABLE(bindings, BINDING_BITS);

/* Not a hash yet: the hash table's functions make one of it. */
static inline u64 question_key(const struct question *q)
{
	return (unsigned long)q->kvm ^ q->buid ^ (u64)q->addr << 32 ^ q->token << 3 ^ q->nret;
}

/* Inside an RCU read-side section, or under bind.c's lock. */
static inline struct binding *binding_find(const struct question *q)
{
	struct binding *b;

	hash_for_each_possible_rcu_notrace(bindings, b, node, question_key(q))
		if (b->q.kvm == q->kvm && b->q.buid == q->buid && b->q.token == q->token &&
		    b->q.addr == q->addr && b->q.nret == q->nret)
			return b;
	return NULL;
}

int binding_add(const struct question *q, struct iommu_group *group, const __be32 *rets,
		unsigned int epoch);				/* may sleep */

/* Asked at every answer: the device may have been given to another VM since. */
static inline bool binding_owned_by(const struct binding *b, const struct kvm *kvm)
{
	return READ_ONCE(b->vdev->kvm) == kvm;
}

unsigned int binding_epoch(void);
void binding_drop_all(void);
void binding_drop_pe(const struct eeh_pe *pe);
void binding_drop_bus(const struct kvm *kvm, u64 buid);
ssize_t binding_show(char *buf);
void binding_flush(void);					/* may sleep */

/* --------------------------------------------------------------- query.c */

/* What a BPF program sees is the first member; the rest is the core's own. */
struct query {
	struct eeh_bpf_query q;
	struct pe_wrap *pe;
	struct canary *canary;		/* EEH_BPF_TAP_CHECK only */
	u32 evidence;			/* enum eeh_bpf_evidence */
	int gen;			/* pe->gen when the evidence was asked for */
};

/* @k may be uninitialised: what a BPF program can see is written in full. */
static __always_inline void query_init(struct query *k, struct pe_wrap *w, u32 tap, u64 vm,
				       u32 vcpu)
{
	*k = (struct query) {
		.q = {
			.vm = vm,
			.pe = w->cookie,
			.phb = w->phb,
			.pe_addr = w->addr,
			.tap = tap,
			.vcpu = vcpu,
		},
		.pe = w,
	};
}

void query_reject(void);
void query_policy_changed(void);

enum core_stat {	/* beside enum eeh_bpf_outcome */
	STAT_MISSED,
	STAT_LEARNED,
	STAT_DROPPED,
	STAT_DISAGREED,
	STAT_MAX,
};

struct counters {
	u64 outcome[EEH_BPF_OUT_MAX];
	u64 check[EEH_BPF_OUT_MAX];	/* of checks: counted in interrupts as well */
	u64 stat[STAT_MAX];
};

DECLARE_PER_CPU(struct counters, core_counters);

/*
 * The rtas tap counts with preemption disabled, and no interrupt counts, so a plain
 * per-CPU operation does.
 */
static inline void stat_outcome(enum eeh_bpf_outcome out)
{
	__this_cpu_inc(core_counters.outcome[out]);
}

static inline void stat_check(enum eeh_bpf_outcome out)
{
	__this_cpu_inc(core_counters.check[out]);
}

void stat_inc(enum core_stat stat);
void stat_add(enum core_stat stat, u64 n);
u64 stat_read_outcome(enum eeh_bpf_outcome out);
u64 stat_read_queries(void);
u64 stat_read_check(enum eeh_bpf_outcome out);
u64 stat_read_check_queries(void);
u64 stat_read(enum core_stat stat);

extern bool core_enabled;		/* the kill switch */
extern unsigned int core_audit;		/* 1 in N, 0: off */
extern bool core_bypassed;
extern unsigned int core_reject_limit;

/* ----------------------------------------------------------------- ops.c */

int bpf_eeh_state(struct eeh_bpf_query *q);
int ops_init(void);
bool ops_attached(void);
void ops_name(char *buf);
extern struct eeh_bpf_ops __rcu *core_policy;	/* NULL: none attached */
bool ops_may_learn(struct query *k);
void ops_event(const struct pe_wrap *w, const struct eeh_pe *pe, u64 vm, u32 type, u32 arg);

/* -------------------------------------------------------------- canary.c */

struct canary {
	struct hlist_node node;		/* RCU, by chunk */
	struct list_head list;		/* under canary.c's mutex */
	struct pci_dev *pdev;		/* referenced */
	struct pe_wrap *pe;		/* held, see pe_wrap_hold() */
	phys_addr_t start;		/* what it speaks for */
	phys_addr_t last;
	int bar;
	u64 offset;
	unsigned int width;
	u64 ones;			/* all-ones of that width */
	u64 mask, want;
	phys_addr_t bar_start;
	void __iomem *map;
	void __iomem *reg;
	u64 load_ns, query_ns;

	unsigned long lock;		/* a bit; taken in interrupts, too */
	bool live;
	const char *reason;		/* why it is not live */
	unsigned int suspends;
	unsigned int seen;		/* canary_revive(): under canary_mutex */
	bool ready;
	u64 value;			/* the last one */
	u64 answered, allones, mismatch;
};

#define CANARY_BITS	6
#define CHUNK_SHIFT	24		/* 16 MiB */

extern DECLARE_HASHTABLE(canaries, CANARY_BITS);

static inline u64 chunk_of(phys_addr_t addr)
{
	return addr >> CHUNK_SHIFT;
}

/* RCU */
static inline struct canary *canary_find(phys_addr_t addr)
{
	struct canary *c;

	hlist_for_each_entry_rcu_notrace(c, &canaries[chunk_of(addr) % HASH_SIZE(canaries)], node)
		if (addr >= c->start && addr <= c->last)
			return c;
	return NULL;
}

bool canary_load(struct canary *c);	/* with interrupts off */
int bpf_eeh_canary(struct eeh_bpf_query *q);
int canary_init(void);
void canary_exit(void);
void canary_suspend_all(const char *reason);			/* not in NMIs */
void canary_suspend_dev(const struct pci_bus *bus, unsigned int devfn, int where);
void canary_check_armed(void);
int canary_command(char *s);					/* may sleep */
ssize_t canary_show(char *buf);

/* --------------------------------------------------------------- watch.c */

int watch_init(void);
void watch_exit(void);
void watch_learn(struct kvm_vcpu *vcpu, const struct question *q, unsigned long rets_hva);
bool watch_audit(struct kvm_vcpu *vcpu, const struct binding *b, unsigned long rets_hva);
void watch_eeh_op(struct iommu_group *group);
void watch_vcpu_run(struct kvm_vcpu *vcpu);
void watch_cancel_all(void);		/* may sleep; no tap may be armed */
extern atomic_t watch_active;

/* ---------------------------------------------------------------- rtas.c */

bool rtas_hcall(struct kvm_vcpu *vcpu);	/* answered? with kvm->srcu held */

/* ------------------------------------------- tap_native.c or tap_stock.c */

#ifdef EEH_BPF_NATIVE
#define TAP_NATIVE	true
#else
#define TAP_NATIVE	false
#endif

int tap_hook_init(void);
void tap_hook_exit(void);
void tap_hook_rtas(bool on);		/* may sleep; once off, it runs no more */
bool tap_hook_rtas_on(void);
int tap_hook_check(const char **failed);	/* may sleep */
void tap_unhook_check(void);		/* may sleep; it runs no more then */

/* A vCPU goes on after the VMM answered. */
static inline void tap_vcpu_back(struct kvm_vcpu *vcpu)
{
	if (unlikely(atomic_read(&watch_active)))
		watch_vcpu_run(vcpu);
}

/* ----------------------------------------------------------- tap_probe.c */

int tap_arm(void);			/* may sleep */
void tap_disarm(void);			/* may sleep; no tap runs afterwards */
int tap_init(void);
void tap_exit(void);
ssize_t tap_show(char *buf);

/* What happens to PEs is heard of while a policy is attached, or between these two. */
int tap_event_get(void);		/* may sleep */
void tap_event_put(void);		/* may sleep */

/* ----------------------------------------------------------- tap_check.c */

void tap_check_policy(bool attached);	/* may sleep */
void tap_check_want(bool any);		/* is there a canary? may sleep */
bool tap_check_answer(phys_addr_t addr);	/* with interrupts off, not in NMIs */
void tap_check_isolated(void);
bool tap_check_armed(void);
bool tap_check_busy(void);		/* a thaw or reset is under way */
bool tap_check_settle(void);		/* since it was armed; may sleep */
bool tap_check_missed(void);
int tap_probe(struct ftrace_ops *ops, const char * const *names, int n, const char **failed);
void tap_unprobe(struct ftrace_ops *ops);

/* ----------------------------------------------------------------- dev.c */

/* A PE in use is not freed; what may sleep is done with it, unlike with a wrapper. */
struct pe_use {
	struct list_head node;
	struct eeh_pe *pe;
	struct pe_wrap *wrap;
	bool exclusive;
};

enum pe_use_mode {
	PE_USE_SHARED,		/* to ask */
	PE_USE_EXCLUSIVE,	/* to change it, unless a driver of this kernel uses it */
	PE_USE_HOST,		/* to change it, even then */
};

int pe_use_init(void);
void pe_use_exit(void);
int pe_use_begin(struct pe_use *u, u32 phb, u32 addr, enum pe_use_mode mode);	/* may sleep */
void pe_use_end(struct pe_use *u);				/* may sleep */
void pe_use_lock(void);
void pe_use_unlock(void);
bool pe_use_going(const struct pci_dev *pdev);			/* under the lock */

int dev_init(void);
void dev_exit(void);
void dev_signal(u32 phb, u32 addr);				/* may sleep */

/* --------------------------------------------------------------- event.c */

void event_arm(void);			/* may sleep */
void event_disarm(void);		/* may sleep */
void event_sweep(bool on);		/* may sleep */
void event_isolated(struct eeh_pe *pe);
void event_thawed(const struct eeh_pe *pe, int option);		/* EEH_OPT_*; -1: reset */
int event_ask(struct pe_use *u, enum eeh_source source);	/* may sleep */
bool event_may_inject(const struct eeh_pe *pe);
void event_recorded(u32 phb, u32 addr, u64 seq);
u64 event_record(u32 phb, u32 addr);

/* -------------------------------------------------------------- pe_log.c */

void pe_log_frozen(struct eeh_pe *pe, enum eeh_source source, bool fresh);
void pe_log_fetched(const void *data, bool ok);
void pe_log_flush(void);					/* may sleep */
u64 pe_log_stale(const struct pe_use *u, enum eeh_source source);	/* may sleep */
int pe_log_read(struct eeh_dev_log *log);			/* may sleep */
u32 pe_log_flags(u32 phb, u32 addr, u64 seq);			/* may sleep */
void pe_log_exit(void);

/* --------------------------------------------------------------- sysfs.c */

int sysfs_init(void);
void sysfs_exit(void);

/* Called with preemption disabled; @k->pe is alive. */
static __always_inline enum eeh_bpf_outcome query_decide(struct query *k)
{
	const struct eeh_bpf_ops *policy = rcu_dereference_sched(core_policy);

	if (!policy || policy->freeze_query(&k->q) != EEH_BPF_ANSWER)
		return EEH_BPF_OUT_PASSED;

	if (!k->evidence) {
		query_reject();
		return EEH_BPF_OUT_REJECTED;
	}
	/* Evidence from before a reset, a thaw or the end of the PE proves nothing. */
	if (READ_ONCE(k->pe->dead) || atomic_read(&k->pe->gen) != k->gen)
		return EEH_BPF_OUT_REJECTED;
	return EEH_BPF_OUT_ANSWERED;
}

#endif /* _EEH_BPF_INTERNAL_H */
