// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks until it hears "normal", then asks once more and answers regardless: what
 * counts is the last thing it heard. Rejected if that was not "normal".
 */
#include "lies.bpf.h"

SEC("struct_ops/freeze_query")
int BPF_PROG(freeze_query, struct eeh_bpf_query *q)
{
	int i;

	bpf_for(i, 0, 4)
		if (!bpf_eeh_state(q))
			break;
	bpf_eeh_state(q);
	return EEH_BPF_ANSWER;
}

LIAR("lie_shopping");
