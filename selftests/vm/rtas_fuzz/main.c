// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtas_fuzz: a guest that calls its firmware with argument blocks that are no questions.
 *
 * The guest's kernel is given less memory than the machine has (mem=): what is behind it, up to the
 * end of RAM, is ours, and so is all that has no memory. Every address that is handed out, of a
 * block, of its results or of a buffer in it, is there, so whatever the hypervisor writes hurts
 * nobody here. Left alone are calls that end or change the machine: what is neither in calls[] nor
 * unknown to /rtas is never made.
 *
 * Parameters: base, size: the memory that is ours. dev: the device whose PE is ours. others: PEs
 * that another VM has, as "BUID:ADDR,...". stock=1: the VMM is stock QEMU, which looks at
 * the BUID alone, and dies of a word across the end of a mapped BAR.
 *
 * /sys/kernel/rtas_fuzz/
 *	run	write "MODE SEED CALLS": returns when the calls have been made. MODE is
 *		still	nothing that changes the PE, by one CPU: the same seed gives the same digest
 *		wild	thaws, resets (a few: they take seconds), injections; and a second CPU that
 *			calls as well and writes into the blocks of the first. Then the PE is
 *			recovered
 *	state	the state that mode still expects of the PE (0)
 *	result	the counts of the last run, one line of JSON
 *	refuted	the first call that was answered as it may not be
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crc32.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kobject.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sysfs.h>
#include <linux/unaligned.h>

#include <asm/hvcall.h>
#include <asm/plpar_wrappers.h>

#include "rtas_fuzz.h"

#define SLOW		6		/* calls of a run that take seconds */
#define GUARD		64		/* bytes before a block and behind it that are looked at */
#define WINDOW		(GUARD + 4 * WORDS + 32 + GUARD)

static DEFINE_MUTEX(lock);
static char *result, *refuted;

/* ---- What became of it */

static void tell(struct fuzz *f, const char *what, u64 at, const u32 *w, long ret, u32 status,
		 u32 st)
{
	if (!*refuted)
		scnprintf(refuted, PAGE_SIZE,
			  "%s: call %llu at %#llx: token=%#x nargs=%u nret=%u args=%#x,%#x,%#x,%#x hcall=%ld rets=%#x,%#x\n",
			  what, f->c.calls, at, w[0], w[1], w[2], w[3], w[4], w[5], w[6], ret,
			  status, st);
}

static void count_status(struct fuzz *f, s32 status)
{
	struct counts *c = &f->c;

	switch (status) {
	case 0:
		c->ok++;
		break;
	case -1:
		c->hw_error++;
		break;
	case -3:
		c->param_error++;
		break;
	case -4:
		c->not_open++;
		break;
	case -7:
		c->not_now++;
		break;
	case 9900 ... 9905:
		c->delay++;
		break;
	default:
		c->other++;
	}
}

/* A call as it should be, that nobody else wrote to */
static void judge(struct fuzz *f, const struct call *call, u64 at, const u32 *w, const u8 *rets,
		  long ret)
{
	s32 status = get_unaligned_be32(rets), st = w[2] > 1 ? get_unaligned_be32(rets + 4) : 0;
	bool open = is_open(call);
	bool bad = ret != H_SUCCESS;

	if (call->flags & F_VMM) {
		f->c.vmm_ok += !ret && !status;
		return;
	}
	count_status(f, open ? st : status);
	if (open && !st)
		WRITE_ONCE(m.session, status);
	if (!strcmp(call->name, "ibm,errinjct"))
		f->c.injected += !status;
	if (call->flags & F_PE && !is_own(w + 3)) {
		f->c.foreign++;
		/*
		 * Whoever changes a name while the VMM reads it teaches the module a false one, for
		 * the PE that the VMM answered for (watch.c): a PE of this guest nevertheless.
		 */
		if (!f->still && call->flags & F_STATE && !status && !st)
			f->c.taught++;
		else
			bad |= status != -3 && !(call->flags & F_INFO && own_buid(w + 3));
	} else if (call->flags & F_STATE) {
		f->c.answerable++;
		bad |= status != 0 || get_unaligned_be32(rets + 8) != 1;
		if (f->still)
			bad |= st != m.state;
		if (st == 0)
			f->c.normal++;
		else if (st == 2)
			f->c.frozen++;
		else
			f->c.elsewhere++;
	}
	if (bad) {
		f->c.wrong++;
		tell(f, "wrong answer", at, w, ret, status, st);
	}
}

