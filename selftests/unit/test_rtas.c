// SPDX-License-Identifier: GPL-2.0-only
/* The EEH calls of the RTAS engine: LoPAR's table cell by cell, jobs, several PEs, hotplug. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rtas_fixture.h"

#define PE_A	(DEV_A | 1)
#define PE_B	(DEV_B | 1)
#define HI	((uint32_t)(BUID >> 32))
#define LO	((uint32_t)BUID)

enum { NORMAL, RESET, STOPPED, DMA_STOPPED, TEMP, PERM, STATES };

/* Brings PE A into a state as a guest (or the host) would. */
static void bring(struct vm *v, int state)
{
	static const char * const raw[] = { "0", "0", "2", "4", "5", "2" };

	eeh_rtas_reset(v->rtas);
	vm_pes(v, raw[state], "0");
	if (state == RESET)
		assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
	if (state == PERM)
		assert_int_equal(vm_detail(v, PE_A, 2), 0);
	vm_forget(v);
}

/* What the guest reads in each. */
static const int reads[STATES] = { 0, 1, 2, 4, 5, 6 };

/* LoPAR, "PE State Transition Table": status, and the state afterwards if it is 0. */
static void test_rtas_state_table(void **state)
{
	static const struct {
		bool option;
		uint32_t func;
		struct {
			int32_t status;
			int after;
		} cell[STATES];
	} rows[] = {
		{ true, 2, { { -3, 0 }, { -7, 1 }, { 0, 4 }, { -3, 4 }, { -7, 5 }, { -7, 6 } } },
		{ true, 3, { { -3, 0 }, { -7, 1 }, { -7, 2 }, { 0, 0 }, { -7, 5 }, { -7, 6 } } },
		{ false, 0, { { 0, 0 }, { 0, 0 }, { -7, 2 }, { -3, 4 }, { -7, 5 }, { -7, 6 } } },
		{ false, 1, { { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { -7, 5 }, { -7, 6 } } },
		{ false, 3, { { 0, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { -7, 5 }, { -7, 6 } } },
		/* 0 is a success that does nothing; 1 leaves the state alone. */
		{ true, 0, { { 0, 0 }, { 0, 1 }, { 0, 2 }, { 0, 4 }, { 0, 5 }, { 0, 6 } } },
		{ true, 1, { { 0, 0 }, { 0, 1 }, { 0, 2 }, { 0, 4 }, { -7, 5 }, { -7, 6 } } },
		/* No such functions, and no I/O events here. */
		{ true, 4, { { -3, 0 }, { -3, 1 }, { -3, 2 }, { -3, 4 }, { -3, 5 }, { -3, 6 } } },
		{ true, 5, { { -3, 0 }, { -3, 1 }, { -3, 2 }, { -3, 4 }, { -3, 5 }, { -3, 6 } } },
		{ true, 6, { { -3, 0 }, { -3, 1 }, { -3, 2 }, { -3, 4 }, { -3, 5 }, { -3, 6 } } },
		{ false, 2, { { -3, 0 }, { -3, 1 }, { -3, 2 }, { -3, 4 }, { -3, 5 }, { -3, 6 } } },
		{ false, 4, { { -3, 0 }, { -3, 1 }, { -3, 2 }, { -3, 4 }, { -3, 5 }, { -3, 6 } } },
	};
	struct vm *v = *state;
	int32_t status;
	size_t r;
	int s;

	for (r = 0; r < ARRAY_SIZE(rows); r++)
		for (s = 0; s < STATES; s++) {
			bring(v, s);
			assert_int_equal(vm_state(v, PE_A), reads[s]);
			status = rows[r].option ? vm_option(v, PE_A, rows[r].func) :
				 vm_slot_reset(v, PE_A, rows[r].func);
			if (status != rows[r].cell[s].status)
				fail_msg("%s %u in state %d: %d", rows[r].option ? "option" : "reset",
					 rows[r].func, s, status);
			if (vm_state(v, PE_A) != rows[r].cell[s].after)
				fail_msg("%s %u in state %d: then %d", rows[r].option ? "option" : "reset",
					 rows[r].func, s, vm_state(v, PE_A));
		}
}

/* One request, in this thread, and the words that the kernel's fast path takes for normal. */
static void test_rtas_read_state(void **state)
{
	struct vm *v = *state;
	int s;

	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 5, 3, PE_A, HI, LO), 0);
	assert_string_equal(vm_ops(v), "0001:fd 4\n");
	assert_memory_equal(v->rets, ((uint32_t[]){ 0, 0, 1, 0, 0 }), 20);
	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 4, 3, PE_A, HI, LO), 0);
	assert_string_equal(vm_ops(v), "0001:fd 4\n");
	/* The old one has no time. */
	for (s = 0; s < STATES; s++) {
		bring(v, s);
		assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE, 3, 3, PE_A, HI, LO), 0);
		assert_int_equal(v->rets[1], reads[s] == 6 ? 5 : reads[s]);
		assert_int_equal(v->rets[2], 1);
	}
	/* By the address of a device as well; no other. */
	bring(v, STOPPED);
	assert_int_equal(vm_state(v, DEV_A), 2);
	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 4, 3, 0x1800, HI, LO), -3);
	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 4, 3, PE_A, HI, LO + 7), -3);
	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 4, 3, DEV_A | 2, HI, LO), -3);
	/* What cannot be asked is gone, and never "-1"; but not for good. */
	vm_pes(v, "0 fail=4:5", "0");
	assert_int_equal(vm_state(v, PE_A), 6);
	vm_pes(v, "0", "0");
	assert_int_equal(vm_state(v, PE_A), 0);
}

