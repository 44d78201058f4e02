// SPDX-License-Identifier: GPL-2.0-only
/*
 * The RTAS engine with a guest, a VMM and a host that do whatever they like. The input is a list of
 * steps: calls with arbitrary blocks, guest memory that fails at an access, jobs that run late, a
 * host whose PEs change their state and whose operations fail, hotplug, resets of the machine. The
 * PEs are two real ones of the library on a back end of the fuzzer's.
 *
 * What must hold: nothing beyond what the guest's memory is, is touched; no call changes a PE of
 * another bus or of another engine; a pending call is answered exactly once; and what is said to be
 * injected was.
 */
#include <errno.h>
#include <unistd.h>

#include "fake_pe.h"
#include "fuzz.h"

#define MEM		0x3000
#define BUID		0x800000020000001ULL
#define OTHER		0x800000020000002ULL
#define PES		3		/* two on BUID, one of another VM */

struct host_pe {
	int state;
	unsigned int ops, injected;
};

static struct {
	const uint8_t *data;
	size_t size;
	uint8_t mem[MEM];
	int fault_in;			/* the nth access to memory from now fails; 0: none */
	struct host_pe host[PES];
	int fail_in;			/* likewise, operations on the host */
	uint64_t now;
	struct eeh_rtas_job *jobs[4];
	unsigned int nr_jobs, pending, done;
	unsigned int said_injected, cpu_made;
	struct eeh_rtas *rtas;
	struct eeh_rtas_pe *pe[2];
	struct eeh_ctx *ctx;
} f;

static uint8_t next(void)
{
	if (!f.size)
		return 0;
	f.size--;
	return *f.data++;
}

static uint32_t next32(void)
{
	uint32_t v = next() << 8;

	v |= next();
	return v << 16 | next() << 8 | next();
}

/* ---- The host */

static int host_op(struct eeh_pe *pe, enum eeh_pe_op op, const struct eeh_pe_err *err)
{
	struct host_pe *p = &f.host[pe->group];

	must(!err == (op != EEH_PE_OP_INJECT_ERR));
	p->ops++;
	if (f.fail_in && !--f.fail_in)
		return -(1 + next() % 40);
	switch (op) {
	case EEH_PE_OP_GET_STATE:
		return p->state;
	case EEH_PE_OP_RESET_HOT:
	case EEH_PE_OP_RESET_FUNDAMENTAL:
		p->state = 1;
		return 0;
	case EEH_PE_OP_RESET_DEACTIVATE:
	case EEH_PE_OP_ENABLE:
		p->state = 0;
		return 0;
	case EEH_PE_OP_UNFREEZE_IO:
		/* The engine has looked. */
		must(p->state == 2);
		p->state = 4;
		return 0;
	case EEH_PE_OP_UNFREEZE_DMA:
		must(p->state == 4);
		p->state = 0;
		return 0;
	case EEH_PE_OP_INJECT_ERR:
		must(err->type <= 1 && err->func <= 19);
		p->injected++;
		return 0;
	default:
		return 0;
	}
}

static const struct eeh_backend_ops host_ops = {
	.kind = EEH_BACKEND_VFIO, .op = host_op, .close = fake_pe_close,
};

static uint64_t now_ns(void *arg)
{
	(void)arg;
	return f.now;
}

static void sleep_ms(void *arg, uint32_t ms)
{
	(void)arg;
	f.now += ms * 1000000ULL;
}

static const struct eeh_sys sys = { .sz = sizeof(sys), .now_ns = now_ns, .sleep_ms = sleep_ms };

/* Whose a PE is, is looked up in files: test_rtas_inject.c has that. Here it is always ours. */
int __wrap_eeh_pe_for_each(struct eeh_ctx *ctx, eeh_pe_fn fn, void *arg);
int __wrap_eeh_pe_for_each(struct eeh_ctx *ctx, eeh_pe_fn fn, void *arg)
{
	struct eeh_pe_info info;
	uint32_t i;
	int ret = 0;

	(void)ctx;
	for (i = 0; !ret && i < 2; i++) {
		EEH_INIT(&info);
		info.phb = 1;
		info.addr = i;
		info.owner = EEH_PE_OWNER_PROCESS;
		info.pid = getpid();
		info.nr_groups = 1;
		ret = fn(arg, &info);
	}
	return ret;
}

