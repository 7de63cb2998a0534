/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The files of leases. A file is written once, before it has its name; a changed lease is another
 * file that takes over the name.
 */
#include "xl-plugin/kept/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/kept.h"

#define RECORD XLPT_LEASE_RECORD

void xlpt_lease_dispose(struct xlpt_lease *lease)
{
	/*
	 * An all-zero lease is valid and holds no descriptor; its 0 must not close standard input.
	 */
	if (lease->pool)
		xlpt_closep(&lease->fd);
	free(lease->pool);
	free(lease->guest);
	*lease = (struct xlpt_lease){ .fd = -1 };
}

void xlpt_leases_dispose(struct xlpt_leases *leases)
{
	for (size_t i = 0; i < leases->n; i++)
		xlpt_lease_dispose(&leases->items[i]);
	free(leases->items);
	*leases = (struct xlpt_leases){ 0 };
}

struct xlpt_lease *xlpt_leases_find(const struct xlpt_leases *leases, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < leases->n; i++)
		if (xlpt_bdf_eq(leases->items[i].bdf, bdf))
			return &leases->items[i];
	return NULL;
}

char *xlpt_lease_holder(const struct xlpt_lease *lease)
{
	if (!*lease->guest)
		return xlpt_xstrdup("a lease that cannot be read");
	if (lease->restarts)
		return xlpt_xasprintf("%s restarting", lease->guest);
	if (lease->domid < 0)
		return xlpt_xasprintf("%s (starting)", lease->guest);
	return xlpt_xasprintf("%s (domain %lld)", lease->guest, (long long)lease->domid);
}

char *xlpt_lease_since(const struct xlpt_lease *lease, char buf[XLPT_SINCE_LEN])
{
	time_t t = (time_t)lease->since;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(buf, XLPT_SINCE_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*buf = '\0';
	return buf;
}

void xlpt_lease_boot(struct xlpt_env *env, char out[40])
{
	if (!xlpt_host_boot_id(env->host, out))
		snprintf(out, 40, "-");
}

/*
 * A file with a lease's name that is no lease keeps its VF from being given out, and nothing else.
 */
static void of_nobody(struct xlpt_env *env, struct xlpt_lease *l, const char *until)
{
	xlpt_warn_once(env,
		       XLPT_LEASES_DIR "/%s is not a lease that this xlpt can read; its VF is not "
				       "given out until %s",
		       XLPT_BDF_STR(l->bdf), until);
	free(l->pool);
	free(l->guest);
	l->pool = xlpt_xstrdup("?");
	l->guest = xlpt_xstrdup("");
	*l->uuid = '\0';
	l->domid = -1;
}

/* Reads the open file fd. When its record cannot be read, l becomes a lease of nobody. */
static void load(struct xlpt_env *env, struct xlpt_lease *l, int fd)
{
	char text[RECORD + 1];
	ssize_t r = pread(fd, text, RECORD, 0);

	text[r > 0 ? r : 0] = '\0';
	if (!xlpt_lease_parse(l, text)) {
		_cleanup_free_ char *until =
			xlpt_xasprintf("xlpt pool release %s", XLPT_BDF_STR(l->bdf));

		of_nobody(env, l, until);
	}
}

/* ---- the files ---- */

static int cannot(struct xlpt_diag *diag, int r, const char *what)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot %s below " XLPT_LEASES_DIR, what);
	xlpt_diag_hint(diag, "run xlpt as root, and make room there");
	return XLPT_ERR_IO;
}

/* It is a FIFO, a link or a folder. */
static bool no_file(int r)
{
	return r == -EMEDIUMTYPE || r == -ELOOP || r == -EISDIR || r == -ENXIO;
}

static int cannot_open(struct xlpt_diag *diag, int r, const char *path)
{
	if (!no_file(r))
		return cannot(diag, r, "open a lease");
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot open the lease %s", path);
	xlpt_diag_hint(diag, "rm -r %s", path);
	return XLPT_ERR_IO;
}

static char *path_of(struct xlpt_bdf bdf)
{
	return xlpt_xasprintf(XLPT_LEASES_DIR "/%s", XLPT_BDF_STR(bdf));
}

/* The lease was given back, or written anew, between opening its file and locking it. */
static bool unlinked(int fd)
{
	struct stat st;

	return fstat(fd, &st) != 0 || st.st_nlink == 0;
}

