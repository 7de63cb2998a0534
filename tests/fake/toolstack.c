/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/toolstack.h"

#include <string.h>

#include "converters/xl.h"
#include "xenstore/pcibe.h"

#define LIBXL_WAIT_MS 10000

enum { OWNER_DOM0 = -1, OWNER_IO = -2 };

struct claim {
	struct xlpt_bdf bdf;
	int64_t owner;
	bool in_dm;
	uint32_t dm_domid;
	bool granted;		/* ports, memory and interrupt */
	uint32_t granted_to;
};

struct fake_guest {
	struct xlpt_guest g;
	bool deaf;
	xlpt_nodes nodes;
	struct fake_pcifront *front;
	struct fake_pcifront *own;	/* of a guest that guest_create made */
};

/* A device in a guest's stored configuration. */
struct configured {
	uint32_t domid;
	bool alone;	/* stays although xenstore does not list it */
	struct xlpt_spec spec;
};

struct fake_ts {
	struct xlpt_toolstack ts;
	struct xlpt_toolstack_ops ops;
	struct fake_move *move;
	bool no_pv_live;
	struct configured *configured;
	size_t n_configured, alloc_configured;
	struct fake_store *store;
	struct fake_pciback *pciback;
	struct fake_guest *guests;
	size_t n_guests, alloc_guests;
	struct claim *claims;
	size_t n_claims, alloc_claims;
	bool no_iommu;
	struct fake_pcifront_opts boot;	/* of the frontends of guests to come */
	uint32_t next_domid;
	void (*on_call)(void *arg);
	void *on_call_arg;
	unsigned fail_in[FAKE_TS_N_OPS];
	enum fake_ts_depth depth;
};

static struct fake_ts *fake(struct xlpt_toolstack *ts)
{
	return ts->priv;
}

static struct claim *claim_of(struct fake_ts *f, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < f->n_claims; i++)
		if (xlpt_bdf_eq(f->claims[i].bdf, bdf))
			return &f->claims[i];
	XLPT_GROW(f->claims, f->n_claims, f->alloc_claims);
	f->claims[f->n_claims] = (struct claim){ .bdf = bdf, .owner = OWNER_DOM0 };
	return &f->claims[f->n_claims++];
}

static struct fake_guest *guest_of(struct fake_ts *f, uint32_t domid)
{
	for (size_t i = 0; i < f->n_guests; i++)
		if (f->guests[i].g.domid == domid)
			return &f->guests[i];
	return NULL;
}

static bool fails(struct fake_ts *f, enum fake_ts_op op)
{
	if (f->on_call)
		f->on_call(f->on_call_arg);
	return f->fail_in[op] && --f->fail_in[op] == 0;
}

static int failed(struct xlpt_diag *diag, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "%s: libxl ERROR_FAIL (-3)", what);
	xlpt_diag_add_log(diag, "libxl: injected failure");
	return XLPT_ERR_TOOLSTACK;
}

static int ts_guest_by_id(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_guest *out,
			  struct xlpt_diag *diag)
{
	struct fake_guest *g = guest_of(fake(ts), domid);

	if (!g) {
		xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "there is no guest with domain id %u", domid);
		xlpt_diag_hint(diag, "xl list shows the guests that run");
		return XLPT_ERR_NO_GUEST;
	}
	xlpt_guest_copy(out, &g->g);
	if (out->type == XLPT_GUEST_PVH)
		out->type = XLPT_GUEST_HVM;
	out->passthrough = out->e820_host = XLPT_UNSET;
	return 0;
}

static int ts_guest_find(struct xlpt_toolstack *ts, const char *name, struct xlpt_guest *out,
			 struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	uint64_t id;

	for (size_t i = 0; i < f->n_guests; i++)
		if (!strcmp(f->guests[i].g.name, name) ||
		    (xlpt_parse_uint(name, strlen(name), 10, UINT32_MAX, &id) &&
		     f->guests[i].g.domid == id))
			return ts_guest_by_id(ts, f->guests[i].g.domid, out, diag);
	xlpt_diag_set(diag, XLPT_ERR_NO_GUEST, "there is no running guest \"%s\"", name);
	xlpt_diag_hint(diag, "xl list shows the guests that run");
	return XLPT_ERR_NO_GUEST;
}

