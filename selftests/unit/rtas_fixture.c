// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rtas_fixture.h"

#define NO_BAR	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
/* The host bridge's windows: where they are for the CPU, and on the bus. */
#define M64_CPU	0x200100000000ULL
#define M64_BUS	0x000100000000ULL
#define M32_CPU	0x2000c0000000ULL
#define M32_BUS	0x000080000000ULL

static char root_dirs[4][80];

void vm_put32(struct vm *v, uint32_t ra, uint32_t val)
{
	v->mem[ra] = val >> 24;
	v->mem[ra + 1] = val >> 16;
	v->mem[ra + 2] = val >> 8;
	v->mem[ra + 3] = val;
}

uint32_t vm_get32(struct vm *v, uint32_t ra)
{
	return (uint32_t)v->mem[ra] << 24 | v->mem[ra + 1] << 16 | v->mem[ra + 2] << 8 |
	       v->mem[ra + 3];
}

/* ---- The VMM */

static int mem_read(void *arg, uint64_t ra, void *buf, size_t len)
{
	struct vm *v = arg;

	if (ra > MEM || len > MEM - ra)
		return -EFAULT;
	memcpy(buf, v->mem + ra, len);
	return 0;
}

static int mem_write(void *arg, uint64_t ra, const void *buf, size_t len)
{
	struct vm *v = arg;

	if (ra > MEM || len > MEM - ra)
		return -EFAULT;
	memcpy(v->mem + ra, buf, len);
	return 0;
}

static int config_read(void *arg, void *device, uint32_t reg, uint32_t *val)
{
	struct guest_dev *d = device;

	(void)arg;
	assert_true(reg < 256 && !(reg & 3));
	d->reads++;
	*val = d->config[reg / 4];
	return 0;
}

static void start(void *arg, struct eeh_rtas_job *job)
{
	struct vm *v = arg;

	assert_null(v->job);
	v->job = job;
}

static void done(void *arg, void *call, int ret)
{
	struct vm *v = arg;

	v->done_call = call;
	v->done_ret = ret;
	v->dones++;
}

static void reset(void *arg, void *pe, enum eeh_rtas_phase phase)
{
	struct vm *v = arg;

	assert_true(pe == &v->arg_a || pe == &v->arg_b || pe == &v->arg_c);
	if (phase == EEH_RTAS_PHASE_ASSERT)
		v->asserted++;
	else
		v->ended++;
}

static void event(void *arg, const struct eeh_rtas_event *ev)
{
	struct vm *v = arg;
	struct seen *s = &v->seen[v->nr_seen++ % ARRAY_SIZE(v->seen)];

	assert_int_equal(ev->sz, sizeof(*ev));
	s->ev = *ev;
	snprintf(s->pe, sizeof(s->pe), "%s", ev->pe);
	snprintf(s->why, sizeof(s->why), "%s", ev->why);
}

static long diag(void *arg, void *pe, void *buf, size_t len)
{
	struct vm *v = arg;

	(void)pe;
	assert_true(v->diag_len <= len);
	if (v->diag_len)
		memcpy(buf, v->diag, v->diag_len);
	return v->diag_len;
}

static int cpu_error(void *arg, uint32_t cpu, uint32_t err, const uint32_t *words, size_t nr)
{
	struct vm *v = arg;

	v->cpu = cpu;
	v->cpu_err = err;
	v->cpu_word = nr ? words[0] : 0xdead;
	v->cpu_calls++;
	return v->cpu_ret;
}

/* ---- The host */

static void link_to(struct vm *v, const char *rel, const char *target)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", v->u->root, rel);
	unlink(path);
	/* Makes the directories. */
	unit_file(v->u, rel, "%s", "");
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

