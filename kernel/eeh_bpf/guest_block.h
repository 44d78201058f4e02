/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A few words of guest memory, read and written from a tap: without sleeping, so
 * only if they are mapped and writable now.
 *
 * They are written through the VMM's mapping, which checks everything and is cheap. Reading
 * that way is not where the CPU must flush its L1 data cache each time that user access is
 * closed (POWER9, and any firmware that does not say otherwise: do_uaccess_flush()). There
 * the words are read in the kernel's linear mapping, where the VMM's page table says.
 */
#ifndef _EEH_BPF_GUEST_BLOCK_H
#define _EEH_BPF_GUEST_BLOCK_H

#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include <asm/kup.h>
#include <asm/pte-walk.h>

struct guest_block {
	struct kvm_memory_slot *slot;
	gpa_t gpa;
	unsigned long hva;
};

/*
 * Everything must lie in one page of one writable slot: blocks that do not are
 * rare, and the original path's. The caller holds kvm->srcu.
 */
static inline bool guest_block_get(struct guest_block *g, struct kvm_vcpu *vcpu, gpa_t gpa,
				   unsigned int bytes)
{
	g->gpa = gpa;
	if (offset_in_page(gpa) + bytes > PAGE_SIZE)
		return false;
	g->slot = __gfn_to_memslot(kvm_memslots(vcpu->kvm), gpa_to_gfn(gpa));
	if (!g->slot || g->slot->flags & (KVM_MEMSLOT_INVALID | KVM_MEM_READONLY))
		return false;
	g->hva = __gfn_to_hva_memslot(g->slot, gpa_to_gfn(gpa)) + offset_in_page(gpa);
	return true;
}

/*
 * With interrupts off page tables are not freed; the page itself may be taken from the VMM
 * at any time, and then this reads what the block was, or nonsense. Neither does harm: the
 * guest can write what it likes there, so what is read is not trusted, and the answer goes
 * through the VMM's mapping. What is no ordinary memory (pte_special()) is left alone.
 */
static inline bool guest_block_peek(const struct guest_block *g, __be32 *words, unsigned int n)
{
	unsigned int shift, i;
	const __be32 *from;
	pte_t *ptep, pte;

	ptep = find_linux_pte(current->mm->pgd, g->hva, NULL, &shift);
	if (!ptep)
		return false;
	pte = READ_ONCE(*ptep);
	/* pte_access_permitted() but for memory keys; PROT_NONE has pte_user() */
	if (!pte_present(pte) || !pte_user(pte) || !pte_read(pte) || !pte_write(pte) ||
	    pte_special(pte))
		return false;
	from = __va(PFN_PHYS(pte_pfn(pte)) | (g->hva & ((1UL << (shift ?: PAGE_SHIFT)) - 1)));
	for (i = 0; i < n; i++)
		words[i] = READ_ONCE(from[i]);
	return true;
}

static inline bool guest_block_read(const struct guest_block *g, __be32 *words, unsigned int n)
{
	const u32 __user *from = (const u32 __user *)g->hva;
	u32 *to = (__force u32 *)words;
	unsigned int i;

	if (static_branch_unlikely(&uaccess_flush_key)) {
		guard(irqsave)();
		return guest_block_peek(g, words, n);
	}
	pagefault_disable();
	if (!user_read_access_begin(from, n * sizeof(*words)))
		goto fault;
	for (i = 0; i < n; i++)
		unsafe_get_user(to[i], from + i, fault_close);
	user_read_access_end();
	pagefault_enable();
	return true;

fault_close:
	user_read_access_end();
fault:
	pagefault_enable();
	return false;
}

/* On failure some of the words may have been written. */
static inline bool guest_block_write(const struct guest_block *g, unsigned int offset,
				     const __be32 *words, unsigned int n)
{
	__be32 __user *to = (__be32 __user *)(g->hva + offset);
	unsigned int i;

	pagefault_disable();
	if (!user_write_access_begin(to, n * sizeof(*words)))
		goto fault;
	for (i = 0; i < n; i++)
		unsafe_put_user(words[i], to + i, fault_close);
	user_write_access_end();
	pagefault_enable();
	/* As mark_page_dirty_in_slot() does, which only kvm-hv may call. */
	if (g->slot->dirty_bitmap)
		set_bit_le(gpa_to_gfn(g->gpa) - g->slot->base_gfn, g->slot->dirty_bitmap);
	return true;

fault_close:
	user_write_access_end();
fault:
	pagefault_enable();
	return false;
}

#endif /* _EEH_BPF_GUEST_BLOCK_H */