static void ts_guest_config(struct xlpt_toolstack *ts, struct xlpt_guest *guest)
{
	struct fake_guest *g = guest_of(fake(ts), guest->domid);

	if (!g)
		return;
	guest->type = g->g.type;
	guest->passthrough = g->g.passthrough;
	guest->e820_host = g->g.e820_host;
}

static int ts_guest_list(struct xlpt_toolstack *ts, struct xlpt_guest **out, size_t *n,
			 struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);

	(void)diag;
	*out = xlpt_xcalloc(f->n_guests, sizeof(**out));
	for (*n = 0; *n < f->n_guests; (*n)++)
		xlpt_guest_copy(&(*out)[*n], &f->guests[*n].g);
	return 0;
}

/* libxl drops from its JSON what xenstore does not list (libxl_domain.c, 4.5 and later). */
static int ts_guest_config_pci(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_spec **specs,
			       size_t *n, struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	struct fake_ts *f = fake(ts);

	*specs = NULL;
	*n = 0;
	if (fails(f, FAKE_TS_CONFIG))
		return failed(diag, "configuration");
	*specs = xlpt_xcalloc(f->n_configured + 1, sizeof(**specs));
	xlpt_pcibe_read(fake_store_get(f->store), domid, &be, NULL);
	for (size_t i = 0; i < f->n_configured; i++)
		if (f->configured[i].domid == domid &&
		    (f->configured[i].alone || xlpt_pcibe_find(&be, f->configured[i].spec.bdf)))
			xlpt_spec_copy(&(*specs)[(*n)++], &f->configured[i].spec);
	return 0;
}

static int ts_caps(struct xlpt_toolstack *ts, struct xlpt_xen_caps *out, struct xlpt_diag *diag)
{
	(void)diag;
	*out = (struct xlpt_xen_caps){ .pv_iommu = !fake(ts)->no_iommu,
				       .pv_live = !fake(ts)->no_pv_live,
				       .hvm_iommu = !fake(ts)->no_iommu, .version = "4.17" };
	return 0;
}

static void configure(struct fake_ts *f, uint32_t domid, const struct xlpt_spec *spec, bool alone)
{
	XLPT_GROW(f->configured, f->n_configured, f->alloc_configured);
	f->configured[f->n_configured] = (struct configured){ .domid = domid, .alone = alone };
	xlpt_spec_copy(&f->configured[f->n_configured++].spec, spec);
}

/* bdf NULL: all of the guest's. */
static void unconfigure(struct fake_ts *f, uint32_t domid, const struct xlpt_bdf *bdf)
{
	for (size_t i = f->n_configured; i-- > 0;) {
		struct configured *c = &f->configured[i];

		if (c->domid != domid || (bdf && !xlpt_bdf_eq(c->spec.bdf, *bdf)))
			continue;
		xlpt_spec_dispose(&c->spec);
		*c = f->configured[--f->n_configured];
	}
}

static void set_note(struct fake_ts *f, struct xlpt_bdf bdf, const char *domid)
{
	char buf[XLPT_BDF_LEN];

	fake_store_set(f->store, domid, "/libxl/pci/%s/domid",
		       xlpt_bdf_format(bdf, XLPT_BDF_XS, buf));
}

