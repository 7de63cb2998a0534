/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the rules of an attach are kept and asked: between policy.c and policy-guest.c. */
#ifndef XLPT_CORE_POLICY_RULE_H
#define XLPT_CORE_POLICY_RULE_H

#include "core/policy.h"

struct xlpt_rule {
	const char *point; /* what it judges, in one or two words */
	bool of_device;	   /* else of the guest, or of the host */
	int (*judge)(const struct xlpt_attach_facts *f, struct xlpt_diag *diag);
	/* What is found when nothing is wrong; NULL (also from it): nothing is said. Caller frees. */
	char *(*says)(const struct xlpt_attach_facts *f);
};

/* In their order: the first refusal, or, with a collector, all of them and 0. */
int xlpt_rules_judge(const struct xlpt_rule *rules, size_t n, const struct xlpt_attach_facts *f,
		     struct xlpt_diag *diag);

#endif
