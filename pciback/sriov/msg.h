/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Link messages to the kernel: what net.c and port.c share. */
#ifndef XLPT_PCIBACK_VF_MSG_H
#define XLPT_PCIBACK_VF_MSG_H

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "pciback/sriov/rtnl.h"

static inline void xlpt_vf_msg_freep(struct nl_msg **m)
{
	nlmsg_free(*m);
}
#define _cleanup_nl_msg_ XLPT_CLEANUP(xlpt_vf_msg_freep)

/* A request of that type about an interface. Never NULL. */
struct nl_msg *xlpt_vf_msg_new(int type, const char *ifname);

/*
 * Sends it and looks through the answer: link gets the RTM_NEWLINK in it, or NULL
 * when there is none (it lives in *answer); *kernel_says the kernel's own words,
 * or NULL (caller frees). Returns 0 or the negative errno that came back.
 */
int xlpt_vf_msg_talk(struct xlpt_rtnl *nl, uint32_t port, struct nl_msg *m, struct xlpt_str *answer,
		     struct nlmsghdr **link, char **kernel_says);

#endif
