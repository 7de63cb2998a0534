/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [guard]: the files of guard install and guard remove, among the other files. */
#include <string.h>

#include "xl-plugin/apply/apply.h"
#include "xl-plugin/sentry/sentry.h"

/* The words of the parts that are to be installed, and of those that are to be removed. */
struct wanted {
	bool install[XLPT_SENTRY_PARTS], remove[XLPT_SENTRY_PARTS];
	bool changes[XLPT_SENTRY_PARTS]; /* files of the part have to change */
	bool any;
};

static void take_files(struct xlpt_apply *a, const struct xlpt_sentry *g, const size_t *picked,
		       size_t n, bool remove)
{
	for (size_t i = 0; i < n; i++) {
		const struct xlpt_sentry_file *s = &g->files[picked[i]];
		const struct xlpt_change c = xlpt_sentry_change_of(s, remove);
		struct xlpt_apply_file *f = xlpt_apply_file(a, c.path, xlpt_xstrdup(c.was),
							    xlpt_xstrdup(c.want), c.mode);

		if (!f)
			continue;
		f->change.kind = c.kind;
		f->change.keep = c.keep;
		for (char **line = s->part == XLPT_SENTRY_LIBVIRT ? g->commands : NULL;
		     line && *line; line++)
			xlpt_apply_command(a, *line);
	}
}

/* Adds the files to change, and notes of which parts they are. */
static int pick(struct xlpt_apply *a, const struct xlpt_sentry *g, struct wanted *w,
		struct xlpt_diag *diag)
{
	_cleanup_free_ size_t *in = NULL, *out = NULL;
	size_t n_in = 0, n_out = 0;
	int rc = xlpt_sentry_judge_path(g, w->install, diag);

	if (rc == 0)
		rc = xlpt_sentry_pick(g, w->install, false, false, &in, &n_in, diag);
	if (rc == 0)
		rc = xlpt_sentry_pick(g, w->remove, true, false, &out, &n_out, diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < n_in; i++)
		w->changes[g->files[in[i]].part] = true;
	for (size_t i = 0; i < n_out; i++)
		w->changes[g->files[out[i]].part] = true;
	take_files(a, g, in, n_in, false);
	take_files(a, g, out, n_out, true);
	return 0;
}

/* A part that this host has no use for is no error: one file serves many hosts. */
static void take_entry(struct xlpt_apply *a, struct xlpt_entry *e, const struct xlpt_sentry *g,
		       struct wanted *w)
{
	for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++) {
		const char *word = xlpt_sentry_part_word(part), *value = xlpt_entry_get(e, word);
		bool yes = xlpt_streq(value, "yes");

		if (!value)
			continue;
		if (yes)
			xlpt_apply_claim(
				a, "guard", word,
				g->applies[part] &&
					!strcmp(xlpt_sentry_part_state(g, part), "not installed"));
		if (yes && !g->applies[part]) {
			xlpt_apply_note(a, "the guard's part %s has no use on this host: %s", word,
					g->why_not[part]);
			continue;
		}
		w->any = true;
		(yes ? w->install : w->remove)[part] = true;
	}
}

/* Each part by itself: "xl: not installed, would be installed; libvirt: installed, as it shall be". */
static void tell_entry(const struct xlpt_apply *a, struct xlpt_entry *e,
		       const struct xlpt_sentry *g, const struct wanted *w)
{
	struct xlpt_str was = { 0 }, is = { 0 }, all = { 0 };

	for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++) {
		const char *word = xlpt_sentry_part_word(part), *between = was.len ? ", " : "",
			   *state = xlpt_sentry_part_state(g, part),
			   *want = w->install[part] ? "installed" : "not installed";

		if (!xlpt_entry_get(e, word))
			continue;
		if (!w->install[part] && !strcmp(state, "does not apply"))
			state = w->remove[part] ? want : "has no use here";
		xlpt_str_addf(&was, "%s%s %s", between, word, state);
		xlpt_str_addf(&is, "%s%s %s", between, word, w->changes[part] ? want : state);
		xlpt_str_addf(&all, "%s%s: ", all.len ? "; " : "", word);
		if (w->changes[part])
			xlpt_str_addf(&all,
				      a->want->check ? "%s, would be %s" : "was %s, is %s now",
				      state, want);
		else if (!strcmp(state, want))
			xlpt_str_addf(&all, "%s, as it shall be", state);
		else
			xlpt_str_addf(&all, "%s", state);
	}
	xlpt_apply_told(e, xlpt_str_take(&was), xlpt_str_take(&is));
	e->sentence = xlpt_str_take(&all);
}

static void prune(struct xlpt_apply *a, struct wanted *w)
{
	const char *name;

	for (size_t i = 0; (name = xlpt_apply_unclaimed(a, "guard", &i));)
		for (enum xlpt_sentry_part part = 0; part < XLPT_SENTRY_PARTS; part++) {
			if (strcmp(name, xlpt_sentry_part_word(part)) != 0 || w->install[part] ||
			    w->remove[part])
				continue;
			w->any = w->remove[part] = true;
			xlpt_strv_addf(&a->pruned, "the guard's part %s", name);
		}
}

static struct xlpt_entry *entry_of(struct xlpt_apply *a)
{
	for (size_t i = 0; i < a->conf.n; i++)
		if (a->conf.items[i].kind == XLPT_ENTRY_GUARD)
			return &a->conf.items[i];
	return NULL;
}

int xlpt_apply_guard(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	_cleanup_sentry_ struct xlpt_sentry g = { 0 };
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	struct xlpt_entry *e = entry_of(a);
	struct wanted w = { 0 };
	size_t i = 0;
	int rc = 0;

	if (!e && !xlpt_apply_unclaimed(a, "guard", &i))
		return 0;
	if (!a->want->check)
		rc = xlpt_op_guard_lock(a->env, &a->locks, diag);
	if (rc == 0)
		rc = xlpt_sentry_look(a->env, NULL, &g, diag);
	if (rc)
		return rc;
	if (e)
		take_entry(a, e, &g, &w);
	prune(a, &w);
	if (w.any && pick(a, &g, &w, &no))
		xlpt_errors_add(&a->errors, e, &no);
	/* Something else may keep a part from working: guard status tells of that. */
	if (e)
		tell_entry(a, e, &g, &w);
	return 0;
}
