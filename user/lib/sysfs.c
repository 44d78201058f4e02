// SPDX-License-Identifier: LGPL-2.1-or-later
/* The module's files in sysfs: state, counters, bindings, switches. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eeh_internal.h"

static int not_loaded(struct eeh_ctx *ctx)
{
	return eeh_fail(ctx, -ENODEV, "the kernel module eeh_bpf is not loaded: modprobe eeh_bpf");
}

int eeh_sys_failed(struct eeh_ctx *ctx, const char *file, int err)
{
	if (!eeh_exists(ctx, EEH_ROOT_SYSFS, EEH_SYS))
		return not_loaded(ctx);
	if (err == -EACCES || err == -EPERM)
		return eeh_fail(ctx, err, "%s/" EEH_SYS "/%s: no permission: run it as root",
				ctx->sysfs, file);
	if (err == -ENOENT)
		return eeh_fail(ctx, -EBADMSG, "%s/" EEH_SYS "/%s is missing: the module and the "
				"library are of different versions, install matching ones",
				ctx->sysfs, file);
	return eeh_fail(ctx, err, "%s/" EEH_SYS "/%s: %s", ctx->sysfs, file, strerror(-err));
}

int eeh_sys_garbled(struct eeh_ctx *ctx, const char *file, const char *what)
{
	return eeh_fail(ctx, -EBADMSG, "%s/" EEH_SYS "/%s says \"%.64s\", which is not understood: "
			"the module and the library are of different versions, install matching ones",
			ctx->sysfs, file, what);
}

static int sys_str(struct eeh_ctx *ctx, const char *file, char *buf, size_t len)
{
	char rel[128];
	ssize_t n;

	snprintf(rel, sizeof(rel), EEH_SYS "/%s", file);
	n = eeh_read(ctx, EEH_ROOT_SYSFS, rel, buf, len);
	return n < 0 ? eeh_sys_failed(ctx, file, n) : 0;
}

int eeh_sys_u64(struct eeh_ctx *ctx, const char *file, uint64_t *val)
{
	char buf[64];
	int err;

	err = sys_str(ctx, file, buf, sizeof(buf));
	if (err)
		return err;
	if (eeh_parse_u64(buf, val))
		return eeh_sys_garbled(ctx, file, buf);
	return 0;
}

static int sys_write(struct eeh_ctx *ctx, const char *file, uint64_t val)
{
	char rel[128], buf[32];
	int err;

	snprintf(rel, sizeof(rel), EEH_SYS "/%s", file);
	snprintf(buf, sizeof(buf), "%llu\n", (unsigned long long)val);
	err = eeh_write(ctx, EEH_ROOT_SYSFS, rel, buf);
	return err ? eeh_sys_failed(ctx, file, err) : 0;
}

int eeh_sys_state(struct eeh_ctx *ctx, uint32_t *state)
{
	char buf[64];
	int err;

	err = sys_str(ctx, "state", buf, sizeof(buf));
	if (err)
		return err;
	*state = !strcmp(buf, "idle") ? EEH_FASTPATH_IDLE :
		 !strcmp(buf, "attached") ? EEH_FASTPATH_ATTACHED :
		 !strcmp(buf, "bypassed") ? EEH_FASTPATH_BYPASSED : EEH_FASTPATH_UNKNOWN;
	return 0;
}

int eeh_fastpath_set_enabled(struct eeh_ctx *ctx, bool enabled)
{
	return sys_write(ctx, "enabled", enabled);
}

int eeh_fastpath_set_audit(struct eeh_ctx *ctx, uint32_t n)
{
	return sys_write(ctx, "audit", n);
}

uint32_t eeh_taps_parse(const char *taps)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} known[] = {
		{ "check", EEH_TAP_CHECK }, { "rtas", EEH_TAP_RTAS }, { "event", EEH_TAP_EVENT },
	};
	uint32_t bits = 0;
	size_t n, i;

	for (; *(taps += strspn(taps, " \t\n")); taps += n) {
		n = strcspn(taps, " \t\n");
		for (i = 0; i < ARRAY_SIZE(known); i++)
			if (strlen(known[i].name) == n && !strncmp(taps, known[i].name, n))
				break;
		bits |= i < ARRAY_SIZE(known) ? known[i].bit : EEH_TAP_OTHER;
	}
	return bits;
}

/*
 * "vm=3 pe=7 0001:fd token=0x2008 buid=0x800000020000000 addr=0x100 answered=12"
 * Unknown key=value pairs are skipped, so that the module may say more.
 */
int eeh_binding_parse(const char *line, struct eeh_fastpath_binding *b)
{
	enum { VM = 1, PE = 2, TOKEN = 4, BUID = 8, ADDR = 16, ANSWERED = 32, WHERE = 64,
	       ALL = 127 };
	static const struct {
		const char *key;
		int bit;
	} keys[] = {
		{ "vm", VM }, { "pe", PE }, { "token", TOKEN }, { "buid", BUID },
		{ "addr", ADDR }, { "answered", ANSWERED },
	};
	char word[80], rest;
	unsigned int dom, pe;
	int seen = 0, bit;
	uint64_t val;
	size_t n, i;
	char *eq;

	memset(b, 0, sizeof(*b));
	b->sz = sizeof(*b);
	for (; *(line += strspn(line, " \t")); line += n) {
		n = strcspn(line, " \t");
		if (n >= sizeof(word))
			return -EBADMSG;
		memcpy(word, line, n);
		word[n] = '\0';

		eq = strchr(word, '=');
		if (!eq) {
			if (seen & WHERE || strspn(word, "0123456789abcdef:") != n ||
			    strcspn(word, ":") > 8 || n - strcspn(word, ":") > 9 ||
			    sscanf(word, "%x:%x%c", &dom, &pe, &rest) != 2)
				return -EBADMSG;
			b->phb = dom;
			b->pe_addr = pe;
			seen |= WHERE;
			continue;
		}
		*eq = '\0';
		for (i = 0; i < ARRAY_SIZE(keys); i++)
			if (!strcmp(word, keys[i].key))
				break;
		if (i == ARRAY_SIZE(keys))
			continue;
		bit = keys[i].bit;
		if (seen & bit || eeh_parse_u64(eq + 1, &val))
			return -EBADMSG;
		if ((bit & (TOKEN | ADDR)) && val > UINT32_MAX)
			return -EBADMSG;
		seen |= bit;
		switch (bit) {
		case VM:
			b->vm = val;
			break;
		case PE:
			b->pe = val;
			break;
		case TOKEN:
			b->token = val;
			break;
		case BUID:
			b->buid = val;
			break;
		case ADDR:
			b->addr = val;
			break;
		case ANSWERED:
			b->answered = val;
			break;
		}
	}
	return seen == ALL ? 0 : -EBADMSG;
}

