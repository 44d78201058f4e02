// SPDX-License-Identifier: GPL-2.0-only
/* PEs: which there are, whose they are, and what the two ways to them do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_dev.h"
#include "pe_internal.h"
#include "unit.h"

#define NO_BAR	"0x0000000000000000 0x0000000000000000 0x0000000000000000\n"

static void link_to(struct unit *u, const char *rel, const char *target)
{
	char path[512];

	unit_file(u, rel, "%s", "");	/* makes the directories */
	snprintf(path, sizeof(path), "%s/%s", u->root, rel);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

/* A function in the PCI tree of sysfs, below the one named @above (or a root bus). */
static void pci(struct unit *u, const char *address, const char *above, const char *class_code,
		const char *driver, int group, const char *pe)
{
	char dir[200], rel[300], target[300];

	if (above)
		snprintf(dir, sizeof(dir), "sys/devices/pci%.7s/%s/%s", address, above, address);
	else
		snprintf(dir, sizeof(dir), "sys/devices/pci%.7s/%s", address, address);
	snprintf(rel, sizeof(rel), "%s/vendor", dir);
	unit_file(u, rel, "0x1b36\n");
	snprintf(rel, sizeof(rel), "%s/device", dir);
	unit_file(u, rel, "0x0010\n");
	snprintf(rel, sizeof(rel), "%s/class", dir);
	unit_file(u, rel, "0x%s\n", class_code);
	snprintf(rel, sizeof(rel), "%s/resource", dir);
	unit_file(u, rel, "0x0000210000000000 0x0000210000003fff 0x0000000000140204\n" NO_BAR
		  "0x00000000c0000000 0x00000000c000ffff 0x0000000000040200\n" NO_BAR NO_BAR NO_BAR);
	if (pe) {
		snprintf(rel, sizeof(rel), "%s/eeh_pe_config_addr", dir);
		unit_file(u, rel, "%s\n", pe);
		snprintf(rel, sizeof(rel), "%s/eeh_pe_state", dir);
		unit_file(u, rel, "must not be read\n");
	}
	if (driver) {
		snprintf(rel, sizeof(rel), "%s/driver", dir);
		snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
		link_to(u, rel, target);
	}
	if (group >= 0) {
		snprintf(rel, sizeof(rel), "%s/iommu_group", dir);
		snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", group);
		link_to(u, rel, target);
	}
	snprintf(rel, sizeof(rel), "sys/bus/pci/devices/%s", address);
	snprintf(target, sizeof(target), "../../../%s", dir + 4);
	link_to(u, rel, target);
}

static void process(struct unit *u, int pid, const char *comm, const char *fd3, const char *fd4)
{
	char rel[80];

	snprintf(rel, sizeof(rel), "proc/%d/comm", pid);
	unit_file(u, rel, "%s\n", comm);
	snprintf(rel, sizeof(rel), "proc/%d/fd/3", pid);
	link_to(u, rel, fd3);
	snprintf(rel, sizeof(rel), "proc/%d/fd/4", pid);
	link_to(u, rel, fd4);
}

static void pes_are(struct unit *u, const char *text)
{
	unit_file(u, "fake/pes", "%s", text);
	unit_remove(u, "fake/ops");
	unit_remove(u, "fake/injected");
}

/* "0001:fd 7\n0001:fd 4\n": what was done. */
static const char *ops(struct unit *u)
{
	static char buf[4096];
	char path[256];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "%s/fake/ops", u->root);
	f = fopen(path, "r");
	n = f ? fread(buf, 1, sizeof(buf) - 1, f) : 0;
	buf[n] = '\0';
	if (f)
		fclose(f);
	return buf;
}

static const char *injected(struct unit *u)
{
	static char buf[200];
	char path[256];
	FILE *f;

	*buf = '\0';
	snprintf(path, sizeof(path), "%s/fake/injected", u->root);
	f = fopen(path, "r");
	if (f) {
		assert_non_null(fgets(buf, sizeof(buf), f));
		fclose(f);
	}
	return buf;
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
	eeh_ctx_free(u->ctx);
	snprintf(sys, sizeof(sys), "%s/sys", u->root);
	snprintf(proc, sizeof(proc), "%s/proc", u->root);
	snprintf(dev, sizeof(dev), "%s/dev", u->root);
	EEH_INIT(&opts);
	opts.sysfs_root = sys;
	opts.proc_root = proc;
	opts.dev_root = dev;
	opts.sys = &fake_sys;

	unit_file(u, "sys/firmware/opal/msglog", "x");
	unit_file(u, "sys/class/pci_bus/0001:00/of_node/compatible", "ibm,power10-pciex%cibm,ioda3-phb%c",
		  0, 0);
	pci(u, "0001:00:00.0", NULL, "060400", "pcieport", 5, "0x1fe");
	pci(u, "0001:01:00.0", "0001:00:00.0", "010802", "vfio-pci", 7, "0xfd");
	pci(u, "0001:01:00.1", "0001:00:00.0", "020000", "vfio-pci", 7, "0xfd");
	pci(u, "0002:01:00.0", NULL, "010802", "nvme", 9, "0x0");
	pci(u, "0002:02:00.0", NULL, "010802", "vfio-pci", 10, "0xfc");
	pci(u, "0002:03:00.0", NULL, "060100", NULL, -1, NULL);
	unit_file(u, "dev/vfio/vfio", "%s", "");
	unit_file(u, "dev/vfio/7", "%s", "");
	unit_file(u, "dev/vfio/10", "%s", "");
	unit_file(u, "dev/eeh", "%s", "");
	pes_are(u, "0001:fd 7 0\n0002:0 9 0 kernel\n0002:fc 10 0\n");
	return eeh_ctx_new(&u->ctx, &opts);
}

