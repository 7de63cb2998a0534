/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How many interrupt vectors the devices of a guest ask for, and how many Xen gives it. */
#include <string.h>

#include "core/policy-together.h"
#include "core/xen-line.h"

#define NAME	    "extra_guest_irqs="
#define XEN_DEFAULT 32
#define CLASS_NVME  0x010802 /* NVM Express (PCI Code and ID Assignment Specification) */
#define XEN_MOST    32768    /* all interrupts of a domain, lines included, are no more */

unsigned xlpt_device_vectors(const struct xlpt_device *dev)
{
	const struct xlpt_caps *c = &dev->caps;

	return c->msix_vectors > c->msi_vectors ? c->msix_vectors : c->msi_vectors;
}

int xlpt_policy_drive(const char *guest, enum xlpt_guest_type type, const struct xlpt_device *dev,
		      struct xlpt_diag *diag)
{
	if (type != XLPT_GUEST_PV || dev->class_code != CLASS_NVME)
		return 0;
	xlpt_diag_set(
		diag, XLPT_ERR_RULE,
		"%s is a PV guest, where Linux' driver of NVMe drives (6.1 to 7.2) has one queue and "
		"no MSI-X: %s is slower there",
		guest, XLPT_BDF_STR(dev->bdf));
	xlpt_diag_fact(diag,
		       "the driver asks for its interrupt vectors twice, and xen-pciback refuses "
		       "the second time, whatever extra_guest_irqs is; the guest's log says "
		       "\"enable msix get err ffffff8e\"");
	xlpt_diag_hint(diag, "give NVMe drives to HVM guests");
	return XLPT_ERR_RULE;
}

/* The number that text begins with, hexadecimal behind 0x and octal behind 0, as Xen reads it. */
static unsigned number(const char *text)
{
	bool hex = xlpt_starts(text, "0x") || xlpt_starts(text, "0X");
	const char *s = hex ? text + 2 : text;
	unsigned base = hex ? 16 : *s == '0' ? 8 : 10;
	size_t len = strspn(s, base == 16  ? "0123456789abcdefABCDEF"
			       : base == 8 ? "01234567"
					   : "0123456789");
	uint64_t v = 0;

	if (len && !xlpt_parse_uint(s, len, base, XEN_MOST, &v))
		return XEN_MOST;
	return (unsigned)v;
}

unsigned xlpt_xen_guest_vectors(const char *cmdline, bool *known)
{
	_cleanup_free_ char *own = xlpt_xen_own(cmdline);
	unsigned given = XEN_DEFAULT;
	char *save = NULL;

	*known = cmdline != NULL;
	for (char *w = strtok_r(own, XLPT_XEN_BLANKS, &save); w;
	     w = strtok_r(NULL, XLPT_XEN_BLANKS, &save)) {
		const char *value = xlpt_starts(w, NAME) ? w + strlen(NAME) : NULL;

		/* ",512" sets dom0's number alone; the last word counts. */
		if (value && *value >= '0' && *value <= '9')
			given = number(value);
	}
	return given;
}

bool xlpt_kernel_guest_vectors(const char *cmdline)
{
	for (const char *s = cmdline ? cmdline : ""; *s;) {
		size_t len = strcspn(s, " \n");

		if (xlpt_starts(s, NAME))
			return true;
		s += len + strspn(s + len, " \n");
	}
	return false;
}

int xlpt_policy_vectors(const char *guest, unsigned asked, unsigned given, bool misplaced,
			struct xlpt_diag *diag)
{
	if (asked <= given)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_RULE,
		      "%s%s ask for up to %u interrupt vectors, Xen lets %s have %u: a driver may "
		      "fall back to one queue or fail",
		      guest ? guest : "all devices that are hidden", guest ? "'s devices" : "",
		      asked, guest ? "it" : "a guest", given);
	xlpt_diag_fact(diag, "extra_guest_irqs is %u%s", given,
		       given == XEN_DEFAULT ? ", Xen's default" : " on Xen's command line");
	xlpt_diag_hint(
		diag, "write extra_guest_irqs=%u on Xen's command line%s, and boot again", asked,
		misplaced ? " (dom0's kernel, which has that word, does not hand it to Xen)" : "");
	return XLPT_ERR_RULE;
}
