/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xlpt reset: which devices may be reset, by which methods, and the steps that do it. */
#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/gone.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/hotplug/reset.h"
#include "xl-plugin/hotplug/split.h"
#include "xl-plugin/kept/locks.h"

bool xlpt_reset_idle_driver(const char *driver)
{
	static const char *const stubs[] = { XLPT_PCIBACK_DRIVER, "pci-stub", "vfio-pci" };

	for (size_t i = 0; driver && i < XLPT_ARRAY_SIZE(stubs); i++)
		if (!strcmp(driver, stubs[i]))
			return true;
	return !driver;
}

static int in_guest(const struct xlpt_item *item, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);
	const char *name = item->place.owner_name ? item->place.owner_name : "a guest";

	xlpt_diag_set(diag, XLPT_ERR_RULE, "%s is in use by %s", bdf, name);
	xlpt_diag_fact(diag, "%s, and its driver would not know of the reset",
		       item->place.has_owner ? "the guest's PCI backend names it"
					     : "the hypervisor has it assigned to a guest");
	if (item->place.owner_name && item->place.owner_shut_down)
		xlpt_diag_hint(
			diag,
			"xl destroy %s first, it has shut down; --force resets it all the same",
			XLPT_WORD(item->place.owner_name));
	else if (item->place.owner_through)
		xlpt_diag_hint(diag, "xl shutdown %s first; --force resets it all the same",
			       XLPT_WORD(name));
	else if (item->place.owner_name)
		xlpt_diag_hint(diag, "xlpt detach %s %s first; --force resets it all the same",
			       XLPT_WORD(item->place.owner_name), bdf);
	else
		xlpt_diag_hint(diag, "xlpt repair");
	return XLPT_ERR_RULE;
}

static int self(struct xlpt_op *op, const struct xlpt_item *item, bool in_use,
		struct xlpt_diag *diag)
{
	_cleanup_diag_ struct xlpt_diag no_hide = { 0 };
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);
	int rc;

	if (item->device.header == XLPT_HEADER_BRIDGE) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_ENDPOINT, "%s is a bridge, not an endpoint", bdf);
		xlpt_diag_fact(diag, "a reset of it would erase the configuration of every device "
				     "behind it");
		xlpt_diag_hint(diag, "name the functions behind it, one by one");
		return XLPT_ERR_NOT_ENDPOINT;
	}
	rc = xlpt_policy_answers(&item->device, diag);
	if (rc)
		return rc;
	if (item->place.needed && !xlpt_op_forced(op, item->spec.bdf)) {
		xlpt_diag_set(diag, XLPT_ERR_HOST_NEEDS, "this host needs %s itself", bdf);
		xlpt_diag_fact(diag, "%s", item->place.needed);
		xlpt_diag_hint(diag, "if you are sure: --force --force-host-device %s", bdf);
		return XLPT_ERR_HOST_NEEDS;
	}
	if (in_use)
		return 0;
	if (item->place.has_owner || item->place.hyp_assigned)
		return in_guest(item, diag);
	if (!xlpt_reset_idle_driver(item->device.driver)) {
		xlpt_diag_set(diag, XLPT_ERR_RULE, "%s is in use by dom0's driver %s", bdf,
			      item->device.driver);
		xlpt_diag_fact(diag,
			       "the driver would not know of the reset and would go on using a "
			       "device that has lost its settings");
		/* What xlpt hide would refuse has to be mended first. */
		if (xlpt_policy_hide(&item->device, &item->place, true, &no_hide) ||
		    xlpt_op_judge_carrier(op, item, &no_hide))
			xlpt_diag_hint(diag, "%s; xlpt hide %s; --force resets it all the same",
				       no_hide.hint, bdf);
		else
			xlpt_diag_hint(diag, "xlpt hide %s first; --force resets it all the same",
				       bdf);
		return XLPT_ERR_RULE;
	}
	return 0;
}

int xlpt_reset_no_way(struct xlpt_bdf bdf, const struct xlpt_reset_ways *ways,
		      struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str why = { 0 };
	const char *mends = NULL;

	for (size_t i = 0; i < ways->n; i++) {
		xlpt_str_addf(&why, "%s%s: %s", i ? "; " : "", xlpt_reset_word(ways->items[i].how),
			      ways->items[i].why_not);
		mends = mends ? mends : ways->items[i].mends;
	}
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "nothing can reset %s", XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "%s", xlpt_str_get(&why));
	xlpt_diag_hint(diag, "%s",
		       mends ? mends
			     : "turn the host off and on between two guests that do not trust each "
			       "other");
	return XLPT_ERR_NOT_FOUND;
}

