// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Error logs: dumps in a kernel's or firmware's log. Each is put together again
 * as the binary data that were printed, so that there is one decoder.
 *
 * The kernel (arch/powerpc/platforms/powernv/pci.c) prints
 *	PHB4 PHB#1 Diag-data (Version: 1)
 *	RootSts:    0000000f 004003c0 20110000 00100107 00000000
 *	PE[0fd] A/B: a440000000000000 800600c080000004
 *	PE[..1ff] A/B: as above
 * with only the groups that are not 0 and the PEs that are frozen. The number of
 * a PHB3 is hexadecimal, that of a PHB4 decimal. OPAL (hw/phb3.c, hw/phb4.c) prints
 *	PHB#0001[0:1]:        phbTxeErrorStatus = 0000000800000000
 *	PHB#0001[0:1]:                PEST[0fd] = a440000000000000 800600c080000004
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log_internal.h"

#define LINE_LEN	512	/* the kernel cuts its lines at 1 KiB; those we want are shorter */

/* A dump that is being read. */
struct open_dump {
	bool open;
	struct log_facts facts;
	char tag[40];		/* opal: "PHB#0001[0:1]" */
	const struct log_layout *layout;	/* kernel: known from its first line */
	uint8_t data[PHB_LEN_MAX];		/* as the layout has it; opal: as a PHB4 */
	uint8_t data3[PHB3_LEN];		/* opal: as a PHB3 */
	bool seen[64];		/* opal: the register of the PHB4 */
	bool seen3[64];
	bool only3, only4;	/* opal: registers that only one of them has */
	uint32_t last_pe;	/* kernel: of the last PE line; UINT32_MAX: none */
};

struct parser {
	struct eeh_ctx *ctx;
	uint64_t line;
	struct open_dump kernel;	/* a console has both, line by line */
	struct open_dump opal;
	struct log_facts about;	/* what the "EEH:" lines before a dump said */
	struct log_facts fence;	/* likewise OPAL: of a fence */
	bool froze;		/* they named a PE or a fenced PHB */
	struct eeh_log_dump **dumps;
	size_t nr, room;
};

__attribute__((format(printf, 2, 3)))
static int bad(struct parser *p, const char *fmt, ...)
{
	char what[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return eeh_fail(p->ctx, -EBADMSG, "line %" PRIu64 ": %s", p->line, what);
}

static int add_dump(struct parser *p, const struct log_layout *layout, const uint8_t *data,
		    const struct log_facts *facts)
{
	struct eeh_log_dump **more;
	uint8_t *copy = NULL;

	if (p->nr == p->room) {
		more = realloc(p->dumps, (p->room ? p->room * 2 : 8) * sizeof(*more));
		if (!more)
			return eeh_fail(p->ctx, -ENOMEM, "out of memory");
		p->dumps = more;
		p->room = p->room ? p->room * 2 : 8;
	}
	if (layout) {
		copy = malloc(layout->len);
		if (!copy)
			return eeh_fail(p->ctx, -ENOMEM, "out of memory");
		memcpy(copy, data, layout->len);
	}
	p->dumps[p->nr] = log_dump_make(layout, copy, facts);
	if (!p->dumps[p->nr])
		return eeh_fail(p->ctx, -ENOMEM, "out of memory");
	p->nr++;
	return 0;
}

static void header(uint8_t *data, const struct log_layout *layout)
{
	log_put(data, PHB_VERSION, 4, PHB_VERSION_1);
	log_put(data, PHB_IOTYPE, 4, layout->iotype);
	log_put(data, PHB_LEN, 4, layout->len);
}

static int close_dump(struct parser *p, struct open_dump *d)
{
	const struct log_layout *layout = d->layout;
	uint8_t *data = d->data;

	if (!d->open)
		return 0;
	d->open = false;
	if (d == &p->opal) {
		layout = d->only3 ? &log_layout_phb3 : &log_layout_phb4;
		if (d->only3)
			data = d->data3;
	}
	header(data, layout);
	return add_dump(p, layout, data, &d->facts);
}

/* What was said before belongs to the dump that begins, if it is of the same PHB. */
static void open_dump(struct parser *p, struct open_dump *d, uint32_t phb, const char *when)
{
	struct log_facts *about = d == &p->opal ? &p->fence : &p->about;

	memset(d, 0, sizeof(*d));
	d->open = true;
	d->last_pe = UINT32_MAX;
	if (!(about->know & EEH_LOG_KNOW_PHB) || about->phb == phb)
		d->facts = *about;
	memset(about, 0, sizeof(*about));
	d->facts.know |= EEH_LOG_KNOW_PHB;
	d->facts.phb = phb;
	d->facts.line = p->line;
	snprintf(d->facts.when, sizeof(d->facts.when), "%s", when);
}

/* ---- words of a line */

/* Exactly digits hex digits (0: 1 to 16), then no further one. Advances s. */
static bool hex(const char **s, unsigned int digits, uint64_t *value)
{
	unsigned int n = 0;
	uint64_t v = 0;
	char c;

	for (;; n++) {
		c = (*s)[n];
		if (c >= '0' && c <= '9')
			c -= '0';
		else if (c >= 'a' && c <= 'f')
			c -= 'a' - 10;
		else if (c >= 'A' && c <= 'F')
			c -= 'A' - 10;
		else
			break;
		if (n == 16)
			return false;
		v = v << 4 | c;
	}
	if (!n || (digits && n != digits))
		return false;
	*s += n;
	*value = v;
	return true;
}

static bool decimal(const char **s, uint64_t *value)
{
	const char *p = *s;
	uint64_t v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > UINT32_MAX)
			return false;
		v = v * 10 + (*p - '0');
	}
	if (p == *s)
		return false;
	*s = p;
	*value = v;
	return true;
}

