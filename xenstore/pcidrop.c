/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking a device out of a backend without the guest's help. */
#include <errno.h>

#include "xenstore/pcibe-internal.h"

/* No release so far writes PCI devices there; libxl cleans the place all the same. */
#define LIBXL_COPY "/libxl/%u/device/pci/0"

/*
 * Nobody else does, neither the kernel nor libxl: after a repair it would go on telling of the
 * old failure.
 */
static int remove_errors(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	_cleanup_free_ char *path = xlpt_xasprintf(PCIBE_ERRORS "/%u/0", *(uint32_t *)arg);

	return xlpt_store_prune(s, t, path, "/local/domain/0/error");
}

int xlpt_pcibe_clear_gave_up(struct xlpt_store *s, uint32_t domid, char **said,
			     struct xlpt_diag *diag)
{
	int r = 0;

	*said = xlpt_pcibe_gave_up(s, domid);
	if (*said)
		r = xlpt_store_rm(s, 0, PCIBE_FRONT_ERROR, domid);
	return r && r != -ENOENT ? xlpt_store_error(diag, r,
						    "removing the error node of domain %u's "
						    "PCI frontend",
						    domid)
				 : 0;
}

/*
 * The frontend's directory is the guest's. One that writes there without pause keeps every
 * transaction that has touched it from being committed. By itself the directory goes at once; the
 * guest cannot make it again, because the directory above is dom0's. whole: body removes it.
 */
static int transact(struct xlpt_store *s, int (*body)(struct xlpt_store *s, xlpt_xst t, void *arg),
		    void *arg, uint32_t domid, const bool *whole)
{
	int r = xlpt_store_transact(s, body, arg);

	if (r != -EAGAIN || !*whole)
		return r;
	r = xlpt_store_rm(s, 0, PCIBE_FRONTEND, domid);
	return r && r != -ENOENT ? r : xlpt_store_transact(s, body, arg);
}

struct drop {
	struct xlpt_bdf bdf;
	int state;
	bool whole; /* it is the last device */
	struct xlpt_pcibe be;
};

/* Moves all nodes of one index to another whose nodes are gone already. */
static int move_index(struct xlpt_store *s, xlpt_xst t, uint32_t domid, unsigned from, unsigned to)
{
	int r = 0;

	for (int i = 0; !r && i < N_NODES; i++) {
		const char *name = pcibe_node_names[i];
		_cleanup_free_ char *text = NULL;

		r = xlpt_store_read(s, t, &text, PCIBE_BACKEND "/%s-%u", domid, name, from);
		if (r == -ENOENT) {
			r = 0;
			continue;
		}
		if (!r)
			r = xlpt_store_write(s, t, text, PCIBE_BACKEND "/%s-%u", domid, name, to);
		if (!r)
			r = xlpt_store_rm(s, t, PCIBE_BACKEND "/%s-%u", domid, name, from);
	}
	return r;
}

/* As libxl__device_destroy: the directories, and parents that are left empty. */
static int remove_directories(struct xlpt_store *s, xlpt_xst t, uint32_t domid)
{
	_cleanup_free_ char *fe = xlpt_xasprintf(PCIBE_FRONTEND, domid);
	_cleanup_free_ char *fe_stop = xlpt_xasprintf("/local/domain/%u/device", domid);
	_cleanup_free_ char *copy = xlpt_xasprintf(LIBXL_COPY, domid);
	_cleanup_free_ char *copy_stop = xlpt_xasprintf("/libxl/%u/device", domid);
	_cleanup_free_ char *be = xlpt_xasprintf(PCIBE_BACKEND, domid);
	int r;

	r = xlpt_store_prune(s, t, fe, fe_stop);
	if (!r)
		r = xlpt_store_prune(s, t, copy, copy_stop);
	if (!r)
		r = xlpt_store_prune(s, t, be, "/local/domain/0/backend");
	if (!r)
		r = remove_errors(s, t, &domid);
	return r;
}

static int drop_body(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	struct drop *d = arg;
	uint32_t domid = d->be.domid;
	const struct xlpt_pcidev *dev;
	char text[16];
	int left = 0, num, r;

	r = pcibe_read_body(s, t, &d->be);
	if (r)
		return r;
	dev = xlpt_pcibe_find(&d->be, d->bdf);
	if (!dev)
		return -ENODEV;
	for (size_t i = 0; i < d->be.n; i++)
		left += &d->be.devs[i] != dev && d->be.devs[i].has_dev;
	d->whole = !left;
	if (!left)
		return remove_directories(s, t, domid);

	for (int i = 0; !r && i < N_NODES; i++)
		r = xlpt_store_rm(s, t, PCIBE_BACKEND "/%s-%u", domid, pcibe_node_names[i],
				  dev->index);
	for (const struct xlpt_pcidev *p = dev + 1; !r && p < d->be.devs + d->be.n; p++)
		r = move_index(s, t, domid, p->index, p->index - 1);
	/* What libxl did not count (an index past num_devs) is not taken off the count. */
	num = d->be.num_devs < 0 ? left : d->be.num_devs - (dev->index < (unsigned)d->be.num_devs);
	snprintf(text, sizeof(text), "%d", num);
	if (!r)
		r = xlpt_store_write(s, t, text, PCIBE_BACKEND "/num_devs", domid);
	/*
	 * Last and in the same commit: the frontend's watch fires on the write,
	 * and pciback then walks the indices as they are after the move.
	 */
	snprintf(text, sizeof(text), "%d", d->state);
	if (!r && d->state != XLPT_XBS_NONE)
		r = xlpt_store_write(s, t, text, PCIBE_BACKEND "/state", domid);
	return r;
}

