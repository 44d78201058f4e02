// SPDX-License-Identifier: GPL-2.0-only
/* What the guest reads: error logs, parsed back; I/O events; the device tree, checked by dtc. */
#include <errno.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>

#include "log_internal.h"
#include "rtas_fixture.h"

#define PE_A	(DEV_A | 1)
#define HI	((uint32_t)(BUID >> 32))
#define LO	((uint32_t)BUID)
#define DRV	0x8000

/* ---- A reader of logs of its own: LoPAR, "Platform Event Log Format, Version 6" */

struct section {
	char id[3];
	uint32_t len, subtype;
	const uint8_t *p;
};

struct log {
	uint32_t len;		/* with the fixed part */
	uint8_t type;
	unsigned int nr;
	struct section s[8];
	char text[2048];	/* of the UD with words */
	const uint8_t *driver;
	uint32_t driver_len;
};

static uint32_t be16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return be16(p) << 16 | be16(p + 2);
}

static void parse(const uint8_t *p, size_t room, struct log *l)
{
	const uint8_t *end;
	uint32_t left, i;

	memset(l, 0, sizeof(*l));
	assert_true(room >= 24);
	assert_int_equal(p[0], 6);
	assert_true(p[1] & 4);
	l->type = p[3];
	l->len = be32(p + 4) + 8;
	assert_true(l->len <= room);
	end = p + l->len;
	p += 8;
	assert_true(p[0] & 0x80);
	assert_true(p[0] & 0x04);
	assert_true(p[0] & 0x02);
	assert_int_equal(p[2], 0x80 | 14);
	assert_memory_equal(p + 12, "IBM\0", 4);
	for (p += 16; p < end; p += be16(p + 2)) {
		struct section *s = &l->s[l->nr++];

		left = end - p;
		assert_true(left >= 8 && be16(p + 2) >= 8 && be16(p + 2) <= left);
		assert_true(!(be16(p + 2) & 3));
		memcpy(s->id, p, 2);
		s->len = be16(p + 2);
		s->subtype = p[5];
		s->p = p;
		if (!strcmp(s->id, "UD") && s->subtype == 1)
			memcpy(l->text, p + 8, s->len - 8);
		if (!strcmp(s->id, "UD") && s->subtype == 2) {
			l->driver = p + 8;
			l->driver_len = s->len - 8;
		}
	}
	assert_string_equal(l->s[0].id, "PH");
	assert_int_equal(l->s[0].len, 48);
	assert_int_equal(l->s[0].p[0x18], 'H');
	assert_int_equal(l->s[0].p[0x1b], l->nr);
	assert_string_equal(l->s[1].id, "UH");
	assert_int_equal(l->s[1].len, 24);
	for (i = 8; i < 0xf; i++)	/* dates are BCD */
		assert_true(l->s[0].p[i] >> 4 <= 9 && (l->s[0].p[i] & 0xf) <= 9);
}

static int32_t detail(struct vm *v, uint32_t func, uint32_t drv_len, uint32_t room, struct log *l)
{
	int32_t status;

	memset(v->mem + LOGBUF, 0x5a, 4096);
	status = vm_call(v, EEH_RTAS_SLOT_ERROR_DETAIL, 1, 8, PE_A, HI, LO, DRV, drv_len, LOGBUF,
			 room, func);
	if (!status)
		parse(v->mem + LOGBUF, room, l);
	else
		assert_int_equal(v->mem[LOGBUF], 0x5a);
	return status;
}

