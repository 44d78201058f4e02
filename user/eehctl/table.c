// SPDX-License-Identifier: GPL-2.0-only
/* Tables whose columns are as wide as they need to be; numbers to the right. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "eehctl.h"

struct table {
	size_t cols, used, room;
	char **cells;
};

static void put(struct table *t, char *s)
{
	char **p;

	if (t->used == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		p = realloc(t->cells, t->room * sizeof(*p));
		if (!p)
			abort();
		t->cells = p;
	}
	t->cells[t->used++] = s;
}

struct table *table_new(const char * const *heads, size_t cols)
{
	struct table *t = calloc(1, sizeof(*t));
	size_t i;
	char *s;

	if (!t)
		abort();
	t->cols = cols;
	for (i = 0; i < cols; i++) {
		s = strdup(heads[i]);
		if (!s)
			abort();
		put(t, s);
	}
	return t;
}

void table_cell(struct table *t, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	va_end(ap);
	put(t, s);
}

static bool is_number(const char *s)
{
	return *s && strspn(s, "0123456789.") == strlen(s);
}

void table_free(struct table *t)
{
	size_t i;

	for (i = 0; i < t->used; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

void table_print(struct table *t, FILE *f)
{
	size_t i, c, rows = t->used / t->cols, *width = calloc(t->cols, sizeof(*width));
	bool *right = calloc(t->cols, sizeof(*right));
	const char *s;

	if (!width || !right)
		abort();
	for (c = 0; c < t->cols; c++) {
		right[c] = rows > 1;
		for (i = 0; i < rows; i++) {
			s = t->cells[i * t->cols + c];
			if (strlen(s) > width[c])
				width[c] = strlen(s);
			if (i && !is_number(s))
				right[c] = false;
		}
	}
	for (i = 0; i < rows; i++)
		for (c = 0; c < t->cols; c++) {
			s = t->cells[i * t->cols + c];
			if (right[c])
				fprintf(f, "%*s", (int)width[c], s);
			else if (c + 1 < t->cols)
				fprintf(f, "%-*s", (int)width[c], s);
			else
				fputs(s, f);
			fputs(c + 1 < t->cols ? "  " : "\n", f);
		}
	free(width);
	free(right);
	table_free(t);
}
