// SPDX-License-Identifier: GPL-2.0-only
/*
 * inject - freeze the PE of a PCI device of the emulated host, or thaw it
 *
 * An error is armed through the kernel's debugfs file err_injct, which ends in
 * opal_pci_err_inject() and the PHB's PAPR_ERR_INJ registers. The next access that matches
 * fails and freezes the PE; -t makes such an access at once. freeze, thaw, blink and gen use the
 * registers that only the lab's PHB model has (docs/lab-model.md).
 *
 * A program and not a script: tests call it hundreds of times in a machine where a fork is slow.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Registers of the model, offsets into the PHB's register page, IBM bit numbers */
#define PE_CTL		0xff0	/* bit 0 MMIO, 1 DMA, 2 freeze (else thaw), 48:63 PE# */
#define PE_CTL_ID	0x4545482d50484234ULL	/* what it reads as: "EEH-PHB4" */
#define PE_CTL_FREEZE	0xe000000000000000ULL
#define PE_CTL_THAW	0xc000000000000000ULL
#define FREEZE_GEN	0xff8

/* skiboot include/phb4-regs.h: PHB_ERR_STATUS, then TXE, RXE_ARB, RXE_MRG and RXE_TCE */
static const unsigned int err_status[] = { 0xc80, 0xd00, 0xd80, 0xe00, 0xe80 };

/* Function numbers of LoPAR's ioa-bus-error: EEH_ERR_FUNC_* in the kernel */
enum { LD_MEM = 0, LD_CFG = 4, ST_MEM = 6, ST_CFG = 10, DMA_RD = 12, DMA_WR = 16 };
/* EEH_ERR_TYPE_32 and _64 */
enum { TYPE_32, TYPE_64 };

#define IORESOURCE_MEM	0x200

static const char *dev;
static unsigned long domain, pe;
static uint64_t regs;
static char phb_node[512];

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	fputs("inject: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: inject [-t] WHAT DEV [ADDR [MASK]]\n"
	      "  cfg, cfg-write         the next config read / write of DEV fails\n"
	      "  mmio-load, mmio-store  a load / store fails: at ADDR (CPU or bus address; the\n"
	      "                         bits set in MASK are compared, default all), or anywhere\n"
	      "                         in DEV's PE\n"
	      "  dma-read, dma-write    a DMA read / write on DEV's PHB fails: at ADDR, or any\n"
	      "  freeze, thaw           freeze DEV's PE now / thaw it and clear the PHB's errors\n"
	      "  blink                  freeze it for up to 80 ms, thaw it for up to 150, until killed\n"
	      "  gen                    print the freeze generation of DEV's PHB (odd: frozen now)\n"
	      "  pe, phb                print DEV's PE number / the address of its PHB's registers\n"
	      "DEV is a PCI address, 0001:01:00.0.\n"
	      "  -t  make a matching access after arming (not for DMA)\n", stderr);
	exit(2);
}

static uint64_t number(const char *s)
{
	char *end;
	uint64_t v;

	errno = 0;
	v = strtoull(s, &end, 0);
	if (errno || end == s || *end)
		die("%s is not a number", s);
	return v;
}

/* Read a file of at most size bytes; returns its length, or -1 */
static ssize_t slurp(void *buf, size_t size, const char *dir, const char *name)
{
	char path[768];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	n = read(fd, buf, size);
	close(fd);
	return n;
}

static volatile void *map(uint64_t addr)
{
	uint64_t page = sysconf(_SC_PAGESIZE);
	int fd = open("/dev/mem", O_RDWR | O_SYNC);
	char *p;

	if (fd < 0)
		die("/dev/mem: %s", strerror(errno));
	p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, addr & -page);
	if (p == MAP_FAILED)
		die("/dev/mem at 0x%llx: %s", (unsigned long long)addr, strerror(errno));
	close(fd);
	return p + (addr & (page - 1));
}

