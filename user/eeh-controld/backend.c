// SPDX-License-Identifier: GPL-2.0-only
/* The machine, by libeeh. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <eeh/eeh.h>
#include <eeh/event.h>
#include <eeh/fastpath.h>
#include <eeh/log.h>
#include <eeh/pe.h>
#include <eeh/recovery.h>
#include <eeh/zpci.h>

#include "backend.h"

struct machine {
	/* Events are taken while other things are looked up: a context each. */
	struct eeh_ctx *ctx, *events_ctx;
	struct eeh_events *events;
	bool zpci;		/* s390x */
	uint64_t lost;
	char error[600];
};

static int machine_open(void **be)
{
	struct machine *m = calloc(1, sizeof(*m));
	struct eeh_events_opts eo;
	int err;

	*be = m;
	if (!m)
		return -ENOMEM;
	err = eeh_ctx_new(&m->ctx, NULL);
	if (!err)
		err = eeh_ctx_new(&m->events_ctx, NULL);
	if (err) {
		snprintf(m->error, sizeof(m->error), "cannot start: %s", strerror(-err));
		return err;
	}
	m->zpci = eeh_zpci_support(m->ctx) >= 0;
	/* As the module does on POWER. */
	if (m->zpci && eeh_zpci_keep(m->ctx))
		fprintf(stderr, "<%d>No records of errors: %s\n", LOG_WARNING, eeh_last_error(m->ctx));
	EEH_INIT(&eo);
	err = eeh_events_open(m->events_ctx, &eo, &m->events);
	if (err)
		snprintf(m->error, sizeof(m->error), "cannot listen to the kernel%s: %s", m->zpci ? "" : " module",
			 eeh_last_error(m->events_ctx));
	return err;
}

static void machine_close(void *be)
{
	struct machine *m = be;

	eeh_events_close(m->events);
	eeh_ctx_free(m->events_ctx);
	eeh_ctx_free(m->ctx);
	free(m);
}

/* On s390x only its owner resets a function. */
static bool machine_resets(void *be)
{
	struct machine *m = be;

	return !m->zpci;
}

static const char *machine_error(void *be)
{
	struct machine *m = be;

	return !m ? "no memory" : *m->error ? m->error : eeh_last_error(m->ctx);
}

static int machine_events_fd(void *be)
{
	struct machine *m = be;

	return eeh_events_fd(m->events);
}

static int machine_events_read(void *be, backend_event_fn fn, void *arg)
{
	struct machine *m = be;

	return eeh_events_read(m->events, fn, arg);
}

static uint64_t machine_events_lost(void *be)
{
	struct machine *m = be;
	uint64_t lost;

	if (!eeh_events_lost(m->events, &lost))
		m->lost = lost;
	return m->lost;
}

/* ---- PEs ---- */

struct listing {
	struct machine *m;
	backend_pe_fn fn;
	void *arg;
	/* VMs by process; a handful. */
	struct {
		int32_t pid;
		char name[64];
	} vms[256];
	size_t nr_vms;
};

static int take_vm(void *arg, const struct eeh_vm *vm)
{
	struct listing *l = arg;

	if (l->nr_vms < sizeof(l->vms) / sizeof(l->vms[0])) {
		l->vms[l->nr_vms].pid = vm->pid;
		snprintf(l->vms[l->nr_vms].name, sizeof(l->vms[0].name), "%s",
			 *vm->guest ? vm->guest : vm->comm);
		l->nr_vms++;
	}
	return 0;
}

