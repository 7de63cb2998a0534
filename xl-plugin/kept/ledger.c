/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

#define LOCK_PATH XLPT_STATE_DIR "/lock/ledger"
#define FILE_MAX  (64 * 1024 * 1024)
/* A shorter ledger is read faster than it is thought about. */
#define COMPACT_FROM 1024
/*
 * The lock is held for a few file operations and never while anything is waited
 * for, so this waits in real time, whatever clock the rest goes by.
 */
#define LOCK_TIMEOUT_MS 120000

/* The ledger under its lock. The lock is a file that is never renamed, the ledger's own is. */
struct book {
	struct xlpt_env *env;
	struct xlpt_locks locks;
	int fd; /* -1: there is no usable ledger yet */
	char boot_id[XLPT_BOOT_ID_LEN + 1];
	struct xlpt_ledger l;
	int64_t now_ms; /* read under the lock: later records have later times */
};

static void book_close(struct book *b)
{
	xlpt_closep(&b->fd);
	xlpt_locks_release(&b->locks);
	xlpt_ledger_dispose(&b->l);
}
#define _cleanup_book_ XLPT_CLEANUP(book_close)

static int cannot(struct xlpt_diag *diag, int r, const char *what)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot %s " XLPT_LEDGER_PATH, what);
	xlpt_diag_fact(diag, "without it attaches and detaches cannot be counted");
	xlpt_diag_hint(diag, "run xlpt as root and make room on /run");
	return XLPT_ERR_IO;
}

static int take_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag)
{
	const struct xlpt_lock_key key = { .kind = XLPT_LOCK_FILES, .path = LOCK_PATH };
	int r = xlpt_file_private_dir(env->host, XLPT_STATE_DIR "/lock");

	if (r == 0)
		r = xlpt_lock_take(&env->locks, locks, env->host, &xlpt_clock_real, &key,
				   xlpt_now(&xlpt_clock_real) + LOCK_TIMEOUT_MS, NULL, NULL);
	if (r == -EINTR)
		return xlpt_check_interrupted(diag);
	if (r == -EWOULDBLOCK) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE,
			      "another xlpt holds the hotplug ledger and does not let go");
		xlpt_diag_hint(diag, "see who it is: fuser -v " LOCK_PATH);
		return XLPT_ERR_IN_USE;
	}
	return r < 0 ? cannot(diag, r, "lock") : 0;
}

static void read_boot_id(struct xlpt_host *h, char id[XLPT_BOOT_ID_LEN + 1])
{
	_cleanup_free_ char *text = NULL;

	memset(id, '0', XLPT_BOOT_ID_LEN);
	id[XLPT_BOOT_ID_LEN] = '\0';
	/* Always there on Linux; without it the ledger is still right until the next boot. */
	if (xlpt_host_read_text(h, &text, "/proc/sys/kernel/random/boot_id") == 0 &&
	    strlen(text) == XLPT_BOOT_ID_LEN &&
	    strspn(text, "0123456789abcdef-") == XLPT_BOOT_ID_LEN)
		memcpy(id, text, XLPT_BOOT_ID_LEN);
}

/* 0 with the text, -ENOENT when there is none. Only a plain file is read, and no link followed. */
static int slurp(int fd, char **text, size_t *len)
{
	struct stat st;
	size_t done = 0;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EMEDIUMTYPE;
	if (st.st_size > FILE_MAX)
		return -EFBIG;
	*text = xlpt_xcalloc(1, (size_t)st.st_size + 1);
	while (done < (size_t)st.st_size) {
		ssize_t r = pread(fd, *text + done, (size_t)st.st_size - done, (off_t)done);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		done += (size_t)r;
	}
	*len = done;
	return 0;
}