void vm_pci(struct vm *v, const char *address, const char *class_code, const char *driver,
	    int group, const char *pe, unsigned long long bus)
{
	char dir[200], rel[300], target[300];

	snprintf(dir, sizeof(dir), "sys/bus/pci/devices/%s", address);
#define FILE_OF(name, ...) do {							\
		snprintf(rel, sizeof(rel), "%s/%s", dir, name);			\
		unit_file(v->u, rel, __VA_ARGS__);				\
	} while (0)
	FILE_OF("vendor", "0x1b36\n");
	FILE_OF("device", "0x0010\n");
	FILE_OF("class", "0x%s\n", class_code);
	FILE_OF("eeh_pe_config_addr", "%s\n", pe);
	if (bus)
		FILE_OF("resource", "0x%016llx 0x%016llx 0x0000000000140204\n" NO_BAR
			"0x%016llx 0x%016llx 0x0000000000040200\n" NO_BAR NO_BAR NO_BAR,
			M64_CPU - M64_BUS + bus, M64_CPU - M64_BUS + bus + 0x3fff,
			M32_CPU + (bus & 0xff00000) / 16, M32_CPU + (bus & 0xff00000) / 16 + 0xfff);
	else
		FILE_OF("resource", NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR NO_BAR);
	snprintf(rel, sizeof(rel), "%s/driver", dir);
	snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
	link_to(v, rel, target);
	if (group >= 0) {
		snprintf(rel, sizeof(rel), "%s/iommu_group", dir);
		snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", group);
		link_to(v, rel, target);
		snprintf(rel, sizeof(rel), "dev/vfio/%d", group);
		unit_file(v->u, rel, "%s", "");
	}
}

void vm_pes(struct vm *v, const char *a, const char *b)
{
	unit_file(v->u, "fake/pes", "0001:fd 3 %s \n0001:fc 4 %s \n0002:1 5 0 \n0001:ff 6 0 \n", a, b);
	unit_remove(v->u, "fake/ops");
}

/* A property of the host bridge: cells. */
static void host_bridge(struct vm *v, const char *name, const uint32_t *cells, size_t nr)
{
	char rel[120], path[256];
	size_t i;
	FILE *f;

	snprintf(rel, sizeof(rel), "sys/class/pci_bus/0001:00/of_node/%s", name);
	unit_file(v->u, rel, "%s", "");
	snprintf(path, sizeof(path), "%s/%s", v->u->root, rel);
	f = fopen(path, "wb");
	assert_non_null(f);
	for (i = 0; i < nr; i++)
		fwrite((uint8_t[]){ cells[i] >> 24, cells[i] >> 16, cells[i] >> 8, cells[i] }, 1, 4,
		       f);
	fclose(f);
}

static void host_bridges(struct vm *v)
{
	static const uint32_t ranges[] = {
		0x01000000, 0, 0, 0x2000, 0, 0, 0x10000,	/* I/O, over all of it */
		0x02000000, 0, (uint32_t)M32_BUS, M32_CPU >> 32, (uint32_t)M32_CPU, 0, 0x40000000,
	};
	static const uint32_t m64[] = {
		M64_BUS >> 32, (uint32_t)M64_BUS, M64_CPU >> 32, (uint32_t)M64_CPU, 1, 0,
	};

	host_bridge(v, "ranges", ranges, ARRAY_SIZE(ranges));
	host_bridge(v, "ibm,opal-m64-window", m64, ARRAY_SIZE(m64));
}

static const char *contents(struct vm *v, const char *rel)
{
	static char buf[4096];
	char path[256];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", v->u->root, rel);
	f = fopen(path, "r");
	n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;
	buf[n] = '\0';
	if (f)
		fclose(f);
	unit_remove(v->u, rel);
	return buf;
}

const char *vm_ops(struct vm *v)
{
	return contents(v, "fake/ops");
}

const char *vm_injected(struct vm *v)
{
	return contents(v, "fake/injected");
}

void vm_forget(struct vm *v)
{
	v->nr_seen = 0;
	vm_ops(v);
	vm_injected(v);
}

const struct seen *vm_saw(struct vm *v, enum eeh_rtas_event_type type)
{
	unsigned int i = v->nr_seen;

	while (i--)
		if (v->seen[i % ARRAY_SIZE(v->seen)].ev.type == type)
			return &v->seen[i % ARRAY_SIZE(v->seen)];
	return NULL;
}

/* ---- Set-up */

static struct eeh_rtas_pe *add_pe(struct vm *v, uint64_t buid, int group, const char *device,
				  void *arg)
{
	struct eeh_rtas_pe_opts o;
	struct eeh_rtas_pe *pe;

	EEH_INIT(&o);
	o.buid = buid;
	o.group = group;
	o.container = eeh_vfio_container(v->vfio, group);
	o.device = device;
	o.arg = arg;
	o.drc_index = 0x20000000 + group;
	assert_int_equal(eeh_rtas_add_pe(v->rtas, &o, &pe), 0);
	return pe;
}