static int take_pe(void *arg, const struct eeh_pe_info *pe)
{
	struct listing *l = arg;
	struct pe_desc d = { .phb = pe->phb, .addr = pe->addr, .pid = pe->pid };
	size_t i;

	d.passed = pe->owner == EEH_PE_OWNER_IDLE || pe->owner == EEH_PE_OWNER_PROCESS ||
		   pe->owner == EEH_PE_OWNER_UNKNOWN;
	for (i = 0; i < pe->nr_devices && i < DESC_DEVICES_MAX; i++) {
		snprintf(d.devices[i].address, sizeof(d.devices[i].address), "%s",
			 pe->devices[i]->address);
		snprintf(d.devices[i].driver, sizeof(d.devices[i].driver), "%s",
			 pe->devices[i]->driver);
	}
	d.nr_devices = i;
	snprintf(d.vm, sizeof(d.vm), "%s", pe->comm);
	for (i = 0; i < l->nr_vms; i++)
		if (pe->pid && l->vms[i].pid == pe->pid)
			memcpy(d.vm, l->vms[i].name, sizeof(d.vm));
	return l->fn(l->arg, &d);
}

static int machine_for_each_pe(void *be, backend_pe_fn fn, void *arg)
{
	struct machine *m = be;
	struct listing *l = calloc(1, sizeof(*l));
	int err;

	if (!l)
		return -ENOMEM;
	l->fn = fn;
	l->arg = arg;
	/* Who may not be looked at has no name. */
	eeh_vm_for_each(m->ctx, take_vm, l);
	err = eeh_pe_for_each(m->ctx, take_pe, l);
	free(l);
	return err;
}

/* ---- Freezes of the past ---- */

static int machine_past(void *be, uint32_t phb, uint32_t addr, uint64_t since,
			backend_past_fn fn, void *arg)
{
	struct machine *m = be;
	struct eeh_pe_opts po;
	struct eeh_pe_log log;
	bool missing = false;
	uint64_t seq = 0;
	struct eeh_pe *pe;
	int err;

	EEH_INIT(&po);
	po.backend = EEH_BACKEND_DEV;
	err = eeh_pe_open(m->ctx, phb, addr, &po, &pe);
	/* It has gone. */
	if (err == -ENODEV)
		return 0;
	if (err)
		return err;
	EEH_INIT(&log);
	while (!err && !(err = eeh_pe_log_next(pe, seq, &log))) {
		/* The oldest that is kept, and not the first: what was before it? */
		missing |= !seq && log.number > 1 && log.time_ns > since;
		seq = log.seq;
		if (log.time_ns > since)
			err = fn(arg, log.time_ns, log.source);
	}
	eeh_pe_close(pe);
	return err == -ENODATA ? missing : err;
}

/*
 * BPF programs on one kernel function note both, the one that was attached last first: that
 * of events, as machine_open() has it. A CPU of a virtual machine may stand still in between,
 * for as long as its hypervisor runs something else.
 */
static uint64_t machine_record_ns(void *be)
{
	struct machine *m = be;

	return m->zpci ? 100000000 : 0;
}

static int machine_keep_fd(void *be)
{
	int fd = open(EEH_DEV_PATH, O_RDWR | O_CLOEXEC);

	(void)be;
	return fd < 0 ? -errno : fd;
}

static int machine_counts(void *be, struct query_counts *q)
{
	struct machine *m = be;
	struct eeh_fastpath_stats s;
	struct eeh_fastpath_status st;
	int err;

	memset(q, 0, sizeof(*q));
	EEH_INIT(&s);
	err = eeh_fastpath_stats(m->ctx, &s);
	if (err)
		return err;
	q->answered = s.answered;
	q->passed = s.passed;
	q->rejected = s.rejected;
	q->unbound = s.unbound;
	q->not_owner = s.not_owner;
	q->fault = s.fault;
	q->bypassed = s.bypassed;
	q->audited = s.audited;
	q->missed = s.missed;
	EEH_INIT(&st);
	err = eeh_fastpath_status(m->ctx, &st);
	if (err)
		return err;
	q->disagreed = st.audit_disagreed;
	q->attached = st.state == EEH_FASTPATH_ATTACHED;
	q->enabled = st.enabled;
	return 0;
}

/* ---- Actions: in a worker ---- */

