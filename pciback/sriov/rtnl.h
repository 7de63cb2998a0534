/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The road to the kernel's link settings (NETLINK_ROUTE), as a table: real
 * messages go in and real messages come out, so that a test plays the kernel,
 * or the switch behind it, byte for byte.
 */
#ifndef XLPT_PCIBACK_VF_RTNL_H
#define XLPT_PCIBACK_VF_RTNL_H

#include "core/diag.h"

struct xlpt_rtnl;

struct xlpt_rtnl_ops {
	/*
	 * Sends one request and adds what is answered, all messages one behind the
	 * other, to *answer: for the kernel (port 0) up to and with the
	 * acknowledgement, which every request must ask for (NLM_F_ACK); for another
	 * process (lldpad) the one datagram it answers with. Returns 0 or -errno of
	 * the way there and back: what the other side says stands in the answer.
	 */
	int (*talk)(struct xlpt_rtnl *nl, uint32_t port, const void *msg, size_t len,
		    struct xlpt_str *answer);
	void (*close)(struct xlpt_rtnl *nl);
};

struct xlpt_rtnl {
	const struct xlpt_rtnl_ops *ops;
	void *priv;
};

/* Opens a socket to the kernel. */
int xlpt_rtnl_open(struct xlpt_rtnl *nl, struct xlpt_diag *diag);
void xlpt_rtnl_close(struct xlpt_rtnl *nl); /* also on an all-zero one */

#endif
