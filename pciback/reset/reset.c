/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resetting one function by the kernel, which tries its methods or takes the one that is named. */
#include <errno.h>
#include <string.h>

#include "pciback/reset/function.h"

#define DEVICE "/sys/bus/pci/devices/%s"

/* ---- reset_method ---- */

char *xlpt_reset_method_read(struct xlpt_host *h, struct xlpt_bdf bdf)
{
	char *text = NULL;

	return xlpt_host_read_text(h, &text, DEVICE "/reset_method", XLPT_BDF_STR(bdf)) < 0 ? NULL
											    : text;
}

static int write_method(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words)
{
	_cleanup_free_ char *line = xlpt_xasprintf("%s\n", words);

	return xlpt_host_write_text(h, line, DEVICE "/reset_method", XLPT_BDF_STR(bdf));
}

static int choose_method(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words,
			 struct xlpt_diag *diag)
{
	int r = write_method(h, bdf, words);

	if (r >= 0)
		return 0;
	if (r == -ENOENT) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
			      "this kernel does not let the reset method be chosen");
		xlpt_diag_fact(diag, DEVICE "/reset_method came with Linux 5.15",
			       XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "leave --method out");
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot choose the reset method of %s",
			XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "writing \"%s\" to " DEVICE "/reset_method", words, XLPT_BDF_STR(bdf));
	xlpt_diag_hint(diag, "xlpt reset --list %s shows what it can do", XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

int xlpt_reset_method_restore(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words,
			      struct xlpt_diag *diag)
{
	int r = write_method(h, bdf, words);

	if (r == -EINVAL)
		r = write_method(h, bdf, "default");
	if (r >= 0)
		return 0;
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot put back the reset methods of %s",
			XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, DEVICE "/reset_method was \"%s\"", XLPT_BDF_STR(bdf), words);
	xlpt_diag_hint(diag, "echo default > " DEVICE "/reset_method", XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

/* ---- the reset ---- */

static int refused(const struct xlpt_reset_fn *f, int r, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(f->bdf);

	if (r == -ENOENT) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "nothing can reset %s", bdf);
		xlpt_diag_fact(diag, DEVICE "/reset is not there: the kernel knows no way", bdf);
		xlpt_diag_hint(diag, "xlpt reset --list %s says why", bdf);
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "the kernel did not reset %s", bdf);
	xlpt_diag_fact(diag, "writing 1 to " DEVICE "/reset%s", bdf,
		       r == -ENOTTY ? "; ENOTTY means that this method does not work here" : "");
	xlpt_diag_hint(diag, "dmesg | grep %s; xlpt reset --list %s", bdf, bdf);
	return XLPT_ERR_IO;
}

int xlpt_reset_do(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words,
		  struct xlpt_reset_result *out, struct xlpt_diag *diag)
{
	struct xlpt_reset_fn f = { .refused = refused };
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	_cleanup_free_ char *methods = NULL;
	int rc = xlpt_reset_open(&f, h, bdf, diag), r;

	*out = (struct xlpt_reset_result){ 0 };
	/* Asked first: without a reset there is nothing to prove. */
	if (rc == 0 && !xlpt_host_has(h, DEVICE "/reset", XLPT_BDF_STR(bdf)))
		rc = refused(&f, -ENOENT, diag);
	if (rc)
		return rc;
	methods = xlpt_reset_method_read(h, bdf);
	if (words) {
		rc = choose_method(h, bdf, words, diag);
		if (rc)
			return rc;
	}
	xlpt_reset_mark(&f);
	r = xlpt_host_write_text(h, "1", DEVICE "/reset", XLPT_BDF_STR(bdf));
	rc = xlpt_reset_judge(&f, r, out, diag);
	if (xlpt_reset_unmark(&f, &no) && rc == 0) {
		xlpt_diag_move(diag, &no);
		rc = XLPT_ERR_LEFT;
	}
	if (words && methods) {
		_cleanup_diag_ struct xlpt_diag again = { 0 };

		if (xlpt_reset_method_restore(h, bdf, methods, &again)) {
			if (rc == 0)
				xlpt_diag_move(diag, &again);
			rc = xlpt_diag_recode(diag, XLPT_ERR_LEFT);
		}
	}
	if (rc)
		xlpt_reset_result_dispose(out);
	return rc;
}