/* And a device is in the PE that it is said to be in, with two BARs. */
int __wrap_eeh_pe_find(struct eeh_ctx *ctx, const char *what, eeh_pe_fn fn, void *arg);
int __wrap_eeh_pe_find(struct eeh_ctx *ctx, const char *what, eeh_pe_fn fn, void *arg)
{
	struct eeh_pe_device d = { .sz = sizeof(d), .address = "0001:01:00.0" };
	const struct eeh_pe_device *list[] = { &d };
	struct eeh_pe_info info;

	(void)ctx;
	(void)what;
	d.bar[0] = (struct eeh_pe_bar){ EEH_BAR_MEM64, 1, 0x10000, 0x4000 };
	d.bar[5] = (struct eeh_pe_bar){ EEH_BAR_MEM32, 0, 0x20000, 0x1000 };
	EEH_INIT(&info);
	info.nr_devices = 1;
	info.devices = list;
	return fn(arg, &info);
}

ssize_t __wrap_eeh_read(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf,
			size_t len);
ssize_t __wrap_eeh_read(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf,
			size_t len)
{
	(void)ctx;
	(void)root;
	/* One window, of the same addresses; a POWER8, which can inject everything. */
	if (strstr(rel, "ranges")) {
		memset(buf, 0, 28);
		buf[0] = 2;
		buf[24] = 1;
		return 28;
	}
	must(len > 64);
	strcpy(buf, "ibm,power8-pciex");
	return 17;
}

bool __wrap_eeh_exists(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel);
bool __wrap_eeh_exists(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel)
{
	(void)ctx;
	(void)root;
	return strstr(rel, "opal");
}

/* ---- The VMM */

static int mem_read(void *arg, uint64_t ra, void *buf, size_t len)
{
	(void)arg;
	if ((f.fault_in && !--f.fault_in) || ra > MEM || len > MEM - ra)
		return -EFAULT;
	memcpy(buf, f.mem + ra, len);
	/* Another CPU writes meanwhile. */
	if (f.size && *f.data == 0xa5)
		f.mem[ra] = next();
	return 0;
}

static int mem_write(void *arg, uint64_t ra, const void *buf, size_t len)
{
	(void)arg;
	must(len);
	if ((f.fault_in && !--f.fault_in) || ra > MEM || len > MEM - ra)
		return -EFAULT;
	memcpy(f.mem + ra, buf, len);
	return 0;
}

static int config_read(void *arg, void *device, uint32_t reg, uint32_t *val)
{
	(void)arg;
	must(device == f.host && reg < 0x40 && !(reg & 3));
	*val = reg == 0x10 ? 0x40000004 : reg == 0x24 ? 0x50000000 : next32();
	return next() == 0xff ? -EIO : 0;
}

static void start(void *arg, struct eeh_rtas_job *job)
{
	(void)arg;
	must(f.nr_jobs < ARRAY_SIZE(f.jobs));
	f.jobs[f.nr_jobs++] = job;
}

static void done(void *arg, void *call, int ret)
{
	(void)arg;
	must(call == &f);
	must(ret == 0 || ret == -EFAULT || ret == -ECANCELED);
	f.done++;
	must(f.done <= f.pending);
}

/* Those are also made by the end of a session. */
static bool is_end(uint32_t err)
{
	return err == EEH_RTAS_ERR_DCACHE_END || err == EEH_RTAS_ERR_ICACHE_END ||
	       err == EEH_RTAS_ERR_TLB_END;
}

static void event(void *arg, const struct eeh_rtas_event *ev)
{
	(void)arg;
	must(ev->why && ev->pe && eeh_rtas_event_name(ev->type));
	if (ev->type == EEH_RTAS_EV_INJECTED && !is_end(ev->err))
		f.said_injected++;
}

static void reset(void *arg, void *pe, enum eeh_rtas_phase phase)
{
	(void)arg;
	must(!pe && phase <= EEH_RTAS_PHASE_ENDED);
}

