/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/convert.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "converters/libvirt.h"
#include "converters/pool-def.h"
#include "xl-plugin/output.h"

#define MAX_DEPTH 32	/* of directories */

/* ---- files ---- */

static int read_all(int fd, const char *path, struct xlpt_str *out, struct xlpt_diag *diag)
{
	char buf[65536];

	for (;;) {
		ssize_t r = read(fd, buf, sizeof(buf));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read %s", path);
		if (r == 0)
			return 0;
		if (out->len + (size_t)r > XLPT_CONVERT_MAX) {
			xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "larger than %u bytes: this is no "
				      "guest's configuration", XLPT_CONVERT_MAX);
			xlpt_diag_at(diag, path, 1, 1);
			return XLPT_ERR_SYNTAX;
		}
		xlpt_str_addn(out, buf, (size_t)r);
	}
}

int xlpt_convert_load(const char *path, struct xlpt_str *out, mode_t *mode,
		      struct xlpt_diag *diag)
{
	_cleanup_close_ int own = -1;
	struct stat st;
	int fd = STDIN_FILENO;

	if (mode)
		*mode = 0644;
	if (strcmp(path, "-") != 0) {
		fd = own = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0)
			return xlpt_diag_errno(diag,
					       errno == ENOENT ? XLPT_ERR_NOT_FOUND : XLPT_ERR_IO,
					       errno, "cannot open %s", path);
		if (fstat(fd, &st) == 0 && mode)
			*mode = st.st_mode & 0777;
	} else {
		path = "standard input";
	}
	return read_all(fd, path, out, diag);
}

static int fill(int fd, const char *text, size_t len)
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
	return 0;
}

static void sync_dir(const char *path)
{
	_cleanup_free_ char *dir = xlpt_xstrdup(path);
	char *slash = strrchr(dir, '/');
	_cleanup_close_ int fd = -1;

	if (slash)
		slash[slash == dir] = '\0';
	fd = open(slash ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		fsync(fd);
}

int xlpt_convert_save(const char *path, const char *text, size_t len, mode_t mode, bool sync,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *tmp = xlpt_xasprintf("%s.XXXXXX", path);
	_cleanup_close_ int fd = mkostemp(tmp, O_CLOEXEC);
	struct stat st;
	int r = 0;

	if (fd < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot create a file beside %s",
				       path);
	/* An existing file keeps its owner; that only root may give it away is no error. */
	if (stat(path, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) != 0)
		errno = 0;
	r = fill(fd, text, len);
	if (r == 0 && (fchmod(fd, mode) || (sync && fsync(fd)) || rename(tmp, path)))
		r = -errno;
	if (r) {
		unlink(tmp);
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot write %s", path);
	}
	if (sync)
		sync_dir(path);
	return 0;
}

/* ---- names ---- */

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && !strcmp(s + n - k, end);
}

/* a.cfg -> a.xml, a.xml -> a.cfg; other names get the ending added, so that two never meet. */
static char *output_name(const char *rel, const char *to)
{
	const char *from = !strcmp(to, "libvirt") ? ".cfg" : ".xml";
	int n = (int)strlen(rel) - (ends_with(rel, from) ? 4 : 0);

	return xlpt_xasprintf("%.*s%s", n, rel, !strcmp(to, "xl")   ? ".cfg" :
						!strcmp(to, "pool") ? ".pool" : ".xml");
}

static int make_parents(const char *path, struct xlpt_diag *diag)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(path);

	for (char *p = copy + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		if (mkdir(copy, 0755) && errno != EEXIST)
			return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot create %s", copy);
	}
	return 0;
}

/* ---- the report of one file ---- */

static struct json_object *losses_json(const struct xlpt_losses *losses)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < losses->n; i++) {
		const struct xlpt_loss *l = &losses->items[i];
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "severity", xlpt_json_str(xlpt_severity_word(l->severity)));
		xlpt_json_add(o, "file", xlpt_json_str(l->file));
		xlpt_json_add(o, "line", l->line ? json_object_new_int64(l->line) : NULL);
		xlpt_json_add(o, "what", xlpt_json_str(l->what));
		xlpt_json_add(o, "reason", xlpt_json_str(l->reason));
		json_object_array_add(a, o);
	}
	return a;
}

