// SPDX-License-Identifier: GPL-2.0-only
/* What the linker wants in place of the library's BPF programs: nothing here loads any. */
#include "eeh_internal.h"

const unsigned char eeh_freeze_image[1], eeh_freeze_image_end[1];
const unsigned char eeh_zpci_image[1], eeh_zpci_image_end[1];
