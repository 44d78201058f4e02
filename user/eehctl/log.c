// SPDX-License-Identifier: GPL-2.0-only
/* eehctl log: what hardware recorded about a freeze, in a sentence. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include <eeh/event.h>
#include <eeh/log.h>
#include <eeh/zpci.h>

#include "pe.h"

#define WHERE	"log"
/* A day of a busy host's kernel log. */
#define INPUT_MAX	(256UL << 20)

static int help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("Usage: eehctl log list [ PE ]\n"
	       "       eehctl log show [ PE ] [ --seq N ] [ --raw ]\n"
	       "       eehctl log decode [ FILE | - ] [ --pe PHB:NUMBER ] [ --raw ]\n"
	       "       eehctl log help\n"
	       "       PE := { PHB:NUMBER | DEVICE }\n");
	return EXIT_OK;
}

/* ---- one dump as JSON */

static void jput_hex(struct json_object *o, const char *key, uint64_t val, int digits)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "0x%0*" PRIx64, digits, val);
	jput_str(o, key, buf);
}

static void jput_flag(struct json_object *o, const char *key, uint32_t flags, uint32_t flag)
{
	jput_bool(o, key, flags & flag);
}

static struct json_object *record_json(const struct eeh_log_record *r)
{
	struct json_object *o = json_object_new_object(), *aer, *tlp;
	bool zpci = r->source == EEH_LOG_SOURCE_ZPCI;
	int i;

	jput_str(o, "sentence", r->sentence);
	jput_str(o, "class", eeh_log_class_name(r->error_class));
	jput_str(o, "cause", eeh_log_class_name(r->cause));
	jput_str(o, "severity", eeh_log_severity_name(r->severity));
	jput_str(o, "direction", eeh_log_direction_name(r->direction));
	if (r->flags & EEH_LOG_F_ADDRESS)
		jput_hex(o, "address", r->address, 0);
	if (*r->requester)
		jput_str(o, "requester", r->requester);
	jput_bool(o, "fresh", !(r->flags & (EEH_LOG_F_NOT_FRESH | EEH_LOG_F_NO_DATA)));
	if (zpci) {
		jput_u64(o, "fid", r->fid);
		jput_u64(o, "fh", r->fh);
		jput_u64(o, "pec", r->pec);
		return o;
	}
	if (r->flags & EEH_LOG_F_PHB)
		jput_u64(o, "phb", r->phb);
	if (r->flags & EEH_LOG_F_PE) {
		jput_u64(o, "pe", r->pe);
		jput_flag(o, "mmio_frozen", r->flags, EEH_LOG_F_MMIO_FROZEN);
		jput_flag(o, "dma_stopped", r->flags, EEH_LOG_F_DMA_STOPPED);
		jput_hex(o, "pest_a", r->pest[0], 16);
		jput_hex(o, "pest_b", r->pest[1], 16);
		jput_u64(o, "lem_bit", r->lem_bit);
		jput_u64(o, "msi_data", r->msi_data);
	}
	jput_flag(o, "phb_wide", r->flags, EEH_LOG_F_PHB_WIDE);
	jput_flag(o, "link_down", r->flags, EEH_LOG_F_LINK_DOWN);
	jput_flag(o, "fenced", r->flags, EEH_LOG_F_FENCED);
	jput_flag(o, "injection", r->flags, EEH_LOG_F_INJECTION);
	aer = json_object_new_object();
	jput_hex(aer, "uncorrectable", r->aer_uncorr, 8);
	jput_hex(aer, "correctable", r->aer_corr, 8);
	jput_hex(aer, "root", r->aer_root, 8);
	jput_hex(aer, "source_id", r->aer_source, 8);
	tlp = json_object_new_array();
	for (i = 0; i < 4; i++) {
		char buf[16];

		snprintf(buf, sizeof(buf), "0x%08x", r->aer_tlp[i]);
		json_object_array_add(tlp, json_object_new_string(buf));
	}
	json_object_object_add(aer, "tlp", tlp);
	if (r->flags & EEH_LOG_F_DEVICE_AER) {
		jput_hex(aer, "device_uncorrectable", r->device_uncorr, 8);
		jput_hex(aer, "device_correctable", r->device_corr, 8);
	}
	json_object_object_add(o, "aer", aer);
	return o;
}

