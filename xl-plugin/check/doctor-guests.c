/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running guests: whether they can have the devices that they are to have. */
#include <string.h>

#include "core/policy-together.h"
#include "core/text.h"
#include "xl-plugin/check/doctor.h"
#include "xl-plugin/hotplug/device-model.h"
#include "xl-plugin/hotplug/libvirt.h"

#define GROUP XLPT_DOCTOR_GUESTS

/*
 * Whether Xen made the guest an IOMMU context. Its stored configuration is only what was written
 * into it; Xen knows, and wants to be asked with any device.
 */
static enum xlpt_tri passthrough(struct xlpt_doctor *d, const struct xlpt_guest *g)
{
	struct xlpt_toolstack *ts = d->env->ts;
	bool on = false;

	for (size_t i = 0; i < d->devs.n; i++) {
		const struct xlpt_device *dev = &d->devs.items[i];

		if (dev->header != XLPT_HEADER_ENDPOINT)
			continue;
		if (ts->ops->guest_iommu(ts, g->domid, dev->bdf, &on, NULL) == 0)
			return on ? XLPT_ON : XLPT_OFF;
		break;
	}
	return g->passthrough;
}

/* Who says that the guest is to have devices, or NULL. Caller frees. */
static char *meant_to(struct xlpt_doctor *d, const struct xlpt_leases *leases,
		      const struct xlpt_guest *g)
{
	struct xlpt_toolstack *ts = d->env->ts;
	struct xlpt_spec *specs = NULL;
	char *who = NULL;
	size_t n = 0;

	if (ts->ops->guest_config_pci(ts, g->domid, &specs, &n, NULL) == 0 && n)
		who = xlpt_xstrdup("the configuration that it was started with");
	for (size_t i = 0; i < n; i++)
		xlpt_spec_dispose(&specs[i]);
	free(specs);
	for (size_t i = 0; !who && g->name && i < d->n_configs; i++)
		if (!strcmp(d->configs[i].guest, g->name))
			who = xlpt_xstrdup(d->configs[i].path);
	for (size_t i = 0; !who && i < leases->n; i++)
		if (leases->items[i].domid == (int64_t)g->domid &&
		    xlpt_streq(leases->items[i].uuid, g->uuid))
			who = xlpt_xasprintf("its lease of %s", XLPT_BDF_STR(leases->items[i].bdf));
	return who;
}

static void can_have(struct xlpt_doctor *d, const struct xlpt_leases *leases,
		     const struct xlpt_guest *g)
{
	_cleanup_free_ char *who = NULL, *way = NULL;

	if (g->type == XLPT_GUEST_PVH || passthrough(d, g) != XLPT_OFF)
		return;
	who = meant_to(d, leases, g);
	if (!who)
		return;
	xlpt_doctor_add(
		d, GROUP, XLPT_HEALTH_BAD, "without-passthrough",
		"%s runs without passthrough, so it can have no device, and %s gives it one",
		g->name, who);
	way = xlpt_policy_passthrough_way(g, xlpt_libvirt_made(d->env, g));
	xlpt_doctor_mend(d, "%s", way);
	xlpt_doctor_guest(d, g->name);
}

static void device_model(struct xlpt_doctor *d, const struct xlpt_guest *g)
{
	_cleanup_free_ char *other = NULL;

	/* A captured tree has no processes. */
	if (g->type != XLPT_GUEST_HVM || d->env->sysroot || !d->xen_version)
		return;
	other = xlpt_dm_other_xen(d->env, g->domid, d->xen_version);
	if (!other)
		return;
	xlpt_doctor_add(
		d, GROUP, XLPT_HEALTH_WARNING, "device-model",
		"the device model of %s has loaded libxenctrl of Xen %s, and Xen %s runs: it "
		"may list a device and not pass it on",
		g->name, other, d->xen_version);
	xlpt_doctor_mend(d, "install the device model of the Xen that runs, and start %s anew",
			 XLPT_WORD(g->name));
	xlpt_doctor_guest(d, g->name);
}

