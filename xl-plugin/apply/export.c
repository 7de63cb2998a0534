/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* apply --export: this host as host.conf says it. Applied to this host the text changes nothing. */
#include <string.h>

#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xl-plugin/apply/apply.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/pool/pools.h"
#include "xl-plugin/sentry/sentry.h"
#include "xl-plugin/vf/native.h"

/* "[pool \"a b\"]" */
static void section(struct xlpt_str *out, const char *kind, const char *name)
{
	xlpt_str_addf(out, "\n[%s ", kind);
	xlpt_conf_add_word(out, name);
	xlpt_str_add(out, "]\n");
}

static int pins(struct xlpt_env *env, struct xlpt_str *out, struct xlpt_diag *diag)
{
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };
	_cleanup_strv_ char **names = NULL;
	int rc = xlpt_pins_list(env, &names, diag);

	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
		struct xlpt_pin_match match;

		if (xlpt_pin_load(env, *n, &pin, NULL) ||
		    xlpt_pin_set_find(env, &set, *n, &pin, &match, NULL)) {
			xlpt_str_addf(out, "\n# The device of the pin %s is not found.\n", *n);
			continue;
		}
		section(out, "pin", *n);
		xlpt_str_addf(out, "device = %s\n", XLPT_BDF_STR(match.bdf));
	}
	return rc;
}

/* ---- hidden devices ---- */

static const struct xlpt_boot_pin *pin_at(const struct xlpt_boot_plan *boot, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < boot->n_pins; i++)
		if (boot->pins[i].was && xlpt_bdf_eq(boot->pins[i].pin.boot, bdf))
			return &boot->pins[i];
	return NULL;
}

static bool listed(const struct xlpt_boot_plan *boot, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < boot->owned.list.n; i++)
		if (xlpt_hide_matches(&boot->owned.list.items[i], bdf))
			return true;
	return false;
}

static bool needed(const struct xlpt_needs *needs, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < needs->n; i++)
		if (xlpt_bdf_eq(needs->items[i].bdf, bdf))
			return true;
	return false;
}

/* Devices of pools are left out: they come and go with their guests. */
static void hidden(const struct xlpt_devices *devices, const struct xlpt_boot_plan *boot,
		   const struct xlpt_needs *needs, struct xlpt_str *out)
{
	for (size_t i = 0; i < devices->n; i++) {
		const struct xlpt_device *d = &devices->items[i];
		const struct xlpt_boot_pin *pin = pin_at(boot, d->bdf);
		bool at_boot = listed(boot, d->bdf);

		if (d->header == XLPT_HEADER_BRIDGE ||
		    (!at_boot && (d->is_vf || !xlpt_streq(d->driver, XLPT_PCIBACK_DRIVER))))
			continue;
		if (at_boot && pin)
			xlpt_str_addf(out, "\n[hide pin:%s]\nat = boot\n", pin->name);
		else
			xlpt_str_addf(out, "\n[hide %s]\nat = %s\n", XLPT_BDF_STR(d->bdf),
				      at_boot ? "boot" : "now");
		/* The operator consented to it when it was put into the list. */
		if (at_boot && needed(needs, d->bdf))
			xlpt_str_add(out, "force-host-device = yes\n");
	}
}

/* ---- virtual functions ---- */

static const char *owner_of(const struct xlpt_setter *s)
{
	return s->kind == XLPT_SETTER_NETPLAN ? "netplan"
	       : s->kind == XLPT_SETTER_LINK  ? "networkd"
	       : s->kind == XLPT_SETTER_NM_PROFILE || s->kind == XLPT_SETTER_NM_CONF
		       ? "networkmanager"
		       : NULL;
}

/* A PF that the next boot hides has virtual functions until then: no file can ask for both. */
static int vfs(struct xlpt_env *env, const struct xlpt_boot_plan *boot, struct xlpt_str *out,
	       struct xlpt_diag *diag)
{
	struct xlpt_pf *pf = NULL;
	size_t n = 0;
	int rc = xlpt_pf_all(env->host, &pf, &n, diag);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		_cleanup_setters_ struct xlpt_setters setters = { 0 };
		const char *owner = NULL;

