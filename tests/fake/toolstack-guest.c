/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fake toolstack's guests. */
#include "tests/fake/toolstack-internal.h"

#include <string.h>

#include "converters/xl/xl.h"
#include "xenstore/pcibe.h"

int fake_ts_guest_by_id(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
			struct xlpt_diag *diag)
{
	struct fake_guest *g = fake_ts_guest_of(fake_ts_of(ts), domid);

	if (!g) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "there is no guest with domain id %u",
			      domid);
		xlpt_diag_hint(diag, "xl list shows the guests that run");
		return XLPT_ERR_NO_GUEST;
	}
	xlpt_guest_copy(out, &g->g);
	if (out->type == XLPT_GUEST_PVH)
		out->type = XLPT_GUEST_HVM;
	out->passthrough = out->e820_host = XLPT_UNSET;
	out->again_known = false;
	return 0;
}

int fake_ts_guest_find(struct xlpt_toolstack *ts, const char *name, struct xlpt_guest *out,
		       struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);
	uint64_t id;

	for (size_t i = 0; i < f->n_guests; i++)
		if (!strcmp(f->guests[i].g.name, name) ||
		    (xlpt_parse_uint(name, strlen(name), 10, UINT32_MAX, &id) &&
		     f->guests[i].g.domid == id))
			return fake_ts_guest_by_id(ts, f->guests[i].g.domid, out, diag);
	xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "there is no running guest \"%s\"", name);
	xlpt_diag_hint(diag, "xl list shows the guests that run");
	return XLPT_ERR_NO_GUEST;
}

void fake_ts_guest_config(struct xlpt_toolstack *ts, struct xlpt_guest *guest)
{
	struct fake_guest *g = fake_ts_guest_of(fake_ts_of(ts), guest->domid);

	if (!g)
		return;
	guest->type = g->g.type;
	guest->passthrough = g->g.passthrough;
	guest->e820_host = g->g.e820_host;
	guest->again_known = g->g.again_known;
	guest->again = g->g.again;
}

int fake_ts_guest_list(struct xlpt_toolstack *ts, struct xlpt_guest **out, size_t *n,
		       struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);

	(void)diag;
	*out = xlpt_xcalloc(f->n_guests, sizeof(**out));
	for (*n = 0; *n < f->n_guests; (*n)++)
		xlpt_guest_copy(&(*out)[*n], &f->guests[*n].g);
	return 0;
}

/* libxl drops from its JSON what xenstore does not list (libxl_domain.c, 4.5 and later). */
int fake_ts_guest_config_pci(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_spec **specs,
			     size_t *n, struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	struct fake_ts *f = fake_ts_of(ts);

	*specs = NULL;
	*n = 0;
	if (fake_ts_failing(f, FAKE_TS_CONFIG))
		return fake_ts_failed(diag, "configuration");
	*specs = xlpt_xcalloc(f->n_configured + 1, sizeof(**specs));
	xlpt_pcibe_read(fake_store_get(f->store), domid, &be, NULL);
	for (size_t i = 0; i < f->n_configured; i++)
		if (f->configured[i].domid == domid &&
		    (f->configured[i].alone || xlpt_pcibe_find(&be, f->configured[i].spec.bdf)))
			xlpt_spec_copy(&(*specs)[(*n)++], &f->configured[i].spec);
	return 0;
}

int fake_ts_caps(struct xlpt_toolstack *ts, struct xlpt_xen_caps *out, struct xlpt_diag *diag)
{
	(void)diag;
	*out = (struct xlpt_xen_caps){ .pv_iommu = !fake_ts_of(ts)->no_iommu,
				       .pv_live = !fake_ts_of(ts)->no_pv_live,
				       .hvm_iommu = !fake_ts_of(ts)->no_iommu,
				       .version = "4.17" };
	return 0;
}

void fake_ts_xen_text(struct xlpt_toolstack *ts, char **cmdline, char **messages)
{
	*cmdline = xlpt_xstrdup(fake_ts_of(ts)->cmdline);
	if (messages)
		*messages = xlpt_xstrdup(fake_ts_of(ts)->messages);
}

