/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making and removing a pin. */
#include "core/policy.h"
#include "core/text.h"
#include "pciback/device/scan.h"
#include "xl-plugin/boot/boot.h"
#include "xl-plugin/boot/pin.h"
#include "xl-plugin/cli/output.h"

void xlpt_pin_view_dispose(struct xlpt_pin_view *v)
{
	free(v->alike);
	xlpt_diag_dispose(&v->no);
}

void xlpt_pin_look(struct xlpt_env *env, struct xlpt_pin_set *set, struct xlpt_pin_view *v)
{
	v->found = xlpt_pin_set_find(env, set, v->name, v->pin, &v->match, &v->no) == 0;
	v->alike = xlpt_pin_alike(v->pin, set->items, set->n);
}

static int not_a_bridge(struct xlpt_bdf bdf, const struct xlpt_pin *pin, struct xlpt_diag *diag)
{
	if (pin->class_code >> 8 != 0x0604)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NOT_ENDPOINT, "%s is a bridge, not an endpoint",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "its class is %06x", pin->class_code);
	xlpt_diag_hint(diag, "pin the functions behind it");
	return XLPT_ERR_NOT_ENDPOINT;
}

static int read_function(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_pin_set *set,
			 const struct xlpt_pin **found, struct xlpt_diag *diag)
{
	int rc = xlpt_pin_set_read(env, set, diag);

	for (size_t i = 0; rc == 0 && i < set->n; i++)
		if (xlpt_bdf_eq(set->items[i].address, bdf))
			*found = &set->items[i];
	if (rc)
		return rc;
	if (!*found)
		return xlpt_scan_no_device(env->host, bdf, diag);
	xlpt_pin_set_serials(env, set, (*found)->vendor, (*found)->device);
	return 0;
}

/* One of that name has to be there to be replaced, and only then. */
static int check_old(struct xlpt_env *env, const char *name, const char *device, bool replace,
		     struct xlpt_pin *old, struct xlpt_diag *diag)
{
	int was = xlpt_pin_load(env, name, old, NULL);

	if (was == XLPT_ERR_NOT_FOUND || replace)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "there is a pin \"%s\" already", name);
	xlpt_diag_fact(diag, was ? "its file cannot be read" : "it was made for %s",
		       XLPT_BDF_STR(old->address));
	xlpt_diag_hint(diag, "xlpt pin --replace %s %s", XLPT_WORD(name), XLPT_WORD(device));
	return XLPT_ERR_CONFLICT;
}

int xlpt_pin_make(struct xlpt_env *env, const char *name, const char *device, struct xlpt_bdf bdf,
		  bool replace, struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_pin_ struct xlpt_pin old = { .vf = -1 };
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };
	const struct xlpt_pin *found = NULL;
	struct xlpt_pin pin;
	_cleanup_pin_view_ struct xlpt_pin_view v = { .name = name, .pin = &pin };
	/* boot write has a pin's address in the list: nobody else changes either meanwhile. */
	int rc = env->dry_run ? 0 : xlpt_op_boot_lock(env, &locks, diag);

	if (rc == 0)
		rc = check_old(env, name, device, replace, &old, diag);
	if (rc == 0)
		rc = read_function(env, bdf, &set, &found, diag);
	if (rc == 0)
		rc = not_a_bridge(bdf, found, diag);
	if (rc)
		return rc;
	pin = *found; /* the strings stay the set's */
	pin.at_boot = old.at_boot;
	pin.boot = old.boot;
	if (!env->dry_run)
		rc = xlpt_pin_store(env, name, &pin, diag);
	if (rc)
		return rc;
	xlpt_pin_look(env, &set, &v);
	xlpt_pin_tell_made(env, &v, bdf);
	return 0;
}

int xlpt_pin_drop(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	int rc = env->dry_run ? 0 : xlpt_op_boot_lock(env, &locks, diag);

	if (rc == 0)
		rc = xlpt_pin_load(env, name, &pin, diag);
	/* One that cannot be read can still be taken away. */
	if (rc && rc != XLPT_ERR_DATA)
		return rc;
	if (pin.at_boot) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "pin:%s is hidden at boot", name);
		xlpt_diag_fact(diag, "the list has it as %s", XLPT_BDF_STR(pin.boot));
		xlpt_diag_hint(diag, "xlpt boot remove pin:%s", XLPT_WORD(name));
		return XLPT_ERR_CONFLICT;
	}
	xlpt_diag_dispose(diag);
	rc = env->dry_run ? 0 : xlpt_pin_remove(env, name, diag);
	if (rc == 0)
		xlpt_pin_tell_dropped(env, name);
	return rc;
}
