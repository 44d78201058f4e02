// SPDX-License-Identifier: GPL-2.0-only
/*
 * vfiofrozen DEVICE: waits for freezes of a PE by VFIO_DEVICE_FEATURE_PCI_FROZEN (kernel/patches/).
 *
 * Prints "ready", then a line for what each command on standard input gave:
 *	wait MS		"signalled", or "silence": was the eventfd signalled within MS milliseconds?
 *	err		"signalled" or "silence": the eventfd of VFIO_PCI_ERR_IRQ_INDEX
 *	state		VFIO_EEH_PE_GET_STATE's answer
 *	set, unset	0 or an errno: set the eventfd, or none
 *	bad		the errnos for flags that are not 0, and for a file that is no eventfd
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FEATURE_PCI_FROZEN	14

struct frozen {
	struct vfio_device_feature head;
	int32_t fd;
	uint32_t flags;
};

static int container, device;

static int check(int r, const char *what)
{
	if (r < 0) {
		perror(what);
		exit(2);
	}
	return r;
}

static int set(int fd, uint32_t flags)
{
	struct frozen f = {
		.head = {
			.argsz = sizeof(f),
			.flags = VFIO_DEVICE_FEATURE_SET | FEATURE_PCI_FROZEN,
		},
		.fd = fd,
		.flags = flags,
	};

	return ioctl(device, VFIO_DEVICE_FEATURE, &f) ? errno : 0;
}

static int set_err(int fd)
{
	struct {
		struct vfio_irq_set head;
		int32_t fd;
	} s = {
		.head = {
			.argsz = sizeof(s),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_ERR_IRQ_INDEX,
			.count = 1,
		},
		.fd = fd,
	};

	return ioctl(device, VFIO_DEVICE_SET_IRQS, &s) ? errno : 0;
}

static const char *wait_for(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t n;

	if (poll(&p, 1, ms) != 1 || read(fd, &n, sizeof(n)) != sizeof(n))
		return "silence";
	return "signalled";
}

static int eeh_op(uint32_t what)
{
	struct vfio_eeh_pe_op op = { .argsz = sizeof(op), .op = what };

	return ioctl(container, VFIO_EEH_PE_OP, &op);
}

static void open_device(const char *name)
{
	char path[64], link[256];
	ssize_t n;
	int group;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", name);
	n = readlink(path, link, sizeof(link) - 1);
	check((int)n, path);
	link[n] = 0;
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(link, '/') + 1);
	container = check(open("/dev/vfio/vfio", O_RDWR), "/dev/vfio/vfio");
	group = check(open(path, O_RDWR), path);
	check(ioctl(group, VFIO_GROUP_SET_CONTAINER, &container), "VFIO_GROUP_SET_CONTAINER");
	check(ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_v2_IOMMU), "VFIO_SET_IOMMU");
	device = check(ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name), "VFIO_GROUP_GET_DEVICE_FD");
	check(eeh_op(VFIO_EEH_PE_ENABLE), "VFIO_EEH_PE_ENABLE");
}

int main(int argc, char **argv)
{
	struct vfio_device_feature probe = {
		.argsz = sizeof(probe),
		.flags = VFIO_DEVICE_FEATURE_PROBE | VFIO_DEVICE_FEATURE_SET | FEATURE_PCI_FROZEN,
	};
	int frozen = check(eventfd(0, EFD_NONBLOCK), "eventfd");
	int err = check(eventfd(0, EFD_NONBLOCK), "eventfd");
	char line[64];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 2)
		return 2;
	open_device(argv[1]);
	check(ioctl(device, VFIO_DEVICE_FEATURE, &probe), "VFIO_DEVICE_FEATURE_PROBE");
	check(-set_err(err), "VFIO_PCI_ERR_IRQ_INDEX");
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		if (!strncmp(line, "wait", 4))
			puts(wait_for(frozen, atoi(line + 4)));
		else if (!strncmp(line, "err", 3))
			puts(wait_for(err, 0));
		else if (!strncmp(line, "state", 5))
			printf("%d\n", eeh_op(VFIO_EEH_PE_GET_STATE));
		else if (!strncmp(line, "set", 3))
			printf("%d\n", set(frozen, 0));
		else if (!strncmp(line, "unset", 5))
			printf("%d\n", set(-1, 0));
		else if (!strncmp(line, "bad", 3))
			printf("%d %d\n", set(frozen, 1), set(container, 0));
	}
	return 0;
}
