// SPDX-License-Identifier: GPL-2.0-only
/*
 * eeh-rawvmm: the smallest VMM that can ask "is my PE frozen?".
 *
 * A raw KVM virtual machine in PAPR mode. Each vCPU runs a few instructions of
 * real-mode code (rawvmm_guest.S) that make one hypercall after the other. The
 * devices are opened as any VMM opens them: container, KVM VFIO device, group,
 * device. What leaves the kernel as KVM_EXIT_PAPR_HCALL is answered here, as
 * QEMU answers it: ibm,read-slot-reset-state2 by VFIO_EEH_PE_GET_STATE.
 *
 * It knows nothing about the fast path unless asked to attach it (--fastpath):
 * a query that makes no exit to user space was answered by somebody else.
 *
 * No floating point here: a vCPU thread can lose FP register f31 across KVM_RUN
 * on kernels of today, so nothing may live there. Figures are integers.
 */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rawvmm_guest.h"

#ifdef EEH_RAWVMM_LIBEEH
#include <eeh/fastpath.h>
#endif

#ifndef KVM_DEV_VFIO_GROUP
#define KVM_DEV_VFIO_GROUP	KVM_DEV_VFIO_FILE
#define KVM_DEV_VFIO_GROUP_ADD	KVM_DEV_VFIO_FILE_ADD
#define KVM_DEV_VFIO_GROUP_DEL	KVM_DEV_VFIO_FILE_DEL
#endif

#define MAX_DEVICES		8
#define MAX_VCPUS		16
#define MAX_SAMPLES		4096
#define MAX_WORDS		5

/* Guest physical map. Strides of 64 KiB so that nothing shares a page of any flavour. */
#define GPA_CODE		0x10000ull
#define GPA_CTL			0x100000ull
#define CTL_STRIDE		0x10000ull
#define GPA_BLOCK		0x400000ull
#define BLOCK_STRIDE		0x40000ull
#define RAM_SIZE		0x1000000ull
#define GPA_GEN			0x40000000ull
#define GEN_STRIDE		0x10000ull

/* PAPR: hcall and RTAS return codes, and what ibm,read-slot-reset-state2 returns. */
#define H_PARAMETER		(-4)
#define RTAS_OUT_PARAM_ERROR	(-3)
#define RTAS_EEH_SUPPORT	1	/* third word: EEH is supported */
#define RTAS_EEH_UNAVAIL_MS	1000	/* fourth word: QEMU 10.0 returns it in every state */

/* Tokens are the VMM's choice; this is the one QEMU 10.0 gives its guests. */
#define DEFAULT_TOKEN		0x2022
#define DEFAULT_OTHER_TOKEN	0x2003
/* PHB and PE as QEMU's first spapr-pci-host-bridge names them. */
#define DEFAULT_BUID		0x800000020000000ull
#define DEFAULT_ADDR		0x1

enum ask { ASK_RTAS, ASK_CONFER, ASK_OTHER_TOKEN, ASK_HCALL };
enum order { ORDER_RIGHT, ORDER_LATE, ORDER_NO_KVM };
enum nonres { NONRES_NO, NONRES_DONTNEED, NONRES_NONE };

struct device {
	char name[32];
	int group;
	int gfd, dfd, cfd;
	bool buid_set, addr_set;
	uint64_t buid;
	uint32_t addr;
	uint64_t gen_phys;
	uint64_t gen_gpa;
};

struct vcpu {
	int id, fd;
	struct kvm_run *run;
	pthread_t thread;
	struct device *dev;
	uint64_t block;			/* guest physical */
	char *ctl;
	bool finished;
	int error;
	/* exits to user space */
	uint64_t exits, exits_rtas, exits_intr, exits_confer, exits_other, exits_prepare;
	uint64_t exits_rtas_rep;	/* the same, at the start of the rep */
	uint64_t queries_rep;
	uint64_t dirty_set, dirty_clear, dirty_lost, dirty_spurious;
	uint64_t reps;
	uint64_t samples[MAX_SAMPLES];	/* hundredths of a timebase tick per query */
	uint64_t nsamples;
	uint64_t tb_total, queries_timed, exits_timed;
	bool warm;
	enum ask ask;			/* --scaling: of the slice, else opt.ask */
	uint64_t slice;			/* in which the rep began */
	bool counts;			/* the rep began well inside of it */
	struct {
		uint64_t ticks, queries;
	} scaling[2][2];		/* of null or rtas, alone or beside all others */
	uint64_t first_bad_hcall, first_bad_status, first_bad_state;
	bool bad;
};

static struct {
	struct device dev[MAX_DEVICES];
	int ndev;
	int nvcpu;
	enum ask ask;
	uint64_t hcall;
	uint64_t count, reps;
	uint64_t seconds_ms, slice_ms;
	bool loop, tight, json, pin, control, fastpath, fastpath_keep, one_container;
	bool no_device, no_enable, no_confer, dirty_log, reset, quiet, fifo;
	enum order order;
	enum nonres nonres;
	uint64_t warmup, vmm_delay_ms, live_ms, hold_ms, kill_ms, respawn, spin, fuzz;
	uint32_t ask_token, vmm_token;
	uint32_t nargs, nret;
	uint64_t block_at;
	const char *block_word;
	uint64_t buid;
	uint32_t addr;
	bool vmm_word_set[MAX_WORDS];
	uint32_t vmm_word[MAX_WORDS];
	const char *label;
} opt = {
	.nvcpu = 1, .count = 100, .reps = 11,
	.ask_token = DEFAULT_TOKEN, .vmm_token = DEFAULT_TOKEN,
	.nargs = 3, .nret = 4, .buid = DEFAULT_BUID, .addr = DEFAULT_ADDR, .label = "",
};

static int kvm_fd = -1, vm_fd = -1, kvm_vfio_fd = -1, ram_fd = -1;
static char *ram;
static long page_size;
static struct vcpu vcpus[MAX_VCPUS];
static pthread_barrier_t start_line;
static volatile sig_atomic_t stopping;
static uint64_t timebase_hz;
static uint64_t attach_us;		/* eeh_fastpath_attach() */
static uint64_t attach_first_us;	/* from its call to the first answer without an exit */

static void __attribute__((noreturn, format(printf, 2, 3))) die(int code, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "eeh-rawvmm: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}

#define CHECK(call)	({						\
	long r_ = (call);						\
	if (r_ < 0)							\
		die(2, "%s: %s", #call, strerror(errno));		\
	r_; })

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void sleep_ms(uint64_t ms)
{
	struct timespec t = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};

	while (nanosleep(&t, &t) && errno == EINTR && !stopping)
		;
}

static uint64_t ctl_get(const struct vcpu *v, int off)
{
	return __atomic_load_n((uint64_t *)(v->ctl + off), __ATOMIC_RELAXED);
}

static void ctl_set(struct vcpu *v, int off, uint64_t val)
{
	__atomic_store_n((uint64_t *)(v->ctl + off), val, __ATOMIC_RELAXED);
}

static uint32_t block_word(uint64_t gpa)
{
	uint32_t w;

	memcpy(&w, ram + gpa, 4);	/* a test may ask for an unaligned block */
	return be32toh(w);
}

static void set_block_word(uint64_t gpa, uint32_t val)
{
	uint32_t w = htobe32(val);

	memcpy(ram + gpa, &w, 4);
}

/* ---- devices ---- */

static int device_group(const char *name)
{
	char path[96], link[256];
	const char *base;
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", name);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		die(2, "%s has no IOMMU group (%s)", name, strerror(errno));
	link[n] = 0;
	base = strrchr(link, '/');
	return atoi(base ? base + 1 : link);
}

static int eeh_op(struct device *d, uint32_t what)
{
	struct vfio_eeh_pe_op op = { .argsz = sizeof(op), .op = what };
	int r = ioctl(d->cfd, VFIO_EEH_PE_OP, &op);

	return r < 0 ? -errno : r;
}

static int kvm_group(struct device *d, uint64_t attr)
{
	int32_t fd = d->gfd;
	struct kvm_device_attr a = { .group = KVM_DEV_VFIO_GROUP, .attr = attr,
				     .addr = (uintptr_t)&fd };

	return ioctl(kvm_vfio_fd, KVM_SET_DEVICE_ATTR, &a) ? -errno : 0;
}

