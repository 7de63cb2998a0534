/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pools of virtual functions: whether each can be read, has what it names, and how much is free. */
#include "core/text.h"
#include "xl-plugin/check/doctor.h"
#include "xl-plugin/pool/pools.h"

#define GROUP XLPT_DOCTOR_POOLS

static void told(struct xlpt_doctor *d, const char *name, const struct xlpt_pool_view *view)
{
	struct xlpt_doctor_pool *p;

	XLPT_GROW(d->pools, d->n_pools, d->alloc_pools);
	p = &d->pools[d->n_pools++];
	*p = (struct xlpt_doctor_pool){ .name = xlpt_xstrdup(name) };
	for (size_t i = 0; i < view->vfs.n; i++)
		p->vfs[view->vfs.items[i].state]++;
	for (size_t i = 0; i < view->n; i++)
		xlpt_doctor_failed(d, GROUP, XLPT_HEALTH_WARNING, "source", &view->troubles[i]);
	/* All leased is how a pool of one VF is meant to be, so that alone is no warning. */
	if (view->vfs.n) {
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "free",
				"pool %s: %zu of %zu virtual functions are free", name,
				p->vfs[XLPT_VF_FREE], view->vfs.n);
		return;
	}
	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "free",
			"pool %s has no virtual functions: nothing can be given out of it", name);
	xlpt_doctor_mend(d, "xlpt pool show %s", XLPT_WORD(name));
}

void xlpt_doctor_pools(struct xlpt_doctor *d)
{
	_cleanup_pool_facts_ struct xlpt_pool_facts facts = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_strv_ char **names = NULL;

	if (xlpt_pool_names(d->env, &names, &diag) ||
	    (xlpt_strv_len(names) && xlpt_pool_facts_read(d->env, &facts, &diag))) {
		xlpt_doctor_failed(d, GROUP, XLPT_HEALTH_UNKNOWN, "pools", &diag);
		return;
	}
	for (char **name = names; name && *name; name++) {
		_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
		_cleanup_pool_view_ struct xlpt_pool_view view = { 0 };
		_cleanup_diag_ struct xlpt_diag why = { 0 };

		if (xlpt_pool_load(d->env, *name, &def, &why) ||
		    xlpt_pool_view(d->env, &def, &facts, &view, &why))
			xlpt_doctor_failed(d, GROUP, XLPT_HEALTH_WARNING, "definition", &why);
		else
			told(d, *name, &view);
	}
}
