/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pieces of the xl reader; private to converters/xl/read*.c, the home of libxlutil. */
#ifndef XLPT_CONVERTERS_XL_READ_INTERNAL_H
#define XLPT_CONVERTERS_XL_READ_INTERNAL_H

#include <libxlutil.h>

#include "converters/xl/scan.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"

/* What became of a setting. One that the model cannot say stays refused, whoever asks for its key again. */
enum xlpt_xl_use { XLPT_XL_UNREAD = 0, XLPT_XL_READ, XLPT_XL_REFUSED };

struct xlpt_xl_reader {
	const struct xlpt_xl_scan *scan;
	XLU_Config *cfg;
	struct xlpt_dom *dom;
	struct xlpt_losses *losses;
	struct xlpt_diag *diag;
	bool own; /* devices as xlpt start takes them: with pools, pins and identities */
	enum xlpt_xl_use *use; /* per setting of the scan */
	FILE *report;	       /* libxlutil's own words, */
	char *words;	       /* here after a flush */
	size_t n_words;
};

/* One item of a list: its value and where it stands. */
struct xlpt_xl_value {
	char *text;	 /* NULL for a list in a list */
	size_t off, len; /* the raw text */
};

struct xlpt_xl_values {
	struct xlpt_xl_value *v;
	size_t n;
};

void xlpt_xl_values_dispose(struct xlpt_xl_values *values);
#define _cleanup_xl_values_ XLPT_CLEANUP(xlpt_xl_values_dispose)

/* Opens libxlutil on r->scan's text; close also after an error. */
int xlpt_xl_open(struct xlpt_xl_reader *r);
void xlpt_xl_close(struct xlpt_xl_reader *r);

/* The first setting of a key that counts: a later = drops the ones before. */
size_t xlpt_xl_base(const struct xlpt_xl_scan *scan, const char *key);
/* The last setting of a key, which is thereby understood; NULL = not there. */
const struct xlpt_xl_setting *xlpt_xl_find(struct xlpt_xl_reader *r, const char *key);
/* Not understood after all: it is carried, also if its key is asked for once more. */
void xlpt_xl_unuse(struct xlpt_xl_reader *r, const char *key);
/*
 * A string or number; NULL when the key is not there, or is a list, which is not understood then. Lives
 * as long as the reader.
 */
const char *xlpt_xl_string(struct xlpt_xl_reader *r, const char *key);
/*
 * The items of a list, += joined; for keys of which xl takes it so, a single string is a list of one.
 * False: the key is not there, or is no list.
 */
bool xlpt_xl_list(struct xlpt_xl_reader *r, const char *key, struct xlpt_xl_values *out);
unsigned xlpt_xl_line(const struct xlpt_xl_reader *r, size_t off);
void xlpt_xl_at(const struct xlpt_xl_reader *r, size_t off, struct xlpt_at *at);
/* libxlutil refused: its words become the error, at off. Returns the code. */
int xlpt_xl_refused(struct xlpt_xl_reader *r, size_t off, const char *what);
void xlpt_xl_forget_words(struct xlpt_xl_reader *r);

/* "a=1, b=2" one pair at a time, blanks around removed; false at the end. NULL value: no '='. */
bool xlpt_xl_pair(char **s, char **key, char **value);
bool xlpt_xl_bool(const char *s, enum xlpt_tri *out); /* as strtol reads it: not 0 is on */
bool xlpt_xl_num(const char *s, uint64_t max, struct xlpt_num *out);
/* An option of an element that the model has no word for. */
void xlpt_xl_option(struct xlpt_at *at, const char *key, const char *value);

int xlpt_xl_read_disks(struct xlpt_xl_reader *r); /* read-disk.c */
int xlpt_xl_read_nets(struct xlpt_xl_reader *r);  /* read-net.c */
int xlpt_xl_read_pci(struct xlpt_xl_reader *r);	  /* read-pci.c */
int xlpt_xl_read_gfx(struct xlpt_xl_reader *r);	  /* read-gfx.c */
int xlpt_xl_read_chars(struct xlpt_xl_reader *r); /* read-char.c */
int xlpt_xl_read_usb(struct xlpt_xl_reader *r);	  /* read-usb.c */
int xlpt_xl_read_cpu(struct xlpt_xl_reader *r);	  /* read-cpu.c */

#endif
