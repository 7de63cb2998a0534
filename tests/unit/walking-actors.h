/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For test-pool-walk: who does something in a walk. xlpt attaches and detaches, guests restart, xl and
 * virsh give VFs away without asking xlpt, and xlpt works with a guest of libvirt's.
 */
#ifndef XLPT_TESTS_UNIT_WALKING_ACTORS_H
#define XLPT_TESTS_UNIT_WALKING_ACTORS_H

#include "tests/unit/walking-checks.h"
#include "tests/unit/walking.h"
#include "xenstore/pcibe.h"

static inline void detach(struct walk *k, unsigned g, uint32_t domid, bool killed)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	_cleanup_free_ char *line = NULL;

	CHECK(k, xlpt_pcibe_read(fake_store_get(k->w->store), domid, &be, NULL) == 0);
	if (!be.n)
		return;
	line = xlpt_xasprintf("detach app%u %s%s", g,
			      XLPT_BDF_STR(be.devs[next(k, (unsigned)be.n)].bdf),
			      next(k, 3) ? "" : " --to-host");
	k->detaches++;
	if (killed ? run_to_be_killed(k, line) : run(k, "%s", line))
		FAIL(k, "%s", k->w->err);
}

static inline int do_run(struct walk *k, unsigned g)
{
	static const char *const looks[] = { "pool show lan", "pool list",
					     "repair",	      "list",
					     "status",	      "pool release --gone --timeout 1" };
	unsigned what = next(k, 8), other = (g + 1 + next(k, GUESTS - 1)) % GUESTS;

	if (what < XLPT_ARRAY_SIZE(looks))
		return run(k, "%s", looks[what]);
	if (!domid_of(k, other))
		return 0;
	/* Either way: whether there is a free one is not the question here. */
	if (run(k, "attach app%u pool:lan", other) && !strstr(k->w->err, "has no free VF"))
		return 1;
	k->attaches++;
	return 0;
}

/* By xl, with others who look and take between its steps. */
static inline void restart(struct walk *k, unsigned g, uint32_t domid)
{
	_cleanup_leases_ struct xlpt_leases had = leases_of(k);
	/* As an HVM guest: libxl takes its devices before it destroys its domain. */
	bool stripped = k->restarts++ % 2;
	char uuid[37];

	snprintf(uuid, sizeof(uuid), "%s", fake_ts_find(k->w->ts, domid, NULL)->uuid);
	for (unsigned at = 0; at < 5; at++) {
		if (at == 0)
			fake_ts_down(k->w->ts, domid);
		else if (at == 1 && stripped)
			fake_ts_stripped(k->w->ts, domid);
		else if (at == 1)
			fake_ts_dying(k->w->ts, domid);
		else if (at == 2)
			fake_ts_gap(k->w->ts, domid);
		else if (at == 3)
			domid = fake_ts_coming(k->w->ts, domid);
		else
			fake_ts_came(k->w->ts, domid);
		/* xl sleeps two seconds before it makes the next domain. */
		if (at == 2)
			k->w->clock.clock.sleep_ms(&k->w->clock.clock, 2000);
		check_kept(k, &had, uuid);
		for (unsigned n = next(k, 3); n > 0; n--) {
			if (do_run(k, g))
				FAIL(k, "%s", k->w->err);
			check_kept(k, &had, uuid);
		}
	}
	if (run(k, "pool list"))
		FAIL(k, "%s", k->w->err);
}

