/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One conversion, verified: what was written is read back and compared with
 * what was read. Every difference is a loss; it is kept in the output for the
 * way back, and reported.
 */
#ifndef XLPT_CONVERTERS_CONVERT_H
#define XLPT_CONVERTERS_CONVERT_H

#include "converters/model/loss.h"
#include "converters/model/model.h"

enum xlpt_format { XLPT_FORMAT_NONE = 0, XLPT_FORMAT_XL, XLPT_FORMAT_LIBVIRT };

struct xlpt_convert {
	enum xlpt_format to; /* NONE = the other one than the input's */
	/* A guest of KVM is made to start under Xen; UNSET = when its type is kvm or qemu. */
	enum xlpt_tri for_xen;
	bool devices_only;		  /* PCI devices alone, without the domain around them */
	const struct xlpt_netpool *pools; /* networks that are pools of VFs */
	size_t n_pools;
};

const char *xlpt_format_word(enum xlpt_format f);     /* "xl" "libvirt" */
enum xlpt_format xlpt_format_parse(const char *word); /* NONE = unknown */
/* What the input looks like. */
enum xlpt_format xlpt_format_detect(const char *text, size_t len);

int xlpt_convert_write(enum xlpt_format f, const struct xlpt_dom *dom,
		       const struct xlpt_kepts *kept, unsigned flags, struct xlpt_str *out,
		       struct xlpt_losses *losses, struct xlpt_diag *diag);

/* Appends to out; how->to NONE is resolved in *to (may be NULL). On error out is as it was. */
int xlpt_convert(const char *text, size_t len, const char *file, const struct xlpt_convert *how,
		 struct xlpt_str *out, enum xlpt_format *to, struct xlpt_losses *losses,
		 struct xlpt_diag *diag);

/*
 * What a text says to xl or to libvirt, for comparing: normalised, without comments, and without
 * what an earlier conversion kept in it, which means nothing to either. dom is initialised here.
 */
int xlpt_convert_said(const char *text, size_t len, const char *file, bool devices_only,
		      struct xlpt_dom *dom, struct xlpt_diag *diag);

/* Adds it to the report; of a list the elements that are missing in b, by their names. */
void xlpt_loss_tell(struct xlpt_losses *losses, enum xlpt_format to, const struct xlpt_delta *delta,
		    const struct xlpt_dom *a, const struct xlpt_dom *b);
/* The same of what is not in the model. */
enum xlpt_severity xlpt_carry_reason(enum xlpt_format to, const char *at,
				     const struct xlpt_carry *c, const char **reason);
/* For a part of libvirt's XML, of the element "at" or of the domain (converters/reason-libvirt.c). */
enum xlpt_severity xlpt_lv_carry_reason(const char *at, const struct xlpt_carry *c,
					const char **reason);
/* For a key of xl, or for an option of the element "at" (converters/reason-xl.c). */
enum xlpt_severity xlpt_xl_carry_reason(const char *at, const struct xlpt_carry *c,
					const char **reason);

/* Tells each device that is listed twice, which the target refuses (converters/twice.c). */
void xlpt_tell_twice(const struct xlpt_dom *dom, enum xlpt_format to, struct xlpt_losses *losses);

/* A key that xl does not read of a guest of this type, and why. */
bool xlpt_xl_is_idle(const struct xlpt_dom *dom, const struct xlpt_carry *c, const char **reason);

enum xlpt_holds {
	XLPT_HOLDS_GUEST,
	XLPT_HOLDS_NOTHING,
	XLPT_HOLDS_OTHER,   /* it sets nothing of a guest */
	XLPT_HOLDS_FOREIGN, /* the same, in a grammar that is not xl's */
};

/* What is in a text: of a configuration, whether it sets anything, and anything of a guest. */
enum xlpt_holds xlpt_convert_holds(const char *text, size_t len);

#endif
