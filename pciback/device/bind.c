/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/device/bind.h"

#include <errno.h>
#include <string.h>

#define DEVICES "/sys/bus/pci/devices"
#define DRIVERS "/sys/bus/pci/drivers"
#define PCIBACK DRIVERS "/" XLPT_PCIBACK_DRIVER

/* What a driver attribute can print: a page, less the NUL that scnprintf() keeps room for. */
#define ATTR_MAX  4095
#define SLOT_LINE 13 /* "0000:02:00.0\n" */

/* Kernels that did not look for duplicates in new_slot hold an entry as often as it was added. */
#define SLOT_COPIES 8

static int no_device(struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "no PCI device %s", XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, DEVICES "/%s is not there", XLPT_BDF_STR(bdf));
	xlpt_diag_hint(diag, "xlpt list");
	return XLPT_ERR_NO_DEVICE;
}

int xlpt_pciback_present(struct xlpt_host *h, struct xlpt_diag *diag)
{
	if (xlpt_host_has(h, PCIBACK))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NO_PCIBACK, "the xen-pciback driver is not loaded");
	xlpt_diag_fact(diag, PCIBACK " is not there");
	xlpt_diag_hint(diag, "modprobe xen-pciback");
	return XLPT_ERR_NO_PCIBACK;
}

int xlpt_bind_driver(struct xlpt_host *h, struct xlpt_bdf bdf, char **driver,
		     struct xlpt_diag *diag)
{
	int r = xlpt_host_link_name(h, driver, DEVICES "/%s/driver", XLPT_BDF_STR(bdf));

	if (r >= 0)
		return 0;
	*driver = NULL;
	if (r != -ENOENT) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read the driver of %s",
				XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, DEVICES "/%s/driver", XLPT_BDF_STR(bdf));
		return XLPT_ERR_IO;
	}
	return xlpt_host_has(h, DEVICES "/%s", XLPT_BDF_STR(bdf)) ? 0 : no_device(bdf, diag);
}

/* The override as the kernel prints it, NULL for none; *there tells whether the file exists. */
static int read_override(struct xlpt_host *h, struct xlpt_bdf bdf, char **out, bool *there)
{
	int r = xlpt_host_read_text(h, out, DEVICES "/%s/driver_override", XLPT_BDF_STR(bdf));

	*there = r != -ENOENT;
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!**out || xlpt_streq(*out, "(null)")) { /* a null pointer printed with %s */
		free(*out);
		*out = NULL;
	}
	return 0;
}

static const char *or_none(const char *driver)
{
	return driver ? driver : "no driver";
}

int xlpt_bind_unbind(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_free_ char *driver = NULL, *after = NULL;
	int rc, r;

	rc = xlpt_bind_driver(h, bdf, &driver, diag);
	if (rc || !driver)
		return rc;
	r = xlpt_host_write_text(h, XLPT_BDF_STR(bdf), DRIVERS "/%s/unbind", driver);
	/* The link is the truth: unbind_store() says ENODEV when somebody was faster. */
	rc = xlpt_bind_driver(h, bdf, &after, diag);
	if (rc || !after)
		return rc;
	if (r < 0)
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot unbind %s from %s",
				XLPT_BDF_STR(bdf), driver);
	else
		xlpt_diag_set(diag, XLPT_ERR_IO, "cannot unbind %s from %s", XLPT_BDF_STR(bdf),
			      driver);
	xlpt_diag_fact(diag, "after writing " DRIVERS "/%s/unbind it is bound to %s", driver,
		       after);
	xlpt_diag_hint(diag, "dmesg | grep %s", XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

/*
 * Why the driver core said ENODEV to a bind: the same errno stands for "this
 * driver does not match" (pci_match_device) and for "its probe declined".
 */
static void explain_bind(struct xlpt_host *h, struct xlpt_bdf bdf, const char *driver, int err,
			 struct xlpt_diag *diag)
{
	bool pciback = xlpt_streq(driver, XLPT_PCIBACK_DRIVER), there, listed = false;
	_cleanup_free_ char *override = NULL;

	read_override(h, bdf, &override, &there);
	if (err == ENODEV && override && strcmp(override, driver)) {
		xlpt_diag_fact(diag, DEVICES "/%s/driver_override allows only %s",
			       XLPT_BDF_STR(bdf), override);
		xlpt_diag_hint(diag, "echo > " DEVICES "/%s/driver_override", XLPT_BDF_STR(bdf));
		return;
	}
	if (err == ENODEV && pciback && !override &&
	    xlpt_pciback_slot_listed(h, bdf, &listed, NULL) == 0 && !listed) {
		xlpt_diag_fact(diag, PCIBACK "/slots does not list it");
		xlpt_diag_hint(diag, "echo %s > " PCIBACK "/new_slot", XLPT_BDF_STR(bdf));
		return;
	}
	if (err == ENODEV && !pciback) {
		xlpt_diag_fact(diag,
			       DRIVERS "/%s/bind: the driver does not know this device or "
				       "declined it",
			       driver);
		xlpt_diag_hint(diag, "echo %s > /sys/bus/pci/drivers_probe", XLPT_BDF_STR(bdf));
		return;
	}
	xlpt_diag_fact(diag, "writing " DRIVERS "/%s/bind", driver);
	xlpt_diag_hint(diag, "dmesg | grep %s", XLPT_BDF_STR(bdf));
}

/* What can be seen to be wrong before anything is written. */
static int check_bind(struct xlpt_host *h, struct xlpt_bdf bdf, const char *driver, const char *now,
		      struct xlpt_diag *diag)
{
	if (now) {
		/* Kernels from 5.3 to 5.11 reported success here and did nothing. */
		xlpt_diag_errno(diag, XLPT_ERR_IO, EBUSY, "cannot bind %s to %s", XLPT_BDF_STR(bdf),
				driver);
		xlpt_diag_fact(diag, DEVICES "/%s/driver is %s", XLPT_BDF_STR(bdf), now);
		xlpt_diag_hint(diag, "echo %s > " DRIVERS "/%s/unbind", XLPT_BDF_STR(bdf), now);
		return XLPT_ERR_IO;
	}
	if (xlpt_host_has(h, DRIVERS "/%s", driver))
		return 0;
	if (xlpt_streq(driver, XLPT_PCIBACK_DRIVER)) {
		int rc = xlpt_pciback_present(h, diag);

		xlpt_diag_wrap(diag, "cannot bind %s to %s", XLPT_BDF_STR(bdf), driver);
		return rc;
	}
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "cannot bind %s to %s: no such driver",
		      XLPT_BDF_STR(bdf), driver);
	xlpt_diag_fact(diag, DRIVERS "/%s is not there", driver);
	/* Often, not always, the module has the driver's name; its alias finds it for certain. */
	xlpt_diag_hint(diag, "modprobe $(cat " DEVICES "/%s/modalias)", XLPT_BDF_STR(bdf));
	return XLPT_ERR_NOT_FOUND;
}

