/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the words of an entry to devices. A hidden card has no interface and no disk. Then what an
 * earlier apply has remembered of it says which card it is; that comes before a device that has
 * such a name by now, because the name of an interface that is gone may belong to another one.
 */
#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/device/vpd.h"
#include "xl-plugin/apply/apply.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/kept/resolve.h"

static void add(struct xlpt_entry *e, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < e->n; i++)
		if (xlpt_bdf_eq(e->devices[i], bdf))
			return;
	XLPT_GROW(e->devices, e->n, e->alloc);
	e->devices[e->n++] = bdf;
}

/* ---- what a device is ---- */

static void pin_of(struct xlpt_apply *a, const struct xlpt_device *d, struct xlpt_pin *out)
{
	_cleanup_vpd_ struct xlpt_vpd vpd = { 0 };

	if (!d->caps.has_serial)
		xlpt_vpd_read(a->env->host, d->is_vf ? d->pf : d->bdf, &vpd, NULL);
	xlpt_pin_of(&a->devices, d, vpd.serial, out);
}

char *xlpt_apply_identity(struct xlpt_apply *a, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	const struct xlpt_device *d = xlpt_devices_find(&a->devices, bdf);
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };

	if (!d) {
		xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "no PCI device %s", XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, "/sys/bus/pci/devices/%s is not there", XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "xlpt list");
		return NULL;
	}
	pin_of(a, d, &pin);
	return xlpt_pin_format(&pin);
}

static bool fits_class(const struct xlpt_device *d, const char *text)
{
	uint64_t code = 0;
	size_t n = strlen(text);

	return xlpt_parse_uint(text, n, 16, 0xffffff, &code) &&
	       d->class_code >> (24 - 4 * n) == code;
}

/* "52-54-00-...", or with its kind before it, as xlpt pin shows it. */
static bool fits_serial(struct xlpt_apply *a, const struct xlpt_device *d, const char *text)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	const char *colon;

	pin_of(a, d, &pin);
	colon = pin.serial ? strchr(pin.serial, ':') : NULL;
	return xlpt_streq(pin.serial, text) || (colon && !strcmp(colon + 1, text));
}

static bool fits(struct xlpt_apply *a, const struct xlpt_entry *e, const struct xlpt_device *d,
		 bool by_interface)
{
	const char *id = xlpt_entry_get(e, "match"), *class = xlpt_entry_get(e, "class"),
		   *net = xlpt_entry_get(e, "interface"), *serial = xlpt_entry_get(e, "serial");
	uint16_t vendor, device;
	bool any;

	if (d->header == XLPT_HEADER_BRIDGE)
		return false;
	if (id && (!xlpt_match_id(id, &vendor, &device, &any) || d->vendor != vendor ||
		   (!any && d->device != device)))
		return false;
	if (class && !fits_class(d, class))
		return false;
	if (net && by_interface && !xlpt_strv_has(d->net, net))
		return false;
	return !serial || fits_serial(a, d, serial);
}

/* ---- what is remembered ---- */

/*
 * Adds the devices that an earlier apply has found by the same words; hidden: only those that are
 * hidden.
 */
static void recorded(struct xlpt_apply *a, struct xlpt_entry *e, bool hidden)
{
	_cleanup_free_ char *title = xlpt_entry_title(e), *words = xlpt_entry_words(e);
	const struct xlpt_recorded *r = xlpt_applied_find(&a->before, title, words);

	for (char **text = r ? r->devices : NULL; text && *text; text++) {
		_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
		const struct xlpt_device *d;
		struct xlpt_pin_match match;

		if (xlpt_pin_parse(*text, &pin, NULL) ||
		    xlpt_pin_set_find(a->env, &a->pin_set, title, &pin, &match, NULL))
			continue;
		d = xlpt_devices_find(&a->devices, match.bdf);
		if (d && (!hidden || xlpt_streq(d->driver, XLPT_PCIBACK_DRIVER)) &&
		    (!xlpt_entry_matches(e) || fits(a, e, d, false)))
			add(e, d->bdf);
	}
}

