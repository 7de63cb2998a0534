/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Functions that only a reset of their bus can reset (graphics cards and their sound function,
 * mostly): one operation has everything that is on the bus, all of it is free, and it is reset
 * together.
 */
#include "xl-plugin/hotplug/reset.h"

#include <string.h>

#include "pciback/device/scan.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/resolve.h"

/*
 * The items that the operation really has, which it can reset: not those with nothing to do, nor
 * those that are gone.
 */
static struct xlpt_bdf *wanted(const struct xlpt_op *op, size_t *n)
{
	struct xlpt_bdf *bdfs = xlpt_xcalloc(op->n + 1, sizeof(*bdfs));

	*n = 0;
	for (size_t i = 0; i < op->n; i++)
		if (!op->items[i].nothing && !op->items[i].absent)
			bdfs[(*n)++] = op->items[i].spec.bdf;
	return bdfs;
}

void xlpt_reset_ways_of(const struct xlpt_op *op, const struct xlpt_devices *all,
			const struct xlpt_device *dev, struct xlpt_reset_ways *out)
{
	size_t n;
	_cleanup_free_ struct xlpt_bdf *bdfs = wanted(op, &n);

	xlpt_reset_ways_with(all, dev, bdfs, n, out);
}

static bool is_behind(const struct xlpt_reset_way *way, struct xlpt_bdf bdf)
{
	bool is = false;

	for (size_t i = 0; i < way->n_also; i++)
		is |= xlpt_bdf_eq(way->also[i], bdf);
	return is;
}

size_t xlpt_reset_group(const struct xlpt_op *op, size_t i, size_t *members)
{
	const struct xlpt_device *dev = xlpt_devices_find(&op->bus, op->items[i].spec.bdf);
	_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 };
	const struct xlpt_reset_way *way = NULL;
	size_t n = 0;

	if (dev && !op->items[i].nothing && !op->items[i].absent) {
		xlpt_reset_ways_of(op, &op->bus, dev, &ways);
		way = xlpt_reset_find(&ways, XLPT_RESET_BUS);
	}
	if (!way || !way->usable || way->by == XLPT_RESET_BY_FUNCTION) {
		members[0] = i;
		return 1;
	}
	for (size_t k = 0; k < op->n; k++)
		if (k == i || is_behind(way, op->items[k].spec.bdf))
			members[n++] = k;
	return n;
}

static int journal_note(void *ctx, const char *line, struct xlpt_diag *diag)
{
	struct xlpt_op *op = ctx;

	return xlpt_journal_note(op->outer ? op->outer : &op->journal, line, diag);
}

static void note_done(struct xlpt_item *item, struct xlpt_reset_result *result)
{
	item->reset =
		result->proof == XLPT_RESET_PROVEN ? XLPT_RESET_IS_DONE : XLPT_RESET_IS_UNPROVEN;
	item->reset_method = xlpt_reset_word(XLPT_RESET_BUS);
	item->reset_with_bus = true;
	free(item->reset_fact);
	item->reset_fact = XLPT_TAKE(result->fact);
}

static int changed(struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "nothing can reset %s", XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "the devices on its bus have changed in the meantime");
	xlpt_diag_hint(diag, "run the command again");
	return XLPT_ERR_NOT_FOUND;
}

static int reset_members(struct xlpt_op *op, size_t i, const struct xlpt_reset_way *way,
			 struct xlpt_diag *diag)
{
	size_t n = way->n_also + 1;
	_cleanup_free_ struct xlpt_bdf *bdfs = xlpt_xcalloc(n, sizeof(*bdfs));
	_cleanup_free_ struct xlpt_reset_result *results = xlpt_xcalloc(n, sizeof(*results));
	const struct xlpt_reset_bus bus = { .by = way->by,
					    .bridge = way->bridge,
					    .functions = bdfs,
					    .n = n,
					    .note = journal_note,
					    .ctx = op };
	int rc;

	bdfs[0] = op->items[i].spec.bdf;
	for (size_t k = 0; k < way->n_also; k++)
		bdfs[k + 1] = way->also[k];
	rc = xlpt_reset_bus_do(op->env->host, op->env->clock, &bus, results, diag);
	for (size_t k = 0; rc == 0 && k < n; k++)
		for (size_t m = 0; m < op->n; m++)
			if (xlpt_bdf_eq(op->items[m].spec.bdf, bdfs[k]))
				note_done(&op->items[m], &results[k]);
	for (size_t k = 0; k < n; k++)
		xlpt_reset_result_dispose(&results[k]);
	return rc;
}