/*
 * Opens the lease and locks it shared: two commands that look do not take each other for one that
 * works.
 */
static int open_to_read(struct xlpt_env *env, const char *path, bool *busy)
{
	for (;;) {
		int fd = env->host->ops->open(env->host, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK,
					      0);

		if (fd < 0)
			return fd;
		*busy = xlpt_flock_now(fd, true) != 0;
		if (!unlinked(fd)) {
			xlpt_kept_mend(env, fd);
			return fd;
		}
		close(fd);
	}
}

int xlpt_leases_read(struct xlpt_env *env, struct xlpt_leases *out, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int r;

	*out = (struct xlpt_leases){ 0 };
	r = xlpt_host_list(env->host, &names, XLPT_LEASES_DIR);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return cannot(diag, r, "list the leases");
	for (char **name = names; *name; name++) {
		_cleanup_free_ char *path = xlpt_xasprintf(XLPT_LEASES_DIR "/%s", *name);
		struct xlpt_lease *l;
		struct xlpt_bdf bdf;
		bool busy = false;
		int fd;

		if (!xlpt_bdf_from_sysfs_name(*name, &bdf))
			continue;
		fd = open_to_read(env, path, &busy);
		if (fd < 0 && fd != -ENOENT && !no_file(fd)) {
			xlpt_leases_dispose(out);
			return cannot(diag, fd, "read a lease");
		}
		if (fd == -ENOENT)
			continue;
		XLPT_GROW(out->items, out->n, out->alloc);
		l = &out->items[out->n++];
		*l = (struct xlpt_lease){ .bdf = bdf, .fd = -1, .busy = busy };
		if (fd >= 0) {
			load(env, l, fd);
			xlpt_closep(&fd);
		} else {
			_cleanup_free_ char *until = xlpt_xasprintf("rm -r %s", path);

			of_nobody(env, l, until);
		}
	}
	return 0;
}

/* A file without a name, locked, with the record in it: a kill leaves nothing of it. */
static int make_file(struct xlpt_env *env, const struct xlpt_lease *lease, int *out)
{
	_cleanup_close_ int fd = env->host->ops->open(env->host, XLPT_LEASES_DIR,
						      O_TMPFILE | O_RDWR, XLPT_KEPT_MODE);
	int r;

	if (fd < 0)
		return fd;
	r = xlpt_flock_now(fd, false);
	if (r == 0)
		r = xlpt_lease_write(fd, lease);
	if (r < 0)
		return r;
	*out = fd;
	fd = -1;
	return 0;
}

int xlpt_lease_create(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag)
{
	_cleanup_close_ int fd = -1;
	int r = xlpt_file_private_dir(env->host, XLPT_LEASES_DIR);

	xlpt_lease_boot(env, lease->boot);
	lease->since = xlpt_wall_s(env->clock);
	if (r == 0)
		r = make_file(env, lease, &fd);
	if (r == 0)
		r = xlpt_file_give_name(env->host, fd, XLPT_LEASES_DIR, XLPT_BDF_STR(lease->bdf));
	if (r == -EEXIST) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is leased already",
			      XLPT_BDF_STR(lease->bdf));
		xlpt_diag_fact(diag, XLPT_LEASES_DIR "/%s is there", XLPT_BDF_STR(lease->bdf));
		xlpt_diag_hint(diag, "xlpt pool list shows who has what");
		return XLPT_ERR_IN_USE;
	}
	if (r < 0)
		return cannot(diag, r, "write a lease");
	lease->fd = fd;
	fd = -1;
	return 0;
}