void fake_ts_note_config(struct fake_ts *f, uint32_t domid, const struct xlpt_spec *spec,
			 bool alone)
{
	XLPT_GROW(f->configured, f->n_configured, f->alloc_configured);
	f->configured[f->n_configured] = (struct fake_configured){ .domid = domid, .alone = alone };
	xlpt_spec_copy(&f->configured[f->n_configured++].spec, spec);
}

/* bdf NULL: all of the guest's. */
void fake_ts_forget_config(struct fake_ts *f, uint32_t domid, const struct xlpt_bdf *bdf)
{
	for (size_t i = f->n_configured; i-- > 0;) {
		struct fake_configured *c = &f->configured[i];

		if (c->domid != domid || (bdf && !xlpt_bdf_eq(c->spec.bdf, *bdf)))
			continue;
		xlpt_spec_dispose(&c->spec);
		*c = f->configured[--f->n_configured];
	}
}

/* libxl gives nobody what has a note, whoever wrote it (libxl_device_pci_assignable_list). */
bool fake_ts_noted(struct fake_ts *f, struct xlpt_bdf bdf)
{
	char buf[XLPT_BDF_LEN];

	return fake_store_peek(f->store, "/libxl/pci/%s/domid",
			       xlpt_bdf_format(bdf, XLPT_BDF_XS, buf));
}

void fake_ts_set_note(struct fake_ts *f, struct xlpt_bdf bdf, const char *domid)
{
	char buf[XLPT_BDF_LEN];

	fake_store_set(f->store, domid, "/libxl/pci/%s/domid",
		       xlpt_bdf_format(bdf, XLPT_BDF_XS, buf));
}

/* libxl_dm.c, libxl__detect_gfx_passthru_kind: named, or Intel's graphics are among the devices. */
static bool kind_found(struct fake_ts *f, const struct xlpt_dom *dom)
{
	long long vendor, class;

	for (size_t i = 0; i < dom->n_pci; i++) {
		const char *bdf = XLPT_BDF_STR(dom->pci[i].spec.bdf);

		if (xlpt_host_read_long(f->host, &vendor, "/sys/bus/pci/devices/%s/vendor", bdf) ==
			    0 &&
		    xlpt_host_read_long(f->host, &class, "/sys/bus/pci/devices/%s/class", bdf) ==
			    0 &&
		    vendor == 0x8086 && class == 0x030000)
			return true;
	}
	return xlpt_streq(dom->gfx_passthru, "igd");
}

static unsigned again_bit(int action, int usual, enum xlpt_guest_end end)
{
	switch (action ? action : usual) {
	case XLPT_ACT_RESTART:
	case XLPT_ACT_RENAME_RESTART:
	case XLPT_ACT_COREDUMP_RESTART:
		return 1U << end;
	default:
		return 0;
	}
}

/* What xl takes when the configuration says nothing: xl_parse.c, parse_config_data. */
static unsigned again_of(const struct xlpt_dom *dom)
{
	return again_bit(dom->on_poweroff, XLPT_ACT_DESTROY, XLPT_END_POWEROFF) |
	       again_bit(dom->on_reboot, XLPT_ACT_RESTART, XLPT_END_REBOOT) |
	       again_bit(dom->on_crash, XLPT_ACT_DESTROY, XLPT_END_CRASH) |
	       again_bit(dom->on_watchdog, XLPT_ACT_DESTROY, XLPT_END_WATCHDOG) |
	       again_bit(dom->on_soft_reset, XLPT_ACT_SOFT_RESET, XLPT_END_SOFT_RESET);
}