/* ---- what there is */

static int collect(void *arg, const struct eeh_pe_info *pe)
{
	char *buf = arg;
	size_t n = strlen(buf), i;

	n += sprintf(buf + n, "%s %s group %d/%u pid %d x%u%s", pe->name, eeh_pe_owner_name(pe->owner),
		     pe->iommu_group, pe->nr_groups, pe->pid, pe->nr_pids, pe->shared ? " shared" : "");
	if (pe->has_parent)
		n += sprintf(buf + n, " below %x", pe->parent);
	for (i = 0; i < pe->nr_devices; i++)
		n += sprintf(buf + n, " %s", pe->devices[i]->address);
	sprintf(buf + n, "\n");
	return 0;
}

static void expect_list(struct unit *u, const char *want)
{
	char buf[2048] = "";

	assert_int_equal(eeh_pe_for_each(u->ctx, collect, buf), 0);
	assert_string_equal(buf, want);
}

static void t_list(void **state)
{
	struct unit *u = *state;

	expect_list(u, "0001:fd idle group 7/1 pid 0 x0 below 1fe 0001:01:00.0 0001:01:00.1\n"
		    "0001:1fe kernel group 5/1 pid 0 x0 0001:00:00.0\n"
		    "0002:0 kernel group 9/1 pid 0 x0 0002:01:00.0\n"
		    "0002:fc idle group 10/1 pid 0 x0 0002:02:00.0\n");
}

static void t_list_owners(void **state)
{
	struct unit *u = *state;

	process(u, 300, "qemu-system-ppc", "/dev/vfio/7", "anon_inode:kvm-vm");
	/* A device without its group, as the kernel names it in fdinfo. */
	process(u, 20, "driver", "anon_inode:[vfio-device]", "/dev/vfio/vfio");
	unit_file(u, "proc/20/fdinfo/3", "pos:\t0\nflags:\t02\n"
		  "vfio-device-syspath: /sys/devices/pci0002:00/0002:02:00.0\n");
	/* Not VFIO groups, or not of a device here. */
	process(u, 21, "other", "/dev/vfio/77", "/dev/vfio/noiommu-7");
	expect_list(u, "0001:fd process group 7/1 pid 300 x1 below 1fe 0001:01:00.0 0001:01:00.1\n"
		    "0001:1fe kernel group 5/1 pid 0 x0 0001:00:00.0\n"
		    "0002:0 kernel group 9/1 pid 0 x0 0002:01:00.0\n"
		    "0002:fc process group 10/1 pid 20 x1 0002:02:00.0\n");
	process(u, 301, "again", "/dev/vfio/7", "/dev/null");
	pci(u, "0002:02:00.1", NULL, "020000", "e1000e", 11, "0xfc");
	expect_list(u, "0001:fd process group 7/1 pid 300 x2 shared below 1fe 0001:01:00.0 0001:01:00.1\n"
		    "0001:1fe kernel group 5/1 pid 0 x0 0001:00:00.0\n"
		    "0002:0 kernel group 9/1 pid 0 x0 0002:01:00.0\n"
		    "0002:fc mixed group 10/2 pid 20 x1 shared 0002:02:00.0 0002:02:00.1\n");
}

static int first_device(void *arg, const struct eeh_pe_info *pe)
{
	*(struct eeh_pe_device *)arg = *pe->devices[0];
	return 7;
}

static void t_find(void **state)
{
	struct unit *u = *state;
	struct eeh_pe_device d;

	assert_int_equal(eeh_pe_find(u->ctx, "0001:fd", first_device, &d), 7);
	assert_string_equal(d.address, "0001:01:00.0");
	assert_string_equal(d.driver, "vfio-pci");
	assert_int_equal(d.vendor_id, 0x1b36);
	assert_int_equal(d.device_id, 0x10);
	assert_int_equal(d.class_code, 0x10802);
	assert_int_equal(d.bar[0].kind, EEH_BAR_MEM64);
	assert_int_equal(d.bar[0].start, 0x210000000000);
	assert_int_equal(d.bar[0].size, 0x4000);
	assert_int_equal(d.bar[1].kind, EEH_BAR_NONE);
	assert_int_equal(d.bar[2].kind, EEH_BAR_MEM32);
	assert_int_equal(eeh_pe_find(u->ctx, "1:FD", NULL, NULL), 0);
	assert_int_equal(eeh_pe_find(u->ctx, "0001:01:00.1", first_device, &d), 7);
	assert_string_equal(d.address, "0001:01:00.0");
	assert_int_equal(eeh_pe_find(u->ctx, "0002:0", first_device, &d), 7);
	assert_int_equal(eeh_pe_find(u->ctx, "0001:fe", NULL, NULL), -ENODEV);
	assert_int_equal(eeh_pe_find(u->ctx, "0002:03:00.0", NULL, NULL), -ENODEV);
	assert_non_null(strstr(eeh_last_error(u->ctx), "in no PE"));
	assert_int_equal(eeh_pe_find(u->ctx, "0003:03:00.0", NULL, NULL), -ENODEV);
	assert_int_equal(eeh_pe_find(u->ctx, "fd", NULL, NULL), -EINVAL);
	assert_int_equal(eeh_pe_find(u->ctx, "0001:", NULL, NULL), -EINVAL);
	assert_int_equal(eeh_pe_find(u->ctx, "0001:fd ", NULL, NULL), -EINVAL);
	assert_int_equal(eeh_pe_find(u->ctx, "000000001:fd", NULL, NULL), -EINVAL);
	assert_int_equal(eeh_pe_find(u->ctx, NULL, NULL, NULL), -EINVAL);
}

