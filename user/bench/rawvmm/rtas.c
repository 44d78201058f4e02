// SPDX-License-Identifier: GPL-2.0-only
/* The RTAS call, as QEMU 10.0 answers it. */
#include <linux/vfio.h>
#include <sys/mman.h>

#include "rawvmm.h"

/* PAPR: hcall and RTAS return codes, and what ibm,read-slot-reset-state2 returns. */
#define H_PARAMETER		(-4)
#define RTAS_OUT_PARAM_ERROR	(-3)
#define RTAS_EEH_SUPPORT	1	/* third word: EEH is supported */
#define RTAS_EEH_UNAVAIL_MS	1000	/* fourth word: QEMU 10.0 returns it in every state */

void block_protect(struct vcpu *v, int prot)
{
	uint64_t ps = (uint64_t)page_size, first = v->block & ~(ps - 1);
	uint64_t last = (v->block + 4 * (3 + opt.nargs + opt.nret) - 1) | (ps - 1);

	if (!in_ram(first, last + 1 - first))
		return;
	if (opt.nonres == NONRES_DONTNEED) {
		/* Shared memory: the page leaves the page tables, its content stays. */
		if (prot == PROT_NONE)
			CHECK(madvise(ram + first, last + 1 - first, MADV_DONTNEED));
	} else {
		CHECK(mprotect(ram + first, last + 1 - first, prot));
	}
}

int64_t answer_rtas(uint64_t gpa)
{
	uint32_t token, nargs, nret, w[MAX_WORDS] = { 0 };
	struct device *d = NULL;
	uint64_t buid, rets;
	int i, state;

	if (!in_ram(gpa, 12))
		return H_PARAMETER;
	token = block_word(gpa);
	nargs = block_word(gpa + 4);
	nret = block_word(gpa + 8);
	rets = gpa + 12 + 4ull * nargs;
	if (!in_ram(gpa, 12 + 4ull * nargs + 4ull * nret))
		return H_PARAMETER;
	if (!nret)
		return 0;
	if (token != opt.vmm_token) {
		set_block_word(rets, (uint32_t)RTAS_OUT_PARAM_ERROR);
		return H_PARAMETER;
	}
	/* QEMU takes 4 or 5; 3 is the shape of the older ibm,read-slot-reset-state. */
	if (nargs != 3 || nret < 3 || nret > MAX_WORDS)
		goto bad;
	buid = (uint64_t)block_word(gpa + 16) << 32 | block_word(gpa + 20);
	for (i = 0; i < opt.ndev; i++) {
		if (opt.dev[i].buid == buid && opt.dev[i].addr == block_word(gpa + 12)) {
			d = &opt.dev[i];
			break;
		}
	}
	if (!d)
		goto bad;
	state = eeh_op(d, VFIO_EEH_PE_GET_STATE);
	if (state < 0)
		goto bad;
	w[1] = (uint32_t)state;
	w[2] = RTAS_EEH_SUPPORT;
	w[3] = RTAS_EEH_UNAVAIL_MS;
	for (i = 0; i < MAX_WORDS; i++)
		if (opt.vmm_word_set[i])
			w[i] = opt.vmm_word[i];
	for (i = 0; i < (int)nret; i++)
		set_block_word(rets + 4 * (uint64_t)i, w[i]);
	return 0;
bad:
	set_block_word(rets, (uint32_t)RTAS_OUT_PARAM_ERROR);
	return 0;
}