/* Five minutes of 5 are for good; so are three resets that leave it stopped. */
static void test_rtas_gives_up(void **state)
{
	struct vm *v = *state;
	int i;

	bring(v, TEMP);
	assert_int_equal(vm_state(v, PE_A), 5);
	fake_sys.sleep_ms(NULL, EEH_PE_UNAVAILABLE_MAX_MS);
	vm_forget(v);
	assert_int_equal(vm_state(v, PE_A), 6);
	assert_non_null(vm_saw(v, EEH_RTAS_EV_PERMANENT));
	/* The kernel drops its answer by operation 0. */
	assert_string_equal(vm_ops(v), "0001:fd 4\n0001:fd 0\n");
	vm_pes(v, "0", "0");
	assert_int_equal(vm_state(v, PE_A), 6);
	assert_string_equal(vm_ops(v), "");

	eeh_rtas_reset(v->rtas);
	vm_pes(v, "2 stuck", "0");
	for (i = 0; i < 3; i++) {
		assert_int_equal(vm_state(v, PE_A), 2);
		assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
		assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	}
	assert_int_equal(vm_state(v, PE_A), 6);
}

/* On PowerNV the kernel freezes a PE before it resets it: "stopped" is then a reset that goes on. */
static void test_rtas_frozen_by_reset(void **state)
{
	struct vm *v = *state;
	int i;

	vm_pes(v, "0 powernv", "0");
	/* More often than resets in vain are allowed. */
	for (i = 0; i < 5; i++) {
		assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
		assert_int_equal(vm_state(v, PE_A), 1);
		assert_int_equal(vm_option(v, PE_A, 2), -7);
		assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
		assert_int_equal(vm_state(v, PE_A), 0);
	}
	assert_null(vm_saw(v, EEH_RTAS_EV_FROZEN));
}

