/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether an attach or a start would work, and all that stands in its way. It is a dry run of that
 * command with a collector (core/findings.h), so both are judged by the same code: what the
 * first refusal would be, and with it the exit status, is what the command itself would come to.
 */
#ifndef XLPT_CHECK_H
#define XLPT_CHECK_H

#include "core/findings.h"
#include "xl-plugin/cli/cli.h"

/*
 * GUEST SPEC... or, with one word, CFG. What is found goes to all, and 0 comes back, also when it
 * would not work (all->rc). USAGE and SYNTAX are returned: there is nothing to be judged then.
 */
int xlpt_check(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_findings *all,
	       struct xlpt_diag *diag);

/* check-print.c: prints them, the worst first; args as they were checked. */
void xlpt_check_report(struct xlpt_env *env, const struct xlpt_args *args,
		       struct xlpt_findings *all);

#endif
