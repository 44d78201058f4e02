/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libeeh: the fast path. Loads a BPF policy into the kernel module eeh_bpf,
 * which then answers guests' "is my PE frozen?" itself.
 *
 * What is attached does not belong to the process that attached it: its link is
 * pinned as <bpffs>/eeh/links/freeze, its maps under <bpffs>/eeh/maps/, and so
 * it lives on until eeh_fastpath_detach() (or a reboot). A process killed in
 * the middle of a call leaves at most pins that the next call, by any process,
 * removes. Calls of different processes exclude each other by a lock on
 * <bpffs>/eeh.
 */
#ifndef __EEH_FASTPATH_H
#define __EEH_FASTPATH_H

#include <eeh/eeh.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Can it run here? ---- */

enum eeh_req_state {
	EEH_REQ_OK	= 0,
	EEH_REQ_FAILED	= 1,	/* the fast path cannot run */
	EEH_REQ_NOTE	= 2,	/* it can, but read the advice */
};

struct eeh_probe;

/**
 * eeh_fastpath_probe() - check everything that the fast path needs
 * @ctx:	the context
 * @probe:	where to put the list of requirements; free with eeh_probe_free()
 *
 * Requirements, in order: "arch", "kernel", "btf", "bpffs", "permission",
 * "lockdown", "module", "interface" (only if the module is loaded), "kvm_hv".
 * Changes nothing.
 *
 * Return: 0 if the list could be made, whatever it says; -EINVAL, -ENOMEM.
 */
EEH_API int eeh_fastpath_probe(struct eeh_ctx *ctx, struct eeh_probe **probe);
EEH_API void eeh_probe_free(struct eeh_probe *probe);

/*
 * 0: the fast path can run. Otherwise what eeh_fastpath_attach() would return,
 * by the first requirement that failed: -EOPNOTSUPP (machine or kernel cannot),
 * -ENOENT (no BPF file system), -EPERM (no permission; lockdown), -ENODEV (the
 * module is not loaded), -EPROTO (library and module do not fit together).
 */
EEH_API int eeh_probe_result(const struct eeh_probe *probe);

/* Number of requirements, and each by its index; beyond it NULL or EEH_REQ_FAILED. */
EEH_API size_t eeh_probe_count(const struct eeh_probe *probe);
EEH_API const char *eeh_probe_name(const struct eeh_probe *probe, size_t i);
EEH_API enum eeh_req_state eeh_probe_state(const struct eeh_probe *probe, size_t i);
/* What was found: "kernel 6.1.0-37-powerpc64le". */
EEH_API const char *eeh_probe_what(const struct eeh_probe *probe, size_t i);
/* What to do about it, a sentence; "" if nothing. */
EEH_API const char *eeh_probe_advice(const struct eeh_probe *probe, size_t i);

/* ---- On and off ---- */

enum eeh_storm {
	EEH_STORM_DEFAULT_ACTION	= 0,	/* as EEH_STORM_DO_ANSWER */
	EEH_STORM_DO_ANSWER		= 1,	/* count, flag, and answer on evidence */
	EEH_STORM_DO_PASS		= 2,	/* count, flag, and let the VMM answer */
};

/* Rate of the built-in policy if none is configured. */
#define EEH_FASTPATH_RATE_DEFAULT	10000

/**
 * struct eeh_fastpath_config - what can be changed while it runs
 * @sz:		sizeof(struct eeh_fastpath_config)
 * @rate:	queries per second and PE above which they count as a storm; 0:
 *		EEH_FASTPATH_RATE_DEFAULT
 * @burst:	how many queries may come at once before that; 0: one second's
 * @storm:	enum eeh_storm: what happens to the queries of a storm
 * @no_learn:	bind no more questions to PEs; those that are bound stay
 */
struct eeh_fastpath_config {
	size_t sz;
	uint32_t rate;
	uint32_t burst;
	uint32_t storm;
	bool no_learn;
};

