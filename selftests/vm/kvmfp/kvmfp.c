// SPDX-License-Identifier: GPL-2.0-only
/*
 * kvmfp [RUNS]: does a VMM's thread keep its FP and vector registers across KVM_RUN?
 *
 * The guest makes hypercalls that KVM handles by itself (H_CONFER to nobody), so that one
 * KVM_RUN lasts for a while; another thread on the same CPU makes the kernel switch tasks
 * in it. f14 to f31 and v20 to v31 are non-volatile, and no system call may change any. The
 * guest's are all 0. Prints which registers were lost, and how often; exit status 1 if any.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define RAM_SIZE	0x1000000ull
#define CODE		0x10000ull
#define HCALLS		3000
#define HC_END		0xf0fc	/* known to nobody: goes to the VMM */
#define FPRS		18	/* f14 to f31 */
#define VRS		12	/* v20 to v31 */

static const uint32_t code[] = {
	0x7f9de378,	/* 0:	mr	r29,r28		*/
	0x386000e4,	/* 1:	li	r3,0xe4		H_CONFER */
	0x3880ffff,	/*	li	r4,-1		*/
	0x38a00000,	/*	li	r5,0		*/
	0x44000022,	/*	sc	1		*/
	0x37bdffff,	/*	addic.	r29,r29,-1	*/
	0x4082ffec,	/*	bne	1b		*/
	0x38600000,	/*	li	r3,0		*/
	0x6063f0fc,	/*	ori	r3,r3,HC_END	*/
	0x44000022,	/*	sc	1		*/
	0x4bffffd8,	/*	b	0b		*/
};

struct regs {
	uint64_t f[FPRS];
	uint64_t v[VRS][2];
} __attribute__((aligned(16)));

static volatile int done;

static int check(int r, const char *what)
{
	if (r < 0) {
		perror(what);
		exit(2);
	}
	return r;
}

/* ioctl(fd, KVM_RUN, 0) with these registers; returns 0 or an errno */
static long run(int fd, const struct regs *in, struct regs *out)
{
	register long r0 __asm__("r0") = 54;	/* __NR_ioctl */
	register long r3 __asm__("r3") = fd;
	register long r4 __asm__("r4") = KVM_RUN;
	register long r5 __asm__("r5") = 0;
	register const void *r14 __asm__("r14") = in;
	register void *r15 __asm__("r15") = out;

	__asm__ volatile(
		".set	n, 14\n"
		".rept	18\n"
		"lfd	n, 8*(n-14)(14)\n"
		".set	n, n+1\n"
		".endr\n"
		"addi	16, 14, 144\n"
		".set	n, 20\n"
		".rept	12\n"
		"lvx	n, 0, 16\n"
		"addi	16, 16, 16\n"
		".set	n, n+1\n"
		".endr\n"
		"sc\n"
		"bns	1f\n"
		"neg	3, 3\n"
		"1:\n"
		".set	n, 14\n"
		".rept	18\n"
		"stfd	n, 8*(n-14)(15)\n"
		".set	n, n+1\n"
		".endr\n"
		"addi	16, 15, 144\n"
		".set	n, 20\n"
		".rept	12\n"
		"stvx	n, 0, 16\n"
		"addi	16, 16, 16\n"
		".set	n, n+1\n"
		".endr\n"
		: "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5)
		: "r"(r14), "r"(r15)
		: "r6", "r7", "r8", "r9", "r10", "r11", "r12", "r16", "cr0", "ctr", "memory",
		  "fr14", "fr15", "fr16", "fr17", "fr18", "fr19", "fr20", "fr21", "fr22", "fr23",
		  "fr24", "fr25", "fr26", "fr27", "fr28", "fr29", "fr30", "fr31",
		  "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
	return r3;
}

static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	check(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static void *spin(void *unused)
{
	(void)unused;
	pin();
	while (!done)
		;
	return NULL;
}

static int vcpu_fd;

static struct kvm_run *create_vm(void)
{
	struct kvm_userspace_memory_region m = { .memory_size = RAM_SIZE };
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_run *run;
	struct kvm_regs g;
	int kvm, vm;
	char *ram;

	kvm = check(open("/dev/kvm", O_RDWR), "/dev/kvm");
	vm = check(ioctl(kvm, KVM_CREATE_VM, KVM_VM_PPC_HV), "KVM_CREATE_VM");
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check(ram == MAP_FAILED ? -1 : 0, "mmap");
	memcpy(ram + CODE, code, sizeof(code));
	m.userspace_addr = (uintptr_t)ram;
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &m), "KVM_SET_USER_MEMORY_REGION");
	vcpu_fd = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	run = mmap(NULL, (size_t)check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "mmap size"),
		   PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
	check(run == MAP_FAILED ? -1 : 0, "kvm_run");
	check(ioctl(vcpu_fd, KVM_ENABLE_CAP, &papr), "KVM_CAP_PPC_PAPR");
	check(ioctl(vcpu_fd, KVM_GET_REGS, &g), "KVM_GET_REGS");
	memset(g.gpr, 0, sizeof(g.gpr));
	g.pc = CODE;
	g.msr = 1ull << 63 | 1ull << 12 | 1;	/* SF, ME, LE: real mode */
	g.gpr[28] = HCALLS;
	check(ioctl(vcpu_fd, KVM_SET_REGS, &g), "KVM_SET_REGS");
	return run;
}

int main(int argc, char **argv)
{
	int runs = argc > 1 ? atoi(argv[1]) : 100, i, j, bad = 0;
	int lost_f[FPRS] = { 0 }, lost_v[VRS] = { 0 };
	struct kvm_run *kr = create_vm();
	struct regs in, out;
	pthread_t other;

	for (i = 0; i < FPRS; i++)
		in.f[i] = 0x4045000000000000ull + (uint64_t)i;
	for (i = 0; i < VRS; i++)
		in.v[i][0] = in.v[i][1] = 0x5a5a000000000000ull + (uint64_t)i;
	check(-pthread_create(&other, NULL, spin, NULL), "pthread_create");
	pin();
	for (i = 0; i < runs; i++) {
		int before = bad;
		long r = run(vcpu_fd, &in, &out);

		if (r == -EINTR)
			continue;
		if (r || kr->exit_reason != KVM_EXIT_PAPR_HCALL || kr->papr_hcall.nr != HC_END) {
			fprintf(stderr, "KVM_RUN: %ld, exit reason %u\n", r, kr->exit_reason);
			return 2;
		}
		for (j = 0; j < FPRS; j++)
			if (in.f[j] != out.f[j]) {
				lost_f[j]++;
				bad = before + 1;
			}
		for (j = 0; j < VRS; j++)
			if (memcmp(in.v[j], out.v[j], 16)) {
				lost_v[j]++;
				bad = before + 1;
			}
	}
	done = 1;
	pthread_join(other, NULL);
	printf("%d of %d runs lost registers:", bad, runs);
	for (j = 0; j < FPRS; j++)
		if (lost_f[j])
			printf(" f%d=%d", 14 + j, lost_f[j]);
	for (j = 0; j < VRS; j++)
		if (lost_v[j])
			printf(" v%d=%d", 20 + j, lost_v[j]);
	printf("\n");
	return bad > 0;
}
