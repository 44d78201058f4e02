// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plays the kernel behind /sys/kernel/eeh_bpf/canaries: linked with
 * --wrap=eeh_write, it keeps the file as the module would; and with
 * --wrap=eeh_read it ends a program that reads what it must not. What it refuses is in
 * /sys/fake/refuse: lines of "ADDRESS ERRNO". A device that is named in
 * /sys/fake/shy loses its canary at once, as if its driver went.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eeh_internal.h"

#define CANARIES	EEH_SYS "/canaries"

int __real_eeh_write(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel,
		     const char *val);
int __wrap_eeh_write(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel,
		     const char *val);

ssize_t __real_eeh_read(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf,
			size_t len);
ssize_t __wrap_eeh_read(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf,
			size_t len);

/*
 * Of a device, only what the kernel knows by itself: not its config space or memory, and not
 * eeh_pe_state, which asks firmware and marks a frozen PE without telling anybody.
 */
ssize_t __wrap_eeh_read(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf,
			size_t len)
{
	static const char * const allowed[] = {
		"vendor", "device", "class", "resource", "power_state", "eeh_pe_config_addr",
		"function_id", "reset_method",
	};
	const char *file = strrchr(rel, '/');
	size_t i;

	if (root == EEH_ROOT_SYSFS && !strncmp(rel, "bus/pci/", 8) && file) {
		for (i = 0; i < ARRAY_SIZE(allowed); i++)
			if (!strcmp(file + 1, allowed[i]))
				break;
		if (i == ARRAY_SIZE(allowed)) {
			fprintf(stderr, "%s must not be read\n", rel);
			abort();
		}
	}
	return __real_eeh_read(ctx, root, rel, buf, len);
}

static int refused(const struct eeh_ctx *ctx, const char *address)
{
	char buf[512], *line, addr[32];
	int err;

	if (eeh_read(ctx, EEH_ROOT_SYSFS, "fake/refuse", buf, sizeof(buf)) < 0)
		return 0;
	for (line = strtok(buf, "\n"); line; line = strtok(NULL, "\n"))
		if (sscanf(line, "%31s %d", addr, &err) == 2 && !strcmp(addr, address))
			return -err;
	return 0;
}

int __wrap_eeh_write(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel,
		     const char *val)
{
	char path[PATH_MAX], old[8192] = "", out[16384] = "", addr[32], shy[32], end, *line;
	unsigned long long offset, mask, want;
	unsigned int bar, width;
	int found = 0, err;
	FILE *f;

	if (strcmp(rel, CANARIES) || root != EEH_ROOT_SYSFS)
		return __real_eeh_write(ctx, root, rel, val);
	if (eeh_path(ctx, root, rel, path, sizeof(path)) ||
	    eeh_read(ctx, root, rel, old, sizeof(old)) < 0)
		return -ENOENT;

	if (sscanf(val, "del %31s%c", addr, &end) == 2 && end == '\n') {
		for (line = strtok(old, "\n"); line; line = strtok(NULL, "\n")) {
			if (strcmp(addr, "all") && (strncmp(line, addr, strlen(addr)) ||
						    line[strlen(addr)] != ' ')) {
				sprintf(out + strlen(out), "%s\n", line);
				continue;
			}
			found = 1;
		}
		if (!found && strcmp(addr, "all"))
			return -ENODEV;
	} else if (sscanf(val, "add %31s bar=%u offset=0x%llx width=%u mask=0x%llx want=0x%llx%c", addr,
			  &bar, &offset, &width, &mask, &want, &end) == 7 && end == '\n') {
		err = refused(ctx, addr);
		if (err)
			return err;
		if (eeh_read(ctx, EEH_ROOT_SYSFS, "fake/shy", shy, sizeof(shy)) >= 0 &&
		    !strcmp(shy, addr))
			return 0;
		sprintf(out, "%s%s%s bar=%u offset=0x%llx width=%u mask=0x%llx want=0x%llx state=live "
			"value=0x10400 load_ns=120 query_ns=9000 answered=0 allones=0 mismatch=0 "
			"suspended=0 reason=-\n", old, *old ? "\n" : "", addr, bar, offset, width, mask,
			want);
	} else {
		return -EINVAL;
	}
	f = fopen(path, "w");
	if (!f)
		return -errno;
	fputs(out, f);
	fclose(f);
	return 0;
}