static void test_rtas_permanent(void **state)
{
	struct vm *v = *state;

	/* Unconditionally: also a PE that works. */
	bring(v, NORMAL);
	assert_int_equal(vm_detail(v, PE_A, 2), 0);
	assert_string_equal(vm_ops(v), "0001:fd 4\n0001:fd 0\n");
	assert_int_equal(vm_saw(v, EEH_RTAS_EV_PERMANENT)->ev.config_addr, PE_A);
	assert_ptr_equal(vm_saw(v, EEH_RTAS_EV_PERMANENT)->ev.arg, &v->arg_a);
	assert_int_equal(vm_state(v, PE_A), 6);
	/* Nothing but a reboot or a new plug changes that; and it is only this PE. */
	assert_int_equal(vm_slot_reset(v, PE_A, 1), -7);
	assert_int_equal(vm_detail(v, PE_A, 2), 0);
	assert_int_equal(vm_state(v, PE_B), 0);
	assert_string_equal(vm_ops(v), "0001:fc 4\n");
	eeh_rtas_reset(v->rtas);
	assert_int_equal(vm_state(v, PE_A), 0);
}

static void test_rtas_fundamental(void **state)
{
	struct vm *v = *state;

	bring(v, STOPPED);
	assert_int_equal(vm_slot_reset(v, PE_A, 3), 0);
	assert_string_equal(vm_ops(v), "0001:fd 4\n0001:fd 7\n");
	assert_int_equal(vm_saw(v, EEH_RTAS_EV_RESET)->ev.func, 3);
	/* A host that has none: the guest then takes a hot one. */
	vm_pes(v, "2 fail=7:8", "0");
	eeh_rtas_reset(v->rtas);
	vm_pes(v, "2 fail=7:8", "0");
	assert_int_equal(vm_slot_reset(v, PE_A, 3), -8);
	assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
	/* Not advertised. */
	vm_free(v);
	v->o.fundamental = false;
	vm_pes(v, "2", "0");
	vm_new(v);
	assert_int_equal(vm_slot_reset(v, PE_A, 3), -8);
	assert_string_equal(vm_ops(v), "");
	assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
}

/* What firmware says of a failed operation; a pseries host has its status as errno. */
static void test_rtas_host_fails(void **state)
{
	struct vm *v = *state;

	vm_pes(v, "2 fail=6:5", "0");
	assert_int_equal(vm_slot_reset(v, PE_A, 1), -1);
	vm_pes(v, "2 fail=6:7", "0");
	assert_int_equal(vm_slot_reset(v, PE_A, 1), -7);
	vm_pes(v, "2 fail=2:5", "0");
	assert_int_equal(vm_option(v, PE_A, 2), -1);
	vm_pes(v, "4 fail=3:5", "0");
	assert_int_equal(vm_option(v, PE_A, 3), -1);
	vm_pes(v, "0 fail=1:5", "0");
	assert_int_equal(vm_option(v, PE_A, 1), -1);
	bring(v, RESET);
	vm_pes(v, "1 fail=5:5", "0");
	assert_int_equal(vm_slot_reset(v, PE_A, 0), -1);
}

/* A call that takes seconds holds its CPU, and nothing else. */
static void test_rtas_pending(void **state)
{
	struct vm *v = *state;

	bring(v, STOPPED);
	v->hold = true;
	vm_slot_reset(v, PE_A, 1);
	assert_int_equal(v->ret, EEH_RTAS_PENDING);
	assert_int_equal(v->asserted, 1);
	assert_string_equal(vm_ops(v), "0001:fd 4\n");
	/* Meanwhile, by another CPU: unavailable, and no question to the kernel. */
	assert_int_equal(vm_state(v, PE_A), 5);
	assert_int_equal(vm_option(v, PE_A, 2), -7);
	assert_int_equal(vm_slot_reset(v, PE_A, 1), -7);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), -7);
	assert_string_equal(vm_ops(v), "");
	/* The other PE of the PHB does not notice. */
	assert_int_equal(vm_state(v, PE_B), 0);
	vm_run(v);
	assert_int_equal(v->dones, 1);
	assert_int_equal(v->done_ret, 0);
	assert_int_equal(vm_state(v, PE_A), 1);

	vm_slot_reset(v, PE_A, 0);
	assert_int_equal(v->ret, EEH_RTAS_PENDING);
	assert_int_equal(vm_state(v, PE_A), 5);
	assert_int_equal(v->rets[3], 1800);
	assert_int_equal(v->ended, 0);
	vm_run(v);
	assert_int_equal(v->ended, 1);
	assert_int_equal(v->asserted, 1);
	assert_int_equal(vm_state(v, PE_A), 0);
	assert_non_null(vm_saw(v, EEH_RTAS_EV_RECOVERED));
}

