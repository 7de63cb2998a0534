/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Passthrough part of boot plan: what Xen and its settings mean for guests with devices. Interrupt
 * vectors are counted of what is hidden, as if one guest got it all, and of what each guest's
 * configuration names. Virtual functions are for many guests, and count one by one.
 */
#include "core/policy-together.h"
#include "pciback/device/scan.h"
#include "xl-plugin/boot/boot.h"

static unsigned vectors_of(struct xlpt_env *env, struct xlpt_bdf bdf, bool *is_vf)
{
	_cleanup_device_ struct xlpt_device dev = { 0 };

	if (xlpt_scan_one(env->host, bdf, XLPT_SCAN_CAPS, NULL, &dev, NULL))
		return 0;
	*is_vf = dev.is_vf;
	return xlpt_device_vectors(&dev);
}

static bool is_hidden(const struct xlpt_boot_plan *p, const struct xlpt_device *dev)
{
	bool yes = xlpt_streq(dev->driver, "pciback");

	for (size_t i = 0; !yes && i < p->list.n; i++)
		yes = xlpt_hide_matches(&p->list.items[i], dev->bdf);
	for (size_t i = 0; !yes && i < p->added.n; i++)
		yes = xlpt_hide_matches(&p->added.items[i], dev->bdf);
	return yes && dev->header != XLPT_HEADER_BRIDGE;
}

static unsigned vectors_hidden(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	unsigned sum = 0, most = 0;

	if (xlpt_scan_all(env->host, 0, NULL, &devs, NULL))
		return 0;
	for (size_t i = 0; i < devs.n; i++) {
		bool is_vf = false;
		unsigned n = is_hidden(p, &devs.items[i])
				     ? vectors_of(env, devs.items[i].bdf, &is_vf)
				     : 0;

		sum += is_vf ? 0 : n;
		most = n > most ? n : most;
	}
	return sum > most ? sum : most;
}

static void add(struct xlpt_boot_plan *p, const struct xlpt_diag *warning)
{
	struct xlpt_iommu_notes *notes = &p->iommu;

	XLPT_GROW(notes->items, notes->n, notes->alloc);
	notes->items[notes->n++] =
		(struct xlpt_iommu_note){ .text = xlpt_xasprintf("%s; %s", warning->message,
								 warning->hint) };
}

/* What libxl keeps of a guest, whether it has the devices already or not. */
static unsigned vectors_configured(struct xlpt_env *env, uint32_t domid)
{
	struct xlpt_spec *specs = NULL;
	unsigned sum = 0;
	size_t n = 0;
	bool is_vf;

	if (env->ts->ops->guest_config_pci(env->ts, domid, &specs, &n, NULL))
		n = 0;
	for (size_t i = 0; i < n; i++) {
		if (specs[i].has_bdf)
			sum += vectors_of(env, specs[i].bdf, &is_vf);
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
	return sum;
}

void xlpt_boot_vectors(struct xlpt_env *env, const char *xen_cmdline, struct xlpt_boot_plan *p)
{
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	bool known;
	unsigned given = xlpt_xen_guest_vectors(xen_cmdline, &known);
	_cleanup_diag_ struct xlpt_diag warning = { 0 };
	_cleanup_free_ char *kernels = NULL;
	bool misplaced;

	if (!known)
		return;
	xlpt_host_read_text(env->host, &kernels, "/proc/cmdline");
	misplaced = xlpt_kernel_guest_vectors(kernels);
	if (xlpt_policy_vectors(NULL, vectors_hidden(env, p), given, misplaced, &warning))
		add(p, &warning);
	if (!env->ts || env->ts->ops->guest_list(env->ts, &guests, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++)
		if (xlpt_policy_vectors(guests[i].name, vectors_configured(env, guests[i].domid),
					given, misplaced, &warning))
			add(p, &warning);
	xlpt_guests_free(guests, n);
}

void xlpt_op_boot_iommu(struct xlpt_env *env, struct xlpt_boot_plan *p)
{
	_cleanup_free_ char *cmdline = NULL, *messages = NULL;
	_cleanup_diag_ struct xlpt_diag warning = { 0 };
	struct xlpt_xen_caps caps;
	int works = XLPT_UNSET;

	xlpt_env_try_xen(env, NULL);
	if (env->ts && env->ts->ops->caps(env->ts, &caps, NULL) == 0)
		works = caps.pv_iommu || caps.hvm_iommu ? XLPT_ON : XLPT_OFF;
	if (env->ts && env->ts->ops->xen_text)
		env->ts->ops->xen_text(env->ts, &cmdline, &messages);
	xlpt_boot_iommu(env->host, cmdline, messages, works, &p->iommu);
	if (xlpt_boot_judge_dom0(env->host, cmdline, &warning))
		add(p, &warning);
	xlpt_boot_vectors(env, cmdline, p);
}
