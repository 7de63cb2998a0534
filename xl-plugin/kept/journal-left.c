/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Journals that an xlpt left: reading them, taking them over, warning of them (journal.c writes
 * them).
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/file.h"
#include "core/record.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/kept.h"

static bool parse_device(struct xlpt_journal *j, char *line)
{
	char *save = NULL, *bdf_text = strtok_r(line, " ", &save),
	     *hide = strtok_r(NULL, " ", &save), *origin = strtok_r(NULL, " ", &save);
	struct xlpt_bdf bdf;

	if (!origin || !xlpt_bdf_from_sysfs_name(bdf_text, &bdf))
		return false;
	xlpt_journal_add(j, bdf, !strcmp(hide, "hide"),
			 !strcmp(origin, "-")	   ? NULL
			 : !strcmp(origin, "none") ? ""
						   : origin);
	return true;
}

static bool parse_guest(struct xlpt_journal *j, char *line)
{
	char *save = NULL, *domid = strtok_r(line, " ", &save), *uuid = strtok_r(NULL, " ", &save);
	uint64_t v;

	/* A guest may have an empty name; the blank before it is there. */
	if (!uuid || save == uuid + strlen(uuid) ||
	    !xlpt_parse_uint(domid, strlen(domid), 10, UINT32_MAX, &v))
		return false;
	xlpt_guest_dispose(&j->guest);
	j->guest.domid = (uint32_t)v;
	snprintf(j->guest.uuid, sizeof(j->guest.uuid), "%s", strcmp(uuid, "-") ? uuid : "");
	j->guest.name = xlpt_xstrdup(save);
	return true;
}

/* xlpt writes some for each device. Each is looked for among all, so a captured tree must not bring millions. */
#define NOTES_MAX 32768

bool xlpt_journal_parse(struct xlpt_journal *j, char *text)
{
	struct xlpt_record r = { .encoded = true };
	unsigned notes = 0;

	if (!xlpt_record_begin(&r, text, XLPT_JOURNAL_FIRST))
		return false;
	while (xlpt_record_next(&r)) {
		char *v = r.value;

		if (!v)
			continue;
		if (!strcmp(r.key, "op") && !j->op)
			j->op = xlpt_xstrdup(v);
		else if (!strcmp(r.key, "guest") && !parse_guest(j, v))
			return false;
		else if (!strcmp(r.key, "device") && !parse_device(j, v))
			return false;
		else if (!strcmp(r.key, "spec") && j->n && !j->devs[j->n - 1].spec)
			j->devs[j->n - 1].spec = xlpt_xstrdup(v);
		else if (!strcmp(r.key, "config") && !j->config)
			j->config = xlpt_xstrdup(v);
		else if (!strcmp(r.key, "identity") && j->n && !j->devs[j->n - 1].identity)
			j->devs[j->n - 1].identity = xlpt_xstrdup(v);
		else if (!strcmp(r.key, "note") && ++notes > NOTES_MAX)
			return false;
		else if (!strcmp(r.key, "note"))
			xlpt_strv_add(&j->notes, v);
		else if (!strcmp(r.key, "begin") || !strcmp(r.key, "undo")) {
			free(j->last);
			j->last = xlpt_xstrdup(v);
			j->undoing = *r.key == 'u';
		}
	}
	return j->op != NULL;
}

/* How long somebody who only looks may hold the shared lock, in milliseconds. */
#define PEEK_MS 1000
/* A journal may hold whole files (file-change.c). */
#define READ_MAX (16u << 20)

enum { ENDED, INTERRUPTED, RUNNING, UNREADABLE };

static void tell_unreadable(struct xlpt_env *env, const char *path)
{
	size_t told = xlpt_strv_len(env->warned);

	xlpt_warn_once(env, "%s is not a journal that this xlpt can read; it is left alone", path);
	if (xlpt_strv_len(env->warned) != told)
		xlpt_warn_mend(env, "look at the devices and files that it names, then: rm -r %s",
			       XLPT_WORD(path));
}