static void digest(struct fuzz *f, u64 v)
{
	f->digest = (f->digest ^ v) * 0x100000001b3ULL;
}

/* Into the other CPU's block, while that is being looked at by the hypervisor. */
static void meddle(struct fuzz *f)
{
	u8 *b = READ_ONCE(f->victim->block);
	u32 i = below(f, 8), v;

	if (!b)
		return;
	/* Not a call with a buffer, which the words may not be one for. */
	v = i == 0 ? m.tokens[below(f, 3)] : i < 3 ? number(f, 3) : word(f);
	put_unaligned_be32(v, b + 4 * i);
}

static void one_call(struct fuzz *f)
{
	bool inside, whole, meddled, shaped;
	u8 before[WINDOW], *win;
	u32 w[WORDS], i, nret, rets, len;
	u64 at, gpa;
	const struct call *call = make_block(f, w, &at);
	long ret;

	gpa = at & PAM;
	inside = gpa >= m.base && gpa < m.base + m.size;
	whole = gpa >= f->at + GAP && gpa < f->at + GAP + f->room;
	win = f->mem + (gpa - f->at) - GUARD;
	/* What earlier calls left there is not always the same. */
	if (whole)
		memset(win, 0x5a, WINDOW);
	for (i = 0; inside && i < WORDS && gpa + 4 * i + 4 <= m.base + m.size; i++)
		put_unaligned_be32(w[i], m.arena + (gpa - m.base) + 4 * i);
	if (whole)
		memcpy(before, win, WINDOW);
	meddled = whole && !f->still && below(f, 2) &&
		  !(call && (call->flags & F_SLOW || call->buf[0] || is_open(call)));
	if (meddled)
		WRITE_ONCE(f->block, win + GUARD);
	if (f->victim)
		meddle(f);
	ret = plpar_hcall_norets(H_RTAS, at);
	WRITE_ONCE(f->block, NULL);

	f->c.calls++;
	if (ret == H_SUCCESS)
		f->c.hcall_ok++;
	else if (ret == H_PARAMETER)
		f->c.hcall_parameter++;
	else
		f->c.hcall_other++;
	if (call && call->flags & F_VMM && !whole)
		return;
	if (f->still && !(m.bar_len && gpa >= m.bar && gpa < m.bar + m.bar_len))
		digest(f, ret);
	if (!whole || meddled)
		return;
	/* Only where the results are may have changed, and the calls know how many there are. */
	shaped = call && w[1] == call->nargs && w[2] >= call->nret && w[2] <= call->nret_max;
	nret = shaped ? w[2] : 0;
	if (shaped)
		judge(f, call, at, w, win + GUARD + 12 + 4 * w[1], ret);
	if (w[1] > WORDS - 3 || (call && call->flags & F_VMM))
		return;
	/* A misshaped call has its status, too; a session's comes second, behind its token. */
	rets = GUARD + 12 + 4 * w[1];
	len = 4 * max(nret, call && is_open(call) ? 2U : 1U);
	/* Tokens of sessions, in results and left in arguments, are never the same again. */
	if (f->still && (!call || call->flags & F_PE))
		digest(f, crc32_le(0, win + rets, len));
	memcpy(before + rets, win + rets, len);
	if (memcmp(before, win, WINDOW)) {
		f->c.overrun++;
		tell(f, "beyond its results", at, w, ret, 0, 0);
	}
}

/* ---- Runs */

static int second_main(void *arg)
{
	struct fuzz *f = arg;

	while (!kthread_should_stop()) {
		one_call(f);
		cond_resched();
	}
	return 0;
}

