/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: the EEH and error injection calls of RTAS (PAPR), for any virtual machine monitor.
 *
 * A guest of the pseries kind asks its firmware, RTAS, by the hypercall H_RTAS with the address
 * of an argument block. This engine answers the calls about PCI error isolation and about error
 * injection: block in, answer out. It knows nothing of the VMM but the functions in struct
 * eeh_rtas_opts. Several PEs (IOMMU groups) on one PHB work, each is addressed by itself.
 *
 *	eeh_rtas_new(&rtas, &opts);			one for each VM
 *	eeh_rtas_add_phb(rtas, buid);			for each host bridge of the guest
 *	eeh_rtas_add_pe(rtas, &pe_opts, &pe);		for each IOMMU group that is passed through
 *	eeh_rtas_add_device(rtas, pe, &dev_opts);	for each function of it that the guest sees
 *	eeh_rtas_for_each_prop(rtas, put, fdt);		what goes into /rtas of the device tree
 *	...
 *	ret = eeh_rtas_call(rtas, address, cpu, vcpu);	in H_RTAS
 *
 * Byte order: all words of guest memory are big endian, also those of little-endian guests; the
 * engine converts them. Everything in this header is in the byte order of the host.
 *
 * Long operations. A reset takes 0.25 s to assert and 1.8 s to end. PAPR has no status that would
 * make the guest ask again, so such a call is answered late: eeh_rtas_call() returns
 * EEH_RTAS_PENDING and a job is handed to opts.start(). The VMM has it run on a thread that may
 * block, and holds the guest's CPU (not its own thread, nor its locks) until opts.done():
 *
 *	opts.start(arg, job)		hand the job to a thread (must not block)
 *	    eeh_rtas_job_run(job)	there, with no lock of the VMM held: seconds
 *	    eeh_rtas_job_end(job)	then, where guest memory may be accessed: writes the answer
 *		opts.done(arg, call, 0)	the guest's CPU goes on, H_RTAS returns H_SUCCESS
 *
 * ibm,configure-pe is answered at once, "ask again" (9900 to 9902), for 200 ms at most, while its
 * job runs; opts.done() is not called for that one. Without opts.start() everything is done in
 * eeh_rtas_call(), which then blocks as long, and EEH_RTAS_PENDING is never returned. A read of
 * the state is always done in the calling thread and makes exactly one request to the kernel, so
 * that the fast path can learn it (see eeh/fastpath.h).
 *
 * Thread safety: all functions may be called by any thread at any time, also at the same time,
 * unless said otherwise. No lock of the engine is held while one of the VMM's functions is
 * called, and those may call the engine, but for eeh_rtas_free() (and as said there). The
 * functions must be callable in every thread that calls the engine. Each PE has a context of its
 * own, made with opts.ctx.
 *
 * PAPR is quoted by LoPAR's names: section "Enhanced I/O Error Handling (EEH) Option Functions"
 * ("PE State Transition Table") and "Error Injection Option".
 */
#ifndef __EEH_RTAS_H
#define __EEH_RTAS_H

#include <eeh/eeh.h>
#include <eeh/pe.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Status words ---- */

#define EEH_RTAS_SUCCESS		0
#define EEH_RTAS_NO_LOG			1	/* ibm,slot-error-detail: no error log returned */
#define EEH_RTAS_HW_ERROR		(-1)
#define EEH_RTAS_BUSY			(-2)
#define EEH_RTAS_PARAM_ERROR		(-3)
#define EEH_RTAS_NOT_OPEN		(-4)	/* errinjct: not open, not owner; open already */
#define EEH_RTAS_NOT_ENABLED		(-5)	/* ibm,open-errinjct: injection is not available */
#define EEH_RTAS_STATE_CHANGE		(-7)	/* unexpected state change: read the state again */
#define EEH_RTAS_NO_FUNDAMENTAL		(-8)
#define EEH_RTAS_DELAY(n)		(9900 + (n))	/* ask again in 10^n ms */

/* ---- The calls ---- */

enum eeh_rtas_call_id {
	EEH_RTAS_SET_EEH_OPTION		= 0,
	EEH_RTAS_GET_CONFIG_ADDR_INFO2	= 1,
	EEH_RTAS_READ_STATE2		= 2,	/* ibm,read-slot-reset-state2 */
	EEH_RTAS_SET_SLOT_RESET		= 3,
	EEH_RTAS_CONFIGURE_PE		= 4,
	EEH_RTAS_SLOT_ERROR_DETAIL	= 5,
	EEH_RTAS_GET_CONFIG_ADDR_INFO	= 6,
	EEH_RTAS_READ_STATE		= 7,	/* ibm,read-slot-reset-state */
	EEH_RTAS_CONFIGURE_BRIDGE	= 8,
	EEH_RTAS_OPEN_ERRINJCT		= 9,
	EEH_RTAS_ERRINJCT		= 10,
	EEH_RTAS_CLOSE_ERRINJCT		= 11,
	EEH_RTAS_CALLS			= 12,
};

