# SPDX-License-Identifier: GPL-2.0-only
# Device list of the lab's QEMU: configs/devices/ppc64-softmmu/eeh.mak, chosen by
# --with-devices-ppc64=eeh. Everything else is left out (--without-default-devices).
CONFIG_POWERNV=y
CONFIG_PSERIES=y
# The machine's own devices
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_SCSI=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SERIAL=y
# Devices to pass through, and to inject errors into
CONFIG_NVME_PCI=y
CONFIG_E1000_PCI=y
CONFIG_E1000E_PCI_EXPRESS=y
CONFIG_IGB_PCI_EXPRESS=y
CONFIG_EDU=y
CONFIG_IVSHMEM_DEVICE=y
CONFIG_PCI_TESTDEV=y
CONFIG_USB=y
CONFIG_USB_XHCI_PCI=y
CONFIG_USB_XHCI_NEC=y
# Ports and switches
CONFIG_PCIE_PORT=y
CONFIG_XIO3130=y
# What the above need but do not select
CONFIG_I2C=y
CONFIG_SPDM_SOCKET=y
CONFIG_ACPI=y
