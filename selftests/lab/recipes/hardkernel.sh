#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The native kernel once more, with sanitizers, lock checking and fault injection (hard/config).
# needs: buildroot
# lock: linuxsrc
# files: native hard ../../kernel/patches
# time: 1500
# default: no
set -euo pipefail
exec "$LAB/native/build" "$LAB/native/config" "$LAB/hard/config"