static void spaces(const char **s)
{
	*s += strspn(*s, " \t");
}

/* The rest of a line has no more than blanks. */
static bool ended(const char *s)
{
	spaces(&s);
	return !*s;
}

/* Can a word begin here? Prefixes may be anything. */
static bool at_word(const char *line, const char *s)
{
	return s == line || s[-1] == ' ' || s[-1] == '\t' || s[-1] == ']' || s[-1] == '>';
}

static const char *find(const char *line, const char *word)
{
	const char *s;
	size_t n = strlen(word);

	for (s = line; *s; s++)
		if (*s == *word && at_word(line, s) && !strncmp(s, word, n))
			return s;
	return NULL;
}

/* What is before at, without blanks at its end: "[   29.811466]". */
static void prefix(const char *line, const char *at, char *buf, size_t len)
{
	size_t n = at - line;

	while (n && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	snprintf(buf, len, "%.*s", (int)(n < len ? n : len - 1), line);
}

/* ---- the kernel's dumps */

static int kernel_start(struct parser *p, const char *line, const char *at)
{
	const struct log_layout *layout = at[3] == '3' ? &log_layout_phb3 : &log_layout_phb4;
	const char *s = at + strlen("PHB4 PHB#");
	char when[64];
	uint64_t phb;
	int err;

	err = close_dump(p, &p->kernel);
	if (err)
		return err;
	if (!(layout == &log_layout_phb3 ? hex(&s, 0, &phb) : decimal(&s, &phb)) ||
	    phb > UINT32_MAX)
		return bad(p, "the number of the PHB is malformed");
	if (strncmp(s, " Diag-data (Version: ", 21))
		return bad(p, "\"Diag-data (Version: N)\" is missing after the PHB");
	s += 21;
	if (strcmp(s, "1)") && !(s[0] == '1' && s[1] == ')' && ended(s + 2)))
		return bad(p, "diagnostic data of version \"%.8s\", only 1 is known", s);
	prefix(line, at, when, sizeof(when));
	open_dump(p, &p->kernel, phb, when);
	p->kernel.layout = layout;
	return 0;
}

/* "PE[0fd] A/B: 8... 8...", "PE[..0fd] A/B: as above" */
static int kernel_pe(struct parser *p, const char *at)
{
	struct open_dump *d = &p->kernel;
	const struct log_layout *l = d->layout;
	const char *s = at + strlen("PE[");
	bool run = !strncmp(s, "..", 2);
	uint64_t pe, a, b;

	s += run ? 2 : 0;
	if (!hex(&s, 0, &pe) || strncmp(s, "] A/B:", 6))
		return bad(p, "a malformed PE line");
	s += 6;
	if (pe >= l->pes)
		return bad(p, "PE %" PRIx64 ": a %s has only %u", pe,
			   eeh_log_source_name(l->source), l->pes);
	spaces(&s);
	if (run) {
		if (strncmp(s, "as above", 8) || !ended(s + 8))
			return bad(p, "PE[..%" PRIx64 "]: \"as above\" is missing", pe);
		if (d->last_pe == UINT32_MAX || pe <= d->last_pe)
			return bad(p, "PE[..%" PRIx64 "] as above, but no PE line before it", pe);
		a = log_get(d->data, l->pesta + 8 * d->last_pe, 8);
		b = log_get(d->data, l->pestb + 8 * d->last_pe, 8);
		while (d->last_pe < pe) {
			d->last_pe++;
			log_put(d->data, l->pesta + 8 * d->last_pe, 8, a);
			log_put(d->data, l->pestb + 8 * d->last_pe, 8, b);
		}
		return 0;
	}
	if (!hex(&s, 16, &a))
		return bad(p, "PE %" PRIx64 ": A is not a word of 16 hex digits", pe);
	spaces(&s);
	if (!hex(&s, 16, &b) || !ended(s))
		return bad(p, "PE %" PRIx64 ": B is not a word of 16 hex digits", pe);
	if (d->last_pe != UINT32_MAX && pe <= d->last_pe)
		return bad(p, "PE %" PRIx64 " comes after PE %x", pe, d->last_pe);
	log_put(d->data, l->pesta + 8 * pe, 8, a);
	log_put(d->data, l->pestb + 8 * pe, 8, b);
	d->last_pe = pe;
	return 0;
}

/* The first register of the group whose name and a colon are somewhere in the line. */
static const struct log_reg *find_group(const struct log_layout *l, const char *line,
					const char **at)
{
	const char *s;
	size_t i, n;

	for (s = line; *s; s++) {
		if (!at_word(line, s))
			continue;
		for (i = 0; i < l->nr_regs; i++) {
			if (l->regs[i].column || l->regs[i].group[0] != *s)
				continue;
			n = strlen(l->regs[i].group);
			if (!strncmp(s, l->regs[i].group, n) && s[n] == ':') {
				*at = s + n + 1;
				return &l->regs[i];
			}
		}
	}
	return NULL;
}

/* "RxeTceErr:  4000000000000000 ..." */
static int kernel_group(struct parser *p, const char *line)
{
	const struct log_layout *l = p->kernel.layout;
	const struct log_reg *r, *end = l->regs + l->nr_regs;
	const char *group, *at;
	uint64_t value;

	r = find_group(l, line, &at);
	if (!r)
		return 0;
	group = r->group;
	for (; r < end && !strcmp(r->group, group); r++) {
		spaces(&at);
		if (!hex(&at, r->width * 2, &value))
			return bad(p, "%s: word %u is not %u hex digits", group, r->column + 1,
				   r->width * 2);
		log_put(p->kernel.data, r->offset, r->width, value);
	}
	return ended(at) ? 0 : bad(p, "%s: more words than a %s has", group,
				   eeh_log_source_name(l->source));
}

/* ---- OPAL's dumps */

static const struct log_reg *opal_reg(const struct log_layout *l, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < l->nr_regs; i++)
		if ((strlen(l->regs[i].name) == n && !strncmp(l->regs[i].name, name, n)) ||
		    (l->regs[i].alias && strlen(l->regs[i].alias) == n &&
		     !strncmp(l->regs[i].alias, name, n)))
			return &l->regs[i];
	return NULL;
}

