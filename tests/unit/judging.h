/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of core/policy: facts that every rule is content with, what changes them, what a refusal says; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_JUDGING_H
#define XLPT_TESTS_UNIT_JUDGING_H

#include <string.h>

#include "core/policy.h"

#define BDF "0000:03:00.1"

/* All that a rule can look at. Each case starts from facts that every rule is content with. */
struct world {
	struct xlpt_guest guest;
	struct xlpt_device device;
	struct xlpt_place place;
	struct xlpt_attach_facts f;
};

static inline void good_world(struct world *w)
{
	*w = (struct world){
		.guest = { .domid = 3,
			   .name = (char *)"web1",
			   .type = XLPT_GUEST_PV,
			   .passthrough = XLPT_ON,
			   .e820_host = XLPT_ON },
		.device = { .bdf = { .bus = 3, .func = 1 },
			    .header = XLPT_HEADER_ENDPOINT,
			    .driver = (char *)"pciback" },
		.place = { .on_pciback = true, .hyp_known = true, .noted_domid = -1 },
		.f = { .iommu = true,
		       .guest_devices = 2,
		       .be_state = 4,
		       .fe_state = 4,
		       .be_consistent = true },
	};
	w->f.guest = &w->guest;
	w->f.device = &w->device;
	w->f.place = &w->place;
}

struct refusal {
	void (*change)(struct world *w);
	int code;
	const char *message, *fact, *hint;
};

/* What an operator needs is there and speaks of the right things. */
static inline void assert_refused(const struct refusal *want, int rc, struct xlpt_diag *diag)
{
	assert_int_equal(rc, want->code);
	assert_int_equal(diag->code, want->code);
	assert_true(diag->message && diag->fact && diag->hint);
	if (!strstr(diag->message, want->message))
		assert_string_equal(diag->message, want->message);
	if (!strstr(diag->fact, want->fact))
		assert_string_equal(diag->fact, want->fact);
	if (!strstr(diag->hint, want->hint))
		assert_string_equal(diag->hint, want->hint);
	assert_null(strchr(diag->message, '\n'));
	assert_int_not_equal(diag->message[strlen(diag->message) - 1], '.');
}

static inline void bridge(struct world *w)
{
	w->device.header = XLPT_HEADER_BRIDGE;
}

static inline void owned(struct world *w)
{
	w->place.has_owner = true;
	w->place.owner_domid = 7;
	w->place.owner_name = (char *)"db1";
}

static inline void owned_by_itself(struct world *w)
{
	owned(w);
	w->place.owner_domid = 3;
	w->place.owner_name = (char *)"web1";
}

static inline void assigned(struct world *w)
{
	w->place.hyp_assigned = true;
}

static inline void assigned_and_noted(struct world *w)
{
	assigned(w);
	w->place.noted_domid = 12;
}

static inline void needed(struct world *w)
{
	w->place.needed = "it holds /dev/sda2, mounted on /";
}

static inline void not_hidden(struct world *w)
{
	w->place.on_pciback = false;
	w->device.driver = (char *)"igb";
}

#endif
