// SPDX-License-Identifier: GPL-2.0-only
/* Plays VFIO and /dev/eeh: see fake_dev.h. As the kernel does it, its mistakes included. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include <linux/vfio.h>

#include "fake_dev.h"
#include "fake_zpci.h"

#include "../../include/uapi/eeh_dev.h"

enum kind { FREE, CONTAINER, GROUP, DEVICE, DEV };

#define FIRST_FD	1000

static char root[256];
static uint64_t now_ns;
static struct {
	enum kind kind;
	int group;
	int container;	/* of a group; as an index */
	int iommu;
} fds[64];

struct pe {
	char name[32];
	unsigned int group;
	int state;
	char knobs[160];
};

static struct pe pes[32];
static size_t nr_pes;

void fake_dev_init(const char *dir)
{
	snprintf(root, sizeof(root), "%s", dir);
	memset(fds, 0, sizeof(fds));
	now_ns = 1000000000;
}

uint64_t fake_dev_now_ms(void)
{
	return now_ns / 1000000;
}

static FILE *open_file(const char *name, const char *mode)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/fake/%s", root, name);
	return fopen(path, mode);
}

static void load(void)
{
	FILE *f = open_file("pes", "r");
	char line[256];
	int n;

	nr_pes = 0;
	while (f && fgets(line, sizeof(line), f)) {
		struct pe *p = &pes[nr_pes];

		n = 0;
		if (sscanf(line, "%31s %u %d%n", p->name, &p->group, &p->state, &n) != 3)
			continue;
		snprintf(p->knobs, sizeof(p->knobs), "%s ", line + n);
		p->knobs[strcspn(p->knobs, "\n")] = ' ';
		nr_pes++;
	}
	if (f)
		fclose(f);
}

static void save(void)
{
	FILE *f = open_file("pes", "w");
	size_t i;

	for (i = 0; f && i < nr_pes; i++)
		fprintf(f, "%s %u %d%s\n", pes[i].name, pes[i].group, pes[i].state, pes[i].knobs);
	if (f)
		fclose(f);
}

static char *knob(struct pe *p, const char *name)
{
	char word[40], *s;

	snprintf(word, sizeof(word), " %s", name);
	s = strstr(p->knobs, word);
	return s ? s + strlen(word) : NULL;
}

/* Counts a knob NAME=N down; was it above 0? */
static bool countdown(struct pe *p, const char *name)
{
	char *s = knob(p, name), *rest, copy[160];
	long n;

	n = s ? strtol(s, &rest, 10) : 0;
	if (n <= 0)
		return false;
	snprintf(copy, sizeof(copy), "%.*s%ld%s", (int)(s - p->knobs), p->knobs, n - 1, rest);
	memcpy(p->knobs, copy, sizeof(copy));
	return true;
}

static void stop(struct pe *p, const char *name)
{
	char word[40], *s;

	snprintf(word, sizeof(word), " %s ", name);
	s = strstr(p->knobs, word);
	if (s)
		memmove(s, s + strlen(word) - 1, strlen(s + strlen(word) - 1) + 1);
}

/* As pnv_eeh_err_inject() and skiboot: 0, or what the kernel would return. */
static int inject(struct pe *p, uint32_t type, uint32_t func, uint64_t addr, uint64_t mask)
{
	FILE *f;

	if (type > 1 || func > 19)
		return -ERANGE;
	if (func != 4 && func != 5 && func != 10 && func != 11) {
		if (!knob(p, func >= 12 ? "dma " : "mem "))
			return -EIO;
		if ((knob(p, "m32 ") && type) || (knob(p, "m64 ") && !type))
			return -EIO;
	}
	f = open_file("injected", "w");
	if (f) {
		fprintf(f, "%s %u %u %#llx %#llx\n", p->name, type, func, (unsigned long long)addr,
			(unsigned long long)mask);
		fclose(f);
	}
	return 0;
}

static int pe_op(struct pe *p, uint32_t op)
{
	char *fail = knob(p, "fail=");
	FILE *f = open_file("ops", "a");
	unsigned int which, err;

	if (f) {
		fprintf(f, "%s %u\n", p->name, op);
		fclose(f);
	}
	if (fail && sscanf(fail, "%u:%u", &which, &err) == 2 && which == op)
		return -(int)err;
	switch (op) {
	case VFIO_EEH_PE_DISABLE:
	case VFIO_EEH_PE_CONFIGURE:
		return 0;
	case VFIO_EEH_PE_ENABLE:
		if (p->state) {
			p->state = 0;
			stop(p, "isolated");
		}
		return 0;
	case VFIO_EEH_PE_UNFREEZE_IO:
		if (p->state == 2) {
			p->state = 4;
			strcat(p->knobs, "isolated ");
		}
		return 0;
	case VFIO_EEH_PE_UNFREEZE_DMA:
		if (p->state == 2)
			return -EIO;
		if (p->state == 4)
			p->state = 0;
		return 0;
	case VFIO_EEH_PE_GET_STATE:
		return countdown(p, "later=") ? 5 : p->state;
	case VFIO_EEH_PE_RESET_HOT:
	case VFIO_EEH_PE_RESET_FUNDAMENTAL:
		now_ns += 250000000;
		p->state = knob(p, "powernv ") ? 2 : 1;
		return 0;
	case VFIO_EEH_PE_RESET_DEACTIVATE:
		now_ns += 1800000000;
		p->state = knob(p, "stuck ") ? 2 : 0;
		stop(p, "isolated");
		return 0;
	default:
		return -EINVAL;
	}
}

