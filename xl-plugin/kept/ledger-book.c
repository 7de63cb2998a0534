/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The ledger's file (ledger.h) under its lock: it is read, appended to, made shorter, put aside. */
#include "xl-plugin/kept/ledger-book.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

#define LOCK_PATH XLPT_STATE_DIR "/lock/ledger"
#define FILE_MAX  (64 * 1024 * 1024)
/* A shorter ledger is not worth rewriting. */
#define COMPACT_FROM 1024
/*
 * The lock is held for a few file operations and never while anything is waited for. So this waits
 * in real time, whatever clock everything else uses.
 */
#define LOCK_TIMEOUT_MS 120000

void xlpt_book_close(struct xlpt_book *b)
{
	xlpt_closep(&b->fd);
	xlpt_locks_release(&b->locks);
	xlpt_ledger_dispose(&b->l);
}

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
	/* Linux always has a boot id; without it the ledger is right until the next boot. */
	if (!xlpt_host_boot_id(h, id))
		memset(id, '0', XLPT_BOOT_ID_LEN);
	id[XLPT_BOOT_ID_LEN] = '\0';
}

/*
 * 0 and the text, -ENOENT when there is no file. Only a plain file is read, and no link is
 * followed.
 */
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

/* Opens and reads it. keep, if given, gets the descriptor when the file is of this boot. */
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

static int book_lock(struct xlpt_env *env, struct xlpt_book *b, struct xlpt_diag *diag)
{
	int rc;

	*b = (struct xlpt_book){ .env = env, .fd = -1 };
	read_boot_id(env->host, b->boot_id);
	rc = take_lock(env, &b->locks, diag);
	b->now_ms = xlpt_now(env->clock);
	return rc;
}

int xlpt_book_open(struct xlpt_env *env, struct xlpt_book *b, struct xlpt_diag *diag)
{
	int rc = book_lock(env, b, diag);

	return rc ? rc : load(env, b->boot_id, O_RDWR | O_APPEND, &b->l, &b->fd, diag);
}

/* Readers see the old or the new file; under the lock nobody else replaces it. */
static int book_replace(struct xlpt_book *b, const char *text, size_t len)
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

static void add_head(const struct xlpt_book *b, struct xlpt_str *s)
{
	char line[XLPT_LEDGER_RECORD];

	xlpt_ledger_format_head(b->boot_id, line);
	xlpt_str_addn(s, line, sizeof(line));
}

/* A last line that a killed writer left incomplete is cut off first. */
int xlpt_book_append(struct xlpt_book *b, const struct xlpt_ledger_record *rs, size_t n,
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
	r = xlpt_file_append(b->fd, s.s, s.len);
	if (r < 0) {
		/* Half of a reservation counts for nothing, because its writer does not go on. */
		if (ftruncate(b->fd, end))
			xlpt_diag_add_log(diag, "the last line of the ledger could not be cut off");
		return cannot(diag, r, "write");
	}
	return 0;
}

/* Rewrites the ledger without what has left the window, when that is at least half of it. */
void xlpt_book_compact(struct xlpt_book *b, int64_t window_ms)
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
	/* When it cannot be rewritten now, the long one does as well. */
	if (kept <= b->l.n / 2)
		book_replace(b, s.s, s.len);
}

/* The damaged ledger is kept, for whoever wants to find the cause. */
int xlpt_book_begin_anew(struct xlpt_book *b, struct xlpt_diag *diag)
{
	struct xlpt_host *h = b->env->host;
	int r = h->ops->rename(h, XLPT_LEDGER_PATH, XLPT_LEDGER_DAMAGED);

	xlpt_ledger_dispose(&b->l);
	xlpt_closep(&b->fd);
	return r < 0 ? cannot(diag, r, "put aside") : 0;
}
