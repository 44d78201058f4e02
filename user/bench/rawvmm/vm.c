// SPDX-License-Identifier: GPL-2.0-only
/* The virtual machine: memory, vCPUs, argument blocks, the guest's few instructions. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rawvmm.h"

char *ram;
long page_size;
int vm_fd = -1;
struct vcpu vcpus[MAX_VCPUS];

static int kvm_fd = -1;

void map_generation_registers(void)
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
void poison(struct vcpu *v)
{
	uint64_t rets = v->block + 12 + 4ull * opt.nargs;

	if (opt.dirty_log || !in_ram(rets, 8))
		return;
	set_block_word(rets, GUEST_POISON);
	set_block_word(rets + 4, GUEST_POISON);
}

void create_ram(void)
{
	int ram_fd = memfd_create("eeh-rawvmm", MFD_CLOEXEC);

	CHECK(ram_fd);
	CHECK(ftruncate(ram_fd, RAM_SIZE));
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, ram_fd, 0);
	if (ram == MAP_FAILED)
		die(2, "guest memory: %s", strerror(errno));
}

void create_vm(void)
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

void create_vcpus(void)
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
		ctl_set(v, CTL_REST, opt.rest_ms ? REST_EVERY : 0);
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