static int group_join(struct device *d)
{
	struct kvm_vfio_spapr_tce t = { .groupfd = d->gfd, .tablefd = -1 };
	struct kvm_device_attr a = { .group = KVM_DEV_VFIO_GROUP,
				     .attr = KVM_DEV_VFIO_GROUP_SET_SPAPR_TCE,
				     .addr = (uintptr_t)&t };
	int r = kvm_group(d, KVM_DEV_VFIO_GROUP_ADD);

	/*
	 * This guest does no DMA and has no TCE table to offer, so this fails;
	 * but it makes KVM look up the IOMMU group, and a kernel that has to
	 * release a group that it never looked up says WARNING
	 * (kvm_spapr_tce_release_vfio_group(), Linux 7.2).
	 */
	if (!r)
		ioctl(kvm_vfio_fd, KVM_SET_DEVICE_ATTR, &a);
	return r;
}

static int device_open(struct device *d)
{
	d->dfd = ioctl(d->gfd, VFIO_GROUP_GET_DEVICE_FD, d->name);
	return d->dfd < 0 ? -errno : 0;
}

static void open_group(struct device *d)
{
	struct vfio_group_status s = { .argsz = sizeof(s) };
	char path[64];
	int tries;

	d->group = device_group(d->name);
	snprintf(path, sizeof(path), "/dev/vfio/%d", d->group);
	/* The last owner may be on its way out: a killed VM releases its group a little later. */
	for (tries = 0; ; tries++) {
		d->gfd = open(path, O_RDWR | O_CLOEXEC);
		if (d->gfd >= 0 || errno != EBUSY || tries == 200)
			break;
		usleep(50000);
	}
	if (d->gfd < 0)
		die(2, "%s: %s", path, strerror(errno));
	CHECK(ioctl(d->gfd, VFIO_GROUP_GET_STATUS, &s));
	if (!(s.flags & VFIO_GROUP_FLAGS_VIABLE))
		die(2, "group %d is not viable: is every device of it bound to vfio-pci?", d->group);
}

static void open_devices(void)
{
	int i, r;

	for (i = 0; i < opt.ndev; i++) {
		struct device *d = &opt.dev[i];

		open_group(d);
		if (i && opt.one_container) {
			d->cfd = opt.dev[0].cfd;
			if (ioctl(d->gfd, VFIO_GROUP_SET_CONTAINER, &d->cfd))
				die(2, "second group in one container: %s", strerror(errno));
		} else {
			d->cfd = (int)CHECK(open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC));
			CHECK(ioctl(d->gfd, VFIO_GROUP_SET_CONTAINER, &d->cfd));
			CHECK(ioctl(d->cfd, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU));
		}
	}
	if (opt.order == ORDER_LATE && !opt.no_device) {
		/* The device's kvm is taken from its group when it is opened: here, none. */
		for (i = 0; i < opt.ndev; i++)
			if ((r = device_open(&opt.dev[i])))
				die(2, "opening %s: %s", opt.dev[i].name, strerror(-r));
	}
	if (opt.order != ORDER_NO_KVM && opt.ndev) {
		struct kvm_create_device cd = { .type = KVM_DEV_TYPE_VFIO };

		CHECK(ioctl(vm_fd, KVM_CREATE_DEVICE, &cd));
		kvm_vfio_fd = (int)cd.fd;
		for (i = 0; i < opt.ndev; i++)
			if ((r = group_join(&opt.dev[i])))
				die(2, "KVM_DEV_VFIO_GROUP_ADD: %s", strerror(-r));
	}
	if (opt.order != ORDER_LATE && !opt.no_device) {
		for (i = 0; i < opt.ndev; i++)
			if ((r = device_open(&opt.dev[i])))
				die(2, "opening %s: %s", opt.dev[i].name, strerror(-r));
	}
	for (i = 0; i < opt.ndev && !opt.no_enable; i++) {
		r = eeh_op(&opt.dev[i], VFIO_EEH_PE_ENABLE);
		if (r < 0)
			die(2, "VFIO_EEH_PE_ENABLE of %s: %s", opt.dev[i].name, strerror(-r));
	}
}

/* ---- the RTAS call, as QEMU 10.0 answers it ---- */

static bool in_ram(uint64_t gpa, uint64_t len)
{
	return len <= RAM_SIZE && gpa <= RAM_SIZE - len;
}

static void block_protect(struct vcpu *v, int prot)
{
	uint64_t ps = (uint64_t)page_size, first = v->block & ~(ps - 1);
	uint64_t last = (v->block + 4 * (3 + opt.nargs + opt.nret) - 1) | (ps - 1);

	if (!in_ram(first, last + 1 - first))
		return;
	if (opt.nonres == NONRES_DONTNEED) {
		/* Shared memory: the page leaves the page tables, its content stays. */
		if (prot == PROT_NONE)
			CHECK(madvise(ram + first, last + 1 - first, MADV_DONTNEED));
	} else {
		CHECK(mprotect(ram + first, last + 1 - first, prot));
	}
}

static int64_t answer_rtas(uint64_t gpa)
{
	uint32_t token, nargs, nret, w[MAX_WORDS] = { 0 };
	struct device *d = NULL;
	uint64_t buid, rets;
	int i, state;

	if (!in_ram(gpa, 12))
		return H_PARAMETER;
	token = block_word(gpa);
	nargs = block_word(gpa + 4);
	nret = block_word(gpa + 8);
	rets = gpa + 12 + 4ull * nargs;
	if (!in_ram(gpa, 12 + 4ull * nargs + 4ull * nret))
		return H_PARAMETER;
	if (!nret)
		return 0;
	if (token != opt.vmm_token) {
		set_block_word(rets, (uint32_t)RTAS_OUT_PARAM_ERROR);
		return H_PARAMETER;
	}
	/* QEMU takes 4 or 5; 3 is the shape of the older ibm,read-slot-reset-state. */
	if (nargs != 3 || nret < 3 || nret > MAX_WORDS)
		goto bad;
	buid = (uint64_t)block_word(gpa + 16) << 32 | block_word(gpa + 20);
	for (i = 0; i < opt.ndev; i++) {
		if (opt.dev[i].buid == buid && opt.dev[i].addr == block_word(gpa + 12)) {
			d = &opt.dev[i];
			break;
		}
	}
	if (!d)
		goto bad;
	state = eeh_op(d, VFIO_EEH_PE_GET_STATE);
	if (state < 0)
		goto bad;
	w[1] = (uint32_t)state;
	w[2] = RTAS_EEH_SUPPORT;
	w[3] = RTAS_EEH_UNAVAIL_MS;
	for (i = 0; i < MAX_WORDS; i++)
		if (opt.vmm_word_set[i])
			w[i] = opt.vmm_word[i];
	for (i = 0; i < (int)nret; i++)
		set_block_word(rets + 4 * (uint64_t)i, w[i]);
	return 0;
bad:
	set_block_word(rets, (uint32_t)RTAS_OUT_PARAM_ERROR);
	return 0;
}

/* ---- virtual machine ---- */

static void map_generation_registers(void)
{
	uint64_t ps = (uint64_t)page_size;
	int i, fd = -1;

	for (i = 0; i < opt.ndev; i++) {
		struct device *d = &opt.dev[i];
		struct kvm_userspace_memory_region r = {
			.slot = (uint32_t)(1 + i),
			.memory_size = ps,
		};
		void *m;

		if (!d->gen_phys)
			continue;
		if (fd < 0)
			fd = (int)CHECK(open("/dev/mem", O_RDONLY | O_SYNC | O_CLOEXEC));
		m = mmap(NULL, ps, PROT_READ, MAP_SHARED, fd, (off_t)(d->gen_phys & ~(ps - 1)));
		if (m == MAP_FAILED)
			die(2, "mapping the PHB registers at %#" PRIx64 ": %s", d->gen_phys,
			    strerror(errno));
		r.guest_phys_addr = GPA_GEN + (uint64_t)i * GEN_STRIDE;
		r.userspace_addr = (uintptr_t)m;
		r.flags = KVM_MEM_READONLY;
		if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &r)) {
			/* KVM without read-only slots: the mapping is read-only anyway */
			r.flags = 0;
			CHECK(ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &r));
		}
		d->gen_gpa = r.guest_phys_addr + (d->gen_phys & (ps - 1));
	}
	if (fd >= 0)
		close(fd);
}

