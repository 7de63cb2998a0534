/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One conversion, once its text is there: what that text does not say is kept in it for the way back,
 * and goes into the report.
 */
#ifndef XLPT_CONVERTERS_KEEP_H
#define XLPT_CONVERTERS_KEEP_H

#include "converters/convert.h"

struct xlpt_keeper {
	const struct xlpt_dom *dom;  /* what was meant */
	const struct xlpt_dom *back; /* what the target's text says */
	enum xlpt_format to;
	struct xlpt_kepts *kept;
	struct xlpt_losses *losses;
};

/* What the model has no word for; ctx is the keeper. */
void xlpt_keep_carry(void *ctx, const char *at, const struct xlpt_carry *c);

/*
 * a is what was meant, b what the target's text says. Whether two values mean the same is judged on
 * normalised copies; what is kept are the values themselves.
 */
void xlpt_keep_differences(struct xlpt_keeper *k, const struct xlpt_dom *a,
			   const struct xlpt_dom *b);

/*
 * A configuration may be silent on what libvirt has to say (acpi), and the other way round
 * (timer_mode). Both mean the same guest, but xl list -l shows what was said: all of it comes back.
 * Not for what came from libvirt before, which has nothing of its own to say.
 */
void xlpt_keep_said(struct xlpt_keeper *k, const struct xlpt_dom *a, const struct xlpt_dom *b);

#endif