static void init_fuzz(struct fuzz *f, u64 seed, bool still, unsigned int part)
{
	memset(f, 0, sizeof(*f));
	f->rnd = (seed + 1) * 0x9e3779b97f4a7c15ULL ^ part;
	f->still = still;
	f->slow = still || part ? 0 : SLOW;
	f->room = m.size / 4 - 2 * GAP;
	f->at = m.base + part * m.size / 2;
	f->mem = m.arena + part * m.size / 2;
	memset(f->mem, 0, m.size / 2);
}

static void add_counts(struct counts *to, const struct counts *from)
{
	u64 *t = (u64 *)to;
	const u64 *s = (const u64 *)from;
	unsigned int i;

	for (i = 0; i < sizeof(*to) / sizeof(*t); i++)
		t[i] += s[i];
}

static void report(struct fuzz *f, const char *mode, u64 seed, u64 ms, u32 after)
{
	const struct counts *c = &f->c;

	scnprintf(result, PAGE_SIZE,
		  "{\"mode\":\"%s\",\"seed\":%llu,\"digest\":\"%016llx\",\"ms\":%llu,\"calls\":%llu,\"hcall_ok\":%llu,\"hcall_parameter\":%llu,\"hcall_other\":%llu,\"ok\":%llu,\"hw_error\":%llu,\"param_error\":%llu,\"not_open\":%llu,\"not_now\":%llu,\"delay\":%llu,\"other\":%llu,\"answerable\":%llu,\"normal\":%llu,\"frozen\":%llu,\"elsewhere\":%llu,\"foreign\":%llu,\"vmm_ok\":%llu,\"injected\":%llu,\"slow\":%llu,\"taught\":%llu,\"wrong\":%llu,\"overrun\":%llu,\"after\":%u}\n",
		  mode, seed, f->digest, ms, c->calls, c->hcall_ok, c->hcall_parameter,
		  c->hcall_other, c->ok, c->hw_error, c->param_error, c->not_open, c->not_now,
		  c->delay, c->other, c->answerable, c->normal, c->frozen, c->elsewhere, c->foreign,
		  c->vmm_ok, c->injected, c->slow, c->taught, c->wrong, c->overrun, after);
}

/* A call as it should be: its status, and @word, the result behind it */
static s32 proper(struct fuzz *f, const char *name, u32 arg0, u32 arg3, u32 *word)
{
	const struct call *call = calls;
	u8 *p = f->mem;
	u32 w[3 + MAX_ARGS] = {}, i;

	while (strcmp(call->name, name))
		call++;
	w[0] = m.tokens[call - calls];
	w[1] = call->nargs;
	w[2] = call->nret;
	w[3] = arg0;
	w[4] = upper_32_bits(m.own.buid);
	w[5] = lower_32_bits(m.own.buid);
	w[6] = arg3;
	for (i = 0; i < ARRAY_SIZE(w); i++)
		put_unaligned_be32(w[i], p + 4 * i);
	if (!w[0] || plpar_hcall_norets(H_RTAS, f->at))
		return -1;
	p += 12 + 4 * call->nargs;
	if (word)
		*word = get_unaligned_be32(p + 4);
	return get_unaligned_be32(p);
}

/* As the next run finds it: no session is open. */
static void close_session(struct fuzz *f)
{
	if (m.session)
		proper(f, "ibm,close-errinjct", m.session, 0, NULL);
	m.session = 0;
}

/*
 * As every driver's recovery does it; again if what was armed happens by that. The state after it.
 */
static u32 recover(struct fuzz *f)
{
	u32 st = 255, i, tries;
	s32 status;

	for (tries = 0; st && tries < 4; tries++) {
		proper(f, "ibm,set-slot-reset", m.own.addr, 1, NULL);
		proper(f, "ibm,set-slot-reset", m.own.addr, 0, NULL);
		for (i = 0; i < 100; i++) {
			status = proper(f, "ibm,configure-pe", m.own.addr, 0, NULL);
			if (status < 9900 || status > 9905)
				break;
			msleep(20);
		}
		proper(f, "ibm,read-slot-reset-state2", m.own.addr, 0, &st);
	}
	return st;
}

