// SPDX-License-Identifier: GPL-2.0-only
/* Error injection by the guest: sessions, what is made and what is refused, and to whom. */
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
/* Where the guest and the host have BAR 0 of A: see vm_new() and vm_setup(). */
#define BAR_A	0x210000000000ULL
#define BUS_A	0x100000000ULL

static uint32_t open_session(struct vm *v)
{
	vm_call(v, EEH_RTAS_OPEN_ERRINJCT, 2, 0);
	assert_int_equal(v->rets[1], 0);
	return v->rets[0];
}

static int32_t errinjct(struct vm *v, uint32_t err, uint32_t token, const uint32_t *w, size_t nr)
{
	size_t i;

	for (i = 0; i < 8; i++)
		vm_put32(v, BUF + 4 * i, i < nr ? w[i] : 0);
	return vm_call(v, EEH_RTAS_ERRINJCT, 1, 3, err, token, BUF);
}

static int32_t ioa(struct vm *v, uint32_t token, uint32_t func, uint32_t addr, uint32_t mask)
{
	uint32_t w[] = { addr, mask, PE_A, HI, LO, func };

	return errinjct(v, EEH_RTAS_ERR_IOA, token, w, 6);
}

static int32_t ioa64_at(struct vm *v, uint32_t token, uint32_t pe, uint32_t func, uint64_t addr,
			uint64_t mask)
{
	uint32_t w[] = { addr >> 32, addr, mask >> 32, mask, pe, HI, LO, func };

	return errinjct(v, EEH_RTAS_ERR_IOA_64, token, w, 8);
}

static int32_t ioa64(struct vm *v, uint32_t token, uint32_t func, uint64_t addr, uint64_t mask)
{
	return ioa64_at(v, token, PE_A, func, addr, mask);
}

static void test_rtas_session(void **state)
{
	struct vm *v = *state;
	uint32_t token, first, i;

	/* None is open: no token will do, least of all 0. */
	assert_int_equal(ioa(v, 0, 4, 0, 0), -4);
	assert_int_equal(vm_call(v, EEH_RTAS_CLOSE_ERRINJCT, 1, 1, 0), -4);
	first = open_session(v);
	assert_in_range(first, 1, 9899);
	assert_non_null(vm_saw(v, EEH_RTAS_EV_OPENED));
	/* One at a time. */
	vm_call(v, EEH_RTAS_OPEN_ERRINJCT, 2, 0);
	assert_int_equal(v->rets[0], 0);
	assert_int_equal((int32_t)v->rets[1], -4);
	/* The wrong token: -4, and it stays open. */
	assert_int_equal(ioa(v, first + 1, 4, 0, 0), -4);
	assert_int_equal(ioa(v, 0, 4, 0, 0), -4);
	assert_int_equal(vm_call(v, EEH_RTAS_CLOSE_ERRINJCT, 1, 1, first + 1), -4);
	assert_string_equal(vm_injected(v), "");
	assert_int_equal(ioa(v, first, 4, 0, 0), 0);
	assert_int_equal(vm_call(v, EEH_RTAS_CLOSE_ERRINJCT, 1, 1, first), 0);
	assert_non_null(vm_saw(v, EEH_RTAS_EV_CLOSED));
	assert_int_equal(vm_call(v, EEH_RTAS_CLOSE_ERRINJCT, 1, 1, first), -4);
	assert_int_equal(ioa(v, first, 4, 0, 0), -4);
	/* An old token is nobody's, and each is one that librtas does not take for a status. */
	for (i = 0; i < 2500; i++) {
		token = open_session(v);
		assert_int_not_equal(token, first);
		assert_in_range(token, 1, 9899);
		first = token;
		assert_int_equal(vm_call(v, EEH_RTAS_CLOSE_ERRINJCT, 1, 1, token), 0);
	}
	/* A reset of the machine closes. */
	token = open_session(v);
	vm_forget(v);
	eeh_rtas_reset(v->rtas);
	assert_non_null(vm_saw(v, EEH_RTAS_EV_CLOSED));
	assert_int_equal(ioa(v, token, 4, 0, 0), -4);
	assert_int_not_equal(open_session(v), token);
}

