/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Giving a device back to dom0: taking it from pciback, and binding the driver that it came from.
 */
#include "pciback/device/bind.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/place.h"
#include "xl-plugin/hotplug/release.h"

#define DRIVERS "/sys/bus/pci/drivers/"

/*
 * pciback lets go of a device that a guest uses with no more than a warning (pci_stub.c,
 * pcistub_remove). So this looks for itself, whatever was looked at before.
 */
static int not_with_guest(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	bool assigned = false;
	uint32_t domid;
	int rc = xlpt_owner_now(env, bdf, &domid, diag);

	if (rc > 0) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "%s is with domain %u", XLPT_BDF_STR(bdf),
			      domid);
		xlpt_diag_fact(diag, "/local/domain/0/backend/pci/%u/0 names it", domid);
		xlpt_diag_hint(diag, "xlpt detach %u %s", domid, XLPT_BDF_STR(bdf));
		return XLPT_ERR_IN_USE;
	}
	if (rc == 0)
		rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, diag);
	if (rc == 0 && assigned) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "the hypervisor has %s assigned to a guest",
			      XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, "no backend in xenstore names it");
		xlpt_diag_hint(diag, "xl debug-keys Q; xl dmesg shows whose it is");
		return XLPT_ERR_IN_USE;
	}
	return rc;
}

/*
 * libvirt binds through driver_override. One that was left behind would send the device back to
 * pciback. One that an administrator set for another driver stays.
 */
static int clear_override(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_free_ char *now = NULL;

	if (xlpt_host_read_text(h, &now, "/sys/bus/pci/devices/%s/driver_override",
				XLPT_BDF_STR(bdf)) ||
	    (!xlpt_streq(now, XLPT_PCIBACK_DRIVER) && !xlpt_streq(now, "xen-pciback")))
		return 0;
	return xlpt_bind_override(h, bdf, NULL, diag);
}

int xlpt_leave_pciback(struct xlpt_env *env, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	struct xlpt_host *h = env->host;
	_cleanup_free_ char *driver = NULL;
	int rc = xlpt_bind_driver(h, bdf, &driver, diag);

	if (rc == 0 && xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		rc = not_with_guest(env, bdf, diag);
	if (rc == 0 && xlpt_streq(driver, XLPT_PCIBACK_DRIVER)) {
		xlpt_gone_kernel_idle(env);
		rc = xlpt_bind_unbind(h, bdf, diag);
	}
	if (rc == 0)
		rc = xlpt_pciback_slot_remove(h, bdf, diag);
	return rc ? rc : clear_override(h, bdf, diag);
}

/* When the driver's module was unloaded in between, it is loaded again. */
static int rebind_known(struct xlpt_host *h, struct xlpt_bdf bdf, const char *origin,
			struct xlpt_diag *diag)
{
	_cleanup_free_ char *now = NULL, *modalias = NULL;
	int rc;

	rc = xlpt_bind_driver(h, bdf, &now, diag);
	if (rc || xlpt_streq(now, origin))
		return rc;
	if (!xlpt_host_has(h, DRIVERS "%s", origin)) {
		xlpt_host_read_text(h, &modalias, "/sys/bus/pci/devices/%s/modalias",
				    XLPT_BDF_STR(bdf));
		/* The driver and its module may have different names: xhci_hcd is in xhci_pci. */
		rc = xlpt_bind_load_module(h, modalias ? modalias : origin, diag);
		if (rc)
			return rc;
		free(XLPT_TAKE(now));
		rc = xlpt_bind_driver(h, bdf, &now, diag);
		if (rc || xlpt_streq(now, origin))
			return rc;
	}
	if (now) {
		rc = xlpt_bind_unbind(h, bdf, diag);
		if (rc)
			return rc;
	}
	return xlpt_bind_needs_override(h, bdf) ? xlpt_bind_through(h, bdf, origin, diag)
						: xlpt_bind_to(h, bdf, origin, diag);
}

/*
 * A device that was hidden at boot: nobody saw which driver it had. The kernel knows, or else
 * modprobe.
 */
static int rebind_unknown(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_free_ char *now = NULL, *modalias = NULL;
	int rc = xlpt_bind_driver(h, bdf, &now, diag);

	if (rc || now)
		return rc;
	rc = xlpt_bind_probe(h, bdf, &now, diag);
	if (rc || now)
		return rc;
	if (xlpt_host_read_text(h, &modalias, "/sys/bus/pci/devices/%s/modalias",
				XLPT_BDF_STR(bdf)))
		return 0;
	/* No module claims it. Then it has no driver in this dom0, which is no failure. */
	if (xlpt_bind_load_module(h, modalias, NULL))
		return 0;
	rc = xlpt_bind_driver(h, bdf, &now, diag);
	if (rc || now)
		return rc;
	return xlpt_bind_probe(h, bdf, &now, diag);
}

int xlpt_rebind(struct xlpt_host *h, struct xlpt_bdf bdf, bool known, const char *origin,
		char **driver, struct xlpt_diag *diag)
{
	int rc = 0;

	if (!known)
		rc = rebind_unknown(h, bdf, diag);
	else if (*origin)
		rc = rebind_known(h, bdf, origin, diag);
	if (rc == 0 && driver) {
		free(XLPT_TAKE(*driver));
		rc = xlpt_bind_driver(h, bdf, driver, diag);
	}
	return rc;
}

int xlpt_give_back(struct xlpt_env *env, struct xlpt_bdf bdf, bool origin_known, const char *origin,
		   char **driver, struct xlpt_diag *diag)
{
	int rc = not_with_guest(env, bdf, diag);

	if (rc == 0)
		rc = env->ts->ops->quarantine(env->ts, bdf, false, diag);
	if (rc == 0)
		rc = xlpt_leave_pciback(env, bdf, diag);
	if (rc == 0)
		rc = xlpt_rebind(env->host, bdf, origin_known, origin, driver, diag);
	if (rc == 0)
		rc = xlpt_pcinote_clear(env->store, bdf, diag);
	return rc;
}