static void report(struct xlpt_convert_run *run, const char *path, const char *output,
		   const char *text, const char *to, const struct xlpt_losses *losses)
{
	FILE *err = run->env->err;
	size_t strict = 0;

	for (size_t i = 0; i < losses->n; i++)
		strict += losses->items[i].severity > XLPT_LOSS_NOTE;
	run->losses += strict;
	if (run->env->json) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "file", xlpt_json_str(path));
		xlpt_json_add(o, "to", xlpt_json_str(to));
		xlpt_json_add(o, "output", xlpt_json_str(output));
		if (!output)
			xlpt_json_add(o, "text", xlpt_json_str(text));
		xlpt_json_add(o, "losses", losses_json(losses));
		xlpt_print_json(run->env, o);
		return;
	}
	if (run->explain && losses->n)
		xlpt_convert_clear(run);
	for (size_t i = 0; run->explain && i < losses->n; i++) {
		const struct xlpt_loss *l = &losses->items[i];

		fprintf(err, "%s:%u: %s: %s: %s\n", l->file ? l->file : path, l->line,
			xlpt_severity_word(l->severity), l->what, l->reason);
	}
	if (!run->explain && !run->batch && strict)
		fprintf(err, "%s: %zu %s for which %s has no word; kept in the output "
			"(--explain lists them)\n", path, strict, strict == 1 ? "thing" : "things", to);
}

static int refuse_losses(const char *path, const struct xlpt_losses *losses,
			 struct xlpt_diag *diag)
{
	size_t n = 0;
	const struct xlpt_loss *first = NULL;

	for (size_t i = 0; i < losses->n; i++)
		if (losses->items[i].severity > XLPT_LOSS_NOTE) {
			first = first ? first : &losses->items[i];
			n++;
		}
	xlpt_diag_set(diag, XLPT_ERR_DATA, "%zu %s would not be said by the result, and --strict "
		      "allows none", n, n == 1 ? "thing" : "things");
	xlpt_diag_fact(diag, "%s: %s", first->what, first->reason);
	xlpt_diag_hint(diag, "without --strict they are kept in the output; --explain lists them");
	xlpt_diag_at(diag, path, first->line, 0);
	return XLPT_ERR_DATA;
}

/* ---- one file ---- */

/* Whether the root element is <network>: a look past declarations and comments, no reading. */
static bool is_network(const char *s)
{
	static const char *const skips[][2] = { { "\xef\xbb\xbf", "" }, { "<?", "?>" },
						{ "<!--", "-->" } };

	for (bool again = true; again;) {
		again = false;
		s += strspn(s, " \t\r\n");
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(skips); i++)
			if (xlpt_starts(s, skips[i][0])) {
				const char *end = strstr(s + strlen(skips[i][0]), skips[i][1]);

				if (!end)
					return false;
				s = end + strlen(skips[i][1]);
				again = true;
			}
	}
	return xlpt_starts(s, "<network") && strchr(" \t\r\n>/", s[8]);
}

/* <network> becomes a pool definition, a pool definition a <network>. True when it was one. */
static bool convert_pool(const char *text, size_t len, const char *path, struct xlpt_str *out,
			 const char **to, int *rc, struct xlpt_diag *diag)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };

	if (ends_with(path, ".pool")) {
		*to = "libvirt";
		*rc = xlpt_pool_def_parse(text, len, path, &def, diag);
		if (*rc == 0)
			*rc = xlpt_libvirt_network_write(&def.pool, out, diag);
		return true;
	}
	if (!is_network(text))
		return false;
	*to = "pool";
	*rc = xlpt_libvirt_network_read(text, len, path, &def.pool, diag);
	if (*rc == 0)
		xlpt_pool_def_format(&def, out);
	return true;
}

int xlpt_convert_file(struct xlpt_convert_run *run, const char *path, const char *rel,
		      struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str in = { 0 }, out = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };
	_cleanup_free_ char *target = NULL;
	const char *name = strcmp(path, "-") ? path : "standard input", *word;
	enum xlpt_format to = XLPT_FORMAT_NONE;
	mode_t mode;
	int rc = xlpt_convert_load(path, &in, &mode, diag);

	if (rc)
		return rc;
	if (!convert_pool(xlpt_str_get(&in), in.len, name, &out, &word, &rc, diag)) {
		if (run->batch && run->how.to &&
		    xlpt_format_detect(xlpt_str_get(&in), in.len) == run->how.to) {
			run->skipped++;	/* is what it shall become */
			return 0;
		}
		rc = xlpt_convert(xlpt_str_get(&in), in.len, name, &run->how, &out, &to, &losses,
				  diag);
		word = xlpt_format_word(to);
	}
	if (rc == 0 && run->strict && xlpt_losses_strict(&losses)) {
		report(run, name, run->output, "", word, &losses);
		return refuse_losses(name, &losses, diag);
	}
	if (rc)
		return rc;
	if (run->output && run->batch) {
		_cleanup_free_ char *file = output_name(rel, word);

		target = xlpt_xasprintf("%s/%s", run->output, file);
		rc = make_parents(target, diag);
	} else if (run->output && strcmp(run->output, "-") != 0) {
		target = xlpt_xstrdup(run->output);
	}
	if (rc == 0 && target)
		rc = xlpt_convert_save(target, xlpt_str_get(&out), out.len, mode, false, diag);
	if (rc)
		return rc;
	if (!target && !run->env->json)
		fwrite(xlpt_str_get(&out), 1, out.len, run->env->out);
	run->converted++;
	report(run, name, target, xlpt_str_get(&out), word, &losses);
	return 0;
}