static volatile uint64_t *reg(unsigned int off)
{
	static volatile char *base;

	if (!base)
		base = map(regs);
	return (volatile uint64_t *)(base + off);
}

static uint64_t reg_read(unsigned int off)
{
	return be64toh(*reg(off));
}

static void reg_write(unsigned int off, uint64_t val)
{
	*reg(off) = htobe64(val);
}

/* The PCI domain is the low half word of the OPAL PHB id */
static void find_phb(void)
{
	uint64_t id, val;
	glob_t g;
	size_t i;

	if (glob("/proc/device-tree/pciex@*", 0, NULL, &g))
		die("no PHB in the device tree");
	for (i = 0; i < g.gl_pathc; i++) {
		if (slurp(&id, 8, g.gl_pathv[i], "ibm,opal-phbid") != 8 ||
		    (be64toh(id) & 0xffff) != domain)
			continue;
		if (slurp(&val, 8, g.gl_pathv[i], "reg") != 8)
			die("%s has no reg property", g.gl_pathv[i]);
		regs = be64toh(val);
		snprintf(phb_node, sizeof(phb_node), "%s", g.gl_pathv[i]);
		globfree(&g);
		return;
	}
	die("%s: no PHB of domain %04lx in the device tree", dev, domain);
}

/* Is it in the 32-bit window of the PHB, as a bus or a CPU address? */
static bool is_m32(uint64_t addr)
{
	/* three cells of PCI address, two of CPU address, two of size */
	uint32_t r[7 * 16];
	ssize_t n = slurp(r, sizeof(r), phb_node, "ranges") / 4, i;
	uint64_t bus, cpu, size;

	for (i = 0; i + 7 <= n; i += 7) {
		/* 32-bit memory space */
		if ((be32toh(r[i]) >> 24 & 3) != 2)
			continue;
		bus = (uint64_t)be32toh(r[i + 1]) << 32 | be32toh(r[i + 2]);
		cpu = (uint64_t)be32toh(r[i + 3]) << 32 | be32toh(r[i + 4]);
		size = (uint64_t)be32toh(r[i + 5]) << 32 | be32toh(r[i + 6]);
		if (addr - bus < size || addr - cpu < size)
			return true;
	}
	return false;
}

/* The first memory BAR */
static uint64_t bar(const char *sysfs)
{
	unsigned long long start, end, flags;
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/resource", sysfs);
	f = fopen(path, "r");
	if (!f)
		die("%s: %s", path, strerror(errno));
	while (fscanf(f, "%llx %llx %llx", &start, &end, &flags) == 3) {
		if ((flags & IORESOURCE_MEM) && end) {
			fclose(f);
			return start;
		}
	}
	die("%s has no memory BAR", dev);
}

static int arm(int type, int func, uint64_t addr, uint64_t mask)
{
	char path[128], buf[80];
	int fd, n, rc = 0;

	snprintf(path, sizeof(path), "/sys/kernel/debug/powerpc/PCI%04lx/err_injct", domain);
	fd = open(path, O_WRONLY);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	n = snprintf(buf, sizeof(buf), "%lx:%x:%x:%llx:%llx", pe, type, func,
		     (unsigned long long)addr, (unsigned long long)mask);
	if (write(fd, buf, n) != n)
		rc = -errno;
	close(fd);
	return rc;
}

static void arm_or_die(int type, int func, uint64_t addr, uint64_t mask)
{
	int rc = arm(type, func, addr, mask);

	if (rc)
		die("%s: cannot arm the injection: %s (see dmesg)", dev, strerror(-rc));
}

