/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "core/spec.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/resolve.h"
#include "xl-plugin/view/list.h"

/* "02", "0200", "020000" with or without 0x: base class, sub class, interface. */
static bool class_matches(const struct xlpt_device *d, const char *want)
{
	const char *hex = xlpt_starts(want, "0x") ? want + 2 : want;
	size_t len = strlen(hex);
	uint64_t v;

	if (len <= 6 && len % 2 == 0 && xlpt_parse_uint(hex, len, 16, 0xffffff, &v))
		return d->class_code >> (24 - 4 * len) == v;
	return d->class_name && strcasestr(d->class_name, want);
}

static bool is_driver(const struct xlpt_device *d, const char *want)
{
	if (!strcmp(want, "-") || !strcmp(want, "none"))
		return !d->driver;
	return xlpt_streq(d->driver, want);
}

static bool is_guest(const struct xlpt_owner *o, const char *want)
{
	uint64_t domid;

	if (!o)
		return false;
	if (xlpt_streq(o->guest, want) || xlpt_streq(o->through, want))
		return true;
	return xlpt_parse_uint(want, strlen(want), 10, UINT32_MAX, &domid) &&
	       (domid == o->domid || domid == o->backend_domid);
}

static bool any(char **values, bool (*match)(const struct xlpt_row *, const char *),
		const struct xlpt_row *r)
{
	if (!values)
		return true;
	for (; *values; values++)
		if (match(r, *values))
			return true;
	return false;
}

static bool match_class(const struct xlpt_row *r, const char *v)
{
	return class_matches(r->d, v);
}

static bool match_driver(const struct xlpt_row *r, const char *v)
{
	return is_driver(r->d, v);
}

static bool match_state(const struct xlpt_row *r, const char *v)
{
	return !strcmp(xlpt_state_word(r->d, r->owner), v);
}

static bool match_guest(const struct xlpt_row *r, const char *v)
{
	return is_guest(r->owner, v);
}

static bool match_pf(const struct xlpt_row *r, const char *v)
{
	struct xlpt_bdf pf;

	return r->d->is_vf && xlpt_bdf_parse_host(v, &pf, NULL) == 0 && xlpt_bdf_eq(pf, r->d->pf);
}

static bool named(const struct xlpt_bdfs *only, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < only->n; i++)
		if (xlpt_bdf_eq(only->items[i], bdf))
			return true;
	return false;
}

bool xlpt_list_wants(const struct xlpt_args *args, const struct xlpt_bdfs *only,
		     const struct xlpt_row *r)
{
	if (only->n && !named(only, r->d->bdf))
		return false;
	if (!only->n && r->d->header == XLPT_HEADER_BRIDGE && !xlpt_args_has(args, "all"))
		return false;
	return any(xlpt_args_all(args, "class"), match_class, r) &&
	       any(xlpt_args_all(args, "driver"), match_driver, r) &&
	       any(xlpt_args_all(args, "state"), match_state, r) &&
	       any(xlpt_args_all(args, "guest"), match_guest, r) &&
	       any(xlpt_args_all(args, "vf-of"), match_pf, r) &&
	       (!xlpt_args_has(args, "assignable") || xlpt_inventory_assignable(r->inv, r->i));
}

int xlpt_list_check(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	static const char *const states[] = { "dom0", "host", "hidden", "assigned", "partial" };
	struct xlpt_bdf pf;
	int rc = 0;

	for (char **v = xlpt_args_all(args, "state"); v && *v; v++) {
		size_t i = 0;

		while (i < XLPT_ARRAY_SIZE(states) && strcmp(states[i], *v) != 0)
			i++;
		if (i < XLPT_ARRAY_SIZE(states))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--state: there is no state \"%s\"", *v);
		xlpt_diag_hint(diag, "dom0, host, hidden, assigned or partial");
		return XLPT_ERR_SYNTAX;
	}
	for (char **v = xlpt_args_all(args, "vf-of"); rc == 0 && v && *v; v++) {
		rc = xlpt_args_device(env, *v, &pf, diag);
		if (rc) {
			xlpt_diag_wrap(diag, "--vf-of");
			return rc;
		}
		/* A pin is looked up once, not for every function. */
		free(*v);
		*v = xlpt_xstrdup(XLPT_BDF_STR(pf));
	}
	if (rc == 0 && xlpt_args_has(args, "xml") &&
	    (xlpt_args_has(args, "columns") || env->json)) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "--xml goes with neither --columns nor --json");
		xlpt_diag_hint(diag, "leave one of them out");
		return XLPT_ERR_USAGE;
	}
	return rc;
}

