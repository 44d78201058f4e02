// SPDX-License-Identifier: GPL-2.0-only
/* Gather evidence from a program that has nothing to do with a query. */
#include "lies.bpf.h"

SEC("syscall")
int foreign(void *ctx)
{
	return bpf_eeh_state(ctx);
}
