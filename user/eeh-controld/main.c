// SPDX-License-Identifier: GPL-2.0-only
/* eeh-controld: the options, the loop and the signals. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "controld.h"

#define METRICS_NS	(15 * NS_PER_S)

static uint64_t next_metrics;

/* ---- The loop ---- */

static void arm_timer(struct controld *c)
{
	uint64_t at = pes_deadline(c), now = now_ns();

	if (*c->config->metrics_file && next_metrics < at)
		at = next_metrics;
	/* The state could not be saved, or a worker not be begun. */
	if (c->dirty && at > now + NS_PER_S)
		at = now + NS_PER_S;
	/* Lost events are looked for now and then. */
	if (at > now + 10 * NS_PER_S)
		at = now + 10 * NS_PER_S;
	sd_event_source_set_time(c->timer, at / 1000 + 1);
	sd_event_source_set_enabled(c->timer, SD_EVENT_ONESHOT);
}

static void look_for_lost(struct controld *c)
{
	uint64_t lost = backend.events_lost(c->be);

	if (lost == c->lost_seen)
		return;
	say(c, LOG_WARNING, "%llu events were lost: there were more than the buffer holds. PEs that froze are found by asking all of them",
	    (unsigned long long)(lost - c->lost_seen));
	c->state.lost += lost - c->lost_seen;
	c->lost_seen = lost;
	c->dirty = true;
	c->next_sweep = 0;
	server_lost(c);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct controld *c = arg;

	(void)source;
	(void)usec;
	look_for_lost(c);
	pes_tick(c);
	if (*c->config->metrics_file && now_ns() >= next_metrics) {
		metrics_file(c);
		next_metrics = now_ns() + METRICS_NS;
	}
	controld_commit(c);
	return 0;
}

/* Before every wait: the next deadline may be another one. */
static int on_prepare(sd_event_source *source, void *arg)
{
	(void)source;
	arm_timer(arg);
	return 0;
}

static int take_event(void *arg, const struct eeh_event *ev)
{
	struct controld *c = arg;
	int err = events_log_add(c, ev);

	/* It cannot be remembered: let it wait where it is. */
	if (err)
		return err;
	pe_event(c, ev);
	return 0;
}

static int on_events(sd_event_source *source, int fd, uint32_t revents, void *arg)
{
	struct controld *c = arg;
	int n;

	(void)source;
	(void)fd;
	(void)revents;
	n = backend.events_read(c->be, take_event, c);
	if (n < 0)
		say(c, LOG_ERR, "Cannot take events: %s", strerror(-n));
	look_for_lost(c);
	controld_commit(c);
	return 0;
}

/* ---- Signals ---- */

void controld_reload(struct controld *c)
{
	struct config *config, *old = c->config;
	char error[sizeof(c->config_error)];

	if (config_read(c->config_path, &config, error, sizeof(error))) {
		c->config_ok = false;
		strcpy(c->config_error, error);
		say(c, LOG_ERR, "%s: %s: the old configuration stays", c->config_path, error);
		return;
	}
	c->config = config;
	c->config_ok = true;
	*c->config_error = '\0';
	/* Who has which rule, even if nobody can say now whose the PEs are. */
	if (pes_refresh(c))
		pes_rules(c);
	config_free(old);
	say(c, LOG_INFO, "%s is in force", c->config_path);
}

static int on_hup(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	struct controld *c = arg;
	struct timespec ts;

	(void)source;
	(void)si;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
	controld_reload(c);
	controld_commit(c);
	sd_notifyf(0, "READY=1\nSTATUS=%s", c->config_ok ? "" : "the last configuration was refused");
	return 0;
}