/* The answer cannot be written, or the machine is reset meanwhile: no word is. */
static void test_rtas_pending_lost(void **state)
{
	struct eeh_rtas_job *job;
	struct vm *v = *state;
	uint32_t i, w[] = { 0x2023, 4, 1, PE_A, HI, LO, 1 };

	bring(v, STOPPED);
	v->hold = true;
	vm_slot_reset(v, PE_A, 1);
	job = v->job;
	v->job = NULL;
	eeh_rtas_job_run(job);
	eeh_rtas_reset(v->rtas);
	eeh_rtas_job_end(job);
	assert_int_equal(v->dones, 1);
	assert_int_equal(v->done_ret, -ECANCELED);
	assert_int_equal(vm_get32(v, BLOCK + 12 + 16), 0x55555555);
	/* And the reset has ended what was asserted. */
	assert_non_null(strstr(vm_ops(v), "0001:fd 5\n0001:fd 8\n0001:fd 4\n"));
	assert_int_equal(vm_state(v, PE_A), 0);

	bring(v, STOPPED);
	v->hold = true;
	for (i = 0; i < ARRAY_SIZE(w); i++)
		vm_put32(v, MEM - 28 + 4 * i, w[i]);
	assert_int_equal(eeh_rtas_call(v->rtas, MEM - 28, 0, v), EEH_RTAS_PENDING);
	v->dones = 0;
	vm_run(v);
	assert_int_equal(v->dones, 1);
	assert_int_equal(v->done_ret, -EFAULT);
	assert_ptr_equal(v->done_call, v);
}

/* 990x for 200 ms at most, then its CPU waits. */
static void test_rtas_configure(void **state)
{
	struct vm *v = *state;
	int i;

	/* Nothing to do for what was not reset. */
	for (i = 0; i < STATES; i++) {
		bring(v, i);
		if (i == RESET || i == TEMP)
			continue;
		assert_int_equal(vm_configure(v, PE_A), 0);
		assert_string_equal(vm_ops(v), "");
	}
	/* Only by the PE's address; the old call takes any. */
	assert_int_equal(vm_configure(v, DEV_A), -3);
	assert_int_equal(vm_call(v, EEH_RTAS_CONFIGURE_BRIDGE, 1, 3, DEV_A, HI, LO), 0);

	bring(v, RESET);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	vm_forget(v);
	assert_int_equal(vm_configure(v, PE_A), 9900);
	assert_string_equal(vm_ops(v), "0001:fd 8\n");
	assert_int_equal(v->dones, 0);
	assert_int_equal(vm_configure(v, PE_A), 0);
	assert_int_equal(vm_configure(v, PE_A), 0);
	assert_string_equal(vm_ops(v), "");

	/* One that takes longer. */
	bring(v, RESET);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	v->hold = true;
	assert_int_equal(vm_configure(v, PE_A), 9900);
	for (i = 0; i < 19; i++) {
		assert_int_equal(vm_configure(v, PE_A), 9901);
		fake_sys.sleep_ms(NULL, 10);
	}
	vm_configure(v, PE_A);
	assert_int_equal(v->ret, EEH_RTAS_PENDING);
	/* Another CPU can go on asking. */
	assert_int_equal(vm_configure(v, PE_A), 9901);
	vm_run(v);
	assert_int_equal(v->dones, 1);
	v->hold = false;
	/* Errors of hardware are found by whoever uses the PE. */
	bring(v, RESET);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	vm_pes(v, "0 fail=8:5", "0");
	assert_int_equal(vm_configure(v, PE_A), 9900);
	assert_int_equal(vm_configure(v, PE_A), 0);
}

