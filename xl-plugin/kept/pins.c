/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/pins.h"

#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/spec.h"
#include "core/text.h"
#include "pciback/device/scan.h"
#include "pciback/device/vpd.h"
#include "xl-plugin/kept/kept.h"

/* Older versions had their temporary file beside the pin's file, named NAME.PID.tmp. */
#define TEMPORARY ".tmp"

static bool temporary(const char *name)
{
	size_t n = strlen(name);

	return n >= strlen(TEMPORARY) && !strcmp(name + n - strlen(TEMPORARY), TEMPORARY);
}

int xlpt_pin_name_check(const char *name, struct xlpt_diag *diag)
{
	static const char *const words[] = { "list", "show", "remove" };
	_cleanup_free_ char *text = xlpt_xasprintf("pin:%s", name);
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	_cleanup_spec_ struct xlpt_spec spec;
	const char *why = NULL;

	if (xlpt_spec_parse(text, &spec, &no))
		why = no.message;
	/* With a ':' it would read as "pin:pool:lan"; a ',' or '@' would end it. */
	else if (!xlpt_streq(spec.pin, name) || strchr(name, ':'))
		why = "it has one of , = @ :";
	else if (temporary(name))
		why = "it ends like the name of a temporary file";
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (!strcmp(name, words[i]))
			why = "it is a word of the command itself";
	if (!why)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" cannot be the name of a pin", name);
	xlpt_diag_fact(diag, "%s", why);
	xlpt_diag_hint(diag, "up to 64 letters, digits, - and _");
	return XLPT_ERR_SYNTAX;
}

int xlpt_pins_list(struct xlpt_env *env, char ***names, struct xlpt_diag *diag)
{
	int r = xlpt_host_list(env->host, names, XLPT_PIN_DIR);
	size_t kept = 0;

	if (r == -ENOENT) {
		*names = xlpt_xcalloc(1, sizeof(**names));
		return 0;
	}
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot list the pins");
		xlpt_diag_fact(diag, XLPT_PIN_DIR);
		xlpt_diag_hint(diag, "run xlpt as root");
		return XLPT_ERR_IO;
	}
	xlpt_kept_mend_all(env, XLPT_PIN_DIR);
	for (char **p = *names; *p; p++) {
		if (xlpt_pin_name_check(*p, NULL) == 0)
			(*names)[kept++] = *p;
		else
			free(*p);
	}
	(*names)[kept] = NULL;
	return 0;
}

int xlpt_pin_load(struct xlpt_env *env, const char *name, struct xlpt_pin *out,
		  struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL, *path = xlpt_xasprintf(XLPT_PIN_DIR "/%s", name);
	int rc = xlpt_pin_name_check(name, diag), r;

	*out = (struct xlpt_pin){ .vf = -1 };
	if (rc)
		return rc;
	r = xlpt_host_read_text(env->host, &text, "%s", path);
	if (r == -ENOENT) {
		_cleanup_strv_ char **names = NULL;
		_cleanup_str_ struct xlpt_str all = { 0 };

		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "no pin is called \"%s\"", name);
		if (xlpt_pins_list(env, &names, NULL) == 0)
			for (char **p = names; *p; p++)
				xlpt_str_addf(&all, "%s%s", all.len ? ", " : "", *p);
		xlpt_diag_fact(diag,
			       all.len ? "the pins of this host are %s" : "this host has no pins",
			       xlpt_str_get(&all));
		xlpt_diag_hint(diag, "xlpt pin %s BDF makes it", XLPT_WORD(name));
		return XLPT_ERR_NOT_FOUND;
	}
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read the pin \"%s\"", name);
		xlpt_diag_fact(diag, "%s", path);
		xlpt_diag_hint(diag, "rm -r %s; xlpt pin %s BDF", XLPT_WORD(path), XLPT_WORD(name));
		return XLPT_ERR_IO;
	}
	rc = xlpt_pin_parse(text, out, diag);
	if (rc && diag) {
		unsigned line = diag->line;

		xlpt_diag_at(diag, path, line, 0);
		xlpt_diag_hint(diag, "xlpt pin remove %s; xlpt pin %s BDF", XLPT_WORD(name),
			       XLPT_WORD(name));
	}
	return rc;
}

