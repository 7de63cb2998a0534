/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a configuration says that does not go together with its devices. */
#include <string.h>

#include "core/findings.h"
#include "xl-plugin/start/start.h"

/* libxl_create.c, domcreate: "passthrough disabled but devices are specified". */
int xlpt_start_judge_config(const struct xlpt_start *s, struct xlpt_diag *diag)
{
	if (!s->no_passthrough || !s->op.n)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_GUEST_TYPE, "%s cannot have devices without passthrough",
		      s->op.guest.name);
	xlpt_diag_fact(diag, "%s says passthrough=\"disabled\", and names devices", s->file);
	xlpt_diag_hint(diag, "leave passthrough out: with devices it is enabled");
	return XLPT_ERR_GUEST_TYPE;
}

#define CLASS_VGA 0x0300

/* libxl looks for Intel's own graphics in this way (libxl_pci.c, libxl__is_igd_vga_passthru). */
static bool is_igd(const struct xlpt_item *item)
{
	return item->device.vendor == 0x8086 && item->device.class_code >> 8 == CLASS_VGA;
}

/* hw/xen/xen_pt.c: QEMU takes no device with this address without igd-passthru=on. */
static bool at_igd(struct xlpt_bdf bdf)
{
	return !bdf.seg && !bdf.bus && bdf.dev == 2 && !bdf.func;
}

/*
 * gfx_passthru is for Intel's graphics alone. libxl does not start a guest that has one without
 * the other (libxl_dm.c, libxl__detect_gfx_passthru_kind), nor does QEMU.
 */
void xlpt_start_foresee(struct xlpt_start *s)
{
	bool wanted = s->gfx_passthru && strcmp(s->gfx_passthru, "0") != 0, igd = false;
	const struct xlpt_item *there = NULL;
	_cleanup_diag_ struct xlpt_diag no = { 0 };

	if (s->op.guest.type != XLPT_GUEST_HVM)
		return;
	for (size_t i = 0; i < s->op.n; i++) {
		igd |= is_igd(&s->op.items[i]);
		there = at_igd(s->op.items[i].spec.bdf) ? &s->op.items[i] : there;
	}
	xlpt_op_point(&s->op, "graphics", NULL);
	if (wanted && !igd && strcmp(s->gfx_passthru, "igd") != 0) {
		xlpt_diag_set(&no, XLPT_ERR_TOOLSTACK,
			      "gfx_passthru=%s wants Intel's own graphics, and %s gets none",
			      s->gfx_passthru, s->op.guest.name);
		xlpt_diag_fact(&no, "libxl does not find out which card is meant");
		xlpt_diag_hint(&no, "leave gfx_passthru out: other graphics cards do not need it");
	} else if (!wanted && there) {
		xlpt_diag_set(&no, XLPT_ERR_TOOLSTACK,
			      "the device model of %s refuses %s without gfx_passthru",
			      s->op.guest.name, XLPT_BDF_STR(there->spec.bdf));
		xlpt_diag_fact(&no, "at this address it expects Intel's own graphics");
		xlpt_diag_hint(&no, "write gfx_passthru=\"igd\"");
	}
	if (no.message)
		xlpt_op_judged(&s->op, (int)no.code, &no);
	else if (wanted)
		xlpt_findings_ok(s->op.env->findings,
				 "%s gets Intel's own graphics as its first card",
				 s->op.guest.name);
}
