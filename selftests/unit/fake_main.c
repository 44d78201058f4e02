// SPDX-License-Identifier: GPL-2.0-only
/* eehctl over the BPF made of files: EEHCTL_ROOT is where it lives. */
#include <stdlib.h>

#include "fake_bpf.h"

__attribute__((constructor))
static void fake_main(void)
{
	const char *root = getenv("EEHCTL_ROOT");

	if (root)
		fake_init(root);
}
