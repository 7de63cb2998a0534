/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of a tree, and telling how far their conversion has come. */
#include "xl-plugin/convert/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>

#include "xl-plugin/cli/output.h"

#define MAX_DEPTH 32 /* of directories */

/* ---- trees ---- */

struct walk {
	struct stat out; /* the output directory, which is not entered */
	bool has_out;
	struct xlpt_convert_inputs *in;
	const char *root;
};

static bool wanted(const char *name)
{
	static const char *const patterns[] = { "*.cfg", "*.conf", "*.xml" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(patterns); i++)
		if (fnmatch(patterns[i], name, FNM_PERIOD) == 0)
			return true;
	return false;
}

static int walk_dir(struct walk *w, const char *rel, int depth, struct xlpt_diag *diag);

static int walk_entry(struct walk *w, int dirfd_, const char *rel, const char *name, int depth,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *sub = xlpt_xasprintf("%s%s%s", rel, *rel ? "/" : "", name),
			    *path = NULL;
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
	path = xlpt_xasprintf("%s/%s", w->root, sub);
	xlpt_convert_inputs_add(w->in, path, sub, true);
	return xlpt_check_interrupted(diag);
}

static int walk_dir(struct walk *w, const char *rel, int depth, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s%s%s", w->root, *rel ? "/" : "", rel);
	_cleanup_strv_ char **names = NULL;
	struct xlpt_host dir;
	int rc = 0, r;

	if (depth > MAX_DEPTH) {
		xlpt_diag_set(diag, XLPT_ERR_DATA, "%s: deeper than %d directories", path,
			      MAX_DEPTH);
		xlpt_diag_hint(diag, "convert what is below it by itself");
		return XLPT_ERR_DATA;
	}
	r = xlpt_host_open(&dir, path);
	if (r == 0)
		r = xlpt_host_list(&dir, &names, "/");
	if (r < 0)
		rc = xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot read the directory %s", path);
	for (char **n = names; rc == 0 && n && *n; n++)
		rc = walk_entry(w, dir.rootfd, rel, *n, depth, diag);
	xlpt_host_close(&dir);
	return rc;
}

int xlpt_convert_tree(const struct xlpt_convert_run *run, const char *dir,
		      struct xlpt_convert_inputs *in, struct xlpt_diag *diag)
{
	struct walk w = { .in = in, .root = dir };
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
