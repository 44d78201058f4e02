// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit: verdicts need evidence.
 *
 * The module's own code for PEs, policies, canaries and verdicts is compiled into this file;
 * only what is below it, firmware and the device's register, is played by the test, and what is
 * beside it (taps, bindings) does nothing. So each state that firmware can report, each flag that a
 * PE can have and each order of events is there, which no machine can be made to show.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/pci.h>
#include <linux/preempt.h>
#if IS_ENABLED(CONFIG_KUNIT)
#include <kunit/test.h>
#else
#include "without_kunit.h"
#endif

#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"
#undef CREATE_TRACE_POINTS

static int firmware_state(struct eeh_pe *pe);
#define eeh_pe_get_state firmware_state

#include "query.c"
#include "pe.c"
#include "canary.c"
#include "ops.c"

#undef eeh_pe_get_state

DEFINE_HASHTABLE(bindings, BINDING_BITS);
struct workqueue_struct *core_wq;

int tap_arm(void) { return 0; }
void tap_disarm(void) { }
void tap_check_want(bool any) { }
bool tap_check_armed(void) { return true; }
bool tap_check_busy(void) { return false; }
bool tap_check_missed(void) { return false; }
bool tap_check_settle(void) { return true; }
void watch_cancel_all(void) { }
void binding_drop_all(void) { }
void binding_drop_pe(const struct eeh_pe *pe) { }
void binding_flush(void) { }

/* ------------------------------------------------------------ what is played */

static struct world {
	struct pci_controller phb;
	struct eeh_pe parent;
	struct eeh_pe pe;
	struct pe_wrap wrap;
	struct pci_dev pdev;
	struct canary canary;
	u64 reg;			/* the device's register */
	struct query k;
	const char *script;		/* what the policy does */
	int verdict;			/* and says */
	int answer;			/* firmware's */
	int flag;			/* that the PE gets while firmware answers */
	int asked;			/* how often firmware was */
} *w;

static int firmware_state(struct eeh_pe *pe)
{
	w->asked++;
	pe->state |= w->flag;
	return w->answer;
}

static void new_world(bool check)
{
	memset(w, 0, sizeof(*w));
	w->pe.phb = &w->phb;
	w->parent.phb = &w->phb;
	w->pe.parent = &w->parent;
	w->wrap.pe = &w->pe;
	raw_spin_lock_init(&w->wrap.state_lock);
	w->pdev.current_state = PCI_D0;
	w->pdev.error_state = pci_channel_io_normal;
	w->canary = (struct canary) {
		.pdev = &w->pdev,
		.pe = &w->wrap,
		.width = 4,
		.ones = U32_MAX,
		.reg = (void __iomem *)&w->reg,
		.live = true,
	};
	w->k.pe = &w->wrap;
	w->k.q.tap = check ? EEH_BPF_TAP_CHECK : EEH_BPF_TAP_RTAS;
	w->k.canary = check ? &w->canary : NULL;
	w->answer = EEH_PE_STATE_NORMAL;
	w->verdict = EEH_BPF_ANSWER;
	query_policy_changed();
}

/* One letter, one thing that happens during a query. */
static void play(char c)
{
	switch (c) {
	case 'n':	/* firmware is asked: normal */
		w->answer = EEH_PE_STATE_NORMAL;
		bpf_eeh_state(&w->k.q);
		break;
	case 'f':	/* frozen */
		w->answer = EEH_PE_STATE_STOPPED_IO_DMA;
		bpf_eeh_state(&w->k.q);
		break;
	case 'e':	/* no answer */
		w->answer = -EIO;
		bpf_eeh_state(&w->k.q);
		break;
	case 'c':	/* the canary is loaded: alive */
		w->reg = 0x80080783;
		bpf_eeh_canary(&w->k.q);
		break;
	case 'o':	/* all-ones */
		w->reg = U64_MAX;
		bpf_eeh_canary(&w->k.q);
		break;
	case 'g':	/* somebody resets or thaws the PE */
		atomic_inc(&w->wrap.gen);
		break;
	case 'd':	/* a device of the PE goes */
		w->wrap.dead = true;
		break;
	}
}

static int scripted_policy(struct eeh_bpf_query *q)
{
	const char *c;

	for (c = w->script; *c; c++)
		play(*c);
	return w->verdict;
}