/* And those of them that are VFs, are not there now, and that this apply makes. */
static void recorded_coming(struct xlpt_apply *a, struct xlpt_entry *e)
{
	_cleanup_free_ char *title = xlpt_entry_title(e), *words = xlpt_entry_words(e);
	const struct xlpt_recorded *r = xlpt_applied_find(&a->before, title, words);

	for (char **text = r ? r->devices : NULL; text && *text; text++) {
		_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };

		if (xlpt_pin_parse(*text, &pin, NULL) == 0 && xlpt_apply_pin_comes(a, &pin))
			add(e, pin.address);
	}
}

/* ---- by a match ---- */

static int wrong_number(const struct xlpt_entry *e, struct xlpt_diag *diag)
{
	_cleanup_free_ char *words = xlpt_entry_words(e);
	_cleanup_str_ struct xlpt_str all = { 0 };
	size_t count = xlpt_entry_count(e);

	for (size_t i = 0; i < e->n && i < 16; i++)
		xlpt_str_addf(&all, "%s%s", i ? ", " : "", XLPT_BDF_STR(e->devices[i]));
	if (e->n > 16)
		xlpt_str_addf(&all, " and %zu more", e->n - 16);
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s fits %zu device%s of this host, and the section is for %zu", words, e->n,
		      e->n == 1 ? "" : "s", count);
	if (e->n) {
		xlpt_diag_fact(diag, "%s", all.s);
		xlpt_diag_hint(
			diag,
			"count = %zu takes all of them; another key beside it (serial, class, "
			"interface) tells them apart",
			e->n);
	} else {
		xlpt_diag_fact(diag, "it fits no function of /sys/bus/pci/devices");
		xlpt_diag_hint(diag, "xlpt list shows what there is");
	}
	return XLPT_ERR_RULE;
}

/*
 * It fits only as its physical function does: VFs have the PF's class and serial number. Without
 * them a section means the same before and after they are made.
 */
static bool fits_as_its_pf(struct xlpt_apply *a, const struct xlpt_entry *e,
			   const struct xlpt_device *d)
{
	const struct xlpt_device *pf = d->is_vf ? xlpt_devices_find(&a->devices, d->pf) : NULL;

	return pf && fits(a, e, pf, true);
}

static int by_match(struct xlpt_apply *a, struct xlpt_entry *e, struct xlpt_diag *diag)
{
	size_t count = xlpt_entry_count(e);

	if (xlpt_entry_get(e, "interface"))
		recorded(a, e, true);
	if (e->n && e->n == count)
		return 0;
	for (size_t i = 0; i < a->devices.n; i++) {
		const struct xlpt_device *d = &a->devices.items[i];

		if (fits(a, e, d, true) && !fits_as_its_pf(a, e, d))
			add(e, d->bdf);
	}
	if (e->n < count)
		recorded_coming(a, e);
	return e->n == count ? 0 : wrong_number(e, diag);
}

/* ---- by a name ---- */

static const struct xlpt_entry *pin_entry(const struct xlpt_apply *a, const char *name)
{
	for (size_t i = 0; i < a->conf.n; i++)
		if (a->conf.items[i].kind == XLPT_ENTRY_PIN && !strcmp(a->conf.items[i].name, name))
			return &a->conf.items[i];
	return NULL;
}

static int by_pin(struct xlpt_entry *e, const struct xlpt_entry *pin, struct xlpt_diag *diag)
{
	if (pin->n == 1) {
		add(e, pin->devices[0]);
		e->pin = xlpt_xstrdup(pin->name);
		return 0;
	}
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "the device of [pin %s] is not known", pin->name);
	xlpt_diag_fact(diag, "%s, line %u, says it", pin->file, pin->line);
	xlpt_diag_hint(diag, "mend that section first");
	return XLPT_ERR_NOT_FOUND;
}

static bool is_pin(const struct xlpt_apply *a, const char *name)
{
	return xlpt_pin_name_check(name, NULL) == 0 &&
	       xlpt_host_has(a->env->host, XLPT_PIN_DIR "/%s", name);
}

/* Also a VF that this apply makes. */
static int resolve_pin(struct xlpt_apply *a, const char *name, struct xlpt_bdf *bdf,
		       struct xlpt_diag *diag)
{
	_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };
	int rc = xlpt_resolve_pin(a->env, name, bdf, diag);

	if (rc != XLPT_ERR_NO_DEVICE || xlpt_pin_load(a->env, name, &pin, NULL) ||
	    !xlpt_apply_pin_comes(a, &pin))
		return rc;
	xlpt_diag_dispose(diag);
	*bdf = pin.address;
	return 0;
}

