/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs that try to lie have in common. */
#ifndef __LIES_BPF_H
#define __LIES_BPF_H

#include "eeh.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* The ops of a liar whose only program is freeze_query. */
#define LIAR(ops_name)						\
	SEC(".struct_ops.link")					\
	struct eeh_bpf_ops liar = {				\
		.freeze_query	= (void *)freeze_query,		\
		.abi_version	= EEH_BPF_ABI_VERSION,		\
		.name		= ops_name,			\
	}

#endif /* __LIES_BPF_H */