/* A VMM without threads. */
static void test_rtas_synchronous(void **state)
{
	struct vm *v = *state;

	vm_free(v);
	v->o.start = NULL;
	v->o.done = NULL;
	vm_new(v);
	bring(v, STOPPED);
	assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	assert_int_equal(v->ended, 1);
	assert_int_equal(vm_configure(v, PE_A), 0);
	assert_non_null(strstr(vm_ops(v), "0001:fd 6\n0001:fd 4\n0001:fd 5\n0001:fd 4\n0001:fd 8\n"));
	assert_int_equal(vm_state(v, PE_A), 0);
	/* Was it done, it is not done again. */
	assert_int_equal(vm_configure(v, PE_A), 0);
	assert_null(strstr(vm_ops(v), "0001:fd 8\n"));
}

static void test_rtas_addr_info(void **state)
{
	static const enum eeh_rtas_call_id both[] = {
		EEH_RTAS_GET_CONFIG_ADDR_INFO2, EEH_RTAS_GET_CONFIG_ADDR_INFO,
	};
	static const struct {
		uint32_t addr, func;
		int32_t status;
		uint32_t info;
	} t[] = {
		{ DEV_A, 0, 0, PE_A }, { DEV_B, 0, 0, PE_B }, { DEV_B1, 0, 0, PE_B },
		{ PE_B, 0, 0, PE_B }, { 0x1800, 0, -3, 0 }, { DEV_A | 4, 0, -3, 0 },
		{ DEV_A, 1, 0, 1 }, { DEV_B1, 1, 0, 2 }, { 0x1800, 1, 0, 0 },
		{ DEV_A, 2, -3, 0 }, { DEV_A, UINT32_MAX, -3, 0 },
	};
	struct vm *v = *state;
	size_t i, j;

	for (j = 0; j < 2; j++) {
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			assert_int_equal(vm_call(v, both[j], 2, 4, t[i].addr, HI, LO, t[i].func),
					 t[i].status);
			assert_int_equal(v->rets[1], t[i].info);
		}
		assert_int_equal(vm_call(v, both[j], 2, 4, DEV_A, HI, LO + 7, 1), -3);
		assert_int_equal(v->rets[1], 0);
	}
	assert_string_equal(vm_ops(v), "");
}

/* Two groups on one PHB, one frozen: what is done to one is done to one. */
static void test_rtas_two_groups(void **state)
{
	struct vm *v = *state;

	vm_pes(v, "2", "0");
	assert_int_equal(vm_state(v, PE_A), 2);
	assert_int_equal(vm_state(v, PE_B), 0);
	assert_int_equal(vm_state(v, DEV_B1), 0);
	assert_int_equal(vm_option(v, PE_B, 2), -3);
	vm_forget(v);
	assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	assert_int_equal(vm_configure(v, PE_A), 9900);
	assert_null(strstr(vm_ops(v), "0001:fc"));
	vm_pes(v, "0", "2");
	assert_int_equal(vm_state(v, PE_A), 0);
	assert_int_equal(vm_state(v, PE_B), 2);
	/* Both at once. */
	vm_pes(v, "2", "2");
	v->hold = true;
	vm_slot_reset(v, PE_A, 1);
	v->hold = false;
	{
		struct eeh_rtas_job *first = v->job;

		v->job = NULL;
		assert_int_equal(vm_slot_reset(v, PE_B, 1), 0);
		assert_int_equal(vm_state(v, PE_B), 1);
		assert_int_equal(vm_state(v, PE_A), 5);
		v->job = first;
		vm_run(v);
	}
	assert_int_equal(vm_state(v, PE_A), 1);
}

static struct eeh_rtas_pe *plug_c(struct vm *v, uint64_t buid, uint32_t addr)
{
	struct eeh_rtas_device_opts d;
	struct eeh_rtas_pe_opts o;
	struct eeh_rtas_pe *pe;