static void get_state(struct eeh_pe *pe, struct outcome *out)
{
	int ret = eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL);

	switch (ret) {
	case EEH_PE_RAW_NORMAL:
	case EEH_PE_RAW_RESET:
	case EEH_PE_RAW_STOPPED:
	case EEH_PE_RAW_STOPPED_DMA:
		out->pe = ret;
		break;
	case EEH_PE_RAW_UNAVAILABLE:
		out->pe = EEH_RECOVERY_PE_UNAVAILABLE;
		break;
	case -EAGAIN:
		out->pe = EEH_RECOVERY_PE_BUSY;
		break;
	case -ENODEV:
		out->pe = EEH_RECOVERY_PE_GONE;
		break;
	default:
		out->pe = EEH_RECOVERY_PE_ERROR;
		out->err = ret < 0 ? ret : -EBADMSG;
	}
}

static void get_log(struct eeh_ctx *ctx, struct eeh_pe *pe, uint32_t addr, struct outcome *out)
{
	struct eeh_log_dump *dump = NULL;
	struct eeh_log_record rec;
	struct eeh_pe_log log;
	uint64_t seq = 0;
	int ret;

	ret = eeh_pe_log_fetch(pe, &seq);
	if (ret < 0 || !seq) {
		out->err = ret < 0 ? ret : 0;
		return;
	}
	EEH_INIT(&log);
	ret = eeh_pe_log_next(pe, seq - 1, &log);
	if (!ret)
		ret = eeh_log_dump_new(ctx, log.data, log.len, NULL, &dump);
	EEH_INIT(&rec);
	if (!ret)
		ret = eeh_log_dump_pe(dump, addr, &rec);
	eeh_log_dump_free(dump);
	if (ret) {
		out->err = ret;
		return;
	}
	snprintf(out->class, sizeof(out->class), "%s", eeh_log_class_name(rec.error_class));
	snprintf(out->sentence, sizeof(out->sentence), "%s", rec.sentence);
}

static void machine_act(void *be, uint32_t phb, uint32_t addr, uint32_t action, uint32_t reset,
			struct outcome *out)
{
	struct eeh_pe_opts po;
	struct eeh_ctx *ctx;
	struct eeh_pe *pe = NULL;

	/* Not the parent's: its descriptors are closed here. */
	(void)be;
	out->pe = EEH_RECOVERY_PE_ERROR;
	out->err = eeh_ctx_new(&ctx, NULL);
	if (out->err)
		return;
	EEH_INIT(&po);
	po.backend = EEH_BACKEND_DEV;
	out->err = eeh_pe_open(ctx, phb, addr, &po, &pe);
	if (out->err)
		goto out;
	switch (action) {
	case EEH_RECOVERY_DO_STATE:
		get_state(pe, out);
		break;
	case EEH_RECOVERY_DO_LOG:
		get_log(ctx, pe, addr, out);
		break;
	case EEH_RECOVERY_DO_ASSERT:
		out->err = eeh_pe_op(pe, reset == EEH_RESET_KIND_FUNDAMENTAL ?
				     EEH_PE_OP_RESET_FUNDAMENTAL : EEH_PE_OP_RESET_HOT, NULL);
		break;
	case EEH_RECOVERY_DO_DEASSERT:
		out->err = eeh_pe_op(pe, EEH_PE_OP_RESET_DEACTIVATE, NULL);
		break;
	case EEH_RECOVERY_DO_CONFIGURE:
		out->err = eeh_pe_op(pe, EEH_PE_OP_CONFIGURE, NULL);
		break;
	}
	eeh_pe_close(pe);
out:
	eeh_ctx_free(ctx);
}

const struct backend backend = {
	.name = "libeeh",
	.timed_resets = true,
	.resets = machine_resets,
	.open = machine_open,
	.close = machine_close,
	.error = machine_error,
	.events_fd = machine_events_fd,
	.events_read = machine_events_read,
	.events_lost = machine_events_lost,
	.for_each_pe = machine_for_each_pe,
	.past = machine_past,
	.record_ns = machine_record_ns,
	.keep_fd = machine_keep_fd,
	.counts = machine_counts,
	.act = machine_act,
};
