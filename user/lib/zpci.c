// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * zPCI functions of this process: the events of their errors, and their reset. The
 * interface is that of Linux 7.3 (commits 9f240376d034, fa63a2e3f947, 4e3c1fc8abcb);
 * headers of earlier kernels do not have it, so it is defined here.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <linux/vfio.h>
#include <linux/vfio_zdev.h>

#include "zpci_internal.h"

/* include/uapi/linux/vfio.h of 7.3 */
#define FEATURE_ZPCI_ERROR	13

struct feature_zpci_err {
	__aligned_u64 data;	/* address of a buffer of ccdf_err_length bytes */
};

/* struct vfio_device_info_cap_zpci_base: version 3 has the length of an event behind fh. */
#define CAP_ZPCI_BASE_ERR_VERSION	3
#define CAP_ZPCI_BASE_ERR_LENGTH	36

/* struct zpci_ccdf_err (arch/s390/pci/pci_event.c), big-endian */
#define CCDF_LEN	32
#define CCDF_LEN_MAX	4096
#define CCDF_FH		4
#define CCDF_FID	8
#define CCDF_FADDR	16
#define CCDF_PEC	30

/* More than that at once is no error but an endless stream of them. */
#define READ_MAX_EVENTS	64

#define MS	1000000ULL

struct eeh_zpci {
	struct eeh_ctx *ctx;
	struct eeh_zpci_owner owner;
	char address[EEH_PCI_ADDRESS_LEN];
	char reset_method[64];	/* what it was, to put it back; "" if it was not changed */
	uint32_t fid;
	int fd;
	int kind;
	int epoll, err_fd, req_fd;
	size_t len;
	uint8_t *ccdf;
	uint64_t seq;
	uint64_t signalled, taken, lost;
	bool pending, permanent, requested;
};

const char *eeh_zpci_support_name(enum eeh_zpci_support support)
{
	return support == EEH_ZPCI_HOST ? "host" : support == EEH_ZPCI_OWNER ? "owner" : "unknown";
}

int eeh_zpci_support(struct eeh_ctx *ctx)
{
	static const char name[] = "zpci_ccdf_pending";
	char path[PATH_MAX], buf[65536 + sizeof(name)];
	size_t have = 0, n;
	bool found = false;
	FILE *f;

	if (eeh_platform(ctx) != EEH_PLATFORM_ZPCI)
		return eeh_fail(ctx, -EOPNOTSUPP, "this machine has no zPCI: it is no s390x");
	if (eeh_path(ctx, EEH_ROOT_SYSFS, "kernel/btf/vmlinux", path, sizeof(path)))
		return EEH_ZPCI_UNKNOWN;
	f = fopen(path, "re");
	if (!f)
		return EEH_ZPCI_UNKNOWN;
	/* BTF has the names of all types in one section of strings, each with its NUL. */
	while (!found && (n = fread(buf + have, 1, 65536, f)) > 0) {
		found = memmem(buf, have + n, name, sizeof(name));
		n += have;
		have = n < sizeof(name) ? n : sizeof(name);
		memmove(buf, buf + n - have, have);
	}
	fclose(f);
	return found ? EEH_ZPCI_OWNER : EEH_ZPCI_HOST;
}

int eeh_zpci_read_fid(struct eeh_ctx *ctx, const char *address, uint32_t *fid)
{
	char buf[32];
	uint64_t val;
	int err;

	err = eeh_pci_read(ctx, address, "function_id", buf, sizeof(buf));
	if (err == -ENOENT || err == -ENODEV)
		return -ENOENT;
	if (err || eeh_parse_u64(buf, &val) || val > UINT32_MAX)
		return eeh_pci_garbled(ctx, address, "function_id");
	*fid = val;
	return 0;
}

/* ---- Opening */

/*
 * Two things about the ways that a function can be reset by. One that came back (eeh_zpci_revive())
 * has FLR only, in both generations of kernels, and that cannot work on a function that is blocked;
 * "default" has the kernel look for ways again, and it finds the bus. And before 7.3 FLR is tried
 * first, for over a minute.
 */
static void set_reset_method(struct eeh_zpci *z)
{
	char rel[80], was[sizeof(z->reset_method)];
	const char *want = NULL;
	int err = 0;

	snprintf(rel, sizeof(rel), EEH_PCI_DEVICES "/%s/reset_method", z->address);
	if (eeh_read(z->ctx, EEH_ROOT_SYSFS, rel, was, sizeof(was)) < 0)
		return;
	if (!strstr(was, "bus")) {
		want = "default";
		err = eeh_write(z->ctx, EEH_ROOT_SYSFS, rel, want);
		if (!err && eeh_read(z->ctx, EEH_ROOT_SYSFS, rel, was, sizeof(was)) < 0)
			return;
	}
	if (!err && strstr(was, "bus") && strcmp(was, "bus") &&
	    eeh_zpci_support(z->ctx) != EEH_ZPCI_OWNER) {
		want = "bus";
		err = eeh_write(z->ctx, EEH_ROOT_SYSFS, rel, want);
		if (!err)
			memcpy(z->reset_method, was, sizeof(was));
	}
	if (err)
		eeh_log(z->ctx, EEH_LOG_WARN, "%s: its resets after an error will fail, or take over a "
			"minute: write \"%s\" into its file reset_method (%s)", z->address, want,
			strerror(-err));
}

