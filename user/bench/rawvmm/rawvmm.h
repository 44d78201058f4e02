/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of the raw VMM share: options, devices, vCPUs. main.c says what it is. */
#ifndef _RAWVMM_H
#define _RAWVMM_H

#include <endian.h>
#include <errno.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "guest.h"

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

struct opt {
	struct device dev[MAX_DEVICES];
	int ndev;
	int nvcpu;
	enum ask ask;
	uint64_t hcall;
	uint64_t count, reps;
	uint64_t seconds_ms, slice_ms;
	bool loop, tight, json, pin, control, fastpath, one_container;
	bool no_device, no_enable, no_confer, dirty_log, reset, quiet, fifo;
	enum order order;
	enum nonres nonres;
	uint64_t warmup, rest_ms, vmm_delay_ms, live_ms, hold_ms, kill_ms, respawn, spin, fuzz;
	uint32_t ask_token, vmm_token;
	uint32_t nargs, nret;
	uint64_t block_at;
	const char *block_word;
	uint64_t buid;
	uint32_t addr;
	bool vmm_word_set[MAX_WORDS];
	uint32_t vmm_word[MAX_WORDS];
	const char *label;
};
extern struct opt opt;

#define REST_EVERY		20	/* queries, see --rest */
#define FUZZ_BYTES		64

struct fuzz {
	uint64_t rnd, gpa, ret;
	bool pending, returned;
	unsigned char before[FUZZ_BYTES];
	/* cases; no exit; exit with another r4; block changed; other result in the guest */
	uint64_t cases, missed, r4, changed, result;
	uint64_t digest;
};
extern struct fuzz fuzz;

extern char *ram;
extern long page_size;
extern int vm_fd;
extern struct vcpu vcpus[MAX_VCPUS];
extern pthread_barrier_t start_line;
extern volatile sig_atomic_t stopping;	/* 1: asked to; 2: and lost patience */
extern uint64_t timebase_hz;
extern uint64_t attach_us;		/* eeh_fastpath_attach() */
extern uint64_t attach_first_us;	/* from its call to the first answer without an exit */

void die(int code, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));

#define CHECK(call)	({						\
	long r_ = (call);						\
	if (r_ < 0)							\
		die(2, "%s: %s", #call, strerror(errno));		\
	r_; })

uint64_t now_us(void);
void sleep_ms(uint64_t ms);

static inline uint64_t ctl_get(const struct vcpu *v, int off)
{
	return __atomic_load_n((uint64_t *)(v->ctl + off), __ATOMIC_RELAXED);
}

static inline void ctl_set(struct vcpu *v, int off, uint64_t val)
{
	__atomic_store_n((uint64_t *)(v->ctl + off), val, __ATOMIC_RELAXED);
}

static inline uint32_t block_word(uint64_t gpa)
{
	uint32_t w;

	memcpy(&w, ram + gpa, 4);	/* a test may ask for an unaligned block */
	return be32toh(w);
}

static inline void set_block_word(uint64_t gpa, uint32_t val)
{
	uint32_t w = htobe32(val);

	memcpy(ram + gpa, &w, 4);
}

static inline bool in_ram(uint64_t gpa, uint64_t len)
{
	return len <= RAM_SIZE && gpa <= RAM_SIZE - len;
}

/* device.c; -errno */
int eeh_op(struct device *d, uint32_t what);
int group_join(struct device *d);
int group_leave(struct device *d);
int device_open(struct device *d);
void open_devices(void);

/* rtas.c */
void block_protect(struct vcpu *v, int prot);
int64_t answer_rtas(uint64_t gpa);

/* vm.c, in the order of a start */
void create_ram(void);
void create_vm(void);
void map_generation_registers(void);
void create_vcpus(void);
void poison(struct vcpu *v);

/* vcpu.c, scaling.c, fuzz.c */
void *vcpu_main(void *arg);
void scaling_rep(struct vcpu *v, uint64_t ticks, uint64_t queries);
uint64_t scaling_rate(bool rtas, bool all);
void fuzz_prepare(struct vcpu *v);
void fuzz_exit(uint64_t r4);

/* figures.c */
uint64_t sum(int off);
uint64_t sum_in_kernel(void);
void print_live(void);
int report(uint64_t elapsed_us);

/* fastpath.c, control.c, run.c */
int fastpath_on(void);
void wait_a_little(uint64_t ms);
int run(void);
int respawn(void);

#endif
