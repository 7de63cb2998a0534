/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl create, run as a program: the process it leaves behind, which handles the
 * guest's reboot and end, is part of xl and of no library.
 */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"
#include "core/run.h"
#include "xl-plugin/backend/causes.h"
#include "xl-plugin/backend/toolstack.h"

static int fill(int fd, const char *text, size_t len)
{
	int r = xlpt_file_write_all(fd, text, len);

	return r == 0 && lseek(fd, 0, SEEK_SET) < 0 ? -errno : r;
}

int xlpt_xl_create(struct xlpt_toolstack *ts, const char *config, size_t len,
		   struct xlpt_diag *diag)
{
	/*
	 * A file in memory, not a pipe: xl reads its configuration as a plain file only
	 * (libxl_read_file_contents).
	 */
	_cleanup_close_ int in = memfd_create("xl-config", MFD_CLOEXEC);
	static const char *const argv[] = { "xl", "create", "/proc/self/fd/0", NULL };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	int r, rc;

	run.idle = ts->idle;
	r = in < 0 ? -errno : fill(in, config, len);
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot hand the configuration to xl");
	run.in_fd = in;
	rc = xlpt_run_program(&run, diag);
	if (rc || !run.status)
		return rc;
	if (run.status == 127) {
		xlpt_diag_set(diag, XLPT_ERR_NO_XEN, "there is no xl to create the guest with");
		xlpt_diag_hint(diag,
			       "install xl (xen-utils, xen-tools), or use xlpt start --print");
		return XLPT_ERR_NO_XEN;
	}
	xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "xl create failed");
	if (run.status <= 128)
		xlpt_diag_fact(diag, "its exit status is %d", run.status);
	else
		xlpt_diag_fact(diag, "signal %d ended it", run.status - 128);
	xlpt_diag_add_log(diag, run.out.s);
	xlpt_diag_add_log(diag, run.err.s);
	xlpt_diag_hint(diag, "what it said is above; its configuration is what xlpt start "
			     "--print shows");
	xlpt_cause_explain(diag);
	return XLPT_ERR_TOOLSTACK;
}
