// SPDX-License-Identifier: GPL-2.0-only
/*
 * chaos CONTROLD: eeh-controld over a machine in a file, killed at random
 * moments of freezes and recoveries; the machine counts what was done to it.
 *
 * $EEH_SEED: seed of all that is random; $EEH_KILLS: how many kills per round (100);
 * $EEH_ROUNDS: which (0123).
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fake_machine.h"

#define MS	UINT64_C(1000000)
#define RECOVER	6			/* PEs whose rule says recover */
#define NR	10			/* and delegated ones */
#define FIRST	0xf0			/* address of the first */

static const char *controld;
static char dir[64], run_dir[80], conf[80];
static struct fake_machine *m;
static int bell, log_fd;
static FILE *said;			/* the log, to read */
static pid_t child;
static int tests, failures;
static uint64_t seq, idle_at[NR], thaw_at[NR];
static uint32_t configured[NR];
/*
 * Freezes since the controller last said that it has recovered the PE. On a busy machine
 * a PE freezes again before it said so; each of these is a failed attempt, rightly, and
 * ten of them in a row are given up.
 */
static unsigned int unsaid[NR];
#define UNSAID	5
/*
 * How long a PE must have been left alone before it freezes again. What a killed
 * worker had done is done again by the next controller; until then it is not over.
 */
static uint64_t quiet;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static unsigned int rnd(unsigned int n)
{
	return rand() % n;
}

__attribute__((format(printf, 2, 3)))
static void result(bool ok, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d ", ok ? "" : "not ", ++tests);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	failures += !ok;
}

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	if (child > 0)
		kill(-child, SIGKILL);
	exit(1);
}

/* ---- The controller ---- */

static void start(void)
{
	child = fork();
	if (child < 0)
		die("fork");
	if (child) {
		/* Both do it: whoever is first. */
		setpgid(child, child);
		return;
	}
	setpgid(0, 0);
	dup2(log_fd, 2);
	setenv("EEH_FAKE", dir, 1);
	unsetenv("JOURNAL_STREAM");
	execl(controld, controld, "-c", conf, "-r", run_dir, NULL);
	_exit(127);
}

static void reap(void)
{
	int status;

	if (waitpid(child, &status, 0) < 0)
		die("waitpid");
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		printf("# the controller ended with status 0x%x by itself; its log is %s/log\n", status, dir);
		result(false, "it ends only when it is killed");
	}
}

static char *metrics(void)
{
	static char buf[1 << 20];
	char cmd[512];
	size_t n;
	FILE *f;

	snprintf(cmd, sizeof(cmd), "EEH_FAKE=%s %s -r %s metrics 2> /dev/null", dir, controld, run_dir);
	f = popen(cmd, "r");
	if (!f)
		die("popen");
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	pclose(f);
	return n ? buf : NULL;
}

/* The sum of all samples that begin like this; -1: it does not answer. */
static double metric(const char *name)
{
	char *text = metrics(), *line;
	double sum = 0;

	if (!text)
		return -1;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (!strncmp(line, name, strlen(name)))
			sum += atof(strrchr(line, ' '));
	return sum;
}

/* ---- The machine ---- */

static void event(uint32_t type, const struct fake_pe *p, uint32_t source, uint64_t arg)
{
	uint64_t head = atomic_load(&m->head);
	struct eeh_event *ev = &m->ring[head % FAKE_RING];

	if (head - atomic_load(&m->tail) == FAKE_RING) {
		atomic_fetch_add(&m->lost, 1);
		return;
	}
	*ev = (struct eeh_event) {
		.time_ns = now_ns(), .seq = ++seq, .type = type, .source = source,
		.phb = p->phb, .pe_addr = p->addr, .arg = { arg },
	};
	atomic_store(&m->head, head + 1);
	if (write(bell, "x", 1) < 0 && errno != EAGAIN)
		die("bell");
}

static void freeze(struct fake_pe *p)
{
	atomic_fetch_add(&p->freezes, 1);
	atomic_store(&p->frozen, 1);
	dprintf(log_fd, "machine: %04x:%x freezes\n", p->phb, p->addr);
	event(EEH_EVENT_FROZEN, p, EEH_SOURCE_INTERRUPT, 1);
}

static void hear(void)
{
	char line[1024];
	unsigned int addr;
	long at;

	clearerr(said);
	while (at = ftell(said), fgets(line, sizeof(line), said)) {
		if (!strchr(line, '\n')) {
			/* The rest is still to be written. */
			fseek(said, at, SEEK_SET);
			return;
		}
		if (strstr(line, " is recovered") && sscanf(line, "<%*d>0001:%x", &addr) == 1)
			unsaid[addr - FIRST] = 0;
	}
}