static void test_rtas_inject_off(void **state)
{
	struct vm *v = *state;
	const char *why;

	vm_free(v);
	v->o.inject = false;
	vm_new(v);
	vm_call(v, EEH_RTAS_OPEN_ERRINJCT, 2, 0);
	assert_int_equal(v->rets[0], 0);
	assert_int_equal((int32_t)v->rets[1], -5);
	assert_int_equal(vm_saw(v, EEH_RTAS_EV_REFUSED)->ev.status, -5);
	assert_int_equal(ioa(v, 1, 4, 0, 0), -4);
	assert_int_equal(eeh_rtas_can_inject(v->rtas, v->a, 4, &why), EEH_INJECT_NO);
	assert_string_equal(why, "this machine may not inject errors");
	assert_string_equal(vm_injected(v), "");
}

/* Every function, on a host with firmware that has learnt all of them. */
static void test_rtas_functions(void **state)
{
	static const bool done[EEH_RTAS_FUNCTIONS] = {
		[0] = true, [1] = true, [4] = true, [5] = true, [6] = true, [7] = true,
		[10] = true, [11] = true, [12] = true, [13] = true, [15] = true, [16] = true,
		[17] = true,
	};
	struct vm *v = *state;
	uint32_t f, token = open_session(v), got;
	const char *why;
	char name[20];

	vm_pes(v, "0 mem dma", "0 mem dma");
	for (f = 0; f < 30; f++) {
		bool yes = f < EEH_RTAS_FUNCTIONS && done[f];

		vm_forget(v);
		assert_int_equal(ioa(v, token, f, 0, 0), yes ? 0 : -3);
		assert_int_equal(eeh_rtas_can_inject(v->rtas, v->a, f, &why) != EEH_INJECT_NO, yes);
		if (!yes) {
			assert_string_equal(vm_injected(v), "");
			assert_string_equal(vm_ops(v), "");
			assert_string_equal(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, why);
			assert_true(*why);
			continue;
		}
		/* The very function, not another of its class. */
		assert_int_equal(sscanf(vm_injected(v), "%19s %*u %u", name, &got), 2);
		assert_string_equal(name, "0001:fd");
		assert_int_equal(got, f);
		assert_int_equal(vm_saw(v, EEH_RTAS_EV_INJECTED)->ev.func, f);
		assert_int_equal(vm_saw(v, EEH_RTAS_EV_INJECTED)->ev.cpu, 7);
		assert_string_equal(vm_saw(v, EEH_RTAS_EV_INJECTED)->pe, "0001:fd");
	}
	/* Each call injects once, the long form as well. */
	vm_forget(v);
	assert_int_equal(ioa64(v, token, 4, 0, 0), 0);
	assert_string_equal(vm_injected(v), "0001:fd 0 4 0 0\n");
	assert_string_equal(vm_injected(v), "");
}

/* What the host's firmware has not learnt is no success. */
static void test_rtas_inject_firmware_refuses(void **state)
{
	struct vm *v = *state;
	uint32_t token = open_session(v);

	vm_pes(v, "0", "0");
	assert_int_equal(ioa(v, token, 0, 0, 0), -3);
	assert_non_null(strstr(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, "firmware refused"));
	assert_null(vm_saw(v, EEH_RTAS_EV_INJECTED));
	assert_int_equal(ioa(v, token, 4, 0, 0), 0);
}

