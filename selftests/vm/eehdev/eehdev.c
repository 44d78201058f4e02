// SPDX-License-Identifier: GPL-2.0-only
/*
 * eehdev - the ioctls of /dev/eeh, as they are, for tests
 *
 * eehdev op PHB PE OP [FLAGS [COUNT]]	an operation of VFIO_EEH_PE_OP, COUNT times: the last
 *				value, or -errno
 * eehdev inject PHB PE COUNT [TYPE FUNC ADDR]	that often; how many failed, and the last value
 * eehdev vfio-inject GROUP COUNT TYPE FUNC	the same, as the owner of the IOMMU group
 * eehdev log PHB PE SEQ	the record after SEQ: seq len source flags, and its data on stdout
 * eehdev fetch PHB PE		state seq flags
 * eehdev bad			everything that has to be refused
 * eehdev hold			keep the file open until standard input ends; prints "open"
 * eehdev eventfd PHB PE SECONDS	"signalled N" or "none"; prints "waiting" first
 *
 * PHB and PE in hexadecimal. The results go to standard error where data go to stdout.
 */
#define __SANE_USERSPACE_TYPES__	/* __u64 is unsigned long long on all machines */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

#include <eeh_dev.h>

static int dev;
static unsigned int phb, pe;

static int result(int ret)
{
	return ret < 0 ? -errno : ret;
}

static int op(unsigned int nr, unsigned int flags, unsigned int type, unsigned int func,
	      uint64_t addr)
{
	struct eeh_dev_pe_op o = {
		.argsz = sizeof(o), .flags = flags, .phb = phb, .pe_addr = pe, .op = nr,
		.err = { .type = type, .func = func, .addr = addr },
	};

	return result(ioctl(dev, EEH_DEV_PE_OP, &o));
}

static int inject(unsigned long count, unsigned int type, unsigned int func, uint64_t addr)
{
	unsigned long failed = 0;
	int ret = 0;

	while (count--) {
		ret = op(9, 0, type, func, addr);
		failed += ret < 0;
	}
	printf("failed=%lu last=%d\n", failed, ret);
	return 0;
}

/* What a VMM may do that has been given a device, and so what a guest can have it do. */
static int vfio_inject(const char *group_nr, unsigned long count, unsigned int type,
		       unsigned int func)
{
	struct vfio_eeh_pe_op o = {
		.argsz = sizeof(o), .op = VFIO_EEH_PE_INJECT_ERR,
		.err = { .type = type, .func = func },
	};
	int container = open("/dev/vfio/vfio", O_RDWR), group, ret = 0;
	unsigned long failed = 0;
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%s", group_nr);
	group = open(path, O_RDWR);
	if (container < 0 || group < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
	    ioctl(container, VFIO_SET_IOMMU, VFIO_SPAPR_TCE_IOMMU)) {
		perror(path);
		return 1;
	}
	while (count--) {
		ret = result(ioctl(container, VFIO_EEH_PE_OP, &o));
		failed += ret < 0;
	}
	printf("failed=%lu last=%d\n", failed, ret);
	return 0;
}

static int ops(unsigned int nr, unsigned int flags, unsigned long count)
{
	int ret;

	do
		ret = op(nr, flags, 0, 0, 0);
	while (count-- > 1);
	printf("%d\n", ret);
	return 0;
}

static int log_after(uint64_t seq)
{
	static unsigned char data[1 << 16];
	struct eeh_dev_log l = {
		.argsz = sizeof(l), .phb = phb, .pe_addr = pe, .seq = seq,
		.data = (uintptr_t)data, .len = sizeof(data),
	};
	int ret = result(ioctl(dev, EEH_DEV_LOG, &l));

	if (ret) {
		fprintf(stderr, "error=%d\n", ret);
		return 1;
	}
	fprintf(stderr, "seq=%llu len=%u source=%u flags=%u\n", l.seq, l.len, l.source, l.flags);
	return fwrite(data, 1, l.len, stdout) == l.len ? 0 : 1;
}

static int fetch(void)
{
	struct eeh_dev_fetch f = { .argsz = sizeof(f), .phb = phb, .pe_addr = pe };
	int ret = result(ioctl(dev, EEH_DEV_FETCH, &f));

	printf("state=%d seq=%llu flags=%u\n", ret, f.seq, f.flags);
	return 0;
}

static int expect(const char *what, int got, int wanted)
{
	if (got == wanted)
		return 0;
	printf("%s: %d, expected %d\n", what, got, wanted);
	return 1;
}