static int io_event(void *arg, void *pe, const void *log, size_t len)
{
	(void)arg;
	(void)pe;
	must(len >= 24 && ((const uint8_t *)log)[3] == 0xe1);
	return next() & 1 ? -EAGAIN : 0;
}

static long diag(void *arg, void *pe, void *buf, size_t len)
{
	size_t n = next() * 40, i;

	(void)arg;
	(void)pe;
	must(len >= n);
	for (i = 0; i < n; i++)
		((uint8_t *)buf)[i] = next();
	return n;
}

static int cpu_error(void *arg, uint32_t cpu, uint32_t err, const uint32_t *words, size_t nr)
{
	int ret = next() & 1 ? -EINVAL : 0;

	(void)arg;
	(void)words;
	must(cpu < 4 && nr <= 8 && eeh_rtas_err_name(err));
	f.cpu_made += !ret && !is_end(err);
	return ret;
}

static struct eeh_rtas_pe *add_pe(struct eeh_rtas *rtas, struct eeh_ctx *ctx, uint32_t i)
{
	struct eeh_rtas_pe *ret = fake_pe(rtas, ctx, i == 2 ? OTHER : BUID, i, &host_ops);
	struct eeh_rtas_device_opts d;

	EEH_INIT(&d);
	d.config_addr = 0x800 * (i + 1);
	d.device = "0001:01:00.0";
	d.arg = f.host;
	must(!eeh_rtas_add_device(rtas, ret, &d));
	return ret;
}

static void put32(uint32_t ra, uint32_t v)
{
	f.mem[ra] = v >> 24;
	f.mem[ra + 1] = v >> 16;
	f.mem[ra + 2] = v >> 8;
	f.mem[ra + 3] = v;
}

/* A number that means something, most of the time. */
static uint32_t word(void)
{
	static const uint32_t some[] = {
		0x801, 0x1001, 0x800, 0x1000, BUID >> 32, (uint32_t)BUID, 0, 1, 2, 3, 4, 5, 7, 15,
		0x400, 0x800, 0x1800, 0x2000, 0x2c00, MEM, 0x40000008, 0x50000010, 0xffffff00,
		UINT32_MAX, 12, 16,
	};
	uint8_t b = next();

	return b < 224 ? some[b % ARRAY_SIZE(some)] : next32();
}

static void call(struct eeh_rtas *rtas, uint8_t how)
{
	const struct eeh_rtas_call_info *info = eeh_rtas_call_info(how % EEH_RTAS_CALLS);
	uint32_t i, said = f.said_injected, host = f.host[0].injected + f.host[1].injected;
	uint32_t cpu = f.cpu_made, jobs = f.nr_jobs;
	uint64_t ra = 0x100;
	int ret;

	put32(0x100, info->token);
	put32(0x104, info->nargs);
	put32(0x108, info->nret_min + (how >> 7 & (info->nret_max > info->nret_min)));
	for (i = 0; i < info->nargs; i++)
		put32(0x10c + 4 * i, word());
	/* The PE is where it should be, or the rest of the block is not looked at. */
	if (info->nargs > 2 && how & 0x10) {
		put32(0x10c, how & 0x20 ? 0x801 : 0x1001);
		put32(0x110, BUID >> 32);
		put32(0x114, (uint32_t)BUID);
	}
	if ((how & 0x60) == 0x60) {		/* a bad block */
		ra = next32();
		put32(0x100 + 4 * (next() % 12), next32());
	}
	ret = eeh_rtas_call(rtas, ra, next() % 4, &f);
	must(ret == 0 || ret == EEH_RTAS_PENDING || ret == -ENOENT || ret == -EINVAL ||
	     ret == -EFAULT);
	f.pending += ret == EEH_RTAS_PENDING;
	must(f.nr_jobs - jobs <= 1);
	/* One injection for each that is reported, and never more than one in a call. */
	i = f.host[0].injected + f.host[1].injected - host + f.cpu_made - cpu;
	must(i <= 1 && f.said_injected - said == i);
}

