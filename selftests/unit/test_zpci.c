// SPDX-License-Identifier: GPL-2.0-only
/* zPCI functions: found by fid, their events, their recovery, on kernels of both kinds. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_dev.h"
#include "fake_zpci.h"
#include "unit.h"
#include "zpci_internal.h"

#include <eeh/event.h>

#define NVME	"0001:00:00.0"
#define XHCI	"0002:00:00.0"

static void link_to(struct unit *u, const char *rel, const char *target)
{
	char path[512];

	unit_file(u, rel, "%s", "");	/* makes the directories */
	snprintf(path, sizeof(path), "%s/%s", u->root, rel);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static void put(struct unit *u, const char *address, const char *file, const char *val)
{
	char rel[200];

	snprintf(rel, sizeof(rel), "sys/bus/pci/devices/%s/%s", address, file);
	unit_file(u, rel, "%s", val);
}

static void function(struct unit *u, const char *address, const char *fid, const char *driver,
		     int group)
{
	char rel[200], target[100];

	put(u, address, "vendor", "0x1b36\n");
	put(u, address, "device", "0x0010\n");
	put(u, address, "class", "0x010802\n");
	put(u, address, "function_id", fid);
	put(u, address, "reset_method", "flr bus\n");
	put(u, address, "recover", "");
	put(u, address, "driver_override", "");
	put(u, address, "resource", "0x4000000000000000 0x4000000000003fff 0x0000000000140204\n"
	    "0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n0x0 0x0 0x0\n");
	snprintf(rel, sizeof(rel), "sys/bus/pci/devices/%s/driver", address);
	snprintf(target, sizeof(target), "../../drivers/%s", driver);
	link_to(u, rel, target);
	snprintf(rel, sizeof(rel), "sys/bus/pci/devices/%s/iommu_group", address);
	snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", group);
	link_to(u, rel, target);
}

/* What a file of a function says now. */
static const char *file(struct unit *u, const char *address, const char *name)
{
	static char buf[200];
	char path[300];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s/%s", u->root, address, name);
	f = fopen(path, "r");
	assert_non_null(f);
	n = fread(buf, 1, sizeof(buf) - 1, f);
	buf[n] = '\0';
	fclose(f);
	return buf;
}

/* Type information with or without the type that owners' support brought, after @before bytes. */
static void btf(struct unit *u, bool owner, size_t before)
{
	char path[300];
	FILE *f;

	unit_file(u, "sys/kernel/btf/vmlinux", "%s", "");
	snprintf(path, sizeof(path), "%s/sys/kernel/btf/vmlinux", u->root);
	f = fopen(path, "w");
	assert_non_null(f);
	while (before--)
		fputc('x', f);
	/* A longer name that begins alike is another one. */
	fwrite("\0zpci_ccdf_pending_x\0", 1, 21, f);
	if (owner)
		fwrite("zpci_ccdf_pending\0zdev\0", 1, 23, f);
	fclose(f);
}

static int setup(void **state)
{
	struct eeh_ctx_opts opts;
	char sys[80], proc[80], dev[80];
	struct unit *u;

	if (unit_setup(state))
		return -1;
	u = *state;
	fake_dev_init(u->root);
	fake_zpci_init();
	unit_remove(u, "sys/firmware");
	unit_remove(u, "proc");
	eeh_ctx_free(u->ctx);
	snprintf(sys, sizeof(sys), "%s/sys", u->root);
	snprintf(proc, sizeof(proc), "%s/proc", u->root);
	snprintf(dev, sizeof(dev), "%s/dev", u->root);
	EEH_INIT(&opts);
	opts.sysfs_root = sys;
	opts.proc_root = proc;
	opts.dev_root = dev;
	opts.sys = &fake_sys;
	unit_file(u, "sys/devices/css0/uevent", "%s", "");
	unit_file(u, "proc/1/comm", "init\n");
	unit_file(u, "sys/bus/pci/drivers_probe", "%s", "");
	function(u, NVME, "0x00000101\n", "vfio-pci", 7);
	function(u, XHCI, "0x00000000\n", "xhci_hcd", 8);
	unit_file(u, "dev/vfio/vfio", "%s", "");
	unit_file(u, "dev/vfio/7", "%s", "");
	unit_file(u, "fake/pes", "0001:101 7 0\n");
	btf(u, true, 10);
	return eeh_ctx_new(&u->ctx, &opts);
}

