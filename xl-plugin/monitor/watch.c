/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints the state, then events, until a signal comes or nobody reads any more. */
#include <errno.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/monitor/monitor.h"

#define LOOK_MS	   250	 /* between two looks at least, whatever happens; and while */
#define LOOK_TIMES 10	 /* ... a look takes long, so many times that */
#define REST_MAX   2000	 /* ... but not more */
#define QUIET_MS   10000 /* without any sign it is looked, too: not everything gives one */
#define TRIES	   3	 /* looks that fail one after the other */

struct watching {
	struct xlpt_env *env;
	struct xlpt_seen seen;
	unsigned failed;
	int64_t next;	 /* no look before */
	int64_t quiet;	 /* how long without a sign */
	int64_t look_at; /* ... until then */
};

static void tell(void *ctx, const struct xlpt_event *event)
{
	xlpt_monitor_print_event(ctx, event);
}

/*
 * What fails once may work the next time: a domain goes while it is looked at. With the time that
 * a look takes the rest grows, so that a large host, or a guest that makes many signs, costs a
 * tenth of a processor at most.
 */
static int look(struct watching *w, bool first, struct xlpt_diag *diag)
{
	struct xlpt_clock *clock = w->env->clock;
	int64_t start = xlpt_now(clock), took;
	struct xlpt_seen now;
	int rc = xlpt_seen_read(w->env, &w->seen, &now, diag);

	if (rc && (first || ++w->failed >= TRIES))
		return rc;
	if (rc == 0) {
		w->failed = 0;
		if (first)
			xlpt_monitor_print_state(w->env, &now);
		else
			xlpt_seen_diff(&w->seen, &now, tell, w->env);
		xlpt_seen_dispose(&w->seen);
		w->seen = now;
	}
	xlpt_diag_dispose(diag);
	xlpt_out_flush(w->env);
	took = xlpt_now(clock) - start;
	w->next = xlpt_now(clock) + (took * LOOK_TIMES > REST_MAX  ? REST_MAX
				     : took * LOOK_TIMES > LOOK_MS ? took * LOOK_TIMES
								   : LOOK_MS);
	/* The last step of an attach is the guest's own, of which nothing gives a sign. */
	w->quiet = rc || (w->seen.pending && w->quiet < QUIET_MS) ? w->quiet * 2 : QUIET_MS;
	w->look_at = xlpt_now(clock) + w->quiet;
	return 0;
}

static bool written(struct xlpt_env *env)
{
	return !ferror(env->out) && !env->out_errno;
}

/* Until there is a sign and the last look is long enough ago, or nothing was heard for long. */
static int wait_sign(struct watching *w, struct xlpt_signs *signs, struct xlpt_diag *diag)
{
	struct xlpt_clock *clock = w->env->clock;
	int r = XLPT_SIGN_NONE;

	while (r == XLPT_SIGN_NONE && !xlpt_stop_came() && xlpt_now(clock) < w->look_at)
		r = xlpt_signs_wait(signs, w->look_at - xlpt_now(clock), diag);
	if (r == XLPT_SIGN_CHANGE)
		w->quiet = LOOK_MS;
	while (r >= 0 && r != XLPT_SIGN_NOBODY && !xlpt_stop_came() && xlpt_now(clock) < w->next) {
		int rested = xlpt_signs_rest(signs, w->next - xlpt_now(clock), diag);

		r = rested ? rested : r;
	}
	return r;
}

static int watch(struct watching *w, struct xlpt_diag *diag)
{
	_cleanup_signs_ struct xlpt_signs signs = { .uevents = -1, .files = -1 };
	int rc = xlpt_signs_open(w->env, &signs, diag);

	/* The look comes after the first moment from which signs are kept: nothing is missed. */
	if (rc == 0)
		rc = look(w, true, diag);
	while (rc == 0 && written(w->env) && !xlpt_stop_came()) {
		rc = wait_sign(w, &signs, diag);
		if (rc == XLPT_SIGN_NOBODY) {
			w->env->out_errno = EPIPE;
			return 0;
		}
		if (rc >= 0 && !xlpt_stop_came())
			rc = look(w, false, diag);
		else if (rc > 0)
			rc = 0;
	}
	return rc;
}

int xlpt_monitor_watch(struct xlpt_env *env, struct xlpt_diag *diag)
{
	struct watching w = { .env = env, .quiet = LOOK_MS };
	int rc;

	xlpt_stop_catch();
	rc = watch(&w, diag);
	xlpt_seen_dispose(&w.seen);
	/* Whoever stops reading has seen what he wanted: that is no failure. */
	if (rc == 0 && env->out_errno == EPIPE) {
		env->out_closed = true;
		env->done = true;
	}
	return rc;
}