/* What happens in the machine meanwhile. */
static void tick(bool freezes)
{
	uint64_t now = now_ns();
	unsigned int i;

	hear();
	for (i = 0; i < NR; i++) {
		struct fake_pe *p = &m->pes[i];

		if (i >= RECOVER && atomic_load(&p->frozen)) {
			if (now < thaw_at[i])
				continue;
			/* Its owner: reset, deassert, configure. */
			event(EEH_EVENT_RESET, p, 0, 1);
			atomic_store(&p->frozen, 0);
			event(EEH_EVENT_RESET, p, 0, 0);
			event(EEH_EVENT_CONFIGURE, p, 0, 0);
			idle_at[i] = now;
			continue;
		}
		if (i < RECOVER && (atomic_load(&p->frozen) || atomic_load(&p->asserted) ||
				    atomic_load(&p->configures) < atomic_load(&p->freezes) ||
				    atomic_load(&p->configures) != configured[i])) {
			configured[i] = atomic_load(&p->configures);
			idle_at[i] = now;
			continue;
		}
		if (i < RECOVER && unsaid[i] == UNSAID)
			continue;
		if (freezes && now > idle_at[i] + (i < RECOVER ? quiet : 20 * MS) && !rnd(30)) {
			freeze(p);
			unsaid[i]++;
			thaw_at[i] = now + rnd(200) * MS;
		}
	}
	usleep(3000);
}

static void machine(void)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	m->nr_pes = NR;
	m->slow_us = 15000;
	for (i = 0; i < NR; i++) {
		struct fake_pe *p = &m->pes[i];

		p->phb = 1;
		p->addr = FIRST + i;
		p->passed = 1;
		snprintf(p->device, sizeof(p->device), "0001:%02x:00.0", i);
		strcpy(p->driver, "vfio-pci");
		strcpy(p->vm, i < RECOVER ? "driver" : "guest");
		idle_at[i] = configured[i] = unsaid[i] = 0;
	}
}

static bool all_well(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		if (atomic_load(&m->pes[i].frozen) || atomic_load(&m->pes[i].asserted))
			return false;
	return metric("eeh_pe_frozen{") == 0;
}

/* ---- Rounds ---- */

static void begin(void)
{
	char cmd[160];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", run_dir);
	if (system(cmd))
		die(cmd);
	machine();
	seq = 0;
	start();
}

static void end(void)
{
	kill(child, SIGKILL);
	reap();
	kill(-child, SIGKILL);
}

static void check(bool workers_too, unsigned int kills)
{
	uint64_t freezes = 0, asserts = 0, deasserts = 0, configures = 0, again = 0, illegal = 0;
	uint64_t overlaps = 0, delegated = 0, touched = 0;
	char name[64];
	unsigned int i;
	double counted = 0;
	bool each = true;

	for (i = 0; i < NR; i++) {
		const struct fake_pe *p = &m->pes[i];

		if (i < RECOVER) {
			freezes += p->freezes;
			asserts += p->asserts;
			deasserts += p->deasserts;
			configures += p->configures;
			again += p->again;
			illegal += p->illegal;
			overlaps += p->overlaps;
			each = each && p->asserts == p->freezes && p->deasserts == p->freezes;
		} else {
			delegated += p->freezes;
			touched += p->asserts + p->deasserts + p->configures;
			snprintf(name, sizeof(name), "eeh_freezes_total{phb=\"0001\",pe=\"%x\"}", p->addr);
			counted += metric(name);
		}
	}
	printf("# %" PRIu64 " freezes to recover: %" PRIu64 " asserts, %" PRIu64 " deasserts, %" PRIu64
	       " configurations, %" PRIu64 " asserts of an asserted reset; %" PRIu64 " delegated\n",
	       freezes, asserts, deasserts, configures, again, delegated);
	result(freezes > kills / 2 && delegated > kills / 2, "there was something to do");
	result(each, "every freeze was reset once");
	result(workers_too ? configures >= freezes : configures == freezes,
	       "every freeze was configured%s", workers_too ? "" : " once");
	result(workers_too ? again <= kills : !again, "no action was repeated%s",
	       workers_too ? " but by the death of who did it" : "");
	result(!illegal, "nothing that PAPR forbids");
	if (!workers_too)
		result(!overlaps, "one action at a time");
	result(!touched, "what is delegated is left alone");
	result(counted == delegated, "every freeze of a delegated PE is counted once (%.0f of %" PRIu64 ")",
	       counted, delegated);
	/* One that came while its predecessor had not been seen to be over is a failed attempt. */
	counted = metric("eeh_freezes_total{") - counted + metric("eeh_resets_failed_total");
	result(counted == freezes, "every freeze of the others is counted once (%.0f of %" PRIu64 ")",
	       counted, freezes);
	result(metric("eeh_events_lost_total") == 0, "no event was lost");
}

static void round_of_kills(unsigned int kills, bool workers_too)
{
	unsigned int k;
	uint64_t until;

	quiet = workers_too ? 600 * MS : 20 * MS;
	begin();
	for (k = 0; k < kills; k++) {
		until = now_ns() + (60 + rnd(260)) * MS;
		while (now_ns() < until)
			tick(true);
		kill(workers_too ? -child : child, SIGKILL);
		reap();
		for (until = now_ns() + rnd(40) * MS; now_ns() < until;)
			tick(true);
		start();
	}
	for (until = now_ns() + 30000 * MS; now_ns() < until;) {
		tick(false);
		if (!(rnd(50)) && all_well())
			break;
	}
	result(now_ns() < until, "%u kills%s: all PEs are well in the end", kills,
	       workers_too ? ", workers too" : "");
	check(workers_too, kills);
	end();
}

