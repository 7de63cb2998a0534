/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of this host each known defect touches: one small function for each kind. */
#include <string.h>

#include "core/text.h"
#include "core/xen-line.h"
#include "xl-plugin/check/defects.h"

#define NAMED_MAX 4		    /* devices or guests by name; the others are counted */
#define PAIRS_MAX ((size_t)1 << 22) /* a tree that somebody made up may have more */
#define GIB	  ((uint64_t)1 << 30)

/* Names some, and counts the rest. */
struct names {
	struct xlpt_str text;
	size_t n;
};

static void add_name(struct names *names, const char *name)
{
	if (names->n++ < NAMED_MAX)
		xlpt_str_addf(&names->text, "%s%s", names->text.len ? ", " : "", name);
}

/* "0000:09:00.0, 0000:0a:00.0 and 3 more WHAT"; nothing without names. */
static void end_names(struct names *names, struct xlpt_str *out, const char *what)
{
	if (names->n)
		xlpt_str_add(out, names->text.s);
	if (names->n > NAMED_MAX)
		xlpt_str_addf(out, " and %zu more", names->n - NAMED_MAX);
	if (names->n)
		xlpt_str_addf(out, " %s", what);
	xlpt_str_dispose(&names->text);
}

/* All that are with guests or held for one, and of which has() is true. */
static void given_with(const struct xlpt_doctor *d,
		       bool (*has)(const struct xlpt_doctor *d, const struct xlpt_device *dev),
		       const char *what, struct xlpt_str *out)
{
	struct names names = { 0 };

	for (size_t i = 0; i < d->devs.n; i++) {
		const struct xlpt_device *dev = &d->devs.items[i];

		if (dev->header == XLPT_HEADER_ENDPOINT && xlpt_doctor_given(d, dev) && has(d, dev))
			add_name(&names, XLPT_BDF_STR(dev->bdf));
	}
	end_names(&names, out, what);
}

static bool any(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	(void)d;
	(void)dev;
	return true;
}

void xlpt_joins_given(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	given_with(d, any, "given to guests or held for them", out);
}

void xlpt_joins_intel(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	if (d->rmrrs.there)
		given_with(d, any, "given to guests or held for them behind Intel's VT-d", out);
}

void xlpt_joins_amd(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	if (d->ivmds.there)
		given_with(d, any, "given to guests or held for them behind AMD's IOMMU", out);
}

void xlpt_joins_amd_scratch(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	_cleanup_free_ char *word = xlpt_xen_value(d->xen_cmdline, "iommu", true);

	if (d->ivmds.there && word && strstr(word, "quarantine=scratch-page"))
		given_with(d, any, "held behind AMD's IOMMU, with quarantine=scratch-page", out);
}

static bool has_ivmd(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	return xlpt_ivmds_find(&d->ivmds, dev->bdf) != NULL;
}

static bool has_rmrr(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	for (size_t i = 0; i < d->rmrrs.n; i++)
		if (xlpt_bdf_eq(d->rmrrs.items[i].bdf, dev->bdf))
			return true;
	return false;
}

static bool has_reserved(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	return has_rmrr(d, dev) || has_ivmd(d, dev);
}

void xlpt_joins_amd_memory(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	given_with(d, has_ivmd, "with memory that an IVMD block of the firmware reserves", out);
}

void xlpt_joins_reserved(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	given_with(d, has_reserved, "with memory that the firmware reserves", out);
}

void xlpt_joins_reserved_intel(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	given_with(d, has_rmrr, "with memory that the firmware reserves (RMRR)", out);
}

static bool has_phantoms(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	(void)d;
	return dev->caps.phantom_bits != 0;
}

void xlpt_joins_phantom(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	_cleanup_free_ char *word = xlpt_xen_value(d->xen_cmdline, "pci-phantom", true);

	given_with(d, has_phantoms, "with phantom functions", out);
	if (word && *word)
		xlpt_str_addf(out, "%spci-phantom=%s on Xen's command line",
			      out->len ? " and " : "", word);
}

