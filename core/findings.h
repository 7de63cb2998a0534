/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What judging finds when it is not to stop at the first refusal (xlpt check): each point that was
 * judged, whether it is all right, and the line that mends it. The judges are those of the commands
 * that act. They get NULL then, and their first refusal is returned; with a collector it is
 * recorded, and the next point is judged.
 *
 * All functions accept NULL in the place of the collector.
 */
#ifndef XLPT_CORE_FINDINGS_H
#define XLPT_CORE_FINDINGS_H

#include "core/bdf.h"
#include "core/diag.h"

/* The worst last. */
enum xlpt_finding_state { XLPT_FINDING_OK, XLPT_FINDING_WARNING, XLPT_FINDING_FAILS };

const char *xlpt_finding_word(enum xlpt_finding_state state); /* "ok" "warning" "fails" */

struct xlpt_finding {
	enum xlpt_finding_state state;
	const char *point; /* what was judged, in one or two words: "reset"; not owned */
	bool has_bdf;	   /* of this device; else of the guest, or of the host */
	struct xlpt_bdf bdf;
	struct xlpt_diag diag; /* its code means something only when it fails */
};

struct xlpt_findings {
	struct xlpt_finding *items;
	size_t n, alloc;
	size_t last; /* what was found last */
	/* Of the first that fails: what the command would have returned. 0 = none fails. */
	int rc;
	/* What is judged now, for what is found. */
	const char *point;
	bool has_bdf;
	struct xlpt_bdf bdf;
};

void xlpt_findings_dispose(struct xlpt_findings *all);
#define _cleanup_findings_ XLPT_CLEANUP(xlpt_findings_dispose)

/* What is judged from here on; bdf NULL: of the guest, or of the host. */
void xlpt_findings_point(struct xlpt_findings *all, const char *point, const struct xlpt_bdf *bdf);

/*
 * What a judge returned, and its diagnosis. Without a collector, or without a diagnosis: rc. With
 * one: a refusal is moved there, and 0 comes back, so that the next point is judged.
 */
int xlpt_findings_judged(struct xlpt_findings *all, int rc, struct xlpt_diag *diag);

/* What was found at the point that is judged now. The same is kept once. */
void xlpt_findings_say(struct xlpt_findings *all, enum xlpt_finding_state state, const char *fmt,
		       ...) XLPT_PRINTF(3, 4);
#define xlpt_findings_ok(all, ...)   xlpt_findings_say(all, XLPT_FINDING_OK, __VA_ARGS__)
#define xlpt_findings_warn(all, ...) xlpt_findings_say(all, XLPT_FINDING_WARNING, __VA_ARGS__)
/* Adds the fact, or the line that mends it, to what was found last. */
void xlpt_findings_fact(struct xlpt_findings *all, const char *fmt, ...) XLPT_PRINTF(2, 3);
void xlpt_findings_mend(struct xlpt_findings *all, const char *fmt, ...) XLPT_PRINTF(2, 3);

/* Whether something was found at the point that is judged now, other than that it is all right. */
bool xlpt_findings_spoke(const struct xlpt_findings *all);

/* The worst first; what is equally bad stays in the order in which it was judged. */
void xlpt_findings_sort(struct xlpt_findings *all);

#endif
