/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Converts what another project keeps as its tests, and looks whether the results mean what is
 * expected there. A check is one way of looking at one file:
 *
 *   to-libvirt   a configuration's XML against the XML beside it
 *   to-xl        an XML's configuration against the configuration beside it
 *   to-libxl     an XML's configuration against what libxl is to get, as JSON
 *   silent       what a conversion lost without a word
 *   way-back     what a conversion and the way back changed
 *   refused      what is not converted
 *   crash        how the process that converted it ended
 *
 * Each finding is one line, and either in the list of those that are known, with a reason, or a
 * failure.
 */
#ifndef XLPT_TESTS_CORPUS_H
#define XLPT_TESTS_CORPUS_H

#include "converters/convert.h"

/* Where the findings of one file go: a pipe to the process that knows the list. */
struct corpus_out {
	FILE *to;
	const char *check, *name;
};

/* One finding; what it says has no line break. */
void corpus_found(const struct corpus_out *out, const char *fmt, ...) XLPT_PRINTF(2, 3);
/* One more of what the figures count. */
void corpus_count(const struct corpus_out *out, const char *figure);

/* The whole file; false when it cannot be read. */
bool corpus_read(const char *path, struct xlpt_str *text);

/* Everything in which two texts do not mean the same: a finding each. False: one is not readable.
 */
bool corpus_compare(const struct corpus_out *out, const char *ours, const char *theirs);

/* Converts a file there and back. */
void corpus_trip(struct corpus_out *out, const struct xlpt_str *text, enum xlpt_tri for_xen);

/* Converts one side of a pair, and compares with the other. */
void corpus_pair(struct corpus_out *out, const char *from, const char *expected,
		 enum xlpt_format to);

/* libxl's JSON of a domain as a configuration of xl. What it says and this does not know: a
 * finding. */
void corpus_libxl(const struct corpus_out *out, const char *json, struct xlpt_str *cfg);

/* ---- the list: CHECK NAME TEXT REASON in columns, * stands for anything ---- */

struct corpus_known;

struct corpus_known *corpus_known_read(const char *path);
/* True when the finding is in the list; a line that is used is not stale. */
bool corpus_known_has(struct corpus_known *known, const char *check, const char *name,
		      const char *text);
/* Prints the lines that nothing used, of files and the release that are there; returns how many. */
size_t corpus_known_stale(const struct corpus_known *known, const char *dir, const char *version);
/* Prints how many findings each reason is for. */
void corpus_known_figures(const struct corpus_known *known);
void corpus_known_free(struct corpus_known *known);

#endif
