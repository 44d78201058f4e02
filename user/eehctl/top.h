/* SPDX-License-Identifier: GPL-2.0-only */
/* What eehctl top shows, and where. */
#ifndef __EEHCTL_TOP_H
#define __EEHCTL_TOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct top_counts {
	uint64_t queries, answered, passed, storms;
};

struct top_pe {
	uint32_t phb, addr;
	char name[24], owner[64], device[16];
	size_t devices;
	bool there;
	struct top_counts now, before;
	uint64_t queries_s, answered_s, passed_s;	/* per second */
	/* From the controller. */
	uint64_t freezes;
	char state[24];
};

struct top_total {
	uint64_t queries, answered, passed, others;
};

struct top {
	struct top_pe *pes;
	size_t nr;
	uint64_t at, interval;				/* ns */
	struct top_total total, before;
	uint64_t queries_s, answered_s, passed_s, others_s;
	bool controller;				/* it answered: */
	uint64_t freezes, frozen, given_up;
	char note[200];
};

enum top_sort { TOP_BY_QUERIES, TOP_BY_FREEZES, TOP_BY_NAME, TOP_SORTS };

void top_sort(struct top *t, enum top_sort by);
/* Line @n: totals, a heading, and a line for each PE. */
void top_line(const struct top *t, int n, char *buf, size_t len);

/* top_controller.c: what eeh-controld knows, if it runs and may be asked */
void top_ask_controller(struct top *t);

/* top_screen.c: false: this terminal cannot */
bool top_screen_open(void);
void top_screen_close(void);
/* Shows it until a key is pressed or the time is over; false: the end. */
bool top_screen_show(struct top *t, enum top_sort *by, uint32_t delay_ms);

#endif /* __EEHCTL_TOP_H */
