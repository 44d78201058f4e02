/* SPDX-License-Identifier: GPL-2.0-only */
/* A directory that plays /sys, /proc and /sys/fs/bpf for one test. */
#ifndef __UNIT_H
#define __UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "eeh_internal.h"

struct unit {
	char root[64];
	struct eeh_ctx *ctx;
	char log[8192];
};

int unit_setup(void **state);		/* a POWER host that has everything */
int unit_teardown(void **state);
/* printf to a file below the root, making its directories. */
__attribute__((format(printf, 3, 4)))
void unit_file(struct unit *u, const char *rel, const char *fmt, ...);
void unit_remove(struct unit *u, const char *rel);

#endif /* __UNIT_H */
