/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Known defects of Xen around passthrough, and whether this host is one that they touch. A version
 * alone says nothing: distributions take single fixes over and keep the number. So a row speaks only
 * when this host's hardware or guests are of the kind that it is about, and never says "vulnerable".
 *
 * docs/DEFECTS.md is this table, printed (xlpt doctor --defects); a test compares them.
 */
#ifndef XLPT_DEFECTS_H
#define XLPT_DEFECTS_H

#include "xl-plugin/check/doctor.h"

/* Whose version counts: Xen's, that of libxl, which comes with it, or dom0's kernel's. */
enum xlpt_defect_part { XLPT_DEFECT_XEN, XLPT_DEFECT_LIBXL, XLPT_DEFECT_KERNEL };

/* The first point release of a branch ("4.17") that has the fix. */
struct xlpt_fix {
	int minor, point;
};
#define XLPT_FIXES_MAX 9

struct xlpt_defect {
	const char *id;	 /* "XSA-476", or the commit's subject in brief for what is no XSA */
	const char *cve; /* or NULL */
	enum xlpt_defect_part part;
	const char *what;    /* can happen, in one clause */
	const char *touches; /* which hosts, for the printed table */
	const char *commit,
		*subject; /* of the commit (its number, or NULL) that mends it, or says it: the source */
	/*
	 * Ascending, ends with minor 0. A branch above the last one has it from its beginning; one
	 * that is left out has no release with it. never: there is no fix.
	 */
	struct xlpt_fix fixed[XLPT_FIXES_MAX];
	bool never;
	int linux_major, linux_minor; /* XLPT_DEFECT_KERNEL: the first Linux with the fix */
	const char *mend;	      /* what helps beside the fix, or NULL */
	/* What of this host is touched, added to out; nothing added: it is not. */
	void (*joins)(const struct xlpt_doctor *d, struct xlpt_str *out);
};

/* Xen 4.13, the first branch that the table was made from: an older Xen is not judged by it. */
#define XLPT_DEFECTS_OLDEST 13

extern const struct xlpt_defect xlpt_defects[];
extern const size_t xlpt_n_defects;

enum xlpt_fix_state {
	XLPT_FIX_THERE,	  /* this release has it */
	XLPT_FIX_LATER,	  /* a later one of the branch has */
	XLPT_FIX_NONE,	  /* no release of the branch has */
	XLPT_FIX_UNKNOWN, /* the version is not known, or older than the table */
};
/* point: of the release that has it, of XLPT_FIX_LATER. */
enum xlpt_fix_state xlpt_defect_fix(const struct xlpt_defect *defect, struct xlpt_xen_version v,
				    int *point);
/* The same of XLPT_DEFECT_KERNEL; release as the kernel says it: "6.1.0-50-amd64". */
enum xlpt_fix_state xlpt_defect_linux(const struct xlpt_defect *defect, const char *release);

/* The table in Markdown. Caller frees. */
char *xlpt_defects_document(void);

/* ---- defects-joins.c ---- */

void xlpt_joins_given(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_intel(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_amd(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_amd_scratch(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_amd_memory(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_reserved(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_reserved_intel(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_phantom(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_no_hvm(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_multi_msi(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_shared(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_bridge(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_high_bar(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_stubdom(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_no_line(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_sriov(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_pvh_dom0(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_pv(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_pv_device(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_pv_msi(const struct xlpt_doctor *d, struct xlpt_str *out);
void xlpt_joins_ats(const struct xlpt_doctor *d, struct xlpt_str *out);

#endif