		if (!pf[i].count)
			continue;
		if (listed(boot, pf[i].bdf)) {
			xlpt_str_addf(out,
				      "\n# The virtual functions of %s (%d now) end with the next "
				      "boot, which hides it.\n",
				      XLPT_BDF_STR(pf[i].bdf), pf[i].count);
			continue;
		}
		section(out, "vfs", pf[i].ifname ? pf[i].ifname : XLPT_BDF_STR(pf[i].bdf));
		xlpt_str_addf(out, "count = %d\n", pf[i].count);
		xlpt_setters_read(env->host, &pf[i], &setters);
		for (size_t k = 0; k < setters.n && !owner; k++)
			if (setters.items[k].count >= 0)
				owner = owner_of(&setters.items[k]);
		if (owner)
			xlpt_str_addf(out, "owner = %s\n", owner);
	}
	for (size_t i = 0; i < n; i++)
		xlpt_pf_dispose(&pf[i]);
	free(pf);
	return rc;
}

/* ---- pools, guard ---- */

static int pools(struct xlpt_env *env, struct xlpt_str *out, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	int rc = xlpt_pool_names(env, &names, diag);

	for (char **n = names; rc == 0 && *n; n++) {
		_cleanup_pool_def_ struct xlpt_pool_def def = { 0 };
		_cleanup_str_ struct xlpt_str text = { 0 };
		char *save = NULL;

		if (xlpt_pool_load(env, *n, &def, NULL)) {
			xlpt_str_addf(out, "\n# The definition of the pool %s cannot be read.\n",
				      *n);
			continue;
		}
		xlpt_pool_def_format(&def, &text);
		section(out, "pool", *n);
		for (char *line = strtok_r(text.s, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			if (*line != '#' && !xlpt_starts(line, "name ="))
				xlpt_str_addf(out, "%s\n", line);
	}
	return rc;
}

static int guard(struct xlpt_env *env, struct xlpt_str *out, struct xlpt_diag *diag)
{
	_cleanup_sentry_ struct xlpt_sentry g = { 0 };
	int rc = xlpt_sentry_look(env, NULL, &g, diag);
	bool begun = false;

	for (enum xlpt_sentry_part part = 0; rc == 0 && part < XLPT_SENTRY_PARTS; part++) {
		const char *state = xlpt_sentry_part_state(&g, part);
		bool yes = !strcmp(state, "installed");

		if (!g.applies[part] || (!yes && strcmp(state, "not installed") != 0))
			continue;
		xlpt_str_addf(out, "%s%s = %s\n", begun ? "" : "\n[guard]\n",
			      xlpt_sentry_part_word(part), yes ? "yes" : "no");
		begun = true;
	}
	return rc;
}

/* ---- the whole text ---- */

static void print(struct xlpt_env *env, const struct xlpt_str *text)
{
	struct json_object *root;

	if (!env->json) {
		xlpt_put_document(env, xlpt_str_get(text), text->len);
		return;
	}
	root = json_object_new_object();
	xlpt_json_add(root, "host_conf", xlpt_json_str(xlpt_str_get(text)));
	xlpt_print_json(env, root);
}

int xlpt_apply_export(struct xlpt_env *env, struct xlpt_diag *diag)
{
	const struct xlpt_boot_req look = { .only_look = true };
	const struct xlpt_apply_options none = { .check = true };
	_cleanup_devices_ struct xlpt_devices devices = { 0 };
	_cleanup_boot_plan_ struct xlpt_boot_plan boot = { 0 };
	_cleanup_needs_ struct xlpt_needs needs = { 0 };
	_cleanup_str_ struct xlpt_str out = { 0 };
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	_cleanup_apply_ struct xlpt_apply a;
	int rc;

	xlpt_apply_init(&a, env, &none);
	rc = xlpt_env_need_host(env, diag);
	xlpt_str_add(&out, "# This host, as xlpt apply --export found it: xlpt-host.conf(5).\n");
	if (rc == 0)
		rc = pins(env, &out, diag);
	if (rc == 0)
		rc = xlpt_scan_all(env->host, 0, NULL, &devices, diag);
	if (rc == 0)
		rc = xlpt_needs_read(env->host, &needs, diag);
	/* When xlpt's list cannot be read, nobody knows what it hides. */
	if (rc == 0 && xlpt_op_boot_plan(env, &look, &boot, &no) && !boot.eff_known)
		xlpt_str_add(&out, "\n# What is hidden at boot cannot be read: xlpt boot plan\n");
	if (rc == 0)
		hidden(&devices, &boot, &needs, &out);
	if (rc == 0)
		rc = vfs(env, &boot, &out, diag);
	if (rc == 0)
		rc = pools(env, &out, diag);
	if (rc == 0)
		rc = guard(env, &out, diag);
	if (rc)
		return rc;
	xlpt_apply_export_settings(&a, &out);
	print(env, &out);
	return 0;
}