static int teardown(void **state)
{
	fake_zpci.present = false;
	return unit_teardown(state);
}

/* ---- what there is */

static int collect(void *arg, const struct eeh_pe_info *pe)
{
	char *buf = arg;

	sprintf(buf + strlen(buf), "%s %s %s group %d%s\n", pe->name, eeh_pe_owner_name(pe->owner),
		pe->devices[0]->address, pe->iommu_group, pe->zpci ? " zpci" : "");
	return 0;
}

static void t_list(void **state)
{
	struct unit *u = *state;
	char buf[400] = "";

	assert_int_equal(eeh_pe_for_each(u->ctx, collect, buf), 0);
	/* 0 is a fid as good as any. */
	assert_string_equal(buf, "0001:101 idle " NVME " group 7 zpci\n"
			    "0002:0 kernel " XHCI " group 8 zpci\n");
	*buf = '\0';
	assert_int_equal(eeh_pe_find(u->ctx, NVME, collect, buf), 0);
	assert_string_equal(buf, "0001:101 idle " NVME " group 7 zpci\n");
	put(u, NVME, "function_id", "101\n");
	put(u, XHCI, "function_id", "0x1ffffffff\n");
	assert_int_equal(eeh_pe_for_each(u->ctx, collect, buf), -EBADMSG);
}

static void t_support(void **state)
{
	struct unit *u = *state;
	size_t at;

	assert_int_equal(eeh_zpci_support(u->ctx), EEH_ZPCI_OWNER);
	/* Wherever it is with regard to the pieces that the file is read in. */
	for (at = 65536 - 60; at < 65536 + 10; at++) {
		btf(u, true, at);
		assert_int_equal(eeh_zpci_support(u->ctx), EEH_ZPCI_OWNER);
	}
	btf(u, false, 100000);
	assert_int_equal(eeh_zpci_support(u->ctx), EEH_ZPCI_HOST);
	unit_remove(u, "sys/kernel/btf");
	assert_int_equal(eeh_zpci_support(u->ctx), EEH_ZPCI_UNKNOWN);
	unit_remove(u, "sys/devices/css0");
	assert_int_equal(eeh_zpci_support(u->ctx), -EOPNOTSUPP);
	assert_string_equal(eeh_zpci_support_name(EEH_ZPCI_OWNER), "owner");
	assert_string_equal(eeh_zpci_support_name(EEH_ZPCI_HOST), "host");
	assert_string_equal(eeh_zpci_support_name(77), "unknown");
}

/* ---- a function, its owner, and what they went through */

struct own {
	struct eeh_vfio *v;
	struct eeh_zpci *z;
	struct eeh_pe *pe;
	char calls[100];
	int quiesce_err, remap_err;
	bool event_in_enable;
	/* what was read */
	char seen[400];
	size_t len;
	uint8_t last;		/* byte of the event */
	int stop;
};

static int quiesce(void *arg)
{
	struct own *o = arg;

	sprintf(o->calls + strlen(o->calls), "reset %d quiesce ", fake_zpci.resets);
	return o->quiesce_err;
}

static int remap(void *arg)
{
	struct own *o = arg;

	strcat(o->calls, "remap ");
	return o->remap_err;
}

static int enable(void *arg)
{
	struct own *o = arg;

	strcat(o->calls, "enable ");
	if (o->event_in_enable)
		fake_zpci_event(4, 0x5000);
	o->event_in_enable = false;
	return 0;
}

