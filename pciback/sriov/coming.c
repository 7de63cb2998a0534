/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A virtual function that is not there: its address shows which PF has to make it. */
#include "pciback/device/bind.h"
#include "pciback/device/scan.h"
#include "pciback/sriov/vf.h"

#define DEVICES "/sys/bus/pci/devices"

static long long rid_of(struct xlpt_bdf bdf)
{
	return bdf.bus << 8 | bdf.dev << 3 | bdf.func;
}

bool xlpt_vf_place_read(struct xlpt_host *h, struct xlpt_bdf pf, struct xlpt_vf_place *out)
{
	const char *name = XLPT_BDF_STR(pf);

	*out = (struct xlpt_vf_place){ .pf = pf };
	return xlpt_host_read_long(h, &out->offset, DEVICES "/%s/sriov_offset", name) >= 0 &&
	       xlpt_host_read_long(h, &out->stride, DEVICES "/%s/sriov_stride", name) >= 0 &&
	       out->offset > 0 && out->offset <= 0xffff && out->stride >= 0 &&
	       out->stride <= 0xffff;
}

bool xlpt_vf_place_at(const struct xlpt_vf_place *place, unsigned n, struct xlpt_bdf *out)
{
	long long rid = rid_of(place->pf) + place->offset + (long long)n * place->stride;

	if (rid > 0xffff || (n && !place->stride))
		return false;
	*out = (struct xlpt_bdf){ .seg = place->pf.seg,
				  .bus = (uint8_t)(rid >> 8),
				  .dev = (uint8_t)(rid >> 3 & 0x1f),
				  .func = (uint8_t)(rid & 7) };
	return true;
}

bool xlpt_vf_place_index(const struct xlpt_vf_place *place, struct xlpt_bdf bdf, unsigned *n)
{
	long long far = rid_of(bdf) - rid_of(place->pf) - place->offset;

	if (bdf.seg != place->pf.seg || far < 0 ||
	    (place->stride ? far % place->stride != 0 : far != 0))
		return false;
	*n = place->stride ? (unsigned)(far / place->stride) : 0;
	return true;
}

void xlpt_vf_places_dispose(struct xlpt_vf_places *places)
{
	free(places->items);
	*places = (struct xlpt_vf_places){ 0 };
}

static void read_places(struct xlpt_host *h, struct xlpt_vf_places *places)
{
	_cleanup_devices_ struct xlpt_devices devs = { 0 };
	struct xlpt_vf_place place;

	places->read = true;
	if (xlpt_scan_all(h, 0, NULL, &devs, NULL))
		return;
	for (size_t i = 0; i < devs.n; i++) {
		if (devs.items[i].vf_total <= 0 ||
		    !xlpt_vf_place_read(h, devs.items[i].bdf, &place))
			continue;
		place.total = devs.items[i].vf_total;
		XLPT_GROW(places->items, places->n, places->alloc);
		places->items[places->n++] = place;
	}
}

/* The first PF that has a VF there once it has enough of them, and which one that is. */
static bool find_pf(const struct xlpt_vf_places *places, struct xlpt_bdf bdf, struct xlpt_bdf *pf,
		    unsigned *index)
{
	for (size_t i = 0; i < places->n; i++)
		if (xlpt_vf_place_index(&places->items[i], bdf, index) &&
		    *index < (unsigned)places->items[i].total) {
			*pf = places->items[i].pf;
			return true;
		}
	return false;
}

bool xlpt_vf_absent(struct xlpt_host *h, struct xlpt_vf_places *places, struct xlpt_bdf bdf,
		    char **fact, char **way)
{
	_cleanup_free_ char *ifname = NULL, *driver = NULL;
	long long count = 0;
	struct xlpt_bdf pf;
	const char *name;
	unsigned index;

	*fact = *way = NULL;
	if (!places->read)
		read_places(h, places);
	if (!find_pf(places, bdf, &pf, &index) ||
	    xlpt_host_has(h, DEVICES "/%s", XLPT_BDF_STR(bdf)))
		return false;
	name = XLPT_BDF_STR(pf);
	/* Not all of the PF: it may have links to thousands of VFs. */
	if (xlpt_host_read_long(h, &count, DEVICES "/%s/sriov_numvfs", name) < 0)
		count = 0;
	ifname = xlpt_net_of(h, pf);
	xlpt_host_link_name(h, &driver, DEVICES "/%s/driver", name);
	*fact = xlpt_xasprintf("it is virtual function %u of %s%s%s%s, which has %lld now", index,
			       name, ifname ? " (" : "", ifname ? ifname : "", ifname ? ")" : "",
			       count);
	if (xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		*way = xlpt_xasprintf("xlpt unhide %s; xlpt vf create %s %u", name, name,
				      index + 1);
	else if (count)
		*way = xlpt_xasprintf("xlpt vf create %s %u, when nobody has one of the %lld that "
				      "are there",
				      name, index + 1, count);
	else
		*way = xlpt_xasprintf("xlpt vf create %s %u", name, index + 1);
	return true;
}

void xlpt_vf_absent_hint(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	_cleanup_vf_places_ struct xlpt_vf_places places = { 0 };
	_cleanup_free_ char *fact = NULL, *way = NULL;

	if (!xlpt_vf_absent(h, &places, bdf, &fact, &way))
		return;
	xlpt_diag_fact(diag, "%s", fact);
	xlpt_diag_hint(diag, "%s", way);
}
