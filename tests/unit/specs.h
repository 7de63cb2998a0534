/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of specs; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_SPECS_H
#define XLPT_TESTS_UNIT_SPECS_H

#include <string.h>

#include "core/spec.h"

#define NAME64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static inline bool same_vf(const struct xlpt_vf_identity *a, const struct xlpt_vf_identity *b)
{
	return a->has_mac == b->has_mac && !memcmp(a->mac, b->mac, 6) &&
	       a->has_vlan == b->has_vlan && a->vlan.id == b->vlan.id &&
	       a->vlan.qos == b->vlan.qos && a->vlan.proto == b->vlan.proto &&
	       a->trust == b->trust && a->spoofchk == b->spoofchk && a->link == b->link &&
	       a->has_min_rate == b->has_min_rate && a->min_rate == b->min_rate &&
	       a->has_max_rate == b->has_max_rate && a->max_rate == b->max_rate &&
	       a->port == b->port && !strcmp(a->profileid, b->profileid) &&
	       a->has_instanceid == b->has_instanceid && a->has_hostid == b->has_hostid &&
	       !memcmp(a->instanceid, b->instanceid, 16) && !memcmp(a->hostid, b->hostid, 16) &&
	       a->has_managerid == b->has_managerid && a->managerid == b->managerid &&
	       a->has_typeid == b->has_typeid && a->typeid == b->typeid &&
	       a->has_typeidversion == b->has_typeidversion && a->typeidversion == b->typeidversion;
}

static inline void assert_same(const struct xlpt_spec *a, const struct xlpt_spec *b,
			       const char *text)
{
	if (a->has_bdf != b->has_bdf || !xlpt_bdf_eq(a->bdf, b->bdf) ||
	    a->all_funcs != b->all_funcs || !xlpt_streq(a->name, b->name) || a->vslot != b->vslot ||
	    !xlpt_streq(a->pool, b->pool) || !xlpt_streq(a->pin, b->pin) ||
	    !same_vf(&a->vf, &b->vf) || a->permissive != b->permissive ||
	    a->msitranslate != b->msitranslate || a->seize != b->seize ||
	    a->power_mgmt != b->power_mgmt || a->rdm_policy != b->rdm_policy)
		fail_msg("\"%s\" has another meaning than expected", text);
}

#endif
