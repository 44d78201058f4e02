// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a guest has: PHBs, PEs and devices, and how it names them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rtas_internal.h"

static struct rtas_phb *find_phb(struct eeh_rtas *rtas, uint64_t buid)
{
	struct rtas_phb *phb;

	for (phb = rtas->phbs; phb && phb->buid != buid; phb = phb->next)
		;
	return phb;
}

int eeh_rtas_add_phb(struct eeh_rtas *rtas, uint64_t buid)
{
	struct rtas_phb *phb = calloc(1, sizeof(*phb));
	int err = phb ? 0 : -ENOMEM;

	pthread_mutex_lock(&rtas->lock);
	if (!err && find_phb(rtas, buid))
		err = -EEXIST;
	if (!err) {
		phb->buid = buid;
		phb->next = rtas->phbs;
		rtas->phbs = phb;
	}
	pthread_mutex_unlock(&rtas->lock);
	if (err)
		free(phb);
	return err;
}

int eeh_rtas_del_phb(struct eeh_rtas *rtas, uint64_t buid)
{
	struct rtas_phb **p, *phb;
	int err = 0;

	pthread_mutex_lock(&rtas->lock);
	for (p = &rtas->phbs; *p && (*p)->buid != buid; p = &(*p)->next)
		;
	phb = *p;
	if (!phb)
		err = -ENOENT;
	else if (phb->pes)
		err = -EBUSY;
	else
		*p = phb->next;
	pthread_mutex_unlock(&rtas->lock);
	if (!err)
		free(phb);
	return err;
}

/* ---- References */

static void pe_free(struct eeh_rtas_pe *pe)
{
	eeh_pe_close(pe->log_pe);
	eeh_pe_close(pe->pe);
	eeh_vfio_close(pe->vfio);
	eeh_ctx_free(pe->log_ctx);
	eeh_ctx_free(pe->ctx);
	pthread_cond_destroy(&pe->idle);
	pthread_mutex_destroy(&pe->lock);
	free(pe->diag);
	free(pe);
}

void rtas_pe_get(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	pthread_mutex_lock(&rtas->lock);
	pe->refs++;
	pthread_mutex_unlock(&rtas->lock);
}

void rtas_pe_put(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	bool last;

	pthread_mutex_lock(&rtas->lock);
	last = !--pe->refs;
	pthread_mutex_unlock(&rtas->lock);
	if (last)
		pe_free(pe);
}

bool rtas_pe_lock(struct eeh_rtas_pe *pe)
{
	pthread_mutex_lock(&pe->lock);
	if (!pe->removed && !pe->busy)
		return true;
	pthread_mutex_unlock(&pe->lock);
	return false;
}

static bool has_device(const struct eeh_rtas_pe *pe, uint32_t config_addr)
{
	const struct rtas_device *d;

	for (d = pe->devices; d && d->config_addr != config_addr; d = d->next)
		;
	return d;
}

struct eeh_rtas_pe *rtas_pe_find(struct eeh_rtas *rtas, uint64_t buid, uint32_t addr, bool *is_pe,
				 bool *has_phb)
{
	struct eeh_rtas_pe *pe = NULL;
	struct rtas_phb *phb;

	pthread_rwlock_rdlock(&rtas->dev_lock);
	pthread_mutex_lock(&rtas->lock);
	phb = find_phb(rtas, buid);
	*has_phb = phb;
	for (pe = phb ? phb->pes : NULL; pe; pe = pe->next) {
		*is_pe = pe->config_addr && pe->config_addr == addr;
		if (*is_pe || has_device(pe, addr))
			break;
	}
	if (pe)
		pe->refs++;
	pthread_mutex_unlock(&rtas->lock);
	pthread_rwlock_unlock(&rtas->dev_lock);
	return pe;
}

struct eeh_rtas_pe **rtas_pe_all(struct eeh_rtas *rtas, size_t *nr)
{
	struct eeh_rtas_pe **list = NULL, *pe;
	struct rtas_phb *phb;
	size_t n = 0;

	*nr = 0;
	pthread_mutex_lock(&rtas->lock);
	for (phb = rtas->phbs; phb; phb = phb->next)
		for (pe = phb->pes; pe; pe = pe->next)
			n++;
	if (n)
		list = calloc(n, sizeof(*list));
	for (phb = list ? rtas->phbs : NULL; phb; phb = phb->next)
		for (pe = phb->pes; pe; pe = pe->next) {
			pe->refs++;
			list[(*nr)++] = pe;
		}
	pthread_mutex_unlock(&rtas->lock);
	return list;
}

