/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a configuration that may name pools to a guest that has its devices. xl
 * reads none of pool:, pin: and a VF's identity, so each such entry becomes the
 * address it was resolved to; every other byte of the file goes to xl as it is.
 */
#include "xl-plugin/start/start.h"

#include <string.h>

#include "converters/xl/xl.h"
#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/lease.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/leave/leave.h"

void xlpt_start_init(struct xlpt_start *s, struct xlpt_env *env)
{
	*s = (struct xlpt_start){ 0 };
	xlpt_op_init(&s->op, env);
	s->op.timeout_ms = XLPT_START_TIMEOUT_MS;
}

void xlpt_start_dispose(struct xlpt_start *s)
{
	xlpt_op_dispose(&s->op);
	xlpt_locks_release(&s->guest_lock);
	xlpt_xl_entries_dispose(&s->entries);
	xlpt_str_dispose(&s->config);
}

/* ---- reading ---- */

static int check_entry(const struct xlpt_start *s, const struct xlpt_xl_entry *e,
		       struct xlpt_diag *diag)
{
	_cleanup_spec_ struct xlpt_spec spec;
	int rc = xlpt_spec_parse(e->text, &spec, diag);

	/* The column within the entry becomes the one in the file. */
	if (rc)
		xlpt_diag_at(diag, s->file, e->line,
			     e->column + (diag && diag->column ? diag->column - 1 : 0));
	return rc;
}

static int read_config(struct xlpt_start *s, struct xlpt_diag *diag)
{
	int rc = xlpt_xl_entries_read(s->text, s->len, s->file, &s->entries, diag);
	uint8_t uuid[16];

	for (size_t i = 0; rc == 0 && i < s->entries.n; i++)
		rc = check_entry(s, &s->entries.items[i], diag);
	if (rc)
		return rc;
	if (!s->entries.name || !*s->entries.name) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "the configuration gives the guest no name");
		xlpt_diag_at(diag, s->file, 1, 1);
		xlpt_diag_hint(diag, "write name = \"web1\"");
		return XLPT_ERR_SYNTAX;
	}
	if (s->entries.uuid && !xlpt_uuid_parse(s->entries.uuid, strlen(s->entries.uuid), uuid)) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" is no UUID", s->entries.uuid);
		xlpt_diag_at(diag, s->file, 1, 1);
		xlpt_diag_hint(diag, "leave uuid out, or write what uuidgen prints");
		return XLPT_ERR_SYNTAX;
	}
	if (s->entries.uuid)
		snprintf(s->op.guest.uuid, sizeof(s->op.guest.uuid), "%s", XLPT_UUID_STR(uuid));
	s->op.guest.name = xlpt_xstrdup(s->entries.name);
	s->op.guest.domid = XLPT_DOMID_NONE;
	return 0;
}

/* A lease names its guest by UUID, so the guest gets one before it exists. */
static int give_uuid(struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_free_ char *text = NULL;
	int r;

	if (*s->op.guest.uuid)
		return 0;
	r = xlpt_host_read_text(s->op.env->host, &text, "/proc/sys/kernel/random/uuid");
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot make a UUID for the guest");
	snprintf(s->uuid, sizeof(s->uuid), "%.36s", xlpt_chomp(text));
	snprintf(s->op.guest.uuid, sizeof(s->op.guest.uuid), "%s", s->uuid);
	return 0;
}

/* 1 and *domid when a guest with our UUID is there. */
static int find_ours(struct xlpt_op *op, uint32_t *domid, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_guest_by_uuid(op->env->ts, op->guest.uuid, &now, diag);

	*domid = now.domid;
	return rc;
}