static int not_this(const struct xlpt_item *item, enum xlpt_reset_how how,
		    const struct xlpt_reset_ways *ways, struct xlpt_diag *diag)
{
	const struct xlpt_reset_way *way = xlpt_reset_find(ways, how),
				    *first = xlpt_reset_first(ways);
	struct xlpt_bdf bdf = item->spec.bdf;

	if (!first)
		return xlpt_reset_no_way(item->spec.bdf, ways, diag);
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s cannot be reset by %s", XLPT_BDF_STR(bdf),
		      xlpt_reset_word(how));
	xlpt_diag_fact(diag, "%s", way ? way->why_not : "the kernel does not list it");
	if (way && way->mends)
		xlpt_diag_hint(diag, "%s", way->mends);
	else
		xlpt_diag_hint(diag, "xlpt reset --method %s %s", xlpt_reset_word(first->how),
			       XLPT_BDF_STR(bdf));
	return XLPT_ERR_NOT_FOUND;
}

/* ---- the command ---- */

static int reset_once(struct xlpt_op *op, size_t i, size_t k, struct xlpt_diag *diag)
{
	struct xlpt_item *item = &op->items[i];
	_cleanup_reset_result_ struct xlpt_reset_result result = { 0 };
	int rc;

	item->reset_method = xlpt_reset_word(item->reset_hows[k]);
	xlpt_gone_kernel_idle(op->env);
	if (item->reset_hows[k] == XLPT_RESET_BUS && item->reset_together)
		return xlpt_reset_together(op, i, diag);
	rc = xlpt_reset_do(op->env->host, item->spec.bdf,
			   item->reset_by_name || k ? item->reset_method : NULL, &result, diag);
	if (rc)
		return rc;
	item->reset =
		result.proof == XLPT_RESET_PROVEN ? XLPT_RESET_IS_DONE : XLPT_RESET_IS_UNPROVEN;
	item->reset_fact = XLPT_TAKE(result.fact);
	return 0;
}

/* The kernel believes that its reset worked, so the next method has to be written to it. */
static int reset_item(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;
	struct xlpt_item *item = &op->items[i];
	int rc = 0;

	for (size_t k = 0; !item->reset_with_bus && k < item->n_reset_hows; k++) {
		bool last = k + 1 == item->n_reset_hows;

		rc = reset_once(op, i, k, diag);
		if (rc != XLPT_ERR_CONFLICT || last)
			break;
		xlpt_warn(op->env, "%s by %s; now by %s", diag->message, item->reset_method,
			  xlpt_reset_word(item->reset_hows[k + 1]));
		xlpt_diag_dispose(diag);
	}
	if (rc)
		return rc;
	xlpt_say(op->env, "%s is reset by %s, %s: %s", XLPT_BDF_STR(item->spec.bdf),
		 item->reset_method, item->reset == XLPT_RESET_IS_DONE ? "proven" : "not proven",
		 item->reset_fact);
	return 0;
}

static bool known(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	bool is = false;

	for (size_t i = 0; i < op->n; i++)
		is |= xlpt_bdf_eq(op->items[i].spec.bdf, bdf);
	for (size_t i = 0; i < op->n_mates; i++)
		is |= xlpt_bdf_eq(op->mates[i].bdf, bdf);
	return is;
}

/*
 * Finds the functions that a reset may hit, to be locked together with the devices, so that what
 * is judged stays true. All methods count here; which of them work is found out later.
 */
static int find_neighbours(struct xlpt_op *op, struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices all = { 0 };
	int rc = xlpt_op_bus(op, diag);

	if (rc == 0)
		rc = xlpt_scan_all(op->env->host, XLPT_SCAN_CAPS, NULL, &all, diag);
	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		const struct xlpt_device *d = xlpt_devices_find(&all, op->items[i].spec.bdf);
		_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 };

		if (d)
			xlpt_reset_ways(&all, d, &ways);
		for (size_t k = 0; k < ways.n; k++)
			for (size_t m = 0; m < ways.items[k].n_also; m++) {
				struct xlpt_bdf also = ways.items[k].also[m];

				if (known(op, also))
					continue;
				XLPT_GROW(op->mates, op->n_mates, op->alloc_mates);
				op->mates[op->n_mates++] =
					(struct xlpt_mate){ .item = i, .bdf = also };
			}
	}
	return rc;
}

/* An attach of such a function must not begin meanwhile. */
static int neighbours_locked(const struct xlpt_op *op, struct xlpt_bdf bdf,
			     const struct xlpt_reset_way *way, struct xlpt_diag *diag)
{
	for (size_t i = 0; !op->env->dry_run && i < way->n_also; i++) {
		if (xlpt_locked_device(op->env, way->also[i]))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "what a reset of %s would also reset has changed in the meantime",
			      XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, "%s is on its bus now", XLPT_BDF_STR(way->also[i]));
		xlpt_diag_hint(diag, "run the command again");
		return XLPT_ERR_CONFLICT;
	}
	return 0;
}