static void t_list_bad(void **state)
{
	struct unit *u = *state;
	char buf[2048] = "";

	unit_file(u, "sys/devices/pci0001:01/0001:00:00.0/0001:01:00.0/eeh_pe_config_addr", "fd\n");
	assert_int_equal(eeh_pe_for_each(u->ctx, collect, buf), -EBADMSG);
	assert_non_null(strstr(eeh_last_error(u->ctx), "0001:01:00.0/eeh_pe_config_addr"));
	/* No device of EEH behind it: empty. Then the PE has one device less. */
	unit_file(u, "sys/devices/pci0001:01/0001:00:00.0/0001:01:00.0/eeh_pe_config_addr", "%s", "");
	assert_int_equal(eeh_pe_for_each(u->ctx, collect, buf), 0);
	assert_non_null(strstr(buf, "below 1fe 0001:01:00.1\n"));
	/* Under a hypervisor, 0 is no PE. */
	unit_remove(u, "sys/firmware/opal");
	*buf = '\0';
	assert_int_equal(eeh_pe_for_each(u->ctx, collect, buf), 0);
	assert_null(strstr(buf, "0002:0 "));
	unit_remove(u, "sys/bus/pci/devices");
	assert_int_equal(eeh_pe_for_each(u->ctx, collect, buf), -ENOENT);
	unit_file(u, "sys/bus/pci/devices/x", "x");
	assert_int_equal(eeh_pe_for_each(u->ctx, collect, buf), -EOPNOTSUPP);
	assert_non_null(strstr(eeh_last_error(u->ctx), "eeh=off"));
}

static int collect_vm(void *arg, const struct eeh_vm *vm)
{
	char *buf = arg;
	size_t n = strlen(buf), i;

	n += sprintf(buf + n, "%d %s \"%s\"%s:", vm->pid, vm->comm, vm->guest, vm->kvm ? " kvm" : "");
	for (i = 0; i < vm->nr_pes; i++)
		n += sprintf(buf + n, " %s", vm->pes[i]->name);
	sprintf(buf + n, "\n");
	return 0;
}

static void t_vms(void **state)
{
	struct unit *u = *state;
	char buf[1024] = "";

	assert_int_equal(eeh_vm_for_each(u->ctx, collect_vm, buf), 0);
	assert_string_equal(buf, "");
	process(u, 300, "qemu-system-ppc", "/dev/vfio/7", "anon_inode:kvm-vm");
	unit_file(u, "proc/300/cmdline", "qemu%c-name%cguest=web,debug-threads=on%c-m%c1G%c", 0, 0, 0, 0, 0);
	process(u, 1000, "nvme-admin", "/dev/vfio/10", "/dev/vfio/7");
	unit_file(u, "proc/1000/cmdline", "nvme-admin%c-name%cx%c", 0, 0, 0);
	process(u, 5, "stranger", "/dev/vfio/4", "/dev/null");
	assert_int_equal(eeh_vm_for_each(u->ctx, collect_vm, buf), 0);
	assert_string_equal(buf, "300 qemu-system-ppc \"web\" kvm: 0001:fd\n"
			    "1000 nvme-admin \"\": 0001:fd 0002:fc\n");
}

/* ---- states */

static void expect_state(struct eeh_pe_history *h, int raw, uint64_t now_ms,
			 enum eeh_pe_condition condition)
{
	struct eeh_pe_status s;

	EEH_INIT(&s);
	assert_int_equal(eeh_pe_decode(raw, now_ms * 1000000, h, &s), 0);
	if (s.condition != condition || s.raw != raw || !*s.why)
		fail_msg("state %d at %llu ms: %s, wanted %s: %s", raw, (unsigned long long)now_ms,
			 eeh_pe_condition_name(s.condition), eeh_pe_condition_name(condition),
			 s.why);
}

