// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freezes while no controller runs.
 *
 * The kernel module listens as long as its device file is open, and keeps the last
 * EEH_DEV_LOGS records of each PE. So systemd is given a descriptor of that file to
 * hold (FileDescriptorStoreMax= of the unit): it stays open when the controller is
 * killed, and the next one reads what there is a record of.
 */
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "controld.h"

/* It is still held, if it comes back; this process needs no copy. */
static bool is_kept(void)
{
	char **names = NULL;
	bool kept = false;
	int i, n;

	n = sd_listen_fds_with_names(0, &names);
	for (i = 0; i < n; i++) {
		if (!strcmp(names[i], KEEP_NAME)) {
			close(SD_LISTEN_FDS_START + i);
			kept = true;
		}
		free(names[i]);
	}
	free(names);
	return kept;
}

void keep_listening(struct controld *c)
{
	int fd = is_kept() ? -1 : backend.keep_fd(c->be);

	if (fd < 0)
		return;
	sd_pid_notify_with_fds(0, 0, "FDSTORE=1\nFDNAME=" KEEP_NAME, &fd, 1);
	close(fd);
}

/* Of one PE. */
struct past {
	struct pe *p;
	uint64_t told;		/* when it froze, if that was the last event that came through */
	bool again;
};

static int take_past(void *arg, uint64_t time, uint32_t source)
{
	struct past *past = arg;
	struct pe *p = past->p;
	struct controld *c = p->c;
	uint64_t near = backend.record_ns(c->be), told = past->told;

	if (near && time > c->state.time)
		c->state.time = time;
	past->told = 0;
	if (near && told && time <= told + near)
		return 0;
	/* The kernel makes another record only of what somebody has thawed. */
	if (past->again || near)
		pe_tell(p->c, p, (struct eeh_recovery_event) {
			.type = EEH_RECOVERY_EV_OTHERS, .time = time - 1 });
	past->again = true;
	/* If its event came through, the engine knows that freeze. */
	pe_frozen(p->c, p, time, source);
	return 0;
}

void keep_catch_up(struct controld *c)
{
	uint64_t since = c->state.time, before = c->state.freezes;
	struct eeh_recovery_status st;
	struct past past;
	struct pe *p;
	int err = 0;

	/* The first controller of this boot had nothing to miss; the next one has. */
	if (!since) {
		c->state.time = c->listens;
		return;
	}
	for (p = c->pes; p && err >= 0; p = p->next) {
		if (!p->desc || !p->desc->passed)
			continue;
		past = (struct past) { .p = p };
		pe_status(p, &st);
		if (st.frozen_at == since)
			past.told = since;
		err = backend.past(c->be, p->phb, p->addr, since, take_past, &past);
		if (err > 0)
			say(c, LOG_WARNING, "%s: it froze more often while no controller ran than records are kept: those before are not counted",
			    pe_name(p));
	}
	if (err < 0)
		say(c, LOG_WARNING, "Freezes that no controller saw may be missing: %s",
		    strerror(-err));
	if (c->state.freezes > before)
		say(c, LOG_NOTICE, "%llu freezes while no controller ran",
		    (unsigned long long)(c->state.freezes - before));
}
