// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A PE that is a zPCI function, whoever owns it: to look at only. A function that is blocked
 * after an error gives all-ones for its config space (Linux since 7.3; before, the kernel
 * unblocks it).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "zpci_internal.h"

static int state(struct eeh_pe *pe)
{
	char rel[80], path[PATH_MAX];
	uint32_t id = 0;
	int fd, err;

	snprintf(rel, sizeof(rel), EEH_PCI_DEVICES "/%s/config", pe->address);
	err = eeh_path(pe->ctx, EEH_ROOT_SYSFS, rel, path, sizeof(path));
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return eeh_fail(pe->ctx, errno == ENOENT ? -ENODEV : -errno, "%s: %s: %s", pe->name, path,
				strerror(errno));
	if (pread(fd, &id, sizeof(id), 0) != sizeof(id))
		err = eeh_fail(pe->ctx, -EIO, "%s: %s cannot be read", pe->name, path);
	close(fd);
	return err ? err : id == UINT32_MAX ? EEH_PE_RAW_STOPPED : EEH_PE_RAW_NORMAL;
}

static int look_op(struct eeh_pe *pe, enum eeh_pe_op op, const struct eeh_pe_err *err)
{
	(void)err;
	if (op == EEH_PE_OP_GET_STATE)
		return state(pe);
	return eeh_fail(pe->ctx, -EOPNOTSUPP, "%s: %s: on s390x only a function's owner can do that",
			pe->name, eeh_pe_op_name(op));
}

static void look_close(struct eeh_pe *pe)
{
	(void)pe;
}

const struct eeh_backend_ops eeh_backend_zpci_look_ops = {
	.kind	= EEH_BACKEND_DEV,
	.op	= look_op,
	.close	= look_close,
};