/* A guest's bus address becomes the host's, and the mask stays inside of the BAR. */
static void test_rtas_inject_address(void **state)
{
	struct vm *v = *state;
	uint32_t token = open_session(v);

	vm_pes(v, "0 mem dma", "0 mem dma");
	assert_int_equal(ioa64(v, token, 0, BAR_A + 0x1008, UINT64_MAX), 0);
	assert_string_equal(vm_injected(v), "0001:fd 1 0 0x100001008 0xffffffffffffffff\n");
	assert_int_equal(vm_saw(v, EEH_RTAS_EV_INJECTED)->ev.addr, BAR_A + 0x1008);
	assert_int_equal(vm_saw(v, EEH_RTAS_EV_INJECTED)->ev.host_addr, BUS_A + 0x1008);
	assert_int_equal(ioa64(v, token, 6, BAR_A + 0x3ff8, 0xff00), 0);
	assert_string_equal(vm_injected(v), "0001:fd 1 6 0x100003ff8 0xffffffffffffff00\n");
	/* The second BAR, 32 bits in the guest, is elsewhere on the host. */
	assert_int_equal(ioa(v, token, 0, 0xc0000ffc, 0xffffff00), 0);
	assert_string_equal(vm_injected(v), "0001:fd 0 0 0x80000ffc 0xffffffffffffff00\n");
	/* No bit is compared: anywhere in the PE, wherever the address is. */
	assert_int_equal(ioa64(v, token, 0, 0x12345678, 0), 0);
	/* In the window where its first BAR is; in the other, if firmware says that it has none. */
	assert_string_equal(vm_injected(v), "0001:fd 1 0 0 0\n");
	vm_pes(v, "0 mem m32", "0 mem dma");
	assert_int_equal(ioa64(v, token, 0, 0, 0), 0);
	assert_string_equal(vm_injected(v), "0001:fd 0 0 0 0\n");
	vm_pes(v, "0 mem dma", "0 mem dma");
	/* Just outside, another PE's, none. */
	assert_int_equal(ioa64(v, token, 0, BAR_A + 0x4000, UINT64_MAX), -3);
	assert_int_equal(ioa64(v, token, 0, BAR_A - 8, UINT64_MAX), -3);
	assert_int_equal(ioa64(v, token, 0, 0x210000010000, UINT64_MAX), -3);
	assert_int_equal(ioa64(v, token, 0, UINT64_MAX - 7, UINT64_MAX), -3);
	assert_int_equal(ioa64_at(v, token, PE_B, 0, 0x210000010000, UINT64_MAX), 0);
	assert_string_equal(vm_injected(v), "0001:fc 1 0 0x100100000 0xffffffffffffffff\n");
	/* Alignment; and no more than 24 bits may be ignored in the short form. */
	assert_int_equal(ioa64(v, token, 0, BAR_A + 4, UINT64_MAX), -3);
	assert_int_equal(ioa(v, token, 0, 0xc0000002, UINT32_MAX), -3);
	assert_int_equal(ioa(v, token, 0, 0xc0000000, 0x7f000000), -3);
	assert_int_equal(ioa(v, token, 0, 0xc0000000, 0xff000000), 0);
	vm_forget(v);
	/* DMA is where the guest has it. */
	assert_int_equal(ioa64(v, token, 12, 0x0800000000010000, UINT64_MAX), 0);
	assert_string_equal(vm_injected(v), "0001:fd 1 12 0x800000000010000 0xffffffffffffffff\n");
	assert_int_equal(ioa64(v, token, 12, 0, UINT64_MAX), -3);
	/* Anywhere: the second window of the long form, the first one of the short. */
	assert_int_equal(ioa64(v, token, 16, 0, 0), 0);
	assert_string_equal(vm_injected(v), "0001:fd 1 16 0x800000000001000 0\n");
	assert_int_equal(ioa(v, token, 16, 0, 0), 0);
	assert_string_equal(vm_injected(v), "0001:fd 0 16 0x1000 0\n");
	/* By a device's address; by none of this machine. */
	assert_int_equal(ioa64_at(v, token, DEV_B1, 4, 0, 0), 0);
	assert_string_equal(vm_injected(v), "0001:fc 0 4 0 0\n");
	assert_int_equal(ioa64_at(v, token, 0x1800, 4, 0, 0), -3);
	/* A BAR that the guest has not placed, or that does not decode memory. */
	v->dev[0].config[4] = 4;
	v->dev[0].config[5] = 0;
	assert_int_equal(ioa64(v, token, 0, 0x1000, UINT64_MAX), -3);
	v->dev[0].config[6] = 0xc0000001;
	assert_int_equal(ioa(v, token, 0, 0xc0000000, UINT32_MAX), -3);
	assert_string_equal(vm_injected(v), "");
}

