/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that know single kinds of contradictions (kind-*.c) share with the table. */
#ifndef XLPT_REPAIR_KINDS_H
#define XLPT_REPAIR_KINDS_H

#include "xl-plugin/repair/contradictions.h"
#include "xl-plugin/repair/facts.h"

struct xlpt_contradiction_kind {
	const char *name;
	const char *cause; /* how it comes about, for people */
	bool momentary;	   /* something under way looks the same */
	/* It concerns files alone, and is found and mended without Xen. */
	bool without_xen;
	/* Adds all of its kind. Reads nothing but the facts. */
	void (*find)(const struct xlpt_facts *f, const struct xlpt_contradiction_kind *kind,
		     struct xlpt_contradictions *out);
	/*
	 * Takes the locks, looks again, mends, and says what it did. What is not there any more is
	 * success without a word. NULL: nothing of this kind is mended by repair.
	 */
	int (*fix)(struct xlpt_env *env, const struct xlpt_contradiction *c,
		   struct xlpt_diag *diag);
};

/* Ends with NULL. In this order they are found and mended. */
extern const struct xlpt_contradiction_kind *const xlpt_contradiction_kinds[];

/* Adds an empty one of that kind, to be filled. */
struct xlpt_contradiction *xlpt_contradiction_add(struct xlpt_contradictions *out,
						  const struct xlpt_contradiction_kind *kind);
void xlpt_contradiction_bdf(struct xlpt_contradiction *c, struct xlpt_bdf bdf);
/* name may be NULL. */
void xlpt_contradiction_guest(struct xlpt_contradiction *c, uint32_t domid, const char *name);

/* kind-files.c */
extern const struct xlpt_contradiction_kind xlpt_kind_file_journal, xlpt_kind_files,
	xlpt_kind_journal;
/* kind-guest.c: what a guest's backend says of its devices */
extern const struct xlpt_contradiction_kind xlpt_kind_left_by_gone, xlpt_kind_shut_down,
	xlpt_kind_absent_device, xlpt_kind_wedged, xlpt_kind_half_out, xlpt_kind_not_connected;
/* kind-books.c: a backend that contradicts itself */
extern const struct xlpt_contradiction_kind xlpt_kind_num_devs, xlpt_kind_no_dev, xlpt_kind_bad_dev,
	xlpt_kind_empty_backend;
/* This device is what a dev-N that is no address stood for: mending that mends it, too. */
bool xlpt_is_bad_dev(const struct xlpt_facts *f, struct xlpt_bdf bdf);
/* kind-owner.c: libxl's note, the hypervisor, and no backend */
extern const struct xlpt_contradiction_kind xlpt_kind_xen_only, xlpt_kind_owner_mark;
/* kind-dom0.c */
extern const struct xlpt_contradiction_kind xlpt_kind_quarantine, xlpt_kind_override;
/* kind-kept.c: what libxl and libvirt have stored */
extern const struct xlpt_contradiction_kind xlpt_kind_configured, xlpt_kind_libvirt,
	xlpt_kind_libvirt_list;
/* kind-pool.c */
extern const struct xlpt_contradiction_kind xlpt_kind_lease, xlpt_kind_identity;

#endif