int xlpt_list_check_pfs(const struct xlpt_args *args, const struct xlpt_devices *devs,
			struct xlpt_diag *diag)
{
	for (char **v = xlpt_args_all(args, "vf-of"); v && *v; v++) {
		const struct xlpt_device *d;
		struct xlpt_bdf pf;

		if (xlpt_args_bdf(*v, &pf, NULL))
			continue;
		d = xlpt_devices_find(devs, pf);
		if (d && d->vf_total > 0)
			continue;
		xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE,
			      d ? "%s is no SR-IOV physical function" : "no PCI device %s",
			      XLPT_BDF_STR(pf));
		xlpt_diag_hint(diag, "xlpt list shows physical functions as PF");
		return XLPT_ERR_NO_DEVICE;
	}
	return 0;
}

/* ---- what the arguments name ---- */

/* BB:DD.* */
static int add_slot(struct xlpt_env *env, const char *word, struct xlpt_bdfs *only,
		    struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_bdf *bdfs = NULL;
	_cleanup_spec_ struct xlpt_spec spec;
	size_t n = 0;
	int rc = xlpt_spec_parse(word, &spec, diag);

	if (rc == 0)
		rc = xlpt_scan_slot(env->host, spec.bdf, &bdfs, &n, diag);
	for (size_t i = 0; i < n; i++)
		xlpt_bdfs_add(only, bdfs[i]);
	return rc;
}

static int add_word(struct xlpt_env *env, const char *word, struct xlpt_bdfs *only,
		    struct xlpt_diag *diag)
{
	_cleanup_things_ struct xlpt_things things = { 0 };
	struct xlpt_bdf bdf;
	int rc;

	if (strchr(word, '*'))
		return add_slot(env, word, only, diag);
	/* A malformed address is told as that. */
	if (xlpt_bdf_shaped(word) && !xlpt_thing_is_mac(word)) {
		rc = xlpt_args_bdf(word, &bdf, diag);
		if (rc)
			return rc;
	}
	rc = xlpt_resolve_all(env, word, &things, diag);
	for (size_t i = 0; i < things.n; i++)
		xlpt_bdfs_add(only, things.items[i].bdf);
	return rc;
}

int xlpt_list_named(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_bdfs *only,
		    struct xlpt_diag *diag)
{
	int rc = xlpt_env_need_host(env, diag);

	for (size_t i = 0; rc == 0 && i < args->n; i++)
		rc = add_word(env, args->pos[i], only, diag);
	return rc;
}

/* Xen was asked, and knows no such guest. */
static bool no_guest(struct xlpt_env *env, const char *name)
{
	_cleanup_guest_ struct xlpt_guest guest = { 0 };

	return env->ts &&
	       env->ts->ops->guest_find(env->ts, name, &guest, NULL) == XLPT_ERR_NO_GUEST;
}

void xlpt_list_nothing(struct xlpt_env *env, const struct xlpt_args *args)
{
	const char *guest = xlpt_args_get(args, "guest"), *pf = xlpt_args_get(args, "vf-of");

	if (pf)
		xlpt_nothing(env, "there is no such virtual function", "xlpt vf create %s N",
			     XLPT_WORD(pf));
	else if (guest && no_guest(env, guest))
		xlpt_nothing(env, "no guest of that name runs", "xl list");
	else if (guest)
		xlpt_nothing(env, "that guest has no such device", "xlpt attach %s SPEC",
			     XLPT_WORD(guest));
	else if (xlpt_args_has(args, "assignable") || xlpt_args_get(args, "state"))
		xlpt_nothing(env, "no device is in that state", "xlpt list; xlpt hide BDF");
	else
		xlpt_nothing(env, "there is no such device", "xlpt list --all");
}
