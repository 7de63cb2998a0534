/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl create of a configuration whose pci list has entries that xl cannot read: pools, pins and
 * identities of VFs. xlpt resolves them (xlpt start --for-xl), and the real xl gets the result as a
 * file in memory. Every other xl create is none of the guard's business.
 */
#ifndef XLPT_GUARD_CREATE_H
#define XLPT_GUARD_CREATE_H

#include <stdbool.h>
#include <stddef.h>

struct xlpt_create {
	const char *file; /* "/dev/null": the words alone */
	int end;	  /* where in argv xl's options end: another one may be put in there */
	int words;	  /* from here on those of argv with a '=' are lines behind the file's */
	bool stays;	  /* -F: xl itself watches the guest, for as long as that lives */
	bool leaves;	  /* -e: nobody does */
	bool dry;	  /* -n, or -N before the word: nothing is created */
};

/*
 * True when xl creates a guest by this command line (xl_vmcontrol.c, main_create, Xen 4.2 to 4.21).
 * False also for what xl answers with help or an error, and for an option that is not known: xl says
 * so itself. argv is only read; out points into it.
 */
bool xlpt_create_read(int argc, char *const *argv, struct xlpt_create *out);

/*
 * wants.c: an entry of a pci list in text is one that xl cannot read. What stands in comments and in
 * other strings does not count. True where it cannot be told; false where xl cannot read it at all.
 */
bool xlpt_create_wants(const char *text, size_t len);

/* What runs the guard's question and xl; all of it is main.c's. */
struct xlpt_create_how {
	const char *xlpt, *xl; /* their paths */
	int (*become)(const char *path, char **argv);
};

/* -1: nothing was done, xl is to be run as it was called. Else the exit status, xl's where it ran. */
int xlpt_create_run(const struct xlpt_create *c, int argc, char **argv,
		    const struct xlpt_create_how *how);

#endif
