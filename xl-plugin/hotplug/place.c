/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where every device is, by xenstore, sysfs and the hypervisor. */
#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/vf-use.h"

void xlpt_owners_dispose(struct xlpt_owners *owners)
{
	for (size_t i = 0; i < owners->n; i++) {
		free(owners->items[i].guest);
		free(owners->items[i].through);
	}
	free(owners->items);
	*owners = (struct xlpt_owners){ 0 };
}

/*
 * The guest whose device model runs in the domain stub. xenstore has that guest's number
 * (libxl_dm.c, libxl__spawn_stub_dm). A captured tree may have names only, and libxl names a stub
 * domain "GUEST-dm".
 */
static bool target_of(struct xlpt_env *env, const struct xlpt_guest *stub, struct xlpt_guest *out)
{
	const struct xlpt_toolstack_ops *ops = env->ts->ops;
	_cleanup_free_ char *value = NULL, *name = NULL;
	size_t len = strlen(stub->name);
	uint64_t domid;

	if (xlpt_store_read(env->store, 0, &value, "/local/domain/%u/target", stub->domid) == 0)
		return xlpt_parse_uint(value, strlen(value), 10, UINT32_MAX, &domid) &&
		       ops->guest_by_id(env->ts, (uint32_t)domid, out, NULL) == 0;
	if (len <= 3 || strcmp(stub->name + len - 3, "-dm"))
		return false;
	name = xlpt_xstrndup(stub->name, len - 3);
	if (ops->guest_find(env->ts, name, out, NULL))
		return false;
	return out->has_stubdom && !strcmp(out->name, name);
}

static int add_backend(struct xlpt_env *env, const struct xlpt_pcibe *be, struct xlpt_owners *out,
		       struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest own = { 0 }, target = { 0 };
	int rc = env->ts->ops->guest_by_id(env->ts, be->domid, &own, diag);
	bool known = rc == 0, through = known && target_of(env, &own, &target);
	const struct xlpt_guest *guest = through ? &target : &own;

	/* Only "no such domain" means that it is gone; any other error says nothing about it. */
	if (rc && rc != XLPT_ERR_NO_GUEST)
		return rc;
	xlpt_diag_dispose(diag);

	for (size_t i = 0; i < be->n; i++) {
		struct xlpt_owner *o;
		bool assigned;

		if (!be->devs[i].dev_ok)
			continue;
		XLPT_GROW(out->items, out->n, out->alloc);
		o = &out->items[out->n++];
		*o = (struct xlpt_owner){
			.bdf = be->devs[i].bdf,
			.domid = through ? guest->domid : be->domid,
			.guest = known ? xlpt_xstrdup(guest->name) : NULL,
			.through = through ? xlpt_xstrdup(own.name) : NULL,
			.backend_domid = be->domid,
			.dying = xlpt_guest_leaves(guest),
			.shut_down = guest->shut_down,
			.type = guest->type,
			.dev = be->devs[i],
			.be_state = be->be_state,
			.fe_state = be->fe_state,
		};
		o->dev.opts = NULL;
		o->lost = env->ts->ops->hyp_assigned(env->ts, o->bdf, &assigned, NULL) == 0 &&
			  !assigned;
	}
	return 0;
}

/* With libxl before 4.15 two backends of one guest name the device: the guest's own one is kept. */
static void drop_doubles(struct xlpt_owners *owners)
{
	size_t kept = 0;

	for (size_t i = 0; i < owners->n; i++) {
		struct xlpt_owner *o = &owners->items[i];
		bool twice = false;

		for (size_t k = 0; o->through && k < owners->n; k++)
			twice |= !owners->items[k].through && owners->items[k].domid == o->domid &&
				 xlpt_bdf_eq(owners->items[k].bdf, o->bdf);
		if (twice) {
			free(o->guest);
			free(o->through);
		} else {
			owners->items[kept++] = *o;
		}
	}
	owners->n = kept;
}

int xlpt_owners_read(struct xlpt_env *env, struct xlpt_owners *out, struct xlpt_diag *diag)
{
	_cleanup_free_ uint32_t *domids = NULL;
	size_t n = 0;
	int rc;

	*out = (struct xlpt_owners){ 0 };
	if (!env->store || !env->ts)
		return 0;
	rc = xlpt_pcibe_domids(env->store, &domids, &n, diag);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

		rc = xlpt_pcibe_read(env->store, domids[i], &be, diag);
		if (rc == 0)
			rc = add_backend(env, &be, out, diag);
	}
	if (rc)
		xlpt_owners_dispose(out);
	else
		drop_doubles(out);
	return rc;
}

/* 2: the guest lives, 1: it is on its way out, 0: it is gone. */
static int life_of(const struct xlpt_owner *o)
{
	return !o->guest ? 0 : o->dying ? 1 : 2;
}

const struct xlpt_owner *xlpt_owners_find(const struct xlpt_owners *owners, struct xlpt_bdf bdf)
{
	const struct xlpt_owner *best = NULL;

	for (size_t i = 0; i < owners->n; i++)
		if (xlpt_bdf_eq(owners->items[i].bdf, bdf) &&
		    (!best || life_of(&owners->items[i]) > life_of(best)))
			best = &owners->items[i];
	return best;
}

