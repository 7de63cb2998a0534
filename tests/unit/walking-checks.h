/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For test-pool-walk: what must hold after every step of a walk. Each check ends the process with
 * exit 1 and the seed and the step when it does not hold.
 */
#ifndef XLPT_TESTS_UNIT_WALKING_CHECKS_H
#define XLPT_TESTS_UNIT_WALKING_CHECKS_H

#include "tests/unit/walking.h"
#include "xenstore/pcibe.h"

/* What its PF says of a VF: tagged, and with an address. */
static inline bool tagged(struct walk *k, struct xlpt_bdf bdf)
{
	_cleanup_free_ char *net = fake_rtnl_snapshot(k->w->rtnl),
			    *want = xlpt_xasprintf("enp1s0 vf %u mac 00:16:3e:",
						   (bdf.dev - 0x10u) * 4 + bdf.func / 2u);
	const char *line = strstr(net, want), *end = line ? strchr(line, '\n') : NULL,
		   *vlan = line ? strstr(line, " vlan 42:") : NULL;

	return vlan && vlan < end;
}

/* Of a guest that restarts: nobody else has it, and it is as the guest had it. */
static inline void check_kept(struct walk *k, const struct xlpt_leases *had, const char *uuid)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);
	struct xlpt_store *s = fake_store_get(k->w->store);
	struct xlpt_toolstack *ts = fake_ts_get(k->w->ts);

	for (size_t i = 0; i < had->n; i++) {
		struct xlpt_bdf bdf = had->items[i].bdf;
		const struct xlpt_lease *now = xlpt_leases_find(&l, bdf);
		_cleanup_guest_ struct xlpt_guest owner = { 0 };
		uint32_t domid = 0;

		if (strcmp(had->items[i].uuid, uuid) != 0)
			continue;
		if (!now || strcmp(now->uuid, uuid) != 0)
			FAIL(k, "%s is not leased any more", XLPT_BDF_STR(bdf));
		if (!tagged(k, bdf))
			FAIL(k, "%s lost its VLAN", XLPT_BDF_STR(bdf));
		if (xlpt_pcibe_owner(s, bdf, &domid, NULL) > 0 &&
		    ts->ops->guest_by_id(ts, domid, &owner, NULL) == 0 &&
		    strcmp(owner.uuid, uuid) != 0)
			FAIL(k, "%s is with domain %u", XLPT_BDF_STR(bdf), domid);
	}
}

/* What web1 has is what libvirt lists, and leased or of virsh. Returns how many are leased. */
static inline size_t check_libvirt(struct walk *k, const struct xlpt_leases *l)
{
	_cleanup_free_ char *list = fake_libvirt_list(k->libvirt);
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	size_t lines = 0, leased = 0;

	for (const char *p = list; *p; p++)
		lines += *p == '\n';
	CHECK(k, xlpt_pcibe_read(fake_store_get(k->w->store), WEB1, &be, NULL) == 0);
	if (be.n != lines)
		FAIL(k, "web1 has %zu devices, libvirt lists:\n%s", be.n, list);
	for (size_t i = 0; i < be.n; i++) {
		bool is = xlpt_leases_find(l, be.devs[i].bdf);

		if (!strstr(list, XLPT_BDF_STR(be.devs[i].bdf)))
			FAIL(k, "libvirt does not list %s", XLPT_BDF_STR(be.devs[i].bdf));
		if (is == among(k->virsh, k->n_virsh, be.devs[i].bdf))
			FAIL(k, "%s of web1 is leased, and of virsh, or neither",
			     XLPT_BDF_STR(be.devs[i].bdf));
		leased += is;
	}
	return leased;
}

/* What the guests have, against what is leased. Returns how many VFs are out. */
static inline size_t check(struct walk *k)
{
	_cleanup_leases_ struct xlpt_leases l = leases_of(k);
	struct xlpt_store *s = fake_store_get(k->w->store);
	size_t held = 0;

	for (size_t i = 0; i < l.n; i++) {
		uint32_t domid = 0;

		for (size_t j = 0; j < i; j++)
			if (xlpt_bdf_eq(l.items[i].bdf, l.items[j].bdf))
				FAIL(k, "%s is leased twice", XLPT_BDF_STR(l.items[i].bdf));
		if (l.items[i].busy)
			FAIL(k, "%s: its lease is still held", XLPT_BDF_STR(l.items[i].bdf));
		if (xlpt_pcibe_owner(s, l.items[i].bdf, &domid, NULL) <= 0 ||
		    (int64_t)domid != l.items[i].domid)
			FAIL(k, "%s is leased to domain %lld, and with domain %u",
			     XLPT_BDF_STR(l.items[i].bdf), (long long)l.items[i].domid, domid);
		if (!tagged(k, l.items[i].bdf))
			FAIL(k, "%s has no VLAN", XLPT_BDF_STR(l.items[i].bdf));
		if (among(k->xl, k->n_xl, l.items[i].bdf))
			FAIL(k, "%s is leased, and xl gave it away", XLPT_BDF_STR(l.items[i].bdf));
	}
	for (unsigned g = 0; g < GUESTS; g++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
		uint32_t domid = domid_of(k, g);

		if (!domid)
			continue;
		CHECK(k, xlpt_pcibe_read(s, domid, &be, NULL) == 0);
		for (size_t i = 0; i < be.n; i++) {
			held++;
			if (!xlpt_leases_find(&l, be.devs[i].bdf))
				FAIL(k, "%s is with app%u without a lease",
				     XLPT_BDF_STR(be.devs[i].bdf), g);
		}
	}
	held += check_libvirt(k, &l);
	if (held != l.n)
		FAIL(k, "%zu VFs are with guests, %zu are leased", held, l.n);
	return l.n + k->n_xl + k->n_virsh;
}

/* An empty pool is the only reason for a refusal. */
static inline void took(struct walk *k, int status, size_t out, size_t want)
{
	if (status == 0 && out + want <= VFS)
		return;
	if (status == 1 && out + want > VFS && strstr(k->w->err, "has no free VF")) {
		k->full++;
		return;
	}
	FAIL(k, "exit %d with %zu of %d out: %s", status, out, VFS, k->w->err);
}

#endif