static struct eeh_bpf_ops policy = { .freeze_query = scripted_policy };

static enum eeh_bpf_outcome decide(const char *script)
{
	w->script = script;
	guard(preempt)();
	return query_decide(&w->k);
}

/* --------------------------------------------------------------------- tests */

/*
 * Every order of up to four events, for both taps and four verdicts, against the rule as it is
 * written down (docs/design.md): "not frozen" needs evidence of this query, the last that was
 * gathered, from after the last reset, of a PE that is still there.
 */
static void evidence_rule(struct kunit *test)
{
	static const char acts[] = "nfecogd";
	static const int verdicts[] = { EEH_BPF_ANSWER, EEH_BPF_PASS, 2, -1 };
	const int n = sizeof(acts) - 1;
	int answered = 0, runs = 0, len, i, v, check;
	char script[5] = "";

	for (len = 0; len <= 4; len++)
	for (i = 0; i < (len == 0 ? 1 : len == 1 ? n : len == 2 ? n * n : len == 3 ? n * n * n :
			 n * n * n * n); i++)
	for (check = 0; check <= 1; check++)
	for (v = 0; v < ARRAY_SIZE(verdicts); v++) {
		bool evidence = false, fresh = false, dead = false;
		enum eeh_bpf_outcome want, got;
		int pos, rest = i;

		for (pos = 0; pos < len; pos++, rest /= n)
			script[pos] = acts[rest % n];
		script[len] = '\0';

		for (pos = 0; pos < len; pos++) {
			char c = script[pos];

			if (c == 'g')
				fresh = false;
			else if (c == 'd')
				dead = true;
			else if (strchr("co", c) && check)
				evidence = fresh = c == 'c' && !dead;
			else if (strchr("nfe", c) && !check)
				evidence = fresh = c == 'n';
		}
		want = verdicts[v] != EEH_BPF_ANSWER ? EEH_BPF_OUT_PASSED :
		       evidence && fresh && !dead ? EEH_BPF_OUT_ANSWERED : EEH_BPF_OUT_REJECTED;

		new_world(check);
		w->verdict = verdicts[v];
		got = decide(script);
		KUNIT_ASSERT_EQ_MSG(test, got, want, "'%s', verdict %d, %s", script, verdicts[v],
				    check ? "check" : "rtas");
		/* Only a lie is held against the policy, not what it could not know. */
		KUNIT_ASSERT_EQ_MSG(test, atomic_read(&rejected_now),
				    want == EEH_BPF_OUT_REJECTED && !evidence, "'%s'", script);
		answered += got == EEH_BPF_OUT_ANSWERED;
		runs++;
	}
	kunit_info(test, "%d queries, %d answered\n", runs, answered);
	KUNIT_EXPECT_GT(test, answered, 100);
	KUNIT_EXPECT_EQ(test, runs, 2 * 4 * (1 + n + n * n + n * n * n + n * n * n * n));
}

static void no_policy(struct kunit *test)
{
	new_world(false);
	rcu_assign_pointer(core_policy, NULL);
	KUNIT_EXPECT_EQ(test, decide("n"), EEH_BPF_OUT_PASSED);
	KUNIT_EXPECT_EQ(test, w->asked, 0);
}

/* Firmware's words, of which one is evidence. */
static void state_firmware(struct kunit *test)
{
	static const int states[] = {
		EEH_PE_STATE_NORMAL, EEH_PE_STATE_RESET, EEH_PE_STATE_STOPPED_IO_DMA,
		EEH_PE_STATE_STOPPED_DMA, EEH_PE_STATE_UNAVAIL, 3, 6, -EIO, -ENODEV, -ENOENT,
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		new_world(false);
		w->k.evidence = EEH_BPF_EVIDENCE_STATE;	/* of a moment ago */
		w->answer = states[i];
		KUNIT_EXPECT_EQ(test, bpf_eeh_state(&w->k.q), states[i]);
		KUNIT_EXPECT_EQ(test, w->k.evidence, states[i] == EEH_PE_STATE_NORMAL ?
				EEH_BPF_EVIDENCE_STATE : EEH_BPF_EVIDENCE_NONE);
	}
}

