// SPDX-License-Identifier: LGPL-2.1-or-later
/* The programs of ../../bpf/eeh_zpci.bpf.c, carried as embed.c carries the policy. */
#include "eeh_internal.h"

__asm__(
"	.section .rodata.eeh_zpci, \"a\"\n"
"	.balign 16\n"
"	.globl eeh_zpci_image\n"
"	.hidden eeh_zpci_image\n"
"eeh_zpci_image:\n"
"	.incbin \"" EEH_ZPCI_OBJ "\"\n"
"	.globl eeh_zpci_image_end\n"
"	.hidden eeh_zpci_image_end\n"
"eeh_zpci_image_end:\n"
"	.byte 0\n"
"	.previous\n"
);