/* Opens and reads; an fd is kept for the caller when keep is given and the file is of this boot. */
static int load(struct xlpt_env *env, const char *boot_id, int flags, struct xlpt_ledger *l,
		int *keep, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = env->host->ops->open(env->host, XLPT_LEDGER_PATH,
						      flags | O_NOFOLLOW | O_NONBLOCK, 0);
	size_t len = 0;
	int r, rc;

	*l = (struct xlpt_ledger){ .anew = true };
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	r = fd < 0 ? fd : slurp(fd, &text, &len);
	if (r == -EMEDIUMTYPE || r == -EFBIG || r == -ELOOP || r == -EISDIR) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is not a hotplug ledger: it is %s",
			      XLPT_LEDGER_PATH, r == -EFBIG ? "far too large" : "no plain file");
		xlpt_diag_hint(diag, "xlpt budget --reset --yes puts it aside and counts anew");
		return XLPT_ERR_DATA;
	}
	if (r < 0)
		return cannot(diag, r, "read");
	rc = xlpt_ledger_parse(l, text, len, boot_id, diag);
	if (rc == 0 && keep && !l->anew) {
		*keep = fd;
		fd = -1;
	}
	return rc;
}

int xlpt_ledger_read(struct xlpt_env *env, struct xlpt_ledger *out, struct xlpt_diag *diag)
{
	char boot_id[XLPT_BOOT_ID_LEN + 1];

	read_boot_id(env->host, boot_id);
	return load(env, boot_id, O_RDONLY, out, NULL, diag);
}

static int book_lock(struct xlpt_env *env, struct book *b, struct xlpt_diag *diag)
{
	int rc;

	*b = (struct book){ .env = env, .fd = -1 };
	read_boot_id(env->host, b->boot_id);
	rc = take_lock(env, &b->locks, diag);
	b->now_ms = xlpt_now(env->clock);
	return rc;
}

static int book_open(struct xlpt_env *env, struct book *b, struct xlpt_diag *diag)
{
	int rc = book_lock(env, b, diag);

	return rc ? rc : load(env, b->boot_id, O_RDWR | O_APPEND, &b->l, &b->fd, diag);
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t r = write(fd, text, len);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		text += r;
		len -= (size_t)r;
	}
	/* A tmpfs keeps it through a kill -9 anyway; a /run on a disk is meant to as well. */
	return fdatasync(fd) && errno != EINVAL ? -errno : 0;
}

/* Readers see the old or the new one; under the lock nobody else replaces it. */
static int book_replace(struct book *b, const char *text, size_t len)
{
	struct xlpt_host *h = b->env->host;
	int r = xlpt_file_replace(h, XLPT_LEDGER_PATH, text, len,
				  &(struct xlpt_file_how){ .mode = 0600 });
	int fd = r ? r : h->ops->open(h, XLPT_LEDGER_PATH, O_RDWR | O_APPEND | O_NOFOLLOW, 0);

	if (fd < 0)
		return fd;
	xlpt_closep(&b->fd);
	b->fd = fd;
	return 0;
}

static void add_records(struct xlpt_str *s, const struct xlpt_ledger_record *rs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char line[XLPT_LEDGER_RECORD];

		xlpt_ledger_format(&rs[i], line);
		xlpt_str_addn(s, line, sizeof(line));
	}
}

static void add_head(const struct book *b, struct xlpt_str *s)
{
	char line[XLPT_LEDGER_RECORD];

	xlpt_ledger_format_head(b->boot_id, line);
	xlpt_str_addn(s, line, sizeof(line));
}

/* Adds records behind what is there; a line that a killed writer left in part is cut off. */
static int book_append(struct book *b, const struct xlpt_ledger_record *rs, size_t n,
		       struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	struct stat st;
	off_t end;
	int r;

	if (!n)
		return 0;
	if (b->fd < 0) {
		add_head(b, &s);
		add_records(&s, rs, n);
		r = book_replace(b, s.s, s.len);
		return r < 0 ? cannot(diag, r, "write") : 0;
	}
	if (fstat(b->fd, &st))
		return cannot(diag, errno, "write");
	end = st.st_size - st.st_size % XLPT_LEDGER_RECORD;
	if (end != st.st_size && ftruncate(b->fd, end))
		return cannot(diag, errno, "mend");
	add_records(&s, rs, n);
	r = write_all(b->fd, s.s, s.len);
	if (r < 0) {
		/* Half of a reservation counts for nothing, and nobody goes on with it. */
		if (ftruncate(b->fd, end))
			xlpt_diag_add_log(diag, "the last line of the ledger could not be cut off");
		return cannot(diag, r, "write");
	}
	return 0;
}

