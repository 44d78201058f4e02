/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: VFIO groups of this process. For a driver in user space, or a virtual
 * machine monitor, that owns its PCI devices and handles their errors by itself:
 * no privilege beyond that on /dev/vfio/GROUP is needed, and no kernel module.
 *
 * Each group gets a container of its own. The kernel does an operation on all
 * groups of a container one after the other and stops at the first result that is
 * not 0 (tce_iommu_ioctl()): of two groups in one container the second can then
 * neither be asked for its state nor reset. Memory must therefore be registered
 * and mapped for each container.
 *
 * Thread safety: as a context; the descriptors may be used by any thread.
 */
#ifndef __EEH_VFIO_H
#define __EEH_VFIO_H

#include <eeh/eeh.h>
#include <eeh/pe.h>

#ifdef __cplusplus
extern "C" {
#endif

enum eeh_vfio_iommu {
	EEH_VFIO_IOMMU_AUTO	= 0,	/* v2 if there is one, else v1 */
	EEH_VFIO_IOMMU_V1	= 2,	/* VFIO_SPAPR_TCE_IOMMU */
	EEH_VFIO_IOMMU_TYPE1	= 3,	/* VFIO_TYPE1v2_IOMMU: s390x, and AUTO there */
	EEH_VFIO_IOMMU_V2	= 7,	/* VFIO_SPAPR_TCE_v2_IOMMU */
};

/**
 * struct eeh_vfio_opts - options of eeh_vfio_open()
 * @sz:		sizeof(struct eeh_vfio_opts)
 * @iommu:	enum eeh_vfio_iommu
 */
struct eeh_vfio_opts {
	size_t sz;
	uint32_t iommu;
};

/**
 * eeh_vfio_open() - begin with no group
 * @ctx:	the context, which must outlive @vfio
 * @opts:	options, or NULL
 * @vfio:	where to put it; free with eeh_vfio_close()
 *
 * Return: 0; -EINVAL, -E2BIG (unknown options), -ENOMEM.
 */
EEH_API int eeh_vfio_open(struct eeh_ctx *ctx, const struct eeh_vfio_opts *opts,
			  struct eeh_vfio **vfio);

/**
 * eeh_vfio_close() - give all groups up
 * @vfio:	may be NULL
 *
 * Closes every descriptor that eeh_vfio_group() and eeh_vfio_device() opened: the
 * kernel then thaws the PEs and takes them back. PEs opened with @vfio must be
 * closed before.
 */
EEH_API void eeh_vfio_close(struct eeh_vfio *vfio);

/**
 * eeh_vfio_group() - open a group, with a container of its own
 * @vfio:	the groups
 * @group:	number of the IOMMU group
 *
 * All its devices must be bound to a VFIO driver. A group that is open already is
 * left as it is.
 *
 * Return: 0; -ENOENT (no such group, or VFIO has no device of it), -EACCES or
 * -EPERM (no permission for /dev/vfio/GROUP), -EBUSY (another process has it),
 * -EUCLEAN (a device of the group has another driver), -EOPNOTSUPP (no VFIO for
 * this platform's IOMMU, or no EEH), -EINVAL, -ENOMEM.
 */
EEH_API int eeh_vfio_group(struct eeh_vfio *vfio, int group);

/**
 * eeh_vfio_adopt() - use a container that this process has set up itself
 * @vfio:	the groups
 * @group:	number of the IOMMU group, the only one in that container
 * @container:	descriptor of the container; stays the caller's, and must stay open
 *
 * Return: 0; -EEXIST (the group is open already), -EOPNOTSUPP (the container has
 * no EEH), -EINVAL, -ENOMEM.
 */
EEH_API int eeh_vfio_adopt(struct eeh_vfio *vfio, int group, int container);

/**
 * eeh_vfio_device() - open a device
 * @vfio:	the groups
 * @address:	its PCI address
 *
 * Opens its group, if need be. The kernel thaws a frozen PE when its first device
 * is opened, and treats it as passed through from now on.
 *
 * Return: a descriptor for the VFIO_DEVICE_* ioctls, which eeh_vfio_close() closes;
 * -EINVAL (no PCI address), -ENODEV (no such device, or in no group), as
 * eeh_vfio_group().
 */
EEH_API int eeh_vfio_device(struct eeh_vfio *vfio, const char *address);

/*
 * The container of a group, for VFIO_IOMMU_*; -ENOENT: the group is not open. And
 * which kind of IOMMU it has: EEH_VFIO_IOMMU_V1, _V2, or 0 of an adopted one.
 */
EEH_API int eeh_vfio_container(struct eeh_vfio *vfio, int group);
EEH_API int eeh_vfio_iommu(struct eeh_vfio *vfio, int group);

/**
 * eeh_vfio_op() - VFIO_EEH_PE_OP on a group
 * @vfio:	the groups
 * @group:	one that is open
 * @op:		one of all ten
 * @err:	for EEH_PE_OP_INJECT_ERR; NULL for the others
 *
 * Return: as eeh_pe_op(); -ENOENT (the group is not open).
 */
EEH_API int eeh_vfio_op(struct eeh_vfio *vfio, int group, enum eeh_pe_op op,
			const struct eeh_pe_err *err);

/* @ret: what eeh_vfio_op() returned for @group. Anything but 0 ends the loop and is returned. */
typedef int (*eeh_vfio_op_fn)(void *arg, int group, int ret);

/**
 * eeh_vfio_op_all() - VFIO_EEH_PE_OP on every group that is open
 * @vfio:	the groups
 * @op:		one of all ten
 * @err:	for EEH_PE_OP_INJECT_ERR; NULL for the others
 * @fn:		called with the result of each, or NULL
 * @arg:	its first argument
 *
 * Every group gets its turn, whatever became of the one before.
 *
 * Return: what @fn returned; without @fn, the first error, or 0.
 */
EEH_API int eeh_vfio_op_all(struct eeh_vfio *vfio, enum eeh_pe_op op, const struct eeh_pe_err *err,
			    eeh_vfio_op_fn fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_VFIO_H */