/**
 * struct eeh_rtas_call_info - a call
 * @name:	as a property of /rtas: "ibm,set-eeh-option"
 * @token:	the number the guest calls it by, if none is given in struct eeh_rtas_opts. The
 *		first six are those of QEMU (include/hw/ppc/spapr.h, RTAS_TOKEN_BASE 0x2000 +
 *		0x20 to 0x25); the others are 0x2040 to 0x2045, which is beyond QEMU's table (its
 *		last is 0x202d)
 * @nargs:	words in
 * @nret_min:	words out, the status included
 * @nret_max:	likewise
 */
struct eeh_rtas_call_info {
	const char *name;
	uint32_t token;
	uint32_t nargs;
	uint32_t nret_min;
	uint32_t nret_max;
};

/* NULL: no such call. Thread safe. */
EEH_API const struct eeh_rtas_call_info *eeh_rtas_call_info(enum eeh_rtas_call_id id);

/* ---- Error injection: what there is ---- */

/*
 * Tokens of the kinds of errors, in ibm,errinjct-tokens: PAPR fixes the names, not the values. The
 * values are those that the kernel's and QEMU's patches use.
 */
enum eeh_rtas_err {
	EEH_RTAS_ERR_FATAL		= 0x1,
	EEH_RTAS_ERR_RANDOM_EVENT	= 0x2,	/* recovered-random-event */
	EEH_RTAS_ERR_SPECIAL_EVENT	= 0x3,	/* recovered-special-event */
	EEH_RTAS_ERR_PAGE		= 0x4,	/* corrupted-page */
	EEH_RTAS_ERR_SLB		= 0x5,	/* corrupted-slb */
	EEH_RTAS_ERR_TRANSLATOR		= 0x6,	/* translator-failure */
	EEH_RTAS_ERR_IOA		= 0x7,	/* ioa-bus-error */
	EEH_RTAS_ERR_PLATFORM		= 0x8,	/* platform-specific */
	EEH_RTAS_ERR_DCACHE_START	= 0x9,
	EEH_RTAS_ERR_DCACHE_END		= 0xa,
	EEH_RTAS_ERR_ICACHE_START	= 0xb,
	EEH_RTAS_ERR_ICACHE_END		= 0xc,
	EEH_RTAS_ERR_TLB_START		= 0xd,
	EEH_RTAS_ERR_TLB_END		= 0xe,
	EEH_RTAS_ERR_IOA_64		= 0xf,	/* ioa-bus-error-64 */
	EEH_RTAS_ERR_UPSTREAM		= 0x10,	/* upstream-IO-error */
};

/* "ioa-bus-error", ...; NULL: no such token. Thread safe. */
EEH_API const char *eeh_rtas_err_name(uint32_t err);

/* What a host is, as far as injection goes. */
enum eeh_rtas_host {
	EEH_RTAS_HOST_PSERIES	= 0,	/* a PowerVM LPAR, or a KVM guest with nested guests */
	EEH_RTAS_HOST_PHB3	= 1,	/* bare metal, POWER8 */
	EEH_RTAS_HOST_PHB4	= 2,	/* bare metal, POWER9 */
	EEH_RTAS_HOST_PHB5	= 3,	/* bare metal, POWER10 */
	EEH_RTAS_HOSTS		= 4,
};

#define EEH_RTAS_FUNCTIONS	22

/**
 * struct eeh_rtas_function - a function of ioa-bus-error and ioa-bus-error-64
 * @func:	its number, 0 to 21
 * @name:	"load-mem-address", ...
 * @inject_class: enum eeh_inject_class; EEH_INJECT_CLASSES: none
 * @verdict:	enum eeh_inject_verdict for each enum eeh_rtas_host
 * @why:	a sentence for those that are EEH_INJECT_NO everywhere, else ""
 *
 * This is the matrix of docs/rtas.md. A function that is refused gets status -3 before anything
 * is armed.
 */
struct eeh_rtas_function {
	uint32_t func;
	const char *name;
	uint32_t inject_class;
	uint8_t verdict[EEH_RTAS_HOSTS];
	const char *why;
};

