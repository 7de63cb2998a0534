/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signals that ask xlpt to end. A command that writes catches SIGINT, SIGTERM and
 * SIGHUP from its beginning: it stops before its next step and takes back what it
 * did. One signal is enough: it counts until the command has ended. While something is
 * taken back it is not seen, because the undo must be able to wait.
 */
#ifndef XLPT_CORE_STOP_H
#define XLPT_CORE_STOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/diag.h"

/* The signal that asks to stop, or 0. Changed by core/stop.c alone. */
extern volatile sig_atomic_t xlpt_interrupted;

/*
 * From here on the signals are caught, and SIGPIPE is an error of a write: who reads
 * the output may go away, the operation goes on. One that the caller ignores (nohup)
 * stays ignored.
 */
void xlpt_stop_catch(void);

/*
 * Before each step: 0, or why it is not to be begun. XLPT_ERR_STOPPED and the signal's name; or
 * XLPT_ERR_IO, when this process ran out of descriptors and so cannot know what there is.
 */
int xlpt_check_interrupted(struct xlpt_diag *diag);

/* Between true and false xlpt_interrupted is 0 whatever comes. Nests. */
void xlpt_stop_shield(bool on);

/*
 * ppoll(2) until a descriptor is ready, the time is over (ms < 0: never), or a signal that asks to
 * stop: also one that came a moment before ends it. Returns what poll does, 0 when it was a signal.
 */
struct pollfd;
int xlpt_stop_poll(struct pollfd *fds, unsigned n, int64_t ms);

/* The signal that came, also under a shield; 0 = none. */
int xlpt_stop_came(void);
const char *xlpt_stop_name(int sig);

/* A command begins: nothing has come, nothing is shielded. */
void xlpt_stop_reset(void);

#endif