int xlpt_pcibe_drop(struct xlpt_store *s, uint32_t domid, struct xlpt_bdf bdf, int state,
		    struct xlpt_diag *diag)
{
	struct drop d = { .bdf = bdf, .state = state, .be.domid = domid };
	int r = transact(s, drop_body, &d, domid, &d.whole);

	xlpt_pcibe_dispose(&d.be);
	if (!r)
		return 0;
	if (r != -ENODEV)
		return xlpt_store_error(diag, r, "taking %s out of the backend of domain %u",
					XLPT_BDF_STR(bdf), domid);
	xlpt_diag_set(diag, XLPT_ERR_NOT_HELD, "domain %u does not have %s", domid,
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "no dev-N of " PCIBE_BACKEND " is that address", domid);
	xlpt_diag_hint(diag, "xlpt status shows what is where");
	return XLPT_ERR_NOT_HELD;
}

struct empty {
	uint32_t domid;
	bool removed;
};

static int empty_body(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	struct empty *e = arg;
	_cleanup_pcibe_ struct xlpt_pcibe be = { .domid = e->domid };
	int r = pcibe_read_body(s, t, &be);

	e->removed = false;
	if (r || !be.exists)
		return r;
	for (size_t i = 0; i < be.n; i++)
		if (be.devs[i].has_dev)
			return 0;
	e->removed = true;
	return remove_directories(s, t, e->domid);
}

int xlpt_pcibe_remove_empty(struct xlpt_store *s, uint32_t domid, bool *removed,
			    struct xlpt_diag *diag)
{
	struct empty e = { .domid = domid };
	int r = transact(s, empty_body, &e, domid, &e.removed);

	*removed = e.removed;
	return r ? xlpt_store_error(diag, r, "removing the empty backend of domain %u", domid) : 0;
}

struct mend {
	uint32_t domid;
	struct xlpt_pcibe_bad bad;
	bool changed;
	bool whole; /* nothing is left of it */
};

/* Each that is no address becomes one, or one that is not there. */
static int judge_bad(struct xlpt_store *s, xlpt_xst t, const struct mend *m, struct xlpt_pcibe *be)
{
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; !r && i < be->n; i++) {
		struct xlpt_pcidev *dev = &be->devs[i];

		if (!xlpt_pcidev_bad(dev))
			continue;
		if (m->bad.has_bdf && !n++)
			r = xlpt_store_write(s, t, XLPT_BDF_STR(m->bad.bdf),
					     PCIBE_BACKEND "/dev-%u", m->domid, dev->index);
		else if (m->bad.drop)
			dev->has_dev = false;
		else
			r = -EILSEQ;
	}
	return r;
}

static int mend_body(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	struct mend *m = arg;
	_cleanup_pcibe_ struct xlpt_pcibe be = { .domid = m->domid };
	unsigned to = 0;
	char text[16];
	int r = pcibe_read_body(s, t, &be);

	m->changed = m->whole = false;
	if (r || !be.exists || be.consistent)
		return r;
	r = judge_bad(s, t, m, &be);
	for (size_t i = 0; !r && i < be.n; i++) {
		for (int k = 0; !r && !be.devs[i].has_dev && k < N_NODES; k++)
			r = xlpt_store_rm(s, t, PCIBE_BACKEND "/%s-%u", m->domid,
					  pcibe_node_names[k], be.devs[i].index);
		if (!be.devs[i].has_dev)
			continue;
		if (!r && be.devs[i].index != to)
			r = move_index(s, t, m->domid, be.devs[i].index, to);
		to++;
	}
	m->whole = !to;
	if (!r && !to)
		r = remove_directories(s, t, m->domid);
	snprintf(text, sizeof(text), "%u", to);
	if (!r && to)
		r = xlpt_store_write(s, t, text, PCIBE_BACKEND "/num_devs", m->domid);
	m->changed = !r;
	return r;
}

int xlpt_pcibe_mend(struct xlpt_store *s, uint32_t domid, const struct xlpt_pcibe_bad *bad,
		    bool *changed, struct xlpt_diag *diag)
{
	struct mend m = { .domid = domid, .bad = bad ? *bad : (struct xlpt_pcibe_bad){ 0 } };
	int r = transact(s, mend_body, &m, domid, &m.whole);

	*changed = m.changed;
	if (!r)
		return 0;
	if (r != -EILSEQ)
		return xlpt_store_error(diag, r, "mending the PCI backend of domain %u", domid);
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
		      "the PCI backend of domain %u names a device that is no "
		      "PCI address",
		      domid);
	xlpt_diag_fact(diag, "see xenstore-ls " PCIBE_BACKEND, domid);
	xlpt_diag_hint(diag, "shut that guest down: its backend goes with it");
	return XLPT_ERR_CONFLICT;
}
