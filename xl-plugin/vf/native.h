/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What makes a PF's VFs last where another program of the host sets their number: files of
 * xlpt's own in that program's folders of drop-ins, or a line to be run by hand. And what
 * keeps the programs that configure networks away from the VFs. A file of the administrator's
 * is never changed.
 */
#ifndef XLPT_VF_NATIVE_H
#define XLPT_VF_NATIVE_H

#include "xl-plugin/vf/vf.h"

struct json_object;

/* ---- other programs, in words (setters.c) ---- */

char *xlpt_vf_setter_place(const struct xlpt_setter *s); /* "FILE, line N"; caller frees */
const char *xlpt_vf_setter_moment(const struct xlpt_setter *s);
/* What a person does to make it set that number. Caller frees. */
char *xlpt_vf_setter_by_hand(const struct xlpt_setter *s, int count);
/* XLPT_ERR_RULE for --persist while another program sets another number. */
int xlpt_vf_setters_judge(const struct xlpt_vf_op *op, struct xlpt_diag *diag);
void xlpt_vf_setters_warn(const struct xlpt_vf_op *op);
void xlpt_vf_setters_warn_quarrel(struct xlpt_env *env, const struct xlpt_setters *setters);
struct json_object *xlpt_vf_setters_json(const struct xlpt_setters *setters);

/* ---- the files (native.c) ---- */

struct xlpt_vf_file {
	char *path, *was, *want; /* NULL = not there */
	mode_t mode;
	bool dropin; /* its folder goes with it */
};

struct xlpt_vf_native {
	struct xlpt_vf_file *files;
	size_t n, alloc;
	char **by_hand;	 /* what a person has to do before; may be NULL */
	char **commands; /* what makes the files take effect; may be NULL */
};

void xlpt_vf_native_dispose(struct xlpt_vf_native *native);
#define _cleanup_native_ XLPT_CLEANUP(xlpt_vf_native_dispose)

/* A file of xlpt's own beside it makes it set another number. */
bool xlpt_vf_setter_has_dropins(const struct xlpt_setter *s);
/*
 * What is to be written so that the PF keeps the number that it has now; without VFs, what is
 * to be taken away. XLPT_ERR_CONFLICT when a file of that name is somebody else's.
 */
int xlpt_vf_native_make(struct xlpt_env *env, const struct xlpt_pf *pf,
			const struct xlpt_setters *setters, struct xlpt_vf_native *out,
			struct xlpt_diag *diag);

/* A file of vf persist keeps NetworkManager, or networkd, off the VFs of that PF. */
bool xlpt_vf_native_keeps_off(struct xlpt_env *env, const struct xlpt_pf *pf, bool networkd);

/* ---- vf persist (keep.c) ---- */

int xlpt_vf_op_keep(struct xlpt_env *env, const char *name, bool apply, struct xlpt_diag *diag);

#endif
