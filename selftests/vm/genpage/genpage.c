// SPDX-License-Identifier: GPL-2.0-only
/*
 * genpage.so, for LD_PRELOAD: lets a guest that has a device passed through see a page of
 * registers.
 *
 * QEMU can show the page to a guest as memory (ivshmem-plain on a memory-backend-file, /dev/mem).
 * But QEMU registers all memory of the guest with the IOMMU (VFIO_IOMMU_SPAPR_REGISTER_MEMORY),
 * which wants to pin it, and pages of registers can not be pinned: QEMU gives up. As no device
 * shall ever do DMA to that page, it may go without.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/vfio.h>

/* As variadic as the real one, which else finds no room for its registers (ELFv2 ABI, 2.2.3.3) */
static int (*next)(int fd, unsigned long request, ...);

/* The page is the only memory of a guest that is as small as that. */
static int is_page(unsigned long request, const void *arg)
{
	const struct vfio_iommu_spapr_register_memory *reg = arg;

	return request == VFIO_IOMMU_SPAPR_REGISTER_MEMORY && reg->size == (__u64)getpagesize();
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (!next)
		next = (typeof(next))dlsym(RTLD_NEXT, "ioctl");
	ret = next(fd, request, arg);
	return ret < 0 && errno == EFAULT && is_page(request, arg) ? 0 : ret;
}