static int seen(void *arg, const struct eeh_zpci_error *e)
{
	struct own *o = arg;

	sprintf(o->seen + strlen(o->seen), "%u: pec %x fid %x fh %x faddr %lx%s%s lost %u\n",
		(unsigned int)e->seq, e->pec, e->fid, e->fh, (unsigned long)e->faddr,
		e->flags & EEH_ZPCI_F_CCDF ? "" : " no code",
		e->flags & EEH_ZPCI_F_PERMANENT ? " permanent" : "", e->lost);
	o->len = e->len;
	if (e->ccdf)
		o->last = ((const uint8_t *)e->ccdf)[e->len - 1];
	return o->stop;
}

static void take(struct unit *u, struct own *o)
{
	const struct eeh_zpci_owner owner = { .sz = sizeof(owner), .arg = o, .quiesce = quiesce,
					      .remap = remap, .enable = enable };
	struct eeh_pe_opts opts;

	memset(o, 0, sizeof(*o));
	assert_int_equal(eeh_vfio_open(u->ctx, NULL, &o->v), 0);
	assert_int_equal(eeh_zpci_open(o->v, NVME, &owner, &o->z), 0);
	EEH_INIT(&opts);
	opts.vfio = o->v;
	opts.zpci = o->z;
	assert_int_equal(eeh_pe_open(u->ctx, 1, 0x101, &opts, &o->pe), 0);
	assert_int_equal(eeh_pe_backend(o->pe), EEH_BACKEND_ZPCI);
	assert_int_equal(eeh_vfio_iommu(o->v, 7), EEH_VFIO_IOMMU_TYPE1);
}

static void leave(struct own *o)
{
	eeh_pe_close(o->pe);
	eeh_zpci_close(o->z);
	eeh_vfio_close(o->v);
}

static void expect_state(struct own *o, enum eeh_pe_condition want, const char *why)
{
	struct eeh_pe_status s;

	EEH_INIT(&s);
	assert_int_equal(eeh_pe_state(o->pe, &s), 0);
	assert_int_equal(s.condition, want);
	if (!strstr(s.why, why))
		fail_msg("\"%s\" does not say \"%s\"", s.why, why);
}

static bool readable(struct own *o)
{
	struct pollfd p = { .fd = eeh_zpci_fd(o->z), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void t_open(void **state)
{
	struct unit *u = *state;
	struct eeh_zpci *z;
	struct own o;

	take(u, &o);
	assert_int_equal(eeh_zpci_kind(o.z), EEH_ZPCI_OWNER);
	assert_int_equal(eeh_zpci_fid(o.z), 0x101);
	assert_string_equal(eeh_zpci_address(o.z), NVME);
	/* 7.3 chooses the right method by itself. */
	assert_string_equal(file(u, NVME, "reset_method"), "flr bus\n");
	assert_true(fake_zpci.err_fd >= 0 && fake_zpci.req_fd >= 0);
	assert_false(readable(&o));
	expect_state(&o, EEH_PE_NORMAL, "no error");
	assert_int_equal(eeh_zpci_open(o.v, "0009:00:00.0", NULL, &z), -ENODEV);
	assert_int_equal(eeh_zpci_open(o.v, "x", NULL, &z), -EINVAL);
	leave(&o);
	assert_int_equal(fake_zpci.err_fd, -1);
}

static void t_open_old(void **state)
{
	struct unit *u = *state;
	struct own o;

	fake_zpci.old = true;
	btf(u, false, 10);
	take(u, &o);
	assert_int_equal(eeh_zpci_kind(o.z), EEH_ZPCI_HOST);
	/* As written: the fake file keeps what is behind it. */
	assert_memory_equal(file(u, NVME, "reset_method"), "bus", 3);
	leave(&o);
	assert_memory_equal(file(u, NVME, "reset_method"), "flr bus", 7);
	/* One that has been set already stays so. */
	put(u, NVME, "reset_method", "bus\n");
	take(u, &o);
	leave(&o);
	assert_string_equal(file(u, NVME, "reset_method"), "bus\n");
	/* One that was revived: the kernel has to look for methods again. */
	put(u, NVME, "reset_method", "flr\n");
	take(u, &o);
	assert_memory_equal(file(u, NVME, "reset_method"), "default", 7);
	leave(&o);
}

/* ---- errors */

static void t_read(void **state)
{
	struct unit *u = *state;
	struct own o;

	take(u, &o);
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 0);
	fake_zpci_event(4, 0x123456789abcdef0);
	fake_zpci_event(0x3a, 0);
	assert_true(readable(&o));
	fake_zpci.gets = 0;
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 2);
	assert_int_equal(fake_zpci.gets, 3);	/* until there is none */
	assert_string_equal(o.seen, "1: pec 4 fid 101 fh 80020000 faddr 123456789abcdef0 lost 0\n"
			    "2: pec 3a fid 101 fh 80020000 faddr 0 lost 0\n");
	assert_int_equal(o.len, 32);
	assert_false(readable(&o));
	expect_state(&o, EEH_PE_FROZEN, "blocked until");
	fake_zpci.get_error = -EFAULT;
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), -EFAULT);
	leave(&o);
}

