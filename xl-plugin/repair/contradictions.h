/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Contradictions: what two places say of one device, guest or file, and what cannot both be true
 * for longer than a moment. xenstore, the hypervisor, libxl, sysfs, leases, journals and libvirt
 * each keep a part of the truth; whoever is killed in the middle leaves them at odds.
 *
 * contradictions.c has the one table of all kinds. status, repair and every other reader find
 * and describe them through this header, so that they never say different things.
 */
#ifndef XLPT_CONTRADICTIONS_H
#define XLPT_CONTRADICTIONS_H

#include "core/bdf.h"
#include "xl-plugin/cli/env.h"

struct json_object;

struct xlpt_contradiction_kind;

/* One of them. All texts are for people and may hold names that others chose. */
struct xlpt_contradiction {
	const struct xlpt_contradiction_kind *kind;
	bool has_bdf;
	struct xlpt_bdf bdf;
	int64_t domid; /* -1 = none */
	char *guest;   /* its name, or NULL */
	char *what;    /* both sides, in one sentence that names the subject */
	char *why;     /* what was read where, or NULL */
	char *does;    /* what repair does: "take ... from web1"; NULL: only a person can decide */
	char *command; /* the line to type, "xlpt repair" or another one; never NULL */
	char *key;     /* for the fix: which file, or NULL */
};

struct xlpt_contradictions {
	struct xlpt_contradiction *items;
	size_t n, alloc;
};

void xlpt_contradictions_dispose(struct xlpt_contradictions *list);
#define _cleanup_contradictions_ XLPT_CLEANUP(xlpt_contradictions_dispose)

enum {
	/*
	 * What xl, libvirt or another xlpt has under way looks like a contradiction for a moment.
	 * With this, when there is one of that sort, it looks again after some seconds, and gives
	 * what was there both times. Without it an answer comes at once and may be early.
	 */
	XLPT_LOOK_TWICE = 1 << 0,
	/*
	 * Asks Xen for the owner of every device. It answers into its log (the key Q of xl
	 * debug-keys), where the lines stay: for commands that a person types, not for a timer.
	 */
	XLPT_LOOK_XEN_LOG = 1 << 1,
	/* Also reads what libxl has stored of each guest; libxl asks all its devices for it. */
	XLPT_LOOK_CONFIGS = 1 << 2,
	/*
	 * What an operation that was cut short explains is left out: mending it mends that, too.
	 * With this it is found all the same, for when the operation could not be mended.
	 */
	XLPT_LOOK_PAST_JOURNALS = 1 << 3,
};

/*
 * Finds all contradictions, those first that others rest on, and describes each. Changes
 * nothing. Where there is no Xen (env->store and env->ts NULL) it finds those of files alone.
 * Needs the host; the caller has opened Xen or tried to (xlpt_env_try_xen).
 */
int xlpt_contradictions_find(struct xlpt_env *env, unsigned flags, struct xlpt_contradictions *out,
			     struct xlpt_diag *diag);

/* "owner-mark": a stable word; and how such a contradiction comes about. */
const char *xlpt_contradiction_name(const struct xlpt_contradiction *c);
const char *xlpt_contradiction_cause(const struct xlpt_contradiction *c);
/* The words of all kinds, for completion. Caller frees. */
int xlpt_contradiction_names(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);
/* {"kind", "bdf", "guest", "domid", "what", "why", "cause", "does", "command"} */
struct json_object *xlpt_contradiction_json(const struct xlpt_contradiction *c);

#endif
