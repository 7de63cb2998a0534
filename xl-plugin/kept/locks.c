/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xlpt locks, and what it prints while it waits. The order is that of core/lock.h. */
#include "xl-plugin/kept/locks.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"

#define LOCK_DIR XLPT_STATE_DIR "/lock"

struct waiting {
	struct xlpt_env *env;
	const char *what; /* NULL: it is never held long, so waiting for it is not told */
};

static void waits(void *arg)
{
	const struct waiting *w = arg;

	if (w->what)
		xlpt_warn(w->env, "waiting for another xlpt that works on %s", w->what);
}

/* h: where the lock is */
static int take(struct xlpt_env *env, struct xlpt_host *h, struct xlpt_locks *locks,
		const struct xlpt_lock_key *key, const char *what, int64_t deadline,
		struct xlpt_diag *diag)
{
	struct waiting w = { .env = env, .what = what };
	int r = xlpt_lock_take(&env->locks, locks, h, env->clock, key, deadline, waits, &w);

	if (r == 0)
		return 0;
	if (r == -EINTR)
		return xlpt_check_interrupted(diag);
	if (r == -EWOULDBLOCK) {
		const char *path = key->directory ? env->sysroot : key->path;

		xlpt_diag_set(diag, XLPT_ERR_IN_USE,
			      "another xlpt works on %s and did not finish in time",
			      what ? what : "the pools");
		xlpt_diag_fact(diag, "it holds the lock %s", path);
		xlpt_diag_hint(diag, "wait for it, or see who it is: fuser -v %s", XLPT_WORD(path));
		return XLPT_ERR_IN_USE;
	}
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot lock %s", key->path);
	if (r == -ELOOP || r == -EISDIR || r == -ENXIO)
		xlpt_diag_hint(diag, "take away what stands there: rm -r %s", XLPT_WORD(key->path));
	else
		xlpt_diag_hint(diag, "run xlpt as root");
	return XLPT_ERR_IO;
}

static int take_named(struct xlpt_env *env, struct xlpt_locks *locks, enum xlpt_lock_kind kind,
		      uint64_t number, const char *name, const char *what, int64_t deadline,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(LOCK_DIR "/%s", name);
	const struct xlpt_lock_key key = { .kind = kind, .number = number, .path = path };
	int r = xlpt_file_private_dir(env->host, LOCK_DIR);

	if (r == 0)
		return take(env, env->host, locks, &key, what, deadline, diag);
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot make the directory " LOCK_DIR);
	xlpt_diag_hint(diag, "run xlpt as root");
	return XLPT_ERR_IO;
}

int xlpt_lock_guest(struct xlpt_env *env, struct xlpt_locks *locks, uint32_t domid,
		    int64_t deadline, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = xlpt_xasprintf("guest-%u", domid);
	_cleanup_free_ char *what = xlpt_xasprintf("domain %u", domid);

	return take_named(env, locks, XLPT_LOCK_GUEST, domid, name, what, deadline, diag);
}

int xlpt_lock_name(struct xlpt_env *env, struct xlpt_locks *locks, const char *name,
		   int64_t deadline, struct xlpt_diag *diag)
{
	uint64_t hash = 14695981039346656037u; /* FNV-1a, because a name may have any characters */
	_cleanup_free_ char *file = NULL;

	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	file = xlpt_xasprintf("name-%016llx", (unsigned long long)hash);
	/* Number 0 comes before all domains: the guest gets its number while this is held. */
	return take_named(env, locks, XLPT_LOCK_GUEST, 0, file, name, deadline, diag);
}

static uint64_t number_of(struct xlpt_bdf bdf)
{
	return (uint64_t)bdf.seg << 16 | (uint64_t)bdf.bus << 8 | (uint64_t)bdf.dev << 3 | bdf.func;
}

int xlpt_lock_device(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_bdf bdf,
		     int64_t deadline, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = xlpt_xasprintf("device-%s", XLPT_BDF_STR(bdf));

	return take_named(env, locks, XLPT_LOCK_DEVICE, number_of(bdf), name, XLPT_BDF_STR(bdf),
			  deadline, diag);
}

