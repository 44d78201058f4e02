/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __FAKE_BPF_H
#define __FAKE_BPF_H

#include <stdbool.h>

#define FAKE_KILLED	77

/* Errors to return, 0: none. */
extern struct fake_fail {
	int obj_get;
	int load;
	int attach;
	int update;
	int pin;		/* the n-th pin fails with ENOSPC */
} fake_fail;

/* What the next policy looks like. */
extern struct fake_policy {
	const char *extra_map;
	bool other_layout;
	bool no_ops;
	bool two_ops;
} fake_policy;

void fake_init(const char *root);
void fake_kill_at(int n);
void fake_gc(void);
unsigned int fake_attached_map(void);
void fake_attach_foreign(void);

#endif /* __FAKE_BPF_H */
