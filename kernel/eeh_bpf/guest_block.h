/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A few words of guest memory, read and written from a tap: without sleeping, so
 * only if they are mapped and writable now.
 *
 * There are two ways to get at them. Opening user access is the cheap one, unless
 * the CPU must flush its L1 data cache each time it is closed (POWER9, and any
 * firmware that does not say otherwise: do_uaccess_flush()). Then it is cheaper
 * to take the page once and to use the kernel's linear mapping.
 */
#ifndef _EEH_BPF_GUEST_BLOCK_H
#define _EEH_BPF_GUEST_BLOCK_H

#include <linux/kvm_host.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include <asm/kup.h>

struct guest_block {
	struct kvm_memory_slot *slot;
	gpa_t gpa;
	unsigned long hva;
	struct page *page;	/* NULL: use user access */
	void *kaddr;		/* of gpa, in the linear mapping, if page is set */
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

	g->page = NULL;
	if (static_branch_unlikely(&uaccess_flush_key)) {
		if (get_user_pages_fast_only(g->hva, 1, FOLL_WRITE, &g->page) != 1)
			return false;
		g->kaddr = page_address(g->page) + offset_in_page(gpa);
	}
	return true;
}

static inline void guest_block_put(struct guest_block *g)
{
	if (g->page)
		put_page(g->page);
}

static inline bool guest_block_read(struct guest_block *g, __be32 *words, unsigned int n)
{
	const __be32 __user *from = (const __be32 __user *)g->hva;
	unsigned int i;

	if (g->page) {
		memcpy(words, g->kaddr, n * sizeof(*words));
		return true;
	}
	pagefault_disable();
	if (!user_read_access_begin(from, n * sizeof(*words)))
		goto fault;
	for (i = 0; i < n; i++)
		unsafe_get_user(words[i], from + i, fault_close);
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
static inline bool guest_block_write(struct guest_block *g, unsigned int offset,
				     const __be32 *words, unsigned int n)
{
	unsigned int i;

	if (g->page) {
		__be32 *to = g->kaddr + offset;

		for (i = 0; i < n; i++)
			WRITE_ONCE(to[i], words[i]);
		/* Whoever cleans the page after this look writes our words out, too. */
		smp_mb();
		if (!PageDirty(g->page))
			set_page_dirty(g->page);
	} else {
		__be32 __user *to = (__be32 __user *)(g->hva + offset);

		pagefault_disable();
		if (!user_write_access_begin(to, n * sizeof(*words)))
			goto fault;
		for (i = 0; i < n; i++)
			unsafe_put_user(words[i], to + i, fault_close);
		user_write_access_end();
		pagefault_enable();
	}
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