static int register_json(void *arg, const struct eeh_log_register *reg)
{
	struct json_object *o = json_object_new_object();

	jput_str(o, "group", reg->group);
	jput_str(o, "name", reg->name);
	jput_hex(o, "value", reg->value, reg->width * 2);
	jput_str(o, "bits", reg->bits);
	json_object_array_add(arg, o);
	return 0;
}

/* What to show of a dump. */
struct show {
	bool pe;		/* only this one */
	uint32_t phb;
	uint32_t addr;
	bool raw;
	uint64_t seq;		/* this one; 0: the last of each PE */
	struct json_object *list;
	uint64_t shown;
};

static bool wanted(const struct show *s, const struct eeh_log_record *r)
{
	if (!s->pe)
		return true;
	if (r->flags & EEH_LOG_F_PHB && r->phb != s->phb)
		return false;
	return !(r->flags & EEH_LOG_F_PE) || r->pe == s->addr;
}

static struct json_object *dump_json(const struct show *s, const struct eeh_log_dump *dump)
{
	struct json_object *o = json_object_new_object(), *list = json_object_new_array();
	struct eeh_log_record r;
	const uint8_t *data;
	size_t i, len;
	char *hex;

	jput_str(o, "source", eeh_log_source_name(eeh_log_dump_source(dump)));
	if (eeh_log_dump_line(dump)) {
		jput_u64(o, "line", eeh_log_dump_line(dump));
		jput_str(o, "when", eeh_log_dump_when(dump));
	}
	for (i = 0; i < eeh_log_dump_count(dump); i++) {
		EEH_INIT(&r);
		eeh_log_dump_record(dump, i, &r);
		if (wanted(s, &r))
			json_object_array_add(list, record_json(&r));
	}
	json_object_object_add(o, "records", list);
	list = json_object_new_array();
	eeh_log_dump_for_each_register(dump, register_json, list);
	json_object_object_add(o, "registers", list);
	data = eeh_log_dump_data(dump, &len);
	if (s->raw && len) {
		hex = malloc(len * 2 + 1);
		if (!hex)
			abort();
		for (i = 0; i < len; i++)
			sprintf(hex + 2 * i, "%02x", data[i]);
		jput_str(o, "raw", hex);
		free(hex);
	}
	return o;
}

/* ---- one dump as text */

static void print_requester(const struct eeh_log_record *r)
{
	if (*r->requester)
		printf("  requester   %s\n", r->requester);
}

static void print_record(const struct eeh_log_record *r)
{
	printf("%s\n", r->sentence);
	printf("  class       %s", eeh_log_class_name(r->error_class));
	if (r->cause != r->error_class)
		printf(" (%s)", eeh_log_class_name(r->cause));
	if (r->flags & EEH_LOG_F_PHB_WIDE)
		printf(", by registers of the whole PHB");
	printf("\n  severity    %s\n", eeh_log_severity_name(r->severity));
	if (r->source == EEH_LOG_SOURCE_ZPCI)
		printf("  function    fid 0x%x, handle 0x%x, event code 0x%x\n", r->fid, r->fh, r->pec);
	if (r->flags & EEH_LOG_F_PE) {
		printf("  PE          ");
		if (r->flags & EEH_LOG_F_PHB)
			printf("%04x:", r->phb);
		printf("%x%s%s\n", r->pe, r->flags & EEH_LOG_F_MMIO_FROZEN ? ", MMIO frozen" : "",
		       r->flags & EEH_LOG_F_DMA_STOPPED ? ", DMA stopped" : "");
	}
	print_requester(r);
	if (r->direction)
		printf("  direction   %s\n", eeh_log_direction_name(r->direction));
	if (r->flags & EEH_LOG_F_ADDRESS)
		printf("  address     0x%" PRIx64 "\n", r->address);
	if (r->flags & EEH_LOG_F_PE && !(r->flags & EEH_LOG_F_NO_DATA))
		printf("  PEST        A %016" PRIx64 " B %016" PRIx64 ", LEM bit %u\n", r->pest[0],
		       r->pest[1], r->lem_bit);
	if (r->aer_uncorr || r->aer_corr || r->aer_root)
		printf("  root AER    uncorrectable %08x, corrected %08x, root %08x\n", r->aer_uncorr,
		       r->aer_corr, r->aer_root);
	if (r->flags & EEH_LOG_F_DEVICE_AER)
		printf("  device AER  uncorrectable %08x, corrected %08x\n", r->device_uncorr,
		       r->device_corr);
}

