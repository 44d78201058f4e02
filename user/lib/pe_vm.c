// SPDX-License-Identifier: LGPL-2.1-or-later
/* Processes that own PEs: virtual machines and drivers in user space. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pe_internal.h"

static bool owns(const struct eeh_proc *p, const struct eeh_pe_node *n)
{
	size_t i;

	for (i = 0; i < n->info.nr_devices; i++)
		if (eeh_proc_has(p, n->dev[i].iommu_group, n->dev[i].address))
			return true;
	return false;
}

int eeh_vm_for_each(struct eeh_ctx *ctx, eeh_vm_fn fn, void *arg)
{
	const struct eeh_pe_info **pes;
	struct eeh_pe_list list;
	const struct eeh_proc *p;
	struct eeh_vm vm;
	size_t i, j;
	int err;

	err = eeh_pe_list_get(ctx, &list);
	if (err)
		return err;
	pes = calloc(list.nr, sizeof(*pes));
	if (!pes)
		err = eeh_fail(ctx, -ENOMEM, "out of memory");
	for (i = 0; !err && i < list.procs.nr; i++) {
		p = &list.procs.list[i];
		memset(&vm, 0, sizeof(vm));
		vm.sz = sizeof(vm);
		vm.pid = p->pid;
		vm.kvm = p->kvm;
		snprintf(vm.comm, sizeof(vm.comm), "%s", p->comm);
		snprintf(vm.guest, sizeof(vm.guest), "%s", p->guest);
		for (j = 0; j < list.nr; j++)
			if (owns(p, &list.pes[j]))
				pes[vm.nr_pes++] = &list.pes[j].info;
		vm.pes = pes;
		if (vm.nr_pes)
			err = fn(arg, &vm);
	}
	if (!err && list.procs.partial)
		err = eeh_fail(ctx, -EACCES, "not every process may be looked at, so some owner may be "
			       "missing: run it as root");
	free(pes);
	eeh_pe_list_free(&list);
	return err;
}