/* The lock for a look is shared. */
static int peek(struct xlpt_env *env, const char *name, struct xlpt_journal *j)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_close_ int fd = -1;
	bool running;
	int r;

	*j = (struct xlpt_journal){ .fd = -1,
				    .path = xlpt_xasprintf(XLPT_JOURNAL_DIR "/%s", name) };
	fd = env->host->ops->open(env->host, j->path, O_RDWR | O_APPEND, 0);
	if (fd < 0)
		return ENDED;
	xlpt_kept_mend(env, fd);
	running = xlpt_flock_now(fd, true) != 0;
	/* It may have ended between open and lock: then its name is gone. */
	if (!xlpt_host_has(env->host, "%s", j->path))
		return ENDED;
	r = xlpt_file_read(env->host, j->path, READ_MAX, &text);
	if (r == 0 && !text.len)
		return ENDED; /* nothing was begun */
	if (r == 0 && xlpt_journal_parse(j, text.s))
		return running ? RUNNING : INTERRUPTED;
	/* When it is just being written, a part of it may be there: that is no reason to warn. */
	if (!running)
		tell_unreadable(env, j->path);
	return running ? ENDED : UNREADABLE;
}

static int cannot(struct xlpt_diag *diag, int r, const char *what, const char *path)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot %s %s", what, path);
	xlpt_diag_hint(diag, "run xlpt as root");
	return XLPT_ERR_IO;
}

int xlpt_journal_adopt(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	int r;

	j->fd = env->host->ops->open(env->host, j->path, O_RDWR | O_APPEND, 0);
	if (j->fd == -ENOENT)
		return 0;
	if (j->fd < 0)
		return cannot(diag, j->fd, "open", j->path);
	r = xlpt_clock_flock(env->clock, j->fd, xlpt_now(env->clock) + PEEK_MS, NULL);
	if (r == -EWOULDBLOCK) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is in use by another process", j->path);
		xlpt_diag_hint(diag, "see who it is: fuser -v %s", XLPT_WORD(j->path));
		return XLPT_ERR_IN_USE;
	}
	if (r < 0)
		return cannot(diag, r, "lock", j->path);
	return xlpt_host_has(env->host, "%s", j->path);
}

struct list {
	struct xlpt_journal *items;
	size_t n, alloc;
};

static void add(struct list *list, struct xlpt_journal *j)
{
	XLPT_GROW(list->items, list->n, list->alloc);
	list->items[list->n++] = *j;
	*j = (struct xlpt_journal){ .fd = -1 };
}

int xlpt_journal_left(struct xlpt_env *env, struct xlpt_journal **out, size_t *n,
		      struct xlpt_journal **running, size_t *n_running, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	struct list left = { 0 }, under_way = { 0 };
	int r = xlpt_host_list(env->host, &names, XLPT_JOURNAL_DIR);

	*out = *running = NULL;
	*n = *n_running = 0;
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return cannot(diag, r, "list", XLPT_JOURNAL_DIR);
	for (char **p = names; *p; p++) {
		_cleanup_journal_ struct xlpt_journal j = { .fd = -1 };
		int is = peek(env, *p, &j);

		if (is == RUNNING || is == INTERRUPTED)
			add(is == RUNNING ? &under_way : &left, &j);
	}
	*out = left.items;
	*n = left.n;
	*running = under_way.items;
	*n_running = under_way.n;
	return 0;
}

void xlpt_journal_unreadable(struct xlpt_env *env, char ***paths)
{
	_cleanup_strv_ char **names = NULL;

	*paths = NULL;
	if (xlpt_host_list(env->host, &names, XLPT_JOURNAL_DIR) < 0)
		return;
	for (char **p = names; *p; p++) {
		_cleanup_journal_ struct xlpt_journal j = { .fd = -1 };

		if (peek(env, *p, &j) == UNREADABLE)
			xlpt_strv_add(paths, j.path);
	}
}

int xlpt_journal_interrupted(struct xlpt_env *env, struct xlpt_journal **out, size_t *n,
			     struct xlpt_diag *diag)
{
	struct xlpt_journal *running;
	size_t n_running;
	int rc = xlpt_journal_left(env, out, n, &running, &n_running, diag);

	for (size_t i = 0; i < n_running; i++)
		xlpt_journal_dispose(&running[i]);
	free(running);
	return rc;
}

void xlpt_journal_warn(struct xlpt_env *env, bool quiet)
{
	struct xlpt_journal *js = NULL;
	size_t n = 0;

	if (quiet || env->sysroot || xlpt_env_need_host(env, NULL) ||
	    xlpt_journal_interrupted(env, &js, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		xlpt_warn(env, "an interrupted %s of %s%s%s was left at: %s; xlpt repair mends it",
			  js[i].op, xlpt_journal_subject(&js[i]),
			  js[i].guest.name ? " and guest " : "",
			  js[i].guest.name ? js[i].guest.name : "",
			  js[i].last ? js[i].last : "its beginning");
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
}
