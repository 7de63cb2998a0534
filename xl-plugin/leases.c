/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file is lines of words, and line ends up to RECORD bytes, so that it can be
 * written anew in place:
 *	xlpt-lease 1
 *	device 0000:01:10.0
 *	pool lan
 *	guest 3 4a1f... web1			("-" for what is not known)
 *	boot 9e1b...
 *	since 1700000000
 *	until 123456
 *	back host
 */
#include "xl-plugin/leases.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "xl-plugin/output.h"

#define RECORD 1024
#define NAME_SHOWN 256	/* of the guest's name; the UUID is what counts */

void xlpt_lease_dispose(struct xlpt_lease *lease)
{
	/* Only what was filled holds a descriptor: an all-zero lease is valid, and 0 is stdin. */
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

void xlpt_boot_id(struct xlpt_env *env, char out[40])
{
	_cleanup_free_ char *text = NULL;

	snprintf(out, 40, "-");
	if (xlpt_host_read_text(env->host, &text, "/proc/sys/kernel/random/boot_id") == 0 && *text)
		snprintf(out, 40, "%.36s", xlpt_chomp(text));
}

/* ---- the record ---- */

static void format(const struct xlpt_lease *l, char record[RECORD])
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	_cleanup_free_ char *name = xlpt_xstrndup(l->guest, NAME_SHOWN);

	/* A guest's name may be anything; a line end in it would end the line. */
	for (char *c = name; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	xlpt_str_addf(&s, "xlpt-lease 1\ndevice %s\npool %s\n", XLPT_BDF_STR(l->bdf), l->pool);
	if (l->domid < 0)
		xlpt_str_add(&s, "guest -");
	else
		xlpt_str_addf(&s, "guest %lld", (long long)l->domid);
	xlpt_str_addf(&s, " %s %s\nboot %s\nsince %lld\n", *l->uuid ? l->uuid : "-", name, l->boot,
		      (long long)l->since);
	if (l->until)
		xlpt_str_addf(&s, "until %lld\n", (long long)l->until);
	if (l->to_host)
		xlpt_str_add(&s, "back host\n");
	memset(record, '\n', RECORD);
	memcpy(record, s.s, s.len < RECORD ? s.len : RECORD);
}

static bool parse_guest(struct xlpt_lease *l, char *text)
{
	char *save = NULL, *domid = strtok_r(text, " ", &save), *uuid = strtok_r(NULL, " ", &save);
	uint64_t v;

	if (!uuid || !save || !*save || strlen(uuid) >= sizeof(l->uuid))
		return false;
	l->domid = -1;
	if (strcmp(domid, "-")) {
		if (!xlpt_parse_uint(domid, strlen(domid), 10, UINT32_MAX, &v))
			return false;
		l->domid = (int64_t)v;
	}
	snprintf(l->uuid, sizeof(l->uuid), "%s", strcmp(uuid, "-") ? uuid : "");
	free(l->guest);
	l->guest = xlpt_xstrdup(save);
	return true;
}

static bool parse_time(const char *text, int64_t *out)
{
	uint64_t v;

	if (!xlpt_parse_uint(text, strlen(text), 10, INT64_MAX, &v))
		return false;
	*out = (int64_t)v;
	return true;
}

static bool parse(struct xlpt_lease *l, char *text)
{
	char *save = NULL, *line = strtok_r(text, "\n", &save);
	struct xlpt_bdf bdf;
	bool device = false, ok = line && !strcmp(line, "xlpt-lease 1");

	while (ok && (line = strtok_r(NULL, "\n", &save))) {
		char *v = strchr(line, ' ');

		if (!v)
			return false;
		*v++ = '\0';
		if (!strcmp(line, "device"))
			ok = device = xlpt_bdf_from_sysfs_name(v, &bdf) && xlpt_bdf_eq(bdf, l->bdf);
		else if (!strcmp(line, "pool") && !l->pool)
			l->pool = xlpt_xstrdup(v);
		else if (!strcmp(line, "guest"))
			ok = parse_guest(l, v);
		else if (!strcmp(line, "boot"))
			snprintf(l->boot, sizeof(l->boot), "%s", v);
		else if (!strcmp(line, "since"))
			ok = parse_time(v, &l->since);
		else if (!strcmp(line, "until"))
			ok = parse_time(v, &l->until);
		else if (!strcmp(line, "back"))
			l->to_host = !strcmp(v, "host");
	}
	return ok && device && l->pool && l->guest && *l->boot;
}

/* fd: the open file. A record that cannot be read leaves a lease of nobody. */
static void load(struct xlpt_env *env, struct xlpt_lease *l, int fd)
{
	char text[RECORD + 1];
	ssize_t r = pread(fd, text, RECORD, 0);

	text[r > 0 ? r : 0] = '\0';
	if (parse(l, text))
		return;
	xlpt_warn(env, XLPT_LEASES_DIR "/%s is not a lease that this xlpt can read; its VF is not given "
		       "out until xlpt pool release %s", XLPT_BDF_STR(l->bdf), XLPT_BDF_STR(l->bdf));
	free(l->pool);
	free(l->guest);
	l->pool = xlpt_xstrdup("?");
	l->guest = xlpt_xstrdup("");
	*l->uuid = '\0';
	l->domid = -1;
}

/* ---- the files ---- */

static int cannot(struct xlpt_diag *diag, int r, const char *what)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot %s below " XLPT_LEASES_DIR, what);
	xlpt_diag_hint(diag, "run xlpt as root, and make room there");
	return XLPT_ERR_IO;
}