static void replug(int i)
{
	eeh_rtas_del_pe(f.rtas, f.pe[i]);
	f.pe[i] = add_pe(f.rtas, f.ctx, i);
}

static void run_job(uint8_t which)
{
	struct eeh_rtas_job *job;

	if (!f.nr_jobs)
		return;
	which %= f.nr_jobs;
	job = f.jobs[which];
	f.jobs[which] = f.jobs[--f.nr_jobs];
	eeh_rtas_job_run(job);
	/* Others have not been run: the machine's reset, or its PE's end, would wait for them. */
	which = next();
	switch (f.nr_jobs ? 0 : which & 3) {
	case 1:
		eeh_rtas_reset(f.rtas);
		break;
	case 2:
		replug(which >> 2 & 1);
		break;
	default:
		f.now += which * 10000000ULL;
	}
	eeh_rtas_job_end(job);
}

static int prop(void *arg, const char *name, const void *data, size_t len)
{
	(void)arg;
	must(*name && data && len);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eeh_ctx_opts co;
	struct eeh_rtas_opts o;
	struct eeh_rtas *other;
	struct eeh_rtas_pe *theirs;
	uint8_t flags, op;

	memset(&f, 0, sizeof(f));
	f.data = data;
	f.size = size;
	f.now = 1000000000;
	flags = next();
	EEH_INIT(&co);
	co.sys = &sys;
	if (eeh_ctx_new(&f.ctx, &co))
		abort();
	EEH_INIT(&o);
	o.ctx = &co;
	o.mem_read = mem_read;
	o.mem_write = mem_write;
	o.config_read = flags & 1 ? config_read : NULL;
	o.start = flags & 2 ? start : NULL;
	o.done = done;
	o.event = event;
	o.reset = reset;
	o.io_event = flags & 4 ? io_event : NULL;
	o.diag = flags & 8 ? diag : NULL;
	o.cpu_error = cpu_error;
	o.cpu_errors = flags & 16 ? UINT32_MAX : 0;
	o.inject = true;
	o.inject_burst = 100;
	o.fundamental = flags & 32;
	must(!eeh_rtas_new(&f.rtas, &o));
	must(!eeh_rtas_add_phb(f.rtas, BUID));
	f.pe[0] = add_pe(f.rtas, f.ctx, 0);
	f.pe[1] = add_pe(f.rtas, f.ctx, 1);
	/* Another machine, with nothing in common but this process. */
	must(!eeh_rtas_new(&other, &o));
	must(!eeh_rtas_add_phb(other, OTHER));
	theirs = add_pe(other, f.ctx, 2);
	must(eeh_rtas_pe_config_addr(other, theirs));

	while (f.size) {
		op = next();
		switch (op & 15) {
		case 0:
			f.fault_in = 1 + next() % 6;
			break;
		case 1:
			f.fail_in = 1 + next() % 6;
			break;
		case 2:
			f.host[op >> 4 & 1].state = next() % 7;
			break;
		case 3:
			run_job(next());
			break;
		case 4:
			f.now += next() * 1000000ULL << (op >> 4);
			break;
		case 5:
			/* It waits for jobs, which run in this thread. */
			if (!f.nr_jobs)
				eeh_rtas_reset(f.rtas);
			break;
		case 6:
			if (!f.nr_jobs)
				replug(op >> 4 & 1);
			break;
		case 7:
			eeh_rtas_notice(f.rtas, f.pe[op >> 4 & 1]);
			break;
		case 8:
			f.mem[next32() % MEM] = next();
			break;
		case 9:
			put32((0x400 << (next() % 4)) + 4 * (next() % 8), word());
			break;
		default:
			call(f.rtas, next());
		}
		if (f.nr_jobs == ARRAY_SIZE(f.jobs))
			run_job(0);
	}
	must(!eeh_rtas_for_each_prop(f.rtas, prop, NULL));
	while (f.nr_jobs)
		run_job(0);
	must(f.done == f.pending);
	must(!f.host[2].ops);
	eeh_rtas_free(f.rtas);
	eeh_rtas_free(other);
	eeh_ctx_free(f.ctx);
	return 0;
}
