// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the answer to a state request means. eeh_pe_get_state() in the kernel
 * folds many states of firmware into five numbers; what it folds together can
 * only be told apart by what came before.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pe_internal.h"

#define MS	1000000ULL

const char *eeh_pe_condition_name(enum eeh_pe_condition condition)
{
	static const char * const names[] = {
		[EEH_PE_NORMAL] = "normal", [EEH_PE_IN_RESET] = "reset", [EEH_PE_FROZEN] = "frozen",
		[EEH_PE_DMA_STOPPED] = "dma-stopped", [EEH_PE_UNAVAILABLE] = "unavailable",
		[EEH_PE_FAILED] = "failed",
	};

	return condition < ARRAY_SIZE(names) && names[condition] ? names[condition] : "unknown";
}

static void because(struct eeh_pe_status *s, enum eeh_pe_condition condition, const char *why)
{
	s->condition = condition;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static void unavailable(uint64_t now, struct eeh_pe_history *h, struct eeh_pe_status *s)
{
	/* 0 says "it was not". */
	if (!h->unavailable_since || h->unavailable_since > now)
		h->unavailable_since = now ? now : 1;
	s->unavailable_ms = (now - h->unavailable_since) / MS;
	if (now < h->unavailable_since)
		s->unavailable_ms = 0;
	s->ambiguous = true;
	if (s->unavailable_ms >= EEH_PE_UNAVAILABLE_MAX_MS) {
		h->failed = true;
		because(s, EEH_PE_FAILED, "it has been unavailable for five minutes, longer than any "
			"recovery of this kernel may take");
		return;
	}
	because(s, EEH_PE_UNAVAILABLE, "the bridge or PHB above it is frozen or recovers, or only its "
		"MMIO is stopped: ask again");
	s->ask_again_ms = EEH_PE_UNAVAILABLE_ASK_MS;
}

static void decode(int raw, uint64_t now, struct eeh_pe_history *h, struct eeh_pe_status *s)
{
	if (h->failed) {
		because(s, EEH_PE_FAILED, "it was given up: unplug and plug its devices, or boot");
		return;
	}
	if (raw != EEH_PE_RAW_UNAVAILABLE)
		h->unavailable_since = 0;
	switch (raw) {
	case EEH_PE_RAW_NORMAL:
		h->failed_resets = 0;
		h->reset_asserted = false;
		because(s, EEH_PE_NORMAL, "MMIO and DMA work");
		break;
	case EEH_PE_RAW_RESET:
		s->ambiguous = !h->reset_asserted;
		because(s, EEH_PE_IN_RESET, h->reset_asserted ? "its reset is asserted: deactivate it" :
			"somebody asserted its reset, or firmware did not answer");
		s->ask_again_ms = h->reset_asserted ? 0 : EEH_PE_UNAVAILABLE_ASK_MS;
		break;
	case EEH_PE_RAW_BUSY:
		because(s, EEH_PE_IN_RESET, "somebody resets it now: ask again");
		s->ask_again_ms = EEH_PE_UNAVAILABLE_ASK_MS;
		break;
	case EEH_PE_RAW_STOPPED:
		s->ambiguous = true;
		if (h->failed_resets >= EEH_PE_RESET_ATTEMPTS) {
			h->failed = true;
			because(s, EEH_PE_FAILED, "its resets succeeded, and it is still stopped");
			break;
		}
		because(s, EEH_PE_FROZEN, "MMIO and DMA are stopped: frozen, or given up by firmware, which "
			"only a reset can tell");
		break;
	case EEH_PE_RAW_STOPPED_DMA:
		because(s, EEH_PE_DMA_STOPPED, "MMIO works, DMA is stopped");
		break;
	case EEH_PE_RAW_UNAVAILABLE:
		unavailable(now, h, s);
		break;
	default:
		s->ambiguous = true;
		s->condition = EEH_PE_UNKNOWN;
		snprintf(s->why, sizeof(s->why), "%d is no state that is known", raw);
	}
}

int eeh_pe_decode(int raw, uint64_t now_ns, struct eeh_pe_history *history,
		  struct eeh_pe_status *status)
{
	struct eeh_pe_status s = { .sz = sizeof(s), .raw = raw };
	struct eeh_pe_history h;

	if (status->sz < sizeof(status->sz) || eeh_opts_get(&h, sizeof(h), history))
		return -EINVAL;
	decode(raw, now_ns, &h, &s);
	eeh_out_put(history, &h, sizeof(h));
	return eeh_out_put(status, &s, sizeof(s));
}