/* NULL: there is no such function. Thread safe. */
EEH_API const struct eeh_rtas_function *eeh_rtas_function(uint32_t func);

/* "pseries", "phb3", "phb4", "phb5"; NULL: no such host. Thread safe. */
EEH_API const char *eeh_rtas_host_name(enum eeh_rtas_host host);

/* ---- Events, for the VMM's trace and log ---- */

enum eeh_rtas_event_type {
	EEH_RTAS_EV_OPENED	= 0,	/* the guest opened the injection session */
	EEH_RTAS_EV_CLOSED	= 1,	/* it closed it, or the machine was reset */
	EEH_RTAS_EV_INJECTED	= 2,	/* an error was injected, or armed */
	EEH_RTAS_EV_REFUSED	= 3,	/* an injection, or a session, was refused or failed */
	EEH_RTAS_EV_FROZEN	= 4,	/* the engine sees the PE frozen, and had not before */
	EEH_RTAS_EV_RESET	= 5,	/* a reset was asserted, @func: 1 or 3; ended, @func: 0 */
	EEH_RTAS_EV_PERMANENT	= 6,	/* the PE was given up: by the guest, or by the engine */
	EEH_RTAS_EV_RECOVERED	= 7,	/* it is normal again */
	EEH_RTAS_EVENTS		= 8,
};

/* "opened", "closed", ...; NULL: no such event. Thread safe. */
EEH_API const char *eeh_rtas_event_name(enum eeh_rtas_event_type type);

struct eeh_rtas_pe;

/**
 * struct eeh_rtas_event - something happened
 * @sz:		sizeof(struct eeh_rtas_event), as this library knows it
 * @type:	enum eeh_rtas_event_type
 * @status:	the status that the guest gets, EEH_RTAS_*
 * @buid:	of the PHB, @config_addr: the PE config address; both 0 if no PE is concerned
 * @config_addr: see there
 * @arg:	arg of struct eeh_rtas_pe_opts, NULL if no PE is concerned
 * @pe:		name of the host's PE, "0001:fd"; "" if no PE is concerned
 * @err:	injection: enum eeh_rtas_err as the guest gave it
 * @func:	injection: function as the guest gave it; EEH_RTAS_EV_RESET: see there
 * @addr:	injection: address as the guest gave it
 * @host_addr:	injection: the bus address it became on the host
 * @mask:	injection: as used on the host
 * @cpu:	the guest's CPU that called
 * @why:	a sentence, "" if there is nothing to say
 *
 * Valid during the call.
 */
struct eeh_rtas_event {
	size_t sz;
	uint32_t type;
	int32_t status;
	uint64_t buid;
	uint32_t config_addr;
	uint32_t err;
	uint32_t func;
	uint32_t cpu;
	uint64_t addr;
	uint64_t host_addr;
	uint64_t mask;
	void *arg;
	const char *pe;
	const char *why;
};

/* ---- The engine ---- */

struct eeh_rtas;
struct eeh_rtas_job;

enum eeh_rtas_phase {
	EEH_RTAS_PHASE_ASSERT	= 0,	/* before a reset is asserted */
	EEH_RTAS_PHASE_ENDED	= 1,	/* after it was ended */
};