static int not_running(struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_guest_ struct xlpt_guest there = { 0 };
	struct xlpt_env *env = s->op.env;
	uint32_t domid;
	int rc;

	if (env->ts->ops->guest_find(env->ts, s->op.guest.name, &there, NULL) == 0) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "a guest called %s runs already",
			      s->op.guest.name);
		xlpt_diag_fact(diag, "it is domain %u", there.domid);
		xlpt_diag_hint(diag, "xlpt attach gives devices to a guest that runs");
		return XLPT_ERR_IN_USE;
	}
	rc = *s->op.guest.uuid ? find_ours(&s->op, &domid, diag) : 0;
	if (rc > 0) {
		xlpt_diag_set(diag, XLPT_ERR_IN_USE, "a guest with the UUID %s runs already",
			      s->op.guest.uuid);
		xlpt_diag_fact(diag, "it is domain %u", domid);
		xlpt_diag_hint(diag, "give each guest a UUID of its own");
		return XLPT_ERR_IN_USE;
	}
	return rc;
}

/* ---- resolving, and what xl gets to read ---- */

/* What xl reads of item i: without what is done here already. */
static char *for_xl(const struct xlpt_item *item)
{
	_cleanup_spec_ struct xlpt_spec spec;

	xlpt_spec_copy(&spec, &item->spec);
	spec.vf = (struct xlpt_vf_identity){ 0 };
	spec.seize = XLPT_UNSET;
	return xlpt_spec_format(&spec);
}

static bool plain(const char *text)
{
	_cleanup_spec_ struct xlpt_spec spec;

	return xlpt_spec_parse_xl(text, &spec, NULL) == 0 && !spec.all_funcs &&
	       spec.seize == XLPT_UNSET;
}

/* Which items an entry stands for. */
struct stands {
	size_t first, n;
};

/* Adds the devices of entries that name one, or of those that want one of a pool, and takes none. */
static int add_entries(struct xlpt_start *s, bool pools, struct stands *of, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < s->entries.n; i++) {
		const struct xlpt_xl_entry *e = &s->entries.items[i];
		int rc;

		if (xlpt_starts(e->text, "pool:") != pools)
			continue;
		of[i].first = s->op.n;
		rc = xlpt_op_add_spec(&s->op, e->text, diag);
		if (rc) {
			xlpt_diag_at(diag, s->file, e->line, e->column);
			return rc;
		}
		of[i].n = s->op.n - of[i].first;
	}
	return 0;
}

/* The VFs out of pools for an entry, and what xl reads in its place. */
static int take_entry(struct xlpt_start *s, struct xlpt_xl_entry *e, const struct stands *of,
		      struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < of->n; k++)
		rc = xlpt_op_take_vf(&s->op, of->first + k, &s->terms, diag);
	if (rc)
		xlpt_diag_at(diag, s->file, e->line, e->column);
	if (rc || plain(e->text))
		return rc;
	e->with = xlpt_xcalloc(of->n + 1, sizeof(*e->with));
	for (size_t k = 0; k < of->n; k++)
		e->with[k] = for_xl(&s->op.items[of->first + k]);
	return 0;
}

/* Entries that name their device come first. */
static int resolve(struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_free_ struct stands *of = xlpt_xcalloc(s->entries.n + 1, sizeof(*of));
	int rc = add_entries(s, false, of, diag);

	if (rc == 0)
		rc = add_entries(s, true, of, diag);
	for (size_t i = 0; rc == 0 && i < s->entries.n; i++)
		rc = take_entry(s, &s->entries.items[i], &of[i], diag);
	return rc;
}

