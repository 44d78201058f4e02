// SPDX-License-Identifier: GPL-2.0-only
/* What a vCPU's thread does: run, answer what comes out, and account for each rep. */
#include <errno.h>
#include <inttypes.h>
#include <linux/vfio.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "rawvmm.h"

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

void *vcpu_main(void *arg)
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
		case HC_REST:
			sleep_ms(opt.rest_ms ? opt.rest_ms : 1);
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
