#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs on the emulated s390x machine: vmlinuz-<old|new> and initramfs-<old|new>.cpio of two stock
# Debian kernels, without ("old") and with ("new") zPCI error recovery for vfio-pci; and sysroot/,
# the static libraries that our programs are linked with. The work is done by s390x/build, inside
# the s390x build root.
# needs: s390root
# files: lock-s390x s390x
# where: host
# time: 60
set -euo pipefail

export EEH_LAB_ROOT=$DEP_s390root EEH_IN_ROOT_HEADERS=0 EEH_IN_ROOT_ENV="LAB OUT"
exec "$LAB/in-root" --dir "$LAB" bash "$LAB/s390x/build"