/**
 * struct eeh_rtas_opts - options of eeh_rtas_new(): the VMM
 * @sz:		sizeof(struct eeh_rtas_opts)
 * @ctx:	options of the contexts that the engine makes, one for each PE; NULL: defaults. Its
 *		log function may be called by any thread that calls the engine. It hears why
 *		eeh_rtas_add_pe() failed, but also of much that a guest can provoke
 * @arg:	first argument of the functions below
 * @mem_read:	copy @len bytes from guest real address @ra to @buf. 0, or -EFAULT if not all of
 *		them are guest memory. Required
 * @mem_write:	copy @len bytes from @buf to guest real address @ra; likewise. Required
 * @config_read: the guest's view of the config space of a device (arg of struct
 *		eeh_rtas_device_opts): the aligned word at @reg (host byte order), without touching
 *		hardware that may be frozen; 0 or -errno. Tells where the guest put BARs, and what
 *		goes into error logs. Must not call the engine. NULL: only injections without an
 *		address work
 * @start:	have eeh_rtas_job_run() and then eeh_rtas_job_end() called on @job; must not block.
 *		May not do so before it returns. NULL: the engine does long operations at once, in
 *		eeh_rtas_call()
 * @done:	the call that returned EEH_RTAS_PENDING is answered: let the guest's CPU go on.
 *		@ret is 0; -EFAULT: the answer could not be written; -ECANCELED: the machine was
 *		reset meanwhile, and nothing was written. Called by eeh_rtas_job_end(). Required
 *		if @start is set
 * @reset:	called around resets of a PE with its arg: forget what a reset makes void (MSI-X
 *		state), or read it again. In the thread of eeh_rtas_call() or eeh_rtas_job_end().
 *		May be NULL
 * @event:	something happened. In the thread of the call it happened in. A guest can cause
 *		EEH_RTAS_EV_REFUSED as often as it likes: do not log each. May be NULL
 * @io_event:	send the guest an I/O event (PAPR, Slot Level EEH Event Interrupt option):
 *		@log is a complete RTAS error log of type 0xe1 (io-event) for check-exception.
 *		NULL: the option is not there, functions 4 and 5 of ibm,set-eeh-option are
 *		refused (-3)
 * @diag:	put diagnostic data of a PE (arg of struct eeh_rtas_pe_opts; as eeh_log_decode()
 *		takes them) into @buf; their length, 0 if there are none, or -errno. Called when
 *		a freeze is noticed. May be NULL
 * @cpu_error:	make the guest see an error of a processor or of memory (machine check, special
 *		event): @err one of @cpu_errors, @words the first @nr words of the working
 *		buffer, on the guest's CPU @cpu. 0; -EINVAL: the words make no sense (status -3);
 *		else status -1. PAPR R1-11: a machine check only while MSR[RI] is set. Called
 *		once for each injection. May be NULL
 * @cpu_errors:	bits 1 << enum eeh_rtas_err of what @cpu_error does. Others than IOA errors that
 *		are not there are neither advertised nor accepted (-3)
 * @tokens:	token of each call; 0: that of eeh_rtas_call_info()
 * @inject:	the guest may inject errors. If not, ibm,open-errinjct returns -5 and the calls
 *		are not in the device tree
 * @inject_burst: so many injections may come at once, 0: 10
 * @inject_per_minute: and so many per minute in the long run, 0: 30. What is too much is answered
 *		"ask again" (990x)
 * @fundamental: fundamental resets are offered, by "ibm,reset-capabilities"; if not, -8
 * @log_max:	longest error log, bytes; 0: 2048, as rtas-error-log-max of QEMU and Linux's limit
 */
struct eeh_rtas_opts {
	size_t sz;
	const struct eeh_ctx_opts *ctx;
	void *arg;
	int (*mem_read)(void *arg, uint64_t ra, void *buf, size_t len);
	int (*mem_write)(void *arg, uint64_t ra, const void *buf, size_t len);
	int (*config_read)(void *arg, void *device, uint32_t reg, uint32_t *val);
	void (*start)(void *arg, struct eeh_rtas_job *job);
	void (*done)(void *arg, void *call, int ret);
	void (*reset)(void *arg, void *pe, enum eeh_rtas_phase phase);
	void (*event)(void *arg, const struct eeh_rtas_event *ev);
	int (*io_event)(void *arg, void *pe, const void *log, size_t len);
	long (*diag)(void *arg, void *pe, void *buf, size_t len);
	int (*cpu_error)(void *arg, uint32_t cpu, uint32_t err, const uint32_t *words, size_t nr);
	uint32_t cpu_errors;
	uint32_t tokens[EEH_RTAS_CALLS];
	bool inject;
	bool fundamental;
	uint32_t inject_burst;
	uint32_t inject_per_minute;
	uint32_t log_max;
};

/**
 * eeh_rtas_new() - the engine of a VM
 * @rtas:	where to put it; free with eeh_rtas_free()
 * @opts:	options; copied, the context's strings as well
 *
 * Return: 0; -EINVAL (a function is missing, a size, two calls with the same token, @log_max below
 * 256 or above 65536), -E2BIG (unknown options), -ENAMETOOLONG, -ENOMEM.
 */
EEH_API int eeh_rtas_new(struct eeh_rtas **rtas, const struct eeh_rtas_opts *opts);

/**
 * eeh_rtas_free() - free an engine with its PHBs, PEs and devices
 * @rtas:	the engine; NULL does nothing
 *
 * No other thread may use it. Jobs must have been ended before.
 */
EEH_API void eeh_rtas_free(struct eeh_rtas *rtas);

/* eeh_rtas_call() will be answered later, by opts.done(). */
#define EEH_RTAS_PENDING	1

