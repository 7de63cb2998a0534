/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt pin: making and removing a pin (pin.c), and what is printed of it (pin-print.c). What a pin is: core/pin.h.
 */
#ifndef XLPT_XL_PIN_H
#define XLPT_XL_PIN_H

#include "xl-plugin/kept/pins.h"

/* A pin, and which function of this host it is now. */
struct xlpt_pin_view {
	const char *name;
	const struct xlpt_pin *pin;
	bool found;
	struct xlpt_pin_match match; /* when it was found */
	struct xlpt_diag no;	     /* why it was not */
	char *alike;		     /* what only the place tells from it, or NULL */
};

void xlpt_pin_view_dispose(struct xlpt_pin_view *v);
#define _cleanup_pin_view_ XLPT_CLEANUP(xlpt_pin_view_dispose)
/* Looks for v->pin, which has v->name. */
void xlpt_pin_look(struct xlpt_env *env, struct xlpt_pin_set *set, struct xlpt_pin_view *v);

/* Pins the function, or says what would be done, and tells it. device: as the user named it. */
int xlpt_pin_make(struct xlpt_env *env, const char *name, const char *device, struct xlpt_bdf bdf,
		  bool replace, struct xlpt_diag *diag);
int xlpt_pin_drop(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);

/* One pin with all that it knows. */
int xlpt_pin_print_one(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);
/* These pins as a table. The list is whole also when one of them cannot be read, which is the error. */
int xlpt_pin_print_list(struct xlpt_env *env, char **names, struct xlpt_diag *diag);
/* What was done, or would be. */
void xlpt_pin_tell_made(struct xlpt_env *env, const struct xlpt_pin_view *v, struct xlpt_bdf bdf);
void xlpt_pin_tell_dropped(struct xlpt_env *env, const char *name);

#endif
