/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What things.c, things-block.c, things-net.c and things-bus.c share; private to them. */
#ifndef XLPT_PCIBACK_THINGS_INTERNAL_H
#define XLPT_PCIBACK_THINGS_INTERNAL_H

#include "pciback/needs/internal.h"
#include "pciback/needs/things.h"

struct xlpt_finder {
	struct xlpt_host *h;
	enum xlpt_thing_kind kind;
	const char *word;	   /* NULL: all that there is */
	const struct xlpt_bdf *on; /* only what hangs on this one, or NULL */
	struct xlpt_things *out;
};

/* One of each kind's; it adds what f->word names, or everything. */
void xlpt_find_mounts(struct xlpt_finder *f);
void xlpt_find_swap(struct xlpt_finder *f);
void xlpt_find_disks(struct xlpt_finder *f);
void xlpt_find_net(struct xlpt_finder *f);
void xlpt_find_mac(struct xlpt_finder *f);
void xlpt_find_input(struct xlpt_finder *f);
void xlpt_find_usb(struct xlpt_finder *f);
void xlpt_find_display(struct xlpt_finder *f);
void xlpt_find_sound(struct xlpt_finder *f);
void xlpt_find_tty(struct xlpt_finder *f);
void xlpt_find_slot(struct xlpt_finder *f);

/* Adds an entry, unless it is there; takes over what. */
void xlpt_find_add(struct xlpt_finder *f, struct xlpt_bdf bdf, const char *name, char *what);
/* The thing is there, with nothing behind it; takes over what. Only a word is told so. */
void xlpt_find_hollow(struct xlpt_finder *f, char *what);
/* What a link below dir hangs on: added, or hollow; takes over what. */
void xlpt_find_link(struct xlpt_finder *f, const char *dir, const char *name, char *what);
/* f->word is no word, or is this one. */
bool xlpt_find_wants(const struct xlpt_finder *f, const char *name);
/* f->word without "/dev/"; NULL when it is a path that cannot be one of dir's names. */
const char *xlpt_find_dev_word(const struct xlpt_finder *f);

#endif
