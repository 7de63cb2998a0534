/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Isolation sets: what else is in the sets of the devices that are to be given
 * away, or back to dom0, and where it is. The mates are locked with the devices:
 * two guests that want one each at the same moment are told the truth.
 */
#include "pciback/isolate.h"
#include "pciback/scan.h"
#include "xl-plugin/op.h"
#include "xl-plugin/resolve.h"

void xlpt_op_drop_mates(struct xlpt_op *op)
{
	for (size_t i = 0; i < op->n_mates; i++)
		free(op->mates[i].why);
	free(op->mates);
	op->mates = NULL;
	op->n_mates = op->alloc_mates = 0;
}

static size_t item_of(const struct xlpt_op *op, struct xlpt_bdf bdf)
{
	size_t i = 0;

	while (i < op->n && !xlpt_bdf_eq(op->items[i].spec.bdf, bdf))
		i++;
	return i;
}

static int check_allowed(const struct xlpt_op *op, struct xlpt_diag *diag)
{
	for (char **p = op->allow_split; p && *p; p++) {
		struct xlpt_bdf named;
		int rc = xlpt_args_device(op->env, *p, &named, diag);

		if (rc) {
			xlpt_diag_wrap(diag, "--allow-split");
			return rc;
		}
		if (item_of(op, named) == op->n) {
			xlpt_diag_set(diag, XLPT_ERR_USAGE, "--allow-split names %s, which is not "
				      "among the devices of this command", XLPT_BDF_STR(named));
			xlpt_diag_hint(diag, "name the device whose set is to be divided, and no other");
			return XLPT_ERR_USAGE;
		}
	}
	return 0;
}

/* One allowance is for one set, whichever of its members the command names. */
static bool allowed(const struct xlpt_op *op, const struct xlpt_devices *devs,
		    const struct xlpt_sets *sets, size_t set)
{
	for (char **p = op->allow_split; p && *p; p++) {
		const struct xlpt_device *d;
		struct xlpt_bdf named;

		if (xlpt_args_device(op->env, *p, &named, NULL))
			continue;
		d = xlpt_devices_find(devs, named);
		if (d && sets->of[d - devs->items] == set)
			return true;
	}
	return false;
}

static void add_mate(struct xlpt_op *op, size_t item, struct xlpt_bdf bdf, char *why)
{
	XLPT_GROW(op->mates, op->n_mates, op->alloc_mates);
	op->mates[op->n_mates++] = (struct xlpt_mate){ .item = item, .bdf = bdf, .why = why };
}

int xlpt_op_find_mates(struct xlpt_op *op, struct xlpt_diag *diag)
{
	const struct xlpt_devices *devs = &op->bus;
	_cleanup_sets_ struct xlpt_sets sets = { 0 };
	_cleanup_free_ bool *done = NULL;
	int rc = check_allowed(op, diag);

	if (rc == 0)
		rc = xlpt_op_bus(op, diag);
	if (rc)
		return rc;
	xlpt_sets_make(devs, &sets);
	done = xlpt_xcalloc(sets.n + 1, sizeof(*done));
	for (size_t i = 0; i < op->n; i++) {
		const struct xlpt_device *d = xlpt_devices_find(devs, op->items[i].spec.bdf);
		size_t set;

		/* One that is not there is refused where the facts are read. */
		if (!d)
			continue;
		set = sets.of[d - devs->items];
		if (done[set] || allowed(op, devs, &sets, set))
			continue;
		done[set] = true;
		for (size_t m = sets.start[set]; m < sets.start[set + 1]; m++) {
			const struct xlpt_device *mate = &devs->items[sets.member[m]];

			if (!xlpt_set_ignores(mate) && item_of(op, mate->bdf) == op->n)
				add_mate(op, i, mate->bdf, xlpt_sets_reason(&sets, devs, sets.member[m]));
		}
	}
	return 0;
}

int xlpt_op_judge_split(struct xlpt_op *op, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < op->n_mates; i++) {
		struct xlpt_mate *m = &op->mates[i];
		_cleanup_place_ struct xlpt_place place = { 0 };
		_cleanup_device_ struct xlpt_device now = { 0 };
		struct xlpt_set_mate facts = { .device = &now, .place = &place, .why = m->why };

		/* It is locked now; what was seen before may be old. Unplugged since is no mate. */
		if (op->to_host && op->items[m->item].nothing)
			continue;
		rc = xlpt_scan_one(op->env->host, m->bdf, XLPT_SCAN_BRIEF, NULL, &now, diag);
		if (rc == XLPT_ERR_NO_DEVICE) {
			xlpt_diag_dispose(diag);
			rc = 0;
			continue;
		}
		if (rc == 0)
			rc = xlpt_place_read(op->env, &now, &op->owners, NULL, &place, diag);
		if (rc == 0)
			rc = op->to_host ? xlpt_policy_rejoin(&op->items[m->item].device, &facts, diag)
					 : xlpt_policy_split(&op->items[m->item].device, &op->guest,
							     &facts, diag);
	}
	return rc;
}
