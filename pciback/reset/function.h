/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One function while it is reset: what its configuration space was, and the register
 * that will show whether it happened. Of this room alone.
 */
#ifndef XLPT_PCIBACK_RESET_FUNCTION_H
#define XLPT_PCIBACK_RESET_FUNCTION_H

#include "pciback/reset/reset.h"

#define XLPT_CONFIG_SIZE 4096

struct xlpt_reset_witness {
	unsigned at; /* 0 = there is none */
	unsigned size;
	uint32_t before, set;
	bool certain; /* a reset must change it */
	const char *name;
	const char *why_not;
};

struct xlpt_reset_fn {
	struct xlpt_host *h;
	struct xlpt_bdf bdf;
	bool by_xlpt; /* not the kernel does it */
	/* Fills the error of a reset that the kernel refused; r: its negative errno. */
	int (*refused)(const struct xlpt_reset_fn *f, int r, struct xlpt_diag *diag);
	char path[64];
	uint8_t before[XLPT_CONFIG_SIZE], after[XLPT_CONFIG_SIZE];
	size_t len; /* of before */
	struct xlpt_reset_witness w;
};

uint32_t xlpt_reset_get(const uint8_t *cfg, unsigned at, unsigned size);
/* 0 or a negative errno. */
int xlpt_reset_put(struct xlpt_reset_fn *f, unsigned at, unsigned size, uint32_t v);

/* Reads before. IO: there is no header to be had. */
int xlpt_reset_open(struct xlpt_reset_fn *f, struct xlpt_host *h, struct xlpt_bdf bdf,
		    struct xlpt_diag *diag);
/* Sets the register that a reset clears, where there is one. */
void xlpt_reset_mark(struct xlpt_reset_fn *f);
/* Reads after, and says what came of it; r: what the kernel said. */
int xlpt_reset_judge(struct xlpt_reset_fn *f, int r, struct xlpt_reset_result *out,
		     struct xlpt_diag *diag);
/* LEFT when it cannot be put back. */
int xlpt_reset_unmark(struct xlpt_reset_fn *f, struct xlpt_diag *diag);

#endif
