/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/backend/virsh.h"

#include <string.h>

#include "core/run.h"
#include "xl-plugin/backend/toolstack.h"

#define URI	  "xen:///system"
#define MAX_WORDS 6

void xlpt_virsh_dispose(struct xlpt_virsh *v)
{
	xlpt_str_dispose(&v->out);
	xlpt_str_dispose(&v->err);
	*v = (struct xlpt_virsh){ 0 };
}

int xlpt_virsh_run(struct xlpt_toolstack *ts, const char *const *words, const char *input,
		   int64_t timeout_ms, struct xlpt_virsh *out, struct xlpt_diag *diag)
{
	const char *argv[3 + MAX_WORDS + 1] = { "virsh", "-c", URI };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	_cleanup_free_ char *feed = xlpt_xstrdup(input ? input : "");
	int rc;

	for (size_t i = 0; i < MAX_WORDS && words[i]; i++)
		argv[3 + i] = words[i];
	*out = (struct xlpt_virsh){ 0 };
	run.idle = ts->idle;
	run.answer = true;
	run.timeout_ms = timeout_ms;
	run.feed = feed;
	run.feed_len = strlen(feed);
	rc = xlpt_run_program(&run, diag);
	if (rc == XLPT_ERR_TIMEOUT) {
		xlpt_diag_dispose(diag);
		out->timed_out = true;
		rc = 0;
	}
	out->status = run.status;
	xlpt_str_addn(&out->out, xlpt_str_get(&run.out), run.out.len);
	xlpt_str_addn(&out->err, xlpt_str_get(&run.err), run.err.len);
	return rc;
}