/* Rewrites the ledger without what has left the window, once that is at least half of it. */
static void book_compact(struct book *b, int64_t window_ms)
{
	_cleanup_str_ struct xlpt_str s = { 0 };
	int64_t since = b->now_ms - window_ms;
	size_t kept = 0;

	if (b->l.n < COMPACT_FROM)
		return;
	add_head(b, &s);
	for (size_t i = 0; i < b->l.n; i++)
		if (xlpt_ledger_matters(&b->l, i, since)) {
			add_records(&s, &b->l.records[i], 1);
			kept++;
		}
	/* When it cannot be done now, the long one is as good. */
	if (kept <= b->l.n / 2)
		book_replace(b, s.s, s.len);
}

/* ---- what callers ask ---- */

void xlpt_ledger_ask(const struct xlpt_ledger *l, const struct xlpt_budget_rule *rule,
		     int64_t now_ms, const struct xlpt_ledger_want *wants, size_t n,
		     struct xlpt_ledger_use *use)
{
	_cleanup_free_ struct xlpt_budget_event *events = NULL;
	size_t n_events;

	*use = (struct xlpt_ledger_use){ 0 };
	events = xlpt_ledger_events(l, &n_events);
	xlpt_budget_ask(rule, events, n_events, NULL, now_ms, (unsigned)n, &use->host);
	use->next_ms = use->host.next_ms;
	use->host_over = use->host.next_ms != 0;
	for (size_t i = 0; i < n; i++) {
		struct xlpt_budget_answer a;

		xlpt_budget_ask(rule, events, n_events, &wants[i].bdf, now_ms, 1, &a);
		use->next_ms = xlpt_budget_later(use->next_ms, a.next_ms);
		use->device_over |= a.next_ms != 0;
		if (i == 0 || a.left < use->device.left || a.next_ms > use->device.next_ms) {
			use->device = a;
			use->bdf = wants[i].bdf;
		}
	}
}

int xlpt_ledger_reserve(struct xlpt_env *env, const struct xlpt_budget_rule *rule,
			const struct xlpt_ledger_want *wants, size_t n, struct xlpt_ledger_use *use,
			struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = xlpt_xcalloc(n, sizeof(*rs));
	_cleanup_book_ struct book b;
	struct xlpt_ledger_use u;
	int rc = book_open(env, &b, diag);

	if (rc)
		return rc;
	if (rule) {
		xlpt_ledger_ask(&b.l, rule, b.now_ms, wants, n, &u);
		if (use)
			*use = u;
		if (u.next_ms != 0)
			return XLPT_ERR_BUDGET;
		book_compact(&b, rule->window_ms);
	}
	for (size_t i = 0; i < n; i++)
		rs[i] = (struct xlpt_ledger_record){ .kind = wants[i].kind,
						     .at_ms = b.now_ms,
						     .bdf = wants[i].bdf,
						     .value = wants[i].domid,
						     .pid = (int)getpid() };
	rc = book_append(&b, rs, n, diag);
	if (rc || !rule || !use)
		return rc;
	for (size_t i = 0; i < n; i++)
		xlpt_ledger_apply(&b.l, &rs[i]);
	xlpt_ledger_ask(&b.l, rule, b.now_ms, wants, n, use);
	return 0;
}

static int64_t seen_owner(const struct xlpt_ledger_seen *seen, size_t n, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < n; i++)
		if (xlpt_bdf_eq(seen[i].bdf, bdf))
			return seen[i].domid;
	return XLPT_LEDGER_NOBODY;
}

/* What there is to write down about one device that is with domid now. */
static bool compare(const struct book *b, struct xlpt_bdf bdf, int64_t domid, int64_t since_ms,
		    struct xlpt_ledger_record *r)
{
	const struct xlpt_ledger_dev *d = xlpt_ledger_dev(&b->l, bdf);
	int64_t owner = d ? d->owner : XLPT_LEDGER_NOBODY;