static void t_decode(void **state)
{
	struct eeh_pe_history h;
	struct eeh_pe_status s;

	(void)state;
	EEH_INIT(&h);
	EEH_INIT(&s);
	expect_state(&h, 0, 0, EEH_PE_NORMAL);
	expect_state(&h, 1, 0, EEH_PE_IN_RESET);
	expect_state(&h, 2, 0, EEH_PE_FROZEN);
	expect_state(&h, 4, 0, EEH_PE_DMA_STOPPED);
	expect_state(&h, 3, 0, EEH_PE_UNKNOWN);
	expect_state(&h, 99, 0, EEH_PE_UNKNOWN);
	expect_state(&h, EEH_PE_RAW_BUSY, 0, EEH_PE_IN_RESET);

	/* Five minutes of "unavailable" in one go, and it is lost. */
	expect_state(&h, 5, 0, EEH_PE_UNAVAILABLE);
	expect_state(&h, 5, 299999, EEH_PE_UNAVAILABLE);
	expect_state(&h, 2, 300000, EEH_PE_FROZEN);
	expect_state(&h, 5, 400000, EEH_PE_UNAVAILABLE);
	expect_state(&h, 5, 699999, EEH_PE_UNAVAILABLE);
	assert_false(h.failed);
	expect_state(&h, 5, 700001, EEH_PE_FAILED);
	/* Latched. */
	expect_state(&h, 0, 700002, EEH_PE_FAILED);
	assert_true(h.failed);
	h.failed = false;
	expect_state(&h, 0, 700003, EEH_PE_NORMAL);

	/* A clock that went back (a history from before a reboot) is no reason to give up. */
	h.unavailable_since = UINT64_MAX;
	expect_state(&h, 5, 10, EEH_PE_UNAVAILABLE);

	/* Resets that succeed and change nothing. */
	h.failed_resets = EEH_PE_RESET_ATTEMPTS - 1;
	expect_state(&h, 2, 20, EEH_PE_FROZEN);
	h.failed_resets++;
	expect_state(&h, 2, 30, EEH_PE_FAILED);
	EEH_INIT(&h);
	h.failed_resets = EEH_PE_RESET_ATTEMPTS - 1;
	expect_state(&h, 0, 40, EEH_PE_NORMAL);
	assert_int_equal(h.failed_resets, 0);

	/* Whose reset? */
	assert_int_equal(eeh_pe_decode(1, 0, &h, &s), 0);
	assert_true(s.ambiguous);
	assert_int_equal(s.ask_again_ms, EEH_PE_UNAVAILABLE_ASK_MS);
	h.reset_asserted = true;
	assert_int_equal(eeh_pe_decode(1, 0, &h, &s), 0);
	assert_false(s.ambiguous);
	assert_int_equal(s.ask_again_ms, 0);

	s.sz = 0;
	assert_int_equal(eeh_pe_decode(1, 0, &h, &s), -EINVAL);
	EEH_INIT(&s);
	h.sz = 0;
	assert_int_equal(eeh_pe_decode(1, 0, &h, &s), -EINVAL);
}

/* ---- VFIO */

static int take_results(void *arg, int group, int ret)
{
	char *buf = arg;

	sprintf(buf + strlen(buf), "%d=%d ", group, ret);
	return 0;
}

static void t_vfio(void **state)
{
	struct unit *u = *state;
	struct eeh_vfio *v;
	struct eeh_pe_err e;
	char buf[200] = "";
	int op;

	assert_int_equal(eeh_vfio_open(u->ctx, NULL, &v), 0);
	assert_int_equal(eeh_vfio_op(v, 7, EEH_PE_OP_GET_STATE, NULL), -ENOENT);
	assert_int_equal(eeh_vfio_group(v, 7), 0);
	assert_int_equal(eeh_vfio_group(v, 7), 0);
	assert_int_equal(eeh_vfio_iommu(v, 7), EEH_VFIO_IOMMU_V2);
	assert_true(eeh_vfio_device(v, "0002:02:00.0") >= 0);
	assert_int_equal(eeh_vfio_device(v, "0002:02:00.0"), eeh_vfio_device(v, "0002:02:00.0"));
	/* A container of its own. */
	assert_int_not_equal(eeh_vfio_container(v, 7), eeh_vfio_container(v, 10));
	assert_int_equal(eeh_vfio_container(v, 11), -ENOENT);

	/* Each group gets its answer, though the first has one that stops the kernel's loop. */
	pes_are(u, "0001:fd 7 2\n0002:fc 10 4\n");
	assert_int_equal(eeh_vfio_op_all(v, EEH_PE_OP_GET_STATE, NULL, take_results, buf), 0);
	assert_string_equal(buf, "7=2 10=4 ");
	assert_int_equal(eeh_vfio_op_all(v, EEH_PE_OP_ENABLE, NULL, NULL, NULL), 0);
	*buf = '\0';
	assert_int_equal(eeh_vfio_op_all(v, EEH_PE_OP_GET_STATE, NULL, take_results, buf), 0);
	assert_string_equal(buf, "7=0 10=0 ");

	/* Nor does an error keep the others from their turn. */
	pes_are(u, "0001:fd 7 0 fail=8:5\n0002:fc 10 0\n");
	assert_int_equal(eeh_vfio_op_all(v, EEH_PE_OP_CONFIGURE, NULL, NULL, NULL), -EIO);
	assert_string_equal(ops(u), "0001:fd 8\n0002:fc 8\n");

	/* All ten, as the kernel numbers them. */
	pes_are(u, "0001:fd 7 0\n0002:fc 10 0\n");
	EEH_INIT(&e);
	e.func = 4;
	for (op = 0; op < EEH_PE_OPS; op++)
		if (op != EEH_PE_OP_INJECT_ERR)
			assert_true(eeh_vfio_op(v, 7, op, NULL) >= 0);
	assert_string_equal(ops(u), "0001:fd 0\n0001:fd 1\n0001:fd 2\n0001:fd 3\n0001:fd 4\n0001:fd 5\n"
			    "0001:fd 6\n0001:fd 7\n0001:fd 8\n");
	assert_int_equal(eeh_vfio_op(v, 7, EEH_PE_OP_INJECT_ERR, &e), 0);
	assert_string_equal(injected(u), "0001:fd 0 4 0 0\n");
	assert_int_equal(eeh_vfio_op(v, 7, EEH_PE_OP_INJECT_ERR, NULL), -EINVAL);
	assert_int_equal(eeh_vfio_op(v, 7, EEH_PE_OP_ENABLE, &e), -EINVAL);
	assert_int_equal(eeh_vfio_op(v, 7, EEH_PE_OPS, NULL), -EINVAL);
	e.func = 20;
	assert_int_equal(eeh_vfio_op(v, 7, EEH_PE_OP_INJECT_ERR, &e), -ERANGE);
	e.func = 0;
	assert_int_equal(eeh_vfio_op(v, 7, EEH_PE_OP_INJECT_ERR, &e), -EIO);
	assert_non_null(strstr(eeh_last_error(u->ctx), "firmware refused"));
	eeh_vfio_close(v);
}