static int print_register(void *arg, const struct eeh_log_register *reg)
{
	struct table *t = arg;

	if (!reg->value)
		return 0;
	table_cell(t, "%s", reg->group);
	table_cell(t, "%s", reg->name);
	table_cell(t, "%0*" PRIx64, (int)reg->width * 2, reg->value);
	table_cell(t, "%s", reg->bits);
	return 0;
}

/* Frozen along with another, and nothing more to say: a PHB can have hundreds of these. */
static bool dull(const struct eeh_log_record *r)
{
	return r->flags & EEH_LOG_F_PE && !(r->pest[0] << 2) && !(r->pest[1] << 3);
}

static void print_dull(const struct show *s, const struct eeh_log_dump *dump, size_t from)
{
	struct eeh_log_record r, next;
	size_t i, n = eeh_log_dump_count(dump);
	uint32_t first;
	const char *sep = "";

	printf("%zu more PEs are frozen, with no cause of their own: ", n - from);
	for (i = from; i < n; i++) {
		EEH_INIT(&r);
		eeh_log_dump_record(dump, i, &r);
		first = r.pe;
		while (i + 1 < n) {
			EEH_INIT(&next);
			eeh_log_dump_record(dump, i + 1, &next);
			if (next.pe != r.pe + 1)
				break;
			r = next;
			i++;
		}
		printf("%s%x", sep, first);
		if (r.pe != first)
			printf("-%x", r.pe);
		sep = ", ";
	}
	printf("\n");
	(void)s;
}

static void print_raw(const uint8_t *data, size_t len)
{
	size_t i;

	printf("\nRaw:\n");
	for (i = 0; i < len; i++)
		printf("%s%02x%s", i % 32 ? "" : "  ", data[i],
		       i % 32 == 31 || i + 1 == len ? "\n" : i % 4 == 3 ? " " : "");
}

static void print_dump(struct show *s, const struct eeh_log_dump *dump)
{
	static const char * const heads[] = { "LINE", "REGISTER", "VALUE", "BITS" };
	struct eeh_log_record r;
	struct table *t;
	const uint8_t *data;
	size_t i, len, n = eeh_log_dump_count(dump), printed = 0;

	for (i = 0; i < n; i++) {
		EEH_INIT(&r);
		eeh_log_dump_record(dump, i, &r);
		if (!wanted(s, &r))
			continue;
		if (printed && dull(&r) && i + 1 < n && !s->pe) {
			print_dull(s, dump, i);
			break;
		}
		print_record(&r);
		if (!printed++ && eeh_log_dump_line(dump))
			printf("  from        line %" PRIu64 "%s%s\n", eeh_log_dump_line(dump),
			       *eeh_log_dump_when(dump) ? ", " : "", eeh_log_dump_when(dump));
	}
	if (r.flags & EEH_LOG_F_NO_DATA)
		return;
	printf("\n");
	t = table_new(heads, ARRAY_SIZE(heads));
	eeh_log_dump_for_each_register(dump, print_register, t);
	table_print(t, stdout);
	data = eeh_log_dump_data(dump, &len);
	if (s->raw)
		print_raw(data, len);
}

static int show_dump(void *arg, const struct eeh_log_dump *dump)
{
	struct show *s = arg;
	struct eeh_log_record r;
	size_t i;

	for (i = 0; i < eeh_log_dump_count(dump); i++) {
		EEH_INIT(&r);
		eeh_log_dump_record(dump, i, &r);
		if (wanted(s, &r))
			break;
	}
	if (i == eeh_log_dump_count(dump))
		return 0;
	if (json_output) {
		json_object_array_add(s->list, dump_json(s, dump));
	} else {
		if (s->shown)
			printf("\n");
		print_dump(s, dump);
	}
	s->shown++;
	return 0;
}