	if ((d && d->last_ms >= since_ms) || domid == owner)
		return false;
	*r = (struct xlpt_ledger_record){ .kind = XLPT_LEDGER_FOREIGN,
					  .at_ms = b->now_ms,
					  .bdf = bdf,
					  .value = domid,
					  .pid = (int)getpid() };
	/* Killed before it could say that it was done; it was counted when it began. */
	if (!b->l.looked || (d && d->pending && d->expected == domid))
		r->kind = XLPT_LEDGER_OWNER;
	return true;
}

int xlpt_ledger_look(struct xlpt_env *env, const struct xlpt_ledger_seen *seen, size_t n,
		     int64_t since_ms, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = NULL;
	_cleanup_book_ struct book b;
	size_t n_rs = 0;
	int rc = book_open(env, &b, diag);

	if (rc)
		return rc;
	rs = xlpt_xcalloc(n + b.l.n_devs + 1, sizeof(*rs));
	for (size_t i = 0; i < n; i++)
		n_rs += compare(&b, seen[i].bdf, seen[i].domid, since_ms, &rs[n_rs]);
	for (size_t i = 0; i < b.l.n_devs; i++)
		if (seen_owner(seen, n, b.l.devs[i].bdf) == XLPT_LEDGER_NOBODY)
			n_rs += compare(&b, b.l.devs[i].bdf, XLPT_LEDGER_NOBODY, since_ms,
					&rs[n_rs]);
	if (!b.l.looked)
		rs[n_rs++] = (struct xlpt_ledger_record){ .kind = XLPT_LEDGER_LOOK,
							  .all = true,
							  .at_ms = b.now_ms,
							  .pid = (int)getpid(),
							  .value = -1 };
	return book_append(&b, rs, n_rs, diag);
}

int xlpt_ledger_settle(struct xlpt_env *env, const struct xlpt_ledger_seen *seen, size_t n,
		       struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = xlpt_xcalloc(n, sizeof(*rs));
	_cleanup_book_ struct book b;
	int rc = book_open(env, &b, diag);

	if (rc)
		return rc;
	for (size_t i = 0; i < n; i++)
		rs[i] = (struct xlpt_ledger_record){ .kind = XLPT_LEDGER_OWNER,
						     .at_ms = b.now_ms,
						     .bdf = seen[i].bdf,
						     .value = seen[i].domid,
						     .pid = (int)getpid() };
	return book_append(&b, rs, n, diag);
}

static int64_t count_of(const struct xlpt_ledger *l, const struct xlpt_bdf *bdf)
{
	int64_t count = 0;

	for (size_t i = 0; i < l->n; i++)
		count += l->records[i].counts && (!bdf || xlpt_bdf_eq(l->records[i].bdf, *bdf));
	return count;
}

/* What is damaged is kept for whoever wants to know how that came about. */
static int begin_anew(struct book *b, struct xlpt_diag *diag)
{
	struct xlpt_host *h = b->env->host;
	int r = h->ops->rename(h, XLPT_LEDGER_PATH, XLPT_LEDGER_DAMAGED);

	xlpt_ledger_dispose(&b->l);
	xlpt_closep(&b->fd);
	return r < 0 ? cannot(diag, r, "put aside") : 0;
}

int xlpt_ledger_reset(struct xlpt_env *env, const struct xlpt_bdf *bdfs, size_t n,
		      int64_t *forgotten, struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_ledger_record *rs = xlpt_xcalloc(n + 1, sizeof(*rs));
	_cleanup_book_ struct book b;
	bool broken;
	int rc = book_open(env, &b, diag);

	broken = rc == XLPT_ERR_DATA && n == 0;
	if (broken) {
		xlpt_diag_dispose(diag);
		rc = begin_anew(&b, diag);
	}
	if (rc)
		return rc;
	*forgotten = broken ? -1 : 0;
	for (size_t i = 0; i < (n ? n : 1); i++) {
		int64_t count = broken ? -1 : count_of(&b.l, n ? &bdfs[i] : NULL);

		rs[i] = (struct xlpt_ledger_record){ .kind = XLPT_LEDGER_RESET,
						     .at_ms = b.now_ms,
						     .all = n == 0,
						     .value = count,
						     .pid = (int)getpid() };
		if (n)
			rs[i].bdf = bdfs[i];
		*forgotten += broken ? 0 : count;
	}
	return book_append(&b, rs, n ? n : 1, diag);
}