	EEH_INIT(&o);
	o.buid = buid;
	o.group = 5;
	o.container = eeh_vfio_container(v->vfio, 5);
	o.device = "0002:01:00.0";
	o.arg = &v->arg_c;
	assert_int_equal(eeh_rtas_add_pe(v->rtas, &o, &pe), 0);
	assert_int_equal(eeh_rtas_pe_config_addr(v->rtas, pe), 0);
	EEH_INIT(&d);
	d.config_addr = addr;
	d.device = "0002:01:00.0";
	d.arg = &v->dev[3];
	assert_int_equal(eeh_rtas_add_device(v->rtas, pe, &d), 0);
	assert_int_equal(eeh_rtas_add_device(v->rtas, pe, &d), -EEXIST);
	return pe;
}

/* A second group comes while the first is being recovered; and goes, while it is reset itself. */
static void test_rtas_hotplug(void **state)
{
	struct vm *v = *state;
	struct eeh_rtas_pe *c;

	bring(v, STOPPED);
	v->hold = true;
	vm_slot_reset(v, PE_A, 1);
	c = plug_c(v, BUID, 0x1800);
	assert_int_equal(vm_state(v, 0x1801), 0);
	assert_int_equal(vm_state(v, PE_A), 5);
	vm_run(v);
	v->hold = false;
	assert_int_equal(vm_state(v, PE_A), 1);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	assert_int_equal(vm_state(v, PE_A), 0);

	/* Given up, and plugged anew. */
	assert_int_equal(vm_detail(v, 0x1801, 2), 0);
	assert_int_equal(vm_state(v, 0x1801), 6);
	eeh_rtas_del_pe(v->rtas, c);
	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 4, 3, 0x1801, HI, LO), -3);
	c = plug_c(v, BUID, 0x1800);
	assert_int_equal(vm_state(v, 0x1801), 0);
	/* It goes with its reset asserted: that is ended. */
	assert_int_equal(vm_slot_reset(v, 0x1801, 1), 0);
	vm_forget(v);
	eeh_rtas_del_pe(v->rtas, c);
	assert_string_equal(vm_ops(v), "0002:1 5\n");

	/* And between a job's run and its end: the guest's CPU goes on in any case. */
	c = plug_c(v, BUID, 0x1800);
	assert_int_equal(vm_slot_reset(v, 0x1801, 1), 0);
	assert_ptr_equal(vm_saw(v, EEH_RTAS_EV_RESET)->ev.arg, &v->arg_c);
	v->ended = 0;
	vm_forget(v);
	v->hold = true;
	vm_slot_reset(v, 0x1801, 0);
	{
		struct eeh_rtas_job *job = v->job;

		v->job = NULL;
		eeh_rtas_job_run(job);
		eeh_rtas_del_pe(v->rtas, c);
		/* From here on the VMM's part of the PE is gone. */
		eeh_rtas_job_end(job);
	}
	assert_int_equal(v->dones, 1);
	assert_int_equal(v->ended, 0);
	assert_null(vm_saw(v, EEH_RTAS_EV_RESET)->ev.arg);
	assert_int_equal(eeh_rtas_del_phb(v->rtas, BUID), -EBUSY);
}

