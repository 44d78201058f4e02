/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef __EEH_INTERNAL_H
#define __EEH_INTERNAL_H

#include <stdarg.h>
#include <limits.h>
#include <sys/types.h>

#include <eeh/canary.h>
#include <eeh/eeh.h>
#include <eeh/fastpath.h>
#include <eeh/pe.h>

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

struct eeh_ctx {
	char sysfs[PATH_MAX / 4];
	char proc[PATH_MAX / 4];
	char bpffs[PATH_MAX / 4];
	char dev[PATH_MAX / 4];
	struct eeh_sys sys;
	eeh_log_fn log;
	void *log_arg;
	char error[512];
};

/* The embedded policy. */
extern const unsigned char eeh_freeze_image[];
extern const unsigned char eeh_freeze_image_end[];

/* event_embed.c */
extern const unsigned char eeh_events_image[];
extern const unsigned char eeh_events_image_end[];

/* zpci_embed.c */
extern const unsigned char eeh_zpci_image[];
extern const unsigned char eeh_zpci_image_end[];

/* log.c */
__attribute__((format(printf, 3, 4)))
void eeh_log(struct eeh_ctx *ctx, enum eeh_log_level level, const char *fmt, ...);
void eeh_vlog(struct eeh_ctx *ctx, enum eeh_log_level level, const char *fmt, va_list ap);
/* Sets eeh_last_error(), logs it, returns err (negative). */
__attribute__((format(printf, 3, 4)))
int eeh_fail(struct eeh_ctx *ctx, int err, const char *fmt, ...);

/* opts.c: structs that start with their size. */
int eeh_opts_get(void *dst, size_t known, const void *src);
int eeh_out_put(void *dst, const void *src, size_t known);

/* file.c */
enum eeh_root { EEH_ROOT_SYSFS, EEH_ROOT_PROC, EEH_ROOT_BPFFS, EEH_ROOT_DEV };

/* "root/rel" in a static size buffer; -ENAMETOOLONG. */
int eeh_path(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf, size_t len);
/* Whole file, NUL-terminated, one trailing newline cut. Length or -errno; -EFBIG. */
ssize_t eeh_read(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char *buf,
		 size_t len);
/* Whole file of any length (to 16 MiB), malloc'ed. */
int eeh_read_alloc(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, char **buf);
int eeh_write(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel, const char *val);
bool eeh_exists(const struct eeh_ctx *ctx, enum eeh_root root, const char *rel);
/* The whole string is one number, decimal or 0x...; 0 or -EBADMSG. */
int eeh_parse_u64(const char *s, uint64_t *val);

/* dev.c: device nodes below the injectable /dev, and the clock */
int eeh_dev_init(struct eeh_sys *dst, const struct eeh_sys *src);
int eeh_dev_open(const struct eeh_ctx *ctx, const char *rel, int flags);
void eeh_dev_close(const struct eeh_ctx *ctx, int fd);		/* -1 does nothing */
int eeh_dev_ioctl(const struct eeh_ctx *ctx, int fd, unsigned long request, unsigned long val);
int eeh_dev_ioctl_ptr(const struct eeh_ctx *ctx, int fd, unsigned long request, void *p);
/* EEH_DEV_EVENTFD of /dev/eeh, open as @dev; @fd -1: no more. 0 or -errno. */
int eeh_dev_eventfd(const struct eeh_ctx *ctx, int dev, uint32_t phb, uint32_t addr, int fd);
uint64_t eeh_now_ns(const struct eeh_ctx *ctx);
void eeh_sleep_ms(const struct eeh_ctx *ctx, uint32_t ms);

/* sysfs.c */
#define EEH_SYS	"kernel/eeh_bpf"
int eeh_sys_u64(struct eeh_ctx *ctx, const char *file, uint64_t *val);
int eeh_sys_state(struct eeh_ctx *ctx, uint32_t *state);
/* What went wrong with one of the module's files; what it says is not understood. */
int eeh_sys_failed(struct eeh_ctx *ctx, const char *file, int err);
int eeh_sys_garbled(struct eeh_ctx *ctx, const char *file, const char *what);
/* Every line of one that is not empty; a result other than 0 ends it and is returned. */
typedef int (*eeh_sys_line_fn)(struct eeh_ctx *ctx, const char *line, void *arg);
int eeh_sys_for_each_line(struct eeh_ctx *ctx, const char *file, eeh_sys_line_fn fn, void *arg);
int eeh_binding_parse(const char *line, struct eeh_fastpath_binding *b);
uint32_t eeh_taps_parse(const char *taps);

