// SPDX-License-Identifier: GPL-2.0-only
/* What is counted and measured, as a line of JSON or for people. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "rawvmm.h"

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

uint64_t sum(int off)
{
	uint64_t s = 0;
	int i;

	for (i = 0; i < opt.nvcpu; i++)
		s += ctl_get(&vcpus[i], off);
	return s;
}

static uint64_t sum_exits(void)
{
	uint64_t s = 0;
	int i;

	for (i = 0; i < opt.nvcpu; i++)
		s += __atomic_load_n(&vcpus[i].exits_rtas, __ATOMIC_RELAXED);
	return s;
}

/*
 * Answered without an exit, give or take the query that is under way on each
 * vCPU: its exit is counted before the guest counts the query.
 */
uint64_t sum_in_kernel(void)
{
	uint64_t e = sum_exits(), q = sum(CTL_QUERIES);

	return opt.ask == ASK_RTAS && q > e ? q - e : 0;
}

static void print_counts(FILE *f)
{
	uint64_t e = sum_exits(), q = sum(CTL_QUERIES), k = q > e ? q - e : 0;
	bool rtas = opt.ask == ASK_RTAS;
	int i;

	fprintf(f, "\"queries\":%" PRIu64 ",\"exits_rtas\":%" PRIu64 ",\"in_kernel\":%" PRIu64
		",\"normal\":%" PRIu64 ",\"frozen\":%" PRIu64 ",\"errors\":%" PRIu64
		",\"hcall_errors\":%" PRIu64 ",\"no_answer\":%" PRIu64, q, e, rtas ? k : 0,
		rtas ? sum(CTL_NORMAL) : 0, sum(CTL_FROZEN), sum(CTL_ERRORS), sum(CTL_HCALL_ERRORS),
		sum(CTL_NO_ANSWER));
	fprintf(f, ",\"wrong\":%" PRIu64 ",\"frozen_throughout\":%" PRIu64
		",\"frozen_and_told\":%" PRIu64 ",\"changed\":%" PRIu64 ",\"states\":[",
		sum(CTL_WRONG), sum(CTL_ODD), sum(CTL_ODD_FROZEN), sum(CTL_CHANGED));
	for (i = 0; i < 8; i++)
		fprintf(f, "%s%" PRIu64, i ? "," : "", sum(CTL_STATES + 8 * i));
	fprintf(f, "]");
}

void print_live(void)
{
	int i;

	printf("{\"live\":true,");
	print_counts(stdout);
	printf(",\"vcpus\":[");
	for (i = 0; i < opt.nvcpu; i++) {
		struct vcpu *v = &vcpus[i];

		printf("%s{\"queries\":%" PRIu64 ",\"normal\":%" PRIu64 ",\"frozen\":%" PRIu64
		       ",\"wrong\":%" PRIu64 ",\"gen\":%" PRIu64 ",\"state\":%" PRIu64
		       ",\"status\":%" PRIu64 ",\"paused\":%" PRIu64 "}",
		       i ? "," : "", ctl_get(v, CTL_QUERIES), ctl_get(v, CTL_NORMAL),
		       ctl_get(v, CTL_FROZEN), ctl_get(v, CTL_WRONG), ctl_get(v, CTL_LAST_GEN),
		       ctl_get(v, CTL_LAST_STATE), ctl_get(v, CTL_LAST_STATUS),
		       ctl_get(v, CTL_PAUSED));
	}
	printf("]}\n");
	fflush(stdout);
}

static const char *ask_name(void)
{
	switch (opt.ask) {
	case ASK_CONFER:	return "null";
	case ASK_OTHER_TOKEN:	return "other-token";
	case ASK_HCALL:		return "hcall";
	default:		return "rtas";
	}
}