/* The result must say to xl what was meant, and no more. */
static int generate(struct xlpt_start *s, struct xlpt_diag *diag)
{
	static const enum xlpt_guest_type types[] = { XLPT_GUEST_PV, XLPT_GUEST_PV, XLPT_GUEST_HVM,
						      XLPT_GUEST_PVH };
	struct xlpt_kepts kept = { 0 };
	_cleanup_dom_ struct xlpt_dom dom;
	int rc;

	xlpt_xl_entries_write(s->text, s->len, &s->entries, *s->uuid ? s->uuid : NULL, &s->config);
	rc = xlpt_xl_read(s->config.s, s->config.len, s->file, &dom, &kept, NULL, diag);
	xlpt_kepts_dispose(&kept);
	if (rc)
		return rc;
	s->op.guest.type =
		(size_t)dom.type < XLPT_ARRAY_SIZE(types) ? types[dom.type] : XLPT_GUEST_UNKNOWN;
	if (dom.n_pci != s->op.n || !xlpt_streq(dom.name, s->op.guest.name)) {
		xlpt_diag_set(diag, XLPT_ERR_DATA,
			      "the generated configuration does not say what was meant");
		xlpt_diag_fact(diag, "%zu devices were resolved, %zu can be read back", s->op.n,
			       dom.n_pci);
		xlpt_diag_hint(diag,
			       "write each device once, on a line of its own, in pci = [ ... ]");
		return XLPT_ERR_DATA;
	}
	return 0;
}

/* ---- the steps ---- */

static int create(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_start *s = ctx;
	struct xlpt_op *op = ctx;
	struct xlpt_guest now = { 0 };
	uint32_t domid = 0;
	int rc;

	(void)i;
	rc = op->env->ts->ops->guest_create(op->env->ts, s->config.s, s->config.len, diag);
	if (rc == 0)
		rc = find_ours(op, &domid, diag);
	if (rc == 0) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "xl says that it created %s, and it is not there", op->guest.name);
		xlpt_diag_fact(diag, "no domain has the UUID %s", op->guest.uuid);
		xlpt_diag_hint(diag, "it may have ended at once: see /var/log/xen/xl-%s.log",
			       XLPT_WORD(op->guest.name));
		return XLPT_ERR_CONFLICT;
	}
	if (rc > 0)
		rc = xlpt_lock_guest(op->env, &s->guest_lock, domid,
				     xlpt_now(op->env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = op->env->ts->ops->guest_by_id(op->env->ts, domid, &now, diag);
	if (rc)
		return rc;
	xlpt_guest_dispose(&op->guest);
	op->guest = now;
	for (size_t k = 0; rc == 0 && k < op->leases.n; k++) {
		op->leases.items[k].domid = domid;
		rc = xlpt_lease_update(op->env, &op->leases.items[k], diag);
	}
	return rc;
}

static int destroy(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_guest made = { .name = op->guest.name };
	int rc = find_ours(op, &made.domid, diag);

	(void)i;
	if (rc <= 0)
		return rc;
	rc = op->env->ts->ops->guest_destroy(op->env->ts, made.domid, diag);
	/* Its devices go back to dom0 next: they must be nobody's. */
	memcpy(made.uuid, op->guest.uuid, sizeof(made.uuid));
	return rc ? rc : xlpt_leave_wait_gone(op->env, &made, diag);
}

/* Whatever its kernel does: the backend names the device, and the hypervisor has it with a guest. */
static int given(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
	bool assigned = false;
	uint32_t domid = 0;
	int rc = xlpt_owner_now(op->env, op->items[i].spec.bdf, &domid, diag);
	bool named = rc > 0 && domid == op->guest.domid;

	if (rc >= 0)
		rc = op->env->ts->ops->hyp_assigned(op->env->ts, op->items[i].spec.bdf, &assigned,
						    diag);
	if (rc == 0 && !(named && assigned)) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s was created without %s", op->guest.name,
			      bdf);
		xlpt_diag_fact(diag, named ? "the hypervisor has it with no guest"
					   : "its PCI backend does not name it");
		xlpt_diag_hint(diag, "see /var/log/xen/xl-%s.log", XLPT_WORD(op->guest.name));
		rc = XLPT_ERR_CONFLICT;
	}
	return rc;
}

static int has(void *ctx, size_t i, struct xlpt_diag *diag)
{
	return xlpt_op_verify(ctx, i, diag);
}

