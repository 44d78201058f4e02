/* SPDX-License-Identifier: GPL-2.0-only */
/* Just enough of BPF to compile a policy for the build machine (test_policy.c). */
#ifndef __SHIM_BPF_HELPERS_H
#define __SHIM_BPF_HELPERS_H

#define SEC(name)
#define __ksym
#define __noinline		__attribute__((noinline))
#ifndef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#endif
#define __uint(name, val)	int (*name)[val]
#define __type(name, val)	typeof(val) *name
#define bpf_for(i, from, to)	for (i = (from); i < (to); i++)

void *bpf_map_lookup_elem(void *map, const void *key);
__u64 bpf_ktime_get_ns(void);
__u64 bpf_jiffies64(void);

#endif