static char *sentence(const struct xlpt_item *item, const struct xlpt_reset_way *way)
{
	struct xlpt_str s = { 0 };

	xlpt_str_addf(&s, "reset %s by %s", XLPT_BDF_STR(item->spec.bdf),
		      xlpt_reset_word(way->how));
	for (size_t i = 0; i < way->n_also; i++)
		xlpt_str_addf(&s, "%s%s", i ? ", " : ", and with it ", XLPT_BDF_STR(way->also[i]));
	if (way->by == XLPT_RESET_BY_XLPT)
		xlpt_str_addf(&s, ", in the register of bridge %s", XLPT_BDF_STR(way->bridge));
	return xlpt_str_take(&s);
}

static void add_how(struct xlpt_item *item, const struct xlpt_reset_way *way)
{
	item->reset_hows[item->n_reset_hows++] = way->how;
	item->reset_together |= way->by != XLPT_RESET_BY_FUNCTION;
}

static int choose(struct xlpt_op *op, size_t i, const struct xlpt_reset_options *want,
		  const struct xlpt_devices *all, struct xlpt_plan *plan, struct xlpt_diag *diag)
{
	struct xlpt_item *item = &op->items[i];
	_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 };
	const struct xlpt_reset_way *way;
	enum xlpt_reset_how how = XLPT_RESET_N;
	int rc = self(op, item, want->in_use, diag);

	if (rc)
		return rc;
	xlpt_reset_ways_of(op, all, &item->device, &ways);
	if (want->method)
		xlpt_reset_from_word(want->method, strlen(want->method), &how);
	way = want->method ? xlpt_reset_find(&ways, how) : xlpt_reset_first(&ways);
	/*
	 * In this order: that another device would be hit is more important than that this cannot
	 * be done now.
	 */
	if (way)
		rc = xlpt_reset_others(op, &op->owners, all, &item->device, way, diag);
	if (rc)
		return rc;
	if (!way || !way->usable) {
		xlpt_reset_judge_lines(op, &op->owners, all, &item->device, &ways);
		return want->method ? not_this(item, how, &ways, diag)
				    : xlpt_reset_no_way(item->spec.bdf, &ways, diag);
	}
	rc = neighbours_locked(op, item->spec.bdf, way, diag);
	if (rc)
		return rc;
	item->reset_by_name = want->method != NULL;
	add_how(item, way);
	for (const struct xlpt_reset_way *next = way + 1;
	     !want->method && next < ways.items + ways.n; next++)
		if (next->usable &&
		    xlpt_reset_others(op, &op->owners, all, &item->device, next, NULL) == 0 &&
		    neighbours_locked(op, item->spec.bdf, next, NULL) == 0)
			add_how(item, next);
	/*
	 * What reset_method says now is what repair puts back. In the journal commas stand for its
	 * blanks.
	 */
	item->origin = xlpt_reset_method_read(op->env->host, item->spec.bdf);
	item->origin_known = item->origin != NULL;
	for (char *p = item->origin; p && (p = strchr(p, ' '));)
		*p = ',';
	xlpt_plan_add(plan, reset_item, NULL, i, sentence(item, way), NULL);
	return 0;
}

int xlpt_op_reset(struct xlpt_op *op, const struct xlpt_reset_options *want, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	_cleanup_devices_ struct xlpt_devices all = { 0 };
	int rc;

	op->find_mates = find_neighbours;
	rc = xlpt_op_prepare(op, diag);
	if (rc == 0)
		rc = xlpt_scan_all(op->env->host, XLPT_SCAN_CAPS, NULL, &all, diag);
	for (size_t i = 0; rc == 0 && i < op->n; i++)
		rc = choose(op, i, want, &all, &plan, diag);
	return rc ? rc : xlpt_op_execute(op, "reset", &plan, diag);
}

/* ---- the result ---- */

static const char *reset_is_word(enum xlpt_reset_is is)
{
	static const char *const words[] = { [XLPT_RESET_IS_NONE] = "none",
					     [XLPT_RESET_IS_DONE] = "done",
					     [XLPT_RESET_IS_UNPROVEN] = "unproven",
					     [XLPT_RESET_IS_FAILED] = "failed" };

	return words[is];
}

void xlpt_item_reset_json(const struct xlpt_item *item, struct json_object *o)
{
	xlpt_json_add(o, "reset", xlpt_json_str(reset_is_word(item->reset)));
	xlpt_json_add(o, "reset_method", xlpt_json_str(item->reset_method));
	xlpt_json_add(o, "reset_fact", xlpt_json_str(item->reset_fact));
}
