/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The groups of facts that "xlpt show" is made of; private to cmd-show.c and
 * show-*.c. Each adds one object to root: text and JSON are made from the same.
 */
#ifndef XLPT_SHOW_H
#define XLPT_SHOW_H

#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/inventory.h"

struct xlpt_show {
	struct xlpt_env *env;
	struct json_object *root;
	const struct xlpt_inventory *inv;
	size_t i; /* the device in inv, read with everything */
	const struct xlpt_device *d;
	const struct xlpt_owner *owner;
};

struct json_object *xlpt_show_group(struct xlpt_show *s, const char *name);

void xlpt_show_identity(struct xlpt_show *s);
void xlpt_show_state(struct xlpt_show *s, const struct xlpt_place *place);
void xlpt_show_topology(struct xlpt_show *s);
void xlpt_show_capabilities(struct xlpt_show *s);
void xlpt_show_memory(struct xlpt_show *s); /* BARs, ROM, reserved regions */
void xlpt_show_interrupt(struct xlpt_show *s);
void xlpt_show_isolation(struct xlpt_show *s);
void xlpt_show_host(struct xlpt_show *s); /* what dom0 would lose with it */

/* The same record for people: a heading for each group, a line for each fact that says something. */
void xlpt_show_print(struct xlpt_env *env, struct json_object *root);

#endif
