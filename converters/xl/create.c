/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a configuration says of the guest's creation, for the rules (core/policy-create.h). */
#include <string.h>

#include "converters/xl/words.h"
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

/* What xl's file says for a key that the model has no word for, without its quotes; or NULL. */
static const char *carried(const struct xlpt_dom *dom, const char *key)
{
	for (size_t i = 0; i < dom->extra.n; i++) {
		const struct xlpt_carry *c = &dom->extra.items[i];

		if (c->side == XLPT_SIDE_XL && !strcmp(c->path, key))
			return c->text + (*c->text == '"' || *c->text == '\'');
	}
	return NULL;
}

const char *xlpt_xl_grub(const struct xlpt_dom *dom)
{
	static const char *const words[] = { "pvgrub32", "pvgrub64" };
	const char *s = dom->type == XLPT_DOM_HVM ? NULL : carried(dom, "firmware");

	for (size_t i = 0; s && i < XLPT_ARRAY_SIZE(words); i++)
		if (xlpt_starts(s, words[i]) && strspn(s + strlen(words[i]), "\"'") == 1)
			return words[i];
	return NULL;
}

static uint64_t videoram_of(const struct xlpt_dom *dom)
{
	const struct xlpt_video *v = dom->n_video ? dom->video : NULL;
	uint64_t least = xlpt_xl_video_least(v ? v->model : XLPT_VGA_CIRRUS);

	return least && v && v->vram.has && v->vram.v > least ? v->vram.v : least;
}

static void hvm_facts(const struct xlpt_dom *dom, struct xlpt_create_facts *out)
{
	const char *hole = carried(dom, "mmio_hole"), *dm = carried(dom, "device_model_version");

	if (hole)
		out->mmio_hole = strtoull(hole, NULL, 0);
	out->videoram = videoram_of(dom);
	out->old_device_model = dm && xlpt_starts(dm, "qemu-xen-traditional");
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
	if (out->type == XLPT_GUEST_HVM)
		hvm_facts(dom, out);
}

int xlpt_xl_slot(const struct xlpt_pci *p)
{
	const struct xlpt_bdf *g = &p->guest.v;

	if (p->spec.vslot >= 0)
		return p->spec.vslot ? p->spec.vslot : -1;
	return p->guest.has && !g->seg && !g->bus && !g->func && g->dev ? g->dev : -1;
}

/* What libxl and QEMU have against the slots of the guest that are asked for (converters/twice.c, limits.c). */
static void judge_slots(const struct xlpt_dom *dom, xlpt_creation_fn *found, void *ctx)
{
	for (size_t i = 0; i < dom->n_pci; i++) {
		const struct xlpt_spec *spec = &dom->pci[i].spec;
		_cleanup_diag_ struct xlpt_diag why = { 0 };
		_cleanup_free_ char *text = xlpt_spec_format(spec);
		int slot = xlpt_xl_slot(&dom->pci[i]);

		if (spec->all_funcs && spec->vslot <= 0) {
			xlpt_diag_set(&why, XLPT_ERR_SYNTAX,
				      "%s: all functions of a slot want a slot of the guest", text);
			xlpt_diag_hint(&why, "name a free one behind it, as in %04x:%02x:%02x.*@7",
				       spec->bdf.seg, spec->bdf.bus, spec->bdf.dev);
			found(ctx, dom->name, &why);
		}
		for (size_t j = 0; slot >= 0 && dom->type == XLPT_DOM_HVM && j < i; j++)
			if (xlpt_xl_slot(&dom->pci[j]) == slot) {
				_cleanup_free_ char *other = xlpt_spec_format(&dom->pci[j].spec);

				xlpt_diag_set(&why, XLPT_ERR_SYNTAX,
					      "%s and %s ask for one slot of the guest", other,
					      text);
				xlpt_diag_hint(&why, "give one of them another slot, or none");
				found(ctx, dom->name, &why);
				break;
			}
	}
}

static void judge(const struct xlpt_create_facts *facts, xlpt_creation_fn *found, void *ctx)
{
	static int (*const rules[])(const struct xlpt_create_facts *f, struct xlpt_diag *diag) = {
		xlpt_policy_may_have_devices,
		xlpt_policy_whole_memory,
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(rules); i++) {
		_cleanup_diag_ struct xlpt_diag why = { 0 };

		if (rules[i](facts, &why))
			found(ctx, facts->name, &why);
	}
}

void xlpt_xl_judge_creation(const char *text, size_t len, const char *path, xlpt_creation_fn *found,
			    void *ctx)
{
	struct xlpt_kepts kept = { 0 };
	struct xlpt_create_facts facts;
	_cleanup_dom_ struct xlpt_dom dom;

	if (xlpt_xl_read(text, len, path, &dom, &kept, NULL, NULL) == 0) {
		xlpt_xl_create_facts(&dom, &facts);
		judge(&facts, found, ctx);
		judge_slots(&dom, found, ctx);
	}
	xlpt_kepts_dispose(&kept);
}

void xlpt_libvirt_judge_creation(const struct xlpt_dom *dom, xlpt_creation_fn *found, void *ctx)
{
	struct xlpt_create_facts facts;

	xlpt_xl_create_facts(dom, &facts);
	facts.by_libvirt = true;
	judge(&facts, found, ctx);
}
