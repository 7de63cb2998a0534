/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Creating a guest with the devices its configuration names, pools included. */
#ifndef XLPT_START_H
#define XLPT_START_H

#include "converters/xl/entries.h"
#include "core/policy-create.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/mender.h"

#define XLPT_START_TIMEOUT_MS 180000 /* a guest's boot, up to where its PCI frontend connects */
#define XLPT_START_GRACE_MS   120000 /* for whoever creates the guest from what --print gave */

struct xlpt_args;

struct xlpt_start {
	struct xlpt_op op; /* first: the steps' context is the operation */
	const char *file;  /* for messages */
	const char *text;  /* the configuration as it is; not owned */
	size_t len;
	bool take_from_dom0; /* all devices; else those with seize=1, and what a pool says so of */
	bool print;	     /* everything but creating it */
	bool keep;	     /* a guest that lacks a device is left running */
	bool no_wait;	     /* do not wait for a PV guest's own kernel */
	int for_xl;	     /* a socket to the guard's program, which runs xl create; -1 = none */
	struct xlpt_str watcher; /* what the guard says of who watches the guest: see watched() */
	struct xlpt_str config;	 /* what xl gets */
	struct xlpt_xl_entries entries;
	/* what else the configuration says */
	char *gfx_passthru; /* "1", a card's name, or NULL */
	bool no_passthrough;
	struct xlpt_create_facts create; /* of the configuration, for the rules */
	struct xlpt_lease_terms terms;
	char uuid[37]; /* given to the guest, "" when it has its own */
	struct xlpt_locks guest_lock;
	struct xlpt_diag *lacks; /* of each item, with keep, as struct xlpt_awaited has them */
};

void xlpt_start_init(struct xlpt_start *s, struct xlpt_env *env);
void xlpt_start_dispose(struct xlpt_start *s);
#define _cleanup_start_ XLPT_CLEANUP(xlpt_start_dispose)

/*
 * cmd-start.c: the configuration, whose text is the caller's, and the options; one that the
 * command does not have was not given.
 */
int xlpt_start_words(struct xlpt_start *s, const struct xlpt_args *args, struct xlpt_str *text,
		     struct xlpt_diag *diag);
/* Afterwards the guest runs and has every device, or there is no guest and each is where it was. */
int xlpt_op_start(struct xlpt_start *s, struct xlpt_diag *diag);

/* xl has created it: its lock is had, and the leases name its domain. */
int xlpt_start_found(struct xlpt_start *s, uint32_t domid, struct xlpt_diag *diag);
/*
 * A step. Whatever the guest's kernel does: the backend names item i, and the hypervisor has it
 * with a guest; CONFLICT.
 */
int xlpt_start_given(void *ctx, size_t i, struct xlpt_diag *diag);

/*
 * for-xl.c: the guard's program (xl-plugin/sentry/xl) sends the configuration and gets the one for
 * xl back, each with a NUL behind it. xl keeps its terminal and options, for it is not run by us.
 * fd as it was given; *text is what came, as xl would read it.
 */
int xlpt_start_from_guard(struct xlpt_start *s, const char *fd, struct xlpt_str *text,
			  struct xlpt_diag *diag);
int xlpt_start_hand_over(struct xlpt_start *s, struct xlpt_diag *diag);
/* A step: hands over, and waits until the guest is there with its devices, or xl has ended. */
int xlpt_start_let_xl(void *ctx, size_t i, struct xlpt_diag *diag);

/* read.c: name, UUID and entries of s->text; SYNTAX with the place in the file. Changes nothing. */
int xlpt_start_read(struct xlpt_start *s, struct xlpt_diag *diag);
/* The devices that the entries name, VFs out of pools leased, and what xl reads in their place. */
int xlpt_start_resolve(struct xlpt_start *s, struct xlpt_diag *diag);
/* s->config, read back: DATA unless it says to xl what was meant, and no more. */
int xlpt_start_generate(struct xlpt_start *s, struct xlpt_diag *diag);

/* foresee.c: GUEST_TYPE for a configuration with devices that says passthrough="disabled". */
int xlpt_start_judge_config(const struct xlpt_start *s, struct xlpt_diag *diag);
/* xlpt check: what xl and the device model will say against the configuration. */
void xlpt_start_foresee(struct xlpt_start *s);

/*
 * Fills terms.nodes: where the guest will run, as far as cpus= says: "node:1", "0-3,8", joined. "all"
 * and exclusions say nothing, nor does libxl's own placement, which is to come.
 */
void xlpt_start_nodes(struct xlpt_start *s);

/* With keep: LEFT with the first of the devices that the guest lacks, which the steps have noted. */
int xlpt_start_lacks(const struct xlpt_start *s, struct xlpt_diag *diag);

/* cmd-wait.c and wait.c: the devices that a guest's configuration, its leases and its last domain name. */
struct xlpt_awaited {
	struct xlpt_op op;
	struct xlpt_diag
		*lacks; /* of each item, why the guest does not have it; message NULL: it has */
};

void xlpt_awaited_dispose(struct xlpt_awaited *a);
#define _cleanup_awaited_ XLPT_CLEANUP(xlpt_awaited_dispose)
/* Waits for the guest, when it restarts, and for each of them; CONFLICT when one is missing at the end. */
int xlpt_op_wait(struct xlpt_awaited *a, const char *guest, int64_t timeout_ms,
		 struct xlpt_diag *diag);

void xlpt_start_report(const struct xlpt_start *s);

extern const struct xlpt_mender xlpt_mender_start;

#endif
