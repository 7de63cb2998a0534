/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/sriov/rtnl.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <poll.h>
#include <sys/socket.h>

#define ANSWER_MS 10000 /* a driver may ask its firmware; lldpad may be gone */
#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK 11
#endif

/* One datagram. Returns 0 or -errno; *done: the answer is complete with it. */
static int receive(struct nl_sock *sk, uint32_t port, uint32_t seq, struct xlpt_str *answer,
		   bool *done)
{
	struct pollfd pfd = { .fd = nl_socket_get_fd(sk), .events = POLLIN };
	struct sockaddr_nl from;
	unsigned char *buf = NULL;
	struct nlmsghdr *m;
	int n, r = poll(&pfd, 1, ANSWER_MS);

	if (r == 0)
		return -ETIMEDOUT;
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	n = nl_recv(sk, &from, &buf, NULL);
	if (n <= 0)
		return n == 0 ? 0 : -EIO;
	/* Anybody may send to this socket; only whom we asked is heard. */
	if (from.nl_pid != port) {
		free(buf);
		return 0;
	}
	for (m = (struct nlmsghdr *)buf; nlmsg_ok(m, n); m = nlmsg_next(m, &n)) {
		/* A late answer to an earlier request, which was given up. */
		if (port == 0 && m->nlmsg_seq != seq)
			continue;
		xlpt_str_addn(answer, (const char *)m, m->nlmsg_len);
		xlpt_str_addn(answer, "\0\0\0", (size_t)(NLMSG_ALIGN(m->nlmsg_len) - m->nlmsg_len));
		*done |= port != 0 || m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE;
	}
	free(buf);
	return 0;
}

static int talk(struct xlpt_rtnl *nl, uint32_t port, const void *msg, size_t len,
		struct xlpt_str *answer)
{
	struct nl_sock *sk = nl->priv;
	_cleanup_free_ char *copy = xlpt_xcalloc(1, len);
	struct nlmsghdr *head = (struct nlmsghdr *)copy;
	bool done = false;
	int r;

	for (size_t i = 0; i < len; i++)
		copy[i] = ((const char *)msg)[i];
	head->nlmsg_seq = nl_socket_use_seq(sk);
	head->nlmsg_pid = nl_socket_get_local_port(sk);
	nl_socket_set_peer_port(sk, port);
	r = nl_sendto(sk, copy, len);
	if (r < 0)
		return r == -NLE_PERM ? -EPERM : port ? -ECONNREFUSED : -EIO;
	for (r = 0; r == 0 && !done;)
		r = receive(sk, port, head->nlmsg_seq, answer, &done);
	return r;
}

static void rtnl_close(struct xlpt_rtnl *nl)
{
	nl_socket_free(nl->priv);
}

static const struct xlpt_rtnl_ops ops = { .talk = talk, .close = rtnl_close };

int xlpt_rtnl_open(struct xlpt_rtnl *nl, struct xlpt_diag *diag)
{
	struct nl_sock *sk = nl_socket_alloc();
	int on = 1, r = sk ? nl_connect(sk, NETLINK_ROUTE) : -NLE_NOMEM;

	if (r < 0) {
		nl_socket_free(sk);
		xlpt_diag_set(diag, XLPT_ERR_IO, "cannot open a netlink socket: %s",
			      nl_geterror(r));
		xlpt_diag_hint(diag, "run xlpt as root");
		return XLPT_ERR_IO;
	}
	/* Since 4.12 the kernel adds why it refuses, in words; before, this is an error to ignore. */
	setsockopt(nl_socket_get_fd(sk), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	/* A PF with many VFs answers with more than a page. */
	nl_socket_enable_msg_peek(sk);
	*nl = (struct xlpt_rtnl){ .ops = &ops, .priv = sk };
	return 0;
}

void xlpt_rtnl_close(struct xlpt_rtnl *nl)
{
	if (nl->ops)
		nl->ops->close(nl);
	*nl = (struct xlpt_rtnl){ 0 };
}