char *xlpt_owner_frees(const struct xlpt_owner *o)
{
	if (o->shut_down)
		return xlpt_xasprintf("xl destroy %s", XLPT_WORD(o->guest));
	if (o->through)
		return xlpt_xasprintf("xl shutdown %s", XLPT_WORD(o->guest));
	return xlpt_xasprintf("xlpt detach %s %s", XLPT_WORD(o->guest), XLPT_BDF_STR(o->bdf));
}

void xlpt_owner_lost(const struct xlpt_owner *o, struct xlpt_diag *diag)
{
	_cleanup_free_ char *line = o->guest && !o->dying ? xlpt_owner_frees(o) : NULL;

	xlpt_diag_fact(diag, "this host has lost it, and %s still has it in its PCI backend",
		       o->guest ? o->guest : "a domain that is gone");
	xlpt_diag_hint(diag, "%s", line ? line : "xlpt status shows it");
}

int xlpt_owner_now(struct xlpt_env *env, struct xlpt_bdf bdf, uint32_t *domid,
		   struct xlpt_diag *diag)
{
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	int rc = xlpt_owners_read(env, &owners, diag);
	const struct xlpt_owner *o = rc ? NULL : xlpt_owners_find(&owners, bdf);

	if (rc || !o || !o->guest)
		return rc;
	*domid = o->domid;
	return 1;
}

void xlpt_place_dispose(struct xlpt_place *place)
{
	free(place->owner_name);
	free(place->owner_through);
	free(place->vfs_line);
	*place = (struct xlpt_place){ 0 };
}

int xlpt_place_read(struct xlpt_env *env, const struct xlpt_device *dev,
		    const struct xlpt_owners *owners, const struct xlpt_needs *needs,
		    struct xlpt_place *out, struct xlpt_diag *diag)
{
	const struct xlpt_owner *owner = xlpt_owners_find(owners, dev->bdf);
	const struct xlpt_needed *needed = needs ? xlpt_needs_find(needs, dev->bdf) : NULL;
	int rc = 0;

	*out = (struct xlpt_place){
		.on_pciback = xlpt_streq(dev->driver, XLPT_PCIBACK_DRIVER),
		.noted_domid = -1,
		.needed = needed ? needed->what : NULL,
	};
	if (owner) {
		out->has_owner = true;
		out->owner_domid = owner->domid;
		out->owner_name = xlpt_xstrdup(owner->guest);
		out->owner_through = xlpt_xstrdup(owner->through);
		out->owner_backend = owner->backend_domid;
		out->owner_dying = owner->dying;
		out->owner_shut_down = owner->shut_down;
	}
	if (env->store) {
		_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };

		rc = xlpt_pcinote_read(env->store, dev->bdf, &note, diag);
		out->noted_domid = note.domid;
	}
	if (dev->vf_count > 0 && !out->on_pciback)
		out->vfs_line = xlpt_vf_clear_line(env, dev->bdf, owners, needs);
	/*
	 * Xen refuses the question for bridges, and cannot be asked about segments wider than 16
	 * bit.
	 */
	if (rc == 0 && env->ts && dev->header != XLPT_HEADER_BRIDGE &&
	    dev->bdf.seg <= XLPT_XEN_SEG_MAX) {
		rc = env->ts->ops->hyp_assigned(env->ts, dev->bdf, &out->hyp_assigned, diag);
		out->hyp_known = rc == 0;
	}
	if (rc)
		xlpt_place_dispose(out);
	return rc;
}

bool xlpt_owner_complete(const struct xlpt_owner *owner)
{
	if (owner->lost)
		return false;
	/* An HVM guest has no frontend: only what libxl has written can be seen here. */
	if (owner->type != XLPT_GUEST_PV && !owner->through)
		return owner->dev.state != XLPT_XBS_CLOSING;
	return owner->dev.state == XLPT_XBS_INITIALISED && owner->dev.vdev_ok &&
	       owner->be_state == XLPT_XBS_CONNECTED && owner->fe_state == XLPT_XBS_CONNECTED;
}

const char *xlpt_state_word(const struct xlpt_device *dev, const struct xlpt_owner *owner)
{
	if (owner)
		return xlpt_owner_complete(owner) ? "assigned" : "partial";
	if (xlpt_streq(dev->driver, XLPT_PCIBACK_DRIVER))
		return "hidden";
	return dev->no_xen ? "host" : "dom0";
}

char *xlpt_state_text(const struct xlpt_device *dev, const struct xlpt_owner *owner)
{
	const char *silent = dev->no_answer ? ", does not answer" : "";

	if (!owner)
		return xlpt_xasprintf("%s%s", xlpt_state_word(dev, owner), silent);
	if (!owner->guest)
		return xlpt_xasprintf("left by domain %u%s", owner->domid, silent);
	return xlpt_xasprintf("assigned to %s%s%s%s%s", owner->guest,
			      owner->through ? " through " : "",
			      owner->through ? owner->through : "",
			      xlpt_owner_complete(owner) ? "" : ", in part", silent);
}

struct json_object *xlpt_owner_json(const struct xlpt_owner *owner)
{
	struct json_object *o;

	if (!owner)
		return NULL;
	o = xlpt_json_guest_named(owner->guest, owner->domid);
	if (owner->through)
		xlpt_json_add(o, "through", xlpt_json_str(owner->through));
	return o;
}