/* Nobody else's PE is hit. */
static void test_rtas_inject_owner(void **state)
{
	struct vm *v = *state;
	uint32_t token = open_session(v);
	const char *why;

	vm_pes(v, "0 mem dma", "0 mem dma");
	/* A device of the host on the same PHB: DMA could hit it, the others cannot. */
	vm_pci(v, "0001:05:00.0", "020000", "tg3", 6, "0xff", 0);
	assert_int_equal(ioa(v, token, 12, 0, 0), -3);
	assert_int_equal(ioa64(v, token, 16, 0x0800000000010000, UINT64_MAX), -3);
	assert_non_null(strstr(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, "same PHB"));
	assert_int_equal(eeh_rtas_can_inject(v->rtas, v->a, 12, &why), EEH_INJECT_NO);
	assert_int_equal(ioa(v, token, 0, 0, 0), 0);
	vm_forget(v);
	/* Without a driver it is nobody's. */
	unit_remove(v->u, "sys/bus/pci/devices/0001:05:00.0/driver");
	assert_int_equal(ioa(v, token, 12, 0, 0), 0);
	vm_forget(v);

	/* A function of the PE that the host has taken. */
	vm_pci(v, "0001:01:00.1", "020000", "tg3", 3, "0xfd", 0);
	assert_int_equal(ioa(v, token, 4, 0, 0), -3);
	assert_non_null(strstr(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, "shared"));
	/* One in another group. */
	vm_pci(v, "0001:01:00.1", "020000", "vfio-pci", 6, "0xfd", 0);
	assert_int_equal(ioa(v, token, 4, 0, 0), -3);
	assert_non_null(strstr(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, "group"));
	unit_remove(v->u, "sys/bus/pci/devices/0001:01:00.1");
	assert_string_equal(vm_injected(v), "");
	assert_int_equal(ioa(v, token, 4, 0, 0), 0);
	vm_forget(v);
	/* What the wrong VM, or wrong BUID, names. */
	{
		uint32_t w[] = { 0, 0, PE_A, HI, LO + 1, 4 };

		assert_int_equal(errinjct(v, EEH_RTAS_ERR_IOA, token, w, 6), -3);
		assert_int_equal(vm_saw(v, EEH_RTAS_EV_REFUSED)->ev.buid, BUID + 1);
	}
	assert_string_equal(vm_injected(v), "");
}

/* Another process has it open as well. */
static void test_rtas_inject_processes(void **state)
{
	struct vm *v = *state;
	uint32_t token = open_session(v);
	char path[256];

	unit_file(v->u, "proc/4711/comm", "other\n");
	unit_file(v->u, "proc/4711/fd/3", "%s", "");
	snprintf(path, sizeof(path), "%s/proc/4711/fd/3", v->u->root);
	unlink(path);
	assert_int_equal(symlink("/dev/vfio/3", path), 0);
	assert_int_equal(ioa(v, token, 4, 0, 0), -3);
	assert_non_null(strstr(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, "another process"));
	assert_string_equal(vm_injected(v), "");
}

/* A PE that is not normal, or busy. */
static void test_rtas_inject_state(void **state)
{
	struct vm *v = *state;
	uint32_t token = open_session(v);

	vm_pes(v, "2 mem", "0");
	assert_int_equal(ioa(v, token, 4, 0, 0), -1);
	v->hold = true;
	vm_call(v, EEH_RTAS_SET_SLOT_RESET, 1, 4, PE_A, HI, LO, 1);
	assert_int_equal(ioa(v, token, 4, 0, 0), 9902);
	vm_run(v);
	assert_string_equal(vm_injected(v), "");
}