static int opal_set(struct parser *p, const struct log_reg *r, uint8_t *data, const char *value)
{
	uint64_t v;

	if (!hex(&value, r->width * 2, &v) || !ended(value))
		return bad(p, "%s is not %u hex digits", r->name, r->width * 2);
	/* phb4_eeh_dump_regs() turns these into PCI's byte order. */
	if (!strncmp(r->name, "tlpHdr", 6))
		v = __builtin_bswap32(v);
	log_put(data, r->offset, r->width, v);
	return 0;
}

static int opal_pe(struct parser *p, const char *s)
{
	struct open_dump *d = &p->opal;
	uint64_t pe, a, b;

	if (!hex(&s, 0, &pe) || strncmp(s, "] = ", 4) || pe >= PHB4_PES)
		return bad(p, "a malformed PEST line");
	s += 4;
	if (!hex(&s, 16, &a) || *s++ != ' ' || !hex(&s, 16, &b) || !ended(s))
		return bad(p, "PEST[%" PRIx64 "] is not two words of 16 hex digits", pe);
	log_put(d->data, log_layout_phb4.pesta + 8 * pe, 8, a);
	log_put(d->data, log_layout_phb4.pestb + 8 * pe, 8, b);
	if (pe < PHB3_PES) {
		log_put(d->data3, log_layout_phb3.pesta + 8 * pe, 8, a);
		log_put(d->data3, log_layout_phb3.pestb + 8 * pe, 8, b);
	} else if (d->only3) {
		return bad(p, "PEST[%" PRIx64 "]: a phb3 has only %u PEs", pe, PHB3_PES);
	} else {
		d->only4 = true;
	}
	return 0;
}