/* A result of the callback ends it, and the next call goes on. */
static void t_read_stop(void **state)
{
	struct unit *u = *state;
	struct own o;

	take(u, &o);
	fake_zpci_event(4, 1);
	fake_zpci_event(5, 2);
	o.stop = -77;
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), -77);
	o.stop = 0;
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 1);
	assert_string_equal(o.seen, "1: pec 4 fid 101 fh 80020000 faddr 1 lost 0\n"
			    "2: pec 5 fid 101 fh 80020000 faddr 2 lost 0\n");
	leave(&o);
}

static void t_lost(void **state)
{
	struct unit *u = *state;
	struct own o;
	int i;

	take(u, &o);
	for (i = 1; i <= 6; i++)
		fake_zpci_event(4, i);
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 6);
	assert_string_equal(o.seen, "1: pec 4 fid 101 fh 80020000 faddr 1 lost 0\n"
			    "2: pec 4 fid 101 fh 80020000 faddr 2 lost 0\n"
			    "3: pec 4 fid 101 fh 80020000 faddr 3 lost 0\n"
			    "4: pec 4 fid 101 fh 80020000 faddr 4 lost 0\n"
			    "6: pec 0 fid 101 fh 0 faddr 0 no code lost 2\n");
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 0);
	leave(&o);
}

/* Stored, but not signalled yet: it is read, and its signal is no second event. */
static void t_early(void **state)
{
	struct unit *u = *state;
	struct own o;

	take(u, &o);
	fake_zpci_event(4, 1);
	fake_zpci_store(4, 2);
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 2);
	fake_zpci_signal(fake_zpci.err_fd);
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 0);
	assert_null(strstr(o.seen, "no code"));
	leave(&o);
}

static void t_length(void **state)
{
	static const struct {
		uint32_t version, len, want;
	} cases[] = {
		{ 3, 64, 64 }, { 4, 48, 48 }, { 2, 64, 32 }, { 3, 16, 32 }, { 3, 1 << 20, 32 },
	};
	struct unit *u = *state;
	struct own o;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		fake_zpci_init();
		fake_zpci.cap_version = cases[i].version;
		fake_zpci.ccdf_len = cases[i].len;
		/* A kernel writes no more than it announces. */
		take(u, &o);
		if (cases[i].version < 3)
			fake_zpci.ccdf_len = 32;
		fake_zpci_event(4, 1);
		assert_int_equal(eeh_zpci_read(o.z, seen, &o), 1);
		assert_int_equal(o.len, cases[i].want);
		assert_int_equal(o.last, cases[i].want > 32 ? 0xee : 4);
		leave(&o);
	}
	fake_zpci_init();
	fake_zpci.caps = false;
	take(u, &o);
	fake_zpci_event(4, 1);
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 1);
	assert_int_equal(o.len, 32);
	leave(&o);
}

static void t_request(void **state)
{
	struct unit *u = *state;
	struct own o;

	take(u, &o);
	fake_zpci_signal(fake_zpci.req_fd);
	assert_true(readable(&o));
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 0);
	assert_true(eeh_zpci_requested(o.z));
	assert_false(eeh_zpci_pending(o.z));
	fake_zpci.gone = true;
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), -ENODEV);
	leave(&o);
}

