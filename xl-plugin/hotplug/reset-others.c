/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The devices that a reset of another one hits, too: who uses them, and what ends that. */
#include "core/text.h"
#include "xl-plugin/hotplug/reset.h"

struct others {
	struct xlpt_set_mate *mates;
	struct xlpt_place *places;
	size_t n;
};

static void others_dispose(struct others *o)
{
	while (o->n--)
		xlpt_place_dispose(&o->places[o->n]);
	free(o->mates);
	free(o->places);
}

static int add_other(struct xlpt_op *op, const struct xlpt_owners *owners,
		     const struct xlpt_device *d, struct others *o, struct xlpt_diag *diag)
{
	o->mates[o->n] = (struct xlpt_set_mate){ .device = d, .place = &o->places[o->n] };
	return xlpt_place_read(op->env, d, owners, &op->needs, &o->places[o->n++], diag);
}

/* first: a device beside those that the way hits, or NULL. */
static int read_others(struct xlpt_op *op, const struct xlpt_owners *owners,
		       const struct xlpt_devices *all, const struct xlpt_device *first,
		       const struct xlpt_reset_way *way, struct others *o, struct xlpt_diag *diag)
{
	int rc = 0;

	*o = (struct others){ .mates = xlpt_xcalloc(way->n_also + 1, sizeof(*o->mates)),
			      .places = xlpt_xcalloc(way->n_also + 1, sizeof(*o->places)) };
	if (first)
		rc = add_other(op, owners, first, o, diag);
	for (size_t i = 0; rc == 0 && i < way->n_also; i++) {
		const struct xlpt_device *d = xlpt_devices_find(all, way->also[i]);

		if (d)
			rc = add_other(op, owners, d, o, diag);
	}
	return rc;
}

/*
 * Other devices that are hit must not be in use, by a guest or by dom0. No option overrides that.
 */
int xlpt_reset_others(struct xlpt_op *op, const struct xlpt_owners *owners,
		      const struct xlpt_devices *all, const struct xlpt_device *dev,
		      const struct xlpt_reset_way *way, struct xlpt_diag *diag)
{
	XLPT_CLEANUP(others_dispose) struct others o;
	int rc = read_others(op, owners, all, NULL, way, &o, diag);

	return rc ? rc : xlpt_policy_reset_hits(dev, xlpt_reset_word(way->how), o.mates, o.n, diag);
}

/* The one that this host needs, if that is the reason, in few words: there can be many others. */
static char *why_never(const struct others *o, const struct xlpt_diag *no)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->places[i].needed && xlpt_mate_used(&o->mates[i]))
			return xlpt_xasprintf("this host needs %s: %s",
					      XLPT_BDF_STR(o->mates[i].device->bdf),
					      o->places[i].needed);
	return xlpt_xstrdup(no->fact);
}

static void judge_line(struct xlpt_op *op, const struct xlpt_owners *owners,
		       const struct xlpt_devices *all, const struct xlpt_device *dev,
		       struct xlpt_reset_way *way)
{
	XLPT_CLEANUP(others_dispose) struct others o;
	_cleanup_diag_ struct xlpt_diag no = { 0 };
	char *mends = way->mends, *why_not = way->why_not;

	/* What is not known is left as it is. The line resets dev, too, so it must be out of use as well. */
	if (read_others(op, owners, all, dev, way, &o, &no) == 0)
		switch (xlpt_policy_reset_hits(dev, xlpt_reset_word(way->how), o.mates, o.n, &no)) {
		case XLPT_ERR_HOST_NEEDS: {
			_cleanup_free_ char *never = why_never(&o, &no);

			way->why_not = xlpt_xasprintf("%s; and %s", why_not, never);
			way->mends = NULL;
			free(why_not);
			free(mends);
			break;
		}
		case XLPT_ERR_RULE:
			way->mends = xlpt_xasprintf("%s; %s", no.hint, mends);
			free(mends);
			break;
		}
}

void xlpt_reset_judge_lines(struct xlpt_op *op, const struct xlpt_owners *owners,
			    const struct xlpt_devices *all, const struct xlpt_device *dev,
			    struct xlpt_reset_ways *ways)
{
	for (size_t i = 0; i < ways->n; i++)
		if (ways->items[i].by != XLPT_RESET_BY_FUNCTION && ways->items[i].mends &&
		    xlpt_starts(ways->items[i].mends, "xlpt reset "))
			judge_line(op, owners, all, dev, &ways->items[i]);
}
