/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the readers of setters share (setter*.c). */
#ifndef XLPT_PCIBACK_SRIOV_SETTER_INTERNAL_H
#define XLPT_PCIBACK_SRIOV_SETTER_INTERNAL_H

#include "pciback/sriov/setter.h"

/* What the PF is called in those files. Each may be NULL. */
struct xlpt_pf_names {
	struct xlpt_host *h;
	const char *ifname, *driver;
	char bdf[XLPT_BDF_LEN];
	char *mac;	 /* now */
	char *burnt_mac; /* of the card itself, as udev noted it; else as mac */
	char *path;	 /* udev's ID_PATH: "pci-0000:01:00.0" */
	char *link_file; /* the .link file that udev took for it, or NULL */
};

/* ---- texts ---- */

#define XLPT_SETTER_TEXT  (1u << 18) /* bytes of a file */
#define XLPT_SETTER_FILES 1000	     /* of a kind */
#define XLPT_SETTERS	  200	     /* in all */

/* The text of a file, or NULL. Caller frees. */
char *xlpt_setter_text(struct xlpt_host *h, const char *path);

/*
 * Files NAME of several directories whose names end with suffix, in order of names; one of a
 * directory that stands earlier replaces one of the same name further on. Caller frees.
 */
char **xlpt_setter_files(struct xlpt_host *h, const char *const *dirs, size_t n,
			 const char *suffix);

/* Text of sections and keys, line by line; it is changed on the way. */
struct xlpt_ini {
	char *next;
	unsigned line;
	char *section; /* "" before the first */
	char *key;     /* NULL: a section has begun */
	char *value;
};
bool xlpt_ini_next(struct xlpt_ini *ini);

/* Shell patterns (* ? [...]), in time that grows with the product of both lengths. */
bool xlpt_setter_glob(const char *pattern, const char *s);
/* The next word of a list, ended by one of the separators; NULL at the end. Changes the list. */
char *xlpt_setter_word(char **list, const char *separators);
bool xlpt_setter_same_mac(const char *a, const char *b);
/* A whole number up to 65535, or -1. */
int xlpt_setter_number(const char *s);
/* Takes blanks off both ends, and quotes (' or ") that stand around it. */
char *xlpt_setter_trim(char *s);

/* ---- the readers ---- */

struct xlpt_setter *xlpt_setter_add(struct xlpt_setters *out, enum xlpt_setter_kind kind,
				    const char *program, const char *file, unsigned line,
				    int count);

void xlpt_setter_nm(const struct xlpt_pf_names *pf, struct xlpt_setters *out);
void xlpt_setter_systemd(const struct xlpt_pf_names *pf, struct xlpt_setters *out);
void xlpt_setter_netplan(const struct xlpt_pf_names *pf, struct xlpt_setters *out);
void xlpt_setter_lines(const struct xlpt_pf_names *pf, struct xlpt_setters *out);
void xlpt_setter_rules(const struct xlpt_pf_names *pf, struct xlpt_setters *out);
/* The number that a line gives to sriov_numvfs, or -1. */
int xlpt_setter_line_count(const char *line);

#endif