/* While the kernel works on the PE or a parent, firmware is not even asked. */
static void state_unsettled(struct kunit *test)
{
	static const struct { int own, parent; bool wait; } cases[] = {
		{ EEH_PE_RESET }, { EEH_PE_RECOVERING }, { EEH_PE_CFG_BLOCKED }, { EEH_PE_REMOVED },
		{ 0, EEH_PE_ISOLATED }, { 0, EEH_PE_RECOVERING }, { 0, EEH_PE_RESET },
		{ 0, 0, true },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		new_world(false);
		w->pe.state = cases[i].own;
		w->parent.state = cases[i].parent;
		w->wrap.resetting = cases[i].wait;
		KUNIT_EXPECT_EQ_MSG(test, bpf_eeh_state(&w->k.q), -EAGAIN, "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, w->k.evidence, EEH_BPF_EVIDENCE_NONE, "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, w->asked, 0, "case %d", i);

		/* ... or begins to while firmware answers */
		if (!cases[i].own)
			continue;
		new_world(false);
		w->flag = cases[i].own;
		KUNIT_EXPECT_EQ_MSG(test, bpf_eeh_state(&w->k.q), -EAGAIN, "race %d", i);
		KUNIT_EXPECT_EQ_MSG(test, w->k.evidence, EEH_BPF_EVIDENCE_NONE, "race %d", i);
		KUNIT_EXPECT_EQ(test, w->asked, 1);
	}
	/* A PE that is known to be frozen may have been thawed: that is asked. */
	new_world(false);
	w->pe.state = EEH_PE_ISOLATED;
	KUNIT_EXPECT_EQ(test, bpf_eeh_state(&w->k.q), EEH_PE_STATE_NORMAL);
}

static void tap_kinds(struct kunit *test)
{
	new_world(true);
	KUNIT_EXPECT_EQ(test, bpf_eeh_state(&w->k.q), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, w->asked, 0);
	new_world(false);
	KUNIT_EXPECT_EQ(test, bpf_eeh_canary(&w->k.q), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, w->k.evidence, EEH_BPF_EVIDENCE_NONE);
}

