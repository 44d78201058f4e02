// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workers: children that do what blocks. A worker holds the lock of its file
 * op-PHB:PE as long as it lives, and writes into it what it begins and what came
 * of it. So whoever controls next knows of every action whether it was begun,
 * is under way, or how it ended; and only of a worker that was killed it does
 * not, and has to ask the PE.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "controld.h"

static void op_name(const struct pe *p, char *buf, size_t len)
{
	snprintf(buf, len, "op-%04x:%x", p->phb, p->addr);
}

/* In the child: nothing of the parent but this file. */
static void child_begins(int keep)
{
	sigset_t none;

	if (keep > 3)
		close_range(3, keep - 1, 0);
	close_range(keep + 1, ~0U, 0);
	sigemptyset(&none);
	/* A controller that ends lets its workers end, too. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void put_line(int fd, const char *line, int n)
{
	/* On tmpfs; if it cannot be written, the next controller asks the PE. */
	if (n > 0 && write(fd, line, n) != n)
		_exit(1);
}

/* One line of printable characters. */
static void clean(char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = ' ';
}

__attribute__((noreturn))
static void work(struct controld *c, const struct pe *p, int fd)
{
	struct outcome out = { 0 };
	char line[512];
	int n;

	child_begins(fd);
	n = snprintf(line, sizeof(line), "begun %" PRIu64 "\n", p->ticket);
	put_line(fd, line, n);
	backend.act(c->be, p->phb, p->addr, p->want, p->want_reset, &out);
	clean(out.class);
	clean(out.sentence);
	n = snprintf(line, sizeof(line), "done %" PRIu64 " %d %u %u %s|%s\n", p->ticket, out.err,
		     out.pe, out.delay_ms, out.class, out.sentence);
	put_line(fd, line, n);
	_exit(0);
}

/* What the file says about the action of this ticket: 0 ended, -EINPROGRESS begun, -ENOENT not. */
static int op_read(int fd, uint64_t ticket, struct outcome *out)
{
	unsigned long long begun = 0, done = 0;
	char buf[1024], *line;
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
	int at = 0;

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	memset(out, 0, sizeof(*out));
	if (sscanf(buf, "begun %llu", &begun) != 1 || begun != ticket)
		return -ENOENT;
	line = strchr(buf, '\n');
	if (!line || !strchr(line + 1, '\n'))
		return -EINPROGRESS;
	*strchr(line + 1, '\n') = '\0';
	if (sscanf(line + 1, "done %llu %d %u %u %n", &done, &out->err, &out->pe, &out->delay_ms,
		   &at) != 4 || done != ticket || out->pe >= EEH_RECOVERY_PE_STATES || !at)
		return -EINPROGRESS;
	line += 1 + at;
	n = strcspn(line, "|");
	snprintf(out->class, sizeof(out->class), "%.*s", (int)n, line);
	snprintf(out->sentence, sizeof(out->sentence), "%s", line[n] ? line + n + 1 : "");
	return 0;
}

static void ended(struct controld *c, struct pe *p, int fd)
{
	struct eeh_recovery_event ev = { .type = EEH_RECOVERY_EV_DONE };
	struct eeh_recovery_status st;
	struct outcome out;
	int err = op_read(fd, p->ticket, &out);

	pe_status(p, &st);
	if (err == -ENOENT) {
		ev.type = EEH_RECOVERY_EV_AGAIN;
	} else if (err) {
		say(c, LOG_WARNING, "%s: whoever was to do \"%s\" was killed; asking the PE how far it came",
		    pe_name(p), eeh_recovery_action_name(st.pending));
		ev.type = EEH_RECOVERY_EV_RESTART;
	} else if (st.pending == EEH_RECOVERY_DO_STATE) {
		ev.type = EEH_RECOVERY_EV_STATE;
		ev.pe = out.pe;
		ev.delay_ms = out.delay_ms;
	} else {
		ev.err = out.err;
		if (st.pending == EEH_RECOVERY_DO_LOG)
			notice_log(c, p, &out);
		else if (out.err)
			say(c, LOG_WARNING, "%s: %s failed: %s", pe_name(p),
			    eeh_recovery_action_name(st.pending), strerror(-out.err));
	}
	pe_tell(c, p, ev);
}