/**
 * struct eeh_fastpath_opts - options of eeh_fastpath_attach()
 * @sz:		sizeof(struct eeh_fastpath_opts)
 * @object:	path of a BPF object with a struct_ops map of type eeh_bpf_ops;
 *		NULL: the policy "freeze" that the library carries
 * @image:	the same in memory (@object must be NULL then)
 * @image_len:	its length in bytes
 * @replace:	replace what is attached, without a moment in which nothing is
 * @config:	for policies with a map eeh_config; NULL: as it was (replace), or
 *		defaults
 */
struct eeh_fastpath_opts {
	size_t sz;
	const char *object;
	const void *image;
	size_t image_len;
	bool replace;
	const struct eeh_fastpath_config *config;
};

/**
 * eeh_fastpath_attach() - load a policy, attach and pin it
 * @ctx:	the context
 * @opts:	options, or NULL
 *
 * With @opts->replace the new policy takes over the maps of the old one (and so
 * its statistics and configuration) where name and layout are the same. Nothing
 * attached and @opts->replace: attaches.
 *
 * Sets libbpf's print callback while it runs and puts the previous one back;
 * messages of other threads go to the previous one.
 *
 * Return: 0; what eeh_probe_result() says if it cannot run here; -EEXIST
 * (attached already, and not @opts->replace); -EBUSY (somebody holds a link
 * that is not pinned where ours is); -ENOENT (no such object file); -EINVAL
 * (bad options; not an object with one eeh_bpf_ops; refused by the module or
 * the verifier), -EACCES (refused by the verifier), -E2BIG (unknown options, or
 * a program too large), -ENOMEM, -EPERM; else what the kernel returned.
 */
EEH_API int eeh_fastpath_attach(struct eeh_ctx *ctx, const struct eeh_fastpath_opts *opts);

/**
 * eeh_fastpath_detach() - detach what is attached, and remove the pins
 * @ctx: the context
 *
 * When it returns, no query is answered in the kernel any more. It then waits up
 * to a second for the kernel to free what was attached, so that the module can
 * be unloaded (unless others hold a file descriptor of it).
 *
 * Return: 0; -ENOENT (nothing is attached; left-over pins were removed),
 * -EBUSY (somebody holds a link that is not pinned where ours is), -EPERM,
 * -ENODEV (the module is not loaded); else what the kernel returned.
 */
EEH_API int eeh_fastpath_detach(struct eeh_ctx *ctx);

/**
 * eeh_fastpath_set_enabled() - the kill switch
 * @ctx:	the context
 * @enabled:	false: every query passes to its VMM from now on, whatever is
 *		attached; true: back to normal
 *
 * Return: 0; -ENODEV (the module is not loaded), -EACCES (not root); else what
 * the kernel returned.
 */
EEH_API int eeh_fastpath_set_enabled(struct eeh_ctx *ctx, bool enabled);

/**
 * eeh_fastpath_set_audit() - compare answers with the original path
 * @ctx:	the context
 * @n:		let 1 in @n answerable queries pass as well and compare; 0: none
 *
 * Return: as eeh_fastpath_set_enabled(); -ERANGE or -EINVAL if the module does
 * not take @n.
 */
EEH_API int eeh_fastpath_set_audit(struct eeh_ctx *ctx, uint32_t n);

/**
 * eeh_fastpath_get_config(), eeh_fastpath_set_config() - the policy's configuration
 * @ctx:	the context
 * @config:	the configuration
 *
 * Takes effect within one kernel tick of each PE's next query.
 *
 * Return: 0; -ENOENT (nothing is attached, or the policy has no map
 * eeh_config), -EPROTO (it has one of another layout), -EINVAL (bad value),
 * -E2BIG (unknown options), -EPERM.
 */
EEH_API int eeh_fastpath_get_config(struct eeh_ctx *ctx, struct eeh_fastpath_config *config);
EEH_API int eeh_fastpath_set_config(struct eeh_ctx *ctx, const struct eeh_fastpath_config *config);

