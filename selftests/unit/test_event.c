// SPDX-License-Identifier: GPL-2.0-only
/* Events, as far as they go without a kernel that has any: t_event.sh has the rest. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <eeh/event.h>

#include "unit.h"

static void t_event_names(void **state)
{
	uint32_t i, j;

	(void)state;
	for (i = 0; i < EEH_EVENT_MAX; i++) {
		assert_string_not_equal(eeh_event_type_name(i), "?");
		for (j = 0; j < i; j++)
			assert_string_not_equal(eeh_event_type_name(i), eeh_event_type_name(j));
	}
	assert_string_equal(eeh_event_type_name(EEH_EVENT_FROZEN), "frozen");
	assert_string_equal(eeh_event_type_name(EEH_EVENT_MAX), "?");
	assert_string_equal(eeh_event_type_name(UINT32_MAX), "?");
	for (i = 0; i < EEH_SOURCE_MAX; i++)
		assert_string_not_equal(eeh_source_name(i), "?");
	assert_string_equal(eeh_source_name(EEH_SOURCE_SWEEP), "sweep");
	assert_string_equal(eeh_source_name(EEH_SOURCE_MAX), "?");
}

/* Each by its own words: swapped names or sentences would tell an operator the wrong thing. */
static void t_event_fates(void **state)
{
	static const struct {
		uint32_t fate;
		const char *name, *words;
	} want[EEH_FATES] = {
		{ EEH_FATE_OWNER,	 "owner",	 "its owner, who has to recover" },
		{ EEH_FATE_OVERFLOW,	 "overflow",	 "queue of events is full" },
		{ EEH_FATE_KERNEL,	 "kernel",	 "the kernel recovers it" },
		{ EEH_FATE_MEASUREMENT,	 "measurement",	 "measurement block" },
		{ EEH_FATE_STALE,	 "stale",	 "another handle" },
		{ EEH_FATE_GONE,	 "gone",	 "no such function" },
		{ EEH_FATE_AVAILABILITY, "availability", "comes, goes" },
	};
	uint32_t i;

	(void)state;
	for (i = 0; i < EEH_FATES; i++) {
		assert_string_equal(eeh_fate_name(want[i].fate), want[i].name);
		assert_non_null(strstr(eeh_fate_sentence(want[i].fate), want[i].words));
	}
	assert_string_equal(eeh_fate_name(EEH_FATES), "?");
	assert_string_equal(eeh_fate_sentence(UINT32_MAX), "?");
}

/* The layout is shared with BPF programs, and a tracer may have been built before. */
static void t_event_layout(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct eeh_event), 56);
	assert_int_equal(offsetof(struct eeh_event, type), 24);
	assert_int_equal(offsetof(struct eeh_event, arg), 40);
	assert_int_equal(sizeof(struct eeh_dev_pe_op), 48);
	assert_int_equal(sizeof(struct eeh_dev_log), 48);
	assert_int_equal(sizeof(struct eeh_dev_fetch), 24);
	assert_int_equal(sizeof(struct eeh_dev_eventfd), 24);
}

static void t_event_options(void **state)
{
	struct unit *u = *state;
	struct eeh_events_opts o;
	struct eeh_events *ev;

	EEH_INIT(&o);
	o.types = 1U << EEH_EVENT_MAX;
	assert_int_equal(eeh_events_open(u->ctx, &o, &ev), -EINVAL);
	assert_non_null(strstr(eeh_last_error(u->ctx), "types"));
	EEH_INIT(&o);
	o.ring_bytes = 3 * sysconf(_SC_PAGESIZE);
	assert_int_equal(eeh_events_open(u->ctx, &o, &ev), -EINVAL);
	assert_non_null(strstr(eeh_last_error(u->ctx), "power of two"));
	o.ring_bytes = 64;
	assert_int_equal(eeh_events_open(u->ctx, &o, &ev), -EINVAL);
	o.sz = 0;
	assert_int_equal(eeh_events_open(u->ctx, &o, &ev), -EINVAL);
	assert_int_equal(eeh_events_open(NULL, NULL, &ev), -EINVAL);
	assert_int_equal(eeh_events_open(u->ctx, NULL, NULL), -EINVAL);
}

static void t_event_no_module(void **state)
{
	struct unit *u = *state;
	struct eeh_ctx_opts o;
	struct eeh_events *ev;
	struct eeh_ctx *ctx;

	EEH_INIT(&o);
	o.dev_root = u->root;
	assert_int_equal(eeh_ctx_new(&ctx, &o), 0);
	assert_int_equal(eeh_events_open(ctx, NULL, &ev), -ENOENT);
	assert_non_null(strstr(eeh_last_error(ctx), "modprobe eeh_bpf"));
	eeh_ctx_free(ctx);
	eeh_events_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(t_event_names),
		cmocka_unit_test(t_event_fates),
		cmocka_unit_test(t_event_layout),
		cmocka_unit_test_setup_teardown(t_event_options, unit_setup, unit_teardown),
		cmocka_unit_test_setup_teardown(t_event_no_module, unit_setup, unit_teardown),
	};

	return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
