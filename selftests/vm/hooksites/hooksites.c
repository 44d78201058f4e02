// SPDX-License-Identifier: GPL-2.0-only
/*
 * hooksites KEY [MODULE]: the instruction at each static branch of KEY in the running kernel, or in
 * one of its modules: "ADDRESS nop", "ADDRESS branch" or "ADDRESS WORD".
 *
 * A static branch is an entry of __jump_table (include/linux/jump_label.h, with
 * CONFIG_HAVE_ARCH_JUMP_LABEL_RELATIVE): the offsets of the instruction, of where it branches to,
 * and of the key, whose two low bits are flags, each from where it is stored. What the kernel runs
 * is read from /proc/kcore.
 */
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOP	0x60000000u
#define OPCODE(insn)	((insn) >> 26)
#define BRANCH	18	/* b, bl */

struct entry {
	int32_t code, target;
	int64_t key;
};

static Elf64_Phdr segs[64];
static int nsegs, kcore;

static void kcore_open(void)
{
	Elf64_Ehdr h;

	kcore = open("/proc/kcore", O_RDONLY);
	if (kcore < 0 || pread(kcore, &h, sizeof(h), 0) != sizeof(h))
		err(2, "/proc/kcore");
	nsegs = h.e_phnum < 64 ? h.e_phnum : 64;
	if (pread(kcore, segs, nsegs * sizeof(*segs), h.e_phoff) !=
	    (ssize_t)(nsegs * sizeof(*segs)))
		err(2, "/proc/kcore: its segments");
}

static int kcore_read(uint64_t addr, void *buf, size_t len)
{
	int i;

	for (i = 0; i < nsegs; i++)
		if (segs[i].p_type == PT_LOAD && addr >= segs[i].p_vaddr &&
		    addr + len <= segs[i].p_vaddr + segs[i].p_memsz)
			return pread(kcore, buf, len, segs[i].p_offset + addr - segs[i].p_vaddr) ==
				(ssize_t)len;
	return 0;
}

static uint64_t symbol(const char *name)
{
	char line[512], sym[256];
	uint64_t addr, found = 0;
	FILE *f = fopen("/proc/kallsyms", "r");

	if (!f)
		err(2, "/proc/kallsyms");
	while (!found && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx %*c %255s", &addr, sym) == 2 && !strcmp(sym, name))
			found = addr;
	fclose(f);
	if (!found)
		errx(2, "no symbol %s", name);
	return found;
}

/* Where the module's table is, and, as nothing says how long it is, where its code is. */
static uint64_t module_table(const char *name, uint64_t *text, uint64_t *text_end)
{
	char path[256], line[512], mod[128];
	uint64_t addr = 0, size;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/sections/__jump_table", name);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%lx", &addr) != 1)
		err(2, "%s", path);
	fclose(f);
	f = fopen("/proc/modules", "r");
	if (!f)
		err(2, "/proc/modules");
	*text = 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "%127s %lu %*s %*s %*s %lx", mod, &size, text) == 3 &&
		    !strcmp(mod, name))
			break;
	fclose(f);
	*text_end = *text + size;
	return addr;
}

int main(int argc, char **argv)
{
	uint64_t at, end, text, text_end, key, code;
	struct entry e;
	uint32_t insn;

	if (argc != 2 && argc != 3)
		errx(2, "usage: hooksites KEY [MODULE]");
	kcore_open();
	key = symbol(argv[1]);
	if (argc == 3) {
		at = module_table(argv[2], &text, &text_end);
		end = UINT64_MAX;
	} else {
		at = symbol("__start___jump_table");
		end = symbol("__stop___jump_table");
		text = symbol("_stext");
		text_end = symbol("_etext");
	}
	for (; at < end; at += sizeof(e)) {
		if (!kcore_read(at, &e, sizeof(e)))
			errx(2, "/proc/kcore does not have %lx", at);
		code = at + e.code;
		if (argc == 3 && (code < text || code >= text_end || code % 4))
			break;
		if (at + offsetof(struct entry, key) + (e.key & ~3) != key)
			continue;
		if (!kcore_read(code, &insn, sizeof(insn)))
			errx(2, "/proc/kcore does not have %lx", code);
		if (insn == NOP)
			printf("%lx nop\n", code);
		else if (OPCODE(insn) == BRANCH)
			printf("%lx branch\n", code);
		else
			printf("%lx %08x\n", code, insn);
	}
	return 0;
}
