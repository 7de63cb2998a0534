/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * toolstack-file.c reads and writes the text, toolstack-captured.c answers from it.
 */
#ifndef XLPT_TOOLSTACK_FILE_INTERNAL_H
#define XLPT_TOOLSTACK_FILE_INTERNAL_H

#include "xl-plugin/backend/captured.h"

/* pos: the how manieth line of its kind; what is looked up is sorted, equal ones as they came. */
struct xlpt_captured_config {
	uint32_t domid;
	size_t pos;
	char *spec;
};

struct xlpt_captured_asked {
	struct xlpt_bdf bdf;
	size_t pos;
	bool assigned;
};

struct xlpt_captured_group {
	uint32_t domid;
	struct xlpt_bdf bdf, member;
	size_t pos;
};

struct xlpt_captured_domid {
	uint32_t domid;
	size_t guest;
};

struct xlpt_captured {
	struct xlpt_toolstack_ops ops;
	struct xlpt_captured_group *groups;
	size_t n_groups, alloc_groups;
	struct xlpt_xen_caps caps;
	struct xlpt_guest *guests;
	size_t n_guests, alloc_guests;
	struct xlpt_captured_domid *domids; /* of the guests, sorted */
	struct xlpt_captured_config *configs;
	size_t n_configs, alloc_configs;
	struct xlpt_captured_asked *asked;
	size_t n_asked, alloc_asked;
	char *cmdline, *messages;
};

/* Sorts what is looked up, once all is read. */
void xlpt_captured_sort(struct xlpt_captured *c);

extern const struct xlpt_toolstack_ops xlpt_captured_ops; /* priv is a struct xlpt_captured */

#endif