static int op_open(const struct pe *p, int flags)
{
	char name[32];
	int fd;

	op_name(p, name, sizeof(name));
	fd = openat(p->c->run_fd, name, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? -errno : fd;
}

static int on_worker(sd_event_source *source, const siginfo_t *si, void *arg)
{
	struct pe *p = arg;
	struct controld *c = p->c;
	int fd = op_open(p, O_RDONLY);

	(void)si;
	sd_event_source_disable_unref(source);
	p->worker = 0;
	c->workers--;
	ended(c, p, fd);
	if (fd >= 0)
		close(fd);
	controld_commit(c);
	return 0;
}

int worker_begin(struct controld *c, struct pe *p)
{
	int fd = op_open(p, O_RDWR | O_CREAT), err;
	sd_event_source *source;
	pid_t pid;

	if (fd < 0)
		return fd;
	/* Busy: an action of an earlier controller, which is not known any more. */
	if (flock(fd, LOCK_EX | LOCK_NB) || ftruncate(fd, 0)) {
		err = -errno;
		close(fd);
		return err;
	}
	pid = fork();
	if (!pid)
		work(c, p, fd);
	err = pid < 0 ? -errno : 0;
	close(fd);
	if (err)
		return err;
	p->want = EEH_RECOVERY_DO_NONE;
	p->worker = pid;
	c->workers++;
	/* SIGCHLD is blocked, so nothing is missed if it has ended already. */
	err = sd_event_add_child(c->loop, &source, pid, WEXITED, on_worker, p);
	if (err < 0) {
		/* Cannot be waited for: find out as the next controller would. */
		p->worker = 0;
		c->workers--;
		p->orphan = true;
	}
	return 0;
}

void worker_adopt(struct controld *c, struct pe *p)
{
	int fd = op_open(p, O_RDWR);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK) {
		close(fd);
		p->orphan = true;
		return;
	}
	p->orphan = false;
	ended(c, p, fd);
	if (fd >= 0)
		close(fd);
}

/* ---- The sweep ---- */

static uint64_t sweep_time;

static int on_sweep(sd_event_source *source, const siginfo_t *si, void *arg)
{
	struct controld *c = arg;
	struct pe *p;
	unsigned int phb, addr, state;
	FILE *f = NULL;
	int fd;

	sd_event_source_disable_unref(source);
	c->sweeping = false;
	fd = openat(c->run_fd, "sweep", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0)
		f = fdopen(fd, "r");
	while (f && fscanf(f, "%x:%x %u\n", &phb, &addr, &state) == 3) {
		p = pe_get(c, phb, addr, false);
		if (p && (state == EEH_RECOVERY_PE_FROZEN || state == EEH_RECOVERY_PE_DMA_STOPPED))
			pe_frozen(c, p, sweep_time, EEH_SOURCE_SWEEP);
	}
	if (f)
		fclose(f);
	else if (fd >= 0)
		close(fd);
	if (si->si_code != CLD_EXITED || si->si_status)
		say(c, LOG_WARNING, "The sweep ended early: PEs that froze unnoticed are found by the next one");
	controld_commit(c);
	return 0;
}

int sweep_begin(struct controld *c)
{
	struct eeh_recovery_status st;
	sd_event_source *source;
	struct outcome out;
	struct pe *p;
	pid_t pid;
	int fd;

	fd = openat(c->run_fd, "sweep", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	sweep_time = now_ns();
	pid = fork();
	if (!pid) {
		child_begins(fd);
		for (p = c->pes; p; p = p->next) {
			pe_status(p, &st);
			if (!p->desc || !p->desc->passed || st.state != EEH_RECOVERY_IDLE)
				continue;
			memset(&out, 0, sizeof(out));
			backend.act(c->be, p->phb, p->addr, EEH_RECOVERY_DO_STATE, 0, &out);
			dprintf(fd, "%x:%x %u\n", p->phb, p->addr, out.pe);
		}
		_exit(0);
	}
	close(fd);
	if (pid < 0)
		return -errno;
	if (sd_event_add_child(c->loop, &source, pid, WEXITED, on_sweep, c) < 0)
		return -ENOMEM;
	return 0;
}