static int new_fd(enum kind kind, int group)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i].kind == FREE) {
			fds[i].kind = kind;
			fds[i].group = group;
			fds[i].container = -1;
			fds[i].iommu = 0;
			return FIRST_FD + i;
		}
	return -EMFILE;
}

static int fake_open(void *arg, const char *path, int flags)
{
	char buf[16] = "", prefix[300];
	const char *rel;
	size_t i;
	FILE *f;

	(void)arg;
	(void)flags;
	snprintf(prefix, sizeof(prefix), "%s/dev/", root);
	if (strncmp(path, prefix, strlen(prefix))) {
		fprintf(stderr, "%s is outside of %s\n", path, prefix);
		abort();
	}
	rel = path + strlen(prefix);
	f = fopen(path, "r");
	if (!f)
		return -errno;
	if (!fgets(buf, sizeof(buf), f))
		buf[0] = '\0';
	fclose(f);
	if (!strcmp(rel, "eeh"))
		return strstr(buf, "denied") ? -EACCES : new_fd(DEV, -1);
	if (!strcmp(rel, "vfio/vfio"))
		return new_fd(CONTAINER, -1);
	if (strstr(buf, "busy"))
		return -EBUSY;
	for (i = 0; i < ARRAY_SIZE(fds); i++)
		if (fds[i].kind == GROUP && fds[i].group == atoi(rel + 5))
			return -EBUSY;
	return new_fd(GROUP, atoi(rel + 5));
}

static int fake_close(void *arg, int fd)
{
	(void)arg;
	if (fd < FIRST_FD || fds[fd - FIRST_FD].kind == FREE) {
		fprintf(stderr, "%d is not open\n", fd);
		abort();
	}
	fds[fd - FIRST_FD].kind = FREE;
	return 0;
}

static struct pe *of_group(int group)
{
	size_t i;

	for (i = 0; i < nr_pes; i++)
		if ((int)pes[i].group == group)
			return &pes[i];
	return NULL;
}

/* tce_iommu_ioctl(): all groups, until a result that is not 0. */
static int container_op(int container, struct vfio_eeh_pe_op *op)
{
	struct pe *p;
	int ret = 0;
	size_t i;

	if (op->argsz < 12 || op->flags)
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i].kind != GROUP || fds[i].container != container)
			continue;
		p = of_group(fds[i].group);
		ret = !p ? -ENODEV : op->op == VFIO_EEH_PE_INJECT_ERR ?
		      inject(p, op->err.type, op->err.func, op->err.addr, op->err.mask) :
		      pe_op(p, op->op);
		if (ret)
			break;
	}
	return ret;
}

static int ioctl_vfio(int fd, unsigned long request, unsigned long val)
{
	struct vfio_group_status *status;
	int i = fd - FIRST_FD;

	if (fds[i].kind == DEVICE && fake_zpci.present)
		return fake_zpci_ioctl(request, val);

	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		if (fake_zpci.present)
			return val == VFIO_TYPE1_IOMMU || val == VFIO_TYPE1v2_IOMMU;
		return val == VFIO_SPAPR_TCE_IOMMU || val == VFIO_EEH ||
		       (val == VFIO_SPAPR_TCE_v2_IOMMU && strcmp(getenv("FAKE_IOMMU") ?: "", "1"));
	case VFIO_GROUP_GET_STATUS:
		status = (void *)val;
		status->flags = of_group(fds[i].group) ? VFIO_GROUP_FLAGS_VIABLE : 0;
		return 0;
	case VFIO_GROUP_SET_CONTAINER:
		fds[i].container = *(int *)val - FIRST_FD;
		return 0;
	case VFIO_SET_IOMMU:
		fds[i].iommu = val;
		return 0;
	case VFIO_GROUP_GET_DEVICE_FD:
		return new_fd(DEVICE, fds[i].group);
	case VFIO_EEH_PE_OP:
		return fds[i].kind != CONTAINER || !fds[i].iommu ? -EPERM :
		       container_op(i, (void *)val);
	}
	return -ENOTTY;
}