static int judge(struct xlpt_op *op, struct xlpt_diag *diag)
{
	struct xlpt_xen_caps caps = { 0 };
	int rc = op->n ? op->env->ts->ops->caps(op->env->ts, &caps, diag) : 0;

	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		struct xlpt_item *item = &op->items[i];
		_cleanup_free_ char *shared = NULL;
		struct xlpt_attach_facts f = {
			.guest = &op->guest,
			.device = &item->device,
			.place = &item->place,
			.iommu = op->guest.type == XLPT_GUEST_PV ? caps.pv_iommu : caps.hvm_iommu,
			.guest_devices = i,
			.be_state = XLPT_XBS_NONE,
			.fe_state = XLPT_XBS_NONE,
			.be_consistent = true,
			.slot_asked = item->spec.vslot >= 0,
			.divides = xlpt_op_divides(op),
			.hide = item->take_from_dom0,
			.force_host_device = xlpt_op_forced(op, item->spec.bdf),
		};

		rc = xlpt_op_judge_carrier(op, item, diag);
		if (rc == 0)
			rc = xlpt_op_reserved(op, item, &f, &shared, diag);
		if (rc == 0)
			rc = xlpt_policy_attach(&f, diag);
		if (rc == 0)
			rc = xlpt_op_judge_ready(op, item, diag);
	}
	return rc;
}

static void plan_start(struct xlpt_plan *plan, const struct xlpt_start *s)
{
	const struct xlpt_op *op = &s->op;

	for (size_t i = 0; i < op->n; i++)
		xlpt_plan_ready(plan, op, i);
	if (s->print)
		return;
	/* No device's number: when it cannot be undone, none of what is below it may be. */
	xlpt_plan_add(plan, create, destroy, op->n,
		      xlpt_xasprintf("create %s with xl", op->guest.name),
		      xlpt_xasprintf("destroy %s", op->guest.name));
	for (size_t i = 0; i < op->n; i++) {
		const char *bdf = XLPT_BDF_STR(op->items[i].spec.bdf);
		bool short_wait = s->no_wait && op->guest.type == XLPT_GUEST_PV;

		xlpt_plan_add(plan, short_wait ? given : has, NULL, i,
			      xlpt_xasprintf("%s %s has %s", short_wait ? "see that" : "wait until",
					     op->guest.name, bdf),
			      NULL);
	}
}

int xlpt_op_start(struct xlpt_start *s, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_op *op = &s->op;
	int rc;

	rc = read_config(s, diag);
	if (rc == 0)
		rc = xlpt_env_need_xen(op->env, diag);
	if (rc == 0 && !op->env->dry_run)
		rc = xlpt_lock_name(op->env, &s->guest_lock, op->guest.name,
				    xlpt_now(op->env->clock) + XLPT_LOCK_TIMEOUT_MS, diag);
	if (rc == 0)
		rc = xlpt_gone_wait_guest(op->env, op->guest.name, op->guest.uuid, op->timeout_ms,
					  diag);
	if (rc == 0)
		rc = not_running(s, diag);
	if (rc == 0)
		rc = give_uuid(s, diag);
	if (rc == 0 && s->print)
		s->terms.until = xlpt_now(op->env->clock) + XLPT_START_GRACE_MS;
	if (rc == 0)
		xlpt_start_nodes(s);
	if (rc == 0)
		rc = resolve(s, diag);
	if (rc == 0)
		rc = generate(s, diag);
	for (size_t i = 0; i < op->n; i++)
		op->items[i].take_from_dom0 |= s->take_from_dom0;
	op->find_mates = xlpt_op_find_mates;
	if (rc == 0)
		rc = xlpt_op_prepare(op, diag);
	/* xl knows no lock of ours. */
	if (rc == 0)
		rc = not_running(s, diag);
	if (rc == 0)
		rc = xlpt_op_check_leases(op, diag);
	if (rc == 0)
		rc = judge(op, diag);
	if (rc == 0)
		rc = xlpt_op_judge_split(op, diag);
	if (rc)
		return rc;
	xlpt_plan_pciback(&plan, op);
	plan_start(&plan, s);
	op->has_guest = true;
	return xlpt_op_execute(op, "start", &plan, diag);
}