static int bad(void)
{
	struct eeh_dev_pe_op o, good = { .argsz = sizeof(o), .phb = phb, .pe_addr = pe, .op = 4 };
	struct eeh_dev_log l = { .argsz = sizeof(l), .phb = phb, .pe_addr = pe };
	struct eeh_dev_eventfd e = { .argsz = sizeof(e), .phb = phb, .pe_addr = pe, .fd = dev };
	int n = 0;

#define TRY(what, change, wanted) do {						\
		o = good;							\
		change;								\
		n += expect(what, result(ioctl(dev, EEH_DEV_PE_OP, &o)), wanted);	\
	} while (0)
	TRY("good", (void)0, 0);
	TRY("larger argsz", o.argsz += 8, 0);
	TRY("argsz", o.argsz = 12, -EINVAL);
	TRY("flags", o.flags = 0x80, -EINVAL);
	TRY("reserved", o.reserved = 1, -EINVAL);
	TRY("op", o.op = 10, -EINVAL);
	TRY("no such PHB", o.phb = 0x7777, -ENODEV);
	TRY("no such PE", o.pe_addr = 0x7777, -ENODEV);
	TRY("type", o.op = 9; o.err.type = 2, -EINVAL);
	TRY("func", o.op = 9; o.err.func = 0x7fffffff, -EINVAL);
	TRY("func < 0", o.op = 9; o.err.func = -1, -EINVAL);
	n += expect("null", result(ioctl(dev, EEH_DEV_PE_OP, NULL)), -EFAULT);
	n += expect("ioctl", result(ioctl(dev, _IO(EEH_DEV_MAGIC, 0x77), 0)), -ENOTTY);
	l.data = 8;
	l.len = 64;
	l.pe_addr = 0x7777;
	n += expect("log of none", result(ioctl(dev, EEH_DEV_LOG, &l)), -ENODATA);
	n += expect("no eventfd", result(ioctl(dev, EEH_DEV_EVENTFD, &e)), -EINVAL);
	e.fd = 777;
	n += expect("no file", result(ioctl(dev, EEH_DEV_EVENTFD, &e)), -EBADF);
	return n != 0;
}

static int wait_eventfd(int seconds)
{
	struct eeh_dev_eventfd e = { .argsz = sizeof(e), .phb = phb, .pe_addr = pe };
	struct pollfd p = { .events = POLLIN };
	uint64_t n = 0;

	e.fd = p.fd = eventfd(0, 0);
	if (ioctl(dev, EEH_DEV_EVENTFD, &e)) {
		perror("EEH_DEV_EVENTFD");
		return 1;
	}
	puts("waiting");
	fflush(stdout);
	if (poll(&p, 1, seconds * 1000) == 1 && read(p.fd, &n, sizeof(n)) == sizeof(n))
		printf("signalled %llu\n", (unsigned long long)n);
	else
		puts("none");
	return 0;
}

static int hold(void)
{
	char c;

	puts("open");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	const char *cmd = argc > 1 ? argv[1] : "";
	unsigned long arg[8] = { 0 };
	int i;

	dev = open(EEH_DEV_PATH, O_RDWR);
	if (dev < 0) {
		printf("open=%d\n", -errno);
		return 1;
	}
	phb = argc > 2 ? strtoul(argv[2], NULL, 16) : 0;
	pe = argc > 3 ? strtoul(argv[3], NULL, 16) : 0;
	for (i = 4; i < argc && i < 12; i++)
		arg[i - 4] = strtoul(argv[i], NULL, 0);

	if (!strcmp(cmd, "op"))
		return ops(arg[0], arg[1], arg[2]);
	if (!strcmp(cmd, "inject"))
		return inject(arg[0], arg[1], arg[2], arg[3]);
	if (!strcmp(cmd, "vfio-inject") && argc > 3)
		return vfio_inject(argv[2], strtoul(argv[3], NULL, 0), arg[0], arg[1]);
	if (!strcmp(cmd, "log"))
		return log_after(arg[0]);
	if (!strcmp(cmd, "fetch"))
		return fetch();
	if (!strcmp(cmd, "bad"))
		return bad();
	if (!strcmp(cmd, "hold"))
		return hold();
	if (!strcmp(cmd, "eventfd"))
		return wait_eventfd(arg[0]);
	fprintf(stderr, "eehdev: unknown command\n");
	return 2;
}