/**
 * eeh_rtas_call() - answer a call
 * @rtas:	the engine
 * @ra:		guest real address of the argument block (r4 of H_RTAS); its highest four bits are
 *		ignored
 * @cpu:	number of the guest's CPU that calls
 * @call:	given to opts.done() if it becomes pending
 *
 * Does not block but for firmware calls of microseconds, and as said above.
 *
 * Return: 0: the answer is written, H_RTAS returns H_SUCCESS; EEH_RTAS_PENDING; -ENOENT: the
 * token is not one of the engine's, nothing was written; -EINVAL: the block has no room for a
 * status (H_PARAMETER); -EFAULT: the block is not in guest memory (H_PARAMETER).
 */
EEH_API int eeh_rtas_call(struct eeh_rtas *rtas, uint64_t ra, uint32_t cpu, void *call);

/* Do what takes long. Any thread, no lock held that a thread in eeh_rtas_call() could hold. */
EEH_API void eeh_rtas_job_run(struct eeh_rtas_job *job);

/*
 * Write the answer, if somebody waits for it, and free the job. After eeh_rtas_job_run(), in any
 * thread in which guest memory may be written.
 */
EEH_API void eeh_rtas_job_end(struct eeh_rtas_job *job);

/**
 * eeh_rtas_reset() - the machine is reset
 * @rtas:	the engine
 *
 * Closes the injection session, forgets what was permanent, cancels what is pending (opts.done() is
 * called with -ECANCELED when its job ends), ends resets that are asserted and thaws what is
 * frozen. Blocks for 1.8 s for each PE with a reset asserted, or a job running, else not.
 */
EEH_API void eeh_rtas_reset(struct eeh_rtas *rtas);

/* ---- What the guest has ---- */

/* A PCI host bridge by its BUID. 0; -EEXIST, -ENOMEM; -ENOENT, -EBUSY (it has PEs). */
EEH_API int eeh_rtas_add_phb(struct eeh_rtas *rtas, uint64_t buid);
EEH_API int eeh_rtas_del_phb(struct eeh_rtas *rtas, uint64_t buid);

/* Take diagnostic data from /dev/eeh, if it can be opened. */
#define EEH_RTAS_PE_DEV_LOG	(1U << 0)

/**
 * struct eeh_rtas_pe_opts - a PE that a guest has
 * @sz:		sizeof(struct eeh_rtas_pe_opts)
 * @buid:	its PHB in the guest
 * @flags:	EEH_RTAS_PE_*. /dev/eeh needs root, and makes the module look at all passed PEs once
 *		a second
 * @group:	number of its IOMMU group
 * @container:	descriptor of its VFIO container, in which it is the only group; stays the VMM's,
 *		and must stay open until eeh_rtas_del_pe() returns
 * @device:	PCI address on the host of any function of it: "0001:01:00.0"
 * @pe:		instead of the last three: a PE that is open. Its context must not be used by
 *		anybody else, and outlive the PE. The engine closes it, unless eeh_rtas_add_pe()
 *		fails
 * @arg:	given to the VMM's functions; by eeh_rtas_job_end() not after eeh_rtas_del_pe(), but
 *		by what runs in other threads also while eeh_rtas_del_pe() does
 * @drc_index:	DRC index of the slot in the guest, for I/O events; 0: none
 */
struct eeh_rtas_pe_opts {
	size_t sz;
	uint64_t buid;
	uint32_t flags;
	int32_t group;
	int32_t container;
	const char *device;
	struct eeh_pe *pe;
	void *arg;
	uint32_t drc_index;
};

/**
 * eeh_rtas_add_pe() - give a PE to the guest
 * @rtas:	the engine
 * @opts:	what it is; copied
 * @pe:		where to put it
 *
 * May come at any time: also while another PE of the PHB recovers.
 *
 * Return: 0; -ENOENT (no such PHB), -EEXIST (the guest has that PE already), -EINVAL, -E2BIG,
 * -ENOMEM; as eeh_pe_find(), eeh_vfio_adopt() and eeh_pe_open().
 */
EEH_API int eeh_rtas_add_pe(struct eeh_rtas *rtas, const struct eeh_rtas_pe_opts *opts,
			    struct eeh_rtas_pe **pe);

/**
 * eeh_rtas_del_pe() - take a PE, and its devices, from the guest
 * @rtas:	the engine
 * @pe:		the PE
 *
 * Calls no longer find it. Waits for an operation that runs (up to 1.8 s, or longer behind a
 * switch). A reset that is asserted is ended. May not be called by opts.reset() or opts.event().
 */