static void test_rtas_error_log(void **state)
{
	struct vm *v = *state;
	struct log l;

	/* R1-6: nothing is stopped. */
	assert_int_equal(detail(v, 1, 0, 2048, &l), 1);
	vm_pes(v, "2", "0");
	strcpy((char *)v->mem + DRV, "nvme0: controller is down");
	assert_int_equal(detail(v, 1, 25, 2048, &l), 0);
	/* R1-17: and left so. */
	assert_string_equal(vm_ops(v), "0001:fd 4\n");
	assert_int_equal(l.type, 0xe0);
	assert_int_equal(l.nr, 5);
	assert_string_equal(l.s[2].id, "PS");
	/* Primary SRC: a call-out that names the slot. */
	assert_int_equal(l.s[2].p[9] & 1, 1);
	assert_int_equal(l.s[2].p[80], 0xc0);
	assert_int_equal(be16(l.s[2].p + 82) * 4 + 80, l.s[2].len);
	assert_string_equal((const char *)l.s[2].p + 88, "PCI-800000020000001-B00-D01-F0");
	assert_int_equal(l.s[1].p[0xa], 0x10);
	assert_non_null(strstr(l.text, "PE 0001:fd: MMIO and DMA are stopped\n"));
	assert_non_null(strstr(l.text, "00:01.0: 1b36:0010 class 010802 command 0406 status 0010\n"));
	/* The driver's own data is the last. */
	assert_string_equal(l.s[4].id, "UD");
	assert_int_equal(l.s[4].subtype, 2);
	assert_int_equal(l.driver_len, 28);
	assert_memory_equal(l.driver, "nvme0: controller is down\0\0\0", 28);
	/* R1-4: as often as it is asked. */
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_int_equal(l.nr, 4);
	/* R1-18, R1-5, R1-8. */
	vm_pes(v, "4", "0");
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_non_null(strstr(l.text, "DMA is stopped"));
	assert_int_equal(vm_state(v, PE_A), 4);
	vm_pes(v, "5", "0");
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	vm_pes(v, "2", "0");
	assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
	assert_int_equal(detail(v, 1, 0, 2048, &l), 1);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	assert_int_equal(detail(v, 1, 0, 2048, &l), 1);
	/* R1-7: given up, there is always one. */
	assert_int_equal(detail(v, 2, 0, 2048, &l), 0);
	assert_int_equal(l.s[1].p[0xa], 0x48);
	assert_int_equal(v->mem[LOGBUF + 8] & 0x60, 0x40);
	assert_non_null(strstr(l.text, "given up"));
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_int_equal(detail(v, 0, 0, 2048, &l), -3);
	assert_int_equal(detail(v, 3, 0, 2048, &l), -3);
}

/* R1-11: what is longer than the guest's buffer is cut off, the driver's part first. */
static void test_rtas_log_room(void **state)
{
	struct vm *v = *state;
	struct log l;
	uint32_t room;

	vm_pes(v, "2", "0");
	memset(v->mem + DRV, 'd', 0x4000);
	assert_int_equal(detail(v, 1, 0x4000, 2048, &l), 0);
	assert_int_equal(l.len, 2048);
	assert_true(l.driver_len > 1000);
	assert_int_equal(detail(v, 1, 0x4000, 0x7fffffff, &l), 0);
	assert_int_equal(l.len, 2048);
	assert_int_equal(detail(v, 1, 0x4000, 512, &l), 0);
	assert_true(l.len <= 512);
	for (room = 0; room < 300; room++) {
		memset(v->mem + LOGBUF, 0x5a, 512);
		assert_int_equal(vm_call(v, EEH_RTAS_SLOT_ERROR_DETAIL, 1, 8, PE_A, HI, LO, DRV, 64,
					 LOGBUF, room, 1), 0);
		assert_int_equal(v->mem[LOGBUF + room], 0x5a);
		assert_true(!room || v->mem[LOGBUF] == 6);
	}
	/* Buffers outside of memory; R1-12 comes first. */
	assert_int_equal(vm_call(v, EEH_RTAS_SLOT_ERROR_DETAIL, 1, 8, PE_A, HI, LO, MEM, 64, LOGBUF,
				 2048, 1), -3);
	assert_int_equal(vm_call(v, EEH_RTAS_SLOT_ERROR_DETAIL, 1, 8, PE_A, HI, LO, 0, 0, MEM - 64,
				 2048, 1), -3);
	assert_int_equal(vm_state(v, PE_A), 2);
	assert_int_equal(vm_call(v, EEH_RTAS_SLOT_ERROR_DETAIL, 1, 8, PE_A, HI, LO, 0, 0,
				 UINT32_MAX, UINT32_MAX, 2), -3);
	assert_int_equal(vm_state(v, PE_A), 6);
}

/* Diagnostic data of a PHB4: a DMA read without translation. */
static void put_diag(uint8_t *data)
{
	const struct log_layout *l = &log_layout_phb4;

	memset(data, 0, l->len);
	log_put(data, PHB_VERSION, 4, PHB_VERSION_1);
	log_put(data, PHB_IOTYPE, 4, l->iotype);
	log_put(data, PHB_LEN, 4, l->len);
	log_put(data, l->pesta + 8 * 0xfd, 8, 0x8200200001000000);
	log_put(data, l->pestb + 8 * 0xfd, 8, 0x8000000000100000);
}