static uint64_t block_place(int id)
{
	uint64_t base = GPA_BLOCK + (uint64_t)id * BLOCK_STRIDE;
	uint64_t len = 4ull * (3 + opt.nargs + opt.nret);

	if (!opt.block_word)
		return base + opt.block_at;
	if (!strcmp(opt.block_word, "cross"))		/* a page of either size */
		return base + 0x10000 - 16;
	if (!strcmp(opt.block_word, "cross-rets"))	/* the return words are on the next page */
		return base + 0x10000 - 12 - 4ull * opt.nargs;
	if (!strcmp(opt.block_word, "unaligned"))
		return base + 0x102;
	if (!strcmp(opt.block_word, "odd"))
		return base + 0x101;
	if (!strcmp(opt.block_word, "end"))		/* the last byte of memory is ours */
		return RAM_SIZE - len;
	if (!strcmp(opt.block_word, "past"))		/* runs past the end of memory */
		return RAM_SIZE - 16;
	if (!strcmp(opt.block_word, "hole"))		/* no memory there at all */
		return RAM_SIZE + 0x100000;
	die(1, "--block-at: what is '%s'?", opt.block_word);
}

/* A stray exception must end in a sentence, not in a silent loop. Vectors run big endian. */
static void plant_vectors(void)
{
	static const uint32_t code[] = {
		0x38600000,			/* li    r3,0 */
		0x60630000 | HC_EXCEPTION,	/* ori   r3,r3,HC_EXCEPTION */
		0x7c9a02a6,			/* mfspr r4,SRR0 */
		0x7cb302a6,			/* mfspr r5,DAR */
		0x7cd202a6,			/* mfspr r6,DSISR */
		0x44000022,			/* sc    1 */
		0x48000000,			/* b     . */
	};
	unsigned int vec, i;

	for (vec = 0x100; vec < 0x1000; vec += 0x20)
		for (i = 0; i < sizeof(code) / sizeof(code[0]); i++)
			*(uint32_t *)(ram + vec + 4 * i) = htobe32(code[i]);
}

static void write_block(struct vcpu *v)
{
	uint32_t token = opt.ask == ASK_OTHER_TOKEN ? DEFAULT_OTHER_TOKEN : opt.ask_token;
	uint64_t buid = v->dev ? v->dev->buid : opt.buid;
	uint32_t words[6] = { token, opt.nargs, opt.nret, v->dev ? v->dev->addr : opt.addr,
			      (uint32_t)(buid >> 32), (uint32_t)buid };
	int i;

	for (i = 0; i < 6; i++)
		if (in_ram(v->block + 4ull * i, 4))
			set_block_word(v->block + 4ull * i, words[i]);
}

/* An answer must be written anew in every rep (where the guest does not see to that itself). */
static void poison(struct vcpu *v)
{
	uint64_t rets = v->block + 12 + 4ull * opt.nargs;

	if (opt.dirty_log || !in_ram(rets, 8))
		return;
	set_block_word(rets, GUEST_POISON);
	set_block_word(rets + 4, GUEST_POISON);
}

static void create_ram(void)
{
	ram_fd = memfd_create("eeh-rawvmm", MFD_CLOEXEC);
	CHECK(ram_fd);
	CHECK(ftruncate(ram_fd, RAM_SIZE));
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ram_fd, 0);
	if (ram == MAP_FAILED)
		die(2, "guest memory: %s", strerror(errno));
}

static void create_vm(void)
{
	struct kvm_userspace_memory_region r = { .memory_size = RAM_SIZE };

	kvm_fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm_fd < 0)
		die(2, "/dev/kvm: %s%s", strerror(errno),
		    errno == ENODEV || errno == ENOENT ? " (modprobe kvm_hv?)" : "");
	vm_fd = (int)CHECK(ioctl(kvm_fd, KVM_CREATE_VM, KVM_VM_PPC_HV));
	r.userspace_addr = (uintptr_t)ram;
	r.flags = opt.dirty_log ? KVM_MEM_LOG_DIRTY_PAGES : 0;
	CHECK(ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &r));
	if (opt.no_confer) {
		struct kvm_enable_cap c = { .cap = KVM_CAP_PPC_ENABLE_HCALL,
					    .args = { H_CONFER_NR, 0 } };

		CHECK(ioctl(vm_fd, KVM_ENABLE_CAP, &c));
	}
}

extern const char rawvmm_guest_start[], rawvmm_guest_end[];

static void create_vcpus(void)
{
	long run_size = CHECK(ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0));
	int i;

	memcpy(ram + GPA_CODE, rawvmm_guest_start, (size_t)(rawvmm_guest_end - rawvmm_guest_start));
	plant_vectors();
	for (i = 0; i < opt.nvcpu; i++) {
		struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
		uint64_t ctl = GPA_CTL + (uint64_t)i * CTL_STRIDE;
		struct vcpu *v = &vcpus[i];
		struct kvm_regs g;
		uint64_t flags = 0;

		v->id = i;
		v->ask = opt.ask;
		v->dev = opt.ndev ? &opt.dev[i % opt.ndev] : NULL;
		v->fd = (int)CHECK(ioctl(vm_fd, KVM_CREATE_VCPU, i));
		v->run = mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
		if (v->run == MAP_FAILED)
			die(2, "kvm_run: %s", strerror(errno));
		CHECK(ioctl(v->fd, KVM_ENABLE_CAP, &papr));
		v->ctl = ram + ctl;
		v->block = block_place(i);
		write_block(v);
		poison(v);
		if (opt.tight)
			flags |= GF_TIGHT;
		if (opt.dirty_log || opt.fuzz || opt.ask != ASK_RTAS)
			flags |= GF_NO_POISON;
		if (opt.nonres || opt.fuzz)
			flags |= GF_PREPARE;
		memset(v->ctl, 0, CTL_SIZE);
		ctl_set(v, CTL_COUNT, opt.count);
		ctl_set(v, CTL_FLAGS, flags);
		ctl_set(v, CTL_SPIN, opt.spin);
		CHECK(ioctl(v->fd, KVM_GET_REGS, &g));
		memset(g.gpr, 0, sizeof(g.gpr));
		g.pc = GPA_CODE;
		g.msr = 1ull << 63 | 1ull << 12 | 1;	/* SF, ME, LE; real mode, no interrupts */
		g.gpr[21] = v->block;
		g.gpr[23] = v->block + 12 + 4ull * opt.nargs;
		g.gpr[24] = g.gpr[23] + 4;
		if (!in_ram(g.gpr[23], 8))		/* nowhere to look for an answer */
			g.gpr[23] = g.gpr[24] = ctl + CTL_SIZE;
		g.gpr[25] = ctl;
		g.gpr[26] = v->dev ? v->dev->gen_gpa : 0;
		g.gpr[27] = opt.ask == ASK_CONFER ? H_CONFER_NR :
			    opt.ask == ASK_HCALL ? opt.hcall : H_RTAS_NR;
		g.gpr[28] = opt.ask == ASK_CONFER ? ~0ull : v->block;
		CHECK(ioctl(v->fd, KVM_SET_REGS, &g));
	}
}

static void kick(int sig)
{
	(void)sig;	/* only there to end KVM_RUN */
}

static void on_signal(int sig)
{
	(void)sig;
	stopping = 1;
}

static void dirty_check(struct vcpu *v, bool baseline)
{
	static uint8_t bits[RAM_SIZE / 4096 / 8 + 8];
	struct kvm_dirty_log log = { .slot = 0, .dirty_bitmap = bits };
	uint64_t page = v->block / (uint64_t)page_size, answered;
	bool set;

	CHECK(ioctl(vm_fd, KVM_GET_DIRTY_LOG, &log));
	if (baseline)
		return;
	set = bits[page / 8] & 1 << page % 8;
	answered = ctl_get(v, CTL_QUERIES) - v->queries_rep - (v->exits_rtas - v->exits_rtas_rep);
	if (set)
		v->dirty_set++;
	else
		v->dirty_clear++;
	if (answered && !set)
		v->dirty_lost++;	/* the kernel wrote the page and nobody was told */
	if (!answered && set)
		v->dirty_spurious++;
}

