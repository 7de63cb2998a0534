/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What else is in the isolation sets of the devices that are to be given away or back to dom0,
 * where it is now, and whether the sets may be divided.
 */
#include "xl-plugin/hotplug/split.h"

#include "core/policy-together.h"
#include "pciback/device/scan.h"
#include "pciback/isolate/isolate.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/kept/locks.h"
#include "xl-plugin/kept/resolve.h"

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

static bool in_set(const struct xlpt_op *op, struct xlpt_bdf bdf, const struct xlpt_sets *sets,
		   size_t set)
{
	const struct xlpt_device *d = xlpt_devices_find(&op->bus, bdf);

	return d && sets->of[d - op->bus.items] == set;
}

/*
 * One consent is for one set, whichever of its members is named: by this command, or for good by
 * the names in xlpt.conf.
 */
static bool allowed(const struct xlpt_op *op, char **names, const struct xlpt_sets *sets,
		    size_t set)
{
	bool is = false;

	for (size_t i = 0; i < op->allow_split.n; i++)
		is |= in_set(op, op->allow_split.items[i], sets, set);
	for (char **p = names; !is && p && *p; p++) {
		struct xlpt_bdf named;

		is = xlpt_args_device(op->env, *p, &named, NULL) == 0 &&
		     in_set(op, named, sets, set);
	}
	return is;
}

void xlpt_op_add_mate(struct xlpt_op *op, const struct xlpt_mate *mate)
{
	XLPT_GROW(op->mates, op->n_mates, op->alloc_mates);
	op->mates[op->n_mates++] = *mate;
}

/*
 * The lasting consents of this host (allow-split in xlpt.conf). An operation that goes over the
 * budget does without them when the file is wrong.
 */
static int read_consents(const struct xlpt_op *op, struct xlpt_settings *s, struct xlpt_diag *diag)
{
	int rc = xlpt_settings_read(op->env->host, s, op->over_budget ? NULL : diag);

	return op->over_budget ? 0 : rc;
}

static void add_set_mates(struct xlpt_op *op, size_t i, const struct xlpt_sets *sets, size_t set,
			  bool divided)
{
	const struct xlpt_devices *devs = &op->bus;

	for (size_t m = sets->start[set]; m < sets->start[set + 1]; m++) {
		const struct xlpt_device *mate = &devs->items[sets->member[m]];

		if (!xlpt_set_ignores(mate) && item_of(op, mate->bdf) == op->n)
			xlpt_op_add_mate(
				op, &(struct xlpt_mate){
					    .item = i,
					    .bdf = mate->bdf,
					    .divided = divided,
					    .why = xlpt_sets_reason(sets, devs, sets->member[m]) });
	}
}

int xlpt_op_find_mates(struct xlpt_op *op, struct xlpt_diag *diag)
{
	const struct xlpt_devices *devs = &op->bus;
	_cleanup_sets_ struct xlpt_sets sets = { 0 };
	_cleanup_settings_ struct xlpt_settings settings = { 0 };
	_cleanup_devices_ struct xlpt_devices all = { 0 };
	_cleanup_free_ bool *done = NULL;
	int rc = read_consents(op, &settings, diag);

	if (rc == 0)
		rc = xlpt_op_bus(op, diag);
	if (rc)
		return rc;
	xlpt_sets_make(devs, &sets);
	done = xlpt_xcalloc(sets.n + 1, sizeof(*done));
	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		const struct xlpt_device *d = xlpt_devices_find(devs, op->items[i].spec.bdf);
		bool divided;
		size_t set;

		/* A device that is not there is refused when the facts are read. */
		if (!d)
			continue;
		set = sets.of[d - devs->items];
		divided = allowed(op, settings.allow_split, &sets, set);
		if (!done[set])
			add_set_mates(op, i, &sets, set, divided);
		done[set] = true;
		rc = xlpt_op_add_page_mates(op, i, divided, &all, diag);
	}
	return rc;
}

