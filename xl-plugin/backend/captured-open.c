/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/backend/captured.h"

#include <errno.h>
#include <string.h>

#include "xenstore/store-file.h"

#define TEXT_MAX (16 << 20)

static int slurp(struct xlpt_host *h, const char *path, char **text, struct xlpt_diag *diag)
{
	char *buf = NULL;
	ssize_t r = -ENOENT;

	*text = NULL;
	if (h->ops->exists(h, path))
		return 0;
	buf = xlpt_xcalloc(1, TEXT_MAX + 1);
	r = h->ops->read(h, path, buf, TEXT_MAX + 1);
	if (r < 0 || r > TEXT_MAX || memchr(buf, '\0', (size_t)r)) {
		free(buf);
		xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is not what xlpt capture writes", path);
		xlpt_diag_fact(diag,
			       r < 0 ? "it cannot be read" : "it is too large, or has a NUL in it");
		xlpt_diag_hint(diag, "unpack the capture again, or make another");
		return XLPT_ERR_DATA;
	}
	buf[r] = '\0';
	*text = buf;
	return 0;
}

static int malformed(const char *path, int rc, struct xlpt_diag *diag)
{
	if (diag) {
		xlpt_diag_at(diag, path, diag->line, 0);
		xlpt_diag_hint(diag, "unpack the capture again, or make another");
	}
	return rc;
}

int xlpt_captured_open(struct xlpt_host *tree, struct xlpt_clock *clock, struct xlpt_store *store,
		       struct xlpt_toolstack *ts, struct xlpt_diag *diag)
{
	_cleanup_free_ char *nodes = NULL, *answers = NULL, *cmdline = NULL, *messages = NULL;
	int rc;

	rc = slurp(tree, XLPT_CAPTURE_STORE, &nodes, diag);
	if (rc == 0)
		rc = slurp(tree, XLPT_CAPTURE_TOOLSTACK, &answers, diag);
	if (rc == 0)
		rc = slurp(tree, XLPT_CAPTURE_CMDLINE, &cmdline, diag);
	if (rc == 0)
		rc = slurp(tree, XLPT_CAPTURE_MESSAGES, &messages, diag);
	if (rc || !nodes || !answers)
		return rc;
	rc = xlpt_store_open_text(store, clock, nodes, diag);
	if (rc)
		return malformed(XLPT_CAPTURE_STORE, rc, diag);
	rc = xlpt_toolstack_open_text(ts, answers, cmdline, messages, diag);
	if (rc == 0)
		return 1;
	xlpt_store_close(store);
	return malformed(XLPT_CAPTURE_TOOLSTACK, rc, diag);
}
