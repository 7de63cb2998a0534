/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's side of NETLINK_ROUTE as far as VFs go, byte for byte: it reads
 * real RTM_GETLINK and RTM_SETLINK messages (with linux/rtnetlink.h alone, not
 * with the library that wrote them) and answers as net/core/rtnetlink.c and the
 * igb driver do (errno for errno, seen in the lab). And a scripted peer for port
 * profiles: enic behind the kernel, or lldpad on a port of its own.
 */
#ifndef XLPT_TESTS_FAKE_RTNL_H
#define XLPT_TESTS_FAKE_RTNL_H

#include "core/vfid.h"
#include "pciback/sriov/rtnl.h"

struct fake_rtnl;

enum {
	FAKE_RTNL_LINK_STATE = 1 << 0, /* the driver knows link states; igb does not */
	FAKE_RTNL_8021AD = 1 << 1,     /* ... and VLANs of that protocol */
	FAKE_RTNL_NO_TRUST = 1 << 2,   /* ... and no trust: reports -1, refuses to set it */
	FAKE_RTNL_DEAF = 1 << 3,       /* acknowledges and does nothing */
	FAKE_RTNL_MIN_RATE = 1 << 4,
};

struct fake_rtnl *fake_rtnl_new(void);
void fake_rtnl_free(struct fake_rtnl *f);
struct xlpt_rtnl *fake_rtnl_get(struct fake_rtnl *f);

/* A PF's interface. mac: "52:54:00:00:00:10". VFs come with fake_rtnl_vfs. */
void fake_rtnl_link(struct fake_rtnl *f, const char *ifname, const char *mac, unsigned features);
void fake_rtnl_up(struct fake_rtnl *f, const char *ifname, bool up);
void fake_rtnl_features(struct fake_rtnl *f, const char *ifname, unsigned features);
/* From now it has n fresh VFs, as after a write to sriov_numvfs. */
void fake_rtnl_vfs(struct fake_rtnl *f, const char *ifname, unsigned n);

/* The nth coming message (from 1) is answered with that errno and does nothing. 0: none. */
void fake_rtnl_fail(struct fake_rtnl *f, unsigned nth, int err);
/* Words that go with every refusal (extended acknowledgement); NULL: none. */
void fake_rtnl_words(struct fake_rtnl *f, const char *words);
/* The next answer is these bytes. */
void fake_rtnl_raw(struct fake_rtnl *f, const void *bytes, size_t len);

/* The switch's answers, one a poll, the last one for ever. -1: no IFLA_PORT_RESPONSE. */
void fake_rtnl_port_answers(struct fake_rtnl *f, const int *answers, size_t n);

/* "enp1s0 vf 0 mac 52:54:00:6d:90:02\n" for each setting; "enp1s0 vf 0 port associate ...". */
const char *fake_rtnl_log(struct fake_rtnl *f);
/* A line per VF, with all its settings; caller frees. */
char *fake_rtnl_snapshot(struct fake_rtnl *f);

#endif