/* xl create: libxl starts the domain with all of its devices in the backend (libxl_create.c). */
int fake_ts_guest_create(struct xlpt_toolstack *ts, const char *config, size_t len,
			 struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);
	bool fail = fake_ts_failing(f, FAKE_TS_CREATE);
	struct xlpt_kepts kept = { 0 };
	_cleanup_dom_ struct xlpt_dom dom;
	_cleanup_free_ char *id = NULL;
	struct xlpt_guest *g;
	uint32_t domid;
	int rc = xlpt_xl_read(config, len, "config", &dom, &kept, NULL, diag);

	xlpt_kepts_dispose(&kept);
	if (rc)
		return rc;
	for (size_t i = 0; i < dom.n_pci; i++)
		if (fake_ts_claim_of(f, dom.pci[i].spec.bdf)->owner >= 0 ||
		    !fake_pciback_has(f->pciback, dom.pci[i].spec.bdf))
			return fake_ts_failed(diag, "create: PCI device is not assignable");
	if (dom.n_pci && dom.passthrough == XLPT_PT_DISABLED)
		return fake_ts_refused(diag, "create",
				       "passthrough disabled but devices are specified");
	if (dom.type == XLPT_DOM_HVM && dom.gfx_passthru && !kind_found(f, &dom))
		return fake_ts_refused(diag, "create",
				       "unable to detect required gfx_passthru_kind");
	if (fail && f->depth == FAKE_TS_AT_ONCE)
		return fake_ts_failed(diag, "create");
	domid = f->next_domid++;
	id = xlpt_xasprintf("%u", domid);
	g = fake_ts_guest(f, domid, dom.name,
			  dom.type == XLPT_DOM_HVM ? XLPT_GUEST_HVM : XLPT_GUEST_PV);
	fake_ts_guest_of(f, domid)->igd = dom.gfx_passthru != NULL;
	g->again = again_of(&dom);
	if (dom.uuid)
		snprintf(g->uuid, sizeof(g->uuid), "%s", dom.uuid);
	fake_store_set(f->store, dom.name, "/local/domain/%u/name", domid);
	fake_store_set(f->store, "", "/local/domain/%u/device", domid);
	for (size_t i = 0; i < dom.n_pci; i++) {
		struct xlpt_bdf bdf = dom.pci[i].spec.bdf;
		struct fake_claim *c = fake_ts_claim_of(f, bdf);

		_cleanup_free_ char *no = NULL;

		fake_ts_set_note(f, bdf, id);
		if (dom.type == XLPT_DOM_HVM)
			no = dom.pci[i].spec.all_funcs
				     ? xlpt_xstrdup(
					       "Must specify a v-slot for multi-function devices")
				     : fake_ts_dm_add(f, domid, &dom.pci[i].spec);
		if (!no && fake_ts_no_line(f, bdf))
			no = xlpt_xstrdup(
				"xc_physdev_map_pirq irq=255 (error=-1): Invalid argument");
		if (no) {
			fake_ts_kill(f, domid);
			return fake_ts_refused(diag, "create", no);
		}
		fake_ts_grant(f, c, domid);
		fake_ts_permissive(f, &dom.pci[i].spec);
		c->owner = domid;
		if (fail && f->depth == FAKE_TS_AFTER_ASSIGN)
			return fake_ts_failed(diag, "create");
		fake_libxl_pci_start(f->store, domid, bdf);
		if (dom.type == XLPT_DOM_HVM)
			fake_ts_note_place(f, domid, bdf);
	}
	if (dom.type != XLPT_DOM_HVM) {
		struct fake_guest *fg = fake_ts_guest_of(f, domid);

		fg->front = fg->own = fake_pcifront_start(f->store, domid, &f->boot);
	}
	return fail ? fake_ts_failed(diag, "create") : 0;
}

int fake_ts_guest_destroy(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);

	if (fake_ts_failing(f, FAKE_TS_DESTROY) || !fake_ts_guest_of(f, domid))
		return fake_ts_failed(diag, "destroy");
	fake_ts_kill(f, domid);
	return 0;
}

/* Four processors a node. */
int fake_ts_cpu_nodes(struct xlpt_toolstack *ts, unsigned first, unsigned last, xlpt_nodes *nodes,
		      struct xlpt_diag *diag)
{
	(void)ts;
	(void)diag;
	for (unsigned i = first; i <= last && i < 8; i++)
		*nodes |= (xlpt_nodes)1 << i / 4;
	return 0;
}

int fake_ts_guest_nodes(struct xlpt_toolstack *ts, uint32_t domid, xlpt_nodes *nodes,
			struct xlpt_diag *diag)
{
	struct fake_guest *g = fake_ts_guest_of(fake_ts_of(ts), domid);

	if (!g)
		return fake_ts_failed(diag, "nodes");
	*nodes = g->nodes;
	return 0;
}