unsigned int rtas_pe_devices(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	struct rtas_device *d;
	unsigned int n = 0;

	pthread_rwlock_rdlock(&rtas->dev_lock);
	for (d = pe->devices; d; d = d->next)
		n++;
	pthread_rwlock_unlock(&rtas->dev_lock);
	return n;
}

static bool has_host_pe(struct eeh_rtas *rtas, uint32_t host_phb, uint32_t host_addr)
{
	struct eeh_rtas_pe *pe;
	struct rtas_phb *phb;

	for (phb = rtas->phbs; phb; phb = phb->next)
		for (pe = phb->pes; pe; pe = pe->next)
			if (pe->host_phb == host_phb && pe->host_addr == host_addr)
				return true;
	return false;
}

bool rtas_owns(struct eeh_rtas *rtas, uint32_t host_phb, uint32_t host_addr)
{
	bool owns;

	pthread_mutex_lock(&rtas->lock);
	owns = has_host_pe(rtas, host_phb, host_addr);
	pthread_mutex_unlock(&rtas->lock);
	return owns;
}

/* ---- PEs */

struct found {
	uint32_t phb, addr;
	int32_t group;
	uint32_t nr_groups;
};

static int take(void *arg, const struct eeh_pe_info *info)
{
	struct found *f = arg;

	f->phb = info->phb;
	f->addr = info->addr;
	f->group = info->iommu_group;
	f->nr_groups = info->nr_groups;
	return 0;
}

static int open_pe(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, const struct eeh_rtas_pe_opts *o)
{
	struct eeh_pe_opts po;
	struct found f;
	int err;

	if (!o->device)
		return -EINVAL;
	err = eeh_ctx_new(&pe->ctx, &rtas->ctx_opts);
	if (!err)
		err = eeh_pe_find(pe->ctx, o->device, take, &f);
	if (err)
		return err;
	if (f.nr_groups != 1 || f.group != o->group)
		return eeh_fail(pe->ctx, -EINVAL, "%s is not in group %" PRId32 " alone", o->device,
				o->group);
	err = eeh_vfio_open(pe->ctx, NULL, &pe->vfio);
	if (!err)
		err = eeh_vfio_adopt(pe->vfio, o->group, o->container);
	if (err)
		return err;
	EEH_INIT(&po);
	po.backend = EEH_BACKEND_VFIO;
	po.vfio = pe->vfio;
	return eeh_pe_open(pe->ctx, f.phb, f.addr, &po, &pe->pe);
}

static void open_log(struct eeh_rtas_pe *pe)
{
	struct eeh_pe_opts po;

	EEH_INIT(&po);
	po.backend = EEH_BACKEND_DEV;
	/* It is a bonus: without it there is a log, too. */
	if (eeh_pe_open(pe->log_ctx, pe->pe->phb, pe->pe->addr, &po, &pe->log_pe))
		pe->log_pe = NULL;
}

int eeh_rtas_add_pe(struct eeh_rtas *rtas, const struct eeh_rtas_pe_opts *opts,
		    struct eeh_rtas_pe **ret)
{
	struct eeh_rtas_pe_opts o;
	struct rtas_phb *phb;
	struct eeh_rtas_pe *pe;
	int err;

	*ret = NULL;
	err = opts ? eeh_opts_get(&o, sizeof(o), opts) : -EINVAL;
	if (!err && (o.flags & ~EEH_RTAS_PE_DEV_LOG))
		err = -EINVAL;
	if (err)
		return err;
	pe = calloc(1, sizeof(*pe));
	if (!pe)
		return -ENOMEM;
	pthread_mutex_init(&pe->lock, NULL);
	pthread_cond_init(&pe->idle, NULL);
	pe->refs = 1;
	pe->buid = o.buid;
	pe->arg = o.arg;
	pe->drc_index = o.drc_index;
	pe->group = o.pe ? -1 : o.group;
	pe->pe = o.pe;
	if (!pe->pe)
		err = open_pe(rtas, pe, &o);
	if (!err)
		err = eeh_ctx_new(&pe->log_ctx, &rtas->ctx_opts);
	if (!err) {
		pe->host_phb = pe->pe->phb;
		pe->host_addr = pe->pe->addr;
		memcpy(pe->name, pe->pe->name, sizeof(pe->name));
		if (o.flags & EEH_RTAS_PE_DEV_LOG)
			open_log(pe);
	}
	if (!err) {
		pthread_mutex_lock(&rtas->lock);
		phb = find_phb(rtas, o.buid);
		if (!phb) {
			err = -ENOENT;
		} else if (has_host_pe(rtas, pe->host_phb, pe->host_addr)) {
			err = -EEXIST;
		} else {
			pe->phb = phb;
			pe->next = phb->pes;
			phb->pes = pe;
		}
		pthread_mutex_unlock(&rtas->lock);
	}
	if (err) {
		if (o.pe)
			pe->pe = NULL;
		pe_free(pe);
		return err;
	}
	*ret = pe;
	return 0;
}

