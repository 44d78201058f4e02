#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel for the emulated s390x machine that has a BPF JIT, which Debian's have not (jit/config): the
# locked kernel's Debian source (7.2, as the "old" one of s390x), trimmed. vmlinuz; modules.cpio, laid over
# the initial RAM disk of the old kernel: an empty list of modules.
# needs: s390root
# lock: linuxsrc
# files: jit
# where: host
# time: 420
# default: no
set -euo pipefail

export EEH_LAB_ROOT=$DEP_s390root EEH_IN_ROOT_HEADERS=0 EEH_IN_ROOT_ENV="LAB OUT EEH_JOBS"
exec "$LAB/in-root" --dir "$LAB" bash "$LAB/jit/build"