int xlpt_lease_update(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag)
{
	/* No reader takes this name for a lease; xlpt_leases_sweep removes what a kill leaves. */
	_cleanup_free_ char *tmp =
		xlpt_xasprintf(XLPT_LEASES_DIR "/.%s.%d", XLPT_BDF_STR(lease->bdf), (int)getpid());
	_cleanup_free_ char *path = path_of(lease->bdf);
	_cleanup_close_ int fd = -1;
	int r;

	if (unlinked(lease->fd)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the lease of %s was taken away",
			      XLPT_BDF_STR(lease->bdf));
		xlpt_diag_fact(diag,
			       XLPT_LEASES_DIR "/%s is gone, which nobody may remove while it is "
					       "worked with",
			       XLPT_BDF_STR(lease->bdf));
		xlpt_diag_hint(diag, "run the command again");
		return XLPT_ERR_CONFLICT;
	}
	/* The same again would be one more moment in which a kill or a full disk can come. */
	if (xlpt_lease_is(lease->fd, lease))
		return 0;
	r = make_file(env, lease, &fd);
	if (r < 0)
		return cannot(diag, r, "write a lease");
	env->host->ops->unlink(env->host, tmp);
	r = xlpt_file_give_name(env->host, fd, XLPT_LEASES_DIR, strrchr(tmp, '/') + 1);
	if (r == 0) {
		r = env->host->ops->rename(env->host, tmp, path);
		if (r < 0)
			env->host->ops->unlink(env->host, tmp);
	}
	if (r < 0)
		return cannot(diag, r, "write a lease");
	/* Whoever waits for the old file sees that it has no name any more, and opens this one. */
	xlpt_closep(&lease->fd);
	lease->fd = fd;
	fd = -1;
	return 0;
}

void xlpt_leases_sweep(struct xlpt_env *env)
{
	_cleanup_strv_ char **names = NULL;

	if (env->dry_run || env->sysroot || xlpt_host_list(env->host, &names, XLPT_LEASES_DIR))
		return;
	for (char **p = names; *p; p++) {
		_cleanup_free_ char *path = xlpt_xasprintf(XLPT_LEASES_DIR "/%s", *p);
		_cleanup_close_ int fd = -1;

		if (**p != '.')
			continue;
		/* Its writer, if it lives, holds it. */
		fd = env->host->ops->open(env->host, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
		if (fd >= 0 && xlpt_flock_now(fd, false) == 0)
			env->host->ops->unlink(env->host, path);
	}
}

int xlpt_lease_hold(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t timeout_ms,
		    struct xlpt_lease *out, struct xlpt_diag *diag)
{
	int64_t deadline = xlpt_now(env->clock) + timeout_ms;
	_cleanup_free_ char *path = path_of(bdf);
	_cleanup_close_ int fd = -1;
	int r;

	*out = (struct xlpt_lease){ .bdf = bdf, .fd = -1 };
	do {
		xlpt_closep(&fd);
		fd = env->host->ops->open(env->host, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
		if (fd == -ENOENT)
			return 0;
		if (fd < 0)
			return cannot_open(diag, fd, path);
		r = xlpt_clock_flock(env->clock, fd, deadline, NULL);
		if (r == -EWOULDBLOCK) {
			out->busy = true;
			return 0;
		}
		if (r < 0)
			return cannot(diag, r, "lock a lease");
	} while (unlinked(fd));
	xlpt_kept_mend(env, fd);
	load(env, out, fd);
	out->fd = fd;
	out->busy = true;
	fd = -1;
	return 1;
}

int xlpt_lease_drop(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = path_of(lease->bdf);
	int r;

	if (lease->fd < 0 || unlinked(lease->fd)) {
		xlpt_closep(&lease->fd);
		return 0;
	}
	/* The lease is locked, so this name is this file: nobody else removes a held lease. */
	r = env->host->ops->unlink(env->host, path);
	if (r < 0 && r != -ENOENT)
		return cannot(diag, r, "remove a lease");
	xlpt_closep(&lease->fd);
	return 0;
}

void xlpt_leases_move(struct xlpt_leases *from, struct xlpt_bdf bdf, struct xlpt_leases *to)
{
	struct xlpt_lease *l = xlpt_leases_find(from, bdf);

	if (!l)
		return;
	XLPT_GROW(to->items, to->n, to->alloc);
	to->items[to->n++] = *l;
	*l = from->items[--from->n];
}

void xlpt_leases_end(struct xlpt_env *env, struct xlpt_leases *leases)
{
	for (size_t i = 0; i < leases->n; i++) {
		struct xlpt_lease *l = &leases->items[i];
		_cleanup_diag_ struct xlpt_diag diag = { 0 };

		/*
		 * A lease that cannot be removed is over as soon as it is unlocked, and the next
		 * command gives it back.
		 */
		if (!l->stays && xlpt_lease_drop(env, l, &diag))
			xlpt_warn(env, "%s", diag.message);
	}
	xlpt_leases_dispose(leases);
}
