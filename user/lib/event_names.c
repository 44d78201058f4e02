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
