// SPDX-License-Identifier: GPL-2.0-only
/* Reading the configuration: sections, keys, and which rule is for a PE. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "config.h"

struct reader {
	struct config *config;
	struct rule *rule;		/* of the section; NULL: [controller] or none yet */
	struct rule **tail;		/* where the next rule goes */
	struct rule *dflt;
	bool controller;
	unsigned int line, rules;
	uint32_t seen;			/* keys of this section: bits */
	char *error;
	size_t errlen;
};

__attribute__((format(printf, 2, 3)))
static int bad(struct reader *r, const char *fmt, ...)
{
	int n = snprintf(r->error, r->errlen, "line %u: ", r->line);
	va_list ap;

	if (n > 0 && (size_t)n < r->errlen) {
		va_start(ap, fmt);
		vsnprintf(r->error + n, r->errlen - n, fmt, ap);
		va_end(ap);
	}
	return -EINVAL;
}

static struct rule *rule_new(const char *name)
{
	struct rule *rule = calloc(1, sizeof(*rule));

	if (!rule)
		return NULL;
	snprintf(rule->name, sizeof(rule->name), "%s", name);
	EEH_INIT(&rule->opts);
	return rule;
}

static void rule_free(struct rule *rule)
{
	int i;

	for (i = 0; i < MATCHES; i++)
		free(rule->globs[i]);
	free(rule);
}

void config_free(struct config *config)
{
	struct rule *rule;

	if (!config)
		return;
	while ((rule = config->rules)) {
		config->rules = rule->next;
		rule_free(rule);
	}
	free(config);
}

/* ---- Values ---- */

static int take_uint(struct reader *r, const char *val, uint32_t max, uint32_t *ret)
{
	unsigned long long v;
	char *end;

	if (!isdigit((unsigned char)*val))
		return bad(r, "\"%s\" is not a number", val);
	errno = 0;
	v = strtoull(val, &end, 10);
	if (errno || *end)
		return bad(r, "\"%s\" is not a number", val);
	if (!v || v > max)
		return bad(r, "%s is out of range: 1 to %u", val, max);
	*ret = v;
	return 0;
}

/* "250ms", "1.8s", "5min"; a number without a unit is refused, since nobody knows what it means. */
static int take_time(struct reader *r, const char *val, uint32_t min_ms, uint32_t *ret)
{
	static const struct {
		const char *name;
		uint32_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 }, { "h", 3600000 } };
	uint64_t whole = 0, part = 0, scale = 1;
	const char *p = val;
	size_t i;

	if (!isdigit((unsigned char)*p))
		return bad(r, "\"%s\" is not a time, such as 250ms, 1.8s or 5min", val);
	for (; isdigit((unsigned char)*p) && whole < 1000000000; p++)
		whole = whole * 10 + (*p - '0');
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p) && scale < 1000; p++) {
			part = part * 10 + (*p - '0');
			scale *= 10;
		}
	while (*p == ' ')
		p++;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(p, units[i].name))
			break;
	if (i == sizeof(units) / sizeof(units[0]))
		return bad(r, "\"%s\" is not a time, such as 250ms, 1.8s or 5min", val);
	whole = whole * units[i].ms + part * units[i].ms / scale;
	if (whole < min_ms || whole > EEH_RECOVERY_MS_MAX)
		return bad(r, "%s is out of range: %ums to 24h", val, min_ms);
	*ret = whole;
	return 0;
}

static int take_word(struct reader *r, const char *val, const char * const *words, uint32_t *ret)
{
	char all[128] = "";
	uint32_t i;

	for (i = 0; words[i]; i++) {
		if (!strcmp(val, words[i])) {
			*ret = i;
			return 0;
		}
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? ", " : "", words[i]);
	}
	return bad(r, "\"%s\" is none of %s", val, all);
}

static int take_text(struct reader *r, const char *val, char *buf, size_t len)
{
	if (strlen(val) >= len)
		return bad(r, "longer than %zu characters", len - 1);
	strcpy(buf, val);
	return 0;
}

