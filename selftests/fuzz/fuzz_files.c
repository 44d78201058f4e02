// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of sysfs and procfs: whatever file the library reads has the next piece
 * of the input (pieces are separated by NUL) as its content. Directories are
 * those of a small tree made at the start. The first byte says what is called.
 */
#include <errno.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eeh_internal.h"
#include "fuzz.h"
#include "pe_internal.h"

static const uint8_t *input;
static size_t left;
static struct eeh_ctx *ctx;
static char root[64];

/* The next piece; NULL if there is none. */
static const uint8_t *piece(size_t *n)
{
	const uint8_t *p = input;

	if (!left)
		return NULL;
	*n = strnlen((const char *)p, left);
	input += *n < left ? *n + 1 : *n;
	left -= *n < left ? *n + 1 : *n;
	return p;
}

ssize_t __wrap_eeh_read(const struct eeh_ctx *c, enum eeh_root r, const char *rel, char *buf,
			size_t len);
ssize_t __wrap_eeh_read(const struct eeh_ctx *c, enum eeh_root r, const char *rel, char *buf,
			size_t len)
{
	const uint8_t *p;
	size_t n;

	(void)c;
	(void)r;
	(void)rel;
	p = piece(&n);
	if (!p)
		return -ENOENT;
	if (n >= len)
		return -EFBIG;
	memcpy(buf, p, n);
	if (n && buf[n - 1] == '\n')
		n--;
	buf[n] = '\0';
	return n;
}

int __wrap_eeh_read_alloc(const struct eeh_ctx *c, enum eeh_root r, const char *rel, char **buf);
int __wrap_eeh_read_alloc(const struct eeh_ctx *c, enum eeh_root r, const char *rel, char **buf)
{
	const uint8_t *p;
	size_t n;

	(void)c;
	(void)r;
	(void)rel;
	p = piece(&n);
	if (!p)
		return -ENOENT;
	*buf = fuzz_string(p, n);
	return 0;
}

bool __wrap_eeh_exists(const struct eeh_ctx *c, enum eeh_root r, const char *rel);
bool __wrap_eeh_exists(const struct eeh_ctx *c, enum eeh_root r, const char *rel)
{
	(void)c;
	(void)r;
	(void)rel;
	return true;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void clean_up(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void dir(const char *rel)
{
	char path[200], *p;

	snprintf(path, sizeof(path), "%s/%s/", root, rel);
	for (p = strchr(path + strlen(root) + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
}

static void link_to(const char *rel, const char *target)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", root, rel);
	if (symlink(target, path))
		abort();
}

static void set_up(void)
{
	struct eeh_ctx_opts opts;
	char sys[80], proc[80];

	strcpy(root, "/tmp/eeh-fuzz-XXXXXX");
	if (!mkdtemp(root))
		abort();
	atexit(clean_up);
	dir("sys/bus/pci/devices/0001:00:00.0");
	dir("sys/bus/pci/devices/0001:01:00.0");
	dir("sys/bus/pci/devices/0001:01:00.1");
	dir("sys/bus/pci/devices/rubbish");
	dir("proc/12/fd");
	link_to("sys/bus/pci/devices/0001:01:00.0/driver", "../../../bus/pci/drivers/vfio-pci");
	link_to("sys/bus/pci/devices/0001:01:00.0/iommu_group", "../../../kernel/iommu_groups/7");
	link_to("proc/12/fd/3", "/dev/vfio/7");
	link_to("proc/12/fd/4", "anon_inode:kvm-vm");
	link_to("proc/12/fd/5", "anon_inode:[vfio-device]");
	snprintf(sys, sizeof(sys), "%s/sys", root);
	snprintf(proc, sizeof(proc), "%s/proc", root);
	EEH_INIT(&opts);
	opts.sysfs_root = sys;
	opts.proc_root = proc;
	if (eeh_ctx_new(&ctx, &opts))
		abort();
}

static int each_binding(void *arg, const struct eeh_fastpath_binding *b)
{
	(void)arg;
	must(b->sz == sizeof(*b));
	return 0;
}

static int each_canary(void *arg, const struct eeh_canary *c)
{
	(void)arg;
	must(memchr(c->address, '\0', sizeof(c->address)));
	return 0;
}

static int each_device(void *arg, const struct eeh_canary_device *d)
{
	struct eeh_canary_bar bar;
	struct eeh_canary_row row;
	uint32_t i;

	(void)arg;
	must(*eeh_canary_device_why(d));
	for (i = 0; i < EEH_BARS; i++) {
		EEH_INIT(&bar);
		must(!eeh_canary_device_bar(d, i, &bar));
		must(bar.covered <= bar.pieces);
	}
	EEH_INIT(&row);
	eeh_canary_device_row(d, &row);
	return 0;
}

static int each_pe(void *arg, const struct eeh_pe_info *pe)
{
	uint32_t phb, addr;
	size_t i;

	(void)arg;
	must(pe->nr_devices);
	must(!eeh_pe_name_parse(pe->name, &phb, &addr) && phb == pe->phb && addr == pe->addr);
	for (i = 0; i < pe->nr_devices; i++)
		must(*pe->devices[i]->address);
	return 0;
}

static int each_vm(void *arg, const struct eeh_vm *vm)
{
	(void)arg;
	must(vm->sz == sizeof(*vm));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eeh_canary_counters counters;
	struct eeh_fastpath_status status;
	struct eeh_fastpath_stats stats;
	int err = 0;

	if (!ctx)
		set_up();
	if (!size)
		return 0;
	input = data + 1;
	left = size - 1;
	switch (data[0]) {
	case 's':
		EEH_INIT(&status);
		err = eeh_fastpath_status(ctx, &status);
		break;
	case 'S':
		EEH_INIT(&stats);
		err = eeh_fastpath_stats(ctx, &stats);
		break;
	case 'b':
		err = eeh_fastpath_for_each_binding(ctx, each_binding, NULL);
		break;
	case 'c':
		err = eeh_canary_for_each(ctx, each_canary, NULL);
		break;
	case 'C':
		EEH_INIT(&counters);
		err = eeh_canary_counters(ctx, &counters);
		break;
	case 'd':
		err = eeh_canary_for_each_device(ctx, each_device, NULL);
		break;
	case 'p':
		err = eeh_pe_for_each(ctx, each_pe, NULL);
		break;
	case 'v':
		err = eeh_vm_for_each(ctx, each_vm, NULL);
		break;
	}
	must(err <= 0);
	must(!err || *eeh_last_error(ctx));
	return 0;
}
