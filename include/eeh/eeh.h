/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: the context that every other call takes, errors and logging.
 *
 * Conventions of the whole library:
 * - Functions return 0 (or a count) and -errno; nothing is ever printed and
 *   errno is not part of the interface. eeh_last_error() has the sentence.
 * - Option and result structs start with their size, "sz", which the caller
 *   sets to sizeof(struct ...): EEH_INIT() does. A library that knows more
 *   fields than the caller takes the missing ones as 0; one that knows fewer
 *   refuses options it does not know with -E2BIG, and leaves result fields it
 *   does not know 0.
 * - Thread safety: a context may be used by one thread at a time; different
 *   contexts are independent and may be used at the same time by different
 *   threads (and processes). Strings returned by a call belong to the context
 *   or object they came from and live until the next call on it.
 */
#ifndef __EEH_EEH_H
#define __EEH_EEH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef EEH_API
#define EEH_API __attribute__((visibility("default")))
#endif

/* Raised when something that a program could rely on changes its meaning. */
#define EEH_API_LEVEL		1

#define EEH_VERSION_MAJOR	0
#define EEH_VERSION_MINOR	1
#define EEH_VERSION_PATCH	0

/*
 * struct eeh_ctx_opts opts;
 * EEH_INIT(&opts);
 */
#define EEH_INIT(p)						\
	do {							\
		__builtin_memset((p), 0, sizeof(*(p)));		\
		(p)->sz = sizeof(*(p));				\
	} while (0)

struct eeh_ctx;

enum eeh_log_level {
	EEH_LOG_ERROR	= 0,	/* why a call failed */
	EEH_LOG_WARN	= 1,	/* it went on, but somebody should know */
	EEH_LOG_INFO	= 2,	/* what was done */
	EEH_LOG_DEBUG	= 3,	/* libbpf's own messages, the verifier's log */
};

/*
 * @msg: one message, without a newline at its end (but a verifier log has many
 * inside). Called in the thread that called the library, with no lock held
 * that the callback could need; it must not call the library.
 */
typedef void (*eeh_log_fn)(void *arg, enum eeh_log_level level, const char *msg);

/**
 * struct eeh_sys - how the library reaches devices, and the time
 * @sz:		sizeof(struct eeh_sys)
 * @arg:	first argument of each function
 * @open:	as open(2) with O_CLOEXEC; a descriptor or -errno
 * @close:	as close(2)
 * @ioctl:	as ioctl(2); its result or -errno. @val is a number or an address,
 *		as @request wants it
 * @now_ns:	nanoseconds of a clock that never goes back (CLOCK_MONOTONIC)
 * @sleep_ms:	sleep that many milliseconds
 *
 * For /dev/vfio and /dev/eeh, so that programs can be tested without hardware.
 * Files in sysfs and procfs are always read directly, see the roots below. A
 * function that is NULL is the system's own.
 */
struct eeh_sys {
	size_t sz;
	void *arg;
	int (*open)(void *arg, const char *path, int flags);
	int (*close)(void *arg, int fd);
	int (*ioctl)(void *arg, int fd, unsigned long request, unsigned long val);
	uint64_t (*now_ns)(void *arg);
	void (*sleep_ms)(void *arg, uint32_t ms);
};

/**
 * struct eeh_ctx_opts - options of eeh_ctx_new()
 * @sz:		sizeof(struct eeh_ctx_opts)
 * @sysfs_root:	where sysfs is mounted; NULL: /sys
 * @proc_root:	where procfs is mounted; NULL: /proc
 * @bpffs_root:	where the BPF file system is mounted; NULL: @sysfs_root/fs/bpf
 * @log:	called for every message; NULL: messages are dropped
 * @log_arg:	first argument of @log
 * @dev_root:	where device nodes are; NULL: /dev
 * @sys:	how to reach devices; NULL: by system calls
 *
 * The strings are copied, and so is @sys.
 */
struct eeh_ctx_opts {
	size_t sz;
	const char *sysfs_root;
	const char *proc_root;
	const char *bpffs_root;
	eeh_log_fn log;
	void *log_arg;
	const char *dev_root;
	const struct eeh_sys *sys;
};

/**
 * eeh_ctx_new() - make a context
 * @ctx:	where to put it
 * @opts:	options, or NULL
 *
 * Touches nothing outside the process.
 *
 * Return: 0; -EINVAL (@ctx is NULL, @opts->sz too small), -E2BIG (unknown
 * options), -ENAMETOOLONG (a root), -ENOMEM.
 */
EEH_API int eeh_ctx_new(struct eeh_ctx **ctx, const struct eeh_ctx_opts *opts);

/**
 * eeh_ctx_free() - free a context and what belongs to it
 * @ctx: the context; NULL does nothing
 *
 * The fast path stays as it is: what is attached outlives the context.
 */
EEH_API void eeh_ctx_free(struct eeh_ctx *ctx);

/**
 * eeh_last_error() - why the last call on this context failed
 * @ctx: the context
 *
 * Return: "what: what to do", never NULL; "" if nothing failed yet. Valid until
 * the next call on @ctx.
 */
EEH_API const char *eeh_last_error(const struct eeh_ctx *ctx);

/* "0.1.0". Thread safe. */
EEH_API const char *eeh_version(void);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_EEH_H */