int xlpt_bind_to(struct xlpt_host *h, struct xlpt_bdf bdf, const char *driver,
		 struct xlpt_diag *diag)
{
	_cleanup_free_ char *now = NULL, *after = NULL;
	int rc, r;

	rc = xlpt_bind_driver(h, bdf, &now, diag);
	if (rc || xlpt_streq(now, driver))
		return rc;
	rc = check_bind(h, bdf, driver, now, diag);
	if (rc)
		return rc;
	r = xlpt_host_write_text(h, XLPT_BDF_STR(bdf), DRIVERS "/%s/bind", driver);
	rc = xlpt_bind_driver(h, bdf, &after, diag);
	/* The link is the truth: a hotplug event may have bound it first, which is EBUSY. */
	if (rc || xlpt_streq(after, driver))
		return rc;
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot bind %s to %s", XLPT_BDF_STR(bdf),
				driver);
		explain_bind(h, bdf, driver, -r, diag);
		return XLPT_ERR_IO;
	}
	xlpt_diag_set(diag, XLPT_ERR_IO, "cannot bind %s to %s", XLPT_BDF_STR(bdf), driver);
	xlpt_diag_fact(diag, "the kernel accepted it, but " DEVICES "/%s has %s", XLPT_BDF_STR(bdf),
		       or_none(after));
	xlpt_diag_hint(diag, "dmesg | grep %s", XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

int xlpt_bind_probe(struct xlpt_host *h, struct xlpt_bdf bdf, char **driver, struct xlpt_diag *diag)
{
	int rc, r;

	*driver = NULL;
	r = xlpt_host_write_text(h, XLPT_BDF_STR(bdf), "/sys/bus/pci/drivers_probe");
	/* Probing is done when write() returns: device_attach() is the synchronous one. */
	rc = xlpt_bind_driver(h, bdf, driver, diag);
	if (rc || *driver || r >= 0)
		return rc;
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot look for a driver for %s",
			XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "writing /sys/bus/pci/drivers_probe");
	xlpt_diag_hint(diag, "dmesg | grep %s", XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

static int override_error(struct xlpt_bdf bdf, int err, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, err, "cannot set the driver override of %s",
			XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

int xlpt_bind_override(struct xlpt_host *h, struct xlpt_bdf bdf, const char *driver,
		       struct xlpt_diag *diag)
{
	_cleanup_free_ char *now = NULL, *after = NULL, *text = NULL;
	bool there;
	int r;

	if (!xlpt_host_has(h, DEVICES "/%s", XLPT_BDF_STR(bdf)))
		return no_device(bdf, diag);
	r = read_override(h, bdf, &now, &there);
	if (r < 0) {
		override_error(bdf, -r, diag);
		xlpt_diag_fact(diag, "reading " DEVICES "/%s/driver_override", XLPT_BDF_STR(bdf));
		return XLPT_ERR_IO;
	}
	if (xlpt_streq(now, driver))
		return 0;
	if (!there) {
		override_error(bdf, ENOENT, diag);
		xlpt_diag_fact(diag, DEVICES "/%s/driver_override came with Linux 3.16",
			       XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "echo %s > " PCIBACK "/new_slot", XLPT_BDF_STR(bdf));
		return XLPT_ERR_IO;
	}
	/* Clearing takes a newline: a write of no bytes never reaches the kernel's store(). */
	text = xlpt_xasprintf("%s\n", driver ? driver : "");
	r = xlpt_host_write_text(h, text, DEVICES "/%s/driver_override", XLPT_BDF_STR(bdf));
	if (r >= 0)
		r = read_override(h, bdf, &after, &there);
	if (r >= 0 && xlpt_streq(after, driver))
		return 0;
	override_error(bdf, r < 0 ? -r : EIO, diag);
	xlpt_diag_fact(diag, DEVICES "/%s/driver_override is %s", XLPT_BDF_STR(bdf),
		       r < 0 ? or_none(now) : or_none(after));
	xlpt_diag_hint(diag, "echo %s > " DEVICES "/%s/driver_override", driver ? driver : "''",
		       XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

/* Whether one of pciback's lists names bdf. A line the page's end cut off does not parse. */
static bool list_names(const char *text, struct xlpt_bdf bdf)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		struct xlpt_bdf entry;

		if (xlpt_bdf_parse(text, n, &entry, NULL) == 0 && xlpt_bdf_eq(entry, bdf))
			return true;
		text += n + (text[n] == '\n');
	}
	return false;
}

/* *cut: the list ends where the page ends, so there may be entries it does not show. */
static int read_slots(struct xlpt_host *h, struct xlpt_bdf bdf, bool *listed, bool *cut,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	int r = xlpt_host_read_text(h, &text, PCIBACK "/slots");

	*listed = *cut = false;
	if (r < 0) {
		if (r == -ENOENT)
			return xlpt_pciback_present(h, diag);
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read pciback's slots");
		xlpt_diag_fact(diag, PCIBACK "/slots");
		return XLPT_ERR_IO;
	}
	*listed = list_names(text, bdf);
	*cut = strlen(text) + 1 > ATTR_MAX - SLOT_LINE;
	return 0;
}

int xlpt_pciback_slot_listed(struct xlpt_host *h, struct xlpt_bdf bdf, bool *listed,
			     struct xlpt_diag *diag)
{
	bool cut;

	return read_slots(h, bdf, listed, &cut, diag);
}

static int slot_error(struct xlpt_bdf bdf, const char *verb, const char *file, int r,
		      struct xlpt_diag *diag)
{
	if (r < 0)
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot %s pciback's slots: %s", verb,
				XLPT_BDF_STR(bdf));
	else
		xlpt_diag_set(diag, XLPT_ERR_IO, "cannot %s pciback's slots: %s", verb,
			      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "after writing " PCIBACK "/%s, " PCIBACK "/slots %s", file,
		       r < 0 ? "is as before" : "does not agree");
	xlpt_diag_hint(diag, "echo %s > " PCIBACK "/%s", XLPT_BDF_STR(bdf), file);
	return XLPT_ERR_IO;
}

int xlpt_pciback_slot_add(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	bool listed, cut;
	int rc, r;

	rc = read_slots(h, bdf, &listed, &cut, diag);
	if (rc || listed)
		return rc;
	r = xlpt_host_write_text(h, XLPT_BDF_STR(bdf), PCIBACK "/new_slot");
	if (r < 0)
		return slot_error(bdf, "add to", "new_slot", r, diag);
	rc = read_slots(h, bdf, &listed, &cut, diag);
	/* What lies beyond the page cannot be seen: there the kernel's answer must be enough. */
	if (rc || listed || cut)
		return rc;
	return slot_error(bdf, "add to", "new_slot", 0, diag);
}

int xlpt_pciback_slot_remove(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	bool listed, cut;
	int rc, r = 0;

	for (int i = 0; i < SLOT_COPIES; i++) {
		rc = read_slots(h, bdf, &listed, &cut, diag);
		if (rc || (!listed && !cut))
			return rc;
		r = xlpt_host_write_text(h, XLPT_BDF_STR(bdf), PCIBACK "/remove_slot");
		if (r == -ENOENT && !listed) /* not beyond the page either */
			return 0;
		if (r < 0)
			break;
	}
	if (r >= 0) {
		rc = read_slots(h, bdf, &listed, &cut, diag);
		if (rc || !listed)
			return rc;
	}
	return slot_error(bdf, "remove from", "remove_slot", r, diag);
}

int xlpt_pciback_permissive(struct xlpt_host *h, struct xlpt_bdf bdf, bool *on,
			    struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	int r = xlpt_host_read_text(h, &text, PCIBACK "/permissive");

	*on = false;
	if (r < 0) {
		if (r == -ENOENT) /* a pciback without the file knows no permissive devices */
			return xlpt_pciback_present(h, diag);
		xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read pciback's permissive list");
		xlpt_diag_fact(diag, PCIBACK "/permissive");
		return XLPT_ERR_IO;
	}
	*on = list_names(text, bdf);
	return 0;
}