/* xl create: libxl starts the domain with all of its devices in the backend (libxl_create.c). */
static int ts_guest_create(struct xlpt_toolstack *ts, const char *config, size_t len,
			   struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	bool fail = fails(f, FAKE_TS_CREATE);
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
		if (claim_of(f, dom.pci[i].spec.bdf)->owner >= 0 ||
		    !fake_pciback_has(f->pciback, dom.pci[i].spec.bdf))
			return failed(diag, "create: PCI device is not assignable");
	if (fail && f->depth == FAKE_TS_AT_ONCE)
		return failed(diag, "create");
	domid = f->next_domid++;
	id = xlpt_xasprintf("%u", domid);
	g = fake_ts_guest(f, domid, dom.name, dom.type == XLPT_DOM_HVM ? XLPT_GUEST_HVM
								       : XLPT_GUEST_PV);
	if (dom.uuid)
		snprintf(g->uuid, sizeof(g->uuid), "%s", dom.uuid);
	fake_store_set(f->store, dom.name, "/local/domain/%u/name", domid);
	fake_store_set(f->store, "", "/local/domain/%u/device", domid);
	for (size_t i = 0; i < dom.n_pci; i++) {
		struct xlpt_bdf bdf = dom.pci[i].spec.bdf;
		struct claim *c = claim_of(f, bdf);

		set_note(f, bdf, id);
		c->owner = domid;
		c->in_dm = dom.type == XLPT_DOM_HVM;
		c->dm_domid = domid;
		if (fail && f->depth == FAKE_TS_AFTER_ASSIGN)
			return failed(diag, "create");
		fake_libxl_pci_start(f->store, domid, bdf);
		if (dom.type == XLPT_DOM_HVM)
			fake_store_set(f->store, "28", "/local/domain/0/backend/pci/%u/0/vdevfn-%zu",
				       domid, i);
	}
	if (dom.type != XLPT_DOM_HVM) {
		struct fake_guest *fg = guest_of(f, domid);

		fg->front = fg->own = fake_pcifront_start(f->store, domid, &f->boot);
	}
	return fail ? failed(diag, "create") : 0;
}

static int ts_guest_destroy(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);

	if (fails(f, FAKE_TS_DESTROY) || !guest_of(f, domid))
		return failed(diag, "destroy");
	fake_ts_kill(f, domid);
	return 0;
}

/* Four processors a node. */
static int ts_cpu_nodes(struct xlpt_toolstack *ts, unsigned first, unsigned last, xlpt_nodes *nodes,
			struct xlpt_diag *diag)
{
	(void)ts;
	(void)diag;
	for (unsigned i = first; i <= last && i < 8; i++)
		*nodes |= (xlpt_nodes)1 << i / 4;
	return 0;
}

static int ts_guest_nodes(struct xlpt_toolstack *ts, uint32_t domid, xlpt_nodes *nodes,
			  struct xlpt_diag *diag)
{
	struct fake_guest *g = guest_of(fake(ts), domid);

	if (!g)
		return failed(diag, "nodes");
	*nodes = g->nodes;
	return 0;
}

struct waiting {
	uint32_t domid;
};

static int backend_is_4(struct xlpt_store *s, void *arg)
{
	struct waiting *w = arg;
	unsigned state = 0;

	xlpt_store_read_uint(s, 0, &state, "/local/domain/0/backend/pci/%u/0/state", w->domid);
	return state == XLPT_XBS_CONNECTED;
}

static bool wait_backend(struct fake_ts *f, uint32_t domid)
{
	struct xlpt_store *s = fake_store_get(f->store);
	struct waiting w = { .domid = domid };
	_cleanup_free_ char *path = xlpt_xasprintf("/local/domain/0/backend/pci/%u/0", domid);

	return xlpt_store_wait_until(s, path, xlpt_now(s->clock) + LIBXL_WAIT_MS, 100, backend_is_4,
				     &w) >= 0;
}

static int ts_device_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
			 struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct fake_guest *g = guest_of(f, domid);
	struct claim *c = claim_of(f, spec->bdf);
	_cleanup_free_ char *id = xlpt_xasprintf("%u", domid);
	bool fail = fails(f, FAKE_TS_ADD);

	if (!g || c->owner >= 0 || (fail && f->depth == FAKE_TS_AT_ONCE))
		return failed(diag, "add");
	set_note(f, spec->bdf, id);
	if (fail && f->depth == FAKE_TS_AFTER_NOTE)
		goto fail;
	if (g->g.type == XLPT_GUEST_HVM) {
		c->in_dm = true;
		c->dm_domid = domid;
	}
	if (fail && f->depth == FAKE_TS_AFTER_DM)
		goto fail;
	/* libxl does not take these back when what follows fails. */
	c->granted = true;
	c->granted_to = domid;
	if (fail && f->depth == FAKE_TS_AFTER_GRANTS)
		goto fail;
	c->owner = domid;
	if (fail && f->depth == FAKE_TS_AFTER_ASSIGN)
		goto fail;
	if (fake_store_peek(f->store, "/local/domain/0/backend/pci/%u/0/num_devs", domid) &&
	    g->g.type == XLPT_GUEST_PV && !wait_backend(f, domid))
		goto fail;
	fake_libxl_pci_add(f->store, domid, spec->bdf);
	configure(f, domid, spec, false);
	if (g->g.type == XLPT_GUEST_HVM)
		for (unsigned i = 0;; i++) {
			const char *dev = fake_store_peek(f->store,
				"/local/domain/0/backend/pci/%u/0/dev-%u", domid, i);

			if (!dev)
				break;
			if (!fake_store_peek(f->store, "/local/domain/0/backend/pci/%u/0/vdevfn-%u",
					     domid, i))
				fake_store_set(f->store, "28",
					       "/local/domain/0/backend/pci/%u/0/vdevfn-%u", domid, i);
		}
	if (fail)
		goto fail;
	return 0;
