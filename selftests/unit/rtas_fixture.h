/* SPDX-License-Identifier: GPL-2.0-only */
/* A VM with an RTAS engine over PEs that fake_dev.c plays. */
#ifndef __RTAS_FIXTURE_H
#define __RTAS_FIXTURE_H

#include "unit.h"
#include "fake_dev.h"
#include "rtas_internal.h"

#define BUID		0x800000020000001ULL
#define BUID2		0x800000020000002ULL
/* Devices of the guest: PE A is one function, B two, C is on another PHB of both sides. */
#define DEV_A		0x000800
#define DEV_B		0x001000
#define DEV_B1		0x001100
#define DEV_C		0x000800
#define BLOCK		0x1000
#define BUF		0x2000		/* a working buffer */
#define LOGBUF		0x4000
#define MEM		0x10000

struct seen {
	struct eeh_rtas_event ev;
	char pe[EEH_PE_NAME_LEN];
	char why[200];
};

struct guest_dev {
	uint32_t config[64];
	unsigned int reads;
};

struct vm {
	struct unit *u;
	struct eeh_ctx_opts ctx_opts;
	struct eeh_rtas_opts o;
	struct eeh_rtas *rtas;
	struct eeh_vfio *vfio;		/* what the VMM has opened */
	struct eeh_rtas_pe *a, *b, *c;
	struct guest_dev dev[4];
	char arg_a, arg_b, arg_c;	/* given with the PEs */
	uint8_t mem[MEM];
	int ret;			/* of the last call */
	uint32_t rets[8];
	bool hold;			/* leave jobs in @job, do not run them */
	struct eeh_rtas_job *job;
	void *done_call;
	int dones, done_ret;
	struct seen seen[64];
	unsigned int nr_seen;
	unsigned int asserted, ended;	/* opts.reset() */
	uint8_t io_log[512];
	size_t io_len;
	const void *diag;
	size_t diag_len;
	uint32_t cpu, cpu_err, cpu_word, cpu_calls;
	int cpu_ret;
};

int vm_setup(void **state);		/* fundamental, injection, jobs */
int vm_teardown(void **state);
void vm_new(struct vm *v);		/* an engine by v->o, with PEs A and B */
void vm_free(struct vm *v);
/* A function in sysfs, see fake_dev.h for the PE itself. @bus: where its BAR 0 is */
void vm_pci(struct vm *v, const char *address, const char *class_code, const char *driver,
	    int group, const char *pe, unsigned long long bus);
void vm_pes(struct vm *v, const char *a, const char *b);	/* "2", "0 stuck" */
const char *vm_ops(struct vm *v);	/* operations since the last time: "0001:fd 7\n" */
const char *vm_injected(struct vm *v);
void vm_forget(struct vm *v);
/* A call; the status (that of ibm,open-errinjct is in v->rets[1]). Pending ones are carried out. */
int32_t vm_call(struct vm *v, enum eeh_rtas_call_id id, uint32_t nret, uint32_t nargs, ...);
void vm_run(struct vm *v);		/* the job that was held */
/* Calls of EEH about a PE by its address in the guest. */
int32_t vm_state(struct vm *v, uint32_t addr);	/* the state; 6: for good */
int32_t vm_option(struct vm *v, uint32_t addr, uint32_t func);
int32_t vm_slot_reset(struct vm *v, uint32_t addr, uint32_t func);
int32_t vm_configure(struct vm *v, uint32_t addr);
int32_t vm_detail(struct vm *v, uint32_t addr, uint32_t func);
/* The last event of a type since vm_forget(), or NULL. */
const struct seen *vm_saw(struct vm *v, enum eeh_rtas_event_type type);
void vm_put32(struct vm *v, uint32_t ra, uint32_t val);
uint32_t vm_get32(struct vm *v, uint32_t ra);

#endif /* __RTAS_FIXTURE_H */
