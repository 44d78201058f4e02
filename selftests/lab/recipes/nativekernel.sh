#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel with kernel/patches, trimmed to the host machine: native/build says what comes out.
# Not built unless asked for by name: it takes longer than everything else.
# needs: buildroot
# lock: linuxsrc
# files: native ../../kernel/patches
# time: 600
# default: no
set -euo pipefail
exec "$LAB/native/build" "$LAB/native/config"
