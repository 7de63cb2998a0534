/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fake host with a card of seven VFs, for pools:
 *
 *	0000:01:00.0	igb, PF of 01:10.0 01:10.2 ... 01:11.4, none with a driver
 */
#ifndef XLPT_TESTS_FAKE_POOLS_H
#define XLPT_TESTS_FAKE_POOLS_H

#include "tests/fake/world.h"

#define POOLS_BOOT "11111111-2222-4333-8444-555555555555" /* its boot id */
#define POOLS_UUID "66666666-7777-4888-8999-aaaaaaaaaaaa" /* what its kernel makes for a guest */

struct world *pools_world(void);
/* A second card, 0000:0a:00.0 on node 1, with VFs 0a:10.0 and 0a:10.2; the first is on node 0. */
void pools_second_pf(struct world *w);
/* A VF bound to igbvf, with an interface that is up or down. */
void pools_dom0_uses(struct world *w, const char *bdf, const char *net, bool up);
/* Sets its interface up or down; binding its driver anew leaves it up. */
void pools_iface(struct world *w, const char *bdf, const char *net, bool up);
/* A pool of n devices, 0000:01:SLOT.0 and on. */
void pools_list_pool(struct world *w, const char *name, unsigned slot, unsigned n);
/* A file with that text, removed when the program ends; the path stays valid. */
const char *pools_config(const char *text);
/* world_snapshot and the leases. Caller frees. */
char *pools_snapshot(struct world *w);

#endif