static void test_rtas_log_decoded(void **state)
{
	static uint8_t data[PHB_LEN_MAX];
	struct vm *v = *state;
	struct log l;

	put_diag(data);
	v->diag = data;
	v->diag_len = log_layout_phb4.len;
	vm_pes(v, "2", "0");
	/* It is fetched when the freeze is noticed, and kept. */
	assert_int_equal(vm_state(v, PE_A), 2);
	v->diag_len = 0;
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_non_null(strstr(l.text, "class: dma-iommu\n"));
	assert_non_null(strstr(l.text, "0x100000"));
	assert_int_equal(be32(l.s[2].p + 0x1c), EEH_LOG_CLASS_DMA_IOMMU);
	assert_memory_equal(l.s[2].p + 0x30, "EEH00001 ", 9);
	/* R1-14: until it is returned, or the PE is reset, or its DMA released. */
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_null(strstr(l.text, "class:"));
	eeh_rtas_reset(v->rtas);
	vm_pes(v, "2", "0");
	v->diag_len = log_layout_phb4.len;
	assert_int_equal(vm_state(v, PE_A), 2);
	v->diag_len = 0;
	assert_int_equal(vm_slot_reset(v, PE_A, 1), 0);
	assert_int_equal(vm_slot_reset(v, PE_A, 0), 0);
	vm_pes(v, "2", "0");
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_null(strstr(l.text, "class:"));
	eeh_rtas_reset(v->rtas);
	/* Not seen before: fetched for the log. */
	vm_pes(v, "2", "0");
	v->diag_len = log_layout_phb4.len;
	assert_int_equal(detail(v, 2, 0, 2048, &l), 0);
	assert_non_null(strstr(l.text, "class: dma-iommu\n"));
	/* What is no data at all does no harm. */
	eeh_rtas_reset(v->rtas);
	vm_pes(v, "2", "0");
	data[7] = 99;
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_null(strstr(l.text, "class:"));
}

/* The first PE again, now with /dev/eeh. */
static struct eeh_rtas_pe *add_with_dev(struct vm *v)
{
	struct eeh_rtas_pe_opts o;
	struct eeh_rtas_pe *pe;

	eeh_rtas_del_pe(v->rtas, v->a);
	EEH_INIT(&o);
	o.buid = BUID;
	o.group = 3;
	o.container = eeh_vfio_container(v->vfio, 3);
	o.device = "0001:01:00.0";
	o.flags = EEH_RTAS_PE_DEV_LOG;
	assert_int_equal(eeh_rtas_add_pe(v->rtas, &o, &pe), 0);
	return pe;
}

/* By /dev/eeh, for a VMM that may. */
static void test_rtas_log_dev(void **state)
{
	static uint8_t data[PHB_LEN_MAX];
	struct vm *v = *state;
	struct eeh_rtas_device_opts d;
	struct eeh_rtas_pe *pe;
	char path[256];
	struct log l;
	FILE *f;

	put_diag(data);
	unit_file(v->u, "dev/eeh", "%s", "");
	unit_file(v->u, "fake/log-0001:fd-1", "%s", "");
	snprintf(path, sizeof(path), "%s/fake/log-0001:fd-1", v->u->root);
	f = fopen(path, "wb");
	assert_non_null(f);
	fwrite(data, 1, log_layout_phb4.len, f);
	fclose(f);
	pe = add_with_dev(v);
	EEH_INIT(&d);
	d.config_addr = DEV_A;
	d.device = "0001:01:00.0";
	d.arg = &v->dev[0];
	assert_int_equal(eeh_rtas_add_device(v->rtas, pe, &d), 0);
	vm_pes(v, "2 log=1", "0");
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_non_null(strstr(l.text, "class: dma-iommu\n"));
}

/* A VMM that has /dev/eeh is told of freezes that no call has met. */
static void test_rtas_eventfd(void **state)
{
	struct vm *v = *state;
	struct eeh_rtas_pe *pe;
	eventfd_t n = 0;
	int fd;

	fd = eventfd(0, EFD_NONBLOCK);
	assert_true(fd >= 0);
	/* Without /dev/eeh: nobody who could tell. */
	assert_int_equal(eeh_rtas_pe_eventfd(v->rtas, v->a, fd), -ENOENT);
	unit_file(v->u, "dev/eeh", "%s", "");
	pe = add_with_dev(v);
	assert_int_equal(eeh_rtas_pe_eventfd(v->rtas, pe, fd), 0);
	assert_int_equal(eventfd_read(fd, &n), -1);
	/* This PE's freezes, not another's. */
	vm_pes(v, "0", "2");
	assert_int_equal(eeh_rtas_pe_eventfd(v->rtas, pe, fd), 0);
	assert_int_equal(eventfd_read(fd, &n), -1);
	vm_pes(v, "2", "0");
	assert_int_equal(eeh_rtas_pe_eventfd(v->rtas, pe, fd), 0);
	assert_int_equal(eventfd_read(fd, &n), 0);
	assert_int_equal(eeh_rtas_pe_eventfd(v->rtas, pe, -1), 0);
	close(fd);
}