fail:
	set_note(f, spec->bdf, NULL);
	return failed(diag, "add");
}

static int ts_device_remove(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			    bool force, struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct fake_guest *g = guest_of(f, domid);
	struct claim *c = claim_of(f, bdf);
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	struct xlpt_store *s = fake_store_get(f->store);
	const struct xlpt_pcidev *d;

	if (fails(f, FAKE_TS_REMOVE))
		return failed(diag, "remove");
	if (xlpt_pcibe_read(s, domid, &be, diag) || !(d = xlpt_pcibe_find(&be, bdf)))
		return failed(diag, "not listed");
	if (g && g->g.type == XLPT_GUEST_HVM) {
		if (!c->in_dm && !force)
			return failed(diag, "the device model does not know it");
		if (c->in_dm && g->deaf) {
			s->clock->sleep_ms(s->clock, LIBXL_WAIT_MS);
			if (!force)
				return failed(diag, "timed out waiting for DM");
		}
		if (!g->deaf)
			c->in_dm = false;
	}
	if (c->owner == domid)
		c->owner = OWNER_IO;
	/* 4.17 leaves an HVM guest its grants. */
	if (g && g->g.type == XLPT_GUEST_PV)
		c->granted = false;
	if (g && g->g.type == XLPT_GUEST_PV) {
		if (!wait_backend(f, domid))
			goto done;
		fake_libxl_pci_ask_remove(f->store, domid, d->index);
		if (!wait_backend(f, domid))
			goto done;
	}
	xlpt_pcibe_drop(s, domid, bdf, XLPT_XBS_NONE, NULL);
	unconfigure(f, domid, &bdf);
done:
	set_note(f, bdf, NULL);
	return 0;
}

static int ts_hyp_assigned(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool *assigned,
			   struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);

	if (fails(f, FAKE_TS_HYP))
		return failed(diag, "test_assign");
	*assigned = claim_of(f, bdf)->owner >= 0;
	return 0;
}

static int ts_guest_iommu(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *on,
			  struct xlpt_diag *diag)
{
	struct fake_guest *g = guest_of(fake(ts), domid);

	(void)bdf;
	(void)diag;
	*on = g && g->g.passthrough != XLPT_OFF;
	return 0;
}

static int ts_quarantine(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool on,
			 struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct claim *c = claim_of(f, bdf);

	if (fails(f, FAKE_TS_QUARANTINE))
		return failed(diag, "quarantine");
	if (c->owner < 0)
		c->owner = on ? OWNER_IO : OWNER_DOM0;
	return 0;
}

static int ts_revoke(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_bdf bdf,
		     const uint64_t (*bars)[3], size_t n_bars, int irq, struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct claim *c = claim_of(f, bdf);

	(void)bars;
	(void)irq;
	if (fails(f, FAKE_TS_REVOKE))
		return failed(diag, "revoke");
	if (n_bars && c->granted_to == domid)
		c->granted = false;
	if (c->owner == domid)
		c->owner = OWNER_IO;
	return 0;
}

static int ts_dm_has(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *has,
		     struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct fake_guest *g = guest_of(f, domid);
	struct claim *c = claim_of(f, bdf);

	*has = false;
	if (!g || g->g.type != XLPT_GUEST_HVM || fails(f, FAKE_TS_DM))
		return failed(diag, "no device model");
	*has = c->in_dm && c->dm_domid == domid;
	return 0;
}

static int ts_dm_del(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
		     struct xlpt_diag *diag)
{
	struct fake_ts *f = fake(ts);
	struct fake_guest *g = guest_of(f, domid);

