/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Binding with driver_override's help. A VF whose PF has sriov_drivers_autoprobe 0 is
 * probed by no driver but the one that its driver_override names, whatever is written
 * to "bind" (drivers/pci/pci-driver.c, pci_device_can_probe).
 */
#include "pciback/device/bind.h"

#include <errno.h>
#include <string.h>

#include "pciback/device/physfn.h"

#define DEVICES "/sys/bus/pci/devices"

bool xlpt_bind_needs_override(struct xlpt_host *h, struct xlpt_bdf bdf)
{
	struct xlpt_bdf pf;

	return xlpt_vf_physfn(h, bdf, &pf) && xlpt_pf_autoprobe(h, pf) == 0;
}

int xlpt_bind_override_read(struct xlpt_host *h, struct xlpt_bdf bdf, char **out,
			    struct xlpt_diag *diag)
{
	int r = xlpt_host_read_text(h, out, DEVICES "/%s/driver_override", XLPT_BDF_STR(bdf));

	if (r < 0) {
		*out = NULL;
		if (r == -ENOENT)
			return 0;
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot read the driver override of %s",
				XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "cat " DEVICES "/%s/driver_override", XLPT_BDF_STR(bdf));
		return XLPT_ERR_IO;
	}
	if (!**out || xlpt_streq(*out, "(null)")) /* a null pointer printed with %s */
		free(XLPT_TAKE(*out));
	return 0;
}

int xlpt_bind_through(struct xlpt_host *h, struct xlpt_bdf bdf, const char *driver,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ char *old = NULL;
	int rc, back;

	rc = xlpt_bind_override_read(h, bdf, &old, diag);
	if (rc)
		return rc;
	/* A kernel before 3.16 has none, and no sriov_drivers_autoprobe either. */
	if (xlpt_streq(old, driver) ||
	    !xlpt_host_has(h, DEVICES "/%s/driver_override", XLPT_BDF_STR(bdf)))
		return xlpt_bind_to(h, bdf, driver, diag);
	rc = xlpt_bind_override(h, bdf, driver, diag);
	if (rc == 0)
		rc = xlpt_bind_to(h, bdf, driver, diag);
	back = xlpt_bind_override(h, bdf, old, rc ? NULL : diag);
	return rc ? rc : back;
}

int xlpt_bind_pciback(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_free_ char *driver = NULL, *override = NULL;
	int rc = xlpt_bind_driver(h, bdf, &driver, diag);

	if (rc || driver)
		return rc;
	rc = xlpt_pciback_slot_add(h, bdf, diag);
	if (rc == 0)
		rc = xlpt_bind_override_read(h, bdf, &override, diag);
	if (rc)
		return rc;
	if (xlpt_bind_needs_override(h, bdf) ||
	    (override && strcmp(override, XLPT_PCIBACK_DRIVER) != 0))
		return xlpt_bind_through(h, bdf, XLPT_PCIBACK_DRIVER, diag);
	return xlpt_bind_to(h, bdf, XLPT_PCIBACK_DRIVER, diag);
}