void eeh_rtas_del_pe(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	struct rtas_device *devices, *d;
	struct eeh_rtas_pe **p;

	pthread_rwlock_wrlock(&rtas->dev_lock);
	pthread_mutex_lock(&rtas->lock);
	for (p = &pe->phb->pes; *p && *p != pe; p = &(*p)->next)
		;
	if (*p)
		*p = pe->next;
	devices = pe->devices;
	pe->devices = NULL;
	pthread_mutex_unlock(&rtas->lock);
	pthread_rwlock_unlock(&rtas->dev_lock);

	pthread_mutex_lock(&pe->lock);
	pe->removed = true;
	while (pe->busy)
		pthread_cond_wait(&pe->idle, &pe->lock);
	/* Whoever gets the device next does not know that it is held in reset. */
	if (pe->pe->history.reset_asserted)
		eeh_pe_op(pe->pe, EEH_PE_OP_RESET_DEACTIVATE, NULL);
	/* Its container may be closed as soon as this returns. */
	eeh_pe_close(pe->pe);
	eeh_vfio_close(pe->vfio);
	pe->pe = NULL;
	pe->vfio = NULL;
	pthread_mutex_unlock(&pe->lock);

	while ((d = devices)) {
		devices = d->next;
		free(d);
	}
	rtas_pe_put(rtas, pe);
}

uint32_t eeh_rtas_pe_config_addr(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe)
{
	uint32_t addr;

	pthread_mutex_lock(&rtas->lock);
	addr = pe->config_addr;
	pthread_mutex_unlock(&rtas->lock);
	return addr;
}

int eeh_rtas_pe_eventfd(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, int fd)
{
	int ret = -ENOENT;

	(void)rtas;
	pthread_mutex_lock(&pe->lock);
	if (pe->log_pe)
		ret = eeh_dev_eventfd(pe->log_ctx, pe->log_pe->fd, pe->host_phb, pe->host_addr, fd);
	pthread_mutex_unlock(&pe->lock);
	return ret;
}

/* ---- Devices */

struct device_check {
	const char *address;
	struct rtas_device *d;
};

static int check_device(void *arg, const struct eeh_pe_info *info)
{
	struct device_check *k = arg;
	size_t i;

	for (i = 0; i < info->nr_devices; i++)
		if (!strcmp(info->devices[i]->address, k->address)) {
			memcpy(k->d->bar, info->devices[i]->bar, sizeof(k->d->bar));
			return 0;
		}
	return -EINVAL;
}

