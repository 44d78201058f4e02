/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __EEHCTL_H
#define __EEHCTL_H

#include <stdbool.h>
#include <stdio.h>

#include <eeh/canary.h>
#include <eeh/eeh.h>
#include <eeh/fastpath.h>

#include "../json_put.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

enum {
	EXIT_OK			= 0,
	EXIT_ERROR		= 1,
	EXIT_USAGE		= 2,
	EXIT_UNSUPPORTED	= 3,	/* this machine or kernel can never do it */
};

extern bool json_output;
extern struct eeh_ctx *ctx;

struct command {
	const char *name;
	int (*fn)(int argc, char **argv);
};

/* main.c */
int cmd_select(const struct command *cmds, int argc, char **argv, const char *object,
	       int (*help)(int argc, char **argv));
/* Prints {"api_level": 1, name: obj} or an error; both take over obj. */
void json_print(const char *name, struct json_object *obj);
/* "eehctl: WHERE: message"; returns the exit code for err. */
__attribute__((format(printf, 3, 4)))
int fail(const char *where, int err, const char *fmt, ...);
__attribute__((format(printf, 2, 3)))
int usage_error(const char *where, const char *fmt, ...);
bool is_prefix(const char *pfx, const char *str);
/* From CLOCK_BOOTTIME, which the kernel's times are, to what people read: ns to add. */
int64_t wall_ahead(void);

/* table.c */
struct table;

struct table *table_new(const char * const *heads, size_t cols);
__attribute__((format(printf, 2, 3)))
void table_cell(struct table *t, const char *fmt, ...);
void table_print(struct table *t, FILE *f);	/* and free */
void table_free(struct table *t);

int do_canary(int argc, char **argv);
int do_fastpath(int argc, char **argv);
int do_stats(int argc, char **argv);	/* also a command of fastpath */
int do_feature(int argc, char **argv);
int do_log(int argc, char **argv);
int do_inject(int argc, char **argv);
int do_pe(int argc, char **argv);
int do_top(int argc, char **argv);
int do_trace(int argc, char **argv);
int do_vm(int argc, char **argv);

#endif /* __EEHCTL_H */
