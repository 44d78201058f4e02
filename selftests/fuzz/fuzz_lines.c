// SPDX-License-Identifier: GPL-2.0-only
/* Lines and words: what the module's files are made of, addresses, saved engines. */
#include <errno.h>

#include "eeh_internal.h"
#include "fuzz.h"
#include "pe_internal.h"
#include "recovery_internal.h"

static void binding(const char *s)
{
	struct eeh_fastpath_binding b;
	int err = eeh_binding_parse(s, &b);

	must(!err || err == -EBADMSG);
	must(err || b.sz == sizeof(b));
}

static void canary(const char *s)
{
	struct eeh_canary c;
	int err = eeh_canary_parse(s, &c);

	must(!err || err == -EBADMSG);
	must(err || (memchr(c.address, '\0', sizeof(c.address)) &&
		     memchr(c.reason, '\0', sizeof(c.reason))));
}

static void number(const char *s)
{
	uint64_t val;
	int err = eeh_parse_u64(s, &val);

	must(!err || err == -EBADMSG);
}

static void address(const char *s)
{
	char out[EEH_PCI_ADDRESS_LEN], again[EEH_PCI_ADDRESS_LEN];

	if (eeh_pci_address(s, out))
		return;
	must(memchr(out, '\0', sizeof(out)));
	must(!eeh_pci_address(out, again) && !strcmp(out, again));
}

static void pe_name(const char *s)
{
	uint32_t phb, addr;

	eeh_pe_name_parse(s, &phb, &addr);
}

/* What is loaded is an engine like any other, and saved it is the same. */
static void engine(const char *s, const uint8_t *more, size_t n)
{
	char text[EEH_RECOVERY_TEXT_MAX], text2[EEH_RECOVERY_TEXT_MAX];
	struct eeh_recovery_event ev;
	struct eeh_recovery_step step;
	struct eeh_recovery *r, *again;
	int err = eeh_recovery_load(&r, s, NULL);

	must(!err || err == -EBADMSG || err == -EPROTO);
	if (err)
		return;
	must(eeh_recovery_sane(r));
	must(eeh_recovery_save(r, text, sizeof(text)) > 0);
	must(!eeh_recovery_load(&again, text, NULL));
	must(eeh_recovery_save(again, text2, sizeof(text2)) > 0 && !strcmp(text, text2));
	eeh_recovery_free(again);

	EEH_INIT(&ev);
	for (; n >= 4; n -= 4, more += 4) {
		ev.type = more[0] % (EEH_RECOVERY_EVENTS + 1);
		ev.pe = more[1] & 7;
		ev.now += (uint64_t)more[2] << (more[3] & 31);
		EEH_INIT(&step);
		if (!eeh_recovery_event(r, &ev, &step))
			must(eeh_recovery_sane(r));
	}
	eeh_recovery_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n;
	char *s;

	if (!size || size > 4096)
		return 0;
	n = strnlen((const char *)data + 1, size - 1);
	s = fuzz_string(data + 1, n);
	switch (data[0]) {
	case 'b':
		binding(s);
		break;
	case 'c':
		canary(s);
		break;
	case 'n':
		number(s);
		break;
	case 'a':
		address(s);
		break;
	case 'p':
		pe_name(s);
		break;
	case 't':
		eeh_taps_parse(s);
		break;
	case 'r':
		engine(s, data + 1 + n, size - 1 - n);
		break;
	}
	free(s);
	return 0;
}
