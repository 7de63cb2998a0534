/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What dom0's own side of a device contradicts. */
#include <string.h>

#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/repair/kinds.h"

#define DRIVERCTL "/etc/driverctl.d/%s"

static bool for_pciback(const char *override)
{
	return xlpt_streq(override, XLPT_PCIBACK_DRIVER) || xlpt_streq(override, "xen-pciback");
}

static void describe(const struct xlpt_facts *f, const struct xlpt_device *d,
		     struct xlpt_contradiction *c)
{
	const char *bdf = XLPT_BDF_STR(d->bdf);

	c->why = xlpt_xasprintf("/sys/bus/pci/devices/%s/driver_override says %s", bdf,
				d->driver_override);
	if (!d->driver) {
		/* Half-way to pciback, or half-way back: nothing tells which was meant. */
		c->what = xlpt_xasprintf("%s is kept for pciback, and has no driver", bdf);
		c->command = xlpt_xasprintf("xlpt hide %s, or else: xlpt unhide %s", bdf, bdf);
		return;
	}
	c->what = xlpt_xasprintf("%s is kept for pciback, and %s has it", bdf, d->driver);
	if (xlpt_host_has(f->env->host, DRIVERCTL, bdf))
		c->command = xlpt_xasprintf("driverctl unset-override %s", bdf);
	else
		c->does = xlpt_xasprintf("clear the driver_override of %s", bdf);
}

static void find_override(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			  struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->devices.n; i++) {
		const struct xlpt_device *d = &f->devices.items[i];
		struct xlpt_contradiction *c;

		if (!for_pciback(d->driver_override) ||
		    xlpt_streq(d->driver, XLPT_PCIBACK_DRIVER) ||
		    xlpt_facts_explained(f, &d->bdf, -1))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, d->bdf);
		describe(f, d, c);
	}
}

static int fix_override(struct xlpt_env *env, const struct xlpt_contradiction *c,
			struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_free_ char *override = NULL, *driver = NULL;
	struct xlpt_bdf bdf = c->bdf;
	int rc = xlpt_lock_all(env, &locks, NULL, &bdf, 1, diag);

	if (rc == 0)
		rc = xlpt_bind_override_read(env->host, bdf, &override, diag);
	if (rc == 0)
		rc = xlpt_bind_driver(env->host, bdf, &driver, diag);
	if (rc || !for_pciback(override) || !driver || xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		return rc;
	rc = xlpt_bind_override(env->host, bdf, NULL, diag);
	if (rc == 0)
		xlpt_say(env, "%s stays with %s: its driver_override for pciback is cleared",
			 XLPT_BDF_STR(bdf), driver);
	return rc;
}

const struct xlpt_contradiction_kind xlpt_kind_override = {
	.name = "override",
	.cause = "libvirt or another tool that binds through driver_override was killed, or the "
		 "device was given back by hand; when it is probed the next time, pciback takes it",
	.momentary = true,
	.find = find_override,
	.fix = fix_override,
};

/* ---- in quarantine, and dom0 uses it ---- */

/* Drivers that only hold a device use no memory. */
static bool used_by_dom0(const struct xlpt_device *d)
{
	return d->driver && strcmp(d->driver, XLPT_PCIBACK_DRIVER) != 0 &&
	       strcmp(d->driver, "pci-stub") != 0 && strcmp(d->driver, "vfio-pci") != 0;
}

static void find_quarantine(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
			    struct xlpt_contradictions *out)
{
	for (size_t i = 0; i < f->n_xen_owners; i++) {
		const struct xlpt_xen_owner *o = &f->xen_owners[i];
		const struct xlpt_device *d = xlpt_devices_find(&f->devices, o->bdf);
		struct xlpt_contradiction *c;

		if (o->domid != XLPT_XEN_QUARANTINE || !d || !used_by_dom0(d) ||
		    xlpt_facts_explained(f, &o->bdf, -1))
			continue;
		c = xlpt_contradiction_add(out, kind);
		xlpt_contradiction_bdf(c, o->bdf);
		c->what =
			xlpt_xasprintf("%s is with %s in dom0, and Xen keeps it in quarantine: it "
				       "reaches no memory",
				       XLPT_BDF_STR(o->bdf), d->driver);
		c->why = xlpt_xstrdup("Xen's list of devices (xl debug-keys Q; xl dmesg)");
		c->does = xlpt_xasprintf("take %s out of quarantine", XLPT_BDF_STR(o->bdf));
	}
}

static int fix_quarantine(struct xlpt_env *env, const struct xlpt_contradiction *c,
			  struct xlpt_diag *diag)
{
	_cleanup_locks_ struct xlpt_locks locks = { 0 };
	_cleanup_free_ char *driver = NULL;
	struct xlpt_bdf bdf = c->bdf;
	int rc = xlpt_lock_all(env, &locks, NULL, &bdf, 1, diag);

	if (rc == 0)
		rc = xlpt_bind_driver(env->host, bdf, &driver, diag);
	if (rc || !driver || xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		return rc;
	/* What is not in quarantine any more stays as it is. */
	rc = env->ts->ops->quarantine(env->ts, bdf, false, diag);
	if (rc == 0)
		xlpt_say(env,
			 "%s is out of quarantine; if %s does not work with it: xlpt hide %s; "
			 "xlpt unhide %s",
			 XLPT_BDF_STR(bdf), driver, XLPT_BDF_STR(bdf), XLPT_BDF_STR(bdf));
	return rc;
}

const struct xlpt_contradiction_kind xlpt_kind_quarantine = {
	.name = "quarantine",
	.cause = "it was given back to dom0 by hand or by libvirt, which does not tell Xen",
	.momentary = true,
	.find = find_quarantine,
	.fix = fix_quarantine,
};