static void config_access(const char *sysfs, bool is_write)
{
	char path[512];
	uint32_t val = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/config", sysfs);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	/* The cache line size, one byte at 0xc, is the most harmless to write */
	if (is_write ? pwrite(fd, &val, 1, 0xc) != 1 : pread(fd, &val, 4, 0) != 4)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void need_model(void)
{
	uint64_t id = reg_read(PE_CTL);

	if (id != PE_CTL_ID)
		die("%s", id == ~0ULL ? "the PHB is fenced" :
		    "this PHB has no PE control register, it is not the lab's");
}

int main(int argc, char **argv)
{
	uint64_t addr = 0, mask = ~0ULL, at;
	bool trigger = false, store;
	unsigned int i;
	char sysfs[256], buf[32] = "";
	const char *what;
	int c, func;

	while ((c = getopt(argc, argv, "t")) != -1) {
		if (c != 't')
			usage();
		trigger = true;
	}
	argc -= optind;
	argv += optind;
	if (argc < 2 || argc > 4)
		usage();
	what = argv[0];
	dev = argv[1];
	if (argc > 2)
		addr = number(argv[2]);
	if (argc > 3)
		mask = number(argv[3]);

	snprintf(sysfs, sizeof(sysfs), "/sys/bus/pci/devices/%s", dev);
	if (access(sysfs, F_OK))
		die("%s: no such device", dev);
	/* PE#0 is as good as any: that of the first segment of the M64 window */
	if (slurp(buf, sizeof(buf) - 1, sysfs, "eeh_pe_config_addr") <= 0)
		die("%s is in no PE", dev);
	pe = strtoul(buf, NULL, 16);
	domain = strtoul(dev, NULL, 16);
	find_phb();

	if (!strcmp(what, "cfg") || !strcmp(what, "cfg-write")) {
		store = !strcmp(what, "cfg-write");
		arm_or_die(TYPE_32, store ? ST_CFG : LD_CFG, 0, 0);
		if (trigger)
			config_access(sysfs, store);
	} else if (!strcmp(what, "mmio-load") || !strcmp(what, "mmio-store")) {
		store = !strcmp(what, "mmio-store");
		at = addr ? addr : bar(sysfs);
		/* Address 0 is in no PE: firmware then takes all of this one's range */
		arm_or_die(is_m32(at) ? TYPE_32 : TYPE_64, store ? ST_MEM : LD_MEM, addr, mask);
		if (trigger && store)
			*(volatile uint32_t *)map(at) = 0;
		else if (trigger)
			(void)*(volatile uint32_t *)map(at);
	} else if (!strcmp(what, "dma-read") || !strcmp(what, "dma-write")) {
		func = strcmp(what, "dma-read") ? DMA_WR : DMA_RD;
		if (trigger)
			die("-t: cannot make a device do DMA");
		if (addr)
			arm_or_die(addr >> 59 & 1 ? TYPE_64 : TYPE_32, func, addr, mask);
		/* Any: an address in the PE's first window, or its second, no bit compared */
		else if (arm(TYPE_32, func, 0x1000, 0))
			arm_or_die(TYPE_64, func, 1ULL << 59 | 0x1000, 0);
	} else if (!strcmp(what, "freeze")) {
		need_model();
		reg_write(PE_CTL, PE_CTL_FREEZE | pe);
	} else if (!strcmp(what, "thaw")) {
		need_model();
		for (i = 0; i < sizeof(err_status) / sizeof(err_status[0]); i++)
			reg_write(err_status[i], ~0ULL);
		reg_write(PE_CTL, PE_CTL_THAW | pe);
	} else if (!strcmp(what, "blink")) {
		need_model();
		srandom(getpid());
		for (;;) {
			reg_write(PE_CTL, PE_CTL_FREEZE | pe);
			usleep(20000 + random() % 60000);
			reg_write(PE_CTL, PE_CTL_THAW | pe);
			usleep(50000 + random() % 100000);
		}
	} else if (!strcmp(what, "gen")) {
		need_model();
		printf("%llu\n", (unsigned long long)reg_read(FREEZE_GEN));
	} else if (!strcmp(what, "pe")) {
		printf("%lx\n", pe);
	} else if (!strcmp(what, "phb")) {
		printf("0x%llx\n", (unsigned long long)regs);
	} else {
		usage();
	}
	return 0;
}
