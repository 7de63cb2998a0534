/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvirt, asked through virsh. It is a program of its own and not libvirt's library in ours: a
 * daemon that hangs is left alone when its time is over, its threads and the dozen libraries
 * behind it stay out of a program that holds locks on devices, and nothing is linked that most
 * hosts do not have. Nothing is read out of virsh's messages, which are in the operator's language.
 */
#ifndef XLPT_BACKEND_VIRSH_H
#define XLPT_BACKEND_VIRSH_H

#include "core/diag.h"
#include "core/util.h"

struct xlpt_toolstack;

struct xlpt_virsh {
	int status;	/* exit status; 127 = there is no virsh */
	bool timed_out; /* it was ended when its time was over */
	struct xlpt_str out, err;
};

void xlpt_virsh_dispose(struct xlpt_virsh *v);
#define _cleanup_virsh_ XLPT_CLEANUP(xlpt_virsh_dispose)

/*
 * virsh WORDS... (at most six, with NULL behind) for libvirt's Xen driver; input, or NULL, is its
 * standard input. 0 when it ran, whatever came of it.
 */
int xlpt_virsh_run(struct xlpt_toolstack *ts, const char *const *words, const char *input,
		   int64_t timeout_ms, struct xlpt_virsh *out, struct xlpt_diag *diag);

#endif
