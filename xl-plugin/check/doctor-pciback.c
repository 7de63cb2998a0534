/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dom0's driver that holds devices for guests. */
#include <string.h>

#include "core/policy.h"
#include "core/text.h"
#include "xl-plugin/check/doctor.h"

#define GROUP	XLPT_DOCTOR_PCIBACK
#define PARAM	"/sys/module/xen_pciback/parameters/%s"
#define DRIVERS "/sys/bus/pci/drivers"

/* 'Y', 'N', or 0 when the kernel does not tell. */
static char parameter(struct xlpt_doctor *d, const char *name)
{
	_cleanup_free_ char *text = NULL;

	if (xlpt_host_read_text(d->env->host, &text, PARAM, name) < 0)
		return 0;
	return *text == 'Y' || *text == '1' ? 'Y' : 'N';
}

static void loaded(struct xlpt_doctor *d)
{
	char passthrough = parameter(d, "passthrough");

	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_OK, "pciback", "%s %s%s",
			d->boot.module ? d->boot.module : "pciback",
			d->boot.mode == XLPT_PB_BUILTIN ? "is part of this kernel" : "is loaded",
			passthrough == 'Y'
				? ", mode passthrough: a PV guest sees a device at its address here"
			: passthrough == 'N' ? ", mode vpci: a PV guest sees a bus of its own"
					     : "");
	if (parameter(d, "permissive") == 'Y') {
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_WARNING, "permissive",
			"pciback's parameter permissive is on: every PV guest writes to its "
			"devices' configuration space as it likes");
		xlpt_doctor_mend(d, "take permissive out of pciback's options, and give "
				    "permissive=1 to the devices that need it");
	} else {
		xlpt_doctor_permissive(d);
	}
}

static void not_loaded(struct xlpt_doctor *d)
{
	switch (d->boot.mode) {
	case XLPT_PB_ABSENT:
		xlpt_doctor_add(
			d, GROUP, XLPT_HEALTH_BAD, "pciback", "this kernel has no pciback: %s",
			d->boot.mode_fact ? d->boot.mode_fact : "it is nowhere to be found");
		xlpt_doctor_mend(d, "install a kernel with CONFIG_XEN_PCIDEV_BACKEND");
		break;
	case XLPT_PB_MODULE:
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "pciback",
				"%s is not loaded: no device is held for a guest", d->boot.module);
		xlpt_doctor_mend(d, "modprobe %s", d->boot.module);
		break;
	case XLPT_PB_BUILTIN:
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_BAD, "pciback",
				"pciback is part of this kernel and did not start: it is not among "
				"the PCI drivers");
		xlpt_doctor_mend(d, "dmesg | grep -i pciback");
		break;
	}
}

/* The guest that has it, whose name is known; or NULL. */
static const struct xlpt_guest *guest_of(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	int64_t holder = xlpt_doctor_holder(d, dev);

	for (size_t i = 0; i < d->n_guests; i++)
		if (d->guests[i].domid == holder && d->guests[i].name)
			return &d->guests[i];
	return NULL;
}

/* Nobody can use them, and an attach is refused. What helps is no good while a guest has it. */
static void silent(struct xlpt_doctor *d)
{
	for (size_t i = 0; i < d->devs.n; i++) {
		const struct xlpt_device *dev = &d->devs.items[i];
		const struct xlpt_guest *guest = guest_of(d, dev);
		_cleanup_diag_ struct xlpt_diag no = { 0 };
		_cleanup_free_ char *first = NULL;

		if (!xlpt_doctor_given(d, dev) || !xlpt_policy_answers(dev, &no))
			continue;
		if (guest)
			first = xlpt_xasprintf("xlpt detach %s %s; ", XLPT_WORD(guest->name),
					       XLPT_BDF_STR(dev->bdf));
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_BAD, "no-answer", "%s: %s", no.message,
				no.fact);
		xlpt_doctor_mend(d, "%s%s; if that does not help, turn this host off and on again",
				 first ? first : "", no.hint);
		xlpt_doctor_device(d, dev->bdf);
	}
}

void xlpt_doctor_pciback(struct xlpt_doctor *d)
{
	if (!xlpt_host_has(d->env->host, DRIVERS)) {
		xlpt_doctor_add(d, GROUP, XLPT_HEALTH_UNKNOWN, "pciback",
				"this tree has no PCI drivers to look at");
		return;
	}
	if (xlpt_host_has(d->env->host, DRIVERS "/pciback"))
		loaded(d);
	else if (d->xen != XLPT_BOOT_XEN_NO)
		not_loaded(d);
	silent(d);
}