static void t_old_errors(void **state)
{
	struct unit *u = *state;
	struct own o;

	fake_zpci.old = true;
	btf(u, false, 10);
	take(u, &o);
	fake_zpci_event(4, 1);
	fake_zpci_event(4, 2);
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 2);
	assert_string_equal(o.seen, "1: pec 0 fid 101 fh 0 faddr 0 no code lost 0\n"
			    "2: pec 0 fid 101 fh 0 faddr 0 no code lost 0\n");
	expect_state(&o, EEH_PE_FROZEN, "unblocked the function by itself");
	assert_int_equal(eeh_pe_recover(o.pe, NULL), 0);
	assert_string_equal(o.calls, "reset 1 quiesce remap enable ");
	expect_state(&o, EEH_PE_NORMAL, "no error");
	leave(&o);
}

/* Conventional PCI before 7.3 has no signal at all. */
static void t_old_conventional(void **state)
{
	struct unit *u = *state;
	struct own o;

	fake_zpci.old = fake_zpci.conventional = true;
	btf(u, false, 10);
	take(u, &o);
	assert_int_equal(eeh_zpci_read(o.z, seen, &o), 0);
	assert_int_equal(eeh_pe_recover(o.pe, NULL), 1);
	eeh_zpci_notice(o.z);
	assert_int_equal(eeh_pe_recover(o.pe, NULL), 0);
	assert_int_equal(fake_zpci.resets, 1);
	leave(&o);
}

/* ---- recovery */

static void t_recover(void **state)
{
	struct unit *u = *state;
	uint64_t begin;
	struct own o;

	take(u, &o);
	assert_int_equal(eeh_pe_recover(o.pe, NULL), 1);
	assert_int_equal(fake_zpci.resets, 0);
	fake_zpci_event(4, 1);
	fake_zpci.again = 3;
	fake_zpci.eio = 2;
	begin = fake_dev_now_ms();
	assert_int_equal(eeh_pe_recover(o.pe, NULL), 0);
	assert_int_equal(fake_dev_now_ms() - begin, 5 * EEH_ZPCI_RESET_STEP_MS);
	assert_string_equal(o.calls, "reset 6 quiesce remap enable ");
	expect_state(&o, EEH_PE_NORMAL, "no error");
	/* It makes another error when it is set up: another reset. */
	*o.calls = '\0';
	fake_zpci_event(4, 1);
	o.event_in_enable = true;
	assert_int_equal(eeh_pe_recover(o.pe, NULL), 0);
	assert_string_equal(o.calls, "reset 7 quiesce remap enable reset 8 quiesce remap enable ");
	leave(&o);
}

static void t_recover_fails(void **state)
{
	struct unit *u = *state;
	uint64_t begin;
	struct own o;

	take(u, &o);
	fake_zpci_event(4, 1);
	fake_zpci.again = -1;
	begin = fake_dev_now_ms();
	assert_int_equal(eeh_pe_recover(o.pe, NULL), -EAGAIN);
	assert_in_range(fake_dev_now_ms() - begin, EEH_ZPCI_RESET_BUDGET_MS,
			EEH_ZPCI_RESET_BUDGET_MS + EEH_ZPCI_RESET_STEP_MS);
	assert_string_equal(o.calls, "");
	expect_state(&o, EEH_PE_FROZEN, "blocked until");
	fake_zpci.again = 0;
	o.quiesce_err = -ENXIO;
	assert_int_equal(eeh_pe_recover(o.pe, NULL), -ENXIO);
	o.quiesce_err = 0;
	o.remap_err = -ENOSPC;
	assert_int_equal(eeh_pe_reset(o.pe, NULL), -ENOSPC);
	assert_null(strstr(o.calls, "enable"));
	leave(&o);
}