/* "PHB#0001[0:1]: ...", at the PHB. */
static int opal_line(struct parser *p, const char *line, const char *at)
{
	struct open_dump *d = &p->opal;
	const char *s = at + strlen("PHB#"), *name;
	const struct log_reg *r3, *r4;
	char tag[40], when[64];
	size_t n, i3, i4;
	uint64_t phb;
	bool pest;
	int err = 0;

	/* Other lines of OPAL begin alike: not ours, whatever is in them. */
	if (!hex(&s, 0, &phb) || phb > UINT32_MAX || *s != '[')
		return 0;
	n = strcspn(at, " ");
	if (n < 3 || n >= sizeof(tag) || at[n - 1] != ':')
		return 0;
	memcpy(tag, at, n);
	tag[n] = '\0';

	s = at + n;
	spaces(&s);
	if (!strncmp(s, "PHB Freeze/Fence detected", 25)) {
		err = close_dump(p, d);
		memset(&p->fence, 0, sizeof(p->fence));
		p->fence.know = EEH_LOG_KNOW_FENCED | EEH_LOG_KNOW_PHB;
		p->fence.phb = phb;
		p->fence.line = p->line;
		prefix(line, at, p->fence.when, sizeof(p->fence.when));
		return err;
	}
	name = s;
	pest = !strncmp(name, "PEST[", 5);
	n = strcspn(name, " =");
	r4 = opal_reg(&log_layout_phb4, name, n);
	r3 = opal_reg(&log_layout_phb3, name, n);
	if (!pest && (strncmp(name + n, " = ", 3) || (!r3 && !r4)))
		return 0;
	i4 = r4 ? r4 - log_layout_phb4.regs : 0;
	i3 = r3 ? r3 - log_layout_phb3.regs : 0;

	/* Another PHB, or the same name again: another dump. */
	if (d->open && (strcmp(d->tag, tag) || (r4 && d->seen[i4]) || (r3 && d->seen3[i3]))) {
		err = close_dump(p, d);
		if (err)
			return err;
	}
	if (!d->open) {
		if (pest)
			return 0;	/* the beginning is missing */
		prefix(line, at, when, sizeof(when));
		open_dump(p, d, phb, when);
		strcpy(d->tag, tag);
	}
	if (pest)
		return opal_pe(p, name + 5);

	/* The two share names: read as both, and decide at the end. */
	if (r4) {
		d->seen[i4] = true;
		err = opal_set(p, r4, d->data, name + n + 3);
	}
	if (!err && r3) {
		d->seen3[i3] = true;
		err = opal_set(p, r3, d->data3, name + n + 3);
	}
	if (err)
		return err;
	d->only3 |= !r4;
	d->only4 |= !r3;
	if (d->only3 && d->only4)
		return bad(p, "%.*s: registers of a phb3 and of a phb4 in one dump", (int)n, name);
	return 0;
}

/* ---- the kernel's other lines */

/* "PHB#1-PE#fd" */
static bool phb_pe(const char *s, uint64_t *phb, uint64_t *pe)
{
	if (strncmp(s, "PHB#", 4))
		return false;
	s += 4;
	if (!hex(&s, 0, phb) || strncmp(s, "-PE#", 4))
		return false;
	s += 4;
	return hex(&s, 0, pe) && *phb <= UINT32_MAX && *pe <= UINT32_MAX;
}

