// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state's way to disk and back. "state" is written anew and renamed into
 * place, so that it is always a whole one. Events that were taken since are lines
 * of "events": a burst need not write the state for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "controld.h"

static int boot_id(char *buf, size_t len)
{
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	bool ok;

	if (!f)
		return -errno;
	ok = fgets(buf, len, f);
	fclose(f);
	if (!ok)
		return -EIO;
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int state_save(struct controld *c)
{
	struct pe *p;
	char boot[64];
	int fd, err;
	FILE *f;

	err = boot_id(boot, sizeof(boot));
	if (err)
		return err;
	fd = openat(c->run_fd, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	f = fdopen(fd, "w");
	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	err = state_print(f, boot, &c->state);
	for (p = c->pes; p && !err; p = p->next)
		err = state_print_pe(f, p->ticket, p->r);
	if (!err)
		err = state_print_end(f, c->nr_pes);
	if (!err && (fflush(f) || fsync(fd)))
		err = -errno;
	if (fclose(f) && !err)
		err = -errno;
	if (!err && renameat(c->run_fd, "state.new", c->run_fd, "state"))
		err = -errno;
	if (!err && fsync(c->run_fd))
		err = -errno;
	return err;
}

void controld_commit(struct controld *c)
{
	static bool failing;
	struct pe *p;
	int err;

	if (c->dirty) {
		err = state_save(c);
		if (err) {
			/* Nothing is begun that is not on disk. pes_tick() tries again. */
			if (!failing)
				say(c, LOG_ERR, "Cannot save the state in %s: %s; nothing is recovered until that works",
				    c->run, strerror(-err));
			failing = true;
			return;
		}
		if (failing)
			say(c, LOG_NOTICE, "The state can be saved again");
		failing = false;
		c->dirty = false;
		/* If this fails they are read twice, which their numbers show. */
		if (c->events_logged && !ftruncate(c->events_log, 0))
			c->events_logged = 0;
	}
	for (p = c->pes; p; p = p->next) {
		if (!p->want || p->worker || p->orphan || c->workers >= WORKERS_MAX || c->stopping)
			continue;
		err = worker_begin(c, p);
		if (err == -EWOULDBLOCK)
			p->orphan = true;
		else if (err)
			say(c, LOG_ERR, "%s: cannot begin to %s: %s; trying again", pe_name(p),
			    eeh_recovery_action_name(p->want), strerror(-err));
	}
}

int events_log_open(struct controld *c)
{
	c->events_log = openat(c->run_fd, "events", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
			       0600);
	return c->events_log < 0 ? -errno : 0;
}

int events_log_add(struct controld *c, const struct eeh_event *ev)
{
	char line[EVENT_LINE_MAX];
	int n = event_line(ev, line, sizeof(line));

	if (n < 0)
		return n;
	if (write(c->events_log, line, n) != n)
		return -EIO;
	c->events_logged++;
	return 0;
}

/* ---- Back ---- */

/* All of a file; NULL and errno. */
static char *slurp(struct controld *c, const char *name, size_t max, size_t *len)
{
	int fd = openat(c->run_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	char *buf;
	ssize_t n;

	if (fd < 0)
		return NULL;
	*len = 0;
	if (fstat(fd, &st) || (size_t)st.st_size > max) {
		close(fd);
		errno = EFBIG;
		return NULL;
	}
	buf = malloc(st.st_size + 1);
	while (buf && *len < (size_t)st.st_size &&
	       (n = read(fd, buf + *len, st.st_size - *len)) > 0)
		*len += n;
	close(fd);
	return buf;
}

static int take_pe(void *arg, uint64_t ticket, const char *text)
{
	struct controld *c = arg;
	struct eeh_recovery_status st;
	struct eeh_recovery *r;
	struct pe *p;
	int err;

	err = eeh_recovery_load(&r, text, NULL);
	if (err)
		return err;
	EEH_INIT(&st);
	eeh_recovery_status(r, &st);
	if (pe_get(c, st.phb, st.pe_addr, false)) {
		eeh_recovery_free(r);
		return -EBADMSG;
	}
	p = pe_get(c, st.phb, st.pe_addr, true);
	if (!p) {
		eeh_recovery_free(r);
		return -ENOMEM;
	}
	eeh_recovery_free(p->r);
	p->r = r;
	p->ticket = ticket;
	/* Until its worker is looked for. */
	p->orphan = st.pending != EEH_RECOVERY_DO_NONE;
	return 0;
}

static void forget(struct controld *c)
{
	struct pe *p;

	while ((p = c->pes)) {
		c->pes = p->next;
		eeh_recovery_free(p->r);
		free(p->desc);
		free(p);
	}
	c->nr_pes = 0;
	memset(&c->state, 0, sizeof(c->state));
}

static void replay(struct controld *c)
{
	size_t len, n, taken = 0;
	char *buf = slurp(c, "events", STATE_MAX, &len), *p;
	struct eeh_event ev;

	if (!buf)
		return;
	for (p = buf; p < buf + len; p += n + 1) {
		char *nl = memchr(p, '\n', buf + len - p);

		/* One that was being written is still where it came from. */
		if (!nl)
			break;
		n = nl - p;
		if (event_parse(p, n, &ev))
			break;
		pe_event(c, &ev);
		taken++;
	}
	if (p < buf + len)
		say(c, LOG_WARNING, "%s/events is damaged after %zu events; PEs that are frozen are found by asking them",
		    c->run, taken);
	free(buf);
	/* One more than there are: what is left of a line goes as well. */
	c->events_logged = taken + 1;
}

int controld_load(struct controld *c)
{
	char boot[64], error[256] = "", bad[64];
	struct eeh_recovery_status st;
	struct pe *p;
	size_t len;
	char *text;
	int err;

	err = boot_id(boot, sizeof(boot));
	if (err)
		return err;
	text = slurp(c, "state", STATE_MAX, &len);
	if (text) {
		err = state_parse(text, len, boot, &c->state, take_pe, c, error, sizeof(error));
		free(text);
	} else if (errno != ENOENT) {
		err = -EBADMSG;
		snprintf(error, sizeof(error), "%s", strerror(errno));
	}
	if (err == -ESTALE) {
		/* Another boot: PAPR's permanent failures end with it, too. */
		forget(c);
		unlinkat(c->run_fd, "events", 0);
	} else if (err == -ENOMEM) {
		return err;
	} else if (err) {
		snprintf(bad, sizeof(bad), "state.bad.%ld", (long)getpid());
		renameat(c->run_fd, "state", c->run_fd, bad);
		say(c, LOG_ERR, "%s/state cannot be used (%s): begun anew; PEs that were given up are not any more. It is kept as %s",
		    c->run, *error ? error : strerror(-err), bad);
		forget(c);
	}
	err = events_log_open(c);
	if (err)
		return err;
	c->dirty = true;
	err = pes_refresh(c);
	if (err)
		say(c, LOG_ERR, "Cannot list the PEs: %s", backend.error(c->be));
	if (err)
		pes_rules(c);
	replay(c);
	keep_catch_up(c);
	for (p = c->pes; p; p = p->next) {
		if (p->orphan) {
			worker_adopt(c, p);
			continue;
		}
		pe_status(p, &st);
		if (st.state != EEH_RECOVERY_IDLE && st.state != EEH_RECOVERY_PERMANENT && !p->want)
			pe_tell(c, p, (struct eeh_recovery_event) {
				.type = EEH_RECOVERY_EV_RESTART });
	}
	return 0;
}
