/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a configuration says of the guest's creation, for the rules (core/policy-create.h). */
#include "converters/xl/xl.h"

static enum xlpt_guest_type type_of(const struct xlpt_dom *dom)
{
	switch (dom->type) {
	case XLPT_DOM_HVM:
		return XLPT_GUEST_HVM;
	case XLPT_DOM_PVH:
		return XLPT_GUEST_PVH;
	default:
		return XLPT_GUEST_PV; /* also without a word: xl's default */
	}
}

void xlpt_xl_create_facts(const struct xlpt_dom *dom, struct xlpt_create_facts *out)
{
	*out = (struct xlpt_create_facts){
		.name = dom->name,
		.type = type_of(dom),
		.devices = dom->n_pci,
		.memory = dom->memory.has ? dom->memory.v : 0,
		.maxmem = dom->maxmem.has ? dom->maxmem.v : 0,
	};
	if (dom->passthrough)
		out->passthrough = dom->passthrough == XLPT_PT_DISABLED ? XLPT_OFF : XLPT_ON;
}