static int by_name(struct xlpt_apply *a, struct xlpt_entry *e, struct xlpt_diag *diag)
{
	const char *device = xlpt_entry_get(e, "device"), *word = device ? device : e->name;
	const char *name = xlpt_starts(word, "pin:") ? word + strlen("pin:") : word;
	const struct xlpt_entry *pin = pin_entry(a, name);
	struct xlpt_bdf bdf;
	int rc;

	if (pin && pin != e)
		return by_pin(e, pin, diag);
	/* What reads as an address is one, and a pin comes before an interface of the same name. */
	if (xlpt_bdf_parse_host(word, &bdf, NULL) == 0) {
		add(e, bdf);
		return 0;
	}
	if (name != word || is_pin(a, name)) {
		rc = resolve_pin(a, name, &bdf, diag);
		if (rc)
			return rc;
		e->pin = xlpt_xstrdup(name);
		add(e, bdf);
		return 0;
	}
	recorded(a, e, true);
	if (e->n == 1)
		return 0;
	e->n = 0;
	rc = xlpt_args_device(a->env, word, &bdf, diag);
	if (rc == 0) {
		add(e, bdf);
		return 0;
	}
	/* A word that names no device of this host now may have named one earlier. */
	if (rc == XLPT_ERR_NOT_FOUND || rc == XLPT_ERR_USAGE)
		recorded(a, e, false);
	if (!e->n)
		recorded_coming(a, e);
	if (e->n != 1)
		return rc;
	xlpt_diag_dispose(diag);
	return 0;
}

bool xlpt_apply_moved(const struct xlpt_apply *a, const char *address)
{
	bool was = false, is = false;

	for (size_t i = 0; i < a->conf.n; i++) {
		const struct xlpt_entry *e = &a->conf.items[i];
		_cleanup_free_ char *title = xlpt_entry_title(e), *words = xlpt_entry_words(e);
		const struct xlpt_recorded *r = xlpt_applied_find(&a->before, title, words);

		for (size_t k = 0; k < e->n; k++)
			is |= !strcmp(XLPT_BDF_STR(e->devices[k]), address);
		for (char **text = r ? r->devices : NULL; text && *text; text++) {
			_cleanup_pin_ struct xlpt_pin pin = { .vf = -1 };

			was |= xlpt_pin_parse(*text, &pin, NULL) == 0 &&
			       !strcmp(XLPT_BDF_STR(pin.address), address);
		}
	}
	return was && !is;
}

/* It can be named before it is there: nobody looks at it before it is. */
static bool may_come(const struct xlpt_apply *a, const struct xlpt_entry *e, struct xlpt_bdf bdf)
{
	return e->kind != XLPT_ENTRY_VFS && !xlpt_entry_at(e, "boot") && xlpt_apply_comes(a, bdf);
}

int xlpt_apply_find(struct xlpt_apply *a, struct xlpt_entry *e, struct xlpt_diag *diag)
{
	const struct xlpt_device *d;
	int rc = xlpt_entry_matches(e) ? by_match(a, e, diag) : by_name(a, e, diag);

	for (size_t i = 0; rc == 0 && i < e->n; i++) {
		d = xlpt_devices_find(&a->devices, e->devices[i]);
		if (!d && may_come(a, e, e->devices[i])) {
			rc = xlpt_policy_addressable(e->devices[i], NULL, diag);
		} else if (!d) {
			free(xlpt_apply_identity(a, e->devices[i], diag));
			rc = XLPT_ERR_NO_DEVICE;
		} else if (d->header == XLPT_HEADER_BRIDGE) {
			xlpt_diag_set(diag, XLPT_ERR_NOT_ENDPOINT,
				      "%s is a bridge, not an endpoint", XLPT_BDF_STR(d->bdf));
			xlpt_diag_fact(diag, "its header says so");
			xlpt_diag_hint(diag, "name the functions behind it");
			rc = XLPT_ERR_NOT_ENDPOINT;
		} else {
			rc = xlpt_policy_addressable(d->bdf, NULL, diag);
		}
	}
	/* A list with an error in it must not be used by those who come later. */
	if (rc)
		e->n = 0;
	return rc;
}
