/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What makes the VFs of a PF last when another program of this host sets their number: files of
 * xlpt's own in that program's folders of drop-ins, or a line for a person to run. And what keeps
 * the programs that configure networks away from the VFs. A file of the administrator's is never
 * changed.
 */
#ifndef XLPT_VF_NATIVE_H
#define XLPT_VF_NATIVE_H

#include "xl-plugin/vf/vf.h"

struct json_object;

/* ---- other programs, in words (setters.c) ---- */

/* "FILE, line N"; caller frees. */
char *xlpt_vf_setter_place(const struct xlpt_setter *s);
/* When the program sets the number: "at boot" and the like. Not owned. */
const char *xlpt_vf_setter_moment(const struct xlpt_setter *s);
/* What a person has to do so that the program sets count. Caller frees. */
char *xlpt_vf_setter_by_hand(const struct xlpt_setter *s, int count);
/* RULE for --persist while another program sets another number. */
int xlpt_vf_setters_judge(const struct xlpt_vf_op *op, struct xlpt_diag *diag);
/* Warns of every other program that sets the PF's number or works with its VFs. */
void xlpt_vf_setters_warn(const struct xlpt_vf_op *op);
/* Warns when two configurations set different numbers. */
void xlpt_vf_setters_warn_quarrel(struct xlpt_env *env, const struct xlpt_setters *setters);
struct json_object *xlpt_vf_setters_json(const struct xlpt_setters *setters);

/* ---- the files (native.c) ---- */

struct xlpt_vf_file {
	char *path, *was, *want; /* text before and after; NULL = not there */
	mode_t mode;
	bool dropin; /* its folder is removed with it */
};

struct xlpt_vf_native {
	struct xlpt_vf_file *files;
	size_t n, alloc;
	char **by_hand;	 /* lines for a person to run first; NULL-terminated, or NULL */
	char **commands; /* lines that make the files take effect; NULL-terminated, or NULL */
};

void xlpt_vf_native_dispose(struct xlpt_vf_native *native);
#define _cleanup_native_ XLPT_CLEANUP(xlpt_vf_native_dispose)

/* A file of xlpt's own beside this program's files can make it set another number. */
bool xlpt_vf_setter_has_dropins(const struct xlpt_setter *s);
/*
 * What has to be written so that the PF keeps the number of VFs that it has now; when it has none,
 * what has to be removed. CONFLICT when a file of that name is not xlpt's, IO.
 */
int xlpt_vf_native_make(struct xlpt_env *env, const struct xlpt_pf *pf,
			const struct xlpt_setters *setters, struct xlpt_vf_native *out,
			struct xlpt_diag *diag);

/*
 * A file of vf persist keeps NetworkManager (networkd: systemd-networkd) away from the VFs of that
 * PF.
 */
bool xlpt_vf_native_keeps_off(struct xlpt_env *env, const struct xlpt_pf *pf, bool networkd);

/* ---- vf persist (keep.c) ---- */

/*
 * vf persist: prints the files, or with apply writes them, all or none. name: the PF. RULE when a
 * file of somebody else's has to be changed first; LEFT.
 */
int xlpt_vf_op_keep(struct xlpt_env *env, const char *name, bool apply, struct xlpt_diag *diag);

#endif
