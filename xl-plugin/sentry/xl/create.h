/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xl create of a configuration whose pci list has entries that xl cannot read: pools, pins and
 * identities of VFs. xlpt resolves them (xlpt start --for-xl), and the real xl gets the result as
 * a file in memory. Every other xl create does not concern the guard.
 */
#ifndef XLPT_GUARD_CREATE_H
#define XLPT_GUARD_CREATE_H

#include <stdbool.h>
#include <stddef.h>

struct xlpt_create {
	const char *file; /* path of the configuration; "/dev/null" = only the words */
	int end;    /* index in argv where xl's options end: another option can be inserted there */
	int words;  /* from this index on, words of argv with a '=' are lines behind the file's */
	bool stays; /* -F: xl itself watches the guest for as long as the guest lives */
	bool leaves; /* -e: nobody watches the guest */
	bool dry;    /* -n, or -N before the command: nothing is created */
};

/*
 * True when this command line makes xl create a guest (xl_vmcontrol.c, main_create, Xen 4.2 to
 * 4.21). False also when xl would answer with help or an error, or when an option is not known:
 * then xl is left to say so. argv is only read; out points into it.
 */
bool xlpt_create_read(int argc, char *const *argv, struct xlpt_create *out);

/*
 * True when an entry of a pci list in text is one that xl cannot read, and also when that cannot
 * be told (wants.c). Comments and other strings do not count. False when xl cannot read the text
 * at all.
 */
bool xlpt_create_wants(const char *text, size_t len);

/* How the guard's program runs others; all of it comes from main.c. */
struct xlpt_create_how {
	const char *xlpt, *xl; /* their paths */
	/* becomes the program at path; returns only on an error, with an exit status */
	int (*become)(const char *path, char **argv);
};

/*
 * -1: nothing was done, and xl is to be run as it was called. Else an exit status: xl's when xl
 * ran.
 */
int xlpt_create_run(const struct xlpt_create *c, int argc, char **argv,
		    const struct xlpt_create_how *how);

#endif
