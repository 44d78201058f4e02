// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The policy "freeze", carried as it came out of bpf/ (a separate program under
 * its own licence, handed to the kernel as it is). Aligned as libelf wants it.
 */
#include "eeh_internal.h"

__asm__(
"	.section .rodata.eeh_freeze, \"a\"\n"
"	.balign 16\n"
"	.globl eeh_freeze_image\n"
"	.hidden eeh_freeze_image\n"
"eeh_freeze_image:\n"
"	.incbin \"" EEH_FREEZE_OBJ "\"\n"
"	.globl eeh_freeze_image_end\n"
"	.hidden eeh_freeze_image_end\n"
"eeh_freeze_image_end:\n"
"	.byte 0\n"
"	.previous\n"
);
