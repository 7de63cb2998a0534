/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest of KVM that is to start under Xen. Its hardware becomes what Xen has; what only the guest's
 * own system can do comes out as a check list. Works on the copy that is written, so that all of it is
 * found by the comparison, told, and comes back on the way to libvirt.
 */
#include "converters/for-xen.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"

/* ---- the hardware ---- */

/* <synic> has given it already. */
static void add_group(char ***groups, const char *group)
{
	if (!xlpt_strv_has(*groups, group))
		xlpt_strv_add(groups, group);
}

static void processors(struct xlpt_dom *dom)
{
	/* A model of KVM's CPUs; xl gives the host's, and nested HVM is for those who ask for it. */
	dom->cpu_host = dom->nestedhvm = XLPT_UNSET;
	xlpt_dom_set(dom, "cpu", NULL);
	/* Every guest of KVM has one, said or not. */
	if (dom->apic == XLPT_OFF)
		dom->apic = XLPT_ON;
	if (dom->viridian_groups &&
	    xlpt_dom_says(dom, "clock/timer", "name='hypervclock' present='yes'")) {
		add_group(&dom->viridian_groups, "time_ref_count");
		add_group(&dom->viridian_groups, "reference_tsc");
	}
}

static void devices(struct xlpt_dom *dom)
{
	/* Places on the buses of another machine; QEMU finds free ones. */
	for (size_t i = 0; i < dom->n_pci; i++) {
		dom->pci[i].guest = (struct xlpt_opt_bdf){ 0 };
		dom->pci[i].spec.vslot = -1;
	}
	/* The IOMMU of an HVM guest with devices wants all memory there from the start. */
	if (dom->n_pci && dom->maxmem.has)
		dom->memory = dom->maxmem;
	/* QEMU since 8.2 ends at once where a sound card has no way out, and libxl gives it none.
	 */
	if (dom->n_sound)
		xlpt_dom_set(dom, "sound", NULL);
	/* The nearest to virtio-gpu, bochs and their like. */
	if (dom->n_gfx && !dom->n_video && xlpt_dom_says(dom, "devices/video", NULL) &&
	    !xlpt_dom_says(dom, "devices/video", "type='none'"))
		XLPT_DOM_ADD(dom, video)->model = XLPT_VGA_STD;
}

void xlpt_for_xen(struct xlpt_dom *dom, struct xlpt_losses *losses)
{
	xlpt_for_xen_roots(dom);
	xlpt_for_xen_list(dom, losses);
	processors(dom);
	devices(dom);
}

void xlpt_for_xen_write(struct xlpt_losses *todo, struct xlpt_str *out, struct xlpt_losses *losses)
{
	if (!todo->n_todo)
		return;
	xlpt_str_add(out, "\n#xlpt-note: a guest of KVM; before it starts under Xen:\n");
	for (size_t i = 0; i < todo->n_todo; i++) {
		xlpt_str_add(out, "#xlpt-note: - ");
		/* Names are other people's: a comment stays on its line. */
		for (const char *s = todo->todo[i]; *s;) {
			size_t n = 0;

			while ((unsigned char)s[n] >= ' ')
				n++;
			xlpt_str_addn(out, s, n);
			xlpt_str_add(out, s[n] ? "?" : "");
			s += n + !!s[n];
		}
		xlpt_str_add(out, "\n");
		xlpt_todo_add(losses, "%s", todo->todo[i]);
	}
}

int xlpt_for_xen_settle(struct xlpt_convert *how, const struct xlpt_dom *dom, enum xlpt_format from,
			enum xlpt_format to, struct xlpt_diag *diag)
{
	bool fits = from == XLPT_FORMAT_LIBVIRT && to == XLPT_FORMAT_XL && !how->devices_only &&
		    !dom->devices_only && dom->type == XLPT_DOM_HVM;

	if (how->for_xen == XLPT_ON && !fits) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--for-xen is for a whole HVM guest that goes from libvirt to xl");
		xlpt_diag_hint(diag, "leave it out: guests of KVM are found by their type");
		return XLPT_ERR_USAGE;
	}
	if (how->for_xen == XLPT_UNSET)
		how->for_xen = fits && xlpt_dom_is_kvm(dom) ? XLPT_ON : XLPT_OFF;
	return 0;
}