	if (!g)
		return failed(diag, "no device model");
	if (!g->deaf)
		claim_of(f, bdf)->in_dm = false;
	return 0;
}

static bool ts_port_open(struct xlpt_toolstack *ts, uint32_t domid, unsigned port)
{
	struct fake_guest *g = guest_of(fake(ts), domid);

	(void)port;
	return g && g->front && fake_pcifront_bound(g->front);
}

static void ts_close(struct xlpt_toolstack *ts)
{
	(void)ts;
}

static const struct xlpt_toolstack_ops fake_ops = {
	.guest_find = ts_guest_find,
	.guest_by_id = ts_guest_by_id,
	.guest_config = ts_guest_config,
	.guest_list = ts_guest_list,
	.guest_config_pci = ts_guest_config_pci,
	.guest_create = ts_guest_create,
	.guest_destroy = ts_guest_destroy,
	.caps = ts_caps,
	.guest_nodes = ts_guest_nodes,
	.cpu_nodes = ts_cpu_nodes,
	.device_add = ts_device_add,
	.device_remove = ts_device_remove,
	.hyp_assigned = ts_hyp_assigned,
	.guest_iommu = ts_guest_iommu,
	.quarantine = ts_quarantine,
	.revoke = ts_revoke,
	.dm_has = ts_dm_has,
	.dm_del = ts_dm_del,
	.port_open = ts_port_open,
	.close = ts_close,
};

struct fake_ts *fake_ts_new(struct fake_store *store, struct fake_pciback *pciback)
{
	struct fake_ts *f = xlpt_xcalloc(1, sizeof(*f));

	f->ops = fake_ops;
	f->ops.guest_save = fake_move_ops.guest_save;
	f->ops.guest_restore = fake_move_ops.guest_restore;
	f->ops.guest_migrate = fake_move_ops.guest_migrate;
	f->ops.remote = fake_move_ops.remote;
	f->ops.guest_pause = fake_move_ops.guest_pause;
	f->ops.guest_resume = fake_move_ops.guest_resume;
	f->ops.guest_rename = fake_move_ops.guest_rename;
	f->ts = (struct xlpt_toolstack){ .ops = &f->ops, .priv = f };
	f->store = store;
	f->pciback = pciback;
	f->boot = (struct fake_pcifront_opts){ .step_ms = 10 };
	f->next_domid = 20;
	return f;
}

void fake_ts_free(struct fake_ts *f)
{
	for (size_t i = 0; i < f->n_guests; i++) {
		xlpt_guest_dispose(&f->guests[i].g);
		fake_pcifront_stop(f->guests[i].own);
	}
	for (size_t i = 0; i < f->n_configured; i++)
		xlpt_spec_dispose(&f->configured[i].spec);
	free(f->configured);
	fake_move_free(f->move);
	free(f->guests);
	free(f->claims);
	free(f);
}

struct fake_move **fake_ts_move(struct fake_ts *f)
{
	return &f->move;
}

struct fake_store *fake_ts_store(struct fake_ts *f)
{
	return f->store;
}

bool fake_ts_fails(struct fake_ts *f, enum fake_ts_op op, enum fake_ts_depth *depth)
{
	*depth = f->depth;
	return fails(f, op);
}

struct xlpt_guest *fake_ts_find(struct fake_ts *f, uint32_t domid, const char *name)
{
	for (size_t i = 0; i < f->n_guests; i++)
		if (name ? !strcmp(f->guests[i].g.name, name) : f->guests[i].g.domid == domid)
			return &f->guests[i].g;
	return NULL;
}

struct fake_pcifront *fake_ts_front(struct fake_ts *f, uint32_t domid)
{
	struct fake_guest *g = guest_of(f, domid);

	return g ? g->front : NULL;
}

void fake_ts_pv_live(struct fake_ts *f, bool on)
{
	f->no_pv_live = !on;
}

struct xlpt_toolstack *fake_ts_get(struct fake_ts *f)
{
	return &f->ts;
}

struct xlpt_guest *fake_ts_guest(struct fake_ts *f, uint32_t domid, const char *name,
				 enum xlpt_guest_type type)
{
	struct fake_guest *g;