/* ---- What it does ---- */

enum eeh_fastpath_state {
	EEH_FASTPATH_IDLE	= 0,	/* nothing attached */
	EEH_FASTPATH_ATTACHED	= 1,
	EEH_FASTPATH_BYPASSED	= 2,	/* attached, but switched off by its rejections */
	EEH_FASTPATH_UNKNOWN	= 3,	/* the module says something this library does not know */
};

/* Armed taps. Bits. */
#define EEH_TAP_CHECK		(1U << 0)
#define EEH_TAP_RTAS		(1U << 1)
#define EEH_TAP_EVENT		(1U << 2)
#define EEH_TAP_OTHER		(1U << 31)

#define EEH_FASTPATH_PROGS_MAX	8

/**
 * struct eeh_fastpath_status - the state of the fast path
 * @sz:			sizeof(struct eeh_fastpath_status)
 * @version:		interface version of the module
 * @state:		enum eeh_fastpath_state
 * @enabled:		kill switch: false means everything passes
 * @pinned:		the link is pinned where eeh_fastpath_attach() puts it
 * @policy:		name of the attached policy, "" if none
 * @taps:		EEH_TAP_*
 * @link_id:		BPF id of the link, 0: not pinned, or no permission to look
 * @map_id:		BPF id of the struct_ops map
 * @nr_progs:		how many of @prog_ids are valid
 * @prog_ids:		BPF ids of the programs
 * @audit:		1 in @audit answerable queries is compared; 0: none
 * @audit_disagreed:	how many did not compare equal: should be 0, always
 * @bindings:		number of bindings
 */
struct eeh_fastpath_status {
	size_t sz;
	uint32_t version;
	uint32_t state;
	bool enabled;
	bool pinned;
	char policy[32];
	uint32_t taps;
	uint32_t link_id;
	uint32_t map_id;
	uint32_t nr_progs;
	uint32_t prog_ids[EEH_FASTPATH_PROGS_MAX];
	uint64_t audit;
	uint64_t audit_disagreed;
	uint64_t bindings;
};

/**
 * eeh_fastpath_status() - what is attached, and whether it works
 * @ctx:	the context
 * @status:	filled in; @status->sz must be set
 *
 * Needs no permission but for @status->link_id, @status->map_id and
 * @status->prog_ids, which stay 0 without it.
 *
 * Return: 0; -ENODEV (the module is not loaded), -EBADMSG (a file of the module
 * says something that cannot be: eeh_last_error() has its name), -EINVAL, -EIO.
 */
EEH_API int eeh_fastpath_status(struct eeh_ctx *ctx, struct eeh_fastpath_status *status);

/**
 * struct eeh_fastpath_binding - a question that the kernel can answer
 * @sz:		sizeof(struct eeh_fastpath_binding)
 * @vm:		cookie of the VM that asks it
 * @pe:		cookie of the PE that it is about
 * @answered:	how often it was answered in the kernel
 * @buid:	the guest's name for the PHB (PAPR: BUID of the ibm,... calls)
 * @token:	the guest's RTAS token of the call
 * @addr:	the guest's config address of the PE
 * @phb:	PCI domain of the PE, on the host
 * @pe_addr:	PE number within the PHB, on the host
 */
struct eeh_fastpath_binding {
	size_t sz;
	uint64_t vm;
	uint64_t pe;
	uint64_t answered;
	uint64_t buid;
	uint32_t token;
	uint32_t addr;
	uint32_t phb;
	uint32_t pe_addr;
};

/* @b is valid during the call. Return 0 to go on; anything else ends the loop and is returned. */
typedef int (*eeh_fastpath_binding_fn)(void *arg, const struct eeh_fastpath_binding *b);

/**
 * eeh_fastpath_for_each_binding() - call a function for every binding
 * @ctx:	the context
 * @fn:		the function
 * @arg:	its first argument
 *
 * Return: 0; what @fn returned; -ENODEV, -EBADMSG, -ENOMEM as
 * eeh_fastpath_status().
 */
