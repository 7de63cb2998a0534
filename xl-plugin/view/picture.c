/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The graph as a picture: graphviz draws it, and a style sheet of ours makes it right for a dark screen, too. */
#include <string.h>

#include "core/run.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/inventory.h"

/* By the classes of dot.c. Guests keep their colours, and black text on them. */
static const char dark[] =
	"\n<style>\n@media (prefers-color-scheme: dark) {\n"
	"svg { background: #1b1d20 }\n"
	".graph > polygon { fill: #1b1d20 }\n"
	".edge path { stroke: #9aa0a6 }\n"
	".set > path { stroke: #ff8a80; fill: none }\n.set > text { fill: #ff8a80 }\n"
	".legend > polygon { stroke: #9aa0a6; fill: none }\n.legend > text, .note text { fill: #e8eaed }\n"
	".port path, .dom0 path { stroke: #9aa0a6 }\n.hidden path { stroke: #ffffff }\n"
	/* Of two rims the outer one has no fill. */
	".port path:not([fill=\"none\"]) { fill: #2b2f33 }\n.port text { fill: #e8eaed }\n"
	".dom0 path:not([fill=\"none\"]) { fill: #4a4f55 }\n.dom0 text { fill: #ffffff }\n"
	".hidden path:not([fill=\"none\"]) { fill: #1b1d20 }\n.hidden text { fill: #ffffff }\n"
	"}\n</style>";

static int no_picture(const struct xlpt_run *run, struct xlpt_diag *diag)
{
	_cleanup_free_ char *ended = NULL;

	if (run->status == 127) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
			      "--svg needs graphviz, which is not installed");
		xlpt_diag_fact(diag, "there is no program \"dot\"");
		xlpt_diag_hint(diag,
			       "apt-get install graphviz, or draw the output of --dot elsewhere");
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_set(diag, XLPT_ERR_IO, "graphviz's dot failed");
	ended = xlpt_run_ended(run->status);
	xlpt_diag_fact(diag, "it %s", ended);
	xlpt_diag_add_log(diag, run->err.s);
	xlpt_diag_hint(diag, "xlpt topology --dot shows what it was given");
	return XLPT_ERR_IO;
}

int xlpt_inventory_draw(struct xlpt_env *env, char *text, struct xlpt_diag *diag)
{
	static const char *const argv[] = { "dot", "-Tsvg", NULL };
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	const char *svg, *begin, *end;
	int rc;

	run.feed = text;
	run.feed_len = strlen(text);
	run.answer = true;
	rc = xlpt_run_program(&run, diag);
	if (rc || run.status)
		return rc ? rc : no_picture(&run, diag);
	svg = xlpt_str_get(&run.out);
	begin = strstr(svg, "<svg");
	end = begin ? strchr(begin, '>') : NULL;
	if (end) {
		fwrite(svg, 1, (size_t)(end + 1 - svg), env->out);
		fputs(dark, env->out);
		svg = end + 1;
	}
	fputs(svg, env->out);
	fputc('\n', env->out);
	return 0;
}
