// SPDX-License-Identifier: LGPL-2.1-or-later
/* A PE by /dev/eeh of the kernel module: any PE, also another process's. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "zpci_internal.h"

#include "../../include/uapi/eeh_dev.h"

/* Diagnostic data are some KiB: PHB3 4392, PHB4 8576 bytes. */
#define LOG_MAX		(1U << 20)

static int dev_op(struct eeh_pe *pe, enum eeh_pe_op op, const struct eeh_pe_err *err)
{
	struct eeh_dev_pe_op arg = { .argsz = sizeof(arg), .phb = pe->phb, .pe_addr = pe->addr,
				     .op = op };
	int ret;

	if (pe->force)
		arg.flags |= EEH_DEV_OP_HOST;
	if (err) {
		arg.err.type = err->type;
		arg.err.func = err->func;
		arg.err.addr = err->addr;
		arg.err.mask = err->mask;
	}
	ret = eeh_dev_ioctl_ptr(pe->ctx, pe->fd, EEH_DEV_PE_OP, &arg);
	return ret >= 0 ? ret : eeh_pe_op_failed(pe->ctx, op, ret, "%s", pe->name);
}

static void dev_close(struct eeh_pe *pe)
{
	eeh_dev_close(pe->ctx, pe->fd);
}

const struct eeh_backend_ops eeh_backend_dev_ops = {
	.kind	= EEH_BACKEND_DEV,
	.op	= dev_op,
	.close	= dev_close,
};

int eeh_backend_dev_open(struct eeh_pe *pe)
{
	struct eeh_ctx *ctx = pe->ctx;
	int ret;

	ret = eeh_dev_open(ctx, "eeh", O_RDWR);
	if (ret < 0)
		return eeh_fail(ctx, ret == -ENXIO || ret == -ENODEV ? -ENOENT : ret, "%s/eeh: %s: %s",
				ctx->dev, strerror(-ret), ret == -EACCES || ret == -EPERM ?
				"run it as root" : "load the kernel module (modprobe eeh_bpf)");
	pe->fd = ret;
	ret = eeh_dev_ioctl(ctx, pe->fd, EEH_DEV_GET_VERSION, 0);
	if (ret != EEH_DEV_VERSION) {
		eeh_dev_close(ctx, pe->fd);
		pe->fd = -1;
		return eeh_fail(ctx, ret < 0 && ret != -ENOTTY ? ret : -EBADMSG, "%s/eeh: version %d of "
				"the module is not known: install the same version of both", ctx->dev, ret);
	}
	pe->ops = &eeh_backend_dev_ops;
	return 0;
}

/* s390x has no module, and records of its own. */
static bool is_zpci(const struct eeh_pe *pe)
{
	return pe->ops == &eeh_backend_zpci_look_ops || pe->ops == &eeh_backend_zpci_ops;
}

static int not_dev(struct eeh_pe *pe)
{
	return eeh_fail(pe->ctx, -EOPNOTSUPP, "%s: only /dev/eeh has diagnostic data, and the PE was "
			"opened by VFIO", pe->name);
}

int eeh_pe_log_next(struct eeh_pe *pe, uint64_t seq, struct eeh_pe_log *log)
{
	struct eeh_pe_log l = { .sz = sizeof(l) };
	struct eeh_dev_log arg;
	uint32_t room = 16 << 10;
	void *more;
	int ret;

	if (log->sz < sizeof(log->sz))
		return eeh_fail(pe->ctx, -EINVAL, "struct eeh_pe_log: sz is not set");
	if (is_zpci(pe))
		return eeh_zpci_log_next(pe, seq, log);
	if (pe->ops->kind != EEH_BACKEND_DEV)
		return not_dev(pe);
	for (;;) {
		more = realloc(pe->log, room);
		if (!more)
			return eeh_fail(pe->ctx, -ENOMEM, "out of memory");
		pe->log = more;
		memset(&arg, 0, sizeof(arg));
		arg.argsz = sizeof(arg);
		arg.phb = pe->phb;
		arg.pe_addr = pe->addr;
		arg.seq = seq;
		arg.data = (unsigned long)pe->log;
		arg.len = room;
		ret = eeh_dev_ioctl_ptr(pe->ctx, pe->fd, EEH_DEV_LOG, &arg);
		if (ret < 0)
			return eeh_fail(pe->ctx, ret, "%s: %s", pe->name, ret == -ENODATA ?
					"there are no (more) diagnostic data" : strerror(-ret));
		if (arg.len <= room)
			break;
		if (arg.len > LOG_MAX)
			return eeh_fail(pe->ctx, -EBADMSG, "%s: diagnostic data of %u bytes cannot be",
					pe->name, (unsigned int)arg.len);
		room = arg.len;
	}
	l.seq = arg.seq;
	l.time_ns = arg.time_ns;
	l.stale = arg.flags & EEH_DEV_LOG_STALE;
	l.passed = arg.flags & EEH_DEV_LOG_PASSED;
	l.source = arg.source;
	l.len = arg.len;
	l.data = pe->log;
	return eeh_out_put(log, &l, sizeof(l));
}

int eeh_pe_log_fetch(struct eeh_pe *pe, uint64_t *seq)
{
	struct eeh_dev_fetch arg = { .argsz = sizeof(arg), .phb = pe->phb, .pe_addr = pe->addr };
	int ret;

	if (is_zpci(pe))
		return eeh_zpci_log_fetch(pe, seq);
	if (pe->ops->kind != EEH_BACKEND_DEV)
		return not_dev(pe);
	ret = eeh_dev_ioctl_ptr(pe->ctx, pe->fd, EEH_DEV_FETCH, &arg);
	if (ret < 0)
		return eeh_pe_op_failed(pe->ctx, EEH_PE_OP_GET_STATE, ret, "%s", pe->name);
	if (seq)
		*seq = arg.seq;
	return ret;
}
