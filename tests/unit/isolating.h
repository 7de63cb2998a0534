/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests of isolation sets on synthetic trees; include cmocka.h before. A line of a tree is
 *
 *	ADDRESS PARENT|- KIND [mf] [acs=on|off|none] [id=VVVV:DDDD] [sub=VVVV:DDDD] [class=CCCC]
 *	[vf=PF] [alias=ADDRESS] [bus=NN[-MM]] [group=N] [ctrl=ACS] [noheader] [path=SYSFS] [carrier=ADDRESS] [nolink]
 */
#ifndef XLPT_TESTS_UNIT_ISOLATING_H
#define XLPT_TESTS_UNIT_ISOLATING_H

#include <string.h>

#include "pciback/isolate/isolate.h"
#include "tests/unit/commands.h"

static inline void kind(struct xlpt_device *d, const char *word)
{
	static const struct {
		const char *word;
		int type; /* -1: conventional PCI */
		enum xlpt_header header;
	} kinds[] = {
		{ "root", XLPT_PCIE_ROOT_PORT, XLPT_HEADER_BRIDGE },
		{ "up", XLPT_PCIE_UPSTREAM, XLPT_HEADER_BRIDGE },
		{ "down", XLPT_PCIE_DOWNSTREAM, XLPT_HEADER_BRIDGE },
		{ "topci", XLPT_PCIE_TO_PCI, XLPT_HEADER_BRIDGE },
		{ "bridge", -1, XLPT_HEADER_BRIDGE },
		{ "end", XLPT_PCIE_ENDPOINT, XLPT_HEADER_ENDPOINT },
		{ "rcend", XLPT_PCIE_RC_ENDPOINT, XLPT_HEADER_ENDPOINT },
		{ "pci", -1, XLPT_HEADER_ENDPOINT },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(kinds); i++)
		if (!strcmp(word, kinds[i].word)) {
			d->header = kinds[i].header;
			d->class_code = d->header == XLPT_HEADER_BRIDGE ? 0x060400 : 0x020000;
			d->caps.config_read = true;
			d->caps.pcie = kinds[i].type >= 0;
			d->caps.pcie_type = (uint8_t)kinds[i].type;
			return;
		}
	if (!strcmp(word, "silent")) {
		d->header = XLPT_HEADER_ENDPOINT;
		d->no_answer = true;
		return;
	}
	if (strcmp(word, "blind-bridge") != 0)
		fail_msg("kind %s", word);
	d->header = XLPT_HEADER_BRIDGE;
}

static inline void word(struct xlpt_device *d, const char *w)
{
	unsigned v = 0x1234, id = 0x5678, last = 0;

	if (!strcmp(w, "mf"))
		d->multifunction = true;
	else if (!strcmp(w, "acs=on") || !strcmp(w, "acs=off"))
		d->caps.acs = true, d->caps.acs_cap = 0x5f,
		d->caps.acs_ctrl = w[5] == 'n' ? 0x1d : 0x01;
	else if (sscanf(w, "id=%x:%x", &v, &id) == 2)
		d->vendor = (uint16_t)v, d->device = (uint16_t)id;
	else if (sscanf(w, "sub=%x:%x", &v, &id) == 2)
		d->subvendor = (uint16_t)v, d->subdevice = (uint16_t)id;
	else if (sscanf(w, "class=%x", &v) == 1)
		d->class_code = v << 8;
	else if (xlpt_starts(w, "vf="))
		d->is_vf = true, d->pf = B(w + 3);
	else if (xlpt_starts(w, "alias="))
		d->has_alias = true, d->alias = B(w + 6);
	else if (sscanf(w, "bus=%x-%x", &v, &last) >= 1)
		d->secondary_bus = (uint8_t)v, d->subordinate_bus = (uint8_t)last;
	else if (sscanf(w, "ctrl=%x", &v) == 1)
		d->caps.acs_ctrl = (uint16_t)v;
	else if (!strcmp(w, "noheader"))
		d->no_header = true, d->multifunction = false, d->caps = (struct xlpt_caps){ 0 };
	else if (xlpt_starts(w, "path="))
		d->sysfs_path = xlpt_xstrdup(w + 5);
	else if (xlpt_starts(w, "carrier="))
		d->has_carrier = true, d->carrier = B(w + 8);
	else if (xlpt_starts(w, "group="))
		d->iommu_group = xlpt_xstrdup(w + 6);
	else if (!strcmp(w, "nolink"))
		d->place_known = d->has_parent = false;
	else
		fail_msg("word %s", w);
}

static inline void tree(const char *text, struct xlpt_devices *out)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	char *save = NULL;

	*out = (struct xlpt_devices){ 0 };
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct xlpt_device d = { .vendor = 0x1234, .place_known = true };
		char *at = NULL, *w;

		d.bdf = B(strtok_r(line, " ", &at));
		w = strtok_r(NULL, " ", &at);
		d.has_parent = strcmp(w, "-") != 0;
		if (d.has_parent)
			d.parent = B(w);
		kind(&d, strtok_r(NULL, " ", &at));
		while ((w = strtok_r(NULL, " ", &at)))
			word(&d, w);
		XLPT_GROW(out->items, out->n, out->alloc);
		out->items[out->n++] = d;
	}
}

/* "00:01.0 01:00.0 | 02:00.0": the sets in order. */
static inline char *sets_text(const struct xlpt_devices *devs, const struct xlpt_sets *s)
{
	struct xlpt_str text = { 0 };

	for (size_t k = 0; k < s->n; k++)
		for (size_t m = s->start[k]; m < s->start[k + 1]; m++)
			xlpt_str_addf(&text, "%s%s",
				      m != s->start[k] ? " "
				      : k	       ? " | "
						       : "",
				      XLPT_BDF_STR(devs->items[s->member[m]].bdf) + 5);
	return xlpt_str_take(&text);
}

static inline void check(const char *text, const char *want)
{
	_cleanup_devices_ struct xlpt_devices devs;
	_cleanup_sets_ struct xlpt_sets s;
	_cleanup_free_ char *got = NULL;

	tree(text, &devs);
	xlpt_sets_make(&devs, &s);
	got = sets_text(&devs, &s);
	assert_string_equal(got, want);
}

static inline void reason(const char *text, const char *bdf, const char *want)
{
	_cleanup_devices_ struct xlpt_devices devs;
	_cleanup_sets_ struct xlpt_sets s;
	_cleanup_free_ char *got = NULL;
	const struct xlpt_device *d;

	tree(text, &devs);
	xlpt_sets_make(&devs, &s);
	d = xlpt_devices_find(&devs, B(bdf));
	assert_non_null(d);
	got = xlpt_sets_reason(&s, &devs, (size_t)(d - devs.items));
	if (!want)
		assert_null(got);
	else
		assert_string_equal(got ? got : "(alone)", want);
}

#endif
