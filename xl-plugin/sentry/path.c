/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which xl is run by whom: every PATH that the files of this host give to root, and the first xl
 * in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "xl-plugin/sentry/sentry.h"
#include "xl-plugin/sentry/xl/words.h"

#define TAIL	    "/lib/xlpt/guard/xl"
#define USUAL	    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define SLURP_MAX   (256 * 1024)
#define PROGRAM_MAX (4 * 1024 * 1024) /* the guard's program has 70 KiB, xl has ten times as much */

bool xlpt_sentry_is_program(struct xlpt_host *h, const char *path)
{
	_cleanup_close_ int fd = h->ops->open(h, path, O_PATH, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

char *xlpt_sentry_link(struct xlpt_host *h, const char *path)
{
	char buf[4096];
	ssize_t n = h->ops->readlink(h, path, buf, sizeof(buf));

	if (n < (ssize_t)strlen(TAIL) || strcmp(buf + n - strlen(TAIL), TAIL))
		return NULL;
	return xlpt_xstrdup(buf);
}

/* The file is a copy of the guard's program, or a chain of links to it. */
static bool is_copy(struct xlpt_host *h, const char *path)
{
	_cleanup_free_ char *text = xlpt_xcalloc(1, PROGRAM_MAX);
	ssize_t n = h->ops->read(h, path, text, PROGRAM_MAX);

	return n > 0 && memmem(text, (size_t)n, XLPT_GUARD_MARK, strlen(XLPT_GUARD_MARK));
}

int xlpt_sentry_slurp(struct xlpt_host *h, const char *path, char **out)
{
	_cleanup_close_ int fd = -1;
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r;

	*out = NULL;
	/* A link is not followed: replacing its target would leave a file in place of the link. */
	fd = xlpt_file_open(h, path, O_NOFOLLOW, NULL);
	if (fd < 0)
		return fd;
	r = xlpt_file_read_fd(fd, SLURP_MAX, &text);
	if (r == 0 && strlen(xlpt_str_get(&text)) != text.len)
		r = -EINVAL;
	if (r == 0)
		*out = xlpt_str_take(&text);
	return r;
}

/* The folder of path, held open; of folders that are missing, the first that is there: root will make the others. */
static int open_folder(struct xlpt_host *h, const char *path, struct xlpt_file *f)
{
	int len = (int)(strrchr(path, '/') - path), r;

	for (;;) {
		_cleanup_free_ char *in_it = xlpt_xasprintf("%.*s/xl", len, path);

		r = xlpt_file_find(h, in_it, 0, f);
		if (r != -ENOENT || !len)
			return r;
		while (len && path[--len] != '/')
			;
	}
}

/* The fact in words, or NULL for nobody. */
static char *exposed(struct xlpt_host *h, const char *path, enum xlpt_file_exposed *how)
{
	int len = (int)(strrchr(path, '/') - path), r;
	_cleanup_file_ struct xlpt_file f;
	int writers = XLPT_FILE_NOBODY;

	*how = XLPT_FILE_NOBODY;
	r = open_folder(h, path, &f);
	if (r == -ENOLINK) {
		*how = XLPT_FILE_OTHERS;
		return xlpt_xasprintf("a symbolic link of another user leads to %.*s", len, path);
	}
	r = r ? r : xlpt_file_exposed(h, &f);
	if (r >= 0 && (writers = xlpt_file_folder_writers(&f)) < 0)
		r = writers;
	/* What root cannot look at is not taken for safe; for others nobody is a danger (core/file.h). */
	if (r < 0 && geteuid() == 0) {
		*how = XLPT_FILE_OTHERS;
		return xlpt_xasprintf("it cannot be found out who may write into %.*s: %s", len,
				      path, strerror(-r));
	}
	if (r < 0)
		return NULL;
	*how = (enum xlpt_file_exposed)r;
	/* Its sticky bit keeps the link; but when that is taken away, everybody can have the name. */
	if (writers == XLPT_FILE_OTHERS)
		*how = XLPT_FILE_OTHERS;
	if (*how == XLPT_FILE_NOBODY)
		return NULL;
	if (*how == XLPT_FILE_GROUP)
		return xlpt_xasprintf(
			"a group may write into %.*s or a folder above it: who is in it "
			"can put another xl there, which root would run",
			len, path);
	return xlpt_xasprintf(
		"%.*s, or a folder above it, belongs to another user or can be written by everybody "
		"or by another user (see getfacl): root would run the xl that somebody puts there",
		len, path);
}

void xlpt_sentry_look_place(struct xlpt_host *h, struct xlpt_sentry *g, struct xlpt_sentry_file *f)
{
	_cleanup_free_ char *fact = exposed(h, f->path, &f->exposed);

	/* The folder is the administrator's: whom he lets into the group, he trusts. */
	if (f->exposed == XLPT_FILE_OTHERS)
		f->fact = XLPT_TAKE(fact);
	else if (f->exposed == XLPT_FILE_GROUP && f->now)
		xlpt_sentry_note(g, XLPT_TAKE(fact));
}

char *xlpt_sentry_open_to_others(struct xlpt_host *h, const char *path)
{
	enum xlpt_file_exposed how;
	_cleanup_free_ char *fact = exposed(h, path, &how);

	return how == XLPT_FILE_OTHERS ? XLPT_TAKE(fact) : NULL;
}

static void add_link(char ***links, const char *path)
{
	if (!xlpt_strv_has(*links, path))
		xlpt_strv_add(links, path);
}

/*
 * Adds one PATH and its first xl; who is taken over. who NULL: nobody uses it, it is only
 * searched.
 */
static void add_way(struct xlpt_env *env, struct xlpt_sentry *g, char *who, const char *path,
		    char ***links)
{
	struct xlpt_sentry_way way = { .who = who };

	for (const char *d = path; *d;) {
		size_t len = strcspn(d, ":");
		_cleanup_free_ char *xl = xlpt_xasprintf("%.*s/xl", (int)len, d), *to = NULL;

		/* Relative folders and "~" are not looked at: they are no certain place. */
		if (len && *d == '/') {
			bool there = xlpt_sentry_is_program(env->host, xl);
			bool ours;

			to = xlpt_sentry_link(env->host, xl);
			ours = to || (there && is_copy(env->host, xl));
			if (to)
				add_link(links, xl);
			if (there && !ours && !g->real)
				g->real = xlpt_xstrdup(xl);
			if (there && !way.first) {
				way.first = xlpt_xstrdup(xl);
				way.ours = ours;
			}
		}
		d += len + (d[len] == ':');
	}
	if (!who || !way.first) {
		free(who);
		free(way.first);
		return;
	}
	XLPT_GROW(g->ways, g->n_ways, g->alloc_ways);
	g->ways[g->n_ways++] = way;
}

/* The value behind key ("PATH=" or the like) in a line, without quotes, or NULL. Caller frees. */
static char *value_of(const char *line, size_t len, const char *key)
{
	_cleanup_free_ char *copy = xlpt_xstrndup(line, len);
	char *s = copy + strspn(copy, " \t"), *end;

	if (*s == '#' || (*key == 'P' && !xlpt_starts(s, key)) || !(s = strstr(s, key)))
		return NULL;
	s += strlen(key);
	s += strspn(s, " \t=");
	if (xlpt_starts(s, "PATH="))
		s += 5;
	if (*s == '"' || *s == '\'') {
		end = strchr(s + 1, *s);
		s++;
	} else {
		end = s + strcspn(s, " \t,");
	}
	if (end)
		*end = '\0';
	return *s ? xlpt_xstrdup(s) : NULL;
}

/* The last line of the file that sets the value counts. */
static void from_file(struct xlpt_env *env, struct xlpt_sentry *g, const char *file,
		      const char *key, const char *who, char ***links)
{
	_cleanup_free_ char *text = NULL, *path = NULL;

	if (xlpt_host_read_text(env->host, &text, "%s", file))
		return;
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");
		char *value = value_of(line, len, key);

		if (value) {
			free(path);
			path = value;
		}
		line += len + (line[len] == '\n');
	}
	if (path)
		add_way(env, g,
			xlpt_xasprintf("%s (%.*s in %s)", who, (int)strcspn(key, "="), key, file),
			path, links);
}

char **xlpt_sentry_ways(struct xlpt_env *env, struct xlpt_sentry *g)
{
	_cleanup_strv_ char **sudo = NULL;
	char **links = NULL;
	const char *own = getenv("PATH");

	if (env->host->live && own)
		add_way(env, g, xlpt_xstrdup("this shell ($PATH)"), own, &links);
	from_file(env, g, "/etc/login.defs", "ENV_SUPATH", "root's login", &links);
	from_file(env, g, "/etc/environment", "PATH=", "every login", &links);
	from_file(env, g, "/etc/crontab", "PATH=", "cron", &links);
	from_file(env, g, "/etc/sudoers", "secure_path", "sudo", &links);
	xlpt_host_list(env->host, &sudo, "/etc/sudoers.d");
	for (char **f = sudo; f && *f; f++) {
		_cleanup_free_ char *file = xlpt_xasprintf("/etc/sudoers.d/%s", *f);

		/* sudo ignores names with a dot and backups (sudoers(5), @includedir). */
		if (!strchr(*f, '.') && !strchr(*f, '~'))
			from_file(env, g, file, "secure_path", "sudo", &links);
	}
	add_way(env, g, g->n_ways ? NULL : xlpt_xstrdup("the usual PATH"), USUAL, &links);
	return links;
}
