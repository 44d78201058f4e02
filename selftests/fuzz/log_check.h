/* SPDX-License-Identifier: GPL-2.0-only */
/* What is true of every dump and record, whatever they came from. */
#ifndef __LOG_CHECK_H
#define __LOG_CHECK_H

#include "log_internal.h"

static inline void check_record(const struct eeh_log_record *r)
{
	must(*r->sentence && memchr(r->sentence, '\0', sizeof(r->sentence)));
	must(memchr(r->requester, '\0', sizeof(r->requester)));
	must(r->error_class <= EEH_LOG_CLASS_OTHER && r->cause <= EEH_LOG_CLASS_OTHER);
	must(r->cause != EEH_LOG_CLASS_INJECTED);
	must(strcmp(eeh_log_class_name(r->error_class), "unknown"));
	must(strcmp(eeh_log_severity_name(r->severity), "unknown"));
	must(!(r->flags & EEH_LOG_F_REQUESTER) || *r->requester);
	must(r->source == EEH_LOG_SOURCE_ZPCI || !(r->flags & EEH_LOG_F_ADDRESS) ||
	     r->address < 1ULL << 61);
}

static inline int check_register(void *arg, const struct eeh_log_register *reg)
{
	++*(size_t *)arg;
	must(*reg->group && *reg->name && strlen(reg->bits) < 1024);
	must(reg->width == 8 || reg->value < 1ULL << 8 * reg->width);
	return 0;
}

static inline int check_dump(void *arg, const struct eeh_log_dump *dump)
{
	size_t i, n = eeh_log_dump_count(dump), len, regs = 0;
	struct eeh_log_record rec, again;

	if (arg)
		++*(size_t *)arg;
	must(n >= 1 && n <= PHB4_PES + 1);
	for (i = 0; i < n; i++) {
		EEH_INIT(&rec);
		must(!eeh_log_dump_record(dump, i, &rec));
		check_record(&rec);
		EEH_INIT(&again);
		if (rec.flags & EEH_LOG_F_PE && (i < 4 || i == n - 1))
			must(!eeh_log_dump_pe(dump, rec.pe, &again) &&
			     !memcmp(&rec, &again, sizeof(rec)));
	}
	must(eeh_log_dump_record(dump, n, &rec));
	must(eeh_log_dump_when(dump));
	must(!!eeh_log_dump_data(dump, &len) == !!len);
	must(!eeh_log_dump_for_each_register(dump, check_register, &regs));
	must(!regs == !len);
	return 0;
}

#endif /* __LOG_CHECK_H */