/* canary.c */
int eeh_canary_parse(const char *line, struct eeh_canary *c);
/* Checks a PCI address and writes it as sysfs does; -EINVAL. */
int eeh_pci_address(const char *s, char out[EEH_PCI_ADDRESS_LEN]);

/* pci.c: files of a PCI function */
#define EEH_PCI_DEVICES	"bus/pci/devices"

int eeh_pci_read(struct eeh_ctx *ctx, const char *address, const char *file, char *buf, size_t len);
/* Its numbers; -ENOENT, -EBADMSG. */
struct eeh_pci_ids {
	uint16_t vendor, device;
	uint32_t class_code;	/* 24 bits */
};

int eeh_pci_read_ids(struct eeh_ctx *ctx, const char *address, struct eeh_pci_ids *ids);
int eeh_pci_garbled(struct eeh_ctx *ctx, const char *address, const char *file);
/* The last part of a symbolic link, "" if there is none; all of it, or -errno. */
void eeh_pci_read_link(struct eeh_ctx *ctx, const char *address, const char *file, char *buf,
		       size_t len);
int eeh_pci_link_target(struct eeh_ctx *ctx, const char *address, const char *file, char *buf,
			size_t len);
/* EEH_BARS of them; -ENOENT, -EBADMSG. */
int eeh_pci_read_bars(struct eeh_ctx *ctx, const char *address, struct eeh_pe_bar *bars);
/* That there is no such function, -ENODEV; that it is no address (or NULL), -EINVAL. */
int eeh_pci_no_device(struct eeh_ctx *ctx, const char *address);
int eeh_pci_no_address(struct eeh_ctx *ctx, const char *s);
/* All functions, sorted; free() the list. */
int eeh_pci_list(struct eeh_ctx *ctx, char (**list)[EEH_PCI_ADDRESS_LEN], size_t *nr);
/* Its class is that of bridges. */
bool eeh_pci_is_bridge(uint32_t class_code);
/* Does that driver hand it to somebody else than this kernel? */
bool eeh_pci_is_passed(const char *driver);

/* canary_table.c */
struct eeh_canary_entry {
	uint32_t class_code;		/* 24 bits; 0: by vendor and device */
	uint16_t vendor;
	const uint16_t *devices;	/* up to a 0 */
	uint32_t bar;
	uint32_t width;
	uint64_t offset;
	uint64_t mask;
	uint64_t want;
	const char *name;
	const char *source;
	const char *harmless;
	const char *never_ones;
};

extern const struct eeh_canary_entry eeh_canary_table[];
extern const size_t eeh_canary_table_len;
const struct eeh_canary_entry *eeh_canary_find(uint16_t vendor, uint16_t device,
					       uint32_t class_code);

/* probe.c */
/* 0 if the fast path can run; else sets the error and returns it. */
int eeh_require(struct eeh_ctx *ctx);

/* attach.c */
struct btf;
/* libbpf's messages become this context's, between the two. */
void eeh_bpf_print_begin(struct eeh_ctx *ctx);
void eeh_bpf_print_end(void);
bool eeh_same_type(const struct btf *a, uint32_t ida, const struct btf *b, uint32_t idb, int depth);

/* pin.c: what is pinned, and who is attached. */
#define EEH_DIR		"eeh"
#define EEH_LINKS	"eeh/links"
#define EEH_MAPS	"eeh/maps"
#define EEH_NEW		"eeh/new"
#define EEH_LINK	"eeh/links/freeze"

struct eeh_link {
	int fd;			/* -1: not pinned, or not permitted */
	bool alive;		/* something is attached by it */
	uint32_t id;
	uint32_t map_id;
};

int eeh_link_open(struct eeh_ctx *ctx, struct eeh_link *link);
void eeh_link_close(struct eeh_link *link);
int eeh_link_progs(uint32_t map_id, uint32_t *ids, uint32_t max);
/* Makes the directories, takes the lock; fd or -errno. */
int eeh_lock(struct eeh_ctx *ctx);
void eeh_unlock(int fd);
/* Removes what a killed process left behind. The lock must be held. */
int eeh_pins_repair(struct eeh_ctx *ctx, const struct eeh_link *link);
int eeh_pins_clear(struct eeh_ctx *ctx, const char *dir);

#endif /* __EEH_INTERNAL_H */
