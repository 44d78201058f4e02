# SPDX-License-Identifier: GPL-2.0-only
# Device list of the QEMU that runs guests on the emulated host:
# configs/devices/ppc64-softmmu/vmm.mak, chosen by --with-devices-ppc64=vmm.
CONFIG_PSERIES=y
CONFIG_VFIO_PCI=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
