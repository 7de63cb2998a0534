/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pins of this host: one file each below /var/lib/xlpt/pins, and the functions
 * that there are to compare them with.
 */
#ifndef XLPT_PINS_H
#define XLPT_PINS_H

#include "core/pin.h"
#include "xl-plugin/cli/env.h"

#define XLPT_PIN_DIR "/var/lib/xlpt/pins"

/* What may be a pin's name: as in pin:NAME of a spec, and no word of the command itself. */
int xlpt_pin_name_check(const char *name, struct xlpt_diag *diag);

/* Names, sorted; an empty vector when there are none. Caller frees with xlpt_strv_free. */
int xlpt_pins_list(struct xlpt_env *env, char ***names, struct xlpt_diag *diag);
/* XLPT_ERR_NOT_FOUND without such a pin. */
int xlpt_pin_load(struct xlpt_env *env, const char *name, struct xlpt_pin *out,
		  struct xlpt_diag *diag);
int xlpt_pin_store(struct xlpt_env *env, const char *name, const struct xlpt_pin *pin,
		   struct xlpt_diag *diag);
int xlpt_pin_remove(struct xlpt_env *env, const char *name, struct xlpt_diag *diag);

/*
 * The pin of a function that had this network interface when it was pinned: one that is hidden has
 * none in dom0. Caller frees; NULL: no pin says so, or several do.
 */
char *xlpt_pin_by_net(struct xlpt_env *env, const char *ifname);

/* Every function as a pin would describe it. */
struct xlpt_pin_set {
	struct xlpt_pin *items;
	size_t n;
};
void xlpt_pin_set_dispose(struct xlpt_pin_set *set);
#define _cleanup_pin_set_ XLPT_CLEANUP(xlpt_pin_set_dispose)
/* VPD is read only of functions with this id that have no serial number otherwise. */
int xlpt_pin_set_read(struct xlpt_env *env, uint16_t vendor, uint16_t device,
		      struct xlpt_pin_set *out, struct xlpt_diag *diag);

/* Where a loaded pin's device is now. */
int xlpt_pin_locate(struct xlpt_env *env, const char *name, const struct xlpt_pin *pin,
		    struct xlpt_pin_match *out, struct xlpt_diag *diag);

#endif