static void test_rtas_log_injected(void **state)
{
	struct vm *v = *state;
	uint32_t w[] = { 0, 0, PE_A, HI, LO, 4 }, token, i;
	struct log l;

	vm_call(v, EEH_RTAS_OPEN_ERRINJCT, 2, 0);
	token = v->rets[0];
	for (i = 0; i < 6; i++)
		vm_put32(v, BUF + 4 * i, w[i]);
	assert_int_equal(vm_call(v, EEH_RTAS_ERRINJCT, 1, 3, EEH_RTAS_ERR_IOA, token, BUF), 0);
	fake_sys.sleep_ms(NULL, 42);
	vm_pes(v, "2", "0");
	assert_int_equal(detail(v, 1, 0, 2048, &l), 0);
	assert_non_null(strstr(l.text, "this guest injected load-config-address, address 0, 42 ms "
			       "before\n"));
	assert_int_equal(be32(l.s[2].p + 0x1c), EEH_LOG_CLASS_INJECTED);
}

/* ---- I/O events */

static int io_event(void *arg, void *pe, const void *log, size_t len)
{
	struct vm *v = arg;

	assert_ptr_equal(pe, &v->arg_a);
	assert_true(len <= sizeof(v->io_log));
	memcpy(v->io_log, log, len);
	v->io_len = len;
	return v->cpu_ret;
}

static void test_rtas_io_event(void **state)
{
	struct vm *v = *state;
	struct log l;

	assert_int_equal(vm_option(v, PE_A, 4), -3);
	vm_free(v);
	v->o.io_event = io_event;
	vm_new(v);
	vm_pes(v, "2", "0");
	/* Off until the guest wants it. */
	assert_int_equal(eeh_rtas_notice(v->rtas, v->a), 0);
	assert_int_equal(vm_option(v, PE_A, 4), 0);
	v->cpu_ret = -EAGAIN;
	assert_int_equal(eeh_rtas_notice(v->rtas, v->a), -EAGAIN);
	v->cpu_ret = 0;
	assert_int_equal(eeh_rtas_notice(v->rtas, v->a), 1);
	parse(v->io_log, v->io_len, &l);
	assert_int_equal(l.type, 0xe1);
	assert_int_equal(l.nr, 3);
	assert_string_equal(l.s[2].id, "IE");
	assert_int_equal(l.s[2].p[8], 1);
	assert_int_equal(l.s[2].p[0xa], 0x38);
	assert_int_equal(be32(l.s[2].p + 0xc), 0x20000003);
	assert_int_equal(l.s[1].p[0xa], 0);
	/* One for each freeze. */
	assert_int_equal(eeh_rtas_notice(v->rtas, v->a), 0);
	vm_pes(v, "0", "0");
	assert_int_equal(eeh_rtas_notice(v->rtas, v->a), 0);
	vm_pes(v, "2", "0");
	assert_int_equal(eeh_rtas_notice(v->rtas, v->a), 1);
	assert_int_equal(vm_option(v, PE_A, 5), 0);
	vm_pes(v, "0", "0");
	assert_int_equal(eeh_rtas_notice(v->rtas, v->a), 0);
	vm_pes(v, "2", "0");
	assert_int_equal(eeh_rtas_notice(v->rtas, v->a), 0);
}

/* ---- Device tree */

static void *fdt;

static int put(void *arg, const char *name, const void *data, size_t len)
{
	/* Not twice, and not what is there already. */
	assert_null(fdt_getprop(fdt, *(int *)arg, name, NULL));
	return fdt_setprop(fdt, *(int *)arg, name, data, len);
}

static void build(struct vm *v)
{
	char blob[65536];
	int rtas;

	free(fdt);
	assert_int_equal(fdt_create_empty_tree(blob, sizeof(blob)), 0);
	fdt = malloc(sizeof(blob));
	memcpy(fdt, blob, sizeof(blob));
	rtas = fdt_add_subnode(fdt, 0, "rtas");
	assert_true(rtas > 0);
	assert_int_equal(eeh_rtas_for_each_prop(v->rtas, put, &rtas), 0);
	assert_int_equal(fdt_pack(fdt), 0);
}

static int64_t cell(const char *name)
{
	int len;
	const void *p = fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"), name, &len);

	if (!p)
		return -1;
	assert_int_equal(len, 4);
	return be32(p);
}