static void burst(void)
{
	double events, lost, memory;
	unsigned int i, wait;

	begin();
	for (wait = 0; wait < 250 && metric("eeh_events_total{") < 0; wait++)
		usleep(20000);
	for (i = 0; i < 10000; i++) {
		struct fake_pe *p = &m->pes[RECOVER + i % (NR - RECOVER)];

		/* Frozen and thawed again, as fast as a guest can. */
		event(i / 4 % 2 ? EEH_EVENT_OPTION : EEH_EVENT_FROZEN, p, EEH_SOURCE_QUERY, 3);
	}
	for (wait = 0; wait < 500; wait++) {
		events = metric("eeh_events_total{");
		lost = metric("eeh_events_lost_total");
		if (events + lost == 10000)
			break;
		usleep(20000);
	}
	result(events + lost == 10000, "10,000 events at once: %.0f delivered, %.0f counted as lost",
	       events, lost);
	result(metric("eeh_freezes_total{") == 5000, "5,000 freezes in them are counted");
	memory = metric("eeh_controld_resident_memory_bytes");
	printf("# %.1f MiB\n", memory / (1 << 20));
#if defined(__SANITIZE_ADDRESS__)
	printf("ok %d less than 16 MiB of memory # SKIP built with ASan\n", ++tests);
#else
	result(memory > 0 && memory < 16 << 20, "less than 16 MiB of memory");
#endif
	end();
}

/* Killed while it takes events that are not in its state yet. */
static void burst_of_kills(unsigned int kills)
{
	unsigned int i, k, wait;
	double events = -1;

	begin();
	for (k = 0; k < kills; k++) {
		for (wait = 0; wait < 500 && atomic_load(&m->tail) < atomic_load(&m->head); wait++)
			usleep(10000);
		for (i = 0; i < 2000; i++)
			event(i % 2 ? EEH_EVENT_OPTION : EEH_EVENT_FROZEN, &m->pes[RECOVER],
			      EEH_SOURCE_QUERY, 3);
		/* In the middle of them. */
		wait = 1 + rnd(1500);
		while (atomic_load(&m->head) - atomic_load(&m->tail) > 2000 - wait)
			;
		kill(child, SIGKILL);
		reap();
		start();
	}
	for (wait = 0; wait < 500 && events != 2000 * kills; wait++) {
		usleep(20000);
		events = metric("eeh_events_total{");
	}
	result(events == 2000 * kills, "%u kills while it takes events: each is taken once (%.0f of %u)",
	       kills, events, 2000 * kills);
	result(metric("eeh_freezes_total{") == 1000 * kills, "and each freeze is counted once");
	end();
}

int main(int argc, char **argv)
{
	unsigned int kills = getenv("EEH_KILLS") ? atoi(getenv("EEH_KILLS")) : 100;
	unsigned int seed = getenv("EEH_SEED") ? atoi(getenv("EEH_SEED")) : 3;
	const char *rounds = getenv("EEH_ROUNDS") ? getenv("EEH_ROUNDS") : "0123";
	char path[96];
	FILE *f;

	if (argc != 2)
		return 2;
	controld = argv[1];
	signal(SIGPIPE, SIG_IGN);
	strcpy(dir, "/tmp/eeh-chaos.XXXXXX");
	if (!mkdtemp(dir))
		die("mkdtemp");
	snprintf(run_dir, sizeof(run_dir), "%s/run", dir);
	snprintf(conf, sizeof(conf), "%s/conf", dir);
	snprintf(path, sizeof(path), "%s/bell", dir);
	if (mkfifo(path, 0600))
		die("mkfifo");
	bell = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	m = fake_machine_map(dir);
	snprintf(path, sizeof(path), "%s/log", dir);
	log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	said = fopen(path, "r");
	f = fopen(conf, "w");
	if (!m || !said || !f || bell < 0)
		die(dir);
	fprintf(f, "[controller]\nsweep = 1s\n"
		"[rule driver]\nvm = driver\npolicy = recover\nmax-freezes = 100000\nattempts = 10\n"
		"resume = 10ms\n"
		"[default]\npolicy = delegate\ntimeout = 1h\n");
	fclose(f);
	printf("KTAP version 1\n# seed %u\n", seed);
	srand(seed);
	/* Whatever hangs. */
	alarm(240);

	if (strchr(rounds, '0'))
		burst();
	if (strchr(rounds, '3'))
		burst_of_kills(20);
	if (strchr(rounds, '1'))
		round_of_kills(kills, false);
	if (strchr(rounds, '2'))
		round_of_kills(kills, true);

	printf("1..%d\n", tests);
	if (!failures) {
		snprintf(path, sizeof(path), "rm -rf %s", dir);
		return system(path) != 0;
	}
	printf("# left in %s\n", dir);
	return 1;
}