static void test_rtas_rate(void **state)
{
	struct vm *v = *state;
	uint32_t token;
	int i;

	vm_free(v);
	v->o.inject_burst = 3;
	v->o.inject_per_minute = 30;
	vm_new(v);
	token = open_session(v);
	for (i = 0; i < 3; i++)
		assert_int_equal(ioa(v, token, 4, 0, 0), 0);
	vm_forget(v);
	/* 2 s each: 10 s is the shortest delay that is long enough. */
	assert_int_equal(ioa(v, token, 4, 0, 0), 9904);
	assert_non_null(vm_saw(v, EEH_RTAS_EV_REFUSED));
	/* What is refused anyway costs nothing, and a new session brings nothing. */
	assert_int_equal(ioa(v, token, 2, 0, 0), -3);
	assert_int_equal(vm_call(v, EEH_RTAS_CLOSE_ERRINJCT, 1, 1, token), 0);
	token = open_session(v);
	assert_int_equal(ioa(v, token, 4, 0, 0), 9904);
	assert_string_equal(vm_injected(v), "");
	fake_sys.sleep_ms(NULL, 1500);
	assert_int_equal(ioa(v, token, 4, 0, 0), 9903);
	fake_sys.sleep_ms(NULL, 600);
	assert_int_equal(ioa(v, token, 4, 0, 0), 0);
	assert_int_equal(ioa(v, token, 4, 0, 0), 9904);
	/* Looking for others is not free: they cannot be asked for over and over. */
	fake_sys.sleep_ms(NULL, 2000);
	vm_pci(v, "0001:01:00.1", "020000", "tg3", 3, "0xfd", 0);
	assert_int_equal(ioa(v, token, 4, 0, 0), -3);
	assert_int_equal(ioa(v, token, 4, 0, 0), 9904);
	unit_remove(v->u, "sys/bus/pci/devices/0001:01:00.1");
	/* And no more than the burst is ever saved up. */
	fake_sys.sleep_ms(NULL, 3600000);
	for (i = 0; i < 3; i++)
		assert_int_equal(ioa(v, token, 4, 0, 0), 0);
	assert_int_equal(ioa(v, token, 4, 0, 0), 9904);
}

static void test_rtas_inject_hostile(void **state)
{
	struct vm *v = *state;
	uint32_t token = open_session(v), i, n, w[] = { 0, 0, PE_A, HI, LO, 4 };

	/* A buffer that would do, but for where it is. */
	for (i = 512; i; i >>= 1) {
		memset(v->mem + BUF, 0, 1024);
		for (n = 0; n < ARRAY_SIZE(w); n++)
			vm_put32(v, BUF + i + 4 * n, w[n]);
		assert_int_equal(vm_call(v, EEH_RTAS_ERRINJCT, 1, 3, EEH_RTAS_ERR_IOA, token,
					 BUF + i), -3);
	}
	assert_int_equal(vm_call(v, EEH_RTAS_ERRINJCT, 1, 3, EEH_RTAS_ERR_IOA, token, MEM), -3);
	assert_int_equal(vm_call(v, EEH_RTAS_ERRINJCT, 1, 3, EEH_RTAS_ERR_IOA, token,
				 0xfffffc00), -3);
	/* Kinds that there are not. */
	for (i = 0; i < 64; i++)
		if (i != EEH_RTAS_ERR_IOA && i != EEH_RTAS_ERR_IOA_64)
			assert_int_equal(errinjct(v, i, token, NULL, 0), -3);
	assert_int_equal(errinjct(v, UINT32_MAX, token, NULL, 0), -3);
	assert_int_equal(v->cpu_calls, 0);
	assert_string_equal(vm_injected(v), "");
}

