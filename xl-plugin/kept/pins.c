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
		xlpt_diag_hint(diag, r == -ENOTDIR ? "mv " XLPT_PIN_DIR " " XLPT_PIN_DIR ".old"
						   : "run xlpt as root");
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

static int no_such_pin(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_str_ struct xlpt_str all = { 0 };

	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "no pin is called \"%s\"", name);
	if (xlpt_pins_list(env, &names, NULL) == 0)
		for (char **p = names; *p; p++)
			xlpt_str_addf(&all, "%s%s", all.len ? ", " : "", *p);
	xlpt_diag_fact(diag, all.len ? "the pins of this host are %s" : "this host has no pins",
		       xlpt_str_get(&all));
	xlpt_diag_hint(diag, "xlpt pin %s BDF makes it", XLPT_WORD(name));
	return XLPT_ERR_NOT_FOUND;
}

int xlpt_pin_load(struct xlpt_env *env, const char *name, struct xlpt_pin *out,
		  struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL, *path = xlpt_xasprintf(XLPT_PIN_DIR "/%s", name);
	int rc = xlpt_pin_name_check(name, diag), r;
	char link[16];

	*out = (struct xlpt_pin){ .vf = -1 };
	if (rc)
		return rc;
	r = xlpt_host_read_text(env->host, &text, "%s", path);
	/* A link that leads nowhere has the name, and no pin can be made in its place. */
	if (r == -ENOENT && env->host->ops->readlink(env->host, path, link, sizeof(link)) >= 0)
		r = -ENOLINK;
	if (r == -ENOENT)
		return no_such_pin(env, name, diag);
	if (r < 0) {
		if (r == -ENOLINK)
			xlpt_diag_set(diag, XLPT_ERR_IO,
				      "cannot read the pin \"%s\": its file is a link that leads "
				      "nowhere",
				      name);
		else
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
	free(set->asked);
	xlpt_devices_dispose(&set->all);
	*set = (struct xlpt_pin_set){ 0 };
}

int xlpt_pin_set_read(struct xlpt_env *env, struct xlpt_pin_set *set, struct xlpt_diag *diag)
{
	int rc = set->is_read ? 0 : xlpt_env_need_host(env, diag);

	if (rc == 0 && !set->is_read)
		rc = xlpt_scan_all(env->host, XLPT_SCAN_CAPS, NULL, &set->all, diag);
	if (rc || set->is_read)
		return rc;
	set->is_read = true;
	set->items = xlpt_xcalloc(set->all.n + 1, sizeof(*set->items));
	set->asked = xlpt_xcalloc(set->all.n + 1, sizeof(*set->asked));
	for (set->n = 0; set->n < set->all.n; set->n++)
		xlpt_pin_of(&set->all, &set->all.items[set->n], NULL, &set->items[set->n]);
	return 0;
}

void xlpt_pin_set_serials(struct xlpt_env *env, struct xlpt_pin_set *set, uint16_t vendor,
			  uint16_t device)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct xlpt_device *d = &set->all.items[i];
		_cleanup_vpd_ struct xlpt_vpd vpd = { 0 };

		if (d->vendor != vendor || d->device != device || set->asked[i])
			continue;
		set->asked[i] = true;
		if (set->items[i].serial || d->caps.has_serial)
			continue;
		/* When the VPD is cut short, what stands before that is true all the same. */
		xlpt_vpd_read(env->host, d->is_vf ? d->pf : d->bdf, &vpd, NULL);
		set->items[i].serial = xlpt_pin_serial(d, vpd.serial);
	}
}

/* What sysfs lists and does not have may be the pin's device, its PF, or a bridge of its path. */
static void tell_gone(const struct xlpt_pin_set *set, const struct xlpt_pin *pin, int rc,
		      struct xlpt_diag *diag)
{
	const struct xlpt_devices *all = &set->all;
	_cleanup_free_ char *fact = NULL;
	struct xlpt_bdf bdf = all->n_gone ? all->gone[0] : pin->address;

	for (size_t i = 0; i < all->n_gone; i++)
		if (xlpt_bdf_eq(all->gone[i], pin->address))
			bdf = pin->address;
	if (!all->n_gone || !diag || !diag->fact ||
	    (rc != XLPT_ERR_NO_DEVICE && !xlpt_bdf_eq(bdf, pin->address)))
		return;
	fact = xlpt_xasprintf("%s; /sys/bus/pci/devices lists %s, which is not there", diag->fact,
			      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "%s", fact);
}

int xlpt_pin_set_find(struct xlpt_env *env, struct xlpt_pin_set *set, const char *name,
		      const struct xlpt_pin *pin, struct xlpt_pin_match *out,
		      struct xlpt_diag *diag)
{
	int rc = xlpt_pin_set_read(env, set, diag);

	if (rc)
		return rc;
	xlpt_pin_set_serials(env, set, pin->vendor, pin->device);
	rc = xlpt_pin_find(pin, name, set->items, set->n, out, diag);
	if (rc)
		tell_gone(set, pin, rc, diag);
	return rc;
}

int xlpt_pin_locate(struct xlpt_env *env, const char *name, const struct xlpt_pin *pin,
		    struct xlpt_pin_match *out, struct xlpt_diag *diag)
{
	_cleanup_pin_set_ struct xlpt_pin_set set = { 0 };

	return xlpt_pin_set_find(env, &set, name, pin, out, diag);
}
