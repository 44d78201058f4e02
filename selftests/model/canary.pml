/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The canary: can it say "not frozen" when it must not?  docs/canary.md has the argument and ties
 * each transition here to a kernel function; ./run verifies this model and its broken variants.
 *
 * One driver context does suspicious loads and checks, with everything else around it free to
 * happen between any two of its steps, in any order, any number of times: the hardware freezes,
 * this kernel (EEH core, VFIO, sysfs) thaws and resets, this kernel writes config space, another
 * actor (hypervisor, VMM, another owner) thaws, resets and disables, other CPUs detect freezes.
 * One driver context is enough: what a second one does to shared state is to freeze a PE (hw() does
 * that at will), to detect a freeze (detector()) and to hold the canary's lock (delay only).
 * Nothing counts, so the state space is finite and each run of the verifier is exhaustive.
 *
 * Properties, asserted at the canary load that is not all-ones, or at any canary load:
 * P1	the hardware PE that the suspicious load went to is not MMIO-frozen at this moment
 * P2	it was not MMIO-frozen at the suspicious load either, unless another actor thawed it since
 * P3	a canary load never meets a device that this kernel has switched off (memory decode, D3,
 *	FLR, reset), and it is never the canary that freezes the PE of a device that somebody else
 *	had switched off before the suspicious access
 * P4	the kernel does not hold the PE for isolated all through the check: the original would have
 *	returned 1 without asking firmware
 *
 * -DPROPS=n asserts only property n (123: all but P4); -DBROKEN_x makes the model wrong in one way.
 */
#ifndef PROPS
#define PROPS 1234
#endif
#if PROPS == 1234 || PROPS == 123 || PROPS == 1
#define P1(e) assert(e)
#else
#define P1(e) skip
#endif
#if PROPS == 1234 || PROPS == 123 || PROPS == 2
#define P2(e) assert(e)
#else
#define P2(e) skip
#endif
#if PROPS == 1234 || PROPS == 123 || PROPS == 3
#define P3(e) assert(e)
#else
#define P3(e) skip
#endif
#if PROPS == 1234 || PROPS == 4
#define P4(e) assert(e)
#else
#define P4(e) skip
#endif

/* Witnesses must fail: they show that the model gets to where the properties mean something. */
#ifdef WITNESS_thawed		/* answers come again after a thaw by this kernel */
bool thawed;
#define thawed_by_us thawed = true
#define WITNESS assert(!thawed)
#elif defined(WITNESS_other)	/* what P2 excepts does happen: a thaw by another actor, unnoticed */
bool excepted;
#define WITNESS assert(!excepted)
#define new_load excepted = false
#else
#define WITNESS skip
#endif
#ifndef WITNESS_thawed
#define thawed_by_us skip
#endif
#ifndef WITNESS_other
#define new_load skip
#endif

/* -- hardware ---------------------------------------------------------------------------------- */

/*
 * Hardware PEs: 0 that of the canary's 16 MiB of its BAR, 1 another one of the same (compound) EEH
 * PE, 2 that of another device.
 */
#ifdef BROKEN_other_pe
#define NPE 3
#define CANARY_PE 2
#else
#define NPE 2
#define CANARY_PE 0
#endif
bool frozen[NPE];

/* The device does not answer at its BAR: decode off, D3, FLR, reset. Who did it matters to P3. */
bool off_write;		/* this kernel, by a config-space write */
bool off_reset;		/* this kernel, by a reset */
bool off_other;		/* another actor, or the device itself */
#define off (off_write || off_reset || off_other)

/* -- this kernel ------------------------------------------------------------------------------- */

bool isolated;		/* EEH_PE_ISOLATED; the other flags come and go while it is set */

/* The canary. Its lock is held with interrupts off: whoever holds it cannot be preempted. */
bool locked;
bool live;
bool touched;		/* its generation is not the one that the revive worker noted */
bool busy;		/* a thaw or reset function is running, between its entry and its exit */

/*
 * Grace periods. A context is in a section while it runs kernel code without a voluntary switch
 * (a task, preempted or not) or without returning (an interrupt handler). A grace period that begins
 * while it is in a section cannot end before that section does.
 */