static void test_rtas_plug_refused(void **state)
{
	struct vm *v = *state;
	struct eeh_rtas_device_opts d;
	struct eeh_rtas_pe_opts o;
	struct eeh_rtas_pe *pe;

	EEH_INIT(&o);
	o.buid = BUID2;
	o.group = 5;
	o.container = eeh_vfio_container(v->vfio, 5);
	o.device = "0002:01:00.0";
	assert_int_equal(eeh_rtas_add_pe(v->rtas, &o, &pe), -ENOENT);
	assert_int_equal(eeh_rtas_add_phb(v->rtas, BUID2), 0);
	assert_int_equal(eeh_rtas_add_phb(v->rtas, BUID2), -EEXIST);
	o.group = 3;		/* the group of another PE */
	assert_int_equal(eeh_rtas_add_pe(v->rtas, &o, &pe), -EINVAL);
	o.device = "0001:01:00.0";
	o.container = eeh_vfio_container(v->vfio, 3);
	assert_int_equal(eeh_rtas_add_pe(v->rtas, &o, &pe), -EEXIST);
	o.device = "0001:09:00.0";
	assert_int_equal(eeh_rtas_add_pe(v->rtas, &o, &pe), -ENODEV);
	o.device = NULL;
	assert_int_equal(eeh_rtas_add_pe(v->rtas, &o, &pe), -EINVAL);
	assert_null(pe);
	assert_int_equal(eeh_rtas_del_phb(v->rtas, BUID2), 0);
	assert_int_equal(eeh_rtas_del_phb(v->rtas, BUID2), -ENOENT);

	EEH_INIT(&d);
	d.config_addr = 0x1801;
	d.device = "0001:01:00.0";
	assert_int_equal(eeh_rtas_add_device(v->rtas, v->a, &d), -EINVAL);
	d.config_addr = DEV_B;
	assert_int_equal(eeh_rtas_add_device(v->rtas, v->a, &d), -EEXIST);
	d.config_addr = 0x1800;
	d.device = "0001:02:00.0";
	assert_int_equal(eeh_rtas_add_device(v->rtas, v->a, &d), -EINVAL);
	/* The PE keeps its address when its device moves. */
	assert_int_equal(eeh_rtas_del_device(v->rtas, v->a, DEV_A), 0);
	assert_int_equal(eeh_rtas_del_device(v->rtas, v->a, DEV_A), -ENOENT);
	d.device = "0001:01:00.0";
	assert_int_equal(eeh_rtas_add_device(v->rtas, v->a, &d), 0);
	assert_int_equal(vm_call(v, EEH_RTAS_GET_CONFIG_ADDR_INFO2, 2, 4, 0x1800, HI, LO, 0), 0);
	assert_int_equal(v->rets[1], PE_A);
	/* Whoever comes to its old place gets another one. */
	pe = plug_c(v, BUID, DEV_A);
	assert_int_equal(eeh_rtas_pe_config_addr(v->rtas, pe), PE_A + 0x100);
}

