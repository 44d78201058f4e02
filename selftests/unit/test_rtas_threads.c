// SPDX-License-Identifier: GPL-2.0-only
/*
 * The RTAS engine by many threads: CPUs that call, workers that run jobs, a VMM that plugs, unplugs
 * and resets the machine meanwhile. Each call is answered once, and PEs are used by one at a time.
 * (With SAN=-fsanitize=thread the accesses are checked as well.)
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_pe.h"
#include "unit.h"

#define CPUS	4
#define WORKERS	2
#define ENOUGH	200		/* pending calls */
#define QUEUE	64
#define BUID	0x800000020000001ULL
#define PES	2

/* How many are in a PE's operation now; the engine lets in one. */
static int in_op[PES];
static int bad, stop, host_state[PES];
static unsigned int pending;

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct eeh_rtas_job *jobs[QUEUE];
	unsigned int nr;
	bool end;
} queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER };

struct cpu {
	uint32_t nr;
	uint8_t mem[0x1000];		/* at nr * 0x1000 */
	pthread_mutex_t lock;
	pthread_cond_t go;
	unsigned int answers;
};

static struct cpu cpus[CPUS];
static struct eeh_rtas *rtas;

static int op(struct eeh_pe *pe, enum eeh_pe_op what, const struct eeh_pe_err *err)
{
	int *state = &host_state[pe->group], ret = 0;

	(void)err;
	if (__atomic_add_fetch(&in_op[pe->group], 1, __ATOMIC_SEQ_CST) != 1)
		__atomic_store_n(&bad, 1, __ATOMIC_SEQ_CST);
	usleep(what == EEH_PE_OP_GET_STATE ? 1 : 100);
	/* No lock: TSan sees it if two are here. */
	switch (what) {
	case EEH_PE_OP_GET_STATE:
		ret = *state;
		break;
	case EEH_PE_OP_RESET_HOT:
		*state = 1;
		break;
	case EEH_PE_OP_RESET_DEACTIVATE:
	case EEH_PE_OP_ENABLE:
		*state = 0;
		break;
	default:
		break;
	}
	__atomic_sub_fetch(&in_op[pe->group], 1, __ATOMIC_SEQ_CST);
	return ret;
}

static const struct eeh_backend_ops ops = {
	.kind = EEH_BACKEND_VFIO, .op = op, .close = fake_pe_close,
};

static uint8_t *at(uint64_t ra, size_t len)
{
	return ra / 0x1000 < CPUS && ra % 0x1000 + len <= 0x1000 ?
	       cpus[ra / 0x1000].mem + ra % 0x1000 : NULL;
}

static int mem_read(void *arg, uint64_t ra, void *buf, size_t len)
{
	(void)arg;
	if (!at(ra, len))
		return -EFAULT;
	memcpy(buf, at(ra, len), len);
	return 0;
}

static int mem_write(void *arg, uint64_t ra, const void *buf, size_t len)
{
	(void)arg;
	if (!at(ra, len))
		return -EFAULT;
	memcpy(at(ra, len), buf, len);
	return 0;
}

static void start(void *arg, struct eeh_rtas_job *job)
{
	(void)arg;
	pthread_mutex_lock(&queue.lock);
	if (queue.nr == QUEUE)
		abort();
	queue.jobs[queue.nr++] = job;
	pthread_cond_signal(&queue.more);
	pthread_mutex_unlock(&queue.lock);
}

static void done(void *arg, void *call, int ret)
{
	struct cpu *c = call;

	(void)arg;
	(void)ret;
	pthread_mutex_lock(&c->lock);
	c->answers++;
	pthread_cond_signal(&c->go);
	pthread_mutex_unlock(&c->lock);
}

static void event(void *arg, const struct eeh_rtas_event *ev)
{
	(void)arg;
	if (!ev->why || !ev->pe)
		__atomic_store_n(&bad, 1, __ATOMIC_SEQ_CST);
}

static void *work(void *arg)
{
	struct eeh_rtas_job *job;

	(void)arg;
	pthread_mutex_lock(&queue.lock);
	while (queue.nr || !queue.end) {
		if (!queue.nr) {
			pthread_cond_wait(&queue.more, &queue.lock);
			continue;
		}
		job = queue.jobs[--queue.nr];
		pthread_mutex_unlock(&queue.lock);
		eeh_rtas_job_run(job);
		eeh_rtas_job_end(job);
		pthread_mutex_lock(&queue.lock);
	}
	pthread_mutex_unlock(&queue.lock);
	return NULL;
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = v >> 24;
	p[1] = v >> 16;
	p[2] = v >> 8;
	p[3] = v;
}

