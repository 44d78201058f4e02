// SPDX-License-Identifier: GPL-2.0-only
/* A run from start to end, or many that are killed on the way. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rawvmm.h"

pthread_barrier_t start_line;
volatile sig_atomic_t stopping;

static bool all_finished(void)
{
	int i;

	for (i = 0; i < opt.nvcpu; i++)
		if (!__atomic_load_n(&vcpus[i].finished, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

int run(void)
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
int respawn(void)
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