static void t_vfio_refused(void **state)
{
	struct unit *u = *state;
	struct eeh_vfio_opts o;
	struct eeh_vfio *v;
	int container;

	EEH_INIT(&o);
	o.iommu = 1;
	assert_int_equal(eeh_vfio_open(u->ctx, &o, &v), -EINVAL);
	o.iommu = EEH_VFIO_IOMMU_V1;
	assert_int_equal(eeh_vfio_open(u->ctx, &o, &v), 0);
	assert_int_equal(eeh_vfio_group(v, -1), -EINVAL);
	assert_int_equal(eeh_vfio_group(v, 8), -ENOENT);
	assert_non_null(strstr(eeh_last_error(u->ctx), "vfio-pci"));
	unit_file(u, "dev/vfio/10", "busy\n");
	assert_int_equal(eeh_vfio_group(v, 10), -EBUSY);
	unit_file(u, "dev/vfio/11", "%s", "");
	assert_int_equal(eeh_vfio_group(v, 11), -EUCLEAN);
	assert_int_equal(eeh_vfio_device(v, "0009:01:00.0"), -ENODEV);
	assert_int_equal(eeh_vfio_device(v, "x"), -EINVAL);
	assert_int_equal(eeh_vfio_device(v, NULL), -EINVAL);
	assert_int_equal(eeh_vfio_group(v, 7), 0);
	assert_int_equal(eeh_vfio_iommu(v, 7), EEH_VFIO_IOMMU_V1);
	container = eeh_vfio_container(v, 7);
	assert_int_equal(eeh_vfio_adopt(v, 7, container), -EEXIST);
	assert_int_equal(eeh_vfio_adopt(v, 12, container), 0);
	assert_int_equal(eeh_vfio_adopt(v, 13, -1), -EINVAL);
	assert_int_equal(eeh_vfio_op(v, 12, EEH_PE_OP_GET_STATE, NULL), 0);
	eeh_vfio_close(v);	/* aborts if it closes the adopted one as well */
	unit_remove(u, "dev/vfio/vfio");
	assert_int_equal(eeh_vfio_open(u->ctx, NULL, &v), 0);
	assert_int_equal(eeh_vfio_group(v, 7), -ENOENT);
	assert_non_null(strstr(eeh_last_error(u->ctx), "modprobe"));
	eeh_vfio_close(v);
	eeh_vfio_close(NULL);
}

static void t_vfio_v1(void **state)
{
	struct unit *u = *state;
	struct eeh_vfio *v;

	setenv("FAKE_IOMMU", "1", 1);
	assert_int_equal(eeh_vfio_open(u->ctx, NULL, &v), 0);
	assert_int_equal(eeh_vfio_group(v, 7), 0);
	assert_int_equal(eeh_vfio_iommu(v, 7), EEH_VFIO_IOMMU_V1);
	eeh_vfio_close(v);
	unsetenv("FAKE_IOMMU");
}

/* ---- the way is chosen */

static struct eeh_pe *open_pe(struct unit *u, uint32_t phb, uint32_t addr,
			      const struct eeh_pe_opts *o)
{
	struct eeh_pe *pe;
	int err = eeh_pe_open(u->ctx, phb, addr, o, &pe);

	if (err)
		fail_msg("%d: %s", err, eeh_last_error(u->ctx));
	return pe;
}

static void t_choose(void **state)
{
	struct unit *u = *state;
	struct eeh_pe_opts o;
	struct eeh_vfio *v;
	struct eeh_pe *pe;

	/* Somebody else's, or nobody's: the module. */
	pe = open_pe(u, 1, 0xfd, NULL);
	assert_int_equal(eeh_pe_backend(pe), EEH_BACKEND_DEV);
	assert_string_equal(eeh_pe_name(pe), "0001:fd");
	eeh_pe_close(pe);
	/* Ours. */
	assert_int_equal(eeh_vfio_open(u->ctx, NULL, &v), 0);
	assert_int_equal(eeh_vfio_group(v, 7), 0);
	EEH_INIT(&o);
	o.vfio = v;
	pe = open_pe(u, 1, 0xfd, &o);
	assert_int_equal(eeh_pe_backend(pe), EEH_BACKEND_VFIO);
	eeh_pe_close(pe);
	pe = open_pe(u, 2, 0xfc, &o);
	assert_int_equal(eeh_pe_backend(pe), EEH_BACKEND_DEV);
	eeh_pe_close(pe);
	o.backend = EEH_BACKEND_DEV;
	pe = open_pe(u, 1, 0xfd, &o);
	assert_int_equal(eeh_pe_backend(pe), EEH_BACKEND_DEV);
	eeh_pe_close(pe);
	eeh_vfio_close(v);

	/* No module: VFIO, if nobody has it. */
	unit_remove(u, "dev/eeh");
	pe = open_pe(u, 1, 0xfd, NULL);
	assert_int_equal(eeh_pe_backend(pe), EEH_BACKEND_VFIO);
	assert_int_equal(eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL), 0);
	eeh_pe_close(pe);
	assert_int_equal(eeh_pe_open(u->ctx, 2, 0, NULL, &pe), -EOPNOTSUPP);
	assert_non_null(strstr(eeh_last_error(u->ctx), "modprobe eeh_bpf"));
	process(u, 300, "qemu-system-ppc", "/dev/vfio/7", "anon_inode:kvm-vm");
	assert_int_equal(eeh_pe_open(u->ctx, 1, 0xfd, NULL, &pe), -EBUSY);
	assert_non_null(strstr(eeh_last_error(u->ctx), "process 300 (qemu-system-ppc) owns it"));
	assert_null(pe);

	unit_file(u, "dev/eeh", "denied\n");
	assert_int_equal(eeh_pe_open(u->ctx, 1, 0xfd, NULL, &pe), -EACCES);
	assert_int_equal(eeh_pe_open(u->ctx, 1, 0xf0, NULL, &pe), -ENODEV);
	EEH_INIT(&o);
	o.backend = 4;
	assert_int_equal(eeh_pe_open(u->ctx, 1, 0xfd, &o, &pe), -EINVAL);
	eeh_pe_close(NULL);
}