/* Returns the exit status: an answer that was wrong or missing is a failure. */
int report(uint64_t elapsed_us)
{
	static uint64_t all[MAX_VCPUS * MAX_SAMPLES];
	uint64_t n = 0, q = sum(CTL_QUERIES), rate = 0;
	uint64_t lost = 0, spurious = 0, dset = 0, dclear = 0, confer = 0, exits = 0, other = 0;
	uint64_t intr = 0, prepare = 0, timed = 0, exits_timed = 0;
	uint64_t min, med, max;
	bool bad = false;
	int i, rc = 0;

	for (i = 0; i < opt.nvcpu; i++) {
		struct vcpu *v = &vcpus[i];
		uint64_t k, have = v->nsamples < MAX_SAMPLES ? v->nsamples : MAX_SAMPLES;

		for (k = 0; k < have; k++)
			all[n++] = v->samples[k];
		/* queries per 10^9 timebase ticks; vCPUs that ran at the same time add up */
		if (v->tb_total)
			rate += v->queries_timed * 1000000000 / v->tb_total;
		lost += v->dirty_lost;
		spurious += v->dirty_spurious;
		dset += v->dirty_set;
		dclear += v->dirty_clear;
		confer += v->exits_confer;
		exits += v->exits;
		intr += v->exits_intr;
		prepare += v->exits_prepare;
		other += v->exits_other;
		timed += v->queries_timed;
		exits_timed += v->exits_timed;
		if (v->error)
			rc = 2;
		bad |= v->bad;
	}
	qsort(all, n, sizeof(all[0]), cmp_u64);
	min = n ? all[0] : 0;
	med = n ? all[n / 2] : 0;
	max = n ? all[n - 1] : 0;
	if (sum(CTL_WRONG) || lost || fuzz.missed || fuzz.r4 || fuzz.changed || fuzz.result)
		rc = 1;
	if (opt.json) {
		printf("{\"label\":\"%s\",\"ask\":\"%s\",\"vcpus\":%d,\"tb_hz\":%" PRIu64 ",", opt.label,
		       ask_name(), opt.nvcpu, timebase_hz);
		print_counts(stdout);
		printf(",\"exits\":%" PRIu64 ",\"exits_intr\":%" PRIu64 ",\"exits_confer\":%" PRIu64
		       ",\"exits_prepare\":%" PRIu64 ",\"exits_other\":%" PRIu64, exits, intr, confer,
		       prepare, other);
		printf(",\"dirty\":{\"set\":%" PRIu64 ",\"clear\":%" PRIu64 ",\"lost\":%" PRIu64
		       ",\"spurious\":%" PRIu64 "}", dset, dclear, lost, spurious);
		if (opt.fuzz)
			printf(",\"fuzz_cases\":%" PRIu64 ",\"fuzz_missed\":%" PRIu64 ",\"fuzz_r4\":%" PRIu64
			       ",\"fuzz_changed\":%" PRIu64 ",\"fuzz_result\":%" PRIu64
			       ",\"fuzz_digest\":\"%016" PRIx64 "\"", fuzz.cases, fuzz.missed, fuzz.r4,
			       fuzz.changed, fuzz.result, fuzz.digest);
		printf(",\"bad\":%s,\"bad_hcall\":%" PRIu64 ",\"bad_status\":%" PRIu64
		       ",\"bad_state\":%" PRIu64, bad ? "true" : "false", vcpus[0].first_bad_hcall,
		       vcpus[0].first_bad_status, vcpus[0].first_bad_state);
		printf(",\"queries_timed\":%" PRIu64 ",\"exits_timed\":%" PRIu64, timed, exits_timed);
		printf(",\"queries_per_gtick\":%" PRIu64 ",\"elapsed_us\":%" PRIu64
		       ",\"attach_us\":%" PRIu64 ",\"attach_first_us\":%" PRIu64, rate, elapsed_us,
		       attach_us, attach_first_us);
		printf(",\"ticks\":{\"min\":%" PRIu64 ".%02u,\"median\":%" PRIu64 ".%02u,\"max\":%" PRIu64
		       ".%02u,\"samples\":[", min / 100, (unsigned int)(min % 100), med / 100,
		       (unsigned int)(med % 100), max / 100, (unsigned int)(max % 100));
		for (i = 0; i < (int)n && i < 512; i++)
			printf("%s%" PRIu64 ".%02u", i ? "," : "", all[i] / 100,
			       (unsigned int)(all[i] % 100));
		printf("]}");
		if (opt.slice_ms)
			printf(",\"scaling\":{\"null\":[%" PRIu64 ",%" PRIu64 "],\"rtas\":[%" PRIu64
			       ",%" PRIu64 "]}", scaling_rate(false, false),
			       scaling_rate(false, true), scaling_rate(true, false),
			       scaling_rate(true, true));
		printf("}\n");
	} else if (!opt.quiet) {
		printf("%s%s%s: %d vCPU, %" PRIu64 " queries, %" PRIu64 " to user space (%" PRIu64
		       " exits in all), %" PRIu64 " normal, %" PRIu64 " frozen, %" PRIu64
		       " errors, %" PRIu64 " wrong\n", opt.label, *opt.label ? " " : "", ask_name(),
		       opt.nvcpu, q, sum_exits(), exits, sum(CTL_NORMAL), sum(CTL_FROZEN),
		       sum(CTL_ERRORS), sum(CTL_WRONG));
		printf("  timebase ticks per query: min %" PRIu64 ".%02u median %" PRIu64
		       ".%02u max %" PRIu64 ".%02u over %" PRIu64 " reps; %" PRIu64
		       " queries per 10^9 ticks\n", min / 100, (unsigned int)(min % 100), med / 100,
		       (unsigned int)(med % 100), max / 100, (unsigned int)(max % 100), n, rate);
		if (opt.dirty_log)
			printf("  dirty log: %" PRIu64 " reps set, %" PRIu64 " clear, %" PRIu64
			       " lost, %" PRIu64 " spurious\n", dset, dclear, lost, spurious);
		if (bad)
			printf("  not every answer was normal: hcall %#" PRIx64 " status %#" PRIx64
			       " state %#" PRIx64 " (or of all answers of a rep)\n",
			       vcpus[0].first_bad_hcall, vcpus[0].first_bad_status,
			       vcpus[0].first_bad_state);
	}
	fflush(stdout);
	return rc;
}