static int take_globs(struct reader *r, const char *val, char **ret)
{
	if (!*val)
		return bad(r, "nothing to match: leave the key out to match anything");
	*ret = strdup(val);
	return *ret ? 0 : -ENOMEM;
}

static int take_listen(struct reader *r, const char *val, char *buf, size_t len)
{
	const char *colon = strrchr(val, ':');
	uint32_t port;
	size_t i;

	if (!colon || colon == val)
		return bad(r, "\"%s\" is not ADDRESS:PORT, such as 127.0.0.1:9813", val);
	for (i = 0; val + i < colon; i++)
		if (!isdigit((unsigned char)val[i]) && val[i] != '.')
			return bad(r, "\"%s\" is not an IPv4 address", val);
	if (take_uint(r, colon + 1, 65535, &port))
		return -EINVAL;
	return take_text(r, val, buf, len);
}

/* ---- Keys ---- */

static const char * const policies[] = { "report", "recover", "delegate", NULL };
static const char * const resets[] = { "hot", "fundamental", NULL };

enum key {
	K_SOCKET_GROUP, K_METRICS_FILE, K_METRICS_LISTEN, K_SWEEP,
	K_PE, K_DEVICE, K_DRIVER, K_VM,
	K_POLICY, K_ON_TIMEOUT, K_TIMEOUT, K_MAX_FREEZES, K_ATTEMPTS, K_FIRST_RESET, K_HOLD,
	K_SETTLE, K_RESUME, K_UNAVAILABLE,
	KEYS
};

static const char * const keys[KEYS] = {
	[K_SOCKET_GROUP] = "socket-group",
	[K_METRICS_FILE] = "metrics-file",
	[K_METRICS_LISTEN] = "metrics-listen",
	[K_SWEEP] = "sweep",
	[K_PE] = "pe",
	[K_DEVICE] = "device",
	[K_DRIVER] = "driver",
	[K_VM] = "vm",
	[K_POLICY] = "policy",
	[K_ON_TIMEOUT] = "on-timeout",
	[K_TIMEOUT] = "timeout",
	[K_MAX_FREEZES] = "max-freezes",
	[K_ATTEMPTS] = "attempts",
	[K_FIRST_RESET] = "first-reset",
	[K_HOLD] = "hold",
	[K_SETTLE] = "settle",
	[K_RESUME] = "resume",
	[K_UNAVAILABLE] = "unavailable",
};

static int take_key(struct reader *r, enum key k, const char *val)
{
	struct config *c = r->config;
	struct eeh_recovery_opts *o = r->rule ? &r->rule->opts : NULL;
	uint32_t v;
	int err;

	switch (k) {
	case K_SOCKET_GROUP:
		return take_text(r, val, c->socket_group, sizeof(c->socket_group));
	case K_METRICS_FILE:
		if (*val && *val != '/')
			return bad(r, "%s: a path from /", keys[k]);
		return take_text(r, val, c->metrics_file, sizeof(c->metrics_file));
	case K_METRICS_LISTEN:
		return take_listen(r, val, c->metrics_listen, sizeof(c->metrics_listen));
	case K_SWEEP:
		return take_time(r, val, 1000, &c->sweep_ms);
	case K_PE:
	case K_DEVICE:
	case K_DRIVER:
	case K_VM:
		if (r->rule == r->dflt)
			return bad(r, "%s: [default] matches whatever no rule matches", keys[k]);
		return take_globs(r, val, &r->rule->globs[k - K_PE]);
	case K_POLICY:
		return take_word(r, val, policies, &o->policy);
	case K_ON_TIMEOUT:
		err = take_word(r, val, policies, &v);
		if (!err && v == EEH_POLICY_DELEGATE)
			return bad(r, "on-timeout: report or recover");
		if (!err)
			o->on_timeout = v;
		return err;
	case K_TIMEOUT:
		return take_time(r, val, 1, &o->delegate_ms);
	case K_MAX_FREEZES:
		return take_uint(r, val, EEH_RECOVERY_FREEZES_MAX, &o->max_freezes);
	case K_ATTEMPTS:
		return take_uint(r, val, EEH_RECOVERY_ATTEMPTS_MAX, &o->attempts);
	case K_FIRST_RESET:
		err = take_word(r, val, resets, &v);
		if (!err)
			o->fundamental = v;
		return err;
	case K_HOLD:
		return take_time(r, val, 100, &o->hold_ms);
	case K_SETTLE:
		return take_time(r, val, 1500, &o->settle_ms);
	case K_RESUME:
		return take_time(r, val, 1, &o->resume_ms);
	case K_UNAVAILABLE:
		return take_time(r, val, 1, &o->unavailable_ms);
	default:
		return -EINVAL;
	}
}

