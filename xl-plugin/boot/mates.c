/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The others of the isolation sets (pciback/isolate) of what is hidden at boot. A set goes to one guest as a
 * whole: a member that stays with a driver of dom0 keeps the hidden ones from every guest, until somebody
 * allows that the set is split.
 */
#include "pciback/device/bind.h"
#include "pciback/isolate/isolate.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/kept/settings.h"

struct mates {
	const struct xlpt_devices *devs;
	const struct xlpt_needs *needs;
	struct xlpt_str in, out,
		names; /* of the list; not of the list, with and without their drivers */
	bool asked;    /* one of the list was named now */
	bool needed;   /* this host needs one that is not in the list */
};

static bool listed(const struct xlpt_devices *devs, const struct xlpt_hide_list *list,
		   const struct xlpt_device *d)
{
	for (size_t i = 0; i < list->n; i++)
		if (xlpt_boot_means(devs, &list->items[i], d))
			return true;
	return false;
}

static void add(struct mates *m, const struct xlpt_boot_plan *p, const struct xlpt_device *d)
{
	const struct xlpt_needed *need = xlpt_needs_find(m->needs, d->bdf);
	const char *bdf = XLPT_BDF_STR(d->bdf);

	if (xlpt_set_ignores(d))
		return;
	if (listed(m->devs, &p->list, d)) {
		xlpt_str_addf(&m->in, "%s%s", m->in.len ? ", " : "", bdf);
		m->asked |= listed(m->devs, &p->added, d);
		return;
	}
	/* Without a driver nobody uses it. On pciback it was put by hand: the next boot does not. */
	if (!d->driver && !need)
		return;
	xlpt_str_addf(&m->out, "%s%s (%s%s)", m->out.len ? ", " : "", bdf,
		      need ? "this host needs it: " : "driver ", need ? need->what : d->driver);
	xlpt_str_addf(&m->names, " %s", bdf);
	m->needed |= need != NULL;
}

/* Is the set one that xlpt.conf allows to be divided, for good? */
static bool allowed(struct xlpt_env *env, const struct xlpt_settings *settings,
		    const struct xlpt_devices *devs, const struct xlpt_sets *sets, size_t set)
{
	for (char **name = settings->allow_split; name && *name; name++) {
		const struct xlpt_device *d;
		struct xlpt_bdf bdf;

		if (xlpt_args_device(env, *name, &bdf, NULL))
			continue;
		d = xlpt_devices_find(devs, bdf);
		if (d && sets->of[d - devs->items] == set)
			return true;
	}
	return false;
}

void xlpt_boot_mates(struct xlpt_env *env, const struct xlpt_boot_req *req,
		     struct xlpt_boot_plan *p, const struct xlpt_devices *devs,
		     const struct xlpt_needs *needs)
{
	_cleanup_settings_ struct xlpt_settings settings = { 0 };
	_cleanup_sets_ struct xlpt_sets sets = { 0 };
	bool any = false;

	/* One that cannot be read allows nothing; whoever needs it says so. */
	xlpt_settings_read(env->host, &settings, NULL);
	xlpt_sets_make(devs, &sets);
	for (size_t set = 0; set < sets.n; set++) {
		struct mates m = { .devs = devs, .needs = needs };
		bool tell;

		for (size_t i = sets.start[set]; i < sets.start[set + 1]; i++)
			add(&m, p, &devs->items[sets.member[i]]);
		tell = m.in.len && m.out.len && (m.asked || req->only_look) &&
		       !allowed(env, &settings, devs, &sets, set);
		if (tell)
			xlpt_strv_addf(
				&p->notes,
				"%s: in one isolation set with %s; attach refuses as long as "
				"dom0 keeps a part of the set, unless with --allow-split%s%s%s",
				m.in.s, m.out.s, m.needed ? "" : "; to hide all of it: ",
				m.needed ? "" : "xlpt boot write", m.needed ? "" : m.names.s);
		any |= tell;
		xlpt_str_dispose(&m.in);
		xlpt_str_dispose(&m.out);
		xlpt_str_dispose(&m.names);
	}
	if (any && sets.unread)
		xlpt_strv_addf(&p->notes,
			       "isolation sets are wider than they may be: the configuration space "
			       "of %zu function%s cannot be read",
			       sets.unread, sets.unread == 1 ? "" : "s");
}
