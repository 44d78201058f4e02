// SPDX-License-Identifier: GPL-2.0-only
/* Never asks, and returns ANSWER with rubbish above its 32 bits: rejected. */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
long freeze_query(unsigned long long *ctx)
{
	return 0xdead000000000000L | EEH_BPF_ANSWER;
}

LIAR("lie_wide");