static int take_line(struct reader *r, char *key, char *val)
{
	enum key k;

	for (k = 0; k < KEYS; k++)
		if (!strcmp(key, keys[k]))
			break;
	if (!r->rule && !r->controller)
		return bad(r, "\"%s\" before the first section", key);
	if (k == KEYS)
		return bad(r, "unknown key \"%s\"", key);
	if (r->controller != (k <= K_SWEEP))
		return bad(r, "%s does not belong into %s", key,
			   r->controller ? "[controller], but into a rule" : "a rule, but into [controller]");
	if (r->seen & (1U << k))
		return bad(r, "%s a second time", key);
	r->seen |= 1U << k;
	return take_key(r, k, val);
}

static int take_section(struct reader *r, char *name)
{
	struct rule *rule;

	r->seen = 0;
	r->controller = false;
	r->rule = NULL;
	if (!strcmp(name, "controller")) {
		if (r->line && r->config->sweep_ms)
			return bad(r, "[controller] a second time");
		r->config->sweep_ms = 60000;
		r->controller = true;
		return 0;
	}
	if (!strcmp(name, "default")) {
		if (*r->dflt->name)
			return bad(r, "[default] a second time");
		strcpy(r->dflt->name, "default");
		r->rule = r->dflt;
		return 0;
	}
	if (strncmp(name, "rule ", 5))
		return bad(r, "unknown section [%s]: controller, rule NAME or default", name);
	name += 5;
	while (*name == ' ')
		name++;
	if (!*name || strlen(name) >= sizeof(rule->name) || !strcmp(name, "default"))
		return bad(r, "a rule needs a name of 1 to %zu characters, and not \"default\"",
			   sizeof(rule->name) - 1);
	for (rule = r->config->rules; rule; rule = rule->next)
		if (!strcmp(rule->name, name))
			return bad(r, "rule %s a second time", name);
	if (r->rules++ == CONFIG_RULES_MAX)
		return bad(r, "more than %d rules", CONFIG_RULES_MAX);
	rule = rule_new(name);
	if (!rule)
		return -ENOMEM;
	*r->tail = rule;
	r->tail = &rule->next;
	r->rule = rule;
	return 0;
}

/* Spaces at both ends, in place. */
static char *trim(char *s)
{
	size_t n;

	while (*s == ' ' || *s == '\t')
		s++;
	n = strlen(s);
	while (n && (s[n - 1] == ' ' || s[n - 1] == '\t' || s[n - 1] == '\r'))
		s[--n] = '\0';
	return s;
}

static int read_line(struct reader *r, char *s)
{
	char *eq;
	size_t n;

	s = trim(s);
	if (!*s || *s == '#' || *s == ';')
		return 0;
	for (n = 0; s[n]; n++)
		if ((unsigned char)s[n] < ' ' && s[n] != '\t')
			return bad(r, "a control character");
	if (*s == '[') {
		if (s[n - 1] != ']')
			return bad(r, "a section without ]");
		s[n - 1] = '\0';
		return take_section(r, trim(s + 1));
	}
	eq = strchr(s, '=');
	if (!eq)
		return bad(r, "neither [section] nor key = value");
	*eq = '\0';
	return take_line(r, trim(s), trim(eq + 1));
}