mtype = { task, irq };
mtype context;		/* what the driver runs in */
#define DRIVER 0
#define WRITER 1
#define CORE 2
bool in_section[3] = { false, false, true };
bool waited_for[3];

inline section_begin(c)
{
	in_section[c] = true
}

inline section_end(c)
{
	atomic { in_section[c] = false; waited_for[c] = false }
}

/* synchronize_rcu_tasks(): tasks. synchronize_rcu(): interrupt handlers, not preempted tasks. */
inline grace_period()
{
#ifndef BROKEN_rcu_only
	atomic {
		waited_for[DRIVER] = in_section[DRIVER] && context == task;
		waited_for[WRITER] = in_section[WRITER];
		waited_for[CORE] = in_section[CORE]
	}
	!waited_for[DRIVER] && !waited_for[WRITER] && !waited_for[CORE];
#endif
#ifndef BROKEN_tasks_only
	waited_for[DRIVER] = in_section[DRIVER] && context == irq;
	!waited_for[DRIVER];
#endif
}

/* canary_suspend_pe(), canary_suspend_dev(): nobody loads it any more when this returns. */
inline suspend()
{
#ifdef BROKEN_async_suspend
	atomic { live = false; touched = true }
#else
	atomic { !locked -> live = false; touched = true }
#endif
}

/* -- ghosts: what the properties need to know, read by nobody ---------------------------------- */

byte target;		/* the hardware PE of the suspicious load */
bool met_freeze;	/* it met a freeze, and no other actor has ended that since */
bool met_off;		/* it met a device that another actor had switched off, no thaw since */
bool held;		/* EEH_PE_ISOLATED has been set since the check took the lock */

/* -- the driver and its checks ----------------------------------------------------------------- */

/* A load from the BAR, or a config-space read that returns all-ones. */
inline suspicious_load()
{
	atomic {
		new_load;
		if
		:: target = 0
		:: target = 1
		fi;
#ifdef BROKEN_config_checks
		if
		:: met_off = off_other; goto all_ones	/* config space: the BAR is not touched */
		:: skip
		fi;
#endif
		if
		:: frozen[target] -> met_freeze = true
		:: !frozen[target] && off ->	/* unsupported request: the PHB freezes the PE */
			frozen[target] = true;
			met_freeze = true;
			met_off = off_other
		:: !frozen[target] && !off ->
			if
			:: skip			/* legitimate all-ones */
			:: goto next		/* a value: nothing to check */
			fi
		fi;
all_ones:
#ifndef BROKEN_wrong_chunk
		if
		:: target == 0
		:: target != 0 -> goto next	/* not the canary's BAR and 16 MiB: not covered */
		fi
#else
		skip
#endif
	}
}

/* canary_load(): conditions and load, under the canary's lock, which the caller drops. */
inline canary_load()
{
	atomic { !locked -> locked = true; held = isolated };
	if
#ifdef BROKEN_no_isolated
	:: live ->
#else
	:: live && !isolated ->
#endif
		atomic {
			P3(!off_write && !off_reset);
			P3(frozen[CANARY_PE] || !(off_other && met_off));
			if
			:: frozen[CANARY_PE]
			:: !frozen[CANARY_PE] && off -> frozen[CANARY_PE] = true
			:: !frozen[CANARY_PE] && !off ->
				evidence = true;
#ifndef BROKEN_early_canary
				P1(!frozen[target]);
				P2(!met_freeze);
				P4(!held);
				WITNESS;
#endif
			fi
		}
	:: else
	fi
}

active proctype driver()
{
	bool evidence;

	if
	:: context = task
	:: context = irq
	fi;
	do
	:: section_begin(DRIVER);
more:
#ifdef BROKEN_early_canary
		canary_load();
		suspicious_load();
		P2(!(evidence && met_freeze));
#else
		suspicious_load();	/* all-ones, else: goto next */
		canary_load();
#endif
		/* Without evidence the original goes on, which is what detector() does. */
next:
		atomic {
			locked = false;
			target = 0;	/* the ghosts are of no use any more */
			met_freeze = false;
			met_off = false;
			held = false;
			evidence = false;
			if
			:: goto more		/* the next load in the same section */
			:: section_end(DRIVER)	/* voluntary switch, user space, end of interrupt */
			fi
		}
	od
}