static void t_permanent(void **state)
{
	static const uint16_t codes[] = { 0x3b, 0x40 };
	struct unit *u = *state;
	struct own o;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(codes); i++) {
		take(u, &o);
		fake_zpci_event(codes[i], 0);
		assert_int_equal(eeh_zpci_read(o.z, seen, &o), 1);
		assert_non_null(strstr(o.seen, " permanent"));
		assert_true(eeh_zpci_permanent(o.z));
		expect_state(&o, EEH_PE_FAILED, "recover");
		assert_int_equal(eeh_pe_recover(o.pe, NULL), -ENOTRECOVERABLE);
		assert_int_equal(eeh_zpci_reset(o.z), -ENOTRECOVERABLE);
		assert_int_equal(fake_zpci.resets, 0);
		leave(&o);
	}
}

/* What zPCI does not have is refused; what has nothing to do succeeds. */
static void t_operations(void **state)
{
	struct unit *u = *state;
	struct own o;

	take(u, &o);
	assert_int_equal(eeh_pe_unfreeze(o.pe, EEH_PE_UNFREEZE_IO), -EOPNOTSUPP);
	assert_int_equal(eeh_pe_enable(o.pe), -EOPNOTSUPP);
	assert_int_equal(eeh_pe_op(o.pe, EEH_PE_OP_RESET_FUNDAMENTAL, NULL), -EOPNOTSUPP);
	assert_int_equal(eeh_pe_op(o.pe, EEH_PE_OP_RESET_DEACTIVATE, NULL), 0);
	assert_int_equal(eeh_pe_inject(o.pe, EEH_INJECT_DMA_WRITE, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(eeh_last_error(u->ctx), "not mapped"));
	leave(&o);
}

/* Without a descriptor of our own: what is idle is opened, what is somebody's is not. */
static void t_choose(void **state)
{
	struct eeh_pe_log log;
	struct eeh_pe_opts opts;
	struct unit *u = *state;
	struct eeh_pe *pe;
	struct own o;

	assert_int_equal(eeh_pe_open(u->ctx, 1, 0x101, NULL, &pe), 0);
	assert_int_equal(eeh_pe_backend(pe), EEH_BACKEND_ZPCI);
	assert_int_equal(eeh_pe_reset(pe, NULL), 0);
	assert_int_equal(fake_zpci.resets, 1);
	eeh_pe_close(pe);
	assert_int_equal(eeh_pe_open(u->ctx, 2, 0, NULL, &pe), -EOPNOTSUPP);
	EEH_INIT(&opts);
	unit_file(u, "proc/300/comm", "qemu-system-s39\n");
	link_to(u, "proc/300/fd/3", "/dev/vfio/7");
	assert_int_equal(eeh_pe_open(u->ctx, 1, 0x101, NULL, &pe), -EBUSY);
	/* Who does not own it may look. */
	opts.backend = EEH_BACKEND_DEV;
	assert_int_equal(eeh_pe_open(u->ctx, 1, 0x101, &opts, &pe), 0);
	put(u, NVME, "config", "\x36\x1b\x10\x20");
	assert_int_equal(eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL), EEH_PE_RAW_NORMAL);
	put(u, NVME, "config", "\xff\xff\xff\xff");
	assert_int_equal(eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL), EEH_PE_RAW_STOPPED);
	put(u, NVME, "config", "\xff");
	assert_int_equal(eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL), -EIO);
	assert_int_equal(eeh_pe_reset(pe, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(eeh_last_error(u->ctx), "owner"));
	EEH_INIT(&log);
	/* Nothing keeps records here. */
	assert_int_equal(eeh_pe_log_next(pe, 0, &log), -ENODATA);
	eeh_pe_close(pe);
	unit_remove(u, "proc/300");
	/* The function of another PE. */
	take(u, &o);
	opts.backend = EEH_BACKEND_AUTO;
	opts.vfio = o.v;
	opts.zpci = o.z;
	assert_int_equal(eeh_pe_open(u->ctx, 2, 0, &opts, &pe), -EINVAL);
	leave(&o);
}