/* More interrupts than Xen lets a guest have: its drivers may fail. */
static void vectors(struct xlpt_doctor *d, const struct xlpt_guest *g, const char *kernels)
{
	_cleanup_diag_ struct xlpt_diag warning = { 0 };
	unsigned asked = 0, given;
	bool known;

	for (size_t i = 0; i < d->devs.n; i++) {
		_cleanup_device_ struct xlpt_device dev = { 0 };

		if (d->holders[i] == (int64_t)g->domid &&
		    xlpt_scan_one(d->env->host, d->devs.items[i].bdf, XLPT_SCAN_CAPS, NULL, &dev,
				  NULL) == 0)
			asked += xlpt_device_vectors(&dev);
	}
	given = xlpt_xen_guest_vectors(d->xen_cmdline, &known);
	if (!known || !xlpt_policy_vectors(g->name, asked, given,
					   xlpt_kernel_guest_vectors(kernels), &warning))
		return;
	xlpt_doctor_failed(d, GROUP, XLPT_HEALTH_WARNING, "interrupt-vectors", &warning);
	xlpt_doctor_guest(d, g->name);
}

/* Takes the device out of the guest's file in /etc/xen, or one that stands for it, or libvirt's. Caller frees. */
static char *take_out(struct xlpt_doctor *d, const struct xlpt_guest *g, const char *bdf)
{
	const char *path = "FILE";

	for (size_t i = d->n_configs; i-- > 0;)
		if (!d->configs[i].libvirt && !strcmp(d->configs[i].guest, g->name))
			path = d->configs[i].path;
	if (xlpt_libvirt_made(d->env, g))
		return xlpt_xasprintf("virsh edit %s: take out its <hostdev>", XLPT_WORD(g->name));
	return xlpt_xasprintf("xlpt convert --edit %s --remove %s", XLPT_WORD(path), bdf);
}

/* What the configuration that it was started with names, and this host does not have (any more). */
static void absent(struct xlpt_doctor *d, const struct xlpt_guest *g)
{
	struct xlpt_toolstack *ts = d->env->ts;
	struct xlpt_spec *specs = NULL;
	size_t n = 0;

	if (ts->ops->guest_config_pci(ts, g->domid, &specs, &n, NULL))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		if (specs[i].has_bdf && d->scanned && !xlpt_devices_find(&d->devs, specs[i].bdf)) {
			const char *bdf = XLPT_BDF_STR(specs[i].bdf);
			_cleanup_free_ char *fact = NULL, *way = NULL;
			_cleanup_free_ char *out = take_out(d, g, bdf);

			xlpt_vf_absent(d->env->host, &d->places, specs[i].bdf, &fact, &way);
			xlpt_doctor_add(
				d, GROUP, XLPT_HEALTH_WARNING, "absent-device",
				"%s was started with a configuration that names %s, and %s: "
				"the next start fails",
				g->name, bdf, fact ? fact : "this host has no such device");
			xlpt_doctor_mend(d, "%s", way ? way : out);
			xlpt_doctor_guest(d, g->name);
			xlpt_doctor_device(d, specs[i].bdf);
		}
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
}

void xlpt_doctor_guests(struct xlpt_doctor *d)
{
	_cleanup_free_ char *kernels = NULL;
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	size_t with = 0;

	if (!d->guests_known)
		return;
	/* One that cannot be read is told with what was left. */
	xlpt_leases_read(d->env, &leases, NULL);
	xlpt_host_read_text(d->env->host, &kernels, "/proc/cmdline");
	for (size_t i = 0; i < d->n_guests; i++) {
		const struct xlpt_guest *g = &d->guests[i];

		/* A guest on its way out needs no device any more. */
		if (g->dying || !g->name)
			continue;
		can_have(d, &leases, g);
		absent(d, g);
		vectors(d, g, kernels);
		device_model(d, g);
	}
	for (size_t i = 0; i < d->devs.n; i++)
		with += d->holders[i] >= 0;
	if (!xlpt_doctor_has_trouble(d, GROUP))
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "guests",
				"guests that run: %zu, devices that they have: %zu", d->n_guests,
				with);
}
