/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the fake toolstack's guests end and come again, and xl's processes for them: as
 * tools/xl/xl_vmcontrol.c has it (create_domain, handle_domain_death), which destroys the old
 * domain, sleeps two seconds and creates the next one with the same UUID.
 */
#include "tests/fake/toolstack-internal.h"

#include <string.h>

#define MONITOR 5000 /* numbers of its processes begin there */

uint32_t fake_monitor_begins(struct fake_ts *f, uint32_t domid, const char *name)
{
	_cleanup_free_ char *dir = xlpt_xasprintf("/proc/%u", MONITOR + domid),
			    *comm = xlpt_xasprintf("%s/comm", dir),
			    *status = xlpt_xasprintf("%s/status", dir),
			    *stat = xlpt_xasprintf("%s/stat", dir),
			    *fd = xlpt_xasprintf("%s/fd/1", dir),
			    *log = xlpt_xasprintf("/var/log/xen/xl-%s.log", name), *text = NULL;

	if (!f->bus)
		return 0;
	text = xlpt_xasprintf("%u (xl) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %u 0 0\n",
			      MONITOR + domid, 1000 + domid);
	fake_bus_put(f->bus, comm, "xl\n");
	fake_bus_put(f->bus, status, "Name:\txl\nUid:\t0\t0\t0\t0\n");
	fake_bus_put(f->bus, stat, text);
	fake_bus_link(f->bus, fd, log);
	return MONITOR + domid;
}

void fake_monitor_ends(struct fake_ts *f, uint32_t pid)
{
	static const char *const files[] = { "comm", "status", "stat", "fd/1", "fd", "" };
	struct xlpt_host *h = f->host;

	for (size_t i = 0; pid && i < XLPT_ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *path = xlpt_xasprintf("/proc/%u/%s", pid, files[i]);

		if (h->ops->unlink(h, path))
			h->ops->rmdir(h, path);
	}
}

void fake_ts_monitors(struct fake_ts *f, struct fake_bus *bus)
{
	f->bus = bus;
}

static bool closes(struct fake_ts *f, uint32_t domid)
{
	struct fake_guest *g = fake_ts_guest_of(f, domid);

	if (!g || !fake_store_peek(f->store, "/local/domain/%u/device/pci/0/state", domid))
		return g != NULL;
	fake_store_set(f->store, "6", "/local/domain/%u/device/pci/0/state", domid);
	fake_store_set(f->store, "6", "/local/domain/0/backend/pci/%u/0/state", domid);
	return true;
}

void fake_ts_down(struct fake_ts *f, uint32_t domid)
{
	if (!closes(f, domid))
		return;
	fake_ts_guest_of(f, domid)->g.dying = fake_ts_guest_of(f, domid)->g.shut_down = true;
}

void fake_ts_stripped(struct fake_ts *f, uint32_t domid)
{
	fake_ts_down(f, domid);
	fake_store_set(f->store, NULL, "/local/domain/0/backend/pci/%u", domid);
	for (size_t i = 0; i < f->n_claims; i++) {
		struct fake_claim *c = &f->claims[i];

		if (c->owner != domid)
			continue;
		c->owner = FAKE_OWNER_IO;
		c->stripped = true;
		c->stripped_from = domid;
		fake_ts_set_note(f, c->bdf, NULL);
	}
}

void fake_ts_dying(struct fake_ts *f, uint32_t domid)
{
	fake_ts_down(f, domid);
	fake_ts_guest_of(f, domid)->g.shut_down = false;
}

void fake_ts_ended(struct fake_ts *f, uint32_t domid)
{
	closes(f, domid);
	fake_ts_forget(f, domid);
	fake_store_set(f->store, NULL, "/local/domain/%u", domid);
	fake_store_set(f->store, NULL, "/libxl/%u", domid);
}

static struct fake_gap *gap_of(struct fake_ts *f, uint32_t domid)
{
	for (size_t i = 0; i < f->n_gaps; i++)
		if (f->gaps[i].domid == domid || f->gaps[i].now == domid)
			return &f->gaps[i];
	return NULL;
}

static void end_gap(struct fake_ts *f, struct fake_gap *gap)
{
	free(gap->name);
	free(gap->bdfs);
	*gap = f->gaps[--f->n_gaps];
}

void fake_gaps_free(struct fake_ts *f)
{
	while (f->n_gaps)
		end_gap(f, f->gaps);
	free(f->gaps);
}

void fake_ts_gap(struct fake_ts *f, uint32_t domid)
{
	struct fake_guest *old = fake_ts_guest_of(f, domid);
	struct fake_gap gap = { .domid = domid,
				.name = xlpt_xstrdup(old->g.name),
				.type = old->g.type,
				.again = old->g.again,
				.monitor = old->monitor,
				.bdfs = xlpt_xcalloc(f->n_claims + 1, sizeof(*gap.bdfs)) };

	memcpy(gap.uuid, old->g.uuid, sizeof(gap.uuid));
	for (size_t i = 0; i < f->n_claims; i++) {
		struct fake_claim *c = &f->claims[i];

		if (c->owner == domid || (c->stripped && c->stripped_from == domid))
			gap.bdfs[gap.n++] = c->bdf;
		c->stripped = false;
	}
	old->monitor = 0;
	fake_ts_ended(f, domid);
	XLPT_GROW(f->gaps, f->n_gaps, f->alloc_gaps);
	f->gaps[f->n_gaps++] = gap;
}

void fake_ts_no_more(struct fake_ts *f, uint32_t domid)
{
	struct fake_gap *gap = gap_of(f, domid);

	fake_monitor_ends(f, gap->monitor);
	end_gap(f, gap);
}

uint32_t fake_ts_coming(struct fake_ts *f, uint32_t domid)
{
	struct fake_gap *gap = gap_of(f, domid);
	struct fake_bus *bus = f->bus;
	struct xlpt_guest *g;

	gap->now = f->next_domid++;
	f->bus = NULL; /* the process is the old one */
	g = fake_ts_guest(f, gap->now, gap->name, gap->type);
	f->bus = bus;
	g->paused = true;
	g->again = gap->again;
	memcpy(g->uuid, gap->uuid, sizeof(gap->uuid));
	fake_ts_guest_of(f, gap->now)->monitor = gap->monitor;
	fake_store_set(f->store, gap->name, "/local/domain/%u/name", gap->now);
	fake_store_set(f->store, "", "/local/domain/%u/device", gap->now);
	return gap->now;
}

void fake_ts_came(struct fake_ts *f, uint32_t now)
{
	_cleanup_free_ char *id = xlpt_xasprintf("%u", now);
	struct fake_guest *g = fake_ts_guest_of(f, now);
	struct fake_gap *gap = gap_of(f, now);

	/* What the dead one's backend still names is no matter to libxl. */
	for (size_t i = 0; i < gap->n; i++) {
		fake_ts_set_note(f, gap->bdfs[i], id);
		fake_ts_claim_of(f, gap->bdfs[i])->owner = now;
		fake_libxl_pci_start(f->store, now, gap->bdfs[i]);
	}
	g->g.paused = false;
	g->front = g->own = fake_pcifront_start(f->store, now, &f->boot);
	end_gap(f, gap);
}

uint32_t fake_ts_restarted(struct fake_ts *f, uint32_t domid)
{
	uint32_t now;

	fake_ts_gap(f, domid);
	now = fake_ts_coming(f, domid);
	fake_ts_came(f, now);
	return now;
}