static void t_kernel_owned(void **state)
{
	struct unit *u = *state;
	struct eeh_pe_opts o;
	struct eeh_pe *pe;

	pe = open_pe(u, 2, 0, NULL);
	assert_int_equal(eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL), 0);
	assert_int_equal(eeh_pe_op(pe, EEH_PE_OP_RESET_HOT, NULL), -EBUSY);
	assert_non_null(strstr(eeh_last_error(u->ctx), "unbind"));
	eeh_pe_close(pe);
	EEH_INIT(&o);
	o.force = true;
	pe = open_pe(u, 2, 0, &o);
	assert_int_equal(eeh_pe_op(pe, EEH_PE_OP_RESET_HOT, NULL), 0);
	eeh_pe_close(pe);
}

/* ---- sequences */

struct steps {
	char text[300];
	int cancel_at;	/* the Nth, from 1 */
	int nr;
	uint64_t elapsed_ms;
};

static int take_step(void *arg, const struct eeh_pe_progress *p)
{
	struct steps *s = arg;

	sprintf(s->text + strlen(s->text), "%s%u ", eeh_pe_step_name(p->step), p->attempt);
	s->elapsed_ms = p->elapsed_ns / 1000000;
	return ++s->nr == s->cancel_at;
}

static int sequence(struct eeh_pe *pe, struct steps *s, bool recover, uint32_t attempts,
		    int cancel_at)
{
	struct eeh_pe_reset_opts o;

	memset(s, 0, sizeof(*s));
	s->cancel_at = cancel_at;
	EEH_INIT(&o);
	o.attempts = attempts;
	o.progress = take_step;
	o.progress_arg = s;
	return recover ? eeh_pe_recover(pe, &o) : eeh_pe_reset(pe, &o);
}

static void t_reset(void **state)
{
	struct unit *u = *state;
	struct eeh_pe_reset_opts o;
	struct eeh_pe *pe = open_pe(u, 1, 0xfd, NULL);
	struct steps s;

	pes_are(u, "0001:fd 7 2\n");
	assert_int_equal(sequence(pe, &s, false, 0, 0), 0);
	assert_string_equal(s.text, "assert1 deactivate1 configure1 state1 done1 ");
	assert_string_equal(ops(u), "0001:fd 6\n0001:fd 5\n0001:fd 8\n0001:fd 4\n");
	assert_int_equal(s.elapsed_ms, 2050);

	EEH_INIT(&o);
	o.kind = EEH_PE_RESET_FUNDAMENTAL;
	pes_are(u, "0001:fd 7 2\n");
	assert_int_equal(eeh_pe_reset(pe, &o), 0);
	assert_string_equal(ops(u), "0001:fd 7\n0001:fd 5\n0001:fd 8\n0001:fd 4\n");
	o.kind = 2;
	assert_int_equal(eeh_pe_reset(pe, &o), -EINVAL);

	/* Canceled at each step: what was asserted is ended. */
	pes_are(u, "0001:fd 7 2\n");
	assert_int_equal(sequence(pe, &s, false, 0, 1), -ECANCELED);
	assert_string_equal(ops(u), "");
	assert_int_equal(sequence(pe, &s, false, 0, 2), -ECANCELED);
	assert_string_equal(ops(u), "0001:fd 6\n0001:fd 5\n0001:fd 8\n");
	assert_int_equal(eeh_pe_op(pe, EEH_PE_OP_GET_STATE, NULL), 0);

	/* Firmware fails: nothing is left asserted, and other attempts are made only if wanted. */
	pes_are(u, "0001:fd 7 2 fail=6:5\n");
	assert_int_equal(sequence(pe, &s, false, 0, 0), -EIO);
	assert_string_equal(ops(u), "0001:fd 6\n");
	assert_int_equal(sequence(pe, &s, false, 2, 0), -EIO);
	assert_string_equal(s.text, "assert1 assert2 ");
	pes_are(u, "0001:fd 7 2 fail=6:8\n");
	assert_int_equal(sequence(pe, &s, false, 2, 0), -8);
	assert_non_null(strstr(eeh_last_error(u->ctx), "use a hot one"));
	eeh_pe_close(pe);
}

