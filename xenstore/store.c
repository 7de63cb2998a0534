/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every user of xenstore needs on top of the table of operations.
 */
#include "xenstore/store.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

/*
 * xenstored answers EAGAIN to a commit when somebody else changed a node the
 * transaction has touched. A retry costs some tens of microseconds, so a
 * hundred of them outlast any honest neighbour and still end.
 */
#define TRANSACT_TRIES 100

void xlpt_store_close(struct xlpt_store *s)
{
	if (s->ops)
		s->ops->close(s);
	memset(s, 0, sizeof(*s));
}

int xlpt_store_read(struct xlpt_store *s, xlpt_xst t, char **value, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	*value = NULL;
	return s->ops->read(s, t, path, value);
}

int xlpt_store_read_uint(struct xlpt_store *s, xlpt_xst t, unsigned *value, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL, *text = NULL;
	uint64_t number;
	va_list ap;
	int r;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	r = s->ops->read(s, t, path, &text);
	if (r)
		return r;
	if (!xlpt_parse_uint(text, strlen(text), 10, UINT_MAX, &number))
		return -EINVAL;
	*value = (unsigned)number;
	return 0;
}

int xlpt_store_write(struct xlpt_store *s, xlpt_xst t, const char *value, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	return s->ops->write(s, t, path, value);
}

int xlpt_store_rm(struct xlpt_store *s, xlpt_xst t, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	return s->ops->rm(s, t, path);
}

int xlpt_store_list(struct xlpt_store *s, xlpt_xst t, char ***names, const char *fmt, ...)
{
	_cleanup_free_ char *path = NULL;
	va_list ap;

	va_start(ap, fmt);
	path = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	*names = NULL;
	return s->ops->list(s, t, path, names);
}

int xlpt_store_prune(struct xlpt_store *s, xlpt_xst t, const char *path, const char *stop)
{
	_cleanup_free_ char *p = xlpt_xstrdup(path);
	char *slash;
	int r;

	r = s->ops->rm(s, t, p);
	if (r)
		return r;
	while ((slash = strrchr(p, '/'))) {
		_cleanup_strv_ char **names = NULL;
		_cleanup_free_ char *value = NULL;

		*slash = '\0';
		if (!xlpt_starts(p, stop) || p[strlen(stop)] != '/')
			break;
		r = s->ops->read(s, t, p, &value);
		if (r == -ENOENT)
			continue;
		if (r)
			return r;
		r = s->ops->list(s, t, p, &names);
		if (r)
			return r;
		if (*value || xlpt_strv_len(names))
			break;
		r = s->ops->rm(s, t, p);
		if (r)
			return r;
	}
	return 0;
}

int xlpt_store_transact(struct xlpt_store *s,
			int (*body)(struct xlpt_store *s, xlpt_xst t, void *arg), void *arg)
{
	int r = -EAGAIN;

	for (int i = 0; i < TRANSACT_TRIES && r == -EAGAIN; i++) {
		xlpt_xst t;

		r = s->ops->begin(s, &t);
		if (r)
			return r;
		r = body(s, t, arg);
		if (r)
			/* The body's reason counts; an abort has nothing to add to it. */
			s->ops->end(s, t, true);
		else
			r = s->ops->end(s, t, false);
	}
	return r;
}

/*
 * An honest change wakes a wait some ten times. A guest that writes without pause would have dom0
 * look as often; after so many looks each is followed by a rest.
 */
#define LOOKS_MANY 200
#define REST_MS	   20

/* The part of xlpt_store_wait_until that runs with the watch in place. */
static int wait_watching(struct xlpt_store *s, int64_t deadline_ms, int64_t poll_ms,
			 int (*check)(struct xlpt_store *s, void *arg), void *arg)
{
	for (unsigned looks = 1;; looks++) {
		int64_t left;
		int r = check(s, arg);

		if (r)
			return r;
		if (looks > LOOKS_MANY)
			s->clock->sleep_ms(s->clock, REST_MS);
		left = deadline_ms - xlpt_now(s->clock);
		if (left <= 0)
			return -ETIMEDOUT;
		r = s->ops->wait(s, poll_ms > 0 && poll_ms < left ? poll_ms : left);
		if (r < 0)
			return r;
	}
}

int xlpt_store_wait_until(struct xlpt_store *s, const char *path, int64_t deadline_ms,
			  int64_t poll_ms, int (*check)(struct xlpt_store *s, void *arg), void *arg)
{
	int r;

	/* Often the fact is there already, and then a watch is three messages for nothing. */
	r = check(s, arg);
	if (r)
		return r < 0 ? r : 0;
	r = s->ops->watch(s, path);
	if (r)
		return r;
	/*
	 * The first look in there is not the one above again: it sees what
	 * changed between that one and the watch. The event that xenstored sends
	 * for every new watch costs one further look and nothing else.
	 */
	r = wait_watching(s, deadline_ms, poll_ms, check, arg);
	s->ops->unwatch(s, path);
	return r < 0 ? r : 0;
}

int xlpt_store_error(struct xlpt_diag *diag, int r, const char *fmt, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list ap;

	va_start(ap, fmt);
	what = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	switch (r) {
	case -EAGAIN:
		xlpt_diag_set(diag, XLPT_ERR_IO, "%s: xenstore kept changing", what);
		xlpt_diag_fact(diag, "a transaction was refused %d times in a row", TRANSACT_TRIES);
		xlpt_diag_hint(diag, "find out who keeps writing there with xenstore-watch, "
				     "then try again");
		return XLPT_ERR_IO;
	case -EACCES:
	case -EPERM:
		xlpt_diag_errno(diag, XLPT_ERR_NO_XEN, -r, "%s", what);
		xlpt_diag_hint(diag, "run this as root in the control domain");
		return XLPT_ERR_NO_XEN;
	case -EBADF:
	case -EPIPE:
	case -ECONNRESET:
		/* libxenstore's reader thread closes its socket when xenstored goes away. */
		xlpt_diag_errno(diag, XLPT_ERR_NO_XEN, -r, "%s: connection to xenstored lost",
				what);
		xlpt_diag_hint(diag, "see whether xenstored still runs: pgrep -a xenstored");
		return XLPT_ERR_NO_XEN;
	case -ETIMEDOUT:
		xlpt_diag_set(diag, XLPT_ERR_TIMEOUT, "%s: no answer in time", what);
		xlpt_diag_hint(diag, "see whether xenstored still runs: pgrep -a xenstored");
		return XLPT_ERR_TIMEOUT;
	default:
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "%s", what);
	}
}
