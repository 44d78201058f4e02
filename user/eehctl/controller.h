/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __EEHCTL_CONTROLLER_H
#define __EEHCTL_CONTROLLER_H

/*
 * A question to eeh-controld, a line of JSON as of eeh-controld(8): the socket that
 * it answers on, or -errno. @timeout_s: how long a read may wait; 0: for ever.
 */
int controller_ask(const char *question, unsigned int timeout_s);

#endif /* __EEHCTL_CONTROLLER_H */