char *xlpt_pin_by_net(struct xlpt_env *env, const char *ifname)
{
	_cleanup_strv_ char **names = NULL;
	char *found = NULL;

	if (xlpt_pins_list(env, &names, NULL))
		return NULL;
	for (char **n = names; *n; n++) {
		_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };

		if (xlpt_pin_load(env, *n, &pin, NULL) || !xlpt_streq(pin.net, ifname))
			continue;
		if (found) {
			free(found);
			return NULL;
		}
		found = xlpt_xstrdup(*n);
	}
	return found;
}

static int cannot_write(const char *name, int r, struct xlpt_diag *diag)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write the pin \"%s\"", name);
	xlpt_diag_fact(diag, XLPT_PIN_DIR "/%s", name);
	xlpt_diag_hint(diag, "run xlpt as root and make room on /var");
	return XLPT_ERR_IO;
}

int xlpt_pin_store(struct xlpt_env *env, const char *name, const struct xlpt_pin *pin,
		   struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = xlpt_pin_format(pin),
			    *path = xlpt_xasprintf(XLPT_PIN_DIR "/%s", name);
	int rc = xlpt_check_interrupted(diag), r;

	if (rc)
		return rc;
	r = xlpt_file_private_dir(env->host, XLPT_PIN_DIR);
	if (r == 0)
		r = xlpt_file_replace(env->host, path, text, strlen(text),
				      &(struct xlpt_file_how){ .mode = 0600 });
	env->done |= r == 0;
	return r < 0 ? cannot_write(name, -r, diag) : 0;
}

int xlpt_pin_remove(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_xasprintf(XLPT_PIN_DIR "/%s", name);
	int rc = xlpt_check_interrupted(diag), r;

	if (rc)
		return rc;
	r = env->host->ops->unlink(env->host, path);
	env->done |= r == 0;
	return r < 0 ? cannot_write(name, -r, diag) : 0;
}

void xlpt_pin_set_dispose(struct xlpt_pin_set *set)
{
	for (size_t i = 0; i < set->n; i++)
		xlpt_pin_dispose(&set->items[i]);
	free(set->items);
	*set = (struct xlpt_pin_set){ 0 };
}

int xlpt_pin_set_read(struct xlpt_env *env, uint16_t vendor, uint16_t device,
		      struct xlpt_pin_set *out, struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices all = { 0 };
	int rc = xlpt_env_need_host(env, diag);

	*out = (struct xlpt_pin_set){ 0 };
	if (rc == 0)
		rc = xlpt_scan_all(env->host, XLPT_SCAN_CAPS, NULL, &all, diag);
	if (rc)
		return rc;
	out->items = xlpt_xcalloc(all.n + 1, sizeof(*out->items));
	for (size_t i = 0; i < all.n; i++) {
		const struct xlpt_device *d = &all.items[i];
		_cleanup_vpd_ struct xlpt_vpd vpd = { 0 };

		/* When the VPD is cut short, what stands before that is true all the same. */
		if (d->vendor == vendor && d->device == device && !d->caps.has_serial)
			xlpt_vpd_read(env->host, d->is_vf ? d->pf : d->bdf, &vpd, NULL);
		xlpt_pin_of(&all, d, vpd.serial, &out->items[out->n++]);
	}
	return 0;
}

int xlpt_pin_locate(struct xlpt_env *env, const char *name, const struct xlpt_pin *pin,
		    struct xlpt_pin_match *out, struct xlpt_diag *diag)
{
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };
	int rc = xlpt_pin_set_read(env, pin->vendor, pin->device, &set, diag);

	return rc ? rc : xlpt_pin_find(pin, name, set.items, set.n, out, diag);
}