/* A VF that is free and hidden goes to db1, or comes back from it. */
static inline void by_xl(struct walk *k)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);
	struct xlpt_toolstack *ts = fake_ts_get(k->w->ts);

	k->by_xl++;
	snprintf(k->doing, sizeof(k->doing), "xl, with %zu", k->n_xl);
	trace(k);
	if (k->n_xl && next(k, 2)) {
		CHECK(k, ts->ops->device_remove(ts, DB1, k->xl[--k->n_xl], false, NULL) == 0);
		k->w->clock.clock.sleep_ms(&k->w->clock.clock, 1000);
		return;
	}
	for (unsigned i = 0; i < VFS && k->n_xl < 2; i++) {
		struct xlpt_spec spec;

		xlpt_spec_init(&spec);
		spec.has_bdf = true;
		spec.bdf = (struct xlpt_bdf){ .bus = 1,
					      .dev = (uint8_t)(0x10 + i / 4),
					      .func = (uint8_t)(i % 4 * 2) };
		if (xlpt_leases_find(&l, spec.bdf) ||
		    !xlpt_streq(fake_bus_driver_of(k->w->bus, XLPT_BDF_STR(spec.bdf)), "pciback") ||
		    fake_ts_owner(k->w->ts, spec.bdf) >= 0)
			continue;
		/* xl says no while the guest is still busy with its last change, and so be it. */
		if (ts->ops->device_add(ts, DB1, &spec, NULL)) {
			CHECK(k, fake_ts_owner(k->w->ts, spec.bdf) != DB1);
			return;
		}
		k->w->clock.clock.sleep_ms(&k->w->clock.clock, 1000);
		k->xl[k->n_xl++] = spec.bdf;
		return;
	}
}

/* A VF that nobody has goes to web1, or comes back from it, and xlpt is not asked. */
static inline void by_virsh(struct walk *k)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);

	k->by_virsh++;
	snprintf(k->doing, sizeof(k->doing), "virsh, with %zu", k->n_virsh);
	trace(k);
	for (unsigned i = 0; i < VFS; i++) {
		struct xlpt_bdf bdf = { .bus = 1,
					.dev = (uint8_t)(0x10 + i / 4),
					.func = (uint8_t)(i % 4 * 2) };
		bool back = k->n_virsh && next(k, 2);
		_cleanup_free_ char *xml = NULL;

		bdf = back ? k->virsh[k->n_virsh - 1] : bdf;
		if (!back && (k->n_virsh >= 2 || xlpt_leases_find(&l, bdf) ||
			      fake_ts_owner(k->w->ts, bdf) >= 0))
			continue;
		xml = xlpt_xasprintf(
			"<interface type='hostdev' managed='%s'><mac "
			"address='52:54:00:00:01:%02x'/><driver name='xen'/><source><address type='pci' "
			"domain='0x0000' bus='0x01' slot='0x%02x' "
			"function='0x%x'/></source></interface>",
			next(k, 2) ? "yes" : "no", i, bdf.dev, bdf.func);
		if (back) {
			CHECK(k, fake_virsh(k->libvirt, "detach-device", WEB1, xml) == 0);
			k->n_virsh--;
			/* The guest closes its frontend, and virsh does not wait for that. */
			k->w->clock.clock.sleep_ms(&k->w->clock.clock, 1000);
		} else if (fake_virsh(k->libvirt, "attach-device", WEB1, xml) == 0) {
			k->virsh[k->n_virsh++] = bdf;
			k->w->clock.clock.sleep_ms(&k->w->clock.clock, 1000);
		}
		return;
	}
}

/* xlpt's own with web1: through libvirt, which may be down. */
static inline void with_libvirt(struct walk *k, size_t out, bool killed)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);
	_cleanup_free_ char *line = NULL;
	bool down = next(k, 4) == 0, detaches = false;
	int status;

	for (size_t i = 0; !line && i < l.n; i++)
		if (l.items[i].domid == WEB1 && next(k, 2)) {
			line = xlpt_xasprintf("detach web1 %s", XLPT_BDF_STR(l.items[i].bdf));
			detaches = true;
		}
	if (!line)
		line = xlpt_xstrdup("attach web1 pool:lan");
	fake_libvirt_state(k->libvirt, down ? FAKE_LIBVIRT_STOPPED : FAKE_LIBVIRT_RUNS);
	status = killed && !down ? run_to_be_killed(k, line) : run(k, "%s", line);
	fake_libvirt_state(k->libvirt, FAKE_LIBVIRT_RUNS);
	if (down && status == 3 && strstr(k->w->err, "libvirt manages web1"))
		k->silent++;
	else if (!detaches)
		took(k, status, out, 1);
	else if (status)
		FAIL(k, "%s", k->w->err);
}

#endif