/* Xen names each kind of guest that it can run ("hvm-3.0-x86_64"). */
void xlpt_joins_no_hvm(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	_cleanup_free_ char *caps = NULL;

	if (d->rmrrs.there &&
	    xlpt_host_read_text(d->env->host, &caps, "/sys/hypervisor/properties/capabilities") >=
		    0 &&
	    strstr(caps, "xen-3.0") && !strstr(caps, "hvm-"))
		given_with(d, any, "behind VT-d, under a Xen that runs no HVM guest", out);
}

static bool has_multi_msi(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	(void)d;
	return dev->caps.msi_vectors > 1;
}

void xlpt_joins_multi_msi(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	given_with(d, has_multi_msi, "with more than one MSI vector", out);
}

/* ---- what two devices share ---- */

static bool uses_line(const struct xlpt_device *dev)
{
	/* With MSI on, sysfs has another number there. */
	return dev->intx_pin && dev->irq > 0 && dev->irq < 255 && !dev->caps.msi_on;
}

static bool share_page(const struct xlpt_bar *a, const struct xlpt_bar *b)
{
	const uint64_t memory = 0x200, page = 0xfff;

	return (a->flags & memory) && (b->flags & memory) && a->end && b->end &&
	       (a->start & ~page) <= (b->end | page) && (b->start & ~page) <= (a->end | page);
}

static bool share_bars(const struct xlpt_device *a, const struct xlpt_device *b)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(a->bars); i++)
		for (size_t k = 0; k < XLPT_ARRAY_SIZE(b->bars); k++)
			if (share_page(&a->bars[i], &b->bars[k]))
				return true;
	return false;
}

/* A pair once: by the one that a guest has or will have, of two such by the first. */
static bool is_pair(const struct xlpt_doctor *d, size_t i, size_t k)
{
	const struct xlpt_device *a = &d->devs.items[i], *b = &d->devs.items[k];
	int64_t of_a = d->holders[i], of_b = d->holders[k];

	/* Two that pciback holds may go to different guests. */
	return i != k && b->header == XLPT_HEADER_ENDPOINT && (of_b == XLPT_HOLDER_DOM0 || k > i) &&
	       (of_a != of_b || of_a == XLPT_HOLDER_PCIBACK) &&
	       ((uses_line(a) && uses_line(b) && a->irq == b->irq) || share_bars(a, b));
}

void xlpt_joins_shared(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	struct names names = { 0 };
	size_t left = PAIRS_MAX;

	for (size_t i = 0; i < d->devs.n; i++) {
		const struct xlpt_device *a = &d->devs.items[i];

		if (d->holders[i] == XLPT_HOLDER_DOM0 || a->header != XLPT_HEADER_ENDPOINT)
			continue;
		for (size_t k = 0; left && k < d->devs.n; k++, left--) {
			const struct xlpt_device *b = &d->devs.items[k];
			char text[2 * XLPT_BDF_LEN + 64];

			if (!is_pair(d, i, k))
				continue;
			snprintf(text, sizeof(text), "%s and %s share %s", XLPT_BDF_STR(a->bdf),
				 XLPT_BDF_STR(b->bdf),
				 share_bars(a, b) ? "a page of memory" : "an interrupt line");
			add_name(&names, text);
		}
	}
	end_names(&names, out, "and are not with the same guest");
	if (!left)
		xlpt_str_addf(out, "%sthere are more devices than are compared",
			      out->len ? "; " : "");
}

static bool behind_bridge(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	const struct xlpt_device *up = dev;

	for (unsigned depth = 0; up->has_parent && depth < 256; depth++) {
		up = xlpt_devices_find(&d->devs, up->parent);
		if (!up)
			return false;
		if (up->caps.config_read &&
		    (!up->caps.pcie || up->caps.pcie_type == XLPT_PCIE_TO_PCI))
			return true;
	}
	return false;
}

