/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one run of xlpt works with. main() leaves the seams empty and they are
 * opened when a command first needs them; a test fills them with its fakes.
 */
#ifndef XLPT_ENV_H
#define XLPT_ENV_H

#include "core/clock.h"
#include "core/host.h"
#include "core/lock.h"
#include "core/stop.h"
#include "pciback/sriov/rtnl.h"
#include "xenstore/store.h"
#include "xl-plugin/backend/toolstack.h"

struct json_object;
struct xlpt_findings;

#define XLPT_STATE_DIR "/run/xlpt" /* locks, journal: they belong to this boot */

struct xlpt_env {
	FILE *out, *err;
	FILE *in; /* requests of batch, from a test; NULL = standard input */
	struct xlpt_clock *clock;
	struct xlpt_host *host;
	struct xlpt_store *store;
	struct xlpt_toolstack *ts;
	struct xlpt_rtnl *rtnl;
	struct xlpt_lock_owner locks; /* all that this command holds */
	const char *pci_ids;	      /* a pci.ids file, or NULL for the system's */
	const char *sysroot;	      /* NULL on the running system */
	bool json, dry_run;
	bool compact;	  /* JSON in one line */
	bool own_process; /* main's: it may give up what root may do */
	bool in_batch;	  /* a request of xlpt batch: a signal is the whole batch's */
	/* The caller has closed standard output: a command that only prints fails by it. */
	bool out_closed;
	int out_errno; /* of a failed write to out; 0 = none failed, or not known */
	char **warned; /* xlpt_warn_once's lines; xlpt_env_close frees them */
	bool done;     /* what was to be changed is as it was asked for: see xlpt_run */
	bool waiting;  /* a line on err says what is waited for: xlpt_waiting */
	bool reported; /* what was printed says itself what failed: with --json nothing follows */
	int verbose;
	bool around_libvirt; /* --around-libvirt: what libvirt manages is changed without it */
	/*
	 * xlpt check: a dry run whose judges tell all that they find here (core/findings.h). What
	 * would be said or warned of is found, too, and not printed.
	 */
	struct xlpt_findings *findings;
	struct json_object *said; /* array: with --json xlpt_say adds to it; NULL = it is dropped */

	struct xlpt_diag no_xen; /* why store and ts are not there: xlpt_env_try_xen */

	/* opened here when the pointers above were empty */
	struct xlpt_host own_host;
	struct xlpt_store own_store;
	struct xlpt_toolstack own_ts;
	struct xlpt_rtnl own_rtnl;
};

int xlpt_env_need_host(struct xlpt_env *env, struct xlpt_diag *diag);
/* Host, xenstore and toolstack. */
int xlpt_env_need_xen(struct xlpt_env *env, struct xlpt_diag *diag);
/* The diagnosis for who is not root. Returns its code. */
int xlpt_env_not_root(struct xlpt_diag *diag);
/* The kernel's link settings; refused on a captured tree. */
int xlpt_env_need_rtnl(struct xlpt_env *env, struct xlpt_diag *diag);
/*
 * For commands that can do without: opens what is there. On a tree that xlpt
 * capture made, what it has; on another, or a host without Xen, env->store and
 * env->ts stay NULL, and env->no_xen says why (empty for a tree that does not tell).
 */
int xlpt_env_try_xen(struct xlpt_env *env, struct xlpt_diag *diag);
void xlpt_env_close(struct xlpt_env *env);

/*
 * The program: argv as main gets it. Returns the exit status. When the output cannot be
 * written, that is XLPT_ERR_LEFT's for a command that has changed something, else a failure.
 */
int xlpt_run(int argc, char **argv, struct xlpt_env *env);

#endif