static void t_revive(void **state)
{
	char now[EEH_PCI_ADDRESS_LEN] = "";
	struct unit *u = *state;
	uint64_t begin;

	assert_int_equal(eeh_zpci_revive(u->ctx, NVME, "vfio-pci", now), 0);
	assert_string_equal(now, NVME);
	assert_string_equal(file(u, NVME, "recover"), "1");
	assert_string_equal(file(u, NVME, "driver_override"), "vfio-pci");
	/* Another driver took it, which must let go; files do not bind, so it does not come. */
	put(u, NVME, "recover", "");
	assert_int_equal(eeh_zpci_revive(u->ctx, XHCI, NULL, NULL), 0);
	assert_string_equal(file(u, XHCI, "recover"), "1");
	unit_file(u, "proc/300/comm", "qemu-system-s39\n");
	link_to(u, "proc/300/fd/3", "/dev/vfio/7");
	assert_int_equal(eeh_zpci_revive(u->ctx, NVME, "vfio-pci", now), -EBUSY);
	assert_string_equal(file(u, NVME, "recover"), "");
	unit_remove(u, "proc/300");
	assert_int_equal(eeh_zpci_revive(u->ctx, "0009:00:00.0", NULL, NULL), -ENODEV);
	assert_int_equal(eeh_zpci_revive(u->ctx, "x", NULL, NULL), -EINVAL);
	/* A driver that does not take it. */
	assert_int_equal(eeh_zpci_revive(u->ctx, NVME, "uio_pci_generic", NULL), -ENOENT);
	unit_remove(u, "sys/devices/css0");
	begin = fake_dev_now_ms();
	assert_int_equal(eeh_zpci_revive(u->ctx, NVME, NULL, NULL), -EOPNOTSUPP);
	assert_int_equal(fake_dev_now_ms(), begin);
}

/* An event of the BPF programs has the fid alone. */
static void t_event(void **state)
{
	struct eeh_event e = { .type = EEH_EVENT_FROZEN, .phb = UINT32_MAX, .pe_addr = 0x101 };
	struct unit *u = *state;

	eeh_zpci_event(u->ctx, &e);
	assert_int_equal(e.phb, 1);
	assert_int_equal(e.arg[0], 1);
	e.pe_addr = 0;
	eeh_zpci_event(u->ctx, &e);
	assert_int_equal(e.phb, 2);
	assert_int_equal(e.arg[0], 0);
	/* Gone: what is not known stays so. */
	e.phb = UINT32_MAX;
	e.pe_addr = 0x999;
	eeh_zpci_event(u->ctx, &e);
	assert_int_equal(e.phb, UINT32_MAX);
	/* The other types have a meaning of their own in arg[0]. */
	e.type = EEH_EVENT_ZPCI;
	e.pe_addr = 0x101;
	e.arg[0] = 0x0004003b00000001;
	eeh_zpci_event(u->ctx, &e);
	assert_int_equal(e.arg[0], 0x0004003b00000001);
	assert_int_equal(eeh_event_pec(&e), 0x3b);
	assert_int_equal(eeh_event_fate(&e), EEH_FATE_STALE);
}

static void t_elsewhere(void **state)
{
	struct unit *u = *state;
	struct eeh_vfio *v;
	struct eeh_zpci *z;

	unit_remove(u, "sys/devices/css0");
	assert_int_equal(eeh_vfio_open(u->ctx, NULL, &v), 0);
	assert_int_equal(eeh_zpci_open(v, NVME, NULL, &z), -EOPNOTSUPP);
	assert_null(z);
	eeh_vfio_close(v);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(t_list),
		TEST(t_support),
		TEST(t_open),
		TEST(t_open_old),
		TEST(t_read),
		TEST(t_read_stop),
		TEST(t_lost),
		TEST(t_early),
		TEST(t_length),
		TEST(t_request),
		TEST(t_old_errors),
		TEST(t_old_conventional),
		TEST(t_recover),
		TEST(t_recover_fails),
		TEST(t_permanent),
		TEST(t_operations),
		TEST(t_choose),
		TEST(t_revive),
		TEST(t_event),
		TEST(t_elsewhere),
	};

	return cmocka_run_group_tests_name("zpci", tests, NULL, NULL) ? 1 : 0;
}