int xlpt_op_mates_again(struct xlpt_op *op, bool *same, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **now = NULL;
	size_t n = 0;
	int rc;

	*same = true;
	if (!op->find_mates || xlpt_host_list(op->env->host, &now, "/sys/bus/pci/devices"))
		return 0;
	while (now[n] && op->bus_names && xlpt_streq(now[n], op->bus_names[n]))
		n++;
	if (!now[n] && op->bus_names && !op->bus_names[n])
		return 0;
	xlpt_op_drop_mates(op);
	xlpt_op_drop_bus(op);
	rc = op->find_mates(op, diag);
	for (size_t i = 0; rc == 0 && i < op->n_mates; i++)
		*same &= op->mates[i].divided || xlpt_locked_device(op->env, op->mates[i].bdf);
	return rc;
}

/* Members of one set as they are now, for the rules. The arrays have room for all. */
struct present {
	struct xlpt_device *devices;
	struct xlpt_place *places;
	struct xlpt_set_mate *mates;
	size_t n;
};

static void present_dispose(struct present *p)
{
	for (size_t i = 0; i < p->n; i++) {
		xlpt_device_dispose(&p->devices[i]);
		xlpt_place_dispose(&p->places[i]);
	}
	free(p->devices);
	free(p->places);
	free(p->mates);
}

static void present_init(struct present *p, size_t room)
{
	*p = (struct present){ .devices = xlpt_xcalloc(room + 1, sizeof(*p->devices)),
			       .places = xlpt_xcalloc(room + 1, sizeof(*p->places)),
			       .mates = xlpt_xcalloc(room + 1, sizeof(*p->mates)) };
}

/*
 * Reads a member anew: what was seen before the locks may be old. One that was unplugged since is
 * no mate.
 */
static int present_add(struct present *p, struct xlpt_op *op, struct xlpt_bdf bdf, const char *why,
		       struct xlpt_diag *diag)
{
	struct xlpt_device *now = &p->devices[p->n];
	struct xlpt_place *place = &p->places[p->n];
	int rc = xlpt_scan_one(op->env->host, bdf, XLPT_SCAN_BRIEF, NULL, now, diag);

	if (rc == XLPT_ERR_NO_DEVICE) {
		xlpt_diag_dispose(diag);
		return 0;
	}
	if (rc)
		return rc;
	p->mates[p->n++] = (struct xlpt_set_mate){ .device = now, .place = place, .why = why };
	return xlpt_place_read(op->env, now, &op->owners, &op->needs, place, diag);
}

/* Another device of this command counts as the guest's. */
static void as_items(const struct xlpt_op *op, struct present *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct xlpt_place *place = &p->places[i];

		if (item_of(op, p->devices[i].bdf) == op->n)
			continue;
		xlpt_place_dispose(place);
		*place = (struct xlpt_place){ .has_owner = true,
					      .owner_domid = op->guest.domid,
					      .owner_name = xlpt_xstrdup(op->guest.name) };
	}
}

int xlpt_op_judge_carrier(struct xlpt_op *op, const struct xlpt_item *item, struct xlpt_diag *diag)
{
	XLPT_CLEANUP(present_dispose) struct present p = { 0 };
	bool driven = item->device.driver && !item->place.on_pciback;
	int rc = driven ? xlpt_op_bus(op, diag) : 0;

	if (!driven || rc)
		return rc;
	present_init(&p, op->bus.n);
	for (size_t i = 0; rc == 0 && i < op->bus.n; i++) {
		const struct xlpt_device *d = &op->bus.items[i];

		if (d->has_carrier && xlpt_bdf_eq(d->carrier, item->spec.bdf) &&
		    !xlpt_set_ignores(d))
			rc = present_add(&p, op, d->bdf, NULL, diag);
	}
	return rc ? rc : xlpt_policy_carrier(&item->device, p.mates, p.n, diag);
}

/* Functions with registers in a page of item's: refused, or told of when they are not. */
static int judge_pages(struct xlpt_op *op, const struct xlpt_mate *list, struct present *p,
		       const struct xlpt_guest *guest, bool tell, struct xlpt_diag *diag)
{
	const struct xlpt_item *item = &op->items[list->item];

	as_items(op, p);
	if (!tell)
		return xlpt_policy_pages(&item->device, guest, p->mates, p->n, diag);
	/* check comes here also with a set that it has found refused. */
	if (!list->divided && xlpt_policy_pages(&item->device, guest, p->mates, p->n, NULL))
		return 0;
	for (size_t i = 0; i < p->n; i++) {
		_cleanup_diag_ struct xlpt_diag warning = { 0 };

		if (xlpt_policy_page(&item->device, guest, &p->mates[i], &warning))
			xlpt_op_warn(op, &warning);
	}
	return 0;
}