static void add_device(struct vm *v, struct eeh_rtas_pe *pe, uint32_t addr, const char *device,
		       struct guest_dev *dev, uint64_t bar)
{
	struct eeh_rtas_device_opts o;

	EEH_INIT(&o);
	o.config_addr = addr;
	o.device = device;
	o.arg = dev;
	assert_int_equal(eeh_rtas_add_device(v->rtas, pe, &o), 0);
	dev->config[0] = 0x00101b36;
	dev->config[1] = 0x00100406;
	dev->config[2] = 0x01080202;
	dev->config[4] = (uint32_t)bar | 4;
	dev->config[5] = bar >> 32;
	dev->config[6] = 0xc0000000;
}

void vm_new(struct vm *v)
{
	assert_int_equal(eeh_rtas_new(&v->rtas, &v->o), 0);
	assert_int_equal(eeh_rtas_add_phb(v->rtas, BUID), 0);
	v->a = add_pe(v, BUID, 3, "0001:01:00.0", &v->arg_a);
	add_device(v, v->a, DEV_A, "0001:01:00.0", &v->dev[0], 0x210000000000);
	v->b = add_pe(v, BUID, 4, "0001:02:00.0", &v->arg_b);
	add_device(v, v->b, DEV_B, "0001:02:00.0", &v->dev[1], 0x210000010000);
	add_device(v, v->b, DEV_B1, "0001:02:00.1", &v->dev[2], 0x210000020000);
	vm_forget(v);
}

void vm_free(struct vm *v)
{
	if (v->job)
		vm_run(v);
	eeh_rtas_free(v->rtas);
	v->rtas = NULL;
}

int vm_setup(void **state)
{
	static const char * const dirs[] = { "sys", "proc", "fs", "dev" };
	struct vm *v = calloc(1, sizeof(*v));
	void *u;
	int i;

	if (!v || unit_setup(&u))
		return -1;
	v->u = u;
	fake_dev_init(v->u->root);
	eeh_ctx_free(v->u->ctx);
	for (i = 0; i < 4; i++)
		snprintf(root_dirs[i], sizeof(root_dirs[i]), "%s/%s", v->u->root, dirs[i]);
	EEH_INIT(&v->ctx_opts);
	v->ctx_opts.sysfs_root = root_dirs[0];
	v->ctx_opts.proc_root = root_dirs[1];
	v->ctx_opts.bpffs_root = root_dirs[2];
	v->ctx_opts.dev_root = root_dirs[3];
	v->ctx_opts.sys = &fake_sys;
	if (eeh_ctx_new(&v->u->ctx, &v->ctx_opts))
		return -1;

	unit_file(v->u, "sys/firmware/opal/msglog", "x");
	unit_file(v->u, "sys/class/pci_bus/0001:00/of_node/compatible",
		  "ibm,power10-pciex%cibm,ioda3-phb%c", 0, 0);
	host_bridges(v);
	unit_file(v->u, "dev/vfio/vfio", "%s", "");
	vm_pci(v, "0001:00:00.0", "060400", "pcieport", -1, "0xfe", 0);
	vm_pci(v, "0001:01:00.0", "010802", "vfio-pci", 3, "0xfd", 0x100000000);
	vm_pci(v, "0001:02:00.0", "020000", "vfio-pci", 4, "0xfc", 0x100100000);
	vm_pci(v, "0001:02:00.1", "020000", "vfio-pci", 4, "0xfc", 0x100200000);
	vm_pci(v, "0002:01:00.0", "010802", "vfio-pci", 5, "0x1", 0x100000000);
	vm_pes(v, "0", "0");
	if (eeh_vfio_open(v->u->ctx, NULL, &v->vfio) || eeh_vfio_group(v->vfio, 3) ||
	    eeh_vfio_group(v->vfio, 4) || eeh_vfio_group(v->vfio, 5))
		return -1;

	EEH_INIT(&v->o);
	v->o.ctx = &v->ctx_opts;
	v->o.arg = v;
	v->o.mem_read = mem_read;
	v->o.mem_write = mem_write;
	v->o.config_read = config_read;
	v->o.start = start;
	v->o.done = done;
	v->o.reset = reset;
	v->o.event = event;
	v->o.diag = diag;
	v->o.cpu_error = cpu_error;
	v->o.fundamental = true;
	v->o.inject = true;
	v->o.inject_burst = 1000;
	vm_new(v);
	*state = v;
	return 0;
}