int config_parse(const char *text, size_t len, struct config **ret, char *error, size_t errlen)
{
	struct reader r = { .error = error, .errlen = errlen };
	char *copy = NULL, *p, *next;
	int err = -ENOMEM;

	*ret = NULL;
	if (errlen)
		*error = '\0';
	if (len > CONFIG_MAX)
		return bad(&r, "longer than %d bytes", CONFIG_MAX);
	if (memchr(text, '\0', len))
		return bad(&r, "a NUL byte");
	copy = malloc(len + 1);
	r.config = calloc(1, sizeof(*r.config));
	r.dflt = rule_new("");
	if (!copy || !r.config || !r.dflt)
		goto out;
	memcpy(copy, text, len);
	copy[len] = '\0';
	r.tail = &r.config->rules;
	err = 0;
	for (p = copy; p && !err; p = next) {
		next = strchr(p, '\n');
		if (next)
			*next++ = '\0';
		r.line++;
		err = read_line(&r, p);
	}
	if (err)
		goto out;
	if (!r.config->sweep_ms)
		r.config->sweep_ms = 60000;
	strcpy(r.dflt->name, "default");
	*r.tail = r.dflt;
	r.dflt = NULL;
	*ret = r.config;
	r.config = NULL;
out:
	if (err == -ENOMEM)
		snprintf(error, errlen, "no memory");
	config_free(r.config);
	if (r.dflt)
		rule_free(r.dflt);
	free(copy);
	return err;
}

int config_read(const char *path, struct config **config, char *error, size_t errlen)
{
	struct stat st;
	size_t have = 0;
	ssize_t n = 0;
	char *buf;
	int fd, err;

	*config = NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st)) {
		err = -errno;
		snprintf(error, errlen, "%s", strerror(-err));
		goto out;
	}
	if (st.st_size > CONFIG_MAX) {
		err = -EINVAL;
		snprintf(error, errlen, "longer than %d bytes", CONFIG_MAX);
		goto out;
	}
	buf = malloc(CONFIG_MAX + 1);
	if (!buf) {
		err = -ENOMEM;
		goto out;
	}
	while (have <= CONFIG_MAX && (n = read(fd, buf + have, CONFIG_MAX + 1 - have)) > 0)
		have += n;
	if (n < 0) {
		err = -errno;
		snprintf(error, errlen, "%s", strerror(-err));
	} else {
		err = config_parse(buf, have, config, error, errlen);
	}
	free(buf);
out:
	if (fd >= 0)
		close(fd);
	return err;
}

/* ---- Which rule ---- */

/* One of the globs of the list matches the text. */
static bool one_of(const char *globs, const char *text)
{
	char glob[256];
	size_t n;

	for (; *globs; globs += n) {
		globs += strspn(globs, " \t,");
		n = strcspn(globs, " \t,");
		if (!n || n >= sizeof(glob))
			continue;
		memcpy(glob, globs, n);
		glob[n] = '\0';
		if (!fnmatch(glob, text, 0))
			return true;
	}
	return false;
}

static bool any_device(const char *globs, const struct pe_desc *desc, bool driver)
{
	size_t i;

	for (i = 0; i < desc->nr_devices; i++)
		if (one_of(globs, driver ? desc->devices[i].driver : desc->devices[i].address))
			return true;
	return false;
}

static bool matches(const struct rule *rule, const struct pe_desc *desc)
{
	char name[24];

	snprintf(name, sizeof(name), "%04x:%x", desc->phb, desc->addr);
	return (!rule->globs[MATCH_PE] || one_of(rule->globs[MATCH_PE], name)) &&
	       (!rule->globs[MATCH_DEVICE] || any_device(rule->globs[MATCH_DEVICE], desc, false)) &&
	       (!rule->globs[MATCH_DRIVER] || any_device(rule->globs[MATCH_DRIVER], desc, true)) &&
	       (!rule->globs[MATCH_VM] || one_of(rule->globs[MATCH_VM], desc->vm));
}

const struct rule *config_rule(const struct config *config, const struct pe_desc *desc)
{
	const struct rule *rule;

	for (rule = config->rules; rule->next; rule = rule->next)
		if (matches(rule, desc))
			break;
	return rule;
}
