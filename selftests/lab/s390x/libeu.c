// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two functions that elf_begin() and elf_end() of Debian's libelf.a (0.192) call and that it does
 * not have: they are in elfutils' internal libeu, which no package ships. The tree is of raw
 * chunks, which libbpf never asks for, so it stays empty. Its first member is its root
 * (lib/eu-search.h).
 */
#include <stddef.h>

void eu_search_tree_init(void **root);
void eu_search_tree_fini(void **root, void (*free_node)(void *arg));

void eu_search_tree_init(void **root)
{
	*root = NULL;
}

void eu_search_tree_fini(void **root, void (*free_node)(void *arg))
{
	(void)free_node;
	if (*root)
		__builtin_trap();
}
