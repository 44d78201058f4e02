// SPDX-License-Identifier: LGPL-2.1-or-later
/* Events: what their types and sources are called. */
#include <eeh/event.h>

const char *eeh_event_type_name(uint32_t type)
{
	static const char * const names[EEH_EVENT_MAX] = {
		[EEH_EVENT_FROZEN] = "frozen",
		[EEH_EVENT_STATE] = "state",
		[EEH_EVENT_RESET] = "reset",
		[EEH_EVENT_OPTION] = "option",
		[EEH_EVENT_CONFIGURE] = "configure",
		[EEH_EVENT_INJECT] = "inject",
		[EEH_EVENT_LOG] = "log",
		[EEH_EVENT_QUERY] = "query",
		[EEH_EVENT_ZPCI] = "zpci",
	};

	return type < EEH_EVENT_MAX ? names[type] : "?";
}

const char *eeh_source_name(uint32_t source)
{
	static const char * const names[EEH_SOURCE_MAX] = {
		[EEH_SOURCE_UNKNOWN] = "unknown",
		[EEH_SOURCE_INTERRUPT] = "interrupt",
		[EEH_SOURCE_QUERY] = "query",
		[EEH_SOURCE_SWEEP] = "sweep",
		[EEH_SOURCE_CHECK] = "check",
		[EEH_SOURCE_PARENT] = "parent",
		[EEH_SOURCE_FETCH] = "fetch",
	};

	return source < EEH_SOURCE_MAX ? names[source] : "?";
}

const char *eeh_fate_name(uint32_t fate)
{
	static const char * const names[EEH_FATES] = {
		[EEH_FATE_OWNER] = "owner",
		[EEH_FATE_OVERFLOW] = "overflow",
		[EEH_FATE_KERNEL] = "kernel",
		[EEH_FATE_MEASUREMENT] = "measurement",
		[EEH_FATE_STALE] = "stale",
		[EEH_FATE_GONE] = "gone",
		[EEH_FATE_AVAILABILITY] = "availability",
	};

	return fate < EEH_FATES ? names[fate] : "?";
}

const char *eeh_fate_sentence(uint32_t fate)
{
	static const char * const sentences[EEH_FATES] = {
		[EEH_FATE_OWNER] = "kept for its owner, who has to recover it",
		[EEH_FATE_OVERFLOW] = "lost to its owner, whose queue of events is full: it is told that one was lost",
		[EEH_FATE_KERNEL] = "no event for an owner: the kernel recovers it, as nobody owns it, or as kernels before 7.3 do",
		[EEH_FATE_MEASUREMENT] = "no event for an owner: it is about a measurement block, and the function goes on",
		[EEH_FATE_STALE] = "dropped by the kernel: the function has got another handle since",
		[EEH_FATE_GONE] = "dropped by the kernel: there is no such function any more",
		[EEH_FATE_AVAILABILITY] = "no error: the function comes, goes, or is asked for",
	};

	return fate < EEH_FATES ? sentences[fate] : "?";
}