/* ---- scaling ---- */

/*
 * Every vCPU asks null and rtas, alone and beside the others, in slices of time that take turns
 * for all. It is one process for all of them because how fast a VM is on an emulated host depends
 * on where its pages happen to be; so compared are only slices of the same vCPU.
 */
static uint64_t slice_t0;		/* when the first slice began; 0: not yet */
static int warm_vcpus;

static bool slice_is_mine(const struct vcpu *v, uint64_t slice)
{
	uint64_t who = slice % ((uint64_t)opt.nvcpu + 1);

	return who == (uint64_t)v->id || who == (uint64_t)opt.nvcpu;
}

static void ask_next(struct vcpu *v, enum ask ask)
{
	struct kvm_regs g;

	if (v->ask == ask)
		return;
	v->ask = ask;
	CHECK(ioctl(v->fd, KVM_GET_REGS, &g));
	g.gpr[27] = ask == ASK_CONFER ? H_CONFER_NR : H_RTAS_NR;
	g.gpr[28] = ask == ASK_CONFER ? ~0ull : v->block;
	CHECK(ioctl(v->fd, KVM_SET_REGS, &g));
}

/* After a rep: count it if all of it was in one slice, and wait for the next one of this vCPU. */
static void scaling_rep(struct vcpu *v, uint64_t ticks, uint64_t queries)
{
	uint64_t len = opt.slice_ms * 1000, n = (uint64_t)opt.nvcpu + 1, t0, t, slice;

	while (!(t0 = __atomic_load_n(&slice_t0, __ATOMIC_ACQUIRE))) {
		if (!v->slice && __atomic_add_fetch(&warm_vcpus, 1, __ATOMIC_ACQ_REL) == opt.nvcpu)
			__atomic_store_n(&slice_t0, now_us(), __ATOMIC_RELEASE);
		v->slice = ~0ull;
		sleep_ms(1);
	}
	t = now_us() - t0;
	if (v->counts && t / len == v->slice) {
		bool all = v->slice % n == n - 1;

		v->scaling[v->ask == ASK_RTAS][all].ticks += ticks;
		v->scaling[v->ask == ASK_RTAS][all].queries += queries;
	}
	for (;;) {
		slice = t / len;
		if (stopping || ctl_get(v, CTL_STOP) || slice_is_mine(v, slice))
			break;
		sleep_ms(((slice + 1) * len - t) / 1000 + 1);
		t = now_us() - t0;
	}
	v->slice = slice;
	/* The rep that another vCPU had begun before takes a while to end. */
	v->counts = t % len > len / 8;
	ask_next(v, slice / n % 2 ? ASK_RTAS : ASK_CONFER);
}

/* Of all vCPUs, in queries per 10^9 timebase ticks: what one does alone, what they do together */
static uint64_t scaling_rate(bool rtas, bool all)
{
	uint64_t rate = 0;
	int i;

	for (i = 0; i < opt.nvcpu; i++)
		if (vcpus[i].scaling[rtas][all].ticks)
			rate += vcpus[i].scaling[rtas][all].queries * 1000000000 /
				vcpus[i].scaling[rtas][all].ticks;
	return all ? rate : rate / (uint64_t)opt.nvcpu;
}

/* False: this vCPU is done. */
static bool rep_done(struct vcpu *v)
{
	uint64_t q = ctl_get(v, CTL_QUERIES), n = q - v->queries_rep;
	uint64_t ticks = ctl_get(v, CTL_T1) - ctl_get(v, CTL_T0);

	if (!opt.tight || v->ask != ASK_RTAS) {
		;
	} else if (!ctl_get(v, CTL_LAST_HCALL) && !ctl_get(v, CTL_LAST_STATUS) &&
		   !ctl_get(v, CTL_LAST_STATE)) {
		/* The sums of the whole rep. (The timing loop leaves counting to us.) */
		ctl_set(v, CTL_NORMAL, ctl_get(v, CTL_NORMAL) + n);
	} else if (!v->bad) {
		v->bad = true;
		v->first_bad_hcall = ctl_get(v, CTL_LAST_HCALL);
		v->first_bad_status = ctl_get(v, CTL_LAST_STATUS);
		v->first_bad_state = ctl_get(v, CTL_LAST_STATE);
	}
	if (!v->warm) {
		/* The first queries of a VM pass: the kernel learns what they mean. */
		if (opt.warmup && v->exits_rtas != v->exits_rtas_rep && ++v->reps < opt.warmup)
			goto next;
		v->warm = true;
		v->reps = 0;
		if (opt.warmup)
			goto next;
	}
	if (n) {
		v->exits_timed += v->exits_rtas - v->exits_rtas_rep;
		v->samples[v->nsamples++ % MAX_SAMPLES] = ticks * 100 / n;
		v->tb_total += ticks;
		v->queries_timed += n;
	}
	v->reps++;
	if (opt.slice_ms)
		scaling_rep(v, ticks, n);
	if (opt.dirty_log)
		dirty_check(v, v->reps == 1);
	if (opt.reset && v->dev)
		eeh_op(v->dev, VFIO_EEH_PE_ENABLE);
next:
	if (stopping || ctl_get(v, CTL_STOP))
		return false;
	if (v->warm && !opt.loop && !opt.seconds_ms && v->reps >= opt.reps)
		return false;
	if (opt.tight && v->ask == ASK_RTAS)
		poison(v);
	v->queries_rep = q;
	v->exits_rtas_rep = v->exits_rtas;
	return true;
}

/* ---- fuzzing ---- */

/*
 * Argument blocks that nobody but the VMM may answer: each must come out as the guest made it, and
 * the guest must get what the VMM returned. One in four is an ordinary question, so that there is
 * a binding that the others could be taken for.
 */
#define FUZZ_BYTES	64
#define PAM		0x0fffffffffffffffull	/* the bits of a guest real address */

static struct {
	uint64_t rnd, gpa, ret;
	bool pending, returned;
	unsigned char before[FUZZ_BYTES];
	/* cases; no exit; exit with another r4; block changed; other result in the guest */
	uint64_t cases, missed, r4, changed, result;
	uint64_t digest;
} fuzz;

static uint64_t fuzz_rand(void)
{
	fuzz.rnd ^= fuzz.rnd << 13;
	fuzz.rnd ^= fuzz.rnd >> 7;
	fuzz.rnd ^= fuzz.rnd << 17;
	return fuzz.rnd;
}

static uint32_t fuzz_count(uint32_t good)
{
	static const uint32_t odd[] = {
		0, 1, 2, 3, 4, 5, 6, 15, 16, 17, 255, 0x7fffffff, 0x80000000,
		0xfffffffc, 0xfffffffd, 0xffffffff
	};
	uint64_t r = fuzz_rand();

	if (r % 3 == 0)
		return good;
	return r % 17 ? odd[r / 17 % (sizeof(odd) / sizeof(odd[0]))] : (uint32_t)(r >> 32);
}

static uint64_t fuzz_place(const struct vcpu *v)
{
	uint64_t ps = (uint64_t)page_size, r = fuzz_rand(), at = v->block & ~(ps - 1);

	switch (r % 8) {
	case 0:		return at + ps - 1 - r / 8 % 64;	/* crosses a page */
	case 1:		return RAM_SIZE - 1 - r / 8 % 64;	/* runs past the end */
	case 2:		return RAM_SIZE + r / 8 % 0x100000;		/* a hole */
	case 3:		return (r | RAM_SIZE) & ~0xfffull;		/* anywhere but in memory */
	case 4:		return (at + r / 8 % 64) | r << 60;	/* bits of no account */
	default:	return at + r / 8 % (ps - 256);
	}
}

static void fuzz_snapshot(unsigned char *to)
{
	uint64_t gpa = fuzz.gpa & PAM, n = 0;

	memset(to, 0, FUZZ_BYTES);
	if (gpa < RAM_SIZE)
		n = RAM_SIZE - gpa < FUZZ_BYTES ? RAM_SIZE - gpa : FUZZ_BYTES;
	memcpy(to, ram + (n ? gpa : 0), n);
}

