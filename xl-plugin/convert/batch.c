/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several files, or all of a directory, into a directory. */
#include "xl-plugin/convert/convert.h"

#include <string.h>
#include <unistd.h>

#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"

bool xlpt_convert_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int collect_inputs(const struct xlpt_convert_run *run, char **paths, size_t n,
			  struct xlpt_convert_inputs *in, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		const char *path = paths[i], *slash = strrchr(path, '/');

		if (xlpt_convert_is_dir(path))
			rc = xlpt_convert_tree(run, path, in, diag);
		else
			xlpt_convert_inputs_add(in, path, slash ? slash + 1 : path, false);
	}
	return rc;
}

/* What the batch came to, when all files had their turn. */
static int tell_end(struct xlpt_convert_run *run, struct xlpt_diag *diag)
{
	_cleanup_free_ char *lost = xlpt_loss_counts_text(&run->losses);

	xlpt_say(run->env, "%zu converted, %zu failed, %zu skipped; %s", run->converted,
		 run->failed, run->skipped, lost);
	if (run->failed) {
		xlpt_diag_set(diag, run->first_error, "%zu of %zu files were not converted",
			      run->failed, run->failed + run->converted + run->skipped);
		xlpt_diag_hint(diag, "the messages above name them; their outputs are untouched");
		return run->first_error;
	}
	return 0;
}

/* One after the other; a file that fails is told and does not stop the others, a signal does. */
static int convert_all(struct xlpt_convert_run *run, const struct xlpt_convert_inputs *in,
		       struct xlpt_diag *diag)
{
	int rc = 0;

	run->total = in->n;
	for (size_t i = 0; rc == 0 && i < in->n; i++) {
		_cleanup_diag_ struct xlpt_diag own = { 0 };

		rc = xlpt_check_interrupted(diag);
		if (rc)
			break;
		rc = xlpt_convert_file(run, &in->items[i], &own);
		if (rc == XLPT_ERR_STOPPED) {
			xlpt_diag_move(diag, &own);
			break;
		}
		if (rc)
			xlpt_convert_failed(run, &own);
		rc = 0;
		run->done++;
		xlpt_convert_progress(run);
	}
	xlpt_convert_clear(run);
	return rc;
}

int xlpt_convert_batch(struct xlpt_convert_run *run, char **paths, size_t n, struct xlpt_diag *diag)
{
	_cleanup_inputs_ struct xlpt_convert_inputs in = { 0 };
	int fd = fileno(run->env->err), rc;

	if (!run->output) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "several files need a directory to go to");
		xlpt_diag_hint(diag, "give it with -o DIR");
		return XLPT_ERR_USAGE;
	}
	if (fd >= 0 && isatty(fd) && !run->env->json)
		run->bar = run->env->err;
	rc = collect_inputs(run, paths, n, &in, diag);
	if (rc == 0)
		rc = xlpt_convert_check_names(run, &in, diag);
	if (rc == 0)
		rc = convert_all(run, &in, diag);
	if (rc && run->converted) {
		xlpt_diag_wrap(diag, "%zu converted, the others not", run->converted);
		run->env->done = true;
		return xlpt_diag_recode(diag, XLPT_ERR_LEFT);
	}
	return rc ? rc : tell_end(run, diag);
}
