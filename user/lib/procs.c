// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Who owns a passed-through device: the processes that hold its VFIO group or
 * the device itself open, as procfs shows them.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pe_internal.h"

#define VFIO_GROUP	"/dev/vfio/"
/* vfio_device_open_file(), kvm_create_vm(): names of anonymous inodes. */
#define VFIO_DEVICE	"anon_inode:[vfio-device]"
#define VFIO_CDEV	"/dev/vfio/devices/"
#define KVM_VM		"anon_inode:kvm-vm"

static bool is_number(const char *s)
{
	return isdigit((unsigned char)*s) && strspn(s, "0123456789") == strlen(s);
}

static int add_group(struct eeh_proc *p, uint32_t group)
{
	uint32_t *more;
	size_t i;

	for (i = 0; i < p->nr_groups; i++)
		if (p->groups[i] == group)
			return 0;
	more = realloc(p->groups, (p->nr_groups + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->groups = more;
	more[p->nr_groups++] = group;
	return 0;
}

/* fdinfo of a VFIO device: "vfio-device-syspath: /sys/devices/.../0001:01:00.0" (since 6.18). */
static int add_device(struct eeh_ctx *ctx, struct eeh_proc *p, const char *fd)
{
	char (*more)[EEH_PCI_ADDRESS_LEN];
	char rel[64], buf[1024], addr[EEH_PCI_ADDRESS_LEN], *line, *slash;
	size_t i;

	snprintf(rel, sizeof(rel), "%d/fdinfo/%.20s", (int)p->pid, fd);
	if (eeh_read(ctx, EEH_ROOT_PROC, rel, buf, sizeof(buf)) < 0)
		return 0;
	line = strstr(buf, "vfio-device-syspath:");
	if (!line)
		return 0;
	line[strcspn(line, "\n")] = '\0';
	slash = strrchr(line, '/');
	if (!slash || eeh_pci_address(slash + 1, addr))
		return 0;
	for (i = 0; i < p->nr_devices; i++)
		if (!strcmp(p->devices[i], addr))
			return 0;
	more = realloc(p->devices, (p->nr_devices + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	p->devices = more;
	memcpy(more[p->nr_devices++], addr, sizeof(addr));
	return 0;
}

/* What QEMU was told the guest is called: "-name guest=web,debug-threads=on" or "-name web". */
static void read_guest(struct eeh_ctx *ctx, struct eeh_proc *p)
{
	const size_t room = 256 << 10;
	char rel[32], *buf, *s;
	ssize_t n;

	snprintf(rel, sizeof(rel), "%d/cmdline", (int)p->pid);
	buf = malloc(room);
	if (!buf)
		return;
	n = eeh_read(ctx, EEH_ROOT_PROC, rel, buf, room);
	for (s = buf; n > 0 && s < buf + n; s += strlen(s) + 1) {
		if (strcmp(s, "-name") && strcmp(s, "--name"))
			continue;
		s += strlen(s) + 1;
		if (s >= buf + n)
			break;
		if (!strncmp(s, "guest=", 6))
			s += 6;
		snprintf(p->guest, sizeof(p->guest), "%.*s", (int)strcspn(s, ","), s);
		break;
	}
	free(buf);
}

/* Looks at the descriptors of one process; 1 if it has something of VFIO, 0, -errno. */
static int scan_one(struct eeh_ctx *ctx, struct eeh_proc *p)
{
	char rel[32], path[PATH_MAX], target[512];
	struct dirent *e;
	int err = 0;
	ssize_t n;
	DIR *dir;

	snprintf(rel, sizeof(rel), "%d/fd", (int)p->pid);
	if (eeh_path(ctx, EEH_ROOT_PROC, rel, path, sizeof(path)))
		return 0;
	dir = opendir(path);
	if (!dir)
		return errno == EACCES || errno == EPERM ? -EACCES : 0;
	while (!err && (e = readdir(dir))) {
		if (!is_number(e->d_name))
			continue;
		n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		if (n < 0) {
			/* An unprivileged process may list some, but not look at them. */
			if (errno == EACCES || errno == EPERM)
				err = -EACCES;
			continue;
		}
		target[n] = '\0';
		if (!strcmp(target, VFIO_DEVICE) || !strncmp(target, VFIO_CDEV, strlen(VFIO_CDEV)))
			err = add_device(ctx, p, e->d_name);
		else if (!strncmp(target, VFIO_GROUP, strlen(VFIO_GROUP)) &&
			 is_number(target + strlen(VFIO_GROUP)))
			err = add_group(p, strtoul(target + strlen(VFIO_GROUP), NULL, 10));
		else if (!strcmp(target, KVM_VM))
			p->kvm = true;
	}
	closedir(dir);
	if (err || (!p->nr_groups && !p->nr_devices))
		return err;
	snprintf(rel, sizeof(rel), "%d/comm", (int)p->pid);
	if (eeh_read(ctx, EEH_ROOT_PROC, rel, p->comm, sizeof(p->comm)) < 0)
		strcpy(p->comm, "?");
	if (p->kvm)
		read_guest(ctx, p);
	return 1;
}

static void proc_free(struct eeh_proc *p)
{
	free(p->groups);
	free(p->devices);
}

static int by_pid(const void *a, const void *b)
{
	const struct eeh_proc *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

int eeh_procs_scan(struct eeh_ctx *ctx, struct eeh_procs *procs)
{
	struct eeh_proc p, *more;
	char path[PATH_MAX];
	struct dirent *e;
	int err, got;
	DIR *dir;

	memset(procs, 0, sizeof(*procs));
	err = eeh_path(ctx, EEH_ROOT_PROC, "", path, sizeof(path));
	if (err)
		return eeh_fail(ctx, err, "%s: %s", ctx->proc, strerror(-err));
	dir = opendir(path);
	if (!dir) {
		err = -errno;
		return eeh_fail(ctx, err, "%s: %s", path, strerror(-err));
	}
	while (!err && (e = readdir(dir))) {
		if (!is_number(e->d_name))
			continue;
		memset(&p, 0, sizeof(p));
		p.pid = strtol(e->d_name, NULL, 10);
		got = scan_one(ctx, &p);
		if (got == -EACCES)
			procs->partial = true;
		if (got <= 0) {
			proc_free(&p);
			if (got == -ENOMEM)
				err = got;
			continue;
		}
		more = realloc(procs->list, (procs->nr + 1) * sizeof(*more));
		if (!more) {
			proc_free(&p);
			err = -ENOMEM;
			break;
		}
		procs->list = more;
		more[procs->nr++] = p;
	}
	closedir(dir);
	if (err) {
		eeh_procs_free(procs);
		return eeh_fail(ctx, err, "out of memory");
	}
	if (procs->nr)
		qsort(procs->list, procs->nr, sizeof(*procs->list), by_pid);
	return 0;
}

void eeh_procs_free(struct eeh_procs *procs)
{
	size_t i;

	for (i = 0; i < procs->nr; i++)
		proc_free(&procs->list[i]);
	free(procs->list);
	memset(procs, 0, sizeof(*procs));
}

bool eeh_proc_has(const struct eeh_proc *proc, int32_t group, const char *device)
{
	size_t i;

	for (i = 0; group >= 0 && i < proc->nr_groups; i++)
		if (proc->groups[i] == (uint32_t)group)
			return true;
	for (i = 0; i < proc->nr_devices; i++)
		if (!strcmp(proc->devices[i], device))
			return true;
	return false;
}