void xlpt_joins_bridge(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	if (d->rmrrs.there)
		given_with(d, behind_bridge, "behind a PCI bridge", out);
}

static bool has_high_bar(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	(void)d;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dev->bars); i++)
		if (dev->bars[i].flags & 0x200 && dev->bars[i].end >= 4 * GIB)
			return true;
	return false;
}

void xlpt_joins_high_bar(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	given_with(d, has_high_bar, "with a memory BAR above 4 GiB", out);
}

/* ---- guests ---- */

void xlpt_joins_stubdom(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	struct names names = { 0 };

	for (size_t i = 0; i < d->n_guests; i++)
		if (d->guests[i].has_stubdom && d->guests[i].name)
			add_name(&names, d->guests[i].name);
	end_names(&names, out, "with a device model in a stub domain");
}

void xlpt_joins_pv(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	struct names names = { 0 };

	for (size_t i = 0; d->caps_known && d->caps.pv_live && i < d->n_guests; i++)
		if (d->guests[i].type == XLPT_GUEST_PV && d->guests[i].name)
			add_name(&names, d->guests[i].name);
	end_names(&names, out, "of type PV, which Xen can run in shadow mode");
}

static void pv_devices(const struct xlpt_doctor *d, bool msi, const char *what,
		       struct xlpt_str *out)
{
	struct names names = { 0 };

	for (size_t i = 0; i < d->owners.n; i++) {
		const struct xlpt_owner *o = &d->owners.items[i];
		const struct xlpt_device *dev = xlpt_devices_find(&d->devs, o->bdf);

		if (o->guest && o->type == XLPT_GUEST_PV && dev &&
		    (!msi || dev->caps.msi_vectors || dev->caps.msix_vectors))
			add_name(&names, XLPT_BDF_STR(o->bdf));
	}
	end_names(&names, out, what);
}

void xlpt_joins_pv_device(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	pv_devices(d, false, "with a PV guest", out);
}

void xlpt_joins_pv_msi(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	pv_devices(d, true, "with a PV guest and with MSI", out);
}

/* ---- no XSAs ---- */

/*
 * The file "irq" has the register Interrupt Line, or what the kernel made of 0xff: IRQ_NOTCONNECTED,
 * 0x80000000, which does not fit and reads as something else.
 */
static bool has_no_line(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	(void)d;
	return dev->irq == 255 || dev->irq < 0 || (unsigned)dev->irq == 0x80000000u;
}

void xlpt_joins_no_line(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	given_with(d, has_no_line, "without an interrupt line", out);
}

void xlpt_joins_sriov(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	struct names names = { 0 };

	for (size_t i = 0; i < d->devs.n; i++)
		if (d->devs.items[i].caps.vf_io_bar)
			add_name(&names, XLPT_BDF_STR(d->devs.items[i].bdf));
	end_names(&names, out, "whose virtual functions have a BAR for I/O ports");
}

void xlpt_joins_pvh_dom0(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	if (d->pvh_dom0 && d->rmrrs.n)
		xlpt_str_add(out, "a PVH dom0, and reserved memory (RMRR)");
}

static bool has_ats(const struct xlpt_doctor *d, const struct xlpt_device *dev)
{
	(void)d;
	return dev->caps.ats;
}

/* Off by default (xen/drivers/passthrough/x86/iommu.c, ats.c). */
void xlpt_joins_ats(const struct xlpt_doctor *d, struct xlpt_str *out)
{
	_cleanup_free_ char *word = xlpt_xen_value(d->xen_cmdline, "ats", false);

	if (word && strcmp(word, "0") != 0 && strcmp(word, "off") != 0 && strcmp(word, "no") != 0 &&
	    strcmp(word, "false") != 0)
		given_with(d, has_ats, "with ATS, which Xen's command line turns on", out);
}
