/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a guest gets when nothing is said, where libxl's defaults are those of libvirt's Xen driver as
 * well: to say it is no difference. Sources: libxl_create.c, libxl_pci.c, libxl_nic.c and xl_parse.c of
 * Xen 4.17 and 4.20, which agree on all of these; libxl_conf.c of libvirt sets none of them unasked.
 *
 * Defaults in which the two differ are no matter of this table: the reader of the side says them
 * (VNC of a silent HVM guest and the memory map of a PV guest with devices in converters/xl/read*.c).
 */
#include "converters/model/internal.h"

enum {
	PV = 1u << XLPT_DOM_PV,
	HVM = 1u << XLPT_DOM_HVM,
	PVH = 1u << XLPT_DOM_PVH,
	ALL = PV | HVM | PVH,
};

/* clang-format off */
#define W(member, value, guests) { offsetof(struct xlpt_dom, member), value, guests }
/* clang-format on */

static const struct {
	size_t off;
	int value;
	unsigned guests;
} defaults[] = {
	W(pae, XLPT_ON, HVM),
	W(acpi, XLPT_ON, HVM),
	W(apic, XLPT_ON, HVM),
	W(acpi_s3, XLPT_ON, HVM),
	W(acpi_s4, XLPT_ON, HVM),
	W(xen_platform_pci, XLPT_ON, HVM),
	W(hpet, XLPT_ON, HVM),
	W(nestedhvm, XLPT_OFF, PVH),
	W(usb, XLPT_OFF, HVM),
	W(firmware, XLPT_FW_BIOS, HVM),
	W(viridian, XLPT_OFF, HVM),
	W(missed_ticks, XLPT_MISSED_NO_DELAY, HVM | PVH),
	W(e820_host, XLPT_OFF, PV),
	W(clock, XLPT_CLOCK_UTC, ALL),
	W(tsc, XLPT_TSC_DEFAULT, ALL),
	W(nomigrate, XLPT_OFF, ALL),
	W(on_poweroff, XLPT_ACT_DESTROY, ALL),
	W(on_reboot, XLPT_ACT_RESTART, ALL),
	W(on_crash, XLPT_ACT_DESTROY, ALL),
	W(on_watchdog, XLPT_ACT_DESTROY, ALL),
	W(on_soft_reset, XLPT_ACT_SOFT_RESET, ALL),
	W(pci_permissive, XLPT_OFF, ALL),
	W(pci_seize, XLPT_OFF, ALL),
	W(pci_msitranslate, XLPT_OFF, ALL),
	W(pci_power_mgmt, XLPT_OFF, ALL),
};

void xlpt_dom_defaults(struct xlpt_dom *dom)
{
	if (dom->devices_only)
		return;
	if (!dom->type)
		dom->type = XLPT_DOM_PV; /* what xl takes it for */
	if (dom->viridian_groups)
		dom->viridian = XLPT_ON;
	for (size_t i = 0; i < dom->n_input; i++)
		if (dom->type == XLPT_DOM_HVM && dom->input[i].bus == XLPT_BUS_USB)
			dom->usb = XLPT_ON; /* a controller comes with it (libxl_dm.c) */
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(defaults); i++) {
		int *word = (int *)(void *)((char *)dom + defaults[i].off);

		if (!*word && defaults[i].guests & 1u << dom->type)
			*word = defaults[i].value;
	}
	/* No graphics card is given away. */
	if (xlpt_streq(dom->gfx_passthru, "0")) {
		free(dom->gfx_passthru);
		dom->gfx_passthru = NULL;
	}
	if (!dom->cpu_cap.v)
		dom->cpu_cap.has = false; /* none */
	for (size_t i = 0; i < dom->n_net; i++)
		if (!dom->net[i].type)
			dom->net[i].type =
				dom->type == XLPT_DOM_HVM ? XLPT_NET_IOEMU : XLPT_NET_VIF;
}
