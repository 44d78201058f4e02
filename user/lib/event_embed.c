// SPDX-License-Identifier: LGPL-2.1-or-later
/* The programs of ../../bpf/eeh_events.bpf.c, carried as embed.c carries the policy. */
#include "eeh_internal.h"

__asm__(
"	.section .rodata.eeh_events, \"a\"\n"
"	.balign 16\n"
"	.globl eeh_events_image\n"
"	.hidden eeh_events_image\n"
"eeh_events_image:\n"
"	.incbin \"" EEH_EVENTS_OBJ "\"\n"
"	.globl eeh_events_image_end\n"
"	.hidden eeh_events_image_end\n"
"eeh_events_image_end:\n"
"	.byte 0\n"
"	.previous\n"
);