	XLPT_GROW(f->guests, f->n_guests, f->alloc_guests);
	g = &f->guests[f->n_guests++];
	*g = (struct fake_guest){ .g = { .domid = domid, .type = type, .name = xlpt_xstrdup(name),
					 .passthrough = XLPT_ON, .e820_host = XLPT_ON } };
	snprintf(g->g.uuid, sizeof(g->g.uuid), "00000000-0000-4000-8000-%012u", domid);
	return &g->g;
}

void fake_ts_kill(struct fake_ts *f, uint32_t domid)
{
	_cleanup_strv_ char **others = NULL;

	for (size_t i = 0; i < f->n_guests; i++) {
		if (f->guests[i].g.domid != domid)
			continue;
		xlpt_guest_dispose(&f->guests[i].g);
		fake_pcifront_stop(f->guests[i].own);
		f->guests[i] = f->guests[--f->n_guests];
		break;
	}
	unconfigure(f, domid, NULL);
	for (size_t i = 0; i < f->n_claims; i++) {
		if (f->claims[i].owner != domid)
			continue;
		f->claims[i].owner = OWNER_IO;
		f->claims[i].in_dm = false;
		f->claims[i].granted = false;
		set_note(f, f->claims[i].bdf, NULL);
	}
	fake_store_set(f->store, NULL, "/local/domain/0/backend/pci/%u", domid);
	/* libxl takes directories that it leaves empty along (libxl__xs_path_cleanup). */
	others = fake_store_children(f->store, "/local/domain/0/backend/pci");
	if (!*others)
		fake_store_set(f->store, NULL, "/local/domain/0/backend/pci");
	fake_store_set(f->store, NULL, "/local/domain/%u", domid);
}

void fake_ts_configure(struct fake_ts *f, uint32_t domid, const struct xlpt_spec *spec)
{
	configure(f, domid, spec, true);
}

void fake_ts_iommu(struct fake_ts *f, bool on)
{
	f->no_iommu = !on;
}

void fake_ts_deaf(struct fake_ts *f, uint32_t domid, bool deaf)
{
	guest_of(f, domid)->deaf = deaf;
}

void fake_ts_boot(struct fake_ts *f, const struct fake_pcifront_opts *o)
{
	f->boot = *o;
}

void fake_ts_nodes(struct fake_ts *f, uint32_t domid, xlpt_nodes nodes)
{
	guest_of(f, domid)->nodes = nodes;
}

void fake_ts_frontend(struct fake_ts *f, uint32_t domid, struct fake_pcifront *front)
{
	guest_of(f, domid)->front = front;
}

void fake_ts_fail(struct fake_ts *f, enum fake_ts_op op, unsigned nth, enum fake_ts_depth depth)
{
	f->fail_in[op] = nth;
	f->depth = depth;
}

void fake_ts_on_call(struct fake_ts *f, void (*fn)(void *arg), void *arg)
{
	f->on_call = fn;
	f->on_call_arg = arg;
}

int64_t fake_ts_owner(struct fake_ts *f, struct xlpt_bdf bdf)
{
	return claim_of(f, bdf)->owner;
}

static int cmp_claim(const void *a, const void *b)
{
	return xlpt_bdf_cmp(((const struct claim *)a)->bdf, ((const struct claim *)b)->bdf);
}

char *fake_ts_snapshot(struct fake_ts *f)
{
	struct xlpt_str s = { 0 };

	if (f->n_claims)
		qsort(f->claims, f->n_claims, sizeof(*f->claims), cmp_claim);
	for (size_t i = 0; i < f->n_claims; i++) {
		if (f->claims[i].granted)
			xlpt_str_addf(&s, "%s granted to domain %u\n", XLPT_BDF_STR(f->claims[i].bdf),
				      f->claims[i].granted_to);
		if (f->claims[i].owner == OWNER_DOM0 && !f->claims[i].in_dm)
			continue;
		xlpt_str_addf(&s, "%s ", XLPT_BDF_STR(f->claims[i].bdf));
		if (f->claims[i].owner == OWNER_IO)
			xlpt_str_add(&s, "quarantine");
		else
			xlpt_str_addf(&s, "domain %lld", (long long)f->claims[i].owner);
		xlpt_str_add(&s, f->claims[i].in_dm ? " in device model\n" : "\n");
	}
	return xlpt_str_take(&s);
}