int xlpt_lock_pf(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_bdf pf,
		 int64_t deadline, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = xlpt_xasprintf("pf-%s", XLPT_BDF_STR(pf));
	_cleanup_free_ char *what = xlpt_xasprintf("the virtual functions of %s", XLPT_BDF_STR(pf));

	return take_named(env, locks, XLPT_LOCK_PF, number_of(pf), name, what, deadline, diag);
}

static int cmp_bdf(const void *a, const void *b)
{
	return xlpt_bdf_cmp(*(const struct xlpt_bdf *)a, *(const struct xlpt_bdf *)b);
}

int xlpt_lock_all(struct xlpt_env *env, struct xlpt_locks *locks, const uint32_t *domid,
		  struct xlpt_bdf *bdfs, size_t n, struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS;
	int rc = domid ? xlpt_lock_guest(env, locks, *domid, deadline, diag) : 0;

	if (n)
		qsort(bdfs, n, sizeof(*bdfs), cmp_bdf);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = xlpt_lock_device(env, locks, bdfs[i], deadline, diag);
	return rc;
}

/* When there is no file, nobody has the lock; a look does not make the file. */
static bool busy(struct xlpt_env *env, const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf(LOCK_DIR "/%s", name);
	_cleanup_close_ int fd =
		env->host->ops->open(env->host, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	return fd >= 0 && xlpt_flock_now(fd, true) == -EWOULDBLOCK;
}

bool xlpt_busy_guest(struct xlpt_env *env, uint32_t domid)
{
	_cleanup_free_ char *name = xlpt_xasprintf("guest-%u", domid);

	return busy(env, name);
}

bool xlpt_busy_device(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	_cleanup_free_ char *name = xlpt_xasprintf("device-%s", XLPT_BDF_STR(bdf));

	return busy(env, name);
}

bool xlpt_locked_device(const struct xlpt_env *env, struct xlpt_bdf bdf)
{
	return xlpt_lock_fd(&env->locks, XLPT_LOCK_DEVICE, number_of(bdf)) >= 0;
}

int xlpt_lock_pools(struct xlpt_env *env, struct xlpt_locks *locks, int64_t deadline,
		    struct xlpt_diag *diag)
{
	return take_named(env, locks, XLPT_LOCK_POOLS, 0, "pools", NULL, deadline, diag);
}

/*
 * For all trees of --sysroot together. Whoever may open the directory of a tree could lock that, for
 * ever: so root locks what root alone can open. 1: there is no such place.
 */
static int take_for_trees(struct xlpt_env *env, struct xlpt_locks *locks, const char *what,
			  int64_t deadline, struct xlpt_diag *diag)
{
	const struct xlpt_lock_key key = { .kind = XLPT_LOCK_FILES, .path = LOCK_DIR "/trees" };
	struct xlpt_host here;
	int rc = 1;

	if (!env->own_process || geteuid() != 0 || xlpt_host_open(&here, "/"))
		return 1;
	if (xlpt_file_private_dir(&here, LOCK_DIR) == 0)
		rc = take(env, &here, locks, &key, what, deadline, diag);
	xlpt_host_close(&here);
	return rc;
}

int xlpt_lock_files(struct xlpt_env *env, struct xlpt_locks *locks, const char *name,
		    const char *what, struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + XLPT_LOCK_TIMEOUT_MS;
	/* No lock file is written into a tree: others than root lock its directory. */
	const struct xlpt_lock_key image = { .kind = XLPT_LOCK_FILES,
					     .path = "/",
					     .directory = true };

	if (env->sysroot) {
		int rc = take_for_trees(env, locks, what, deadline, diag);

		return rc == 1 ? take(env, env->host, locks, &image, what, deadline, diag) : rc;
	}
	return take_named(env, locks, XLPT_LOCK_FILES, 0, name, what, deadline, diag);
}
