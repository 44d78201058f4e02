/* SPDX-License-Identifier: GPL-2.0-only */
/* The socket's protocol: a line of JSON asks, a line of JSON answers. */
#ifndef __EEH_CONTROLD_REQUEST_H
#define __EEH_CONTROLD_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REQUEST_MAX	4096

enum request_op {
	REQUEST_STATUS,		/* the controller */
	REQUEST_PES,		/* all PEs */
	REQUEST_PE,		/* one */
	REQUEST_METRICS,	/* OpenMetrics text */
	REQUEST_WATCH,		/* notices from now on */
	REQUEST_EVENTS,		/* the kernel's events from now on */
	/* From here on: root only. */
	REQUEST_RECOVER,	/* a PE that was only reported */
	REQUEST_CLEAR,		/* a PE that was given up, and its budget */
	REQUEST_SWEEP,		/* ask all PEs now */
	REQUEST_RELOAD,		/* the configuration */
	REQUESTS,
};

struct request {
	enum request_op op;
	bool change;		/* root only */
	uint32_t phb;
	uint32_t addr;
};

/*
 * @line: not NUL-terminated, without its newline; anything. 0, or -EINVAL and a
 * sentence.
 */
int request_parse(const char *line, size_t len, struct request *req, char *error, size_t errlen);
const char *request_name(enum request_op op);

struct controld;

/* The answer, with a newline, malloc'ed; NULL: no memory. */
char *request_answer(struct controld *c, const struct request *req, size_t *len);
char *request_error(const char *error, size_t *len);

#endif /* __EEH_CONTROLD_REQUEST_H */
