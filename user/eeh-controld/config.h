/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration file, eeh-controld.conf(5). */
#ifndef __EEH_CONTROLD_CONFIG_H
#define __EEH_CONTROLD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <eeh/recovery.h>

struct pe_desc;

/* What a rule can look at; each is a list of globs, of which one must match. */
enum match { MATCH_PE, MATCH_DEVICE, MATCH_DRIVER, MATCH_VM, MATCHES };

struct rule {
	struct rule *next;
	char name[64];			/* "default" for the last one */
	char *globs[MATCHES];		/* separated by spaces; NULL: anything */
	struct eeh_recovery_opts opts;
};

struct config {
	char socket_group[64];		/* may read; "": root only */
	char metrics_file[256];		/* "": none */
	char metrics_listen[64];	/* "127.0.0.1:9813"; "": none */
	uint32_t sweep_ms;
	struct rule *rules;		/* first match wins; the last one matches all */
};

#define CONFIG_MAX	(256 * 1024)
#define CONFIG_RULES_MAX 1024

/*
 * @text: not NUL-terminated. 0, or -EINVAL and a sentence with the line number,
 * or -ENOMEM; may be called with anything.
 */
int config_parse(const char *text, size_t len, struct config **config, char *error, size_t errlen);
/* The same with a file; a missing one is an error. */
int config_read(const char *path, struct config **config, char *error, size_t errlen);
void config_free(struct config *config);
/* The rule for a PE; never NULL. */
const struct rule *config_rule(const struct config *config, const struct pe_desc *desc);

#endif /* __EEH_CONTROLD_CONFIG_H */