static int on_idle_exit(sd_event_source *source, uint64_t usec, void *arg)
{
	struct controld *c = arg;

	(void)usec;
	if (!c->workers)
		return sd_event_exit(c->loop, 0);
	sd_event_source_set_time_relative(source, 50000);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

/* Begins nothing new, and ends when what is under way has ended: seconds at most. */
static int on_term(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	struct controld *c = arg;

	(void)source;
	(void)si;
	if (c->stopping)
		return sd_event_exit(c->loop, 0);
	c->stopping = true;
	sd_notify(0, "STOPPING=1");
	if (sd_event_add_time_relative(c->loop, NULL, CLOCK_MONOTONIC, 0, 1000, on_idle_exit,
				       c) < 0)
		return sd_event_exit(c->loop, 0);
	return 0;
}

/* ---- Start ---- */

/* One controller: two would reset each other's PEs. */
static int lock_run(struct controld *c)
{
	int i;

	if (mkdir(c->run, 0755) && errno != EEXIST)
		return -errno;
	c->run_fd = open(c->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->run_fd < 0)
		return -errno;
	c->lock_fd = openat(c->run_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (c->lock_fd < 0)
		return -errno;
	/* Workers of one that was killed close it as they begin. */
	for (i = 0; i < 100; i++) {
		if (!flock(c->lock_fd, LOCK_EX | LOCK_NB))
			return 0;
		usleep(20000);
	}
	return -EBUSY;
}

static int add_sources(struct controld *c)
{
	sd_event_source *post;
	int fd, err;

	err = sd_event_add_signal(c->loop, NULL, SIGHUP, on_hup, c);
	if (err >= 0)
		err = sd_event_add_signal(c->loop, NULL, SIGTERM, on_term, c);
	if (err >= 0)
		err = sd_event_add_signal(c->loop, NULL, SIGINT, on_term, c);
	if (err >= 0)
		err = sd_event_add_time(c->loop, &c->timer, CLOCK_BOOTTIME, 0, 5000, on_timer, c);
	/* Runs after whatever else has run in a turn of the loop. */
	if (err >= 0)
		err = sd_event_add_post(c->loop, &post, on_prepare, c);
	fd = backend.events_fd(c->be);
	if (err >= 0 && fd >= 0)
		err = sd_event_add_io(c->loop, NULL, fd, EPOLLIN, on_events, c);
	if (err >= 0)
		err = sd_event_set_watchdog(c->loop, true);
	return err < 0 ? err : 0;
}

static int failed(struct controld *c, const char *what, int err)
{
	say(c, LOG_ERR, "%s: %s", what, strerror(-err));
	return EXIT_FAILURE;
}

static int run(struct controld *c)
{
	struct timespec ts;
	sigset_t set;
	int err;

	clock_gettime(CLOCK_REALTIME, &ts);
	c->started = ts.tv_sec * NS_PER_S + ts.tv_nsec;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);

	if (config_read(c->config_path, &c->config, c->config_error, sizeof(c->config_error))) {
		say(c, LOG_ERR, "%s: %s", c->config_path, c->config_error);
		return EXIT_FAILURE;
	}
	c->config_ok = true;
	err = lock_run(c);
	if (err)
		return failed(c, err == -EBUSY ? "Another controller uses this directory" : c->run, err);
	err = sd_event_default(&c->loop);
	if (err < 0)
		return failed(c, "sd_event_default", err);
	c->listens = now_ns();
	err = backend.open(&c->be);
	if (err) {
		say(c, LOG_ERR, "%s", backend.error(c->be));
		return EXIT_FAILURE;
	}
	/* Listens already: what freezes from now on is an event, what froze before is swept up. */
	err = controld_load(c);
	if (err)
		return failed(c, "Cannot take up the state", err);
	keep_listening(c);
	err = add_sources(c);
	if (!err)
		err = server_open(c);
	if (err)
		return failed(c, "Cannot start", err);
	controld_commit(c);
	sd_notify(0, "READY=1");
	err = sd_event_loop(c->loop);
	controld_commit(c);
	backend.close(c->be);
	return err < 0 ? failed(c, "The loop ended", err) : EXIT_SUCCESS;
}

static int usage(FILE *f)
{
	fprintf(f, "Usage: eeh-controld [ -c FILE ] [ -r DIR ]\n"
		"       eeh-controld [ -c FILE ] { -t | --test }\n"
		"       eeh-controld [ -r DIR ] { status | pes | watch | events | metrics | sweep | reload }\n"
		"       eeh-controld [ -r DIR ] { pe | recover | clear } PE\n"
		"       eeh-controld { -V | --version | -h | --help }\n");
	return f == stderr ? 2 : EXIT_SUCCESS;
}

static int test_config(const char *path)
{
	struct config *config;
	char error[256];

	if (config_read(path, &config, error, sizeof(error))) {
		fprintf(stderr, "%s: %s\n", path, error);
		return EXIT_FAILURE;
	}
	config_free(config);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config",	required_argument, NULL, 'c' },
		{ "run",	required_argument, NULL, 'r' },
		{ "test",	no_argument, NULL, 't' },
		{ "version",	no_argument, NULL, 'V' },
		{ "help",	no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static struct controld c = { .config_path = DEFAULT_CONFIG, .run = DEFAULT_RUN };
	bool test = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "+c:r:tVh", options, NULL)) >= 0) {
		switch (opt) {
		case 'c':
			c.config_path = optarg;
			break;
		case 'r':
			c.run = optarg;
			break;
		case 't':
			test = true;
			break;
		case 'V':
			printf("eeh-controld %s (%s)\n", eeh_version(), backend.name);
			return EXIT_SUCCESS;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	if (test)
		return optind == argc ? test_config(c.config_path) : usage(stderr);
	if (optind < argc) {
		opt = client_main(c.run, argc - optind, argv + optind);
		return opt == 2 ? usage(stderr) : opt;
	}
	return run(&c);
}