/*
 * Judges the members from list[first] on that belong to one item; when they are divided, tells it.
 */
static int judge_one(struct xlpt_op *op, const struct xlpt_mate *list, size_t n, bool divided,
		     struct xlpt_diag *diag)
{
	XLPT_CLEANUP(present_dispose) struct present p = { 0 };
	const struct xlpt_item *item = &op->items[list->item];
	const struct xlpt_guest *guest = item->give_back_to_dom0 ? NULL : &op->guest;
	_cleanup_free_ char *means = NULL;
	int rc = 0;

	/* Under the locks: a detach of a device that dom0 has already brings nobody together. */
	if (item->give_back_to_dom0 && item->nothing)
		return 0;
	present_init(&p, n);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = present_add(&p, op, list[i].bdf, list[i].why, diag);
	if (rc)
		return rc;
	if (list->page)
		return judge_pages(op, list, &p, guest, divided, diag);
	if (!divided)
		return guest ? xlpt_policy_split(&item->device, guest, p.mates, p.n, diag)
			     : xlpt_policy_rejoin(&item->device, p.mates, p.n, diag);
	means = xlpt_policy_divided(&item->device, guest, p.mates, p.n);
	if (means)
		xlpt_warn(op->env, "%s", means);
	return 0;
}

/* The end of the mates that are judged together with mate i. */
static size_t group_end(const struct xlpt_op *op, size_t i)
{
	size_t last = i + 1;

	while (last < op->n_mates && op->mates[last].item == op->mates[i].item &&
	       op->mates[last].page == op->mates[i].page)
		last++;
	return last;
}

/*
 * The sets are judged first: somebody who is told to move registers must not be refused for the
 * set afterwards.
 */
enum pass { SETS, PAGES, TELL };

static bool in_pass(const struct xlpt_mate *m, enum pass pass)
{
	if (pass == TELL)
		return m->divided || m->page;
	return !m->divided && m->page == (pass == PAGES);
}

static int judge_each(struct xlpt_op *op, enum pass pass, struct xlpt_diag *diag)
{
	size_t last;

	for (size_t i = 0; i < op->n_mates; i = last) {
		const struct xlpt_mate *m = &op->mates[i];
		int rc = 0;

		last = group_end(op, i);
		xlpt_op_point(op, m->page ? "memory page" : "isolation set", &op->items[m->item]);
		if (in_pass(m, pass))
			rc = xlpt_op_judged(op, judge_one(op, m, last - i, pass == TELL, diag),
					    diag);
		if (rc)
			return rc;
	}
	return 0;
}

const struct xlpt_bdf *xlpt_op_divides(struct xlpt_op *op)
{
	bool asked = false;
	size_t last;

	for (size_t i = 0; i < op->n; i++)
		asked |= op->items[i].place.needed ||
			 (!op->items[i].place.on_pciback && !op->items[i].take_from_dom0);
	for (size_t i = 0; asked && i < op->n_mates; i = last) {
		last = group_end(op, i);
		if (!op->mates[i].divided &&
		    judge_one(op, &op->mates[i], last - i, false, NULL) == XLPT_ERR_RULE)
			return &op->items[op->mates[i].item].spec.bdf;
	}
	return NULL;
}

int xlpt_op_judge_split(struct xlpt_op *op, struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < op->n; i++) {
		xlpt_op_point(op, "VMD", &op->items[i]);
		rc = xlpt_op_judged(op, xlpt_op_judge_carrier(op, &op->items[i], diag), diag);
	}
	if (rc == 0)
		rc = judge_each(op, SETS, diag);
	if (rc == 0)
		rc = judge_each(op, PAGES, diag);
	/* Nothing is refused: tells what was allowed. */
	return rc ? rc : judge_each(op, TELL, diag);
}