static void fuzz_prepare(struct vcpu *v)
{
	uint64_t buid = v->dev ? v->dev->buid : opt.buid, gpa;
	uint32_t addr = v->dev ? v->dev->addr : opt.addr;
	uint32_t w[6] = { opt.vmm_token, 3, 4, addr, (uint32_t)(buid >> 32), (uint32_t)buid };
	bool ordinary = fuzz_rand() % 4 == 0, same = true;
	struct kvm_regs g;
	int i;

	if (fuzz.pending)
		fuzz.missed++;
	else if (fuzz.returned && ctl_get(v, CTL_LAST_HCALL) != fuzz.ret)
		fuzz.result++;
	fuzz.gpa = v->block;
	if (!ordinary) {
		fuzz.gpa = fuzz_place(v);
		w[1] = fuzz_count(3);
		w[2] = fuzz_count(4);
		for (i = 0; i < 6; i++)
			if ((i == 0 || i > 2) && fuzz_rand() % 8 == 0) {
				w[i] ^= 1u << fuzz_rand() % 32;
				same = false;
			}
	}
	gpa = fuzz.gpa & PAM;
	/* What an earlier answer left there may differ: not all of them were the VMM's. */
	for (i = 0; i < FUZZ_BYTES; i++)
		if (in_ram(gpa + (uint64_t)i, 1))
			ram[gpa + (uint64_t)i] = (char)fuzz_rand();
	for (i = 0; i < 6; i++)
		if (in_ram(gpa + 4ull * (uint64_t)i, 4))
			set_block_word(gpa + 4ull * (uint64_t)i, w[i]);
	fuzz_snapshot(fuzz.before);
	/* A question that the kernel may well answer, wherever it is */
	fuzz.pending = !(same && w[1] == 3 && w[2] >= 3 && w[2] <= 5);
	fuzz.returned = false;
	fuzz.cases += fuzz.pending;
	CHECK(ioctl(v->fd, KVM_GET_REGS, &g));
	g.gpr[28] = fuzz.gpa;
	CHECK(ioctl(v->fd, KVM_SET_REGS, &g));
}

/* The call has come out to the VMM. */
static void fuzz_exit(uint64_t r4)
{
	unsigned char now[FUZZ_BYTES];
	int i;

	if (!fuzz.pending)
		return;
	fuzz_snapshot(now);
	fuzz.r4 += r4 != fuzz.gpa;
	fuzz.changed += memcmp(now, fuzz.before, FUZZ_BYTES) != 0;
	for (i = 0; i < FUZZ_BYTES; i++)
		fuzz.digest = (fuzz.digest ^ now[i] ^ r4) * 0x100000001b3ull;
	fuzz.pending = false;
	fuzz.returned = true;
}

static void *vcpu_main(void *arg)
{
	struct vcpu *v = arg;
	struct kvm_run *run = v->run;

	if (opt.pin) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(v->id % (int)sysconf(_SC_NPROCESSORS_ONLN), &set);
		pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	}
	pthread_barrier_wait(&start_line);
	for (;;) {
		int r = ioctl(v->fd, KVM_RUN, 0);

		if (r < 0 && errno != EINTR && errno != EAGAIN) {
			v->error = errno;
			fprintf(stderr, "eeh-rawvmm: vCPU %d: KVM_RUN: %s\n", v->id, strerror(errno));
			break;
		}
		v->exits++;
		if (r < 0 || run->exit_reason == KVM_EXIT_INTR) {
			v->exits_intr++;
			run->immediate_exit = 0;
			if (stopping > 1)	/* somebody lost patience */
				break;
			continue;
		}
		if (run->exit_reason != KVM_EXIT_PAPR_HCALL) {
			fprintf(stderr, "eeh-rawvmm: vCPU %d: unexpected exit %u\n", v->id,
				run->exit_reason);
			v->error = EPROTO;
			break;
		}
		switch (run->papr_hcall.nr) {
		case H_RTAS_NR:
			v->exits_rtas++;
			if (opt.nonres == NONRES_NONE)
				block_protect(v, PROT_READ | PROT_WRITE);
			if (opt.fuzz)
				fuzz_exit(run->papr_hcall.args[0]);
			run->papr_hcall.ret = (uint64_t)answer_rtas(run->papr_hcall.args[0]);
			fuzz.ret = run->papr_hcall.ret;
			if (opt.vmm_delay_ms)
				sleep_ms(opt.vmm_delay_ms);
			continue;
		case HC_PREPARE:
			v->exits_prepare++;
			if (opt.fuzz)
				fuzz_prepare(v);
			else
				block_protect(v, PROT_NONE);
			run->papr_hcall.ret = 0;
			continue;
		case HC_END:
			run->papr_hcall.ret = 0;
			if (rep_done(v))
				continue;
			goto out;
		case H_CONFER_NR:
			v->exits_confer++;
			run->papr_hcall.ret = 0;
			continue;
		case HC_EXCEPTION:
			fprintf(stderr, "eeh-rawvmm: vCPU %d: guest exception, SRR0 %#" PRIx64
				" DAR %#" PRIx64 " DSISR %#" PRIx64 "\n", v->id,
				(uint64_t)run->papr_hcall.args[0],
				(uint64_t)run->papr_hcall.args[1],
				(uint64_t)run->papr_hcall.args[2]);
			v->error = EFAULT;
			goto out;
		default:
			v->exits_other++;
			run->papr_hcall.ret = 0;
			continue;
		}
	}
out:
	__atomic_store_n(&v->finished, true, __ATOMIC_RELEASE);
	return NULL;
}

/* ---- figures ---- */

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t sum(int off)
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
static uint64_t sum_in_kernel(void)
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

static void print_live(void)
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
static int report(uint64_t elapsed_us)
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

/* ---- the fast path ---- */

#ifdef EEH_RAWVMM_LIBEEH
static void fastpath_log(void *arg, enum eeh_log_level level, const char *msg)
{
	(void)arg;
	if (level <= EEH_LOG_WARN)
		fprintf(stderr, "eeh-rawvmm: %s\n", msg);
}

/* What a VMM that wants the fast path would do; what is attached already is as good. */
static int fastpath_on(void)
{
	struct eeh_ctx_opts co;
	struct eeh_fastpath_opts fo;
	struct eeh_ctx *ctx;
	uint64_t t = now_us();
	int r;

	EEH_INIT(&co);
	co.log = fastpath_log;
	r = eeh_ctx_new(&ctx, &co);
	if (r)
		return r;
	EEH_INIT(&fo);
	r = eeh_fastpath_attach(ctx, &fo);
	eeh_ctx_free(ctx);
	attach_us = now_us() - t;
	return r == -EEXIST ? 0 : r;
}
#else
static int fastpath_on(void)
{
	fprintf(stderr, "eeh-rawvmm: built without libeeh\n");
	return -ENOSYS;
}
#endif

/* ---- what a test can ask for while the guest runs ---- */

static const char control_help[] =
	"stats | stop | pause | resume | attach | state [I] | enable [I] | disable [I] | thaw-io [I] | "
	"thaw-dma [I] | unfreeze [I] | reset [I] | reset-hot [I] | reset-deactivate [I] | "
	"configure [I] | device-close I | device-open I | group-add I | group-del I | vmm-word W[=X]";

static int unfreeze(struct device *d)
{
	int r = eeh_op(d, VFIO_EEH_PE_UNFREEZE_IO), s = eeh_op(d, VFIO_EEH_PE_UNFREEZE_DMA);

	return r ? r : s;
}

static int hot_reset(struct device *d)
{
	int r = eeh_op(d, VFIO_EEH_PE_RESET_HOT);

	sleep_ms(250);		/* PCIe r5.0 6.6.1 wants 100 ms; the kernel waits 250 ms */
	if (!r)
		r = eeh_op(d, VFIO_EEH_PE_RESET_DEACTIVATE);
	sleep_ms(1800);
	if (!r)
		r = eeh_op(d, VFIO_EEH_PE_CONFIGURE);
	return r;
}