static void restore_reset_method(struct eeh_zpci *z)
{
	char rel[80];

	if (!*z->reset_method)
		return;
	snprintf(rel, sizeof(rel), EEH_PCI_DEVICES "/%s/reset_method", z->address);
	eeh_write(z->ctx, EEH_ROOT_SYSFS, rel, z->reset_method);
}

/* How long an event is: the function's capability says it, if its version is new enough. */
static size_t event_length(struct eeh_zpci *z)
{
	uint64_t raw[512] = { 0 };	/* aligned for the structures in it */
	struct vfio_device_info *info = (struct vfio_device_info *)raw;
	const uint8_t *bytes = (const uint8_t *)raw;
	struct vfio_info_cap_header h;
	uint32_t at, len;
	int i;

	info->argsz = sizeof(raw);
	if (eeh_dev_ioctl_ptr(z->ctx, z->fd, VFIO_DEVICE_GET_INFO, info) < 0 ||
	    !(info->flags & VFIO_DEVICE_FLAGS_CAPS))
		return CCDF_LEN;
	at = info->cap_offset;
	/* Each has a place of its own, so there are no more than this, whatever they say. */
	for (i = 0; i < 64 && at >= sizeof(*info) && at <= sizeof(raw) - sizeof(h); i++) {
		memcpy(&h, bytes + at, sizeof(h));
		if (h.id == VFIO_DEVICE_INFO_CAP_ZPCI_BASE &&
		    h.version >= CAP_ZPCI_BASE_ERR_VERSION &&
		    at + CAP_ZPCI_BASE_ERR_LENGTH + sizeof(len) <= sizeof(raw)) {
			memcpy(&len, bytes + at + CAP_ZPCI_BASE_ERR_LENGTH, sizeof(len));
			return len < CCDF_LEN || len > CCDF_LEN_MAX ? CCDF_LEN : len;
		}
		at = h.next;
	}
	return CCDF_LEN;
}

static int feature(struct eeh_zpci *z, uint32_t flags, const struct feature_zpci_err *err)
{
	uint64_t raw[4] = { 0 };
	struct vfio_device_feature *f = (struct vfio_device_feature *)raw;

	_Static_assert(sizeof(*f) + sizeof(*err) <= sizeof(raw), "room for both");
	f->argsz = sizeof(*f) + (err ? sizeof(*err) : 0);
	f->flags = flags | FEATURE_ZPCI_ERROR;
	if (err)
		memcpy(f->data, err, sizeof(*err));
	return eeh_dev_ioctl_ptr(z->ctx, z->fd, VFIO_DEVICE_FEATURE, f);
}

static int set_irq(struct eeh_zpci *z, uint32_t index, int fd)
{
	uint64_t raw[4] = { 0 };
	struct vfio_irq_set *set = (struct vfio_irq_set *)raw;

	_Static_assert(sizeof(*set) + sizeof(int) <= sizeof(raw), "room for both");
	set->argsz = sizeof(*set) + sizeof(int);
	set->flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = 1;
	memcpy(set->data, &fd, sizeof(fd));
	return eeh_dev_ioctl_ptr(z->ctx, z->fd, VFIO_DEVICE_SET_IRQS, set);
}

static int arm(struct eeh_zpci *z, uint32_t index, const char *what, int *ret)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int fd, err;

	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (fd < 0)
		return eeh_fail(z->ctx, -errno, "%s: no eventfd: %s", z->address, strerror(errno));
	*ret = fd;
	ev.data.fd = fd;
	if (epoll_ctl(z->epoll, EPOLL_CTL_ADD, fd, &ev))
		return eeh_fail(z->ctx, -errno, "%s: cannot wait for its %s: %s", z->address, what,
				strerror(errno));
	err = set_irq(z, index, fd);
	/* Before 7.3 vfio_pci_get_irq_count() has the ERR interrupt for PCIe only. */
	if (err == -EINVAL)
		eeh_log(z->ctx, EEH_LOG_WARN, "%s: this kernel does not signal its %s: they must be "
			"heard of otherwise (eehctl trace)", z->address, what);
	else if (err < 0)
		return eeh_fail(z->ctx, err, "%s: cannot ask to be told of its %s: %s", z->address, what,
				strerror(-err));
	return 0;
}