EEH_API int eeh_fastpath_for_each_binding(struct eeh_ctx *ctx, eeh_fastpath_binding_fn fn,
					  void *arg);

/**
 * struct eeh_fastpath_stats - the module's counters, since it was loaded
 * @sz:		sizeof(struct eeh_fastpath_stats)
 * @queries:	queries seen while attached: the sum of the next eight
 * @answered:	answered in the kernel, on evidence
 * @passed:	the policy let it pass
 * @rejected:	the policy wanted to answer without evidence
 * @unbound:	no binding of this question to a PE (yet)
 * @not_owner:	the PE's device does not belong to the asking VM
 * @fault:	argument block not resident, across a page, or malformed
 * @bypassed:	kill switch, or the policy was switched off by its rejections
 * @audited:	answerable, but passed so that the answers can be compared
 * @missed:	hits of the tap that the kernel could not deliver
 * @learned:	bindings made
 * @dropped:	bindings dropped
 */
struct eeh_fastpath_stats {
	size_t sz;
	uint64_t queries;
	uint64_t answered;
	uint64_t passed;
	uint64_t rejected;
	uint64_t unbound;
	uint64_t not_owner;
	uint64_t fault;
	uint64_t bypassed;
	uint64_t audited;
	uint64_t missed;
	uint64_t learned;
	uint64_t dropped;
};

/**
 * eeh_fastpath_stats() - the module's counters
 * @ctx:	the context
 * @stats:	filled in; @stats->sz must be set
 *
 * The counters are read one after the other: while queries run, the sum may be
 * off by those that came in between.
 *
 * Return: 0; -ENODEV (the module is not loaded), -EBADMSG, -EINVAL, -EIO.
 */
EEH_API int eeh_fastpath_stats(struct eeh_ctx *ctx, struct eeh_fastpath_stats *stats);

/**
 * struct eeh_fastpath_pe - what the policy counted for one PE in one VM
 * @sz:			sizeof(struct eeh_fastpath_pe)
 * @vm:			cookie of the VM
 * @pe:			cookie of the PE
 * @phb:		PCI domain
 * @pe_addr:		PE number within the PHB
 * @queries:		@answered + @passed
 * @answered:		"normal", on evidence
 * @passed:		left to the VMM
 * @not_normal:		of these: firmware said that the PE is not normal
 * @errors:		of these: no evidence could be had
 * @storms:		queries above the rate
 * @first_seen_ns:	CLOCK_MONOTONIC, nanoseconds
 * @last_seen_ns:	CLOCK_MONOTONIC, nanoseconds, to within one kernel tick
 */
struct eeh_fastpath_pe {
	size_t sz;
	uint64_t vm;
	uint64_t pe;
	uint32_t phb;
	uint32_t pe_addr;
	uint64_t queries;
	uint64_t answered;
	uint64_t passed;
	uint64_t not_normal;
	uint64_t errors;
	uint64_t storms;
	uint64_t first_seen_ns;
	uint64_t last_seen_ns;
};

/* @pe is valid during the call. Return 0 to go on; anything else ends the loop and is returned. */
typedef int (*eeh_fastpath_pe_fn)(void *arg, const struct eeh_fastpath_pe *pe);

/**
 * eeh_fastpath_for_each_pe() - call a function for every PE that was asked about
 * @ctx:	the context
 * @fn:		the function
 * @arg:	its first argument
 *
 * Reads the pinned map of the policy, so it works in any process with the
 * permission to open it (root).
 *
 * Return: 0; what @fn returned; -ENOENT (nothing is attached, or the policy has
 * no map eeh_pes), -EPROTO (it has one of another layout), -EPERM.
 */
EEH_API int eeh_fastpath_for_each_pe(struct eeh_ctx *ctx, eeh_fastpath_pe_fn fn, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* __EEH_FASTPATH_H */
