/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libeeh: what PCI addresses and BARs look like, for the other headers. */
#ifndef __EEH_PCI_H
#define __EEH_PCI_H

#include <eeh/eeh.h>

/* Longest PCI address with its NUL; a domain may have eight digits. */
#define EEH_PCI_ADDRESS_LEN	20

/* Base address registers of a function that is no bridge. */
#define EEH_BARS		6

enum eeh_bar_kind {
	EEH_BAR_NONE	= 0,	/* not there, not assigned, or the upper half of the one before */
	EEH_BAR_MEM32	= 1,
	EEH_BAR_MEM64	= 2,
	EEH_BAR_IO	= 3,
};

#endif /* __EEH_PCI_H */