static void control(char *line)
{
	char cmd[32] = "";
	int i = 0, n, r = 0;
	struct device *d;

	n = sscanf(line, "%31s %d", cmd, &i);
	if (n < 1)
		return;
	if (strcmp(cmd, "vmm-word") && (i < 0 || i >= (opt.ndev ? opt.ndev : 1))) {
		printf("{\"command\":\"%s\",\"result\":%d}\n", cmd, -ENODEV);
		fflush(stdout);
		return;
	}
	d = i >= 0 && i < MAX_DEVICES ? &opt.dev[i] : NULL;
	if (!strcmp(cmd, "stats")) {
		print_live();
		return;
	} else if (!strcmp(cmd, "stop")) {
		stopping = 1;
	} else if (!strcmp(cmd, "pause") || !strcmp(cmd, "resume")) {
		uint64_t want = cmd[0] == 'p', wait = 0;

		for (n = 0; n < opt.nvcpu; n++)
			ctl_set(&vcpus[n], CTL_PAUSE, want);
		/* paused means: no query is under way any more */
		for (n = 0; n < opt.nvcpu; n++)
			while (ctl_get(&vcpus[n], CTL_PAUSED) != want && wait++ < 10000 &&
			       !__atomic_load_n(&vcpus[n].finished, __ATOMIC_ACQUIRE))
				usleep(1000);
		r = wait >= 10000 ? -ETIMEDOUT : 0;
	} else if (!strcmp(cmd, "attach")) {
		uint64_t t = now_us(), k = sum_in_kernel();

		r = fastpath_on();
		/* sampled, not traced: good to about a millisecond */
		while (!r && sum_in_kernel() <= k) {
			usleep(500);
			if (now_us() - t > 30000000)
				r = -ETIMEDOUT;
		}
		if (!r)
			attach_first_us = now_us() - t;
	} else if (!strcmp(cmd, "vmm-word")) {
		char *eq = strchr(line, '=');

		/* "vmm-word 3=7": from now on the VMM says so; "vmm-word 3": the truth again */
		if (sscanf(line, "%*s %d", &i) != 1 || i < 0 || i >= MAX_WORDS) {
			r = -EINVAL;
		} else {
			opt.vmm_word[i] = eq ? (uint32_t)strtoul(eq + 1, NULL, 0) : 0;
			__atomic_store_n(&opt.vmm_word_set[i], eq != NULL, __ATOMIC_RELEASE);
		}
	} else if (!opt.ndev) {
		r = -ENODEV;
	} else if (!strcmp(cmd, "state")) {
		r = eeh_op(d, VFIO_EEH_PE_GET_STATE);
	} else if (!strcmp(cmd, "enable")) {
		r = eeh_op(d, VFIO_EEH_PE_ENABLE);
	} else if (!strcmp(cmd, "disable")) {
		r = eeh_op(d, VFIO_EEH_PE_DISABLE);
	} else if (!strcmp(cmd, "thaw-io")) {
		r = eeh_op(d, VFIO_EEH_PE_UNFREEZE_IO);
	} else if (!strcmp(cmd, "thaw-dma")) {
		r = eeh_op(d, VFIO_EEH_PE_UNFREEZE_DMA);
	} else if (!strcmp(cmd, "unfreeze")) {
		r = unfreeze(d);
	} else if (!strcmp(cmd, "reset")) {
		r = hot_reset(d);
	} else if (!strcmp(cmd, "reset-hot")) {
		r = eeh_op(d, VFIO_EEH_PE_RESET_HOT);
	} else if (!strcmp(cmd, "reset-deactivate")) {
		r = eeh_op(d, VFIO_EEH_PE_RESET_DEACTIVATE);
	} else if (!strcmp(cmd, "configure")) {
		r = eeh_op(d, VFIO_EEH_PE_CONFIGURE);
	} else if (!strcmp(cmd, "device-close")) {
		r = d->dfd >= 0 && !close(d->dfd) ? 0 : -EBADF;
		d->dfd = -1;
	} else if (!strcmp(cmd, "device-open")) {
		r = d->dfd < 0 ? device_open(d) : -EBUSY;
	} else if (!strcmp(cmd, "group-add")) {
		r = group_join(d);
	} else if (!strcmp(cmd, "group-del")) {
		r = kvm_group(d, KVM_DEV_VFIO_GROUP_DEL);
	} else {
		fprintf(stderr, "eeh-rawvmm: commands: %s\n", control_help);
		r = -EINVAL;
	}
	printf("{\"command\":\"%s\",\"result\":%d}\n", cmd, r);
	fflush(stdout);
}

/* Reads commands; returns when it is time to look at the vCPUs again. */
static void wait_a_little(uint64_t ms)
{
	static char line[256];
	static size_t have;
	struct pollfd p = { .fd = 0, .events = POLLIN };
	ssize_t n;
	char *nl;

	if (!opt.control) {
		sleep_ms(ms);
		return;
	}
	if (poll(&p, 1, (int)ms) <= 0)
		return;
	n = read(0, line + have, sizeof(line) - 1 - have);
	if (n <= 0) {
		opt.control = false;	/* whoever held the other end is gone */
		if (opt.loop)
			stopping = 1;
		return;
	}
	have += (size_t)n;
	line[have] = 0;
	while ((nl = strchr(line, '\n'))) {
		*nl = 0;
		control(line);
		have -= (size_t)(nl + 1 - line);
		memmove(line, nl + 1, have + 1);
	}
	if (have == sizeof(line) - 1)
		have = 0;
}

/* ---- a run ---- */