/* Everything that a block can have wrong. */
static void test_rtas_hostile(void **state)
{
	struct vm *v = *state;
	uint32_t id, n, i, word;
	struct { uint64_t ra; int ret; } bad[] = {
		{ MEM, -EFAULT }, { MEM - 4, -EFAULT }, { MEM - 8, -EFAULT },
		{ 0x0fffffffffffffffULL, -EFAULT }, { UINT64_MAX - 3, -EFAULT },
	};

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(eeh_rtas_call(v->rtas, bad[i].ra, 0, NULL), bad[i].ret);
	vm_put32(v, BLOCK, 0x202d);
	assert_int_equal(eeh_rtas_call(v->rtas, BLOCK, 0, NULL), -ENOENT);
	for (id = 0; id < EEH_RTAS_CALLS; id++) {
		const struct eeh_rtas_call_info *info = eeh_rtas_call_info(id);

		/* No room for a status, or so many words that there is no telling where. */
		vm_put32(v, BLOCK, info->token);
		vm_put32(v, BLOCK + 4, info->nargs);
		vm_put32(v, BLOCK + 8, 0);
		vm_put32(v, BLOCK + 12 + 4 * info->nargs, 0x55555555);
		assert_int_equal(eeh_rtas_call(v->rtas, BLOCK, 0, NULL), -EINVAL);
		vm_put32(v, BLOCK + 8, UINT32_MAX);
		assert_int_equal(eeh_rtas_call(v->rtas, BLOCK, 0, NULL), -EINVAL);
		vm_put32(v, BLOCK + 8, 17 - info->nargs);
		assert_int_equal(eeh_rtas_call(v->rtas, BLOCK, 0, NULL), -EINVAL);
		vm_put32(v, BLOCK + 4, UINT32_MAX);
		vm_put32(v, BLOCK + 8, 1);
		assert_int_equal(eeh_rtas_call(v->rtas, BLOCK, 0, NULL), -EINVAL);
		assert_int_equal(vm_get32(v, BLOCK + 12 + 4 * info->nargs), 0x55555555);
		/* The wrong number of words, in and out. */
		for (n = 0; n < 12; n++) {
			if (n == info->nargs)
				continue;
			vm_call(v, id, info->nret_min, n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
			assert_int_equal((int32_t)v->rets[id == EEH_RTAS_OPEN_ERRINJCT], -3);
		}
		for (n = 1; n < 8; n++)
			if (n < info->nret_min || n > info->nret_max) {
				vm_call(v, id, n, info->nargs, 1, 2, 3, 4, 5, 6, 7, 8);
				word = id == EEH_RTAS_OPEN_ERRINJCT && n > 1;
				assert_int_equal((int32_t)v->rets[word], -3);
			}
		/* It ends where the memory does. */
		vm_put32(v, MEM - 12, info->token);
		vm_put32(v, MEM - 8, info->nargs);
		vm_put32(v, MEM - 4, info->nret_min);
		assert_int_equal(eeh_rtas_call(v->rtas, MEM - 12, 0, NULL), -EFAULT);
	}
	assert_string_equal(vm_ops(v), "");
}

static void test_rtas_options(void **state)
{
	struct vm *v = *state;
	struct eeh_rtas_opts o = v->o;
	struct eeh_rtas *r = (void *)1;

	assert_int_equal(eeh_rtas_new(NULL, &o), -EINVAL);
	assert_int_equal(eeh_rtas_new(&r, NULL), -EINVAL);
	assert_null(r);
	o.mem_read = NULL;
	assert_int_equal(eeh_rtas_new(&r, &o), -EINVAL);
	o = v->o;
	o.done = NULL;
	assert_int_equal(eeh_rtas_new(&r, &o), -EINVAL);
	o = v->o;
	o.tokens[EEH_RTAS_ERRINJCT] = 0x2020;
	assert_int_equal(eeh_rtas_new(&r, &o), -EINVAL);
	o = v->o;
	o.log_max = 100;
	assert_int_equal(eeh_rtas_new(&r, &o), -EINVAL);
	/* The VMM's own token. */
	o = v->o;
	o.tokens[EEH_RTAS_READ_STATE2] = 0x4711;
	assert_int_equal(eeh_rtas_new(&r, &o), 0);
	vm_put32(v, BLOCK, 0x2022);
	assert_int_equal(eeh_rtas_call(r, BLOCK, 0, NULL), -ENOENT);
	vm_put32(v, BLOCK, 0x4711);
	vm_put32(v, BLOCK + 4, 3);
	vm_put32(v, BLOCK + 8, 4);
	assert_int_equal(eeh_rtas_call(r, BLOCK, 0, NULL), 0);
	assert_int_equal((int32_t)vm_get32(v, BLOCK + 24), -3);
	eeh_rtas_free(r);
	eeh_rtas_free(NULL);
}

/* The host recovers what is above: 5, then 2, and it was not the PE's fault. */
static void test_rtas_outside(void **state)
{
	struct vm *v = *state;

	bring(v, TEMP);
	assert_int_equal(vm_state(v, PE_A), 5);
	vm_pes(v, "2", "0");
	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 5, 3, PE_A, HI, LO), 0);
	assert_int_equal(v->rets[1], 2);
	assert_int_equal(v->rets[4], 2);
	bring(v, STOPPED);
	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 5, 3, PE_A, HI, LO), 0);
	assert_int_equal(v->rets[4], 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, vm_setup, vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rtas_state_table), T(test_rtas_read_state), T(test_rtas_gives_up),
		T(test_rtas_frozen_by_reset), T(test_rtas_permanent), T(test_rtas_fundamental),
		T(test_rtas_host_fails),
		T(test_rtas_pending), T(test_rtas_pending_lost), T(test_rtas_configure),
		T(test_rtas_synchronous), T(test_rtas_addr_info), T(test_rtas_two_groups),
		T(test_rtas_hotplug), T(test_rtas_plug_refused), T(test_rtas_hostile),
		T(test_rtas_options), T(test_rtas_outside),
	};

	return cmocka_run_group_tests_name("rtas", tests, NULL, NULL);
}
