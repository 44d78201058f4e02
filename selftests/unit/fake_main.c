// SPDX-License-Identifier: GPL-2.0-only
/* eehctl over BPF and devices made of files: EEHCTL_ROOT is where it lives. */
#include <stdlib.h>

#include "fake_bpf.h"
#include "fake_dev.h"

__attribute__((constructor))
static void fake_main(void)
{
	const char *root = getenv("EEHCTL_ROOT");

	if (!root)
		return;
	fake_init(root);
	fake_dev_init(root);
}