static void canary_values(struct kunit *test)
{
	static const struct { int width; u64 reg, mask, want; bool alive; } cases[] = {
		{ 1, 0xff }, { 2, 0xffff }, { 4, U32_MAX }, { 8, U64_MAX },
		{ 1, 0xfe, .alive = true }, { 2, 0x7fff, .alive = true },
		{ 4, 0, .alive = true }, { 8, U32_MAX, .alive = true },
		/* what lies above the register does not count */
		{ 1, 0xff00 | 0xff }, { 4, 0x12345678ffffffff },
		{ 4, 0x80080783, 0xff, 0x83, true }, { 4, 0x80080784, 0xff, 0x83 },
		/* all-ones never is one, whatever mask and want say */
		{ 4, U32_MAX, 0xff, 0xff },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		new_world(true);
		w->reg = cases[i].reg;
		w->canary.width = cases[i].width;
		w->canary.ones = cases[i].width == 8 ? U64_MAX : BIT_ULL(8 * cases[i].width) - 1;
		w->canary.mask = cases[i].mask;
		w->canary.want = cases[i].want;
		KUNIT_EXPECT_EQ_MSG(test, bpf_eeh_canary(&w->k.q), cases[i].alive ? 0 : -EAGAIN,
				    "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, w->k.evidence, cases[i].alive ? EEH_BPF_EVIDENCE_CANARY :
				    EEH_BPF_EVIDENCE_NONE, "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, w->canary.answered, cases[i].alive, "case %d", i);
	}
}

/* What makes the load itself dangerous or its value meaningless: then there is no load. */
static void canary_conditions(struct kunit *test)
{
	int i;

	for (i = 0; i <= 13; i++) {
		new_world(true);
		w->reg = 0x80080783;
		switch (i) {
		case 0:	w->canary.live = false; break;
		case 1:	w->wrap.dead = true; break;
		case 2:	w->pe.state = EEH_PE_ISOLATED; break;
		case 3:	w->pe.state = EEH_PE_RESET; break;
		case 4:	w->pe.state = EEH_PE_RECOVERING; break;
		case 5:	w->pe.state = EEH_PE_CFG_BLOCKED; break;
		case 6:	w->pe.state = EEH_PE_REMOVED; break;
		case 7:	w->parent.state = EEH_PE_ISOLATED; break;
		case 8:	w->parent.state = EEH_PE_RESET; break;
		case 9:	atomic_set(&w->pe.pass_dev_cnt, 1); break;
		case 10: w->pdev.current_state = PCI_D3hot; break;
		case 11: w->pdev.error_state = pci_channel_io_frozen; break;
		case 12: w->pdev.error_state = pci_channel_io_perm_failure; break;
		case 13: w->pdev.current_state = PCI_UNKNOWN; break;
		}
		w->k.evidence = EEH_BPF_EVIDENCE_CANARY;	/* of a moment ago */
		KUNIT_EXPECT_EQ_MSG(test, bpf_eeh_canary(&w->k.q), -EAGAIN, "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, w->k.evidence, EEH_BPF_EVIDENCE_NONE, "case %d", i);
		KUNIT_EXPECT_EQ_MSG(test, w->canary.value, 0, "case %d: it was loaded", i);
	}
}

/* A policy that goes on answering without evidence is bypassed, until another comes. */
static void rejections(struct kunit *test)
{
	unsigned int limit = core_reject_limit, i;

	new_world(false);
	for (i = 1; i <= limit; i++) {
		KUNIT_ASSERT_FALSE(test, core_bypassed);
		KUNIT_EXPECT_EQ(test, decide("f"), EEH_BPF_OUT_REJECTED);
	}
	KUNIT_EXPECT_TRUE(test, core_bypassed);
	query_policy_changed();
	KUNIT_EXPECT_FALSE(test, core_bypassed);
	for (i = 1; i <= 2 * limit; i++)
		KUNIT_EXPECT_EQ(test, decide("ng"), EEH_BPF_OUT_REJECTED);
	KUNIT_EXPECT_FALSE(test, core_bypassed);
}

/* The question is the binding's only if it is the same in every word. */
static void bindings_match(struct kunit *test)
{
	static struct vfio_device vdev;
	struct kvm *kvm = (struct kvm *)&vdev, *other = (struct kvm *)&policy;
	struct binding b = {
		.q = { .kvm = kvm, .buid = 0x800000020000001, .token = 0x2009, .addr = 0x10000,
		       .nret = 4 },
		.vdev = &vdev,
	};
	struct question q;
	int i;

	hash_add_rcu(bindings, &b.node, question_key(&b.q));
	for (i = 0; i <= 5; i++) {
		q = b.q;
		switch (i) {
		case 1: q.kvm = other; break;
		case 2: q.buid++; break;
		case 3: q.token++; break;
		case 4: q.addr ^= 1; break;
		case 5: q.nret++; break;
		}
		scoped_guard(rcu)
			KUNIT_EXPECT_PTR_EQ_MSG(test, binding_find(&q), i ? NULL : &b, "case %d", i);
	}
	hash_del_rcu(&b.node);
	synchronize_rcu();

	KUNIT_EXPECT_FALSE(test, binding_owned_by(&b, kvm));
	vdev.kvm = other;
	KUNIT_EXPECT_FALSE(test, binding_owned_by(&b, kvm));
	vdev.kvm = kvm;
	KUNIT_EXPECT_TRUE(test, binding_owned_by(&b, kvm));
}

static int evidence_init(struct kunit *test)
{
	w = kunit_kzalloc(test, sizeof(*w), GFP_KERNEL);
	if (!w)
		return -ENOMEM;
	rcu_assign_pointer(core_policy, &policy);
	return 0;
}

static struct kunit_case evidence_cases[] = {
	KUNIT_CASE(evidence_rule),
	KUNIT_CASE(no_policy),
	KUNIT_CASE(state_firmware),
	KUNIT_CASE(state_unsettled),
	KUNIT_CASE(tap_kinds),
	KUNIT_CASE(canary_values),
	KUNIT_CASE(canary_conditions),
	KUNIT_CASE(rejections),
	KUNIT_CASE(bindings_match),
	{}
};

static struct kunit_suite evidence_suite = {
	.name = "eeh_evidence",
	.init = evidence_init,
	.test_cases = evidence_cases,
};
kunit_test_suite(evidence_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit tests of the evidence rule of eeh_bpf");
