/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/sriov/msg.h"

#include <errno.h>
#include <string.h>

#define MSG_SIZE 1024 /* a request is a few hundred bytes at most */
#ifndef NLM_F_ACK_TLVS
#define NLM_F_ACK_TLVS 0x200 /* linux 4.12 */
#define NLM_F_CAPPED   0x100
#endif
#define ERR_MSG	  1    /* NLMSGERR_ATTR_MSG */
#define ERRNO_MAX 4095 /* of the kernel (linux/err.h, MAX_ERRNO) */

struct nl_msg *xlpt_vf_msg_new(int type, const char *ifname)
{
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct nl_msg *m = nlmsg_alloc_size(MSG_SIZE);

	if (!m || !nlmsg_put(m, 0, 0, type, 0, NLM_F_REQUEST | NLM_F_ACK) ||
	    nlmsg_append(m, &info, sizeof(info), NLMSG_ALIGNTO) ||
	    nla_put_string(m, IFLA_IFNAME, ifname)) {
		fputs("xlpt: out of memory\n", stderr);
		abort();
	}
	return m;
}

/* The words an error may carry (Documentation/userspace-api/netlink/intro.rst, "Ext ACK"). */
static char *words(struct nlmsghdr *m)
{
	struct nlmsgerr *e = nlmsg_data(m);
	int left = nlmsg_datalen(m) - (int)sizeof(*e);
	struct nlattr *attr;

	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return NULL;
	attr = (struct nlattr *)(e + 1);
	if (!(m->nlmsg_flags & NLM_F_CAPPED)) {
		int copied = NLMSG_ALIGN((int)e->msg.nlmsg_len) - (int)sizeof(e->msg);

		if (copied < 0 || copied > left)
			return NULL;
		attr = (struct nlattr *)((char *)attr + copied);
		left -= copied;
	}
	for (; nla_ok(attr, left); attr = nla_next(attr, &left))
		if (nla_type(attr) == ERR_MSG && nla_len(attr) > 0)
			return xlpt_xstrndup(nla_data(attr), (size_t)nla_len(attr));
	return NULL;
}

int xlpt_vf_msg_talk(struct xlpt_rtnl *nl, uint32_t port, struct nl_msg *m, struct xlpt_str *answer,
		     struct nlmsghdr **link, char **kernel_says)
{
	struct nlmsghdr *head = nlmsg_hdr(m);
	int left, r;

	*link = NULL;
	*kernel_says = NULL;
	r = nl->ops->talk(nl, port, head, head->nlmsg_len, answer);
	if (r)
		return r;
	left = (int)answer->len;
	for (head = (struct nlmsghdr *)answer->s; left > 0 && nlmsg_ok(head, left);
	     head = nlmsg_next(head, &left)) {
		if (head->nlmsg_type == RTM_NEWLINK &&
		    nlmsg_valid_hdr(head, sizeof(struct ifinfomsg)))
			*link = head;
		if (head->nlmsg_type != NLMSG_ERROR)
			continue;
		if (!nlmsg_valid_hdr(head, sizeof(struct nlmsgerr)))
			return -EBADMSG;
		r = ((struct nlmsgerr *)nlmsg_data(head))->error;
		if (r) {
			*kernel_says = words(head);
			return r < 0 && r >= -ERRNO_MAX ? r : -EBADMSG;
		}
	}
	return 0;
}