static bool all_finished(void)
{
	int i;

	for (i = 0; i < opt.nvcpu; i++)
		if (!__atomic_load_n(&vcpus[i].finished, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

static int run(void)
{
	uint64_t start, last_live, deadline = 0, end, step;
	int i;

	create_vm();
	open_devices();
	map_generation_registers();
	if (opt.fastpath && (i = fastpath_on()))
		die(2, "the fast path could not be attached: %s", strerror(-i));
	create_vcpus();
	pthread_barrier_init(&start_line, NULL, (unsigned int)opt.nvcpu + 1);
	for (i = 0; i < opt.nvcpu; i++)
		if (pthread_create(&vcpus[i].thread, NULL, vcpu_main, &vcpus[i]))
			die(2, "cannot start a vCPU thread");
	pthread_barrier_wait(&start_line);
	start = last_live = now_us();
	if (opt.seconds_ms)
		deadline = start + opt.seconds_ms * 1000;
	step = opt.live_ms && opt.live_ms < 20 ? opt.live_ms : 20;
	while (!all_finished() && !stopping) {
		uint64_t t;

		wait_a_little(step);
		t = now_us();
		if (opt.live_ms && t - last_live >= opt.live_ms * 1000) {
			print_live();
			last_live = t;
		}
		if (opt.kill_ms && t - start >= opt.kill_ms * 1000)
			kill(getpid(), SIGKILL);
		if (deadline && t >= deadline)
			break;
	}
	for (i = 0; i < opt.nvcpu; i++) {
		ctl_set(&vcpus[i], CTL_STOP, 1);
		ctl_set(&vcpus[i], CTL_PAUSE, 0);
	}
	/*
	 * A guest that is answered in the kernel sees CTL_STOP by itself. One in
	 * the timing loop, or one that hangs, is kicked out after a while.
	 */
	for (i = 0, end = now_us(); !all_finished(); i++) {
		usleep(2000);
		if (now_us() - end > 20000000) {
			int k;

			stopping = 2;
			for (k = 0; k < opt.nvcpu; k++) {
				if (vcpus[k].finished)
					continue;
				vcpus[k].error = ETIMEDOUT;
				vcpus[k].run->immediate_exit = 1;
				pthread_kill(vcpus[k].thread, SIGUSR1);
			}
		}
	}
	for (i = 0; i < opt.nvcpu; i++)
		pthread_join(vcpus[i].thread, NULL);
	i = report(now_us() - start);
	stopping = 0;
	for (end = now_us() + opt.hold_ms * 1000; opt.hold_ms && now_us() < end && !stopping; )
		wait_a_little(20);
	return i;
}

/* One life after the other, each killed in the middle of its queries. */
static int respawn(void)
{
	uint64_t life, queries = 0, kernel_lives = 0, wrong = 0;
	unsigned int seed = (unsigned int)getpid();

	for (life = 0; life < opt.respawn && !stopping; life++) {
		uint64_t half = opt.kill_ms / 2, q;
		uint64_t ms = half + (uint64_t)rand_r(&seed) % (half + 1);
		pid_t pid;
		int i, status;

		memset(ram + GPA_CTL, 0, MAX_VCPUS * CTL_STRIDE);
		pid = (pid_t)CHECK(fork());
		if (!pid) {
			opt.kill_ms = 0;
			opt.loop = true;
			_exit(run());
		}
		for (i = 0; i < opt.nvcpu; i++)
			vcpus[i].ctl = ram + GPA_CTL + (uint64_t)i * CTL_STRIDE;
		/* first wait for queries: a life that never asked would test nothing */
		for (i = 0; i < 3000 && !sum(CTL_QUERIES) && !waitpid(pid, &status, WNOHANG); i++)
			usleep(10000);
		sleep_ms(ms);
		if (kill(pid, SIGKILL) || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
			die(2, "life %" PRIu64 " ended by itself", life);
		q = sum(CTL_QUERIES);
		queries += q;
		kernel_lives += q != 0;
		wrong += sum(CTL_WRONG);
	}
	printf(opt.json ? "{\"lives\":%" PRIu64 ",\"lives_with_queries\":%" PRIu64 ",\"queries\":%" PRIu64
	       ",\"wrong\":%" PRIu64 "}\n" : "%" PRIu64 " lives, %" PRIu64 " asked, %" PRIu64
	       " queries, %" PRIu64 " wrong\n", life, kernel_lives, queries, wrong);
	return wrong || kernel_lives != life;
}

static void read_timebase(void)
{
	char line[128];
	FILE *f = fopen("/proc/cpuinfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "timebase", 8) && strchr(line, ':'))
			timebase_hz = strtoull(strchr(line, ':') + 1, NULL, 10);
	if (f)
		fclose(f);
}

static const char usage[] =
"eeh-rawvmm: a raw KVM virtual machine that asks \"is my PE frozen?\"\n"
"\n"
"What it asks\n"
"  --ask rtas|null|other|0xNR  ibm,read-slot-reset-state2 (default), H_CONFER(-1), an RTAS call\n"
"                        with another token (0x2003), or a hypercall of that number\n"
"  --vcpus N             vCPU i asks about device i modulo their number\n"
"  --count N --reps N    N queries per rep (100), reps (11)\n"
"  --warmup N            first up to N reps that are not timed, until one makes no exit\n"
"  --seconds S           instead of --reps: until the time is over\n"
"  --loop-until-signal   instead of --reps: until SIGINT, SIGTERM, SIGALRM or the command stop\n"
"  --tight               timing loop: nothing around the hypercall but the sum of the answers\n"
"  --scaling MS          null and rtas, each vCPU alone and all at once, in turns of MS milliseconds;\n"
"                        JSON only: queries per 10^9 timebase ticks of [one alone, all together]\n"
"  --spin TICKS          wait that many timebase ticks before each query (not with --tight)\n"
"  --pin                 vCPU i on CPU i\n"
"\n"
"Devices (bound to vfio-pci)\n"
"  --device 0001:01:00.0 may be repeated; --buid, --addr and --verify-gen after it belong to it\n"
"  --buid X --addr X     how the guest names the PE (0x800000020000000 + index, 0x1)\n"
"  --verify-gen ADDR     physical address of the lab's freeze generation register (PHB base +\n"
"                        0xff8): the guest reads it before and after each query and counts wrong\n"
"                        answers: frozen throughout, yet \"normal\"\n"
"  --one-container       all groups in one container\n"
"  --late-kvm            open the device before its group joins the VM (so it has no owner)\n"
"  --no-kvm-device       the group never joins the VM\n"
"  --no-device           never open the device\n"
"  --no-enable           no VFIO_EEH_PE_ENABLE at the start\n"
"\n"
"The argument block\n"
"  --token X             token that the guest uses and the VMM knows (0x2022)\n"
"  --ask-token X, --vmm-token X   either one alone\n"
"  --nargs N --nret N    (3, 4)\n"
"  --block-at OFFSET|cross|cross-rets|unaligned|odd|end|past|hole\n"
"  --block-nonresident[=dontneed|none]  before each query the page of the block is dropped from\n"
"                        the page tables, or made inaccessible\n"
"  --fuzz SEED           argument blocks that only the VMM may answer, and some ordinary ones; JSON:\n"
"                        fuzz_cases, what was wrong with them, fuzz_digest over what came out\n"
"  --vmm-word I=X        the VMM answers X in return word I (a VMM that is not like QEMU)\n"
"  --vmm-delay MS        the VMM sleeps after it wrote its answer, before the guest goes on\n"
"\n"
"The machine\n"
"  --dirty-log           log dirty pages; check after each rep that the block's page is reported\n"
"                        if the kernel answered (one vCPU; the guest does not write the page)\n"
"  --no-confer           H_CONFER is not enabled for this VM\n"
"  --reset               VFIO_EEH_PE_ENABLE after each rep, as at a machine reset\n"
"  --kill-vcpu-during MS SIGKILL to itself after MS milliseconds of queries\n"
"  --respawn N           N lives one after the other, each killed after up to the MS above\n"
"  --fastpath            attach the fast path through libeeh before the guest starts\n"
"  --hold S              keep the VM for S seconds after the last query\n"
"  --control             commands on standard input, one line of JSON for each:\n"
"                        stats stop pause resume attach state enable disable thaw-io thaw-dma\n"
"                        unfreeze reset (hot, with its waits) reset-hot reset-deactivate configure\n"
"                        device-close device-open group-add group-del [device index]\n"
"                        vmm-word W=X (as --vmm-word, from now on), vmm-word W (the truth again)\n"
"  --live MS             a line of JSON with the counts every MS milliseconds\n"
"  --json --label TEXT --quiet\n"
"\n"
"Exit status: 0; 1 a wrong answer or a page lost by the dirty log; 2 the machine failed.\n";

enum {
	O_ASK = 256, O_VCPUS, O_COUNT, O_REPS, O_SECONDS, O_LOOP, O_TIGHT, O_SPIN, O_PIN,
	O_DEVICE, O_BUID, O_ADDR, O_GEN, O_ONE, O_LATE, O_NOKVM, O_NODEV, O_NOENABLE,
	O_TOKEN, O_ASKTOKEN, O_VMMTOKEN, O_NARGS, O_NRET, O_BLOCK, O_NONRES, O_WORD,
	O_DIRTY, O_NOCONFER, O_RESET, O_KILL, O_RESPAWN, O_FASTPATH, O_HOLD, O_CONTROL,
	O_LIVE, O_JSON, O_LABEL, O_QUIET, O_HELP, O_FIFO, O_WARMUP, O_DELAY, O_SCALING,
	O_FUZZ,
};

static const struct option options[] = {
	{ "ask", 1, NULL, O_ASK }, { "vcpus", 1, NULL, O_VCPUS }, { "count", 1, NULL, O_COUNT },
	{ "reps", 1, NULL, O_REPS }, { "seconds", 1, NULL, O_SECONDS },
	{ "scaling", 1, NULL, O_SCALING }, { "warmup", 1, NULL, O_WARMUP }, { "vmm-delay", 1, NULL, O_DELAY },
	{ "loop-until-signal", 0, NULL, O_LOOP }, { "tight", 0, NULL, O_TIGHT },
	{ "spin", 1, NULL, O_SPIN }, { "pin", 0, NULL, O_PIN }, { "device", 1, NULL, O_DEVICE },
	{ "buid", 1, NULL, O_BUID }, { "addr", 1, NULL, O_ADDR }, { "verify-gen", 1, NULL, O_GEN },
	{ "one-container", 0, NULL, O_ONE }, { "late-kvm", 0, NULL, O_LATE },
	{ "no-kvm-device", 0, NULL, O_NOKVM }, { "no-device", 0, NULL, O_NODEV },
	{ "no-enable", 0, NULL, O_NOENABLE }, { "token", 1, NULL, O_TOKEN },
	{ "ask-token", 1, NULL, O_ASKTOKEN }, { "vmm-token", 1, NULL, O_VMMTOKEN },
	{ "nargs", 1, NULL, O_NARGS }, { "nret", 1, NULL, O_NRET }, { "block-at", 1, NULL, O_BLOCK },
	{ "block-nonresident", 2, NULL, O_NONRES }, { "vmm-word", 1, NULL, O_WORD },
	{ "dirty-log", 0, NULL, O_DIRTY }, { "no-confer", 0, NULL, O_NOCONFER },
	{ "reset", 0, NULL, O_RESET }, { "kill-vcpu-during", 1, NULL, O_KILL },
	{ "respawn", 1, NULL, O_RESPAWN }, { "fastpath", 0, NULL, O_FASTPATH },
	{ "hold", 1, NULL, O_HOLD }, { "control", 0, NULL, O_CONTROL }, { "live", 1, NULL, O_LIVE },
	{ "json", 0, NULL, O_JSON }, { "label", 1, NULL, O_LABEL }, { "quiet", 0, NULL, O_QUIET },
	{ "fuzz", 1, NULL, O_FUZZ }, { "help", 0, NULL, O_HELP }, { "fifo", 0, NULL, O_FIFO }, { 0 },
};

static uint64_t number(const char *what, const char *s)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(s, &end, 0);
	if (errno || end == s || *end)
		die(1, "--%s: '%s' is not a number", what, s);
	return v;
}

static void parse(int argc, char **argv)
{
	struct device *d = NULL;
	int c, i, idx = 0;

	while ((c = getopt_long(argc, argv, "h", options, &idx)) != -1) {
#define NUM()	number(options[idx].name, optarg)
		switch (c) {
		case O_ASK:
			if (!strcmp(optarg, "rtas")) {
				opt.ask = ASK_RTAS;
			} else if (!strcmp(optarg, "null")) {
				opt.ask = ASK_CONFER;
			} else if (!strcmp(optarg, "other")) {
				opt.ask = ASK_OTHER_TOKEN;
			} else {
				opt.ask = ASK_HCALL;
				opt.hcall = NUM();
			}
			break;
		case O_VCPUS:
			opt.nvcpu = (int)NUM();
			if (opt.nvcpu < 1 || opt.nvcpu > MAX_VCPUS)
				die(1, "1 to %d vCPUs", MAX_VCPUS);
			break;
		case O_COUNT:		opt.count = NUM(); break;
		case O_REPS:		opt.reps = NUM(); break;
		case O_SECONDS:		opt.seconds_ms = NUM() * 1000; break;
		case O_WARMUP:		opt.warmup = NUM(); break;
		case O_DELAY:		opt.vmm_delay_ms = NUM(); break;
		case O_LOOP:		opt.loop = true; break;
		case O_TIGHT:		opt.tight = true; break;
		case O_SCALING:		opt.slice_ms = NUM(); break;
		case O_SPIN:		opt.spin = NUM(); break;
		case O_PIN:		opt.pin = true; break;
		case O_DEVICE:
			if (opt.ndev == MAX_DEVICES)
				die(1, "at most %d devices", MAX_DEVICES);
			d = &opt.dev[opt.ndev++];
			d->gfd = d->dfd = d->cfd = -1;
			snprintf(d->name, sizeof(d->name), "%s", optarg);
			break;
		case O_BUID:
			if (d) {
				d->buid = NUM();
				d->buid_set = true;
			} else {
				opt.buid = NUM();
			}
			break;
		case O_ADDR:
			if (d) {
				d->addr = (uint32_t)NUM();
				d->addr_set = true;
			} else {
				opt.addr = (uint32_t)NUM();
			}
			break;
		case O_GEN:
			if (!d)
				die(1, "--verify-gen belongs to a --device before it");
			d->gen_phys = NUM();
			if (d->gen_phys & 7)
				die(1, "--verify-gen: not the address of a register");
			break;
		case O_ONE:		opt.one_container = true; break;
		case O_LATE:		opt.order = ORDER_LATE; break;
		case O_NOKVM:		opt.order = ORDER_NO_KVM; break;
		case O_NODEV:		opt.no_device = true; break;
		case O_NOENABLE:	opt.no_enable = true; break;
		case O_TOKEN:		opt.ask_token = opt.vmm_token = (uint32_t)NUM(); break;
		case O_ASKTOKEN:	opt.ask_token = (uint32_t)NUM(); break;
		case O_VMMTOKEN:	opt.vmm_token = (uint32_t)NUM(); break;
		case O_NARGS:		opt.nargs = (uint32_t)NUM(); break;
		case O_NRET:		opt.nret = (uint32_t)NUM(); break;
		case O_BLOCK:
			if (*optarg >= '0' && *optarg <= '9') {
				opt.block_at = NUM();
				if (opt.block_at > BLOCK_STRIDE - 0x1000)
					die(1, "--block-at: at most %#llx", BLOCK_STRIDE - 0x1000);
			} else {
				opt.block_word = optarg;
			}
			break;
		case O_NONRES:
			if (!optarg || !strcmp(optarg, "dontneed"))
				opt.nonres = NONRES_DONTNEED;
			else if (!strcmp(optarg, "none"))
				opt.nonres = NONRES_NONE;
			else
				die(1, "--block-nonresident: dontneed or none");
			break;
		case O_WORD: {
			char *eq = strchr(optarg, '=');

			i = atoi(optarg);
			if (!eq || i < 0 || i >= MAX_WORDS)
				die(1, "--vmm-word 0..%d=VALUE", MAX_WORDS - 1);
			opt.vmm_word[i] = (uint32_t)number("vmm-word", eq + 1);
			opt.vmm_word_set[i] = true;
			break;
		}
		case O_FUZZ:		opt.fuzz = fuzz.rnd = NUM(); break;
		case O_DIRTY:		opt.dirty_log = true; break;
		case O_NOCONFER:	opt.no_confer = true; break;
		case O_RESET:		opt.reset = true; break;
		case O_KILL:		opt.kill_ms = NUM(); break;
		case O_RESPAWN:		opt.respawn = NUM(); break;
		case O_FASTPATH:	opt.fastpath = true; break;
		case O_HOLD:		opt.hold_ms = NUM() * 1000; break;
		case O_CONTROL:		opt.control = true; break;
		case O_LIVE:		opt.live_ms = NUM(); break;
		case O_JSON:		opt.json = true; break;
		case O_LABEL:		opt.label = optarg; break;
		case O_QUIET:		opt.quiet = true; break;
		case O_FIFO:		opt.fifo = true; break;
		case 'h':
		case O_HELP:
			fputs(usage, stdout);
			exit(0);
		default:
			die(1, "try --help");
		}
#undef NUM
	}
	if (optind != argc)
		die(1, "what is '%s'? Try --help", argv[optind]);
	for (i = 0; i < opt.ndev; i++) {
		if (!opt.dev[i].buid_set)
			opt.dev[i].buid = opt.buid + (uint64_t)i;
		if (!opt.dev[i].addr_set)
			opt.dev[i].addr = opt.addr;
	}
	if (!opt.count)
		die(1, "--count: at least 1");
	if (opt.dirty_log && opt.nvcpu > 1)
		die(1, "--dirty-log: the log is cleared by reading it, so one vCPU only");
	if (opt.fuzz && (opt.nvcpu > 1 || opt.nonres || opt.tight || opt.ask != ASK_RTAS))
		die(1, "--fuzz: one vCPU, and nothing else that touches its blocks");
	if (opt.tight && (opt.nonres || opt.spin))
		die(1, "--tight has no room for --spin or --block-nonresident");
	if (opt.slice_ms && (!opt.tight || !opt.seconds_ms || !opt.warmup || opt.ask != ASK_RTAS))
		die(1, "--scaling needs --tight, --seconds and --warmup, and asks what it likes");
	if (opt.respawn && !opt.kill_ms)
		die(1, "--respawn needs --kill-vcpu-during");
	/* the timing loop of a run by time must look up now and then */
	if (opt.tight && (opt.seconds_ms || opt.loop) && opt.count > 100000)
		opt.count = 100000;
}

int main(int argc, char **argv)
{
	struct sigaction stop = { .sa_handler = on_signal }, quiet = { .sa_handler = kick };

	setvbuf(stdout, NULL, _IOLBF, 0);
	parse(argc, argv);
	page_size = sysconf(_SC_PAGESIZE);
	read_timebase();
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGALRM, &stop, NULL);
	sigaction(SIGUSR1, &quiet, NULL);
	if (opt.fifo) {
		struct sched_param sp = { .sched_priority = 50 };

		CHECK(sched_setscheduler(0, SCHED_FIFO, &sp));
	}
	create_ram();
	return opt.respawn ? respawn() : run();
}