static struct pe *by_name(uint32_t phb, uint32_t addr)
{
	char name[32];
	size_t i;

	snprintf(name, sizeof(name), "%04x:%x", phb, addr);
	for (i = 0; i < nr_pes; i++)
		if (!strcmp(pes[i].name, name))
			return &pes[i];
	return NULL;
}

static int dev_log(struct eeh_dev_log *l)
{
	struct pe *p = by_name(l->phb, l->pe_addr);
	char data[20000], path[300];
	uint32_t room = l->len;
	char *have;
	FILE *f;

	have = p ? knob(p, "log=") : NULL;
	if (!p)
		return -ENODEV;
	if (!have || l->seq >= strtoul(have, NULL, 10))
		return -ENODATA;
	l->seq++;
	memset(data, 'a' + (int)l->seq, sizeof(data));
	l->len = l->seq == 2 ? sizeof(data) : 100;
	snprintf(path, sizeof(path), "%s/fake/log-%s-%u", root, p->name, (unsigned int)l->seq);
	f = fopen(path, "rb");
	if (f) {
		l->len = fread(data, 1, sizeof(data), f);
		fclose(f);
	}
	memcpy((void *)(unsigned long)l->data, data, room < l->len ? room : l->len);
	l->time_ns = 1000 * l->seq;
	l->source = EEH_SOURCE_SWEEP;
	l->flags = EEH_DEV_LOG_PASSED | (l->seq == 2 ? EEH_DEV_LOG_STALE : 0);
	return 0;
}

static int ioctl_dev(unsigned long request, unsigned long val)
{
	struct eeh_dev_pe_op *op = (void *)val;
	struct eeh_dev_fetch *fetch;
	struct eeh_dev_eventfd *e;
	struct pe *p;

	switch (request) {
	case EEH_DEV_GET_VERSION:
		return EEH_DEV_VERSION;
	case EEH_DEV_LOG:
		return dev_log((void *)val);
	case EEH_DEV_FETCH:
		fetch = (void *)val;
		p = by_name(fetch->phb, fetch->pe_addr);
		fetch->seq = p && p->state ? 1 : 0;
		return p ? pe_op(p, VFIO_EEH_PE_GET_STATE) : -ENODEV;
	case EEH_DEV_EVENTFD:
		/* As if the module's sweep came right now. */
		e = (void *)val;
		p = by_name(e->phb, e->pe_addr);
		if (!p || e->argsz != sizeof(*e) || e->flags)
			return p ? -EINVAL : -ENODEV;
		return e->fd >= 0 && p->state && eventfd_write(e->fd, 1) ? -errno : 0;
	case EEH_DEV_PE_OP:
		p = by_name(op->phb, op->pe_addr);
		if (!p || op->argsz != sizeof(*op) || op->reserved)
			return p ? -EINVAL : -ENODEV;
		if (op->op != VFIO_EEH_PE_GET_STATE && knob(p, "kernel ") &&
		    !(op->flags & EEH_DEV_OP_HOST))
			return -EBUSY;
		if (op->op == VFIO_EEH_PE_GET_STATE && countdown(p, "busy="))
			return -EAGAIN;
		return op->op == VFIO_EEH_PE_INJECT_ERR ?
		       inject(p, op->err.type, op->err.func, op->err.addr, op->err.mask) :
		       pe_op(p, op->op);
	}
	return -ENOTTY;
}

static int fake_ioctl(void *arg, int fd, unsigned long request, unsigned long val)
{
	int ret;

	(void)arg;
	if (fd < FIRST_FD || fds[fd - FIRST_FD].kind == FREE) {
		fprintf(stderr, "%d is not open\n", fd);
		abort();
	}
	load();
	ret = fds[fd - FIRST_FD].kind == DEV ? ioctl_dev(request, val) :
	      ioctl_vfio(fd, request, val);
	save();
	return ret;
}

static uint64_t fake_now_ns(void *arg)
{
	(void)arg;
	return now_ns;
}

static void fake_sleep_ms(void *arg, uint32_t ms)
{
	(void)arg;
	now_ns += ms * 1000000ULL;
}

const struct eeh_sys fake_sys = {
	.sz		= sizeof(struct eeh_sys),
	.open		= fake_open,
	.close		= fake_close,
	.ioctl		= fake_ioctl,
	.now_ns		= fake_now_ns,
	.sleep_ms	= fake_sleep_ms,
};

/* For eehctl, which has no way to say it: --wrap=eeh_dev_init. */
int __real_eeh_dev_init(struct eeh_sys *dst, const struct eeh_sys *src);
int __wrap_eeh_dev_init(struct eeh_sys *dst, const struct eeh_sys *src);

int __wrap_eeh_dev_init(struct eeh_sys *dst, const struct eeh_sys *src)
{
	return __real_eeh_dev_init(dst, !src && *root ? &fake_sys : src);
}
