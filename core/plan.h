/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An ordered list of steps, each with a sentence, a way to do it and a way to
 * undo it. --dry-run prints the sentences; running executes them in order, and
 * on failure undoes in reverse order what was begun.
 *
 * An undo looks at what is there and takes it back; it must succeed when there
 * is nothing to take back. That is why it also runs for the step that failed:
 * a step may have failed half-way.
 */
#ifndef XLPT_CORE_PLAN_H
#define XLPT_CORE_PLAN_H

#include "core/diag.h"

typedef int (*xlpt_step_fn)(void *ctx, size_t arg, struct xlpt_diag *diag);

struct xlpt_step {
	char *what;	 /* "bind 0000:02:00.0 to pciback" */
	char *undo_what; /* "give 0000:02:00.0 back to e1000e", NULL without undo */
	xlpt_step_fn run;
	xlpt_step_fn undo; /* or NULL */
	size_t arg;	   /* for the functions, e.g. an index into ctx's items */
	bool final;	   /* changes something and cannot be undone: see xlpt_plan_final */
};

struct xlpt_plan {
	struct xlpt_step *steps;
	size_t n, alloc;
};

/* Told before a step is run or undone and after it succeeded. before may refuse. */
struct xlpt_plan_observer {
	void *priv;
	int (*before)(void *priv, size_t i, const struct xlpt_step *step, bool undo,
		      struct xlpt_diag *diag);
	void (*after)(void *priv, size_t i, const struct xlpt_step *step, bool undo);
};

void xlpt_plan_dispose(struct xlpt_plan *plan);
#define _cleanup_plan_ XLPT_CLEANUP(xlpt_plan_dispose)

/* The sentences are taken over (malloc'ed; undo_what may be NULL). */
void xlpt_plan_add(struct xlpt_plan *plan, xlpt_step_fn run, xlpt_step_fn undo, size_t arg,
		   char *what, char *undo_what);

/* The step added last is one that changes something for good once it is done. */
void xlpt_plan_final(struct xlpt_plan *plan);

/*
 * Runs all steps, and looks between them whether a signal asks to stop (core/stop.h).
 * On failure everything begun is undone and the failing step's
 * code comes back, or XLPT_ERR_LEFT when an undo failed too, or when a final
 * step had been done (the message then names what is left or done). After a
 * failed undo the earlier steps with the same arg are not undone: they were the
 * ground it stood on.
 */
int xlpt_plan_run(const struct xlpt_plan *plan, void *ctx, const struct xlpt_plan_observer *obs,
		  struct xlpt_diag *diag);
/*
 * Undoes a plan that was run to its end, because something that came after it failed. diag has that
 * failure; 0, or XLPT_ERR_LEFT when an undo failed, which diag then says as well.
 */
int xlpt_plan_undo(const struct xlpt_plan *plan, void *ctx, const struct xlpt_plan_observer *obs,
		   struct xlpt_diag *diag);

#endif
