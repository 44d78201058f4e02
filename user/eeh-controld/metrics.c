// SPDX-License-Identifier: GPL-2.0-only
/* OpenMetrics 1.0 text. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "controld.h"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void queries(FILE *f, struct controld *c)
{
	struct query_counts q = { 0 };
	const struct {
		const char *name;
		uint64_t n;
	} verdicts[] = {
		{ "answered", (backend.counts(c->be, &q), q.answered) },
		{ "passed", q.passed }, { "rejected", q.rejected }, { "unbound", q.unbound },
		{ "not_owner", q.not_owner }, { "fault", q.fault }, { "bypassed", q.bypassed },
		{ "audited", q.audited },
	};
	size_t i;

	head(f, "eeh_queries", "counter", "Questions whether a PE is frozen, by what became of them.");
	for (i = 0; i < ARRAY_SIZE(verdicts); i++)
		fprintf(f, "eeh_queries_total{verdict=\"%s\"} %" PRIu64 "\n", verdicts[i].name,
			verdicts[i].n);
	head(f, "eeh_queries_missed", "counter", "Hits of the tap that the kernel could not deliver.");
	fprintf(f, "eeh_queries_missed_total %" PRIu64 "\n", q.missed);
	head(f, "eeh_audit_disagreed", "counter", "Answers that the original path contradicted: must be 0.");
	fprintf(f, "eeh_audit_disagreed_total %" PRIu64 "\n", q.disagreed);
	head(f, "eeh_fastpath_attached", "gauge", "1 if a policy is attached and answers.");
	fprintf(f, "eeh_fastpath_attached %d\n", q.attached);
	head(f, "eeh_fastpath_enabled", "gauge", "0 if the kill switch is thrown.");
	fprintf(f, "eeh_fastpath_enabled %d\n", q.enabled);
}

static void events(FILE *f, const struct state *s)
{
	static const char * const types[EEH_EVENT_MAX] = {
		[EEH_EVENT_FROZEN] = "frozen", [EEH_EVENT_STATE] = "state",
		[EEH_EVENT_RESET] = "reset", [EEH_EVENT_OPTION] = "option",
		[EEH_EVENT_CONFIGURE] = "configure", [EEH_EVENT_INJECT] = "inject",
		[EEH_EVENT_LOG] = "log", [EEH_EVENT_QUERY] = "query",
		[EEH_EVENT_ZPCI] = "zpci",
	};
	static const char * const sources[EEH_SOURCE_MAX] = {
		[EEH_SOURCE_UNKNOWN] = "unknown", [EEH_SOURCE_INTERRUPT] = "interrupt",
		[EEH_SOURCE_QUERY] = "query", [EEH_SOURCE_SWEEP] = "sweep",
		[EEH_SOURCE_CHECK] = "check", [EEH_SOURCE_PARENT] = "parent",
		[EEH_SOURCE_FETCH] = "fetch",
	};
	size_t i;

	head(f, "eeh_events", "counter", "Events of the kernel module, by type.");
	for (i = 0; i < EEH_EVENT_MAX; i++)
		fprintf(f, "eeh_events_total{type=\"%s\"} %" PRIu64 "\n", types[i], s->events[i]);
	head(f, "eeh_events_lost", "counter", "Events that found no room.");
	fprintf(f, "eeh_events_lost_total %" PRIu64 "\n", s->lost);
	head(f, "eeh_freezes_noticed", "counter", "Freezes, by how they were noticed.");
	for (i = 0; i < EEH_SOURCE_MAX; i++)
		fprintf(f, "eeh_freezes_noticed_total{source=\"%s\"} %" PRIu64 "\n", sources[i],
			s->freezes_by[i]);
}

static void pes(FILE *f, struct controld *c)
{
	uint64_t states[EEH_RECOVERY_STATES] = { 0 };
	struct eeh_recovery_status st;
	const struct pe *p;
	size_t i;

	head(f, "eeh_freezes", "counter", "How often a PE froze.");
	for (p = c->pes; p; p = p->next) {
		pe_status(p, &st);
		states[st.state]++;
		fprintf(f, "eeh_freezes_total{phb=\"%04x\",pe=\"%x\"} %" PRIu64 "\n", p->phb, p->addr,
			st.freezes);
	}
	head(f, "eeh_recoveries", "counter", "How often a PE became normal again, by whom.");
	for (p = c->pes; p; p = p->next) {
		pe_status(p, &st);
		fprintf(f, "eeh_recoveries_total{phb=\"%04x\",pe=\"%x\",by=\"controller\"} %" PRIu64 "\n"
			"eeh_recoveries_total{phb=\"%04x\",pe=\"%x\",by=\"owner\"} %" PRIu64 "\n",
			p->phb, p->addr, st.recovered, p->phb, p->addr, st.normal);
	}
	head(f, "eeh_pe_frozen", "gauge", "1 while a PE is frozen, and not given up.");
	for (p = c->pes; p; p = p->next) {
		pe_status(p, &st);
		fprintf(f, "eeh_pe_frozen{phb=\"%04x\",pe=\"%x\"} %d\n", p->phb, p->addr,
			st.state != EEH_RECOVERY_IDLE && st.state != EEH_RECOVERY_PERMANENT);
	}
	head(f, "eeh_pe_permanent", "gauge", "1 if a PE was given up.");
	for (p = c->pes; p; p = p->next) {
		pe_status(p, &st);
		fprintf(f, "eeh_pe_permanent{phb=\"%04x\",pe=\"%x\"} %d\n", p->phb, p->addr,
			st.state == EEH_RECOVERY_PERMANENT);
	}
	head(f, "eeh_pes", "gauge", "PEs that are looked after, by state of their recovery.");
	for (i = 0; i < EEH_RECOVERY_STATES; i++)
		fprintf(f, "eeh_pes{state=\"%s\"} %" PRIu64 "\n", eeh_recovery_state_name(i), states[i]);
}

static void recovery(FILE *f, const struct state *s)
{
	uint64_t sum = 0;
	int i;

	head(f, "eeh_recovery_seconds", "histogram", "From a freeze to the end of its recovery.");
	for (i = 0; i < BUCKETS; i++) {
		sum += s->recovery[i];
		if (i < BUCKETS - 1)
			fprintf(f, "eeh_recovery_seconds_bucket{le=\"%u.0\"} %" PRIu64 "\n",
				bucket_seconds[i], sum);
		else
			fprintf(f, "eeh_recovery_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n", sum);
	}
	fprintf(f, "eeh_recovery_seconds_sum %" PRIu64 ".%09" PRIu64 "\n"
		"eeh_recovery_seconds_count %" PRIu64 "\n", s->recovery_ns / NS_PER_S,
		s->recovery_ns % NS_PER_S, sum);
	head(f, "eeh_resets", "counter", "Resets by the controller.");
	fprintf(f, "eeh_resets_total %" PRIu64 "\n", s->resets);
	head(f, "eeh_resets_failed", "counter", "Resets by the controller that did not help.");
	fprintf(f, "eeh_resets_failed_total %" PRIu64 "\n", s->failed);
	head(f, "eeh_permanent_failures", "counter", "How often a PE was given up.");
	fprintf(f, "eeh_permanent_failures_total %" PRIu64 "\n", s->permanent);
	head(f, "eeh_delegate_timeouts", "counter", "How often an owner did not recover its PE in time.");
	fprintf(f, "eeh_delegate_timeouts_total %" PRIu64 "\n", s->timeouts);
}

static uint64_t resident(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%*u %llu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return pages * sysconf(_SC_PAGESIZE);
}

char *metrics_text(struct controld *c, size_t *len)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, len);

	if (!f)
		return NULL;
	pes(f, c);
	recovery(f, &c->state);
	events(f, &c->state);
	queries(f, c);
	head(f, "eeh_controld_config_ok", "gauge", "0 if the last configuration was refused.");
	fprintf(f, "eeh_controld_config_ok %d\n", c->config_ok);
	head(f, "eeh_controld_events_open", "gauge", "0 if the kernel module cannot be listened to.");
	fprintf(f, "eeh_controld_events_open %d\n", backend.events_fd(c->be) >= 0);
	head(f, "eeh_controld_notices_unsaid", "counter", "Messages that were left out, there being so many.");
	fprintf(f, "eeh_controld_notices_unsaid_total %" PRIu64 "\n", c->state.notices_unsaid);
	head(f, "eeh_controld_start_time_seconds", "gauge", "When this controller was started, unix time.");
	fprintf(f, "eeh_controld_start_time_seconds %" PRIu64 "\n", c->started / NS_PER_S);
	head(f, "eeh_controld_resident_memory_bytes", "gauge", "Memory in use.");
	fprintf(f, "eeh_controld_resident_memory_bytes %" PRIu64 "\n", resident());
	fputs("# EOF\n", f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

void metrics_file(struct controld *c)
{
	const char *path = c->config->metrics_file;
	char tmp[sizeof(c->config->metrics_file) + 8];
	static bool failing;
	size_t len;
	char *text;
	int fd, err = 0;

	if (!*path)
		return;
	text = metrics_text(c, &len);
	if (!text)
		return;
	snprintf(tmp, sizeof(tmp), "%s.new", path);
	fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	/* For others to read, whatever the umask. */
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, 0644) || fsync(fd) ||
	    rename(tmp, path))
		err = errno ? errno : EIO;
	if (fd >= 0)
		close(fd);
	if (err && !failing)
		say(c, LOG_WARNING, "Cannot write %s (metrics-file): %s", path, strerror(err));
	failing = err;
	free(text);
}