static void *run_cpu(void *arg)
{
	static const struct { enum eeh_rtas_call_id id; uint32_t func; } what[] = {
		{ EEH_RTAS_READ_STATE2, 0 }, { EEH_RTAS_SET_SLOT_RESET, 1 },
		{ EEH_RTAS_SET_SLOT_RESET, 0 }, { EEH_RTAS_CONFIGURE_PE, 0 },
		{ EEH_RTAS_SET_EEH_OPTION, 1 }, { EEH_RTAS_READ_STATE2, 0 },
		{ EEH_RTAS_OPEN_ERRINJCT, 0 }, { EEH_RTAS_GET_CONFIG_ADDR_INFO2, 0 },
	};
	struct cpu *c = arg;
	const struct eeh_rtas_call_info *info;
	unsigned int before;
	uint32_t seed = c->nr + 1;
	int ret;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		seed = seed * 1103515245 + 12345;
		info = eeh_rtas_call_info(what[seed >> 16 & 7].id);
		put32(c->mem, info->token);
		put32(c->mem + 4, info->nargs);
		put32(c->mem + 8, info->nret_min);
		put32(c->mem + 12, seed >> 20 & 1 ? 0x801 : 0x1001);
		put32(c->mem + 16, BUID >> 32);
		put32(c->mem + 20, (uint32_t)BUID);
		put32(c->mem + 24, what[seed >> 16 & 7].func);
		before = c->answers;
		ret = eeh_rtas_call(rtas, c->nr * 0x1000, c->nr, c);
		if (ret == EEH_RTAS_PENDING) {
			__atomic_add_fetch(&pending, 1, __ATOMIC_RELAXED);
			pthread_mutex_lock(&c->lock);
			while (c->answers == before)
				pthread_cond_wait(&c->go, &c->lock);
			pthread_mutex_unlock(&c->lock);
		} else if (ret) {
			__atomic_store_n(&bad, 1, __ATOMIC_SEQ_CST);
		}
	}
	return NULL;
}

static struct eeh_rtas_pe *plug(struct eeh_ctx *ctx, uint32_t i)
{
	struct eeh_rtas_pe *ret = fake_pe(rtas, ctx, BUID, i, &ops);

	/* As eeh_rtas_add_device(), which would look for it in files. */
	pthread_mutex_lock(&rtas->lock);
	ret->config_addr = 0x801 + 0x800 * i;
	pthread_mutex_unlock(&rtas->lock);
	return ret;
}

static void test_rtas_threads(void **state)
{
	struct eeh_ctx *ctx[PES];
	struct eeh_rtas_pe *pe[PES];
	struct eeh_rtas_opts o;
	pthread_t cpu[CPUS], worker[WORKERS];
	unsigned int i, answers = 0;

	(void)state;
	EEH_INIT(&o);
	o.mem_read = mem_read;
	o.mem_write = mem_write;
	o.start = start;
	o.done = done;
	o.event = event;
	o.inject = true;
	assert_int_equal(eeh_rtas_new(&rtas, &o), 0);
	assert_int_equal(eeh_rtas_add_phb(rtas, BUID), 0);
	for (i = 0; i < PES; i++) {
		assert_int_equal(eeh_ctx_new(&ctx[i], NULL), 0);
		pe[i] = plug(ctx[i], i);
	}
	for (i = 0; i < WORKERS; i++)
		assert_int_equal(pthread_create(&worker[i], NULL, work, NULL), 0);
	for (i = 0; i < CPUS; i++) {
		cpus[i].nr = i;
		pthread_mutex_init(&cpus[i].lock, NULL);
		pthread_cond_init(&cpus[i].go, NULL);
		assert_int_equal(pthread_create(&cpu[i], NULL, run_cpu, &cpus[i]), 0);
	}
	for (i = 0; i < 60 || (i < 5000 && __atomic_load_n(&pending, __ATOMIC_RELAXED) < ENOUGH);
	     i++) {
		usleep(2000);
		if (i % 3 == 0)
			eeh_rtas_reset(rtas);
		eeh_rtas_notice(rtas, pe[0]);
		eeh_rtas_del_pe(rtas, pe[1]);
		pe[1] = plug(ctx[1], 1);
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	for (i = 0; i < CPUS; i++)
		pthread_join(cpu[i], NULL);
	pthread_mutex_lock(&queue.lock);
	queue.end = true;
	pthread_cond_broadcast(&queue.more);
	pthread_mutex_unlock(&queue.lock);
	for (i = 0; i < WORKERS; i++)
		pthread_join(worker[i], NULL);
	for (i = 0; i < CPUS; i++)
		answers += cpus[i].answers;
	assert_false(bad);
	assert_int_equal(answers, pending);
	/* It was not all refused. */
	assert_true(pending >= ENOUGH);
	eeh_rtas_free(rtas);
	for (i = 0; i < PES; i++)
		eeh_ctx_free(ctx[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rtas_threads) };

	return cmocka_run_group_tests_name("rtas_threads", tests, NULL, NULL);
}
