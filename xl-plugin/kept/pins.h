/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins of this host: one file for each below /var/lib/xlpt/pins, and the functions of this host to
 * compare them with (core/pin.h).
 */
#ifndef XLPT_PINS_H
#define XLPT_PINS_H

#include "core/pin.h"
#include "xl-plugin/cli/env.h"

#define XLPT_PIN_DIR "/var/lib/xlpt/pins"

/*
 * SYNTAX for what cannot be the name of a pin: a name must be usable as pin:NAME in a spec and
 * must not be a word of xlpt pin.
 */
int xlpt_pin_name_check(const char *name, struct xlpt_diag *diag);

/* The names, sorted; an empty vector when there are none. Caller frees with xlpt_strv_free. IO. */
int xlpt_pins_list(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);
/* Reads a pin. NOT_FOUND when there is none of that name, DATA when its file is damaged, IO. */
int xlpt_pin_load(struct xlpt_env *env, const char *name, struct xlpt_pin *out,
		  struct xlpt_diag *diag);
/* Writes a pin's file, or replaces it. IO. */
int xlpt_pin_store(struct xlpt_env *env, const char *name, const struct xlpt_pin *pin,
		   struct xlpt_diag *diag);
/* Removes a pin's file. IO, also when there is none. */
int xlpt_pin_remove(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);

/*
 * The name of the pin whose function had this network interface when it was pinned (a hidden
 * function has no interface in dom0). NULL when no pin says so, or several do. Caller frees.
 */
char *xlpt_pin_by_net(struct xlpt_env *env, const char *ifname);

/*
 * Every function of this host, described as a pin describes it: for those who look for several pins.
 * All zero is one that is not read yet.
 */
struct xlpt_pin_set {
	struct xlpt_pin *items;
	size_t n;
	struct xlpt_devices all;
	bool *asked; /* for a serial number in its VPD */
	bool is_read;
};
void xlpt_pin_set_dispose(struct xlpt_pin_set *set);
#define _cleanup_pin_set_ XLPT_CLEANUP(xlpt_pin_set_dispose)
/* Once; a second call does nothing. */
int xlpt_pin_set_read(struct xlpt_env *env, struct xlpt_pin_set *set, struct xlpt_diag *diag);
/*
 * VPD is slow to read: it is read only for functions with this vendor and device that have no
 * other serial number.
 */
void xlpt_pin_set_serials(struct xlpt_env *env, struct xlpt_pin_set *set, uint16_t vendor,
			  uint16_t device);

/* Finds where the device of a pin is. set is read when it is not. name is for messages. NO_DEVICE, RULE. */
int xlpt_pin_set_find(struct xlpt_env *env, struct xlpt_pin_set *set, const char *name,
		      const struct xlpt_pin *pin, struct xlpt_pin_match *out,
		      struct xlpt_diag *diag);
/* The same with a set of its own: of one pin, or while devices may come and go. */
int xlpt_pin_locate(struct xlpt_env *env, const char *name, const struct xlpt_pin *pin,
		    struct xlpt_pin_match *out, struct xlpt_diag *diag);

#endif
