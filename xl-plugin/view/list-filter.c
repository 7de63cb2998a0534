/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

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

bool xlpt_list_wants(const struct xlpt_args *args, const struct xlpt_row *r)
{
	if (r->d->header == XLPT_HEADER_BRIDGE && !xlpt_args_has(args, "all"))
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