/* ---- trees ---- */

struct walk {
	struct xlpt_convert_run *run;
	struct stat out;	/* the output directory, which is not entered */
	bool has_out, count;
	size_t n;
	const char *root;
};

static bool wanted(const char *name)
{
	return *name != '.' && (ends_with(name, ".cfg") || ends_with(name, ".conf") ||
				ends_with(name, ".xml"));
}

static int walk_dir(struct walk *w, const char *rel, int depth, struct xlpt_diag *diag);

static int walk_entry(struct walk *w, int dirfd_, const char *rel, const char *name, int depth,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *sub = xlpt_xasprintf("%s%s%s", rel, *rel ? "/" : "", name);
	_cleanup_diag_ struct xlpt_diag own = { 0 };
	struct stat st;

	/* Links are not followed: a tree from elsewhere cannot lead to other files. */
	if (fstatat(dirfd_, name, &st, AT_SYMLINK_NOFOLLOW))
		return 0;
	if (S_ISDIR(st.st_mode)) {
		if (w->has_out && st.st_dev == w->out.st_dev && st.st_ino == w->out.st_ino)
			return 0;
		return walk_dir(w, sub, depth + 1, diag);
	}
	if (!S_ISREG(st.st_mode) || !wanted(name))
		return 0;
	w->n++;
	if (!w->count) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", w->root, sub);

		if (xlpt_convert_file(w->run, path, sub, &own))
			xlpt_convert_failed(w->run, &own);
		w->run->done++;
		xlpt_convert_progress(w->run);
		return xlpt_check_interrupted(diag);
	}
	return 0;
}

static int walk_dir(struct walk *w, const char *rel, int depth, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s%s%s", w->root, *rel ? "/" : "", rel);
	struct dirent *ent;
	DIR *dir;
	int rc = 0;

	if (depth > MAX_DEPTH)
		return xlpt_diag_set(diag, XLPT_ERR_DATA, "%s: deeper than %d directories", path,
				     MAX_DEPTH);
	dir = opendir(path);
	if (!dir)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read the directory %s", path);
	while (rc == 0 && (ent = readdir(dir)))
		if (strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0)
			rc = walk_entry(w, dirfd(dir), rel, ent->d_name, depth, diag);
	closedir(dir);
	return rc;
}

int xlpt_convert_tree(struct xlpt_convert_run *run, const char *dir, struct xlpt_diag *diag)
{
	struct walk w = { .run = run, .root = dir };
	struct stat st;

	w.has_out = run->output && stat(run->output, &w.out) == 0;
	if (w.has_out && stat(dir, &st) == 0 && st.st_dev == w.out.st_dev &&
	    st.st_ino == w.out.st_ino) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "%s is both input and output", dir);
		xlpt_diag_hint(diag, "give another directory with -o");
		return XLPT_ERR_USAGE;
	}
	return walk_dir(&w, "", 0, diag);
}

int xlpt_convert_count(const struct xlpt_convert_run *run, const char *dir, size_t *n,
		       struct xlpt_diag *diag)
{
	struct walk w = { .root = dir, .count = true };
	int rc;

	w.has_out = run->output && stat(run->output, &w.out) == 0;
	rc = walk_dir(&w, "", 0, diag);
	*n += w.n;
	return rc;
}

/* ---- progress ---- */

void xlpt_convert_clear(struct xlpt_convert_run *run)
{
	if (run->bar)
		fputs("\r\033[K", run->bar);
}

void xlpt_convert_progress(struct xlpt_convert_run *run)
{
	unsigned percent = run->total ? (unsigned)(run->done * 100 / run->total) : 100;
	char bar[41];

	if (!run->bar || (percent == run->percent && run->done != 1))
		return;
	run->percent = percent;
	memset(bar, '.', 40);
	memset(bar, '#', percent * 40 / 100);
	bar[40] = '\0';
	fprintf(run->bar, "\r[%s] %3u%% %zu of %zu", bar, percent, run->done, run->total);
	fflush(run->bar);
}

void xlpt_convert_failed(struct xlpt_convert_run *run, struct xlpt_diag *diag)
{
	run->failed++;
	if (!run->first_error)
		run->first_error = diag->code;
	xlpt_convert_clear(run);
	xlpt_print_diag(run->env, diag);
}
