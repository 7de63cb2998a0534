/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/toolstack-internal.h"

#include <string.h>

#include "converters/xl/xl.h"
#include "xenstore/pcibe.h"

struct fake_claim *fake_ts_claim_of(struct fake_ts *f, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < f->n_claims; i++)
		if (xlpt_bdf_eq(f->claims[i].bdf, bdf))
			return &f->claims[i];
	XLPT_GROW(f->claims, f->n_claims, f->alloc_claims);
	f->claims[f->n_claims] = (struct fake_claim){ .bdf = bdf, .owner = FAKE_OWNER_DOM0 };
	return &f->claims[f->n_claims++];
}

struct fake_guest *fake_ts_guest_of(struct fake_ts *f, uint32_t domid)
{
	for (size_t i = 0; i < f->n_guests; i++)
		if (f->guests[i].g.domid == domid)
			return &f->guests[i];
	return NULL;
}

bool fake_ts_failing(struct fake_ts *f, enum fake_ts_op op)
{
	if (f->on_call)
		f->on_call(f->on_call_arg);
	return f->fail_in[op] && --f->fail_in[op] == 0;
}

int fake_ts_refused(struct xlpt_diag *diag, const char *what, const char *log)
{
	xlpt_diag_set(diag, XLPT_ERR_TOOLSTACK, "%s: libxl ERROR_FAIL (-3)", what);
	xlpt_diag_add_log(diag, log);
	xlpt_diag_hint(diag, "libxl's own lines say why");
	return XLPT_ERR_TOOLSTACK;
}

int fake_ts_failed(struct xlpt_diag *diag, const char *what)
{
	return fake_ts_refused(diag, what, "libxl: injected failure");
}

static void ts_close(struct xlpt_toolstack *ts)
{
	(void)ts;
}

/* Xen's words for it are tried in test-xen-owners. */
static int ts_device_owners(struct xlpt_toolstack *ts, struct xlpt_xen_owner **out, size_t *n,
			    struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);

	*out = NULL;
	*n = 0;
	if (f->no_owners)
		return fake_ts_failed(diag, "debug keys");
	*out = xlpt_xcalloc(f->n_claims + 1, sizeof(**out));
	for (; *n < f->n_claims; (*n)++)
		(*out)[*n] = (struct xlpt_xen_owner){
			.bdf = f->claims[*n].bdf,
			.domid = f->claims[*n].owner == FAKE_OWNER_IO	  ? XLPT_XEN_QUARANTINE
				 : f->claims[*n].owner == FAKE_OWNER_DOM0 ? 0
									  : f->claims[*n].owner
		};
	return 0;
}

static const struct xlpt_toolstack_ops fake_ops = {
	.guest_find = fake_ts_guest_find,
	.guest_by_id = fake_ts_guest_by_id,
	.guest_config = fake_ts_guest_config,
	.guest_list = fake_ts_guest_list,
	.guest_config_pci = fake_ts_guest_config_pci,
	.guest_create = fake_ts_guest_create,
	.guest_destroy = fake_ts_guest_destroy,
	.caps = fake_ts_caps,
	.xen_text = fake_ts_xen_text,
	.guest_nodes = fake_ts_guest_nodes,
	.cpu_nodes = fake_ts_cpu_nodes,
	.device_add = fake_ts_device_add,
	.device_remove = fake_ts_device_remove,
	.hyp_assigned = fake_ts_hyp_assigned,
	.guest_iommu = fake_ts_guest_iommu,
	.quarantine = fake_ts_quarantine,
	.revoke = fake_ts_revoke,
	.memory_access = fake_ts_memory_access,
	.dm_has = fake_ts_dm_has,
	.dm_del = fake_ts_dm_del,
	.port_open = fake_ts_port_open,
	.device_owners = ts_device_owners,
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
	f->cmdline = "placeholder dom0_mem=4G";
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
	fake_clock_cancel(fake_store_clock(f->store), f);
	fake_gaps_free(f);
	free(f->dm_log);
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
	return fake_ts_failing(f, op);
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
	struct fake_guest *g = fake_ts_guest_of(f, domid);

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
	*g = (struct fake_guest){ .g = { .domid = domid,
					 .type = type,
					 .name = xlpt_xstrdup(name),
					 .passthrough = XLPT_ON,
					 .e820_host = XLPT_ON,
					 .again_known = true,
					 .again = 1U << XLPT_END_REBOOT } };
	g->monitor = fake_monitor_begins(f, domid, name);
	snprintf(g->g.uuid, sizeof(g->g.uuid), "00000000-0000-4000-8000-%012u", domid);
	return &g->g;
}