/* "7 ioa-bus-error 15 ioa-bus-error-64": as errinjct of powerpc-utils walks it. */
static const char *tokens(void)
{
	static char buf[1024];
	const char *p, *end;
	size_t n = 0;
	int len;

	p = fdt_getprop(fdt, fdt_path_offset(fdt, "/rtas"), "ibm,errinjct-tokens", &len);
	buf[0] = '\0';
	for (end = p + (p ? len : 0); p < end; p += strlen(p) + 5)
		n += snprintf(buf + n, sizeof(buf) - n, "%u %s ",
			      be32((const uint8_t *)p + strlen(p) + 1), p);
	return buf;
}

static int nothing(void *arg, const char *name, const void *data, size_t len)
{
	(void)arg;
	(void)name;
	(void)data;
	(void)len;
	return 42;
}

static void test_rtas_device_tree(void **state)
{
	struct vm *v = *state;
	char path[256], cmd[700];
	uint32_t i;
	FILE *f;

	build(v);
	for (i = 0; i < EEH_RTAS_CALLS; i++)
		assert_int_equal(cell(eeh_rtas_call_info(i)->name), eeh_rtas_call_info(i)->token);
	assert_int_equal(cell("ibm,reset-capabilities"), 1);
	assert_int_equal(cell("ibm,read-slot-reset-state-functions"), 3);
	assert_string_equal(tokens(), "7 ioa-bus-error 15 ioa-bus-error-64 ");
	/* QEMU's table: 0x2000 to 0x202d; only what means the same may have the same number. */
	for (i = 0; i < EEH_RTAS_CALLS; i++)
		assert_true(i < 6 ? eeh_rtas_call_info(i)->token == 0x2020 + i :
			    eeh_rtas_call_info(i)->token > 0x202d);

	/* dtc must read it back, and say the same. */
	snprintf(path, sizeof(path), "%s/rtas.dtb", v->u->root);
	f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(fdt, 1, fdt_totalsize(fdt), f), fdt_totalsize(fdt));
	fclose(f);
	snprintf(cmd, sizeof(cmd), "exec 2>&1; cd %s && dtc -I dtb -O dts -o 1.dts rtas.dtb > err && "
		 "dtc -I dts -O dtb -o 2.dtb 1.dts >> err && dtc -I dtb -O dts -o 2.dts 2.dtb >> err && "
		 "test ! -s err && cmp 1.dts 2.dts && "
		 "grep -q 'ibm,open-errinjct = <0x2043>;' 1.dts && "
		 "grep -q 'ibm,read-slot-reset-state2 = <0x2022>;' 1.dts", v->u->root);
	assert_int_equal(system(cmd), 0);

	vm_free(v);
	v->o.inject = false;
	v->o.fundamental = false;
	v->o.tokens[EEH_RTAS_CONFIGURE_PE] = 0x9999;
	vm_new(v);
	build(v);
	assert_int_equal(cell("ibm,configure-pe"), 0x9999);
	assert_int_equal(cell("ibm,errinjct"), -1);
	assert_int_equal(cell("ibm,open-errinjct"), -1);
	assert_int_equal(cell("ibm,close-errinjct"), -1);
	assert_int_equal(cell("ibm,reset-capabilities"), -1);
	assert_string_equal(tokens(), "");

	vm_free(v);
	v->o.inject = true;
	v->o.cpu_errors = UINT32_MAX;
	vm_new(v);
	build(v);
	assert_string_equal(tokens(), "1 fatal 2 recovered-random-event 3 recovered-special-event "
			    "4 corrupted-page 5 corrupted-slb 6 translator-failure 7 ioa-bus-error "
			    "8 platform-specific 9 corrupted-dcache-start 10 corrupted-dcache-end "
			    "11 corrupted-icache-start 12 corrupted-icache-end "
			    "13 corrupted-tlb-start 14 corrupted-tlb-end 15 ioa-bus-error-64 "
			    "16 upstream-IO-error ");
	assert_int_equal(eeh_rtas_for_each_prop(v->rtas, nothing, NULL), 42);
	free(fdt);
	fdt = NULL;
}

#define T(f) cmocka_unit_test_setup_teardown(f, vm_setup, vm_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rtas_error_log), T(test_rtas_log_room), T(test_rtas_log_decoded),
		T(test_rtas_log_dev), T(test_rtas_eventfd),
		T(test_rtas_log_injected), T(test_rtas_io_event),
		T(test_rtas_device_tree),
	};

	return cmocka_run_group_tests_name("rtas_log", tests, NULL, NULL);
}