int xlpt_reset_together(struct xlpt_op *op, size_t i, struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices now = { 0 };
	_cleanup_owners_ struct xlpt_owners owners = { 0 };
	_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 };
	const struct xlpt_reset_way *way;
	const struct xlpt_device *dev;
	int rc = xlpt_owners_read(op->env, &owners, diag);

	if (rc == 0)
		rc = xlpt_scan_all(op->env->host, XLPT_SCAN_CAPS, NULL, &now, diag);
	if (rc)
		return rc;
	dev = xlpt_devices_find(&now, op->items[i].spec.bdf);
	if (!dev)
		return changed(op->items[i].spec.bdf, diag);
	xlpt_reset_ways_of(op, &now, dev, &ways);
	way = xlpt_reset_find(&ways, XLPT_RESET_BUS);
	if (!way || !way->usable || way->by == XLPT_RESET_BY_FUNCTION)
		return changed(dev->bdf, diag);
	rc = xlpt_reset_others(op, &owners, &now, dev, way, diag);
	return rc ? rc : reset_members(op, i, way, diag);
}

/* ---- what a killed xlpt left ---- */

static unsigned count(const struct xlpt_journal *j, const char *key, const char *value)
{
	const char *text;
	unsigned n = 0;

	for (size_t i = 0; (text = xlpt_journal_get(j, key, i)); i++)
		n += !strcmp(text, value);
	return n;
}

static int mend_function(struct xlpt_env *env, const char *text, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = xlpt_xstrndup(text, strcspn(text, " "));
	struct xlpt_bdf bdf;
	bool changed;
	int rc;

	if (!text[strlen(name)] || !xlpt_bdf_from_sysfs_name(name, &bdf))
		return 0;
	rc = xlpt_reset_bus_restore(env->host, env->clock, bdf, text + strlen(name) + 1, &changed,
				    diag);
	if (rc == 0 && changed)
		xlpt_say(env, "%s has its configuration back, which the reset of its bus took",
			 name);
	return rc;
}

int xlpt_reset_mend_buses(struct xlpt_env *env, const struct xlpt_journal *j,
			  struct xlpt_diag *diag)
{
	const char *text;
	bool any = false;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (text = xlpt_journal_get(j, XLPT_NOTE_BUS, i)); i++) {
		struct xlpt_bdf bridge;
		bool changed = false;

		if (count(j, XLPT_NOTE_BUS_IS_RESET, text) >= count(j, XLPT_NOTE_BUS, text) ||
		    !xlpt_bdf_from_sysfs_name(text, &bridge))
			continue;
		any = true;
		rc = xlpt_reset_bus_release(env->host, env->clock, bridge, &changed, diag);
		if (rc == 0 && changed)
			xlpt_say(env, "the bus behind bridge %s is in reset no more", text);
	}
	for (size_t i = 0; any && rc == 0 && (text = xlpt_journal_get(j, XLPT_NOTE_REGISTERS, i));
	     i++)
		rc = mend_function(env, text, diag);
	return rc;
}

/* ---- "reset = required" ---- */

static bool exempt(const struct xlpt_op *op, struct xlpt_bdf bdf, char **names)
{
	for (char **p = names; p && *p; p++) {
		struct xlpt_bdf named;

		if (xlpt_args_device(op->env, *p, &named, NULL) == 0 && xlpt_bdf_eq(named, bdf))
			return true;
	}
	return false;
}

int xlpt_reset_judge_required(struct xlpt_op *op, struct xlpt_item *item, struct xlpt_diag *diag)
{
	_cleanup_settings_ struct xlpt_settings settings = { 0 };
	_cleanup_reset_ways_ struct xlpt_reset_ways ways = { 0 };
	const struct xlpt_reset_way *bus;
	_cleanup_device_ struct xlpt_device dev = { 0 };
	const char *bdf = XLPT_BDF_STR(item->spec.bdf);
	int rc = xlpt_settings_read(op->env->host, &settings, op->over_budget ? NULL : diag);

	item->reset_required = rc == 0 && settings.reset_required &&
			       !exempt(op, item->spec.bdf, settings.reset_exempt);
	if (rc && !op->over_budget)
		return rc;
	if (!item->reset_required)
		return 0;
	rc = xlpt_op_bus(op, diag);
	if (rc == 0)
		rc = xlpt_scan_one(op->env->host, item->spec.bdf, XLPT_SCAN_CAPS, NULL, &dev, diag);
	if (rc)
		return rc;
	xlpt_reset_ways_of(op, &op->bus, &dev, &ways);
	if (xlpt_reset_first(&ways))
		return 0;
	xlpt_reset_no_way(item->spec.bdf, &ways, diag);
	xlpt_diag_recode(diag, XLPT_ERR_RULE);
	xlpt_diag_wrap(diag, "%s says reset = required", XLPT_SETTINGS_PATH);
	bus = xlpt_reset_find(&ways, XLPT_RESET_BUS);
	if (bus && bus->by != XLPT_RESET_BY_FUNCTION)
		xlpt_diag_hint(diag,
			       "give the guest all functions of the card in one command; or write "
			       "\"reset-exempt = %s\" into " XLPT_SETTINGS_PATH,
			       bdf);
	else
		xlpt_diag_hint(
			diag,
			"if its last user can be trusted: write \"reset-exempt = %s\" into " XLPT_SETTINGS_PATH,
			bdf);
	return XLPT_ERR_RULE;
}
