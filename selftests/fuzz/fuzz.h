/* SPDX-License-Identifier: GPL-2.0-only */
/* What the targets share. */
#ifndef __FUZZ_H
#define __FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A property that holds for every input; assert() can be compiled away. */
#define must(cond)							\
	do {								\
		if (!(cond)) {						\
			fprintf(stderr, "%s:%d: ERROR: must(%s)\n", __FILE__, __LINE__, #cond); \
			abort();					\
		}							\
	} while (0)

/* A string of its own, so that reading past its end is found. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	if (!s)
		abort();
	if (size)
		memcpy(s, data, size);
	s[size] = '\0';
	return s;
}

#endif /* __FUZZ_H */