int eeh_sys_for_each_line(struct eeh_ctx *ctx, const char *file, eeh_sys_line_fn fn, void *arg)
{
	char *buf, *line, *next;
	char rel[64];
	int err;

	snprintf(rel, sizeof(rel), EEH_SYS "/%s", file);
	err = eeh_read_alloc(ctx, EEH_ROOT_SYSFS, rel, &buf);
	if (err)
		return eeh_sys_failed(ctx, file, err);

	for (line = buf; *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!*line)
			continue;
		err = fn(ctx, line, arg);
		if (err)
			break;
	}
	free(buf);
	return err;
}

struct binding_each {
	eeh_fastpath_binding_fn fn;
	void *arg;
};

static int each_binding(struct eeh_ctx *ctx, const char *line, void *arg)
{
	const struct binding_each *each = arg;
	struct eeh_fastpath_binding b;

	if (eeh_binding_parse(line, &b))
		return eeh_sys_garbled(ctx, "bindings", line);
	return each->fn(each->arg, &b);
}

int eeh_fastpath_for_each_binding(struct eeh_ctx *ctx, eeh_fastpath_binding_fn fn, void *arg)
{
	struct binding_each each = { fn, arg };

	return eeh_sys_for_each_line(ctx, "bindings", each_binding, &each);
}

static int count_binding(void *arg, const struct eeh_fastpath_binding *b)
{
	(void)b;
	++*(uint64_t *)arg;
	return 0;
}

int eeh_fastpath_status(struct eeh_ctx *ctx, struct eeh_fastpath_status *status)
{
	struct eeh_fastpath_status s = { .sz = sizeof(s) };
	struct eeh_link link;
	uint64_t val;
	char buf[128];
	int err;

	if (status->sz < sizeof(status->sz))
		return eeh_fail(ctx, -EINVAL, "struct eeh_fastpath_status: sz is not set");

	err = eeh_sys_u64(ctx, "version", &val);
	if (err)
		return err;
	s.version = val;
	err = eeh_sys_state(ctx, &s.state);
	if (err)
		return err;
	err = sys_str(ctx, "policy", buf, sizeof(buf));
	if (err)
		return err;
	snprintf(s.policy, sizeof(s.policy), "%.*s", (int)sizeof(s.policy) - 1, buf);
	err = eeh_sys_u64(ctx, "enabled", &val);
	if (err)
		return err;
	if (val > 1)
		return eeh_sys_garbled(ctx, "enabled", "neither 0 nor 1");
	s.enabled = val;
	err = eeh_sys_u64(ctx, "audit", &s.audit);
	if (!err)
		err = eeh_sys_u64(ctx, "audit_disagreed", &s.audit_disagreed);
	if (!err)
		err = sys_str(ctx, "taps", buf, sizeof(buf));
	if (err)
		return err;
	s.taps = eeh_taps_parse(buf);
	err = eeh_fastpath_for_each_binding(ctx, count_binding, &s.bindings);
	if (err)
		return err;

	/* Not everybody may look at BPF objects: the ids stay 0 then. */
	if (!eeh_link_open(ctx, &link)) {
		if (link.alive) {
			s.pinned = true;
			s.link_id = link.id;
			s.map_id = link.map_id;
			err = eeh_link_progs(link.map_id, s.prog_ids, ARRAY_SIZE(s.prog_ids));
			if (err > 0)
				s.nr_progs = err;
		}
		eeh_link_close(&link);
	}
	return eeh_out_put(status, &s, sizeof(s));
}

int eeh_fastpath_stats(struct eeh_ctx *ctx, struct eeh_fastpath_stats *stats)
{
	struct eeh_fastpath_stats s = { .sz = sizeof(s) };
	const struct {
		const char *file;
		uint64_t *val;
	} files[] = {
		{ "stats/queries", &s.queries }, { "stats/answered", &s.answered },
		{ "stats/passed", &s.passed }, { "stats/rejected", &s.rejected },
		{ "stats/unbound", &s.unbound }, { "stats/not_owner", &s.not_owner },
		{ "stats/fault", &s.fault }, { "stats/bypassed", &s.bypassed },
		{ "stats/audited", &s.audited }, { "stats/missed", &s.missed },
		{ "stats/learned", &s.learned }, { "stats/dropped", &s.dropped },
	};
	size_t i;
	int err;

	if (stats->sz < sizeof(stats->sz))
		return eeh_fail(ctx, -EINVAL, "struct eeh_fastpath_stats: sz is not set");
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		err = eeh_sys_u64(ctx, files[i].file, files[i].val);
		if (err)
			return err;
	}
	return eeh_out_put(stats, &s, sizeof(s));
}