static int open_function(struct eeh_zpci *z, struct eeh_vfio *vfio)
{
	struct eeh_ctx *ctx = z->ctx;
	int ret;

	ret = eeh_zpci_read_fid(ctx, z->address, &z->fid);
	if (ret)
		return ret == -ENOENT ? eeh_pci_no_device(ctx, z->address) : ret;
	set_reset_method(z);
	z->fd = eeh_vfio_device(vfio, z->address);
	if (z->fd < 0)
		return z->fd;
	z->kind = feature(z, VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_GET, NULL) < 0 ?
		  EEH_ZPCI_HOST : EEH_ZPCI_OWNER;
	z->len = event_length(z);
	z->ccdf = calloc(1, z->len);
	if (!z->ccdf)
		return eeh_fail(ctx, -ENOMEM, "out of memory");
	z->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (z->epoll < 0)
		return eeh_fail(ctx, -errno, "%s: no epoll: %s", z->address, strerror(errno));
	ret = arm(z, VFIO_PCI_ERR_IRQ_INDEX, "errors", &z->err_fd);
	if (!ret)
		ret = arm(z, VFIO_PCI_REQ_IRQ_INDEX, "requests", &z->req_fd);
	return ret;
}

int eeh_zpci_open(struct eeh_vfio *vfio, const char *address, const struct eeh_zpci_owner *owner,
		  struct eeh_zpci **ret)
{
	struct eeh_ctx *ctx = eeh_vfio_ctx(vfio);
	struct eeh_zpci_owner o;
	struct eeh_zpci *z;
	int err;