void fake_ts_forget(struct fake_ts *f, uint32_t domid)
{
	for (size_t i = 0; i < f->n_guests; i++) {
		if (f->guests[i].g.domid != domid)
			continue;
		fake_monitor_ends(f, f->guests[i].monitor);
		xlpt_guest_dispose(&f->guests[i].g);
		fake_pcifront_stop(f->guests[i].own);
		f->guests[i] = f->guests[--f->n_guests];
		break;
	}
	fake_ts_forget_config(f, domid, NULL);
	for (size_t i = 0; i < f->n_claims; i++) {
		if (f->claims[i].owner != domid)
			continue;
		f->claims[i].owner = FAKE_OWNER_IO;
		f->claims[i].in_dm = false;
		f->claims[i].granted = false;
		memset(f->claims[i].memory, 0, sizeof(f->claims[i].memory));
		fake_ts_set_note(f, f->claims[i].bdf, NULL);
	}
}

void fake_ts_kill(struct fake_ts *f, uint32_t domid)
{
	_cleanup_strv_ char **others = NULL;

	fake_ts_forget(f, domid);
	fake_store_set(f->store, NULL, "/local/domain/0/backend/pci/%u", domid);
	/* libxl takes directories that it leaves empty along (libxl__xs_path_cleanup). */
	others = fake_store_children(f->store, "/local/domain/0/backend/pci");
	if (!*others)
		fake_store_set(f->store, NULL, "/local/domain/0/backend/pci");
	fake_store_set(f->store, NULL, "/local/domain/%u", domid);
	fake_store_set(f->store, NULL, "/libxl/%u", domid);
}

void fake_ts_gone(struct fake_ts *f, struct xlpt_bdf bdf)
{
	struct fake_claim *c = fake_ts_claim_of(f, bdf);

	c->owner = FAKE_OWNER_DOM0;
	c->granted = false;
	memset(c->memory, 0, sizeof(c->memory));
}

void fake_ts_configure(struct fake_ts *f, uint32_t domid, const struct xlpt_spec *spec)
{
	fake_ts_note_config(f, domid, spec, true);
}

void fake_ts_host(struct fake_ts *f, struct xlpt_host *host)
{
	f->host = host;
}

void fake_ts_cmdline(struct fake_ts *f, const char *text)
{
	f->cmdline = text;
}

void fake_ts_messages(struct fake_ts *f, const char *text)
{
	f->messages = text;
}

void fake_ts_iommu(struct fake_ts *f, bool on)
{
	f->no_iommu = !on;
}

void fake_ts_deaf(struct fake_ts *f, uint32_t domid, bool deaf)
{
	fake_ts_guest_of(f, domid)->deaf = deaf;
}

void fake_ts_keeps_memory(struct fake_ts *f, bool keeps)
{
	f->keeps_memory = keeps;
}

void fake_ts_dm_says_later(struct fake_ts *f, int64_t ms, const char *lines)
{
	f->dm_lines = lines;
	f->dm_lines_ms = ms;
}

void fake_ts_dm_says(struct fake_ts *f, const char *lines)
{
	fake_ts_dm_says_later(f, 0, lines);
}

void fake_ts_no_owners(struct fake_ts *f, bool none)
{
	f->no_owners = none;
}

void fake_ts_shares_reserved(struct fake_ts *f, struct xlpt_bdf bdf)
{
	fake_ts_claim_of(f, bdf)->shares_reserved = true;
}

void fake_ts_boot(struct fake_ts *f, const struct fake_pcifront_opts *o)
{
	f->boot = *o;
}

void fake_ts_nodes(struct fake_ts *f, uint32_t domid, xlpt_nodes nodes)
{
	fake_ts_guest_of(f, domid)->nodes = nodes;
}

void fake_ts_frontend(struct fake_ts *f, uint32_t domid, struct fake_pcifront *front)
{
	fake_ts_guest_of(f, domid)->front = front;
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
	return fake_ts_claim_of(f, bdf)->owner;
}

static int cmp_claim(const void *a, const void *b)
{
	return xlpt_bdf_cmp(((const struct fake_claim *)a)->bdf,
			    ((const struct fake_claim *)b)->bdf);
}

char *fake_ts_snapshot(struct fake_ts *f)
{
	struct xlpt_str s = { 0 };

	if (f->n_claims)
		qsort(f->claims, f->n_claims, sizeof(*f->claims), cmp_claim);
	for (size_t i = 0; i < f->n_claims; i++) {
		if (f->claims[i].granted)
			xlpt_str_addf(&s, "%s granted to domain %u\n",
				      XLPT_BDF_STR(f->claims[i].bdf), f->claims[i].granted_to);
		for (size_t k = 0; k < 7; k++)
			if (f->claims[i].memory[k][1])
				xlpt_str_addf(&s, "%s BAR %zu granted to domain %u\n",
					      XLPT_BDF_STR(f->claims[i].bdf), k,
					      f->claims[i].granted_to);
		if (f->claims[i].owner == FAKE_OWNER_DOM0 && !f->claims[i].in_dm)
			continue;
		xlpt_str_addf(&s, "%s ", XLPT_BDF_STR(f->claims[i].bdf));
		if (f->claims[i].owner == FAKE_OWNER_IO)
			xlpt_str_add(&s, "quarantine");
		else
			xlpt_str_addf(&s, "domain %lld", (long long)f->claims[i].owner);
		xlpt_str_add(&s, f->claims[i].in_dm ? " in device model\n" : "\n");
	}
	return xlpt_str_take(&s);
}