EEH_API void eeh_rtas_del_pe(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe);

/* What the guest knows it by; 0 until it has a device. It stays the same as long as the PE does. */
EEH_API uint32_t eeh_rtas_pe_config_addr(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe);

/**
 * struct eeh_rtas_device_opts - a function of a PE
 * @sz:		sizeof(struct eeh_rtas_device_opts)
 * @config_addr: bus << 16 | device << 11 | function << 8, as the guest sees it
 * @device:	its PCI address on the host
 * @arg:	given to opts.config_read()
 */
struct eeh_rtas_device_opts {
	size_t sz;
	uint32_t config_addr;
	const char *device;
	void *arg;
};

/**
 * eeh_rtas_add_device() - a function that the guest sees
 * @rtas:	the engine
 * @pe:		its PE
 * @opts:	what it is; copied
 *
 * A guest that numbers its buses itself: take the device away and add it anew, the PE's address
 * stays.
 *
 * Return: 0; -EINVAL (@opts; register bits in the address; the device is not in that PE on the
 * host),
 * -EEXIST (the PHB has that address already), -ENOMEM.
 */
EEH_API int eeh_rtas_add_device(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe,
				const struct eeh_rtas_device_opts *opts);
/* 0; -ENOENT. */
EEH_API int eeh_rtas_del_device(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe,
				uint32_t config_addr);

/**
 * eeh_rtas_notice() - somebody heard that a PE is frozen
 * @rtas:	the engine
 * @pe:		the PE
 *
 * For a VMM that is told of freezes (eeh_rtas_pe_eventfd(), eeh/event.h). Looks at the state,
 * keeps diagnostic data and, if the guest has enabled it, sends it an I/O event.
 *
 * Return: 1: an I/O event was sent; 0: not frozen, or not enabled, or it was sent before; what
 * opts.io_event() returned, if that is not 0.
 */
EEH_API int eeh_rtas_notice(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe);

/**
 * eeh_rtas_pe_eventfd() - signal an eventfd when the PE freezes
 * @rtas:	the engine
 * @pe:		a PE with EEH_RTAS_PE_DEV_LOG
 * @fd:		an eventfd(2); -1: no more
 *
 * The kernel module signals it, within a second or so if nobody else notices; whoever waits for it
 * then calls eeh_rtas_notice(). It ends with eeh_rtas_del_pe().
 *
 * Return: 0; -ENOENT (/dev/eeh could not be opened when the PE was added), -EBADF or -EINVAL (no
 * eventfd), -ENODEV (the PE is gone).
 */
EEH_API int eeh_rtas_pe_eventfd(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, int fd);

/**
 * eeh_rtas_can_inject() - would an injection be accepted now?
 * @rtas:	the engine
 * @pe:		the PE
 * @func:	function of ioa-bus-error, 0 to 21
 * @why:	where to put a sentence, may be NULL; valid until the next call for this PE
 *
 * The same checks as ibm,errinjct makes before it arms anything, but for its session and the
 * rate limit: the VM is allowed, this host does that, the PE belongs to this process alone and
 * the error cannot reach another owner's.
 *
 * Return: enum eeh_inject_verdict; -errno as eeh_inject_check().
 */
EEH_API int eeh_rtas_can_inject(struct eeh_rtas *rtas, struct eeh_rtas_pe *pe, uint32_t func,
				const char **why);

/* ---- Device tree ---- */

/*
 * A property of the node /rtas: @len bytes at @data, as they are in a device tree; valid during
 * the call. Say fdt_setprop(fdt, rtas_node, name, data, len). A result other than 0 ends it and
 * is returned.
 */
typedef int (*eeh_rtas_prop_fn)(void *arg, const char *name, const void *data, size_t len);

/**
 * eeh_rtas_for_each_prop() - what the guest must find in /rtas
 * @rtas:	the engine
 * @fn:		called for each property
 * @arg:	its first argument
 *
 * The token of each call; "ibm,reset-capabilities" if there are fundamental resets;
 * "ibm,read-slot-reset-state-functions"; if injection is on, "ibm,errinjct-tokens". The VMM
 * must not write other values for these. With opts.io_event it also puts an empty property
 * "ibm,io-events-capable" into the node of each PHB, and ibm,io-events into /events.
 *
 * Return: 0, or what @fn returned.
 */
EEH_API int eeh_rtas_for_each_prop(struct eeh_rtas *rtas, eeh_rtas_prop_fn fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_RTAS_H */