/* Errors of processors: by the VMM, or not at all. */
static void test_rtas_cpu(void **state)
{
	struct vm *v = *state;
	uint32_t token, w[] = { 2, 0 };

	vm_free(v);
	v->o.cpu_errors = 1U << EEH_RTAS_ERR_SPECIAL_EVENT | 1U << EEH_RTAS_ERR_SLB |
			  1U << EEH_RTAS_ERR_DCACHE_START | 1U << EEH_RTAS_ERR_DCACHE_END |
			  1U << EEH_RTAS_ERR_TLB_START | 1U << EEH_RTAS_ERR_TLB_END |
			  1U << EEH_RTAS_ERR_IOA;
	vm_new(v);
	token = open_session(v);
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_SPECIAL_EVENT, token, w, 2), 0);
	assert_int_equal(v->cpu_calls, 1);
	assert_int_equal(v->cpu, 7);
	assert_int_equal(v->cpu_err, EEH_RTAS_ERR_SPECIAL_EVENT);
	assert_int_equal(v->cpu_word, 2);
	assert_int_equal(vm_saw(v, EEH_RTAS_EV_INJECTED)->ev.err, EEH_RTAS_ERR_SPECIAL_EVENT);
	/* The VMM's refusals are the guest's. */
	v->cpu_ret = -EINVAL;
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_SLB, token, w, 1), -3);
	v->cpu_ret = -EIO;
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_SLB, token, w, 1), -1);
	v->cpu_ret = 0;
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_PAGE, token, w, 2), -3);
	/* Pairs. */
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_DCACHE_END, token, w, 2), -3);
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_DCACHE_START, token, w, 2), 0);
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_DCACHE_START, token, w, 2), 0);
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_TLB_START, token, w, 1), -3);
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_DCACHE_END, token, w, 2), 0);
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_DCACHE_END, token, w, 2), -3);
	/* Close ends what was begun. */
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_TLB_START, token, w, 1), 0);
	v->cpu_calls = 0;
	assert_int_equal(vm_call(v, EEH_RTAS_CLOSE_ERRINJCT, 1, 1, token), 0);
	assert_int_equal(v->cpu_calls, 1);
	assert_int_equal(v->cpu_err, EEH_RTAS_ERR_TLB_END);
	assert_int_equal(v->cpu_word, 2);
	eeh_rtas_reset(v->rtas);
	assert_int_equal(v->cpu_calls, 1);
	/* A VMM that says it can all: but there is nothing without a name. */
	vm_free(v);
	v->o.cpu_errors = UINT32_MAX;
	vm_new(v);
	token = open_session(v);
	assert_int_equal(errinjct(v, 0, token, w, 2), -3);
	assert_int_equal(errinjct(v, 17, token, w, 2), -3);
	assert_int_equal(errinjct(v, 31, token, w, 2), -3);
	assert_int_equal(v->cpu_calls, 1);
	assert_int_equal(errinjct(v, EEH_RTAS_ERR_UPSTREAM, token, w, 2), 0);
}

static void host_is(struct vm *v, const char *phb)
{
	unit_remove(v->u, "sys/firmware/opal");
	unit_remove(v->u, "proc/device-tree");
	if (!phb) {
		unit_file(v->u, "proc/device-tree/rtas/ibm,set-eeh-option", "x");
		return;
	}
	unit_file(v->u, "sys/firmware/opal/msglog", "x");
	unit_file(v->u, "sys/class/pci_bus/0001:00/of_node/compatible", "%s%c", phb, 0);
}

/* A host that makes errors at once, and may say "done" when nothing was. */
static void test_rtas_inject_pseries(void **state)
{
	struct vm *v = *state;
	uint32_t token = open_session(v);
	char path[256];

	host_is(v, NULL);
	vm_pes(v, "0 mem", "0");
	assert_int_equal(ioa(v, token, 4, 0, 0), -3);
	assert_int_equal(ioa(v, token, 12, 0, 0), -3);
	/* fake_dev.c does not freeze: as that kernel, if it drops an error. */
	assert_int_equal(ioa(v, token, 0, 0, 0), -1);
	assert_non_null(strstr(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, "still normal"));
	assert_null(vm_saw(v, EEH_RTAS_EV_INJECTED));
	/* A virtual function's error is that of all of them. */
	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/0001:01:00.0/physfn", v->u->root);
	assert_int_equal(symlink("../0001:02:00.0", path), 0);
	vm_free(v);
	vm_new(v);
	token = open_session(v);
	assert_int_equal(ioa(v, token, 0, 0, 0), -3);
	assert_non_null(strstr(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, "virtual functions"));
}

