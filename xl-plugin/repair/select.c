/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/repair/select.h"

#include <string.h>

#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/repair/kinds.h"

void xlpt_selection_dispose(struct xlpt_selection *s)
{
	free(s->items);
	*s = (struct xlpt_selection){ 0 };
}

static const struct xlpt_contradiction_kind *kind_of(const char *word)
{
	for (const struct xlpt_contradiction_kind *const *k = xlpt_contradiction_kinds; *k; k++)
		if (!strcmp((*k)->name, word))
			return *k;
	return NULL;
}

static bool only_device(const char *word)
{
	return xlpt_bdf_shaped(word) || strpbrk(word, ":/");
}

int xlpt_select(struct xlpt_env *env, char **words, size_t n, struct xlpt_selection *out,
		struct xlpt_diag *diag)
{
	int rc = 0;

	*out = (struct xlpt_selection){ .items = xlpt_xcalloc(n + 1, sizeof(*out->items)) };
	for (; rc == 0 && out->n < n; out->n++) {
		struct xlpt_selected_word *w = &out->items[out->n];

		w->word = words[out->n];
		w->kind = kind_of(w->word);
		if (w->kind)
			continue;
		/* What can be no guest's name is told why it is no device. */
		rc = xlpt_args_device(env, w->word, &w->bdf, only_device(w->word) ? diag : NULL);
		w->is_device = rc == 0;
		rc = only_device(w->word) ? rc : 0;
	}
	if (rc)
		xlpt_selection_dispose(out);
	return rc;
}

static bool is_guest(const char *word, const struct xlpt_contradiction *c)
{
	char domid[16];

	snprintf(domid, sizeof(domid), "%lld", (long long)c->domid);
	return xlpt_streq(c->guest, word) || (c->domid >= 0 && !strcmp(word, domid));
}

bool xlpt_selected(struct xlpt_selection *s, const struct xlpt_contradiction *c)
{
	bool any = !s->n;

	for (size_t i = 0; i < s->n; i++) {
		struct xlpt_selected_word *w = &s->items[i];
		bool fits = w->kind	   ? w->kind == c->kind
			    : w->is_device ? c->has_bdf && xlpt_bdf_eq(c->bdf, w->bdf)
					   : is_guest(w->word, c);

		w->met |= fits;
		any |= fits;
	}
	return any;
}

int xlpt_select_check(struct xlpt_env *env, const struct xlpt_selection *s, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct xlpt_selected_word *w = &s->items[i];
		_cleanup_guest_ struct xlpt_guest guest = { 0 };

		if (w->met || w->kind || w->is_device ||
		    env->ts->ops->guest_find(env->ts, w->word, &guest, NULL) == 0)
			continue;
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST,
			      "\"%s\" is no kind of contradiction, no device and no guest",
			      w->word);
		xlpt_diag_fact(diag, "no contradiction is of a guest of that name either");
		xlpt_diag_hint(diag,
			       "xlpt repair --help lists the kinds, xlpt repair --dry-run what "
			       "there is");
		return XLPT_ERR_NO_GUEST;
	}
	return 0;
}