/* ---- decode */

static int read_all(const char *name, char **buf, size_t *len)
{
	bool in = !strcmp(name, "-");
	FILE *f = in ? stdin : fopen(name, "rb");
	size_t room = 0, n;
	char *more;
	int err = 0;

	*buf = NULL;
	*len = 0;
	if (!f)
		return fail(WHERE, -errno, "%s: %s", name, strerror(errno));
	while (!err) {
		if (*len == room) {
			room = room ? room * 2 : 1UL << 16;
			more = room > INPUT_MAX ? NULL : realloc(*buf, room);
			if (!more) {
				err = fail(WHERE, -EFBIG, "%s: more than %lu MiB: cut out the part "
					   "around the error", name, INPUT_MAX >> 20);
				break;
			}
			*buf = more;
		}
		n = fread(*buf + *len, 1, room - *len, f);
		if (!n)
			break;
		*len += n;
	}
	if (!err && ferror(f))
		err = fail(WHERE, -errno, "%s: %s", name, strerror(errno));
	if (!in)
		fclose(f);
	return err;
}

/* "0001:fd", both hexadecimal */
static int parse_pe(const char *s, uint32_t *phb, uint32_t *addr)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	size_t n = strspn(s, digits);

	if (!n || n > 8 || s[n] != ':' || !s[n + 1] || strlen(s + n + 1) > 8 ||
	    s[n + 1 + strspn(s + n + 1, digits)])
		return -EINVAL;
	*phb = strtoul(s, NULL, 16);
	*addr = strtoul(s + n + 1, NULL, 16);
	return 0;
}

/* Takes options out of the arguments; how many are left, or -1 after an error. */
static int options(int argc, char **argv, struct show *s, const char *cmd)
{
	bool kept = !strcmp(cmd, "show");
	char *end;
	int i, n = 0;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--raw")) {
			s->raw = true;
		} else if (!kept && !strcmp(argv[i], "--pe")) {
			if (i + 1 == argc || parse_pe(argv[i + 1], &s->phb, &s->addr)) {
				usage_error(WHERE, "%s: --pe PHB:NUMBER, for example 0001:fd", cmd);
				return -1;
			}
			s->pe = true;
			i++;
		} else if (kept && !strcmp(argv[i], "--seq")) {
			errno = 0;
			if (i + 1 < argc && argv[i + 1][0] >= '0' && argv[i + 1][0] <= '9')
				s->seq = strtoull(argv[i + 1], &end, 10);
			if (!s->seq || errno || *end) {
				usage_error(WHERE, "%s: --seq N, a number of eehctl log list", cmd);
				return -1;
			}
			i++;
		} else if (argv[i][0] == '-' && argv[i][1]) {
			usage_error(WHERE, "%s: unknown option \"%s\"", cmd, argv[i]);
			return -1;
		} else {
			argv[n++] = argv[i];
		}
	}
	return n;
}

static int do_decode(int argc, char **argv)
{
	struct eeh_log_opts opts;
	struct show s = { 0 };
	char *buf;
	size_t len;
	int n, err;

	n = options(argc, argv, &s, "decode");
	if (n < 0)
		return EXIT_USAGE;
	if (n > 1)
		return usage_error(WHERE, "decode: unexpected \"%s\"", argv[1]);
	err = read_all(n ? argv[0] : "-", &buf, &len);
	if (err) {
		free(buf);
		return err;
	}
	EEH_INIT(&opts);
	if (s.pe) {
		opts.flags = EEH_LOG_KNOW_PHB | EEH_LOG_KNOW_PE;
		opts.phb = s.phb;
		opts.pe = s.addr;
	}
	if (json_output)
		s.list = json_object_new_array();
	err = eeh_log_load(ctx, buf, len, &opts, show_dump, &s);
	free(buf);
	if (!err && !s.shown) {
		json_object_put(s.list);
		return fail(WHERE, -ENOENT, "nothing in it is about PE %04x:%x", s.phb, s.addr);
	}
	if (err) {
		json_object_put(s.list);
		return fail(WHERE, err, "%s", eeh_last_error(ctx));
	}
	if (json_output)
		json_print("logs", s.list);
	return EXIT_OK;
}