static int run(bool still, u64 seed, u64 n)
{
	static struct fuzz first, second;
	struct task_struct *task = NULL;
	u32 after = m.state;
	ktime_t start;
	u64 ms;

	init_fuzz(&first, seed, still, 0);
	init_fuzz(&second, seed, still, 1);
	second.victim = &first;
	close_session(&first);
	*refuted = 0;
	if (!still) {
		task = kthread_run(second_main, &second, "rtas_fuzz");
		if (IS_ERR(task))
			return PTR_ERR(task);
	}
	start = ktime_get();
	while (first.c.calls + READ_ONCE(second.c.calls) < n && !signal_pending(current)) {
		one_call(&first);
		cond_resched();
	}
	if (task)
		kthread_stop(task);
	ms = ktime_ms_delta(ktime_get(), start);
	add_counts(&first.c, &second.c);
	close_session(&first);
	if (!still)
		after = recover(&first);
	report(&first, still ? "still" : "wild", seed, ms, after);
	return signal_pending(current) ? -EINTR : 0;
}

static ssize_t run_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			 size_t len)
{
	char mode[8];
	u64 seed, n;
	int err;

	if (sscanf(buf, "%7s %llu %llu", mode, &seed, &n) != 3 ||
	    (strcmp(mode, "still") && strcmp(mode, "wild")))
		return -EINVAL;
	err = mutex_lock_interruptible(&lock);
	if (err)
		return err;
	err = run(mode[0] == 's', seed, n);
	mutex_unlock(&lock);
	return err ?: len;
}

static ssize_t result_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	guard(mutex)(&lock);
	return sysfs_emit(buf, "%s", result);
}

static ssize_t refuted_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	guard(mutex)(&lock);
	return sysfs_emit(buf, "%s", refuted);
}

static ssize_t state_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			   size_t len)
{
	guard(mutex)(&lock);
	return kstrtouint(buf, 0, &m.state) ?: len;
}

static struct kobj_attribute run_attr = __ATTR_WO(run);
static struct kobj_attribute result_attr = __ATTR_RO(result);
static struct kobj_attribute refuted_attr = __ATTR_RO(refuted);
static struct kobj_attribute state_attr = __ATTR_WO(state);

static struct attribute *attrs[] = {
	&run_attr.attr, &result_attr.attr, &refuted_attr.attr, &state_attr.attr, NULL
};

static const struct attribute_group group = { .attrs = attrs };
static struct kobject *kobj;

static int __init rtas_fuzz_init(void)
{
	int err = find_machine();

	if (err)
		return err;
	if (!m.base || m.size < SZ_1M || m.base + m.size > SZ_2G)
		return -EINVAL;
	result = (char *)get_zeroed_page(GFP_KERNEL);
	refuted = (char *)get_zeroed_page(GFP_KERNEL);
	/* Not the kernel's, by mem=: or this fails. */
	m.arena = memremap(m.base, m.size, MEMREMAP_WB);
	kobj = kobject_create_and_add("rtas_fuzz", kernel_kobj);
	if (!result || !refuted || !m.arena || !kobj)
		err = -ENOMEM;
	if (!err && region_intersects(m.base, m.size, IORESOURCE_SYSTEM_RAM, IORES_DESC_NONE) !=
	    REGION_DISJOINT)
		err = -EBUSY;
	if (!err)
		err = sysfs_create_group(kobj, &group);
	if (!err) {
		pr_info("PE %#x of PHB %#llx, device %#x, BAR %#llx+%#llx\n", m.own.addr,
			m.own.buid, m.own_dev, m.bar, m.bar_len);
		return 0;
	}
	kobject_put(kobj);
	if (m.arena)
		memunmap(m.arena);
	free_page((unsigned long)result);
	free_page((unsigned long)refuted);
	return err;
}

static void __exit rtas_fuzz_exit(void)
{
	sysfs_remove_group(kobj, &group);
	kobject_put(kobj);
	memunmap(m.arena);
	free_page((unsigned long)result);
	free_page((unsigned long)refuted);
}

module_init(rtas_fuzz_init);
module_exit(rtas_fuzz_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Hostile argument blocks for the firmware calls of EEH and error injection");
