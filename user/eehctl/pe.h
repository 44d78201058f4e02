/* SPDX-License-Identifier: GPL-2.0-only */
/* What the objects pe, vm, inject and canary share. */
#ifndef __EEHCTL_PE_H
#define __EEHCTL_PE_H

#include <eeh/pe.h>

#include "eehctl.h"

/* The PE that a command is about. */
struct pe_target {
	uint32_t phb;
	uint32_t addr;
	uint32_t owner;		/* enum eeh_pe_owner */
	bool shared;
	char name[EEH_PE_NAME_LEN];
	char who[128];		/* the owner, to print */
};

/* Both: 0 or what eeh_last_error() explains. */
int pe_target(const char *what, struct pe_target *t);
int pe_target_open(const struct pe_target *t, bool force, struct eeh_pe **pe);
struct json_object *pe_json(const struct eeh_pe_info *pe);
/* EEH_BAR_*, in a word */
const char *bar_kind(uint32_t kind);

#endif /* __EEHCTL_PE_H */
