/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __EEH_PE_INTERNAL_H
#define __EEH_PE_INTERNAL_H

#include <eeh/vfio.h>

#include "eeh_internal.h"

/* procs.c: processes that have something of VFIO open */
struct eeh_proc {
	int32_t pid;
	bool kvm;
	char comm[64];
	char guest[64];
	uint32_t *groups;
	size_t nr_groups;
	char (*devices)[EEH_PCI_ADDRESS_LEN];
	size_t nr_devices;
};

struct eeh_procs {
	struct eeh_proc *list;	/* by pid */
	size_t nr;
	bool partial;		/* some could not be looked at */
};

int eeh_procs_scan(struct eeh_ctx *ctx, struct eeh_procs *procs);
void eeh_procs_free(struct eeh_procs *procs);
bool eeh_proc_has(const struct eeh_proc *proc, int32_t group, const char *device);

/* pe_list.c */
struct eeh_pe_node {
	struct eeh_pe_info info;
	struct eeh_pe_device *dev;
	const struct eeh_pe_device **ptr;	/* info.devices */
};

struct eeh_pe_list {
	struct eeh_pe_node *pes;		/* by phb and addr */
	size_t nr;
	struct eeh_procs procs;
};

int eeh_pe_list_get(struct eeh_ctx *ctx, struct eeh_pe_list *list);
/* And one PE of it; if there is no such PE, an error and no list. */
int eeh_pe_list_get_one(struct eeh_ctx *ctx, uint32_t phb, uint32_t addr, struct eeh_pe_list *list,
			const struct eeh_pe_node **node);
void eeh_pe_list_free(struct eeh_pe_list *list);
/* "0001:fd"; -EINVAL. */
int eeh_pe_name_parse(const char *s, uint32_t *phb, uint32_t *addr);

/* backend.c and its kinds: one way to do operations on a PE */
struct eeh_backend_ops {
	enum eeh_backend kind;
	int (*op)(struct eeh_pe *pe, enum eeh_pe_op op, const struct eeh_pe_err *err);
	/* Says more than eeh_pe_decode() can; may be NULL. */
	void (*explain)(struct eeh_pe *pe, struct eeh_pe_status *status);
	void (*close)(struct eeh_pe *pe);
};

struct eeh_pe {
	struct eeh_ctx *ctx;
	uint32_t phb;
	uint32_t addr;
	char name[EEH_PE_NAME_LEN];
	const struct eeh_backend_ops *ops;
	struct eeh_pe_history history;
	/* VFIO */
	struct eeh_vfio *vfio;
	bool own_vfio;
	int group;
	/* zPCI; with @vfio */
	struct eeh_zpci *zpci;
	char address[EEH_PCI_ADDRESS_LEN];
	/* /dev/eeh */
	int fd;
	bool force;
	void *log;		/* of eeh_pe_log_next() */
};

extern const struct eeh_backend_ops eeh_backend_vfio_ops, eeh_backend_dev_ops, eeh_backend_zpci_ops,
	eeh_backend_zpci_look_ops;

/* Puts @pe on that back end, or says why not. */
int eeh_backend_vfio_open(struct eeh_pe *pe, int32_t group, struct eeh_vfio *vfio);
int eeh_backend_dev_open(struct eeh_pe *pe);
/* @z: this process has it open; NULL: it is opened for the PE. */
int eeh_backend_zpci_open(struct eeh_pe *pe, const struct eeh_pe_info *info, struct eeh_vfio *vfio,
			  struct eeh_zpci *z);

/* pe.c */
int eeh_pe_err_get(struct eeh_ctx *ctx, enum eeh_pe_op op, const struct eeh_pe_err *err,
		   struct eeh_pe_err *e);
__attribute__((format(printf, 4, 5)))
int eeh_pe_op_failed(struct eeh_ctx *ctx, enum eeh_pe_op op, int err, const char *fmt, ...);

/* vfio.c */
bool eeh_vfio_has(struct eeh_vfio *vfio, int group);
struct eeh_ctx *eeh_vfio_ctx(struct eeh_vfio *vfio);

/* pe_inject.c: which firmware or hypervisor is below this kernel */
enum eeh_platform {
	EEH_PLATFORM_OTHER,	/* neither POWER nor s390x, or no EEH */
	EEH_PLATFORM_POWERNV,
	EEH_PLATFORM_PSERIES,
	EEH_PLATFORM_ZPCI,	/* s390x: no EEH, but PCI functions that are isolated likewise */
};

enum eeh_platform eeh_platform(struct eeh_ctx *ctx);
/* 3, 4, 5; 0: not known. */
int eeh_phb_generation(struct eeh_ctx *ctx, uint32_t phb);
/* eeh_pe_inject() with one of the functions of its class. */
int eeh_pe_inject_func(struct eeh_pe *pe, enum eeh_inject_class c, uint32_t func,
		       const struct eeh_inject_opts *opts);

#endif /* __EEH_PE_INTERNAL_H */
