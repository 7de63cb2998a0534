/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/file.h"
#include "xl-plugin/op.h"
#include "xl-plugin/output.h"

void xlpt_locks_release(struct xlpt_locks *locks)
{
	while (locks->n)
		xlpt_closep(&locks->fds[--locks->n]);
	free(locks->fds);
	*locks = (struct xlpt_locks){ 0 };
}

/* what: NULL waits without a word, for what is never held long. */
static int take(struct xlpt_env *env, struct xlpt_locks *locks, const char *name, const char *what,
		int64_t deadline, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_STATE_DIR "/lock/%s", name);
	_cleanup_close_ int fd = -1;
	int r;

	r = xlpt_file_private_dir(env->host, XLPT_STATE_DIR "/lock");
	if (r == 0) {
		fd = env->host->ops->open(env->host, path, O_RDWR | O_CREAT, 0600);
		r = fd < 0 ? fd : 0;
	}
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot open %s", path);
		xlpt_diag_hint(diag, "run xlpt as root");
		return XLPT_ERR_IO;
	}
	r = xlpt_clock_flock(env->clock, fd, 0, NULL);
	if (r == -EWOULDBLOCK) {
		if (what && xlpt_now(env->clock) < deadline)
			xlpt_warn(env, "waiting for another xlpt that works on %s", what);
		r = xlpt_clock_flock(env->clock, fd, deadline, &xlpt_interrupted);
	}
	if (r == -EINTR)
		return xlpt_check_interrupted(diag);
	if (r == -EWOULDBLOCK) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE,
			      "another xlpt works on %s and did not finish in time",
			      what ? what : "the pools");
		xlpt_diag_fact(diag, "it holds the lock %s", path);
		xlpt_diag_hint(diag, "wait for it, or see who it is: fuser -v %s", path);
		return XLPT_ERR_IN_USE;
	}
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot lock %s", path);
	XLPT_GROW(locks->fds, locks->n, locks->alloc);
	locks->fds[locks->n++] = fd;
	fd = -1;
	return 0;
}

int xlpt_lock_guest(struct xlpt_env *env, struct xlpt_locks *locks, uint32_t domid,
		    int64_t deadline, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = xlpt_xasprintf("guest-%u", domid);
	_cleanup_free_ char *what = xlpt_xasprintf("domain %u", domid);

	return take(env, locks, name, what, deadline, diag);
}

int xlpt_lock_device(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_bdf bdf,
		     int64_t deadline, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = xlpt_xasprintf("device-%s", XLPT_BDF_STR(bdf));

	return take(env, locks, name, XLPT_BDF_STR(bdf), deadline, diag);
}

static int cmp_bdf(const void *a, const void *b)
{
	return xlpt_bdf_cmp(*(const struct xlpt_bdf *)a, *(const struct xlpt_bdf *)b);
}

/* Sorted, so that two operations on the same devices cannot wait for each other. */
int xlpt_lock_all(struct xlpt_env *env, struct xlpt_locks *locks, const uint32_t *domid,
		  struct xlpt_bdf *bdfs, size_t n, struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS;
	int rc = domid ? xlpt_lock_guest(env, locks, *domid, deadline, diag) : 0;

	if (n)
		qsort(bdfs, n, sizeof(*bdfs), cmp_bdf);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if (!i || !xlpt_bdf_eq(bdfs[i], bdfs[i - 1]))
			rc = xlpt_lock_device(env, locks, bdfs[i], deadline, diag);
	return rc;
}

int xlpt_lock_pools(struct xlpt_env *env, struct xlpt_locks *locks, int64_t deadline,
		    struct xlpt_diag *diag)
{
	return take(env, locks, "pools", NULL, deadline, diag);
}

/* An image is locked as a whole, by its own directory: nothing of ours is written into it for that. */
static int lock_image(struct xlpt_env *env, struct xlpt_locks *locks, const char *what,
		      struct xlpt_diag *diag)
{
	_cleanup_close_ int fd = env->host->ops->open(env->host, "/", O_RDONLY | O_DIRECTORY, 0);
	int r = fd;

	if (r >= 0)
		r = xlpt_clock_flock(env->clock, fd, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS,
				     &xlpt_interrupted);
	if (r == -EINTR)
		return xlpt_check_interrupted(diag);
	if (r == -EWOULDBLOCK) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE,
			      "another xlpt works on %s and did not finish in time", what);
		xlpt_diag_hint(diag, "wait for it, or see who it is: fuser -v %s", env->sysroot);
		return XLPT_ERR_IN_USE;
	}
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot lock %s", env->sysroot);
	XLPT_GROW(locks->fds, locks->n, locks->alloc);
	locks->fds[locks->n++] = fd;
	fd = -1;
	return 0;
}

int xlpt_lock_files(struct xlpt_env *env, struct xlpt_locks *locks, const char *name,
		    const char *what, struct xlpt_diag *diag)
{
	if (env->sysroot)
		return lock_image(env, locks, what, diag);
	return take(env, locks, name, what, xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
}
