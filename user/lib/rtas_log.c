// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Error logs for the guest, in the form of event-scan: LoPAR, "RTAS Error Return Format" (the first
 * eight bytes), "RTAS General Extended Event Log Format, Version 6" and "Platform Event Log Format,
 * Version 6". All big endian. A log of a freeze has the sections PH and UH, PS with the slot as the
 * part to look at, UD with what is known in plain words, and last a UD with what the guest's driver
 * had to say.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rtas_internal.h"

#define FIXED_LEN	8
#define EXT_LEN		16
#define PH_LEN		48
#define UH_LEN		24
#define PS_LEN		80
#define IE_LEN		16
#define SECTION_LEN	8
#define TEXT_MAX	768

#define TYPE_PLATFORM	0xe0
#define TYPE_IO_EVENT	0xe1

/* "Creator Component ID": nobody's. */
#define COMPONENT	0x4545
/* Subtypes of our UD sections. */
#define UD_TEXT		1
#define UD_DRIVER	2

struct out {
	uint8_t *p;
	size_t len, room;
	uint8_t *count;		/* of sections */
};

static uint8_t *grow(struct out *o, size_t n)
{
	uint8_t *p = o->p + o->len;

	if (n > o->room - o->len)
		return NULL;
	memset(p, 0, n);
	o->len += n;
	return p;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint8_t bcd(int v)
{
	return (v / 10 % 10) << 4 | v % 10;
}

static uint8_t *section(struct out *o, const char *id, size_t len, uint8_t subtype)
{
	uint8_t *p = grow(o, len);

	if (!p)
		return NULL;
	memcpy(p, id, 2);
	put16(p + 2, len);
	p[4] = 1;
	p[5] = subtype;
	put16(p + 6, COMPONENT);
	if (o->count)
		(*o->count)++;
	return p;
}

/* The fixed part, the extended header, PH and UH. @error: not merely an event. */
static void begin(struct out *o, uint8_t type, bool error, bool permanent, uint32_t id)
{
	time_t now = time(NULL);
	struct tm tm;
	uint8_t *p;

	gmtime_r(&now, &tm);
	p = grow(o, FIXED_LEN);
	p[0] = 6;
	/* Severity ERROR or EVENT, disposition "not recovered", extended log present. */
	p[1] = (error ? 4 : 1) << 5 | (error ? 2 : 0) << 3 | 1 << 2;
	p[2] = 2 << 4;			/* initiator: PCI */
	p[3] = type;
	p = grow(o, EXT_LEN);
	p[0] = 0x80 | (permanent ? 0x40 : 0x20) | 0x04 | 0x02;
	p[2] = 0x80 | 14;
	memcpy(p + 12, "IBM", 4);
	p = section(o, "PH", PH_LEN, 0);
	p[8] = bcd((tm.tm_year + 1900) / 100);
	p[9] = bcd(tm.tm_year % 100);
	p[0xa] = bcd(tm.tm_mon + 1);
	p[0xb] = bcd(tm.tm_mday);
	p[0xc] = bcd(tm.tm_hour);
	p[0xd] = bcd(tm.tm_min);
	p[0xe] = bcd(tm.tm_sec);
	p[0x18] = 'H';			/* the hypervisor */
	p[0x1b] = 1;
	o->count = p + 0x1b;
	put32(p + 0x28, id);
	p = section(o, "UH", UH_LEN, 0);
	p[8] = 0x40;			/* I/O adapter, device and peripheral */
	/* Unrecoverable, or recovered by what the guest does now; an event has none. */
	p[0xa] = !error ? 0 : permanent ? 0x48 : 0x10;
	p[0xb] = error ? 0 : 1;
	put16(p + 0x12, permanent ? 0x8000 : 0);
}

static void finish(struct out *o)
{
	put32(o->p + 4, o->len - FIXED_LEN);
}

/* Primary SRC with one call-out: where the guest has the slot. */
static void put_src(struct out *o, const struct eeh_rtas_pe *pe, uint32_t config_addr,
		    uint32_t state, uint32_t error_class)
{
	char where[64], code[33];
	size_t n, loc;
	uint8_t *p;

	n = snprintf(where, sizeof(where), "PCI-%" PRIX64 "-B%02X-D%02X-F%X", pe->buid,
		     config_addr >> 16 & 0xff, config_addr >> 11 & 0x1f, config_addr >> 8 & 7) + 1;
	loc = (n + 3) & ~3UL;
	p = section(o, "PS", PS_LEN + 8 + loc, 0);
	if (!p)
		return;
	p[8] = 2;
	p[9] = 1;			/* a call-out follows */
	put32(p + 0x10, pe->host_phb);
	put32(p + 0x14, pe->host_addr);
	put32(p + 0x18, state);
	put32(p + 0x1c, error_class);
	snprintf(code, sizeof(code), "EEH%05X%24s", (unsigned int)error_class & 0xfffff, "");
	memcpy(p + 0x30, code, 32);
	p += PS_LEN;
	p[0] = 0xc0;
	put16(p + 2, (8 + loc) / 4);
	p[4] = 4 + loc;
	p[5] = 0x20;
	p[6] = 'M';
	p[7] = loc;
	memcpy(p + 8, where, n);
}

static void put_data(struct out *o, uint8_t subtype, const void *data, size_t len)
{
	size_t room = o->room - o->len;
	uint8_t *p;

	if (room <= SECTION_LEN)
		return;
	room = (room - SECTION_LEN) & ~3UL;
	if (len > room)
		len = room;
	if (!len)
		return;
	p = section(o, "UD", SECTION_LEN + ((len + 3) & ~3UL), subtype);
	if (p)
		memcpy(p + SECTION_LEN, data, len);
}

/* ---- What is known of a freeze */

static int fetch_by_dev(struct eeh_rtas_pe *pe, void *buf, size_t room)
{
	struct eeh_pe_log log;
	uint64_t seq = 0;

	EEH_INIT(&log);
	if (!pe->log_pe || eeh_pe_log_fetch(pe->log_pe, &seq) < 0 || !seq ||
	    eeh_pe_log_next(pe->log_pe, seq - 1, &log) || !log.len || log.len > room)
		return 0;
	memcpy(buf, log.data, log.len);
	return log.len;
}

void rtas_notice(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	void *buf = malloc(RTAS_DIAG_MAX);
	long n = 0;

	if (!buf)
		return;
	if (rtas->o.diag)
		n = rtas->o.diag(rtas->o.arg, pe->arg, buf, RTAS_DIAG_MAX);
	pthread_mutex_lock(&pe->lock);
	if (n <= 0 && !pe->removed)
		n = fetch_by_dev(pe, buf, RTAS_DIAG_MAX);
	/* It may have recovered meanwhile. */
	if (n > 0 && n <= (long)RTAS_DIAG_MAX && pe->frozen) {
		rtas_forget_log(pe);
		pe->diag = malloc(n);
		if (pe->diag) {
			memcpy(pe->diag, buf, n);
			pe->diag_len = n;
		}
	}
	pthread_mutex_unlock(&pe->lock);
	free(buf);
}

struct text {
	char s[TEXT_MAX];
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static void say(struct text *t, const char *fmt, ...)
{
	size_t room = sizeof(t->s) - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->s + t->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < room ? (size_t)n : room - 1;
}

static const char *state_sentence(enum rtas_state state)
{
	return state == RTAS_STOPPED ? "MMIO and DMA are stopped" :
	       state == RTAS_STOPPED_DMA ? "DMA is stopped, MMIO works" :
	       state == RTAS_UNAVAILABLE ? "it cannot be reached for now" :
	       "it was given up, until it is plugged anew or the machine is reset";
}

/* pe->lock is held. */
static uint32_t describe(struct eeh_rtas_pe *pe, enum rtas_state state, struct text *t)
{
	const struct eeh_rtas_function *f = eeh_rtas_function(pe->injection.func);
	uint32_t error_class = EEH_LOG_CLASS_NONE;
	struct eeh_log_record rec;
	struct eeh_log_opts opts;

	EEH_INIT(&opts);
	opts.flags = EEH_LOG_KNOW_PHB | EEH_LOG_KNOW_PE;
	opts.phb = pe->host_phb;
	opts.pe = pe->host_addr;
	EEH_INIT(&rec);
	if (pe->diag && !eeh_log_decode(pe->log_ctx, pe->diag, pe->diag_len, &opts, &rec)) {
		error_class = rec.error_class;
		say(t, "%s\nclass: %s\n", rec.sentence, eeh_log_class_name(rec.error_class));
	}
	say(t, "PE %s: %s\n", pe->name, state_sentence(state));
	if (pe->outside)
		say(t, "something above it failed, not the PE itself\n");
	if (pe->injection.err && pe->frozen && pe->frozen_ns >= pe->injection.time_ns) {
		say(t, "this guest injected %s, address %#" PRIx64 ", %llu ms before\n",
		    f ? f->name : "?", pe->injection.addr,
		    (pe->frozen_ns - pe->injection.time_ns) / MS);
		if (error_class == EEH_LOG_CLASS_NONE)
			error_class = EEH_LOG_CLASS_INJECTED;
	}
	return error_class;
}

/* The registers that LoPAR suggests, as far as the VMM has them. */
static void describe_devices(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, struct text *t)
{
	uint32_t id, command, class_code;
	struct rtas_device *d;

	if (!rtas->o.config_read)
		return;
	pthread_rwlock_rdlock(&rtas->dev_lock);
	for (d = pe->devices; d; d = d->next) {
		if (rtas->o.config_read(rtas->o.arg, d->arg, 0, &id) ||
		    rtas->o.config_read(rtas->o.arg, d->arg, 4, &command) ||
		    rtas->o.config_read(rtas->o.arg, d->arg, 8, &class_code))
			continue;
		say(t, "%02x:%02x.%x: %04x:%04x class %06x command %04x status %04x\n",
		    d->config_addr >> 16 & 0xff, d->config_addr >> 11 & 0x1f,
		    d->config_addr >> 8 & 7, id & 0xffff, id >> 16, class_code >> 8,
		    command & 0xffff, command >> 16);
	}
	pthread_rwlock_unlock(&rtas->dev_lock);
}

/* ---- ibm,slot-error-detail */

static int32_t write_log(struct rtas_call *c, struct eeh_rtas_pe *pe, enum rtas_state state,
			 uint8_t *buf, const uint8_t *driver, size_t driver_len)
{
	struct eeh_rtas *rtas = c->rtas;
	struct text t = { .len = 0 }, dev = { .len = 0 };
	struct out o = { .p = buf, .room = rtas->o.log_max };
	uint32_t room = c->args[6], addr, error_class, id;

	/* A log that ends where the guest's buffer does; the fixed parts are there in any case. */
	if (room < o.room)
		o.room = room > 256 ? room : 256;
	describe_devices(rtas, pe, &dev);
	addr = eeh_rtas_pe_config_addr(rtas, pe);
	pthread_mutex_lock(&rtas->lock);
	id = ++rtas->log_id;
	pthread_mutex_unlock(&rtas->lock);
	pthread_mutex_lock(&pe->lock);
	error_class = describe(pe, state, &t);
	pthread_mutex_unlock(&pe->lock);
	say(&t, "%s", dev.s);

	begin(&o, TYPE_PLATFORM, true, state == RTAS_PERMANENT, id);
	put_src(&o, pe, addr, state == RTAS_PERMANENT ? 5 : state, error_class);
	put_data(&o, UD_TEXT, t.s, t.len);
	put_data(&o, UD_DRIVER, driver, driver_len);
	finish(&o);
	if (o.len < room)
		room = o.len;
	if (room && rtas->o.mem_write(rtas->o.arg, c->args[5], buf, room))
		return EEH_RTAS_PARAM_ERROR;
	pthread_mutex_lock(&pe->lock);
	rtas_forget_log(pe);
	pthread_mutex_unlock(&pe->lock);
	return EEH_RTAS_SUCCESS;
}

int32_t rtas_error_detail(struct rtas_call *c, struct eeh_rtas_pe *pe)
{
	struct eeh_rtas *rtas = c->rtas;
	uint32_t func = c->args[7], len = c->args[4], ms;
	int32_t ret = EEH_RTAS_PARAM_ERROR;
	enum rtas_state state;
	uint8_t *buf;

	if (func != 1 && func != 2)
		return ret;
	pthread_mutex_lock(&pe->lock);
	if (pe->removed) {
		pthread_mutex_unlock(&pe->lock);
		return ret;
	}
	/* What it was frozen by is looked at first: afterwards nobody asks. */
	state = pe->busy ? pe->permanent ? RTAS_PERMANENT : RTAS_UNAVAILABLE :
		rtas_state(c, pe, &ms);
	/* R1-12: unconditionally. */
	if (func == 2) {
		rtas_permanent(c, pe, "the guest gave it up");
		state = RTAS_PERMANENT;
	}
	pthread_mutex_unlock(&pe->lock);
	if (c->notice) {
		rtas_notice(rtas, c->notice);
		rtas_pe_put(rtas, c->notice);
		c->notice = NULL;
	}
	/* R1-6: nothing is stopped. */
	if (state == RTAS_NORMAL || state == RTAS_RESET)
		return EEH_RTAS_NO_LOG;
	if (len > rtas->o.log_max)
		len = rtas->o.log_max;
	buf = malloc(2 * rtas->o.log_max);
	if (!buf)
		return EEH_RTAS_HW_ERROR;
	if (!len || !rtas->o.mem_read(rtas->o.arg, c->args[3], buf + rtas->o.log_max, len))
		ret = write_log(c, pe, state, buf, buf + rtas->o.log_max, len);
	free(buf);
	return ret;
}

/* ---- I/O events */

/* "IO Events section": an error was detected. Scope: the PHB's; the slot is in the DRC index. */
static size_t io_event(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, uint8_t *buf, size_t room)
{
	struct out o = { .p = buf, .room = room };
	uint32_t id;
	uint8_t *p;

	pthread_mutex_lock(&rtas->lock);
	id = ++rtas->log_id;
	pthread_mutex_unlock(&rtas->lock);
	begin(&o, TYPE_IO_EVENT, false, false, id);
	p = section(&o, "IE", IE_LEN, 0);
	p[8] = 1;
	p[0xa] = 0x38;
	put32(p + 0xc, pe->drc_index);
	finish(&o);
	return o.len;
}

int eeh_rtas_notice(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	struct rtas_call c = { .rtas = rtas };
	uint8_t log[256];
	bool send = false;
	uint32_t ms;
	int ret;

	rtas_pe_get(rtas, pe);
	if (rtas_pe_lock(pe)) {
		rtas_state(&c, pe, &ms);
		send = rtas->o.io_event && pe->frozen && pe->io_enabled && !pe->io_sent;
		if (send)
			pe->io_sent = true;
		pthread_mutex_unlock(&pe->lock);
	}
	rtas_flush(&c);
	ret = send;
	if (send) {
		ret = rtas->o.io_event(rtas->o.arg, pe->arg, log,
				       io_event(rtas, pe, log, sizeof(log)));
		if (ret) {
			pthread_mutex_lock(&pe->lock);
			pe->io_sent = false;
			pthread_mutex_unlock(&pe->lock);
		}
		ret = ret ? ret : 1;
	}
	rtas_pe_put(rtas, pe);
	return ret;
}
