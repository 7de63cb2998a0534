/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Devices that pciback lets a guest configure as it likes (permissive). libxl writes that into pciback's list when a
 * guest asks for it, and never takes it out: the next guest has it as well, unless pciback binds the device anew.
 */
#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/check/doctor.h"

#define GROUP XLPT_DOCTOR_PCIBACK
#define LIST  "/sys/bus/pci/drivers/" XLPT_PCIBACK_DRIVER "/permissive"

/* Whether the guest was given the device so; UNSET: its configuration does not say. */
static enum xlpt_tri asked(struct xlpt_doctor *d, uint32_t domid, struct xlpt_bdf bdf)
{
	struct xlpt_toolstack *ts = d->env->ts;
	struct xlpt_spec *specs = NULL;
	enum xlpt_tri answer = XLPT_UNSET;
	size_t n = 0;

	if (ts->ops->guest_config_pci(ts, domid, &specs, &n, NULL))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		if (specs[i].has_bdf && xlpt_bdf_eq(specs[i].bdf, bdf))
			answer = specs[i].permissive == XLPT_ON ? XLPT_ON : XLPT_OFF;
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
	return answer;
}

/* An HVM guest's device model has a filter of its own. */
static const struct xlpt_guest *pv_guest(const struct xlpt_doctor *d, int64_t domid)
{
	for (size_t i = 0; i < d->n_guests; i++)
		if (d->guests[i].domid == domid && d->guests[i].type == XLPT_GUEST_PV)
			return d->guests[i].name ? &d->guests[i] : NULL;
	return NULL;
}

static void of_guest(struct xlpt_doctor *d, const struct xlpt_device *dev, const char *guest,
		     bool on, enum xlpt_tri wanted)
{
	const char *bdf = XLPT_BDF_STR(dev->bdf);

	if (wanted == XLPT_UNSET || on == (wanted == XLPT_ON))
		return;
	if (on)
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_WARNING, "permissive-left",
			"%s is permissive, and %s was given it without that: a guest before "
			"had it so, and pciback keeps it",
			bdf, guest);
	else
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_WARNING, "permissive-lost",
			"%s was given %s with permissive=1, and pciback's list does not have "
			"it: what the guest writes to protected registers is dropped",
			guest, bdf);
	xlpt_doctor_mend(d, "xlpt detach %s %s; xlpt attach %s %s%s", XLPT_WORD(guest), bdf,
			 XLPT_WORD(guest), bdf, on ? "" : ",permissive=1");
	xlpt_doctor_device(d, dev->bdf);
	xlpt_doctor_guest(d, guest);
}

static void of_nobody(struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	const char *bdf = XLPT_BDF_STR(dev->bdf);

	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "permissive-left",
			"%s is hidden and still permissive from a guest before: the next PV guest "
			"that xl gives it to has it so",
			bdf);
	xlpt_doctor_mend(d,
			 "echo %s >/sys/bus/pci/drivers/pciback/unbind; "
			 "echo %s >/sys/bus/pci/drivers/pciback/bind; or give it with xlpt, which "
			 "does that by itself",
			 bdf, bdf);
	xlpt_doctor_device(d, dev->bdf);
}

void xlpt_doctor_permissive(struct xlpt_doctor *d)
{
	/* A capture may lack it. */
	if (!xlpt_host_has(d->env->host, LIST))
		return;
	for (size_t i = 0; i < d->devs.n; i++) {
		const struct xlpt_device *dev = &d->devs.items[i];
		const struct xlpt_guest *guest = pv_guest(d, d->holders[i]);
		bool on;

		if (!xlpt_streq(dev->driver, XLPT_PCIBACK_DRIVER) ||
		    xlpt_pciback_permissive(d->env->host, dev->bdf, &on, NULL))
			continue;
		if (guest)
			of_guest(d, dev, guest->name, on, asked(d, guest->domid, dev->bdf));
		else if (on && d->holders[i] == XLPT_HOLDER_PCIBACK)
			of_nobody(d, dev);
	}
}