static char *path_of(struct xlpt_bdf bdf)
{
	return xlpt_xasprintf(XLPT_LEASES_DIR "/%s", XLPT_BDF_STR(bdf));
}

/* The lease was given back between opening and locking it. */
static bool unlinked(int fd)
{
	struct stat st;

	return fstat(fd, &st) != 0 || st.st_nlink == 0;
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
		int fd;

		if (!xlpt_bdf_from_sysfs_name(*name, &bdf))
			continue;
		fd = env->host->ops->open(env->host, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
		if (fd < 0 && fd != -ENOENT) {
			xlpt_leases_dispose(out);
			return cannot(diag, fd, "read a lease");
		}
		if (fd < 0)
			continue;
		XLPT_GROW(out->items, out->n, out->alloc);
		l = &out->items[out->n++];
		*l = (struct xlpt_lease){ .bdf = bdf, .fd = -1 };
		load(env, l, fd);
		/* Shared, so that two that only look do not take each other for one at work. */
		l->busy = flock(fd, LOCK_SH | LOCK_NB) != 0;
		xlpt_closep(&fd);
	}
	return 0;
}

static int write_record(int fd, const struct xlpt_lease *lease)
{
	char record[RECORD];
	ssize_t r;

	format(lease, record);
	r = pwrite(fd, record, RECORD, 0);
	if (r != RECORD)
		return r < 0 ? -errno : -ENOSPC;
	return fdatasync(fd) && errno != EINVAL ? -errno : 0;
}

static int64_t seconds_now(struct xlpt_env *env)
{
	return env->clock == &xlpt_clock_real ? (int64_t)time(NULL) : xlpt_now(env->clock) / 1000;
}

int xlpt_lease_create(struct xlpt_env *env, struct xlpt_lease *lease, struct xlpt_diag *diag)
{
	/* A name that no reader takes for a lease; what a kill leaves of it, reconciling removes. */
	_cleanup_free_ char *tmp = xlpt_xasprintf(XLPT_LEASES_DIR "/.%s.%d", XLPT_BDF_STR(lease->bdf),
						  (int)getpid());
	_cleanup_close_ int dir = -1, fd = -1;
	int r = xlpt_host_mkdirs(env->host, XLPT_LEASES_DIR, 0755);

	if (r == 0)
		r = dir = env->host->ops->open(env->host, XLPT_LEASES_DIR, O_PATH | O_DIRECTORY, 0);
	if (r >= 0)
		r = fd = env->host->ops->open(env->host, tmp, O_RDWR | O_CREAT | O_TRUNC, 0644);
	if (r >= 0)
		r = flock(fd, LOCK_EX | LOCK_NB) ? -errno : 0;
	xlpt_boot_id(env, lease->boot);
	lease->since = seconds_now(env);
	if (r == 0)
		r = write_record(fd, lease);
	if (r == 0)
		r = linkat(dir, strrchr(tmp, '/') + 1, dir, XLPT_BDF_STR(lease->bdf), 0) ? -errno : 0;
	if (fd >= 0)
		env->host->ops->unlink(env->host, tmp);
	if (r == -EEXIST) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is leased already", XLPT_BDF_STR(lease->bdf));
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
	int r;

	(void)env;
	if (unlinked(lease->fd)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the lease of %s was taken away",
			      XLPT_BDF_STR(lease->bdf));
		xlpt_diag_fact(diag, XLPT_LEASES_DIR "/%s is gone, which nobody may remove while it is "
				     "worked with", XLPT_BDF_STR(lease->bdf));
		xlpt_diag_hint(diag, "run the command again");
		return XLPT_ERR_CONFLICT;
	}
	r = write_record(lease->fd, lease);
	return r < 0 ? cannot(diag, r, "write a lease") : 0;
}

int xlpt_lease_hold(struct xlpt_env *env, struct xlpt_bdf bdf, int64_t timeout_ms,
		    struct xlpt_lease *out, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = path_of(bdf);
	_cleanup_close_ int fd = -1;
	int r;

	*out = (struct xlpt_lease){ .bdf = bdf, .fd = -1 };
	fd = env->host->ops->open(env->host, path, O_RDWR | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return cannot(diag, fd, "open a lease");
	r = xlpt_clock_flock(env->clock, fd, xlpt_now(env->clock) + timeout_ms, NULL);
	if (r == -EWOULDBLOCK) {
		out->busy = true;
		return 0;
	}
	if (r < 0)
		return cannot(diag, r, "lock a lease");
	if (unlinked(fd))
		return 0;
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
	/* Locked, so this name is this file: nobody else takes a held lease away. */
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

		/* One that cannot be removed is over as soon as it is let go, and reconciled then. */
		if (!l->stays && xlpt_lease_drop(env, l, &diag))
			xlpt_warn(env, "%s", diag.message);
	}
	xlpt_leases_dispose(leases);
}
