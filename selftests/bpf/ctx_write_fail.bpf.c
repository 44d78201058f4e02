// SPDX-License-Identifier: GPL-2.0-only
/* Write to the context: exchange the query for another pointer. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int freeze_query(unsigned long long *ctx)
{
	*(volatile unsigned long long *)ctx = 0;
	return EEH_BPF_ANSWER;
}

LIAR("ctx_write");
