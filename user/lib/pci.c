// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * PCI functions as sysfs shows them. Nothing here reads a device: its config
 * space and BARs are the kernel's business.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "eeh_internal.h"

/* include/linux/ioport.h; what /sys/bus/pci/devices/.../resource has in its third column. */
#define IORESOURCE_IO		0x00000100
#define IORESOURCE_MEM		0x00000200
#define IORESOURCE_PREFETCH	0x00002000
#define IORESOURCE_UNSET	0x20000000
#define IORESOURCE_MEM_64	0x00100000

#define PCI_BASE_CLASS_BRIDGE	0x06

static int dev_path(char *buf, size_t len, const char *address, const char *file)
{
	int n = snprintf(buf, len, EEH_PCI_DEVICES "/%s%s%s", address, *file ? "/" : "", file);

	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

int eeh_pci_read(struct eeh_ctx *ctx, const char *address, const char *file, char *buf, size_t len)
{
	char rel[128];
	ssize_t n;
	int err = dev_path(rel, sizeof(rel), address, file);

	if (err)
		return err;
	n = eeh_read(ctx, EEH_ROOT_SYSFS, rel, buf, len);
	return n < 0 ? (int)n : 0;
}

int eeh_pci_garbled(struct eeh_ctx *ctx, const char *address, const char *file)
{
	return eeh_fail(ctx, -EBADMSG, "%s/" EEH_PCI_DEVICES "/%s/%s is not understood", ctx->sysfs,
			address, file);
}

int eeh_pci_no_device(struct eeh_ctx *ctx, const char *address)
{
	return eeh_fail(ctx, -ENODEV, "there is no PCI device %s: lspci -D lists them", address);
}

int eeh_pci_no_address(struct eeh_ctx *ctx, const char *s)
{
	return eeh_fail(ctx, -EINVAL, "\"%.40s\" is no PCI address: it looks like 0001:01:00.0",
			s ? s : "");
}

/* A number; -ENOENT, -EBADMSG. */
static int read_id(struct eeh_ctx *ctx, const char *address, const char *file, uint64_t max,
		   uint64_t *val)
{
	char buf[32];
	int err = eeh_pci_read(ctx, address, file, buf, sizeof(buf));

	if (!err && (eeh_parse_u64(buf, val) || *val > max))
		err = -EBADMSG;
	return !err || err == -ENOENT ? err : eeh_pci_garbled(ctx, address, file);
}

int eeh_pci_read_ids(struct eeh_ctx *ctx, const char *address, struct eeh_pci_ids *ids)
{
	uint64_t vendor, device, class_code;
	int err;

	err = read_id(ctx, address, "vendor", UINT16_MAX, &vendor);
	if (!err)
		err = read_id(ctx, address, "device", UINT16_MAX, &device);
	if (!err)
		err = read_id(ctx, address, "class", 0xffffff, &class_code);
	if (err)
		return err;
	ids->vendor = vendor;
	ids->device = device;
	ids->class_code = class_code;
	return 0;
}

void eeh_pci_read_link(struct eeh_ctx *ctx, const char *address, const char *file, char *buf,
		       size_t len)
{
	char target[PATH_MAX], *slash;

	*buf = '\0';
	if (eeh_pci_link_target(ctx, address, file, target, sizeof(target)))
		return;
	slash = strrchr(target, '/');
	snprintf(buf, len, "%s", slash ? slash + 1 : target);
}

int eeh_pci_link_target(struct eeh_ctx *ctx, const char *address, const char *file, char *buf,
			size_t len)
{
	char rel[128], path[PATH_MAX];
	ssize_t n;
	int err;

	err = dev_path(rel, sizeof(rel), address, file);
	if (!err)
		err = eeh_path(ctx, EEH_ROOT_SYSFS, rel, path, sizeof(path));
	if (err)
		return err;
	n = readlink(path, buf, len - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

/* "0x0000210000000000 0x000021000001ffff 0x0000000000040200": a line per BAR, then others. */
int eeh_pci_read_bars(struct eeh_ctx *ctx, const char *address, struct eeh_pe_bar *bars)
{
	uint64_t start, end, flags;
	struct eeh_pe_bar *b;
	char buf[4096], *line;
	int err, i;

	memset(bars, 0, EEH_BARS * sizeof(*bars));
	err = eeh_pci_read(ctx, address, "resource", buf, sizeof(buf));
	if (err)
		return err == -ENOENT ? err : eeh_pci_garbled(ctx, address, "resource");
	for (i = 0, line = buf; i < EEH_BARS && line; i++) {
		if (sscanf(line, "0x%" SCNx64 " 0x%" SCNx64 " 0x%" SCNx64, &start, &end, &flags) != 3)
			return eeh_pci_garbled(ctx, address, "resource");
		line = strchr(line, '\n');
		if (line)
			line++;
		b = &bars[i];
		/* Not there, or there is no address for it. */
		if (!(flags & (IORESOURCE_IO | IORESOURCE_MEM)) || flags & IORESOURCE_UNSET ||
		    end <= start)
			continue;
		b->kind = !(flags & IORESOURCE_MEM) ? EEH_BAR_IO :
			  flags & IORESOURCE_MEM_64 ? EEH_BAR_MEM64 : EEH_BAR_MEM32;
		b->prefetch = b->kind != EEH_BAR_IO && flags & IORESOURCE_PREFETCH;
		b->start = start;
		b->size = end - start + 1;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const char *x = a, *y = b;
	size_t n = strlen(x), m = strlen(y);

	/* A domain has four digits or more. */
	return n != m ? (n > m) - (n < m) : strcmp(x, y);
}

int eeh_pci_list(struct eeh_ctx *ctx, char (**ret)[EEH_PCI_ADDRESS_LEN], size_t *ret_nr)
{
	char (*list)[EEH_PCI_ADDRESS_LEN] = NULL, (*more)[EEH_PCI_ADDRESS_LEN];
	char path[PATH_MAX], addr[EEH_PCI_ADDRESS_LEN];
	size_t nr = 0, room = 0;
	struct dirent *e;
	int err;
	DIR *dir;

	*ret = NULL;
	*ret_nr = 0;
	err = eeh_path(ctx, EEH_ROOT_SYSFS, EEH_PCI_DEVICES, path, sizeof(path));
	if (err)
		return eeh_fail(ctx, err, "%s/" EEH_PCI_DEVICES ": %s", ctx->sysfs, strerror(-err));
	dir = opendir(path);
	if (!dir) {
		err = -errno;
		return eeh_fail(ctx, err, "%s: %s", path, err == -ENOENT ? "this machine has no PCI" :
				strerror(-err));
	}
	while ((e = readdir(dir))) {
		if (eeh_pci_address(e->d_name, addr))
			continue;
		if (nr == room) {
			room = room ? 2 * room : 64;
			more = realloc(list, room * sizeof(*list));
			if (!more) {
				free(list);
				closedir(dir);
				return eeh_fail(ctx, -ENOMEM, "out of memory");
			}
			list = more;
		}
		memcpy(list[nr++], addr, sizeof(addr));
	}
	closedir(dir);
	if (nr)
		qsort(list, nr, sizeof(*list), compare);
	*ret = list;
	*ret_nr = nr;
	return 0;
}

bool eeh_pci_is_bridge(uint32_t class_code)
{
	return class_code >> 16 == PCI_BASE_CLASS_BRIDGE;
}

bool eeh_pci_is_passed(const char *driver)
{
	return !strncmp(driver, "vfio", 4) || !strcmp(driver, "uio_pci_generic") ||
	       !strcmp(driver, "igb_uio") || !strcmp(driver, "pci-stub");
}