int vm_teardown(void **state)
{
	struct vm *v = *state;
	void *u = v->u;

	vm_free(v);
	eeh_vfio_close(v->vfio);
	free(v);
	return unit_teardown(&u);
}

/* ---- Calls */

void vm_run(struct vm *v)
{
	struct eeh_rtas_job *job = v->job;

	assert_non_null(job);
	v->job = NULL;
	eeh_rtas_job_run(job);
	eeh_rtas_job_end(job);
}

int32_t vm_call(struct vm *v, enum eeh_rtas_call_id id, uint32_t nret, uint32_t nargs, ...)
{
	uint32_t i;
	va_list ap;

	vm_put32(v, BLOCK, eeh_rtas_call_info(id)->token);
	vm_put32(v, BLOCK + 4, nargs);
	vm_put32(v, BLOCK + 8, nret);
	va_start(ap, nargs);
	for (i = 0; i < nargs; i++)
		vm_put32(v, BLOCK + 12 + 4 * i, va_arg(ap, uint32_t));
	va_end(ap);
	for (i = 0; i <= nret; i++)
		vm_put32(v, BLOCK + 12 + 4 * (nargs + i), 0x55555555);
	v->dones = 0;
	v->ret = eeh_rtas_call(v->rtas, BLOCK | 0x8000000000000000ULL, 7, v->mem);
	if (v->ret == EEH_RTAS_PENDING) {
		/* Not a word yet. */
		assert_int_equal(vm_get32(v, BLOCK + 12 + 4 * nargs), 0x55555555);
		assert_int_equal(v->dones, 0);
	}
	if (v->job && !v->hold) {
		bool pending = v->ret == EEH_RTAS_PENDING;

		vm_run(v);
		assert_int_equal(v->dones, pending);
		if (pending) {
			assert_ptr_equal(v->done_call, v->mem);
			assert_int_equal(v->done_ret, 0);
			v->ret = 0;
		}
	}
	for (i = 0; i < nret; i++)
		v->rets[i] = vm_get32(v, BLOCK + 12 + 4 * (nargs + i));
	/* And nothing beyond what it may write. */
	assert_int_equal(vm_get32(v, BLOCK + 12 + 4 * (nargs + nret)), 0x55555555);
	return v->rets[0];
}

#define PE_ARGS(addr) (uint32_t)(addr), (uint32_t)(BUID >> 32), (uint32_t)BUID

int32_t vm_state(struct vm *v, uint32_t addr)
{
	assert_int_equal(vm_call(v, EEH_RTAS_READ_STATE2, 4, 3, PE_ARGS(addr)), 0);
	assert_int_equal(v->rets[2], 1);
	/* A time comes with state 5, and no other. */
	assert_true(v->rets[1] == 5 || !v->rets[3]);
	assert_true(!v->rets[3] || v->rets[3] >= 1000);
	return v->rets[1] == 5 && !v->rets[3] ? 6 : v->rets[1];
}

int32_t vm_option(struct vm *v, uint32_t addr, uint32_t func)
{
	return vm_call(v, EEH_RTAS_SET_EEH_OPTION, 1, 4, PE_ARGS(addr), func);
}

int32_t vm_slot_reset(struct vm *v, uint32_t addr, uint32_t func)
{
	return vm_call(v, EEH_RTAS_SET_SLOT_RESET, 1, 4, PE_ARGS(addr), func);
}

int32_t vm_configure(struct vm *v, uint32_t addr)
{
	return vm_call(v, EEH_RTAS_CONFIGURE_PE, 1, 3, PE_ARGS(addr));
}

int32_t vm_detail(struct vm *v, uint32_t addr, uint32_t func)
{
	return vm_call(v, EEH_RTAS_SLOT_ERROR_DETAIL, 1, 8, PE_ARGS(addr), 0, 0, LOGBUF, 2048,
		       func);
}
