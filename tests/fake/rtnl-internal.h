/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rtnl.c has the verbs of rtnl.h and takes settings, rtnl-answer.c writes answers. */
#ifndef XLPT_TESTS_FAKE_RTNL_INTERNAL_H
#define XLPT_TESTS_FAKE_RTNL_INTERNAL_H

#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <net/if.h>

#include "tests/fake/rtnl.h"

#define MAX_VFS 64

struct fake_vf {
	uint8_t mac[6];
	uint32_t vlan, qos;
	uint16_t proto;
	bool spoofchk, trust;
	uint32_t link, min_rate, max_rate;
	bool associated;
	char port[400];
	uint8_t instance[16];
	bool has_instance;
};

struct fake_link {
	char name[IFNAMSIZ];
	uint8_t mac[6];
	bool up;
	unsigned features, n;
	struct fake_vf vfs[MAX_VFS];
};

struct fake_rtnl {
	struct xlpt_rtnl nl;
	struct fake_link *links;
	size_t n, alloc;
	unsigned fail_in;
	int fail_err;
	char *words;
	struct xlpt_str raw, log;
	int *answers;
	size_t n_answers, at_answer;
};

void fake_rtnl_acknowledge(struct fake_rtnl *f, struct xlpt_str *o, const struct nlmsghdr *req,
			   int err);
void fake_rtnl_get_link(struct fake_rtnl *f, struct xlpt_str *o, const struct nlmsghdr *req,
			const struct fake_link *l);

#endif
