/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts that contradict themselves: bytes say how. On the fake host of tests/fake/pools.h the guests
 * web1 and win1 and some devices are broken in the ways that killed tools, crashed guests and people
 * with xenstore-write leave behind, one after the other, in any order and number. What is not theirs
 * is sound and stays so: the guest db1 with 0000:03:00.0, and the devices of dom0.
 */
#ifndef XLPT_TESTS_FAKE_BROKEN_H
#define XLPT_TESTS_FAKE_BROKEN_H

#include "tests/fake/pools.h"

#define BROKEN_STEP 3  /* bytes for one thing that is broken */
#define BROKEN_MAX  10 /* things; what is beyond is left out */

/* pools_world() with db1's device; end with world_free. */
struct world *broken_world(void);
/* An attach of 05:00.0 to web1 that was cut short before its step. */
void broken_journal(struct world *w);
/* libxl's note of 05:00.0 names a domain that is none. */
void broken_mark(struct world *w);
void broken_break(struct world *w, const uint8_t *bytes, size_t n);
/* What was sound before, as text: equal text, nothing of it has changed. Caller frees. */
char *broken_sound(struct world *w);

/*
 * Repairs it, and ends the program with a message when repair does what it must not: another exit
 * status than 0 or 5; 0 and something is left that needs no decision, or 5 for another reason than a guest
 * that does not let go; sound things changed; more than ten minutes of the host's time. Returns the exit status.
 */
int broken_repair(struct world *w, const char *sound);

#endif