static void t_recover(void **state)
{
	struct unit *u = *state;
	struct eeh_pe_history h;
	struct eeh_pe_status st;
	struct steps s;
	struct eeh_pe *pe = open_pe(u, 1, 0xfd, NULL);

	/* Nothing to do. */
	pes_are(u, "0001:fd 7 0\n");
	assert_int_equal(sequence(pe, &s, true, 0, 0), 1);
	assert_string_equal(ops(u), "0001:fd 4\n");
	/* Its parent recovers, and somebody else resets it: wait. */
	pes_are(u, "0001:fd 7 2 later=3 busy=2\n");
	assert_int_equal(sequence(pe, &s, true, 0, 0), 0);
	assert_string_equal(s.text, "state1 wait1 assert1 deactivate1 configure1 state1 done1 ");
	assert_int_equal(s.elapsed_ms, 7050);
	/* For how long? */
	pes_are(u, "0001:fd 7 2 later=100000\n");
	assert_int_equal(sequence(pe, &s, true, 0, 0), -ENOTRECOVERABLE);
	assert_non_null(strstr(eeh_last_error(u->ctx), "five minutes"));
	EEH_INIT(&h);
	assert_int_equal(eeh_pe_get_history(pe, &h), 0);
	assert_true(h.failed);
	pes_are(u, "0001:fd 7 0\n");
	assert_int_equal(sequence(pe, &s, true, 0, 0), -ENOTRECOVERABLE);
	EEH_INIT(&h);
	assert_int_equal(eeh_pe_set_history(pe, &h), 0);
	assert_int_equal(sequence(pe, &s, true, 0, 0), 1);

	/* Three resets, then it is lost. */
	pes_are(u, "0001:fd 7 2 stuck\n");
	assert_int_equal(sequence(pe, &s, true, 0, 0), -ENOTRECOVERABLE);
	assert_string_equal(s.text, "state1 assert1 deactivate1 configure1 state1 assert2 deactivate2 "
			    "configure2 state2 assert3 deactivate3 configure3 state3 ");
	EEH_INIT(&st);
	assert_int_equal(eeh_pe_state(pe, &st), 0);
	assert_int_equal(st.condition, EEH_PE_FAILED);
	eeh_pe_close(pe);
}

static void t_unfreeze(void **state)
{
	struct unit *u = *state;
	struct eeh_pe *pe = open_pe(u, 1, 0xfd, NULL);
	struct eeh_pe_status s;

	EEH_INIT(&s);
	pes_are(u, "0001:fd 7 2\n");
	assert_int_equal(eeh_pe_unfreeze(pe, 0), -EINVAL);
	assert_int_equal(eeh_pe_unfreeze(pe, 4), -EINVAL);
	assert_int_equal(eeh_pe_unfreeze(pe, EEH_PE_UNFREEZE_DMA), -EIO);
	assert_int_equal(eeh_pe_unfreeze(pe, EEH_PE_UNFREEZE_IO), 0);
	assert_int_equal(eeh_pe_state(pe, &s), 0);
	assert_int_equal(s.condition, EEH_PE_DMA_STOPPED);
	assert_int_equal(eeh_pe_unfreeze(pe, EEH_PE_UNFREEZE_IO | EEH_PE_UNFREEZE_DMA), 0);
	assert_int_equal(eeh_pe_state(pe, &s), 0);
	assert_int_equal(s.condition, EEH_PE_NORMAL);
	pes_are(u, "0001:fd 7 2\n");
	assert_int_equal(eeh_pe_enable(pe), 0);
	assert_int_equal(eeh_pe_configure(pe), 0);
	assert_string_equal(ops(u), "0001:fd 1\n0001:fd 8\n");
	s.sz = 0;
	assert_int_equal(eeh_pe_state(pe, &s), -EINVAL);
	pes_are(u, "0002:fc 7 2\n");
	assert_int_equal(eeh_pe_enable(pe), -ENODEV);
	eeh_pe_close(pe);
}

/* ---- diagnostic data */

static void t_log(void **state)
{
	struct unit *u = *state;
	struct eeh_pe_log log;
	struct eeh_pe_opts o;
	struct eeh_pe *pe;
	uint64_t seq;

	EEH_INIT(&log);
	pe = open_pe(u, 1, 0xfd, NULL);
	pes_are(u, "0001:fd 7 2 log=2\n");
	assert_int_equal(eeh_pe_log_fetch(pe, &seq), 2);
	assert_int_equal(seq, 1);
	assert_int_equal(eeh_pe_log_next(pe, 0, &log), 0);
	assert_int_equal(log.seq, 1);
	assert_int_equal(log.len, 100);
	assert_false(log.stale);
	assert_true(log.passed);
	assert_memory_equal(log.data, "bbbb", 4);
	/* More than the first guess at its length. */
	assert_int_equal(eeh_pe_log_next(pe, log.seq, &log), 0);
	assert_int_equal(log.len, 20000);
	assert_true(log.stale);
	assert_int_equal(((const char *)log.data)[19999], 'c');
	assert_int_equal(eeh_pe_log_next(pe, log.seq, &log), -ENODATA);
	eeh_pe_close(pe);
	unit_remove(u, "dev/eeh");
	EEH_INIT(&o);
	pe = open_pe(u, 1, 0xfd, &o);
	assert_int_equal(eeh_pe_log_next(pe, 0, &log), -EOPNOTSUPP);
	assert_int_equal(eeh_pe_log_fetch(pe, NULL), -EOPNOTSUPP);
	eeh_pe_close(pe);
}

/* ---- injection */

