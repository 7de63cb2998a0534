/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The archive of a captured tree: made by tar, for root alone, under its name when it is whole. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/run.h"
#include "xl-plugin/view/capture.h"

static int tar(const char *stage, const char *name, int fd, const char *file,
	       struct xlpt_diag *diag)
{
	/* Neither owners nor the order of files say anything of this host. */
	const char *argv[] = {
		"tar",	     "--create",  "--gzip",	 "--format=pax", "--numeric-owner",
		"--owner=0", "--group=0", "--sort=name", "--directory",	 stage,
		"--file=-",  name,	  NULL
	};
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	_cleanup_free_ char *ended = NULL;
	int rc;

	run.out_fd = fd;
	run.stoppable = true;
	rc = xlpt_run_program(&run, diag);
	if (rc || !run.status)
		return rc;
	if (run.status == 127) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "there is no tar to make the archive with");
		xlpt_diag_hint(diag, "install tar and gzip");
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_set(diag, XLPT_ERR_IO, "cannot write %s", file);
	ended = xlpt_run_ended(run.status);
	xlpt_diag_fact(diag, "tar %s", ended);
	xlpt_diag_add_log(diag, run.err.s);
	xlpt_diag_hint(diag, "%s",
		       xlpt_size_hint() ? xlpt_size_hint()
					: "make room for it, or name another place with -o");
	return XLPT_ERR_IO;
}

static int cannot_make(const char *file, int r, struct xlpt_diag *diag)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot make %s", file);
	xlpt_diag_hint(diag, r == -EEXIST ? "remove it, or name another file with -o"
					  : "name another file with -o");
	return XLPT_ERR_IO;
}

/* For root alone, under its name when it is whole, and never over something that is there. */
static int archive_to(const char *stage, const char *name, const char *file,
		      const struct xlpt_file *f, struct xlpt_diag *diag)
{
	const struct xlpt_file_how how = { .mode = 0600, .fresh = true };
	_cleanup_free_ char *tmp = NULL;
	_cleanup_close_ int fd = xlpt_file_begin(f, true, &tmp);
	int rc, r;

	if (fd < 0)
		return cannot_make(file, fd, diag);
	rc = tar(stage, name, fd, file, diag);
	if (rc) {
		xlpt_file_abandon(f, tmp);
		return rc;
	}
	r = xlpt_file_finish(f, fd, tmp, &how);
	return r ? cannot_make(file, r, diag) : 0;
}

int xlpt_capture_archive(const char *stage, const char *name, const char *file,
			 struct xlpt_diag *diag)
{
	_cleanup_file_ struct xlpt_file f;
	_cleanup_close_ int into = -1;
	int r;

	if (!strcmp(file, "-"))
		return tar(stage, name, STDOUT_FILENO, "to standard output", diag);
	r = xlpt_file_find(NULL, file, XLPT_FILE_FOLLOW, &f);
	if (r)
		return cannot_make(file, r, diag);
	if (!xlpt_file_goes_into(&f))
		return archive_to(stage, name, file, &f, diag);
	into = xlpt_file_into(&f);
	return into < 0 ? cannot_make(file, into, diag) : tar(stage, name, into, file, diag);
}
