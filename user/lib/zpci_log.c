// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Records of errors of zPCI functions, also of those that another process owns. There is no
 * module to keep them: BPF programs do, pinned, so that they go on whoever dies:
 *
 *	<bpffs>/eeh/zpci/link-N	the links; while they are there, records are kept
 *	<bpffs>/eeh/zpci/logs	the map of records; made last, so it is there with all links only
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <eeh/event.h>

#include "zpci_internal.h"

#include "../../bpf/eeh_zpci.h"

#define DIR_ZPCI	EEH_DIR "/zpci"
#define PIN_LOGS	DIR_ZPCI "/logs"

/* The map; -ENOENT (nothing is kept), -ESTALE (another version keeps it). */
static int open_logs(struct eeh_ctx *ctx)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	char path[PATH_MAX];
	int fd, err;

	err = eeh_path(ctx, EEH_ROOT_BPFFS, PIN_LOGS, path, sizeof(path));
	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		err = -errno;
	else if (info.key_size != sizeof(uint32_t) ||
		 info.value_size != sizeof(struct eeh_zpci_logs))
		err = -ESTALE;
	if (err)
		close(fd);
	return err ? err : fd;
}

static int pin_all(struct eeh_ctx *ctx, struct eeh_zpci_bpf *b)
{
	char rel[40], path[PATH_MAX];
	struct bpf_map *map;
	size_t i;
	int err;

	err = eeh_path(ctx, EEH_ROOT_BPFFS, DIR_ZPCI, path, sizeof(path));
	if (!err && mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	for (i = 0; i < b->nr && !err; i++) {
		snprintf(rel, sizeof(rel), DIR_ZPCI "/link-%zu", i);
		err = eeh_path(ctx, EEH_ROOT_BPFFS, rel, path, sizeof(path));
		if (!err)
			err = bpf_link__pin(b->links[i], path);
	}
	map = bpf_object__find_map_by_name(b->obj, "eeh_zpci_logs");
	if (!err)
		err = eeh_path(ctx, EEH_ROOT_BPFFS, PIN_LOGS, path, sizeof(path));
	return err ? err : bpf_obj_pin(bpf_map__fd(map), path) ? -errno : 0;
}

int eeh_zpci_keep(struct eeh_ctx *ctx)
{
	const struct eeh_zpci_bpf_opts o = {
		.types = EEH_EVENT_BIT(EEH_EVENT_FROZEN), .keep = true,
	};
	struct eeh_zpci_bpf b;
	int lock, fd, err;
	size_t i;

	if (eeh_platform(ctx) != EEH_PLATFORM_ZPCI)
		return eeh_fail(ctx, -EOPNOTSUPP, "this machine has no zPCI: it is no s390x");
	lock = eeh_lock(ctx);
	if (lock < 0)
		return lock;
	fd = open_logs(ctx);
	if (fd >= 0) {
		close(fd);
		eeh_unlock(lock);
		return 0;
	}
	eeh_bpf_print_begin(ctx);
	err = eeh_pins_clear(ctx, DIR_ZPCI);
	if (!err)
		err = eeh_zpci_bpf_open(ctx, &o, &b);
	if (!err) {
		err = pin_all(ctx, &b);
		if (err) {
			eeh_fail(ctx, err, "cannot pin what keeps records of errors in %s/" DIR_ZPCI ": %s",
				 ctx->bpffs, strerror(-err));
			eeh_pins_clear(ctx, DIR_ZPCI);
		}
		/* Closing a kprobe's link would switch its event off, pinned or not. */
		for (i = 0; i < b.nr && !err; i++) {
			close(bpf_link__fd(b.links[i]));
			bpf_link__disconnect(b.links[i]);
		}
		eeh_zpci_bpf_close(&b);
	}
	eeh_bpf_print_end();
	eeh_unlock(lock);
	return err;
}

static int read_logs(struct eeh_pe *pe, struct eeh_zpci_logs *logs)
{
	int fd = open_logs(pe->ctx), err = 0;

	memset(logs, 0, sizeof(*logs));
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return eeh_fail(pe->ctx, fd, "%s/" PIN_LOGS ": %s", pe->ctx->bpffs, fd == -ESTALE ?
				"another version of libeeh keeps these records: restart eeh-controld" :
				strerror(-fd));
	if (bpf_map_lookup_elem(fd, &pe->addr, logs) && errno != ENOENT)
		err = eeh_fail(pe->ctx, -errno, "%s/" PIN_LOGS ": %s", pe->ctx->bpffs, strerror(errno));
	close(fd);
	return err;
}

/* The function's driver now: when the error came is not known. */
static bool is_passed(struct eeh_pe *pe)
{
	char driver[64];

	eeh_pci_read_link(pe->ctx, pe->address, "driver", driver, sizeof(driver));
	return eeh_pci_is_passed(driver);
}

/* The record before the next one's place is the last of @nr. */
static uint64_t number_of(const struct eeh_zpci_logs *logs, const struct eeh_zpci_log *l)
{
	uint64_t place = l - logs->log, next = logs->nr % EEH_ZPCI_LOGS;

	return logs->nr - (next + EEH_ZPCI_LOGS - 1 - place) % EEH_ZPCI_LOGS;
}

int eeh_zpci_log_next(struct eeh_pe *pe, uint64_t seq, struct eeh_pe_log *log)
{
	const struct eeh_zpci_log *next = NULL, *l;
	struct eeh_pe_log out = { .sz = sizeof(out) };
	struct eeh_zpci_logs logs;
	void *data;
	int err;

	err = read_logs(pe, &logs);
	if (err)
		return err;
	for (l = logs.log; l < logs.log + EEH_ZPCI_LOGS; l++)
		if (l->seq > seq && (!next || l->seq < next->seq))
			next = l;
	if (!next)
		return eeh_fail(pe->ctx, -ENODATA, "%s: there are no (more) diagnostic data", pe->name);
	data = realloc(pe->log, sizeof(next->ccdf));
	if (!data)
		return eeh_fail(pe->ctx, -ENOMEM, "out of memory");
	pe->log = data;
	memcpy(data, next->ccdf, sizeof(next->ccdf));
	out.seq = next->seq;
	out.time_ns = next->time_ns;
	out.passed = is_passed(pe);
	out.source = EEH_SOURCE_INTERRUPT;
	out.len = sizeof(next->ccdf);
	out.number = number_of(&logs, next);
	out.data = data;
	return eeh_out_put(log, &out, sizeof(out));
}

/* Hardware stores an event once, so the last one that was kept is all there is. */
int eeh_zpci_log_fetch(struct eeh_pe *pe, uint64_t *seq)
{
	struct eeh_zpci_logs logs;
	int err = read_logs(pe, &logs);

	if (err)
		return err;
	if (seq)
		*seq = logs.nr ? logs.log[(logs.nr - 1) % EEH_ZPCI_LOGS].seq : 0;
	return eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL);
}