/* A bridge that says nothing of its windows, or whose windows end before the BAR does. */
static void test_rtas_inject_no_window(void **state)
{
	struct vm *v = *state;
	uint32_t token;
	char path[256];

	snprintf(path, sizeof(path), "%s/sys/class/pci_bus/0001:00/of_node/ibm,opal-m64-window",
		 v->u->root);
	vm_free(v);
	assert_int_equal(truncate(path, 20), 0);
	vm_new(v);
	token = open_session(v);
	vm_pes(v, "0 mem dma", "0");
	assert_int_equal(ioa64(v, token, 0, BAR_A + 8, UINT64_MAX), -3);
	assert_non_null(strstr(vm_saw(v, EEH_RTAS_EV_REFUSED)->why, "not known"));
	assert_string_equal(vm_injected(v), "");
	/* Without an address it can be. */
	assert_int_equal(ioa64(v, token, 0, 0, 0), 0);
	/* The other window is still there. */
	assert_int_equal(ioa(v, token, 0, 0xc0000ffc, UINT32_MAX), 0);
	vm_free(v);
	unit_remove(v->u, "sys/class/pci_bus/0001:00/of_node/ranges");
	vm_new(v);
	token = open_session(v);
	assert_int_equal(ioa(v, token, 0, 0xc0000ffc, UINT32_MAX), -3);
}

/* The matrix is what the library does on each host, and what docs/rtas.md says. */
static void test_rtas_matrix(void **state)
{
	static const char * const phb[EEH_RTAS_HOSTS] = {
		NULL, "ibm,power8-pciex", "ibm,power9-pciex", "ibm,power10-pciex",
	};
	static const char * const words[] = { "yes", "maybe", "no" };
	struct vm *v = *state;
	char row[200], doc[65536];
	FILE *f = fopen("../../docs/rtas.md", "r");
	uint32_t i;
	int h, can;
	size_t n;

	if (!f)
		f = fopen("docs/rtas.md", "r");
	assert_non_null(f);
	n = fread(doc, 1, sizeof(doc) - 1, f);
	doc[n] = '\0';
	fclose(f);
	for (h = 0; h < EEH_RTAS_HOSTS; h++) {
		host_is(v, phb[h]);
		for (i = 0; i < EEH_RTAS_FUNCTIONS; i++) {
			can = eeh_rtas_can_inject(v->rtas, v->a, i, NULL);
			if (can != eeh_rtas_function(i)->verdict[h])
				fail_msg("%s, function %u: %d", eeh_rtas_host_name(h), i, can);
		}
	}
	for (i = 0; i < EEH_RTAS_FUNCTIONS; i++) {
		const struct eeh_rtas_function *e = eeh_rtas_function(i);

		assert_int_equal(e->func, i);
		snprintf(row, sizeof(row), "| %u | %s | %s | %s | %s | %s |", i, e->name,
			 words[e->verdict[0]], words[e->verdict[1]], words[e->verdict[2]],
			 words[e->verdict[3]]);
		if (!strstr(doc, row))
			fail_msg("docs/rtas.md lacks %s", row);
	}
	assert_null(eeh_rtas_function(EEH_RTAS_FUNCTIONS));
	assert_null(eeh_rtas_host_name(EEH_RTAS_HOSTS));
}

#define T(f) cmocka_unit_test_setup_teardown(f, vm_setup, vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rtas_session), T(test_rtas_inject_off), T(test_rtas_functions),
		T(test_rtas_inject_firmware_refuses), T(test_rtas_inject_address),
		T(test_rtas_inject_owner), T(test_rtas_inject_processes),
		T(test_rtas_inject_state), T(test_rtas_rate), T(test_rtas_inject_hostile),
		T(test_rtas_cpu), T(test_rtas_inject_pseries), T(test_rtas_inject_no_window),
		T(test_rtas_matrix),
	};

	return cmocka_run_group_tests_name("rtas_inject", tests, NULL, NULL);
}
