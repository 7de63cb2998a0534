/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operations that were cut short, and files that were not finished. */
#include <string.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/mend.h"
#include "xl-plugin/kept/file-change.h"
#include "xl-plugin/repair/kinds.h"
#include "xl-plugin/repair/repair.h"

static void find_journals(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			  struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_left; i++) {
		struct xlpt_journal *j = &f->left[i];
		const char *at = j->last ? j->last : "its beginning";
		struct xlpt_contradiction *c;

		if (xlpt_change_is(j) != (kind == &xlpt_kind_file_journal))
			continue;
		c = xlpt_contradiction_add(out, kind);
		if (j->n)
			xlpt_contradiction_bdf(c, j->devs[0].bdf);
		if (j->guest.name)
			xlpt_contradiction_guest(c, j->guest.domid, j->guest.name);
		c->key = xlpt_xstrdup(j->path);
		c->what = xlpt_xasprintf(
			"interrupted %s of %s%s%s, left at: %s", j->op, xlpt_journal_subject(j),
			j->guest.name ? " and guest " : "", j->guest.name ? j->guest.name : "", at);
		c->why = xlpt_xasprintf("%s is locked by nobody", j->path);
		c->does = xlpt_xasprintf("mend an interrupted %s of %s, left at: %s", j->op,
					 xlpt_journal_subject(j), at);
	}
}

static int mend_journal(struct xlpt_env *env, const struct xlpt_contradiction *c,
			struct xlpt_diag *diag)
{
	struct xlpt_journal *js = NULL;
	size_t n = 0;
	int rc = xlpt_journal_interrupted(env, &js, &n, diag);

	for (size_t i = 0; i < n; i++) {
		if (rc == 0 && xlpt_streq(js[i].path, c->key))
			rc = xlpt_mend(env, &js[i], diag);
		xlpt_journal_dispose(&js[i]);
	}
	free(js);
	return rc;
}

const struct xlpt_contradiction_kind xlpt_kind_file_journal = {
	.name = "file-change",
	.cause = "an xlpt was killed, or the host went down, while it changed files",
	.without_xen = true,
	.find = find_journals,
	.fix = mend_journal,
};

const struct xlpt_contradiction_kind xlpt_kind_journal = {
	.name = "journal",
	.cause = "an xlpt was killed, or the host went down, in the middle of this",
	.without_xen = true,
	.find = find_journals,
	.fix = mend_journal,
};

static void find_files(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
		       struct xlpt_contradictions *out)
{
	struct xlpt_contradiction *c;
	const char *word = f->unfinished == 1 ? "file" : "files";

	if (!f->unfinished)
		return;
	c = xlpt_contradiction_add(out, kind);
	c->what = xlpt_xasprintf("%zu %s that a killed xlpt had not finished", f->unfinished, word);
	c->does = xlpt_xasprintf("take away %zu %s that a killed xlpt had not finished",
				 f->unfinished, word);
}

static int sweep(struct xlpt_env *env, const struct xlpt_contradiction *c, struct xlpt_diag *diag)
{
	(void)c;
	(void)diag;
	xlpt_op_sweep(env);
	return 0;
}

const struct xlpt_contradiction_kind xlpt_kind_files = {
	.name = "files",
	.cause = "an xlpt was killed while it wrote them; nothing reads them",
	.without_xen = true,
	.find = find_files,
	.fix = sweep,
};