static void expect_can(struct unit *u, const char *want)
{
	char got[EEH_INJECT_CLASSES + 1] = "";
	const char *why;
	int c, v;

	for (c = 0; c < EEH_INJECT_CLASSES; c++) {
		v = eeh_inject_check(u->ctx, 1, c, &why);
		got[c] = v == EEH_INJECT_YES ? 'y' : v == EEH_INJECT_MAYBE ? 'm' :
			 v == EEH_INJECT_NO ? 'n' : '-';
		assert_true(strlen(why) > 10);
	}
	assert_string_equal(got, want);
}

static void t_inject_check(void **state)
{
	struct unit *u = *state;

	expect_can(u, "yymmnnmm");
	unit_file(u, "sys/class/pci_bus/0001:00/of_node/compatible", "ibm,power8-pciex%cibm,ioda2-phb%c", 0, 0);
	expect_can(u, "yyyynnyy");
	unit_remove(u, "sys/class/pci_bus");
	expect_can(u, "mmmmnnmm");
	unit_remove(u, "sys/firmware/opal");
	unit_file(u, "proc/powerpc/eeh", "EEH Subsystem is enabled\n");
	expect_can(u, "nnyynnnn");
	unit_remove(u, "proc/powerpc/eeh");
	expect_can(u, "--------");
	assert_int_equal(eeh_inject_check(u->ctx, 1, 0, NULL), -EOPNOTSUPP);
	assert_int_equal(eeh_inject_check(u->ctx, 1, EEH_INJECT_CLASSES, NULL), -EINVAL);
}

static void t_inject(void **state)
{
	struct unit *u = *state;
	struct eeh_inject_opts o;
	struct eeh_pe *pe = open_pe(u, 1, 0xfd, NULL);

	EEH_INIT(&o);
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_CONFIG_READ, NULL), 0);
	assert_string_equal(injected(u), "0001:fd 0 4 0 0\n");
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_CONFIG_WRITE, NULL), 0);
	assert_string_equal(injected(u), "0001:fd 0 10 0 0\n");

	/* What no firmware can, is not tried; what it does not do, is said. */
	pes_are(u, "0001:fd 7 0\n");
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_IO_LOAD, NULL), -EOPNOTSUPP);
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_MMIO_LOAD, NULL), -EOPNOTSUPP);
	assert_non_null(strstr(eeh_last_error(u->ctx), "firmware refused: released firmware"));
	assert_string_equal(injected(u), "");

	/* One that has learnt it; the other window is tried as well, if no address says which. */
	pes_are(u, "0001:fd 7 0 mem dma m64\n");
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_MMIO_LOAD, NULL), 0);
	assert_string_equal(injected(u), "0001:fd 1 0 0 0\n");
	o.addr = 0xc0000000;
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_MMIO_STORE, &o), -EOPNOTSUPP);
	o.addr = 0x210000000004;
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_MMIO_STORE, &o), 0);
	assert_string_equal(injected(u), "0001:fd 1 6 0x210000000004 0xffffffffffffffff\n");
	o.mask = 0xff0;
	pes_are(u, "0001:fd 7 0 mem dma m32\n");
	o.addr = 0xc0000000;
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_MMIO_STORE, &o), 0);
	assert_string_equal(injected(u), "0001:fd 0 6 0xc0000000 0xff0\n");
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_DMA_READ, NULL), 0);
	assert_string_equal(injected(u), "0001:fd 0 12 0x1000 0\n");
	pes_are(u, "0001:fd 7 0 mem dma m64\n");
	o.addr = 1ULL << 59 | 0x4000;
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_DMA_WRITE, &o), 0);
	assert_string_equal(injected(u), "0001:fd 1 16 0x800000000004000 0xff0\n");
	o.addr = 2;
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_DMA_WRITE, &o), -EINVAL);
	o.addr = 0;
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_DMA_WRITE, &o), -EINVAL);
	assert_int_equal(eeh_pe_inject(pe, EEH_INJECT_CLASSES, NULL), -EINVAL);
	eeh_pe_close(pe);
}

static void t_names(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < EEH_PE_OPS; i++)
		assert_string_not_equal(eeh_pe_op_name(i), "unknown");
	assert_string_equal(eeh_pe_op_name(EEH_PE_OPS), "unknown");
	for (i = 0; i < EEH_INJECT_CLASSES; i++)
		assert_string_not_equal(eeh_inject_class_name(i), "unknown");
	assert_string_equal(eeh_inject_class_name(EEH_INJECT_CLASSES), "unknown");
	assert_string_equal(eeh_pe_condition_name(3), "unknown");
	assert_string_equal(eeh_pe_condition_name(100), "unknown");
	assert_string_equal(eeh_pe_owner_name(100), "unknown");
	assert_string_equal(eeh_pe_step_name(100), "unknown");
	assert_string_equal(eeh_backend_name(100), "unknown");
	assert_string_equal(eeh_backend_name(EEH_BACKEND_DEV), "dev");
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, unit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(t_list),
		TEST(t_list_owners),
		TEST(t_list_bad),
		TEST(t_find),
		TEST(t_vms),
		cmocka_unit_test(t_decode),
		TEST(t_vfio),
		TEST(t_vfio_refused),
		TEST(t_vfio_v1),
		TEST(t_choose),
		TEST(t_kernel_owned),
		TEST(t_reset),
		TEST(t_recover),
		TEST(t_unfreeze),
		TEST(t_log),
		TEST(t_inject_check),
		TEST(t_inject),
		cmocka_unit_test(t_names),
	};

	return cmocka_run_group_tests_name("pe", tests, NULL, NULL) ? 1 : 0;
}
