/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [pin NAME]: which device a name means. A pin that is there stays, wherever its device is by now.
 */
#include <string.h>

#include "core/text.h"
#include "xl-plugin/apply/apply.h"
#include "xl-plugin/kept/pins.h"

/*
 * The pin was made from these very words. They are not looked up again, because buses may have new
 * numbers.
 */
static bool same_words(const struct xlpt_apply *a, const struct xlpt_entry *e)
{
	_cleanup_free_ char *title = xlpt_entry_title(e), *words = xlpt_entry_words(e);

	return xlpt_applied_find(&a->before, title, words) != NULL;
}

static int other_device(const struct xlpt_entry *e, const struct xlpt_pin *old, int located,
			const struct xlpt_pin_match *match, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(e->devices[0]);

	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "there is a pin \"%s\" already, of another device than %s", e->name, bdf);
	if (located)
		xlpt_diag_fact(diag, "it was made for %s, which is not found now",
			       XLPT_BDF_STR(old->address));
	else
		xlpt_diag_fact(diag, "its device is %s", XLPT_BDF_STR(match->bdf));
	xlpt_diag_hint(diag, "xlpt pin --replace %s %s", XLPT_WORD(e->name), bdf);
	return XLPT_ERR_RULE;
}

static int make(struct xlpt_apply *a, struct xlpt_entry *e, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = xlpt_apply_identity(a, e->devices[0], diag);
	struct xlpt_boot_pin *pin;

	if (!text)
		return XLPT_ERR_NO_DEVICE;
	XLPT_GROW(a->pins, a->n_pins, a->alloc_pins);
	pin = &a->pins[a->n_pins++];
	*pin = (struct xlpt_boot_pin){ .name = xlpt_xstrdup(e->name) };
	return xlpt_pin_parse(text, &pin->pin, diag);
}

/* e->late: it is a VF's that is not there, and is looked at again when all PFs are known. */
static int one(struct xlpt_apply *a, struct xlpt_entry *e, bool coming, struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin old = { .vf = -1 };
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	struct xlpt_pin_match match = { 0 };
	int rc = xlpt_pin_load(a->env, e->name, &old, &no), located = XLPT_ERR_NOT_FOUND;
	bool there = rc == 0;

	if (rc && rc != XLPT_ERR_NOT_FOUND) {
		xlpt_diag_move(diag, &no);
		return rc;
	}
	xlpt_diag_dispose(&no);
	if (there)
		located = xlpt_pin_set_find(a->env, &a->pin_set, e->name, &old, &match, &no);
	e->late = located == XLPT_ERR_NO_DEVICE && old.vf >= 0 && !coming;
	if (e->late)
		return 0;
	if (located == XLPT_ERR_NO_DEVICE && xlpt_apply_pin_comes(a, &old)) {
		match.bdf = old.address;
		located = 0;
	}
	if (there && same_words(a, e)) {
		if (located) {
			xlpt_diag_move(diag, &no);
			return located;
		}
		XLPT_GROW(e->devices, e->n, e->alloc);
		e->devices[e->n++] = match.bdf;
	} else {
		rc = xlpt_apply_find(a, e, diag);
		if (rc)
			return rc;
	}
	if (there && (located || !xlpt_bdf_eq(match.bdf, e->devices[0])))
		return other_device(e, &old, located, &match, diag);
	xlpt_apply_claim(a, "pin", e->name, !there);
	xlpt_apply_told(e, xlpt_xstrdup(there ? XLPT_BDF_STR(match.bdf) : "not pinned"),
			xlpt_xstrdup(XLPT_BDF_STR(e->devices[0])));
	return there ? 0 : make(a, e, diag);
}

int xlpt_apply_pins(struct xlpt_apply *a, bool coming, struct xlpt_diag *diag)
{
	(void)diag;
	for (size_t i = 0; i < a->conf.n; i++) {
		_cleanup_diag_ struct xlpt_diag own = { 0 };
		struct xlpt_entry *e = &a->conf.items[i];

		if (e->kind == XLPT_ENTRY_PIN && e->late == coming && one(a, e, coming, &own)) {
			e->n = 0;
			xlpt_errors_add(&a->errors, e, &own);
		}
	}
	return 0;
}

/* A pin that somebody else hides at boot stays. */
static int drop_one(struct xlpt_apply *a, const char *name, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_PIN_DIR "/%s", name), *text = NULL;
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	struct xlpt_apply_file *f = NULL;
	int rc = xlpt_apply_read(a, path, &text, diag);

	if (rc || !text)
		return rc;
	for (size_t i = 0; i < a->n_files; i++)
		if (!strcmp(a->files[i].path, path))
			f = &a->files[i];
	if (xlpt_pin_parse(f ? f->want : text, &pin, NULL) == 0 && pin.at_boot) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "pin:%s is hidden at boot", name);
		xlpt_diag_fact(diag, "apply has not put it into the list");
		xlpt_diag_hint(diag, "xlpt boot remove pin:%s", XLPT_WORD(name));
		return XLPT_ERR_CONFLICT;
	}
	xlpt_strv_addf(&a->pruned, "pin %s", name);
	if (!f) {
		xlpt_apply_file(a, path, XLPT_TAKE(text), NULL, 0600);
		return 0;
	}
	free(XLPT_TAKE(f->want));
	return 0;
}

void xlpt_apply_prune_pins(struct xlpt_apply *a)
{
	const char *name;

	for (size_t i = 0; (name = xlpt_apply_unclaimed(a, "pin", &i));) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };

		if (drop_one(a, name, &no))
			xlpt_errors_add(&a->errors, NULL, &no);
	}
}