/* ---- what the module kept */

/* One of a PE. dump is NULL if it is not understood; why says so then. */
struct kept {
	char pe[EEH_PE_NAME_LEN];
	struct eeh_pe_log log;
	struct eeh_log_dump *dump;
	char why[160];
};

struct walk {
	const char *only;		/* one PE */
	int (*fn)(struct walk *w, const struct kept *k);
	struct show *show;
	struct table *table;
	struct kept last;		/* show: of this PE */
	bool any;
};

/* CLOCK_BOOTTIME to what people read. */
static const char *when(uint64_t boottime_ns, char *buf, size_t len)
{
	time_t t = (wall_ahead() + (int64_t)boottime_ns) / 1000000000LL;
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(buf, len, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return buf;
}

static struct json_object *kept_json(const struct kept *k, struct show *s)
{
	struct json_object *o = k->dump ? dump_json(s, k->dump) : json_object_new_object();
	char buf[40];

	jput_str(o, "name", k->pe);
	jput_u64(o, "seq", k->log.seq);
	jput_u64(o, "time_ns", k->log.time_ns);
	jput_str(o, "time", when(k->log.time_ns, buf, sizeof(buf)));
	jput_str(o, "noticed", eeh_source_name(k->log.source));
	jput_bool(o, "passed", k->log.passed);
	jput_bool(o, "stale", k->log.stale);
	if (!k->dump)
		jput_str(o, "error", k->why);
	return o;
}

static int list_one(struct walk *w, const struct kept *k)
{
	struct eeh_log_record r;
	char buf[40];

	if (json_output) {
		json_object_array_add(w->show->list, kept_json(k, w->show));
		return 0;
	}
	EEH_INIT(&r);
	if (k->dump)
		eeh_log_dump_record(k->dump, 0, &r);
	table_cell(w->table, "%s", k->pe);
	table_cell(w->table, "%" PRIu64, k->log.seq);
	table_cell(w->table, "%s", when(k->log.time_ns, buf, sizeof(buf)));
	table_cell(w->table, "%s", eeh_source_name(k->log.source));
	table_cell(w->table, "%s", k->log.stale ? "no" : "yes");
	table_cell(w->table, "%s", k->dump ? eeh_log_class_name(r.error_class) : "?");
	table_cell(w->table, "%s", k->dump ? r.sentence : k->why);
	return 0;
}

static int show_kept(struct walk *w, const struct kept *k)
{
	char buf[40];

	if (json_output) {
		json_object_array_add(w->show->list, kept_json(k, w->show));
		return 0;
	}
	if (w->show->shown++)
		printf("\n");
	if (k->dump)
		print_dump(w->show, k->dump);
	else
		printf("%s: %s\n", k->pe, k->why);
	printf("\n%s, number %" PRIu64 ", %s, noticed by: %s%s\n", k->pe, k->log.seq,
	       when(k->log.time_ns, buf, sizeof(buf)), eeh_source_name(k->log.source),
	       k->log.stale ? "; not fresh: the PE was isolated before it was fetched" : "");
	return 0;
}

/* The last one, or the one that was asked for. */
static int keep_last(struct walk *w, const struct kept *k)
{
	if (w->show->seq && k->log.seq != w->show->seq)
		return 0;
	eeh_log_dump_free(w->last.dump);
	w->last = *k;
	return 1;	/* not to be freed */
}

static int each_kept(struct walk *w, struct eeh_pe *pe, uint32_t phb, uint32_t addr)
{
	struct eeh_log_opts opts;
	struct kept k = { 0 };
	uint64_t seq = 0;
	int err;

	for (;;) {
		EEH_INIT(&k.log);
		err = eeh_pe_log_next(pe, seq, &k.log);
		if (err)
			return err == -ENODATA ? 0 : err;
		seq = k.log.seq;
		w->any = true;
		snprintf(k.pe, sizeof(k.pe), "%s", eeh_pe_name(pe));
		EEH_INIT(&opts);
		opts.flags = EEH_LOG_KNOW_PHB | EEH_LOG_KNOW_PE |
			     (k.log.stale ? EEH_LOG_KNOW_NOT_FRESH : 0);
		opts.phb = phb;
		opts.pe = addr;
		err = eeh_log_dump_new(ctx, k.log.data, k.log.len, &opts, &k.dump);
		if (err)
			snprintf(k.why, sizeof(k.why), "not understood: %s", eeh_last_error(ctx));
		if (!w->fn(w, &k))
			eeh_log_dump_free(k.dump);
	}
}

static int each_pe(void *arg, const struct eeh_pe_info *info)
{
	struct eeh_pe_opts opts;
	struct walk *w = arg;
	struct eeh_pe *pe;
	int err;

	EEH_INIT(&opts);
	opts.backend = EEH_BACKEND_DEV;
	err = eeh_pe_open(ctx, info->phb, info->addr, &opts, &pe);
	if (!err) {
		err = each_kept(w, pe, info->phb, info->addr);
		eeh_pe_close(pe);
	}
	/* Went away meanwhile. */
	if (err == -ENODEV && !w->only)
		return 0;
	if (!err && w->fn == keep_last && (w->last.dump || *w->last.why)) {
		show_kept(w, &w->last);
		eeh_log_dump_free(w->last.dump);
		memset(&w->last, 0, sizeof(w->last));
	}
	return err;
}

static int walk(struct walk *w)
{
	return w->only ? eeh_pe_find(ctx, w->only, each_pe, w) : eeh_pe_for_each(ctx, each_pe, w);
}

static int do_list(int argc, char **argv)
{
	static const char * const heads[] = { "PE", "SEQ", "TIME", "NOTICED", "FRESH", "CLASS",
					      "WHAT" };
	struct show s = { 0 };
	struct walk w = { .fn = list_one, .show = &s };
	int err;

	if (argc > 1)
		return usage_error(WHERE, "list: unexpected \"%s\"", argv[1]);
	w.only = argc ? argv[0] : NULL;
	if (json_output)
		s.list = json_object_new_array();
	else
		w.table = table_new(heads, ARRAY_SIZE(heads));
	err = walk(&w);
	if (err) {
		json_object_put(s.list);
		if (w.table)
			table_free(w.table);
		return fail(WHERE, err, "%s", eeh_last_error(ctx));
	}
	if (json_output)
		json_print("logs", s.list);
	else
		table_print(w.table, stdout);
	return EXIT_OK;
}

static int do_show(int argc, char **argv)
{
	struct show s = { 0 };
	struct walk w = { .fn = keep_last, .show = &s };
	int n, err;

	n = options(argc, argv, &s, "show");
	if (n < 0)
		return EXIT_USAGE;
	if (n > 1)
		return usage_error(WHERE, "show: unexpected \"%s\"", argv[1]);
	w.only = n ? argv[0] : NULL;
	if (json_output)
		s.list = json_object_new_array();
	err = walk(&w);
	if (err) {
		json_object_put(s.list);
		return fail(WHERE, err, "%s", eeh_last_error(ctx));
	}
	if (json_output)
		s.shown = json_object_array_length(s.list);
	if (!s.shown) {
		json_object_put(s.list);
		return fail(WHERE, -ENODATA, "%s", w.any ?
			    "there is no such number (any more): see eehctl log list" :
			    eeh_zpci_support(ctx) >= 0 ?
			    "nothing is kept: records are kept from the first start of eeh-controld on" :
			    "nothing is kept: the module keeps the diagnostic data of freezes while "
			    "/dev/eeh is open (eeh-controld, eehctl trace)");
	}
	if (json_output)
		json_print("logs", s.list);
	return EXIT_OK;
}

static const struct command cmds[] = {
	{ "list",	do_list },
	{ "show",	do_show },
	{ "decode",	do_decode },
	{ "help",	help },
	{ NULL,		NULL },
};

int do_log(int argc, char **argv)
{
	return cmd_select(cmds, argc, argv, WHERE, help);
}
