/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The list that xen-pciback's parameter "hide" takes, read exactly as the
 * kernel reads it (drivers/xen/xen-pciback/pci_stub.c, pcistub_init, with
 * lib/vsprintf.c underneath). One group the kernel cannot read ends the
 * driver's start: then nothing at all is hidden.
 *
 * What the kernel accepts is wider than what is sensible: blanks before a
 * number, "0x", any number of digits. Before Linux 3.7 it also cut numbers to
 * size without a word, and ignored everything after a group whose ')' is
 * missing. xlpt_hide_parse() says what the kernel does; xlpt_hide_lint() also
 * refuses what the kernel takes for something else than is written.
 */
#ifndef XLPT_PCIBACK_BOOT_HIDE_H
#define XLPT_PCIBACK_BOOT_HIDE_H

#include "core/bdf.h"

enum xlpt_hide_grammar {
	XLPT_HIDE_PLAIN,     /* classic kernels and Linux 3.1 to 3.6 */
	XLPT_HIDE_WILDCARDS, /* Linux 3.7 and later: "BB:DD.*" and "BB:*.*" */
};

/* A charp parameter takes 1024 characters (kernel/params.c, param_set_charp). */
#define XLPT_HIDE_MAX 1024

struct xlpt_hide_group {
	uint32_t seg; /* above 0xffff (before 3.7) it matches nothing */
	uint8_t bus;
	int8_t dev, func; /* -1 = all of them */
	bool changed;	  /* the kernel takes another address than is written */
	unsigned column;  /* 1-based, of its first character */
};

struct xlpt_hide_list {
	struct xlpt_hide_group *items;
	size_t n, alloc;
	unsigned ignored; /* 1-based column from which the kernel reads no more; 0 = none */
};

void xlpt_hide_dispose(struct xlpt_hide_list *list);
#define _cleanup_hide_ XLPT_CLEANUP(xlpt_hide_dispose)

/*
 * 0 when a kernel with this grammar starts pciback with the text, and what it
 * then looks for. Otherwise XLPT_ERR_SYNTAX, naming the group and the column;
 * *out is then empty.
 */
int xlpt_hide_parse(enum xlpt_hide_grammar grammar, const char *text, struct xlpt_hide_list *out,
		    struct xlpt_diag *diag);
/* The same, and nothing in it means something else than it says. */
int xlpt_hide_lint(enum xlpt_hide_grammar grammar, const char *text, struct xlpt_hide_list *out,
		   struct xlpt_diag *diag);

/*
 * The groups of a list that can be read, each by itself, even if the kernel refuses the whole;
 * when there is none, those that were probably meant.
 */
void xlpt_hide_readable(enum xlpt_hide_grammar grammar, const char *text,
			struct xlpt_hide_list *out);
/*
 * A malformed list as it was probably meant: other separators, a doubled or a wrong
 * colon, brackets that are missing. NULL when that is a guess too far. Caller frees.
 */
char *xlpt_hide_meant(enum xlpt_hide_grammar grammar, const char *text);

/*
 * What an operator may write: an address in any spelling, one with '*', or a
 * whole list in parentheses. Appends to *out what is not in it yet.
 */
int xlpt_hide_arg(enum xlpt_hide_grammar grammar, const char *text, struct xlpt_hide_list *out,
		  struct xlpt_diag *diag);

/* Appends a group unless an equal one is there. Returns true when it was new. */
bool xlpt_hide_add(struct xlpt_hide_list *list, const struct xlpt_hide_group *group);
bool xlpt_hide_drop(struct xlpt_hide_list *list, const struct xlpt_hide_group *group);
bool xlpt_hide_has(const struct xlpt_hide_list *list, const struct xlpt_hide_group *group);
/* Whether this text has just the groups of the list, however they are spelled. */
bool xlpt_hide_is(const struct xlpt_hide_list *list, enum xlpt_hide_grammar grammar,
		  const char *text);

/* "(0000:09:00.0)(0000:0a:04.*)"; caller frees. */
char *xlpt_hide_format(const struct xlpt_hide_list *list);
/* "0000:0a:04.*" */
#define XLPT_HIDE_LEN 24
char *xlpt_hide_group_format(const struct xlpt_hide_group *group, char buf[XLPT_HIDE_LEN]);
#define XLPT_HIDE_STR(group) (xlpt_hide_group_format((group), (char[XLPT_HIDE_LEN]){ 0 }))

/* Whether the group names this very function; bridges above it are the caller's matter. */
bool xlpt_hide_matches(const struct xlpt_hide_group *group, struct xlpt_bdf bdf);

#endif