/* Any CPU whose check, or error interrupt, finds the freeze. */
active proctype detector()
{
	do
	:: atomic { !isolated && (frozen[0] || frozen[1]) ->
		frozen[0] = true;	/* pnv_ioda_freeze_pe(): the compound PE as a whole */
		frozen[1] = true;
		isolated = true }	/* eeh_pe_mark_isolated(); whether it suspends is all the same */
	od
}

/* -- thaws and resets by this kernel ----------------------------------------------------------- */

/* Probes at entry and exit of eeh_ops->set_option and eeh_ops->reset. */
inline enter()
{
#ifdef BROKEN_no_count
	suspend();
#elif defined(BROKEN_late_count)
	suspend();
	busy = true;
#elif defined(BROKEN_no_suspend)
	busy = true;
#else
	busy = true;
	suspend();
#endif
}

inline leave()
{
	busy = false
}

/*
 * pnv_ioda_unfreeze_pe() thaws one hardware PE after the other; hw() may freeze the second again at
 * once, which is the same as if it had not been thawed yet.
 */
inline unfreeze()
{
	atomic { frozen[0] = false; frozen[1] = false; thawed_by_us }
}

active proctype core()
{
	/* A thaw already under way when the probes were armed: no suspend, no count, no sleep. */
	atomic { unfreeze(); section_end(CORE) };
	do
	:: true ->		/* eehd after a freeze; VFIO, sysfs, eeh_dev_open() at any time */
		enter();
		/* Resets may sleep here (pnv_eeh_poll(), pci_bus_error_reset()): not waited for. */
		atomic { unfreeze(); leave() }
	:: true ->
		enter();
		atomic {
			off_reset = true;
			if
			:: unfreeze()	/* PHYP, PHB reset */
			:: true		/* OPAL keeps the freeze until the thaw */
			fi;
			leave()		/* that it may run for longer only delays the revive */
		};
		/* BARs and command register come back: a config write, which does not sleep. */
		atomic { suspend(); section_begin(CORE) };
		atomic { off_reset = false; section_end(CORE) }
	:: isolated ->		/* eeh_pe_state_clear() */
		atomic { isolated = false; held = false }
	od
}

/* -- config-space writes by this kernel: decode, D3, FLR --------------------------------------- */

active proctype writer()
{
	do
	:: atomic { suspend(); section_begin(WRITER) };	/* probe at its entry; it does not sleep */
		atomic { off_write = true; section_end(WRITER) };
		atomic { suspend(); section_begin(WRITER) };
		atomic { off_write = false; section_end(WRITER) }
	od
}

/* -- canary_revive_work() ---------------------------------------------------------------------- */

active proctype revive()
{
#ifdef BROKEN_add_live
	live = true;			/* a new canary, or one after the probes were off, at once */
#endif
#ifndef BROKEN_arm_no_grace
	grace_period();			/* whatever was running when the probes were armed */
#endif
	do
	:: !live ->
		atomic { !locked -> touched = false };	/* note the generation */
#ifndef BROKEN_no_count
		if
		:: busy -> goto again
		:: !busy
		fi;
#endif
#ifdef BROKEN_check_before_grace
		if
		:: off -> goto again
		:: !off
		fi;
#endif
		/* Firmware may be asked here; the properties hold if it is not. */
#ifndef BROKEN_no_grace
		grace_period();
#endif
#ifndef BROKEN_check_before_grace
		if				/* D0, decode on, same BAR */
		:: off -> goto again
		:: !off
		fi;
#endif
		atomic {
			!locked;
			if
			:: !touched -> live = true
			:: else
			fi
		}
again:
		skip
	od
}

/* -- the world --------------------------------------------------------------------------------- */

active proctype hw()
{
	do
	:: frozen[0] = true
	:: frozen[1] = true
#if NPE > 2
	:: frozen[2] = true
	:: frozen[2] = false
#endif
	od
}

active proctype other()
{
	do
	:: atomic {
		frozen[0] = false;
		frozen[1] = false;
#ifdef WITNESS_other
		excepted = met_freeze;
#endif
		met_freeze = false;
		met_off = false }
	:: off_other = !off_other
	od
}
