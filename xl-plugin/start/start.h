/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Creating a guest with the devices that its configuration names, pools included. Times are
 * milliseconds.
 */
#ifndef XLPT_START_H
#define XLPT_START_H

#include "converters/xl/entries.h"
#include "core/policy-create.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/mender.h"

#define XLPT_START_TIMEOUT_MS 180000 /* for a guest to boot until its PCI frontend connects */
#define XLPT_START_GRACE_MS   120000 /* for whoever creates the guest from what --print printed */

struct xlpt_args;

struct xlpt_start {
	struct xlpt_op op; /* must be the first member: the steps of the plan get a pointer to it */
	const char *file;  /* name of the configuration for messages; not owned */
	const char *text;  /* the configuration as it is; not owned */
	size_t len;
	/* all devices; else only those with seize=1 and those whose pool says so */
	bool take_from_dom0;
	/* --print: do everything except creating the guest, and print what xl is to read */
	bool print;
	bool keep;    /* --keep: a guest that lacks a device is left running */
	bool no_wait; /* --no-wait: do not wait for the kernel of a PV guest */
	int for_xl;   /* socket to the guard's program, which runs xl create; -1 = none */
	/* what the guard says about who watches the guest (for-xl.c, watched) */
	struct xlpt_str watcher;
	struct xlpt_str config; /* the configuration that xl gets */
	struct xlpt_xl_entries entries;
	/* what else the configuration says */
	char *gfx_passthru; /* "1", a card's name, or NULL */
	bool no_passthrough;
	struct xlpt_create_facts create; /* of the configuration, for the rules */
	struct xlpt_lease_terms terms;
	char uuid[37]; /* the UUID that the guest was given; "" = the configuration has one */
	struct xlpt_locks guest_lock;
	struct xlpt_diag *lacks; /* of each item, with keep: as in struct xlpt_awaited */
};

void xlpt_start_init(struct xlpt_start *s, struct xlpt_env *env);
void xlpt_start_dispose(struct xlpt_start *s);
#define _cleanup_start_ XLPT_CLEANUP(xlpt_start_dispose)

/*
 * Reads the command line (cmd-start.c). The text of the configuration goes to *text, which must
 * outlive s. An option that args->cmd does not have counts as not given.
 */
int xlpt_start_words(struct xlpt_start *s, const struct xlpt_args *args, struct xlpt_str *text,
		     struct xlpt_diag *diag);
/*
 * Creates the guest. 0: it runs and has every device. LEFT: see the journal. Any other code: there
 * is no guest, and each device is where it was.
 */
int xlpt_op_start(struct xlpt_start *s, struct xlpt_diag *diag);

/* After xl has created the guest: takes its lock, and makes the leases name its domain. */
int xlpt_start_found(struct xlpt_start *s, uint32_t domid, struct xlpt_diag *diag);
/*
 * A step: the backend names item i and the hypervisor has it with a guest, whatever the guest's
 * kernel does. CONFLICT when not.
 */
int xlpt_start_given(void *ctx, size_t i, struct xlpt_diag *diag);

/*
 * The guard's program (xl-plugin/sentry/xl) sends the configuration over a socket and gets back
 * the one for xl, each with a NUL behind it (for-xl.c). The guard runs xl, so that xl has its
 * terminal and its options. fd: the number of the socket, as the command line has it. *text: the
 * configuration, as xl would read it.
 */
int xlpt_start_from_guard(struct xlpt_start *s, const char *fd, struct xlpt_str *text,
			  struct xlpt_diag *diag);
int xlpt_start_hand_over(struct xlpt_start *s, struct xlpt_diag *diag);
/*
 * A step: hands the configuration over, and waits until the guest is there with its devices or xl
 * has ended.
 */
int xlpt_start_let_xl(void *ctx, size_t i, struct xlpt_diag *diag);

/*
 * Reads name, UUID and pci entries of s->text (read.c). SYNTAX with the place in the file. Changes
 * nothing.
 */
int xlpt_start_read(struct xlpt_start *s, struct xlpt_diag *diag);
/*
 * Adds the devices that the entries name, leases VFs out of pools, and makes what xl reads in
 * their place.
 */
int xlpt_start_resolve(struct xlpt_start *s, struct xlpt_diag *diag);
/* Makes s->config and reads it back. DATA when it would not say to xl exactly what was meant. */
int xlpt_start_generate(struct xlpt_start *s, struct xlpt_diag *diag);

/* GUEST_TYPE when a configuration with devices says passthrough="disabled" (foresee.c). */
int xlpt_start_judge_config(const struct xlpt_start *s, struct xlpt_diag *diag);
/* For xlpt check: records what xl and the device model will refuse about the configuration. */
void xlpt_start_foresee(struct xlpt_start *s);

/*
 * Fills terms.nodes with the NUMA nodes on which the guest will run, as far as cpus= says it:
 * "node:1", "0-3,8", joined by commas. "all" and exclusions say nothing. libxl's own placement is
 * not known yet.
 */
void xlpt_start_nodes(struct xlpt_start *s);

/*
 * With keep: LEFT when the guest lacks a device, with the reason for the first. The steps have
 * noted them in s->lacks.
 */
int xlpt_start_lacks(const struct xlpt_start *s, struct xlpt_diag *diag);

/*
 * xlpt wait (cmd-wait.c, wait.c): the devices that a guest's configuration, its leases and its
 * last domain name.
 */
struct xlpt_awaited {
	struct xlpt_op op;
	/* of each item: why the guest does not have it; message NULL = it has it */
	struct xlpt_diag *lacks;
};

void xlpt_awaited_dispose(struct xlpt_awaited *a);
#define _cleanup_awaited_ XLPT_CLEANUP(xlpt_awaited_dispose)
/*
 * Waits up to timeout_ms milliseconds for the guest, when it restarts, and for each of its
 * devices. CONFLICT when one is missing at the end, NO_GUEST.
 */
int xlpt_op_wait(struct xlpt_awaited *a, const char *guest, int64_t timeout_ms,
		 struct xlpt_diag *diag);

/* Prints the result. */
void xlpt_start_report(const struct xlpt_start *s);

/* The mender of a start that was cut short (mend.c). */
extern const struct xlpt_mender xlpt_mender_start;

#endif