static void about(struct parser *p, const char *line, const char *at, uint32_t know, uint64_t phb,
		  uint64_t pe)
{
	struct log_facts *f = &p->about;

	if (p->froze && f->know & EEH_LOG_KNOW_PHB && f->phb != phb)
		memset(f, 0, sizeof(*f));
	if (!f->line) {
		f->line = p->line;
		prefix(line, at, f->when, sizeof(f->when));
	}
	f->know |= know | EEH_LOG_KNOW_PHB;
	f->phb = phb;
	if (know & EEH_LOG_KNOW_PE)
		f->pe = pe;
	p->froze = true;
}

/* "0001:01:00.0" */
static bool pci_address(const char *s, char *out)
{
	size_t n = strspn(s, "0123456789abcdef:.");

	n -= n && s[n - 1] == ':';
	if (n < 12 || n >= EEH_LOG_NAME_LEN || s[n - 2] != '.' || s[n - 5] != ':' ||
	    s[n - 8] != ':')
		return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

/* Four words (less at the end) of a device's AER capability. */
static int device_aer(struct parser *p, const char *s)
{
	struct log_facts *f = &p->about;
	struct log_device *d = f->nr_devices ? &f->devices[f->nr_devices - 1] : NULL;
	uint64_t at, words[4];
	unsigned int i;

	if (!hex(&s, 2, &at) || *s++ != ':')
		return bad(p, "a malformed line of an AER capability");
	for (i = 0; i < 4; i++) {
		spaces(&s);
		if (!*s)
			break;
		if (!hex(&s, 8, &words[i]))
			return bad(p, "AER %02x: word %u is not 8 hex digits",
				   (unsigned int)at, i + 1);
	}
	if (!d || !i)
		return 0;
	/* PCI Express, 7.8.4: uncorrectable status at 4, corrected status at 0x10. */
	if (!at && i > 1) {
		d->uncorr = words[1];
		d->aer = true;
	} else if (at == 0x10) {
		d->corr = words[0];
	}
	return 0;
}

static int eeh_line(struct parser *p, const char *line, const char *at)
{
	const char *s = at + strlen("EEH: ");
	struct log_facts *f = &p->about;
	uint64_t phb, pe;

	if (!strncmp(s, "Frozen PE#", 10)) {
		s += 10;
		if (hex(&s, 0, &pe) && pe <= UINT32_MAX && !strncmp(s, " on PHB#", 8)) {
			s += 8;
			if (hex(&s, 0, &phb) && phb <= UINT32_MAX)
				about(p, line, at, EEH_LOG_KNOW_PE, phb, pe);
		}
	} else if (!strncmp(s, "Frozen ", 7) || !strncmp(s, "Recovering ", 11)) {
		if (phb_pe(strchr(s, ' ') + 1, &phb, &pe))
			about(p, line, at, EEH_LOG_KNOW_PE, phb, pe);
	} else if (!strncmp(s, "Fenced PHB#", 11)) {
		s += 11;
		if (hex(&s, 0, &phb) && phb <= UINT32_MAX)
			about(p, line, at, EEH_LOG_KNOW_FENCED, phb, 0);
	} else if (!strncmp(s, "of node=", 8)) {
		if (f->nr_devices < ARRAY_SIZE(f->devices)) {
			memset(&f->devices[f->nr_devices], 0, sizeof(f->devices[0]));
			if (pci_address(s + 8, f->devices[f->nr_devices].address))
				f->nr_devices++;
		}
	} else if (!strncmp(s, "PCI-E AER ", 10) && s[10] != 'c') {
		return device_aer(p, s + 10);
	} else if (!strncmp(s, "Recovery successful", 19) || !strncmp(s, "Unable to recover", 17)) {
		/* What follows is another event. */
		memset(f, 0, sizeof(*f));
	}
	return 0;
}

/* "zpci: 0000:00:00.0: Event 0x4 reports an error for PCI function 0x10" */
static int zpci_line(struct parser *p, const char *line, const char *at)
{
	const char *s = at + strlen("zpci: "), *mid = " reports an error for PCI function 0x";
	struct log_facts facts = { 0 };
	uint8_t data[CCDF_LEN] = { 0 };
	uint64_t pec, fid;
	size_t n;

	n = strcspn(s, " ");
	if (strncmp(s + n, " Event 0x", 9))
		return 0;
	if (pci_address(s, facts.devices[0].address))
		facts.nr_devices = 1;
	s += n + 9;
	if (!hex(&s, 0, &pec) || strncmp(s, mid, strlen(mid)))
		return 0;
	s += strlen(mid);
	if (pec > UINT16_MAX || !hex(&s, 0, &fid) || fid > UINT32_MAX || !ended(s))
		return bad(p, "a malformed zPCI event");
	log_put(data, CCDF_PEC, 2, pec);
	log_put(data, CCDF_FID, 4, fid);
	facts.line = p->line;
	prefix(line, at, facts.when, sizeof(facts.when));
	return add_dump(p, &log_layout_zpci, data, &facts);
}

/* ---- */

static int parse_line(struct parser *p, const char *line)
{
	const char *at;
	int err;

	if ((at = find(line, "PHB3 PHB#")) || (at = find(line, "PHB4 PHB#")))
		return kernel_start(p, line, at);
	if ((at = find(line, "EEH: ")))
		return eeh_line(p, line, at);
	if ((at = find(line, "zpci: ")))
		return zpci_line(p, line, at);
	if (p->kernel.open) {
		at = find(line, "PE[");
		if (at && strstr(at, "A/B:"))
			return kernel_pe(p, at);
		err = kernel_group(p, line);
		if (err)
			return err;
	}
	at = find(line, "PHB#");
	return at ? opal_line(p, line, at) : 0;
}

static int parse(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len, *next;
	char line[LINE_LEN];
	size_t n, i;
	int err;

	for (; text < end; text = next) {
		next = memchr(text, '\n', end - text);
		next = next ? next + 1 : end;
		n = next - text - (next[-1] == '\n');
		if (n && text[n - 1] == '\r')
			n--;
		p->line++;
		/* Nothing that is wanted is as long. */
		if (n >= sizeof(line))
			continue;
		/* Serial consoles leave NULs. */
		for (i = 0; i < n; i++)
			line[i] = text[i] ? text[i] : ' ';
		line[n] = '\0';
		err = parse_line(p, line);
		if (err)
			return err;
	}
	err = close_dump(p, &p->kernel);
	if (!err)
		err = close_dump(p, &p->opal);
	/* A freeze of a passed-through PE leaves no more than that. */
	if (!err && !p->nr && p->froze && p->about.line)
		err = add_dump(p, NULL, NULL, &p->about);
	else if (!err && !p->nr && p->fence.line)
		err = add_dump(p, NULL, NULL, &p->fence);
	return err;
}

static int by_line(const void *a, const void *b)
{
	uint64_t la = (*(struct eeh_log_dump * const *)a)->facts.line;
	uint64_t lb = (*(struct eeh_log_dump * const *)b)->facts.line;

	return (la > lb) - (la < lb);
}

int eeh_log_parse_text(struct eeh_ctx *ctx, const char *text, size_t len, eeh_log_dump_fn fn,
		       void *arg)
{
	struct parser *p = calloc(1, sizeof(*p));
	size_t i;
	int err;

	if (!p)
		return eeh_fail(ctx, -ENOMEM, "out of memory");
	p->ctx = ctx;
	err = parse(p, text, len);
	if (!err && !p->nr)
		err = eeh_fail(ctx, -ENODATA, "no error log in these %" PRIu64 " lines: paste what the "
			       "kernel prints from \"PHB4 PHB#N Diag-data\" on, an OPAL log, or binary "
			       "data", p->line);
	/* They were made when they ended. */
	if (p->nr)
		qsort(p->dumps, p->nr, sizeof(*p->dumps), by_line);
	for (i = 0; !err && i < p->nr; i++)
		err = fn(arg, p->dumps[i]);
	for (i = 0; i < p->nr; i++)
		eeh_log_dump_free(p->dumps[i]);
	free(p->dumps);
	free(p);
	return err;
}
