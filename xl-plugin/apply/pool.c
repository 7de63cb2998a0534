/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* [pool NAME]: a definition as xlpt pool has it, judged as xlpt pool does. */
#include <string.h>

#include "xl-plugin/apply/apply.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/pool/pools.h"

/* "pf = enp1s0, policy = spread": everything except the name. */
static char *words_of(const char *text)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	struct xlpt_str out = { 0 };
	char *save = NULL;

	if (!text)
		return xlpt_xstrdup("not defined");
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (*line != '#' && !xlpt_starts(line, "name ="))
			xlpt_str_addf(&out, "%s%s", out.len ? ", " : "", line);
	return xlpt_str_take(&out);
}

/*
 * The same except for comments: there stands what only libvirt said of an imported pool, and it
 * stays.
 */
static bool same(const char *was, const char *want)
{
	_cleanup_free_ char *a = words_of(was), *b = words_of(want);

	return was && !strcmp(a, b);
}

/*
 * Judges as pool define does. What only is not there yet is told, except VFs and pins that this
 * apply makes.
 */
static int judge(struct xlpt_apply *a, const struct xlpt_pool_def *def, struct xlpt_diag *diag)
{
	_cleanup_pool_view_ struct xlpt_pool_view view = { 0 };
	bool dry = a->env->dry_run, makes = false, had;
	int rc;

	a->env->dry_run = true;
	rc = xlpt_op_pool_define(a->env, def, &view, &had, diag);
	a->env->dry_run = dry;
	for (size_t i = 0; i < a->conf.n; i++)
		makes |= (a->conf.items[i].kind == XLPT_ENTRY_VFS ||
			  a->conf.items[i].kind == XLPT_ENTRY_PIN) &&
			 a->conf.items[i].changes;
	for (size_t i = 0; rc == 0 && !makes && i < view.n; i++)
		xlpt_apply_note(a, "%s; to mend: %s", view.troubles[i].message,
				view.troubles[i].hint ? view.troubles[i].hint : "-");
	return rc;
}

static int one(struct xlpt_apply *a, struct xlpt_entry *e, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_POOLS_DIR "/%s", e->name), *was = NULL;
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
	_cleanup_str_ struct xlpt_str want = { 0 };
	int rc = xlpt_pool_def_parse(xlpt_str_get(&e->text), e->text.len, e->file, &def, diag);

	if (rc == 0)
		rc = judge(a, &def, diag);
	if (rc == 0)
		rc = xlpt_apply_read(a, path, &was, diag);
	if (rc)
		return rc;
	xlpt_pool_def_format(&def, &want);
	xlpt_apply_claim(a, "pool", e->name, !was);
	xlpt_apply_told(e, words_of(was), words_of(xlpt_str_get(&want)));
	if (!same(was, want.s))
		xlpt_apply_file(a, path, XLPT_TAKE(was), xlpt_str_take(&want), 0600);
	return 0;
}

static int forget(struct xlpt_apply *a, const char *name, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_POOLS_DIR "/%s", name), *was = NULL;
	bool dry = a->env->dry_run;
	int rc = xlpt_apply_read(a, path, &was, diag);

	if (rc || !was)
		return rc;
	a->env->dry_run = true;
	rc = xlpt_op_pool_undefine(a->env, name, diag);
	a->env->dry_run = dry;
	if (rc)
		return rc;
	xlpt_strv_addf(&a->pruned, "pool %s", name);
	xlpt_apply_file(a, path, XLPT_TAKE(was), NULL, 0600);
	return 0;
}

int xlpt_apply_pools(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	const char *name;
	bool any = false;
	size_t k = 0;
	int rc = 0;

	for (size_t i = 0; i < a->conf.n; i++)
		any |= a->conf.items[i].kind == XLPT_ENTRY_POOL;
	if (!any && !xlpt_apply_unclaimed(a, "pool", &k))
		return 0;
	/* This is the last of the locks: whoever has it waits for nothing. */
	if (!a->want->check)
		rc = xlpt_lock_pools(a->env, &a->locks,
				     xlpt_now(a->env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	for (size_t i = 0; rc == 0 && i < a->conf.n; i++) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };

		if (a->conf.items[i].kind == XLPT_ENTRY_POOL && one(a, &a->conf.items[i], &no))
			xlpt_errors_add(&a->errors, &a->conf.items[i], &no);
	}
	for (k = 0; rc == 0 && (name = xlpt_apply_unclaimed(a, "pool", &k));) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };

		if (forget(a, name, &no))
			xlpt_errors_add(&a->errors, NULL, &no);
	}
	return rc;
}