	*ret = NULL;
	err = eeh_opts_get(&o, sizeof(o), owner);
	if (err)
		return eeh_fail(ctx, err, "struct eeh_zpci_owner: %s", err == -E2BIG ?
				"fields that this version of libeeh does not know" : "sz is not set");
	if (eeh_platform(ctx) != EEH_PLATFORM_ZPCI)
		return eeh_fail(ctx, -EOPNOTSUPP, "this machine has no zPCI: it is no s390x");
	z = calloc(1, sizeof(*z));
	if (!z)
		return eeh_fail(ctx, -ENOMEM, "out of memory");
	z->ctx = ctx;
	z->owner = o;
	z->fd = z->epoll = z->err_fd = z->req_fd = -1;
	err = address && !eeh_pci_address(address, z->address) ? open_function(z, vfio) :
	      eeh_pci_no_address(ctx, address);
	if (err)
		eeh_zpci_close(z);
	else
		*ret = z;
	return err;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void eeh_zpci_close(struct eeh_zpci *z)
{
	if (!z)
		return;
	/* The kernel holds its eventfds until then; -1 takes them away. */
	if (z->req_fd >= 0) {
		set_irq(z, VFIO_PCI_REQ_IRQ_INDEX, -1);
		set_irq(z, VFIO_PCI_ERR_IRQ_INDEX, -1);
	}
	close_fd(z->err_fd);
	close_fd(z->req_fd);
	close_fd(z->epoll);
	restore_reset_method(z);
	free(z->ccdf);
	free(z);
}

const char *eeh_zpci_address(const struct eeh_zpci *z)
{
	return z->address;
}

uint32_t eeh_zpci_fid(const struct eeh_zpci *z)
{
	return z->fid;
}

int eeh_zpci_kind(const struct eeh_zpci *z)
{
	return z->kind;
}

int eeh_zpci_fd(const struct eeh_zpci *z)
{
	return z->epoll;
}

bool eeh_zpci_pending(const struct eeh_zpci *z)
{
	return z->pending;
}

bool eeh_zpci_permanent(const struct eeh_zpci *z)
{
	return z->permanent;
}

bool eeh_zpci_requested(const struct eeh_zpci *z)
{
	return z->requested;
}

void eeh_zpci_notice(struct eeh_zpci *z)
{
	z->pending = true;
}

/* ---- Errors */

static uint32_t be(const uint8_t *p, int n)
{
	uint32_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static int deliver(struct eeh_zpci *z, struct eeh_zpci_error *e, uint32_t n, eeh_zpci_fn fn,
		   void *arg)
{
	z->seq += n;
	e->sz = sizeof(*e);
	e->seq = z->seq;
	e->time_ns = eeh_now_ns(z->ctx);
	z->pending = true;
	return fn ? fn(arg, e) : 0;
}

/* The event in z->ccdf. */
static int deliver_event(struct eeh_zpci *z, eeh_zpci_fn fn, void *arg)
{
	struct eeh_zpci_error e = { .flags = EEH_ZPCI_F_CCDF, .len = z->len, .ccdf = z->ccdf };

	e.fh = be(z->ccdf + CCDF_FH, 4);
	e.fid = be(z->ccdf + CCDF_FID, 4);
	e.faddr = (uint64_t)be(z->ccdf + CCDF_FADDR, 4) << 32 | be(z->ccdf + CCDF_FADDR + 4, 4);
	e.pec = be(z->ccdf + CCDF_PEC, 2);
	/* zpci_event_error(): the kernel marks the device as failed for good. */
	if (e.pec == 0x3b || e.pec == 0x40) {
		e.flags |= EEH_ZPCI_F_PERMANENT;
		z->permanent = true;
	}
	z->taken++;
	return deliver(z, &e, 1, fn, arg);
}

static uint64_t take_signals(int fd)
{
	uint64_t n;

	return fd >= 0 && read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

/* Events until there is none left: how many, or an error, or what @fn said. */
static int drain(struct eeh_zpci *z, eeh_zpci_fn fn, void *arg, int *stop)
{
	struct feature_zpci_err get = { .data = (uintptr_t)z->ccdf };
	int n, err;

	for (n = 0; n < READ_MAX_EVENTS; n++) {
		memset(z->ccdf, 0, z->len);
		err = feature(z, VFIO_DEVICE_FEATURE_GET, &get);
		if (err == -ENOMSG)
			break;
		if (err < 0)
			return eeh_fail(z->ctx, err, "%s: cannot read its errors: %s", z->address,
					strerror(-err));
		*stop = deliver_event(z, fn, arg);
		if (*stop)
			return n + 1;
	}
	return n;
}

int eeh_zpci_read(struct eeh_zpci *z, eeh_zpci_fn fn, void *arg)
{
	struct eeh_zpci_error e = { 0 };
	uint64_t signals, missing;
	int stop = 0, n = 0;

	if (take_signals(z->req_fd))
		z->requested = true;
	/*
	 * Signals first: the kernel stores an event, then signals it. Of those signalled so far
	 * whatever is not there now was not kept, as the queue was full.
	 */
	signals = take_signals(z->err_fd);
	z->signalled += signals;
	if (z->kind == EEH_ZPCI_HOST) {
		for (; signals && !stop; signals--, n++) {
			memset(&e, 0, sizeof(e));
			e.fid = z->fid;
			z->taken++;
			stop = deliver(z, &e, 1, fn, arg);
		}
		return stop ? stop : n;
	}
	n = drain(z, fn, arg, &stop);
	if (n < 0 || stop)
		return stop ? stop : n;
	if (z->signalled > z->taken + z->lost) {
		missing = z->signalled - z->taken - z->lost;
		z->lost += missing;
		e.flags = EEH_ZPCI_F_LOST;
		e.lost = missing;
		e.fid = z->fid;
		stop = deliver(z, &e, missing, fn, arg);
		n += missing;
	}
	return stop ? stop : n;
}

/* ---- Recovery */

int eeh_zpci_reset(struct eeh_zpci *z)
{
	uint64_t end = eeh_now_ns(z->ctx) + EEH_ZPCI_RESET_BUDGET_MS * MS;
	int err;

	/* What the reset would throw away. */
	err = eeh_zpci_read(z, NULL, NULL);
	if (err < 0)
		return err;
	if (z->permanent)
		return eeh_fail(z->ctx, -ENOTRECOVERABLE, "%s: its error is permanent: close it, then "
				"bring it back (eeh_zpci_revive())", z->address);
	for (;;) {
		err = eeh_dev_ioctl(z->ctx, z->fd, VFIO_DEVICE_RESET, 0);
		if ((err != -EAGAIN && err != -EIO) || eeh_now_ns(z->ctx) >= end)
			break;
		eeh_sleep_ms(z->ctx, EEH_ZPCI_RESET_STEP_MS);
	}
	if (err < 0)
		return eeh_fail(z->ctx, err, "%s: its reset failed: %s", z->address, strerror(-err));
	z->pending = false;
	err = z->owner.quiesce ? z->owner.quiesce(z->owner.arg) : 0;
	return err < 0 ? eeh_fail(z->ctx, err, "%s: it was reset, and its owner cannot stop it: %s",
				  z->address, strerror(-err)) : 0;
}

int eeh_zpci_setup(struct eeh_zpci *z)
{
	int err = z->owner.remap ? z->owner.remap(z->owner.arg) : 0;

	if (err < 0)
		return eeh_fail(z->ctx, err, "%s: its memory cannot be mapped again: %s", z->address,
				strerror(-err));
	err = z->owner.enable ? z->owner.enable(z->owner.arg) : 0;
	return err < 0 ? eeh_fail(z->ctx, err, "%s: its owner cannot set it up: %s", z->address,
				  strerror(-err)) : 0;
}