static uint64_t get_be(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

static bool in_window(uint64_t cpu, uint64_t size, uint64_t start, uint64_t len)
{
	return size && cpu >= start && size <= len && cpu - start <= len - size;
}

/*
 * From CPU addresses to those on the bus, by the windows of the host bridge: its "ranges" (PCI bus
 * binding: 3 cells on the bus, 2 of the CPU, 2 of length) and, where skiboot puts the 64-bit one,
 * "ibm,opal-m64-window" (bus, CPU, length). No device is touched, and virtual functions, which have
 * no BARs in config space, are as good as any.
 */
static uint64_t bus_address(struct eeh_ctx *ctx, uint32_t phb, uint64_t cpu, uint64_t size)
{
	char rel[80], buf[4096];
	const uint8_t *p = (const uint8_t *)buf;
	ssize_t n, i;

	/* eeh_read() cuts a last byte that is a newline, here the end of a length. */
	snprintf(rel, sizeof(rel), "class/pci_bus/%04" PRIx32 ":00/of_node/ranges", phb);
	n = eeh_read(ctx, EEH_ROOT_SYSFS, rel, buf, sizeof(buf));
	for (i = 0; i + 27 <= n; i += 28)
		/* phys.hi: 2 and 3 in bits 24 and 25 are memory. */
		if (p[i] & 2 && in_window(cpu, size, get_be(p + i + 12, 8), get_be(p + i + 20, 8)))
			return get_be(p + i + 4, 8) + (cpu - get_be(p + i + 12, 8));
	snprintf(rel, sizeof(rel), "class/pci_bus/%04" PRIx32 ":00/of_node/ibm,opal-m64-window",
		 phb);
	n = eeh_read(ctx, EEH_ROOT_SYSFS, rel, buf, sizeof(buf));
	if (n >= 23 && in_window(cpu, size, get_be(p + 8, 8), get_be(p + 16, 8)))
		return get_be(p, 8) + (cpu - get_be(p + 8, 8));
	return 0;
}

static void find_bus_addresses(struct eeh_ctx *ctx, uint32_t phb, struct rtas_device *d)
{
	char pf[EEH_PCI_ADDRESS_LEN];
	int i;

	eeh_pci_read_link(ctx, d->host, "physfn", pf, sizeof(pf));
	d->is_vf = *pf;
	for (i = 0; i < EEH_BARS; i++)
		if (d->bar[i].kind == EEH_BAR_MEM32 || d->bar[i].kind == EEH_BAR_MEM64)
			d->bus[i] = bus_address(ctx, phb, d->bar[i].start, d->bar[i].size);
}

/* PE addresses: bus and devfn of a function, and register 1 to tell them from devices. */
static uint32_t new_config_addr(const struct rtas_phb *phb, uint32_t want)
{
	const struct eeh_rtas_pe *pe;
	uint32_t addr = (want & 0xffff00) | 1;

	for (pe = phb->pes; pe;) {
		if (pe->config_addr != addr) {
			pe = pe->next;
			continue;
		}
		addr = ((addr + 0x100) & 0xffff00) | 1;
		pe = phb->pes;
	}
	return addr;
}

int eeh_rtas_add_device(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe,
			const struct eeh_rtas_device_opts *opts)
{
	struct eeh_rtas_device_opts o;
	struct device_check k;
	struct rtas_device *d, **end;
	struct eeh_rtas_pe *p;
	char what[EEH_PE_NAME_LEN];
	int err;

	err = opts ? eeh_opts_get(&o, sizeof(o), opts) : -EINVAL;
	if (err)
		return err;
	if (o.config_addr & ~0xffff00U || !o.device)
		return -EINVAL;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->config_addr = o.config_addr;
	d->arg = o.arg;
	err = eeh_pci_address(o.device, d->host);
	k.address = d->host;
	k.d = d;
	if (!err) {
		/* log_ctx: a job may use the other one. */
		pthread_mutex_lock(&pe->lock);
		snprintf(what, sizeof(what), "%s", pe->name);
		err = eeh_pe_find(pe->log_ctx, what, check_device, &k);
		if (!err)
			find_bus_addresses(pe->log_ctx, pe->host_phb, d);
		pthread_mutex_unlock(&pe->lock);
	}
	if (!err) {
		pthread_rwlock_wrlock(&rtas->dev_lock);
		pthread_mutex_lock(&rtas->lock);
		for (p = pe->phb->pes; p && !err; p = p->next)
			if (has_device(p, d->config_addr))
				err = -EEXIST;
		if (!err) {
			if (!pe->config_addr)
				pe->config_addr = new_config_addr(pe->phb, d->config_addr);
			for (end = &pe->devices; *end; end = &(*end)->next)
				;
			*end = d;
		}
		pthread_mutex_unlock(&rtas->lock);
		pthread_rwlock_unlock(&rtas->dev_lock);
	}
	if (err)
		free(d);
	return err;
}

int eeh_rtas_del_device(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, uint32_t config_addr)
{
	struct rtas_device **p, *d;

	pthread_rwlock_wrlock(&rtas->dev_lock);
	for (p = &pe->devices; *p && (*p)->config_addr != config_addr; p = &(*p)->next)
		;
	d = *p;
	if (d)
		*p = d->next;
	pthread_rwlock_unlock(&rtas->dev_lock);
	free(d);
	return d ? 0 : -ENOENT;
}
